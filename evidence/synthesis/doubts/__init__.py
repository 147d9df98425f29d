"""What it would take to undo an answer."""
