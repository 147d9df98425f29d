"""What an update of the searches found: the searches with their counts, news of the review's reports, the new papers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from evidence.papers.styles import vancouver
from evidence.report.characters import cells, clean, pad, to_ascii, wrap
from evidence.report.machine import csv_text, json_text

if TYPE_CHECKING:
    from evidence.analysis.updating import NewPaper, Planned, SearchRun, Update
    from evidence.papers.paper import Paper

MOST_PAPERS = 20
"""Papers shown with their abstracts; more are read one after another with `evidence screen`."""

LONGEST_TRANSLATION = 600

COLUMNS = ("records", "seen", "duplicates", "known", "new")
CSV_COLUMNS = (
    *("paper", "pmid", "doi", "authors", "year", "title", "journal", "search", "notices", "abstract"),
)


def render_text(update: Update, *, width: int = 80, unicode: bool = True, **_: object) -> str:
    """The update in words: the answer, what to mind, the searches, the papers."""
    lines = [*_heading(update, width), ""]
    lines += _warnings(update, width)
    lines += _table(update.runs)
    for run in update.runs:
        lines += ["", *_query(run, width)]
    quiet = [(study, one) for study, hung in update.notices.items() for one in hung if not one.loud]
    if quiet:
        lines += ["", "  Notices on reports of the review:"]
        for study, notice in quiet:
            news = " (new)" if notice in update.fresh else ""
            lines += wrap(f"{clean(study)}: {clean(str(notice))}{news}", width, "    ", "      ")
    for number, paper in enumerate(update.papers[:MOST_PAPERS], 1):
        lines += ["", *_paper(number, paper, width)]
    more = len(update.papers) - MOST_PAPERS
    if more > 0:
        lines += ["", f"  and {more:,} more; --format csv lists them all."]
    lines += ["", *_next(update, width)]
    text = "\n".join(lines).rstrip("\n") + "\n"
    return text if unicode else to_ascii(text)


def _heading(update: Update, width: int) -> list[str]:
    count = len(update.papers)
    papers = "no new paper" if not count else f"{count:,} new paper{'s' * (count != 1)}"
    if any(run.stopped for run in update.runs):
        papers = (
            f"{papers} in the searches that were run"
            if count
            else "it is not known whether there is a new paper"
        )
    title = f"{clean(update.title)}: " if update.title else ""
    return wrap(f"{title}{papers}", width)


def _warnings(update: Update, width: int) -> Iterator[str]:
    said = []
    for study, hung in update.notices.items():
        for notice in hung:
            if notice.loud:
                kind, colon, rest = clean(str(notice)).partition(":")
                news = " (new)" if notice in update.fresh else ""
                said.append(f"WARNING: {clean(study)}: {kind.upper()}{colon}{rest}{news}")
    for run in update.runs:
        if run.stopped:
            said.append(f"WARNING: {clean(run.name)} is not up to date: {clean(run.stopped)}")
        for left in run.left_out:
            said.append(f"WARNING: {clean(run.name)} was not run as it is written: {clean(left)}")
    for one in said:
        yield from wrap(one, width)
    if said:
        yield ""


def _table(runs: Sequence[SearchRun]) -> Iterator[str]:
    if not runs:
        return
    names = [clean(run.name) for run in runs]
    first = max(map(cells, [*names, "Search"]))
    yield "  " + pad("Search", first) + "  " + "  ".join(pad(name, 10, right=True) for name in COLUMNS)
    for name, run in zip(names, runs, strict=True):
        counts = [f"{getattr(run, column):,}" if not run.stopped else "-" for column in COLUMNS]
        yield "  " + pad(name, first) + "  " + "  ".join(pad(text, 10, right=True) for text in counts)


def _query(run: SearchRun, width: int) -> Iterator[str]:
    where = clean(run.database) or run.kind
    since = f", entered since {run.since}" if run.since else ""
    yield from wrap(f"{clean(run.name)} ({where}{since})", width, "  ")
    if run.query:
        yield from wrap(clean(run.query), width, "    ")
    if run.translation:
        made = clean(run.translation)
        made = made if len(made) <= LONGEST_TRANSLATION else made[:LONGEST_TRANSLATION] + " ..."
        yield from wrap(f"{where} searched: {made}", width, "    ", "      ")
    if run.parts > 1:
        yield f"    asked for in {run.parts} parts, by the day a record entered {where}"


def _paper(number: int, new: NewPaper, width: int) -> Iterator[str]:
    start = f"  {number:>2}  "
    yield from wrap(f"{clean(cited(new.paper))}", width, start, " " * len(start))
    for notice in new.paper.notices:
        if notice.kind in ("retracted", "partially retracted", "expression of concern"):
            yield from wrap(f"{notice.kind.upper()}: {clean(notice.text)}", width, " " * len(start))
    if new.paper.abstract:
        yield from wrap(clean(new.paper.abstract), width, " " * len(start))
    else:
        yield " " * len(start) + "No abstract."


def cited(paper: Paper) -> str:
    """The citation, with what there is of it."""
    printed = vancouver(paper) if paper.title or paper.authors else ""
    number = f"PMID {paper.pmid}" if paper.pmid else f"DOI {paper.doi}" if paper.doi else ""
    return " ".join(part for part in (printed, number if number not in printed else "") if part)


def _next(update: Update, width: int) -> list[str]:
    if not update.waiting:
        return ["  Nothing waits to be screened."]
    papers = f"{update.waiting:,} paper{'s' * (update.waiting != 1)} wait{'s' * (update.waiting == 1)} to be screened"
    if not update.recorded:
        return wrap(f"{papers}; nothing was recorded.", width, "  ")
    return wrap(f"{papers}: evidence screen --by YOUR-INITIALS", width, "  ")


def render_plan(planned: Sequence[Planned], *, width: int = 80, unicode: bool = True) -> str:
    """The saved searches as they would be sent."""
    if not planned:
        return "No saved search in review.toml; write one under [searches.NAME].\n"
    count = sum(1 for one in planned if one.sent)
    lines = [f"{len(planned)} saved search{'es' * (len(planned) != 1)}; {count} would be sent to PubMed:"]
    for one in planned:
        where = "PubMed" if one.sent else f"{one.search.database}; give its export with --from"
        lines += ["", *wrap(f"{clean(one.search.name)} ({clean(where)})", width, "  ")]
        lines += wrap(clean(one.search.query), width, "    ")
    text = "\n".join(lines) + "\n"
    return text if unicode else to_ascii(text)


# ---- for programs --------------------------------------------------------------------------------


def render_json(update: Update, **_: object) -> str:
    """One object."""
    found: dict[str, Any] = {
        "version": update.version,
        "review": clean(update.review),
        "run": update.run,
        "recorded": update.recorded,
        "sound": update.sound,
        "searches": [
            {
                **{name: _plain(value) for name, value in run._asdict().items()},
                "stopped": clean(run.stopped) or None,
            }
            for run in update.runs
        ],
        "papers": [as_dict(new) for new in update.papers],
        "waiting": update.waiting,
        "notices": [
            {
                "study": clean(study),
                "kind": notice.kind,
                "text": clean(notice.text),
                "pmid": clean(notice.by),
                "new": notice in update.fresh,
            }
            for study, hung in update.notices.items()
            for notice in hung
        ],
        "notes": list(map(clean, update.notes)),
    }
    return json_text(found)


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [clean(str(one)) for one in value]
    return clean(value) if isinstance(value, str) else value


def as_dict(new: NewPaper) -> dict[str, Any]:
    """A paper with the keys of the contract."""
    paper = new.paper
    return {
        "paper": clean(new.key),
        "pmid": paper.pmid,
        "doi": clean(paper.doi) or None,
        "authors": [clean(author.name) for author in paper.authors],
        "year": paper.year,
        "title": clean(paper.title),
        "journal": clean(paper.journal_abbreviation or paper.journal),
        "search": clean(new.search),
        "notices": [clean(f"{notice.kind}: {notice.text}".rstrip(": ")) for notice in paper.notices],
        "abstract": clean(paper.abstract) or None,
    }


def render_csv(update: Update, **_: object) -> str:
    """One row a new paper; a spreadsheet runs none of the cells."""
    rows = map(as_dict, update.papers)
    lines = (
        row | {"authors": ", ".join(row["authors"]), "notices": "; ".join(row["notices"])} for row in rows
    )
    return csv_text(CSV_COLUMNS, lines)


RENDERERS = {"text": render_text, "json": render_json, "csv": render_csv}
