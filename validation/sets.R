# The data sets, and how the reference tables are written. Sourced by the other scripts,
# which run from the top of the checkout:  Rscript validation/pooled.R
#
# Synthetic sets are literal counts (or drawn once here under a fixed seed), each
# for one reason. Two sets are published: metadat's dat.pritz1997 and dat.debruin2009.

suppressWarnings(suppressPackageStartupMessages({
  library(metafor)
  library(metadat)
}))

set.seed(20260701, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

draw_k30 <- function() {
  n <- 8 + rbinom(30, 60, 0.4)
  list(events = rbinom(30, n, plogis(0.8 + 0.7 * rnorm(30))), n = n)
}

SETS <- list(
  pritz1997      = with(dat.pritz1997, list(events = xi, n = ni)),
  debruin2009    = with(dat.debruin2009, list(events = xi, n = ni)),
  k1             = list(events = 7, n = 20),
  k2             = list(events = c(5, 116), n = c(119, 170)),
  k2_same        = list(events = c(12, 12), n = c(20, 20)),
  k3             = list(events = c(11, 3, 24), n = c(20, 15, 40)),
  k3_near_one    = list(events = c(5, 9, 11), n = c(6, 9, 11)),
  homogeneous    = list(events = c(26, 49, 31, 61, 38, 24, 45, 52), n = c(51, 100, 60, 118, 77, 50, 92, 103)),
  identical      = list(events = c(5, 10, 20, 40, 5, 10), n = c(20, 40, 80, 160, 20, 40)),
  heterogeneous  = list(events = c(3, 28, 9, 40, 17, 6, 31, 22, 12, 50), n = c(25, 40, 33, 52, 61, 30, 38, 70, 19, 66)),
  rare           = list(events = c(0, 1, 0, 2, 0, 0, 3, 1), n = c(40, 85, 22, 310, 64, 18, 150, 97)),
  rare_four      = list(events = c(3, 3, 9, 7), n = c(117, 35, 195, 136)),
  all_events     = list(events = c(6, 9, 11), n = c(6, 9, 11)),
  all_zero       = list(events = c(0, 0), n = c(20, 30)),
  zero_but_one   = list(events = c(0, 0, 0, 2, 0), n = c(30, 12, 45, 60, 25)),
  separated      = list(events = c(6, 0), n = c(6, 5)),
  huge_tiny      = list(events = c(251342, 1, 0, 2, 3, 1, 0, 4), n = c(1e6, 3, 2, 5, 4, 1, 2, 6)),
  extreme        = list(events = c(1, 99, 2, 180, 5, 990, 50, 400), n = c(100, 100, 150, 181, 500, 1000, 51, 800)),
  every_n_one    = list(events = c(1, 0, 1, 1, 0, 1, 0, 1), n = rep(1, 8)),
  near_one       = list(events = c(19, 12, 30, 8, 44, 25), n = c(20, 12, 31, 8, 47, 25)),
  pft_trap       = list(events = c(20, 0, 1, 2, 0), n = c(20000, 7, 50, 800, 12)),
  k30            = draw_k30()
)

SOURCES <- c(
  pritz1997   = "metadat dat.pritz1997 (Pritz 1997 in Zhou, Brizendine & Pritz 1999)",
  debruin2009 = "metadat dat.debruin2009 (de Bruin et al. 2009)"
)

source_of <- function(set) if (set %in% names(SOURCES)) SOURCES[[set]] else "synthetic"

# 15 significant digits; NA is an empty cell.
number <- function(x) ifelse(is.na(x), "", formatC(x, digits = 15, width = 1, format = "g"))

write_table <- function(rows, file) {
  frame <- do.call(rbind, lapply(rows, function(row) as.data.frame(row, stringsAsFactors = FALSE)))
  for (name in names(frame)) {
    if (is.numeric(frame[[name]])) frame[[name]] <- number(frame[[name]])
    frame[[name]][is.na(frame[[name]])] <- ""
  }
  cell <- function(x) ifelse(grepl("[,\"]", x), paste0("\"", gsub("\"", "\"\"", x), "\""), x)
  lines <- do.call(paste, c(lapply(frame, cell), sep = ","))
  path <- file.path("tests", "reference", file)
  writeLines(c(paste(names(frame), collapse = ","), lines), path)
  cat(sprintf("%s: %d rows\n", path, nrow(frame)))
}

# Run quietly; an error becomes a list with its message.
attempt <- function(expression) {
  tryCatch(suppressWarnings(suppressMessages(expression)), error = function(e) list(error = conditionMessage(e)))
}
