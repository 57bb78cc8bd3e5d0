"""What a version is made of, and why it is refused."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

_SAFE_PATH = re.compile(r"[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*")

Progress = Callable[[int], None]


class SourceChanged(Exception):
    """A source's bytes are not those that were received: the object is not written."""

    def __init__(self, path: str, expected: str, found: str) -> None:
        super().__init__(path, expected, found)
        self.path, self.expected, self.found = path, expected, found

    def __str__(self) -> str:
        return f"{self.path}: expected sha256 {self.expected}, found {self.found}"


class CopyDiffers(Exception):
    """A staged copy read back differs from what was written; nothing entered the store there."""

    def __init__(self, folder: Path, paths: Sequence[str]) -> None:
        super().__init__(folder, paths)
        self.folder, self.paths = folder, tuple(paths)

    def __str__(self) -> str:
        return f"{self.folder}: {', '.join(self.paths)}"


class TooLarge(Exception):
    """More files or versions than one object may hold (OCFL repeats the whole state in each inventory)."""


@dataclass(frozen=True)
class Content:
    """One file of a version.

    Args:
        path: logical path, safe ASCII of ours, for example `files/0001.pdf`.
        open: gives a fresh stream of the bytes, also in another process.
        size: bytes.
        sha256: what the bytes must have; it is compared while reading.
    """

    path: str
    open: Callable[[], BinaryIO]
    size: int
    sha256: str

    def __post_init__(self) -> None:
        if not _SAFE_PATH.fullmatch(self.path):
            raise ValueError(f"not a stored path of ours: {self.path!r}")


@dataclass(frozen=True)
class Act:
    """Why a version is made: by whom, when, in words people read later."""

    created: datetime
    message: str
    user_name: str
    user_address: str


def content_of_path(path: str, source: Path, size: int, sha256: str) -> Content:
    """Make a file of bytes that lie somewhere, read when they are needed."""
    return Content(path, partial(_opened, source), size, sha256)


def _opened(source: Path) -> BinaryIO:
    return source.open("rb")


def content_of_bytes(path: str, data: bytes) -> Content:
    """Make a file of bytes at hand, for example a description."""
    return Content(path, partial(BytesIO, data), len(data), hashlib.sha256(data).hexdigest())
