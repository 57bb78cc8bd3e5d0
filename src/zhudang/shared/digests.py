"""Digests of bytes: SHA-256 and SM3 together, in one pass, at flat memory."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 4 * 1024 * 1024
_THREADED_FROM_BYTES = 8 * 1024 * 1024


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
        self._sha256.update(chunk)
        self._sm3.update(chunk)
        self._size += len(chunk)

    def digests(self) -> Digests:
        return Digests(self._sha256.hexdigest(), self._sm3.hexdigest(), self._size)


def chunks_of(stream: BinaryIO, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the rest of the stream in chunks of at most `size` bytes."""
    while chunk := stream.read(size):
        yield chunk


def digest_file(path: Path) -> Digests:
    """Digest a whole file; large ones on two threads, since hashlib lets go of the interpreter lock."""
    if path.stat().st_size < _THREADED_FROM_BYTES:
        hasher = Hasher()
        with path.open("rb") as stream:
            for chunk in chunks_of(stream):
                hasher.update(chunk)
        return hasher.digests()
    return _digest_on_two_threads(path)


def _digest_on_two_threads(path: Path) -> Digests:
    sha256, sm3, size = hashlib.sha256(), hashlib.new("sm3"), 0
    with path.open("rb") as stream, ThreadPoolExecutor(1) as second:
        for chunk in chunks_of(stream):
            pending = second.submit(sm3.update, chunk)
            sha256.update(chunk)
            pending.result()
            size += len(chunk)
    return Digests(sha256.hexdigest(), sm3.hexdigest(), size)
