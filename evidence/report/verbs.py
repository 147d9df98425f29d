"""What patients with the outcome did. A harm is never "responded", and a test's result neither.

The verb is the outcome's own, from review.toml, else the one its direction suggests.
"""

from __future__ import annotations

from evidence.analysis.results import Result
from evidence.report.characters import clean

RESPONDED = "responded"
HAD = "had the outcome"
BY_DIRECTION = {"higher": RESPONDED, "lower": "had the event"}


def did(result: Result) -> str:
    """The verb for having the outcome: "responded", "had the event", "were detected"."""
    return clean(result.verb) or BY_DIRECTION.get(result.better, HAD)


def one_did(result: Result) -> str:
    """The verb of one patient: "was detected"."""
    verb = did(result)
    return f"was {verb[5:]}" if verb.startswith("were ") else verb


def one_did_not(result: Result) -> str:
    """Its denial: "did not respond", "was not detected"."""
    verb = did(result)
    if verb == RESPONDED:
        return "did not respond"
    if verb.startswith("were "):
        return f"was not {verb[5:]}"
    if verb.startswith("had "):
        return f"did not have {verb[4:]}"
    return f"is not among those who {verb}"


def did_too(result: Result) -> str:
    """The same verb said again: "did", "had it", "were"."""
    verb = did(result)
    return {"were": "were", "had": "had it"}.get(verb.split(" ")[0], "did")


def without(result: Result) -> str:
    """What a patient without the outcome is: "non-responder", "patient without the event"."""
    verb = did(result)
    if verb == RESPONDED:
        return "non-responder"
    return "patient without the event" if verb == BY_DIRECTION["lower"] else "patient without the outcome"


def said(result: Result, note: object) -> str:
    """A note of the engine, which calls every outcome a response, in the words of this one."""
    text = clean(str(note))
    return text if did(result) == RESPONDED else text.replace(RESPONDED, HAD)
