"""Small reviews made in a folder, from rows a test can show on one line."""

from __future__ import annotations

from evidence.review.tables import load

TOML = """\
format = 1
[outcomes.cure]
label = "Cure"
[outcomes.rash]
label = "Any rash"
[outcomes.death]
[analyses.primary]
outcome = "cure"
pool = { design = ["cohort", "case series"] }
weeks = [8, 26]
last_visit = true
ours = "ours"
"""
REFERENCE = TOML + 'reference = { study = "trial", arm = "drug", weeks = 12 }\n'


def review(folder, rows, *, toml=TOML, studies=None, cohorts="", overlaps=""):
    """A review from compact rows: `study events/n`, then column=value pairs; each study is a cohort study of 2020.

    `studies` gives other columns of studies.csv by study: `{"trial": "design=trial year=2019"}`.
    """
    names = ["study", "arm", "subgroup", "split", "outcome", "weeks", "events", "n", "state", "not_poolable"]
    names += [
        "weeks_from",
        "weeks_to",
        "caution",
        "events_low",
        "events_high",
        "disputed",
        "scale",
        "threshold",
        "missing_data",
        "definition",
        "source",
    ]
    lines, seen = [",".join(names)], {}
    for row in rows:
        study, counts, *pairs = row.split()
        cells = {
            "study": study,
            "arm": "drug",
            "outcome": "cure",
            "weeks": "12",
            "state": "verified",
            "source": "x",
        }
        if "/" in counts:
            cells["events"], cells["n"] = counts.split("/")
        cells |= _pairs(pairs)
        lines.append(",".join(cells.get(name, "") for name in names))
        seen.setdefault(study, "")
    seen |= studies or {}
    if "ours" not in seen:
        toml = toml.replace('ours = "ours"\n', "")
    about = ["study", "label", "authors", "year", "design", "population", "controls", "state"]
    reports = [",".join(about)]
    for study, extra in seen.items():
        cells = {
            "study": study,
            "label": study.upper(),
            "year": "2020",
            "design": "cohort",
            "state": "unverified",
        }
        cells |= _pairs(extra.split())
        reports.append(",".join(cells.get(name, "") for name in about))
    (folder / "review.toml").write_text(toml)
    (folder / "outcomes.csv").write_text("\n".join(lines) + "\n")
    (folder / "studies.csv").write_text("\n".join(reports) + "\n")
    (folder / "cohorts.csv").write_text("\n".join(["study,cohort", *cohorts.split()]) + "\n")
    pairs = ["cohort_a,cohort_b,certainty,reason", *(f"{line},same ward" for line in overlaps.splitlines())]
    (folder / "overlaps.csv").write_text("\n".join(pairs) + "\n")
    return load(folder)


def _pairs(pairs):
    return {key: value.replace("_", " ") for key, value in (pair.split("=", 1) for pair in pairs)}
