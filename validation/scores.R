# tests/reference/scores.csv: wilcox.test(exact = TRUE, conf.int = TRUE) of base R for changes without ties and zeros,
# where R has the exact answer. The changes are the letter's six, a published nine and drawn ones; `changes` lists them.
source("validation/sets.R")

set.seed(20260702, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
drawn <- function(n, shift) round(rnorm(n, shift, 10), 3)

# ?wilcox.test: Hollander & Wolfe (1973), p. 29 f., Hamilton depression scale factor before and after a tranquilizer
before <- c(1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30)
after <- c(0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29)

CHANGES <- list(
  letter = c(0, 2, 2, 1, 5, 0) - c(33, 47, 17, 49, 23, 20),
  hollander1973 = after - before,
  two = c(-3, -7), three = c(-3, -7, 2), five = c(1, -4, 7.5, 2, 12),
  n7 = drawn(7, -4), n8 = drawn(8, 0), n12 = drawn(12, 3), n20 = drawn(20, -6), n45 = drawn(45, 2), n60 = drawn(60, 1)
)

rows <- list()
for (set in names(CHANGES)) for (level in c(0.9, 0.95, 0.99)) {
  x <- CHANGES[[set]]
  stopifnot(!anyDuplicated(abs(x)), all(x != 0))
  found <- suppressWarnings(wilcox.test(x, exact = TRUE, conf.int = TRUE, conf.level = level))
  n <- length(x)
  # What R's interval attains, which it prints to two figures, and only where that is less than asked for.
  lower <- max(qsignrank((1 - level) / 2, n), 1)
  rows[[length(rows) + 1]] <- list(
    set = set, n = n, level = level, statistic = unname(found$statistic), pvalue = found$p.value,
    estimate = unname(found$estimate), low = found$conf.int[1], high = found$conf.int[2],
    attained = 1 - 2 * psignrank(lower - 1, n), changes = paste(formatC(x, digits = 15, width = 1, format = "g"), collapse = " ")
  )
}
write_table(rows, "scores.csv")
