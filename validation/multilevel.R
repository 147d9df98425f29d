# tests/reference/multilevel.csv: metafor's three-level model (rma.mv) with its profile intervals, and cluster-robust
# standard errors by metafor (CR1) and clubSandwich (CR2), of sets.R's tables with rows put into cohorts;
# tests/reference/konstantopoulos2011.csv: the rows of metadat's dat.konstantopoulos2011, a published example.
#
# ci_* of the variances are confint.rma.mv's, with its tolerance made small; of PLO alone: they take seconds.
source("validation/sets.R")
suppressWarnings(suppressPackageStartupMessages(library(clubSandwich)))

CLUSTERS <- list(
  pritz1997     = c(1, 1, 1, 2, 2, 3, 3, 3, 4, 5, 5, 6, 6, 6),
  debruin2009   = c(1, 2, 2, 3, 3, 3, 4, 4, 5, 6, 6, 7, 7),
  homogeneous   = c(1, 1, 2, 2, 3, 3, 4, 4),
  heterogeneous = c(1, 2, 1, 2, 1, 3, 2, 4, 4, 3), # alike within
  rare          = c(1, 1, 1, 2, 2, 3, 4, 4),
  near_one      = c(1, 1, 2, 2, 3, 3),
  k30           = with(SETS$k30, ceiling(rank(events / n, ties.method = "first") / 10) * 2 + 1:30 %% 2)
)
CONTROLS <- list( # the first that converges
  list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-15, maxit = 50000),
  list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15, maxit = 50000),
  list(optimizer = "nlminb", rel.tol = 1e-12)
)

one <- function(yi, vi, cluster, set, measure, method) {
  row <- seq_along(yi)
  for (control in CONTROLS) {
    fit <- attempt(rma.mv(yi, vi, random = ~ 1 | cluster / row, method = method, control = control))
    if (is.null(fit$error)) break
  }
  if (!is.null(fit$error)) stop(set, fit$error)
  limits <- if (measure == "PLO") attempt(confint(fit, control = list(tol = 1e-10))) else list(error = "not asked")
  limit <- function(component, column) {
    if (!is.null(limits$error)) return(NA)
    value <- limits[[component]]$random[1, column]
    if (is.na(value)) NA else value
  }
  cr1 <- attempt(robust(fit, cluster = cluster, adjust = TRUE))
  cr2 <- attempt(coef_test(fit, vcov = "CR2", cluster = cluster))
  flat <- attempt(rma.uni(yi, vi, method = "REML", control = list(threshold = 1e-11, maxiter = 20000)))
  flat2 <- attempt(coef_test(flat, vcov = "CR2", cluster = cluster))
  list(
    dataset = set, measure = measure, method = method, k = length(yi), clusters = length(unique(cluster)),
    estimate = c(fit$beta), se = fit$se, between = fit$sigma2[1], within = fit$sigma2[2], ll = c(logLik(fit)),
    between_low = limit(1, 2), between_high = limit(1, 3), within_low = limit(2, 2), within_high = limit(2, 3),
    cr1_se = cr1$se, cr1_df = length(unique(cluster)) - 1, cr2_se = cr2$SE, cr2_df = cr2$df_Satt,
    uni_tau2 = flat$tau2, uni_cr2_se = flat2$SE, uni_cr2_df = flat2$df_Satt
  )
}

rows <- list()
for (set in names(CLUSTERS)) for (measure in c("PLO", "PAS")) for (method in c("REML", "ML")) {
  counts <- SETS[[set]]
  es <- escalc(measure = measure, xi = counts$events, ni = counts$n)
  rows[[length(rows) + 1]] <- one(as.numeric(es$yi), as.numeric(es$vi), CLUSTERS[[set]], set, measure, method)
}
write_table(rows, "multilevel.csv")
write_table(
  lapply(names(CLUSTERS), function(set) data.frame(dataset = set, idx = seq_along(CLUSTERS[[set]]), cluster = CLUSTERS[[set]])),
  "multilevel_clusters.csv"
)
write_table(list(with(dat.konstantopoulos2011, data.frame(district, study, yi = as.numeric(yi), vi))), "konstantopoulos2011.csv")
