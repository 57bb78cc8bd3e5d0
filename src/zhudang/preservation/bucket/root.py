"""An OCFL storage root in a bucket: objects brought there, read back whole, mended by writing over."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from zhudang.checks.packages.tree import Tree, Unreadable, hasher
from zhudang.preservation.bucket import uploading
from zhudang.preservation.bucket.client import Bucket, BucketUnreachable, Missing, Progress, Stored, TooLarge
from zhudang.preservation.bucket.versions import Version, by_key
from zhudang.preservation.domain.succession import LIMITS
from zhudang.preservation.ocfl import layout, replicate
from zhudang.preservation.ocfl.inventory import INVENTORY, SIDECAR, Inventory, sidecar
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot, readme, trusted_inventory
from zhudang.preservation.ocfl.verifier import (
    INVENTORY_BAD,
    NOT_AN_OBJECT,
    Verification,
    examine_copy,
    told_of,
)

_AT_ONCE = 4
_MOST_FILES = 2 * LIMITS.files * LIMITS.versions
STORE, QUARANTINE = "store", "quarantine"
OWN_FILES: Mapping[str, bytes] = {
    f"extensions/{layout.EXTENSION}/config.json": layout.layout_config(),
    "ocfl_layout.json": layout.layout_file(),
    layout.ROOT_DECLARATION: layout.ROOT_DECLARATION_TEXT,
}
README = "README.txt"


class BucketRoot:
    """The storage root in one bucket. All of it may raise BucketUnreachable; what writes also BucketFull."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    def key(self, path: str) -> str:
        """The key of a path below the storage root."""
        return self.bucket.address.key(f"{STORE}/{path}")

    def reach(self, *, prepared: bool) -> None:
        """Make one request that shows whether the bucket is there and ours.

        Args:
            prepared: our storage root was made there before; another bucket, or an emptied one, is then out of reach.

        Raises:
            BucketUnreachable.
        """
        if not prepared:
            list(self.bucket.listed(self.key(""), most=1))
        elif self.bucket.read(self.key(layout.ROOT_DECLARATION)) != layout.ROOT_DECLARATION_TEXT:
            raise BucketUnreachable("NoStorageRoot")

    def prepare(self, more: Mapping[str, bytes] | None = None) -> list[str]:
        """Write the root's own files where they are not as they should be, the declaration last; tells which.

        Args:
            more: files of ours beside them, such as those of the keys: name -> bytes.
        """
        wanted = {README: readme(), **(more or {}), **OWN_FILES}
        changed = [path for path, data in wanted.items() if self.bucket.read(self.key(path)) != data]
        for path in changed:
            self.bucket.put(self.key(path), wanted[path])
        return changed

    def own_files(self) -> dict[str, bytes]:
        """The root's own files with what they hold; the declaration last."""
        return {README: readme(), **OWN_FILES}

    def read(self, path: str) -> bytes | None:
        """The bytes of a small file below the storage root; None where there is none."""
        return self.bucket.read(self.key(path))

    def files(self, object_id: str) -> dict[str, Stored]:
        """What lies at an object's place: path in the object -> what the listing tells; empty where there is nothing.

        Raises:
            TooLarge: there are more files than an object may have.
        """
        start = self._start(object_id)
        rows = self.bucket.listed(start)
        found = {row.key.removeprefix(start): row for row in islice(rows, _MOST_FILES)}
        if next(rows, None) is not None:
            raise TooLarge(start)
        return found

    def versions(self, object_id: str) -> Iterator[list[Version]]:
        """All versions of each file at an object's place, the newest first."""
        return by_key(self.bucket, self._start(object_id))

    def object_ids(self) -> Iterator[str]:
        """The ids of all objects, by the names of their folders, at flat memory."""
        start = self.key("")
        for row in self.bucket.listed(start):
            parts = row.key.removeprefix(start).split("/")
            if len(parts) == 5 and parts[4] == INVENTORY and parts[0] != "extensions":
                yield unquote(parts[3])

    def object_file(self, object_id: str, path: str) -> bytes | None:
        """The bytes of a small file of an object; None where there is none."""
        return self.bucket.read(self._start(object_id) + path)

    def version_sha512(self, object_id: str, number: int) -> str:
        """SHA-512 of a version's inventory; empty where there is none."""
        data = self.bucket.read(self._start(object_id) + f"v{number}/{INVENTORY}")
        return hashlib.sha512(data).hexdigest() if data is not None else ""

    def verify(self, object_id: str, progress: Progress | None = None) -> Verification | None:
        """Read every byte of an object back and compare, as for one on a disk; None where nothing lies there."""
        tree = self.tree(object_id, progress)
        if not tree.files:
            return None
        if layout.OBJECT_DECLARATION not in tree.files:
            return Verification(object_id, None, 0, 0, (told_of(tree, NOT_AN_OBJECT, layout.OBJECT_DECLARATION),))
        try:
            inventory = trusted_inventory(object_id, tree.read(INVENTORY), tree.read(SIDECAR))
        except (ObjectDamaged, Unreadable):
            return Verification(object_id, None, 0, 0, (told_of(tree, INVENTORY_BAD, INVENTORY),))
        told = examine_copy(tree, inventory)
        return Verification(inventory.object_id, inventory, len(inventory.manifest), tree.bytes_read, told)

    def tree(self, object_id: str, progress: Progress | None = None) -> _BucketTree:
        """An object's files as they lie there; empty where there are none."""
        return _BucketTree(self.bucket, self.files(object_id), progress)

    def bring_up_to(
        self, source: StorageRoot, object_id: str, *, again: Collection[str] = (), progress: Progress | None = None
    ) -> Inventory:
        """Bring an object to the version `source` holds: content first, the object's own inventory and sidecar last.

        What lies there with its size is not sent again; that it is right, reading back must show. Only the writer of the
        site may do this.

        Args:
            again: paths to write whatever lies there.

        Raises:
            SourceChanged: the copy to be copied is itself damaged; the object's inventory there is as before.
        """
        inventory = replicate.sound_inventory(source, object_id)
        wanted, folder = replicate.all_files(source, inventory), source.object_folder(object_id)
        there = self.files(object_id)
        if self._is_ahead(object_id, there, inventory):
            return inventory
        heads = (INVENTORY, SIDECAR)
        lacking = [
            path
            for path in sorted(wanted, key=_turn)
            if path in again or path in heads or path not in there or there[path].size != (folder / path).stat().st_size
        ]
        start = self._start(object_id)
        small = [path for path in lacking if _turn(path)[0] == 0 and (folder / path).stat().st_size <= uploading.PART]
        self._put_small(folder, start, small, wanted, progress)
        sent = set(small)
        for path in (path for path in lacking if path not in sent):
            uploading.put_file(self.bucket, start + path, folder / path, wanted[path], progress=progress)
        return inventory

    def mend_head(self, object_id: str) -> None:
        """Finish a writer that died between an object's inventory and its sidecar."""
        start = self._start(object_id)
        data = self.bucket.read(start + INVENTORY)
        if data is None or self.bucket.read(start + SIDECAR) == sidecar(data):
            return
        known = {hashlib.sha512(data).hexdigest()}
        newest = [path for path in self.files(object_id) if path.startswith("v") and path.endswith(f"/{INVENTORY}")]
        # The same bytes in a version folder, with their sidecar: this inventory is one that was written whole.
        for path in newest:
            if path.count("/") == 1 and self.version_sha512(object_id, int(path[1:].split("/")[0])) in known:
                self.bucket.put(start + SIDECAR, sidecar(data))
                return

    def set_aside(self, object_id: str, paths: Iterable[str], now: datetime) -> list[str]:
        """Copy damaged files to the quarantine before they are written anew; gives their keys there."""
        name = f"{layout.object_path(object_id).name}-{now:%Y%m%dT%H%M%S%f}"
        return self._copied_aside(name, self._start(object_id), paths)

    def set_own_aside(self, paths: Iterable[str], now: datetime) -> list[str]:
        """The same, of files of the storage root itself and of those of the keys."""
        return self._copied_aside(f"{STORE}-{now:%Y%m%dT%H%M%S%f}", self.key(""), paths)

    def _copied_aside(self, name: str, start: str, paths: Iterable[str]) -> list[str]:
        kept = []
        for path in paths:
            key = self.bucket.address.key(f"{QUARANTINE}/{name}/{path}")
            try:
                self.bucket.ask(
                    "copy_object",
                    Key=key,
                    CopySource={"Bucket": self.bucket.address.bucket, "Key": start + path},
                    **self.bucket.retention(),
                )
            except Missing:
                continue
            kept.append(key)
        return kept

    def whole(self, object_id: str, path: str) -> bytes:
        """All bytes of a small file of an object.

        Raises:
            Missing, TooLarge.
        """
        return self.bucket.whole(self._start(object_id) + path)

    def stream(self, object_id: str, path: str) -> Generator[bytes, None, None]:
        """The bytes of one file of an object."""
        return self.bucket.stream(self._start(object_id) + path)

    def _start(self, object_id: str) -> str:
        return self.key(f"{layout.object_path(object_id).as_posix()}/")

    def _is_ahead(self, object_id: str, there: Mapping[str, Stored], ours: Inventory) -> bool:
        """Whether a newer version than `ours` is complete there: what is newer is never written over."""
        start = self._start(object_id)
        if INVENTORY not in there or SIDECAR not in there:
            return False
        try:
            held = trusted_inventory(
                object_id, self.bucket.read(start + INVENTORY) or b"", self.bucket.read(start + SIDECAR) or b""
            )
        except ObjectDamaged:
            return False
        return held.head > ours.head

    def _put_small(
        self, folder: Path, start: str, paths: list[str], wanted: Mapping[str, str], progress: Progress | None
    ) -> None:
        """Some files at a time, so that a throttle holds between them."""
        with ThreadPoolExecutor(_AT_ONCE, "bucket-put") as pool:
            for heap in batched_paths(paths):
                jobs = [
                    pool.submit(uploading.put_file, self.bucket, start + path, folder / path, wanted[path])
                    for path in heap
                ]
                for job in jobs:
                    job.result()
                if progress:
                    progress(sum((folder / path).stat().st_size for path in heap))


def _turn(path: str) -> tuple[int, str]:
    """In which order the files of an object are written: what makes the version count comes last."""
    if path == SIDECAR:
        return (4, path)
    if path == INVENTORY:
        return (3, path)
    if path == layout.OBJECT_DECLARATION:
        return (2, path)
    return (1, path) if path.endswith((f"/{INVENTORY}", f"/{SIDECAR}")) and path.count("/") == 1 else (0, path)


class _BucketTree(Tree):
    """An object's files in a bucket, for the examiner; each read whole, some beside each other."""

    def __init__(self, bucket: Bucket, found: Mapping[str, Stored], progress: Progress | None) -> None:
        super().__init__()
        self._bucket, self._found, self._progress = bucket, found, progress
        self.bytes_read = 0
        self.files = {path: row.size for path, row in found.items()}
        for path in found:
            parts = path.split("/")[:-1]
            self.folders.update("/".join(parts[:end]) for end in range(1, len(parts) + 1))

    def open(self, path: str) -> IO[bytes]:
        raise Unreadable("read whole, or digested")

    def read(self, path: str, limit: int = 256 * 1024 * 1024) -> bytes:
        if self.files.get(path, 0) > limit:
            raise Unreadable(f"more than {limit} bytes")
        try:
            data = self._bucket.read(self._found[path].key, limit) if path in self._found else None
        except TooLarge as more:
            raise Unreadable(f"more than {limit} bytes") from more
        if data is None:
            raise Unreadable(path)
        return data

    def digests(self, path: str, algorithms: Iterable[str]) -> dict[str, str]:
        hashers = {name: hasher(name) for name in set(algorithms)}
        try:
            for piece in self._bucket.stream(self._found[path].key):
                for each in hashers.values():
                    each.update(piece)
        except (Missing, TooLarge, KeyError) as gone:
            raise Unreadable(path) from gone
        return {name: each.hexdigest() for name, each in hashers.items()}

    def digest_many(
        self, wanted: Mapping[str, Collection[str]]
    ) -> Iterator[tuple[str, Mapping[str, str] | Unreadable]]:
        with ThreadPoolExecutor(_AT_ONCE, "bucket-read") as pool:
            for heap in batched_paths(sorted(wanted)):
                for path, (digest, size) in zip(heap, pool.map(self._sha512, heap), strict=True):
                    self.bytes_read += size
                    if self._progress:
                        self._progress(size)
                    yield path, {"sha512": digest} if digest else Unreadable(path)

    def _sha512(self, path: str) -> tuple[str, int]:
        try:
            return self.digests(path, ["sha512"])["sha512"], self.files[path]
        except Unreadable:
            return "", 0


def batched_paths(paths: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """As many paths as are handled beside each other."""
    waiting = list(paths)
    return (tuple(waiting[at : at + _AT_ONCE]) for at in range(0, len(waiting), _AT_ONCE))
