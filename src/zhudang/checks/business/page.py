"""What was seen on one page. Lengths in millimetres, origin at the top left, y downwards."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MM_PER_POINT = 25.4 / 72
DARK = 160
"""Grey value (0 black … 255 white) from which a picture point counts as ink."""


@dataclass(frozen=True, slots=True)
class Words:
    """Characters that stand together on a line, and the box around them."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def folded(self) -> str:
        return folded(self.text)


@dataclass(frozen=True, slots=True)
class Box:
    """A place on the page."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def holds(self, words: Words) -> bool:
        across, down = (words.left + words.right) / 2, (words.top + words.bottom) / 2
        return self.left <= across <= self.right and self.top <= down <= self.bottom


@dataclass(slots=True)
class Page:
    """One page as seen: its words, and a picture of it.

    Args:
        number: from 1.
        picture: rows × columns × 3, red, green, blue, 8 bit; None where only the words were read.
        scale: picture points per millimetre.
    """

    number: int
    width: float
    height: float
    words: Sequence[Words] = ()
    picture: NDArray[np.uint8] | None = None
    scale: float = 1.0
    _ink: NDArray[np.bool_] | None = field(default=None, repr=False)

    def ink(self, box: Box) -> float:
        """Share of `box` that is inked, 0 … 1, its ruled lines left out."""
        assert self.picture is not None
        if self._ink is None:
            self._ink = self.picture.min(axis=2) < DARK
        rows = slice(max(0, round(box.top * self.scale)), max(0, round(box.bottom * self.scale)))
        columns = slice(max(0, round(box.left * self.scale)), max(0, round(box.right * self.scale)))
        part = self._ink[rows, columns]
        if part.size == 0:
            return 1.0
        ruled_rows = part.mean(axis=1) > RULED
        ruled_columns = part.mean(axis=0) > RULED
        inside = part[~ruled_rows][:, ~ruled_columns]
        return float(inside.mean()) if inside.size else 0.0


RULED = 0.75
"""A row or column inked over more than this share is a ruled line, not writing."""


def folded(text: str) -> str:
    """Text as it is compared: one width, one case, no spaces, no punctuation."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if unicodedata.category(character)[0] in "LN")


def lines_of(characters: Iterable[tuple[str, float, float, float, float]]) -> list[Words]:
    """Join characters (text, left, top, right, bottom; in reading order) that stand close together on a line."""
    found: list[Words] = []
    text, box = "", [0.0, 0.0, 0.0, 0.0]
    for character, left, top, right, bottom in characters:
        size = max(bottom - top, box[3] - box[1], 0.1)
        near = text and -0.5 * size <= left - box[2] <= 0.9 * size
        level = abs((top + bottom) / 2 - (box[1] + box[3]) / 2) <= 0.6 * size
        if near and level and not character.isspace():
            text += character
            box = [min(box[0], left), min(box[1], top), max(box[2], right), max(box[3], bottom)]
            continue
        if text:
            found.append(Words(text, *box))
        text, box = ("", box) if character.isspace() else (character, [left, top, right, bottom])
    if text:
        found.append(Words(text, *box))
    return found


def as_json(box: Box | Words, page: int) -> dict[str, Any]:
    """A place for reports: page from 1, millimetres from the top left."""
    return {
        "page": page,
        "left_mm": round(box.left, 1),
        "top_mm": round(box.top, 1),
        "width_mm": round(box.right - box.left, 1),
        "height_mm": round(box.bottom - box.top, 1),
    }
