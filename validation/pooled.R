# tests/reference/pooled.csv: metafor's inverse-variance models, with tight convergence,
# each checked against a maximisation (or root) of our own in plain R.
#
# status  ok        metafor answered and our own tau2 agrees: compare with the main columns
#         differs   metafor answered, but stopped early or at a lower maximum: compare with own_*
#         error     metafor gave no answer (the message is in `error`): compare with own_*
# Intervals: ci_* by the row's test; pi_t_* are estimate -+ t(k-1) sqrt(se^2 + tau2), pi_riley_* the
# same with t(k-2), pi_z_* with z. bt_* back-transform estimate and ci (PFT: harmonic mean of n).
source("validation/sets.R")

TIGHT <- list(threshold = 1e-11, maxiter = 20000, tol = 1e-12)
MEASURES <- c("PLO", "PAS", "PFT", "PLN", "PR")
METHODS <- c("EE", "DL", "PM", "REML", "ML", "HS", "SJ", "HE", "EB")
SMALL_SAMPLE <- c("EE", "DL", "PM", "REML") # methods that also get tests knha, adhoc and t

pool_at <- function(tau2, yi, vi) {
  w <- 1 / (vi + tau2)
  list(estimate = sum(w * yi) / sum(w), se = sqrt(1 / sum(w)))
}

q_at <- function(tau2, yi, vi) {
  w <- 1 / (vi + tau2)
  sum(w * (yi - sum(w * yi) / sum(w))^2)
}

loglik_at <- function(tau2, yi, vi, restricted) {
  v <- vi + tau2
  ll <- -0.5 * (length(yi) * log(2 * pi) + sum(log(v)) + q_at(tau2, yi, vi))
  if (restricted) ll <- ll + 0.5 * log(2 * pi) - 0.5 * log(sum(1 / v)) + 0.5 * log(length(yi))
  ll
}

# Global maximum: a fine logarithmic grid, then the root of the derivative in each bracket.
maximise <- function(yi, vi, restricted) {
  slope <- function(tau2) {
    w <- 1 / (vi + tau2)
    r <- yi - sum(w * yi) / sum(w)
    -0.5 * sum(w) + 0.5 * sum(w^2 * r^2) + if (restricted) 0.5 * sum(w^2) / sum(w) else 0
  }
  top <- 100 * (max(yi) - min(yi))^2 + 10 * max(vi)
  grid <- c(0, exp(seq(log(min(vi) * 1e-6), log(top), length.out = 4001)))
  slopes <- vapply(grid, slope, 0)
  peaks <- 0
  for (i in which(slopes[-length(slopes)] > 0 & slopes[-1] <= 0)) {
    peaks <- c(peaks, uniroot(slope, grid[i + 0:1], tol = 1e-15 * grid[i + 1] + 1e-300, maxiter = 10000)$root)
  }
  peaks[which.max(vapply(peaks, loglik_at, 0, yi, vi, restricted))]
}

# Paule-Mandel: the root of Q(tau2) = k - 1, which is decreasing; empirical Bayes has the same solution.
paule_mandel <- function(yi, vi) {
  k <- length(yi)
  if (q_at(0, yi, vi) <= k - 1) return(0)
  top <- max((yi - mean(yi))^2) * k + max(vi)
  uniroot(function(t) q_at(t, yi, vi) - (k - 1), c(0, top), tol = 1e-17 + 1e-15 * top, maxiter = 10000)$root
}

own_tau2 <- function(method, yi, vi) {
  k <- length(yi)
  if (k == 1 || method == "EE") return(0)
  w <- 1 / vi
  q <- q_at(0, yi, vi)
  switch(method,
    DL = max(0, (q - (k - 1)) / (sum(w) - sum(w^2) / sum(w))),
    HS = max(0, (q - k) / sum(w)),
    HE = max(0, var(yi) - mean(vi)),
    SJ = {
      start <- sum((yi - mean(yi))^2) / k
      if (start == 0) 0 else start * q_at(start, yi, vi) / (k - 1)
    },
    PM = paule_mandel(yi, vi),
    EB = paule_mandel(yi, vi),
    ML = maximise(yi, vi, FALSE),
    REML = maximise(yi, vi, TRUE)
  )
}

back <- function(x, measure, n) {
  switch(measure,
    PLO = transf.ilogit(x), PAS = transf.iarcsin(x), PFT = transf.ipft.hm(x, targs = list(ni = n)),
    PLN = exp(x), PR = x
  )
}

one_row <- function(set, measure, method, test) {
  counts <- SETS[[set]]
  es <- escalc(measure = measure, xi = counts$events, ni = counts$n)
  yi <- as.numeric(es$yi)
  vi <- as.numeric(es$vi)
  k <- length(yi)
  fit <- attempt(rma.uni(yi = yi, vi = vi, method = method, test = test, control = TIGHT))
  tau2 <- own_tau2(method, yi, vi)
  own <- pool_at(tau2, yi, vi)
  scale <- q_at(tau2, yi, vi) / (k - 1)
  if (k > 1 && test == "knha") own$se <- own$se * sqrt(scale)
  if (k > 1 && test == "adhoc") own$se <- own$se * sqrt(max(1, scale))
  row <- list(
    dataset = set, measure = measure, method = method, test = test, control = "tight", level = 95, status = "ok", error = "",
    k = k, estimate = NA, se = NA, df = NA, ci_lb = NA, ci_ub = NA, tau2 = NA, I2 = NA, H2 = NA, Q = NA, Qp = NA,
    pi_t_lb = NA, pi_t_ub = NA, pi_riley_lb = NA, pi_riley_ub = NA, pi_z_lb = NA, pi_z_ub = NA,
    bt_estimate = NA, bt_ci_lb = NA, bt_ci_ub = NA, own_tau2 = tau2, own_estimate = own$estimate, own_se = own$se
  )
  if (!is.null(fit$error)) {
    row$status <- "error"
    row$error <- gsub("[\n,]", " ", fit$error)
    return(row)
  }
  row$estimate <- c(fit$beta)
  row$se <- fit$se
  row$df <- if (fit$test == "z") NA else fit$ddf
  row$ci_lb <- fit$ci.lb
  row$ci_ub <- fit$ci.ub
  row$tau2 <- fit$tau2
  row$I2 <- fit$I2
  row$H2 <- fit$H2
  row$Q <- fit$QE
  row$Qp <- fit$QEp
  half <- sqrt(fit$se^2 + fit$tau2)
  if (method != "EE" && k > 1) {
    row$pi_t_lb <- row$estimate - qt(0.975, k - 1) * half
    row$pi_t_ub <- row$estimate + qt(0.975, k - 1) * half
    row$pi_z_lb <- row$estimate - qnorm(0.975) * half
    row$pi_z_ub <- row$estimate + qnorm(0.975) * half
  }
  if (method != "EE" && k > 2) {
    row$pi_riley_lb <- row$estimate - qt(0.975, k - 2) * half
    row$pi_riley_ub <- row$estimate + qt(0.975, k - 2) * half
  }
  row$bt_estimate <- back(row$estimate, measure, counts$n)
  row$bt_ci_lb <- back(row$ci_lb, measure, counts$n)
  row$bt_ci_ub <- back(row$ci_ub, measure, counts$n)
  agrees <- abs(fit$tau2 - tau2) <= 1e-8 + 1e-7 * tau2 &&
    abs(row$estimate - own$estimate) <= 1e-9 + 1e-6 * abs(own$estimate) &&
    abs(row$se - own$se) <= 1e-9 + 1e-6 * own$se
  if (!agrees) row$status <- "differs"
  row
}

rows <- list()
for (set in names(SETS)) for (measure in MEASURES) for (method in METHODS) {
  for (test in if (method %in% SMALL_SAMPLE) c("z", "knha", "adhoc", "t") else "z") {
    if (length(SETS[[set]]$n) == 1 && test != "z") next
    rows[[length(rows) + 1]] <- one_row(set, measure, method, test)
  }
}
cat("status:", capture.output(print(table(vapply(rows, `[[`, "", "status")))), sep = "\n")
write_table(rows, "pooled.csv")
