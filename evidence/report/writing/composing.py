"""write(): passages as a text, within the words there is room for, with the references it cites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.analysis.results import Analysis, Compared, Result, StudyRow
from evidence.analysis.robustness import Sensitivity
from evidence.errors import NotPossible, OptionError
from evidence.literature import LITERATURE
from evidence.report.characters import clean
from evidence.report.writing.english import English
from evidence.report.writing.language import Language, Passage
from evidence.report.writing.spanish import Spanish
from evidence.shown import Displayed

if TYPE_CHECKING:
    from evidence.review.tables import Review

PIECES = ("results", "methods", "limitations")
LANGUAGES: Mapping[str, type[Language]] = {"en": English, "es": Spanish}
OF_A_STUDY = "study:"
"""How the key of a report begins where it is cited: nothing in the literature of methods does."""


@dataclass(frozen=True)
class Written(Displayed):
    """A piece of text for a manuscript.

    `sentences` are its passages in order, with citations as numbers; `references` what the numbers cite; `left_out` the
    passages there was no room for, the most important first.
    """

    piece: str
    lang: str
    sentences: tuple[str, ...]
    references: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def text(self) -> str:
        """The paragraph, without its references."""
        return " ".join(self.sentences)

    @property
    def count(self) -> int:
        """Words of the paragraph, as a word processor counts them: what stands between spaces."""
        return words_of(self.text)

    def __str__(self) -> str:
        listed = [f"{number}. {text}" for number, text in enumerate(self.references, 1)]
        return "\n".join([self.text, *([""] if listed else []), *listed])


def words_of(text: str) -> int:
    """What stands between spaces, counted."""
    return len(text.split())


def write(
    piece: str,
    result: Result | Sensitivity,
    *,
    sensitivity: Sensitivity | None = None,
    review: Review | None = None,
    lang: str = "en",
    words: int | None = None,
) -> Written:
    """A piece of a manuscript from a result: "results", "methods" or "limitations".

    result       what `pool` or `compare` gave; for limitations also what `sensitivity` gave
    sensitivity  what `sensitivity` gave, beside a pool
    review       lets the sentences cite its reports
    lang         language of the text: en or es
    words        the most the paragraph may have: the least important claims go first, each with everything that
                 qualifies it

    Raises OptionError for another piece or language, or methods of what is no pool; NotPossible where not even the
    claim that must stay fits in `words`.
    """
    if piece not in PIECES:
        raise OptionError("piece", piece, PIECES)
    if lang not in LANGUAGES:
        raise OptionError("lang", lang, tuple(LANGUAGES))
    if words is not None and words < 1:
        raise OptionError("words", words, "a number from 1")
    if isinstance(result, Sensitivity):
        found = result
        result, sensitivity = found.analysis, sensitivity or found
    if not isinstance(result, Analysis | Compared):
        raise OptionError("result", type(result).__name__, "what pool, compare or sensitivity gave")
    say = LANGUAGES[lang]()
    cited = _sources(review, result)
    passages = _passages(piece, result, sensitivity, say, cited)
    kept, left = fit(passages, words, cited)
    sentences, references = _numbered(kept, cited)
    return Written(piece, lang, tuple(sentences), tuple(references), tuple(_numbered(left, cited)[0]))


def _passages(
    piece: str, result: Result, sensitivity: Sensitivity | None, say: Language, cited: Mapping[str, str]
) -> list[Passage]:
    def cite(row: StudyRow) -> str:
        key = OF_A_STUDY + row.study
        return f" [{key}]" if key in cited else ""

    if piece == "results":
        from evidence.report.writing.results import results

        return list(results(result, say, cite))
    if piece == "limitations":
        from evidence.report.writing.limitations import limitations

        return list(limitations(result, sensitivity, say, cite))
    if not isinstance(result, Analysis):
        raise OptionError("result", "a comparison", "a pool: methods are written of one")
    from evidence.report.writing.methods import methods

    return list(methods(result, say))


def _sources(review: Review | None, result: Result) -> dict[str, str]:
    """Key -> reference, of the methods and of the reports in the result; ours is the manuscript itself."""
    sources = dict(LITERATURE)
    if review is None:
        return sources
    from evidence.analysis.citing import cited
    from evidence.papers.styles import cite

    for study in dict.fromkeys(row.study for row in result.studies if row.role != "ours"):
        if study in review.studies:
            printed = cite([cited(review, [study]).entries[0].item])
            sources[OF_A_STUDY + study] = clean(printed.partition(". ")[2])
    return sources


# ---- fitting -------------------------------------------------------------------------------------


def fit(
    passages: Sequence[Passage], words: int | None, cited: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """The passages that fit, in their order, and the others, the most important of them first.

    As many as can be in their short form, by importance and without gaps: a claim is never left out for a lesser one.
    Then each is said at full length for which there is room.
    """
    taken = {at: passage.text for at, passage in enumerate(passages)}
    order = sorted(taken, key=lambda at: (passages[at].rank, at))
    if words is not None and _length(passages, taken, cited) > words:
        brief: dict[int, str] = {}
        for at in order:
            tried = {**brief, at: passages[at].short or passages[at].text}
            length = _length(passages, tried, cited)
            if length > words and passages[at].rank == 0:
                raise NotPossible(
                    f"{words} words are too few: what must be said, with what qualifies it, has {length}"
                )
            if length > words:
                break
            brief = tried
        taken = brief
        for at in order:
            longer = {**taken, at: passages[at].text}
            if at in taken and _length(passages, longer, cited) <= words:
                taken = longer
    left = [passages[at] for at in order if at not in taken]
    return _spelt(passages, taken), [" ".join([passage.text, *passage.shared]) for passage in left]


def _spelt(passages: Sequence[Passage], taken: Mapping[int, str]) -> list[str]:
    """The texts in order, each shared qualification with the first passage that has it."""
    said: set[str] = set()
    out = []
    for place in sorted(taken):
        shared = [text for text in passages[place].shared if text not in said]
        said.update(shared)
        out.append(" ".join([taken[place], *shared]))
    return out


def _length(passages: Sequence[Passage], taken: Mapping[int, str], cited: Mapping[str, str]) -> int:
    return words_of(" ".join(_numbered(_spelt(passages, taken), cited)[0]))


def _numbered(texts: Iterable[str], cited: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The texts with [key] as numbers in the order they come, and the references. Other brackets stay as they are."""
    numbers: dict[str, int] = {}
    done = []
    for text in texts:
        first, *pieces = text.split("[")
        out = [first]
        for piece in pieces:
            keys, closed, rest = piece.partition("]")
            names = [name.strip() for name in keys.split(",")]
            if closed and all(name in cited for name in names):
                found = [str(numbers.setdefault(name, len(numbers) + 1)) for name in names]
                out.append(f"[{','.join(found)}]{rest}")
            else:
                out.append(f"[{piece}")
        done.append("".join(out))
    return done, [cited[name] for name in numbers]
