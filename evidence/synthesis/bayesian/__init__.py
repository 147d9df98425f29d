"""The binomial-normal model with priors."""
