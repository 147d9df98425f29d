"""Contrasts and the test between groups worked anew in R, each number beside the one expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evidence.analysis.results import Analysis, Contrast, StudyRow
from evidence.report.characters import clean
from evidence.report.export.reproduce_writing import check, check_interval, r_comment, r_string, r_vector
from evidence.report.pooled.r_code import METHODS, escalc
from evidence.synthesis.regression.subgroups import SubgroupTest

TESTS = {"fisher": "fisher", "boschloo": "boschloo", "barnard": "barnard"}
DIFFERENCES = {
    "newcombe": 'mover(study.interval(x[1], n[1], "wilson", level), study.interval(x[2], n[2], "wilson", level))',
    "miettinen-nurminen": "miettinen.nurminen(x[1], n[1], x[2], n[2], level)",
}


# ---- two sides -------------------------------------------------------------------------------------


def contrast_lines(
    contrast: Contrast, places: Mapping[str, int], pools: Mapping[str, tuple[str, Sequence[int]]]
) -> Iterator[str]:
    """A contrast: `places` are rows of `data` by name, `pools` each pool's name in `answers` and its rows."""
    comparison = contrast.comparison
    sides = (contrast.ours, contrast.against)
    name = f"{_called(sides[0], pools)} against {_called(sides[1], pools)}"
    rows = [pools[side][1] if side in pools and side not in places else [places[side]] for side in sides]
    yield r_comment(name, "# ---- ")
    for column, short in (("events", "x"), ("n", "n")):
        sums = ", ".join(f"sum(data${column}[{r_vector(map(str, row))}])" for row in rows)
        yield f"{short} <- c({sums})"
    yield f"level <- {comparison.difference.level!r}"
    method = comparison.difference_method
    if method in DIFFERENCES:
        yield f"difference <- tried({DIFFERENCES[method]})"
        kind = "closed" if method == "newcombe" else "iterated"
    else:
        parts = [
            f"answers[[{r_string(pools[side][0])}]]"
            if side in pools and side not in places
            else f'study.interval(x[{place}], n[{place}], "wilson", level)'
            for place, side in enumerate(sides, 1)
        ]
        yield f"difference <- tried({{ one <- {parts[0]}; other <- {parts[1]}"
        yield "  mover(c(one[1], one[2], one[3]), c(other[1], other[2], other[3])) })"
        kind = "difference"
    yield from check_interval(f"{name}: difference", "difference", comparison.difference, kind)
    if comparison.ratio is not None:
        yield "ratio <- tried(koopman(x[1], n[1], x[2], n[2], level))"
        yield from check_interval(f"{name}: ratio", "ratio", comparison.ratio, "iterated", "closed")
    if comparison.odds_ratio is not None:
        yield "odds.ratio <- tried(conditional.odds.ratio(x[1], n[1], x[2], n[2], level))"
        yield from check_interval(f"{name}: odds ratio", "odds.ratio", comparison.odds_ratio, "iterated")
    test = (comparison.test or "").partition(",")[0]
    if test in TESTS:
        kind = "closed" if test == "fisher" else "iterated"
        code = f"{TESTS[test]}(x[1], n[1], x[2], n[2])"
        yield from check(f"{name}: p ({comparison.test})", code, comparison.pvalue, kind)
    if contrast.hidden_nonresponders is not None:
        yield from check(
            f"{name}: hidden non-responders",
            "hidden(x[1], n[1], x[2], n[2], level)",
            contrast.hidden_nonresponders,
            "closed",
        )
    yield ""


def _called(side: str, pools: Mapping[str, tuple[str, Sequence[int]]]) -> str:
    return pools[side][0] if side in pools else clean(side)


# ---- groups ----------------------------------------------------------------------------------------


def subgroup_lines(
    test: SubgroupTest, analysis: Analysis, grouped: Sequence[tuple[int, StudyRow]]
) -> Iterator[str]:
    """The test of whether groups differ; `grouped` are the numbered rows of `data` that it compares."""
    names = [group.name for group in test.groups]
    numbers = [names.index(str(row.group)) + 1 for _, row in grouped]
    rows = r_vector(str(place) for place, _ in grouped)
    yield r_comment(f"Differences between groups ({clean(test.by)}): {test.method}", "# ---- ")
    yield f"x <- data$events[{rows}]; n <- data$n[{rows}]"
    yield f"group <- factor({r_vector(map(str, numbers))}, levels = 1:{len(names)})"
    if test.model == "binomial":
        yield from _binomial(test)
    else:
        yield from _inverse_variance(test, analysis)
    for place, group in enumerate(test.groups, 1):
        called = f"Group {clean(group.name)} in the test"
        yield from check(
            f"{called}: logit" if test.measure == "logit" else f"{called}: estimate",
            f'made$b[["{place}"]]',
            group.estimate,
            "iterated",
        )
        yield from check(f"{called}: standard error", f'made$se[["{place}"]]', group.se, "iterated")
        yield from check(f"{called}: tau2", f'made$tau2[["{place}"]]', group.tau2, "iterated")
    if test.statistic is not None:
        yield from check(
            f"Differences between groups: {test.kind}", "made$statistic", test.statistic, "iterated"
        )
        code = f"pchisq(made$statistic, {test.df}, lower.tail = FALSE)"
        yield from check("Differences between groups: p", code, test.pvalue, "iterated")
    yield from check("Differences between groups: tau2", "made$shared", test.tau2, "iterated")
    yield from check("Differences between groups: Q within", "made$within", test.q_within, "iterated")
    if test.wald is not None:
        yield from check(
            "Differences between groups: Wald's test", "made$wald", test.wald.statistic, "iterated"
        )
        code = f"pchisq(made$wald, {test.wald.df}, lower.tail = FALSE)"
        yield from check("Differences between groups: its p", code, test.wald.pvalue, "iterated")
    yield ""


def _inverse_variance(test: SubgroupTest, analysis: Analysis) -> Iterator[str]:
    yield "made <- tried({"
    yield f"  {escalc(test.measure)}; within <- 0"
    estimator = str(test.tau2_estimator)
    method = METHODS.get(estimator, estimator.upper())
    ci = analysis.leading.ci
    if test.tau2_common and test.model == "random" and test.q_within_df:
        start = "control = list(threshold = 1e-11, maxiter = 20000, tol = 1e-12{})"
        call = f'rma(yi, vi, mods = ~ 0 + group, data = dat, method = "{method}", {{}})'
        if method in ("REML", "ML"):
            whole = call.format(start.format(", tau2.init = start"))
            yield f"  shared <- best.start(function(start) {whole}, dat$yi, dat$vi)$tau2"
        else:
            yield f"  shared <- {call.format(start.format(''))}$tau2"
    else:
        yield "  shared <- 0"
    yield "  parts <- lapply(split(dat, group), function(d) {"
    yield "    tau2 <- shared"
    if test.model == "random" and not test.tau2_common:
        control = "threshold = 1e-11, maxiter = 20000, tol = 1e-12"
        if method in ("REML", "ML"):
            call = f'rma(yi, vi, data = d, method = "{method}", control = list({control}, tau2.init = start))'
            yield "    if (nrow(d) > 1)"
            yield f"      tau2 <- best.start(function(start) {call}, d$yi, d$vi)$tau2"
        else:
            yield f'    if (nrow(d) > 1) tau2 <- rma(yi, vi, data = d, method = "{method}", control = list({control}))$tau2'
    yield "    w <- 1 / (d$vi + tau2); b <- sum(w * d$yi) / sum(w); w0 <- 1 / d$vi"
    yield "    se <- sqrt(1 / sum(w)); q <- if (nrow(d) > 1) sum(w * (d$yi - b)^2) / (nrow(d) - 1) else 1"
    if test.model == "random" and not test.tau2_common and ci in ("hksj", "hksj-plain"):
        yield "    if (nrow(d) > 1) se <- se * sqrt(" + ("q)" if ci == "hksj-plain" else "max(q, 1))")
    yield "    c(b, se, tau2, sum(w0 * (d$yi - sum(w0 * d$yi) / sum(w0))^2)) })"
    yield "  b <- sapply(parts, `[`, 1); se <- sapply(parts, `[`, 2)"
    yield "  list(b = b, se = se, tau2 = sapply(parts, `[`, 3), within = sum(sapply(parts, `[`, 4)), shared = shared,"
    yield "    statistic = q.between(b, se))"
    yield "})"


def _binomial(test: SubgroupTest) -> Iterator[str]:
    yield "made <- tried({"
    if not test.tau2_common:
        lost = [str(place) for place, group in enumerate(test.groups, 1) if group.estimate is None]
        kept = f"[!levels(group) %in% {r_vector(r_string(place) for place in lost)}]" if lost else ""
        yield f"  best <- sapply(levels(group){kept}, function(g) {{ at <- binomial.maximum(x[group == g], n[group == g])"
        yield "    c(at$mu, sqrt(at$covariance[1, 1]), at$tau^2) })"
        yield "  list(b = best[1, ], se = best[2, ], tau2 = best[3, ], statistic = q.between(best[1, ], best[2, ]))"
    else:
        if any(group.estimate is not None for group in test.groups):
            yield "  at <- grouped.fit(x, n, group)"
        else:
            yield "  at <- list(mu = NULL, se = NULL, covariance = NULL, tau = NA)"
        if test.kind == "likelihood ratio":
            yield "  whole <- grouped.maximum(x, n, group); one <- grouped.maximum(x, n, rep(1, length(x)))"
        else:
            yield "  whole <- list(value = NA, tau = NA); one <- whole"
        yield "  list(b = at$mu, se = at$se, tau2 = sapply(at$mu, function(m) at$tau^2), shared = whole$tau^2,"
        wald = "wald.equal(at$mu, at$covariance)" if test.wald is not None else "NA"
        yield f"    statistic = 2 * (whole$value - one$value), wald = {wald})"
    yield "})"
