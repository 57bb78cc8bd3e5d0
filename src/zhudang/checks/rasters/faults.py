"""What can be wrong with an image's structure, and a way to read it that cannot fall off its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """`CUT`: the end is missing. `BROKEN`: no reader may show it. `FAULTY`: shown, against the specification.
    `BOMB`: expands beyond reason. `EMPTY`: whole, and without a picture."""

    CUT = "cut"
    BROKEN = "broken"
    FAULTY = "faulty"
    BOMB = "bomb"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Fault:
    """One irregularity; `detail` is short technical English, shown inside a translated sentence."""

    weight: Weight
    detail: str


def faulty(detail: str) -> Fault:
    return Fault(Weight.FAULTY, detail)


def broken(detail: str) -> Fault:
    return Fault(Weight.BROKEN, detail)


def cut(detail: str) -> Fault:
    return Fault(Weight.CUT, detail)


def within(owner: str, found: Iterable[Fault]) -> list[Fault]:
    """Faults of something embedded: told, but never weightier than faulty for the picture that holds it."""
    return [
        Fault(Weight.BOMB if fault.weight is Weight.BOMB else Weight.FAULTY, f"{owner}: {fault.detail}")
        for fault in found
    ]


class View:
    """Bytes of a file (mapped, not loaded) or of a part of it, with numbers read in either order.

    Reading beyond the end raises IndexError.
    """

    def __init__(self, content: bytes | memoryview, order: str = ">") -> None:
        self._bytes = memoryview(content)
        self.order = order

    def __len__(self) -> int:
        return len(self._bytes)

    def take(self, at: int, length: int) -> bytes:
        if at < 0 or length < 0 or at + length > len(self._bytes):
            raise IndexError(at)
        return bytes(self._bytes[at : at + length])

    def number(self, at: int, length: int) -> int:
        return int.from_bytes(self.take(at, length), "big" if self.order == ">" else "little")

    def part(self, at: int, length: int, order: str | None = None) -> View:
        if at < 0 or length < 0 or at + length > len(self._bytes):
            raise IndexError(at)
        return View(self._bytes[at : at + length], order or self.order)

    def memory(self) -> memoryview:
        return self._bytes

    def release(self) -> None:
        self._bytes.release()
