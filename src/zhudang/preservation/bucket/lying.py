"""What lies in the store of a bucket, thing by thing: its objects, and what does not belong there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePosixPath
from urllib.parse import unquote

from zhudang.preservation.bucket.client import TooLarge
from zhudang.preservation.bucket.root import OWN_FILES, README, BucketRoot
from zhudang.preservation.ocfl import layout
from zhudang.preservation.ocfl.intruders import LEVELS, TUPLE, is_key_file
from zhudang.preservation.ocfl.inventory import INVENTORY, LARGEST, SIDECAR
from zhudang.preservation.ocfl.root import ObjectDamaged, trusted_inventory


def lying_in(root: BucketRoot) -> Iterator[tuple[str, bool]]:
    """Walk the listing once, page by page, and tell what is there besides the store's own files, in the order of the keys.

    What lies within an object is the verifier's to tell.

    Yields:
        An object's id, as the name of its folder tells it, and True; or a path in the store that is no object's, of a
        folder only itself, and False. Objects with very long ids, whose folders are named by a digest, are passed over.

    Raises:
        BucketUnreachable.
    """
    start = root.key("")
    paths = (row.key.removeprefix(start) for row in root.bucket.listed(start))
    for thing, _ in groupby(map(_thing, paths)):
        if not thing:
            continue
        object_id = _object_id(thing)
        if object_id:
            yield object_id, True
        elif not (thing.count("/") > LEVELS and _is_long_named(root, thing)):
            yield thing.removesuffix("/") or "/", False


def _thing(path: str) -> str:
    """What a file is part of: an object's folder, or else the highest folder that has no place there; empty where all is in order.

    A folder ends with a slash.
    """
    parts = path.split("/")
    if path in OWN_FILES or path == README or is_key_file(path):
        return ""
    if parts[0] == "extensions":
        return _upto(parts, 3 if parts[1:2] == [layout.EXTENSION] else 2)
    strange = next((at for at, name in enumerate(parts[:LEVELS]) if not TUPLE.fullmatch(name)), LEVELS)
    return _upto(parts, strange + 1)


def _upto(parts: list[str], count: int) -> str:
    return "/".join(parts[:count]) + ("/" if len(parts) > count else "")


def _object_id(thing: str) -> str:
    """The id whose place a folder is; empty where it is none's."""
    object_id = unquote(thing.rstrip("/").rpartition("/")[2])
    return object_id if thing == f"{layout.object_path(object_id).as_posix()}/" else ""


def _is_long_named(root: BucketRoot, thing: str) -> bool:
    """Whether a folder is the place of the object whose inventory is in it."""
    sizes = {row.key: row.size for row in root.bucket.listed(root.key(thing + INVENTORY), most=1)}
    if sizes.get(root.key(thing + INVENTORY), LARGEST + 1) > LARGEST:
        return False
    try:
        data, beside = (root.bucket.read(root.key(thing + name)) or b"" for name in (INVENTORY, SIDECAR))
        object_id = trusted_inventory("", data, beside).object_id
    except (ObjectDamaged, TooLarge):
        return False
    return PurePosixPath(thing) == layout.object_path(object_id)
