"""Digests of bytes: SHA-256 and SM3 together, in one pass, at flat memory."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from concurrent.futures import Future

CHUNK_BYTES = 1024 * 1024
_THREADED_FROM_BYTES = 8 * 1024 * 1024
_AHEAD = 16


@dataclass(frozen=True)
class Digests:
    """Lowercase hex digests of one run of bytes, and its length."""

    sha256: str
    sm3: str
    size: int


class Hasher:
    """Feed chunks, then ask for both digests. SM3 is GB/T 32905, SHA-256 is FIPS 180-4."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._sm3 = hashlib.new("sm3")
        self._size = 0

    def update(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._sha256.update(chunk)
        self._sm3.update(chunk)
        self._size += len(chunk)

    def digests(self) -> Digests:
        """Give both digests of everything fed so far."""
        return Digests(self._sha256.hexdigest(), self._sm3.hexdigest(), self._size)


class HasherBeside(Hasher):
    """As `Hasher`, with SM3 (the slower by four) on a thread of its own: hashlib lets go of the interpreter lock.

    A chunk must not change after it was fed; at most sixteen wait, so memory stays flat. `digests()` ends it.
    """

    def __init__(self) -> None:
        from concurrent.futures import ThreadPoolExecutor  # large files only: small ones should not wait for it

        super().__init__()
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="sm3")
        self._waiting: deque[Future[None]] = deque()

    def update(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes."""
        while len(self._waiting) >= _AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._beside.submit(self._sm3.update, chunk))
        self._sha256.update(chunk)
        self._size += len(chunk)

    def digests(self) -> Digests:
        """Give both digests of everything fed."""
        self._beside.shutdown(wait=True)
        return super().digests()

    def __del__(self) -> None:
        self._beside.shutdown(wait=False)


def hasher_for(size_bytes: int) -> Hasher:
    """Give the hasher that is fastest for a run of about this many bytes."""
    return HasherBeside() if size_bytes >= _THREADED_FROM_BYTES else Hasher()


def chunks_of(stream: BinaryIO, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the rest of the stream in chunks of at most `size` bytes."""
    while chunk := stream.read(size):
        yield chunk


def digest_file(path: Path) -> Digests:
    """Digest a whole file in one pass; large ones on two threads."""
    with path.open("rb", buffering=0) as stream:
        hasher = hasher_for(path.stat().st_size)
        for chunk in chunks_of(stream):
            hasher.update(chunk)
    return hasher.digests()
