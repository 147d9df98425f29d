"""What an audit found, for programs: one JSON object, or a CSV table of a finding a row."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from evidence.report.characters import clean
from evidence.review.audit.findings import Finding

if TYPE_CHECKING:
    from evidence.review.audit.auditing import Audit


def render_json(audit: Audit) -> str:
    """`findings`, each with rule, severity, report, file, row, column, place, quantity, printed, recomputed and reason."""
    document: dict[str, Any] = {
        "review": clean(audit.title),
        "read": dict(audit.read),
        "counts": {"findings": len(audit.findings), **audit.counts},
        "findings": [_plain(finding) for finding in audit.findings],
        "rules": [
            {"rule": rule.name, "says": rule.says, "sources": list(rule.sources)} for rule in audit.rules
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def render_csv(audit: Audit) -> str:
    """A header, then a row for each finding."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(Finding._fields)
    writer.writerows(_plain(finding).values() for finding in audit.findings)
    return lines.getvalue()


def _plain(finding: Finding) -> dict[str, Any]:
    """A finding with nothing in it that a terminal would obey."""
    return {
        name: clean(value) if isinstance(value, str) else value for name, value in finding._asdict().items()
    }
