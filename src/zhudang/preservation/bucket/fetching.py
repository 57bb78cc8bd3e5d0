"""A root in a bucket brought down into a folder, every byte compared: for rebuilding, for the emergency service, for mending.

Needs no database. Run again, it goes on: what lies in the folder as the inventories say is not fetched again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from zhudang.preservation.bucket.client import Missing
from zhudang.preservation.bucket.root import BucketRoot
from zhudang.preservation.ocfl import durable
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, Inventory
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot, trusted_inventory
from zhudang.preservation.ocfl.verifier import INVENTORY_BAD, Damage, known_files, verify_object

PLAIN_NAMES = ("keys.json",)
KEY_FILES = "key-"
Told = Callable[[int, str], None]


@dataclass
class Fetched:
    """What came of it: objects that lie here whole, those here before, bytes fetched, and what is damaged in the bucket."""

    objects: int = 0
    before: int = 0
    bytes: int = 0
    damaged: dict[str, tuple[Damage, ...]] = field(default_factory=dict)


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
                done.damaged[object_id] = damages
            else:
                done.objects += 1
            if told:
                told(done.objects + done.before, object_id)
    return done


def fetch_object(
    source: BucketRoot, root: StorageRoot, object_id: str, done: Fetched | None = None
) -> tuple[Damage, ...]:
    """Bring one object into a root that does not hold it sound; gives its damages, and then nothing entered.

    Only what the object's inventory names is fetched: what else lies there does no harm, and no name leads out of the
    folder. Only inside `only_writer`.
    """
    inventory = _inventory(source, object_id)
    if inventory is None:
        return (Damage(INVENTORY_BAD, INVENTORY),)
    wanted = known_files(inventory)
    if outside := sorted(path for path in wanted if _leads_out(path)):
        return tuple(Damage(INVENTORY_BAD, path) for path in outside)
    stage = root.new_staging()
    try:
        for path in sorted(wanted & source.files(object_id).keys()):
            size = _fetch_file(source, object_id, path, stage / path)
            if done:
                done.bytes += size
        durable.sync_folders(folder for folder in (stage, *stage.rglob("*")) if folder.is_dir())
        found = verify_object(stage, object_id=object_id)
        if found.sound:
            if root.object_folder(object_id).exists():
                shutil.rmtree(root.object_folder(object_id))
            root.install_object(stage, object_id)
        return found.damages
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _fetch_file(source: BucketRoot, object_id: str, path: str, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with target.open("xb", buffering=0) as out:
        for piece in source.stream(object_id, path):
            durable.write_all(out.fileno(), piece)
            size += len(piece)
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
        data = b"".join(source.stream(object_id, INVENTORY))
        return trusted_inventory(object_id, data, b"".join(source.stream(object_id, SIDECAR)))
    except (Missing, ObjectDamaged):
        return None


def _leads_out(path: str) -> bool:
    """Whether a path would be written elsewhere than below its folder: a bucket is in others' hands."""
    return "\\" in path or "\0" in path or any(part in {"", ".", ".."} for part in path.split("/"))


def _beside(source: BucketRoot) -> Iterator[tuple[str, bytes]]:
    """The files of the keys at the root."""
    start = source.key("")
    rows = [*source.bucket.listed(start + "key")]
    for row in rows:
        name = row.key.removeprefix(start)
        if name in PLAIN_NAMES or (name.startswith(KEY_FILES) and name.endswith(".age") and "/" not in name):
            data = source.bucket.read(row.key)
            if data is not None:
                yield name, data
