"""What it would take, on a screen: the answer, its three weakest points, then each doubt with its numbers."""

from __future__ import annotations

from evidence.analysis.robustness import Sensitivity
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.numbers import brief, plain
from evidence.report.sensitivity.words import hidden_kind, named, priors_in_words, words
from evidence.report.stack import LABEL_SHARE, stack
from evidence.report.terminal import BOLD, DIM, INDENT, Paper, as_text
from evidence.synthesis.bayesian.bayes import MEDIANS

Table = list[tuple[str, ...]]

UNPUBLISHED, DROPPED = (0, 1, 2, 3, 5, 10), (0, 1, 2, 5, 10, 20)
"""Of the joint map, the rows and columns that a screen shows."""


def render_text(result: Sensitivity, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The result as a screen of `width` columns; no line is longer."""
    paper, said = Paper(width, unicode, color), words(result)
    blocks = [
        paper.paragraph(said.heading, style=BOLD),
        paper.paragraph(said.headline),
        paper.paragraph(said.weakest),
        *(_section(*section, paper) for section in sections(result)),
        [line for note in said.notes for line in paper.paragraph(note, INDENT, INDENT * 2)],
        paper.paragraph(f"Method: {said.method}", INDENT, INDENT * 2, DIM),
    ]
    return as_text(blocks)


def sections(result: Sensitivity) -> list[tuple[str, str, Table]]:
    """Each doubt: its title, what is said of it, its table; both empty where it was not raised."""
    said = words(result)
    return [
        (f"Hidden {_hidden(result)} that turn it", "", hidden_table(result)),
        ("Against the reference's other rows", "", elsewhere_table(result)),
        ("Drop-outs", said.lost, lost_table(result)),
        ("Counts that are only bounded", said.bounds, []),
        ("Differences between series", said.tipping, tipping_table(result)),
        ("Other priors", priors_in_words(result), priors_table(result)),
        ("The file drawer", said.drawer, []),
        ("Three doubts at once", said.joint, joint_table(result) if said.joint else []),
        ("Confounding", said.confounding, []),
        ("The threshold", said.margin, []),
        ("Other defensible choices", said.multiverse, multiverse_table(result)),
    ]


def _section(title: str, text: str, table: Table, paper: Paper) -> list[str]:
    if not text and not table:
        return []
    lines = [paper.paint(BOLD, paper.say(title))]
    lines += paper.paragraph(text, INDENT, INDENT) if text else []
    if table:
        said = [tuple(paper.say(cell) for cell in line) for line in table]
        share = 0.7 if len(said[0]) == 2 else LABEL_SHARE
        for block in stack(said, paper.width, indent=INDENT * 2, ellipsis=paper.say("…"), share=share):
            lines += [paper.paint(DIM, block[0]), *block[1:]]
    return lines


def _hidden(result: Sensitivity) -> str:
    kinds = {claim.fragility.hidden for claim in result.claims}
    return hidden_kind(result, result.claims[0], 2) if len(kinds) == 1 else "patients"


# ---- tables, the head first ----------------------------------------------------------------------


def hidden_table(result: Sensitivity) -> Table:
    """How many hidden patients turn each claim."""
    if not result.claims or result.reference is None:
        return []
    rate = brief(result.reference.events / result.reference.n)
    head = (
        "Hidden until",
        "events/n",
        f"p > {plain(1 - result.level)}",
        "CI holds 0",
        f"limit at {rate} %",
        f"rate at {rate} %",
    )
    lines = [
        (named(claim.name), f"{claim.events}/{claim.n}", *map(_number, claim.fragility[1:]))
        for claim in result.claims
    ]
    return [head, *lines]


def elsewhere_table(result: Sensitivity) -> Table:
    """The lead against the reference's other times and arms."""
    if not result.elsewhere:
        return []
    bar = plain(1 - result.level)
    head = (f"{named(result.claims[0].name)} against", "Fisher", f"hidden patients until p > {bar}")
    return [
        head,
        *(
            (clean(name), numbers.pvalue(p), _number(claim.fragility.pvalue))
            for name, claim, p in result.elsewhere
        ),
    ]


def lost_table(result: Sensitivity) -> Table:
    """Each row with drop-outs, under each way to count them."""
    rows = [row for row in result.lost if row.treated > row.counts.observed[1]]
    if not rows:
        return []
    head = ("Row", "observed", "worst", "best", "as non-responders")
    lines = []
    for row in rows:
        cells = [
            f"{x}/{n} ({numbers.span(interval)})"
            for (x, n), interval in zip(row.counts, row.intervals, strict=True)
        ]
        lines.append((clean(row.name), *cells))
    return [head, *lines]


def tipping_table(result: Sensitivity) -> Table:
    """The curve at its taus, from none on."""
    found = result.tipping
    if found is None:
        return []
    head = ("tau (correlation)", "average, exact limits, %")
    return [
        head,
        *(
            (f"{tau:g} ({icc:.2f})", f"{brief(float(low))} to {brief(float(high))}")
            for tau, icc, low, high in zip(found.taus, found.correlations, found.low, found.high, strict=True)
        ),
    ]


def priors_table(result: Sensitivity) -> Table:
    """What each prior makes of the average."""
    if not result.priors:
        return []
    head = ("prior", f"average, {numbers.level(result.level)} % interval, %")
    usual = MEDIANS["jeffreys"][0]
    return [
        head,
        *(
            (
                under.prior.removeprefix(usual).replace(" prior on the median proportion", " median"),
                f"{brief(under.average.estimate)} ({numbers.span(under.average)})",
            )
            for under in result.priors
        ),
    ]


def joint_table(result: Sensitivity) -> Table:
    """The joint map at a few numbers: how many hidden patients it bears, or that it does not hold."""
    found = result.joint
    if found is None:
        return []
    most_u, most_d = (size - 1 for size in found.survives.shape)
    columns = [d for d in DROPPED if d <= most_d]
    head = ("Unpublished, dropped:", *map(str, columns))
    return [
        head,
        *(
            (str(u), *(_bears(int(found.survives[u, d])) for d in columns))
            for u in UNPUBLISHED
            if u <= most_u
        ),
    ]


SHOWN = {
    "sides": "side",
    "references": "reference",
    "models": "model of the pool",
    "windows": "window",
    "overlaps": "overlaps",
    "differences": "interval of ours",
}


def multiverse_table(result: Sensitivity) -> Table:
    """Of each choice, how many of the ways that make it keep the conclusion."""
    found = result.multiverse
    if found is None or found.kept is None or len(found.specifications) < 2:
        return []
    lines: Table = [("Choice", "keep the conclusion")]
    for kind, called in SHOWN.items():
        choices = found.by_choice(kind)
        if len(choices) > 1:
            lines += [
                (clean(f"{called}: {name}"), f"{kept} of {total}") for name, (kept, total) in choices.items()
            ]
    return lines


def _bears(hidden: int) -> str:
    return "ends" if hidden < 0 else str(hidden)


def _number(value: int | None) -> str:
    return "never" if value is None else str(value)
