"""Texts in the GB family or another named encoding into UTF-8, compared character by character and back to the very bytes."""

from __future__ import annotations

import codecs
from pathlib import Path

from zhudang.checks.encodings import guess_encoding
from zhudang.preservation.formats.converters.results import Converted, Made, NotConverted, NotNeeded

_PIECE = 1024 * 1024
_ALREADY = frozenset({"utf-8", "ascii"})


def convert(source: Path, folder: Path) -> Converted:
    """Write a text anew in UTF-8; line ends and everything else stay.

    Raises:
        NotNeeded: it is UTF-8 already.
        NotConverted: no encoding can be proven, or the way back does not give the bytes that were there.
    """
    encoding = guess_encoding(source)
    if encoding is None:
        raise NotConverted("encoding_unknown")
    if encoding in _ALREADY:
        raise NotNeeded("already", encoding=encoding)
    target = folder / "1"
    # The family's widest member reads its smaller ones alike, also where the sample did not need it.
    wide = "gb18030" if encoding in {"gb2312", "gbk"} else encoding
    try:
        characters = _rewritten(source, target, wide)
    except UnicodeDecodeError as problem:
        raise NotConverted("unreadable", problem=f"{encoding}: byte {problem.start}") from problem
    _compare_back(source, target, wide)
    return Converted((Made("1", "", ""),), {"characters": characters, "encoding": encoding})


def _rewritten(source: Path, target: Path, encoding: str) -> int:
    characters = 0
    reader = codecs.getincrementaldecoder(encoding)("strict")
    with source.open("rb") as old, target.open("wb") as new:
        while piece := old.read(_PIECE):
            text = reader.decode(piece)
            characters += len(text)
            new.write(text.encode("utf-8"))
        rest = reader.decode(b"", final=True)
        new.write(rest.encode("utf-8"))
    return characters + len(rest)


def _compare_back(source: Path, target: Path, encoding: str) -> None:
    """Decode both and compare every character; then the UTF-8 text put back into the old encoding gives the old bytes."""
    first = codecs.getincrementaldecoder("utf-8")("strict")
    back = codecs.getincrementalencoder(encoding)("strict")
    with source.open("rb") as old, target.open("rb") as new:
        position = 0
        while piece := new.read(_PIECE):
            try:
                again = back.encode(first.decode(piece))
            except UnicodeError as problem:
                raise NotConverted("differs", what="characters", expected="", found=str(problem)[:200]) from problem
            if old.read(len(again)) != again:
                raise NotConverted("differs", what="characters", expected=f"{position}", found="")
            position += len(again)
        if old.read(1):
            raise NotConverted("differs", what="characters", expected=f"{position}", found="")
