"""What it would take to undo an answer, in words, tables and files."""
