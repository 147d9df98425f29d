"""Counts and percentages in statements: whole counts of their patients, the patients themselves, the results table."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from evidence.review.audit.findings import Finding
from evidence.review.audit.people import Counted
from evidence.review.audit.reading import NOT_CRUDE
from evidence.review.audit.rounding import as_text, may_agree, prints_as, rounds_to, shown
from evidence.review.audit.scene import Scene, found_in, value_of
from evidence.review.printed import Printed, counts_of, read_printed
from evidence.review.schema import OutcomeRow, Statement

_FEW = 6
"""As many patients are named."""


def check_share(scene: Scene, said: Statement) -> Iterator[Finding]:
    """All that a printed count or percentage of patients must agree with."""
    if said.value is None or said.statistic not in ("count", "percent"):
        return
    printed = value_of(said)
    n = scene.people.size(said)
    counted = scene.people.counted(said.study, said.where) if said.where and not said.about else None
    if counted is not None and said.n is not None:
        counted = counted._replace(n=said.n)
    if said.statistic == "count":
        yield from _count(scene, said, printed, n, counted)
    else:
        yield from _percent(scene, said, printed, n, counted)


def _count(
    scene: Scene, said: Statement, printed: Printed, n: int | None, counted: Counted | None
) -> Iterator[Finding]:
    count = as_text(printed)
    if n is not None and printed.value > n:
        yield found_in(
            said, "count", "error", f"{count} of {n} patients is more than there are.",
            printed=count, recomputed=f"at most {n}",
        )  # fmt: skip
        return
    if counted is not None and len(counted.patients) != printed.value:
        yield found_in(
            said, "patients", "contradiction",
            f"{count} is printed; {_whom(said, counted)}.",
            printed=count, recomputed=str(len(counted.patients)),
        )  # fmt: skip
    rows = scene.results(said)
    known = [row for row in rows if row.events is not None]
    if known and all(row.events != printed.value for row in known):
        yield found_in(
            said, "result", "contradiction", f"{count} is printed, but outcomes.csv has {_results(known)}.",
            printed=count, recomputed=_results(known),
        )  # fmt: skip


def _percent(
    scene: Scene, said: Statement, printed: Printed, n: int | None, counted: Counted | None
) -> Iterator[Finding]:
    text = f"{as_text(printed)} %"
    crude = NOT_CRUDE.search(said.printed) is None
    possible = counts_of(printed, n) if n is not None and crude else None
    if possible is not None and not possible.any:
        assert n is not None
        yield found_in(
            said, "percent", "error",
            f"{text} of {n} patients is no whole number of them: {_neighbours(printed, n)}.",
            printed=text, recomputed=_neighbours(printed, n),
        )  # fmt: skip
        return
    right: tuple[int, int] | None = None
    wrong = False
    if counted is not None and crude:
        share = Fraction(100 * len(counted.patients), counted.n)
        if prints_as(share, printed):
            right = len(counted.patients), counted.n
        else:
            wrong = True
            yield found_in(
                said, "patients", "contradiction",
                f"{text} is printed; {_whom(said, counted)}, which is {shown(share, printed.decimals + 1)} %.",
                printed=text, recomputed=f"{len(counted.patients)}/{counted.n}",
            )  # fmt: skip
    rows = scene.results(said)
    if rows and not any(_agrees(row, printed) for row in rows):
        wrong = True
        yield found_in(
            said, "result", "contradiction", f"{text} is printed, but outcomes.csv has {_results(rows)}.",
            printed=text, recomputed=_results(rows),
        )  # fmt: skip
    if wrong or not crude:
        return
    if right is None:
        counts = [
            (row.events, row.n)
            for row in rows
            if row.events is not None and row.n and not _as_it_stands(row, printed)
        ]
        right = next(((x, m) for x, m in counts if prints_as(Fraction(100 * x, m), printed)), None)
    if right is None and possible is not None and not possible.rounded and n is not None:
        right = possible.truncated[0], n
    if right is not None and not rounds_to(Fraction(100 * right[0], right[1]), printed):
        yield cut_off(said, printed, *right)


def cut_off(said: Statement, printed: Printed, events: int, n: int) -> Finding:
    """The note that a percentage was cut off and not rounded."""
    exact = Fraction(100 * events, n)
    rounded = f"{float(exact):.{printed.decimals}f} %"
    text = f"{as_text(printed)} %"
    return found_in(
        said, "cut-off", "note",
        f"{events}/{n} is {shown(exact, printed.decimals + 1)} %, cut off to {text} instead of rounded to {rounded}.",
        printed=text, recomputed=rounded,
    )  # fmt: skip


def _as_it_stands(row: OutcomeRow, printed: Printed) -> bool:
    """Whether a row has the very percentage, which need not be its count's."""
    other = read_printed(row.percent) if row.percent else None
    return other is not None and row.percent_kind not in ("", "crude") and may_agree(printed, other)


def _agrees(row: OutcomeRow, printed: Printed) -> bool:
    """Whether a percentage can be a row's: its own one, its count's, or within the bounds of its count."""
    own = read_printed(row.percent) if row.percent else None
    if own is not None and may_agree(printed, own):
        return True
    if row.events is not None and row.n:
        return prints_as(Fraction(100 * row.events, row.n), printed)
    if row.n and (row.events_low is not None or row.events_high is not None):
        low, high = row.events_low or 0, row.n if row.events_high is None else row.events_high
        return any(low <= count <= high for count in counts_of(printed, row.n).any)
    return own is None  # a median or a rate: nothing to hold it against


def _results(rows: list[OutcomeRow]) -> str:
    """What the table has: `4/6`; several times, `24/49 (week 12) and 30/49 (week 52)`."""
    several = len(rows) > 1
    words = []
    for row in rows:
        if row.events is not None:
            number = f"{row.events}/{row.n}"
        elif row.percent:
            number = f"{row.percent} %"
        else:
            number = f"{row.events_low or 0} to {row.events_high if row.events_high is not None else row.n} of {row.n}"
        words.append(f"{number} ({row.when})" if several else number)
    return " and ".join(dict.fromkeys(words))


def _whom(said: Statement, counted: Counted) -> str:
    """`of the 6 patients 1 meets "systemic has ANCA" (patient 6)`; names only where there are few."""
    names = counted.patients
    meet = "1 meets" if len(names) == 1 else f"{len(names) or 'none'} meet{'' if names else 's'}"
    listed = f" (patient{'s' * (len(names) > 1)} {', '.join(names)})" if 0 < len(names) <= _FEW else ""
    return f'of the {counted.n} patients {meet} "{said.where}"{listed}'


def _neighbours(printed: Printed, n: int) -> str:
    """The counts next to a percentage that none gives: `16/61 is 26.2 %, 17/61 is 27.9 %`."""
    below = min(max(int(printed.value * n / 100), 0), n)
    counts = [x for x in (below, below + 1) if x <= n]
    return ", ".join(f"{x}/{n} is {shown(Fraction(100 * x, n), printed.decimals + 1)} %" for x in counts)
