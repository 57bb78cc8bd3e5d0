"""A root in a bucket brought down into a folder, every byte compared: for rebuilding, for the emergency service, for mending.

Needs no database. Run again, it goes on: what lies in the folder as the inventories say is not fetched again.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from zhudang.preservation.bucket.client import Missing, TooLarge
from zhudang.preservation.bucket.root import BucketRoot
from zhudang.preservation.ocfl import durable
from zhudang.preservation.ocfl.intruders import is_key_file
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, Inventory, leads_out
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot, trusted_inventory
from zhudang.preservation.ocfl.verifier import INVENTORY_BAD, NO_ROOM, UNEXPECTED, Damage, known_files, verify_object

_LARGEST_KEY_FILE = 4 * 1024 * 1024
Told = Callable[[int, str], None]


MOST_TOLD = 500
_NO_NAME = frozenset({errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.EINVAL, errno.EILSEQ})
"""What systems answer to names that no two files can have beside each other, or none at all."""


@dataclass
class Fetched:
    """What came of it: objects that lie here whole, those here before, bytes fetched, and what is damaged in the bucket.

    Attributes:
        damaged: the first of them with their damages; `damaged_count` counts all.
    """

    objects: int = 0
    before: int = 0
    bytes: int = 0
    damaged: dict[str, tuple[Damage, ...]] = field(default_factory=dict)
    damaged_count: int = 0

    def tell_damaged(self, object_id: str, damages: tuple[Damage, ...]) -> None:
        """Note an object that was left out; what a bucket tells may have no end, what is told of it has."""
        self.damaged_count += 1
        if len(self.damaged) < MOST_TOLD:
            self.damaged[object_id] = damages[:MOST_TOLD]


def fetch_root(source: BucketRoot, target: Path, *, told: Told | None = None) -> Fetched:
    """Bring a whole root down to `target/store`; damaged objects are told and left out.

    Raises:
        BucketUnreachable: what was fetched stays.
        OSError: no room, or the folder cannot be written.
    """
    done, root = Fetched(), StorageRoot.create(target)
    with root.only_writer():
        for name, data in _beside(source):
            durable.replace_durably(root.folder / name, data)
        for object_id in source.object_ids():
            if _lies_here(source, root, object_id):
                done.before += 1
            elif damages := fetch_object(source, root, object_id, done):
                done.tell_damaged(object_id, damages)
            else:
                done.objects += 1
            if told:
                told(done.objects + done.before + done.damaged_count, object_id)
    return done


def fetch_object(
    source: BucketRoot, root: StorageRoot, object_id: str, done: Fetched | None = None
) -> tuple[Damage, ...]:
    """Bring one object into a root that does not hold it sound; gives its damages, and then nothing entered.

    Only what the object's inventory names is fetched, and no more of it than the listing tells: what else lies there does
    no harm, and no name leads out of the folder. Only inside `only_writer`.
    """
    inventory = _inventory(source, object_id)
    if inventory is None:
        return (Damage(INVENTORY_BAD, INVENTORY),)
    try:
        there = source.files(object_id)
    except TooLarge:
        return (Damage(UNEXPECTED, "."),)
    wanted = {path: there[path].size for path in sorted(known_files(inventory) & there.keys())}
    if sum(wanted.values()) > root.free_bytes():
        return (Damage(NO_ROOM, str(root.place)),)
    stage = root.new_staging()
    try:
        for path, size in wanted.items():
            try:
                fetched = _fetch_file(source, object_id, path, stage, size)
            except OSError as refused:
                if refused.errno not in _NO_NAME:
                    raise
                return (Damage(INVENTORY_BAD, path),)
            if done:
                done.bytes += fetched
        durable.sync_folders(folder for folder in (stage, *stage.rglob("*")) if folder.is_dir())
        found = verify_object(stage, object_id=object_id)
        if found.sound:
            if root.object_folder(object_id).exists():
                shutil.rmtree(root.object_folder(object_id))
            root.install_object(stage, object_id)
        return found.damages
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _fetch_file(source: BucketRoot, object_id: str, path: str, stage: Path, most: int) -> int:
    """Fetch one file; where more comes than `most`, no more is taken, and reading the object back tells that it differs."""
    durable.make_folders_below(stage, path)
    size = 0
    with (
        suppress(TooLarge),
        (stage / path).open("xb", buffering=0) as out,
        closing(source.stream(object_id, path)) as pieces,
    ):
        for piece in pieces:
            size += len(piece)
            if size > most:
                break
            durable.write_all(out.fileno(), piece)
        os.fsync(out.fileno())
    return size


def _lies_here(source: BucketRoot, root: StorageRoot, object_id: str) -> bool:
    """Whether the object lies here as it does there, read whole."""
    folder = root.object_folder(object_id)
    if not folder.is_dir():
        return False
    there = _inventory(source, object_id)
    if there is None:
        return False
    found = verify_object(folder, object_id=object_id)
    return found.sound and found.inventory is not None and found.inventory.sha512 == there.sha512


def _inventory(source: BucketRoot, object_id: str) -> Inventory | None:
    """An object's inventory as it lies in the bucket; None where it cannot be trusted."""
    try:
        return trusted_inventory(object_id, source.whole(object_id, INVENTORY), source.whole(object_id, SIDECAR))
    except (Missing, ObjectDamaged, TooLarge):
        return None


def _beside(source: BucketRoot) -> Iterator[tuple[str, bytes]]:
    """The files of the keys at the root."""
    start = source.key("")
    rows = [*islice(source.bucket.listed(start + "key"), MOST_TOLD)]
    for row in rows:
        name = row.key.removeprefix(start)
        if is_key_file(name) and not name.endswith(".new") and not leads_out(name):
            with suppress(TooLarge):
                data = source.bucket.read(row.key, _LARGEST_KEY_FILE)
                if data is not None:
                    yield name, data
