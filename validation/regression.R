# tests/reference/regression.csv: meta-regressions, one row a coefficient, the model's own numbers repeated on each.
#
# engine  metafor  rma.uni, with tight convergence
#         exact    the binomial-normal model by maximum likelihood done here: every study's integral by the trapezoidal
#                  rule on a dense grid, score from posterior moments on it, Newton's method until the score vanishes;
#                  se from the Hessian of the score
# Covariates are made from the row number, so that no further table is needed: moderator 2000 + (3 idx) mod 17, subgroup
# "a" for odd rows and "b" for even ones. pval_perm is permutest(exact = TRUE) on the first 6 studies.
source("validation/sets.R")

TIGHT <- list(threshold = 1e-11, maxiter = 20000, tol = 1e-12)
USED <- c("debruin2009", "heterogeneous", "k30")
METHODS <- c("EE", "DL", "PM", "REML", "ML", "HS", "SJ", "HE", "EB")

covariates <- function(k) {
  idx <- seq_len(k)
  data.frame(moderator = 2000 + (3 * idx) %% 17, subgroup = ifelse(idx %% 2 == 1, "a", "b"))
}

FORMULAS <- list(moderator = ~ moderator, both = ~ moderator + subgroup)

as_rows <- function(set, measure, formula, method, test, engine, names, estimate, se, low, high, model) {
  lapply(seq_along(estimate), function(i) c(
    list(dataset = set, measure = measure, formula = formula, method = method, test = test, engine = engine,
         term = sub("^subgroup(.+)", "subgroup=\\1", names[i]), estimate = estimate[i], se = se[i], ci_lb = low[i], ci_ub = high[i]),
    lapply(model, function(column) if (length(column) > 1) column[i] else column)
  ))
}

EMPTY <- list(tau2 = NA, I2 = NA, R2 = NA, QE = NA, QM = NA, QMp = NA, ll = NA, pval_perm = NA, QMp_perm = NA)

with_metafor <- function(set, measure, formula, method, test, used = Inf, permuted = FALSE) {
  counts <- SETS[[set]]
  rows <- seq_len(min(used, length(counts$n)))
  es <- escalc(measure = measure, xi = counts$events[rows], ni = counts$n[rows])
  es <- cbind(es, covariates(length(rows)))
  fit <- rma.uni(yi, vi, mods = FORMULAS[[formula]], data = es, method = method, test = test, control = TIGHT)
  model <- modifyList(EMPTY, list(tau2 = fit$tau2, I2 = fit$I2, R2 = fit$R2, QE = fit$QE, QM = fit$QM, QMp = fit$QMp,
                                  ll = c(logLik(fit))))
  if (permuted) {
    found <- permutest(fit, exact = TRUE, progbar = FALSE)
    model <- modifyList(model, list(pval_perm = found$pval, QMp_perm = found$QMp))
  }
  as_rows(set, measure, formula, method, test, if (permuted) "permutest" else "metafor", rownames(fit$beta), c(fit$beta),
          fit$se, fit$ci.lb, fit$ci.ub, model)
}

# ---- the binomial-normal model -------------------------------------------------------------------

GRID <- seq(-9, 9, length.out = 3001)

study <- function(x, n, eta, tau) {
  p <- plogis(eta + tau * GRID)
  log_value <- lchoose(n, x) + x * log(p) + (n - x) * log1p(-p) + dnorm(GRID, log = TRUE)
  top <- max(log_value)
  w <- exp(log_value - top)
  total <- sum(w) * (GRID[2] - GRID[1])
  w <- w / sum(w)
  residual <- x - n * p
  list(ll = top + log(total), d_eta = sum(w * residual), d_tau = sum(w * residual * GRID))
}

score <- function(theta, x, n, X) {
  p <- ncol(X)
  eta <- c(X %*% theta[1:p])
  parts <- Map(study, x, n, eta, theta[p + 1])
  list(ll = sum(vapply(parts, `[[`, 0, "ll")),
       score = c(crossprod(X, vapply(parts, `[[`, 0, "d_eta")), sum(vapply(parts, `[[`, 0, "d_tau"))))
}

exact <- function(set, formula) {
  counts <- SETS[[set]]
  x <- counts$events
  n <- counts$n
  raw <- model.matrix(FORMULAS[[formula]], covariates(length(n)))
  X <- raw
  X[, "moderator"] <- X[, "moderator"] - 2008  # centred while climbing; the intercept is moved back below
  start <- glm(cbind(x, n - x) ~ X - 1, family = binomial)
  theta <- c(coef(start), 0.5)
  theta <- optim(theta, function(t) -score(t, x, n, X)$ll, function(t) -score(t, x, n, X)$score, method = "BFGS",
                 control = list(reltol = 1e-14, maxit = 500))$par
  slope <- function(t) {
    h <- 1e-5
    sapply(seq_along(t), function(j) {
      up <- down <- t
      up[j] <- t[j] + h
      down[j] <- t[j] - h
      (score(up, x, n, X)$score - score(down, x, n, X)$score) / (2 * h)
    })
  }
  for (step in 1:6) theta <- theta - solve(slope(theta), score(theta, x, n, X)$score)
  stopifnot(max(abs(score(theta, x, n, X)$score)) < 1e-8, theta[length(theta)] > 0)
  p <- ncol(X)
  V <- solve(-slope(theta))[1:p, 1:p]
  back <- diag(p)
  back[1, 2] <- -2008
  beta <- c(back %*% theta[1:p])
  V <- back %*% V %*% t(back)
  se <- sqrt(diag(V))
  QM <- c(beta[-1] %*% solve(V[-1, -1], beta[-1]))
  model <- modifyList(EMPTY, list(tau2 = theta[p + 1]^2, QM = QM, QMp = pchisq(QM, p - 1, lower.tail = FALSE),
                                  ll = score(theta, x, n, X)$ll))
  names <- sub("(Intercept)", "intrcpt", colnames(raw), fixed = TRUE)
  as_rows(set, "PLO", formula, "GLMM", "z", "exact", names, beta, se, beta - qnorm(.975) * se, beta + qnorm(.975) * se, model)
}

rows <- list()
add <- function(more) rows <<- c(rows, more)
for (set in USED) for (method in METHODS) {
  for (test in if (method %in% c("EE", "REML")) c("z", "t", "knha", "adhoc") else "z") {
    add(with_metafor(set, "PLO", "both", method, test))
  }
}
for (set in USED) for (measure in c("PAS", "PFT")) add(with_metafor(set, measure, "moderator", "REML", "adhoc"))
for (set in USED) for (test in c("z", "adhoc")) add(with_metafor(set, "PLO", "moderator", "REML", test, used = 6, permuted = TRUE))
for (set in USED) for (formula in names(FORMULAS)) add(exact(set, formula))
write_table(rows, "regression.csv")
