"""What only shows among many: near-identical pages, gaps in a sequence of numbers. The same content twice is DSC-030."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from zhudang.checks.model import Finding
from zhudang.checks.rules import finding

NEAR_BITS = 8
"""Of 256 bits of a page's picture mark, how many may differ between two scans of one page [own]."""
MOST_REPEATS = 3
"""In how many later members one page is told: what stands in more is printed matter, such as notes on filling in [own]."""
NUMBER = re.compile(r"^(.*?)(\d{1,4})(?:/\d+)?$")
TOLD = 8


@dataclass(frozen=True, slots=True)
class Member:
    """One record among many.

    Args:
        name: how people call it.
        marks: a mark for each page (`look.py`): `t:` and a digest of its text, or `i:` and 64 hex digits of its picture.
        number: drawing or document number.
    """

    name: str
    marks: Sequence[str] = ()
    number: str = ""


def check(members: Sequence[Member], *, from_one: bool = True) -> dict[str, list[Finding]]:
    """Findings by the name of the member they speak of; sequences stand under the empty name.

    Args:
        from_one: the members are all there is, so that sequences begin with 1; else with their first number here.
    """
    found: dict[str, list[Finding]] = defaultdict(list)
    for name, other, pages in _alike(members):
        found[name].append(finding("BIZ-012", other=other, pages=pages[:TOLD]))
    for prefix, missing in gaps((member.number for member in members), from_one=from_one):
        found[""].append(finding("BIZ-013", sequence=prefix, missing=missing[:TOLD]))
    return dict(found)


def _alike(members: Sequence[Member]) -> Iterator[tuple[str, str, list[int]]]:
    """Pages of a later member that stand, or nearly stand, in an earlier one; by member, pages from 1."""
    same: dict[str, str] = {}
    pictures = _Pictures()
    again: dict[str, set[str]] = defaultdict(set)
    for member in members:
        near: dict[str, list[int]] = defaultdict(list)
        own: list[int] = []
        for page, mark in enumerate(member.marks, 1):
            if not mark:
                continue
            first, other = mark, same.get(mark)
            if other is None and mark.startswith("i:"):
                bits = int(mark[2:], 16)
                first, other = pictures.like(bits)
                own.append(bits)
            if other is not None:
                again[first].add(member.name)
                if len(again[first]) <= MOST_REPEATS:
                    near[other].append(page)
        for mark in member.marks:
            if mark:
                same.setdefault(mark, member.name)
        pictures.add(own, member.name)
        for other, pages in near.items():
            yield member.name, other, pages


class _Pictures:
    """Marks of pictures by their pieces: of more pieces than bits may differ, one is the same in both."""

    PIECES = NEAR_BITS + 1
    WIDTH = -(-256 // PIECES)
    MOST = 200
    """Marks kept of one piece: what so many pages share is the blank paper, and comparing them all costs minutes."""

    def __init__(self) -> None:
        self._by_piece: dict[tuple[int, int], list[tuple[int, str]]] = defaultdict(list)

    def like(self, bits: int) -> tuple[str, str | None]:
        """The mark that is nearly this one, and who bears it; None when there is none."""
        for piece in self._pieces(bits):
            for known, name in self._by_piece.get(piece, ()):
                if (known ^ bits).bit_count() <= NEAR_BITS:
                    return f"i:{known:064x}", name
        return "", None

    def add(self, marks: Iterable[int], name: str) -> None:
        for bits in marks:
            for piece in self._pieces(bits):
                if len(held := self._by_piece[piece]) < self.MOST:
                    held.append((bits, name))

    def _pieces(self, bits: int) -> Iterator[tuple[int, int]]:
        for number in range(self.PIECES):
            yield number, (bits >> number * self.WIDTH) & ((1 << self.WIDTH) - 1)


def gaps(numbers: Iterable[str], *, from_one: bool = True) -> list[tuple[str, list[str]]]:
    """Numbers missing from sequences such as 建施-01, 建施-02, 建施-04: prefix and what is missing.

    A sequence needs at least three numbers and more present than missing, or it is none.
    """
    sequences: Mapping[str, set[int]] = defaultdict(set)
    widths: dict[str, int] = {}
    for number in numbers:
        if parts := NUMBER.match(number.strip()):
            prefix, figure = parts.group(1), parts.group(2)
            if prefix:
                sequences[prefix].add(int(figure))
                widths[prefix] = max(widths.get(prefix, 1), len(figure))
    found = []
    for prefix, present in sorted(sequences.items()):
        missing = sorted(set(range(1 if from_one else min(present), max(present) + 1)) - present - {0})
        if len(present) >= 3 and missing and len(missing) < len(present):
            found.append((prefix, [f"{prefix}{figure:0{widths[prefix]}d}" for figure in missing]))
    return found
