# What checks need that metafor does not have, in base R. Each piece, a comment with its function, is copied into a
# reproduce.R that calls it. Pieces end at an empty line, and have none inside.

# One study's interval.
study.interval <- function(x, n, method, level) {
  tail <- (1 - level) / 2; z <- qnorm(1 - tail); p <- x / n
  centre <- (x + z^2 / 2) / (n + z^2)
  limits <- switch(method,
    "exact" = c(qbeta(tail, x, n - x + 1), qbeta(1 - tail, x + 1, n - x)),  # Clopper and Pearson, as binom.test
    "wilson" = centre + c(-1, 1) * z * sqrt(n * p * (1 - p) + z^2 / 4) / (n + z^2),
    "agresti-coull" = centre + c(-1, 1) * z * sqrt(centre * (1 - centre) / (n + z^2)),
    "jeffreys" = qbeta(c(tail, 1 - tail), x + 1 / 2, n - x + 1 / 2),
    "mid-p" = sapply(c(1 - tail, tail), function(wanted) {
      below <- function(p) pbinom(x - 1, n, p) + dbinom(x, n, p) / 2 - wanted
      if (below(0) * below(1) >= 0) NA else uniroot(below, 0:1, tol = 1e-14)$root
    }))
  c(p, if (x == 0) 0 else max(limits[1], 0), if (x == n) 1 else min(limits[2], 1))
}

# The point at which a falling or rising function is 0; the search goes on beyond `to` where need be.
crossing <- function(f, from, to) {
  for (i in 1:60) if (f(from) * f(to) > 0) to <- to + 2 * (to - from) else break
  uniroot(f, sort(c(from, to)), tol = 1e-11)$root
}

# Where a function of one number, which may have several peaks, is highest: the best of a grid, then closer beside it.
highest <- function(f, grid) {
  heights <- sapply(grid, f); best <- which.max(heights)
  near <- optimize(f, grid[c(max(best - 1, 1), min(best + 1, length(grid)))], maximum = TRUE, tol = 1e-9)
  if (near$objective > heights[best]) list(at = near$maximum, value = near$objective) else
    list(at = grid[best], value = heights[best])
}

# Of several starts of a search the result with the highest likelihood: a likelihood of tau2 can have two maxima, and
# metafor's search finds the one nearest its start.
best.start <- function(fit, yi, vi) {
  starts <- c(0, median(vi) * c(0.1, 1, 10), var(yi) * c(1, 4))
  found <- lapply(starts, function(start) tryCatch(fit(start), error = function(e) NULL))
  found <- Filter(Negate(is.null), found)
  if (length(found) == 0) fit(NULL) else found[[which.max(sapply(found, function(one) c(logLik(one))))]]
}

# I2 and H2 from Q, with the limits by the standard error of ln H (Higgins and Thompson 2002): metafor has those of
# tau2 only. Two studies have no limits unless Q is above 2.
i2.from.q <- function(q, k, level) {
  h <- sqrt(max(q / (k - 1), 1))
  se <- if (q > k) (log(q) - log(k - 1)) / 2 / (sqrt(2 * q) - sqrt(2 * k - 3)) else
    if (k > 2) sqrt(1 / (2 * (k - 2)) * (1 - 1 / (3 * (k - 2)^2))) else NA
  limits <- pmax(h * exp(c(-1, 1) * qnorm((1 + level) / 2) * se), 1)^2
  list(i2 = 1 - 1 / h^2, i2.limits = 1 - 1 / limits, h2 = h^2, h2.limits = limits)
}

# The chance that a weighted sum of squares of standard normals is below q, by Imhof's integral (Biometrika 1961;48:419).
weighted.chisq.below <- function(q, weights) {
  w <- weights[weights > 1e-12 * max(weights)]; scale <- max(w); w <- w / scale; q <- q / scale
  f <- function(u) sapply(u, function(u) if (u == 0) (sum(w) - q) / 2 else
    sin(sum(atan(w * u)) / 2 - q * u / 2) / (u * prod((1 + w^2 * u^2)^(1 / 4))))
  # the ends of whole waves: the sum over them is alternating, and its mean of neighbours settles
  wave <- 2 * pi / max(q, 1e-3)
  parts <- sapply(0:60, function(j) integrate(f, j * wave, (j + 1) * wave, rel.tol = 1e-10, subdivisions = 500)$value)
  sums <- cumsum(parts)
  for (i in 1:30) sums <- (sums[-1] + sums[-length(sums)]) / 2
  1 / 2 - sums[length(sums)] / pi
}

# The interval of tau2 from a Q with fixed weights (Biggerstaff and Jackson 2008; Jackson 2013): metafor has it with the
# package CompQuadForm, and stops its search at steps of 1e-4.
fixed.weights.interval <- function(yi, vi, weights, level) {
  share <- weights / sum(weights); q <- sum(weights * (yi - sum(share * yi))^2)
  form <- diag(weights) - tcrossprod(weights) / sum(weights)
  below <- function(tau2) { s <- sqrt(vi + tau2)
    weighted.chisq.below(q, eigen(form * tcrossprod(s), symmetric = TRUE, only.values = TRUE)$values) }
  sapply(c(1 + level, 1 - level) / 2, function(wanted)
    if (below(0) <= wanted) 0 else crossing(function(tau2) below(tau2) - wanted, 0, var(yi) + min(vi)))
}

# The Q-profile interval of tau2 (Viechtbauer 2007), as metafor's confint, which does not say so where no tau2 fits.
q.profile <- function(yi, vi, level) {
  q <- function(tau2) { w <- 1 / (vi + tau2); sum(w * (yi - sum(w * yi) / sum(w))^2) }
  sapply(qchisq(c(1 + level, 1 - level) / 2, length(yi) - 1), function(wanted)
    if (q(0) <= wanted) 0 else crossing(function(tau2) q(tau2) - wanted, 0, var(yi) + min(vi)))
}

# The normal-normal log-likelihood of the mean and tau2; restricted, of tau2 alone.
normal.likelihood <- function(yi, vi, mean, tau2, restricted = FALSE) {
  w <- 1 / (vi + tau2)
  if (is.null(mean)) mean <- sum(w * yi) / sum(w)
  sum(log(w) - w * (yi - mean)^2) / 2 - if (restricted) log(sum(w)) / 2 else 0
}

# Values of tau2 to look at: 0, and more closely spaced the smaller they are.
tau2.grid <- function(yi, vi) c(0, exp(seq(log(min(vi) / 1e4), log(100 * (diff(range(yi))^2 + max(vi))), length.out = 40)))

# The profile likelihood interval of tau2 (Hardy and Thompson 1996).
tau2.profile <- function(yi, vi, level, restricted) {
  height <- function(tau2) normal.likelihood(yi, vi, NULL, tau2, restricted)
  best <- highest(height, tau2.grid(yi, vi))
  excess <- function(tau2) height(tau2) - best$value + qchisq(level, 1) / 2
  c(if (excess(0) >= 0) 0 else crossing(excess, best$at, 0), crossing(excess, best$at, best$at + min(vi)))
}

# The profile likelihood interval of the mean (Hardy and Thompson 1996), which metafor does not have.
mean.profile <- function(yi, vi, level) {
  grid <- tau2.grid(yi, vi)
  height <- function(mean) highest(function(tau2) normal.likelihood(yi, vi, mean, tau2), grid)$value
  best <- highest(function(tau2) normal.likelihood(yi, vi, NULL, tau2), grid)
  w <- 1 / (vi + best$at); mean <- sum(w * yi) / sum(w); se <- 1 / sqrt(sum(w))
  excess <- function(mean) height(mean) - best$value + qchisq(level, 1) / 2
  c(crossing(excess, mean, mean - se), crossing(excess, mean, mean + se))
}

# The double arcsine taken back at the sample size n (Miller 1978), 0 and 1 where it lies beyond what 0 of n and n of n
# give. metafor's transf.ipft is the same number, but loses half its digits near a half, and beyond the ends.
back.from.double.arcsine <- function(y, n) {
  ends <- (asin(sqrt(c(0, n) / (n + 1))) + asin(sqrt(c(1, n + 1) / (n + 1)))) / 2
  t <- 2 * min(max(y, ends[1]), ends[2])
  cosine <- cos(t) * sqrt(1 + 2 / n - (cos(t) / sin(t) / n)^2)
  if (y <= ends[1]) 0 else if (y >= ends[2]) 1 else (1 - cosine) / 2
}

# Each study's log-likelihood of the binomial-normal model, x of n with logit normal(mu, tau), without the binomial
# coefficient; with its derivatives in mu and tau where asked. The integral over a study's own deviation z is summed in
# equal steps of t, z = mode + width * sinh(t): close together at the peak, far apart in the tails.
study.likelihood <- function(x, n, mu, tau, derivatives = FALSE, step = 0.05) {
  mu <- rep_len(mu, length(x))
  log.count <- function(eta) x * plogis(eta, log.p = TRUE) + (n - x) * plogis(-eta, log.p = TRUE)
  z <- numeric(length(x))
  for (i in 1:100) {
    p <- plogis(mu + tau * z)
    move <- (tau * (x - n * p) - z) / (1 + tau^2 * n * p * (1 - p))
    z <- z + pmin(pmax(move, -1), 1)
    if (max(abs(move)) < 1e-3) break
  }
  width <- 1 / sqrt(1 + tau^2 * n * plogis(mu + tau * z) * plogis(-mu - tau * z))
  t <- seq(-1, 1, length.out = ceiling(2 * asinh(12 / min(width)) / step) + 1) * asinh(12 / min(width))
  at <- z + outer(width, sinh(t)); eta <- mu + tau * at
  logs <- log.count(eta) - at^2 / 2 + rep(log(cosh(t)), each = length(x))
  top <- logs[cbind(seq_along(x), max.col(logs, "first"))]
  mass <- exp(logs - top); total <- rowSums(mass)
  value <- top + log(total * width * (t[2] - t[1]) / sqrt(2 * pi))
  if (!derivatives) return(value)
  mass <- mass / total; p <- plogis(eta)
  expected <- function(what) rowSums(mass * what)
  slope <- x - n * p; bend <- n * p * (1 - p)
  d.mu <- expected(slope); d.tau <- expected(slope * at)
  data.frame(value, d.mu, d.tau, mu.mu = expected(slope^2 - bend) - d.mu^2,
    mu.tau = expected((slope^2 - bend) * at) - d.mu * d.tau, tau.tau = expected((slope^2 - bend) * at^2) - d.tau^2)
}

# The log-likelihood of all studies at one mu (or one for each study) and one tau.
binomial.likelihood <- function(x, n, mu, tau) {
  if (tau == 0) sum(x * plogis(mu, log.p = TRUE) + (n - x) * plogis(-mu, log.p = TRUE)) else
    sum(study.likelihood(x, n, mu, tau))
}

# The highest likelihood with tau held: mu by Newton's method, in which the likelihood is concave near its maximum.
best.mu <- function(x, n, tau, mu = qlogis(sum(x) / sum(n))) {
  for (i in 1:200) {
    at <- study.likelihood(x, n, mu, tau, derivatives = TRUE); p <- plogis(mu)
    bend <- -sum(at$mu.mu); if (bend <= 0) bend <- sum(n) * p * (1 - p) + 1e-6
    move <- min(max(sum(at$d.mu) / bend, -2), 2); mu <- mu + move
    if (abs(move) < 1e-9) break
  }
  list(mu = mu, value = sum(at$value))
}

# Values of tau to look at.
tau.grid <- c(0, exp(seq(log(0.02), log(40), length.out = 22)))

# The maximum of the binomial-normal likelihood, with the covariance of (mu, tau) from its second derivatives. rma.glmm
# fits the same model with lme4, which by default has 7 quadrature nodes, and stops four digits in.
binomial.maximum <- function(x, n) {
  common <- qlogis(sum(x) / sum(n)); at.zero <- binomial.likelihood(x, n, common, 0)
  best <- highest(function(tau) if (tau == 0) at.zero else best.mu(x, n, tau)$value, tau.grid)
  if (best$value <= at.zero + 1e-9 || best$at < 1e-6)
    return(list(mu = common, tau = 0, value = at.zero, common = at.zero,
      covariance = diag(c(1 / sum(n * plogis(common) * plogis(-common)), NA))))
  th <- c(best.mu(x, n, best$at)$mu, best$at)
  for (i in 1:20) {  # Newton's method, to the last digits
    at <- colSums(study.likelihood(x, n, th[1], th[2], derivatives = TRUE))
    bend <- -matrix(at[c("mu.mu", "mu.tau", "mu.tau", "tau.tau")], 2)
    move <- solve(bend, at[c("d.mu", "d.tau")]); th <- th + move
    if (max(abs(move)) < 1e-11) break
  }
  list(mu = th[1], tau = th[2], value = at[["value"]], common = at.zero, covariance = solve(bend))
}

# rma.glmm's answer, unless its search has stopped below the maximum.
at.maximum <- function(glmm, best, x, n) {
  short <- best$value - binomial.likelihood(x, n, c(glmm$b), sqrt(glmm$tau2))
  if (short > 1e-3) stop(sprintf("rma.glmm stopped where the log-likelihood is %.2g below its maximum", short))
  glmm
}

# How far the binomial-normal likelihood, maximised over tau, lies above its maximum less `drop`, by mu.
mu.excess <- function(x, n, best, drop) function(mu)
  highest(function(tau) binomial.likelihood(x, n, mu, tau), tau.grid)$value - best$value + drop

# The profile likelihood interval of mu, where the log-likelihood has fallen by `drop`: half of chi-square's quantile, or
# half of k log(1 + t^2 / (k - 1)), the cut for k studies. A limit beyond 12 logits is infinite.
mu.profile <- function(x, n, best, drop) {
  excess <- mu.excess(x, n, best, drop); step <- sqrt(2 * drop * best$covariance[1, 1])
  sapply(c(-1, 1), function(side) {
    end <- side * (max(side * best$mu, 0) + 12)
    if (excess(end) > 0) side * Inf else crossing(excess, best$mu, best$mu + side * min(step, abs(end - best$mu)))
  })
}

# The profile likelihood interval of tau2 in the binomial-normal model.
binomial.tau2.profile <- function(x, n, best, drop) {
  excess <- function(tau) (if (tau == 0) best$common else best.mu(x, n, tau, best$mu)$value) - best$value + drop
  c(if (excess(0) >= 0) 0 else crossing(excess, best$tau, 0)^2,
    crossing(excess, best$tau, best$tau + max(0.5 * best$tau, 0.5))^2)
}

# The population average, the mean of plogis(mu + tau z): over z, or where tau is large over a logistic variable.
average.proportion <- function(mu, tau) {
  if (tau < 1) { z <- seq(-9, 9, 0.1); return(c(plogis(outer(mu, tau * z, "+")) %*% (dnorm(z) * 0.1))) }
  l <- seq(-40, 40, 0.5)
  c(pnorm(outer(mu, l, "+") / tau) %*% (dlogis(l) * 0.5))
}

# Its logit and the standard error of that by the delta method.
average.with.error <- function(best) {
  a <- average.proportion(best$mu, best$tau); h <- 1e-4
  slope <- function(m, t) (average.proportion(best$mu + m, best$tau + t) -
    average.proportion(best$mu - m, abs(best$tau - t))) / (2 * h) / (a * (1 - a))
  g <- c(slope(h, 0), slope(0, h)); v <- best$covariance
  if (best$tau == 0) { g[2] <- 0; v[2, 2] <- 0 }  # the average is flat in tau there
  c(logit = qlogis(a), se = sqrt(c(g %*% v %*% g)))
}

# The profile likelihood interval of its logit: tau is free, and mu follows it so that the average stays.
average.profile <- function(x, n, best, drop) {
  mu.of <- function(logit, tau) if (tau == 0) logit else
    crossing(function(mu) qlogis(average.proportion(mu, tau)) - logit, 0, logit * sqrt(1 + 0.35 * tau^2) * 1.2 + 0.1 * sign(logit))
  excess <- function(logit) highest(function(tau) binomial.likelihood(x, n, mu.of(logit, tau), tau),
    tau.grid[tau.grid < 30])$value - best$value + drop
  at <- average.with.error(best)
  sapply(c(-1, 1), function(side) crossing(excess, at[[1]], at[[1]] + side * at[[2]]))
}

# Gauss and Legendre's nodes and weights on [-1, 1].
gauss.legendre <- function(nodes) {
  i <- seq_len(nodes - 1); b <- i / sqrt(4 * i^2 - 1); m <- matrix(0, nodes, nodes)
  m[cbind(i, i + 1)] <- b; m[cbind(i + 1, i)] <- b
  e <- eigen(m, symmetric = TRUE)
  list(x = e$values, w = 2 * e$vectors[1, ]^2)
}

# The posterior of the binomial-normal model on a grid of mu and tau, which is finer where the mass is: medians with
# equal tails of the median proportion, of the average, and of a new study's proportion.
posterior <- function(x, n, level, log.mu, log.tau, farthest) {
  if (max(n) > 20000) stop("a study of more than 20000 patients needs a finer grid than is made here")
  centre <- qlogis((sum(x) + 0.5) / (sum(n) + 1)); width <- sqrt(1 / (sum(x) + 0.5) + 1 / (sum(n - x) + 0.5))
  reach <- asinh((c(-60, 60) - centre) / width); u <- seq(reach[1], reach[2], length.out = ceiling(diff(reach) / 0.05))
  mu <- centre + width * sinh(u)
  unit <- min(farthest, sort(sqrt(1 / (x + 0.5) + 1 / (n - x + 0.5)))[min(2, length(x))])
  key <- paste(x, n); one <- !duplicated(key); copies <- c(table(key)[key[one]])  # equal studies are worked once
  heights.at <- function(v) sapply(v, function(v) {
    tau <- unit * sinh(v)
    each <- study.likelihood(rep(x[one], each = length(mu)), rep(n[one], each = length(mu)), rep(mu, sum(one)), tau,
      step = if (tau > 10) 0.02 else 0.1)  # where tau is large a study at 0 or n is a wall in its integrand
    c(matrix(each, length(mu)) %*% copies) + log.mu(mu) + log.tau(tau) + log(cosh(v)) + log(cosh(u))
  })
  rough <- seq(0.01, asinh(farthest / unit), length.out = 20); high <- apply(heights.at(rough), 2, max)
  kept <- range(which(high > max(high) - 20))  # where in tau the mass is
  ends <- c(0, rough, rough[20])[c(if (kept[1] == 1) 1 else kept[1], kept[2] + 2)]
  rule <- gauss.legendre(48); v <- ends[1] + diff(ends) * (rule$x + 1) / 2; tau <- unit * sinh(v)
  heights <- heights.at(v) + rep(log(rule$w), each = length(mu))
  fine <- seq(u[1], u[length(u)], length.out = 3001)
  heights <- pmax(heights, max(heights) - 60)  # a fall of thousands would make the spline swing
  finer <- function(values) apply(values, 2, function(column) splinefun(u, column)(fine))
  heights <- finer(heights); mass <- exp(heights - max(heights)); mass <- mass / sum(mass)
  averages <- finer(sapply(tau, function(t) average.proportion(mu, t)))
  at <- centre + width * sinh(fine)
  below <- function(logit) sum(mass * pnorm(outer(logit - at, tau, "/")))
  up.to <- apply(mass, 2, function(m) cumsum(m) - m / 2)
  below.average <- function(logit) sum(sapply(seq_along(tau), function(j)
    approx(averages[, j], up.to[, j], plogis(logit), yleft = 0, yright = sum(mass[, j]), ties = "ordered")$y))
  quantiles <- function(below) sapply(c(0.5, (1 - level) / 2, (1 + level) / 2), function(wanted)
    plogis(crossing(function(logit) below(logit) - wanted, centre, centre + if (below(centre) < wanted) 1 else -1)))
  list(median = plogis(approx(rowSums(up.to), at, c(0.5, (1 - level) / 2, (1 + level) / 2))$y),
    average = quantiles(below.average), new = function() quantiles(below))
}

# The beta-binomial log-likelihood of the logit of the mean and the overdispersion rho, as sums of logarithms that keep
# their digits at rho = 0 (those of lbeta do not), without binomial coefficients.
beta.binomial.likelihood <- function(x, n) {
  upto <- function(m) unlist(lapply(m, function(m) seq_len(m) - 1))
  yes <- upto(x); no <- upto(n - x); every <- upto(n)
  function(mu, rho) sum(log(plogis(mu) * (1 - rho) + yes * rho)) + sum(log(plogis(-mu) * (1 - rho) + no * rho)) -
    sum(log(1 - rho + every * rho))
}

# Its maximum, with the standard error of mu from its second derivatives.
beta.binomial.maximum <- function(x, n) {
  height <- beta.binomial.likelihood(x, n); common <- qlogis(sum(x) / sum(n)); at.zero <- height(common, 0)
  mu.at <- function(rho) optimize(function(mu) height(mu, rho), common + c(-15, 15), maximum = TRUE, tol = 1e-10)
  phi <- highest(function(phi) mu.at(plogis(phi))$objective, seq(qlogis(1e-3 / max(n)), 9, length.out = 26))
  if (phi$value <= at.zero + 1e-9)
    return(list(mu = common, rho = 0, se = 1 / sqrt(sum(n) * plogis(common) * plogis(-common)), value = at.zero, common = at.zero))
  th <- c(mu.at(plogis(phi$at))$maximum, phi$at)
  f <- function(th) height(th[1], plogis(th[2]))
  for (i in 1:3) { d <- second.derivatives(f, th); th <- th - solve(d$hessian, d$gradient) }
  list(mu = th[1], rho = plogis(th[2]), se = sqrt(solve(-second.derivatives(f, th)$hessian)[1, 1]), value = f(th), common = at.zero)
}

# The gradient of a function and the matrix of its second derivatives, by differences of the fourth order.
second.derivatives <- function(f, at, h = 5e-3) {
  step <- c(-2, -1, 1, 2) * h; first <- c(1, -8, 8, -1) / (12 * h); k <- length(at)
  along <- function(i, s) { e <- numeric(k); e[i] <- s; e }
  hessian <- matrix(0, k, k)
  for (i in seq_len(k)) for (j in seq_len(i)) hessian[i, j] <- hessian[j, i] <- if (i == j)
    sum(c(-1, 16, -30, 16, -1) * sapply(c(-2, -1, 0, 1, 2) * h, function(s) f(at + along(i, s)))) / (12 * h^2) else
    sum(outer(first, first) * outer(step, step, Vectorize(function(s, r) f(at + along(i, s) + along(j, r)))))
  list(gradient = sapply(seq_len(k), function(i) sum(first * sapply(step, function(s) f(at + along(i, s))))), hessian = hessian)
}

# The profile likelihood intervals of the mean's logit and of rho in the beta-binomial model.
beta.binomial.profile <- function(x, n, best, drop) {
  height <- beta.binomial.likelihood(x, n)
  grid <- c(0, plogis(seq(qlogis(1e-3 / max(n)), 9, length.out = 26)))
  of.mu <- function(mu) highest(function(rho) height(mu, rho), grid)$value - best$value + drop
  of.rho <- function(rho) optimize(function(mu) height(mu, rho), best$mu + c(-15, 15), maximum = TRUE, tol = 1e-10)$objective -
    best$value + drop
  list(mu = c(crossing(of.mu, best$mu, best$mu - best$se), crossing(of.mu, best$mu, best$mu + best$se)),
    rho = c(if (best$common - best$value + drop >= 0) 0 else uniroot(of.rho, c(0, best$rho), tol = 1e-12)$root,
      uniroot(of.rho, c(best$rho, 1 - 1e-13), tol = 1e-12)$root))
}

# A new study's proportion by the fitted beta, the logit of its mean uncertain by t: median and equal tails.
beta.binomial.new <- function(best, df, level) {
  wanted <- c(0.5, (1 - level) / 2, (1 + level) / 2)
  if (best$rho == 0) return(plogis(best$mu + best$se * qt(wanted, df)))
  size <- (1 - best$rho) / best$rho
  rule <- gauss.legendre(200); place <- (rule$x + 1) / 2; share <- place^2 * (3 - 2 * place)
  mass <- rule$w / 2 * 6 * place * (1 - place); mu <- best$mu + best$se * qt(share, df)
  below <- function(logit) sum(mass * pbeta(plogis(logit), pmax(size * plogis(mu), 1e-300), pmax(size * plogis(-mu), 1e-300)))
  sapply(wanted, function(w) plogis(uniroot(function(logit) below(logit) - w, c(-700, 700), tol = 1e-11)$root))
}

# Two independent intervals, (estimate, low, high), as the interval of their difference (Zou and Donner 2008); with
# Wilson's intervals it is Newcombe's.
mover <- function(one, other) {
  d <- one[1] - other[1]
  c(d, d - sqrt((one[1] - one[2])^2 + (other[3] - other[1])^2), d + sqrt((one[3] - one[1])^2 + (other[1] - other[2])^2))
}

# Miettinen and Nurminen's score interval of a difference (1985, equations 6 to 9); the variance at the proportions that
# are likeliest given the difference, which are searched for rather than solved for.
miettinen.nurminen <- function(x1, n1, x2, n2, level) {
  estimate <- x1 / n1 - x2 / n2; z <- qnorm((1 + level) / 2)
  score <- function(d) {
    slope <- function(p2) { p1 <- p2 + d
      (if (x1 > 0) x1 / p1 else 0) - (if (x1 < n1) (n1 - x1) / (1 - p1) else 0) + (if (x2 > 0) x2 / p2 else 0) -
        (if (x2 < n2) (n2 - x2) / (1 - p2) else 0) }
    ends <- c(max(0, -d), min(1, 1 - d)); tiny <- 1e-14 * diff(ends); inside <- ends + c(tiny, -tiny)
    p2 <- if (slope(inside[1]) <= 0) ends[1] else if (slope(inside[2]) >= 0) ends[2] else
      uniroot(slope, inside, tol = 1e-16)$root
    p1 <- p2 + d
    v <- (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * (n1 + n2) / (n1 + n2 - 1)
    if (estimate == d) 0 else (estimate - d) / sqrt(max(v, 0))
  }
  limit <- function(end, wanted) { f <- function(d) min(max(score(d), -1e6), 1e6) - wanted
    if (abs(end - estimate) < 1e-15) end else uniroot(f, sort(c(estimate, end - sign(end) * 1e-13)), tol = 1e-14, extendInt = "no")$root }
  c(estimate, limit(-1, z), limit(1, -z))
}

# Koopman's score interval of a ratio (1984): the variance at the proportions that are likeliest given the ratio.
koopman <- function(x1, n1, x2, n2, level) {
  upper <- function(x1, n1, x2, n2) {
    score <- function(log.ratio) {
      r <- exp(log.ratio); a <- (n1 + n2) * r; b <- -(r * (n1 + x2) + n2 + x1); c <- x1 + x2
      p2 <- 2 * c / (-b + sqrt(max(b^2 - 4 * a * c, 0))); p1 <- r * p2
      v <- p1 * (1 - p1) / n1 + r^2 * p2 * (1 - p2) / n2
      (x1 / n1 - r * x2 / n2) / sqrt(v) + qnorm((1 + level) / 2)
    }
    start <- log((x1 + 0.5) / n1 / (x2 / n2))
    exp(uniroot(score, start + c(-0.1, 0.1), extendInt = "downX", tol = 1e-13, maxiter = 10000)$root)
  }
  c(if (x2 == 0) NA else (x1 / n1) / (x2 / n2), if (x1 == 0) 0 else 1 / upper(x2, n2, x1, n1), if (x2 == 0) NA else upper(x1, n1, x2, n2))
}

# The conditional odds ratio with Cornfield's exact interval. fisher.test has the same, but its searches stop at 1.2e-4.
conditional.odds.ratio <- function(x1, n1, x2, n2, level) {
  total <- x1 + x2; seen <- max(0, total - n2):min(n1, total); weights <- dhyper(seen, n1, n2, total, log = TRUE)
  chances <- function(log.or) { w <- weights + log.or * (seen - x1); w <- exp(w - max(w)); w / sum(w) }
  solve.for <- function(f) exp(uniroot(f, c(-1, 1), extendInt = "yes", tol = 1e-12, maxiter = 10000)$root)
  least <- x1 == min(seen); most <- x1 == max(seen); tail <- (1 - level) / 2
  c(if (most) NA else if (least) 0 else solve.for(function(l) sum(chances(l) * seen) - x1),
    if (least) 0 else solve.for(function(l) sum(chances(l)[seen >= x1]) - tail),
    if (most) NA else solve.for(function(l) sum(chances(l)[seen <= x1]) - tail))
}

# Fisher's exact test, two-sided.
fisher <- function(x1, n1, x2, n2) fisher.test(matrix(c(x1, n1 - x1, x2, n2 - x2), 2), conf.int = FALSE)$p.value

# The largest probability of a set of tables, over the common proportion: of unconditional tests.
largest.probability <- function(region) {
  if (all(region)) return(1)
  n1 <- nrow(region) - 1; n2 <- ncol(region) - 1
  chance <- function(angle) { p <- sin(angle)^2; sum(dbinom(0:n1, n1, p) * (region %*% dbinom(0:n2, n2, p))) }
  grid <- seq(0, pi / 2, length.out = ceiling(40 * sqrt(n1 + n2)) + 1); heights <- sapply(grid, chance)
  peaks <- head(order(-heights), 12)
  max(heights, sapply(peaks, function(i) optimize(chance, grid[c(max(i - 1, 1), min(i + 1, length(grid)))], maximum = TRUE,
    tol = 1e-10)$objective))
}

# Boschloo's test: Fisher's one-sided p orders the tables; two-sided it is twice the smaller side.
boschloo <- function(x1, n1, x2, n2) {
  if (n1 * n2 > 2e5) stop("so many tables take long in R")
  less <- outer(0:n1, 0:n2, function(a, b) phyper(a, n1, n2, a + b))
  more <- outer(0:n1, 0:n2, function(a, b) phyper(a - 1, n1, n2, a + b, lower.tail = FALSE))
  side <- function(p) largest.probability(p <= p[x1 + 1, x2 + 1] * (1 + 1e-7))
  min(2 * min(side(less), side(more)), 1)
}

# Barnard's test: the pooled score statistic orders the tables.
barnard <- function(x1, n1, x2, n2) {
  if (n1 * n2 > 2e5) stop("so many tables take long in R")
  squared <- outer(0:n1, 0:n2, function(a, b) { spread <- (a + b) * (n1 + n2 - a - b)
    ifelse(spread > 0, (a * n2 - b * n1)^2 / spread, 0) })
  min(largest.probability(squared >= squared[x1 + 1, x2 + 1] * (1 - 1e-7)), 1)
}

# How many hidden non-responders among the first take Fisher's p above 1 - level.
hidden <- function(x1, n1, x2, n2, level) {
  for (h in 0:5000) if (fisher(x1, n1 + h, x2, n2) > 1 - level) return(h)
  stop("more than 5000")
}

# The highest likelihood of the binomial-normal model with a mu for each group and one tau for all; a group in which all
# or none responded adds nothing to it, its mu being infinite.
grouped.maximum <- function(x, n, group) {
  finite <- sapply(split(x, group), sum) > 0 & sapply(split(n - x, group), sum) > 0
  parts <- split(seq_along(x), group)[finite]
  best.of <- function(i, tau) if (tau == 0) { mu <- qlogis(sum(x[i]) / sum(n[i])); list(mu = mu, value = binomial.likelihood(x[i], n[i], mu, 0)) } else
    best.mu(x[i], n[i], tau)
  found <- highest(function(tau) sum(vapply(parts, function(i) best.of(i, tau)$value, 0)), tau.grid)
  list(value = found$value, tau = found$at, mu = vapply(parts, function(i) best.of(i, found$at)$mu, 0))
}

# The groups' logits with their covariance in that model, by its second derivatives; a group in which all or none responded
# is left out, as its logit is infinite.
grouped.fit <- function(x, n, group) {
  events <- tapply(x, group, sum)[as.character(group)]; others <- tapply(n - x, group, sum)[as.character(group)]
  keep <- events > 0 & others > 0; x <- x[keep]; n <- n[keep]; group <- droplevels(group[keep])
  best <- grouped.maximum(x, n, group); at.zero <- grouped.zero(x, n, group)
  tau <- if (best$value <= at.zero + 1e-9) 0 else best$tau
  th <- best$mu; k <- length(th); own <- as.integer(group)
  if (tau == 0) th <- qlogis(tapply(x, group, sum) / tapply(n, group, sum))
  for (i in 1:20) {
    if (tau == 0) { p <- plogis(th[own]); bend <- diag(c(tapply(n * p * (1 - p), group, sum)), k); break }
    at <- rowsum(as.matrix(study.likelihood(x, n, th[own], tau, derivatives = TRUE)), own)
    bend <- -rbind(cbind(diag(at[, "mu.mu"], k), at[, "mu.tau"]), c(at[, "mu.tau"], sum(at[, "tau.tau"])))
    move <- solve(bend, c(at[, "d.mu"], sum(at[, "d.tau"]))); th <- th + move[seq_len(k)]; tau <- tau + move[k + 1]
    if (max(abs(move)) < 1e-11) break
  }
  covariance <- solve(bend)[seq_len(k), seq_len(k), drop = FALSE]
  list(mu = setNames(c(th), levels(group)), se = setNames(sqrt(diag(covariance)), levels(group)), covariance = covariance, tau = tau)
}

# The likelihood of one proportion a group.
grouped.zero <- function(x, n, group) sum(vapply(split(seq_along(x), group), function(i) {
  mu <- qlogis(sum(x[i]) / sum(n[i])); if (is.finite(mu)) binomial.likelihood(x[i], n[i], mu, 0) else 0 }, 0))

# Q between groups from their estimates and standard errors.
q.between <- function(estimate, se) { w <- 1 / se^2; sum(w * (estimate - sum(w * estimate) / sum(w))^2) }

# Wald's test that groups in one model share a logit.
wald.equal <- function(estimate, covariance) {
  contrast <- cbind(-1, diag(length(estimate) - 1)); d <- contrast %*% estimate
  c(t(d) %*% solve(contrast %*% covariance %*% t(contrast), d))
}
