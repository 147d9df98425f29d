"""Printed references as their parts: a corpus of real ones with a floor for each part, hard cases by hand, and damage."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evidence.papers import journals
from evidence.papers.citation import Citation, parse_citation, plain
from evidence.papers.names import author_family, take_authors

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT.parent / "shared" / "pubmed" / "recorded"


# ---- the corpus ------------------------------------------------------------------------------------

FLOOR = {
    "family": 0.985,
    "year": 1.0,
    "journal": 0.99,
    "volume": 1.0,
    "first_page": 1.0,
    "doi": 1.0,
    "pmid": 1.0,
}
"""Share of references in which each part is right; validation/citations.md lists the misses."""


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("citations", ROOT / "validation" / "citations.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def scored(scorer: ModuleType) -> list[Any]:
    return list(scorer.score())


def test_the_corpus_holds_at_least_200_different_references_in_four_styles(scored: list[Any]) -> None:
    rows = [one.row for one in scored]
    assert len({row["text"] for row in rows}) == len(rows) >= 200
    for style in ("vancouver", "ama", "apa", "elsevier"):
        assert sum(row["style"] == style for row in rows) >= 45
    assert all(row["source"] for row in rows)


def test_what_the_corpus_expects_is_printed_there(scored: list[Any], scorer: ModuleType) -> None:
    for one in scored:
        for part in scorer.PARTS:
            assert one.row[part] in one.row["text"], one.row["text"]


def test_each_part_is_read_as_often_as_stated(scored: list[Any], scorer: ModuleType) -> None:
    right = scorer.accuracy(scored)
    assert set(right) == set(FLOOR)
    for part, floor in FLOOR.items():
        assert right[part] >= floor, f"{part}: {right[part]:.3f}"
    four = [one for one in scored if one.row["style"] != "other"]
    assert min(scorer.accuracy(four).values()) == 1.0


def test_the_report_is_of_this_parser(scored: list[Any], scorer: ModuleType) -> None:
    assert scorer.REPORT.read_text(encoding="utf-8") == scorer.report(scored), "run validation/citations.py"


# ---- the letter's ten --------------------------------------------------------------------------------


def test_the_letters_ten_references() -> None:
    with (ROOT / "data" / "references.csv").open(encoding="utf-8", newline="") as lines:
        found = [parse_citation(row["citation"]) for row in csv.DictReader(lines)]
    assert [(c.first_author_family, c.year, c.journal_abbreviation, c.volume, c.pages) for c in found] == [
        ("Kuhn", 2017, "J Eur Acad Dermatol Venereol", "31", "389–404"),
        ("Khan", 2023, "Cureus", "15", "e39553"),
        ("Morand", 2020, "N Engl J Med", "382", "211–21"),
        ("Viedma-Martínez", 2024, "J Eur Acad Dermatol Venereol", "38", "e576–83"),
        ("Tang", 2023, "Clin Pharmacokinet", "62", "655–71"),
        ("Carter", 2023, "Br J Dermatol", "189", "210–8"),
        ("Neupane", 2023, "Lupus Sci Med", "10", "e000907"),
        ("Kalunian", 2023, "Arthritis Rheumatol", "75", "253–65"),
        ("Chasset", 2023, "J Am Acad Dermatol", "89", "171–3"),
        ("Martín-Torregrosa", 2024, "Int J Dermatol", "63", "368–70"),
    ]
    assert [c.et_al for c in found] == [True, False, True, False, True, False, True, True, True, False]
    assert [len(c.authors) for c in found] == [6, 5, 6, 6, 6, 4, 6, 6, 6, 5]
    assert found[2].title == "Trial of anifrolumab in active systemic lupus erythematosus"


# ---- hard cases ----------------------------------------------------------------------------------------


def parts(text: str) -> tuple[Any, ...]:
    c = parse_citation(text)
    return c.first_author_family, c.title, c.journal, c.year, c.volume, c.issue, c.pages


CASES = [
    (
        (
            "Morand EF, Furie R, Tummala R; TULIP-2 Trial Investigators. Trial of Anifrolumab in Active Systemic Lupus "
            "Erythematosus. N Engl J Med. 2020 Jan 16;382(3):211-221. doi: 10.1056/NEJMoa1912196. Epub 2019 Dec 18. "
            "PMID: 31851795."
        ),
        (
            "Morand",
            "Trial of Anifrolumab in Active Systemic Lupus Erythematosus",
            "N Engl J Med",
            2020,
            "382",
            "3",
            "211-221",
        ),
    ),
    (
        "Morand EF, et al. N Engl J Med. 2020;382:211–21.",
        ("Morand", "", "N Engl J Med", 2020, "382", "", "211–21"),
    ),
    (
        "Furie R, Khamashta M. Anifrolumab, an antibody. Arthritis Rheumatol 2017; 69: 376–86.",
        ("Furie", "Anifrolumab, an antibody", "Arthritis Rheumatol", 2017, "69", "", "376–86"),
    ),
    (
        "RECOVERY Collaborative Group. Dexamethasone in hospitalized patients. N Engl J Med. 2021;384(8):693-704.",
        (
            "RECOVERY Collaborative Group",
            "Dexamethasone in hospitalized patients",
            "N Engl J Med",
            2021,
            "384",
            "8",
            "693-704",
        ),
    ),
    (
        "Efficacy of anifrolumab in refractory manifestations. Lupus Sci Med 2024;11(Suppl 1):A112.2",
        (
            "",
            "Efficacy of anifrolumab in refractory manifestations",
            "Lupus Sci Med",
            2024,
            "11",
            "Suppl 1",
            "A112.2",
        ),
    ),
    (
        (
            "Guyatt GH, Oxman AD. GRADE: an emerging consensus. BMJ (Clinical research ed.). 2008;336(7650):924-6. "
            "PubMed PMID: 18436948; PubMed Central PMCID: PMC2335261."
        ),
        (
            "Guyatt",
            "GRADE: an emerging consensus",
            "BMJ (Clinical research ed.)",
            2008,
            "336",
            "7650",
            "924-6",
        ),
    ),
    ("Smith J. Something interesting. 2020.", ("Smith", "Something interesting", "", 2020, "", "", "")),
    (
        "Loricera, J.; Lasa-Teja, C. Anifrolumab for lupus. J. Clin. Med. 2025, 14, 5683.",
        ("Loricera", "Anifrolumab for lupus", "J. Clin. Med.", 2025, "14", "", "5683"),
    ),
    (
        "Kuhn A, Aberer E: S2k guideline. J Eur Acad Dermatol Venereol 2017, 31:389-404.",
        ("Kuhn", "S2k guideline", "J Eur Acad Dermatol Venereol", 2017, "31", "", "389-404"),
    ),
    (
        "Ali NA. The provenance of archives. J Clin Arch. 2024;[Epub ahead of print]. doi:10.1234/jca.12",
        ("Ali", "The provenance of archives", "J Clin Arch", 2024, "", "", ""),
    ),
    (
        "Ali NA. The provenance of archives. J Clin Arch. Published online February 15, 2024. doi:10.1234/jca.12",
        ("Ali", "The provenance of archives", "J Clin Arch", 2024, "", "", ""),
    ),
    (
        "Suga H. A review of things. Circ Res. 1974;35:117-26.",
        ("Suga", "A review of things", "Circ Res", 1974, "35", "", "117-26"),
    ),
    (
        "Werth VP, et al. Early reduction. Arthritis Rheumatol. 2020; 72 (suppl 10).",
        ("Werth", "Early reduction", "Arthritis Rheumatol", 2020, "72", "suppl 10", ""),
    ),
    (
        "Méndez-Flores S, Saul-Pérez D. Lupus in Mexico. Lupus 2018; 27(1) 5–12.",
        ("Méndez-Flores", "Lupus in Mexico", "Lupus", 2018, "27", "1", "5–12"),
    ),
    (
        "WHO. Mental disorders. Geneva: World Health Organization; 2019.",
        ("WHO", "Mental disorders", "", 2019, "", "", ""),
    ),
    (
        "Higgins JPT, Thomas J, editors. Cochrane Handbook. Chichester: Wiley; 2019.",
        ("Higgins", "Cochrane Handbook", "", 2019, "", "", ""),
    ),
    (
        "World Health Organization. (2019). Global action plan. https://www.who.int/x",
        ("World Health Organization", "Global action plan", "", 2019, "", "", ""),
    ),
    ("Smith, J. (in press). Title of it. Journal of Things.", ("Smith", "Title of it", "", None, "", "", "")),
    (
        "Coupland, C.A.C. and Hill, T. (2019) 'Drugs and patients' views', JAMA Internal Medicine, 179(8), pp. 1084–1093.",
        ("Coupland", "Drugs and patients' views", "JAMA Internal Medicine", 2019, "179", "8", "1084–1093"),
    ),
    (
        "Hemkens, L., Adams, B., … Zorn, Q. (2021). Mortality outcomes. Nature Communications, 12(1), 2349.",
        ("Hemkens", "Mortality outcomes", "Nature Communications", 2021, "12", "1", "2349"),
    ),
    (
        "[RETRACTED] Wakefield AJ. Ileal hyperplasia. Lancet. 1998;351:637–41.".replace("[RETRACTED] ", ""),
        ("Wakefield", "Ileal hyperplasia", "Lancet", 1998, "351", "", "637–41"),
    ),
    (
        "Wakefield AJ. [RETRACTED] Ileal hyperplasia. Lancet. 1998;351:637–41.",
        ("Wakefield", "Ileal hyperplasia", "Lancet", 1998, "351", "", "637–41"),
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text[:40] for text, _ in CASES])
def test_hard_cases(text: str, expected: tuple[Any, ...]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize("mark", ["3. ", "[3] ", "(3) ", "3) ", "• ", "- ", "[R3] ", "  3.\t", "\ufeff3. "])
def test_the_number_in_the_list_is_no_part_of_the_reference(mark: str) -> None:
    text = mark + "Khan MA. Role of anifrolumab. Cureus. 2023;15:e39553."
    assert parts(text) == ("Khan", "Role of anifrolumab", "Cureus", 2023, "15", "", "e39553")
    assert parse_citation(text).text == text


@pytest.mark.parametrize(
    "doi",
    [
        "doi:10.1016/S0140-6736(10)60175-4.",
        "DOI 10.1016/S0140-6736(10)60175-4",
        "https://doi.org/10.1016/S0140-6736(10)60175-4",
        "http://dx.doi.org/10.1016/S0140-6736(10)60175-4,",
        "(doi: 10.1016/S0140-6736(10)60175-4).",
        "<https://doi.org/10.1016/S0140-6736(10)60175-4>",
        "10.1016/S0140-6736(10)60175-4;",
    ],
)
def test_dois_as_they_are_printed(doi: str) -> None:
    c = parse_citation(f"Khan MA. A title. Lancet. 2010;375:445. {doi}")
    assert c.doi == "10.1016/S0140-6736(10)60175-4"
    assert (c.journal, c.pages) == ("Lancet", "445")


def test_a_doi_that_a_line_end_has_cut_is_none() -> None:
    assert (
        parse_citation("Khan MA. A title. Lancet. 2010;375:445. doi: 10.1007/s10877-\n022-00939-6").doi == ""
    )
    assert parse_citation("Khan MA. A title. Lancet. 2010;375:445. doi: 10.1016/j.\nejheart.2006").doi == ""


@pytest.mark.parametrize(
    ("text", "pmid"),
    [
        ("A title. Lancet. 2010;375:445. PMID: 31851795.", "31851795"),
        ("A title. Lancet. 2010;375:445. PMID 31851795; PMCID: PMC123456", "31851795"),
        ("https://pubmed.ncbi.nlm.nih.gov/31851795/", "31851795"),
        ("https://www.ncbi.nlm.nih.gov/pubmed/31851795", "31851795"),
        ("31851795", "31851795"),
        ("A title. Lancet. 2010;375:445. PMCID: PMC123456", ""),
        ("PMID: 0123", ""),
        ("2020", ""),
    ],
)
def test_pmids_as_they_are_printed(text: str, pmid: str) -> None:
    assert parse_citation(text).pmid == pmid


@pytest.mark.parametrize(
    ("text", "authors"),
    [
        ("van der Berg J, de Waard-van der Spek FB, D’Orio V. Title", ["van der Berg J", "de Waard-van der Spek FB", "D’Orio V"]),
        ("O’ Campo P, Caughy MO. Title", ["O’ Campo P", "Caughy MO"]),
        ("Tubbs RS, Wellons JC 3rd, King ML Jr. Title", ["Tubbs RS", "Wellons JC 3rd", "King ML Jr"]),
        ("Monge García MI, Guijo González P. Title", ["Monge García MI", "Guijo González P"]),
        ("KUHN A, BATA-CSÖRGŐ Z. Title", ["KUHN A", "BATA-CSÖRGŐ Z"]),
        ("Min JJ, Gil N-S, Lee J-H. Title", ["Min JJ", "Gil N-S", "Lee J-H"]),
        ("Sallis, JF, Cervero RB. Title", ["Sallis JF", "Cervero RB"]),
        ("Wang X., Li Y. Title", ["Wang X", "Li Y"]),
        ("Smith J and Jones KL. Title", ["Smith J", "Jones KL"]),
        ("Ailani J; Board of the Headache Society. Title", ["Ailani J", "Board of the Headache Society"]),
        ("Ðorđević Š, Łukasz Ż. Title", ["Ðorđević Š", "Łukasz Ż"]),
        ("European guidelines for pain. T. U", []),
    ],
)  # fmt: skip
def test_authors(text: str, authors: list[str]) -> None:
    assert list(take_authors(text)[0]) == authors


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Khan MA", "Khan"), ("King ML Jr", "King"), ("van der Berg J", "van der Berg"),
        ("TULIP Study Group", "TULIP Study Group"), ("Shaw", "Shaw"), ("WHO", "WHO"),
        ("Lupus Study Group UK", "Lupus Study Group UK"), ("Board J", "Board"),
    ],
)  # fmt: skip
def test_families(name: str, family: str) -> None:
    assert author_family(name) == family


def test_a_paste_from_a_pdf() -> None:
    text = "112. Høiseth LØ, Hoff IE. Dynamic variables of ﬂuid respon\u00adsiveness. Acta\nAnaesthesiol Scand . (2012) 56:777 –86."
    assert parts(text) == (
        "Høiseth", "Dynamic variables of fluid responsiveness", "Acta Anaesthesiol Scand", 2012, "56", "", "777 –86",
    )  # fmt: skip


def test_markdown_emphasis_is_not_printed() -> None:
    c = parse_citation("Khan MA. Role of *anifrolumab*. *Cureus*. 2023;**15**:e39553.")
    assert (c.title, c.journal, c.volume) == ("Role of anifrolumab", "Cureus", "15")


# ---- journals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "abbreviation"),
    [
        ("NEJM", "N Engl J Med"), ("the lancet", "Lancet"), ("Br. J. Dermatol.", "Br J Dermatol"),
        ("Journal of the European Academy of Dermatology & Venereology", "J Eur Acad Dermatol Venereol"),
        ("Dermatology (Basel, Switzerland)", "Dermatology"), ("Arthritis & Rheumatology", "Arthritis Rheumatol"),
        ("PLOS ONE", "PLoS One"), ("British Medical Journal", "BMJ"), ("Proc. Natl. Acad. Sci. U.S.A.", "Proc Natl Acad Sci U S A"),
        ("JEADV", "J Eur Acad Dermatol Venereol"), ("Journal of Unheard Things", ""), ("", ""),
    ],
)  # fmt: skip
def test_journals_by_any_of_their_names(name: str, abbreviation: str) -> None:
    assert journals.abbreviation_of(name) == abbreviation


def test_every_journal_in_the_table_is_known_by_its_abbreviation_and_title() -> None:
    names, titles = journals._known()
    assert len(titles) > 200
    for abbreviation, title in titles.items():
        assert journals.abbreviation_of(abbreviation) == abbreviation
        assert journals.abbreviation_of(title) == abbreviation
        assert journals.title_of(abbreviation) == title
    assert set(names.values()) == set(titles)


def test_an_unknown_journal_stays_as_printed() -> None:
    c = parse_citation("Khan MA. A title. J Unheard Thing. 2020;1:2.")
    assert c.journal_abbreviation == c.journal == "J Unheard Thing"


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings are not here")
def test_recorded_answers_of_the_citation_matcher_agree_with_what_is_read() -> None:
    """The matcher answers journal|year|volume|page|author|key|PMID in small letters; a reference printed so is read so."""
    seen = 0
    for path in sorted(RECORDED.glob("citmatch_*.txt")):
        for answer in path.read_text(encoding="utf-8").split("\n"):
            fields = answer.strip().split("|")
            if len(fields) != 7 or not fields[6].isdigit():
                continue
            journal, year, volume, page, author, _, pmid = fields
            family, initials = author.rsplit(" ", 1)
            printed = (
                f"{family.title()} {initials.upper()}, et al. {journal}. {year};{volume}:{page}. PMID: {pmid}"
            )
            c = parse_citation(printed)
            read = (journals.fold(c.journal_abbreviation), str(c.year), c.volume, c.first_page, c.pmid)
            assert read == (journal, year, volume, page, pmid)
            assert c.first_author_family.lower() == family
            seen += 1
    assert seen >= 4


# ---- damage -----------------------------------------------------------------------------------------------


def references() -> list[str]:
    with (ROOT / "tests" / "citations" / "printed.csv").open(encoding="utf-8", newline="") as lines:
        return [row["text"] for row in csv.DictReader(lines)]


REFERENCES = references()
PIECES = [
    "10.",
    "2020",
    ";",
    ":",
    "(",
    ")",
    ".",
    " et al",
    "\n",
    "-",
    "–",
    "  ",
    " 1 ",
    "[",
    "]",
    "*",
    "\u202e",
    "A",
    "É",
    "In: ",
    "ﬁ",
    "\x00",
]
edits = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 30), st.sampled_from(["", *PIECES])), max_size=8
)


def nothing_invented(c: Citation, text: str) -> None:
    """Every part is in the text as it is, ligatures and line breaks aside."""
    line = plain(text)
    for part in (c.title, c.journal, c.volume, c.issue, c.pages, c.doi, c.pmid):
        assert part in line
    assert c.year is None or str(c.year) in line
    assert all(author_family(name) in line for name in c.authors)
    assert c.text == text


@given(st.sampled_from(REFERENCES), edits, st.sampled_from(REFERENCES))
def test_damaged_references_never_crash_and_nothing_is_invented(text: str, edits: Any, other: str) -> None:
    for at, cut, what in edits:
        text = text[:at] + what + (other[at : at + cut] if cut > 25 else "") + text[at + cut :]
    nothing_invented(parse_citation(text), text)


@given(st.text(max_size=300))
@example("10.1000/" + "(" * 300)
@example("174(]3):357")
def test_any_text_at_all(text: str) -> None:
    nothing_invented(parse_citation(text), text)


@pytest.mark.parametrize(
    "unit",
    ["A ", "van ", "Aa Aa ", "Smith J, ", "Smith, J. A., ", "(", "2020;", "2020;1(2):3-4, ", "10.1000/", "*a", ". ", "1, ",
     "J. Clin. ", "d'", "https://", "Epub ", "PMID ", "[", "In: ", "… ", "et al ", "suppl ", "(2020) ", '"a" ', "Aa-"],
)  # fmt: skip
def test_no_text_takes_long(unit: str) -> None:
    import time

    begun = time.process_time()
    parse_citation(unit * (20_000 // len(unit)))
    assert time.process_time() - begun < 1.0
