"""Paths a package states, as text from outside: may they be followed, and which file do they mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\|%\w+%[\\/]")


def leaves(path: str) -> bool:
    """Whether a stated path leads out of its package on any system: `..`, absolute, `~`, drive, UNC, variable."""
    plain = path.replace("\\", "/")
    return ".." in plain.split("/") or plain.startswith(("/", "~")) or bool(DRIVE.match(path)) or "\0" in path


def folded(path: str) -> str:
    """A key under which names fall together that some file systems cannot keep apart: case and Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


class Lookalikes:
    """Finds the file meant by a name that differs only in case or Unicode normal form."""

    def __init__(self, files: Iterable[str]) -> None:
        self._by_fold: dict[str, str] = {}
        for path in files:
            self._by_fold.setdefault(folded(path), path)

    def get(self, path: str) -> str | None:
        return self._by_fold.get(folded(path))
