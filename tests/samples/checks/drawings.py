"""DXF and DWG, good and bad."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from samples.checks.making import Maker, half, put, text
from zhudang.checks import dwgfile


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


def _own_font(document: object) -> None:
    document.styles.add("HZ", font="txt.shx", dxfattribs={"bigfont": "hztxt.shx"})  # type: ignore[attr-defined]


def dwg(folder: Path, *, damaged: bool = False) -> Path:
    """Release 2000 down to its sums: locators, header variables, classes and an object map of one object."""
    start = 25 + 9 * 3 + 2 + 16
    sections = [_marked(number, bytes(40)) for number in (0, 1)]
    place = start + sum(len(section) for section in sections)
    body = struct.pack("<H", 30) + bytes(30)
    thing = body + struct.pack("<H", dwgfile.crc(body))
    part = bytes([1, place & 0x7F | 0x80, place >> 7])
    head = (2 + len(part)).to_bytes(2, "big") + part
    objects = head + dwgfile.crc(head).to_bytes(2, "big") + b"\0\2" + dwgfile.crc(b"\0\2").to_bytes(2, "big")
    records, at = b"", start
    for number, content in enumerate([*sections, objects]):
        at += len(thing) if number == 2 else 0
        records += struct.pack("<BLL", number, at, len(content))
        at += len(content)
    opening = b"AC1015" + bytes(15) + struct.pack("<L", 3) + records
    opening += struct.pack("<H", dwgfile.crc(opening)) + dwgfile.LOCATOR_END
    content = bytearray(opening + b"".join(sections) + thing + objects)
    if damaged:
        content[place + 9] ^= 0xFF
    return put(folder, "sample.dwg", bytes(content))


def paged_dwg(folder: Path) -> Path:
    """Release 2018 as a container: masked header and its copy, page map, section map, one page of data."""
    data_at, body = 0x100, bytes(range(200))
    words = [dwgfile.DATA_PAGE, 1, len(body), len(body), 0, 0, 0, zlib.adler32(body, 0)]
    words[6] = zlib.adler32(struct.pack("<8L", *words), words[7])
    data = struct.pack("<8L", *(word ^ dwgfile.PAGE_MASK ^ data_at for word in words)) + body
    described = struct.pack("<Q6L", len(body), 1, len(body), 1, 1, 1, 0) + b"AcDb:Test".ljust(64, b"\0")
    sections = _system(
        dwgfile.SECTION_MAP, struct.pack("<5L", 1, 2, 0x7400, 0, 1) + described + struct.pack("<LLQ", 1, len(body), 0)
    )
    pages = _system(dwgfile.PAGE_MAP, struct.pack("<6l", 1, len(data), 2, len(sections), 3, 300))
    map_at = data_at + len(data) + len(sections)
    end = map_at + len(pages)
    header = bytearray(dwgfile.HEADER_MARK.ljust(dwgfile.HEADER_BYTES, b"\0"))
    header[0x34:0x3C] = end.to_bytes(8, "little")
    header[0x54:0x5C] = (map_at - 0x100).to_bytes(8, "little")
    header[0x5C:0x60] = (2).to_bytes(4, "little")
    header[0x68:0x6C] = zlib.crc32(bytes(header)).to_bytes(4, "little")
    masked = dwgfile.unmask(bytes(header))
    opening = (b"AC1032".ljust(0x80, b"\0") + masked).ljust(0x100, b"\0")
    return put(folder, "paged.dwg", opening + data + sections + pages + masked)


def _system(kind: int, body: bytes) -> bytes:
    head = struct.pack("<4L", kind, len(body), len(body), 1)
    return head + struct.pack("<L", zlib.adler32(body, zlib.adler32(head + bytes(4), 0))) + body


def _marked(number: int, content: bytes) -> bytes:
    before, after = dwgfile.SENTINELS[number]
    body = struct.pack("<L", len(content)) + content
    return before + body + struct.pack("<H", dwgfile.crc(body)) + after


BAD: dict[str, Maker] = {
    "CAD-001": text("broken.dxf", b"  0\nSECTION\n  2\nHEADER\n  9\n$ACADVER\nrubbish\n" + bytes(40) + b"\n0\nEOF\n"),
    "CAD-002": _faulty_dxf,
    "CAD-003": dwg,
    "CAD-004": half(lambda folder: dxf(folder), "half.dxf"),
    "CAD-005": lambda folder: dxf(folder, _external_drawing),
    "CAD-006": _empty_drawing,
    "CAD-008": lambda folder: dwg(folder, damaged=True),
    "CAD-009": lambda folder: dxf(folder, _own_font, "fonts.dxf"),
}

GOOD: dict[str, Maker] = {
    "dxf": lambda folder: dxf(folder, name="good.dxf"),
    "dwg": dwg,
    "paged_dwg": paged_dwg,
}
