"""Where a container of sound or film says it ends, for those that say so in their outermost parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

MOST_PARTS = 10_000
TAIL_BYTES = 70_000
"""An Ogg page is at most 65,307 bytes long."""
UNKNOWN_32, UNKNOWN_64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
W64_MARK = bytes.fromhex("726966662e91cf11a5d628db04c10000")
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
)
"""How the first twelve bytes of a container look, and who reads its end."""
