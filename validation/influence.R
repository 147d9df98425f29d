# tests/reference/influence.csv: metafor's leave1out, cumul, influence, baujat, blup and gosh, with tight convergence.
#
# what  leave-one-out   row i: without study i (estimate, se, tau2, q)
#       cumulative      row i: of studies 1 to i, tau2 as well
#       influence       row i: study i (rstudent, dffits, cook, cov_r, tau2, q, hat, dfbetas, rstandard, baujat, blup)
#       gosh            row i: the subset whose number in binary says which studies it has, the first the lowest bit
# `name` is the quantity, `value` metafor's. Synthetic and published sets of sets.R; few, so that the table stays small.
source("validation/sets.R")

TIGHT <- list(threshold = 1e-11, maxiter = 20000, tol = 1e-12)
rows <- list()
add <- function(dataset, measure, method, what, i, ...) {
  values <- list(...)
  for (name in names(values)) {
    rows[[length(rows) + 1]] <<- list(dataset = dataset, measure = measure, method = method, what = what, i = i,
                                      name = name, value = values[[name]])
  }
}

for (dataset in c("pritz1997", "heterogeneous", "k3")) {
  set <- SETS[[dataset]]
  for (case in list(c("PLO", "EE"), c("PLO", "REML"), c("PLO", "DL"), c("PLO", "PM"), c("PAS", "REML"))) {
    measure <- case[1]
    method <- case[2]
    effects <- escalc(measure = measure, xi = set$events, ni = set$n)
    fit <- rma(yi, vi, data = effects, method = method, control = TIGHT)
    left <- leave1out(fit)
    so_far <- cumul(fit)
    for (i in seq_along(set$n)) {
      add(dataset, measure, method, "leave-one-out", i, estimate = left$estimate[i], se = left$se[i],
          q = left$Q[i], tau2 = if (method == "EE") 0 else left$tau2[i])
      add(dataset, measure, method, "cumulative", i, estimate = so_far$estimate[i], se = so_far$se[i],
          q = so_far$Q[i], tau2 = if (method == "EE") 0 else so_far$tau2[i])
    }
    if (method %in% c("REML", "EE")) {
      found <- influence(fit)
      pdf(NULL)
      spread <- baujat(fit)
      invisible(dev.off())
      standard <- rstandard(fit)
      for (i in seq_along(set$n)) {
        add(dataset, measure, method, "influence", i, rstudent = found$inf$rstudent[i], dffits = found$inf$dffits[i],
            cooks = found$inf$cook.d[i], covariance = found$inf$cov.r[i], tau2 = found$inf$tau2.del[i],
            q = found$inf$QE.del[i], hat = found$inf$hat[i], dfbetas = found$dfbs$intrcpt[i],
            rstandard = standard$z[i], baujat_x = spread$x[i], baujat_y = spread$y[i],
            influential = as.numeric(found$is.infl[i]))
        if (method == "REML") add(dataset, measure, method, "influence", i, blup = blup(fit)$pred[i], blup_se = blup(fit)$se[i])
      }
    }
  }
}

set <- lapply(SETS$heterogeneous, head, 5)
effects <- escalc(measure = "PLO", xi = set$events, ni = set$n)
for (method in c("EE", "DL", "REML", "PM")) {
  fit <- rma(yi, vi, data = effects, method = method, control = TIGHT)
  found <- gosh(fit, progbar = FALSE)
  for (row in seq_len(nrow(found$res))) {
    bits <- sum(2^(which(found$incl[row, ]) - 1))
    add("heterogeneous:5", "PLO", method, "gosh", bits, estimate = found$res$estimate[row],
        tau2 = if (method == "EE") 0 else found$res$tau2[row], q = found$res$QE[row])
  }
}

write_table(rows, "influence.csv")
