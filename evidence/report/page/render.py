"""The page as HTML and as Markdown. Jinja2 escapes every text; nothing on the page is marked as safe but our own files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.report.characters import KEEP
from evidence.report.markup import URL, escape_markdown, markdown_table
from evidence.report.parts import (
    Code,
    Folded,
    Forest,
    Heading,
    Page,
    Pairs,
    Paragraph,
    Part,
    Points,
    Said,
    Table,
)
from evidence.report.templates import environment, own_file, policy

HOME = "evidence.report.page"


def render_html(page: Page) -> str:
    """One file with everything in it."""
    from markupsafe import Markup

    style, script = own_file(HOME, "style.css"), own_file(HOME, "script.js")
    pages = environment(HOME)
    pages.filters["tied"] = tied
    allowed = policy(style=style, script=script)
    made = pages.get_template("template.html").render(
        page=page, style=Markup(style), script=Markup(script), policy=allowed
    )
    return made + "\n"


def tied(text: str) -> str:
    """The text with "45.8 %" and "p = 0.011" on one line each."""
    return KEEP.sub("\N{NO-BREAK SPACE}", text)


# ---- Markdown ------------------------------------------------------------------------------------


def render_markdown(page: Page) -> str:
    """The same page for a repository or an editor: without the switch, the forest as a table of the first model."""
    blocks = [f"# {_inline(page.title)}", _inline(page.subtitle)]
    if page.words["english"]:
        blocks.append(escape_markdown(page.words["english"]))
    for section in page.sections:
        blocks.append(f"## {escape_markdown(section.title)}")
        blocks += _blocks(section.parts, page)
    blocks.append(f"*{escape_markdown(page.words['made'])}*")
    return "\n\n".join(block for block in blocks if block) + "\n"


def _blocks(parts: Sequence[Part], page: Page) -> Iterator[str]:
    for part in parts:
        match part:
            case Paragraph():
                yield f"**{_inline(part.said)}**" if part.tone == "warning" else _inline(part.said)
            case Heading():
                yield f"### {_inline(part.said)}"
            case Points():
                numbered = part.numbered or part.steps
                marks = (f"{number}." if numbered else "-" for number in range(1, len(part.items) + 1))
                yield "\n".join(
                    f"{mark} {_inline(item)}" for mark, item in zip(marks, part.items, strict=True)
                )
            case Pairs():
                yield "\n".join(
                    f"- **{escape_markdown(term)}**: {_inline(said)}" for term, said in part.pairs
                )
            case Code():
                yield "\n".join(["```sh", *part.lines, "```"])
            case Table():
                yield escape_markdown(part.caption) + ":"
                yield _table(part.head, part.rows, part.numeric)
            case Folded():
                yield f"### {escape_markdown(part.summary)}"
                yield from _blocks(part.parts, page)
            case Forest():
                yield from _forest(part, page)


def _forest(part: Forest, page: Page) -> Iterator[str]:
    """The numbers of each model as a table; no picture, since Markdown has none."""
    for place, view in enumerate(part.views):
        head = [Said(text) for text in (*part.head[:-1], *([page.words["weight"]] if view.weighted else []))]
        lines = [
            [
                Said(line.name.text),
                Said(line.counts),
                Said(line.estimate),
                Said(line.interval),
                *([Said(line.weight)] if view.weighted else []),
            ]
            for line in view.lines
        ]
        yield f"### {escape_markdown(view.label)}"
        yield _table(head, lines, frozenset(range(1, len(head))))
        if place:
            continue
        for beside in view.beside:
            if beside.table:
                yield escape_markdown(beside.table.caption) + ":"
                yield _table(beside.table.head, beside.table.rows, beside.table.numeric)
            yield "\n".join(f"- {_inline(said)}" for said in beside.said)
        yield "\n".join(f"- {_inline(note)}" for note in view.notes)


def _table(head: Sequence[Said], rows: Sequence[Sequence[Said]], numeric: frozenset[int]) -> str:
    return "\n".join(markdown_table(([*map(_inline, line)] for line in (head, *rows)), numeric))


def _inline(said: Said) -> str:
    text = escape_markdown(said.text)
    # An address with a bracket of its own would end the link early.
    return f"[{text}](<{said.href}>)" if said.href and URL.fullmatch(said.href) else text
