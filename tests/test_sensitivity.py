"""evidence sensitivity: each part's number on screen is the engine's, and no claim is stronger than its number."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from statsmodels.stats.proportion import proportion_confint

import evidence
from evidence.analysis import robustness
from evidence.analysis.robustness import Sensitivity
from evidence.errors import DataError, OptionError
from evidence.report.numbers import percent
from evidence.report.sensitivity.export import render_csv, to_dict
from evidence.report.sensitivity.text import render_text
from evidence.report.sensitivity.words import priors_in_words, weaknesses, words
from evidence.review.counts import CountRow

Run = Any


def rows(*counts: tuple[int, int], **extra: object) -> list[CountRow]:
    return [CountRow(f"S{i}", x, n, dict(extra), i) for i, (x, n) in enumerate(counts, 1)]


def examined(*counts: tuple[int, int], against: tuple[int, int] | None = (49, 107)) -> Sensitivity:
    reference = None if against is None else CountRow("Trial", *against, {}, 0)
    return evidence.sensitivity_rows(rows(*counts), against=reference)


@pytest.fixture(scope="module")
def shipped() -> Sensitivity:
    return evidence.sensitivity(evidence.load("data"))


def test_the_shipped_review_gives_the_published_turning_points(shipped: Sensitivity) -> None:
    claims = {claim.name: claim.fragility for claim in shipped.claims}
    assert (claims["Ours"].pvalue, claims["Ours"].limit, claims["Ours"].estimate) == (1, 1, 8)
    assert (claims["all"].pvalue, claims["all"].limit, claims["all"].estimate) == (15, 16, 31)
    elsewhere = {name: claim.fragility.pvalue for name, claim, _ in shipped.elsewhere}
    assert elsewhere == {"TULIP-1+2, week 52": 0, "TULIP-2, week 12": 1}
    assert shipped.tipping is not None
    curve = dict(zip(shipped.tipping.taus.tolist(), shipped.tipping.low.tolist(), strict=True))
    for tau, low in ((0.5, 0.852), (1.0, 0.808), (2.0, 0.691), (3.0, 0.596)):
        assert curve[tau] == pytest.approx(low, abs=5e-4)
    assert shipped.tipping.crossing == pytest.approx(5.87, abs=0.01)
    assert shipped.confounding is not None
    assert shipped.confounding.e_value.estimate == pytest.approx(3.79, abs=0.005)
    assert shipped.margin is not None
    assert shipped.margin.holds == pytest.approx(18 / 23)


def test_the_three_weakest_points_are_said_with_their_numbers(shipped: Sensitivity) -> None:
    paragraph = words(shipped).weakest
    assert paragraph.startswith(
        "The three weakest points of this comparison. First, against TULIP-1+2, week 52"
    )
    assert "p is 0.091" in paragraph
    assert "Second, one hidden non-responder among ours would take p above 0.05." in paragraph
    assert paragraph.count(".") >= 4
    severities = [point.severity for point in weaknesses(shipped)]
    assert severities == sorted(severities, reverse=True)
    assert all(0 <= severity <= 1 for severity in severities)


def test_a_pool_without_ours_leads_itself() -> None:
    found = examined((6, 6), (9, 9), (11, 11))
    assert found.lead is not None
    assert (found.lead.name, found.lead.n) == ("all", 26)
    assert words(found).headline.startswith("All series: all 26 patients had the outcome")


def test_nothing_is_claimed_of_counts_that_show_no_difference() -> None:
    found = examined((5, 6), (7, 9), (20, 40), against=(24, 49))
    assert (found.confounding, found.joint, found.drawer) == (None, None, None)
    said = render_text(found)
    assert "do not show a difference to begin with" in said
    for strong in ("would take p above", "E-value)", "Three doubts"):
        assert strong not in said


def test_no_responders_mirror_all_responders() -> None:
    up, down = examined((6, 6), (9, 9), against=(40, 100)), examined((0, 6), (0, 9), against=(60, 100))
    assert [claim.fragility[1:] for claim in up.claims] == [claim.fragility[1:] for claim in down.claims]
    assert up.tipping is not None
    assert down.tipping is not None
    assert up.tipping.crossing == pytest.approx(down.tipping.crossing)
    assert up.joint is not None
    assert down.joint is not None
    assert up.joint.survives.tolist() == down.joint.survives.tolist()
    assert up.drawer is not None
    assert down.drawer is not None
    assert up.drawer.rates[0].unpublished == pytest.approx(down.drawer.rates[0].unpublished)
    assert "hidden patients with the outcome" in words(down).headline


def test_without_a_reference_only_what_needs_none_is_shown() -> None:
    found = examined((6, 6), (9, 9), against=None)
    assert found.claims == ()
    assert found.lead is None
    assert found.tipping is not None
    assert found.tipping.crossing is None
    assert any("No reference" in note for note in found.notes)
    assert words(found).weakest == ""


def test_drop_outs_are_counted_under_each_way(shipped: Sensitivity) -> None:
    found = evidence.sensitivity_rows(rows((8, 8), treated="12"), against=CountRow("Trial", 49, 107, {}, 0))
    (row,) = found.lost
    assert (row.treated, row.counts.worst, row.counts.best) == (12, (8, 12), (12, 12))
    assert row.pvalues is not None
    assert row.pvalues[0] < 0.05 < row.pvalues[1]
    assert any("S1's drop-outs" in point.clause for point in weaknesses(found))
    completers = [row.name for row in shipped.lost]
    assert completers == ["Valencia 2025"]
    assert "how many began and stopped before is not stated" in words(shipped).lost


def test_a_measurement_error_needs_patients_scores_behind_the_outcome() -> None:
    review = evidence.load("data")
    assert len(evidence.sensitivity(review, sem=2.0).measured) == 3
    with pytest.raises(OptionError, match="no reduction of a score"):
        evidence.sensitivity(review, "complete_response", sem=2.0)


def test_json_and_csv_hold_the_numbers_of_the_screen(shipped: Sensitivity) -> None:
    told = to_dict(shipped)
    json.dumps(told, allow_nan=False)
    assert told["hidden"][0] == {
        "name": "Ours",
        "events": 6,
        "n": 6,
        "hidden": "non-responders",
        "pvalue": 1,
        "interval": 2,
        "limit": 1,
        "estimate": 8,
    }
    lines = list(csv.DictReader(io.StringIO(render_csv(shipped))))
    low = next(line for line in lines if line["part"] == "tipping" and line["quantity"] == "tau 1")
    assert float(low["low"]) == told["tipping"]["low"][3]
    assert f"{100 * float(low['low']):.1f} to 100" in render_text(shipped)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_screen(shipped: Sensitivity, width: int) -> None:
    assert max(map(len, render_text(shipped, width=width, unicode=False).splitlines())) <= width


def test_the_command_examines_counts_tables_and_reviews(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "series.csv"
    table.write_text("study,events,n,treated\nOurs,8,8,10\nLopez,9,9,9\n", encoding="utf-8")
    result = run("sensitivity", str(table), "--against", "49/107")
    assert result.returncode == 0
    assert "Ours: 10 treated, two not counted." in result.stdout
    assert run("sensitivity", "6/6", "--weeks", "12").returncode == 2
    assert run("sensitivity", "--against", "49/107").returncode == 2
    assert run("sensitivity", "7/6").returncode == 2
    hostile = run("sensitivity", "\x1b[31mX=6/6", "--against", "49/107")
    assert "\x1b" not in hostile.stdout


# ---- other defensible choices --------------------------------------------------------------------


def test_every_declared_choice_is_made_and_counted_once(shipped: Sensitivity) -> None:
    found = shipped.multiverse
    assert found is not None
    assert found.declared
    assert found.primary.difference.estimate == pytest.approx(1 - 49 / 107)
    assert len(found.specifications) == len({one.choices for one in found.specifications}) == 70
    for kind, total in (("sides", 70), ("references", 70), ("windows", 70)):
        assert sum(of for _, of in found.by_choice(kind).values()) == total
    assert found.kept == sum(one.difference.low > 0 for one in found.specifications)
    exact = found.by_choice("models")["exact"]
    assert exact[0] == exact[1]
    weeks52 = found.by_choice("references")["TULIP-1+2, week 52"]
    assert weeks52[0] < weeks52[1]
    assert len(found.by_choice("references")) == 7
    assert any("the same rows as" in text for text in found.idle)


def test_a_specification_is_the_comparison_that_compare_makes(shipped: Sensitivity) -> None:
    found = shipped.multiverse
    assert found is not None
    made = evidence.compare(evidence.load("data"), against="tulip2", weeks=12)
    same = [one for one in found.specifications if one.choices[:2] == ("ours", "TULIP-2, week 12")]
    newcombe = next(
        one for one in same if one.choices[5] == "newcombe" and one.choices[3].startswith("weeks 8")
    )
    contrast = next(c for c in made.comparisons if c.against == "TULIP-2, week 12")
    assert (*newcombe.difference,) == pytest.approx((*contrast.comparison.difference,))
    assert newcombe.pvalue == pytest.approx(contrast.comparison.pvalue)


def test_a_choice_needs_a_reason_and_an_analysis(tmp_path: Path) -> None:
    review = tmp_path / "review"
    shutil.copytree("data", review)
    text = (review / "review.toml").read_text(encoding="utf-8")
    for old, new, said in (
        (
            '{ use = "miettinen-nurminen", reason = ',
            '{ use = "miettinen-nurminen", why = ',
            "reason is missing",
        ),
        ('{ drop = "certain"', '{ drop = "sure"', "is not one of the words"),
        ("[multiverse.primary]", "[multiverse.primry]", "is not an analysis"),
        ('{ study = "tulip1", arm', '{ study = "tulip9", arm', "is not a report in studies.csv"),
    ):
        assert old in text
        (review / "review.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(DataError, match=said):
            evidence.load(review)


# ---- counts that are only bounded ----------------------------------------------------------------


def test_series_whose_count_is_bounded_widen_the_pool_to_a_set(shipped: Sensitivity) -> None:
    found = shipped.bounds
    assert found is not None
    assert (found.pools.events, found.pools.n, found.turned) == ((32, 37), 37, (False, False))
    said = words(shipped).bounds
    assert "Carter 2023: 4 to 7 of 7." in said
    assert "Disputed: a median of 0 in seven" in said
    assert "Against the reference, neither end takes p above 0.05." in said
    assert found.pools.ends[0].low == pytest.approx(proportion_confint(32, 37, method="beta")[0])


def test_a_retracted_report_is_not_counted_in_by_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    review = evidence.load("data")
    monkeypatch.setattr(
        robustness, "retracted", lambda notices: {"carter2023": ("retracted", "made up here")}
    )
    found = evidence.sensitivity(review, exclude_retracted=True).bounds
    assert found is not None
    assert [row.label for row in found.rows] == ["LSM 2023, four cases"]


# ---- other priors --------------------------------------------------------------------------------


def test_other_priors_are_those_of_the_pool_and_around_it(shipped: Sensitivity) -> None:
    """Its own prior is one of the eight; half-Cauchy(1), which the pool's own note names, gives the lowest limit."""
    found = {under.prior: under.average for under in shipped.priors}
    assert len(found) == 8
    lows = [average.low for average in found.values()]
    own = shipped.analysis.average
    assert own in found.values()
    cauchy = evidence.pool_counts([6, 9, 11], [6, 9, 11], model="bayes", prior="half-cauchy", prior_scale=1)
    assert cauchy.average is not None
    assert cauchy.average.low == min(lows) == pytest.approx(0.49, abs=0.01)
    said = priors_in_words(shipped)
    assert (
        f"under these eight its lower limit lies between {percent(min(lows))} and {percent(max(lows))} %"
        in said
    )
    assert "upper" not in said  # where all responded it is 100 % under any
    assert "Under every one the interval lies above TULIP-1+2, week 12's 45.8 %." in said
    told = to_dict(shipped)["priors"]
    assert [one["average"]["low"] for one in told] == lows
    lines = [line for line in csv.DictReader(io.StringIO(render_csv(shipped))) if line["part"] == "priors"]
    assert [float(line["low"]) for line in lines if line["quantity"] == "average"] == lows
    assert "uniform median, half-normal(1.25) on tau  95.8 (67.0 to 99.9)" in render_text(shipped)


def test_both_limits_are_said_where_some_responded_and_some_did_not() -> None:
    found = examined((3, 12), (5, 9), (2, 20), against=(59, 107))
    said = priors_in_words(found)
    for end in ("low", "high"):
        limits = [getattr(under.average, end) for under in found.priors]
        between = f"{percent(min(limits))} and {percent(max(limits))} %"
        assert f"its {'lower' if end == 'low' else 'upper'} limit lies between {between}" in said
    assert "Under one of them the interval lies below Trial's 55.1 %." in said
    assert "Every interval holds Trial's 45.8 %." in priors_in_words(examined((3, 12), (5, 9), (2, 20)))
    assert "lower" not in priors_in_words(examined((0, 12), (0, 9), against=None))


def test_a_pool_without_priors_has_no_others() -> None:
    for counts in ([(6, 6)], [(3, 12), (5, 9), (2, 20), (7, 10), (3, 9)]):
        found = examined(*counts)
        assert (found.priors, priors_in_words(found), to_dict(found)["priors"]) == ((), "", [])
        assert "Other priors" not in render_text(found)
