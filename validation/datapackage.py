"""data/datapackage.json: the shipped tables as a Frictionless data package, from the schema that reads them.

    python validation/datapackage.py     writes it

A test calls `rendered` and compares.
"""

from __future__ import annotations

from pathlib import Path

from evidence.review.package import FILE, describe, render_package

DATA = Path(__file__).resolve().parent.parent / "data"


def rendered() -> str:
    """The file as it should be."""
    return render_package(describe(DATA, "anifrolumab-cutaneous-lupus"))


if __name__ == "__main__":
    (DATA / FILE).write_text(rendered(), encoding="utf-8")
