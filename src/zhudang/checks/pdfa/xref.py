"""Where the objects of a file are: cross-reference tables and streams, newest first (ISO 32000, 7.5.4, 7.5.8)."""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass, field

import pikepdf

Bytes = bytes | mmap.mmap
BLANK = rb"[\0\t\n\f\r ]"
START = re.compile(rb"startxref" + BLANK + rb"+(\d+)")
TABLE = re.compile(BLANK + rb"*xref" + BLANK + rb"*")
SECTION = re.compile(BLANK + rb"*(\d+)" + BLANK + rb"+(\d+)" + BLANK + rb"*(?:\r\n|\r|\n)?")
ENTRY = re.compile(BLANK + rb"*(\d+)" + BLANK + rb"+(\d+)" + BLANK + rb"+([nf])")
PREVIOUS = re.compile(rb"/Prev" + BLANK + rb"+(\d+)")
HYBRID = re.compile(rb"/XRefStm" + BLANK + rb"+(\d+)")
OBJECT = re.compile(BLANK + rb"*(\d+)" + BLANK + rb"+(\d+)" + BLANK + rb"*obj")
MOST_SECTIONS = 2000
TRAILER_BYTES = 8192


@dataclass
class Places:
    """Offsets of the objects in use, by number, and where the tables and the streams in their place begin."""

    offsets: dict[int, int] = field(default_factory=dict)
    tables: list[int] = field(default_factory=list)
    streams: list[int] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)


def read(data: Bytes, pdf: pikepdf.Pdf) -> Places | None:
    """Read all cross-reference sections; None when they cannot be followed."""
    starts = START.findall(data[-2048:]) if len(data) > 2048 else START.findall(bytes(data))
    if not starts:
        return None
    places, waiting = Places(), [int(starts[-1])]
    seen: set[int] = set()
    while waiting and len(seen) < MOST_SECTIONS:
        offset = waiting.pop(0)
        if offset in seen or offset >= len(data):
            continue
        seen.add(offset)
        if TABLE.match(data, offset):
            waiting.extend(_table(data, offset, places))
        else:
            following = _stream(data, offset, pdf, places)
            if following is None:
                return None
            waiting.extend(following)
    return places


def table_at(data: Bytes, offset: int) -> Places:
    """What one cross-reference table says, without those it follows."""
    places = Places()
    _table(data, offset, places)
    return places


def _table(data: Bytes, offset: int, places: Places) -> list[int]:
    found = TABLE.match(data, offset)
    position = found.end() if found else offset
    places.tables.append(offset)
    while section := SECTION.match(data, position):
        first, count, position = int(section[1]), int(section[2]), section.end()
        for number in range(first, first + count):
            entry = ENTRY.match(data, position)
            if entry is None:
                break
            position = entry.end()
            _note(places, number, int(entry[1]) if entry[3] == b"n" else None)
    trailer = bytes(data[position : position + TRAILER_BYTES]).split(b"startxref")[0]
    return [int(match[1]) for pattern in (HYBRID, PREVIOUS) for match in pattern.finditer(trailer)]


def _note(places: Places, number: int, offset: int | None) -> None:
    if number in places.offsets or number in places.gone:
        return
    if offset is None:
        places.gone.add(number)
    else:
        places.offsets[number] = offset


def _stream(data: Bytes, offset: int, pdf: pikepdf.Pdf, places: Places) -> list[int] | None:
    head = OBJECT.match(data, offset)
    if head is None:
        return None
    try:
        stream = pdf.get_object((int(head[1]), int(head[2])))
        widths = [int(width) for width in stream.W]
        content = stream.read_bytes()
    except (pikepdf.PdfError, AttributeError, TypeError, ValueError):
        return None
    places.streams.append(offset)
    index = [int(each) for each in stream.get("/Index", [0, int(stream.get("/Size", 0))])]
    position = 0
    for first, count in zip(index[::2], index[1::2], strict=False):
        for number in range(first, first + count):
            fields = []
            for width in widths:
                fields.append(int.from_bytes(content[position : position + width], "big"))
                position += width
            kind = fields[0] if widths[0] else 1
            if kind in {0, 1}:
                _note(places, number, fields[1] if kind else None)
            if position >= len(content):
                break
    previous = stream.get("/Prev")
    return [previous] if isinstance(previous, int) else []
