"""One cohort beside another, on the terminal and for other programs."""
