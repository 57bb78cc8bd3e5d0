"""Where a package is written: a folder or a ZIP; nothing stands under its name before it is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from zhudang.preservation.ocfl.content import Content, SourceChanged

ALGORITHMS = ("sha256", "sha512", "sm3")
_CHUNK = 1024 * 1024
_READ_ALL = 0o644


@dataclass(frozen=True)
class Written:
    """A file as it was written: bytes, and hex digests by the names hashlib knows."""

    size: int
    digests: dict[str, str]


Opens = Callable[[str], AbstractContextManager[IO[bytes]]]
"""What makes a new file under a path of the package."""


@dataclass
class Sink:
    """A package being written; `files` tells what is in it so far, by path."""

    _open: Opens
    files: dict[str, Written] = field(default_factory=dict)

    def put(self, path: str, data: bytes | str) -> Written:
        """Write a small file of ours; text is UTF-8."""
        return self.stream(path, [data.encode() if isinstance(data, str) else data])

    def copy(self, path: str, content: Content) -> Written:
        """Write an original, read once.

        Raises:
            SourceChanged: its bytes are not those that were received.
        """
        with content.open() as source:
            written = self.stream(path, iter(lambda: source.read(_CHUNK), b""))
        if written.digests["sha256"] != content.sha256:
            raise SourceChanged(content.path, content.sha256, written.digests["sha256"])
        return written

    def stream(self, path: str, pieces: Iterable[bytes]) -> Written:
        """Write a file piece by piece."""
        if path in self.files:
            raise ValueError(f"twice in one package: {path}")
        made, size = {name: hashlib.new(name) for name in ALGORITHMS}, 0
        with self._open(path) as into:
            for piece in pieces:
                into.write(piece)
                size += len(piece)
                for each in made.values():
                    each.update(piece)
        self.files[path] = Written(size, {name: each.hexdigest() for name, each in made.items()})
        return self.files[path]


@contextmanager
def package_at(target: Path, now: datetime) -> Iterator[Sink]:
    """Give a sink for the package `target`, a ZIP where its name says so, else a folder; whole at the end or not there.

    Raises:
        FileExistsError: something stands there already.
    """
    if target.exists():
        raise FileExistsError(target)
    beside = target.with_name(f".{target.name}.part")
    _remove(beside)
    try:
        if target.suffix.lower() == ".zip":
            with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as package:
                yield Sink(_into_zip(package, now))
            _flush(beside)
        else:
            beside.mkdir(parents=True)
            yield Sink(_into_folder(beside))
        beside.rename(target)
        _flush(target.parent)
    finally:
        _remove(beside)


def _into_folder(folder: Path) -> Opens:
    @contextmanager
    def opened(path: str) -> Iterator[IO[bytes]]:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())

    return opened


def _into_zip(package: zipfile.ZipFile, now: datetime) -> Opens:
    def opened(path: str) -> AbstractContextManager[IO[bytes]]:
        entry = zipfile.ZipInfo(path, now.timetuple()[:6])
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _READ_ALL << 16
        return package.open(entry, "w", force_zip64=True)

    return opened


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
