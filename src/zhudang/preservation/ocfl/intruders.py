"""What lies in a store and does not belong there: neither the store's own files, nor an object, nor a folder on the way to one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import unquote

from zhudang.preservation.ocfl import layout
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot, read_root_inventory

TUPLE = re.compile(r"[0-9a-f]{3}")
LEVELS = 3
_KEY_FILES = ("keys.json", "key-*.age", "key-*.p7m")


def intruders(root: StorageRoot) -> Iterator[str]:
    """Walk the store down to the objects' folders, at flat memory, and tell what does not belong there.

    What lies within an object is the verifier's to tell, and so is a link in an object's way. Folders that cannot be listed
    are passed over: who walks over the objects is told of them.

    Yields:
        Paths relative to the store; of a folder only itself, not what is in it.
    """
    for path in _below(root.folder, root.own_paths(), 0):
        yield path.relative_to(root.folder).as_posix()


def object_ids_by_name(root: StorageRoot) -> Iterator[str]:
    """The ids that the names of the objects' folders tell, whatever is in them; without the very long ones, which are hashed."""
    for folder in root.objects(lambda _folder, _problem: None):
        object_id = unquote(folder.name)
        if layout.object_path(object_id).as_posix() == folder.relative_to(root.folder).as_posix():
            yield object_id


def _below(folder: Path, own: frozenset[str], level: int) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            rows = sorted((entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()) for entry in entries)
    except OSError:
        return
    for name, is_folder, is_link in rows:
        path = folder / name
        if level == 0 and (name in own or (not is_folder and is_key_file(name))):
            if name == "extensions":
                yield from _in_extensions(path)
        elif level < LEVELS and TUPLE.fullmatch(name) and (is_folder or is_link):
            if is_folder:
                yield from _below(path, own, level + 1)
        elif level < LEVELS or not (_is_object(path) if is_folder else is_link and _in_place(path, unquote(name))):
            yield path


def _is_object(folder: Path) -> bool:
    """Whether a folder is an object in its place, or stands where one of this name would."""
    if _in_place(folder, unquote(folder.name)):
        return True
    try:
        return _in_place(folder, read_root_inventory("", folder).object_id)
    except (ObjectDamaged, OSError):
        return False


def _in_place(path: Path, object_id: str) -> bool:
    return path.parts[-LEVELS - 1 :] == layout.object_path(object_id).parts


def is_key_file(name: str) -> bool:
    """Whether a file at the store's top is one of the keys, or one just being written (`durable.replace_durably`)."""
    plain = name.removesuffix(".new")
    return "/" not in name and any(fnmatch(plain, pattern) for pattern in _KEY_FILES)


def _in_extensions(folder: Path) -> Iterator[Path]:
    wanted = {layout.EXTENSION: {"config.json", "config.json.new"}}
    with suppress(OSError):
        for item in sorted(folder.iterdir()):
            if item.name not in wanted or not item.is_dir():
                yield item
                continue
            yield from (each for each in sorted(item.iterdir()) if each.name not in wanted[item.name])
