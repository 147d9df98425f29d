"""How a comparison explains itself: the methods paragraph, and the same contrasts in R."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evidence.analysis.results import Compared, Contrast, StudyRow
from evidence.report.characters import clean
from evidence.report.compared.words import side
from evidence.report.explaining import printed, r_head

DIFFERENCES: Mapping[str, str] = {
    "newcombe": "Newcombe's hybrid score interval [newcombe1998]",
    "miettinen-nurminen": "Miettinen and Nurminen's score interval [miettinen1985]",
}
TESTS: Mapping[str, str] = {
    "fisher": "Fisher's exact test",
    "boschloo": "Boschloo's exact unconditional test",
    "barnard": "Barnard's exact unconditional test",
}


def methods(compared: Compared) -> str:
    """The paragraph, written from the methods used, with its references."""
    return printed(" ".join(_sentences(compared))) + "\n"


def _sentences(compared: Compared) -> Iterator[str]:
    used = [contrast.comparison for contrast in compared.comparisons]
    differences = [
        DIFFERENCES[kind] for kind in DIFFERENCES if any(c.difference_method == kind for c in used)
    ]
    if differences:
        said = f"Two proportions were compared by their difference with {' or '.join(differences)}"
        if any(c.ratio_method for c in used):
            said += ", by their ratio with Koopman's score interval [koopman1984]"
        if any(c.odds_ratio_method for c in used):
            said += " and by the conditional odds ratio with its exact interval [cornfield1956]"
        yield f"{said}."
    if any(c.difference_method.startswith("MOVER") for c in used):
        yield (
            "A pool was compared with a single proportion by the difference of two independent estimates, their limits "
            "being combined by the method of variance estimates recovery, in the manner of [newcombe1998]."
        )
    test = (used[0].test or "").partition(",")[0]
    if test in TESTS:
        many = (
            ", on the summed counts where a side is a pool"
            if any("summed" in (c.test or "") for c in used)
            else ""
        )
        yield f"The one test is {TESTS[test]}, two-sided{many}."
    if any(contrast.kind == "naive" for contrast in compared.comparisons):
        yield "Naive comparisons are not randomised, not anchored by a common control and not adjusted."
    level = f"{100 * used[0].difference.level:.6g}"
    yield f"All intervals are {level} % intervals. The analysis was made with evidence {compared.version} (Python)."


def r_code(compared: Compared) -> str:
    """Fisher's test, the conditional odds ratio and Newcombe's interval by base R, for each pair of counts."""
    parts = [
        r_head(packages=()),
        "wilson <- function(x, n, level) prop.test(x, n, conf.level = level, correct = FALSE)$conf.int",
        "newcombe <- function(x, n, level) {",
        "  p <- x / n; a <- wilson(x[1], n[1], level); b <- wilson(x[2], n[2], level)",
        "  c(difference = p[1] - p[2], low = p[1] - p[2] - sqrt((p[1] - a[1])^2 + (b[2] - p[2])^2),",
        "    high = p[1] - p[2] + sqrt((a[2] - p[1])^2 + (p[2] - b[1])^2))",
        "}",
    ]
    for contrast in compared.comparisons:
        parts += ["", *_call(compared, contrast)]
    return "\n".join(parts) + "\n"


def _call(compared: Compared, contrast: Contrast) -> Iterator[str]:
    one, other = (side(compared, name) for name in (contrast.ours, contrast.against))
    yield f"# {clean(contrast.ours)} against {clean(contrast.against)}"
    if not (isinstance(one, StudyRow) and isinstance(other, StudyRow)):
        yield "# a side is a pool: its interval is evidence pool --show-r's, and is put together with the other's by hand"
        return
    level = f"{contrast.comparison.difference.level:g}"
    yield f"x <- c({one.events}, {other.events}); n <- c({one.n}, {other.n})"
    if contrast.comparison.difference_method == "newcombe":
        yield f"print(newcombe(x, n, {level}), digits = 6)"
    else:
        yield "# Miettinen and Nurminen's interval and Koopman's ratio are in no package that comes with R"
    yield f"fisher.test(cbind(x, n - x), conf.level = {level})"
