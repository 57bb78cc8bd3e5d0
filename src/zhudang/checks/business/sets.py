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


def check(members: Sequence[Member]) -> dict[str, list[Finding]]:
    """Findings by the name of the member they speak of; sequences stand under the empty name."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for name, other, pages in _alike(members):
        found[name].append(finding("BIZ-012", other=other, pages=pages[:TOLD]))
    for prefix, missing in gaps(member.number for member in members):
        found[""].append(finding("BIZ-013", sequence=prefix, missing=missing[:TOLD]))
    return dict(found)


def _alike(members: Sequence[Member]) -> Iterator[tuple[str, str, list[int]]]:
    """Pages of a later member that stand, or nearly stand, in an earlier one; by member, pages from 1."""
    same: dict[str, str] = {}
    pictures: list[tuple[int, str]] = []
    for member in members:
        near: dict[str, list[int]] = defaultdict(list)
        own: list[tuple[int, str]] = []
        for page, mark in enumerate(member.marks, 1):
            if not mark:
                continue
            if (other := same.get(mark)) is not None:
                near[other].append(page)
            elif mark.startswith("i:"):
                bits = int(mark[2:], 16)
                other = next((name for known, name in pictures if (known ^ bits).bit_count() <= NEAR_BITS), None)
                if other is not None:
                    near[other].append(page)
                own.append((bits, member.name))
        for mark in member.marks:
            if mark:
                same.setdefault(mark, member.name)
        pictures += own
        for other, pages in near.items():
            yield member.name, other, pages


def gaps(numbers: Iterable[str]) -> list[tuple[str, list[str]]]:
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
        missing = sorted(set(range(min(min(present), 1), max(present) + 1)) - present - {0})
        if len(present) >= 3 and missing and len(missing) < len(present):
            found.append((prefix, [f"{prefix}{figure:0{widths[prefix]}d}" for figure in missing]))
    return found
