"""The documentation is whole before it is built: every command, name, column, key and reference is in it, and no page leads nowhere."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evidence
from evidence import errors
from evidence.cli import SECTIONS
from evidence.literature import LITERATURE
from evidence.report.pooled.export import to_dict
from evidence.review import question
from evidence.review.schema import TABLES

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def extension(name: str) -> ModuleType:
    """A module of docs/_ext, none of which that are asked for here needs Sphinx."""
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(DOCS / "_ext"))


generated, prose, hosts = extension("generated"), extension("prose"), extension("hosts")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


# ---- commands ------------------------------------------------------------------------------------

COMMANDS: dict[str, click.Command] = generated.all_commands()


def test_every_command_is_described_once_under_its_section() -> None:
    made = generated.commands()
    described = re.findall(
        r"^\.\. click:: evidence\.cli\.(\w+):\1\n   :prog: evidence \1\n   :nested: full$", made, re.M
    )
    assert described == [name for names in SECTIONS.values() for name in names]
    assert len(described) > 30
    places = [made.index(f"{title}\n====") for title in SECTIONS]
    assert places == sorted(places)


def test_every_command_is_in_the_list_with_its_first_sentence() -> None:
    made = generated.list_of_commands()
    for name, says in [item for names in SECTIONS.values() for item in names.items()]:
        assert f"`{name} <#evidence-{name}>`__\n     - {prose.inline(says)}" in made


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_shown_with_all_its_examples_and_options(name: str) -> None:
    command = COMMANDS[name]
    context = click.Context(command, info_name=f"evidence {name}")
    shown = generated.command_help(command)
    said = inspect.cleandoc(command.help or "")
    examples = re.findall(r"^ +evidence .*", said.partition("Examples:")[2], re.M)
    assert all(f"   {example.strip()}\n" in f"{shown}\n" for example in examples)
    assert "\b" not in shown
    options = generated.options(context)
    for parameter in command.params:
        if not isinstance(parameter, click.Option):
            continue
        assert f".. option:: {'/'.join([*parameter.opts, *parameter.secondary_opts])}" in options
        if isinstance(parameter.type, click.Choice):
            described = options.split(f".. option:: {parameter.opts[0]} ")[1].split(".. option::")[0]
            assert all(str(choice) in described for choice in parameter.type.choices)


def test_a_default_is_shown() -> None:
    shown = generated.options(click.Context(COMMANDS["pool"], info_name="evidence pool"))
    assert (
        ".. option:: --model MODEL\n\n   auto says what it chose, and why. One of ``auto``, ``exact``,"
        in shown
    )
    assert "scale of that prior. Default: ``1.25``." in shown


# ---- the library ---------------------------------------------------------------------------------


def test_every_public_name_is_documented_once() -> None:
    made = generated.api()
    documented = re.findall(r"^\.\. auto(?:function|class|exception):: evidence\.(\w+)$", made, re.M)
    assert sorted(documented) == sorted(set(evidence.__all__) - {"__version__"})


def test_what_results_hold_is_documented_down_to_the_last_record() -> None:
    documented = re.findall(r"^\.\. autoclass:: (\S+)$", generated.record_pages(), re.M)
    assert sorted(documented) == sorted(
        set(generated.described_classes()) - {f"evidence.{n}" for n in evidence.__all__}
    )
    names = {name.rpartition(".")[2] for name in documented}
    assert {
        "StudyRow",
        "PoolRow",
        "Contrast",
        "Excluded",
        "OutcomeRow",
        "CountRow",
        "ArmRow",
        "Prior",
    } <= names
    assert not names & set(evidence.__all__)


def test_a_name_two_classes_share_means_the_nearer_one() -> None:
    assert generated.called("Rule", "evidence.Audit") == "evidence.review.audit.findings.Rule"
    assert generated.called("Rule", "evidence.review.responders.Count") == "evidence.review.responders.Rule"
    assert generated.called("Pooled", "evidence.Analysis") == "evidence.Pooled"
    assert generated.called("Nonsense", "evidence.Analysis") == ""


def test_every_public_name_says_what_it_is() -> None:
    for name in evidence.__all__:
        if name != "__version__":
            assert len((getattr(evidence, name).__doc__ or "").split()) > 2, name


def test_rooms_are_those_of_the_house() -> None:
    homes = {home for room in generated.public().values() for home in room}
    assert all(home in sys.modules for home in homes)
    assert list(generated.public()) == [room for room in generated.ROOMS if room in generated.public()]
    assert {name for room in generated.public().values() for names in room.values() for name in names} == set(
        evidence.__all__
    ) - {"__version__"}


def test_words_behind_a_name_in_capitals_are_told() -> None:
    home = sys.modules[evidence.compare_proportions.__module__]
    assert (
        generated.words("one of DIFFERENCES; NONSENSE", home)
        == "``DIFFERENCES``: newcombe, miettinen-nurminen."
    )


# ---- docstrings as prose -------------------------------------------------------------------------


def test_arguments_in_two_columns_are_terms() -> None:
    made = prose.rst(inspect.getdoc(evidence.pool_counts))
    terms = re.findall(r"^``(\w+)``$", made, re.M)
    assert terms == [
        name for name in inspect.signature(evidence.pool_counts).parameters if name not in ("events", "n")
    ]


def test_terms_may_be_longer_than_their_column_and_several() -> None:
    made = prose.rst("level  of all\nlonger, names   two\n       on two lines\nseven7 one space")
    assert (
        made
        == "``level``\n    of all\n``longer`` , ``names``\n    two on two lines\n``seven7``\n    one space\n"
    )


def test_code_is_a_link_but_for_a_name_of_the_thing_itself() -> None:
    assert (
        prose.inline("see `pool`, `x = 1`, `by`", own={"by"}) == "see :py:obj:`pool`\\ , ``x = 1``\\ , ``by``"
    )
    assert prose.inline("Raises OptionError, InputErrors") == "Raises :py:obj:`OptionError`\\ , InputErrors"
    assert prose.inline("by --weeks 52, a--b") == "by ``--weeks`` 52, a--b"


def test_what_is_markup_elsewhere_stays_text() -> None:
    assert (
        prose.inline("a*b, x_ and |y| \\ z, the *median* one")
        == "a\\*b, x\\_ and \\|y\\| \\\\ z, the *median* one"
    )


def test_examples_stay_as_they_are() -> None:
    text = "Head:\n\n    with a:\n        b\n\n    c\n\nTail"
    made = "Head:\n\n.. code-block:: python\n\n    with a:\n        b\n\n    c\n\nTail\n"
    assert prose.rst(text) == made
    assert ".. code-block:: text\n\n    a   b c\n" in prose.rst("Head\n\n    a   b c")


@given(st.text(alphabet="ab `*_|\\:-1.\n", max_size=60))
def test_no_docstring_stops_the_build(text: str) -> None:
    made = prose.rst(text)
    assert made.endswith("\n")
    letters = re.sub(r"\.\. code-block:: \w+|:py:obj:", "", made)
    assert sorted(c for c in letters if c in "ab") == sorted(c for c in text if c in "ab")


# ---- files ---------------------------------------------------------------------------------------


def test_every_table_and_column_is_described() -> None:
    parts = re.split(r"^(\w+)\.csv\n-+$", generated.tables(), flags=re.M)
    described = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(described) == list(TABLES)
    for name, table in TABLES.items():
        columns = re.findall(r"^   \* - ``(\w+)``$", described[name], re.M)
        assert columns == [column.name for column in table.columns]
        for column in table.columns:
            assert all(word in described[name] for word in column.words)


def keys(text: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)` \|", text, re.M))


def part(text: str, *headings: str) -> str:
    """What stands under a heading, and under a heading there."""
    for depth, heading in enumerate(headings, 2):
        marks = "#" * depth
        found = re.search(rf"^{marks} {re.escape(heading)}\n(.*?)(?=^#{{2,{depth}}} |\Z)", text, re.M | re.S)
        assert found, heading
        text = found[1]
    return text


def test_the_keys_of_review_toml_are_those_it_may_have() -> None:
    text = page("reference/formats.md")
    assert keys(part(text, "review.toml", "At the top")) == allowed({}) > {"format", "outcomes"}
    assert keys(part(text, "review.toml", "outcomes")) == allowed({"outcomes": {"x": {}}}, "outcomes", "x")
    rule = {"outcomes": {"x": {"patients": {}}}}
    assert keys(part(text, "review.toml", "outcomes.NAME.patients")) == allowed(
        rule, "outcomes", "x", "patients"
    )
    assert keys(part(text, "review.toml", "analyses")) == allowed({"analyses": {"x": {}}}, "analyses", "x")
    assert keys(part(text, "review.toml", "searches")) == allowed({"searches": {"x": {}}}, "searches", "x")
    described = part(text, "review.toml", "multiverse")
    assert keys(described) == set(question.ALTERNATIVES)
    for kind, own in question.ALTERNATIVES.items():
        (line,) = re.findall(rf"^\| `{kind}` \|.*", described, re.M)
        assert set(re.findall(r"`(\w+)`", line)) - {kind} == set(own) - {kind}


def allowed(document: dict[str, Any], *place: str) -> set[str]:
    """The keys that a part of review.toml may have, as its reader says where one is none of them."""
    inner = document
    for name in place:
        inner = inner[name]
    inner["nonsense"] = 1
    _, problems = question.read_question(document)
    (problem,) = [problem for problem in problems if problem.column == ".".join([*place, "nonsense"])]
    return set(problem.allowed.split(", "))


@pytest.fixture(scope="module")
def objects(root: Path) -> dict[str, dict[str, Any]]:
    """The JSON of a pool in which nothing is missing, object by object."""
    review = evidence.load(root / "data")
    made = json.loads(json.dumps(to_dict(evidence.pool(review, by="design", model="random"))))
    pool = made["pooled"][0]
    return {
        "Top level": made,
        "studies": made["studies"][0],
        "pooled": pool,
        "pooled.heterogeneity": pool["heterogeneity"],
        "comparisons": made["comparisons"][0],
        "excluded": made["excluded"][0],
        "subgroups": made["subgroups"],
        "Interval": pool["proportion"],
    }


def test_the_keys_of_the_json_are_those_it_has(objects: dict[str, dict[str, Any]]) -> None:
    text = part(page("reference/formats.md"), "JSON")
    assert re.findall(r"^### (.*)", text, re.M) == list(objects)
    for heading, made in objects.items():
        described = re.search(rf"^### {re.escape(heading)}\n(.*?)(?=^###? |\Z)", text, re.M | re.S)
        assert described
        assert keys(described[1]) == set(made), heading
    fit = objects["pooled"]["fit"]
    assert all(f"`{key}`" in text for key in (*fit, *objects["subgroups"]["groups"][0]))


def test_the_exit_codes_are_those_of_the_errors() -> None:
    text = part(page("reference/formats.md"), "Exit codes")
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.M)}
    raised = {
        error.exit_code
        for error in vars(errors).values()
        if inspect.isclass(error) and hasattr(error, "exit_code")
    }
    assert codes == {0, 130, *raised}


# ---- references ----------------------------------------------------------------------------------


def test_every_reference_is_listed_with_who_names_it() -> None:
    made = generated.references()
    assert re.findall(r"^\.\. _(\w+):$", made, re.M) == list(LITERATURE)
    assert all(generated.cited().values())
    assert "report.pooled.methods" in generated.cited()["clopper1934"]
    assert generated.cited()["albert1984"] == ("synthesis.regression.binomial",)


def test_a_reference_leads_to_its_doi_or_to_a_search() -> None:
    assert (
        generated.look_up("A. B. 2020. doi: 10.1000/x-1.") == "`10.1000/x-1 <https://doi.org/10.1000/x-1>`__"
    )
    assert "q=A+%26+B.+2020." in generated.look_up("A & B. 2020.")


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_cites_is_listed(name: str) -> None:
    prose_only = re.sub(r"^(`{3,}).*?^\1", "", page(name), flags=re.M | re.S)
    cited = {
        key
        for inside in re.findall(
            r"\[((?:[a-z]+(?:19|20)\d\d[a-z]*)(?:, ?[a-z]+(?:19|20)\d\d[a-z]*)*)\]", prose_only
        )
        for key in inside.replace(" ", "").split(",")
    }
    assert cited <= set(LITERATURE)


# ---- pages ---------------------------------------------------------------------------------------


def in_contents() -> Iterator[str]:
    """What the tables of contents name, patterns resolved; a page that is named is not found by a pattern again."""
    for name in PAGES:
        text = page(name)
        if name.endswith("/index.md"):
            text += generated.contents(text, [path.stem for path in (DOCS / name).parent.glob("*.md")])
        named: list[Path] = []
        for body in re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.M | re.S):
            for entry in filter(None, body.split("\n")):
                if entry.startswith(":"):
                    continue
                found = sorted((DOCS / name).parent.glob(f"{entry}.md"))
                assert found, f"{name}: {entry}"
                named += [path for path in found if path not in named and path != DOCS / name]
        yield from (path.relative_to(DOCS).as_posix() for path in named)


def test_every_page_is_in_the_contents_once_and_the_contents_are_pages() -> None:
    assert sorted([*in_contents(), "index.md"]) == PAGES
    assert {"tutorial.md", "reference/commands.md", "reference/api.md"} <= set(PAGES)


def test_an_index_is_the_contents_of_its_folder_and_forgets_no_page() -> None:
    made = generated.contents(
        "- [B](b.md)\n- [A](a.md), [gone](gone.md), [B](b.md)", ["new", "a", "index", "b"]
    )
    assert made.split("\n\n")[1] == "b\na\nnew\n```\n"
    assert generated.contents("", ["index"]) == ""


def test_what_pages_take_in_is_there() -> None:
    taken = {
        (DOCS / name).parent / target: name
        for name in PAGES
        for target in re.findall(r"^```\{(?:literal)?include\} (\S+)$", page(name), re.M)
    }
    assert len(taken) > 3
    assert all(path.is_file() for path in taken)
    for name in PAGES:
        for what in re.findall(r"^\.\. generated:: (\w+)$", page(name), re.M):
            assert getattr(generated, what)().strip()


def test_the_first_screen_is_the_readmes() -> None:
    assert ":start-after: <!-- first screen -->\n:end-before: <!-- /first screen -->" in page("index.md")
    assert (DOCS.parent / "README.md").read_text(encoding="utf-8").count("<!-- first screen -->") == 1


# ---- other hosts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loads",
    [
        '<script async src="https://cdn.example/x.js"></script>',
        "<link href='//fonts.example/css' rel='stylesheet'>",
        '<link rel="preconnect" href="https://fonts.example">',
        '<img alt="" src=https://example.org/a.png>',
        '@import "https://example.org/a.css";',
        "src: url(https://example.org/f.woff2)",
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(loads: str) -> None:
    assert hosts.loaded(f"<p>one</p>{loads}")


@pytest.mark.parametrize(
    "safe",
    [
        '<a href="https://example.org">x</a>',
        '<script src="_static/a.js"></script>',
        '<svg xmlns="http://www.w3.org/2000/svg">',
        '<link rel="canonical" href="https://example.org/">',
        "url(data:image/svg+xml;base64,PHN2)",
    ],
)
def test_what_stays_here_is_not(safe: str) -> None:
    assert not hosts.loaded(safe)


def test_no_page_mentions_another_hosts_script() -> None:
    for path in [*map(DOCS.joinpath, PAGES), *DOCS.glob("_static/*"), DOCS / "conf.py"]:
        assert not hosts.loaded(path.read_text(encoding="utf-8")), path
    assert "http" not in page("conf.py")
