"""Printed medians and means of a score, pooled: on the terminal, and how it was had."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.analysis.scoring import Pool, PooledScores
from evidence.report import numbers
from evidence.report.characters import cells, clean, pad, shorten
from evidence.report.explaining import printed, r_head
from evidence.report.terminal import BOLD, DIM, GAP, INDENT, Paper, as_text
from evidence.review.printed_scores import PrintedScore
from evidence.synthesis.scores.medians import PooledScore

ASSUMES = {
    "weighted-median": "each study's median lies above or below the common one by a coin's toss, studies weighted by patients",
    "median-of-medians": "each study's median lies above or below the common one by a coin's toss, all studies alike",
    "quantile": "each study's scores follow the normal, log-normal, gamma or Weibull distribution nearest its printed quantiles, "
    "and medians of studies are normal about the common one",
    "luo": "scores are normal within studies",
    "wan": "scores are normal within studies",
    "quantile-mean": "each study's scores follow the normal, log-normal, gamma or Weibull distribution nearest its printed quantiles",
    "box-cox": "some power of the scores is normal within studies",
}
CITED = {
    "weighted-median": "mcgrath2019",
    "median-of-medians": "mcgrath2019",
    "quantile": "mcgrath2019",
    "luo": "luo2018, wan2014, shi2020",
    "wan": "wan2014",
    "quantile-mean": "mcgrath2020",
    "box-cox": "mcgrath2020, luo2018, wan2014",
}
METAMEDIAN = {"weighted-median": "wm", "median-of-medians": "mm", "quantile": "qe"}
METAMEAN = {"luo": "luo", "wan": "wan", "quantile-mean": "qe", "box-cox": "bc"}


def render_text(result: PooledScores, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """Each time with its studies, the pool that leads, and beside it the other methods."""
    paper = Paper(width, unicode, color)
    blocks = []
    for pool in result.times:
        blocks += [
            paper.paragraph(heading(result, pool), style=BOLD),
            paper.paragraph(headline(pool)),
            _lines(pool, paper),
        ]
    remarks = [(text, "") for text in notes(result)] + [(f"Method: {method(result)}.", DIM)]
    blocks.append(
        [line for text, style in remarks for line in paper.paragraph(text, INDENT, INDENT * 2, style)]
    )
    return as_text(blocks)


def heading(result: PooledScores, pool: Pool) -> str:
    """What is pooled."""
    patients = sum(row.n for row in pool.rows)
    when = ", ".join(filter(None, (clean(result.source), clean(pool.time))))
    return f"{when + ': ' if when else ''}{numbers.plural(len(pool.rows), 'study')}, {patients} patients"


def headline(pool: Pool) -> str:
    """The pool that leads, in words."""
    lead = pool.pools[0]
    limits = lead.pooled
    return (
        f"Pooled {lead.target} {_number(limits.estimate)} ({_level(lead)} % CI {_number(limits.low)} to "
        f"{_number(limits.high)}), by {lead.method}."
    )


def _level(pooled: PooledScore) -> str:
    return f"{100 * pooled.pooled.level:.4g}"


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def printed_as(row: PrintedScore) -> str:
    """A study's numbers as papers write them: median 15 (4 to 35), IQR ..., mean 12 (SD 2.9)."""
    parts = []
    if row.median is not None:
        text = f"median {_number(row.median)}"
        if row.low is not None and row.high is not None:
            text += f" ({_number(row.low)} to {_number(row.high)})"
        if row.q1 is not None and row.q3 is not None:
            text += f" [IQR {_number(row.q1)} to {_number(row.q3)}]"
        parts.append(text)
    if row.mean is not None:
        parts.append(f"mean {_number(row.mean)}" + ("" if row.sd is None else f" (SD {_number(row.sd)})"))
    return ", ".join(parts)


def _lines(pool: Pool, paper: Paper) -> list[str]:
    wide = min(30, max(5, *(cells(paper.say(clean(row.study))) for row in pool.rows)))
    names = [shorten(paper.say(clean(row.study)), wide, paper.say("…")) for row in pool.rows]
    most = max(1, *(len(str(row.n)) for row in pool.rows))
    lines = [
        paper.paint(DIM, INDENT + GAP.join((pad("Study", wide), pad("n", most, right=True), "As printed")))
    ]
    for name, row in zip(names, pool.rows, strict=True):
        lead = INDENT + GAP.join((pad(name, wide), pad(str(row.n), most, right=True)))
        lines.append(shorten(f"{lead}{GAP}{paper.say(printed_as(row))}", paper.width, paper.say("…")))
    lines.append("")
    longest = max(len(each.method) for each in pool.pools)
    for each in pool.pools:
        limits = each.pooled
        span = f"{_number(limits.low)} to {_number(limits.high)} ({_level(each)} %)"
        text = GAP.join(
            (
                pad(each.method, longest),
                pad(each.target, 6),
                pad(_number(limits.estimate), 7, right=True),
                span,
            )
        )
        lines.append(INDENT + paper.say(text))
    return lines


def notes(result: PooledScores) -> Iterator[str]:
    """What to mind."""
    for pool in result.times:
        when = f" ({clean(pool.time)})" if pool.time else ""
        k = len(pool.rows)
        least = pool.pools[0].pooled.level
        if least < result.level - 1e-9:
            yield (
                f"{k} studies cannot give a {numbers.level(result.level)} % interval by {pool.pools[0].method}{when}: "
                f"from the smallest to the largest it has {_level(pool.pools[0])} %."
            )
        skewed = [
            row.study
            for row, tested in zip(pool.rows, pool.skewness, strict=True)
            if tested and tested.skewed
        ]
        if skewed:
            yield (
                f"Skewed by what is printed{when} (Shi 2023, at 5 %): {clean(', '.join(skewed))}; means by Luo and Wan assume "
                "normal scores and are not to be trusted there."
            )
        below = [each.method for each in pool.pools if each.pooled.low < 0 <= min(_all(pool.rows))]
        if below:
            yield f"Limits below 0, where no score of these studies lies{when}, by: {', '.join(below)}."
        for name, reason in pool.not_possible:
            yield f"Not by {name}{when}: {clean(reason)}."
    if result.left_out:
        yield f"Left out: {clean('; '.join(result.left_out))}."
    yield (
        "Medians before and medians after are pooled apart: their difference is not a pooled change, for which each "
        "patient's own change is needed."
    )


def _all(rows: tuple[PrintedScore, ...]) -> list[float]:
    return [value for row in rows for value in (row.low, row.q1, row.median, row.mean) if value is not None]


def method(result: PooledScores) -> str:
    """The method that leads in a line, with what it assumes."""
    k = ", ".join(str(len(pool.rows)) for pool in result.times)
    kind = (
        ""
        if result.using in METAMEDIAN and result.using != "quantile"
        else ("; random effects by inverse variance (tau2 by REML, Hartung-Knapp interval with floor)")
    )
    return f"{result.using} (k = {k}){kind}; it assumes that {ASSUMES[result.using]}"


def methods(result: PooledScores) -> str:
    """The methods paragraph, with references."""
    target = result.times[0].pools[0].target
    text = f"Where papers print medians, ranges or quartiles only, {target}s were pooled by {result.using} [{CITED[result.using]}], "
    text += f"which assumes that {ASSUMES[result.using]}."
    if result.using in ("weighted-median", "median-of-medians"):
        text += " The interval inverts the sign test, exactly; the confidence attained is stated."
    else:
        text += (
            " Estimates were pooled by inverse variance with random effects, the between-study variance by restricted maximum "
            "likelihood [viechtbauer2005] and the interval by Hartung and Knapp [hartung2001], never narrower than without it."
        )
    return printed(text + " Skewness was tested from the printed numbers [shi2023].") + "\n"


def r_code(result: PooledScores) -> str:
    """The same in R: metamedian, whose intervals of medians are approximate where ours are exact."""
    blocks = [r_head(packages=("metafor", "metamedian"))]
    for pool in result.times:
        columns = {"n.g1": "n", "med.g1": "median", "q1.g1": "q1", "q3.g1": "q3", "min.g1": "low", "max.g1": "high",
                   "mean.g1": "mean", "sd.g1": "sd"}  # fmt: skip
        given = {name: [getattr(row, what) for row in pool.rows] for name, what in columns.items()}
        cells_of = ",\n  ".join(
            f"{name} = c({', '.join('NA' if value is None else repr(value) for value in values)})"
            for name, values in given.items()
            if any(value is not None for value in values)
        )
        frame = f"scores <- data.frame(\n  {cells_of})"
        if result.using in METAMEDIAN:
            call = f'metamedian(scores, median_method = "{METAMEDIAN[result.using]}")'
        else:
            name = METAMEAN[result.using]
            mean = "hozo/wan/bland" if name == "wan" else name
            sd = {"luo": "wan/shi_normal", "wan": "wan"}.get(name, name)
            call = f'metamean(scores, mean_method = "{mean}", sd_method = "{sd}", se_method = "naive", test = "adhoc")'
        blocks.append("\n".join(filter(None, (f"# {clean(pool.time)}" if pool.time else "", frame, call))))
    return "\n".join(blocks) + "\n"
