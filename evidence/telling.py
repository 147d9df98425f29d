"""What is being done, said by the standard `logging` under the name "evidence"; where nobody listens it costs nothing.

`logging` is not imported here: who has not imported it cannot be listening.

    import logging
    logging.basicConfig(level=logging.INFO)  # and what evidence reads, takes and asks is told
"""

from __future__ import annotations

import sys

INFO, DEBUG = 20, 10
"""Levels of `logging`: what a reader of a result may want to know, and every detail."""


def tell(message: str, *values: object, level: int = INFO) -> None:
    """A line for whoever listens; `values` go into `message` by %, and only then."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger("evidence").log(level, message, *values)
