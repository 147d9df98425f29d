"""evidence write: every number is the result's, both languages say the same, and no sentence says more than its data."""

from __future__ import annotations

import csv
import html
import io
import itertools
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result as Run
from hypothesis import example, given, settings
from hypothesis import strategies as st

import evidence
from evidence.analysis.results import Analysis, Result
from evidence.analysis.robustness import Sensitivity
from evidence.cli import main
from evidence.errors import NotPossible, OptionError
from evidence.report import render
from evidence.report.pooled import methods as english_methods
from evidence.report.sensitivity.export import to_dict
from evidence.report.sensitivity.words import weaknesses
from evidence.report.writing import methods as written_methods
from evidence.report.writing.composing import LANGUAGES, PIECES, words_of
from evidence.report.writing.language import Passage
from evidence.report.writing.spanish import NOTES, Spanish
from evidence.review.counts import CountRow
from evidence.review.overlaps import ADVERBS
from evidence.review.schema import OutcomeRow
from evidence.synthesis import notes
from evidence.synthesis.pooling import CI, PREDICTIONS_OF, TAU2, TAU2_INTERVALS
from evidence.synthesis.proportions import INTERVALS, MEASURES

from .made_analyses import all_responded, heterogeneous
from .made_reviews import REFERENCE, review

FORBIDDEN = re.compile(
    r"\b(superior\w*|inferior|better|worse|prov(?:e|es|ed|en)|outperform\w*|effective\w*|efficac\w*|significan\w*|"
    r"demonstrat\w*|benefit\w*|respond more|respond less|cause[sd]?|"
    r"mejor\w*|peor\w*|eficaz|eficaces|eficacia|significativ\w*|benefici\w*|demuestran? que el|caus[aóe]\w*)\b",
    re.IGNORECASE,
)
"""Words for more than a naive comparison can bear."""

ALLOWED = "the better it fits"
"""What a note says of a model."""

NUMBER = re.compile(r"(?<![\w.,])[+−-]?\d+(?:[.,]\d+)?(?:e[+-]\d+)?")


def rows(*counts: tuple[int, int], ours: bool = False) -> list[CountRow]:
    made = [
        CountRow(f"Hospital {'ABCDEFGHIJKLMNOPQRST'[i]}", x, n, {}, i + 1) for i, (x, n) in enumerate(counts)
    ]
    return [made[0]._replace(study="Ours"), *made[1:]] if ours else made


def against(counts: tuple[int, int] | None) -> CountRow | None:
    return None if counts is None else CountRow("Trial", *counts, {}, 0)


def pooled(
    *counts: tuple[int, int], ref: tuple[int, int] | None = None, ours: bool = False, **options: Any
) -> Analysis:
    return evidence.pool_rows(rows(*counts, ours=ours), against=against(ref), **options)


def examined(*counts: tuple[int, int], ref: tuple[int, int] | None = None, ours: bool = False) -> Sensitivity:
    return evidence.sensitivity_rows(rows(*counts, ours=ours), against=against(ref))


@pytest.fixture(scope="module")
def shipped() -> evidence.Review:
    return evidence.load("data")


@pytest.fixture(scope="module")
def analysis(shipped: evidence.Review) -> Analysis:
    return evidence.pool(shipped)


@pytest.fixture(scope="module")
def found(shipped: evidence.Review) -> Sensitivity:
    return evidence.sensitivity(shipped)


# ---- numbers -------------------------------------------------------------------------------------


def said(text: str) -> list[str]:
    """The numbers in a text, with a decimal point and without citations."""
    bare = re.sub(r"\[[\d,]+\]", "", text)
    return [n.replace(",", ".").replace("−", "-").lstrip("+") for n in NUMBER.findall(bare)]


def held(value: Any) -> set[float]:
    """Every number of an exported result, those inside its words too."""
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, int | float):
        return {float(value)}
    if isinstance(value, str):
        return {float(n) for n in re.findall(r"\d+(?:\.\d+)?", value)}
    items = value.values() if isinstance(value, dict) else value
    return set().union(*map(held, items)) if items else set()


def rounds_to(number: str, raw: float) -> bool:
    """Whether the printed number is this one, or this share as a percentage, rounded as it is printed."""
    if "e" in number:  # three figures of what is next to nothing
        return float(f"{raw:.2e}") == float(number)
    digits = len(number.partition(".")[2])
    half = 0.5 * 10.0**-digits + 1e-9
    shown = abs(float(number))
    return any(
        abs(abs(raw) * by - shown) <= half or float(f"{abs(raw) * by:.2g}") == shown for by in (1, 100)
    )


def exported(result: Result, sensitivity: Sensitivity | None = None) -> set[float]:
    known = held(json.loads(render(result, "json")))
    if sensitivity is not None:
        known |= held(to_dict(sensitivity))
    return known | {1 - float(result.options["level"]), 0.001, 0.0, 1.0}


def assert_all_held(text: str, known: set[float]) -> None:
    bounded = re.sub(r"[<>] ?[\d.,]*\d", "", text)  # ">99.9", "p < 0.001": no value, but where it lies
    strange = [n for n in said(bounded) if not any(rounds_to(n, raw) for raw in known)]
    assert not strange, (strange, text)


TABLES = st.lists(
    st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=5
)
REFERENCES = st.none() | st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(TABLES, REFERENCES, st.booleans(), st.sampled_from(["auto", "auto", "exact", "random"]))
@settings(max_examples=10)
def test_no_number_is_said_that_the_result_does_not_hold(
    counts: list[tuple[int, int]], ref: tuple[int, int] | None, ours: bool, model: str
) -> None:
    made = pooled(*counts, ref=ref, ours=ours, model=model)
    texts = {lang: evidence.write("results", made, lang=lang).text for lang in LANGUAGES}
    for text in texts.values():
        assert_all_held(text, exported(made))
        assert not FORBIDDEN.search(text.replace(ALLOWED, "")), text
        assert "  " not in text
        assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    assert Counter(said(texts["en"])) == Counter(said(texts["es"]))
    assert made.leading.events == sum(x for x, _ in counts)


@given(TABLES, REFERENCES, st.booleans())
@example([(0, 5)], (25, 26), False)  # more than a million unpublished series, said as such
@settings(max_examples=2)
def test_limitations_say_the_numbers_of_the_sensitivity(
    counts: list[tuple[int, int]], ref: tuple[int, int] | None, ours: bool
) -> None:
    made = examined(*counts, ref=ref, ours=ours)
    known = exported(made.analysis, made)
    texts = {lang: evidence.write("limitations", made, lang=lang).text for lang in LANGUAGES}
    for text in texts.values():
        assert_all_held(text, known)
        assert not FORBIDDEN.search(text.replace(ALLOWED, "")), text
    assert Counter(said(texts["en"])) == Counter(said(texts["es"]))


def test_the_shipped_reviews_numbers_are_its_results(
    shipped: evidence.Review, analysis: Analysis, found: Sensitivity
) -> None:
    for piece, lang in itertools.product(("results", "limitations"), LANGUAGES):
        written = evidence.write(piece, analysis, sensitivity=found, review=shipped, lang=lang)
        assert_all_held(written.text, exported(analysis, found))
        assert not FORBIDDEN.search(written.text)


def test_what_makes_a_sensitivity_weak_is_among_the_limitations(
    analysis: Analysis, found: Sensitivity
) -> None:
    for result, made in (
        (analysis, found),
        *(
            (one.analysis, one)
            for one in (
                examined((6, 6), (9, 9), ref=(49, 107), ours=True),
                examined((5, 9), (4, 8), ref=(3, 40)),
                examined((3, 10), (2, 9), ref=(3, 10)),
                examined((6, 6), ref=(0, 9)),
            )
        ),
    ):
        text = evidence.write("limitations", result, sensitivity=made).text
        numbers = Counter(said(text))
        for point in weaknesses(made):
            if "not yet checked" in point.clause:
                continue
            assert set(said(point.clause)) <= set(numbers), (point.clause, text)


def test_the_main_numbers_are_the_published_ones(analysis: Analysis) -> None:
    text = evidence.write("results", analysis).text
    assert (
        "all 6 patients of the present series responded at the last visit (9 to 43 weeks; 100 %; 95 % CI 54.1 to 100)"
        in text
    )
    assert (
        "49 of 107 did at week 12 (45.8 %; difference +54.2 percentage points, 95 % CI 14.1 to 63.3; Fisher p = 0.011)"
        in text
    )
    assert (
        "68 of 107 at week 52 (63.6 %; difference +36.4, −3.5 to 45.9, which includes 0; Fisher p = 0.091)"
        in text
    )
    assert "The groups were not randomised against each other." in text


def test_spanish_is_spanish(analysis: Analysis, found: Sensitivity) -> None:
    for piece in PIECES:
        text = evidence.write(piece, analysis, sensitivity=found, lang="es").text
        assert not re.search(r"\d\.\d", text.replace(analysis.version, "")), text
        assert not re.search(
            r"\b(the|and|with|was|were|patients?|studies)\b", text.replace(analysis.definition, "")
        ), text
        assert " de el " not in text
        assert " a el " not in text
    text = evidence.write("results", analysis, lang="es").text
    assert (
        "los 6 pacientes de la presente serie respondieron en la última visita (9 a 43 semanas; 100 %; IC del 95 %: 54,1 a 100)"
        in text
    )
    assert (
        "diferencia de +54,2 puntos porcentuales, IC del 95 %: 14,1 a 63,3; prueba exacta de Fisher, p = 0,011"
        in text
    )


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (["Ruiz", "Ibáñez"], "Ruiz e Ibáñez"),
        (["Pérez", "Hidalgo"], "Pérez e Hidalgo"),
        (["sangre", "hierro"], "sangre y hierro"),
        (["A", "B", "C"], "A, B y C"),
        (["A"], "A"),
    ],
)
def test_a_spanish_list_ends_as_it_sounds(names: list[str], listed: str) -> None:
    assert Spanish().listed(names) == listed


def _row(**fields: Any) -> OutcomeRow:
    empty: dict[str, Any] = dict.fromkeys(OutcomeRow._fields, "")
    nothing = dict.fromkeys(("weeks_from", "weeks_to", "events", "n", "events_low", "events_high"))
    return OutcomeRow(**(empty | nothing | fields))


@pytest.mark.parametrize(
    ("fields", "spanish"),
    [
        ({"weeks": 12.0}, "en la semana 12"),
        ({"weeks": 8.7}, "en la semana 8,7"),
        ({"weeks": 10.0, "weeks_from": 8.0, "weeks_to": 26.0}, "en las semanas 8 a 26"),
        ({"weeks": "last visit"}, "en la última visita"),
        (
            {"weeks": "last visit", "weeks_from": 9.0, "weeks_to": 43.0},
            "en la última visita (9 a 43 semanas)",
        ),
        (
            {"weeks": "last visit", "weeks_from": 9.0, "weeks_to": 9.0},
            "en la última visita (a las 9 semanas)",
        ),
        ({"weeks": "last visit", "weeks_from": 9.0}, "en la última visita (desde las 9 semanas)"),
        ({"weeks": "last visit", "weeks_to": 9.0}, "en la última visita (hasta las 9 semanas)"),
        ({"weeks": "not stated"}, ""),
    ],
)
def test_every_time_a_row_may_state_has_its_spanish(fields: dict[str, Any], spanish: str) -> None:
    assert Spanish().time(_row(**fields).when) == spanish


def test_every_note_without_which_a_pool_is_not_told_has_its_spanish() -> None:
    made = (
        notes.TWO_STUDIES,
        notes.NOT_IDENTIFIED,
        notes.SEPARATED,
        notes.ALL_CORRECTED,
        notes.corrected(2, 5, events_missing=True),
        notes.corrected(2, 5, events_missing=False),
        notes.edge_without_correction("arcsine"),
        notes.very_heterogeneous(4.2),
        notes.very_overdispersed(0.93),
        notes.freeman_tukey(0.1, 0.2, 0.15),
        notes.freeman_tukey_edge(3),
        notes.no_spread("hksj"),
    )
    for note in made:
        spanish = Spanish().note(note)
        assert "en inglés" not in spanish
        assert Counter(said(spanish)) <= Counter(said(note))
    assert "en inglés" in Spanish().note("A note nobody has put into Spanish.")
    assert len(NOTES) >= len(made) - 1


# ---- methods -------------------------------------------------------------------------------------


def test_each_word_of_an_option_has_its_spanish() -> None:
    for name in ("ESTIMATORS", "INTERVALS", "PREDICTIONS", "TAU2_INTERVALS", "STUDY_INTERVALS", "SCALES"):
        assert set(getattr(written_methods, name)) == set(getattr(english_methods, name)), name


COUNTS = ((8, 10), (9, 12), (7, 9), (3, 8), (20, 31), (2, 14), (12, 12))
OPTIONS: list[dict[str, Any]] = [
    *({"model": "random", "tau2": word} for word in TAU2 if word != "genq"),
    {"model": "random", "tau2": "genq", "weights": "equal"},
    *(
        {"model": "random", "ci": word}
        for word in CI
        if word not in ("t", "profile", "ivhet", "wald", "corrected")
    ),
    *(
        {"model": "random", "prediction": word}
        for word in PREDICTIONS_OF["random"]
        if word not in ("bootstrap", "posterior")
    ),
    *({"model": "random", "tau2_ci": word} for word in TAU2_INTERVALS if word != "profile"),
    *({"model": "common", "measure": word} for word in MEASURES),
    *({"model": "exact", "interval": word} for word in INTERVALS),
    {"model": "binomial"},
    {"model": "binomial", "ci": "corrected", "prediction": "hts"},
    {"model": "beta-binomial"},
    {"model": "bayes", "prior": "half-cauchy", "prior_scale": 0.5},
    {"model": "bayes", "prior": "exponential"},
    {"model": "random", "i2": "tau2", "level": 0.9},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: " ".join(map(str, options.values())))
def test_spanish_methods_cite_and_count_as_the_english_do(options: dict[str, Any]) -> None:
    made = pooled(*COUNTS, ref=(49, 107), **options)
    english, spanish = (evidence.write("methods", made, lang=lang) for lang in LANGUAGES)
    assert spanish.references == english.references
    assert len(spanish.sentences) == len(english.sentences)
    for one, other in zip(english.sentences, spanish.sentences, strict=True):
        assert re.findall(r"\[[\d,]+\]", one) == re.findall(r"\[[\d,]+\]", other)
        assert Counter(said(one)) == Counter(said(other)), (one, other)
    assert "{" not in spanish.text


@pytest.mark.parametrize("counts", [((6, 6), (9, 9)), ((0, 5), (0, 7)), ((3, 5),), ((5, 9), (4, 8), (2, 7))])
def test_methods_of_all_none_one_and_few(counts: tuple[tuple[int, int], ...]) -> None:
    made = pooled(*counts)
    english, spanish = (evidence.write("methods", made, lang=lang) for lang in LANGUAGES)
    assert english.text in english_methods.methods(made)
    assert spanish.references == english.references
    assert Counter(said(english.text)) == Counter(said(spanish.text))


def test_methods_without_a_limit_are_the_paragraph_of_pool(analysis: Analysis) -> None:
    assert f"{evidence.write('methods', analysis)}\n" == english_methods.methods(analysis)


# ---- within so many words ------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("piece", PIECES)
def test_the_words_limit_holds_and_nothing_is_told_without_what_qualifies_it(
    piece: str, lang: str, analysis: Analysis, found: Sensitivity, shipped: evidence.Review
) -> None:
    possible = 0
    for words in (1, 12, 20, 35, 50, 60, 61, 75, 90, 130, 200, 400, 1000):
        options: dict[str, Any] = {"sensitivity": found, "review": shipped, "lang": lang, "words": words}
        try:
            written = evidence.write(piece, analysis, **options)
        except NotPossible:
            assert not possible
            continue
        possible += 1
        assert 0 < written.count <= words
        assert written.count == words_of(written.text)
        week_12, week_52 = (gap in said(written.text) for gap in ("54.2", "36.4"))
        if piece == "results":
            assert week_12 == week_52  # never the one that shows a difference without the one that does not
            assert (
                "random" in written.text or "aleator" in written.text or "azar" in written.text
            ) == week_12
            assert analysis.average is not None
            if f"{100 * analysis.average.estimate:.1f}" in said(written.text):
                assert "prior" in written.text or "previa" in written.text
                assert "prediction interval" in written.text or "intervalo de predicción" in written.text
                assert "Chasset 2023" in written.text
    assert possible > 3
    whole = evidence.write(piece, analysis, sensitivity=found, review=shipped, lang=lang)
    assert (
        evidence.write(piece, analysis, sensitivity=found, review=shipped, lang=lang, words=whole.count)
        == whole
    )
    assert whole.left_out == ()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sixty_words_hold_the_answer_and_the_comparison(
    lang: str, shipped: evidence.Review, analysis: Analysis
) -> None:
    written = evidence.write("results", analysis, review=shipped, lang=lang, words=60)
    assert {"54.1", "54.2", "14.1", "63.3", "36.4", "-3.5", "45.9"} <= set(said(written.text))
    assert "not randomised" in written.text or "no aleatorizados" in written.text
    assert "CLASI-50" in written.text


def test_a_lesser_claim_is_never_kept_in_place_of_a_greater() -> None:
    from evidence.report.writing.composing import fit

    passages = [Passage(0, "a b"), Passage(3, "c"), Passage(1, "d e f g", "d e"), Passage(2, "h i j k l m")]
    assert fit(passages, 100, {}) == (["a b", "c", "d e f g", "h i j k l m"], [])
    assert fit(passages, 9, {}) == (["a b", "d e f g"], ["h i j k l m", "c"])
    assert fit(passages, 5, {}) == (["a b", "d e"], ["h i j k l m", "c"])
    assert fit(passages, 3, {}) == (["a b"], ["d e f g", "h i j k l m", "c"])
    with pytest.raises(NotPossible, match="has 2"):
        fit(passages, 1, {})


def test_a_shared_qualification_is_said_once_with_the_first_that_needs_it() -> None:
    from evidence.report.writing.composing import fit

    passages = [Passage(0, "a"), Passage(2, "b", shared=("q.",)), Passage(1, "c", shared=("q.",))]
    assert fit(passages, None, {})[0] == ["a", "b q.", "c"]
    assert fit(passages, 3, {})[0] == ["a", "c q."]
    assert fit(passages, 2, {})[0] == ["a"]


# ---- never stronger than the data ----------------------------------------------------------------


def test_what_nobody_has_checked_is_left_out_or_named(tmp_path: Path) -> None:
    studies = {"trial": "design=trial"}
    lines = ["ours 6/6", "one 9/9 state=unverified", "two 8/11 state=secondary", "trial 49/107"]
    made = evidence.pool(review(tmp_path, lines, toml=REFERENCE, studies=studies))
    for lang, unchecked in (("en", "not yet been checked"), ("es", "no se había comprobado")):
        written = evidence.write("results", made, lang=lang)
        for sentence in written.sentences:
            if "26" in said(sentence):
                assert unchecked in sentence
                assert "ONE" in sentence
                assert "TWO" in sentence
        limits = evidence.write("limitations", made, lang=lang).text
        assert unchecked in limits


def test_our_own_unchecked_count_does_not_lead(tmp_path: Path) -> None:
    lines = ["ours 6/6 state=unverified", "one 9/10", "two 8/11", "trial 49/107"]
    made = evidence.pool(review(tmp_path, lines, toml=REFERENCE, studies={"trial": "design=trial"}))
    text = evidence.write("results", made).text
    assert text.startswith("The count of the present series had not yet been checked against its source")
    assert "all 6 patients of the present series" not in text


def test_an_unchecked_reference_is_not_compared_with(tmp_path: Path) -> None:
    lines = ["ours 6/6", "one 9/10", "trial 49/107 state=unverified"]
    made = evidence.pool(review(tmp_path, lines, toml=REFERENCE, studies={"trial": "design=trial"}))
    for lang in LANGUAGES:
        text = evidence.write("results", made, lang=lang).text
        assert "107" not in said(text)
        assert "No comparison" in text or "ninguna comparación" in text


def test_a_comparison_says_what_it_can_bear(shipped: evidence.Review) -> None:
    naive = evidence.compare(shipped)
    assert "not randomised" in evidence.write("results", naive).text
    randomised = evidence.compare(shipped, cohort="tulip12", against="tulip12:placebo")
    assert "Patients were randomised between the two." in evidence.write("results", randomised).text
    counts = evidence.compare_rows(CountRow("Ours", 6, 6, {}, 1), CountRow("Trial", 24, 49, {}, 2))
    assert "unless patients were randomised between them" in evidence.write("results", counts).text
    for made in (
        naive,
        randomised,
        counts,
        evidence.compare(shipped, cohort="all"),
        evidence.compare(shipped, against="others"),
    ):
        texts = {
            lang: evidence.write(piece, made, lang=lang).text for piece in ("results",) for lang in LANGUAGES
        }
        assert Counter(said(texts["en"])) == Counter(said(texts["es"]))
        for text in texts.values():
            assert_all_held(text, exported(made))
            assert "  " not in text
        assert not FORBIDDEN.search(" ".join(texts.values()))
        evidence.write("limitations", made, lang="es")


def test_all_or_none_has_its_qualification() -> None:
    for counts in (((6, 6), (9, 9), (11, 11)), ((0, 6), (0, 9), (0, 11))):
        english, spanish = (evidence.write("results", pooled(*counts), lang=lang) for lang in LANGUAGES)
        assert (
            "how much series differ could not be estimated, and the limits of the model lean on its prior"
            in english.sentences[0]
        )
        assert "no se pudo estimar cuánto difieren las series" in spanish.sentences[0]
        corrected = evidence.write("results", pooled(*counts, model="random")).sentences[0]
        assert notes.ALL_CORRECTED in corrected


def test_a_retraction_is_said_before_anything_else_and_never_dropped() -> None:
    made = replace(all_responded(), warnings=("WARNING: Ours (ours): retracted: notice.",))
    for piece, lang in itertools.product(("results", "limitations"), LANGUAGES):
        text = evidence.write(piece, made, lang=lang).text
        assert text.startswith(("WARNING: Ours (ours): retracted: notice.", "AVISO"))
        assert "retracted: notice." in text
    short = evidence.write("results", made, words=30).text
    assert short.startswith("WARNING")


def test_an_overlap_is_a_limitation(tmp_path: Path) -> None:
    lines = ["ours 6/6", "one 9/10", "two 4/9"]
    made = review(tmp_path, lines, cohorts="ours,a one,b two,c", overlaps="a,b,possible")
    analysis = evidence.pool(made)
    assert any("share patients" in note for note in analysis.notes)
    assert "possibly share patients." in evidence.write("limitations", analysis).text
    assert "posiblemente comparten pacientes." in evidence.write("limitations", analysis, lang="es").text
    for adverb in ADVERBS.values():
        assert adverb not in Spanish().overlap("A", "B", adverb)


def test_heterogeneity_and_groups_are_told_with_their_tests() -> None:
    table = [
        CountRow(f"S{i}", x, n, {"ward": "north" if i < 4 else "south"}, i) for i, (x, n) in enumerate(COUNTS)
    ]
    made = evidence.pool_rows(table, by="ward")
    texts = [evidence.write("results", made, lang=lang).text for lang in LANGUAGES]
    for text in texts:
        assert_all_held(text, exported(made))
    assert "By ward: north, 27/39" in texts[0]
    assert "Por ward: north, 27/39" in texts[1]
    assert Counter(said(texts[0])) == Counter(said(texts[1]))
    many = evidence.write("results", heterogeneous(14)).text
    assert "tau² was 0.589 (95 % CI 0.12 to 2.05)" in many
    assert "ranged from" in many


HOSTILE = "\x1b[31m<script>=cmd|' /C'!A0</script>[clopper1934]‮ {0} %s é\u202e" + "x" * 90


def test_hostile_names_are_harmless() -> None:
    base = all_responded()
    studies = tuple(row if row.role == "ours" else row._replace(label=HOSTILE) for row in base.studies)
    made = replace(
        base, studies=studies, comparisons=(), title=HOSTILE, outcome_label=HOSTILE, definition=HOSTILE
    )
    for piece, lang in itertools.product(PIECES, LANGUAGES):
        text = str(evidence.write(piece, made, lang=lang))
        assert text.isprintable() or {c for c in text if not c.isprintable()} == {"\n"}
    from evidence.report.writing.printing import render as printed

    written = evidence.write("results", made)
    assert "<script>" not in printed(written, "markdown")
    table = list(csv.DictReader(io.StringIO(printed(written, "csv"))))
    assert all(not row["text"].startswith(("=", "+", "-", "@")) for row in table)
    assert json.loads(printed(written, "json"))["words"] == written.count


def test_what_cannot_be_written_is_said() -> None:
    made = pooled((5, 9), (4, 8))
    with pytest.raises(OptionError, match="piece"):
        evidence.write("discussion", made)
    with pytest.raises(OptionError, match="lang"):
        evidence.write("results", made, lang="fr")
    with pytest.raises(OptionError, match="words"):
        evidence.write("results", made, words=0)
    compared = evidence.compare_rows(CountRow("Ours", 6, 6, {}, 1), CountRow("Trial", 24, 49, {}, 2))
    with pytest.raises(OptionError, match="methods are written of"):
        evidence.write("methods", compared)
    assert evidence.write("limitations", pooled((5, 9))).text == "There was no group to compare with."


# ---- the command ---------------------------------------------------------------------------------


def run(*args: str) -> Run:
    return CliRunner().invoke(main, ["write", *args], catch_exceptions=False)


def test_the_command_prints_the_text_and_its_references(analysis: Analysis, shipped: evidence.Review) -> None:
    done = run("results", "--review", "data")
    assert done.exit_code == 0
    assert done.stdout == f"{evidence.write('results', analysis, review=shipped)}\n"
    assert re.search(r"^3\. Chasset F,", done.stdout, re.MULTILINE)
    short = run("results", "--words", "60", "--review", "data")
    assert "left out to fit 60 words: 3 passages" in short.stderr
    assert words_of(short.stdout.partition("\n")[0]) <= 60


def test_the_command_ends_as_the_others_do() -> None:
    assert run("results", "--words", "5", "--review", "data").exit_code == 1
    assert run("poem").exit_code == 2
    assert run("results", "6/6", "--weeks", "12").exit_code == 2
    assert run("results", "--against", "3/4", "--review", "data").exit_code == 2
    assert run("results", "--output", "x.tex", "--review", "data").exit_code == 2


def test_formats_hold_the_same_text() -> None:
    args = ("results", "6/6", "9/9", "--against", "49/107")
    text = run(*args).stdout.rstrip("\n")
    made = json.loads(run(*args, "--format", "json").stdout)
    assert made["text"] == text
    table = list(csv.DictReader(io.StringIO(run(*args, "--format", "csv").stdout)))
    assert " ".join(row["text"] for row in table if row["kind"] == "text") == text
    assert sum(int(row["words"]) for row in table) == made["words"]
    assert html.unescape(run(*args, "--format", "markdown").stdout).rstrip("\n").replace("\\", "") == text


def test_counts_without_names_are_called_in_the_language_asked_for() -> None:
    text = run("results", "6/6", "9/9", "--against", "49/107", "--lang", "es").stdout
    assert "En la referencia" in text
    assert "Serie 1, 6/6" in text
    assert "Series 1" not in text


def test_a_single_count_is_not_one_of_one(tmp_path: Path) -> None:
    made = review(tmp_path, ["one 9/10 state=unverified"])
    for lang, said in (
        ("en", "The only count (ONE) had not yet been checked"),
        ("es", "El único recuento (ONE)"),
    ):
        assert said in evidence.write("results", evidence.pool(made), lang=lang).text
