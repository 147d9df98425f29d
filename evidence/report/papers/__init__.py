"""The literature: references to paste, what was fetched, found and screened."""
