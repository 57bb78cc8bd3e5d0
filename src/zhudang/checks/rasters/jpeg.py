"""JPEG (ISO/IEC 10918-1): markers, their lengths and order, tables, and what the APP segments hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from zhudang.checks.rasters import icc, tiff
from zhudang.checks.rasters.faults import Fault, View, broken, cut, faulty, within

SOI, EOI, SOS, DQT, DHT, DRI, DNL, TEM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xDC, 0x01
FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
BARE = {TEM, *range(0xD0, 0xD8)}
IN_SCAN = re.compile(rb"\xff+[^\x00\xff]", re.DOTALL)
MOST_MARKERS = 100_000
ICC_HEAD = b"ICC_PROFILE\0"


@dataclass
class Seen:
    """What the markers tell. `frame` is the SOF marker; `scans` counts SOS."""

    found: list[Fault] = field(default_factory=list)
    frame: int = 0
    precision: int = 8
    components: int = 0
    scans: int = 0
    tables: set[int] = field(default_factory=set)
    profile: dict[int, bytes] = field(default_factory=dict)
    profile_parts: int = 0
    ended: bool = False
    camera: bool = False
    after: int = 0

    @property
    def progressive(self) -> bool:
        return self.frame in PROGRESSIVE

    @property
    def rare(self) -> bool:
        """Whether the coding is one hardly any decoder knows: lossless, hierarchical, arithmetic, 12 bits."""
        return self.frame not in {0xC0, 0xC1, 0xC2} or self.precision != 8


def read(content: bytes | memoryview) -> Seen:
    """Walk all markers of a JPEG; `found` lists what is irregular."""
    view, seen = View(content), Seen()
    if len(view) < 4 or view.take(0, 2) != b"\xff\xd8":
        seen.found.append(broken("SOI missing"))
        return seen
    at, count = 2, 0
    try:
        while not seen.ended and count < MOST_MARKERS:
            at, count = _segment(view, at, seen), count + 1
    except IndexError:
        seen.found.append(cut("a segment goes beyond the end") if not seen.scans else faulty("EOI missing"))
    if not seen.frame:
        seen.found.append(broken("no frame"))
    elif not seen.scans:
        seen.found.append(cut("no scan"))
    seen.found += _profile(seen)
    seen.after = max(0, len(view) - at)
    return seen


def _segment(view: View, at: int, seen: Seen) -> int:
    """Take in the segment at `at`; answer where the next begins."""
    skipped = 0
    while view.number(at, 1) != 0xFF:
        at, skipped = at + 1, skipped + 1
        if skipped > 1 << 16:
            raise IndexError(at)
    if skipped:
        seen.found.append(faulty(f"{skipped} bytes between segments"))
    while (marker := view.number(at + 1, 1)) == 0xFF:
        at += 1
    at += 2
    if marker == EOI:
        seen.ended = True
        return at
    if marker in BARE:
        return at
    if marker in (0x00, SOI) or 0x02 <= marker <= 0xBF:
        seen.found.append(faulty(f"marker {marker:02X}"))
        return at
    length = view.number(at, 2)
    if length < 2:
        seen.found.append(faulty(f"segment {marker:02X} of {length} bytes"))
        return at + 2
    body = view.take(at + 2, length - 2)
    _body(marker, body, seen)
    at += length
    return _scan(view, at, seen) if marker == SOS else at


def _scan(view: View, at: int, seen: Seen) -> int:
    """Skip entropy-coded data to the next marker that is no restart."""
    restarts: list[int] = []
    for match in IN_SCAN.finditer(view.memory(), at):
        code = view.number(match.end() - 1, 1)
        if not 0xD0 <= code <= 0xD7:
            if any((one + 1) % 8 != two % 8 for one, two in pairwise(restarts)):
                seen.found.append(faulty("restart markers out of order"))
            return match.end() - 2
        restarts.append(code - 0xD0)
    raise IndexError(at)


def _body(marker: int, body: bytes, seen: Seen) -> None:
    if marker in FRAMES:
        _frame(marker, body, seen)
    elif marker == SOS:
        seen.scans += 1
        count = body[0] if body else 0
        if not seen.frame:
            seen.found.append(broken("scan before frame"))
        elif not 1 <= count <= 4 or len(body) != 4 + 2 * count:
            seen.found.append(faulty("SOS header"))
    elif marker == DQT:
        _quantisation(body, seen)
    elif marker == DHT:
        _huffman(body, seen)
    elif marker == DRI and len(body) != 2:
        seen.found.append(faulty(f"DRI of {len(body)} bytes"))
    elif 0xE0 <= marker <= 0xEF:
        _application(marker, body, seen)
    elif 0xF0 <= marker <= 0xFD or marker == 0xC8:
        seen.found.append(faulty(f"reserved marker {marker:02X}"))


def _frame(marker: int, body: bytes, seen: Seen) -> None:
    if seen.frame:
        seen.found.append(faulty("second frame"))
        return
    seen.frame = marker
    if len(body) < 6 or len(body) != 6 + 3 * body[5]:
        seen.found.append(broken("frame header"))
        return
    seen.precision, seen.components = body[0], body[5]
    width, height = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
    if not width or not seen.components:
        seen.found.append(broken(f"frame of {width}×{height}, {seen.components} components"))
    parts = [body[6 + 3 * number : 9 + 3 * number] for number in range(seen.components)]
    if len({part[0] for part in parts}) < len(parts):
        seen.found.append(faulty("a component stands twice"))
    if any(not (1 <= part[1] >> 4 <= 4 and 1 <= part[1] & 15 <= 4) for part in parts):
        seen.found.append(broken("sampling factors"))
    if any(part[2] not in seen.tables and part[2] > 3 for part in parts):
        seen.found.append(faulty("quantisation table number"))


def _quantisation(body: bytes, seen: Seen) -> None:
    at = 0
    while at < len(body):
        wide, number = body[at] >> 4, body[at] & 15
        if wide > 1 or number > 3:
            seen.found.append(faulty("quantisation table"))
            return
        seen.tables.add(number)
        at += 1 + 64 * (wide + 1)
    if at != len(body):
        seen.found.append(faulty("quantisation table is too short"))


def _huffman(body: bytes, seen: Seen) -> None:
    at = 0
    while at + 17 <= len(body):
        if body[at] >> 4 > 1 or body[at] & 15 > 3:
            seen.found.append(faulty("Huffman table"))
            return
        at += 17 + sum(body[at + 1 : at + 17])
    if at != len(body):
        seen.found.append(faulty("Huffman table is too short"))


def _application(marker: int, body: bytes, seen: Seen) -> None:
    if marker == 0xE0 and body.startswith(b"JFIF\0"):
        if len(body) < 14 or len(body) < 14 + 3 * body[12] * body[13]:
            seen.found.append(faulty(f"JFIF segment of {len(body)} bytes"))
        elif body[7] > 2:
            seen.found.append(faulty(f"JFIF density unit {body[7]}"))
    elif marker == 0xE1 and body.startswith(b"Exif\0"):
        seen.found += within("Exif", tiff.metadata_faults(body[6:]))
        seen.camera = seen.camera or tiff.from_camera(body[6:])
    elif marker == 0xE2 and body.startswith(ICC_HEAD):
        if len(body) < 14:
            seen.found.append(faulty("ICC segment"))
            return
        seen.profile[body[12]] = body[14:]
        seen.profile_parts = max(seen.profile_parts, body[13])
    elif marker == 0xEE and body.startswith(b"Adobe") and len(body) < 12:
        seen.found.append(faulty(f"Adobe segment of {len(body)} bytes"))


def _profile(seen: Seen) -> list[Fault]:
    if not seen.profile:
        return []
    if sorted(seen.profile) != list(range(1, seen.profile_parts + 1)):
        return [faulty("parts of the ICC profile are missing")]
    return icc.faults(b"".join(content for _, content in sorted(seen.profile.items())))
