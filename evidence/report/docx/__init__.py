"""Word documents: the page of `evidence report`, and any parts, with real tables, headings, links and captions.

xml         elements and text as Word's XML takes them
widths      how wide the columns of a table must be, and how small its type
inline      texts within a paragraph: languages, directions, links, anchors, fields
tables      a table with a header that repeats, and terms beside what they are
frame       an empty document of a language, and a document as bytes: the same content, the same bytes
figures     the figures of a page, as pixels with their words
texts       the document's own words, in English and Spanish
render      parts, and the whole page, as a document
"""
