"""The tables of a review as data: columns, rules, records, and what a problem looks like.

`TABLES` is the one description: reading (`evidence.review.tables`), the columns
that `--where` knows and any published schema are made from it. Nothing here
opens a file.

A cell's kind says what it may hold and what it becomes:

    text      anything                                   str, "" where empty
    name      words that rows are told apart by           str
    key       a short name: letters, digits, . _ -        str
    choice    one of `words`                             str
    integer   digits only, between `low` and `high`      int or None
    number    1, 0.5, -2                                 float or None
    weeks     a number from 0, last visit, not stated    float or str
    percent   a number from 0 to 100, as printed         str (its decimals count)
    date      2023, 2023-07 or 2023-07-31                str
    doi, pmid, pmcid                                     str

A number has one spelling: no plus sign, exponent, separator of thousands or
space. Whatever else stands in its cell is a slip of a hand or of a spreadsheet,
and is said to be (`evidence.review.likely` knows which).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from evidence.review.instruments import CONSIDERED, GRADES, INSTRUMENTS, ITEMS, JUDGEMENTS, QUESTIONS

LAST_VISIT = "last visit"
NOT_STATED = "not stated"

STATES = ("verified", "read", "secondary", "unverified")
"""How a number was read, best first: full text, abstract, another source, recalled."""

DESIGNS = (
    "case report",
    "case series",
    "cohort",
    "registry",
    "cross-sectional",
    "case-control",
    "trial",
    "pooled trials",
    "trial extension",
    "review",
    "protocol",
    NOT_STATED,
)
RANDOMISED = ("trial", "pooled trials")
"""Designs in which the arms of one report were randomised against each other."""
CERTAINTIES = ("certain", "probable", "possible", "ruled out")
PERCENT_KINDS = ("crude", "stratified", "modelled", "kaplan-meier")
KINDS = ("database", "register", "website", "organisation", "citations")
"""Where records are from, as PRISMA 2020 tells them apart."""

STATUSES = ("new", "duplicate", "known")
STAGES = ("abstract", "full text")
VERDICTS = ("include", "exclude", "later", "not retrieved")
STATISTICS = (
    "count",
    "median",
    "mean",
    "range",
    "percent",
    "words",
    "sd",
    "se",
    "difference",
    "odds ratio",
    "risk ratio",
    "hazard ratio",
    "p",
)

MOST = 1_000_000_000
"""Largest count read: more people than a table can mean; longer digits are a slip."""

MARKED = ("number", "weeks", "percent")
"""Kinds of columns whose cells may have a decimal mark."""

NUMERIC = ("integer", *MARKED)
"""Kinds of columns that hold numbers."""

NOTHING: Mapping[str, object] = MappingProxyType({})

# ---- problems ------------------------------------------------------------------------------------


class Problem(NamedTuple):
    """One finding: where it is, what stands there, why it cannot be, what may be there, what was likely meant.

    `row` is the row a spreadsheet shows (the header is row 1), None for a file
    as a whole and for review.toml. `reason` reads on from the value. `likely` is
    "" where nothing suggests itself; two readings are joined by "or".
    """

    file: str
    row: int | None
    column: str
    value: str
    reason: str
    allowed: str = ""
    likely: str = ""

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f" row {self.row}"
            place += f", column {self.column}" if self.column else ""
        elif self.column:
            place += f", {self.column}"
        return f"{place}: {self.finding}"

    @property
    def finding(self) -> str:
        """Everything but the place: `'last vist' is not a number (did you mean last visit?); allowed: ...`."""
        found = f"{shown(self.value)} {self.reason}" if self.value else self.reason
        hint = f" (did you mean {one_line(self.likely)}?)" if self.likely else ""
        return found + hint + (f"; allowed: {self.allowed}" if self.allowed else "")


def shown(value: str) -> str:
    """The value in quotes, on one line and cut to a readable length."""
    quote = '"' if "'" in value and '"' not in value else "'"
    return quote + one_line(value) + quote


def one_line(text: str) -> str:
    """At most 60 characters, around what cannot be seen if there is such; that as its code (\\xa0)."""
    if len(text) > 60:
        odd = next((at for at, c in enumerate(text) if c == "\ufffd" or not c.isprintable()), 0)
        start = max(0, odd - 27) if odd > 50 else 0
        text = "..." * (start > 0) + text[start : start + 54] + "..." * (start + 54 < len(text))
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def near(word: str, choices: Iterable[str]) -> str:
    """`" (did you mean x?)"` where one of the choices is close to the word, else nothing."""
    found = nearest(word, choices)
    return f" (did you mean {found}?)" if found else ""


def nearest(word: str, choices: Iterable[str]) -> str:
    """The choice that is close to the word, upper and lower case alike; "" where none is."""
    from difflib import get_close_matches  # only ever needed on the way to an error

    folded = {choice.casefold(): choice for choice in choices}
    word = word.casefold()
    if (
        len(folded) > 500
    ):  # comparing with thousands takes longer than the hint is worth: same first letter only
        folded = {key: choice for key, choice in folded.items() if key[:1] == word[:1]}
    found = get_close_matches(word, list(folded)[:500], n=1, cutoff=0.6)
    return folded[found[0]] if found else ""


# ---- columns -------------------------------------------------------------------------------------


class Column(NamedTuple):
    """A column: its kind, whether a cell may be empty, and the words or limits it allows.

    `refers` names the table (or `outcomes` for those declared in review.toml)
    in which the key must exist.
    """

    name: str
    kind: str
    meaning: str
    required: bool = False
    words: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    refers: str = ""


class Table(NamedTuple):
    """A table: its columns in order, those whose cells together must be unique, and its record."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    record: Callable[..., object]
    required: bool = False

    @property
    def file(self) -> str:
        return f"{self.name}.csv"


class Fault(NamedTuple):
    """Why a cell cannot be read: the part of a `Problem` that does not depend on its place."""

    reason: str
    allowed: str


Value = str | int | float | None

_NUMBER = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_PERCENT = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_KEY = re.compile(r"[^\W_][\w.-]*")
_DATE = re.compile(r"[12][0-9]{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?", re.ASCII)
PATTERNS = {
    "doi": (re.compile(r"10\.[0-9]{4,9}/\S+", re.ASCII), "a DOI, 10.xxxx/..., without https://doi.org/"),
    "pmid": (re.compile(r"[1-9][0-9]{0,8}", re.ASCII), "a PubMed number, digits only"),
    "pmcid": (re.compile(r"PMC[1-9][0-9]{0,9}", re.ASCII), "PMC and digits"),
    "date": (_DATE, "2023, 2023-07 or 2023-07-31"),
    "key": (_KEY, "a short name of letters, digits, '.', '_' and '-'"),
}


def allowed(column: Column) -> str:
    """What a cell of this column may hold, in words."""
    if column.words:
        words = ", ".join(column.words)
    elif column.kind == "integer":
        words = f"a whole number from {column.low or 0:.0f}" + (
            f" to {column.high:.0f}" if column.high not in (None, MOST) else ""
        )
    elif column.kind == "number":
        words = "a number" + (f" from {column.low:g}" if column.low is not None else "")
    elif column.kind == "percent":
        words = "a number from 0 to 100, without the % sign"
    elif column.kind == "weeks":
        words = f"a number of weeks from 0, {LAST_VISIT} or {NOT_STATED}"
    else:
        words = PATTERNS[column.kind][1] if column.kind in PATTERNS else "text"
    return words if column.required else f"{words}, or empty"


def parse(column: Column, text: str) -> Value | Fault:
    """A stripped cell as its value, or the `Fault` that keeps it from being one."""
    if not text:
        if column.required:
            return Fault("the cell is empty", allowed(column))
        return "" if column.kind not in ("integer", "number") else None
    if column.kind == "integer":
        return _integer(column, text)
    if column.kind in MARKED:
        return _number(column, text)
    if column.words and text not in column.words:
        return Fault("is not one of the words for this column", allowed(column))
    if column.kind in PATTERNS and not PATTERNS[column.kind][0].fullmatch(text):
        return Fault(f"is not {PATTERNS[column.kind][1]}", allowed(column))
    if column.kind == "name" and text != " ".join(text.split()):
        return Fault("has more between two words than one space", "words with one plain space between them")
    if column.kind in ("name", "key") and not text.isascii():
        return _one_spelling(column, text)
    return text


def _one_spelling(column: Column, text: str) -> str | Fault:
    """Two names that look the same are the same: no Cyrillic letter among Latin ones, no separate accents."""
    from evidence.review.likely import composed, latin

    if composed(text) != text:
        return Fault("has accents written as characters of their own", allowed(column))
    return text if latin(text) == text else Fault("has letters that only look Latin", allowed(column))


def _integer(column: Column, text: str) -> int | Fault:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        kind = "is not a whole number" if _NUMBER.fullmatch(text) else "is not a number"
        return Fault(kind, allowed(column))
    # Lengths first: int() of a million digits takes minutes, and raises beyond 4300.
    value = int(text) if len(text) <= 18 else (-MOST - 1 if text.startswith("-") else MOST + 1)
    low, high = column.low or 0, column.high if column.high is not None else MOST
    if value < low:
        return Fault("is negative" if value < 0 else f"is less than {low:.0f}", allowed(column))
    if value > high:
        return Fault(f"is more than {high:.0f}", f"a whole number from {low:.0f} to {high:.0f}")
    return value


def _number(column: Column, text: str) -> float | str | Fault:
    if column.kind == "weeks" and text in (LAST_VISIT, NOT_STATED):
        return text
    if column.kind == "percent":
        if not _PERCENT.fullmatch(text) or float(text) > 100:
            return Fault("is not a percentage", allowed(column))
        return text
    value = float(text) if _NUMBER.fullmatch(text) else float("nan")
    if not abs(value) < float("inf"):
        return Fault("is not a number", allowed(column))
    low = 0.0 if column.kind == "weeks" else column.low
    if low is not None and value < low:
        return Fault("is negative" if value < 0 else f"is less than {low:g}", allowed(column))
    return value


def percent_fits(percent: str, events: int, n: int) -> bool:
    """Whether a printed percentage can be events/n, rounded (either way at a half) or truncated.

    Whole-number arithmetic: 66 fits 4/6 (truncated), 66.6 and 66.7 fit, 66.8 does not.
    """
    whole, _, decimals = percent.partition(".")
    unit: int = 10 ** len(decimals)
    printed, exact = int(whole + decimals), 100 * unit * events
    over = exact - printed * n
    return 0 <= over < n or abs(2 * over) <= n


def worst_state(states: Iterable[str]) -> str:
    """The least certain of several states, for a number made from several rows."""
    return max(states, key=STATES.index)


# ---- records -------------------------------------------------------------------------------------
# Fields come in the order of the table's columns (a test compares them); then `extra`, the review's
# own columns, and `row`, the row in the file. Named tuples, because a frozen dataclass costs four times
# as much to define, and more to make: half of what starting up costs here, all of it for 100 000 rows.


class Study(NamedTuple):
    """One report: a paper, an abstract, a register entry."""

    study: str
    label: str
    authors: str
    year: int | None
    title: str
    journal: str
    doi: str
    pmid: str
    pmcid: str
    registration: str
    design: str
    design_detail: str
    centre: str
    country: str
    recruited_from: str
    recruited_to: str
    treated: int | None
    controls: int | None
    population: str
    source: str
    locator: str
    state: str
    note: str
    verified_by: str = ""
    verified_on: str = ""
    extra: Mapping[str, object] = NOTHING
    row: int = 0


class CohortLink(NamedTuple):
    """A report describes a cohort; a pooled analysis has one link for each of its cohorts."""

    study: str
    cohort: str
    note: str
    extra: Mapping[str, object] = NOTHING
    row: int = 0


class Overlap(NamedTuple):
    """Two cohorts that share, or may share, patients."""

    cohort_a: str
    cohort_b: str
    certainty: str
    reason: str
    source: str
    extra: Mapping[str, object] = NOTHING
    row: int = 0


class OutcomeRow(NamedTuple):
    """One result of one arm of one report, as printed; or derived, which `derived` says.

    `weeks` is a number, "last visit" or "not stated"; `percent` the printed
    text. `events` and `n` are both there wherever `not_poolable` is empty.
    Derived rows (from patients, or a sum of strata) have `row` 0.
    """

    study: str
    arm: str
    subgroup: str
    outcome: str
    weeks: float | str
    weeks_from: float | None
    weeks_to: float | None
    time_printed: str
    events: int | None
    n: int | None
    percent: str
    percent_kind: str
    value: str
    definition: str
    scale: str
    threshold: str
    population: str
    missing_data: str
    split: str
    not_poolable: str
    caution: str
    events_low: int | None
    events_high: int | None
    disputed: str
    source: str
    locator: str
    state: str
    note: str
    verified_by: str = ""
    verified_on: str = ""
    extra: Mapping[str, object] = NOTHING
    row: int = 0
    derived: bool = False

    @property
    def cautions(self) -> tuple[str, ...]:
        """What must be said wherever the row is used: its caution, and how its own paper disputes it."""
        disputed = f"disputed by its own paper: {self.disputed}" if self.disputed else ""
        return tuple(filter(None, (self.caution, disputed)))

    @property
    def when(self) -> str:
        """The time in words: `week 12`, `last visit (9 to 43 weeks)`, `time not stated`."""
        low, high = self.weeks_from, self.weeks_to
        if isinstance(self.weeks, float):
            if low is not None and high is not None:
                return f"weeks {low:.0f} to {high:.0f}"
            return f"week {self.weeks:g}"
        if self.weeks == NOT_STATED:
            return "time not stated"
        if low is not None and high is not None:
            spread = f"{low:.0f} to {high:.0f} weeks" if f"{low:.0f}" != f"{high:.0f}" else f"{low:.0f} weeks"
        elif low is not None:
            spread = f"from {low:.0f} weeks"
        elif high is not None:
            spread = f"up to {high:.0f} weeks"
        else:
            spread = self.time_printed
        return f"{LAST_VISIT} ({spread})" if spread else LAST_VISIT


class Patient(NamedTuple):
    """One patient of one report."""

    study: str
    patient: str
    arm: str
    age: float | None
    sex: str
    source: str
    locator: str
    state: str
    note: str
    verified_by: str = ""
    verified_on: str = ""
    extra: Mapping[str, object] = NOTHING
    row: int = 0


class Score(NamedTuple):
    """One measurement of one patient; weeks 0 is the baseline."""

    study: str
    patient: str
    score: str
    weeks: float | str
    value: float | None
    source: str
    locator: str
    state: str
    note: str
    verified_by: str = ""
    verified_on: str = ""
    extra: Mapping[str, object] = NOTHING
    row: int = 0


class ReferenceEntry(NamedTuple):
    """One entry of a report's reference list, as printed, with the identifiers found for it."""

    cited_by: str
    number: int
    citation: str
    pmid: str
    pmid_status: str
    doi: str
    doi_status: str
    type: str
    role: str
    study: str
    note: str
    extra: Mapping[str, object] = NOTHING
    row: int = 0


class Statement(NamedTuple):
    """What a paper prints about itself (a median in its text, a range in its table), to be recomputed."""

    study: str
    place: str
    quantity: str
    statistic: str
    value: float | None
    low: float | None
    high: float | None
    printed: str
    about: str
    outcome: str
    n: int | None
    where: str
    criterion: str
    source: str
    locator: str
    state: str
    note: str
    verified_by: str = ""
    verified_on: str = ""
    extra: Mapping[str, object] = NOTHING
    row: int = 0


class Run(NamedTuple):
    """One saved search as it was run once: what the database counted, and what became of it.

    records = seen + duplicates + known + new.
    """

    run: int
    search: str
    date: str
    database: str
    kind: str
    query: str
    translation: str
    since: str
    records: int
    seen: int
    duplicates: int
    known: int
    new: int
    note: str
    extra: Mapping[str, object] = NOTHING
    row: int = 0


class FoundPaper(NamedTuple):
    """A paper that a search found; one row for each search that did."""

    paper: str
    search: str
    run: int
    status: str
    pmid: str
    doi: str
    authors: str
    year: int | None
    title: str
    journal: str
    abstract: str
    note: str
    extra: Mapping[str, object] = NOTHING
    row: int = 0


class Decision(NamedTuple):
    """What one person decided about one paper at one stage."""

    paper: str
    screener: str
    stage: str
    decision: str
    reason: str
    date: str
    note: str
    extra: Mapping[str, object] = NOTHING
    row: int = 0


class Appraisal(NamedTuple):
    """One item of an instrument, as somebody judged it for a report, or for one outcome of it."""

    study: str
    instrument: str
    outcome: str
    item: str
    judgement: str
    reason: str
    by: str
    source: str
    locator: str
    state: str
    note: str
    verified_by: str = ""
    verified_on: str = ""
    extra: Mapping[str, object] = NOTHING
    row: int = 0


class Grade(NamedTuple):
    """One step of a certainty: where it starts, what lowers or raises it, where it ends; by whom, and why."""

    outcome: str
    question: str
    item: str
    judgement: str
    reason: str
    by: str
    date: str
    note: str
    extra: Mapping[str, object] = NOTHING
    row: int = 0


# ---- the tables ----------------------------------------------------------------------------------

_STUDY = Column("study", "key", "the report, a key of studies.csv", True, refers="studies")
_ORIGIN = (
    Column("source", "text", "address of the page or paper it was read from; needed unless unverified"),
    Column("locator", "text", "page, table or figure it was read from"),
    Column("state", "choice", "how it was read", True, STATES),
    Column("note", "text", "anything else"),
    Column("verified_by", "text", "who checked it against the full text; evidence verify writes it"),
    Column("verified_on", "date", "when that was"),
)

STUDIES = Table(
    "studies",
    (
        Column("study", "key", "short name of the report", True),
        Column("label", "text", "name to show; wins over first author and year"),
        Column("authors", "text", "authors as printed, the first one first"),
        Column("year", "integer", "year of publication", low=1800, high=2200),
        Column("title", "text", "title"),
        Column("journal", "text", "journal or meeting, with volume and pages where known"),
        Column("doi", "doi", "digital object identifier"),
        Column("pmid", "pmid", "PubMed number"),
        Column("pmcid", "pmcid", "PubMed Central number"),
        Column("registration", "text", "trial registration number"),
        Column("design", "choice", "design in one of the words", True, DESIGNS),
        Column("design_detail", "text", "design in the report's own words"),
        Column("centre", "text", "hospital, city, number of centres"),
        Column("country", "text", "country"),
        Column("recruited_from", "date", "first date of the recruitment window"),
        Column("recruited_to", "date", "last date of the recruitment window"),
        Column("treated", "integer", "patients who got the treatment", high=MOST),
        Column("controls", "integer", "patients in the comparison arm", high=MOST),
        Column("population", "text", "who was treated"),
        *_ORIGIN,
    ),
    ("study",),
    Study,
    required=True,
)
COHORTS = Table(
    "cohorts",
    (
        _STUDY,
        Column("cohort", "key", "a group of patients, however often published", True),
        Column("note", "text", "anything else"),
    ),
    ("study", "cohort"),
    CohortLink,
)
OVERLAPS = Table(
    "overlaps",
    (
        Column("cohort_a", "key", "a cohort", True, refers="cohorts"),
        Column("cohort_b", "key", "another cohort", True, refers="cohorts"),
        Column("certainty", "choice", "how sure it is that they share patients", True, CERTAINTIES),
        Column("reason", "text", "why", True),
        Column("source", "text", "where that was read"),
    ),
    ("cohort_a", "cohort_b"),
    Overlap,
)
OUTCOMES = Table(
    "outcomes",
    (
        _STUDY,
        Column("arm", "name", "treatment arm"),
        Column("subgroup", "name", "empty for the whole arm"),
        Column("outcome", "key", "an outcome declared in review.toml", True, refers="outcomes"),
        Column("weeks", "weeks", "when it was assessed", True),
        Column("weeks_from", "number", "start of a span of time", low=0),
        Column("weeks_to", "number", "end of a span of time", low=0),
        Column("time_printed", "text", "the time in the report's own words, where weeks do not say it all"),
        Column("events", "integer", "patients with the outcome", high=MOST),
        Column("n", "integer", "patients evaluated", low=1, high=MOST),
        Column("percent", "percent", "percentage as printed"),
        Column("percent_kind", "choice", "what that percentage is; empty means crude", words=PERCENT_KINDS),
        Column("value", "text", "a median, rate or difference as printed"),
        Column("definition", "text", "the outcome in the report's own words"),
        Column("scale", "text", "the scale it was measured on"),
        Column("threshold", "text", "the limit on that scale"),
        Column("population", "text", "who was evaluated, where not everybody"),
        Column("missing_data", "text", "how drop-outs and missing values were counted"),
        Column("split", "text", "name of a complete division into subgroups that do not overlap"),
        Column("not_poolable", "text", "why the row cannot be pooled; empty if it can"),
        Column("caution", "text", "what to say wherever the row is used"),
        Column("events_low", "integer", "at least so many, where no count is given", high=MOST),
        Column("events_high", "integer", "at most so many, where no count is given", high=MOST),
        Column("disputed", "text", "how the paper contradicts itself about this result"),
        *_ORIGIN,
    ),
    ("study", "arm", "subgroup", "outcome", "weeks"),
    OutcomeRow,
    required=True,
)
PATIENTS = Table(
    "patients",
    (
        _STUDY,
        Column("patient", "name", "number or name within the report", True),
        Column("arm", "name", "treatment arm"),
        Column("age", "number", "age in years", low=0),
        Column("sex", "text", "sex"),
        *_ORIGIN,
    ),
    ("study", "patient"),
    Patient,
)
SCORES = Table(
    "scores",
    (
        _STUDY,
        Column("patient", "name", "a patient of patients.csv", True),
        Column("score", "key", "what was measured", True),
        Column("weeks", "weeks", "when; 0 is the baseline", True),
        Column("value", "number", "the score", True),
        *_ORIGIN,
    ),
    ("study", "patient", "score", "weeks"),
    Score,
)
REFERENCES = Table(
    "references",
    (
        Column("cited_by", "key", "the report whose list it is", True, refers="studies"),
        Column("number", "integer", "its number there", True, low=1, high=MOST),
        Column("citation", "text", "the reference as printed", True),
        Column("pmid", "pmid", "PubMed number"),
        Column("pmid_status", "text", "how sure that is"),
        Column("doi", "doi", "digital object identifier"),
        Column("doi_status", "text", "how sure that is"),
        Column("type", "text", "kind of publication"),
        Column("role", "text", "included, background, ..."),
        Column("study", "key", "the report in studies.csv, if it is one", refers="studies"),
        Column("note", "text", "anything else"),
    ),
    ("cited_by", "number"),
    ReferenceEntry,
)
STATEMENTS = Table(
    "statements",
    (
        _STUDY,
        Column("place", "text", "where the report prints it: text, table summary, ...", True),
        Column("quantity", "key", "what it is about", True),
        Column("statistic", "choice", "what kind of number", True, STATISTICS),
        Column("value", "number", "the number"),
        Column("low", "number", "lower end of the printed range, or of the interval"),
        Column("high", "number", "upper end of the printed range, or of the interval"),
        Column("printed", "text", "the words as printed", True),
        Column("about", "key", "the report it speaks of, if not its own", refers="studies"),
        Column("outcome", "key", "the outcome it speaks of, if quantity is none", refers="outcomes"),
        Column("n", "integer", "patients it is about, if not all of the report", low=1, high=MOST),
        Column("where", "text", "whom it counts, as a condition on patients and their scores"),
        Column("criterion", "text", "the condition that those, and only those, should meet"),
        *_ORIGIN,
    ),
    ("study", "place", "quantity", "statistic", "printed"),
    Statement,
)
SEARCHES = Table(
    "searches",
    (
        Column("run", "integer", "number of the update, from 1", True, low=1, high=MOST),
        Column("search", "name", "a saved search of review.toml, or the name of a file", True),
        Column("date", "date", "when it was run", True),
        Column("database", "text", "where: PubMed, Embase, ..."),
        Column("kind", "choice", "what that is", True, KINDS),
        Column("query", "text", "the query as it was sent"),
        Column("translation", "text", "what the database made of it"),
        Column("since", "date", "only records that entered the database from that day on; empty means all"),
        Column("records", "integer", "records it found", True, high=MOST),
        Column("seen", "integer", "of them: found by an earlier run of this search", True, high=MOST),
        Column("duplicates", "integer", "of them: found by another search", True, high=MOST),
        Column("known", "integer", "of them: in the review already", True, high=MOST),
        Column("new", "integer", "of them: to be screened", True, high=MOST),
        Column("note", "text", "what the database did not search as it was written"),
    ),
    ("run", "search"),
    Run,
)
FOUND = Table(
    "found",
    (
        Column("paper", "text", "its PMID, else its DOI, else first author, year and title", True),
        Column("search", "name", "the search that found it", True),
        Column("run", "integer", "the update in which that was", True, low=1, high=MOST),
        Column("status", "choice", "what it was then", True, STATUSES),
        Column("pmid", "pmid", "PubMed number"),
        Column("doi", "doi", "digital object identifier"),
        Column("authors", "text", "authors, the first one first"),
        Column("year", "integer", "year of publication", low=1500, high=2200),
        Column("title", "text", "title"),
        Column("journal", "text", "journal"),
        Column("abstract", "text", "abstract, where no record of PubMed is in papers/"),
        Column("note", "text", "anything else; of a known paper, where it is"),
    ),
    ("paper", "search"),
    FoundPaper,
)
DECISIONS = Table(
    "decisions",
    (
        Column("paper", "text", "a paper of found.csv", True),
        Column("screener", "name", "who decided; consensus settles a conflict", True),
        Column("stage", "choice", "what was read", True, STAGES),
        Column("decision", "choice", "what was decided", True, VERDICTS),
        Column("reason", "text", "why it was excluded"),
        Column("date", "date", "when", True),
        Column("note", "text", "anything else; a decision that was changed leaves its old words here"),
    ),
    ("paper", "screener", "stage"),
    Decision,
)

QUALITY = Table(
    "quality",
    (
        _STUDY,
        Column("instrument", "choice", "what it is judged with", True, tuple(INSTRUMENTS)),
        Column("outcome", "key", "the outcome it is judged for, if not the report", refers="outcomes"),
        Column("item", "choice", "the item or domain of the instrument", True, ITEMS),
        Column("judgement", "choice", "one of the instrument's own words", True, JUDGEMENTS),
        Column("reason", "text", "why, in words for the next reader", True),
        Column("by", "text", "who judged", True),
        *_ORIGIN,
    ),
    ("study", "instrument", "outcome", "item"),
    Appraisal,
)
CERTAINTY = Table(
    "certainty",
    (
        Column("outcome", "key", "an outcome declared in review.toml", True, refers="outcomes"),
        Column("question", "choice", "what the certainty is about", True, QUESTIONS),
        Column("item", "choice", "where it starts, what was considered, where it ends", True, CONSIDERED),
        Column("judgement", "choice", "a level, or a step down or up", True, GRADES),
        Column("reason", "text", "why, in words for the next reader", True),
        Column("by", "text", "who judged", True),
        Column("date", "date", "when"),
        Column("note", "text", "anything else"),
    ),
    ("outcome", "question", "item"),
    Grade,
)

TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            *(STUDIES, COHORTS, OVERLAPS, OUTCOMES, PATIENTS, SCORES, REFERENCES, STATEMENTS),
            *(FOUND, SEARCHES, DECISIONS, QUALITY, CERTAINTY),
        )
    }
)
"""Every table by name, in the order they are read and their problems are listed."""

OWN_KINDS = ("text", "key", "integer", "number", "date")
"""What `[columns.<table>]` in review.toml may call a column of the review's own; or a list of words."""
