"""Large files read back while the next one is written: the medium gives and takes at once, and nobody waits for all at the end."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from zhudang.preservation.ocfl.verifier import read_back


class ReadingBeside:
    """Reads files of several folders back, in the order they were forced to the disk; use it as a context.

    Args:
        folders: each holds the same files.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._pool = ThreadPoolExecutor(len(folders), "ocfl-beside")
        self._read: dict[Path, dict[str, Future[list[str]]]] = {folder: {} for folder in folders}

    def __enter__(self) -> ReadingBeside:
        return self

    def __exit__(self, kind: type[BaseException] | None, _value: object, _trace: TracebackType | None) -> None:
        self._pool.shutdown(wait=True, cancel_futures=kind is not None)

    def read(self, path: str, sha512: str) -> None:
        """Read one file back in every folder, as soon as those before it were.

        Args:
            path: relative to the folders; what it names is on the disk.
        """
        for folder in self._folders:
            self._read[folder][path] = self._pool.submit(read_back, folder, {path: sha512})

    def different(self, folder: Path, expected: dict[str, str]) -> list[str]:
        """Wait for what is being read, read what else is expected, and tell the paths that are not as expected.

        Args:
            expected: path relative to the folder -> SHA-512 it must have.
        """
        begun = self._read[folder]
        found = read_back(folder, {path: digest for path, digest in expected.items() if path not in begun})
        return found + [path for future in begun.values() for path in future.result()]
