"""Figures for print: each is resolved to places in mm before anything is drawn, then written by matplotlib.

style      colours, widths, sizes
fonts      how wide a text is, and which font has its characters
layout     texts, lines and areas on a sheet; axes
embedding  fonts inside an SVG
save       a page drawn on Axes, and as PNG, TIFF, SVG or PDF
drawing    the kinds of figures, and the functions users call
forest, funnel, doi, baujat, gosh, bubble, curve, tipping, patients, prisma, rob    one kind each
"""
