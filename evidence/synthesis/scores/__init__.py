"""Scores before and after: medians, changes, and what papers print of them."""
