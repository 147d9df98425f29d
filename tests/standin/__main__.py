"""python -m tests.standin: the stand-in E-utilities until Ctrl-C."""

from __future__ import annotations

import argparse
import threading

from . import FAULTS, StandIn


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.standin", description=__doc__)
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one")
    parser.add_argument(
        "--limits", action="store_true", help="refuse more than 3 requests a second, 10 with a key"
    )
    parser.add_argument(
        "--speaks", action="store_true", help="say which PMIDs are missing, as it was seen to"
    )
    parser.add_argument(
        "--fault", choices=FAULTS, action="append", default=[], help="spoil answers; may be repeated"
    )
    parser.add_argument("--times", type=int, default=1, help="how many answers each fault spoils")
    given = parser.parse_args()
    limits = (3, 10) if given.limits else None
    with StandIn(limits=limits, port=given.port, speaks=given.speaks) as standin:
        for fault in given.fault:
            standin.fail(fault, times=given.times)
        print(f"stand-in E-utilities, not PubMed: {standin.url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(f"{len(standin.asked)} requests, {standin.refused} refused", flush=True)


if __name__ == "__main__":
    main()
