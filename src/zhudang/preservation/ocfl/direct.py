"""Large new files straight to the medium, past the system's memory, and compared there with what ours still holds.

Through the system's memory a gigabyte costs a copy page by page, and a second pass when the system writes it out; straight
to the medium it costs next to nothing. Each piece is written at every place, forced, read back from the medium and compared
byte for byte while its bytes are at hand, which says more than a digest and costs less. Where a file system takes no direct
access (`open(2)`, O_DIRECT), the same is done with the cache dropped in between.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import mmap
import os
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

PIECE = 8 * 1024 * 1024
_READ = 4 * 1024 * 1024
_ALIGNED = 4096
"""Direct access wants memory, offset and length in multiples of the medium's block; none we know has larger ones."""
_IN_FLIGHT = 2
"""Pieces of one file on their way while the next is filled."""
_DIRECT: int = getattr(os, "O_DIRECT", 0)
_REFUSED = frozenset({errno.EINVAL, errno.EOPNOTSUPP})
"""What systems answer that do not take direct access."""

_compare = ctypes.CDLL(None).memcmp
_compare.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]


class _Memory:
    """Memory that begins at a page: an anonymous mapping."""

    def __init__(self, size: int) -> None:
        self._mapped = mmap.mmap(-1, size)
        self.view = memoryview(self._mapped)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._mapped))


@dataclass
class _Place:
    """The file at one place, open for writing and reading.

    Attributes:
        direct: whether it is past the system's memory.
    """

    path: Path
    descriptor: int
    direct: bool

    @classmethod
    def create(cls, path: Path) -> _Place:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        if not _DIRECT:
            return cls(path, os.open(path, flags, 0o644), direct=False)
        try:
            return cls(path, os.open(path, flags | _DIRECT, 0o644), direct=True)
        except OSError as problem:
            if problem.errno not in _REFUSED:
                raise
        # Some systems make the file before they refuse the access.
        path.unlink(missing_ok=True)
        return cls(path, os.open(path, flags, 0o644), direct=False)

    def write_and_compare(self, piece: _Memory, size: int, offset: int, scratch: _Memory) -> bool:
        """Write a piece, force it, read it back; tell whether the medium gives what was written."""
        try:
            self._write(piece, size, offset)
        except OSError as problem:
            if not self.direct or problem.errno not in _REFUSED:
                raise
            # The file was opened for direct access, but what lies below does not take it.
            fcntl.fcntl(self.descriptor, fcntl.F_SETFL, fcntl.fcntl(self.descriptor, fcntl.F_GETFL) & ~_DIRECT)
            self.direct = False
            self._write(piece, size, offset)
        os.fdatasync(self.descriptor)
        try:
            return self._holds(piece, size, offset, scratch)
        except OSError:
            return False

    def _write(self, piece: _Memory, size: int, offset: int) -> None:
        whole = -(-size // _ALIGNED) * _ALIGNED if self.direct else size
        piece.view[size:whole] = bytes(whole - size)
        done = 0
        while done < whole:
            done += os.pwrite(self.descriptor, piece.view[done:whole], offset + done)
        if whole > size:  # the file's last piece
            os.ftruncate(self.descriptor, offset + size)

    def _holds(self, piece: _Memory, size: int, offset: int, scratch: _Memory) -> bool:
        if not self.direct:
            os.posix_fadvise(self.descriptor, offset, size, os.POSIX_FADV_DONTNEED)
        done = 0
        while done < size:
            read = min(os.preadv(self.descriptor, [scratch.view], offset + done), size - done)
            if not read or _compare(scratch.address, piece.address + done, read):
                return False
            done += read
        return True


class Pieces:
    """The memory and the threads that large files are written with; use it as a context.

    Args:
        places: how many each file is written to.
        files: how many are written at once.
    """

    def __init__(self, places: int, files: int) -> None:
        self._pool = ThreadPoolExecutor(places * files, "ocfl-direct")
        self._free: list[_Memory] = []
        self._own = threading.local()

    def __enter__(self) -> Pieces:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _value: object, _trace: TracebackType | None) -> None:
        self._pool.shutdown(wait=True)

    def submit(self, place: _Place, piece: _Memory, size: int, offset: int) -> Future[bool]:
        """Let a thread write a piece and compare it."""
        return self._pool.submit(lambda: place.write_and_compare(piece, size, offset, self._scratch()))

    def take(self) -> _Memory:
        """Give memory for one piece."""
        try:
            return self._free.pop()
        except IndexError:
            return _Memory(PIECE)

    def give_back(self, piece: _Memory) -> None:
        """Take memory back for the next piece."""
        self._free.append(piece)

    def _scratch(self) -> _Memory:
        """Memory of the calling thread to read into."""
        if not hasattr(self._own, "memory"):
            self._own.memory = _Memory(_READ)
        memory: _Memory = self._own.memory
        return memory


class NewFile:
    """One new file at several places: `put` its bytes, `close` it; `leave` it in any case.

    Args:
        paths: one a place; none exists yet, their folders do.

    Attributes:
        sha512: of all bytes, once closed.
        size: bytes put.
    """

    def __init__(self, pieces: Pieces, paths: Sequence[Path]) -> None:
        self.sha512 = hashlib.sha512()
        self.size = 0
        self._pieces = pieces
        self._piece: _Memory | None = None
        self._filled = 0
        self._on_their_way: deque[tuple[_Memory, list[Future[bool]]]] = deque()
        self._differing: set[Path] = set()
        self._places: list[_Place] = []
        try:
            for path in paths:
                self._places.append(_Place.create(path))
        except BaseException:
            self.leave()
            raise

    def put(self, data: bytes) -> None:
        """Take more bytes; waits for the medium when it is behind.

        Raises:
            OSError: an earlier piece could not be written.
        """
        given = memoryview(data)
        while given:
            if self._piece is None:
                self._piece = self._pieces.take()
            taken = given[: PIECE - self._filled]
            self._piece.view[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            self.size += len(taken)
            given = given[len(taken) :]
            if self._filled == PIECE:
                self._hand_over(self._piece)

    def close(self) -> list[Path]:
        """Wait until all of it is on the medium everywhere; give the paths where something else lies than was put.

        Raises:
            OSError: a piece could not be written.
        """
        if self._piece is not None:
            self._hand_over(self._piece)
        while self._on_their_way:
            self._wait_for_oldest()
        for place in self._places:
            os.fsync(place.descriptor)
        return sorted(self._differing)

    def leave(self) -> None:
        """Wait for what is on its way, and close the files."""
        for _, running in self._on_their_way:
            wait(running)
        for place in self._places:
            os.close(place.descriptor)
        self._places = []

    def _hand_over(self, piece: _Memory) -> None:
        filled, offset = self._filled, self.size - self._filled
        self._piece, self._filled = None, 0
        self._on_their_way.append(
            (piece, [self._pieces.submit(place, piece, filled, offset) for place in self._places])
        )
        self.sha512.update(piece.view[:filled])
        if len(self._on_their_way) >= _IN_FLIGHT:
            self._wait_for_oldest()

    def _wait_for_oldest(self) -> None:
        piece, running = self._on_their_way[0]
        wait(running)
        self._on_their_way.popleft()
        self._pieces.give_back(piece)
        for place, told in zip(self._places, running, strict=True):
            if not told.result():
                self._differing.add(place.path)
