"""The literature: a printed reference, a record of PubMed, and the formats they travel in.

citation    a printed reference as its parts
names       the authors it begins with
journals    journal names <-> their NLM abbreviations
paper       a record: authors, journal, notices of retraction and correction
medline     MEDLINE text (.nbib) <-> papers
formats     references from and to text, RIS, BibTeX, NBIB, CSL-JSON, CSV
exchange    what those share: kinds, dates, names, the mark of a retraction
ris, bibtex, csl
styles      a record as a printed reference: Vancouver, APA
eutils      NCBI's E-utilities, and around them: adapter, pacing, cache, checking
search      queries checked before they are sent, sets of any size
deduplicating  whether two records are of one paper
exported    what another database exported
resolving   from citation to PMID, every hit confirmed (confirming)
library     one .nbib a PMID in the review's folder
notices     what hangs on the papers, without reading their records
"""
