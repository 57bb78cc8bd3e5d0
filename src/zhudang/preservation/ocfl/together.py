"""New files forced to the disk: each by itself, or many with one call on file systems that promise it for each of them.

An fsync for each of a thousand files of 20 KB costs more than all digests and sealing together; `syncfs` writes the same
bytes and names, ends the journal's transaction once and empties the disk's own cache once. It also waits for what others
have written there, so a few files are better forced one by one.
"""

import ctypes
import errno
import os
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from zhudang.preservation.ocfl import durable

_FEWEST = 64
"""Fewer files than this are forced one by one."""
_EVERY_BYTES = 8 * 1024 * 1024
_PROMISING = frozenset({"ext4", "xfs"})
"""Journalling file systems of one disk. Not FUSE, where `syncfs` does not reach whoever serves it; not the network."""
_FAT = frozenset({"vfat", "msdos"})
_LARGEST_ON_FAT = 4 * 1024**3 - 1
_TELLS_FAILURES = (5, 8)
"""Before this version of Linux `syncfs` did not say that writing had failed."""
_MOUNTED = Path("/proc/self/mountinfo")


class Forcing:
    """Each new file is on the disk when it is written; a folder's names are when it was synced."""

    workers = 8
    """How many may write at once: each waits for the disk."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a small new file."""
        durable.write_durably(path, data)

    def sync_folders(self, folders: Iterable[Path]) -> None:
        """Force the names in folders."""
        durable.sync_folders(folders)


class ForcingTogether(Forcing):
    """Files and names are on the disk at the end; the disk is kept busy before, beside who writes."""

    workers = (os.cpu_count() or 2) + 1

    def __init__(self, descriptors: Sequence[int]) -> None:
        self._descriptors = descriptors
        self._unforced = 0
        self._counting = threading.Lock()
        self._beside = ThreadPoolExecutor(1, "ocfl-force")
        self._running: Future[None] | None = None

    def write(self, path: Path, data: bytes) -> None:
        """Write a small new file."""
        durable.write_unforced(path, data)
        with self._counting:
            self._unforced += len(data)
            if self._unforced >= _EVERY_BYTES and (self._running is None or self._running.done()):
                self._told()
                self._unforced = 0
                self._running = self._beside.submit(self._force)

    def sync_folders(self, folders: Iterable[Path]) -> None:
        """Nothing: names come with all else."""

    def finish(self) -> None:
        """Wait until everything is on the disk.

        Raises:
            OSError: something is not; it is not told which file.
        """
        self._beside.shutdown(wait=True)
        self._told()
        self._force()

    def give_up(self) -> None:
        """Wait for what runs."""
        self._beside.shutdown(wait=True)

    def _told(self) -> None:
        if self._running is not None:
            self._running.result()

    def _force(self) -> None:
        for descriptor in self._descriptors:
            if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))


@contextmanager
def forced(folders: Sequence[Path], files: int) -> Iterator[Forcing]:
    """Give what writes small new files below `folders`; all are on the disk when the block has ended well.

    Args:
        folders: existing ones.
        files: how many will be written; it decides whether one call for all is worth it.

    Raises:
        OSError: something could not be forced; at the end of the block, for any of the files.
    """
    if files < _FEWEST or not all(map(can_force_together, folders)):
        yield Forcing()
        return
    # Opened before the first byte: a descriptor is told of failures since it was opened.
    descriptors = [os.open(folder, os.O_RDONLY | os.O_DIRECTORY) for folder in _one_a_disk(folders)]
    forcing = ForcingTogether(descriptors)
    try:
        yield forcing
        forcing.finish()
    finally:
        forcing.give_up()
        for descriptor in descriptors:
            os.close(descriptor)


def can_force_together(folder: Path) -> bool:
    """Whether one call forces everything written below a folder, and tells what failed."""
    found = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if os.uname().sysname != "Linux" or not found or (int(found[1]), int(found[2])) < _TELLS_FAILURES:
        return False
    return _kind_of(folder.stat().st_dev) in _PROMISING


def refuse_too_large(folder: Path, sizes: Iterable[tuple[str, int]]) -> None:
    """Refuse, before a byte is written, what the file system of a folder cannot hold as one file (FAT32: 4 GB and more).

    Args:
        sizes: path -> bytes, as pairs; a path stands in the failure.

    Raises:
        OSError: EFBIG.
    """
    path, size = max(sizes, key=lambda each: each[1], default=("", 0))
    if size > _LARGEST_ON_FAT and _kind_of(folder.stat().st_dev) in _FAT:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)


def _kind_of(device: int) -> str:
    """Tell the kind of file system mounted from a device (`proc(5)`, mountinfo); empty where it is not listed."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = _MOUNTED.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        if before.split()[2] == wanted:
            return after.split()[0]
    return ""


def _one_a_disk(folders: Sequence[Path]) -> list[Path]:
    return list({folder.stat().st_dev: folder for folder in folders}.values())
