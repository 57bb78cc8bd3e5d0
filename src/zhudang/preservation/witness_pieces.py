"""The pieces in which the log's witness lies in a bucket: how they are named, and which a bucket was seen to hold.

What was seen is remembered in the data folder, so that a piece deleted in the bucket is missed; what is written again in
its place says so by its name: `audit-heads-202611-000002-000000004711-refilled-20261130T042500Z.jsonl`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

_NAME = re.compile(r"((?:audit|tree)-heads-\d{6})-(\d{6})-(\d{12})(?:-refilled-(\d{8}T\d{6}Z))?\.jsonl\Z")
_MOMENT = "%Y%m%dT%H%M%SZ"
_GIVEN_UP = -1
Place = tuple[str, int, int]


@dataclass(frozen=True, order=True)
class Piece:
    """One file of a month's lines in a bucket.

    Args:
        turn: counted from 1; a month whose file here was replaced begins again at byte 0 with the next turn.
        start: at which byte of the month's file it begins.
        refilled: when it was written in the place of one that was lost; empty of one that was not.
    """

    month: str
    turn: int
    start: int
    size: int = 0
    refilled: str = ""

    @property
    def name(self) -> str:
        again = f"-refilled-{self.refilled}" if self.refilled else ""
        return f"{self.month}-{self.turn:06}-{self.start:012}{again}.jsonl"

    @property
    def place(self) -> Place:
        """Where its lines stand, whichever file holds them."""
        return self.month, self.turn, self.start

    @property
    def since(self) -> str:
        """Since when it bears witness, as lines tell it; empty of one that was never lost."""
        return datetime.strptime(self.refilled, _MOMENT).replace(tzinfo=UTC).isoformat() if self.refilled else ""

    def again(self, now: datetime) -> Piece:
        """The same lines, written now."""
        return replace(self, refilled=f"{now.astimezone(UTC):{_MOMENT}}")


def piece(name: str, size: int) -> Piece | None:
    """The piece of a file's name; None where it is none."""
    found = _NAME.match(name)
    return Piece(found[1], int(found[2]), int(found[3]), size, found[4] or "") if found else None


class Known:
    """The pieces one bucket was seen to hold, a line each: name and bytes; later lines of a place count."""

    def __init__(self, site_code: str, address: str) -> None:
        self._path = Path(settings.DATA) / "far-witness" / f"{site_code}.txt"
        self._head = f"# {address}"
        self.sizes: dict[Place, int] = {}
        try:
            head, *lines = self._path.read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, ValueError):
            head, lines = "", []
        if head != self._head:
            # Another bucket than was seen: nothing is known of it.
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.write_text(f"{self._head}\n", encoding="utf-8")
            return
        for line in lines:
            name, _, size = line.partition(" ")
            if (told := piece(name, 0)) is not None and size.removeprefix("-").isdigit():
                self.sizes[told.place] = int(size)

    def lost(self, there: Iterable[Piece]) -> list[Piece]:
        """The pieces that were there whole and are not, but those given up; in their order."""
        found: dict[Place, set[int]] = {}
        for each in there:
            found.setdefault(each.place, set()).add(each.size)
        gone = ((place, size) for place, size in self.sizes.items() if size not in (_GIVEN_UP, *found.get(place, ())))
        return sorted(Piece(*place, size) for place, size in gone)

    def note(self, seen: Iterable[Piece]) -> None:
        """Remember what is there now and was not known."""
        self._add(each for each in seen if each.place not in self.sizes)

    def note_written(self, new: Piece) -> None:
        """Remember what was written and read back just now."""
        self._add([new])

    def agrees(self, seen: Piece) -> bool:
        """Whether a piece is as long as it was when it was first seen, or nothing is known of it."""
        return self.sizes.get(seen.place, seen.size) in (seen.size, _GIVEN_UP)

    def give_up(self, lost: Piece) -> None:
        """Tell no more of a piece that was told and cannot be written again."""
        self._add([replace(lost, size=_GIVEN_UP)])

    def _add(self, pieces: Iterable[Piece]) -> None:
        new = list(pieces)
        if not new:
            return
        with self._path.open("a", encoding="utf-8") as stream:
            stream.writelines(f"{each.name} {each.size}\n" for each in new)
            stream.flush()
            os.fsync(stream.fileno())
        self.sizes |= {each.place: each.size for each in new}
