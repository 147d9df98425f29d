# tests/reference/small_studies.csv: metafor's tests of asymmetry, trim and fill, fail-safe numbers and selection model,
# and LFK indices by an independent computation in plain R.
#
#   test    regtest (lm or rma, predictor sei), size (lm on proportions), peters (lm), ranktest, trimfill, fsn, selmodel, lfk
#   detail  what of it: model, estimator and side, type, alternative
#   a b c d what came out, by test: statistic pvalue slope se | tau pvalue | k0 estimate se tau2 | number pvalue |
#           estimate tau2 delta lrt | index
source("validation/sets.R")

TIGHT <- list(threshold = 1e-11, maxiter = 20000, tol = 1e-12)
CHOSEN <- c("pritz1997", "debruin2009", "homogeneous", "heterogeneous", "rare", "k30", "extreme")
row <- function(set, measure, test, detail, a, b = NA, c = NA, d = NA) {
  list(dataset = set, measure = measure, test = test, detail = detail, a = a, b = b, c = c, d = d)
}

lfk <- function(yi, vi) {
  o <- order(round(yi, 12), vi)
  y <- yi[o]
  w <- 100 * max(vi) / vi[o]
  z <- qnorm((cumsum(w) - w / 2 - 0.5) / sum(w))
  tip <- y[which.min(abs(z))]
  5 / (2 * length(y)) * sum(z + diff(range(z)) / diff(range(y)) * (y - tip))
}

rows <- list()
add <- function(...) rows[[length(rows) + 1]] <<- row(...)
for (set in CHOSEN) {
  xi <- SETS[[set]]$events
  ni <- SETS[[set]]$n
  line <- coef(summary(lm(xi / ni ~ I(1 / sqrt(ni)), weights = ni)))[2, ]
  add(set, "", "size", "", line[3], line[4], line[1], line[2])
  for (measure in c("PLO", "PAS")) {
    dat <- escalc(measure = measure, xi = xi, ni = ni)
    yi <- c(dat$yi)
    vi <- dat$vi
    line <- coef(summary(lm(yi ~ sqrt(vi), weights = 1 / vi)))[2, ]
    add(set, measure, "regtest", "lm", line[3], line[4], line[1], line[2])
    inside <- xi > 0 & xi < ni
    line <- coef(summary(lm(yi ~ I(1 / ni), weights = xi * (ni - xi) / ni, subset = inside)))[2, ]
    add(set, measure, "peters", "", line[3], line[4], line[1], line[2])
    for (method in c("REML", "DL")) {
      mixed <- attempt(rma(yi, vi, mods = ~ sqrt(vi), method = method, control = TIGHT))
      if (is.null(mixed$error)) add(set, measure, "regtest", method, mixed$zval[2], mixed$pval[2], mixed$beta[2], mixed$se[2])
    }
    rank <- suppressWarnings(ranktest(yi, vi))
    add(set, measure, "ranktest", "", rank$tau, rank$pval)
    for (method in c("EE", "REML")) {
      for (estimator in c("L0", "R0", "Q0")) {
        model <- attempt(rma(yi, vi, method = method, control = TIGHT))
        filled <- if (is.null(model$error)) attempt(trimfill(model, estimator = estimator, control = TIGHT)) else model
        if (is.null(filled$error)) {
          add(set, measure, "trimfill", paste(method, estimator, filled$side), filled$k0, filled$beta, filled$se, filled$tau2)
        }
      }
    }
    rosenthal <- fsn(yi, vi, type = "Rosenthal")
    rosenberg <- fsn(yi, vi, type = "Rosenberg")
    add(set, measure, "fsn", "Rosenthal", rosenthal$fsnum, rosenthal$pval)
    add(set, measure, "fsn", "Rosenberg", rosenberg$fsnum, rosenberg$pval)
    add(set, measure, "lfk", "", lfk(yi, vi))
    if (measure == "PLO") {
      for (alternative in c("greater", "less")) {
        ml <- attempt(rma(yi, vi, method = "ML"))
        fit <- if (is.null(ml$error)) {
          tryCatch(selmodel(ml, type = "stepfun", steps = 0.025, alternative = alternative), warning = function(w) NULL, error = function(e) NULL)
        }
        if (!is.null(fit)) add(set, measure, "selmodel", alternative, fit$beta[1], fit$tau2, fit$delta[2], fit$LRT)
      }
    }
  }
}
write_table(rows, "small_studies.csv")
