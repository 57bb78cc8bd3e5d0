"""Fold text so that what people mean is found however it was typed, and cut it into pairs of characters.

A row of the index holds the pairs of its text as a set; whoever asks for a run of characters asks for all its
pairs, and every candidate is then compared with the folded text itself, so nothing wrong is shown.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

# CJK ideographs incl. extensions A–H and compatibility, kana, hangul: written without blanks between words.
_HAN = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
_BETWEEN_HAN = re.compile(f"(?<=[{_HAN}])\\s+(?=[{_HAN}])")
_BLANKS = re.compile(r"\s+")
_RUNS = re.compile(f"[{_HAN}]+|[^\\W_{_HAN}]+", re.UNICODE)
_IS_HAN = re.compile(f"[{_HAN}]")
# A tsvector row must stay far below PostgreSQL's limit of 1 MB.
PART_CHARACTERS = 8_000
OVERLAP_CHARACTERS = 200
IS_DESCRIPTION = "§"
"""A mark that no text gives: it is no word character."""


def fold(text: str) -> str:
    """NFKC, lower case, no control characters; no blanks between Chinese characters, single blanks elsewhere."""
    whole = text.encode("utf-8", "replace").decode("utf-8")  # broken files give lone surrogates, which no row can hold
    plain = unicodedata.normalize("NFKC", whole).lower().replace("\x00", " ")
    return _BETWEEN_HAN.sub("", _BLANKS.sub(" ", plain)).strip()


def parts(folded: str) -> Iterator[str]:
    """Cut a long page into overlapping parts, so that a run across a cut is still found whole."""
    if len(folded) <= PART_CHARACTERS:
        yield folded
        return
    step = PART_CHARACTERS - OVERLAP_CHARACTERS
    for start in range(0, max(len(folded) - OVERLAP_CHARACTERS, 1), step):
        yield folded[start : start + PART_CHARACTERS]


def lexemes(folded: str) -> set[str]:
    """The pairs of Chinese characters, and the pairs and threes of other word characters, of a folded text.

    Latin words and numbers are cut too, so that the middle of a code such as `2403-990241` is found as any run of
    Chinese is; into threes besides, since there are only a hundred pairs of digits, and every number has some.
    """
    found: set[str] = set()
    for run in _RUNS.findall(folded):
        if len(run) == 1:
            found.add(run)
            continue
        found.update(run[i : i + 2] for i in range(len(run) - 1))
        if not _IS_HAN.match(run[0]):
            found.update(run[i : i + 3] for i in range(len(run) - 2))
    return found


def marks(newest: date | None) -> set[str]:
    """What the row of a description holds besides its pairs: that it is one, and the month its record is ordered by."""
    return {IS_DESCRIPTION, month_mark(newest.year * 12 + newest.month - 1)} if newest else {IS_DESCRIPTION}


def month_mark(month: int) -> str:
    """The mark of a month, counted from the year 0."""
    return f"{IS_DESCRIPTION}{month // 12}-{month % 12 + 1}"


@dataclass(frozen=True)
class Term:
    """One run of characters somebody asks for, folded; `lexemes` are those its text must have."""

    text: str
    lexemes: tuple[str, ...]


def terms(question: str) -> tuple[Term, ...]:
    """Cut a question into terms: blanks separate, «"…"» or 「…」 keeps blanks inside a term.

    Terms too short to be asked for (one Chinese character) are left out; `too_short` tells them.
    """
    return tuple(term for text in _pieces(question) if (term := _term(text)).lexemes)


def too_short(question: str) -> tuple[str, ...]:
    """The pieces of a question that are only one character long."""
    return tuple(text for text in _pieces(question) if not _term(text).lexemes)


def _pieces(question: str) -> list[str]:
    quoted = re.findall(r"[\"“「『](.+?)[\"”」』]", question)
    rest = re.sub(r"[\"“「『].+?[\"”」』]", " ", question)
    # Blanks typed by a person separate; they must be cut before folding, which joins Chinese characters.
    pieces = [*quoted, *rest.split()]
    return list(dict.fromkeys(folded for piece in pieces if (folded := fold(piece))))[:12]


def _term(text: str) -> Term:
    needed: list[str] = []
    for run in _RUNS.findall(text):
        size = 2 if len(run) == 2 or _IS_HAN.match(run[0]) else 3
        if len(run) >= 2:
            needed.extend(run[i : i + size] for i in range(len(run) - size + 1))
    return Term(text, tuple(dict.fromkeys(needed)))


def snippet(folded: str, wanted: tuple[Term, ...], *, around: int = 36) -> tuple[tuple[str, bool], ...]:
    """The neighbourhood of the first hit as (text, is hit) pieces, for marking without any markup in the text."""
    places = sorted((at, len(term.text)) for term in wanted if (at := folded.find(term.text)) >= 0)
    if not places:
        return ()
    first, length = places[0]
    start, end = max(first - around, 0), min(first + length + 2 * around, len(folded))
    piece = folded[start:end]
    marked: list[tuple[str, bool]] = [("…", False)] if start else []
    pattern = "|".join(re.escape(term.text) for term in sorted(wanted, key=lambda t: -len(t.text)))
    for text in re.split(f"({pattern})", piece):
        if text:
            marked.append((text, any(text == term.text for term in wanted)))
    if end < len(folded):
        marked.append(("…", False))
    return tuple(marked)
