"""evidence checklist: items as published, answers from the tables, and nothing ticked that was not looked for."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from click.testing import Result as Run

import evidence
from evidence.cli import main
from evidence.errors import NotPossible, OptionError
from evidence.literature import LITERATURE
from evidence.report.checklists import care, jbi, prisma
from evidence.report.checklists.filling import LANGUAGES, NAMES
from evidence.report.checklists.items import AUTHORS, HELD, MISSING, PART, STATUSES, Checklist
from evidence.report.checklists.printing import render

from .made_reviews import REFERENCE, review

NEVER_KNOWN = {
    "prisma": {"1", "2", "3", "23a", "23c", "23d", "24a", "24b", "24c", "25", "26"},
    "care": {
        "1",
        "2",
        "3a",
        "3b",
        "3c",
        "3d",
        "4",
        "8a",
        "8b",
        "8c",
        "8d",
        "9b",
        "9c",
        "11c",
        "11d",
        "12",
        "13",
    },
}
"""What no table of a review can know, whatever is in it."""


def answers(checklist: Checklist) -> dict[str, str]:
    return {item.number: item.status for item in checklist.items}


@pytest.fixture(scope="module")
def shipped() -> evidence.Review:
    return evidence.load("data")


# ---- the items -----------------------------------------------------------------------------------


def test_the_items_are_those_of_the_published_lists() -> None:
    numbers = [item.number for item in prisma.ITEMS]
    parts = {"10": 2, "13": 6, "16": 2, "20": 4, "23": 4, "24": 3}
    expected = [
        f"{n}{letter}"
        for n in range(1, 28)
        for letter in ("abcdef"[: parts[str(n)]] if str(n) in parts else [""])
    ]
    assert numbers == expected
    assert len(numbers) == 42
    assert [item.number for item in jbi.ITEMS] == [str(n) for n in range(1, 11)]
    parts = {"3": 4, "5": 4, "8": 4, "9": 3, "10": 4, "11": 4}
    expected = [
        f"{n}{letter}"
        for n in range(1, 14)
        for letter in ("abcd"[: parts[str(n)]] if str(n) in parts else [""])
    ]
    assert [item.number for item in care.ITEMS] == expected


@pytest.mark.parametrize("module", [prisma, jbi, care])
def test_every_item_has_its_words_and_what_fills_it_is_an_item(module: object) -> None:
    items = module.ITEMS  # type: ignore[attr-defined]
    for item in items:
        assert item.text[-1] in ".?)"
        assert "  " not in item.text
        assert all(item.section)
        assert all(item.topic)
    assert module.SOURCE in LITERATURE  # type: ignore[attr-defined]
    if module is not jbi:
        assert set(module.FILL) <= {item.number for item in items}  # type: ignore[attr-defined]
    else:
        assert set(jbi.HINTS) <= {item.topic[0] for item in items}
    texts = [item.text for item in items]
    assert len(set(texts)) == len(texts)


# ---- the answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_shipped_review_fills_them(name: str, lang: str, shipped: evidence.Review) -> None:
    filled = evidence.checklist(shipped, name, lang=lang)
    assert filled.source.endswith(".")
    for item in filled.items:
        assert item.status in STATUSES["en"]
        assert item.status != HELD or item.where
        assert item.status not in (PART, MISSING) or item.missing
        assert item.status != HELD or not item.missing
    for number in NEVER_KNOWN.get(name, ()):
        assert answers(filled)[number] == AUTHORS
    other = evidence.checklist(shipped, name, lang="en")
    assert [item.status for item in filled.items] == [item.status for item in other.items]
    assert [item.text for item in filled.items] == [item.text for item in other.items]
    for one, two in zip(filled.items, other.items, strict=True):
        assert re.findall(r"\d+", one.where) == re.findall(r"\d+", two.where)
        assert one.command == two.command


def test_every_command_that_is_named_exists(shipped: evidence.Review) -> None:
    named = {
        item.command for name in NAMES for item in evidence.checklist(shipped, name).items if item.command
    }
    assert len(named) > 8
    for text in named:
        program, *words = shlex.split(text)
        assert program == "evidence"
        command: click.Command = main
        context = click.Context(main)
        while isinstance(command, click.Group) and words:
            found = command.get_command(context, words.pop(0))
            assert found is not None, text
            command = found
        command.make_context(text, words, resilient_parsing=False).close()


def test_a_bare_review_has_nothing_ticked_that_it_lacks(tmp_path: Path) -> None:
    made = review(tmp_path, ["ours 6/6", "one 9/10 state=unverified"])
    found = answers(evidence.checklist(made, "prisma"))
    for number in ("6", "7", "8", "11", "13f", "15", "16a", "18", "22"):
        assert found[number] == MISSING, number
    assert found["19"] == PART  # a pooled count is unverified
    assert found["17"] == PART
    nothing = review(tmp_path, ["ours - not_poolable=no_count"])
    found = answers(evidence.checklist(nothing, "prisma"))
    for number in ("12", "13a", "13c", "13d", "19", "20b", "20d"):
        assert found[number] == MISSING, number


def test_a_review_without_an_analysis_is_told_as_it_is(tmp_path: Path) -> None:
    toml = 'format = 1\n[outcomes.cure]\nlabel = "Cure"\n'
    made = review(tmp_path, ["ours 6/6", "one 9/10"], toml=toml)
    found = answers(evidence.checklist(made, "prisma"))
    assert found["4"] == found["5"] == MISSING
    with pytest.raises(NotPossible, match="which report is ours"):
        evidence.checklist(made, "care")


def test_what_is_added_to_the_review_fills_its_items(tmp_path: Path) -> None:
    made = review(
        tmp_path, ["ours 6/6", "one 9/10", "trial 4/9"], toml=REFERENCE, studies={"trial": "design=trial"}
    )
    before = answers(evidence.checklist(made, "prisma"))
    with (tmp_path / "review.toml").open("a") as stream:
        stream.write('[searches.main]\ndatabase = "pubmed"\nquery = "cure"\n')
    (tmp_path / "searches.csv").write_text(
        "run,search,date,database,kind,query,records,seen,duplicates,known,new\n1,main,2026-03-01,PubMed,database,cure,1,0,0,0,1\n"
    )
    (tmp_path / "found.csv").write_text("paper,search,run,status,title\n123,main,1,new,A paper\n")
    (tmp_path / "decisions.csv").write_text(
        "paper,screener,stage,decision,reason,date\n123,ana,abstract,exclude,other drug,2026-03-02\n"
    )
    lines = [f"one,JBI case series,,{item},yes,because,ana,x,p 1,read" for item in jbi.JBI.items]
    lines += [f"ours,JBI case series,,{item},yes,because,ana,x,p 1,read" for item in list(jbi.JBI.items)[:-1]]
    (tmp_path / "quality.csv").write_text(
        "study,instrument,outcome,item,judgement,reason,by,source,locator,state\n" + "\n".join(lines) + "\n"
    )
    filled = evidence.checklist(evidence.load(tmp_path), "prisma")
    after = answers(filled)
    changed = {number for number in after if after[number] != before[number]}
    assert changed == {"6", "7", "8", "11", "16a", "18"}
    assert after["7"] == after["16a"] == HELD
    items = {item.number: item for item in filled.items}
    assert "PubMed, last on 2026-03-01" in items["6"].where
    assert "ana" in items["8"].where
    assert after["18"] == PART  # one item of ours is open
    assert "OURS" in items["18"].missing
    assert "ONE" in items["18"].where
    series = evidence.checklist(evidence.load(tmp_path), "jbi", study="ours")
    assert [item.status for item in series.items] == [HELD] * 9 + [MISSING]
    assert series.items[0].where == "quality.csv: yes: because"


def test_jbi_asks_each_series_that_is_pooled(shipped: evidence.Review) -> None:
    filled = evidence.checklist(shipped, "jbi")
    studies = list(dict.fromkeys(item.study for item in filled.items))
    assert "viedma2025" in studies
    assert len(filled.items) == 10 * len(studies)
    judged = {(row.study, row.item) for row in shipped.appraisals}
    for item in filled.items:
        assert (item.status == HELD) == ((item.study, item.topic) in judged)
    one = evidence.checklist(shipped, "jbi", study="Valencia 2025")
    assert {item.study for item in one.items} == {"valencia2025"}


def test_care_counts_the_patients_that_the_tables_have(shipped: evidence.Review) -> None:
    items = {item.number: item for item in evidence.checklist(shipped, "care").items}
    people = [patient for patient in shipped.patients if patient.study == "viedma2025"]
    assert f"{len(people)} patients" in items["5a"].where
    courses = {score.patient for score in shipped.scores if score.study == "viedma2025" and score.weeks != 0}
    assert f"the course of {len(courses)} of {len(people)} patients" in items["7"].where
    assert "Herpes" in items["10d"].where or "HSV-1" in items["10d"].where
    assert items["13"].status == AUTHORS  # consent no table can know


def test_names_that_do_not_exist_are_refused(shipped: evidence.Review) -> None:
    with pytest.raises(OptionError, match="name"):
        evidence.checklist(shipped, "consort")
    with pytest.raises(OptionError, match="lang"):
        evidence.checklist(shipped, "care", lang="fr")
    with pytest.raises(OptionError, match=r"study.*did you mean viedma2025"):
        evidence.checklist(shipped, "care", study="viedma205")
    with pytest.raises(OptionError, match="review as a whole"):
        evidence.checklist(shipped, "prisma", study="viedma2025")
    with pytest.raises(OptionError, match="analysis"):
        evidence.checklist(shipped, "prisma", analysis="second")


# ---- printed -------------------------------------------------------------------------------------


def test_formats_hold_the_same_items(shipped: evidence.Review) -> None:
    for name in NAMES:
        filled = evidence.checklist(shipped, name)
        made = json.loads(render(filled, "json"))
        table = list(csv.DictReader(io.StringIO(render(filled, "csv"))))
        assert len(made["items"]) == len(table) == len(filled.items)
        for item, row, one in zip(filled.items, table, made["items"], strict=True):
            assert one == item._asdict()
            assert row["number"] == item.number
            assert row["status"] == item.status
        assert sum(made["counts"].values()) == len(filled.items)
        lines = render(filled, "markdown").splitlines()
        assert sum(line.startswith("| ") for line in lines) == len(filled.items) + 2  # and two of the head
        text = render(filled)
        assert max(map(len, text.splitlines())) <= 80
        assert render(filled, unicode=False).isascii()
        flat = " ".join(text.split())
        assert all(item.text in flat for item in filled.items)


def test_a_hostile_review_gives_harmless_lists(tmp_path: Path) -> None:
    hostile = "=cmd|' /C'!A0 <script>alert(1)</script> \\u001b[31m\\u202e"
    toml = REFERENCE.replace('label = "Cure"', f'label = "{hostile}"').replace(
        "format = 1", f'format = 1\ntitle = "{hostile}"'
    )
    toml += f'[searches.x]\ndatabase = "{hostile}"\nquery = "{hostile}"\n'
    made = review(
        tmp_path, ["ours 6/6", "one 9/10", "trial 4/9"], toml=toml, studies={"trial": "design=trial"}
    )
    for name, extra in (("prisma", {}), ("care", {}), ("jbi", {"study": "one"})):
        filled = evidence.checklist(made, name, **extra)
        assert "<script>" not in render(filled, "markdown")
        assert {c for c in render(filled) if not c.isprintable()} == {"\n"}
        for row in csv.reader(io.StringIO(render(filled, "csv"))):
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def run(*args: str) -> Run:
    return CliRunner().invoke(main, ["checklist", *args], catch_exceptions=False)


def test_the_command(tmp_path: Path, shipped: evidence.Review) -> None:
    done = run("prisma", "--review", "data")
    assert done.exit_code == 0
    assert done.stdout == f"{evidence.checklist(shipped, 'prisma')}\n"
    target = tmp_path / "lista.md"
    assert run("care", "--lang", "es", "--review", "data", "--output", str(target)).exit_code == 0
    assert "a cargo de los autores" in target.read_text(encoding="utf-8")
    assert run("consort").exit_code == 2
    assert run("prisma", "--study", "x", "--review", "data").exit_code == 2
    assert run("prisma", "--output", "x.tex", "--review", "data").exit_code == 2
    copy = tmp_path / "copy"
    shutil.copytree("data", copy, ignore=shutil.ignore_patterns("__*"))
    toml = (copy / "review.toml").read_text(encoding="utf-8")
    (copy / "review.toml").write_text(toml.replace('ours = "viedma2025"\n', ""), encoding="utf-8")
    assert run("care", "--review", str(copy)).exit_code == 1
