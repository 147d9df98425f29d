"""A table for a manuscript in Markdown, and in LaTeX: booktabs, columns as wide as their texts ask for, over pages if need be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from evidence.report.characters import cells
from evidence.report.markup import URL, escape_latex, escape_markdown, markdown_table, markdown_text
from evidence.report.parts import Said, Table
from evidence.report.tables.paper import PaperTable, in_print
from evidence.report.tables.texts import TEXTS

# ---- Markdown ------------------------------------------------------------------------------------


def render_markdown(table: PaperTable) -> str:
    """The title, each table under its caption, the notes as a list."""
    blocks = [[f"# {_inline(table.title)}"]]
    for one in table.tables:
        lines = [[*map(_inline, line)] for line in (one.head, *one.rows)]
        blocks += [[f"{escape_markdown(one.caption)}:"], markdown_table(lines, one.numeric)]
    return markdown_text([*blocks, [f"- {_inline(note)}" for note in table.notes]])


def _inline(said: Said) -> str:
    text = escape_markdown(said.text)
    return f"[{text}](<{said.href}>)" if said.href and URL.fullmatch(said.href) else text


# ---- LaTeX ---------------------------------------------------------------------------------------

UPRIGHT, TURNED = 76, 118
"""Letters of small type across a page, upright and turned. What needs more goes on in a further table beneath."""

LEAST, MOST = 5, 30
"""Letters that a column is given at least, and at most of what its longest text would take."""

WORD, UNBROKEN = 15, 24
"""Letters of a word that a column must have room for, the rest is hyphenated; and of one that may be cut anywhere."""

PACKAGES = (
    r"% needs \usepackage{array,booktabs,longtable,pdflscape,ragged2e} and UTF-8 input; "
    "letters beyond Latin need XeLaTeX or LuaLaTeX"
)


def render_latex(table: PaperTable) -> str:
    """A longtable for each table, in small type, then the notes; a table too wide even for a turned page goes on beneath."""
    lines = [PACKAGES, r"\begingroup\footnotesize\setlength{\tabcolsep}{4pt}"]
    for number, one in enumerate(table.tables):
        caption = f"{table.title.text}. {one.caption}" if number == 0 else one.caption
        lines += _latex(one, caption, TEXTS[table.lang]["goes_on"])
    lines += [r"\raggedright"]
    lines += [rf"\noindent {_broken(in_print(note))}\par" for note in table.notes]
    return "\n".join([*lines, r"\endgroup"]) + "\n"


def _latex(table: Table, caption: str, goes_on: str) -> Iterator[str]:
    texts = [[in_print(said) for said in line] for line in (table.head, *table.rows)]
    wanted = [
        _wanted([line[place] for line in texts], whole=place in table.numeric)
        for place in range(len(table.head))
    ]
    blocks = list(_blocks(wanted))
    for number, block in enumerate(blocks):
        turned = sum(wanted[place] for place in block) > UPRIGHT
        yield from [r"\begin{landscape}"] * turned
        yield from _longtable(
            [[line[place] for place in block] for line in texts],
            [wanted[place] for place in block],
            [place in table.numeric for place in block],
            f"{caption} ({goes_on})" if number else caption,
        )
        yield from [r"\end{landscape}"] * turned


def _blocks(wanted: Sequence[float]) -> Iterator[list[int]]:
    """Which columns stand together: as many as a turned page has room for, behind the first."""
    block, used = [0], wanted[0]
    for place in range(1, len(wanted)):
        if len(block) > 1 and used + wanted[place] > TURNED:
            yield block
            block, used = [0], wanted[0]
        block.append(place)
        used += wanted[place]
    yield block


def _longtable(
    texts: Sequence[Sequence[str]], wanted: Sequence[float], numeric: Sequence[bool], caption: str
) -> Iterator[str]:
    yield r"\setlength{\LTcapwidth}{\linewidth}"
    yield r"\begin{longtable}{@{}%"
    for letters, number in zip(wanted, numeric, strict=True):
        # without the space a first word is not hyphenated
        side = r"\RaggedLeft" if number else r"\RaggedRight\hspace{0pt}"
        width = rf"\dimexpr {letters / sum(wanted):.4f}\linewidth-2\tabcolsep\relax"
        yield rf"  >{{{side}\arraybackslash}}p{{{width}}}%"
    yield "@{}}"
    yield rf"\caption{{{_broken(caption)}}}\\"
    head = " & ".join(map(_broken, texts[0])) + r" \\"
    yield from (r"\toprule", head, r"\midrule", r"\endfirsthead")
    yield from (r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot")
    yield from (" & ".join(map(_broken, line)) + r" \\" for line in texts[1:])
    yield r"\end{longtable}"


def _wanted(texts: Sequence[str], *, whole: bool) -> float:
    """The letters a column asks for: its longest word and, up to a limit, its longest text by the root of its length.

    `whole` is for numbers, which stand on one line with their limits.
    """
    words = (part for text in texts for word in text.split() for part in SEPARATED.split(word))
    word = max((min(cells(part), WORD) for part in words), default=0)
    longest = max(map(cells, texts))
    figures = max(map(cells, texts[1:]), default=0)
    if whole and figures <= UNBROKEN:
        return float(max(LEAST, word, figures) + 2)
    return float(max(LEAST, word, min(longest, MOST, 2.4 * longest**0.5)) + 2)


SEPARATED = re.compile(r"(?<=[-/._?=&,;:])")


def _broken(text: str) -> str:
    """Escaped, with places where a long word may go on in the next line."""
    return " ".join(_word(word) for word in text.split(" "))


def _word(word: str) -> str:
    if len(word) <= WORD:
        return escape_latex(word)
    parts = [part for piece in SEPARATED.split(word) for part in _pieces(piece)]
    return r"\allowbreak{}".join(map(escape_latex, parts))


def _pieces(text: str) -> Iterator[str]:
    if len(text) <= UNBROKEN:
        yield text
        return
    for at in range(0, len(text), WORD):
        yield text[at : at + WORD]
