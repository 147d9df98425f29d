"""Answers that are none, requests that say who asks to nobody else, and a pace that processes share."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import OptionError
from evidence.papers import cache
from evidence.papers.adapter import LONGEST_PAUSE, Identity
from evidence.papers.checking import BadAnswer, Match, check_text, read_matches, read_records, read_search
from evidence.papers.eutils import NCBI, Eutils, NoAnswer, Printed, check_address, check_identity
from evidence.papers.medline import read_medline
from evidence.papers.pacing import LONGEST_HOLD, Pacer

from .standin import Answer, StandIn, StillClock, letter, record

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT.parent / "shared" / "pubmed" / "recorded"

EMAIL, KEY = "someone+lupus@example.org", "0123456789abcdef0123456789abcdef0123"


def client(standin: StandIn, folder: Path | None = None, **settings: Any) -> Eutils:
    settings = {"email": EMAIL, "clock": StillClock(), "base_url": standin.url, **settings}
    return Eutils(folder=str(folder) if folder else None, **settings)


# ---- records --------------------------------------------------------------------------------------


def test_records_are_kept_as_they_came() -> None:
    one, two = record(1), record(22, "Another.")
    read = read_records(f"\n{one}\n{two}", ["1", "22", "3"])
    assert read.texts == {"1": one, "22": two}
    assert not (read.gone or read.refused or read.others)


def test_a_missing_pmid_may_be_said_or_not() -> None:
    said = (
        "\nid: 3 Error occurred: The following PMID is not available: 3\n\n"
        "id: 4 Error occurred: PMID 4 is a duplicate of PMID 1\n\n" + record(1)
    )
    read = read_records(said, ["1", "3", "4"])
    assert list(read.texts) == ["1"]
    assert read.gone == {"3": "", "4": "1"}


def test_a_record_that_lacks_something_or_was_not_asked_for_is_left_out() -> None:
    untitled = "".join(line + "\n" for line in record(2).splitlines() if not line.startswith("TI"))
    read = read_records(f"\n{record(1)}\n{untitled}\n{record(9)}", ["1", "2"])
    assert list(read.texts) == ["1"]
    assert read.refused == {"2": "its record has no title"}
    assert read.others == ("9",)


LONG = "10.99999/" + "x" * 70
NO_RECORDS = {
    "an HTML page": "<html><head><title>Sorry</title></head></html>\n",
    "an XML error": "<eFetchResult><ERROR>Empty</ERROR></eFetchResult>\n",
    "JSON": '{"error": "Too many UIDs"}\n',
    "prose": "Service temporarily unavailable\n",
    "cut in a line": record(1)[:-20],
    "cut after a line": record(1, doi=LONG).replace(f"{LONG}.\n", f"{LONG}\n"),
    "no PMID": "\n" + "\n".join(record(1).splitlines()[1:]) + "\n",
    "the same twice": record(1) + "\n" + record(1),
    "a page in the middle": record(1).replace("TI  -", "<br>\nTI  -"),
}


@pytest.mark.parametrize("what", NO_RECORDS)
def test_what_is_no_record_is_refused(what: str) -> None:
    with pytest.raises(BadAnswer):
        read_records(NO_RECORDS[what], ["1"])


@given(st.data())
def test_a_damaged_answer_gives_no_invented_record(data: st.DataObject) -> None:
    """Cut, doubled, spoilt anywhere: refused, or only records whose text stands there, of PMIDs asked for."""
    text = "\n" + "\n".join([record(11), record(12, "B.", abstract="word " * 60), record(13)])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        text = text[:start] + data.draw(st.text(max_size=8)) + text[end:]
    try:
        read = read_records(check_text(text.encode()), ["11", "12", "13"])
    except BadAnswer:
        return
    assert read.texts.keys() <= {"11", "12", "13"}
    for pmid, kept in read.texts.items():
        assert kept.rstrip("\n") in text
        assert [paper.pmid for paper in read_medline(kept)][:1] == [pmid]


# ---- matches and searches ---------------------------------------------------------------------------


def test_matches_are_found_by_their_key() -> None:
    text = (
        "n engl j med|2020|382|727|zhu n|b|31978945\n"
        "fake journal|2000|1|1||a|NOT_FOUND;INVALID_JOURNAL\n"
        "j|2000|1|1|x|c|AMBIGUOUS 12345,23456\n"
        "j|2000|1|1|x|d|\n"
        "j|2000|1|1|x|stranger|99\n"
    )
    assert read_matches(text, "abcde") == {
        "a": Match(),
        "b": Match("31978945"),
        "c": Match("", ("12345", "23456"), True),
        "d": Match(),
    }


def test_a_key_that_comes_twice_is_nobodys() -> None:
    assert read_matches("j|1|1|1|x|a|11\nj|1|1|1|x|a|12\nj|1|1|1|x|b|13\n", "ab") == {"b": Match("13")}


@pytest.mark.parametrize(
    "text", ["<html>\n", "j|1|1|1|x|z|11\n", "j|1|1|1|x|a|31978", "nothing of the kind\n"]
)
def test_what_is_no_match_is_refused(text: str) -> None:
    with pytest.raises(BadAnswer):
        read_matches(text, ["a"])


def test_a_search_that_finds_nothing_is_an_answer() -> None:
    assert read_search('{"esearchresult": {"count": "0", "idlist": []}}') == (0, ())
    assert read_search('{"esearchresult": {"count": "12", "idlist": ["5", "6"]}}') == (12, ("5", "6"))


@pytest.mark.parametrize(
    "text",
    [
        '{"esearchresult": {"ERROR": "Search Backend failed"}}',
        '{"error": "API rate limit exceeded"}',
        '{"esearchresult": {"count": "1", "idlist": [',
        '{"esearchresult": {"count": "1", "idlist": ["5", "6"]}}',
        '{"esearchresult": {"count": "2", "idlist": ["5", "six"]}}',
        '{"esearchresult": {"idlist": []}}',
        "[]",
        "[" * 100_000,
    ],
)
def test_what_is_no_search_result_is_refused(text: str) -> None:
    with pytest.raises(BadAnswer):
        read_search(text)


def test_a_raw_line_break_within_the_json_is_read() -> None:
    with pytest.raises(BadAnswer, match="larger than 9998"):
        read_search('{"esearchresult":{"ERROR":"Exception:\n\'retstart\' cannot be larger than 9998."}}')


# ---- recorded answers ------------------------------------------------------------------------------

recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded answers are not here")


@recorded
def test_recorded_records_are_read() -> None:
    found = 0
    for path in sorted(RECORDED.glob("pubmed_result*.txt")):
        text = path.read_text(encoding="utf-8")
        pmids = [line[6:].strip() for line in text.splitlines() if line.startswith("PMID- ")]
        read = read_records(text, pmids)
        assert list(read.texts) == pmids
        assert "\n".join(read.texts.values()).strip() == text.strip()
        found += len(pmids)
    assert found >= 6


@recorded
def test_recorded_matches_are_read() -> None:
    mixed = (RECORDED / "citmatch_mixed.txt").read_text(encoding="utf-8")
    assert read_matches(mixed, ["Art1", "ref2", "Art4"]) == {
        "Art1": Match("2014248"),
        "ref2": Match(),
        "Art4": Match("31978945"),
    }


@recorded
def test_recorded_searches_are_read() -> None:
    adjusted = RECORDED / "transcribed_esearch_json_restrictions_adjusted.json"
    assert read_search(adjusted.read_text(encoding="utf-8")).total == 195441
    nothing = RECORDED / "transcribed_esearch_json_zero_no_items.json"
    assert read_search(nothing.read_text(encoding="utf-8")) == (0, ())
    beyond = RECORDED / "transcribed_esearch_json_past_window_INVALID_JSON.txt"
    with pytest.raises(BadAnswer, match="cannot be larger than 9998"):
        read_search(beyond.read_text(encoding="utf-8"))


@recorded
def test_recorded_errors_are_no_answers() -> None:
    files = [
        path
        for path in sorted(RECORDED.iterdir())
        if "transcribed_e" not in path.name or "fetch" in path.name
    ]
    pages = [path for path in files if path.suffix in (".xml", ".html", ".json")]
    assert len(pages) > 8
    for path in pages:
        with pytest.raises(BadAnswer):
            read_records(check_text(path.read_bytes()), ["1"])


# ---- what is asked ---------------------------------------------------------------------------------


def test_citations_are_cleaned_and_have_keys_of_our_own(standin: StandIn) -> None:
    odd = Printed("N Engl J Med", "2020", "382", "211", "Mor|and\r\nEF")
    matches = client(standin).match({"a|b": odd, "c": odd._replace(journal="BJD")})
    assert matches == {"a|b": Match("31851795"), "c": Match()}
    (asked,) = standin.calls("ecitmatch")
    assert (
        asked.fields["bdata"] == "N Engl J Med|2020|382|211|Mor and EF|c0|\rBJD|2020|382|211|Mor and EF|c1|"
    )


def test_more_than_fifty_citations_and_two_hundred_pmids_go_apart(standin: StandIn) -> None:
    eutils = client(standin)
    eutils.match({str(n): Printed("N Engl J Med", "2020", "382", str(n), "X") for n in range(120)})
    assert [len(call.fields["bdata"].split("\r")) for call in standin.calls("ecitmatch")] == [50, 50, 20]
    batches = list(eutils.fetch([str(99_500_000 + n) for n in range(401)]))
    assert [len(batch.records.texts) for batch in batches] == [200, 200, 1]
    assert {call.method for call in standin.asked} == {"POST"}


def test_dois_are_asked_for_together_and_quotes_cannot_leave_the_query(standin: StandIn) -> None:
    found = client(standin).search_dois(
        ["10.1056/NEJMoa1912196", '10.1093/bjd/ljad089"[doi] OR all[sb', "10.7759/cureus.39553"]
    )
    assert sorted(found) == ["31851795", "37378095"]
    (asked,) = standin.calls("esearch")
    assert asked.fields["term"].count('"') == 6


def test_a_doi_that_finds_half_of_pubmed_does_not_hide_the_others(standin: StandIn) -> None:
    def swamp(answer: Answer) -> Answer:
        body = {"esearchresult": {"count": "246024", "idlist": ["99000101", "99000102"]}}
        return replace(answer, body=json.dumps(body).encode())

    standin.fail(swamp, "esearch")
    found = client(standin).search_dois(
        ["10.1056/NEJMoa1912196", "10.1/taken.for.words", "10.7759/cureus.39553"]
    )
    assert sorted(found) == ["31851795", "37378095"]
    assert len(standin.asked) == 4


def test_a_line_without_a_journal_is_not_sent(standin: StandIn) -> None:
    good = Printed("Cureus", "2023", "15", "e39553", "Khan")
    matches = client(standin).match({"a": good._replace(journal="|"), "b": good})
    assert matches == {"b": Match("37378095")}


def test_all_pmids_unknown_is_an_answer(standin: StandIn) -> None:
    (batch,) = client(standin).fetch(["5", "6"])
    assert batch.records.gone == {"5": "", "6": ""}


# ---- who asks --------------------------------------------------------------------------------------


def test_each_request_says_who_asks(standin: StandIn) -> None:
    list(client(standin, api_key=KEY).fetch(["31851795"]))
    (asked,) = standin.asked
    assert {name: asked.fields[name] for name in ("tool", "email", "api_key")} == {
        "tool": "evidence",
        "email": EMAIL,
        "api_key": KEY,
    }
    assert asked.path == "/entrez/eutils/efetch.fcgi"


def test_who_asks_is_in_no_message_file_or_log(
    standin: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not at debug level either, and not where the service repeats it in its refusal, as NCBI does."""
    caplog.set_level(logging.DEBUG)
    standin.limits = (0, 0)
    told: list[str] = []
    eutils = client(standin, tmp_path, api_key=KEY, told=told.append)
    with pytest.raises(NoAnswer) as refused:
        list(eutils.fetch(["31851795"]))
    standin.limits = None
    list(eutils.fetch(["31851795"]))
    eutils.search_title("Trial of anifrolumab")
    written = "\n".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file())
    assert len(list(tmp_path.rglob("*.json"))) == 2
    seen = "\n".join(
        [str(refused.value), repr(refused.value), *told, caplog.text, repr(eutils.identity), written]
    )
    assert len(caplog.records) > 10
    for secret in (KEY, EMAIL, EMAIL.replace("@", "%40").replace("+", "%2B"), KEY[:12]):
        assert secret not in seen
    import base64

    for path in tmp_path.rglob("*.json"):
        entry = json.loads(path.read_text(encoding="utf-8"))
        texts = [base64.b64decode(entry["_content"]), base64.b64decode(entry["request"]["body"])]
        assert not any(secret.encode() in text for secret in (KEY, EMAIL) for text in texts)


def test_what_is_redacted() -> None:
    who = Identity(email="a+b@example.org", api_key="k/y")
    assert who.redact("a+b@example.org a%2Bb%40example.org k%2Fy k/y") == " ".join(["(not shown)"] * 4)
    assert "k/y" not in f"{who} {who!r}"


@pytest.mark.parametrize("key", ["short", "with space in it", "a\nb" * 5, "ü" * 36])
def test_a_key_that_is_none_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(OptionError) as error:
        check_identity("", key)
    assert key not in str(error.value)


@pytest.mark.parametrize("email", ["me", "a b@example.org", "@", "a@b\x1b[31m"])
def test_an_email_address_that_is_none_is_refused(email: str) -> None:
    with pytest.raises(OptionError):
        check_identity(email, "")


ADDRESSES = [
    "http://example.org/eutils",
    "ftp://localhost",
    "https://",
    "https://me:secret@example.org",
    "https://a.org/?x=1",
    "x",
    "",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_https_or_this_computer(address: str) -> None:
    with pytest.raises(OptionError) as error:
        check_address(address)
    assert "secret" not in str(error.value)


def test_addresses_that_will_do() -> None:
    assert check_address(NCBI + "/") == NCBI
    assert check_address("http://127.0.0.1:8765/entrez/eutils") == "http://127.0.0.1:8765/entrez/eutils"
    assert check_address("http://[::1]:80") == "http://[::1]:80"


# ---- what is remembered ------------------------------------------------------------------------------


def test_an_answer_is_asked_for_once_whoever_asks_and_in_whatever_order(
    standin: StandIn, tmp_path: Path
) -> None:
    list(client(standin, tmp_path).fetch(["31851795", "37378095"]))
    eutils = client(standin, tmp_path, api_key=KEY, email="other@example.org")
    (batch,) = eutils.fetch(["37378095", "31851795"])
    assert len(batch.records.texts) == 2
    assert eutils.sent == 0
    assert len(standin.asked) == 1


def test_another_service_is_not_answered_from_the_cache_of_the_first(
    standin: StandIn, tmp_path: Path
) -> None:
    list(client(standin, tmp_path).fetch(["31851795"]))
    with StandIn() as other:
        list(client(other, tmp_path).fetch(["31851795"]))
        assert len(other.asked) == 1


def expire(folder: Path) -> None:
    for path in folder.rglob("*.json"):
        entry = json.loads(path.read_text(encoding="utf-8"))
        entry["expires"] = entry["created_at"] = "2001-01-01T00:00:00+00:00"
        path.write_text(json.dumps(entry), encoding="utf-8")


def test_offline_an_expired_answer_is_given_and_stays(standin: StandIn, tmp_path: Path) -> None:
    title = "Skin response to a made-up treatment"
    found = client(standin, tmp_path).search_title(title)
    expire(tmp_path)
    for _ in range(2):
        eutils = client(standin, tmp_path, offline=True)
        assert eutils.search_title(title) == found
        assert eutils.sent == 0
    assert len(list(tmp_path.rglob("*.json"))) == 1
    with pytest.raises(NoAnswer, match="--offline") as error:
        eutils.search_title("something else")
    assert error.value.offline


def test_an_expired_answer_is_asked_for_again_and_an_error_does_not_replace_it(
    standin: StandIn, tmp_path: Path
) -> None:
    title = "Skin response to a made-up treatment"
    client(standin, tmp_path).search_title(title)
    expire(tmp_path)
    standin.fail("html_200", times=9)
    with pytest.raises(NoAnswer):
        client(standin, tmp_path).search_title(title)
    assert client(standin, tmp_path, offline=True).search_title(title).total == 2
    standin.heal()
    eutils = client(standin, tmp_path)
    eutils.search_title(title)
    assert eutils.sent == 1


def test_refresh_asks_again(standin: StandIn, tmp_path: Path) -> None:
    for _ in range(2):
        list(client(standin, tmp_path, refresh=True).fetch(["31851795"]))
    assert len(standin.asked) == 2


def test_a_key_of_the_cache_has_no_identity_in_it() -> None:
    from requests import Request

    def key(**fields: str) -> str:
        return cache.key_of(Request("POST", NCBI + "/efetch.fcgi", data=fields).prepare())

    assert key(db="pubmed", id="2,1") == key(id="1,2", db="pubmed")
    assert key(db="pubmed", id="1,2") != key(db="pubmed", id="1,3")
    assert len(key(db="pubmed")) == 64


# ---- the pace --------------------------------------------------------------------------------------


def test_requests_are_so_far_apart_that_a_second_holds_no_more_than_allowed(tmp_path: Path) -> None:
    for rate in (3.0, 10.0):
        clock = StillClock()
        pacer = Pacer(rate, str(tmp_path / f"{rate}"), clock)
        times = []
        for _ in range(25):
            pacer.wait()
            times.append(clock.now)
        assert all(times[i + int(rate)] - times[i] > 1.0 for i in range(25 - int(rate)))
        assert times[-1] - times[0] < 25 / rate * 1.25


def test_two_pacers_share_their_file_and_a_hold_holds_both(tmp_path: Path) -> None:
    clock = StillClock()
    one, two = (Pacer(3, str(tmp_path / "pace"), clock) for _ in range(2))
    one.wait()
    two.wait()
    assert clock.slept == [pytest.approx(0.4, abs=1e-5)]
    one.hold(20)
    two.wait()
    assert clock.slept[-1] == pytest.approx(20, abs=1e-5)


def test_a_clock_set_back_or_a_damaged_file_costs_one_interval(tmp_path: Path) -> None:
    clock = StillClock()
    pacer = Pacer(3, str(tmp_path / "pace"), clock)
    pacer.wait()
    clock.now -= 86_400
    pacer.wait()
    assert sum(clock.slept) <= 0.4 + 1e-5
    for text in ("", "x y", "nan nan", "0 9e99", "inf inf", "1 2 3"):
        (tmp_path / "pace").write_text(text)
        clock.slept.clear()
        pacer.wait()
        assert sum(clock.slept) <= 0.4 + 1e-5, text
    pacer.hold(1e9)
    pacer.wait()
    assert clock.slept[-1] <= LONGEST_HOLD + 1


def test_without_a_folder_for_it_a_process_still_paces_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    clock = StillClock()
    pacer = Pacer(3, str(tmp_path / "file" / "pace"), clock)
    pacer.wait()
    pacer.wait()
    assert clock.slept == [pytest.approx(0.4)]
    assert not pacer.shared


ASK = """
import sys
from evidence.papers.eutils import Eutils
eutils = Eutils(base_url=sys.argv[1], folder=sys.argv[2])
for number in range(4):
    list(eutils.fetch([str(99500000 + number + int(sys.argv[3]))]))
print(eutils.sent)
"""


def test_two_processes_at_once_are_never_refused(tmp_path: Path) -> None:
    """In real time: three a second for both together."""
    with StandIn(limits=(3, 10)) as standin:
        running = [
            subprocess.Popen(
                [sys.executable, "-c", ASK, standin.url, str(tmp_path), str(start)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for start in (0, 100)
        ]
        sent = [int(process.communicate(timeout=60)[0]) for process in running]
        assert sent == [4, 4]
        assert standin.refused == 0


# ---- waiting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "least", "most"), [("limited", 2, 3), ("limited_long", 30, 31), ("limited_bare", 1, 2)]
)
def test_retry_after_is_honoured_and_capped(standin: StandIn, fault: str, least: float, most: float) -> None:
    clock = StillClock()
    standin.fail(fault)
    list(client(standin, clock=clock).fetch(["31851795"]))
    assert least <= sum(clock.slept) <= most
    assert most <= LONGEST_PAUSE + 1


def test_retry_after_may_be_a_date(standin: StandIn) -> None:
    from email.utils import formatdate

    clock = StillClock()
    standin.fail(
        lambda answer: replace(answer, status=503, headers={"Retry-After": formatdate(clock.now + 7)})
    )
    list(client(standin, clock=clock).fetch(["31851795"]))
    assert 6 <= sum(clock.slept) <= 8


def test_what_is_waited_for_is_told(standin: StandIn) -> None:
    told: list[str] = []
    standin.fail("html_500")
    list(client(standin, told=told.append).fetch(["31851795"]))
    said = "HTTP 500, an error (NCBI/eutils202 - WWW Error 500 Diagnostic); asking again in 1 s"
    assert told == [f"{standin.url}: {said}"]


def test_the_letters_records_are_what_the_stand_in_has() -> None:
    assert len(letter()) == 10
