"""The log's Merkle tree as it is stored: leaves are the seals' own, the roots of whole parts are tiles, the rest is computed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import F

from zhudang.audit.domain import merkle
from zhudang.audit.models import Seal, TreeTile

WIDTH = 8
"""Of each part of this many doublings the root is kept: heights 8, 16, 24, …, one row for 256 of the height below."""
AT_ONCE = 2_000
"""So many tiles of the lowest height are filled in one go, half a million entries: a log from before the tree catches up."""


def grow(size: int) -> bool:
    """Write the tiles that have become whole among `size` entries; part of the sealer's pass, in its transaction.

    Returns:
        False where there are more to come.
    """
    height, whole, filled = WIDTH, size >> WIDTH, True
    while whole:
        have = _tiles(height)
        until = min(whole, have + AT_ONCE)
        made = [
            TreeTile(height=height, index=index, digest=merkle.root_of(_below(height, index)).hex())
            for index in range(have, until)
        ]
        TreeTile.objects.bulk_create(made, batch_size=500)
        filled = filled and until == whole
        height, whole = height + WIDTH, until >> WIDTH
    return filled


def is_filled(size: int) -> bool:
    """Whether every whole part below `size` leaves has its tile."""
    return _tiles(WIDTH) >= size >> WIDTH


def _tiles(height: int) -> int:
    last = TreeTile.objects.filter(height=height).order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def _below(height: int, index: int) -> list[merkle.Digest]:
    """The 256 digests below a tile: tiles of the height below, or leaves.

    Raises:
        LookupError: some are not there, the log has a hole.
    """
    below = _rows(height - WIDTH, [index])[index]
    if len(below) != 1 << WIDTH:
        raise LookupError(f"{len(below)} of {1 << WIDTH} digests below {height}/{index}")
    return below


def _rows(height: int, tiles: Collection[int]) -> dict[int, list[merkle.Digest]]:
    """The digests of a kept height below each of these tiles of the next, in order as far as they go; one statement."""
    places = [place for tile in tiles for place in range(tile << WIDTH, (tile + 1) << WIDTH)]
    kept: Any
    if height:
        kept = TreeTile.objects.filter(height=height, index__in=places).order_by("index").values_list("index", "digest")
    else:
        kept = Seal.objects.filter(number__in=[place + 1 for place in places]).order_by("number")
        kept = kept.annotate(index=F("number") - 1).values_list("index", "leaf")
    rows: dict[int, list[merkle.Digest]] = {tile: [] for tile in tiles}
    for index, digest in kept:
        row = rows[index >> WIDTH]
        if index & ((1 << WIDTH) - 1) == len(row):  # behind a hole nothing counts
            row.append(bytes.fromhex(digest))
    return rows


class StoredTree:
    """The tree as it is now, for roots and proofs; reads each row of 256 once."""

    def __init__(self, sizes: Collection[int] = ()) -> None:
        """Make ready for trees of these sizes: a statement for each height, however many they are."""
        self._known: dict[tuple[int, int], list[merkle.Digest]] = {}
        height, largest = 0, max(sizes, default=0)
        while largest >> height:
            for tile, row in _rows(height, {size >> height + WIDTH for size in sizes}).items():
                self._known[height, tile] = row
            height += WIDTH

    def subtree(self, first: int, end: int) -> merkle.Digest:
        """The root over a whole part (`merkle.Subtree`).

        Raises:
            LookupError: the log has a hole there, or the tree has not caught up.
        """
        height = ((end - first).bit_length() - 1) // WIDTH * WIDTH
        tile = first >> height + WIDTH
        if (height, tile) not in self._known:
            self._known[height, tile] = _rows(height, [tile])[tile]
        before = tile << WIDTH
        part = self._known[height, tile][(first >> height) - before : (end >> height) - before]
        if len(part) != end - first >> height:
            raise LookupError(f"no digests for leaves {first} to {end}")
        return merkle.root_of(part)

    def root(self, size: int) -> merkle.Digest:
        """The root over the first `size` entries."""
        return merkle.root_at(size, self.subtree)

    def inclusion(self, number: int, size: int) -> list[merkle.Digest]:
        """The path from entry `number` (from 1) to the root over `size` entries."""
        return merkle.inclusion(number - 1, size, self.subtree)

    def consistency(self, before: int, size: int) -> list[merkle.Digest]:
        """The path that shows the tree of `before` entries to be the beginning of that of `size`."""
        return merkle.consistency(before, size, self.subtree)
