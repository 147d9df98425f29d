# tests/reference/options.csv: what inverse variance can be asked for beyond the usual, on the logit scale. metafor
# where it has it, and by definition here where it has not.
#
# kind     estimator: metafor's HSk, PMM, and GENQ with weights n; equal: REML, weighted = FALSE; given: REML, weights n;
#          profile: confint(type = "PL") of REML and ML; jackson, biggerstaff-jackson: the roots of the tail of the
#          mixture of chi-squares, its eigenvalues from eigen() and its distribution by Imhof's integral;
#          kenward-roger: the matrices of Kenward and Roger (1997), V = diag(vi + tau2) being linear in tau2, so that
#          no second derivative enters
# status   ok, or null_set where no tau2 fits
source("validation/sets.R")

TIGHT <- list(threshold = 1e-12, tol = 1e-13, maxiter = 20000, tau2.max = 1000)

imhof <- function(q, lambda) {
  # in pieces over which the integrand turns but a few times
  f <- function(u) vapply(u, function(v) {
    sin(0.5 * sum(atan(lambda * v)) - 0.5 * q * v) / (v * exp(0.25 * sum(log1p((lambda * v)^2))))
  }, 0)
  ends <- c(0, 10^seq(-2, 5, 0.125) / max(lambda))
  total <- sum(vapply(seq_along(ends)[-1], function(i) {
    integrate(f, ends[i - 1], ends[i], rel.tol = 1e-10, abs.tol = 1e-14, subdivisions = 2000, stop.on.error = FALSE)$value
  }, 0))
  0.5 + total / pi # P(Q > q)
}

generalised <- function(yi, vi, a, level) {
  P <- diag(a) - outer(a, a) / sum(a)
  q <- sum(a * (yi - sum(a * yi) / sum(a))^2)
  above <- function(tau2) {
    s <- sqrt(vi + tau2)
    lambda <- eigen(s * P * rep(s, each = length(s)), symmetric = TRUE, only.values = TRUE)$values
    imhof(q, lambda[-length(lambda)])
  }
  limit <- function(tail) {
    if (above(0) >= tail) return(0)
    top <- 1
    while (above(top) < tail) top <- top * 4
    uniroot(function(t) above(t) - tail, c(0, top), tol = 1e-13, maxiter = 1000)$root
  }
  tail <- (1 - level) / 2
  c(limit(tail), limit(1 - tail))
}

kenward_roger <- function(vi, tau2) {
  X <- matrix(1, length(vi))
  Vi <- diag(1 / (vi + tau2))
  Phi <- solve(t(X) %*% Vi %*% X)
  P <- -t(X) %*% Vi %*% Vi %*% X
  Q <- t(X) %*% Vi %*% Vi %*% Vi %*% X
  R <- Vi - Vi %*% X %*% Phi %*% t(X) %*% Vi # REML's projection
  W <- 1 / (0.5 * sum(diag(R %*% R))) # variance of tau2: the inverse of its expected information
  adjusted <- Phi + 2 * Phi %*% (W * (Q - P %*% Phi %*% P)) %*% Phi
  c(se = sqrt(adjusted), df = 2 / (W * (adjusted %*% P)^2))
}

rows <- list()
add <- function(...) rows[[length(rows) + 1]] <<- modifyList(
  list(dataset = "", kind = "", method = "", level = 95, status = "ok", estimate = NA, se = NA, tau2 = NA, low = NA, high = NA, df = NA),
  list(...)
)
quick <- c("pritz1997", "k3", "homogeneous", "heterogeneous", "rare_four", "near_one", "extreme", "k2")
for (set in quick) {
  counts <- SETS[[set]]
  es <- escalc(measure = "PLO", xi = counts$events, ni = counts$n)
  yi <- as.numeric(es$yi)
  vi <- as.numeric(es$vi)
  w <- counts$n
  fit <- function(...) rma.uni(yi = yi, vi = vi, control = TIGHT, ...)
  of <- function(kind, method, res) {
    add(
      dataset = set, kind = kind, method = method, estimate = c(res$beta), se = res$se, tau2 = res$tau2,
      low = res$ci.lb, high = res$ci.ub
    )
  }
  for (method in c("HSk", "PMM")) of("estimator", method, fit(method = method))
  of("given", "GENQ", fit(method = "GENQ", weights = w))
  of("given", "REML", fit(method = "REML", weights = w))
  of("equal", "REML", fit(method = "REML", weighted = FALSE))
  for (method in c("REML", "ML")) {
    res <- fit(method = method)
    ci <- confint(res, type = "PL", control = TIGHT)$random
    add(dataset = set, kind = "profile", method = method, tau2 = res$tau2, low = ci["tau^2", "ci.lb"], high = ci["tau^2", "ci.ub"])
  }
  if (set %in% c("pritz1997", "k3", "near_one", "rare_four")) for (level in c(95, 80)) { # each limit takes a second
    for (kind in c("jackson", "biggerstaff-jackson")) {
      limits <- generalised(yi, vi, if (kind == "jackson") 1 / sqrt(vi) else 1 / vi, level / 100)
      status <- if (limits[2] == 0) "null_set" else "ok"
      add(dataset = set, kind = kind, method = "DL", level = level, status = status, low = limits[1], high = limits[2])
    }
  }
  res <- fit(method = "REML")
  kr <- kenward_roger(vi, res$tau2)
  add(dataset = set, kind = "kenward-roger", method = "REML", estimate = c(res$beta), se = kr[["se"]], tau2 = res$tau2, df = kr[["df"]])
}
write_table(rows, "options.csv")
