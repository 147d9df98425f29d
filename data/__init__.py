"""The shipped review: tables and review.toml, read with importlib.resources."""
