"""Every byte of an object again, against what its inventory says.

The rules of OCFL stand in `checks.packages.ocfl`, for any object from anywhere; of an object of ours more is asked:
nothing may lie there but what was written, and sidecars must be as written to the byte.

Findings: STO-001 a file is missing, STO-002 a file changed, STO-003 a file nobody knows of, STO-004 the inventory
cannot be trusted, STO-005 not an object, STO-006 a file the medium will not give back.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from zhudang.checks.model import Severity
from zhudang.checks.packages import ocfl
from zhudang.checks.packages.model import Package
from zhudang.checks.packages.tree import FolderTree, Tree, Unreadable
from zhudang.preservation.ocfl import durable, layout
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, Inventory, sidecar, sidecar_of, stated_in
from zhudang.preservation.ocfl.root import ObjectDamaged, ObjectUnreadable, read_root_inventory

Progress = Callable[[int], None]

MISSING, CHANGED, UNEXPECTED = "STO-001", "STO-002", "STO-003"
INVENTORY_BAD, NOT_AN_OBJECT, UNREADABLE = "STO-004", "STO-005", "STO-006"
NO_ROOM = "STO-008"
"""Told by those who bring a copy to a place, not found in one."""

DAMAGES = {
    "OCF-002": INVENTORY_BAD,
    "OCF-003": MISSING,
    "OCF-005": UNEXPECTED,
    "OCF-006": INVENTORY_BAD,
    "PKG-002": UNREADABLE,
}
"""Code of the examiner -> damage, where it is the same whatever the sentence broken."""

_WORKERS = 2 * (os.cpu_count() or 1)
"""Twice as many as processors: each waits for the medium as long as it digests a small file."""
_AT_ONCE = 32
_PIECE = 256 * 1024
"""Bytes read and digested at a time: they are still in the processor's own memory when they are digested."""


@dataclass(frozen=True)
class Damage:
    """One thing wrong with a stored copy.

    Args:
        path: relative to the object's folder.
        expected, found: SHA-512, each given wherever it can be known; of what has no SHA-512 the algorithm stands before
            the digest (`sha256 …`).
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
    try:
        tree = StoredFiles(folder, progress)
        if not (folder / layout.OBJECT_DECLARATION).is_file():
            return Verification(object_id, None, 0, 0, (told_of(tree, NOT_AN_OBJECT, layout.OBJECT_DECLARATION),))
        inventory = read_root_inventory(object_id, folder)
    except OSError:  # its folder does not let us in
        return Verification(object_id, None, 0, 0, (Damage(UNREADABLE, layout.OBJECT_DECLARATION),))
    except ObjectUnreadable:
        return Verification(object_id, None, 0, 0, (Damage(UNREADABLE, INVENTORY),))
    except ObjectDamaged:
        return Verification(object_id, None, 0, 0, (told_of(tree, INVENTORY_BAD, INVENTORY),))
    damages = examine_copy(tree, inventory)
    return Verification(inventory.object_id, inventory, len(inventory.manifest), tree.bytes_read, damages)


def examine_copy(tree: Tree, inventory: Inventory) -> tuple[Damage, ...]:
    """Read all files of a stored copy, wherever it lies, and tell its damages in the order of their paths.

    Args:
        inventory: the object's own, confirmed by its sidecar.
    """
    if "" in tree.closed:
        return (Damage(UNREADABLE, "."),)
    copy = _Copy(tree, "ocfl", manifest=inventory.manifest)
    ocfl.examine(copy, fixity=False)
    for path in (tree.files.keys() | set(tree.special)) - known_files(inventory):
        copy.note(UNEXPECTED, path)
    for number in inventory.versions:
        if not _sidecar_as_written(tree, f"v{number}"):
            copy.note(INVENTORY_BAD, f"v{number}/{INVENTORY}")
    return tuple(copy.damages[key] for key in sorted(copy.damages))


@dataclass
class _Copy(Package):
    """A stored copy under the examiner's rules, whose findings become damages as the store tells them."""

    manifest: Mapping[str, str] = field(default_factory=dict)
    damages: dict[tuple[str, str], Damage] = field(default_factory=dict)

    def find(self, code: str, severity: Severity | None = None, **data: Any) -> None:
        path = str(data.get("path", ""))
        if told := _code_of(code, str(data.get("ocfl", "")), path):
            self.note(told, path, str(data.get("expected", "")), str(data.get("found", "")))

    def note(self, code: str, path: str, expected: str = "", found: str = "") -> None:
        if code == MISSING and any(path.startswith(f"{folder}/") for folder in self.tree.closed):
            code = UNREADABLE
        if (path, code) not in self.damages:
            expected = expected or ("" if code == UNEXPECTED else self.manifest.get(path, ""))
            self.damages[path, code] = told_of(self.tree, code, path, expected, found)


def told_of(tree: Tree, code: str, path: str, expected: str = "", found: str = "") -> Damage:
    """A damage with the digests that can be known of it: what is there is read, what should be is said beside it or is always the same.

    Of an inventory that its own sidecar confirms, what it should be is not known here.
    """
    found = found or (digest_in(tree, path) if code not in (MISSING, UNREADABLE) else "")
    if code != UNEXPECTED and not expected:
        stated = _stated(tree, path)
        expected = stated if stated != found else ""
    return Damage(code, path, expected, found)


def digest_in(tree: Tree, path: str) -> str:
    """SHA-512 of a file as it lies there; empty where there is none, or none that can be read."""
    if path not in tree.files:
        return ""
    try:
        return tree.digests(path, ["sha512"])["sha512"]
    except Unreadable:
        return ""


def _stated(tree: Tree, path: str) -> str:
    """SHA-512 that a file of the object itself should have, by what lies beside it."""
    folder, _, name = path.rpartition("/")
    before = f"{folder}/" if folder else ""
    try:
        if path == layout.OBJECT_DECLARATION:
            return hashlib.sha512(layout.OBJECT_DECLARATION_TEXT).hexdigest()
        if name == INVENTORY:
            return stated_in(tree.read(f"{before}{SIDECAR}"))
        if name == SIDECAR:
            return hashlib.sha512(sidecar(tree.read(f"{before}{INVENTORY}"))).hexdigest()
    except Unreadable:
        pass
    return ""


def _code_of(code: str, sentence: str, path: str) -> str:
    """What a finding of the examiner is to the store; empty for advice, and for what is told otherwise."""
    if code == "OCF-007":
        return {"W010": MISSING, "W011": INVENTORY_BAD}.get(sentence, "")
    if code == "OCF-001":
        return CHANGED if path == layout.OBJECT_DECLARATION else ""
    if code == "OCF-004":
        return INVENTORY_BAD if path.endswith(INVENTORY) and path.count("/") < 2 else CHANGED
    if code == "OCF-006" and path.endswith("/"):
        return UNEXPECTED
    if code == "OCF-002" and sentence == "E058":
        return MISSING
    return DAMAGES.get(code, "")


class StoredFiles(FolderTree):
    """An object's files, digested beside each other and from the medium."""

    def __init__(self, folder: Path, progress: Progress | None) -> None:
        super().__init__(folder)
        self.bytes_read = 0
        self._progress = progress

    def digest_many(
        self, wanted: Mapping[str, Collection[str]]
    ) -> Iterator[tuple[str, Mapping[str, str] | Unreadable]]:
        for path, _, found, size in _digests(self.root, dict.fromkeys(wanted, "")):
            self.bytes_read += size
            if self._progress:
                self._progress(size)
            yield path, Unreadable(path) if found in (None, UNREADABLE) else {"sha512": found}


def _sidecar_as_written(tree: Tree, version: str) -> bool:
    """Whether a version's inventory and sidecar fit to the byte; where one is not there, that is told already."""
    try:
        return tree.read(f"{version}/{SIDECAR}") == sidecar(tree.read(f"{version}/{INVENTORY}"))
    except Unreadable:
        return True


def read_back(folder: Path, expected: Mapping[str, str]) -> list[str]:
    """Read files just written, the cache dropped first; tell the paths whose SHA-512 is not the expected one."""
    return [path for path, digest, found, _ in _digests(folder, expected) if found != digest]


def sha512_of(path: str | Path) -> tuple[str, int]:
    """Digest one file from the medium rather than from memory, where the system allows; give digest and size."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        durable.drop_cache(descriptor)
        digest, size = hashlib.sha512(), 0
        # A small file in one piece, without room for a large one; asked for a byte more than there is, a file tells its end.
        room = min(os.fstat(descriptor).st_size + 1, _PIECE)
        if room == _PIECE:
            durable.read_ahead(descriptor)
        piece, read = memoryview(bytearray(room)), room
        while read == room:
            read = os.readv(descriptor, [piece])
            digest.update(piece[:read])
            size += read
        durable.drop_cache(descriptor)
        return digest.hexdigest(), size
    finally:
        os.close(descriptor)


def _digests(folder: Path, expected: Mapping[str, str]) -> Iterator[tuple[str, str, str | None, int]]:
    """Digest files beside each other; give path, expected digest, digest found, size.

    The digest found is None where there is no such file, and UNREADABLE where the system could not read it.
    """
    ordered = sorted(expected.items())
    # Some files at a time: handing over a single small one costs as much as reading it; of few, large ones, fewer.
    at_once = min(_AT_ONCE, max(1, len(ordered) // (4 * _WORKERS)))
    heaps = [ordered[start : start + at_once] for start in range(0, len(ordered), at_once)]
    with ThreadPoolExecutor(_WORKERS, "ocfl-read") as pool:
        try:
            for found in pool.map(partial(_look_at, os.fspath(folder)), heaps):
                yield from found
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _look_at(folder: str, heap: Sequence[tuple[str, str]]) -> list[tuple[str, str, str | None, int]]:
    seen: list[tuple[str, str, str | None, int]] = []
    for path, digest in heap:
        try:
            found, size = sha512_of(f"{folder}/{path}")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            seen.append((path, digest, None, 0))
        except OSError:
            seen.append((path, digest, UNREADABLE, 0))
        else:
            seen.append((path, digest, found, size))
    return seen


def files_of(inventory: Inventory, earlier: Mapping[int, str]) -> dict[str, str]:
    """The files of an object with the SHA-512 each should have, as its newest inventory tells.

    Args:
        earlier: SHA-512 of the inventories of the versions before it, as far as they are known; the others are left out.
    """
    files = {
        **inventory.manifest,
        layout.OBJECT_DECLARATION: hashlib.sha512(layout.OBJECT_DECLARATION_TEXT).hexdigest(),
    }
    told = {f"v{number}/": earlier.get(number, "") for number in inventory.versions}
    told |= {"": inventory.sha512, f"v{inventory.head}/": inventory.sha512}
    for folder, digest in told.items():
        if digest:
            files[folder + INVENTORY] = digest
            files[folder + SIDECAR] = hashlib.sha512(sidecar_of(digest)).hexdigest()
    return files


def hold_against(tree: Tree, files: Mapping[str, str], known: Collection[str]) -> Iterator[Damage]:
    """Hold a stored copy against the digests its files should have, whatever its own inventory says.

    Args:
        known: what may lie there besides.
    """
    for path in files.keys() - tree.files.keys():
        yield Damage(MISSING, path, files[path])
    there = {path: ["sha512"] for path in sorted(files.keys() & tree.files.keys())}
    for path, found in tree.digest_many(there):
        if isinstance(found, Unreadable):
            yield Damage(UNREADABLE, path, files[path])
        elif found["sha512"] != files[path]:
            is_inventory = path.endswith(INVENTORY) and path.count("/") < 2
            yield Damage(INVENTORY_BAD if is_inventory else CHANGED, path, files[path], found["sha512"])
    for path in (tree.files.keys() | set(tree.special)) - set(known) - files.keys():
        yield Damage(UNEXPECTED, path, found=digest_in(tree, path))


def known_files(inventory: Inventory) -> set[str]:
    """The paths of all files of an object, inventories and declaration included: nothing else may lie there."""
    known = {layout.OBJECT_DECLARATION, INVENTORY, SIDECAR, *inventory.manifest}
    for number in inventory.versions:
        known |= {f"v{number}/{INVENTORY}", f"v{number}/{SIDECAR}"}
    return known
