"""Two arms of each study: the contrasts and their pools."""
