"""DWG containers: sections, pages and their checksums, as far as they can be known without reading the drawing.

Layout after the Open Design specification of the DWG format, checked against real files of each release.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import NamedTuple

from zhudang.checks.rasters.faults import Fault, View, broken, cut, faulty

HEADER_AT, HEADER_BYTES, HEADER_MARK = 0x80, 0x6C, b"AcFssFcAJMB"
CODED_HEADER_BYTES = 0x400
LOCATOR_END = bytes.fromhex("95a04e2899821ae55e41e05f9d3a4d00")
SENTINELS = {
    0: (bytes.fromhex("cf7b1f23fdde38a95f7c68b84e6d335f"), bytes.fromhex("3084e0dc0221c756a0839747b192cca0")),
    1: (bytes.fromhex("8da1c4b8c4a9f8c5c0dcf45fe7cfb68a"), bytes.fromhex("725e3b473b56073a3f230ba018304975")),
}
"""Marks before and after the header variables and the classes."""
OBJECT_MAP = 2
PAGE_MAP, SECTION_MAP, DATA_PAGE = 0x41630E3B, 0x4163003B, 0x4163043B
PAGE_MASK = 0x4164536B
CRC_SEED = 0xC0C1
CRC_BYTES = 3_000_000
"""Objects are summed up to here: the sum is computed byte by byte."""
MOST_PAGES = 200_000
PLAIN_BYTES = 64 * 1024 * 1024
DEPENDENCIES = "AcDb:FileDepList"


@dataclass
class Seen:
    """`checked` names what was verified, with counts; `files` what the drawing depends on, by kind."""

    found: list[Fault] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)
    sections: list[str] = field(default_factory=list)
    files: list[Dependency] = field(default_factory=list)


class Dependency(NamedTuple):
    """A file the drawing needs: `feature` such as `Acad:XRef`, `Acad:Text`, `Acad:Image`."""

    feature: str
    name: str


class _Section(NamedTuple):
    name: str
    size: int
    packed: bool
    coded: int
    pages: list[tuple[int, int, int]]


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


CRC_TABLE = _crc_table()


def crc(content: bytes, seed: int = CRC_SEED) -> int:
    """The 16-bit sum of releases R13 to 2000."""
    for byte in content:
        seed = seed >> 8 ^ CRC_TABLE[(seed ^ byte) & 0xFF]
    return seed


def unmask(content: bytes) -> bytes:
    """Undo the mask of the 2004 header: a linear congruential sequence with seed 1."""
    seed, plain = 1, bytearray()
    for byte in content:
        seed = (seed * 0x343FD + 0x269EC3) & 0xFFFFFFFF
        plain.append(byte ^ (seed >> 16 & 0xFF))
    return bytes(plain)


def read_offsets(view: View) -> Seen:
    """Releases 2.0 to R12: the header says where entities, blocks and the rest lie."""
    seen = Seen()
    try:
        start, end, blocks, blocks_size, rest, rest_size = (view.number(0x14 + 4 * n, 4) for n in range(6))
    except IndexError:
        seen.found.append(cut("header"))
        return seen
    last = max(start, end, blocks + (blocks_size & 0xFFFFFF), rest + (rest_size & 0xFFFFFF))
    if last > len(view):
        seen.found.append(cut(f"sections end at {last} of {len(view)} bytes"))
    seen.checked["offsets"] = 6
    return seen


def read_locators(view: View) -> Seen:
    """R13 to 2000: section locators, sentinels, sums of header, classes, object map and objects."""
    seen = Seen()
    try:
        _locators(view, seen)
    except IndexError:
        seen.found.append(cut("a section lies beyond the end"))
    return seen


def _locators(view: View, seen: Seen) -> None:
    count = view.number(21, 4)
    if not 3 <= count <= 10:
        seen.found.append(broken(f"{count} section locators"))
        return
    end = 25 + 9 * count
    records = [(view.number(at, 1), view.number(at + 1, 4), view.number(at + 5, 4)) for at in range(25, end, 9)]
    for number, start, size in records:
        if start + size > len(view):
            seen.found.append(cut(f"section {number} ends at {start + size} of {len(view)} bytes"))
            return
    if crc(view.take(0, end)) != view.number(end, 2) or view.take(end + 2, 16) != LOCATOR_END:
        seen.found.append(broken("sum of the section locators"))
    seen.checked["sections"] = len(records)
    for number, start, size in records:
        if number in SENTINELS:
            seen.found += _marked(view, number, start, size)
        elif number == OBJECT_MAP and size:
            _objects(view, start, size, seen)


def _marked(view: View, number: int, start: int, size: int) -> list[Fault]:
    """Header variables or classes between their marks, with a sum."""
    before, after = SENTINELS[number]
    length = view.number(start + 16, 4)
    if view.take(start, 16) != before or view.take(start + size - 16, 16) != after:
        return [broken(f"marks of section {number}")]
    if length + 22 > size or crc(view.take(start + 16, 4 + length)) != view.number(start + 20 + length, 2):
        return [broken(f"sum of section {number}")]
    return []


def _objects(view: View, start: int, size: int, seen: Seen) -> None:
    """The map of objects in its parts, then every object's own sum, up to a bound."""
    at, places = start, list[int]()
    while at < start + size:
        length = int.from_bytes(view.take(at, 2), "big")
        if crc(view.take(at, length)) != int.from_bytes(view.take(at + length, 2), "big"):
            seen.found.append(broken("sum of the object map"))
            return
        if length <= 2:
            break
        places += _map_part(view.take(at + 2, length - 2))
        at += length + 2
    wrong = summed = spent = 0
    for place in places:
        length, body = _modular_short(view, place)
        if body + length + 2 > len(view):
            seen.found.append(cut(f"an object lies at {place}, beyond the end"))
            return
        if spent > CRC_BYTES:
            break
        spent, summed = spent + length, summed + 1
        if crc(view.take(place, body - place + length)) != view.number(body + length, 2):
            wrong += 1
    seen.checked["objects"] = summed
    seen.found += _mismatches(wrong, summed, "objects")


def _mismatches(wrong: int, total: int, what: str) -> list[Fault]:
    """Some wrong sums are damage; if all are wrong the writing program did not compute them."""
    if not wrong:
        return []
    return [faulty(f"no sums of {what}") if wrong == total > 3 else broken(f"sums of {wrong} of {total} {what}")]


def _map_part(content: bytes) -> list[int]:
    """Places of objects: pairs of handle and place steps, seven bits to a byte, the last byte signed."""
    places, at, place = list[int](), 0, 0
    while at < len(content):
        _, at = _modular(content, at, signed=False)
        step, at = _modular(content, at, signed=True)
        place += step
        places.append(place)
    return places


def _modular(content: bytes, at: int, *, signed: bool) -> tuple[int, int]:
    value = shift = 0
    while at < len(content):
        byte = content[at]
        at += 1
        if byte & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
            continue
        if signed and byte & 0x40:
            return -(value | (byte & 0x3F) << shift), at
        return value | byte << shift, at
    raise IndexError(at)


def _modular_short(view: View, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        word = view.number(at, 2)
        at += 2
        value |= (word & 0x7FFF) << shift
        shift += 15
        if not word & 0x8000 or shift > 30:
            return value, at


def read_coded(view: View) -> Seen:
    """2007: the coded header at 0x80 is repeated as the end of the file."""
    seen = Seen()
    try:
        head = view.take(HEADER_AT, CODED_HEADER_BYTES)
    except IndexError:
        seen.found.append(cut("header"))
        return seen
    start = max(HEADER_AT + CODED_HEADER_BYTES, len(view) - 64 * 1024)
    tail = view.take(start, len(view) - start)
    if head not in tail:
        near = any(head[at : at + 96] in tail for at in (0, 300, 600, 900))
        seen.found.append(broken("header differs from its repetition") if near else cut("the repeated header is gone"))
    seen.checked["headers"] = 2
    return seen


def read_paged(view: View) -> Seen:
    """2004, 2010 and later: masked header and its copy, page map, section map, every page's checksums."""
    seen = Seen()
    try:
        _paged(view, seen)
    except IndexError:
        seen.found.append(cut("a page lies beyond the end"))
    except (ValueError, KeyError) as error:
        seen.found.append(broken(f"maps: {error}"))
    return seen


def _paged(view: View, seen: Seen) -> None:
    header = unmask(view.take(HEADER_AT, HEADER_BYTES))
    if not header.startswith(HEADER_MARK):
        seen.found.append(broken("header"))
        return
    if zlib.crc32(header[:0x68] + bytes(4)) != int.from_bytes(header[0x68:0x6C], "little"):
        seen.found.append(broken("sum of the header"))
        return
    second = int.from_bytes(header[0x34:0x3C], "little")
    if second + HEADER_BYTES > len(view):
        seen.found.append(cut(f"ends at {len(view)}, its second header lies at {second}"))
        return
    if not unmask(view.take(second, HEADER_BYTES)).startswith(HEADER_MARK):
        seen.found.append(broken("second header"))
    place = int.from_bytes(header[0x54:0x5C], "little") + 0x100
    pages = _page_map(_system_page(view, place, PAGE_MAP))
    section_map = pages[int.from_bytes(header[0x5C:0x60], "little")][0]
    sections = _section_map(_system_page(view, section_map, SECTION_MAP))
    seen.sections = [section.name for section in sections if section.name]
    _check_pages(view, pages, sections, seen)
    for section in sections:
        if section.name == DEPENDENCIES and not seen.found:
            seen.files = _dependencies(_content(view, pages, section))


def _system_page(view: View, at: int, kind: int) -> bytes:
    """Content of a map page, its checksum verified."""
    found, plain, packed, coding, check = (view.number(at + 4 * n, 4) for n in range(5))
    if found != kind:
        raise ValueError(f"page of kind {found:08X}")
    body = view.take(at + 20, packed)
    if zlib.adler32(body, zlib.adler32(view.take(at, 16) + bytes(4), 0)) != check:
        raise ValueError("checksum")
    return expand(body, plain) if coding == 2 else body


def _page_map(content: bytes) -> dict[int, tuple[int, int]]:
    """Page number → (place, size); gaps have negative numbers and four more words."""
    pages: dict[int, tuple[int, int]] = {}
    place, at = 0x100, 0
    while at + 8 <= len(content) and len(pages) < MOST_PAGES:
        number, size = struct.unpack_from("<ll", content, at)
        at += 24 if number < 0 else 8
        if size < 0:
            raise ValueError("page size")
        pages[number] = (place, size)
        place += size
    return pages


def _section_map(content: bytes) -> list[_Section]:
    try:
        count, at, sections = struct.unpack_from("<L", content)[0], 20, list[_Section]()
        for _ in range(min(count, 1000)):
            size, used, _, _, packing, _, coded = struct.unpack_from("<Q6L", content, at)
            name = content[at + 32 : at + 96].split(b"\0")[0].decode("latin-1")
            at += 96
            pages = [struct.unpack_from("<LLQ", content, at + 16 * n) for n in range(min(used, MOST_PAGES))]
            at += 16 * len(pages)
            sections.append(_Section(name, size, packing == 2, coded, pages))
    except struct.error as error:
        raise ValueError("section map") from error
    return sections


def _check_pages(view: View, pages: dict[int, tuple[int, int]], sections: list[_Section], seen: Seen) -> None:
    """Both checksums of every page of every section."""
    wrong = total = 0
    for section in sections:
        for number, _, _ in section.pages:
            total += 1
            wrong += _page(view, pages[number][0]) is None
    seen.checked["pages"] = total
    seen.found += _mismatches(wrong, total, "pages")


def _page(view: View, at: int) -> bytes | None:
    """Stored content of a data page; None when a checksum differs."""
    mask = PAGE_MASK ^ at & 0xFFFFFFFF
    words = [word ^ mask for word in struct.unpack("<8L", view.take(at, 32))]
    kind, packed, head_sum, data_sum = words[0], words[2], words[6], words[7]
    if kind != DATA_PAGE:
        return None
    body = view.take(at + 32, packed)
    words[6] = 0
    good = zlib.adler32(body, 0) == data_sum and zlib.adler32(struct.pack("<8L", *words), data_sum) == head_sum
    return body if good else None


def _content(view: View, pages: dict[int, tuple[int, int]], section: _Section) -> bytes:
    plain = b""
    for number, _, _ in section.pages:
        body = _page(view, pages[number][0]) or b""
        plain += expand(body, PLAIN_BYTES) if section.packed else body
    return plain[: section.size]


def _dependencies(content: bytes) -> list[Dependency]:
    """The list of files a drawing depends on; empty when it is not laid out as known."""
    try:
        return _read_dependencies(View(content, "<"))
    except (IndexError, UnicodeError):
        return []


def _read_dependencies(view: View) -> list[Dependency]:
    at = 4
    features = []
    for _ in range(min(view.number(0, 4), 100)):
        name, at = _string(view, at)
        features.append(name)
    count, at = min(view.number(at, 4), 1000), at + 4
    found = []
    for _ in range(count):
        name, at = _string(view, at)
        for _ in range(3):
            _, at = _string(view, at)
        index = view.number(at, 4)
        at += 4 + 4 + 4 + 2 + 4
        found.append(Dependency(features[index] if index < len(features) else "?", name))
    return found


def _string(view: View, at: int) -> tuple[str, int]:
    """Text with its length before it: one byte to a character up to 2004 (GBK in China), two from 2010 on."""
    length = view.number(at, 4)
    raw = view.take(at + 4, length)
    encoding = "utf-16-le" if length > 1 and raw[1:2] == b"\0" else "gb18030"
    return raw.decode(encoding, "replace").rstrip("\0"), at + 4 + length


def expand(packed: bytes, limit: int) -> bytes:
    """Undo the packing of 2004 (a relative of LZ77). Raises ValueError on what cannot be, or grows beyond `limit`."""
    try:
        return _expand(packed, limit)
    except IndexError as error:
        raise ValueError("packed data end early") from error


def _expand(packed: bytes, limit: int) -> bytes:
    plain = bytearray()
    length, at = _literals(packed, 0)
    while True:
        plain += packed[at : at + length]
        at += length
        code = packed[at]
        at += 1
        if code == 0x11:
            return bytes(plain)
        count, back, length, at = _copy(packed, at, code)
        if not 0 < back <= len(plain) or len(plain) + count > limit + 64:
            raise ValueError("packed data refer to nothing")
        while count > 0:
            piece = plain[len(plain) - back : len(plain) - back + min(count, back)]
            plain += piece
            count -= len(piece)
        if length == 0:
            length, at = _literals(packed, at)


def _copy(packed: bytes, at: int, code: int) -> tuple[int, int, int, int]:
    """(bytes to copy, how far back, literal bytes after it, next place)."""
    if code >= 0x40:
        return (code >> 4) - 1, (packed[at] << 2 | code >> 2 & 3) + 1, code & 3, at + 1
    if code >= 0x20:
        count, base = code - 0x1E, 1
        if code == 0x20:
            count, at = _long(packed, at, 0x21)
    elif code >= 0x10:
        count, base = (code & 15) + 2, 0x4000
        if code == 0x10:
            count, at = _long(packed, at, 9)
    else:
        raise ValueError(f"packing code {code:02X}")
    low, high = packed[at], packed[at + 1]
    return count, (low >> 2 | high << 6) + base, low & 3, at + 2


def _long(packed: bytes, at: int, base: int) -> tuple[int, int]:
    while packed[at] == 0:
        base, at = base + 0xFF, at + 1
    return base + packed[at], at + 1


def _literals(packed: bytes, at: int) -> tuple[int, int]:
    """Length of the literal bytes that follow, 0 when the next byte is a code."""
    code = packed[at]
    if code == 0:
        return _long(packed, at + 1, 0x0F + 3)
    return (0, at) if code & 0xF0 else (code + 3, at + 1)
