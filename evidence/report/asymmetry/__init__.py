"""Whether small studies differ, on the terminal, as a plot in characters, and for other programs."""
