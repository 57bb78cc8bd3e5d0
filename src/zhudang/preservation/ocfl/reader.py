"""Bytes back out of a store, by the names an object gives them; sealed ones with the keys that open them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from zhudang.preservation.ocfl import plain_files, sealing
from zhudang.preservation.ocfl.inventory import LARGEST, Inventory
from zhudang.preservation.ocfl.root import ObjectDamaged, ObjectUnreadable, StorageRoot, read_root_inventory
from zhudang.preservation.ocfl.sealing import CannotOpen, Held, Identities
from zhudang.preservation.ocfl.verifier import sha512_of

NO_KEYS = Identities()


LeftOut = Callable[[Path, Exception], None]
"""Is told of a folder and why it was passed over: OSError, or ObjectDamaged."""


def object_inventories(root: StorageRoot, left_out: LeftOut | None = None) -> Iterator[tuple[Path, Inventory]]:
    """Walk all objects of a place with their inventories; those whose inventory cannot be trusted or read are left out.

    Leaving out is right for looking around; what is damaged is the verifier's to say. Who must not miss any asks to be told.
    """
    told: LeftOut = left_out or (lambda _folder, _problem: None)
    for folder in root.objects(told):
        try:
            inventory = read_root_inventory("", folder)
        except ObjectUnreadable as closed:
            told(folder, closed.problem)
        except ObjectDamaged as damaged:
            told(folder, damaged)
        else:
            yield folder, inventory


def stored_file(folder: Path, inventory: Inventory, logical_path: str) -> Path:
    """Tell where the newest version's file of this name lies, as it is stored.

    Raises:
        KeyError: the newest version has no such file.
    """
    return folder / inventory.stored_path(inventory.state[logical_path])


def held_files(
    folder: Path, inventory: Inventory, keys: Identities = NO_KEYS, *, version: int | None = None
) -> dict[str, Held]:
    """Tell the files of a version (the newest, when none is named) by their plain names, sealed or not.

    Raises:
        CannotOpen: the version is sealed, and its index is damaged or no key here opens it.
    """
    state = inventory.versions[version or inventory.head].state
    if (index := sealing.index_of(state)) is not None:
        return {held.path: held for held in _index(folder, inventory, index, state[index], keys)}
    sha256 = {inventory.manifest[path]: digest for path, digest in inventory.fixity.items()}
    return {path: Held(path, path, digest, sha256.get(digest, "")) for path, digest in state.items()}


def all_held(folder: Path, inventory: Inventory, keys: Identities = NO_KEYS) -> Iterator[Held]:
    """Tell every file of every version, the newest first, those with the same bytes once."""
    seen = set()
    for number in sorted(inventory.versions, reverse=True):
        for held in held_files(folder, inventory, keys, version=number).values():
            if held.sha512 not in seen:
                seen.add(held.sha512)
                yield held


def plain_size(folder: Path, inventory: Inventory, held: Held) -> int:
    """Tell the size of a file's plain bytes: its own where it is stored plain."""
    return _stored(folder, inventory, held).stat().st_size if held.size is None else held.size


def is_whole(folder: Path, inventory: Inventory, held: Held) -> bool:
    """Whether the stored bytes are there at their size; the digests are the verifier's to compare."""
    try:
        size = _stored(folder, inventory, held).stat().st_size
    except OSError:
        return False
    return held.stored_size in (None, size)


@contextmanager
def opened(folder: Path, inventory: Inventory, held: Held, keys: Identities = NO_KEYS) -> Iterator[BinaryIO]:
    """Read a file's plain bytes as a stream; memory stays flat.

    Raises:
        CannotOpen: it is sealed, and damaged or no key here opens it; also while reading.
    """
    path = _stored(folder, inventory, held)
    if held.key:
        with keys.opened(path) as stream:
            yield stream
    else:
        with path.open("rb") as stream:
            yield stream


def read_json(folder: Path, inventory: Inventory, logical_path: str, keys: Identities = NO_KEYS) -> Any:
    """Read one of the JSON documents an object carries, by its plain name."""
    held = held_files(folder, inventory, keys)[logical_path]
    with opened(folder, inventory, held, keys) as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"{logical_path}: more than {LARGEST} bytes")
    try:
        return json.loads(data)
    except RecursionError as deep:
        raise ValueError(f"{logical_path}: nested too deep") from deep


def is_as_stored(folder: Path, inventory: Inventory, held: Held) -> bool:
    """Read the stored bytes and tell whether their SHA-512 is the inventory's."""
    return sha512_of(_stored(folder, inventory, held))[0] == held.sha512


def _stored(folder: Path, inventory: Inventory, held: Held) -> Path:
    return plain_files.refuse_strange(folder, inventory.stored_path(held.sha512))


def _index(folder: Path, inventory: Inventory, index: str, digest: str, keys: Identities) -> tuple[Held, ...]:
    name = f"{inventory.object_id} {index}"
    try:
        path = plain_files.refuse_strange(folder, inventory.stored_path(digest))
        if sha512_of(path)[0] != digest:
            raise CannotOpen(name, "damaged")
        found = sealing.read_index(keys.open_bytes(plain_files.read(path, LARGEST), name), name)
    except OSError as problem:
        raise CannotOpen(name, "damaged") from problem
    if not all(isinstance(held.path, str) and inventory.holds(held.sha512) for held in found):
        raise CannotOpen(name, "damaged")
    return found
