"""The files of a backup, encrypted or not: put by name, read back by name, never plain on the disk in between."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from zhudang.preservation.ocfl import sealing, streaming
from zhudang.preservation.ocfl.sealing import Identities


@dataclass(frozen=True)
class BackupFiles:
    """A backup's folder.

    Args:
        recipient: for whom its files are encrypted; empty for a plain backup.
        identities: what opens them, when it is read.
    """

    folder: Path
    recipient: str = ""
    identities: Identities = field(default_factory=Identities)

    def put(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a file (mode 0600) as its bytes come."""
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            if self.recipient:
                sealing.seal_stream(
                    chunks, self.recipient, plain=[], sealed=[lambda piece: _all_written(target, piece)]
                )
            else:
                target.writelines(chunks)

    def put_file(self, name: str, source: Path) -> None:
        """Take a file in."""
        with source.open("rb") as stream:
            self.put(name, streaming.chunks_of(stream))

    def put_folder(self, name: str, source: Path) -> None:
        """Take a folder's files in."""
        for path in files_below(source):
            self.put_file(f"{name}/{path.relative_to(source).as_posix()}", path)

    def names(self, below: str) -> list[str]:
        """Tell the names of the files in one of the backup's folders, relative to that folder."""
        found = (path.relative_to(self.folder / below).as_posix() for path in files_below(self.folder / below))
        return [name.removesuffix(self._suffix) for name in found]

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Read a file.

        Raises:
            CannotOpen: it is encrypted, and damaged or not for a key given.
        """
        if self.recipient:
            with self.identities.opened(self._path(name)) as stream:
                yield stream
        else:
            with self._path(name).open("rb") as stream:
                yield stream

    def bring_file(self, name: str, target: Path) -> None:
        """Put a file's plain bytes at `target` (mode 0600), in the place of what is there."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.opened(name) as source, target.open("wb") as copy:
            target.chmod(0o600)
            for chunk in streaming.chunks_of(source):
                copy.write(chunk)

    def bring_folder(self, name: str, target: Path) -> None:
        """Put a folder's files below `target`."""
        for each in self.names(name):
            self.bring_file(f"{name}/{each}", target / each)

    def _path(self, name: str) -> Path:
        return self.folder / (name + self._suffix)

    @property
    def _suffix(self) -> str:
        return sealing.SUFFIXES[sealing.suite_of(self.recipient)] if self.recipient else ""


def files_below(folder: Path) -> Iterator[Path]:
    """Walk the files of a folder in the order of their paths."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _all_written(target: BinaryIO, piece: bytes) -> None:
    target.write(piece)
