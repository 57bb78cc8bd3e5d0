"""RIFF and ISO base media containers read without a decoder: is every chunk where it says it is?"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

UNKNOWN_LENGTH = 0xFFFFFFFF
MOST_CHUNKS = 10_000
WAVE_ONCE = {b"fmt ", b"data", b"bext", b"ds64", b"fact"}
BEXT_VERSIONS = range(3)
FMT_SIZES = {16, 18, 40}
WALKED = {b"meta", b"iprp", b"ipco"}
META_FIRST = b"hdlr"


@dataclass(frozen=True, slots=True)
class Trouble:
    """`cut`: the file ends within `name`; else an irregularity `why` a reader passes over."""

    name: str
    why: str
    cut: bool = False


def troubles(path: Path) -> list[Trouble]:
    """Everything irregular in the container; nothing for other kinds of containers."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
            return _wave(stream, size, head)
        if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            declared = int.from_bytes(head[4:8], "little") + 8
            return [Trouble("RIFF", f"{declared} > {size}", cut=True)] if declared > size else []
        if head[4:8] in {b"ftyp", b"styp"}:
            return _boxes(stream, size)
    return []


def _wave(stream: BinaryIO, size: int, head: bytes) -> list[Trouble]:
    found: list[Trouble] = []
    seen: Counter[bytes] = Counter()
    declared = int.from_bytes(head[4:8], "little")
    end = size if declared == UNKNOWN_LENGTH else min(size, declared + 8)
    if declared != UNKNOWN_LENGTH and declared + 8 > size + 1:
        found.append(Trouble("RIFF", f"{declared + 8} > {size}", cut=declared + 8 > size + 8))
    at = 12
    while at + 8 <= end and len(seen) < MOST_CHUNKS:
        stream.seek(at)
        name, length = struct.unpack("<4sL", stream.read(8))
        shown = name.decode("latin-1")
        seen[name] += 1
        if not all(0x20 <= byte <= 0x7E for byte in name) or b" " in name.rstrip(b" "):
            found.append(Trouble(shown, "name"))
        if length == UNKNOWN_LENGTH:
            break
        if at + 8 + length > size:
            found.append(Trouble(shown, "beyond the end", cut=True))
            break
        found += _wave_chunk(stream, name, length)
        at += 8 + length + length % 2
    if at < end - 1:
        found.append(Trouble("RIFF", f"{end - at} bytes left over"))
    found += [Trouble(name.decode("latin-1"), "twice") for name in WAVE_ONCE if seen[name] > 1]
    found += [Trouble(name.decode("latin-1"), "missing") for name in (b"fmt ", b"data") if not seen[name]]
    return found


def _wave_chunk(stream: BinaryIO, name: bytes, length: int) -> list[Trouble]:
    """Chunks whose inside must agree with their size."""
    if name == b"fmt ":
        content = stream.read(min(length, 40))
        extra = int.from_bytes(content[16:18], "little") if len(content) >= 18 else 0
        if length not in FMT_SIZES and length != 18 + extra:
            return [Trouble("fmt ", f"{length} bytes")]
    if name == b"bext" and length >= 602:
        version = int.from_bytes(stream.read(348)[346:348], "little")
        if version not in BEXT_VERSIONS:
            return [Trouble("bext", f"version {version}")]
    return []


def _boxes(stream: BinaryIO, size: int) -> list[Trouble]:
    found: list[Trouble] = []
    properties: Counter[bytes] = Counter()
    for parent, first, name, cut in _walk(stream, 0, size, b""):
        if cut:
            found.append(Trouble(name.decode("latin-1"), "beyond the end", cut=not parent))
        if parent == b"meta" and first and name != META_FIRST:
            found.append(Trouble("meta", "hdlr is not first"))
        if parent == b"ipco":
            properties[name] += 1
    if properties and not properties[b"ispe"]:
        found.append(Trouble("ipco", "ispe missing"))
    return found


def _walk(
    stream: BinaryIO, start: int, end: int, parent: bytes, depth: int = 0
) -> Iterator[tuple[bytes, bool, bytes, bool]]:
    """Yield (parent, first in it, name, goes beyond its end) of every box down to the image properties."""
    at, count = start, 0
    while at + 8 <= end and count < MOST_CHUNKS:
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            return
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        skip = 8
        if length == 1 and len(head) == 16:
            length, skip = int.from_bytes(head[8:16], "big"), 16
        length = length or end - at
        yield parent, count == 0, name, at + length > end
        if length < skip or at + length > end:
            return
        if name in WALKED and depth < 4:
            inside = at + skip + (4 if name == b"meta" else 0)
            yield from _walk(stream, inside, at + length, name, depth + 1)
        at, count = at + length, count + 1
