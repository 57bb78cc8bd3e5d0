"""Every byte of an object again, against what its inventory says.

Findings: STO-001 a file is missing, STO-002 a file changed, STO-003 a file nobody knows of, STO-004 the inventory
cannot be trusted, STO-005 not an object, STO-006 a file the medium will not give back.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from zhudang.preservation.ocfl import durable, layout, streaming
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, Inventory, InventoryUnreadable, read_inventory
from zhudang.preservation.ocfl.inventory import sidecar as sidecar_of
from zhudang.preservation.ocfl.root import ObjectDamaged, read_root_inventory

Progress = Callable[[int], None]

MISSING, CHANGED, UNEXPECTED = "STO-001", "STO-002", "STO-003"
INVENTORY_BAD, NOT_AN_OBJECT, UNREADABLE = "STO-004", "STO-005", "STO-006"

_WORKERS = max(2, os.cpu_count() or 2)


@dataclass(frozen=True)
class Damage:
    """One thing wrong with a stored copy.

    Args:
        path: relative to the object's folder.
        expected, found: SHA-512, both given for STO-002.
    """

    code: str
    path: str
    expected: str = ""
    found: str = ""


@dataclass(frozen=True)
class Verification:
    """What reading a whole copy showed."""

    object_id: str
    inventory: Inventory | None
    files: int
    bytes: int
    damages: tuple[Damage, ...]

    @property
    def sound(self) -> bool:
        """Whether every byte is as written."""
        return not self.damages


def verify_object(folder: Path, *, object_id: str = "", progress: Progress | None = None) -> Verification:
    """Read every byte of the object at `folder` and compare; memory does not grow with its size.

    Args:
        object_id: the id the object must have; leave empty when it is to be learned from the object.
        progress: called with the number of bytes of each file read; may raise to stop.
    """
    if not (folder / layout.OBJECT_DECLARATION).is_file():
        return Verification(object_id, None, 0, 0, (Damage(NOT_AN_OBJECT, layout.OBJECT_DECLARATION),))
    try:
        inventory = read_root_inventory(object_id, folder)
    except ObjectDamaged:
        return Verification(object_id, None, 0, 0, (Damage(INVENTORY_BAD, INVENTORY),))
    damages = list(_declaration_damage(folder))
    damages += _inventory_damages(folder, inventory)
    present = set(_files_below(folder))
    damages += [Damage(UNEXPECTED, path) for path in sorted(present - _known_files(inventory))]
    read = 0
    for path, digest, found, size in _digests(folder, inventory.manifest):
        if found == UNREADABLE:
            damages.append(Damage(UNREADABLE, path, expected=digest))
        elif found is None:
            damages.append(Damage(MISSING, path, expected=digest))
        elif found != digest:
            damages.append(Damage(CHANGED, path, expected=digest, found=found))
        read += size
        if progress:
            progress(size)
    ordered = tuple(sorted(damages, key=lambda damage: (damage.path, damage.code)))
    return Verification(inventory.object_id, inventory, len(inventory.manifest), read, ordered)


def read_back(folder: Path, expected: Mapping[str, str]) -> list[str]:
    """Read files just written, the cache dropped first; tell the paths whose SHA-512 is not the expected one."""
    return [path for path, digest, found, _ in _digests(folder, expected) if found != digest]


def sha512_of(path: Path) -> tuple[str, int]:
    """Digest one file from the medium rather than from memory, where the system allows; give digest and size."""
    digest, size = hashlib.sha512(), 0
    with path.open("rb", buffering=0) as stream:
        durable.drop_cache(stream.fileno())
        while chunk := stream.read(streaming.CHUNK):
            digest.update(chunk)
            size += len(chunk)
        durable.drop_cache(stream.fileno())
    return digest.hexdigest(), size


def _digests(folder: Path, expected: Mapping[str, str]) -> Iterator[tuple[str, str, str | None, int]]:
    """Digest files beside each other; give path, expected digest, digest found, size.

    The digest found is None where there is no such file, and UNREADABLE where the system could not read it.
    """

    def look(item: tuple[str, str]) -> tuple[str, str, str | None, int]:
        path, digest = item
        try:
            found, size = sha512_of(folder / path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return path, digest, None, 0
        except OSError:
            return path, digest, UNREADABLE, 0
        return path, digest, found, size

    with ThreadPoolExecutor(_WORKERS, "ocfl-read") as pool:
        try:
            yield from pool.map(look, sorted(expected.items()))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _declaration_damage(folder: Path) -> Iterator[Damage]:
    if (folder / layout.OBJECT_DECLARATION).read_bytes() != layout.OBJECT_DECLARATION_TEXT:
        yield Damage(CHANGED, layout.OBJECT_DECLARATION)


def _inventory_damages(folder: Path, inventory: Inventory) -> Iterator[Damage]:
    """Check each version's own inventory: it must be there, agree with its sidecar, and be a prefix of the head's."""
    for number in inventory.versions:
        path = f"v{number}/{INVENTORY}"
        try:
            data = (folder / path).read_bytes()
            beside = (folder / f"v{number}/{SIDECAR}").read_bytes()
        except FileNotFoundError:
            yield Damage(MISSING, path)
            continue
        if beside != sidecar_of(data) or not _is_earlier_state(data, inventory, number):
            yield Damage(INVENTORY_BAD, path)


def _is_earlier_state(data: bytes, head: Inventory, number: int) -> bool:
    try:
        earlier = read_inventory(data)
    except InventoryUnreadable:
        return False
    return (
        earlier.object_id == head.object_id
        and earlier.head == number
        and all(head.versions.get(item) == version for item, version in earlier.versions.items())
        and all(head.manifest.get(path) == digest for path, digest in earlier.manifest.items())
    )


def _known_files(inventory: Inventory) -> set[str]:
    known = {layout.OBJECT_DECLARATION, INVENTORY, SIDECAR, *inventory.manifest}
    for number in inventory.versions:
        known |= {f"v{number}/{INVENTORY}", f"v{number}/{SIDECAR}"}
    return known


def _files_below(folder: Path) -> Iterator[str]:
    for current, _, names in os.walk(folder):
        for name in names:
            yield Path(current, name).relative_to(folder).as_posix()
