"""How a result explains itself: a methods paragraph with its references, and the same analysis as R code.

Each kind of result has its own sentences, written by the module that renders it from the options and numbers used; here
is only their common form. R code names the versions whose answers it was checked against and sets every default that
moved between versions, so that it gives the same numbers tomorrow.
"""

from __future__ import annotations

from evidence.literature import LITERATURE

R_VERSIONS = "R 4.2.2, metafor 5.0-1, meta 8.3-0"
"""What the answers were compared with."""

METAFOR = {"logit": "PLO", "arcsine": "PAS", "double-arcsine": "PFT", "log": "PLN", "raw": "PR"}
"""Our measures by metafor's names."""

ESTIMATORS = {
    "reml": "restricted maximum likelihood [viechtbauer2005]",
    "pm": "Paule and Mandel's method",
    "dl": "DerSimonian and Laird's method [dersimonian1986]",
    "ml": "maximum likelihood",
    "eb": "empirical Bayes",
    "hs": "Hunter and Schmidt's method",
    "he": "Hedges' method",
    "sj": "Sidik and Jonkman's method",
}
"""Estimators of the variance between studies, where they are mentioned in passing; a pool's own paragraph cites each."""


def printed(text: str) -> str:
    """A paragraph in which [key] cites an entry of `evidence.literature`, as numbers, and the references below it."""
    numbers: dict[str, int] = {}
    pieces = text.split("[")
    out = [pieces[0]]
    for piece in pieces[1:]:
        keys, closed, rest = piece.partition("]")
        names = [name.strip() for name in keys.split(",")]
        if closed and all(name in LITERATURE for name in names):
            cited = [str(numbers.setdefault(name, len(numbers) + 1)) for name in names]
            out.append(f"[{','.join(cited)}]{rest}")
        else:
            out.append(f"[{piece}")  # an interval in brackets, not a citation
    if not numbers:
        return "".join(out)
    listed = [f"{number}. {LITERATURE[name]}" for name, number in numbers.items()]
    return "\n".join(["".join(out), "", *listed])


def r_head(*, packages: tuple[str, ...]) -> str:
    """The first lines of R code: which versions it was checked with, and the packages it needs."""
    return "\n".join([f"# compared with {R_VERSIONS}", *(f"library({name})" for name in packages)])
