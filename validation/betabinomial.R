# tests/reference/betabinomial.csv: the beta-binomial model  x_i ~ Bin(n_i, p_i),  p_i ~ Beta(a, b)
# with mean m = a / (a + b), mu = logit(m), and overdispersion rho = 1 / (a + b + 1).
#
# Base R alone: the likelihood by lbeta, its gradient by digamma, for each rho the root of the slope in mu, then the root
# of the slope in rho beside the best of a grid. rho = 0 is the binomial.
#
# status  ok             a finite maximum; where it lies at rho = 0 (no slope upward there, nothing on the grid higher)
#                        mu and se are the binomial's
#         no_maximum     nobody or everybody responded in every study
#         one_study      nothing to estimate rho from
# se from the observed information of (mu, rho), gradients differenced; ll without binomial coefficients; profile_*, rho_lb
# and rho_ub where the profile log-likelihood is qchisq(.95, 1) / 2 below its maximum; ci_t_* by t(k - 1).
source("validation/sets.R")

DROP <- qchisq(0.95, 1) / 2

height <- function(mu, rho, x, n) {
  if (rho == 0) return(sum(x * plogis(mu, log.p = TRUE) + (n - x) * plogis(-mu, log.p = TRUE)))
  s <- (1 - rho) / rho
  a <- plogis(mu) * s
  b <- plogis(-mu) * s
  sum(lbeta(x + a, n - x + b) - lbeta(a, b))
}

gradient <- function(mu, rho, x, n) {
  m <- plogis(mu)
  inner <- m * plogis(-mu)
  if (rho == 0) {
    # the slope in rho: each study's (r - m) / m summed over r < x, and so on
    up <- sum(x * (x - 1) / 2 / m - x + (n - x) * (n - x - 1) / 2 / (1 - m) - (n - x) - n * (n - 1) / 2 + n)
    return(c(sum(x - n * m), up))
  }
  s <- (1 - rho) / rho
  a <- m * s
  b <- (1 - m) * s
  all <- digamma(n + s) - digamma(s)
  da <- sum(digamma(x + a) - digamma(a) - all)
  db <- sum(digamma(n - x + b) - digamma(b) - all)
  c(inner * s * (da - db), -(m * da + (1 - m) * db) / rho^2)
}

best_mu <- function(rho, x, n) {
  if (rho == 0) return(qlogis(sum(x) / sum(n)))
  uniroot(function(mu) gradient(mu, rho, x, n)[1], c(-25, 25), tol = 1e-13, maxiter = 1000)$root
}

GRID <- plogis(seq(-9, 7, by = 0.25))

best_rho <- function(x, n, mu = NULL) {
  at <- function(rho) if (is.null(mu)) best_mu(rho, x, n) else mu
  lls <- vapply(GRID, function(rho) height(at(rho), rho, x, n), 0)
  i <- which.max(lls)
  slope <- function(s) gradient(at(plogis(s)), plogis(s), x, n)[2]
  lower <- if (i == 1) -18 else qlogis(GRID[i - 1])
  if (i == 1 && gradient(at(0), 0, x, n)[2] <= 0) return(0)
  plogis(uniroot(slope, c(lower, qlogis(GRID[min(i + 1, length(GRID))])), tol = 1e-13, maxiter = 1000)$root)
}

hessian <- function(mu, rho, x, n) {
  along <- function(direction, h) (
    8 * (gradient(mu + h * direction[1], rho + h * direction[2], x, n) - gradient(mu - h * direction[1], rho - h * direction[2], x, n)) -
      (gradient(mu + 2 * h * direction[1], rho + 2 * h * direction[2], x, n) - gradient(mu - 2 * h * direction[1], rho - 2 * h * direction[2], x, n))
  ) / (12 * h)
  rbind(along(c(1, 0), 1e-3), along(c(0, 1), 1e-3 * min(rho, 1 - rho)))
}

limits <- function(fall, centre, step, floor = -Inf, ceiling = Inf) {
  vapply(c(-1, 1), function(sign) {
    far <- centre + sign * step
    while (far > floor && far < ceiling && fall(far) > 0) {
      step <- 1.5 * step
      far <- centre + sign * step
    }
    uniroot(fall, sort(c(centre, max(floor, min(ceiling, far)))), tol = 1e-12)$root
  }, 0)
}

row_of <- function(set) {
  x <- SETS[[set]]$events
  n <- SETS[[set]]$n
  k <- length(n)
  row <- list(
    dataset = set, status = "ok", k = k, mu = NA, se = NA, rho = NA, ll = NA, ll_common = NA, ci_t_lb = NA, ci_t_ub = NA,
    profile_lb = NA, profile_ub = NA, rho_lb = NA, rho_ub = NA
  )
  if (k == 1) row$status <- "one_study"
  else if (!any(x > 0 & x < n)) row$status <- "no_maximum"
  if (row$status != "ok") return(row)
  rho <- best_rho(x, n)
  mu <- best_mu(rho, x, n)
  row$ll_common <- height(best_mu(0, x, n), 0, x, n)
  row$ll <- height(mu, rho, x, n)
  if (rho == 0) row$se <- 1 / sqrt(sum(n) * plogis(mu) * plogis(-mu))
  else row$se <- sqrt(solve(-hessian(mu, rho, x, n))[1, 1])
  row$mu <- mu
  row$rho <- rho
  half <- qt(0.975, k - 1) * row$se
  row$ci_t_lb <- mu - half
  row$ci_t_ub <- mu + half
  side <- limits(function(at) height(at, best_rho(x, n, at), x, n) - row$ll + DROP, mu, row$se)
  row$profile_lb <- side[1]
  row$profile_ub <- side[2]
  fall <- function(at) height(best_mu(at, x, n), at, x, n) - row$ll + DROP
  row$rho_lb <- if (fall(0) >= 0) 0 else uniroot(fall, c(1e-9, rho), tol = 1e-13)$root
  row$rho_ub <- uniroot(fall, c(max(rho, 1e-9), 1 - 1e-9), tol = 1e-13)$root
  row
}

# Sets with a million patients in one study have no digits left in lbeta, and are compared in Python instead.
rows <- lapply(names(Filter(function(set) max(set$n) < 1e5, SETS)), row_of)
for (row in rows) cat(sprintf("%-14s %-10s mu %.9f rho %.9f\n", row$dataset, row$status, row$mu, row$rho))
write_table(rows, "betabinomial.csv")
