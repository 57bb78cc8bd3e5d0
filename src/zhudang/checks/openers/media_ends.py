"""Where a container of sound or film says it ends, for those that say so in their outermost parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

MOST_PARTS = 10_000
TAIL_BYTES = 70_000
"""An Ogg page is at most 65,307 bytes long."""
UNKNOWN_32, UNKNOWN_64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
W64_MARK = bytes.fromhex("726966662e91cf11a5d628db04c10000")
MOST_BLOCKS = 500_000
HEAD_BYTES = 64 * 1024
DURATIONS = (b"\x44\x89\x84", b"\x44\x89\x88")
"""Duration of a segment, as a number of four or eight bytes (RFC 9559, 5.1.2)."""
MXF_KEY = b"\x06\x0e\x2b\x34"
SYNC, PACKET = 0x47, 188
EBML, SEGMENT = bytes.fromhex("1a45dfa3"), bytes.fromhex("18538067")


def cut_part(stream: BinaryIO, size: int, head: bytes) -> str | None:
    """The part that goes beyond the end of the file; None when all is there, or the format does not say."""
    for fits, told in ENDS:
        if fits(head):
            return told(stream, size)
    return None


def _aiff(stream: BinaryIO, size: int) -> str | None:
    """Chunks of AIFF and AIFC, of even length. Source: AIFF 1.3."""
    return _beyond(stream, size, begin=12, width=4, even=True)


def _caf(stream: BinaryIO, size: int) -> str | None:
    """Chunks of Apple's Core Audio Format; sound of unknown length stands last."""
    return _beyond(stream, size, begin=8, width=8, even=False)


def _beyond(stream: BinaryIO, size: int, *, begin: int, width: int, even: bool) -> str | None:
    """The chunk that goes beyond the end: a name of four letters, its length in `width` bytes, its content."""
    at, head_size = begin, 4 + width
    for _ in range(MOST_PARTS):
        stream.seek(at)
        head = stream.read(head_size)
        length = int.from_bytes(head[4:], "big")
        if len(head) < head_size or (width == 8 and length == UNKNOWN_64):
            return None
        if at + head_size + length > size:
            return head[:4].decode("latin-1")
        at += head_size + length + (length % 2 if even else 0)
    return None


def _au(stream: BinaryIO, size: int) -> str | None:
    stream.seek(4)
    start, length = (int.from_bytes(stream.read(4), "big") for _ in range(2))
    return "data" if length != UNKNOWN_32 and start + length > size else None


def _w64(stream: BinaryIO, size: int) -> str | None:
    stream.seek(16)
    return "riff" if int.from_bytes(stream.read(8), "little") > size else None


def _matroska(stream: BinaryIO, size: int) -> str | None:
    """The segment that holds everything, unless it was written without knowing its size. Source: RFC 8794, RFC 9559."""
    stream.seek(4)
    length = _vint(stream)
    if length is None:
        return None
    stream.seek(length, 1)
    if stream.read(4) != SEGMENT:
        return None
    length = _vint(stream)
    return "Segment" if length is not None and stream.tell() + length > size else None


def tells_duration(path: Path) -> bool:
    """Whether a Matroska or WebM file holds its Duration; recordings of something live do not. Others: assumed."""
    with path.open("rb") as stream:
        begin = stream.read(HEAD_BYTES)
    return begin[:4] != EBML or any(mark in begin for mark in DURATIONS)


def _wavpack(stream: BinaryIO, size: int) -> str | None:
    """Blocks one after another, and the samples that the first tells reached by the last. Source: WavPack 4/5 format."""
    at = told = reached = 0
    for _ in range(MOST_BLOCKS):
        stream.seek(at)
        head = stream.read(32)
        if len(head) < 32 or head[:4] != b"wvpk":
            break
        length = int.from_bytes(head[4:8], "little") + 8
        if at + length > size:
            return "block"
        told = told or int.from_bytes(head[12:16], "little")
        reached = max(reached, int.from_bytes(head[16:20], "little") + int.from_bytes(head[20:24], "little"))
        at += length
    return "block" if told not in {0, UNKNOWN_32} and reached < told else None


def _tta(stream: BinaryIO, size: int) -> str | None:
    """Frames of the lengths that stand in the table behind the header. Source: TTA1 format."""
    stream.seek(10)
    rate, samples = (int.from_bytes(stream.read(4), "little") for _ in range(2))
    frame = 256 * rate // 245
    count = -(-samples // frame) if frame else 0
    if count > MOST_BLOCKS:
        return None
    stream.seek(22)
    table = stream.read(4 * count)
    if len(table) < 4 * count:
        return "seek table"
    lengths = sum(int.from_bytes(table[place : place + 4], "little") for place in range(0, len(table), 4))
    return "frame" if 22 + 4 * count + 4 + lengths > size else None


def _mxf(stream: BinaryIO, size: int) -> str | None:
    """Key, length, value to the end. Source: SMPTE ST 377-1, 6.3."""
    at = 0
    for _ in range(MOST_BLOCKS):
        stream.seek(at)
        head = stream.read(25)
        if len(head) < 17 or head[:4] != MXF_KEY:
            return None
        wide = head[16] & 0x7F if head[16] & 0x80 else 0
        length = int.from_bytes(head[17 : 17 + wide], "big") if wide else head[16]
        at += 17 + wide + length
        if at > size:
            return "KLV"
    return None


def short_packet(stream: BinaryIO, size: int) -> bool:
    """Whether the last packet of a transport stream is short: recordings of broadcasts begin and end anywhere.

    Source: ISO/IEC 13818-1, 2.4.3.2.
    """
    stream.seek(0)
    begin = stream.read(3 * PACKET)
    regular = len(begin) == 3 * PACKET and begin[0] == begin[PACKET] == begin[2 * PACKET] == SYNC
    return regular and bool(size % PACKET)


def _vint(stream: BinaryIO) -> int | None:
    """A number of variable length; None when it says that the length is not known."""
    first = stream.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    value = first[0] & ((1 << (7 - more)) - 1)
    value = value << 8 * more | int.from_bytes(stream.read(more), "big")
    return None if value == (1 << 7 * (more + 1)) - 1 else value


def _ogg(stream: BinaryIO, size: int) -> str | None:
    """The last page, as long as its table of segments says. Source: RFC 3533."""
    stream.seek(max(0, size - TAIL_BYTES))
    tail = stream.read()
    at = tail.rfind(b"OggS\0")
    if at < 0:
        return None
    page = tail[at : at + 27]
    if len(page) < 27:
        return "page"
    table = tail[at + 27 : at + 27 + page[26]]
    return "page" if len(table) < page[26] or at + 27 + page[26] + sum(table) > len(tail) else None


ENDS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, int], str | None]], ...] = (
    (lambda head: head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}, _aiff),
    (lambda head: head[:4] == b"caff", _caf),
    (lambda head: head[:4] == b".snd", _au),
    (lambda head: head == W64_MARK[:12], _w64),
    (lambda head: head[:4] == EBML, _matroska),
    (lambda head: head[:5] == b"OggS\0", _ogg),
    (lambda head: head[:4] == b"wvpk", _wavpack),
    (lambda head: head[:4] == b"TTA1", _tta),
    (lambda head: head[:4] == MXF_KEY, _mxf),
)
"""How the first twelve bytes of a container look, and who reads its end."""
