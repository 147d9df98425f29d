"""What an audit found, for programs: one JSON object, or a CSV table of a finding a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evidence.report.characters import clean
from evidence.report.machine import csv_rows, json_text, plain
from evidence.review.audit.findings import Finding

if TYPE_CHECKING:
    from evidence.review.audit.auditing import Audit


def render_json(audit: Audit) -> str:
    """`findings`, each with rule, severity, report, file, row, column, place, quantity, printed, recomputed and reason."""
    document: dict[str, Any] = {
        "review": clean(audit.title),
        "read": dict(audit.read),
        "counts": {"findings": len(audit.findings), **audit.counts},
        "findings": [plain(finding._asdict()) for finding in audit.findings],
        "rules": [
            {"rule": rule.name, "says": rule.says, "sources": list(rule.sources)} for rule in audit.rules
        ],
    }
    return json_text(document)


def render_csv(audit: Audit) -> str:
    """A header, then a row for each finding."""
    return csv_rows((Finding._fields, *audit.findings))
