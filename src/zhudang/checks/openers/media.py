"""Sound and pictures that move: decoded to the end, duration told."""

from __future__ import annotations

import time
from typing import Any

import av
from av.error import DecoderNotFoundError, FFmpegError, PatchWelcomeError

from zhudang.checks.examine import Case
from zhudang.checks.openers import media_ends
from zhudang.checks.openers.media_frames import ending
from zhudang.checks.openers.media_outline import flac_frames, iso_outline
from zhudang.checks.openers.media_structure import holds_nothing, is_protected, troubles

av.logging.set_level(None)
NO_MEANS = (DecoderNotFoundError, PatchWelcomeError)
TROUBLES = (FFmpegError, OSError, ValueError, EOFError)
BUDGET_S = 40.0
"""Longest time for decoding; how far it came is told."""
SHORT_S = 1.0
SHORT_SHARE = 0.9
"""Decoded less than this share of the length the file claims, and short by more than `SHORT_S`: cut off."""
EXACT_S = 0.2
ESTIMATED = frozenset({"mp3", "aac", "ac3", "eac3", "dts", "amr", "h264", "hevc", "m4v", "mpegvideo", "loas"})
"""Frames and nothing else: no header tells how long they play."""


def examine(case: Case) -> None:
    case.facts["encrypted"] = False
    for trouble in troubles(case.path):
        case.find("AV-007" if trouble.cut else "AV-006", part=trouble.name, why=trouble.why)
    try:
        container = _opened(case)
    except TROUBLES as trouble:
        _unopened(case, trouble)
        return
    with container:
        streams = [each for each in container.streams if each.type in {"audio", "video"}]
        case.facts["release"] = container.format.name
        if not streams:
            case.find("AV-004")
            return
        if not case.format.id:
            case.find("AV-006", part="start", why="none that is known")
        claimed = container.duration / av.time_base if container.duration else None
        case.facts["duration_s"] = round(claimed, 3) if claimed else None
        if container.format.name in ESTIMATED or not media_ends.tells_duration(case.path):
            claimed = None  # what the library says is reckoned from the first frames
        _tell(case, _Decoding(case, container), claimed)
        seen = ending(case.path, container.format.name)
        if seen.cut:
            case.find("AV-010")
        elif seen.short and not {"AV-003", "AV-007"} & {found.code for found in case.findings}:
            case.find("AV-011", told=seen.told, found=seen.found)


def _opened(case: Case) -> av.container.InputContainer:
    """The container; of a FLAC file whose blocks before the sound are misstated, the sound alone."""
    try:
        return av.open(str(case.path), metadata_errors="replace")
    except TROUBLES:
        bare = case.scratch / "bare.flac"
        if not flac_frames(case.path, bare):
            raise
        container = av.open(str(bare))
        case.find("AV-006", part="metadata", why="block length")
        return container


def _beyond_us(case: Case, trouble: Exception | None) -> bool:
    """Told as not opened, where the library says itself that it lacks the means and the container is whole."""
    irregular = {"AV-006", "AV-007"} & {found.code for found in case.findings}
    if not isinstance(trouble, NO_MEANS) or irregular:
        return False
    case.find("FMT-004", extension=case.extension, format=case.format.name, id=case.format.id)
    return True


def _unopened(case: Case, trouble: Exception) -> None:
    """Nothing to play, tables that lead nowhere in a file that is all there, or damage?"""
    outline = iso_outline(case.path)
    if _beyond_us(case, trouble):
        return
    if holds_nothing(case.path):
        case.find("AV-005")
    elif outline is not None and outline.whole and outline.has_tracks:
        case.find("AV-009" if outline.has_media else "AV-005", detail=_short(trouble))
    else:
        case.find("AV-001", detail=_short(trouble))


def _tell(case: Case, decoding: _Decoding, claimed: float | None) -> None:
    decoding.run()
    reached = decoding.reached
    if not decoding.frames and decoding.errors and is_protected(case.path):
        case.facts["encrypted"] = True
        case.find("AV-008")
    elif not decoding.frames and _beyond_us(case, decoding.trouble):
        return
    elif not decoding.frames and decoding.errors:
        outline = iso_outline(case.path)
        empty = outline is not None and outline.whole and not outline.has_media
        case.find("AV-005" if empty else "AV-001", detail=decoding.first)
    elif not decoding.frames:
        case.find("AV-005")
    elif decoding.errors:
        case.find("AV-002", count=decoding.errors, first=decoding.first)
    if claimed is None and reached and decoding.ended:
        case.facts["duration_s"] = round(reached, 3)
    short = claimed is not None and _ends_early(case, claimed, reached)
    if decoding.ended and decoding.frames and short:
        case.find("AV-003", claimed=round(claimed or 0, 1), reached=round(reached, 1))


def _ends_early(case: Case, claimed: float, reached: float) -> bool:
    """FLAC counts its samples exactly, and damaged frames are left out in silence: anything missing tells of a loss."""
    if case.format.mime == "audio/flac":
        return claimed - reached > EXACT_S
    return claimed - reached > SHORT_S and reached < claimed * SHORT_SHARE


class _Decoding:
    """One pass over all packets, counting what came out of them."""

    def __init__(self, case: Case, container: av.container.InputContainer) -> None:
        self._case = case
        self._container = container
        self._lengths: dict[int, float] = {}
        self.frames = self.errors = 0
        self.first = ""
        self.trouble: Exception | None = None
        self.ended = False

    @property
    def reached(self) -> float:
        """Seconds of the longest stream that were decoded."""
        return max(self._lengths.values(), default=0.0)

    def run(self) -> None:
        started = time.monotonic()
        packets = self._container.demux()
        while time.monotonic() - started < BUDGET_S:
            try:
                packet = next(packets)
            except StopIteration:
                self.ended = True
                return
            except TROUBLES as trouble:
                self._note(trouble)
                self.ended = True
                return
            if packet.stream.type in {"audio", "video"}:
                self._decode(packet)
        self._case.not_checked["AV-002"] = f"after_{self.reached:.0f}_s"

    def _decode(self, packet: Any) -> None:
        index = packet.stream.index
        try:
            for frame in packet.decode():
                self.frames += 1
                self.errors += bool(frame.is_corrupt)
                self._lengths[index] = self._length(frame, self._lengths.get(index, 0.0))
        except TROUBLES as trouble:
            self._note(trouble)

    def _length(self, frame: Any, before: float) -> float:
        """Where this frame ends: sound by its samples, pictures by their time."""
        samples, rate = getattr(frame, "samples", 0), getattr(frame, "sample_rate", 0)
        if samples and rate:
            return before + float(samples / rate)
        return max(before, float(frame.time)) if frame.time is not None else before

    def _note(self, trouble: Exception) -> None:
        self.errors += 1
        self.first = self.first or _short(trouble)
        self.trouble = self.trouble or trouble


def _short(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {trouble}"[:120].replace("\n", " ")
