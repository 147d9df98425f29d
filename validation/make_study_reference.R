# One study and two groups: what R answers to the same counts.
#
#   Rscript validation/make_study_reference.R      (from the top of the checkout; seconds)
#
# writes tests/reference/proportions_{intervals,effects,inverse}.csv and
# comparison_{exact,score}.csv. Counts are synthetic. Where R prints an interval only to
# the tolerance of its root finder, the limit is solved again here, tightly, from R's own
# distribution functions.

source(file.path("validation", "sets.R"))

TIGHT <- 1e-15
LEVELS <- c(0.5, 0.9, 0.95, 0.999)

root <- function(f, low, high) uniroot(f, c(low, high), tol = TIGHT, maxiter = 10000)$root

# --- one study ------------------------------------------------------------------

ONE <- do.call(rbind, lapply(c(1, 2, 6, 11, 26, 107, 1000), function(n) {
  data.frame(events = unique(pmin(n, c(0, 1, floor(n / 3), floor(n / 2), n - 1, n))), n = n)
}))

intervals <- function(x, n, level) {
  tail <- (1 - level) / 2
  z <- qnorm(1 - tail)
  shrunken <- (x + z^2 / 2) / (n + z^2)
  half <- z * sqrt(shrunken * (1 - shrunken) / (n + z^2))
  mid <- function(target) {
    root(function(p) pbinom(x, n, p, lower.tail = FALSE) + dbinom(x, n, p) / 2 - target, 0, 1)
  }
  limits <- list(
    exact           = as.numeric(binom.test(x, n, conf.level = level)$conf.int),
    wilson          = as.numeric(suppressWarnings(prop.test(x, n, conf.level = level, correct = FALSE))$conf.int),
    `agresti-coull` = c(shrunken - half, shrunken + half),
    jeffreys        = qbeta(c(tail, 1 - tail), x + 0.5, n - x + 0.5),
    `mid-p`         = c(if (x == 0) 0 else mid(tail), if (x == n) 1 else mid(1 - tail))
  )
  lapply(names(limits), function(method) {
    low <- if (x == 0) 0 else max(0, limits[[method]][1])
    high <- if (x == n) 1 else min(1, limits[[method]][2])
    list(events = x, n = n, level = level, method = method, low = low, high = high)
  })
}

write_table(
  unlist(lapply(LEVELS, function(level) {
    unlist(Map(intervals, ONE$events, ONE$n, level), recursive = FALSE)
  }), recursive = FALSE),
  "proportions_intervals.csv"
)

MEASURES <- c(logit = "PLO", arcsine = "PAS", `double-arcsine` = "PFT", log = "PLN", raw = "PR")

write_table(
  unlist(lapply(names(MEASURES), function(measure) {
    effects <- escalc(measure = MEASURES[[measure]], xi = ONE$events, ni = ONE$n)
    Map(
      function(x, n, yi, vi) list(events = x, n = n, measure = measure, yi = yi, vi = vi),
      ONE$events, ONE$n, as.numeric(effects$yi), effects$vi
    )
  }), recursive = FALSE),
  "proportions_effects.csv"
)

INVERSES <- list(
  logit            = function(y, n) transf.ilogit(y),
  arcsine          = function(y, n) transf.iarcsin(y),
  `double-arcsine` = function(y, n) transf.ipft(y, n),
  log              = function(y, n) exp(y),
  raw              = function(y, n) y
)
VALUES <- list(
  logit = c(-30, -2, 0, 0.3, 5), arcsine = c(0, 0.01, 0.5, 1.2, pi / 2),
  `double-arcsine` = c(0.3, 0.5, pi / 4, 1, 1.3), log = c(-20, -1, -0.01, 0), raw = c(0, 0.2, 1)
)

write_table(
  unlist(lapply(names(INVERSES), function(measure) {
    unlist(lapply(c(5.5, 40, 1000), function(n) {
      lapply(VALUES[[measure]], function(y) {
        list(measure = measure, y = y, n = n, proportion = INVERSES[[measure]](y, n))
      })
    }), recursive = FALSE)
  }), recursive = FALSE),
  "proportions_inverse.csv"
)

# --- two groups -------------------------------------------------------------------

TWO <- rbind(
  c(6, 6, 24, 49), c(24, 49, 6, 6), c(6, 6, 68, 107), c(56, 70, 48, 80), c(36, 40, 16, 80), c(9, 10, 3, 10),
  c(6, 7, 2, 7), c(5, 56, 0, 29), c(0, 10, 0, 20), c(0, 10, 0, 10), c(10, 10, 0, 20), c(10, 10, 0, 10),
  c(7, 7, 9, 9), c(1, 1, 0, 1), c(0, 1, 1, 2), c(1, 900, 30, 1000), c(480, 900, 500, 1000), c(3, 12, 300, 1000)
)

# Limits of the conditional odds ratio from the noncentral distribution on the whole support.
conditional <- function(x1, n1, x2, n2, level) {
  tail <- (1 - level) / 2
  support <- max(0, x1 + x2 - n2):min(n1, x1 + x2)
  logs <- dhyper(support, n1, n2, x1 + x2, log = TRUE)
  probabilities <- function(log_or) {
    d <- logs + support * log_or
    d <- exp(d - max(d))
    d / sum(d)
  }
  solve <- function(f) exp(root(f, -60, 60))
  if (length(support) == 1) return(rep(NA, 3))
  at_least <- x1 == min(support)
  at_most <- x1 == max(support)
  c(
    if (at_least) 0 else if (at_most) NA else solve(function(l) sum(support * probabilities(l)) - x1),
    if (at_least) 0 else solve(function(l) sum(probabilities(l)[support >= x1]) - tail),
    if (at_most) NA else solve(function(l) sum(probabilities(l)[support <= x1]) - tail)
  )
}

exact <- function(x1, n1, x2, n2, level) {
  table <- matrix(c(x1, n1 - x1, x2, n2 - x2), 2)
  fisher <- fisher.test(table, conf.level = level)
  tight <- conditional(x1, n1, x2, n2, level)
  finite <- function(v) if (is.finite(v)) v else NA
  list(
    events1 = x1, n1 = n1, events2 = x2, n2 = n2, level = level, fisher_pvalue = fisher$p.value,
    fisher_or = finite(fisher$estimate), fisher_low = finite(fisher$conf.int[1]), fisher_high = finite(fisher$conf.int[2]),
    or = tight[1], low = tight[2], high = tight[3]
  )
}

each_pair <- function(f) {
  unlist(lapply(c(0.9, 0.95), function(level) {
    lapply(seq_len(nrow(TWO)), function(i) f(TWO[i, 1], TWO[i, 2], TWO[i, 3], TWO[i, 4], level))
  }), recursive = FALSE)
}

write_table(each_pair(exact), "comparison_exact.csv")

wilson <- function(x, n, level) suppressWarnings(prop.test(x, n, conf.level = level, correct = FALSE))$conf.int

# Score limits, as the places where a profile of chi-square crosses its quantile. The restricted
# proportions come from a search for the largest likelihood, not from a formula.
restricted <- function(x1, n1, x2, n2, first_of, low, high) {
  log_likelihood <- function(p2) {
    dbinom(x1, n1, min(max(first_of(p2), 0), 1), log = TRUE) + dbinom(x2, n2, p2, log = TRUE)
  }
  p2 <- if (low < high) optimize(log_likelihood, c(low, high), maximum = TRUE, tol = 1e-12)$maximum else low
  ends <- c(low, p2, high)
  p2 <- ends[which.max(sapply(ends, log_likelihood))]
  c(min(max(first_of(p2), 0), 1), p2)
}

difference_score <- function(x1, n1, x2, n2, d) {
  p <- restricted(x1, n1, x2, n2, function(p2) p2 + d, max(0, -d), min(1, 1 - d))
  gap <- x1 / n1 - x2 / n2 - d
  variance <- (p[1] * (1 - p[1]) / n1 + p[2] * (1 - p[2]) / n2) * (n1 + n2) / (n1 + n2 - 1)
  if (gap == 0) 0 else gap / sqrt(variance)
}

ratio_score <- function(x1, n1, x2, n2, r) {
  p <- restricted(x1, n1, x2, n2, function(p2) r * p2, 0, min(1, 1 / r))
  gap <- x1 / n1 - r * x2 / n2
  variance <- p[1] * (1 - p[1]) / n1 + r^2 * p[2] * (1 - p[2]) / n2
  if (gap == 0) 0 else gap / sqrt(variance)
}

score <- function(x1, n1, x2, n2, level) {
  z <- qnorm((1 + level) / 2)
  d <- x1 / n1 - x2 / n2
  one <- wilson(x1, n1, level)
  two <- wilson(x2, n2, level)
  upper <- function(x1, n1, x2, n2) {
    d <- x1 / n1 - x2 / n2
    if (d == 1) 1 else root(function(v) difference_score(x1, n1, x2, n2, v) + z, d, 1 - 1e-9)
  }
  upper_ratio <- function(x1, n1, x2, n2) {
    if (x2 == 0) return(NA)
    start <- if (x1 == 0) -20 else log(x1 / n1 / (x2 / n2))
    exp(root(function(v) ratio_score(x1, n1, x2, n2, exp(v)) + z, start, start + 40))
  }
  list(
    events1 = x1, n1 = n1, events2 = x2, n2 = n2, level = level, difference = d,
    newcombe_low = d - sqrt((x1 / n1 - one[1])^2 + (two[2] - x2 / n2)^2),
    newcombe_high = d + sqrt((one[2] - x1 / n1)^2 + (x2 / n2 - two[1])^2),
    mn_low = -upper(x2, n2, x1, n1), mn_high = upper(x1, n1, x2, n2),
    koopman_low = if (x1 == 0) { if (x2 == 0) NA else 0 } else 1 / upper_ratio(x2, n2, x1, n1),
    koopman_high = upper_ratio(x1, n1, x2, n2)
  )
}

write_table(each_pair(score), "comparison_score.csv")
