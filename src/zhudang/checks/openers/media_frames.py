"""Sound that is frames and nothing else (MP3, AAC in ADTS): whether the last frame is all there."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zhudang.checks.own_formats import mpeg_frame_length

LEAST_FRAMES = 8
"""Frames that must follow each other without a gap before the last one is believed to be one."""
FIRST_WITHIN = 4096


@dataclass(frozen=True, slots=True)
class Ending:
    """How a file of frames ends: within a frame, or with fewer frames than its header tells (0: it tells none)."""

    cut: bool = False
    told: int = 0
    found: int = 0

    @property
    def short(self) -> bool:
        """Whether frames are missing; the header's own frame is counted by some encoders and not by others."""
        return self.found < self.told


def ending(path: Path, container: str) -> Ending:
    """Walk the frames of a file. `container` is the decoder's name of it; one without such frames tells nothing.

    Tags after the sound end the walk: then nothing is said.
    """
    length_of = LENGTHS.get(container)
    if length_of is None:
        return Ending()
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as held:
        begin = _after_tag(held)
        for at in range(begin, min(len(held) - 4, begin + FIRST_WITHIN)):
            if length_of(held[at : at + 7]):
                count, end = _walk(held, at, length_of)
                if count >= LEAST_FRAMES:
                    told = _told_frames(held[at : at + 64]) if container == "mp3" and end == len(held) else 0
                    return Ending(end > len(held), told, count)
    return Ending()


def _told_frames(first: bytes) -> int:
    """Frames of sound that an MP3's first frame tells; 0 when it tells none. Sources: Xing's and Fraunhofer's notes."""
    mpeg1, mono = first[1] & 0x08, first[3] >> 6 == 3
    at = 4 + ((17 if mono else 32) if mpeg1 else (9 if mono else 17))
    if first[at : at + 4] in {b"Xing", b"Info"} and first[at + 7] & 1:
        return int.from_bytes(first[at + 8 : at + 12], "big")
    return int.from_bytes(first[50:54], "big") if first[36:40] == b"VBRI" else 0


def _after_tag(held: mmap.mmap) -> int:
    if held[:3] != b"ID3" or len(held) < 10:
        return 0
    return 10 + sum((held[6 + place] & 0x7F) << (21 - 7 * place) for place in range(4))


def _walk(held: mmap.mmap, at: int, length_of: Callable[[bytes], int]) -> tuple[int, int]:
    """Frames of one kind that follow each other from `at`, and where the last of them would end."""
    kind, count = held[at + 1] & 0xFE, 0
    while at + 7 <= len(held) and held[at + 1] & 0xFE == kind and (length := length_of(held[at : at + 7])):
        at, count = at + length, count + 1
    return count, at


def _adts(header: bytes) -> int:
    """Bytes of a frame of AAC; 0 when this is none. Source: ISO/IEC 13818-7, 6.2."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 else 0


LENGTHS: dict[str, Callable[[bytes], int]] = {"mp3": mpeg_frame_length, "aac": _adts}
