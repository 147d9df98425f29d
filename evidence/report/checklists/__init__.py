"""Reporting checklists, filled with where a review answers each item, and with what is missing.

items     what an item and an answer are, and what is known of a review
prisma, jbi, care   the items, and what fills each
filling   checklist()
printing  as text, Markdown, CSV or JSON

An answer says what the review's tables hold, after looking; whether the manuscript says it only its authors know.
"""
