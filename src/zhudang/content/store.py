"""The folder of bytes: what is coming in, what is stored, and how a byte becomes durable.

    incoming/<id>        one file being taken in, in one go
    uploads/<id>         one tus upload; only its first `offset` bytes (see the row) count
    blobs/ab/<sha256>    stored bytes under their digest; 256 folders, made once, so that a batch of
                         small files has at most 256 folders to flush

A byte counts when its file was flushed, and a stored name when its folder was flushed as well. The
paths are ours: original names live in the rows.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from zhudang.content import conf
from zhudang.shared.digests import CHUNK_BYTES, Digests, hasher_for
from zhudang.shared.flushing import Flusher
from zhudang.shared.ids import new_id
from zhudang.shared.refusals import Reason, Refusal

_DIGEST = re.compile(r"^[0-9a-f]{64}$")
_IDENTIFIER = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_FLUSHERS = 8
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class DiskFull(Refusal):
    """There is no room for these bytes; nothing that was counted before is lost."""


def disk_full() -> DiskFull:
    """The refusal with the free room there is now."""
    return DiskFull(Reason("content.disk_full", {"free": free_bytes()}))


def is_full(problem: OSError) -> bool:
    """Tell whether the system said that disk or quota is used up."""
    return problem.errno in _FULL


def free_bytes() -> int:
    """Room left on the disk of the store."""
    return shutil.disk_usage(_folder("uploads")).free


def room_for(size_bytes: int) -> bool:
    """Tell whether `size_bytes` more leave the reserve untouched."""
    return free_bytes() - size_bytes >= conf.disk_reserve()


def _folder(name: str) -> Path:
    folder = conf.root() / name
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        flush_folders([folder.parent])
    return folder


def upload_path(upload_id: UUID) -> Path:
    """Where the bytes of a running upload lie."""
    return _folder("uploads") / str(upload_id)


def new_incoming() -> Path:
    """A fresh name for a file taken in at one go."""
    return _folder("incoming") / str(new_id())


Bring = Callable[[str, Path], None]
"""(digest, where they are wanted): makes bytes that are not here readable at that path, or raises why not."""

_elsewhere: list[Bring] = []


def look_elsewhere(bring: Bring) -> None:
    """Have bytes that are not stored here brought when they are asked for; a second one replaces the first."""
    _elsewhere[:] = [bring]


def _own_path(sha256: str) -> Path:
    return conf.root() / "blobs" / sha256[:2] / sha256


def blob_path(sha256: str) -> Path:
    """Where stored bytes lie."""
    path = _own_path(sha256)
    if _elsewhere and not path.exists():
        _elsewhere[0](sha256, path)
    return path


def prepare() -> None:
    """Make the folders once; later calls find them and do nothing."""
    blobs = _folder("blobs")
    if not (blobs / "ff").exists():
        for number in range(256):
            (blobs / f"{number:02x}").mkdir(exist_ok=True)
        flush_folders([blobs])


def flush(path: Path) -> None:
    """Wait until the bytes of the file are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_folders(folders: Iterable[Path]) -> None:
    """Wait until the names in these folders are on disk."""
    _flush_all(sorted(set(folders)))


def _flush_all(paths: list[Path]) -> None:
    # Flushing side by side lets the file system write many files with one turn of its journal.
    if len(paths) < 4:
        for path in paths:
            flush(path)
        return
    with ThreadPoolExecutor(_FLUSHERS) as flushers:
        list(flushers.map(flush, paths))


def take_in(source: BinaryIO, size_hint: int = 0) -> tuple[Path, Digests]:
    """Write a stream to a fresh incoming file and digest it on the way; its last 128 MB at most are not flushed yet."""
    path, hasher = new_incoming(), hasher_for(size_hint)
    try:
        with path.open("xb", buffering=0) as target:
            flusher = Flusher(target.fileno())
            try:
                while chunk := source.read(CHUNK_BYTES):
                    hasher.update(chunk)
                    write_whole(target, chunk)
                    flusher.wrote(len(chunk))
            finally:
                flusher.close(force=False)
    except BaseException as problem:
        path.unlink(missing_ok=True)
        if isinstance(problem, OSError) and is_full(problem):
            raise disk_full() from problem
        raise
    return path, hasher.digests()


def write_whole(target: BinaryIO, chunk: bytes | memoryview) -> None:
    """Write all of the chunk; an unbuffered file may take less at a time."""
    view = memoryview(chunk)
    while view:
        written = target.write(view)
        view = view[written:]


def flush_files(paths: Iterable[Path]) -> None:
    """Wait until the bytes of all these files are on disk."""
    _flush_all(list(paths))


def settle(arrivals: Iterable[tuple[Path, Digests]]) -> None:
    """Move flushed incoming files to their place under their digest and flush the folders.

    What is stored already stays and the newcomer is dropped, unless the stored file has another size: then it
    was cut off by a crash of the machine and the whole one takes its place. The caller holds the store (see
    `operations`), so that no sweep takes a stored file away between this and the row that names it.
    """
    prepare()
    touched = set()
    for source, digests in arrivals:
        target = _own_path(digests.sha256)
        if target.exists() and target.stat().st_size == digests.size:
            source.unlink(missing_ok=True)
        else:
            source.replace(target)
        # Also for what was there already: whoever put it there may not have flushed the folder yet.
        touched.add(target.parent)
    flush_folders(touched)


def stored_names() -> Iterator[str]:
    """Yield the digests of all stored files, folder by folder; whatever else lies there is not ours."""
    blobs = conf.root() / "blobs"
    if blobs.exists():
        for folder in sorted(path for path in blobs.iterdir() if path.is_dir()):
            yield from (path.name for path in sorted(folder.iterdir()) if _DIGEST.match(path.name))


def unfinished() -> Iterator[Path]:
    """Yield incoming files and upload files, whoever they belong to; whatever else lies there is not ours."""
    for name in ("incoming", "uploads"):
        yield from (path for path in sorted(_folder(name).iterdir()) if _IDENTIFIER.match(path.name))
