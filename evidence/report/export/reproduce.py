"""reproduce.R: an analysis re-done in one R script that needs no other file, each number checked against the one found.

metafor does what metafor has; the rest is base R, copied from `reproduce_functions.R` as far as it is called. The script
prints a line for each number, R's, the one expected and how far they may part, and ends with status 1 where any differs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from evidence.analysis.results import WHOLE, Analysis, Compared, PoolRow, Result, StudyRow
from evidence.report.characters import clean
from evidence.report.explaining import R_VERSIONS
from evidence.report.export.reproduce_contrasts import contrast_lines, subgroup_lines
from evidence.report.export.reproduce_pools import meta_lines, pool_lines
from evidence.report.export.reproduce_writing import check_interval, r_comment, r_number, r_string, r_vector
from evidence.report.pooled.rows import MODEL_NAMES, pool_name
from evidence.report.templates import own_file
from evidence.review.schema import NOT_STATED

TOLERANCES = {
    "closed": (1e-8, 1e-12, "closed forms and quantiles: nothing but rounding"),
    "iterated": (1e-5, 1e-7, "roots and maxima: searches stop at steps of their own"),
    "quadrature": (1e-4, 1e-6, "numerical integrals, and second derivatives by differences"),
    "posterior": (3e-4, 1e-5, "a posterior on a grid: both sides are good to about four digits"),
    "difference": (
        2e-4,
        2e-4,
        "a difference from a pool, as good as the pool's proportion, which may cancel out",
    ),
    "lme4": (1e-3, 1e-3, "metafor's GLMM: lme4's search stops four digits in; a tau2 of 0 it leaves near 0"),
    "meta": (1e-4, 1e-5, "R's meta: it calls metafor with the stops it has by default"),
}
"""Each kind of number: how far it may part from the one expected, relative and absolute, and why."""

_HEAD = """\
options(warn = -1)  # studies at 0 and n make R warn; what cannot be computed is said below
suppressPackageStartupMessages(require("metafor", quietly = TRUE))
answers <- list(); done <- list(ok = 0, DIFFERS = 0, "not computed" = 0); farthest <- c()

# An error becomes a value that repeats its reason wherever it is used.
tried <- function(expression) tryCatch(expression, error = function(e) structure(list(conditionMessage(e)), class = "failed"))
`$.failed` <- `[.failed` <- `[[.failed` <- function(x, ...) stop(unclass(x)[[1]], call. = FALSE)

report <- function(name, found, expected, allowed, verdict, outcome) {
  shown <- function(value) if (is.na(value)) "" else format(value, digits = 10)
  cat(sprintf("%-62s %-16s %-16s %-9s %s\\n", name, shown(found), shown(expected),
    if (is.na(allowed)) "" else format(allowed, digits = 2), verdict))
  done[[outcome]] <<- done[[outcome]] + 1
}
not.computed <- function(name, reason, expected = NA, allowed = NA)
  report(name, NA, expected, allowed, paste("not computed:", gsub("[[:space:]]+", " ", reason)), "not computed")
check <- function(name, value, expected, kind) {
  allowed <- tolerance[[kind]][1] * abs(expected) + tolerance[[kind]][2]
  found <- tryCatch(as.numeric(value), error = function(e) conditionMessage(e))
  if (is.character(found)) return(not.computed(name, found, expected, allowed))
  if (length(found) != 1 || is.na(found)) return(not.computed(name, "R has no such number", expected, allowed))
  same <- abs(found - expected) <= allowed
  report(name, found, expected, allowed, if (same) "ok" else "DIFFERS", if (same) "ok" else "DIFFERS")
  scale <- max(abs(expected), tolerance[[kind]][2] / tolerance[[kind]][1])
  farthest[kind] <<- max(farthest[kind], abs(found - expected) / scale, na.rm = TRUE)
}
"""

_END = """\
cat(sprintf("\\n%d numbers: %d ok, %d differ, %d not computed\\n", Reduce(`+`, done), done$ok, done$DIFFERS, done[["not computed"]]))
for (kind in names(farthest)) cat(sprintf("farthest apart, %s: %.1e\\n", kind, farthest[[kind]]))
cat(R.version.string, if ("metafor" %in% loadedNamespaces()) paste("and metafor", packageVersion("metafor")), "\\n")
if (!interactive()) quit(save = "no", status = if (done$DIFFERS > 0) 1 else 0)
"""


def reproduce_r(analysis: Analysis, compared: Compared | None = None) -> str:
    """The whole analysis, and a comparison beside it, as one R script that checks every number of theirs."""
    body = "\n".join(_body(analysis, compared))
    parts = [
        "\n".join(_heading(analysis)),
        _tolerances(body),
        _HEAD,
        *_pieces(body),
        'cat(sprintf("%-62s %-16s %-16s %-9s %s\\n\\n", "", "R", "expected", "tolerance", ""))\n',
        body,
        _END,
    ]
    return "\n".join(parts)


def _heading(analysis: Analysis) -> Iterator[str]:
    title = clean(analysis.title) or "An analysis of counts"
    label = clean(analysis.outcome_label)
    yield r_comment(f"{title}{': ' if label else ''}{label}: the analysis re-done in R")
    yield "#"
    yield r_comment(
        f"Written by evidence {analysis.version}. Run it with Rscript: it reads no file and changes none. Each line it "
        "prints is a number as R has it, as it was reported, and how far the two may be apart; it ends with status 1 "
        "if any differs. Needs metafor, and lme4 for the binomial model; without them less is checked."
    )
    yield r_comment(f"Compared with {R_VERSIONS}.")
    shown = [
        f"{name} = {value}" for name, value in analysis.options.items() if value not in (None, "", False)
    ]
    yield r_comment(f"Options: {', '.join(shown)}")
    yield ""


def _tolerances(body: str) -> str:
    """How far numbers may part, for the kinds that the script has."""
    kinds = [kind for kind in TOLERANCES if f', "{kind}")' in body]
    width = max(map(len, kinds), default=0)
    lines = [
        f"  {kind:{width}} = c({relative!r}, {absolute!r}){',' if kind != kinds[-1] else ' '}  # {why}"
        for kind in kinds
        for relative, absolute, why in [TOLERANCES[kind]]
    ]
    return "\n".join(
        ["# relative to the number expected, plus absolute", "tolerance <- list(", *lines, ")", ""]
    )


# ---- functions -------------------------------------------------------------------------------------


def _pieces(body: str) -> list[str]:
    """The pieces of the functions' file that the script calls, and those that these call, in the file's order."""
    text = own_file("evidence.report.export", "reproduce_functions.R")
    pieces = {
        match[1]: piece
        for piece in text.split("\n\n")
        if (match := re.search(r"^([a-z0-9.]+) <- ", piece, re.M))
    }
    used: set[str] = set()
    waiting = [body]
    while waiting:
        code = waiting.pop()
        for name, piece in pieces.items():
            if name not in used and re.search(rf"(?<![\w.$]){re.escape(name)}(?![\w.])", _code(code)):
                used.add(name)
                waiting.append(piece)
    return [piece.strip() + "\n" for name, piece in pieces.items() if name in used]


def _code(text: str) -> str:
    """R without its strings and comments."""
    without = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    return re.sub(r"#.*", "", without)


# ---- the analysis ----------------------------------------------------------------------------------


def _body(analysis: Analysis, compared: Compared | None) -> Iterator[str]:
    yield from _data(analysis)
    pools = [(pool, _members(analysis, pool), _name(pool)) for pool in analysis.pooled]
    for pool, rows, name in pools:
        yield from pool_lines(pool, rows, name, analysis)
    everyone = _members(analysis, analysis.pooled[0]) if analysis.pooled else []
    others = [(pool, everyone, f"Another model, {_model(pool)}") for pool in analysis.panel]
    for pool, rows, name in others:
        yield from pool_lines(pool, rows, name, analysis)
    if analysis.subgroups is not None:
        grouped = [
            (place, row)
            for place, row in enumerate(analysis.studies, 1)
            if row.group not in (None, NOT_STATED) and row.role != "reference"
        ]
        yield from subgroup_lines(analysis.subgroups, analysis, grouped)
    yield from _contrasts(analysis, pools)
    yield from meta_lines(analysis, [*pools, *others])
    if compared is not None:
        yield ""
        yield r_comment("The comparison", "# ======== ")
        yield from _data(compared, known=analysis.studies)
        made = [(pool, _sides(compared, pool), f"{_name(pool)}, compared") for pool in compared.pooled]
        for pool, rows, name in made:
            yield from pool_lines(pool, rows, name, compared)
        yield from _contrasts(compared, made)


def _name(pool: PoolRow) -> str:
    called = pool_name(pool.pool)
    return called if pool.pool in WHOLE else f"Group {called}"


def _model(pool: PoolRow) -> str:
    result = pool.result
    scale = f", {result.measure}" if result.model in ("common", "random") else ""
    return f"{MODEL_NAMES.get(result.model, result.model)}{scale}"


def _members(analysis: Analysis, pool: PoolRow) -> list[int]:
    """The rows of `data` that a pool is made of."""
    return [
        place
        for place, row in enumerate(analysis.studies, 1)
        if row.role != "reference"
        and (pool.pool == "all" or (row.role != "ours" if pool.pool == "others" else row.group == pool.pool))
    ]


def _sides(compared: Compared, pool: PoolRow) -> list[int]:
    """The rows of a comparison's pool: its first rows, or, where the first side is one row, those after it."""
    start = 1 if compared.comparisons[0].ours == pool.pool else 2
    return list(range(start, start + pool.source.k))


def _data(result: Result, known: Sequence[StudyRow] = ()) -> Iterator[str]:
    """The rows, and each one's interval unless it is known."""
    seen = {(row.name, row.events, row.n, row.proportion) for row in known}
    rows = result.studies
    yield "data <- data.frame(stringsAsFactors = FALSE,"
    yield f"  label = {r_vector((r_string(clean(row.name)) for row in rows), indent=4)},"
    yield f"  events = {r_vector((r_number(row.events) for row in rows), indent=4)},"
    yield f"  n = {r_vector((r_number(row.n) for row in rows), indent=4)},"
    yield f"  role = {r_vector((r_string(row.role) for row in rows), indent=4)},"
    groups = ("NA" if row.group is None else r_string(clean(row.group)) for row in rows)
    yield f"  group = {r_vector(groups, indent=4)})"
    method = str(result.options.get("interval", "exact"))
    kind = "iterated" if method == "mid-p" else "closed"
    for place, row in enumerate(rows, 1):
        interval = row.proportion
        if (row.name, row.events, row.n, interval) in seen:
            continue
        made = f'study.interval(data$events[{place}], data$n[{place}], "{method}", {interval.level!r})'
        yield f"own <- tried({made})"
        yield from check_interval(f"{clean(row.name)}: proportion", "own", interval, kind)
    yield ""


def _contrasts(result: Result, pools: Sequence[tuple[PoolRow, list[int], str]]) -> Iterator[str]:
    places = {row.name: place for place, row in enumerate(result.studies, 1)}
    named = {pool.pool: (name, rows) for pool, rows, name in pools}
    for contrast in result.comparisons:
        yield from contrast_lines(contrast, places, named)
