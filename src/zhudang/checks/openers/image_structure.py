"""Image containers read without a decoder: is everything there that the file says it has?"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
MOST_DIRECTORIES = 2000
MOST_ENTRIES = 4096
OFFSETS = {273: 279, 324: 325}
"""TIFF tags of strips and tiles: offsets → byte counts."""
SIZES = {3: "H", 4: "L", 16: "Q"}


def png_trouble(path: Path) -> str | None:
    """`truncated`, or `checksum <chunk>`; None when every chunk is whole."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(8) != PNG_MAGIC:
            return None
        while True:
            head = stream.read(8)
            if len(head) < 8:
                return "truncated"
            length, name = int.from_bytes(head[:4], "big"), head[4:]
            if stream.tell() + length + 4 > size:
                return "truncated"
            content, check = stream.read(length), stream.read(4)
            if zlib.crc32(name + content) != int.from_bytes(check, "big"):
                return f"checksum {name.decode('latin-1')}"
            if name == b"IEND":
                return None


def tiff_is_whole(path: Path) -> bool | None:
    """Whether every strip and tile lies within the file; None when the directories cannot be followed."""
    size = path.stat().st_size
    try:
        with path.open("rb") as stream:
            return _Tiff(stream, size).whole()
    except (struct.error, ValueError, OverflowError, OSError):
        return None


class _Tiff:
    """The directories of a TIFF or BigTIFF."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size
        head = stream.read(16)
        self._order = {b"II": "<", b"MM": ">"}[head[:2]] if head[:2] in (b"II", b"MM") else ""
        if not self._order:
            raise ValueError("not a TIFF")
        self._big = self._number("H", head[2:4]) == 43
        self._first = self._number("Q", head[8:16]) if self._big else self._number("L", head[4:8])

    def _number(self, kind: str, raw: bytes) -> int:
        return int(struct.unpack(self._order + kind, raw)[0])

    def whole(self) -> bool:
        place, seen = self._first, set[int]()
        while place and place not in seen and len(seen) < MOST_DIRECTORIES:
            seen.add(place)
            tags, place = self._directory(place)
            for offsets, counts in OFFSETS.items():
                starts, lengths = tags.get(offsets, ()), tags.get(counts, ())
                spans = zip(starts, lengths, strict=False)
                if any(start + length > self._size for start, length in spans):
                    return False
        return bool(seen)

    def _directory(self, place: int) -> tuple[dict[int, tuple[int, ...]], int]:
        """Tags of interest with their values, and where the next directory lies."""
        if place >= self._size:
            raise ValueError("directory beyond the end")
        self._stream.seek(place)
        count_kind, entry = ("Q", 20) if self._big else ("H", 12)
        width = struct.calcsize(self._order + count_kind)
        count = self._number(count_kind, self._stream.read(width))
        if count > MOST_ENTRIES:
            raise ValueError("too many entries")
        raw = self._stream.read(count * entry)
        next_kind = "Q" if self._big else "L"
        if len(raw) < count * entry:
            raise ValueError("directory beyond the end")
        link = self._stream.read(struct.calcsize(self._order + next_kind))
        following = self._number(next_kind, link) if len(link) == struct.calcsize(self._order + next_kind) else 0
        tags = {}
        for at in range(0, len(raw), entry):
            tag = self._number("H", raw[at : at + 2])
            if tag in OFFSETS or tag in OFFSETS.values():
                tags[tag] = self._values(raw[at : at + entry])
        return tags, following

    def _values(self, entry: bytes) -> tuple[int, ...]:
        kind = SIZES.get(self._number("H", entry[2:4]))
        if kind is None:
            return ()
        counted = entry[4:12] if self._big else entry[4:8]
        room = entry[12:20] if self._big else entry[8:12]
        count = self._number("Q" if self._big else "L", counted)
        length = count * struct.calcsize(self._order + kind)
        if length > self._size:
            raise ValueError("values beyond the end")
        if length > len(room):
            self._stream.seek(self._number("Q" if self._big else "L", room))
            room = self._stream.read(length)
        return struct.unpack(f"{self._order}{count}{kind}", room[:length])
