"""Files within a file (archives, messages): each is examined as a file of its own, within bounds for all.

A member is written to the worker's own folder under a name of ours, never by its own path, and removed again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from zhudang.checks import limits
from zhudang.checks.model import Severity, verdict_of

if TYPE_CHECKING:
    from zhudang.checks.examine import Case

SHOWN = 500
TOLD = 20
NAME_LENGTH = 300
TOLERATED = frozenset({"FMT-003"})
"""Blocking for a file that is filed, yet ordinary within an archive: placeholders are empty."""


@dataclass
class Nest:
    """What one examined file may still spend on the files inside it, at all depths together.

    Args:
        look: examines (path, name, depth, nest) and gives the finished case.
    """

    look: Callable[[Path, str, int, Nest], Case]
    files: int = limits.INSIDE_FILES
    bytes: int = limits.INSIDE_BYTES
    until: float = field(default_factory=lambda: time.monotonic() + limits.INSIDE_S)
    requirements: tuple[Path, ...] = ()
    """IDS files the models inside are held against."""
    packed: int = 0
    """Bytes of the outermost file; 0 when not known."""
    read: int = 0

    def spent(self) -> bool:
        return self.files <= 0 or self.bytes <= 0 or time.monotonic() > self.until

    def take(self, size: int) -> None:
        """Note a member that was read out."""
        self.files -= 1
        self.bytes -= size
        self.read += size

    @property
    def is_bomb(self) -> bool:
        """Whether all levels together grew beyond measure, though none of them alone does."""
        return bool(self.packed) and self.read > limits.RATIO_FROM_BYTES and self.read > limits.RATIO * self.packed


class Spool:
    """One member on its way to being examined; its file is gone after `done` or `drop`."""

    def __init__(self, members: Members, name: str, path: Path, limit: int | None) -> None:
        self._members = members
        self._limit = limit
        self._target: BinaryIO | None = path.open("wb") if limit is not None else None
        self.name, self.path, self.size = name, path, 0

    @property
    def kept(self) -> bool:
        """Whether the whole member is in the file."""
        return self._limit is not None

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self._limit is not None and self.size > self._limit:
            self._limit = None
        if self._target is not None and self._limit is not None:
            self._target.write(chunk)

    def done(self) -> None:
        """The member is complete."""
        self._close()
        try:
            self._members.examine(self)
        finally:
            self.path.unlink(missing_ok=True)

    def drop(self, *, broken: bool = True) -> None:
        """The member cannot be read further, because it is broken or only because nobody here knows its packing."""
        self._close()
        self.path.unlink(missing_ok=True)
        self._members.dropped(self.name, "fail" if broken else "not_checked")

    def _close(self) -> None:
        if self._target is not None:
            self._target.close()


class Members:
    """Collects the members of one case: their rows for `facts.members`, and what must be told of them."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._rows: list[dict[str, Any]] = []
        self._left_out = 0
        self._for_a_person: list[str] = []
        self.count = 0

    def named(self, name: str, size: int | None = None) -> None:
        """A member that is listed but cannot be read."""
        self.count += 1
        self._row(name, size, "", "not_checked", [])

    def take(self, name: str, chunks: Iterable[bytes]) -> None:
        """Read a member to its end and examine it where the bounds allow; errors of reading pass through."""
        spool = self.open(name)
        try:
            for chunk in chunks:
                spool.write(chunk)
            spool.done()
        except NotImplementedError:
            spool.drop(broken=False)
            raise
        except BaseException:
            spool.drop()
            raise

    def open(self, name: str) -> Spool:
        """A place to write a member to, where its bytes are pushed rather than pulled."""
        self.count += 1
        path = self._case.scratch / f"inside-{self._case.depth}-{self.count}"
        nest = self._case.nest
        keep = nest is not None and self._case.depth < limits.INSIDE_DEPTH and not nest.spent()
        return Spool(self, name, path, min(limits.INSIDE_FILE_BYTES, nest.bytes) if nest and keep else None)

    def finish(self) -> None:
        """Write the facts; tell when some members were not looked into."""
        self._case.facts["members"] = self._rows[:SHOWN]
        self._case.facts["member_count"] = self.count
        if self._left_out:
            self._case.find("ZIP-016", count=self._left_out)
        if self._for_a_person:
            self._case.find("ZIP-017", count=len(self._for_a_person), names=self._for_a_person[:TOLD])

    def examine(self, spool: Spool) -> None:
        """Examine what was spooled, or note that it was not."""
        nest = self._case.nest
        if nest is None or not spool.kept:
            self._left_out += 1
            self._row(spool.name, spool.size, "", "not_checked", [])
            return
        nest.take(spool.size)
        inner = nest.look(spool.path, _plain(spool.name), self._case.depth + 1, nest)
        self._tell(spool.name, spool.size, inner)
        if nest.is_bomb:
            self._case.find("ZIP-004", name=_plain(spool.name), why=f"×{limits.RATIO}")

    def dropped(self, name: str, verdict: str) -> None:
        """A member that could not be read to its end."""
        self._row(name, None, "", verdict, [])

    def _tell(self, name: str, size: int, inner: Case) -> None:
        weighed = [found for found in inner.findings if found.code not in TOLERATED]
        codes = sorted({found.code for found in inner.findings if found.severity is not Severity.INFO})
        self._row(name, size, inner.format.id, str(verdict_of(weighed)), codes)
        if inner.facts["active_content"]:
            self._case.active(*inner.facts["active_content"])
        if inner.facts["infected"]:
            self._case.facts["infected"] = inner.facts["infected"]
        left_out = [found for found in weighed if found.code == "ZIP-016"]
        self._left_out += sum(int(found.data.get("count", 1)) for found in left_out)
        if any(found.severity is Severity.MANUAL and found not in left_out for found in weighed):
            self._for_a_person.append(_plain(name))
        blocking = [found for found in weighed if found.severity is Severity.BLOCK]
        if blocking:
            codes = sorted({found.code for found in blocking})
            self._case.find("ZIP-013", name=_plain(name), codes=codes, why=blocking[0].message[:200])

    def _row(self, name: str, size: int | None, format_id: str, verdict: str, codes: list[str]) -> None:
        if len(self._rows) < SHOWN:
            row = {"name": _plain(name), "size": size, "format": format_id, "verdict": verdict, "codes": codes}
            self._rows.append(row)


def _plain(name: str) -> str:
    return name.replace("\0", "")[-NAME_LENGTH:]
