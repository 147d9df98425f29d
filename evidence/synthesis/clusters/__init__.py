"""Several rows of one cohort."""
