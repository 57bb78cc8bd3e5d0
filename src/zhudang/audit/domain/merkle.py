"""The Merkle tree over the log's leaves, as RFC 6962 section 2.1 and RFC 9162 section 2.1 define it.

A tree of n leaves has one root. Whoever holds it, and some thirty digests, can tell for any entry that it is under the
root (inclusion), and of any two roots that the later tree only adds to the earlier (consistency), without the log.

The digest is SM3 for our log; the functions take any, so that they can be held against the published vectors, which
are SHA-256. Leaves are digests already (`SM3(0x00 ‖ entry)`); a node is `H(0x01 ‖ left ‖ right)`.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

Digest = bytes
Subtree = Callable[[int, int], Digest]
"""The root over leaves `first` … `end - 1`, counted from 0, where their number is a power of two and divides `first`."""

ALGORITHM = "sm3"


def node(left: Digest, right: Digest, algorithm: str = ALGORITHM) -> Digest:
    """The digest above two others."""
    return hashlib.new(algorithm, b"\x01" + left + right).digest()


def nothing(algorithm: str = ALGORITHM) -> Digest:
    """The root of a tree without leaves."""
    return hashlib.new(algorithm, b"").digest()


@dataclass
class Frontier:
    """A tree that only grows: the roots of its whole parts, the largest first, which is all that its root needs."""

    algorithm: str = ALGORITHM
    size: int = 0
    parts: list[Digest] = field(default_factory=list)
    on_part: Callable[[int, int, Digest], None] | None = None
    """Told of every part as it becomes whole: height, index among those of its height, digest."""

    def add(self, leaf: Digest) -> None:
        """Add the next leaf."""
        self.parts.append(leaf)
        self.size += 1
        whole, height = self.size, 0
        while whole % 2 == 0:
            right, left = self.parts.pop(), self.parts.pop()
            self.parts.append(node(left, right, self.algorithm))
            whole, height = whole // 2, height + 1
            if self.on_part:
                self.on_part(height, whole - 1, self.parts[-1])

    def root(self) -> Digest:
        """The root over all leaves so far."""
        return folded(self.parts, self.algorithm)


def folded(parts: Sequence[Digest], algorithm: str = ALGORITHM) -> Digest:
    """The root above whole parts of falling size."""
    if not parts:
        return nothing(algorithm)
    *rest, value = parts
    for left in reversed(rest):
        value = node(left, value, algorithm)
    return value


def root_of(leaves: Iterable[Digest], algorithm: str = ALGORITHM) -> Digest:
    """The root over these leaves."""
    tree = Frontier(algorithm)
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def whole_parts(first: int, end: int) -> list[tuple[int, int]]:
    """Cut leaves `first` … `end - 1` into the whole parts a tree has there; `first` is 0 or the edge of such a part."""
    parts = []
    while first < end:
        size = 1 << ((end - first).bit_length() - 1)
        parts.append((first, first + size))
        first += size
    return parts


def _over(first: int, end: int, subtree: Subtree, algorithm: str) -> Digest:
    return folded([subtree(*part) for part in whole_parts(first, end)], algorithm)


def root_at(size: int, subtree: Subtree, algorithm: str = ALGORITHM) -> Digest:
    """The root the tree had when it held `size` leaves."""
    return _over(0, size, subtree, algorithm)


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion(index: int, size: int, subtree: Subtree, algorithm: str = ALGORITHM) -> list[Digest]:
    """The digests that lead from leaf `index` (from 0) to the root of the tree of `size` leaves (RFC 9162 2.1.3.1).

    Raises:
        ValueError: no such leaf in a tree of that size.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[Digest] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            path.append(_over(middle, end, subtree, algorithm))
            end = middle
        else:
            path.append(_over(first, middle, subtree, algorithm))
            first = middle
    return path[::-1]


def is_included(
    leaf: Digest, index: int, size: int, path: Sequence[Digest], root: Digest, algorithm: str = ALGORITHM
) -> bool:
    """Whether the path leads from this leaf to this root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, value = index, size - 1, leaf
    for other in path:
        if last == 0:
            return False
        if place % 2 or place == last:
            value = node(other, value, algorithm)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            value = node(value, other, algorithm)
        place, last = place >> 1, last >> 1
    return last == 0 and value == root


def consistency(before: int, size: int, subtree: Subtree, algorithm: str = ALGORITHM) -> list[Digest]:
    """The digests that show the tree of `size` leaves to begin with that of `before` (RFC 9162 2.1.4.1).

    Raises:
        ValueError: the earlier tree is empty or larger.
    """
    if not 0 < before <= size:
        raise ValueError(f"no tree of {before} within one of {size}")
    path: list[Digest] = []
    first, end, known = 0, size, True
    while before != end:
        middle = first + _split(end - first)
        if before <= middle:
            path.append(_over(middle, end, subtree, algorithm))
            end = middle
        else:
            path.append(_over(first, middle, subtree, algorithm))
            first, known = middle, False
    if not known:
        path.append(_over(first, end, subtree, algorithm))
    return path[::-1]


def is_consistent(
    before: int, old: Digest, size: int, new: Digest, path: Sequence[Digest], algorithm: str = ALGORITHM
) -> bool:
    """Whether the path shows that the tree `new` begins with the tree `old` (RFC 9162 2.1.4.2)."""
    if not 0 < before <= size:
        return False
    if before == size:
        return not path and old == new
    steps = [old, *path] if before & (before - 1) == 0 else list(path)
    if not steps:
        return False
    place, last = before - 1, size - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    first = second = steps[0]
    for other in steps[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            first, second = node(other, first, algorithm), node(other, second, algorithm)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node(second, other, algorithm)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old and second == new
