# tests/reference/tau2_ci.csv: the Q-profile interval of tau2 (REML fits), metafor's confint() with a
# narrow root search, checked against the roots of the Q-profile found here.
#
# status  ok, or null_set where Q(0) lies below both quantiles (tau2_ub is then 0 by convention),
#         or differs, or error; own_tau2_lb and own_tau2_ub are our own roots.
source("validation/sets.R")

root_of <- function(target, yi, vi) {
  q <- function(tau2) {
    w <- 1 / (vi + tau2)
    sum(w * (yi - sum(w * yi) / sum(w))^2)
  }
  if (q(0) <= target) return(0)
  top <- 1
  while (q(top) > target) top <- top * 10
  uniroot(function(t) q(t) - target, c(0, top), tol = 1e-16 * top, maxiter = 10000)$root
}

rows <- list()
for (set in names(SETS)) for (measure in c("PLO", "PAS", "PFT", "PLN", "PR")) for (level in c(95, 90)) {
  counts <- SETS[[set]]
  k <- length(counts$n)
  if (k == 1) next
  es <- escalc(measure = measure, xi = counts$events, ni = counts$n)
  yi <- as.numeric(es$yi)
  vi <- as.numeric(es$vi)
  tail <- (1 - level / 100) / 2
  own <- c(root_of(qchisq(1 - tail, k - 1), yi, vi), root_of(qchisq(tail, k - 1), yi, vi))
  row <- list(
    dataset = set, measure = measure, method = "REML", type = "QP", control = "tight", level = level, status = "ok", error = "",
    tau2_lb = NA, tau2_ub = NA, I2_lb = NA, I2_ub = NA, H2_lb = NA, H2_ub = NA, own_tau2_lb = own[1], own_tau2_ub = own[2]
  )
  # The interval depends on the data alone; method DL never fails and gives the same limits.
  fit <- attempt(rma.uni(yi = yi, vi = vi, method = "DL", level = level))
  ci <- if (is.null(fit$error)) {
    attempt(confint(fit, level = level, control = list(tol = 1e-13, maxiter = 20000, tau2.max = max(100, 2 * own[2]))))
  } else {
    fit
  }
  if (!is.null(ci$error)) {
    row$status <- "error"
    row$error <- gsub("[\n,]", " ", ci$error)
  } else {
    r <- ci$random
    row$tau2_lb <- r["tau^2", "ci.lb"]
    row$tau2_ub <- r["tau^2", "ci.ub"]
    row$I2_lb <- r["I^2(%)", "ci.lb"]
    row$I2_ub <- r["I^2(%)", "ci.ub"]
    row$H2_lb <- r["H^2", "ci.lb"]
    row$H2_ub <- r["H^2", "ci.ub"]
    limits <- c(row$tau2_lb, row$tau2_ub)
    if (anyNA(limits) || own[2] == 0) {
      row$status <- "null_set"
    } else if (any(abs(limits - own) > 1e-9 + 1e-7 * own)) {
      row$status <- "differs"
    }
  }
  rows[[length(rows) + 1]] <- row
}
cat("status:", capture.output(print(table(vapply(rows, `[[`, "", "status")))), sep = "\n")
write_table(rows, "tau2_ci.csv")
