"""The authors at the beginning of a printed reference: people as `Khan MA` or `Khan, M. A.`, groups, "et al."."""

from __future__ import annotations

import re
from itertools import groupby

from evidence.papers.paper import SUFFIX


def _letters(kind: str) -> str:
    """The Latin, Greek and Cyrillic letters of a kind, as a character class of `re`, which has no \\p{Lu}."""
    codes = [code for code in range(0x530) if getattr(chr(code), kind)()]
    runs = (list(run) for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]))
    return "".join(f"{chr(run[0][1])}-{chr(run[-1][1])}" for run in runs)


UPPER, LETTER = _letters("isupper"), _letters("isalpha")

_WORD = rf"[{UPPER}](?:[{LETTER}]|['’ʼ`-]\s?(?=[{LETTER}]))*"
"""Häsler, DerSimonian, N'Djong, Lantéri-Minet, O’ Campo."""

_PARTICLE = (
    r"(?:[dDlLtT]['’]|(?:v[ao]n(?:['’]t| der| den| de)?|de(?: la| las| los)?|del|della|der|den|da|das|di|do|dos|du|"
    r"la|le|el|al|te|ter|ten|bin|ibn|zu|zum|zur|af|av)\s+)"
)
_FURTHER = rf"\s+(?:{_PARTICLE})?(?![{UPPER}]{{1,4}}(?![{LETTER}'’])){_WORD}"
"""Another word of a family name, not initials: the García of Monge García MI."""

_FAMILY = rf"(?:{_PARTICLE}){{0,2}}(?![{UPPER}](?![{LETTER}'’-])){_WORD}(?:{_FURTHER}){{0,3}}"

_CAPITALS = rf"[{UPPER}]{{1,4}}(?:[ -][{UPPER}]{{1,2}}(?![{LETTER}'’]))*"
"""Initials of medical styles: MA, N-S, MI M."""

_DOTTED = (
    rf"(?:[{UPPER}][{LETTER}]?\.[ -]?){{0,5}}"
    rf"(?:[{UPPER}][{LETTER}]?\.|[{UPPER}](?=\s*(?:[,;&(]|$|and\b|et\b)))"
)
"""Initials of APA: M. A., J.-T., Yu.; the last dot may be missing before what follows a name."""

_ENDS = rf"(?![{LETTER}'’])(?:,?\s+(?P<suffix>{SUFFIX.pattern})(?!\w))?"
_MEDICAL = re.compile(rf"(?P<family>{_FAMILY})(?:,\s*|\s+)(?P<initials>{_CAPITALS}){_ENDS}")
_APA = re.compile(rf"(?P<family>{_FAMILY})(?:,\s*|\s+)(?P<initials>{_DOTTED}){_ENDS}")

_BETWEEN = re.compile(r"\s*(?:[,;]\s*(?:&|and|y|und|et)\s+(?!al\b)|[,;]\s*|\s+(?:&|and|y|und|et)\s+(?!al\b))")
_ELLIPSIS = re.compile(r"[\s,;]*(?:…|\.\s?\.\s?\.)\s*(?:[,;]\s*)?(?:&|and)?\s*")
_OTHERS = re.compile(
    r"[\s.,;]*\b(?:et\.?\s+al\b|and others\b|and colleagues\b|y cols?\b)\.?(?:\s*\([^)]*\))?", re.IGNORECASE
)
_EDITORS = re.compile(r"\.?\s*,?\s*\(?(?:[Ee]ds?|[Ee]ditors?)\b(?:\.?\))?")
_STOP = re.compile(r"\s*(?:[.:]\s*|$)")
_BEHIND = re.compile(
    r"\s*[;,]\s*(?:and\s+)?(?:(?:for|on behalf of)\s+)?(?:the\s+)?(?P<group>[^.;:]{3,150})(?=[.;:])"
)
_GROUP = re.compile(
    r"\b(?:Groups?|Investigators?|Collaborat\w+|Committee|Organi[sz]ation|Society|Association|Network|Consortium|"
    r"Trialists|Foundation|Institutes?|Agency|Ministry|Council|Board|Initiative|Academy|College|Cent(?:er|re)s?|"
    r"Federation|Registry|Task Force|Working Party|Administration|Department|Panel|Alliance|Union|University)\b"
)
_ACRONYM = re.compile(r"[A-Z]{2,8}(?:[/-][A-Z]{2,8})*")


def et_al_in(text: str) -> bool:
    """Whether the reference says that there are more authors: et al., or an ellipsis before the last one."""
    ellipsis = r"[^()]{3,1500}?,\s*(?:…|\. ?\. ?\.)\s*,?\s*&?\s*[^()]{2,60}\((?:1[5-9]|20)\d\d"
    return bool(re.search(r"\bet\.?\s+al\b|\band others\b", text, re.IGNORECASE) or re.match(ellipsis, text))


def take_authors(text: str) -> tuple[tuple[str, ...], str]:
    """The authors the text begins with, and the rest of it; none, and all of it, where it begins otherwise."""
    people, end = _people(text)
    if people:
        groups, end = _groups_behind(text, end)
        others = _OTHERS.match(text, end)
        end = others.end() if others else end
        stop = _STOP.match(text, end)
        if stop or others:
            return (*people, *groups), text[stop.end() if stop else end :]
    first, dot, rest = text.partition(". ")
    if (
        dot
        and ". " in rest
        and len(first) <= 200
        and first[:1].isupper()
        and (_GROUP.search(first) or _ACRONYM.fullmatch(first))
    ):
        return (first.strip(" ,;"),), rest
    return (), text


def all_authors(text: str) -> tuple[str, ...]:
    """The authors of a text that holds nothing else, so that a name without initials is one as well."""
    people, end = _people(text)
    if people:
        groups, end = _groups_behind(text + ".", end)
        others = _OTHERS.match(text, end)
        if not text[others.end() if others else end :].strip(" .,;&"):
            return (*people, *groups)
    name = _OTHERS.sub("", text).strip(" .,;")
    return (name,) if name and len(name) <= 200 and not re.search(r"[.?!]\s", name) else ()


def _people(text: str) -> tuple[list[str], int]:
    """The people a text begins with, as `Family Initials`, and where they end."""
    people: list[str] = []
    at = end = 0
    first = _APA.match(text)
    dotted = first and (
        "." in first["initials"][:-1] or re.match(r"\.\s*(?:[,;&(]|and\b)", text[first.end() - 1 :])
    )
    person = _APA if dotted else _MEDICAL
    while found := person.match(text, at):
        initials = re.sub(r"[.\s]", "", found["initials"])
        people.append(
            " ".join(filter(None, (found["family"], initials, (found["suffix"] or "").rstrip("."))))
        )
        end = found.end()
        between = _ELLIPSIS.match(text, end) or _BETWEEN.match(text, end)
        if not between or _OTHERS.match(text, end):
            break
        at = between.end()
    if people and text[end - 1] == ".":
        end -= 1  # the full stop of the last initial may end the list as well
    editors = _EDITORS.match(text, end) if people else None
    return people, editors.end() if editors else end


def _groups_behind(text: str, at: int) -> tuple[list[str], int]:
    """Groups named behind the people: `; Board of Directors of the Society`, `, for the X Study Group`."""
    found = _BEHIND.match(text, at)
    if found and _GROUP.search(found["group"]) and not _OTHERS.match(text, at):
        return [found["group"].strip(" ,")], found.end()
    return [], at


def is_group(name: str) -> bool:
    """Whether an author as printed is a group: WHO, TULIP-2 Trial Investigators; not Board J, a person."""
    return bool(_ACRONYM.fullmatch(name) or (_GROUP.search(name) and len(name.split()) > 2))


def author_family(name: str) -> str:
    """The family name in `Khan MA` or `King ML Jr`; a group or a name without initials as it is."""
    if is_group(name):
        return name
    words = name.split()
    if len(words) > 2 and SUFFIX.fullmatch(words[-1]):
        words.pop()
    if len(words) > 1 and re.fullmatch(rf"[{UPPER}][{LETTER}-]{{0,6}}", words[-1]) and words[-1].isupper():
        words.pop()
    return " ".join(words)
