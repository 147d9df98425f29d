"""An analysis as lines of a table, made once: every renderer prints these and computes nothing.

Order: the pooled series with ours last (group by group where there are
groups), the pools, then what they are compared with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from evidence.analysis.results import NO_TIME, WHOLE, Analysis, PoolRow, Result, StudyRow
from evidence.report.characters import SUPERSCRIPT, clean
from evidence.report.forest import axis_top
from evidence.report.numbers import digits_for
from evidence.review.arms import is_control
from evidence.review.schema import LAST_VISIT
from evidence.synthesis.results import Interval

UNVERIFIED, SECONDARY = "†", "◦"
STATE_MARKS = {"unverified": UNVERIFIED, "secondary": SECONDARY}

MODEL_NAMES = {
    "exact": "exact",
    "common": "common effect",
    "random": "random effects",
    "binomial": "binomial",
    "beta-binomial": "beta-binomial",
    "bayes": "Bayes",
}


class Row(NamedTuple):
    """One line: a study, pool, reference, or a group's heading.

    `kind` is study, reference, pool, average (a model's population average),
    prediction, panel (another model) or heading. `events` and `n` are None on
    lines that are not counts. `marks` are shown behind the label.
    """

    kind: str
    label: str
    marks: tuple[str, ...] = ()
    events: int | None = None
    n: int | None = None
    value: Interval | None = None
    weight: float | None = None
    group: str | None = None
    study: StudyRow | None = None
    pool: PoolRow | None = None

    @property
    def counts(self) -> str:
        """ "49/107", or nothing."""
        return "" if self.events is None else f"{self.events}/{self.n}"

    @property
    def name(self) -> str:
        """The label with its marks."""
        return " ".join((self.label, *self.marks))


def rows(analysis: Analysis, *, panel: bool = False, single: bool = False) -> list[Row]:
    """Every line in the order it is shown.

    `panel` adds the other models' answers; `single` adds the pools of one
    study, which only repeat that study's line.
    """
    parts = [*_series(analysis, single), *_pools(analysis, single)]
    parts += [study_line(analysis, study) for study in analysis.studies if study.role == "reference"]
    if panel:
        others = list(_other_models(analysis))
        parts += [Row("heading", "Other models"), *others] if others else []
    return parts


def study_line(analysis: Result, study: StudyRow) -> Row:
    """A study's own counts and interval, marked as far as its number still needs checking."""
    return Row(
        kind="reference" if study.role == "reference" else "study",
        label=clean(study.name),
        marks=marks(analysis, study),
        events=int(study.events),
        n=int(study.n),
        value=study.proportion,
        weight=study.weight,
        group=study.group,
        study=study,
    )


def marks(analysis: Result, study: StudyRow) -> tuple[str, ...]:
    """A raised letter for an unusual scale, then the state of the number where it is not settled."""
    letters = [raised(clean(letter)) for letter, scale in analysis.scales.items() if scale == study.scale]
    state = STATE_MARKS.get(study.state)
    return (*letters, state) if state else tuple(letters)


def raised(letter: str) -> str:
    """The letter as a superscript; `^S` where Unicode has none."""
    return "".join(SUPERSCRIPT.get(c, f"^{c}") for c in letter)


def find_row(analysis: Result, name: str) -> StudyRow | None:
    """The study row a contrast names, if it names one: no row has the name of a pool."""
    return next((study for study in analysis.studies if study.name == name), None)


def at(when: str) -> str:
    """A time as a sentence goes on: " at week 12", " at the last visit (9 to 43 weeks)"; nothing for none."""
    said = clean(when)
    if said in ("", NO_TIME):
        return ""
    return f" at the {said}" if said.startswith(LAST_VISIT) else f" at {said}"


def arm_of(row: StudyRow) -> str:
    """A row in a sentence, without its time: "Trial 2", "the placebo arm of Trial 2"."""
    label = clean(row.label)
    part = f", {clean(row.subgroup)}" if row.subgroup else ""
    return f"the {clean(row.arm)} arm of {label}{part}" if is_control(row.arm) else label + part


def decimals(analysis: Result) -> int:
    """How many decimals every percentage of this analysis has, in the table and in the sentences."""
    pools = [pool.source.exact for pool in analysis.pooled]
    fitted = [pool.result.proportion for pool in analysis.pooled[:1]]
    studies = (study.proportion for study in analysis.studies)
    return digits_for(axis_top([*studies, *pools, *fitted]))


def subgroups(analysis: Analysis) -> list[PoolRow]:
    """The groups' pools, without those of all and of the others."""
    return [pool for pool in analysis.pooled if pool.pool not in WHOLE]


def pool_name(pool: str) -> str:
    """ "all" -> "All series"; a group keeps its own name."""
    return {"all": "All series", "others": "The others"}.get(pool) or clean(pool)


def _series(analysis: Analysis, single: bool) -> Iterator[Row]:
    ours_last = sorted(
        (study for study in analysis.studies if study.role != "reference"),
        key=lambda study: study.role == "ours",
    )
    groups = subgroups(analysis)
    if not groups:
        yield from (study_line(analysis, study) for study in ours_last)
        return
    for pool in groups:
        yield Row("heading", clean(pool.pool), group=pool.pool)
        yield from (study_line(analysis, study) for study in ours_last if study.group == pool.pool)
        yield from pool_lines(pool, single=single)
    known = {pool.pool for pool in groups}
    rest = [study for study in ours_last if study.group not in known]
    if rest:
        yield Row("heading", "no group stated")
        yield from (study_line(analysis, study) for study in rest)


def _pools(analysis: Analysis, single: bool) -> Iterator[Row]:
    """Of all series and of the others: exact lines first, because they are what was counted."""
    lines = [
        line
        for pool in analysis.pooled
        if pool.pool in WHOLE
        # beside the pool of all, the counts of the others suffice
        for line in pool_lines(
            pool, single=single, whole=pool.pool == "all", counts_suffice=pool.pool == "others"
        )
    ]
    order = {"pool": 0, "average": 1, "prediction": 2}
    yield from sorted(lines, key=lambda line: order[line.kind])


def pool_lines(
    pool: PoolRow, *, single: bool, whole: bool = False, counts_suffice: bool = False
) -> Iterator[Row]:
    """A pool's lines. One study is no pool: its own line says it all.

    Where the Bayes model was used the exact interval of the summed counts
    stands first, with the counts; the model's average follows without them,
    since it is not events / n.
    """
    source, name = pool.source, pool_name(pool.pool)
    if source.k < 2 and not single:
        return
    bayes = source.model == "bayes"
    model = "exact" if bayes else source.model
    yield Row(
        "pool",
        f"{name}, {MODEL_NAMES.get(model, model)}",
        events=int(source.events),
        n=int(source.n),
        value=source.exact if bayes else pool.result.proportion,
        group=pool.pool,
        pool=pool,
    )
    if counts_suffice and bayes:
        return
    result = pool.result
    if result.average is not None:
        label = f"{name}, {MODEL_NAMES.get(result.model, result.model)}, average"
        yield Row("average", label, value=result.average, group=pool.pool, pool=pool)
    if whole and result.prediction is not None:
        yield Row("prediction", "Another series, prediction", value=result.prediction, pool=pool)


def _other_models(analysis: Analysis) -> Iterator[Row]:
    """What other models say of the same counts; the Bayes model's median stands here, its average above."""
    bayes = [
        p for p in analysis.pooled if p.source.model == "bayes" and p.pool != "others" and p.source.k > 1
    ]
    for pool in [*bayes, *analysis.panel]:
        result = pool.result
        name = MODEL_NAMES.get(result.model, result.model)
        if result.model == "bayes":
            name += ", median"
        elif result.measure and result.model in ("common", "random"):
            name += f", {result.measure}"
        name = name[:1].upper() + name[1:] if pool.pool == "all" else f"{pool_name(pool.pool)}, {name}"
        yield Row("panel", name, value=result.proportion, group=pool.pool, pool=pool)
