"""A stand-in for NCBI's E-utilities, for tests and for trying things without the network.

In a test: the fixture `standin`, or `with StandIn() as standin: ...`. From a shell in the checkout:

    python -m tests.standin --port 8765
    evidence fetch --review my-review --base-url http://127.0.0.1:8765/entrez/eutils

Its records are written by hand and say so. PMIDs from 99000001 up are invented: never keep what it gave.
"""

from .clock import StillClock
from .faults import FAULTS, Answer
from .records import INVENTED_FROM, MADE_FROM, MERGED, SICK, letter, record
from .server import Asked, StandIn

__all__ = [
    "FAULTS",
    "INVENTED_FROM",
    "MADE_FROM",
    "MERGED",
    "SICK",
    "Answer",
    "Asked",
    "StandIn",
    "StillClock",
    "letter",
    "record",
]
