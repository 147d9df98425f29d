"""What it would take, for other programs: JSON and CSV, numbers in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evidence.analysis.multiverse import KINDS, Specification
from evidence.analysis.robustness import Claim, Lost, Sensitivity
from evidence.report.characters import clean
from evidence.report.machine import about, csv_text, interval, json_text, plain
from evidence.report.sensitivity.words import weaknesses, words

WAYS = ("observed", "worst", "best", "nonresponder")


def render_json(result: Sensitivity) -> str:
    """One object; what the data cannot bear is null, and `notes` says why."""
    return json_text(to_dict(result))


def to_dict(result: Sensitivity) -> dict[str, Any]:
    """The result as plain dicts, lists, strings and numbers."""
    made, told = result.analysis, words(result)
    other = result.reference
    return {
        **about(made),
        "options": {name: plain(made.options.get(name)) for name in ("where", "weeks", "level")},
        "reference": None
        if other is None
        else {"name": clean(other.name), "events": other.events, "n": other.n, "state": other.state},
        "hidden": [_claim(claim) for claim in result.claims],
        "elsewhere": [
            {"against": clean(name), "pvalue": p, **_claim(claim)} for name, claim, p in result.elsewhere
        ],
        "drop_outs": [_lost(row) for row in result.lost],
        "tipping": _tipping(result),
        "priors": [
            {
                "prior": under.prior,
                "proportion": plain(interval(under.proportion)),
                "average": plain(interval(under.average)),
            }
            for under in result.priors
        ],
        "file_drawer": _drawer(result),
        "joint_map": _joint(result),
        "confounding": _confounding(result),
        "margin": _margin(result),
        "multiverse": _multiverse(result),
        "bounds": _bounds(result),
        "weakest": [point.clause for point in weaknesses(result)],
        "answer": told.headline,
        "paragraph": told.weakest,
        "method": told.method,
        "notes": list(told.notes),
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {"name": clean(claim.name), "events": claim.events, "n": claim.n, **claim.fragility._asdict()}


def _lost(row: Lost) -> dict[str, Any]:
    ways = {}
    for number, way in enumerate(WAYS):
        x, n = row.counts[number]
        pvalue = None if row.pvalues is None else row.pvalues[number]
        ways[way] = {
            "events": x,
            "n": n,
            "proportion": plain(interval(row.intervals[number])),
            "pvalue": pvalue,
        }
    return {"name": clean(row.name), "treated": row.treated, "required": clean(row.required), **ways}


def _tipping(result: Sensitivity) -> dict[str, Any] | None:
    found = result.tipping
    if found is None:
        return None
    names = ("taus", "correlations", "low", "high")
    return {
        **{name: getattr(found, name).tolist() for name in names},
        "reference": found.reference,
        "crossing": found.crossing,
    }


def _drawer(result: Sensitivity) -> dict[str, Any] | None:
    found = result.drawer
    if found is None:
        return None
    return {
        "sizes": list(found.sizes),
        "share": found.share,
        "mirrored": found.mirrored,
        "rates": [each._asdict() | {"each": list(each.each)} for each in found.rates],
    }


def _joint(result: Sensitivity) -> dict[str, Any] | None:
    found = result.joint
    return None if found is None else found._asdict() | {"survives": found.survives.tolist()}


def _confounding(result: Sensitivity) -> dict[str, Any] | None:
    found = result.confounding
    if found is None:
        return None
    return {
        "name": clean(found.name),
        "ratio": plain(interval(found.ratio)),
        "e_value": found.e_value.estimate,
        "e_value_limit": found.e_value.limit,
        "largest_ratio": found.largest,
    }


def _margin(result: Sensitivity) -> dict[str, Any] | None:
    found = result.margin
    if found is None:
        return None
    arrays = {name: getattr(found, name).tolist() for name in ("thresholds", "share", "low", "high")}
    return {
        **arrays,
        "n": found.n,
        "level": found.level,
        "holds": found.holds,
        "with_error": [each._asdict() for each in result.measured],
    }


def _multiverse(result: Sensitivity) -> dict[str, Any] | None:
    found = result.multiverse
    if found is None:
        return None
    return {
        "declared": found.declared,
        "kept": found.kept,
        "total": len(found.specifications),
        "specifications": [_specification(one) for one in found.specifications],
        "reasons": [
            {"kind": kind, "choice": clean(name), "reason": clean(reason)}
            for (kind, name), reason in found.reasons.items()
        ],
        "impossible": [clean(text) for text in found.impossible],
        "idle": [clean(text) for text in found.idle],
    }


def _bounds(result: Sensitivity) -> dict[str, Any] | None:
    found = result.bounds
    if found is None:
        return None
    rows = [
        {
            "study": clean(one.row.study),
            "label": clean(one.label),
            "n": one.n,
            "low": one.bounds.low,
            "high": one.bounds.high,
            "by": one.by,
            "disputed": clean(one.row.disputed) or None,
            "state": one.row.state,
            "source": clean(one.row.source),
            "locator": clean(one.row.locator),
        }
        for one in found.rows
    ]
    pools = found.pools
    return {
        "rows": rows,
        "events": list(pools.events),
        "n": pools.n,
        "exact": [plain(interval(end)) for end in pools.ends],
        "estimate": list(pools.estimate),
        "low": list(pools.low),
        "high": list(pools.high),
        "tables": pools.tables,
        "complete": pools.complete,
        "turned": None if found.turned is None else list(found.turned),
    }


def _specification(one: Specification) -> dict[str, Any]:
    choices = {kind: clean(name) for kind, name in zip(KINDS, one.choices, strict=True) if name}
    return {
        **choices,
        "difference": plain(interval(one.difference)),
        "pvalue": plain(one.pvalue),
        "keeps": one.keeps,
    }


# ---- CSV -----------------------------------------------------------------------------------------

COLUMNS = ("part", "name", "quantity", "value", "low", "high")


def render_csv(result: Sensitivity) -> str:
    """Long form: a row for each number, named by its part, whom it is about and what it is."""
    return csv_text(COLUMNS, _lines(to_dict(result)))


def _lines(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for claim in told["hidden"]:
        for way in ("pvalue", "interval", "limit", "estimate"):
            yield {"part": "hidden", "name": claim["name"], "quantity": way, "value": claim[way]}
    for claim in told["elsewhere"]:
        for way in ("pvalue", "interval", "limit", "estimate"):
            yield {"part": "elsewhere", "name": claim["against"], "quantity": way, "value": claim[way]}
    for row in told["drop_outs"]:
        for way in WAYS:
            share = row[way]["proportion"]
            yield {
                "part": "drop_outs",
                "name": row["name"],
                "quantity": way,
                "value": share["estimate"],
                "low": share["low"],
                "high": share["high"],
            }
    curve = told["tipping"]
    if curve:
        for tau, low, high in zip(curve["taus"], curve["low"], curve["high"], strict=True):
            yield {"part": "tipping", "name": "all", "quantity": f"tau {tau:g}", "low": low, "high": high}
        yield {"part": "tipping", "name": "all", "quantity": "crossing", "value": curve["crossing"]}
    for under in told["priors"]:
        for what in ("average", "proportion"):
            share = under[what]
            yield {
                "part": "priors",
                "name": under["prior"],
                "quantity": what,
                "value": share["estimate"],
                "low": share["low"],
                "high": share["high"],
            }
    for one in (told["bounds"] or {"rows": []})["rows"]:
        name, n = one["label"], one["n"]
        yield {
            "part": "bounds",
            "name": name,
            "quantity": f"events of {n}, by {one['by']}",
            "low": one["low"],
            "high": one["high"],
        }
    for rate in (told["file_drawer"] or {"rates": []})["rates"]:
        yield {
            "part": "file_drawer",
            "name": "all",
            "quantity": f"unpublished at {rate['rate']:.4g}",
            "value": rate["unpublished"],
        }
    for u, line in enumerate((told["joint_map"] or {"survives": []})["survives"]):
        for d, hidden in enumerate(line):
            yield {
                "part": "joint_map",
                "name": f"{u} unpublished",
                "quantity": f"{d} dropped",
                "value": hidden,
            }
    if told["confounding"]:
        for way in ("e_value", "e_value_limit", "largest_ratio"):
            yield {
                "part": "confounding",
                "name": told["confounding"]["name"],
                "quantity": way,
                "value": told["confounding"][way],
            }
    curve = told["margin"]
    if curve:
        for at, share, low, high in zip(
            curve["thresholds"], curve["share"], curve["low"], curve["high"], strict=True
        ):
            yield {
                "part": "margin",
                "name": "ours",
                "quantity": f"at least {100 * at:.0f} %",
                "value": share,
                "low": low,
                "high": high,
            }
    for one in (told["multiverse"] or {"specifications": []})["specifications"]:
        yield {
            "part": "multiverse",
            "name": "; ".join(str(one[kind]) for kind in KINDS if kind in one),
            "quantity": "keeps the conclusion" if one["keeps"] else "does not",
            "value": one["difference"]["estimate"],
            "low": one["difference"]["low"],
            "high": one["difference"]["high"],
        }
    for note in filter(None, (told["answer"], told["paragraph"], told["method"], *told["notes"])):
        yield {"part": "note", "quantity": note}
