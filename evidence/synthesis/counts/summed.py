"""The exact interval of summed counts as a `Part`: no model of how studies differ."""

from __future__ import annotations

import numpy as np

from evidence.synthesis import notes
from evidence.synthesis.fitting import Options, Part
from evidence.synthesis.proportions import proportion_interval
from evidence.synthesis.results import Floats


def exact(x: Floats, n: Floats, options: Options) -> Part:
    """Clopper-Pearson on the summed counts (one study: on its own)."""
    k = x.shape[-1]
    interval = proportion_interval(x.sum(-1), n.sum(-1), method="exact", level=options.level)
    method = (
        "Exact (Clopper-Pearson) interval of the study's counts"
        if k == 1
        else f"Exact (Clopper-Pearson) interval of the summed counts (k = {k})"
    )
    said = notes.ONE_STUDY if k == 1 else notes.EXACT_SPEAKS_OF
    return Part("exact", method, np.stack([*interval]), notes=[[said] for _ in x])
