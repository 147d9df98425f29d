"""What papers print, recomputed: `audit(review)` -> findings, each a named rule's, nothing ever repaired.

findings    a rule, a finding, and the table of all rules with where they are from
reading     numbers, effects, courses and p values in the words papers print
rounding    whether a number prints as another
people      a report's patients: their values, and whom a condition counts
shares      counts and percentages (GRIM)
summaries   medians, means, ranges and SDs against patients, and by themselves (GRIM, GRIMMER)
agreement   two places that speak of one thing: printed twice, text against table, words against counts
intervals   an interval against its estimate, its scale and its counts
changes     p values of few patients, and a median against a percent change
results     outcomes.csv: percentages, thresholds, strata, denominators
auditing    audit(review) -> Audit
"""
