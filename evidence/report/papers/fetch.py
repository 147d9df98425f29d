"""What became of references that were looked up: each with its record, and what is left to the user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from evidence.report.characters import cells, clean, pad, shorten, to_ascii, wrap
from evidence.report.machine import csv_text, json_text

if TYPE_CHECKING:
    from evidence.analysis.fetching import Fetched, Planned
    from evidence.papers.notices import PaperNotice
    from evidence.papers.paper import Paper
    from evidence.papers.resolving import Resolution

MOST_LINES = 60
"""Records listed one by one on a terminal; of more, only those with something to say."""

LONGEST_KEY = 24

CSV_COLUMNS = (
    *("key", "state", "pmid", "doi", "first_author", "year", "journal", "title"),
    *("notices", "reason", "candidates", "citation"),
)


def render_text(fetched: Fetched, *, width: int = 80, unicode: bool = True, **_: object) -> str:
    """The result in words and a table; the same whether PubMed was asked now or earlier."""
    lines = [*_heading(fetched, width), ""]
    loud = [notice for hung in fetched.notices.values() for notice in hung if notice.loud]
    for notice in loud:
        lines += wrap(f"! {_notice(fetched, notice)}", width, "  ", "    ")
    if loud:
        lines.append("")
    settled = [one for one in fetched.resolutions if one.settled]
    if len(settled) <= MOST_LINES:
        lines += _table(settled, width)
    elif settled:
        lines.append(f"  {len(settled):,} records are kept; --format csv lists them.")
    left = [one for one in fetched.resolutions if not one.settled]
    if left:
        lines += ["", "  Left to you:", ""] if settled else ["  Left to you:", ""]
        lines += _left(left, width)
    quiet = [notice for hung in fetched.notices.values() for notice in hung if not notice.loud]
    if quiet:
        lines += ["", "  Notices:"]
        for notice in quiet:
            lines += wrap(_notice(fetched, notice), width, "    ", "      ")
    text = "\n".join(lines).rstrip("\n") + "\n"
    return text if unicode else to_ascii(text)


def _heading(fetched: Fetched, width: int) -> list[str]:
    count, kept = len(fetched.resolutions), sum(1 for one in fetched.resolutions if one.paper)
    what = "reference" if fetched.title else "PMID"
    title = f"{clean(fetched.title)}: " if fetched.title else ""
    if not count:
        return wrap(f"{title}no references to look up", width)
    having = f"{kept:,} of {count:,} {what}{'s' if count != 1 else ''} with a PubMed record"
    loud = sum(1 for hung in fetched.notices.values() if any(notice.loud for notice in hung))
    return wrap(title + having + (f"; {loud} with a warning" if loud else ""), width)


def _notice(fetched: Fetched, notice: PaperNotice) -> str:
    """Whose it is, then what it says."""
    keys = [one.key for one in fetched.resolutions if one.pmid == notice.pmid]
    named = ", ".join(key for key in keys if key != notice.pmid)
    kind, colon, rest = clean(str(notice)).partition(":")
    return f"{clean(named) or 'PMID ' + notice.pmid}: {kind.upper() if notice.loud else kind}{colon}{rest}"


def _table(settled: Sequence[Resolution], width: int) -> Iterator[str]:
    keys = [shorten(clean(one.key), LONGEST_KEY) for one in settled]
    first = max(map(cells, keys), default=0)
    same = all(one.key == one.pmid for one in settled)
    for key, one in zip(keys, settled, strict=True):
        start = "  " if same else f"  {pad(key, first)}  "
        start += f"{one.pmid or '-':<9} "
        words = paper_line(one.paper) if one.paper else "not in PubMed"
        yield (start + shorten(words, width - cells(start))).rstrip()


def paper_line(paper: Paper) -> str:
    """`Khan 2023, Cureus. Role of anifrolumab in ...`"""
    who = " ".join(filter(None, (paper.first_author_family, str(paper.year or ""))))
    where = ", ".join(filter(None, (who, paper.journal_abbreviation or paper.journal)))
    return clean(f"{where}. {paper.title}" if where else paper.title)


def _left(left: Sequence[Resolution], width: int) -> Iterator[str]:
    shown = left[:MOST_LINES]
    for one in shown:
        printed = clean(one.wanted.citation.text)
        yield from wrap(f"{clean(one.key)}: {clean(_sentence(one))}", width, "    ", "      ")
        if printed:
            yield "      " + shorten(printed, width - 6)
        for candidate in one.candidates:
            start = f"      {candidate.pmid:<9} "
            yield start + shorten(paper_line(candidate.paper), width - cells(start))
            if one.wanted.citation.text:
                against = "; ".join(candidate.against) or "first author, year and title agree"
                yield from wrap(clean(against), width, " " * 16)
    if len(left) > len(shown):
        yield f"    and {len(left) - len(shown):,} more; --format csv lists them."
    with_one = next((one for one in left if one.candidates and one.wanted.citation.text), None)
    if with_one:
        example = f"evidence fetch --accept {clean(with_one.key)}={with_one.candidates[0].pmid}"
        yield ""
        yield from wrap(f"To take a record: {example}", width, "    ", "      ")
    if any(one.state in ("not found", "no record") and one.wanted.citation.text for one in left):
        yield from wrap(
            "If PubMed does not have it: evidence fetch --accept KEY=none", width, "    ", "      "
        )


def _sentence(one: Resolution) -> str:
    """Why a reference is not settled."""
    if one.state in ("no record", "ambiguous") and one.reason:
        return one.reason
    return f"{one.state}: {one.reason}" if one.reason else one.state


def render_plan(planned: Sequence[Planned], *, width: int = 80, unicode: bool = True) -> str:
    """What would be looked up, and how."""
    asked = sum(1 for one in planned if one.sends)
    lines = [f"{len(planned):,} references; {asked:,} would be asked for:", ""]
    keys = [shorten(clean(one.wanted.key), LONGEST_KEY) for one in planned]
    first = max(map(cells, keys), default=0)
    for key, one in zip(keys, planned, strict=True):
        start = f"  {pad(key, first)}  {one.step:<12} "
        lines.append((start + shorten(clean(one.sends), width - cells(start))).rstrip())
    text = "\n".join(lines) + "\n"
    return text if unicode else to_ascii(text)


# ---- for programs --------------------------------------------------------------------------------


def render_json(fetched: Fetched, **_: object) -> str:
    """One object; the same references give the same text, whenever they were fetched."""
    found: dict[str, Any] = {
        "version": fetched.version,
        "review": fetched.review,
        "settled": fetched.settled,
        "references": [_json(fetched, one) for one in fetched.resolutions],
        "notes": list(fetched.notes),
    }
    return json_text(found)


def _json(fetched: Fetched, one: Resolution) -> dict[str, Any]:
    return {
        "key": one.key,
        "citation": one.wanted.citation.text,
        "state": one.state,
        "reason": one.reason,
        "paper": _paper(one.paper) if one.paper else None,
        "notices": [
            {"kind": notice.kind, "text": notice.text, "pmid": notice.by}
            for notice in fetched.notices.get(one.pmid, ())
        ],
        "candidates": [_paper(found.paper) | {"against": list(found.against)} for found in one.candidates],
    }


def _paper(paper: Paper) -> dict[str, Any]:
    return {
        "pmid": paper.pmid,
        "doi": paper.doi or None,
        "first_author": paper.first_author_family,
        "year": paper.year,
        "journal": paper.journal_abbreviation or paper.journal,
        "title": paper.title,
    }


def render_csv(fetched: Fetched, **_: object) -> str:
    """One row a reference; a spreadsheet runs none of the cells."""
    return csv_text(CSV_COLUMNS, (_line(fetched, one) for one in fetched.resolutions))


def _line(fetched: Fetched, one: Resolution) -> dict[str, Any]:
    return {
        "key": one.key,
        "state": one.state,
        **(_paper(one.paper) if one.paper else {}),
        "pmid": one.pmid,
        "notices": "; ".join(map(str, fetched.notices.get(one.pmid, ()))),
        "reason": one.reason,
        "candidates": " ".join(candidate.pmid for candidate in one.candidates),
        "citation": one.wanted.citation.text,
    }


RENDERERS = {"text": render_text, "json": render_json, "csv": render_csv}
