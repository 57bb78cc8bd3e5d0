"""The log's Merkle tree as it is stored: leaves are the seals' own, the roots of whole parts are tiles, the rest is computed."""

from __future__ import annotations

from collections.abc import Sequence

from zhudang.audit.domain import merkle
from zhudang.audit.models import Seal, TreeTile

WIDTH = 8
"""Of each part of this many doublings the root is kept: heights 8, 16, 24, …, one row for 256 of the height below."""
AT_ONCE = 2_000
"""So many tiles of the lowest height are filled in one go, half a million entries: a log from before the tree catches up."""


def grow() -> bool:
    """Write the tiles that have become whole; part of the sealer's pass, in its transaction. False: there are more to come."""
    last = Seal.objects.order_by("-number").values_list("number", flat=True).first() or 0
    height, whole, filled = WIDTH, last >> WIDTH, True
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
    """The 256 digests below a tile: tiles of the height below, or leaves."""
    return _digests(height - WIDTH, index << WIDTH, (index + 1) << WIDTH)


def _digests(height: int, first: int, end: int) -> list[merkle.Digest]:
    """Digests `first` … `end - 1` of a kept height; entries are numbered from 1, leaves from 0.

    Raises:
        LookupError: some are not there: the log has a hole, or the tree has not caught up.
    """
    if height:
        rows: Sequence[str] = list(
            TreeTile.objects.filter(height=height, index__gte=first, index__lt=end)
            .order_by("index")
            .values_list("digest", flat=True)
        )
    else:
        rows = list(
            Seal.objects.filter(number__gt=first, number__lte=end).order_by("number").values_list("leaf", flat=True)
        )
    if len(rows) != end - first:
        raise LookupError(f"{len(rows)} of {end - first} digests at height {height} from {first}")
    return [bytes.fromhex(row) for row in rows]


class StoredTree:
    """The tree as it is now, for roots and proofs; reads each part once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], merkle.Digest] = {}

    def subtree(self, first: int, end: int) -> merkle.Digest:
        """The root over a whole part (`merkle.Subtree`)."""
        if (first, end) not in self._known:
            doublings = (end - first).bit_length() - 1
            height = doublings // WIDTH * WIDTH
            self._known[first, end] = merkle.root_of(_digests(height, first >> height, end >> height))
        return self._known[first, end]

    def root(self, size: int) -> merkle.Digest:
        """The root over the first `size` entries."""
        return merkle.root_at(size, self.subtree)

    def inclusion(self, number: int, size: int) -> list[merkle.Digest]:
        """The path from entry `number` (from 1) to the root over `size` entries."""
        return merkle.inclusion(number - 1, size, self.subtree)

    def consistency(self, before: int, size: int) -> list[merkle.Digest]:
        """The path that shows the tree of `before` entries to be the beginning of that of `size`."""
        return merkle.consistency(before, size, self.subtree)
