"""DXF and DWG, good and bad."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from samples.checks.making import Maker, half, put, text


def dxf(folder: Path, change: Callable[[object], None] | None = None, name: str = "sample.dxf") -> Path:
    import ezdxf

    document = ezdxf.new("R2010")
    document.modelspace().add_line((0, 0), (10, 10))
    if change:
        change(document)
    path = folder / name
    document.saveas(path)
    return path


def _external_drawing(document: object) -> None:
    document.add_xref_def("other.dwg", "other")  # type: ignore[attr-defined]


def _empty_drawing(folder: Path) -> Path:
    def empty(document: object) -> None:
        document.modelspace().delete_all_entities()  # type: ignore[attr-defined]

    return dxf(folder, empty, "empty.dxf")


def _faulty_dxf(folder: Path) -> Path:
    def spoil(document: object) -> None:
        line = document.modelspace()[0]  # type: ignore[attr-defined]
        line.dxf.linetype = "NOT_DEFINED"

    return dxf(folder, spoil, "faulty.dxf")


def dwg(folder: Path, whole: bool = True) -> Path:
    """A header of release 2000 with its section locators; enough to know release and wholeness."""
    head = b"AC1015" + bytes(15) + struct.pack("<L", 1) + struct.pack("<BLL", 0, 200, 100 if whole else 90000)
    return put(folder, "sample.dwg", head.ljust(400, b"\0"))


BAD: dict[str, Maker] = {
    "CAD-001": text("broken.dxf", b"  0\nSECTION\n  2\nHEADER\n  9\n$ACADVER\nrubbish\n" + bytes(40) + b"\n0\nEOF\n"),
    "CAD-002": _faulty_dxf,
    "CAD-003": dwg,
    "CAD-004": half(lambda folder: dxf(folder), "half.dxf"),
    "CAD-005": lambda folder: dxf(folder, _external_drawing),
    "CAD-006": _empty_drawing,
}

GOOD: dict[str, Maker] = {
    "dxf": lambda folder: dxf(folder, name="good.dxf"),
    "dwg": dwg,
}
