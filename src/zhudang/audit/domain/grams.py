"""Pieces of text by which a stretch of the log is found: what has the words has their grams. Plain Python.

The log is full of identifiers and digests. Taking each of their pieces would cost more than the entries themselves, so of the
pieces that look like hexadecimal a quarter is taken, chosen by the piece alone: a question chooses the same ones. Short pieces of
them stand in every stretch and would tell nothing.
"""

import re
from collections.abc import Iterator
from itertools import chain
from zlib import crc32

# CJK ideographs incl. extensions A-H and compatibility, kana, hangul: letters of no case, written without blanks.
_HAN = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
_RUNS = re.compile(f"[a-z0-9]+|[{_HAN}]{{2,}}")
_HEX_SIXES = re.compile("(?=([0-9a-f]{5}[048c]))")  # a quarter of them
_DIGIT_FIVES = re.compile("(?=([0-9]{5}))")
_THREES = re.compile("(?=([a-z0-9]{3}))")
_NOT_HEX = re.compile("[g-z]")
_HEX = "0123456789abcdef"
_DIGITS = "0123456789"
MOST_ASKED = 16


def grams(text: str) -> set[int]:
    """The grams of a text, as numbers of 32 bits with a sign; of any part of it they are a subset."""
    return {_number(piece) for piece in set(chain.from_iterable(map(_pieces, set(_runs(text)))))}


def grams_asked(*parts: str) -> list[int]:
    """Some grams that a text must have in which all these parts stand, the telling ones first; none where nothing can be told."""
    pieces = dict.fromkeys(chain.from_iterable(_pieces(run) for part in parts for run in _runs(part)))
    return list(dict.fromkeys(_number(piece) for piece in sorted(pieces, key=len, reverse=True)))[:MOST_ASKED]


def gram_of_actor(actor: str) -> int:
    """The gram of a stretch in which this account acted; no text has it by more than chance."""
    return _number(f"@{actor}")


def _runs(text: str) -> list[str]:
    # Hyphens go, so that an identifier or a document's number is one run, whichever part of it is asked for.
    return _RUNS.findall(text.lower().replace("-", ""))


def _pieces(run: str) -> Iterator[str]:
    if run[0] > "z":
        yield from (run[at : at + 2] for at in range(len(run) - 1))
        return
    yield from _DIGIT_FIVES.findall(run)
    yield from (six for six in _HEX_SIXES.findall(run) if six.strip(_DIGITS))
    if _NOT_HEX.search(run):
        yield from (three for three in _THREES.findall(run) if three.strip(_HEX))


def _number(piece: str) -> int:
    number = crc32(piece.encode())
    return number - (1 << 32) if number >= 1 << 31 else number
