"""Fonts inside an SVG: of each face the glyphs in use, so that the text stays text and looks the same everywhere."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from io import BytesIO

from evidence.report.figures.fonts import properties

RESTRICTED = 0x0002
"""Bit of a font's fsType: its maker allows no embedding."""


SHAPED = "\u0590"
"""From this character on (Hebrew, Arabic and so on) letters may change by their neighbours."""


def embed(svg: bytes, used: Iterable[tuple[str, tuple[str, ...], bool]]) -> bytes:
    """The SVG with the faces of these texts (text, families, bold); a face that may not be embedded is left out."""
    needed: dict[tuple[str, bool], set[str]] = defaultdict(set)
    for text, families, bold in used:
        for c in text:
            # characters of a face that lacks them are drawn by the next; the browser goes the same way
            for family in families:
                if c in _glyphs(family, bold):
                    needed[family, bold].add(c)
                    break
    rules = [rule for (family, bold), chars in sorted(needed.items()) if (rule := _rule(family, bold, chars))]
    style = "\n".join(rules)
    return svg.replace(b"</style>", f"\n{style}\n  </style>".encode(), 1) if rules else svg


@cache
def _glyphs(family: str, bold: bool) -> frozenset[str]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(map(chr, get_font(findfont(properties((family,), 10.0, bold))).get_charmap()))


def _rule(family: str, bold: bool, chars: set[str]) -> str:
    from fontTools.subset import Options, Subsetter, load_font, save_font
    from matplotlib.font_manager import findfont

    path = str(findfont(properties((family,), 10.0, bold)))
    if not path.lower().endswith((".ttf", ".otf")):
        return ""
    options = Options(hinting=False, recalc_timestamp=False, notdef_outline=True)
    options.drop_tables += ["FFTM"]
    if max(chars) < SHAPED:  # finding what scripts need that join letters takes half a second
        options.layout_features = ["kern"]
    font = load_font(path, options)
    if "OS/2" in font and font["OS/2"].fsType & RESTRICTED:
        return ""
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(chars)))
    subsetter.subset(font)
    out = BytesIO()
    save_font(font, out, options)
    kind = "otf" if path.lower().endswith(".otf") else "ttf"
    name = family.replace("'", "")
    data = b64encode(out.getvalue()).decode()
    return (
        f"@font-face{{font-family:'{name}';font-weight:{700 if bold else 400};"
        f"src:url(data:font/{kind};base64,{data})}}"
    )
