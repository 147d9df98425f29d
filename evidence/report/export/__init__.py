"""`evidence export`: a review and its analysis as files that other tools open.

exporting    export(): one kind of file, or everything
everything   what a full export holds, and what it must leave out and why
tables       the review's own files as a Frictionless data package, byte for byte
revman       studies, arms, results and risk of bias as RevMan's CSV import has them
reproduce    the analysis as an R script that checks its own numbers
members      names that every file system takes, and no two alike
bundle       hashes, the manifest and the page that explains them
placing      a bundle written as a zip or a folder, whole or not at all
"""
