"""Which bytes are shown to people: an upper context may give proven ones in the place of those lying here.

Content lies below preservation and must not import it, so preservation hands its answer down.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from zhudang.content.queries import StoredFile

Proven = Callable[[StoredFile], Path | None]
"""Where proven bytes of a file lie; None when it is not this context's to say. Raises a refusal when there are none to show."""

_proven: list[Proven] = []
_TRIES = 3


def proven_by(answer: Proven) -> None:
    """Make an upper context's answer known; a second one replaces the first."""
    _proven[:] = [answer]


def path_to_show(file: StoredFile) -> Path:
    """Where the bytes lie that people are shown of a file. Rights were asked by the caller.

    Raises:
        Refusal: they were looked at and are not what was received; nothing is shown.
    """
    return (_proven[0](file) if _proven else None) or file.path


def opened_to_show(file: StoredFile) -> BinaryIO:
    """As `path_to_show`, opened: what is open stays readable also when its place is cleared."""
    for _ in range(_TRIES - 1):
        try:
            return path_to_show(file).open("rb")
        except FileNotFoundError:
            continue
    return path_to_show(file).open("rb")
