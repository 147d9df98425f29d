"""From a reference as printed to its record: every hit confirmed, none chosen among several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.papers.citation import Citation, parse_citation
from evidence.papers.confirming import disagreements, same_name, same_title, title_words
from evidence.papers.eutils import Eutils
from evidence.papers.library import Library
from evidence.papers.medline import read_medline
from evidence.papers.paper import Paper
from evidence.papers.resolving import Resolution, Resolver, Wanted, next_step

from .standin import MADE_FROM, StandIn, StillClock, record
from .standin.reviews import printed


def look_up(standin: StandIn, folder: Path, wanted: list[Wanted], **settings: Any) -> list[Resolution]:
    eutils = Eutils(base_url=standin.url, clock=StillClock(), folder=str(folder / "cache"), **settings)
    return Resolver(Library(folder / "papers"), eutils).resolve(wanted)


def letter(**more: Any) -> list[Wanted]:
    return [Wanted(str(number), parse_citation(text), **more) for number, text in enumerate(printed(), 1)]


CITED = Citation(
    ("Reed C",),
    title="Skin response to a made-up treatment",
    journal="J Made Up Res",
    year=2021,
    volume="7",
    pages="71–2",
)


def paper(text: str) -> Paper:
    return next(iter(read_medline(text)))


# ---- confirmed or not ----------------------------------------------------------------------------------


def test_the_ten_references_agree_with_their_records_and_with_no_other(standin: StandIn) -> None:
    papers = [
        paper(text) for number, text in standin.records.items() if number not in range(99000101, 99000199)
    ]
    assert len(papers) == 10
    for wanted in letter():
        agreeing = [one for one in papers if not disagreements(wanted.citation, one)]
        assert [one.first_author_family for one in agreeing] == [wanted.citation.first_author_family]


RECORD = paper(record(1, "Skin response to a made-up treatment.", authors=["Reed C", "Example A"]))


@pytest.mark.parametrize(
    ("change", "against"),
    [
        ({}, ()),
        ({"year": 2020}, ()),
        ({"year": 2022}, ()),
        ({"year": 2019}, ("year 2021, not 2019",)),
        ({"authors": ("Read C",)}, ("first author Reed, not Read",)),
        ({"authors": ("Example A",)}, ("first author Reed, not Example",)),
        ({"title": "Skin response to a made-up treatment: reply"}, ("another title",)),
        ({"title": "Something else entirely, and long enough"}, ("another title",)),
        ({"authors": ()}, ("the reference names no author",)),
        ({"year": None}, ("the reference has no year",)),
        ({"title": ""}, ("the reference prints no title",)),
    ],
)
def test_first_author_year_and_title_must_agree(change: dict[str, Any], against: tuple[str, ...]) -> None:
    assert disagreements(CITED._replace(**change), RECORD) == against


def test_a_paper_may_be_cited_by_the_year_it_came_out_online() -> None:
    late = paper(
        record(
            1,
            "Skin response to a made-up treatment.",
            authors=["Reed C"],
            year=2023,
            more=[("DEP", "20200105")],
        )
    )
    assert disagreements(CITED._replace(year=2020), late) == ()
    assert disagreements(CITED._replace(year=2018), late)


def test_a_group_may_be_the_first_author() -> None:
    text = record(
        1, "Skin response to a made-up treatment.", authors=["Reed C"], more=[("CN", "Made Up Study Group")]
    )
    assert disagreements(CITED._replace(authors=("Made Up Study Group",)), paper(text)) == ()


def test_where_no_title_was_made_out_the_text_may_hold_it() -> None:
    text = "Reed C. Skin Response to a Made-Up Treatment, J Made Up Res 2021"
    assert disagreements(CITED._replace(title="", text=text), RECORD) == ()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Müller", "Mueller"),
        ("Müller", "Muller"),
        ("Bata-Csörgő", "Bata Csorgo"),
        ("Viedma", "Viedma-Martínez"),
        ("MORAND", "Morand"),
        ("Sørensen", "Soerensen"),
        ("O'Neill", "O’Neill"),
        ("Łukasiewicz", "Lukasiewicz"),
        ("van der Berg", "Van Der Berg"),
    ],
)
def test_a_name_may_be_spelt_otherwise(a: str, b: str) -> None:
    assert same_name(a, b)
    assert same_name(b, a)


@pytest.mark.parametrize(
    ("a", "b"), [("Lee", "Leeds"), ("Kuhn", "Khan"), ("", ""), ("Martin", "Martinez"), ("Li", "")]
)
def test_another_name_is_another(a: str, b: str) -> None:
    assert not same_name(a, b)


LONG = "Efficacy of a treatment in refractory cutaneous disease"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (LONG, LONG + ".", True),
        (LONG, LONG + ": a multicentre cohort", True),
        (LONG, LONG.replace("Efficacy", "Efficiency"), True),
        (LONG, LONG + ": reply", False),
        (LONG, "Comment on: " + LONG, False),
        (LONG + " in phase 2", LONG + " in phase 3", False),
        (LONG + ", part I", LONG + ", part II", False),
        (LONG, "Retraction: " + LONG, False),
        (LONG, "[Translated article] " + LONG, True),
        (LONG, LONG.upper(), True),
        ("Rapid efficacy", "Rapid efficacy of it", False),
        ("", LONG, False),
        (LONG, "", False),
    ],
)
def test_titles_that_are_the_same(a: str, b: str, same: bool) -> None:
    assert same_title(a, b) is same
    assert same_title(b, a) is same


@given(st.text(max_size=60), st.text(max_size=60))
def test_comparing_never_fails_and_does_not_depend_on_the_order(a: str, b: str) -> None:
    assert same_name(a, b) == same_name(b, a)
    assert same_title(a, b) == same_title(b, a)
    if title_words(a):
        assert same_title(a, a)


# ---- the steps -----------------------------------------------------------------------------------------


def test_the_ten_as_printed_take_one_match_and_one_fetch(standin: StandIn, tmp_path: Path) -> None:
    found = look_up(standin, tmp_path, letter())
    assert [one.state for one in found] == ["confirmed"] * 10
    assert [call.utility for call in standin.asked] == ["ecitmatch", "efetch"]
    assert {one.by for one in found} == {"citation"}
    standin.asked.clear()
    again = look_up(standin, tmp_path, letter())
    assert [one.pmid for one in again] == [one.pmid for one in found]
    assert {one.by for one in again} == {"library"}
    assert standin.asked == []


def test_by_pmid_then_doi_then_citation_then_title(standin: StandIn, tmp_path: Path) -> None:
    wanted = [
        Wanted("pmid", parse_citation(printed()[1]), "37378095", "10.1/ignored"),
        Wanted("doi", parse_citation(printed()[2]), "", "10.1056/nejmoa1912196"),
        Wanted("citation", parse_citation(printed()[8])),
        Wanted("title", Citation(("Carter LM",), title=parse_citation(printed()[5]).title, year=2023)),
        Wanted("wrong doi", parse_citation(printed()[9]), "", "10.1/none"),
    ]
    found = look_up(standin, tmp_path, wanted)
    assert [(one.key, one.state, one.by) for one in found] == [
        ("pmid", "confirmed", "PMID"),
        ("doi", "confirmed", "DOI"),
        ("citation", "confirmed", "citation"),
        ("title", "confirmed", "title"),
        ("wrong doi", "confirmed", "citation"),
    ]
    asked = [call.utility for call in standin.asked]
    assert asked == ["esearch", "efetch", "ecitmatch", "efetch", "esearch", "efetch"]


def test_a_pmid_that_is_another_paper_is_left_and_the_right_one_shown(
    standin: StandIn, tmp_path: Path
) -> None:
    (one,) = look_up(standin, tmp_path, [Wanted("a", parse_citation(printed()[2]), "37378095")])
    assert one.state == "unconfirmed"
    assert one.paper is None
    assert one.reason == "PMID 37378095 has first author Khan, not Morand; year 2023, not 2020; another title"
    assert [(found.pmid, bool(found.against)) for found in one.candidates] == [
        ("31851795", False),
        ("37378095", True),
    ]
    assert list(Library(tmp_path / "papers").entries()) == []


def test_several_that_fit_are_listed_and_none_is_chosen(standin: StandIn, tmp_path: Path) -> None:
    twin = Citation(
        ("Twin A",),
        title="Twin letters: the first",
        journal="J Made Up Res",
        year=2021,
        volume="7",
        pages="70",
    )
    (one,) = look_up(standin, tmp_path, [Wanted("a", twin)])
    assert one.state == "ambiguous"
    assert one.pmid == ""
    assert [candidate.pmid for candidate in one.candidates] == ["99000111", "99000112"]
    assert [not candidate.against for candidate in one.candidates] == [True, False]
    assert look_up(standin, tmp_path, [Wanted("a", twin)]) == [one], "and not the next time either"
    assert list(Library(tmp_path / "papers").entries()) == []


def test_a_title_that_several_have_is_left_to_the_user(standin: StandIn, tmp_path: Path) -> None:
    for _ in range(2):
        (one,) = look_up(standin, tmp_path, [Wanted("a", CITED._replace(journal="J Nobody Knows"))])
        assert one.state == "ambiguous"
        assert one.reason == "2 records have its title"
        assert len(one.candidates) == 2


def test_two_records_with_one_doi_are_left_to_the_user(standin: StandIn, tmp_path: Path) -> None:
    standin.records[99000901] = record(99000901, CITED.title, authors=["Reed C"], doi="10.99999/sick.113")
    (one,) = look_up(standin, tmp_path, [Wanted("a", CITED, doi="10.99999/sick.113")])
    assert (one.state, one.reason) == ("ambiguous", "2 records have its DOI")


def test_a_hit_that_is_not_confirmed_is_not_chosen(standin: StandIn, tmp_path: Path) -> None:
    """The matcher tolerates a wrong author and year; so the record must be looked at."""
    wrong = parse_citation(printed()[2])._replace(authors=("Stranger X",), year=2011)
    (one,) = look_up(standin, tmp_path, [Wanted("a", wrong)])
    assert one.state == "unconfirmed"
    assert one.reason == "first author Morand, not Stranger; year 2020, not 2011"


def test_a_merged_pmid_is_named_and_shown(tmp_path: Path) -> None:
    with StandIn(speaks=True) as standin:
        (one,) = look_up(standin, tmp_path, [Wanted("a", parse_citation(printed()[2]), "99000122")])
    assert one.state == "no record"
    assert one.reason == "PubMed gave PMID 99000122 up for PMID 31851795"
    assert [(found.pmid, found.against) for found in one.candidates] == [("31851795", ())]


def test_what_cannot_be_asked_for_is_said(standin: StandIn, tmp_path: Path) -> None:
    found = look_up(
        standin, tmp_path, [Wanted("a", Citation(text="in press")), Wanted("b", Citation(), doi="10.1/x")]
    )
    assert [(one.state, one.reason) for one in found] == [
        ("not found", "nothing to search by: no DOI, no journal with volume and page, no title"),
        ("not found", "no record has its DOI (10.1/x)"),
    ]


def test_the_users_word_counts(standin: StandIn, tmp_path: Path) -> None:
    wanted = [Wanted("a", CITED, "37378095", trusted=True), Wanted("b", CITED, nowhere=True)]
    found = look_up(standin, tmp_path, wanted)
    assert [(one.state, one.settled) for one in found] == [("given", True), ("not in PubMed", True)]
    assert found[0].reason == "first author Khan, not Reed; year 2023, not 2021; another title"
    assert [call.utility for call in standin.asked] == ["efetch"]


def test_a_record_kept_is_found_without_asking_only_where_its_place_agrees(
    standin: StandIn, tmp_path: Path
) -> None:
    look_up(standin, tmp_path, [Wanted("a", CITED)])
    standin.asked.clear()
    assert look_up(standin, tmp_path, [Wanted("b", CITED)])[0].by == "library"
    assert look_up(standin, tmp_path, [Wanted("c", CITED, doi="10.99999/SICK.113")])[0].by == "library"
    assert standin.asked == []
    elsewhere = look_up(standin, tmp_path, [Wanted("d", CITED._replace(volume="8"))])
    assert standin.calls("ecitmatch")
    assert elsewhere[0].by != "library"


def test_offline_what_was_found_before_is_found_again_and_the_rest_is_said(
    standin: StandIn, tmp_path: Path
) -> None:
    look_up(standin, tmp_path, letter()[:9])
    standin.asked.clear()
    found = look_up(standin, tmp_path, letter(), offline=True)
    assert [one.settled for one in found] == [True] * 9 + [False]
    assert (found[9].state, found[9].reason) == ("not fetched", "--offline asks nobody")
    assert standin.asked == []


def test_ten_thousand_records_take_fifty_requests(standin: StandIn, tmp_path: Path) -> None:
    """A tenth of them here, in proportion; what they cost in time and memory is in benchmarks."""
    wanted = [Wanted(str(MADE_FROM + n), Citation(), str(MADE_FROM + n), trusted=True) for n in range(1000)]
    found = look_up(standin, tmp_path, wanted)
    assert all(one.settled for one in found)
    assert len(standin.asked) == 5
    standin.asked.clear()
    look_up(standin, tmp_path, wanted)
    assert standin.asked == []


def test_what_would_be_asked_is_shown_without_asking(standin: StandIn, tmp_path: Path) -> None:
    library = Library(tmp_path / "papers")
    look_up(standin, tmp_path, [Wanted("a", Citation(), "31851795", trusted=True)])
    steps = [
        next_step(wanted, library)
        for wanted in (
            Wanted("a", CITED, "31851795"),
            Wanted("b", CITED, "37378095"),
            Wanted("c", CITED, doi="10.1/x"),
            Wanted("d", CITED),
            Wanted("e", Citation(title="A title")),
            Wanted("f", Citation()),
        )
    ]
    assert steps == [
        ("kept", ""),
        ("by PMID", "37378095"),
        ("by DOI", "10.1/x"),
        ("by citation", "J Made Up Res|2021|7|71|Reed C"),
        ("by title", "A title"),
        ("not at all", ""),
    ]
