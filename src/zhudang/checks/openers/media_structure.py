"""RIFF and ISO base media containers read without a decoder: is every chunk where it says it is?"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from zhudang.checks.openers import heif_structure, media_ends, media_outline
from zhudang.checks.own_formats import is_mpeg_audio

UNKNOWN_LENGTH = 0xFFFFFFFF
MOST_CHUNKS = 10_000
SMALL_BYTES = 512
PROBE_BYTES = 4 * 1024 * 1024
WAVE_ONCE = {b"fmt ", b"data", b"bext", b"ds64", b"fact"}
BEXT_VERSIONS = range(3)
FMT_SIZES = {16, 18, 40}
WALKED = {b"meta", b"iprp", b"ipco"}
META_FIRST = b"hdlr"
LARGEST_META = 16 * 1024 * 1024
TAG_BYTES = 1024 * 1024
TEXT_ENCODINGS = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}
NUMBERS = {b"TYER", b"TORY", b"TDAT", b"TIME", b"TBPM", b"TLEN"}


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
        if head[:3] == b"ID3" and head[3] in {3, 4}:
            return _id3(stream, size)
        if part := _cut_part(stream, size, head):
            return [Trouble(part, "beyond the end", cut=True)]
        if media_ends.short_packet(stream, size):
            return [Trouble("packet", "the last is short")]
    return []


def _cut_part(stream: BinaryIO, size: int, head: bytes) -> str | None:
    """The part that goes beyond the end, in containers made of a plain row of parts."""
    if head[4:8] in media_outline.QUICKTIME:
        return media_outline.quicktime_cut(stream, size)
    if head == media_outline.ASF_HEADER[:12]:
        return media_outline.asf_cut(stream, size)
    if head.startswith(media_outline.FLV_HEAD):
        return media_outline.flv_cut(stream, size)
    return media_ends.cut_part(stream, size, head)


def _id3(stream: BinaryIO, size: int) -> list[Trouble]:
    """The tag before MPEG audio: frames within it, texts in the encoding they name. Source: ID3v2.3, ID3v2.4."""
    stream.seek(0)
    head = stream.read(10)
    length = sum((head[6 + place] & 0x7F) << (21 - 7 * place) for place in range(4))
    if 10 + length > size:
        return [Trouble("ID3", f"{10 + length} > {size}", cut=True)]
    if length > TAG_BYTES or head[5] & 0xC0:
        return []
    found: list[Trouble] = []
    tag, at = stream.read(length), 0
    while length - at >= 10 and tag[at] != 0:
        name, raw = tag[at : at + 4], tag[at + 4 : at + 8]
        step = int.from_bytes(raw, "big")
        if head[3] == 4:
            step = sum((raw[place] & 0x7F) << (21 - 7 * place) for place in range(4))
        if at + 10 + step > length:
            return [*found, Trouble(f"ID3 {name.decode('latin-1')}", "beyond the end")]
        if name.startswith(b"T") and name != b"TXXX" and (why := _id3_text(name, tag[at + 10 : at + 10 + step])):
            found.append(Trouble(f"ID3 {name.decode('latin-1')}", why))
        at += 10 + step
    return found


def _id3_text(name: bytes, content: bytes) -> str | None:
    if not content:
        return None
    try:
        text = content[1:].decode(TEXT_ENCODINGS[content[0]])
    except (KeyError, UnicodeDecodeError):
        return "encoding"
    plain = text.strip("\0 ").strip()
    return "not a number" if name in NUMBERS and plain and not plain[:1].isdigit() else None


def holds_nothing(path: Path) -> bool:
    """Whether a file is whole as its kind goes, yet brings nothing to play: heads without frames."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(9)
        if head.startswith(b"FLV\x01") and len(head) == 9:
            return _flv_is_empty(stream, int.from_bytes(head[5:9], "big"), size)
    return size < SMALL_BYTES and is_mpeg_audio(path)


def is_protected(path: Path) -> bool:
    """Whether an ISO media file says its samples are encrypted (ISO/IEC 23001-7): `encv` or `enca` with `schm`."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(8)[4:8] not in {b"ftyp", b"styp"}:
            return False
        stream.seek(0)
        begin = stream.read(PROBE_BYTES)
        stream.seek(max(0, size - PROBE_BYTES))
        content = begin + stream.read(PROBE_BYTES)
    return (b"encv" in content or b"enca" in content) and b"schm" in content


def _flv_is_empty(stream: BinaryIO, at: int, size: int) -> bool:
    at += 4
    for _ in range(MOST_CHUNKS):
        if at >= size:
            return True
        stream.seek(at)
        tag = stream.read(11)
        if len(tag) < 11 or tag[0] & 0x1F in {8, 9}:
            return False
        at += 11 + int.from_bytes(tag[1:4], "big") + 4
    return False


def _wave(stream: BinaryIO, size: int, head: bytes) -> list[Trouble]:
    found: list[Trouble] = []
    seen: Counter[bytes] = Counter()
    declared = int.from_bytes(head[4:8], "little")
    end = size if declared == UNKNOWN_LENGTH else min(size, declared + 8)
    if declared != UNKNOWN_LENGTH and declared + 8 > size + 1:
        found.append(Trouble("RIFF", f"{declared + 8} > {size}", cut=declared + 8 > size + 8))
    at, large = 12, 0
    while at + 8 <= end and len(seen) < MOST_CHUNKS:
        stream.seek(at)
        name, length = struct.unpack("<4sL", stream.read(8))
        shown = name.decode("latin-1")
        seen[name] += 1
        if not all(0x20 <= byte <= 0x7E for byte in name) or b" " in name.rstrip(b" "):
            found.append(Trouble(shown, "name"))
        if name == b"ds64" and length >= 16:
            large = int.from_bytes(stream.read(16)[8:16], "little")
        if length == UNKNOWN_LENGTH:
            if name != b"data" or not large:
                at = end
                break
            length = large
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
    for parent, first, name, cut in _walk(stream, 0, size, b""):
        if cut:
            found.append(Trouble(name.decode("latin-1"), "beyond the end", cut=not parent))
        if parent == b"meta" and first and name != META_FIRST:
            found.append(Trouble("meta", "hdlr is not first"))
    return found + [Trouble(part, why) for part, why in heif_structure.troubles(_meta(stream, size))]


def _meta(stream: BinaryIO, size: int) -> bytes:
    """Content of the `meta` box of a still image at the top of the file; empty when there is none."""
    at = 0
    for _ in range(MOST_CHUNKS):
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            return b""
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if head[4:8] == b"meta" and 12 <= length <= LARGEST_META:
            stream.seek(at + 8)
            return stream.read(length - 8)
        if length < 8 or at + length >= size:
            return b""
        at += length
    return b""


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
