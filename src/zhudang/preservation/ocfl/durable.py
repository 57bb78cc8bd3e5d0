"""Bytes that are on the disk when we say so: fsync of files and of the folders that name them."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_TO_END = 0


def write_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a small new file and force it to the disk; its folder is the caller's to sync."""
    _write(path, data, mode, force=True)


def write_unforced(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a small new file that the caller forces to the disk, together with others."""
    _write(path, data, mode, force=False)


def _write(path: Path, data: bytes, mode: int, *, force: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        write_all(descriptor, data)
        if force:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put `data` at `path` in one step: a reader sees the old file or the new one, also after a power cut."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    write_durably(beside, data, mode)
    beside.replace(path)
    sync_folder(path.parent)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of `data`; the system call alone may take only a part of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """Force a folder's list of names to the disk: without it a new file may be gone after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folders(folders: Iterable[Path]) -> None:
    """Sync folders, the deepest first, so that no name is durable before what it names."""
    for folder in sorted(set(folders), key=lambda item: len(item.parts), reverse=True):
        sync_folder(folder)


def make_folders(folder: Path) -> None:
    """Make a folder with all its parents; every new name is on the disk afterwards."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        sync_folder(new.parent)


def make_folders_below(folder: Path, path: str) -> None:
    """Make the folders that lead to the file `path` below an existing folder, which is not made: its disk may be gone.

    Raises:
        FileNotFoundError: the folder is not there.
    """
    *names, _ = path.split("/")
    at = folder
    for name in names:
        at /= name
        with suppress(FileExistsError):
            at.mkdir()


def drop_cache(descriptor: int) -> None:
    """Ask the kernel to forget a file's pages, so that the next read comes from the medium where it can.

    Only clean pages go: call it after fsync. Some file systems ignore the advice (tmpfs has no other place).
    """
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, _TO_END, os.POSIX_FADV_DONTNEED)


def read_ahead(descriptor: int) -> None:
    """Tell the kernel that a file is read from its beginning to its end, so that it fetches more of it at a time."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, _TO_END, os.POSIX_FADV_SEQUENTIAL)
