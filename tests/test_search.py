"""Searches of PubMed: tags checked before they are sent, what PubMed drops said, large sets whole; and one paper counted once."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import NotPossible
from evidence.papers import pacing
from evidence.papers.checking import Searched, read_searched
from evidence.papers.deduplicating import Identity, Index, plain_doi, plain_title, same_paper
from evidence.papers.eutils import MOST_PMIDS, Eutils, NoAnswer
from evidence.papers.search import FIELDS, LAST_DAY, TAGS, check_query, is_tagged_throughout, search_all

from .standin import MADE_FROM, StandIn

RECORDED = Path(__file__).resolve().parent.parent.parent / "shared" / "pubmed" / "recorded"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "SLACK", 0.0)


# ---- before it is sent -----------------------------------------------------------------------------------

SOUND = [
    "anifrolumab[tiab] AND lupus[tiab] AND (cutaneous[tiab] OR skin[tiab])",
    '"cutaneous lupus"[tiab:~3] OR Lupus Erythematosus, Cutaneous[mh:noexp]',
    "head and neck[tiab] NOT review[pt]",
    "(a[Title/Abstract] OR b[MeSH Terms]) AND 2020/01/01:2024[dp]",
    "asthma",
    'Carter LM[1au] AND "Br J Dermatol"[ta]',
    "x[Date - Publication]",
]


@pytest.mark.parametrize("query", SOUND)
def test_a_sound_query_has_no_flaw(query: str) -> None:
    assert check_query(query) == []


@pytest.mark.parametrize(
    ("query", "part", "likely"),
    [
        ("asthma[foo]", "[foo]", ""),
        ("asthma[tibb] AND lupus[tiab]", "[tibb]", "[tiab]"),
        ("asthma[tiab", "[", ""),
        ("asthma]", "]", ""),
        ("(asthma[tiab]", "(", ""),
        ("asthma[tiab])", ")", ""),
        (")a[ti](", ")", ""),
        ('"asthma[tiab]', '"', ""),
        ("\u201casthma\u201d[tiab]", "\u201c", ""),
        ("asthma[mh:~2]", "[mh:~2]", ""),
        ("asthma[tiab:~2]", "[tiab:~2]", ""),
        ('"a b"[tiab:~x]', "[tiab:~x]", ""),
        ("asthma[tiab:noexp]", "[tiab:noexp]", ""),
        ("a[tiab] or b[tiab]", "or", "OR"),
        ("[tiab]", "[tiab]", ""),
        ("a[ti] AND [tiab]", "[tiab]", ""),
        ("  ", "", ""),
    ],
)
def test_a_flaw_is_found_with_its_part(query: str, part: str, likely: str) -> None:
    flaws = {flaw.part: flaw for flaw in check_query(query)}
    assert part in flaws, flaws
    assert flaws[part].likely == likely
    assert flaws[part].allowed


@given(st.text(max_size=60))
def test_any_text_is_checked(query: str) -> None:
    for flaw in check_query(query):
        assert flaw.reason


def test_each_tag_means_one_field() -> None:
    names = {(name.lower(), field) for field, tags in FIELDS.items() for name in (field, *tags)}
    assert len(names) == len(TAGS) > 100


@pytest.mark.parametrize(
    ("query", "throughout"),
    [
        ("a[ti] AND (b c[tiab] OR d[mh])", True),
        ("a[ti] AND b", False),
        ("(a OR b)[tiab]", False),
        ("a", False),
    ],
)
def test_untagged_words_are_told(query: str, throughout: bool) -> None:
    assert is_tagged_throughout(query) is throughout


# ---- what PubMed says ------------------------------------------------------------------------------------


def test_what_was_left_out_is_read_and_no_items_found_is_not_that() -> None:
    said = {
        "count": "0",
        "idlist": [],
        "querytranslation": "x",
        "errorlist": {"phrasesnotfound": ["qqq"], "fieldsnotfound": ["Nofield"]},
        "warninglist": {
            "phrasesignored": ["the"],
            "quotedphrasesnotfound": ['"a b"'],
            "outputmessages": ["No items found."],
        },
    }
    found = read_searched(json.dumps({"esearchresult": said}))
    assert found.left_out == (
        "not found, and left out: qqq",
        "no such field, and left out: Nofield",
        "left out: the",
        'phrase not found: "a b"',
    )
    quiet = {
        "count": "0",
        "idlist": [],
        "errorlist": None,
        "warninglist": {"outputmessages": ["No items found."]},
    }
    assert read_searched(json.dumps({"esearchresult": quiet})).left_out == ()


def test_recorded_searches_say_what_was_made_of_them() -> None:
    if not RECORDED.is_dir():
        pytest.skip("recorded answers are not here")
    nothing = (RECORDED / "transcribed_esearch_json_zero_no_items.json").read_text(encoding="utf-8")
    assert read_searched(nothing) == (0, (), "the[tiab] AND asthma[tiab]", ("not found, and left out: the",))
    dropped = (RECORDED / "transcribed_esearch_json_bad_field_tag_silently_ignored.json").read_text(
        encoding="utf-8"
    )
    found = read_searched(dropped)
    assert found.total == 246_024
    assert found.left_out == ()  # not a word of the tag: hence check_query


def test_the_standin_answers_as_was_recorded(standin: StandIn) -> None:
    """Its fields are among those of the recordings, and the same where the same happens."""
    from tests.test_standin import ask

    _, _, text = ask(standin, "esearch.fcgi", term="skin[foo]", retmode="json", usehistory="y")
    result = json.loads(text)["esearchresult"]
    assert result["querytranslation"] == '"skin"[All Fields]'
    assert result["errorlist"] == {"phrasesnotfound": [], "fieldsnotfound": []}
    assert result["webenv"].startswith("MCID_")
    _, _, text = ask(
        standin, "efetch.fcgi", WebEnv=result["webenv"], query_key=result["querykey"], retmax="1"
    )
    assert text.strip().startswith(f"PMID- {result['idlist'][0]}")
    if not RECORDED.is_dir():
        pytest.skip("recorded answers are not here")
    recorded: set[str] = {"querykey", "webenv"}
    for path in RECORDED.glob("transcribed_esearch_json_*.json"):
        recorded |= set(json.loads(path.read_text(encoding="utf-8"))["esearchresult"])
    assert set(result) <= recorded
    for term in ("the[tiab] AND skin[tiab]", "skin[tiab]", "nothingofthekind"):
        _, _, text = ask(standin, "esearch.fcgi", term=term, retmode="json")
        assert set(json.loads(text)["esearchresult"]) <= recorded


def test_a_tag_that_is_lost_is_said_though_pubmed_does_not() -> None:
    def ask(first: date | None, last: date | None) -> Searched:
        return Searched(1, ("7",), '"skin"[All Fields]', ())

    assert search_all("skin[tiab]", ask).left_out == (
        "a word was searched in all fields, though each has a tag",
    )
    assert search_all("skin", ask).left_out == ()
    assert search_all("skin[all]", ask).left_out == ()


# ---- large sets ------------------------------------------------------------------------------------------


def days(seed: int, total: int, biggest: int = 700) -> dict[date, int]:
    chance, found = random.Random(seed), {}
    while total > 0:
        day = date(1966, 1, 1) + timedelta(days=int(22_000 * chance.random() ** 0.4))
        found[day] = found.get(day, 0) + min(total, chance.randint(1, biggest))
        total -= found[day] if found[day] <= total else total
    return found


def test_more_than_esearch_gives_come_in_parts_by_day(standin: StandIn) -> None:
    standin.crowd("crowd", days(1, 40_000))
    eutils = Eutils(base_url=standin.url)
    results = search_all("crowd[tiab]", partial(eutils.run, "crowd[tiab]"))
    assert results.total > 3 * MOST_PMIDS
    assert len(set(results.pmids)) == len(results.pmids) == results.total
    assert set(results.pmids) == {str(pmid) for pmid in range(MADE_FROM, MADE_FROM + results.total)}
    assert all(0 < part.total <= MOST_PMIDS for part in results.splits)
    ordered = sorted(results.splits)
    assert all(one.last < other.first for one, other in pairwise(ordered))
    assert len(standin.calls("esearch")) <= 30
    assert standin.calls("esearch")[-1].fields["datetype"] == "edat"
    assert results.translation == '"crowd"[Title/Abstract]'


def test_a_smaller_set_is_asked_for_once_and_since_a_day_too(standin: StandIn) -> None:
    standin.crowd("few", {date(2020, 1, 1): 5, date(2026, 3, 1): 3})
    eutils = Eutils(base_url=standin.url)
    assert search_all("few[tiab]", partial(eutils.run, "few[tiab]")).total == 8
    assert len(standin.asked) == 1
    late = search_all("few[tiab]", partial(eutils.run, "few[tiab]"), since=date(2026, 3, 1))
    assert late.total == 3
    assert "2026/03/01:2100/12/31[Date - Entry]" in late.translation
    assert standin.asked[-1].fields["maxdate"] == f"{LAST_DAY:%Y/%m/%d}"


def test_a_day_with_more_than_that_cannot_be_split(standin: StandIn) -> None:
    standin.crowd("bulk", {date(2003, 1, 1): MOST_PMIDS + 1})
    eutils = Eutils(base_url=standin.url)
    with pytest.raises(NotPossible, match="10,000 records entered PubMed on 2003-01-01"):
        search_all("bulk[tiab]", partial(eutils.run, "bulk[tiab]"))
    standin.asked.clear()
    with pytest.raises(NotPossible, match="finds 10,000 records, more than 5"):
        search_all("bulk[tiab]", partial(eutils.run, "bulk[tiab]"), most=5)
    assert len(standin.asked) == 1


def test_a_list_that_is_not_whole_is_no_answer() -> None:
    with pytest.raises(NoAnswer, match="found 3 records and listed 1"):
        search_all("x", lambda first, last: Searched(3, ("7",), "x", ()))


def test_what_changes_between_two_questions_is_said(standin: StandIn) -> None:
    standin.crowd("flux", days(2, 20_000))
    eutils = Eutils(base_url=standin.url)

    def ask(first: date | None, last: date | None) -> Searched:
        found = eutils.run("flux[tiab]", first, last)
        return found if first else found._replace(total=found.total + 2)

    assert search_all("flux[tiab]", ask).left_out[0].startswith("2 of ")


# ---- one paper, once -------------------------------------------------------------------------------------

TITLE = "Rapid efficacy of anifrolumab across multiple subtypes of recalcitrant cutaneous lupus"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Identity(pmid="1"), Identity(pmid="1"), True),
        (
            Identity(pmid="1", doi="10.1000/x", title=TITLE),
            Identity(pmid="2", doi="10.1000/x", title=TITLE),
            False,
        ),
        (Identity(pmid="1", doi="10.1000/X"), Identity(doi="https://doi.org/10.1000/x"), True),
        (
            Identity(doi="10.1000/x", title=TITLE, year=2020),
            Identity(doi="10.1000/y", title=TITLE, year=2020),
            False,
        ),
        (Identity(title=TITLE, year=2023), Identity(title=TITLE.upper() + ".", year=2023), True),
        (Identity(title=TITLE, year=2023), Identity(title=TITLE, year=2024), True),
        (Identity(title=TITLE, year=2023), Identity(title=TITLE, year=2025), False),
        (Identity(title=TITLE, year=2023), Identity(title=TITLE), True),
        (Identity(title=TITLE, author="Carter"), Identity(title=TITLE, author="Jones"), False),
        (Identity(title="Lupus", year=2023), Identity(title="Lupus", year=2023), False),
        (Identity(title="Lupus", author="Müller"), Identity(title="LUPUS.", author="Muller"), True),
        (
            Identity(title="The <i>TP53</i> α-gene: a\u2010b in 5 people"),
            Identity(title="The TP53 α gene – A B in 5 people"),
            True,
        ),
        (Identity(), Identity(), False),
        (Identity(title="狼疮 皮肤", author="王"), Identity(title="狼疮 皮肤", author="王"), True),
    ],
)
def test_the_rule(one: Identity, other: Identity, same: bool) -> None:
    assert same_paper(one, other) is same_paper(other, one) is same


@given(st.text(max_size=40), st.text(max_size=40))
def test_titles_and_dois_are_compared_as_they_are_kept(text: str, other: str) -> None:
    assert plain_title(plain_title(text)) == plain_title(text)
    assert plain_doi(plain_doi(text)) == plain_doi(text)
    if plain_title(text) and plain_title(text) == plain_title(other):
        assert same_paper(Identity(title=text, author="A"), Identity(title=other, author="A"))


WORDS = [
    "efficacy",
    "anifrolumab",
    "cutaneous",
    "lupus",
    "patients",
    "series",
    "refractory",
    "skin",
    "trial",
    "cohort",
    "outcome",
    "response",
    "safety",
]


def corpus() -> tuple[list[Identity], list[tuple[Identity, int]]]:
    """Papers, and second records of some as another database spells them, each with the paper it is."""
    chance = random.Random(7)
    papers = [
        Identity(
            str(1000 + i),
            f"10.1000/j.{i}" if chance.random() < 0.8 else "",
            f"{' '.join(chance.choices(WORDS, k=7))}: {'é' * (i % 3 == 0)}tude {i}",
            2015 + i % 10,
            f"Author{i % 211}",
        )
        for i in range(2000)
    ]
    others = []
    for i in chance.sample(range(2000), 800):
        paper = papers[i]
        title = paper.title.upper() if chance.random() < 0.3 else paper.title.replace("é", "e") + "."
        doi = paper.doi.upper() if chance.random() < 0.6 else ""
        year = (paper.year or 0) + (chance.random() < 0.15)
        others.append((Identity("", doi, title, year, paper.author if chance.random() < 0.9 else ""), i))
    return papers, others


def test_a_made_corpus_is_deduplicated() -> None:
    papers, others = corpus()
    index = Index((paper, number) for number, paper in enumerate(papers))
    found = [(index.find(other), number) for other, number in others]
    assert sum(one == number for one, number in found) == len(others) == 800
    strangers = [
        Identity(
            "", f"10.2000/{i}", f"{' '.join(reversed(paper.title.split()))} again", paper.year, paper.author
        )
        for i, paper in enumerate(papers)
    ]
    assert [index.find(one) for one in strangers] == [None] * len(papers)
    # A letter more or less in the title is another one: the rule is strict, and what it misses is screened twice.
    misspelt = [other._replace(doi="", title=other.title[1:]) for other, _ in others]
    assert sum(index.find(one) is not None for one in misspelt) == 0
