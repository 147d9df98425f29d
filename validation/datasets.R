# tests/reference/datasets.csv: the counts every other table refers to.
source("validation/sets.R")

rows <- list()
for (set in names(SETS)) {
  counts <- SETS[[set]]
  for (i in seq_along(counts$n)) {
    rows[[length(rows) + 1]] <- list(
      dataset = set, idx = i, event = counts$events[i], n = counts$n[i], source = source_of(set)
    )
  }
}
write_table(rows, "datasets.csv")
