"""The outermost parts of recordings: is all there that the heads announce, and is there anything to play?"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MOST_PARTS = 10_000
ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
FLV_HEAD = b"FLV\x01"
QUICKTIME = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
ISO = {b"ftyp", b"styp"} | QUICKTIME
MEDIA_BOXES = {b"mdat", b"moof", b"mfra"}
HOLDS_TRACKS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
DEEPEST = 6
FLAC_HEAD = 42
"""Mark, block head and STREAMINFO of a FLAC file."""
FLAC_FRAMES = (b"\xff\xf8", b"\xff\xf9")
FLAC_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class IsoOutline:
    """Boxes of an ISO media file. `whole`: each ends where the one around it allows."""

    names: frozenset[bytes]
    whole: bool

    @property
    def has_media(self) -> bool:
        return bool(self.names & MEDIA_BOXES)

    @property
    def has_tracks(self) -> bool:
        return b"stbl" in self.names


def iso_outline(path: Path) -> IsoOutline | None:
    """Walk the boxes down to the sample tables; None when this is no ISO media or QuickTime file."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(8)[4:8] not in ISO:
            return None
        names: set[bytes] = set()
        whole = _boxes(stream, 0, size, names, 0)
    return IsoOutline(frozenset(names), whole)


def _boxes(stream: BinaryIO, at: int, end: int, names: set[bytes], depth: int) -> bool:
    """Collect names; False where a box leaves the one around it. Source: ISO/IEC 14496-12, 4.2."""
    for _ in range(MOST_PARTS):
        if at + 8 > end:
            return at == end or depth > 0
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            return False
        length, name = struct.unpack(">L4s", head[:8])
        skip = 8
        if length == 1 and len(head) == 16:
            length, skip = int.from_bytes(head[8:16], "big"), 16
        length = length or end - at
        if length < skip or at + length > end:
            return False
        names.add(name)
        inside = name in HOLDS_TRACKS and depth < DEEPEST
        if inside and not _boxes(stream, at + skip, at + length, names, depth + 1):
            return False
        at += length
    return True


def quicktime_cut(stream: BinaryIO, size: int) -> str | None:
    """The box of a film without `ftyp` (QuickTime) that goes beyond the end; None when all are there."""
    at = 0
    while at + 8 <= size:
        stream.seek(at)
        head = stream.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:16], "big")
        if length < 8:
            return None
        if at + length > size:
            return head[4:8].decode("latin-1")
        at += length
    return None


def asf_cut(stream: BinaryIO, size: int) -> str | None:
    """The object of an ASF file (WMA, WMV) that goes beyond the end. Source: ASF specification 2.1."""
    for name, at, length in _asf_objects(stream, size):
        if at + length > size:
            return "Data" if name == ASF_DATA else "Header" if name == ASF_HEADER else "Index"
    return None


def _asf_objects(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    at = 0
    for _ in range(MOST_PARTS):
        stream.seek(at)
        head = stream.read(24)
        if len(head) < 24:
            return
        length = int.from_bytes(head[16:24], "little")
        if length < 24:
            return
        yield head[:16], at, length
        at += length
        if at >= size:
            return


def flv_cut(stream: BinaryIO, size: int) -> str | None:
    """The tag of an FLV file that goes beyond the end. Source: FLV file format 10.1, annex E."""
    stream.seek(5)
    at = int.from_bytes(stream.read(4), "big") + 4
    for _ in range(MOST_PARTS):
        if at + 11 > size:
            return None
        stream.seek(at)
        tag = stream.read(11)
        if tag[0] & 0x1F not in {8, 9, 18}:
            return None
        at += 11 + int.from_bytes(tag[1:4], "big") + 4
        if at > size + 4:
            return f"tag {tag[0] & 0x1F}"
    return None


def flac_frames(path: Path, target: Path) -> bool:
    """Write the STREAMINFO and the frames of a FLAC file to `target`, without the blocks between them.

    Returns:
        False when the file has no readable STREAMINFO or no frame behind it.
    """
    if path.stat().st_size > FLAC_BYTES:
        return False
    content = path.read_bytes()
    if content[:4] != b"fLaC" or content[4] & 0x7F != 0 or content[5:8] != b"\0\0\x22":
        return False
    found = [at for mark in FLAC_FRAMES if (at := content.find(mark, FLAC_HEAD)) >= 0]
    if not found:
        return False
    target.write_bytes(b"fLaC\x80" + content[5:FLAC_HEAD] + content[min(found) :])
    return True
