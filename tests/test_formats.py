"""References in and out: RIS, BibTeX, NBIB, CSL-JSON, pasted text; files as people really have them, and there and back."""

from __future__ import annotations

import csv
import io
import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import InputError, OptionError
from evidence.papers.citation import Citation, parse_citation
from evidence.papers.exchange import author_from, date_parts, page_range
from evidence.papers.formats import (
    READABLE,
    WRITABLE,
    format_of_text,
    read_references,
    split_list,
    write_references,
)
from evidence.papers.medline import read_medline, unfold
from evidence.papers.paper import Author, Notice, Paper, first_page, initials_of, last_page

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT.parent / "shared" / "pubmed" / "recorded"

KHAN = Paper(
    pmid="37378095",
    doi="10.7759/cureus.39553",
    title="Role of Anifrolumab in Refractory Cutaneous Manifestations of Lupus Erythematosus",
    authors=(Author("Khan", "Muhammad A", "MA"), Author("Davey", "Nicholas", "N")),
    journal="Cureus",
    journal_abbreviation="Cureus",
    year=2023,
    date="2023 May 27",
    volume="15",
    issue="5",
    pages="e39553",
)


def one(text: str, format: str) -> Paper:
    (found,) = read_references(text, format)
    assert isinstance(found, Paper)
    return found


# ---- RIS as people have it -------------------------------------------------------------------------

RIS = "TY  - JOUR\nAU  - Khan, Muhammad A\nTI  - A title\nPY  - 2023\nER  - \n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufeff" + RIS, id="byte-order mark"),
        pytest.param(RIS.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(RIS.replace("\n", "\r"), id="CR alone"),
        pytest.param(RIS.replace("ER  - \n", ""), id="no ER at the end"),
        pytest.param(RIS.replace("  - ", " - "), id="one space less"),
        pytest.param(RIS.replace("\nTI", "\n  TI"), id="indented"),
        pytest.param("Provider: Someone\nDatabase: Something\n\n\n" + RIS, id="a heading before"),
        pytest.param("1.\n" + RIS, id="numbered"),
        pytest.param(RIS.replace("ER  - ", "ER  -"), id="ER without its space"),
        pytest.param(RIS.replace("TI", "T1").replace("AU", "A1").replace("PY", "Y1"), id="older tags"),
        pytest.param(RIS.replace("PY", "XX  - unknown\nXX  - twice\nPY"), id="unknown tags"),
    ],
)
def test_ris_files_as_people_have_them(text: str) -> None:
    paper = one(text, "ris")
    assert (paper.title, paper.year, paper.first_author_family) == ("A title", 2023, "Khan")


def test_ris_without_an_er_between_loses_no_record() -> None:
    two = RIS.replace("ER  - \n", "") + RIS.replace("A title", "Another")
    assert [paper.title for paper in read_references(two, "ris")] == ["A title", "Another"]


def test_ris_repeated_tags_keep_every_value_and_notes_their_first_line() -> None:
    text = (
        "TY  - JOUR\nTI  - A\nKW  - lupus\nKW  - skin\nN1  - first line\nsecond line\n\nthird line\n"
        "N1  - another note\nAB  - begins\nand goes on\nDO  - 10.1000/one\nDO  - 10.1000/two\nER  - \n"
    )
    paper = one(text, "ris")
    assert paper.keywords == ("lupus", "skin")
    assert paper.notes == ("first line\nsecond line\n\nthird line", "another note")
    assert paper.abstract == "begins\nand goes on"
    assert paper.doi == "10.1000/one"


ENDNOTE = """TY  - JOUR
AD  - Department of Dermatology, Leeds.
AN  - 36944572
AU  - Carter, L. M.
AU  - Wigston, Z.
AU  - British Isles Lupus Assessment Group,
DA  - Jul 7
DB  - PubMed
DO  - 10.1093/bjd/ljad089
DP  - NLM
IS  - 2
KW  - Humans
*Lupus Erythematosus, Cutaneous/drug therapy
LA  - eng
N1  - 1365-2133
Carter, Lucy M
ORCID: 0000-0002-0000-0000
PY  - 2023
SN  - 0007-0963
SP  - 210-218
ST  - Rapid efficacy of anifrolumab
T2  - Br J Dermatol
TI  - Rapid efficacy of anifrolumab across multiple subtypes
VL  - 189
ID  - 12
ER  -
"""

ZOTERO = """TY  - JOUR
TI  - Rapid efficacy of anifrolumab across multiple subtypes
AU  - Carter, Lucy M
AU  - Wigston, Zoe
T2  - The British Journal of Dermatology
DA  - 2023/07/07/
PY  - 2023
DO  - 10.1093/bjd/ljad089
DP  - PubMed
VL  - 189
IS  - 2
SP  - 210
EP  - 218
J2  - Br J Dermatol
LA  - eng
SN  - 1365-2133
UR  - https://pubmed.ncbi.nlm.nih.gov/36944572/
N1  - PMID: 36944572
ER  -

"""


@pytest.mark.parametrize("text", [ENDNOTE, ZOTERO], ids=["EndNote", "Zotero"])
def test_endnotes_and_zoteros_forms(text: str) -> None:
    paper = one(text, "ris")
    assert (paper.pmid, paper.doi) == ("36944572", "10.1093/bjd/ljad089")
    assert (paper.year, paper.volume, paper.issue, paper.first_page) == (2023, "189", "2", "210")
    assert page_range(paper) == ("210", "218")
    assert paper.authors[0].name in ("Carter LM",)
    assert paper.journal in ("Br J Dermatol", "The British Journal of Dermatology")


def test_endnote_keeps_groups_keywords_over_lines_and_the_notes_first_line() -> None:
    paper = one(ENDNOTE, "ris")
    assert paper.authors[2] == Author(collective="British Isles Lupus Assessment Group")
    assert paper.keywords == ("Humans", "*Lupus Erythematosus, Cutaneous/drug therapy")
    assert paper.notes == ("1365-2133\nCarter, Lucy M\nORCID: 0000-0002-0000-0000",)


def test_another_databases_number_is_no_pmid() -> None:
    text = "TY  - JOUR\nTI  - A\nAN  - 2005123456\nDB  - Embase\nER  - \n"
    assert one(text, "ris").pmid == ""
    assert one("TY  - JOUR\nTI  - A\nAN  - 36944572\nDB  - PubMed\nER  - \n", "ris").pmid == "36944572"


# ---- BibTeX as people have it ------------------------------------------------------------------------


def test_bibtex_accents_braces_and_dashes() -> None:
    text = (
        r"@article{a, author={Viedma-Mart{\'\i}nez, M. and Bata-Cs{\"o}rg{\H o}, Zs and Garc\'ia-\'Alvarez, L and "
        r"{\O}stensen, M and Fe{\ss}ler, A}, title={{CLASI} \& Caf\'{e}: 5\% na\"{\i}ve}, pages={211--21}, year=2020}"
    )
    paper = one(text, "bibtex")
    families = [author.family for author in paper.authors]
    assert families == ["Viedma-Martínez", "Bata-Csörgő", "García-Álvarez", "Østensen", "Feßler"]
    assert paper.title == "CLASI & Café: 5% naïve"
    assert page_range(paper) == ("211", "221")


def test_bibtex_names_as_bibtex_means_them() -> None:
    text = (
        "@article{a, author={{TULIP Study Group} and van der Berg, Jan and Jan de Vries and King, Jr, Martin L "
        "and others}, title={x}}"
    )
    authors = one(text, "bibtex").authors
    assert authors[0] == Author(collective="TULIP Study Group")
    assert [author.name for author in authors[1:]] == ["van der Berg J", "de Vries J", "King ML Jr"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        pytest.param(
            "\ufeff@article{a,\r\n title = {One},\r\n year = {2020}\r\n}\r\n", "One", id="BOM and CRLF"
        ),
        pytest.param("@ARTICLE{a, TITLE={One}}", "One", id="capitals"),
        pytest.param("@article{a, title={One}, title={Two}}", "One", id="a field twice"),
        pytest.param("@string{t = {One}}\n@article{a, title=t}", "One", id="a string"),
        pytest.param("A note.\n@comment{x}\n% y\n@article{a, title={One},}", "One", id="comments"),
        pytest.param("@article{, title={One}}", "One", id="no key"),
        pytest.param("@article{viedma-martínez 2024, title={One}}", "One", id="a key with accent and space"),
        pytest.param('@article{a, title="One", unknown={x}}', "One", id="an unknown field"),
    ],
)
def test_bibtex_files_as_people_have_them(text: str, title: str) -> None:
    assert one(text, "bibtex").title == title


def test_bibtex_keeps_both_entries_of_one_key() -> None:
    found = read_references("@article{a, title={One}}\n@article{a, title={Two}}", "bibtex")
    assert [paper.title for paper in found] == ["One", "Two"]


@pytest.mark.parametrize(
    "broken", ["@article{b, title = {Two, year={2020}\n}\n", "@article{b title={Two} year={2020}}\n"]
)
def test_bibtex_that_cannot_be_read_is_said_with_its_line_and_not_lost(broken: str, caplog: Any) -> None:
    with pytest.raises(InputError, match=r"line 3 of the BibTeX: the entry '@article\{b"):
        read_references("@article{a, title={One}}\n\n" + broken + "@article{c, title={Three}}", "bibtex")
    assert not caplog.records


# ---- CSL-JSON ----------------------------------------------------------------------------------------


def test_csl_of_zotero() -> None:
    item = {
        "id": "http://zotero.org/users/1/items/ABC",
        "type": "article-journal",
        "title": "<i>In vivo</i> effects",
        "container-title": "Cureus",
        "author": [
            {"family": "Berg", "given": "Jan", "non-dropping-particle": "van der"},
            {"literal": "TULIP Study Group"},
        ],
        "issued": {"date-parts": [["2023", 5, 27]]},
        "page": "e39553",
        "DOI": "10.7759/cureus.39553",
        "note": "PMID: 37378095",
    }
    paper = one(json.dumps([item]), "csl-json")
    assert paper.title == "In vivo effects"
    assert [author.name for author in paper.authors] == ["van der Berg J", "TULIP Study Group"]
    assert (paper.year, paper.date, paper.pmid) == (2023, "2023 May 27", "37378095")
    assert one(json.dumps({"items": [item]}), "csl-json") == paper
    assert one("\ufeff" + json.dumps(item), "csl-json") == paper


@pytest.mark.parametrize("text", ["[1, 2]", "{", '"x"', "[" * 100_000])
def test_json_that_is_no_csl_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="CSL-JSON"):
        read_references(text, "csl-json")


# ---- MEDLINE -----------------------------------------------------------------------------------------

MEDLINE = """PMID- 99000001
STAT- MEDLINE
IS  - 0028-4793 (Print)
VI  - 382
IP  - 3
DP  - 2020 Jan 16
TI  - RETRACTED: A made-up trial with a title so long that it is wrapped onto a
      second line.
PG  - 211-221
LID - 10.1056/made.up [doi]
AB  - BACKGROUND: Paragraph one.
{more}
      RESULTS: Paragraph two.
FAU - Khan, Muhammad A
AU  - Khan MA
CN  - Made-Up Trial Group
FAU - King, Martin L Jr
AU  - King ML Jr
LA  - eng
PT  - Journal Article
PT  - Retracted Publication
TA  - N Engl J Med
JT  - The New England journal of medicine
RIN - N Engl J Med. 2021 Feb 4;384(5):490. doi:
      10.1056/retraction. PMID: 99000002
EIN - N Engl J Med. 2020 Mar 5;382(10):979
CIN - N Engl J Med. 2020 Jan 16;382(3):287-288. doi: 10.1056/comment. PMID: 99000003
AID - 10.1056/made.up [doi]
""".replace("{more}", " " * 6)


def test_a_medline_record_with_wrapped_lines_groups_in_order_and_notices() -> None:
    paper = one(MEDLINE, "nbib")
    assert (paper.pmid, paper.doi, paper.year) == ("99000001", "10.1056/made.up", 2020)
    assert paper.title.endswith("wrapped onto a second line")
    assert [author.name for author in paper.authors] == ["Khan MA", "Made-Up Trial Group", "King ML Jr"]
    assert paper.abstract.endswith("Paragraph two.")
    kinds = {notice.kind: notice for notice in paper.notices}
    assert kinds["retracted"].pmid == "99000002"
    assert "10.1056/retraction" in kinds["retracted"].text
    assert kinds["erratum"] == Notice("erratum", "N Engl J Med. 2020 Mar 5;382(10):979")
    assert paper.retracted


def test_a_retraction_notice_is_not_itself_retracted() -> None:
    text = MEDLINE.replace("RIN -", "ROF -").replace("Retracted Publication", "Retraction of Publication")
    paper = one(text, "nbib")
    assert not paper.retracted
    assert "retraction of" in {notice.kind for notice in paper.notices}


def test_the_publication_type_alone_tells_of_a_retraction() -> None:
    text = MEDLINE.split("RIN -")[0]
    assert one(text, "nbib").notices == (Notice("retracted"),)


def test_records_come_apart_at_pmids_even_without_an_empty_line() -> None:
    papers = read_references(MEDLINE + MEDLINE.replace("99000001", "99000009"), "nbib")
    assert [paper.pmid for paper in papers] == ["99000001", "99000009"]


@pytest.mark.parametrize(
    "text", ["", "<html>500</html>", '{"error":"API rate limit exceeded"}', "      x", "\n\n"]
)
def test_what_is_not_medline_gives_no_record(text: str) -> None:
    assert list(read_medline(text)) == []


def test_written_medline_is_the_exact_text_where_there_is_one() -> None:
    assert write_references([one(MEDLINE, "nbib")], "nbib") == MEDLINE
    assert write_references([one(MEDLINE.replace("\n", "\r\n"), "nbib")], "nbib") == MEDLINE


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(MEDLINE)), st.sampled_from(["", "\n", "\x00", "PMID- ", "\r", "é", " " * 6])
        )
    ),
    st.lists(st.tuples(st.integers(0, len(MEDLINE)), st.integers(1, 40)), max_size=4),
)
def test_damaged_medline_never_crashes_and_invents_nothing(inserts: Any, cuts: Any) -> None:
    text = MEDLINE
    for at, what in inserts:
        text = text[:at] + what + text[at:]
    for at, length in cuts:
        text = text[:at] + text[at + length :]
    flat = "".join(text.replace("\x00", "").split())
    for paper in read_medline(text):
        for part in (
            paper.title,
            paper.journal,
            paper.volume,
            paper.issue,
            paper.pages,
            paper.doi,
            paper.pmid,
        ):
            assert "".join(part.replace("\x00", "").split()) in flat
        assert paper.year is None or str(paper.year) in flat
        for author in paper.authors:
            assert "".join((author.family or author.collective).replace("\x00", "").split()) in flat


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings are not here")
def test_recorded_medline_is_read_and_written_back() -> None:
    found = {}
    for path in sorted(RECORDED.glob("pubmed_result*.txt")):
        text = path.read_text(encoding="utf-8")
        papers = list(read_medline(text))
        assert len(papers) == text.count("PMID- ")
        written = write_references(papers, "nbib")
        assert list(read_medline(written)) == papers
        found.update({paper.pmid: paper for paper in papers})
    clustering = found["14871861"]
    assert [author.name for author in clustering.authors] == ["de Hoon MJ", "Imoto S", "Nolan J", "Miyano S"]
    assert (clustering.journal_abbreviation, clustering.year, clustering.volume) == (
        "Bioinformatics",
        2004,
        "20",
    )
    assert (clustering.pages, clustering.doi) == ("1453-4", "10.1093/bioinformatics/bth078")
    assert page_range(found["23039619"]) == ("5795", "5813")


def test_unfolding_joins_lines() -> None:
    assert unfold("TI  - one \n      two\nPG  - 1\n") == ["TI  - one two", "PG  - 1"]


# ---- pasted text ---------------------------------------------------------------------------------------

A = "Khan MA, Davey N. Role of anifrolumab. Cureus. 2023;15:e39553."
B = "Chasset F, et al. Rapid efficacy. J Am Acad Dermatol. 2023;89:171–3."
C = "Perel A. Using dynamic variables. Anesthesiology. (2020) 133:929–35."


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{A}\n{B}\n{C}\n", id="one a line"),
        pytest.param(
            f"\ufeffReferences\n\n1. {A}\r\n2. {B}\r\n3. {C}\r\n", id="numbered, a heading, BOM, CRLF"
        ),
        pytest.param(f"[1] {A}\n[2] {B}\n[3] {C}", id="in brackets"),
        pytest.param(f"{A}\n\n{B}\n\n{C}\n", id="apart by empty lines"),
        pytest.param(
            "1. Khan MA, Davey N. Role of\nanifrolumab. Cureus.\n2023;15:e39553.\n"
            "2. Chasset F, et al. Rapid efficacy. J Am Acad\nDermatol. 2023;89:171–3.\n3. " + C,
            id="numbered, wrapped",
        ),
        pytest.param(
            "Khan MA, Davey N. Role of\nanifrolumab. Cureus. 2023;15:e39553.\n\n"
            f"Chasset F, et al. Rapid efficacy.\nJ Am Acad Dermatol. 2023;89:171–3.\n\n{C}",
            id="wrapped, apart by empty lines",
        ),
        pytest.param(
            "Khan MA, Davey N. Role of\n    anifrolumab. Cureus. 2023;15:e39553.\n"
            f"Chasset F, et al. Rapid efficacy.\n    J Am Acad Dermatol. 2023;89:171–3.\n{C}",
            id="hanging indents",
        ),
    ],
)
def test_pasted_lists(text: str) -> None:
    found = read_references(text)
    assert [(c.first_author_family, c.year, c.first_page) for c in found] == [
        ("Khan", 2023, "e39553"),
        ("Chasset", 2023, "171"),
        ("Perel", 2020, "929"),
    ]
    assert all(isinstance(c, Citation) for c in found)


def test_a_year_at_the_head_of_a_wrapped_line_begins_no_reference() -> None:
    listed = split_list("1. A B. Title. Cureus.\n2023. Something.\n2. C D. Title. Lancet. 2020;1:2.")
    assert len(listed) == 2


def test_numbers_of_pubmed_and_addresses_are_references() -> None:
    found = read_references(
        "37378095\nhttps://pubmed.ncbi.nlm.nih.gov/36944572/\ndoi:10.1056/NEJMoa1912196\n"
    )
    assert [c.pmid or c.doi for c in found] == ["37378095", "36944572", "10.1056/NEJMoa1912196"]


# ---- which format ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (RIS, "ris"),
        ("\ufeff" + RIS, "ris"),
        (MEDLINE, "nbib"),
        ("\n" + MEDLINE, "nbib"),
        ("@article{a, title={x}}", "bibtex"),
        ("% c\n@Article(a, title={x})", "bibtex"),
        ('[{"id": 1}]', "csl-json"),
        ('{"items": []}', "csl-json"),
        ("[1] Khan MA. Title. Cureus. 2023;15:e39553.", "text"),
        (A, "text"),
        ("", "text"),
    ],
)
def test_the_format_is_told_from_the_content(text: str, format: str) -> None:
    assert format_of_text(text) == format


@pytest.mark.parametrize(
    ("name", "format"), [("a.ris", "ris"), ("a.BIB", "bibtex"), ("a.nbib", "nbib"), ("a.json", "csl-json")]
)
def test_a_files_ending_tells_the_format(tmp_path: Path, name: str, format: str) -> None:
    path = tmp_path / name
    path.write_text(write_references([KHAN], format), encoding="utf-8")
    (paper,) = read_references(path)
    assert paper.doi == KHAN.doi


@pytest.mark.parametrize(
    "raw", [RIS.replace("Khan", "Csörgö").encode("cp1252"), RIS.replace("Khan", "Csörgö").encode("utf-16")]
)
def test_older_encodings_are_read(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "a.ris"
    path.write_bytes(raw)
    assert read_references(path)[0].first_author_family == "Csörgö"


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.ris cannot be read: No such file"):
        read_references(tmp_path / "no.ris")
    (tmp_path / "empty.ris").write_text("nothing here")
    with pytest.raises(InputError, match=r"empty\.ris holds no reference in ris"):
        read_references(tmp_path / "empty.ris")
    with pytest.raises(OptionError, match="format is 'word'; allowed: text, ris"):
        read_references("x", "word")
    with pytest.raises(OptionError, match="format is 'xls'; allowed: ris, bibtex"):
        write_references([KHAN], "xls")


# ---- there and back ----------------------------------------------------------------------------------------

LETTERS = string.ascii_letters + "áéíóöőüñçßøłŠžÅ"
word = st.text(LETTERS, min_size=2, max_size=9)
name = st.from_regex(r"[A-ZÁÖ][a-zéőß]{1,8}(-[A-Z][a-z]{1,6})?", fullmatch=True)
given_name = st.from_regex(r"[A-Z][a-zéü]{1,6}( [A-Z])?", fullmatch=True)
SIGNS = [
    "&",
    "50%",
    "$5",
    "a_b",
    "{x}",
    "C#",
    "~",
    "^",
    "\\",
    "TNF-α",
    "'q'",
    '"q"',
    "—",
    "(CLASI)",
    "p<0.05",
]
sentence = st.lists(st.one_of(word, st.sampled_from(SIGNS)), min_size=1, max_size=8).map(" ".join)
person = st.builds(
    lambda family, given, suffix: Author(family, given, initials_of(given), suffix=suffix),
    name,
    given_name,
    st.sampled_from(["", "", "", "Jr"]),
)
group = st.lists(name, min_size=2, max_size=4).map(
    lambda words: Author(collective=" ".join([*words, "Group"]))
)
notice = st.sampled_from(
    [
        Notice("retracted", "Lancet. 2010;375(9713):445. PMID: 99000007", "99000007"),
        Notice("retracted"),
        Notice("erratum", "BMJ. 2020;1:2"),
        Notice("expression of concern", "J Foo. 2021;3:4"),
    ]
)
papers = st.builds(
    Paper,
    pmid=st.sampled_from(["", "1", "37378095"]),
    doi=st.sampled_from(["", "10.1000/a_b(c)", "10.7759/cureus.39553"]),
    pmcid=st.sampled_from(["", "PMC7893670"]),
    title=sentence,
    authors=st.lists(st.one_of(person, group), max_size=5).map(tuple),
    journal=st.sampled_from(["", "The New England journal of medicine", "Arthritis & rheumatology (Hoboken, N.J.)"]),
    journal_abbreviation=st.just(""),
    year=st.one_of(st.none(), st.integers(1900, 2099)),
    volume=st.sampled_from(["", "382", "11 Suppl 1"]),
    issue=st.sampled_from(["", "3", "Suppl 1"]),
    pages=st.sampled_from(["", "211-221", "e39553", "A112.2", "S1-S5", "10"]),
    issn=st.sampled_from(["", "0028-4793"]),
    language=st.sampled_from(["", "eng"]),
    abstract=st.one_of(st.just(""), sentence),
    keywords=st.lists(st.sampled_from(["lupus", "skin, human", "CLASI & co"]), max_size=3, unique=True).map(tuple),
    notes=st.lists(sentence, max_size=2).map(tuple),
    url=st.sampled_from(["", "https://example.org/a_b?c=d&e=f"]),
    notices=st.lists(notice, max_size=2, unique_by=lambda n: n.kind).map(tuple),
    publication_types=st.just(()),
    kind=st.sampled_from(["article", "book", "chapter", "other"]),
    medline=st.just(""),
).map(
    lambda p: p._replace(
        date=str(p.year or ""),
        journal_abbreviation={"T": "N Engl J Med", "A": "Arthritis Rheumatol"}.get(p.journal[:1], ""),
        notices=tuple(sorted(p.notices)),
        notes=tuple(dict.fromkeys(p.notes)),
    )
)  # fmt: skip


@pytest.mark.parametrize("format", ["ris", "bibtex", "csl-json"])
@given(written=st.lists(papers, min_size=1, max_size=3))
def test_what_is_written_is_read_again(format: str, written: list[Paper]) -> None:
    read = [
        paper
        for paper in read_references(write_references(written, format), format)
        if isinstance(paper, Paper)
    ]
    assert [paper._replace(notices=tuple(sorted(paper.notices))) for paper in read] == written


@given(written=papers)
def test_records_are_read_again_from_the_medline_made_of_them(written: Paper) -> None:
    made = write_references([written], "nbib")
    (read,) = read_medline(made)
    assert read.title == written.title.removesuffix(".")
    assert [author.name for author in read.authors] == [author.name for author in written.authors]
    kept = ("pmid", "doi", "year", "volume", "issue", "pages", "journal", "abstract", "keywords", "retracted")
    assert [getattr(read, part) for part in kept] == [getattr(written, part) for part in kept]
    assert all(len(line) <= 88 for line in made.splitlines() if " " in line.strip()[6:])


@pytest.mark.parametrize("format", ["ris", "bibtex", "csl-json", "csv"])
def test_the_retracted_are_marked_in_every_format(format: str) -> None:
    paper = one(MEDLINE, "nbib")
    written = write_references([paper], format)
    assert "[RETRACTED] A made-up trial" in written.replace("{", "").replace("}", "")
    assert "RETRACTED: " not in written
    if format != "csv":
        again = one(written, format)
        assert again.retracted
        assert again.title.startswith("A made-up trial")
        assert {n.kind for n in again.notices} == {"retracted", "erratum"}


def test_a_mark_somebody_else_wrote_is_a_retraction() -> None:
    paper = one("TY  - JOUR\nTI  - [Retracted] A title\nER  - \n", "ris")
    assert (paper.title, paper.notices) == ("A title", (Notice("retracted"),))


@pytest.mark.parametrize("format", WRITABLE)
def test_a_printed_reference_keeps_its_text_in_every_format(format: str) -> None:
    written = write_references([parse_citation(A)], format)
    assert "Khan" in written
    assert A in " ".join(written.split())


def test_a_group_of_a_printed_reference_stays_whole() -> None:
    printed = parse_citation("Khan MA; TULIP-2 Trial Investigators. A trial. Lancet. 2020;1:2.")
    assert "AU  - TULIP-2 Trial Investigators,\n" in write_references([printed], "ris")
    assert "{TULIP-2 Trial Investigators}" in write_references([printed], "bibtex")


@pytest.mark.parametrize("format", WRITABLE)
def test_hostile_text_is_written_harmless(format: str) -> None:
    paper = KHAN._replace(
        title="A \x1b[31mred\x1b[0m\x07 title\u202e\x00",
        notes=("\x1b]0;x\x07note\x85",),
        journal="J\r\nTI  - injected",
    )
    written = write_references([paper], format)
    assert not {c for c in written if ord(c) < 32 and c != "\n"} | ({"\u202e", "\x85"} & set(written))
    assert "A red title" in written
    assert "\nTI  - injected" not in written


def test_csv_is_no_formula() -> None:
    paper = KHAN._replace(title='=HYPERLINK("x")', authors=())
    (row,) = csv.DictReader(io.StringIO(write_references([paper], "csv")))
    assert row["title"] == '\'=HYPERLINK("x")'
    assert row["citation"].startswith("'=HYPERLINK")


def test_bibtex_keys_are_unique_and_plain() -> None:
    made = write_references([KHAN._replace(authors=(Author("Csörgő", "", "Z"),))] * 3, "bibtex")
    keys = [line.split("{")[1].rstrip(",") for line in made.splitlines() if line.startswith("@")]
    assert keys == ["csorgo2023", "csorgo2023b", "csorgo2023c"]


# ---- small parts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pages", "first", "last"),
    [
        ("211-221", "211", "221"), ("211–21", "211", "221"), ("e576–83", "e576", "e583"), ("e201–e216", "e201", "e216"),
        ("S192-300", "S192", "S300"), ("e39553", "e39553", ""), ("A112.2", "A112.2", ""), ("1096-1101", "1096", "1101"),
        ("", "", ""), ("5795-813", "5795", "5813"), ("R3–12", "R3", "R12"), ("1–5, 9", "1", ""),
    ],
)  # fmt: skip
def test_pages(pages: str, first: str, last: str) -> None:
    assert (first_page(pages), last_page(pages)) == (first, last)


@pytest.mark.parametrize(
    ("date", "parts"),
    [("2020 Jan 16", (2020, 1, 16)), ("2020 Jan", (2020, 1)), ("2020", (2020,)), ("2012 Nov-Dec", (2012,)), ("Winter", ())],
)  # fmt: skip
def test_dates(date: str, parts: tuple[int, ...]) -> None:
    assert date_parts(date) == parts


@pytest.mark.parametrize(
    ("name", "author"),
    [
        ("Khan, Muhammad A", Author("Khan", "Muhammad A", "MA")),
        ("King, M. L., Jr", Author("King", "M. L.", "ML", suffix="Jr")),
        ("Khan MA", Author("Khan", "", "MA")),
        ("Shaw", Author("Shaw")),
        ("TULIP Study Group,", Author(collective="TULIP Study Group")),
        ("World Health Organization", Author(collective="World Health Organization")),
    ],
)
def test_names_of_reference_managers(name: str, author: Author) -> None:
    assert author_from(name) == author


def test_every_readable_format_has_a_reader() -> None:
    for name in READABLE:
        with pytest.raises(InputError):
            read_references("", name)
