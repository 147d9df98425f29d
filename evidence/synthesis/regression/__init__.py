"""Proportions on columns of the studies, and groups against each other."""
