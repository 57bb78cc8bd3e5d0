"""PNG (ISO/IEC 15948): chunks, their checksums and order, and the length of the pixel data."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from zhudang.checks.rasters import icc, tiff
from zhudang.checks.rasters.faults import Fault, Weight, broken, cut, faulty, within

MAGIC = b"\x89PNG\r\n\x1a\n"
DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
ONCE = {
    b"IHDR",
    b"PLTE",
    b"IEND",
    b"cHRM",
    b"gAMA",
    b"iCCP",
    b"sBIT",
    b"sRGB",
    b"bKGD",
    b"hIST",
    b"tRNS",
    b"pHYs",
    b"tIME",
}
BEFORE_PIXELS = {b"PLTE", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"bKGD", b"hIST", b"tRNS", b"pHYs", b"acTL"}
LENGTHS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"tIME": 7, b"IEND": 0, b"acTL": 8, b"fcTL": 26}
INFLATED_BYTES = 64 * 1024 * 1024
"""Pixel data are inflated here up to this size; larger ones are left to the decoder. Also the most a note may grow to."""
NOTE_BYTES = 16 * 1024 * 1024
PIECE = 1 << 20
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass
class Seen:
    """What the chunks tell."""

    seen: Counter[bytes] = field(default_factory=Counter)
    found: list[Fault] = field(default_factory=list)
    width: int = 0
    height: int = 0
    depth: int = 8
    colour: int = 2
    interlaced: bool = False
    last: bytes = b""
    end: int = 0
    pixels: _Pixels | None = None


class _Pixels:
    """Counts what the pixel data inflate to, without keeping them."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.count = 0
        self.trouble = ""
        self._inflate = zlib.decompressobj()

    def add(self, content: bytes) -> None:
        while content and not self.trouble and self.count <= self.expected:
            try:
                self.count += len(self._inflate.decompress(content, PIECE))
            except zlib.error as error:
                self.trouble = str(error)
                return
            if self._inflate.eof:
                return
            content = self._inflate.unconsumed_tail

    def finish(self) -> list[Fault]:
        if self.trouble:
            return [broken(f"IDAT: {self.trouble}")]
        if self.count > self.expected:
            return [faulty(f"IDAT holds more than {self.expected} bytes")]
        if self.count < self.expected:
            return [cut(f"IDAT holds {self.count} of {self.expected} bytes")]
        return [] if self._inflate.eof else [faulty("IDAT has no end mark")]


def read(path: Path) -> Seen:
    """Walk all chunks; `found` lists what is irregular."""
    size = path.stat().st_size
    state = Seen()
    with path.open("rb") as stream:
        if stream.read(8) != MAGIC:
            state.found.append(broken("PNG signature"))
            return state
        while not any(fault.weight is not Weight.FAULTY for fault in state.found):
            if not _chunk(stream, size, state):
                break
    if state.last == b"IEND":
        state.found += _at_end(state)
        if size > state.end:
            state.found.append(faulty("data after IEND"))
    return state


def _chunk(stream: BinaryIO, size: int, state: Seen) -> bool:
    """Take in one chunk; False after the last."""
    head = stream.read(8)
    if len(head) < 8:
        state.found.append(cut("IEND missing"))
        return False
    length, name = int.from_bytes(head[:4], "big"), head[4:]
    shown = name.decode("latin-1")
    if not (name.isalpha() and name.isascii()):
        state.found.append(broken(f"chunk name {shown!r}"))
        return False
    if stream.tell() + length + 4 > size:
        state.found.append(cut(f"{shown} goes beyond the end"))
        return False
    if state.last == b"" and name != b"IHDR":
        state.found.append(broken(f"{shown} before IHDR"))
        return False
    content = _content(stream, length, name, state)
    state.seen[name] += 1
    _order(name, length, state)
    if content is not None:
        _inside(name, content, state)
    state.last = name
    if name == b"IEND":
        state.end = stream.tell()
    return name != b"IEND"


def _content(stream: BinaryIO, length: int, name: bytes, state: Seen) -> bytes | None:
    """Read a chunk in pieces and check its checksum; its content when small enough to keep."""
    check, left, kept = zlib.crc32(name), length, b""
    while left:
        piece = stream.read(min(left, PIECE))
        check, left = zlib.crc32(piece, check), left - len(piece)
        if name == b"IDAT" and state.pixels is not None:
            state.pixels.add(piece)
        elif len(kept) < NOTE_BYTES:
            kept += piece
    if check != int.from_bytes(stream.read(4), "big"):
        weight = broken if name in CRITICAL else faulty
        state.found.append(weight(f"checksum of {name.decode('latin-1')}"))
        return None
    return kept if len(kept) == length else None


def _order(name: bytes, length: int, state: Seen) -> None:
    shown = name.decode("latin-1")
    if name in ONCE and state.seen[name] > 1:
        state.found.append((broken if name == b"IHDR" else faulty)(f"{shown} twice"))
    if name in BEFORE_PIXELS and state.seen[b"IDAT"]:
        state.found.append(faulty(f"{shown} after IDAT"))
    if name == b"IDAT" and state.seen[b"IDAT"] > 1 and state.last != b"IDAT":
        state.found.append(faulty("IDAT chunks are not consecutive"))
    if name == b"IDAT" and state.colour == 3 and not state.seen[b"PLTE"]:
        state.found.append(broken("PLTE missing"))
    if name in LENGTHS and length != LENGTHS[name]:
        state.found.append(faulty(f"{shown} of {length} bytes"))
    if name[:1].isupper() and name not in CRITICAL:
        state.found.append(broken(f"unknown critical chunk {shown}"))


def _inside(name: bytes, content: bytes, state: Seen) -> None:
    if name == b"IHDR":
        _header(content, state)
    elif name == b"PLTE":
        entries, odd = divmod(len(content), 3)
        if odd or not 1 <= entries <= 256:
            state.found.append(broken(f"PLTE of {len(content)} bytes"))
        elif state.colour in (0, 4):
            state.found.append(faulty("PLTE in a grey picture"))
        elif state.colour == 3 and entries > 1 << state.depth:
            state.found.append(faulty(f"PLTE of {entries} entries for {state.depth} bits"))
    elif name == b"tRNS" and state.colour in (4, 6):
        state.found.append(faulty("tRNS beside an alpha channel"))
    elif name == b"eXIf":
        state.found += within("Exif", tiff.metadata_faults(content))
    elif name in (b"iCCP", b"zTXt", b"iTXt"):
        _note(name, content, state)


def _header(content: bytes, state: Seen) -> None:
    if len(content) != 13:
        state.found.append(broken(f"IHDR of {len(content)} bytes"))
        return
    state.width, state.height = int.from_bytes(content[:4], "big"), int.from_bytes(content[4:8], "big")
    state.depth, state.colour = content[8], content[9]
    if not 0 < state.width < 1 << 31 or not 0 < state.height < 1 << 31:
        state.found.append(broken(f"IHDR size {state.width}×{state.height}"))
    elif state.depth not in DEPTHS.get(state.colour, ()):
        state.found.append(broken(f"IHDR colour type {state.colour} with {state.depth} bits"))
    elif content[10] or content[11] or content[12] > 1:
        state.found.append(broken("IHDR compression, filter or interlace method"))
    else:
        state.interlaced = bool(content[12])
        expected = _expected(state)
        if expected <= INFLATED_BYTES:
            state.pixels = _Pixels(expected)


def _expected(state: Seen) -> int:
    """Bytes the pixel data inflate to: a filter byte and the packed samples of every row of every pass."""
    bits = state.depth * CHANNELS[state.colour]
    passes = ADAM7 if state.interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns = (state.width - left + across - 1) // across
        rows = (state.height - top + down - 1) // down
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def _note(name: bytes, content: bytes, state: Seen) -> None:
    """Compressed notes and profiles: they must inflate, and not to a bomb."""
    shown = name.decode("latin-1")
    keyword, _, rest = content.partition(b"\0")
    if not 1 <= len(keyword) <= 79:
        state.found.append(faulty(f"{shown} keyword"))
        return
    if name == b"iTXt":
        if rest[:1] != b"\1":
            return
        packed = rest[2:].split(b"\0", 2)[-1]
    else:
        packed = rest[1:]
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(packed, INFLATED_BYTES)
    except zlib.error as error:
        state.found.append(faulty(f"{shown}: {error}"))
        return
    if inflate.unconsumed_tail:
        state.found.append(Fault(Weight.BOMB, f"{shown} > {INFLATED_BYTES} bytes"))
    elif name == b"iCCP":
        state.found += icc.faults(plain)


def _at_end(state: Seen) -> list[Fault]:
    if not state.seen[b"IDAT"]:
        return [broken("IDAT missing")]
    return state.pixels.finish() if state.pixels is not None else []
