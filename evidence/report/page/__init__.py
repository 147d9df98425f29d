"""`evidence report`: a result and everything behind it as one page that needs no network.

gather      gather(): which parts go on the page, from a review and its analysis
forest      a line of the forest plot as positions on its axis
links       which addresses may become links
texts       the page's own words, in English and Spanish
render      the page as HTML (Jinja2, everything escaped) and as Markdown
"""
