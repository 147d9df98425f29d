"""The bytes of a text file: what they are if not UTF-8, and characters in them that nobody sees.

Looking at a whole file is cheap as long as it is done in bytes: only what is
suspected is looked for in the cells.
"""

from __future__ import annotations

BOM = b"\xef\xbb\xbf"

FOREIGN = {
    b"PK\x03\x04": "a spreadsheet (XLSX) or another archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (XLS)",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"%PDF": "a PDF",
    b"{\\rtf": "a text document (RTF)",
}
"""How files start that are called .csv and are not."""

HIDDEN = frozenset(
    map(
        chr,
        [
            *range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0),  # controls
            0xAD, 0x200B, 0xFEFF, 0x061C, 0x180E, *range(0x2060, 0x2070),  # soft hyphen, zero-width space, byte-order mark
            0x200E, 0x200F, *range(0x2028, 0x202F),  # separators, directions
            *range(0xFFF9, 0xFFFE), *range(0xE0000, 0xE0080),  # replacement character, tags
        ],
    )
)  # fmt: skip
"""Characters no text needs and nobody sees. Not among them: no-break spaces and joiners, which typography and some scripts use."""

_HARMLESS = bytes([9, 10, 13, *range(32, 127)])
_STARTS = {b"", b",", b";", b"\t", b'"', b"\n", b"\r"}
_TWICE = "[\u00c2\u00c3][\u00a1-\u00bf\u0152-\u02dc\u2013-\u2122]|\u00e2\u20ac[\u0080-\u2122]"
"""UTF-8 that was read as Windows-1252 and saved again: Ã© for é, â€™ for ’."""


# ---- of a whole file -----------------------------------------------------------------------------


def foreign(raw: bytes) -> str:
    """What a file is that is no text in UTF-8 or another encoding of single bytes; "" for a text."""
    for start, kind in FOREIGN.items():
        if raw.startswith(start):
            return kind
    return "UTF-16 text or no text at all" if 0 in raw and raw.count(0) > len(raw) // 4 else ""


def is_utf8(raw: bytes) -> bool:
    """Whether all of it can be decoded."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def may_hide(raw: bytes) -> bool:
    """Whether there may be hidden characters, or text that was decoded wrongly before."""
    odd = raw.translate(None, _HARMLESS).decode("utf-8", "replace")
    return not HIDDEN.isdisjoint(odd) or any(sign in odd for sign in ("Â", "Ã", "â€"))


def starts_a_cell(sign: bytes, raw: bytes) -> bool:
    """Whether the sign is ever the first of a cell. A literal is found fast, a pattern before it is not."""
    at = raw.find(sign)
    while at >= 0:
        if raw[at - 1 : at] in _STARTS:
            return True
        at = raw.find(sign, at + 1)
    return False


def mixes_line_ends(raw: bytes) -> bool:
    """Whether lines end in more than one way, within cells included."""
    if b"\r" not in raw:
        return False
    both = raw.count(b"\r\n")
    return (both > 0) + (raw.count(b"\r") > both) + (raw.count(b"\n") > both) > 1


# ---- of a JSON text ------------------------------------------------------------------------------


def visible_json(text: str) -> str:
    """JSON with letters outside ASCII as they are, but nothing in it that commands a terminal or hides from the reader."""
    if text.replace("\n", "").isprintable():
        return text
    import json

    hidden = {ord(c): json.dumps(c)[1:-1] for c in set(text) if not c.isprintable() and c != "\n"}
    return text.translate(hidden | {0x7F: "\\u007f"})  # JSON itself leaves DEL as it is


# ---- of a cell -----------------------------------------------------------------------------------


def escaped(character: str) -> int | None:
    """The byte for which "surrogateescape" put this character; None for any other."""
    code = ord(character) - 0xDC00
    return code if 0x80 <= code < 0x100 else None


def in_1252(byte: int) -> str:
    """The letter or sign a byte is in Windows-1252; "" where it is none a text would have."""
    letter = bytes([byte]).decode("cp1252", "replace")
    return letter if letter.isalnum() or letter in "‘’“”–—…€°±µ×•" else ""


def as_1252(cell: str) -> str:
    """The cell with its escaped bytes read as Windows-1252."""
    return "".join(
        c if (byte := escaped(c)) is None else bytes([byte]).decode("cp1252", "replace") for c in cell
    )


def read_once(cell: str) -> str:
    """The cell with UTF-8 that was taken for Windows-1252 read as what it is."""
    if cell.isascii():
        return cell
    import re  # compiling the pattern is for those files alone that need it

    def once(found: re.Match[str]) -> str:
        try:
            return found[0].encode("cp1252").decode()
        except UnicodeError:
            return found[0]

    return re.sub(_TWICE, once, cell)
