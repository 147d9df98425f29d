"""What each study, and each subset of them, does to the pool."""
