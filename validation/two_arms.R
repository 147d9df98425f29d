# tests/reference/two_arms.csv: two arms pooled by Debian's metafor: inverse variance (REML), Mantel-Haenszel, Peto and, where
# it can, the binomial GLMMs (the exact conditional one where R's own optimiser ends well).
#
# Models by the names evidence gives them; estimates on the model scale. mh is the Mantel-Haenszel test with its
# continuity correction, tarone the Breslow-Day test with Tarone's.
source("validation/sets.R")

ARMS <- list(
  zeros = data.frame(ai = c(0, 1, 0, 3, 0), n1i = c(20, 25, 30, 40, 15), ci = c(2, 4, 0, 5, 1), n2i = c(22, 24, 31, 42, 15)),
  varied = data.frame(ai = c(1, 3, 2, 5, 4, 12), n1i = c(10, 300, 20, 500, 40, 30), ci = c(10, 4, 1, 3, 6, 5), n2i = c(100, 30, 20, 100, 40, 30)),
  full = data.frame(ai = c(9, 20, 7, 14), n1i = c(9, 25, 8, 20), ci = c(6, 15, 8, 11), n2i = c(10, 24, 8, 19))
)
MEASURES <- c("odds-ratio" = "OR", "risk-ratio" = "RR", "risk-difference" = "RD", "arcsine-difference" = "AS")
TIGHT <- list(threshold = 1e-11, maxiter = 20000)

rows <- list()
keep <- function(set, measure, model, fit) {
  if (!is.null(fit$error)) return(invisible())
  number <- function(x) if (is.null(x)) NA else as.numeric(x)
  rows[[length(rows) + 1]] <<- list(
    set = set, measure = measure, model = model, k = fit$k, estimate = as.numeric(fit$beta), se = fit$se,
    tau2 = if (model %in% c("mantel-haenszel", "peto", "common")) NA else fit$tau2,
    mh = if (model == "mantel-haenszel" && measure == "odds-ratio") number(fit$MH) else NA,
    tarone = if (model == "mantel-haenszel" && measure == "odds-ratio") number(fit$TA) else NA
  )
}
for (set in names(ARMS)) {
  dat <- ARMS[[set]]
  for (measure in names(MEASURES)) {
    m <- MEASURES[[measure]]
    drop <- m %in% c("OR", "RR")
    es <- if (m == "AS") escalc(measure = m, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat, add = 0, to = "none") else
      escalc(measure = m, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat, add = 1/2, to = "only0", drop00 = drop)
    keep(set, measure, "common", attempt(rma(yi, vi, data = es, method = "EE")))
    keep(set, measure, "random", attempt(rma(yi, vi, data = es, method = "REML", control = TIGHT)))
    if (m != "AS") keep(set, measure, "mantel-haenszel", attempt(rma.mh(measure = m, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat, correct = TRUE)))
  }
  keep(set, "odds-ratio", "peto", attempt(rma.peto(ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat)))
  models <- c("conditional-binomial" = "CM.AL", "fixed-studies" = "UM.FS")
  for (model in names(models)) {
    keep(set, "odds-ratio", model, attempt(rma.glmm(measure = "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat, model = models[[model]], nAGQ = 25)))
  }
}
write_table(rows, "two_arms.csv")
