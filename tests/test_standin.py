"""The stand-in answers as the E-utilities were seen to, oddities included; else our tests would prove little."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from evidence.papers.checking import check_text, read_matches, read_records, read_search
from evidence.papers.medline import read_medline

from .standin import FAULTS, INVENTED_FROM, MADE_FROM, MERGED, SICK, StandIn, letter
from .standin.records import made
from .standin.reviews import printed

RECORDED = Path(__file__).resolve().parent.parent.parent / "shared" / "pubmed" / "recorded"


def ask(
    standin: StandIn, utility: str, *, get: bool = False, packed: bool = False, **fields: str
) -> tuple[int, dict[str, str], str]:
    data = urlencode({"db": "pubmed", **fields})
    url = f"{standin.url}/{utility}" + (f"?{data}" if get else "")
    headers = {"Accept-Encoding": "gzip"} if packed else {}
    request = Request(url, None if get else data.encode(), headers)
    try:
        with urlopen(request, timeout=10) as answer:
            status, found, body = answer.status, dict(answer.headers), answer.read()
    except HTTPError as error:
        status, found, body = error.code, dict(error.headers), error.read()
    return (
        status,
        found,
        (gzip.decompress(body) if found.get("Content-Encoding") == "gzip" else body).decode(),
    )


# ---- records -------------------------------------------------------------------------------------------


def test_the_ten_are_the_letters_and_say_that_they_are_not_pubmeds() -> None:
    papers = [next(iter(read_medline(text))) for text in letter().values()]
    for paper, citation in zip(papers, printed(), strict=True):
        assert citation.startswith(paper.authors[0].name)
        assert paper.title.rstrip(".").lower() in citation.lower()
        assert str(paper.year) in citation
        assert f"{paper.volume}:" in citation
        assert paper.first_page in citation
    assert all("Written by hand for tests" in text and "NOTNLM" in text for text in letter().values())
    assert [number for number in letter() if number < INVENTED_FROM] == [
        37378095,
        31851795,
        37148484,
        36944572,
        37147022,
    ]


def test_their_dois_and_pmids_are_those_of_the_facts() -> None:
    import csv

    facts = RECORDED.parent.parent / "facts" / "references.csv"
    if not facts.is_file():
        pytest.skip("the facts are not here")
    with facts.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row, (number, text) in zip(rows, letter().items(), strict=True):
        paper = next(iter(read_medline(text)))
        assert row["doi"] == paper.doi
        assert row["pmid"] == (str(number) if number < INVENTED_FROM else "")


def test_invented_records_have_invented_numbers_and_a_label() -> None:
    for number, text in [*SICK.items(), (MADE_FROM + 7, made(MADE_FROM + 7))]:
        assert number >= INVENTED_FROM
        assert "Invented for tests; not PubMed's record." in text
        assert read_records(text, [str(number)]).texts
    assert min(MERGED) >= INVENTED_FROM


def test_records_are_wrapped_as_pubmeds_are() -> None:
    for line in made(MADE_FROM).splitlines():
        assert re.match(r"[A-Z]{2,4} *- |      \S", line)
        assert len(line) <= 90


# ---- answers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("get", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_get_and_post_packed_and_not(get: bool, packed: bool, standin: StandIn) -> None:
    status, headers, text = ask(
        standin, "efetch.fcgi", get=get, packed=packed, id="31851795,37378095", rettype="medline"
    )
    assert status == 200
    assert list(read_records(text, ["31851795", "37378095"]).texts) == ["31851795", "37378095"]
    assert headers["X-RateLimit-Limit"] == "3"
    assert ("Content-Encoding" in headers) is packed
    assert standin.asked[0].method == ("GET" if get else "POST")


def test_headers_are_those_that_were_recorded(standin: StandIn) -> None:
    path = RECORDED / "test_efetch.0.headers.json"
    if not path.is_file():
        pytest.skip("recorded answers are not here")
    recorded = json.loads(path.read_text(encoding="utf-8"))["headers"]
    _, headers, _ = ask(standin, "efetch.fcgi", id="31851795")
    shared = {name.lower() for name in recorded} & {name.lower() for name in headers}
    assert len(shared) >= 11
    assert headers["X-RateLimit-Limit"] == recorded["X-RateLimit-Limit"]
    assert headers["Server"].split()[0] == recorded["Server"]


def test_unknown_pmids_are_left_out_or_said_and_all_unknown_is_a_400(standin: StandIn) -> None:
    _, _, text = ask(standin, "efetch.fcgi", id="31851795,5")
    assert list(read_records(text, ["31851795", "5"]).texts) == ["31851795"]
    status, _, text = ask(standin, "efetch.fcgi", id="5,x,0")
    assert status == 400
    path = RECORDED / "transcribed_efetch_400_bad_id.xml"
    if path.is_file():
        assert text.strip() == path.read_text(encoding="utf-8").strip()
    standin.speaks = True
    merged = next(iter(MERGED))
    _, _, text = ask(standin, "efetch.fcgi", id=f"31851795,5,{merged}")
    assert read_records(text, ["31851795", "5", str(merged)]).gone == {
        "5": "",
        str(merged): str(MERGED[merged]),
    }


def test_searches_by_doi_and_title(standin: StandIn) -> None:
    _, _, text = ask(
        standin, "esearch.fcgi", term='"10.1056/nejmoa1912196"[doi] OR "10.1/x"[doi]', retmode="json"
    )
    assert read_search(text) == (1, ("31851795",))
    _, _, text = ask(standin, "esearch.fcgi", term='"skin response to a made-up treatment"[ti]', retmax="1")
    assert read_search(text) == (2, ("99000113",))
    _, _, text = ask(standin, "esearch.fcgi", term='"nothing of the kind"[ti]')
    assert read_search(text) == (0, ())
    _, _, text = ask(standin, "esearch.fcgi", term='"x"[ti]', retstart="9999")
    with pytest.raises(ValueError, match="control character"):
        json.loads(text)


def match(standin: StandIn, *lines: str) -> str:
    return ask(standin, "ecitmatch.cgi", retmode="xml", bdata="\r".join(lines))[2]


def test_the_citation_matcher_and_its_oddities(standin: StandIn) -> None:
    found = match(
        standin,
        "n engl j med|2020|382|211|morand ef|a|",
        "BJD|2023|189|210|Carter|b|",
        "j made up res|2021|7|70||c|",
    )
    assert found == (
        "n engl j med|2020|382|211|morand ef|a|31851795\n"
        "BJD|2023|189|210||b|NOT_FOUND;INVALID_JOURNAL\n"
        "j made up res|2021|7|70||c|AMBIGUOUS 99000111,99000112\n"
    )
    tolerant = match(standin, "n engl j med|1999|382|211|somebody else|a|")
    assert tolerant.endswith("|31851795\n"), "a wrong author or year is let pass"
    assert match(standin, "n engl j med|2020|382|1||a|").endswith("||a|NOT_FOUND\n")
    stopped = match(
        standin, "cureus|2023|15|e39553|khan|a|", "|2020|382|211|morand|b|", "cureus|2023|15|e39553|khan|c|"
    )
    assert read_matches(stopped, "abc").keys() == {"a"}, "a line without a journal ends the answer"
    shifted = match(standin, "n engl j med|2020|382|211|mor|and ef|a|")
    assert "|and ef|" in shifted
    repeated = match(standin, "cureus|2023|15|e39553|khan|a|", "n engl j med|2020|382|211|morand|a|")
    assert repeated.count("|37378095\n") == 2, "a key that is used again gets the first one's answer"


def test_too_many_requests_are_refused_as_they_were_seen_to_be() -> None:
    with StandIn(limits=(3, 10)) as standin:
        answers = [ask(standin, "efetch.fcgi", id="31851795") for _ in range(5)]
        assert [status for status, _, _ in answers] == [200, 200, 200, 429, 429]
        _, headers, text = answers[-1]
        assert headers["Retry-After"] == "2"
        assert headers["X-RateLimit-Remaining"] == "0"
        told = json.loads(text)
        assert told == {
            "error": "API rate limit exceeded",
            "api-key": "127.0.0.1",
            "count": "4",
            "limit": "3",
        }
        path = RECORDED / "transcribed_429_rate_limit.json"
        if path.is_file():
            assert json.loads(path.read_text(encoding="utf-8")).keys() == told.keys()
        keyed = [ask(standin, "efetch.fcgi", id="31851795", api_key="k" * 36)[0] for _ in range(11)]
        assert keyed == [200] * 10 + [429]
        assert standin.refused == 3


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in ("stall", "bomb", "invalid_json")])
def test_every_fault_spoils_an_answer_and_passes(fault: str, standin: StandIn) -> None:
    standin.fail(fault, "efetch")
    asked = ["31851795", "37378095"]
    try:
        status, _, text = ask(standin, "efetch.fcgi", id=",".join(asked))
        good = status == 200 and list(read_records(check_text(text.encode()), asked).texts) == asked
    except Exception:
        good = False
    assert not good
    assert ask(standin, "efetch.fcgi", id="31851795")[0] == 200


def test_it_runs_from_the_checkout(root: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.standin",
        "--port",
        "0",
        "--limits",
        "--fault",
        "html_500",
        "--times",
        "1",
    ]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        said = running.stdout.readline()
        url = said.split()[-1]
        try:
            assert said.startswith("stand-in E-utilities, not PubMed: http://127.0.0.1:")
            with pytest.raises(HTTPError, match="500"):
                urlopen(f"{url}/efetch.fcgi?id=31851795", timeout=10)
            with urlopen(f"{url}/efetch.fcgi?id=31851795", timeout=10) as answer:
                assert "PMID- 31851795" in answer.read().decode()
        finally:
            running.terminate()
