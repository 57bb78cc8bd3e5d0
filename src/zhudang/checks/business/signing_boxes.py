"""Boxes for signatures and stamps that stand empty on the page: the label is there, the ink is not.

Which words ask for a signature is data (`data/signing_labels.csv`). A label counts only where it stands by itself
or ends in a colon: 项目负责人 in a sentence asks nobody to sign. An empty signature is a finding of the business
review, never of the four properties.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from zhudang.checks.business.page import Box, Page, Words

LABELS = Path(__file__).parents[1] / "data" / "signing_labels.csv"
ROOM_MM = 55.0
"""How far to the right of its label a signature may stand."""
LEAST_MM = 9.0
"""Narrower gaps hold no signature: then it stands below its label."""
STAMP_NEAR_MM = 25.0
BELOW_MM = 12.0
BLANK = 0.004
"""Share of ink up to which a box is empty; dust and the print of the form itself stay below."""
COLONS = "：:"
LONGEST_LABEL = 14
"""A longer line that ends in 签字 is a sentence."""


@dataclass(frozen=True, slots=True)
class EmptyBox:
    """A label and the empty place it asks for."""

    label: str
    kind: str
    place: Box


@cache
def labels() -> dict[str, str]:
    """Label → `signature` or `stamp`."""
    with LABELS.open(encoding="utf-8", newline="") as lines:
        return {row["label"]: row["kind"] for row in csv.DictReader(lines)}


def mentions(text: str) -> bool:
    """Whether a page is worth a look at all."""
    squeezed = "".join(text.split())
    return any(label in squeezed for label in labels())


def find(page: Page, stamped: Sequence[Box] = ()) -> list[EmptyBox]:
    """Every empty box of a page, from the top.

    Args:
        stamped: where red stamps stand; a label with one on it or below it is answered.
    """
    return [
        EmptyBox(label, kind, place)
        for words, label, kind in _asking(page.words)
        if (place := _room(page, words)) is not None
        and page.ink(place) <= BLANK
        and not (kind == "stamp" and any(_answers(box, words) for box in stamped))
    ]


def _answers(stamp: Box, words: Words) -> bool:
    """A stamp over its label, beside it, or below it; units stamp where they find room."""
    return (
        stamp.left - STAMP_NEAR_MM < words.right
        and stamp.right + STAMP_NEAR_MM > words.left
        and stamp.top - STAMP_NEAR_MM < words.bottom
        and stamp.bottom + STAMP_NEAR_MM > words.top
    )


def _asking(words: Sequence[Words]) -> Iterator[tuple[Words, str, str]]:
    for each in words:
        shown = each.text.strip().rstrip(COLONS).strip()
        bare = shown.rstrip("）) ").strip()
        if bare[-2:] in labels() and len(bare) <= LONGEST_LABEL:
            yield each, shown, labels()[bare[-2:]]
        elif bare in labels():
            yield each, shown, labels()[bare]


def _is_value(words: Words) -> bool:
    """Something filled in: no label that asks for more, no empty date."""
    text = "".join(words.text.split())
    return not (text.endswith(tuple(COLONS + "）)")) or text in labels() or set(text) <= set("年月日/-."))


def _room(page: Page, words: Words) -> Box | None:
    """Where the signature would stand: right of the label, or below it where something else follows at once."""
    middle = (words.top + words.bottom) / 2
    after = [
        each
        for each in page.words
        if each is not words and each.left >= words.right - 0.5 and each.top < middle < each.bottom
    ]
    next_word = min(after, key=lambda each: each.left, default=None)
    if next_word is not None and next_word.left - words.right < ROOM_MM and _is_value(next_word):
        return None  # a name is printed where the signature goes
    right_edge = min(next_word.left if next_word else page.width, words.right + ROOM_MM, page.width - 8)
    half = max(words.height, 4.0) * 0.9
    if right_edge - words.right >= LEAST_MM:
        return Box(words.right + 0.8, middle - half, right_edge - 0.8, middle + half)
    below = Box(words.left, words.bottom + 0.8, words.right, words.bottom + BELOW_MM)
    covered = any(each is not words and below.holds(each) for each in page.words)
    return None if covered or below.bottom > page.height else below
