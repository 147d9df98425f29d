"""A meta-regression, on the terminal and for other programs."""
