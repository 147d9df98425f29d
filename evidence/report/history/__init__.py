"""What changed since last time, in rows and in results."""
