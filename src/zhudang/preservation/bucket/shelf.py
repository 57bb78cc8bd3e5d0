"""All objects of a root in a bucket with their inventories and what lies there of them: for counting, not for verifying."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from zhudang.preservation.bucket.client import TooLarge
from zhudang.preservation.bucket.root import BucketRoot
from zhudang.preservation.ocfl import sealing
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, Inventory
from zhudang.preservation.ocfl.reader import held_files
from zhudang.preservation.ocfl.root import ObjectDamaged, trusted_inventory
from zhudang.preservation.ocfl.sealing import Held, Identities

_AT_ONCE, _BATCH = 8, 64
_DEPTH = 4
"""Folders of the layout above an object's own files, its own among them."""


@dataclass(frozen=True)
class Shelved:
    """One object in a bucket.

    Args:
        sizes: path in the object -> bytes, as the listing tells.
        index: the bytes of the sealed index of its newest version; None where it is not sealed, or the index is not there.
    """

    inventory: Inventory
    sizes: Mapping[str, int]
    index: bytes | None

    def held(self, keys: Identities) -> dict[str, Held]:
        """Tell the newest version's files by their plain names.

        Raises:
            CannotOpen: it is sealed, and its index is damaged or no key here opens it.
        """
        with TemporaryDirectory(prefix="zhudang-index-") as folder:
            if self.index is not None:
                path = Path(folder) / _index_path(self.inventory)
                path.parent.mkdir(parents=True)
                path.write_bytes(self.index)
            return held_files(Path(folder), self.inventory, keys)

    def plain_size(self, held: Held) -> int | None:
        """The plain bytes of a file that lies there whole, as far as sizes tell; None where it does not."""
        there = self.sizes.get(self.inventory.stored_path(held.sha512))
        if there is None or held.stored_size not in (None, there):
            return None
        return there if held.size is None else held.size


def objects(root: BucketRoot) -> Iterator[Shelved]:
    """Walk all objects at flat memory; those whose inventory cannot be trusted are left out, as in a folder.

    Raises:
        BucketUnreachable, BucketFull, Missing.
    """
    found = _listed(root)
    with ThreadPoolExecutor(_AT_ONCE, "bucket-shelf") as pool:
        while batch := list(islice(found, _BATCH)):
            yield from (each for each in pool.map(lambda row: _read(root, *row), batch) if each is not None)


def _listed(root: BucketRoot) -> Iterator[tuple[str, dict[str, int]]]:
    """Each object's id and files; the keys come in their order, so those of one object together."""
    start = root.key("")
    rows = ((row.key.removeprefix(start).split("/", _DEPTH), row.size) for row in root.bucket.listed(start))
    deep = ((parts, size) for parts, size in rows if len(parts) > _DEPTH and parts[0] != "extensions")
    for folder, files in groupby(deep, key=lambda row: row[0][:_DEPTH]):
        yield unquote(folder[-1]), {parts[_DEPTH]: size for parts, size in files}


def _read(root: BucketRoot, object_id: str, sizes: Mapping[str, int]) -> Shelved | None:
    if INVENTORY not in sizes or SIDECAR not in sizes:
        return None
    try:
        inventory = trusted_inventory(object_id, root.whole(object_id, INVENTORY), root.whole(object_id, SIDECAR))
        path = _index_path(inventory)
        return Shelved(inventory, sizes, root.whole(object_id, path) if path in sizes else None)
    except (ObjectDamaged, TooLarge):
        return None


def _index_path(inventory: Inventory) -> str:
    """Where the newest version's index lies; empty where it is not sealed."""
    index = sealing.index_of(inventory.state)
    return inventory.stored_path(inventory.state[index]) if index is not None else ""
