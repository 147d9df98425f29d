"""Whether small studies differ from large ones, and what is missing if they do."""
