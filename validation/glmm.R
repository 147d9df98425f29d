# tests/reference/glmm.csv: the binomial-normal model  x_i ~ Bin(n_i, expit(mu + tau z_i)),  z_i ~ N(0, 1).
#
# engine  exact    maximum likelihood done here: every study's integral by the trapezoidal rule on a dense
#                  grid around its own mode (spectrally accurate for these integrands), score and information
#                  from posterior moments on the same grid, all local maxima found from a grid of tau, the
#                  highest polished by Newton's method until the score vanishes
#         metafor  rma.glmm(measure = "PLO", nAGQ = 100), for comparison only: lme4 stops within about 1e-5
#
# status  ok             a finite maximum
#         no_maximum     the likelihood grows without end (all events, none, or separated studies)
#         not_identified tau cannot be told (one study, or every n = 1)
#         error          metafor stopped; its message is in `error`
# Columns of exact rows: se from the observed information at the maximum (at tau2 = 0: the information for mu alone);
# ci_* by z; ci_t_* by t(k-1); pi_t_* estimate -+ t(k-1) sqrt(se^2 + tau2); profile_* and tau2_* limits where the
# profile log-likelihood is qchisq(.95, 1) / 2 below its maximum (tau2_ub empty: above 1e6); average is the
# mean of expit(mu + tau z); lrt tests tau2 = 0 against the binomial-normal model;
# QE_LRT and QE_Wld test the common proportion against one proportion a study (Wald: studies with 0 < x < n).
# ll includes the binomial coefficients.
source("validation/sets.R")

# One study on its own grid: nodes z and the log of the integrand Bin(x | n, expit(mu + tau z)) phi(z).
integrand <- function(z, x, n, mu, tau) {
  eta <- mu + tau * z
  lchoose(n, x) + x * plogis(eta, log.p = TRUE) + (n - x) * plogis(-eta, log.p = TRUE) + dnorm(z, log = TRUE)
}

study_grid <- function(x, n, mu, tau) {
  slope <- function(z) tau * (x - n * plogis(mu + tau * z)) - z
  bound <- tau * n + 1
  mode <- if (tau == 0) 0 else uniroot(slope, c(-bound, bound), tol = 1e-12, maxiter = 10000)$root
  p <- plogis(mu + tau * mode)
  width <- 1 / sqrt(1 + tau^2 * n * p * (1 - p))
  top <- integrand(mode, x, n, mu, tau)
  reach <- function(sign) {
    r <- width
    while (integrand(mode + sign * r, x, n, mu, tau) > top - 60) r <- r * 1.2
    r
  }
  step <- min(0.12 * width, 0.25, if (tau > 0) 0.45 / tau else 1)
  z <- mode + seq(-ceiling(reach(-1) / step), ceiling(reach(1) / step)) * step
  list(z = z, log = integrand(z, x, n, mu, tau) + log(step))
}

# Log-likelihood, score and Hessian in (mu, tau), by Louis' identity.
likelihood <- function(mu, tau, x, n) {
  ll <- 0
  score <- c(0, 0)
  hessian <- matrix(0, 2, 2)
  for (i in seq_along(n)) {
    g <- study_grid(x[i], n[i], mu, tau)
    top <- max(g$log)
    w <- exp(g$log - top)
    ll <- ll + top + log(sum(w))
    w <- w / sum(w)
    p <- plogis(mu + tau * g$z)
    r <- x[i] - n[i] * p
    s <- rbind(r, r * g$z)
    v <- n[i] * p * (1 - p)
    mean_s <- c(s %*% w)
    score <- score + mean_s
    within <- sum(w * v * g$z)
    hessian <- hessian + (s %*% (w * t(s))) - tcrossprod(mean_s) -
      matrix(c(sum(w * v), within, within, sum(w * v * g$z^2)), 2)
  }
  list(ll = ll, score = score, hessian = hessian)
}

# The best mu at a given tau: Newton with halving, then to the root of the score.
best_mu <- function(tau, x, n, start) {
  mu <- start
  here <- likelihood(mu, tau, x, n)
  for (iteration in 1:200) {
    curvature <- -here$hessian[1, 1]
    move <- if (curvature > 0) here$score[1] / curvature else sign(here$score[1])
    move <- max(-2, min(2, move))
    repeat {
      there <- likelihood(mu + move, tau, x, n)
      if (there$ll >= here$ll - 1e-12 * abs(here$ll) || abs(move) < 1e-14) break
      move <- move / 2
    }
    mu <- mu + move
    here <- there
    if (abs(move) < 1e-11 * (1 + abs(mu))) break
  }
  c(list(mu = mu), here)
}

newton <- function(mu, tau, x, n) {
  for (iteration in 1:100) {
    here <- likelihood(mu, tau, x, n)
    move <- solve(here$hessian, here$score)
    shrink <- min(1, 0.5 * tau / abs(move[2]), 1 / abs(move[1]))
    mu <- mu - shrink * move[1]
    tau <- tau - shrink * move[2]
    if (max(abs(move)) < 1e-11) break
  }
  c(list(mu = mu, tau = tau), likelihood(mu, tau, x, n))
}

TAUS <- c(0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.4, 1.7, 2, 2.5, 3, 4, 5, 6, 8, 11, 15, 20, 30, 60, 120, 250)

exact_fit <- function(x, n) {
  pooled <- sum(x) / sum(n)
  if (length(n) == 1 || all(n == 1)) return(list(status = "not_identified"))
  if (pooled == 0 || pooled == 1) return(list(status = "no_maximum"))
  profile <- list()
  mu <- qlogis(pooled)
  for (i in seq_along(TAUS)) {
    profile[[i]] <- best_mu(TAUS[i], x, n, mu)
    mu <- profile[[i]]$mu
  }
  lls <- vapply(profile, `[[`, 0, "ll")
  last <- length(lls)
  if (which.max(lls) >= last - 1) return(list(status = "no_maximum"))
  candidates <- list(c(profile[[1]][c("mu", "ll", "score", "hessian")], tau = 0))
  for (i in which(c(FALSE, diff(sign(diff(lls))) < 0, FALSE))) {
    candidates[[length(candidates) + 1]] <- newton(profile[[i]]$mu, TAUS[i], x, n)
  }
  best <- candidates[[which.max(vapply(candidates, `[[`, 0, "ll"))]]
  best$status <- "ok"
  best$ll_common <- lls[1]
  best$maxima <- length(candidates) - 1 + (lls[1] > lls[2])
  best$se <- if (best$tau == 0) sqrt(-1 / best$hessian[1, 1]) else sqrt(solve(-best$hessian)[1, 1])
  if (best$tau == 0) best$gap <- best$score[1] else best$gap <- max(abs(best$score))
  best
}

DROP <- qchisq(0.95, 1) / 2

# Where the profile over the other parameter falls DROP below the maximum.
tau_limits <- function(best, x, n) {
  fall <- function(tau) best_mu(tau, x, n, best$mu)$ll - (best$ll - DROP)
  low <- 0
  if (best$tau > 0 && fall(0) < 0) low <- uniroot(fall, c(0, best$tau), tol = 1e-11)$root
  high <- max(1, 2 * best$tau)
  while (fall(high) > 0) {
    high <- 2 * high
    if (high > 1000) return(c(low^2, NA))
  }
  c(low^2, uniroot(fall, c(best$tau, high), tol = 1e-11)$root^2)
}

best_tau <- function(mu, x, n) {
  value <- function(tau) likelihood(mu, tau, x, n)$ll
  grid <- c(0, exp(seq(log(0.01), log(1000), length.out = 60)))
  lls <- vapply(grid, value, 0)
  i <- which.max(lls)
  around <- grid[c(max(1, i - 1), min(length(grid), i + 1))]
  # The value at a maximum is flat in tau: 1e-8 in tau is far below 1e-12 in the log-likelihood.
  max(lls[i], optimize(value, around, maximum = TRUE, tol = 1e-8)$objective)
}

mu_limits <- function(best, x, n) {
  fall <- function(mu) best_tau(mu, x, n) - (best$ll - DROP)
  vapply(c(-1, 1), function(sign) {
    far <- best$se
    while (fall(best$mu + sign * far) > 0) {
      far <- far * 1.5
      if (far > 300) return(NA)
    }
    uniroot(fall, sort(best$mu + sign * c(0, far)), tol = 1e-10)$root
  }, 0)
}

average_of <- function(mu, tau) {
  z <- seq(-12, 12, by = min(0.05, 0.3 / max(tau, 1)))
  sum(plogis(mu + tau * z) * dnorm(z)) * (z[2] - z[1])
}

blank <- function(set, engine, k) {
  list(
    dataset = set, engine = engine, method = "ML", status = "", error = "", k = k, estimate = NA, se = NA, ci_lb = NA, ci_ub = NA,
    ci_t_lb = NA, ci_t_ub = NA, pi_t_lb = NA, pi_t_ub = NA, profile_lb = NA, profile_ub = NA, tau2 = NA, tau2_lb = NA, tau2_ub = NA,
    bt_estimate = NA, average = NA, ll = NA, ll_common = NA, lrt = NA, QE_LRT = NA, QE_Wld = NA, maxima = NA
  )
}

exact_row <- function(set) {
  x <- SETS[[set]]$events
  n <- SETS[[set]]$n
  k <- length(n)
  row <- blank(set, "exact", k)
  best <- exact_fit(x, n)
  row$status <- best$status
  if (best$status != "ok") return(row)
  stopifnot(abs(best$gap) < 1e-6) # the polished point is a root of the score
  row$estimate <- best$mu
  row$se <- best$se
  row$ci_lb <- best$mu - qnorm(0.975) * best$se
  row$ci_ub <- best$mu + qnorm(0.975) * best$se
  row$ci_t_lb <- best$mu - qt(0.975, k - 1) * best$se
  row$ci_t_ub <- best$mu + qt(0.975, k - 1) * best$se
  half <- qt(0.975, k - 1) * sqrt(best$se^2 + best$tau^2)
  row$pi_t_lb <- best$mu - half
  row$pi_t_ub <- best$mu + half
  limits <- mu_limits(best, x, n)
  row$profile_lb <- limits[1]
  row$profile_ub <- limits[2]
  row$tau2 <- best$tau^2
  limits <- tau_limits(best, x, n)
  row$tau2_lb <- limits[1]
  row$tau2_ub <- limits[2]
  row$bt_estimate <- plogis(best$mu)
  row$average <- average_of(best$mu, best$tau)
  row$ll <- best$ll
  row$ll_common <- best$ll_common
  row$lrt <- max(0, 2 * (best$ll - best$ll_common))
  p <- x / n
  row$QE_LRT <- 2 * (sum(dbinom(x, n, p, log = TRUE)) - sum(dbinom(x, n, sum(x) / sum(n), log = TRUE)))
  inner <- x > 0 & x < n
  if (any(inner)) {
    w <- (n * p * (1 - p))[inner]
    theta <- qlogis(p[inner])
    row$QE_Wld <- sum(w * (theta - sum(w * theta) / sum(w))^2)
  }
  row$maxima <- best$maxima
  row
}

metafor_row <- function(set) {
  counts <- SETS[[set]]
  row <- blank(set, "metafor", length(counts$n))
  fit <- attempt(rma.glmm(xi = events, ni = n, measure = "PLO", nAGQ = 100, data = as.data.frame(counts)))
  if (!is.null(fit$error)) {
    row$status <- "error"
    row$error <- gsub("[\n,]", " ", fit$error)
    return(row)
  }
  row$status <- "ok"
  row$estimate <- c(fit$beta)
  row$se <- fit$se
  row$ci_lb <- fit$ci.lb
  row$ci_ub <- fit$ci.ub
  row$tau2 <- fit$tau2
  row$bt_estimate <- plogis(c(fit$beta))
  row$QE_LRT <- fit$QE.LRT
  row$QE_Wld <- fit$QE.Wld
  row
}

rows <- list()
for (set in names(SETS)) {
  exact <- exact_row(set)
  peer <- metafor_row(set)
  if (peer$status == "ok" && exact$status != "ok") peer$status <- exact$status
  if (peer$status == "ok" && abs(peer$estimate - exact$estimate) > 1e-3 * (1 + abs(exact$estimate))) peer$status <- "differs"
  rows <- c(rows, list(exact, peer))
  cat(sprintf(
    "%-14s exact %-14s %.9f tau2 %.9f maxima %s | metafor %-8s %.6f tau2 %.6f\n", set, exact$status, exact$estimate, exact$tau2,
    exact$maxima, peer$status, peer$estimate, peer$tau2
  ))
}
write_table(rows, "glmm.csv")
