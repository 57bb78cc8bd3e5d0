"""Red seals and stamps in the picture of a page: found by colour and shape, told as what they look like.

A red heading or a red figure is no stamp: too flat, too small or too solid. What a stamp says is not read here.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhudang.checks.business.page import Box, Page

ROUND, SQUARE, AS_BUILT, OTHER = "round", "square", "as_built", "other"
CELL_MM = 2.0
RED_OVER = 50
"""How much redder than green and blue a point must be, 0 … 255; scans of old ink are paler than fresh ink."""
CELL_SHARE = 0.04
SEAL_MM = (14.0, 60.0)
"""Diameters of seals in use: personal seals from 14 mm, seals of units 38 … 45 mm, up to 60 mm in photographs."""
AS_BUILT_MM = (80.0, 50.0)
"""竣工图章: 50 mm × 80 mm (filing-rules.md 2.2, page:P12)."""
AS_BUILT_WORD = "竣工图"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A red stamp on a page."""

    kind: str
    box: Box
    red_share: float


def find(page: Page) -> list[Stamp]:
    """Every red stamp of a page, from the top."""
    if page.picture is None:
        return []
    if not _red(page.picture[::2, ::2]).any():
        return []
    red = _red(page.picture)
    cell = max(1, round(CELL_MM * page.scale))
    cells = _cells(red, cell)
    found = []
    for rows, columns in _groups(cells):
        area = red[rows.start * cell : rows.stop * cell, columns.start * cell : columns.stop * cell]
        if area.any() and (
            stamp := _stamp(page, _tight(area, rows.start * cell, columns.start * cell, page.scale), area)
        ):
            found.append(stamp)
    return sorted(found, key=lambda stamp: (stamp.box.top, stamp.box.left))


def _red(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    others = np.maximum(picture[:, :, 1], picture[:, :, 2])
    return np.asarray(picture[:, :, 0] > others + np.minimum(RED_OVER, 255 - others))


def _cells(red: NDArray[np.bool_], cell: int) -> NDArray[np.bool_]:
    """Coarse squares of `cell` points a side that hold enough red."""
    rows, columns = -(-red.shape[0] // cell), -(-red.shape[1] // cell)
    padded = np.zeros((rows * cell, columns * cell), dtype=bool)
    padded[: red.shape[0], : red.shape[1]] = red
    shares = padded.reshape(rows, cell, columns, cell).mean(axis=(1, 3))
    return np.asarray(shares > CELL_SHARE)


def _groups(cells: NDArray[np.bool_]) -> list[tuple[slice, slice]]:
    """Groups of touching cells (two apart still touch: seals have gaps), as row and column ranges."""
    waiting = {(int(row), int(column)) for row, column in np.argwhere(cells)}
    groups = []
    while waiting:
        seed = waiting.pop()
        group, front = [seed], deque([seed])
        while front:
            row, column = front.popleft()
            near = [
                (row + down, column + across)
                for down in range(-2, 3)
                for across in range(-2, 3)
                if (row + down, column + across) in waiting
            ]
            waiting.difference_update(near)
            group += near
            front.extend(near)
        rows, columns = [row for row, _ in group], [column for _, column in group]
        groups.append((slice(min(rows), max(rows) + 1), slice(min(columns), max(columns) + 1)))
    return groups


def _tight(area: NDArray[np.bool_], top: int, left: int, scale: float) -> Box:
    rows, columns = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
    return Box(
        (left + int(columns[0])) / scale,
        (top + int(rows[0])) / scale,
        (left + int(columns[-1]) + 1) / scale,
        (top + int(rows[-1]) + 1) / scale,
    )


def _stamp(page: Page, box: Box, area: NDArray[np.bool_]) -> Stamp | None:
    share = float(area.mean())
    if min(box.width, box.height) < SEAL_MM[0] * 0.8 or max(box.width, box.height) > 2 * AS_BUILT_MM[0]:
        return None
    aspect = box.width / box.height
    says_as_built = AS_BUILT_WORD in "".join(words.folded for words in page.words if box.holds(words))
    if says_as_built or _is_as_built_size(box):
        return Stamp(AS_BUILT if says_as_built else OTHER, box, share)
    if not 0.7 <= aspect <= 1.43 or share > 0.9:
        return Stamp(OTHER, box, share) if 0.4 <= aspect <= 2.5 and share < 0.6 else None
    if max(box.width, box.height) > SEAL_MM[1] * 1.2:
        return Stamp(OTHER, box, share)
    return Stamp(ROUND if _corners_empty(area) else SQUARE, box, share)


def _is_as_built_size(box: Box) -> bool:
    long, short = max(box.width, box.height), min(box.width, box.height)
    return 0.8 <= long / AS_BUILT_MM[0] <= 1.2 and 0.8 <= short / AS_BUILT_MM[1] <= 1.2


def _corners_empty(area: NDArray[np.bool_]) -> bool:
    """A circle leaves the corners of its box free; a square seal's frame does not."""
    rows, columns = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
    tight = area[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    down, across = max(1, tight.shape[0] // 8), max(1, tight.shape[1] // 8)
    corners = [tight[:down, :across], tight[:down, -across:], tight[-down:, :across], tight[-down:, -across:]]
    return sum(float(corner.mean()) for corner in corners) / 4 < 0.05
