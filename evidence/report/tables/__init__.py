"""Tables for papers: characteristics of the reports, summary of findings, comparison with its limitations.

paper       what such a table is: a title, tables, notes
saying      its words in the language asked for, with what the review says itself left as it is
texts       those words, in English and Spanish
characteristics, findings, comparison   the three kinds, each from the rows and words that the other formats print
making      table()
text, documents, html, export   as text, Markdown and LaTeX, HTML, CSV and DOCX
"""
