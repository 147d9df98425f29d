"""What ten thousand records cost, from the stand-in E-utilities: requests, memory, CPU seconds to read them.

Reach: 50 requests, 200 MB, 2 s to parse.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MEASURE = """
import json, os, resource, sys, time
os.environ["EVIDENCE_CACHE"] = sys.argv[2] + "/cache"
from evidence.papers import pacing
from evidence.papers.citation import Citation
from evidence.papers.eutils import Eutils
from evidence.papers.library import Library
from evidence.papers.medline import read_medline
from evidence.papers.resolving import Resolver, Wanted

class Clock(pacing.RealClock):
    def sleep(self, seconds):
        pass

numbers = [str(99_500_000 + n) for n in range(10_000)]
eutils = Eutils(base_url=sys.argv[1], folder=sys.argv[2] + "/cache", clock=Clock())
library = Library(sys.argv[2] + "/papers")
begun = time.process_time()
found = Resolver(library, eutils).resolve([Wanted(n, Citation(), n, trusted=True) for n in numbers])
fetched = time.process_time() - begun
assert all(one.settled for one in found)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
text = "\\n".join(library.text(n) for n in numbers)
begun = time.process_time()
assert sum(1 for _ in read_medline(text)) == 10_000
print(json.dumps([eutils.sent, peak, time.process_time() - begun, fetched, len(text) / 1e6]))
"""


def test_ten_thousand_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    sys.path.insert(0, str(ROOT))
    from tests.standin import StandIn

    with StandIn() as standin:
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, standin.url, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        )
    sent, peak, parsing, fetching, size = json.loads(done.stdout)
    with capsys.disabled():
        print(
            f"\n  10,000 records, {size:.0f} MB: {sent} requests, {peak:.0f} MB, {parsing:.2f} s CPU to parse, "
            f"{fetching:.2f} s CPU to fetch, check, parse and keep"
        )
    assert sent <= 50
    assert peak < 200
    assert parsing < 2
