"""The pool of an analysis: its first screen, its words, its files."""
