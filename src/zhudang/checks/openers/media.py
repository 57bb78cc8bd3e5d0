"""Sound and pictures that move: decoded to the end, duration told."""

from __future__ import annotations

import time

import av
from av.error import FFmpegError

from zhudang.checks.examine import Case

av.logging.set_level(None)
BUDGET_S = 40.0
"""Longest time for decoding; how far it came is told."""
SHORT_S = 2.0
SHORT_SHARE = 0.9
"""Decoded less than this share of the length the file claims, and short by more than `SHORT_S`: cut off."""


def examine(case: Case) -> None:
    case.facts["encrypted"] = False
    try:
        container = av.open(str(case.path), metadata_errors="replace")
    except (FFmpegError, OSError, ValueError, EOFError) as trouble:
        case.find("AV-001", detail=_short(trouble))
        return
    with container:
        streams = [each for each in container.streams if each.type in {"audio", "video"}]
        case.facts["release"] = container.format.name
        if not streams:
            case.find("AV-004")
            return
        claimed = container.duration / av.time_base if container.duration else None
        case.facts["duration_s"] = round(claimed, 3) if claimed else None
        _decode(case, container, claimed)


def _decode(case: Case, container: av.container.InputContainer, claimed: float | None) -> None:
    errors, frames, reached, first = 0, 0, 0.0, ""
    started = time.monotonic()
    ended = False
    packets = container.demux()
    while True:
        if time.monotonic() - started > BUDGET_S:
            case.not_checked["AV-002"] = f"after_{reached:.0f}_s"
            break
        try:
            packet = next(packets)
        except StopIteration:
            ended = True
            break
        except (FFmpegError, OSError, ValueError, EOFError) as trouble:
            errors, first = errors + 1, first or _short(trouble)
            break
        if packet.stream.type not in {"audio", "video"}:
            continue
        try:
            for frame in packet.decode():
                frames += 1
                moment = getattr(frame, "time", None)
                if moment is not None:
                    reached = max(reached, moment)
        except (FFmpegError, OSError, ValueError, EOFError) as trouble:
            errors, first = errors + 1, first or _short(trouble)
    if not frames and errors:
        case.find("AV-001", detail=first)
    elif not frames:
        case.find("AV-005")
    elif errors:
        case.find("AV-002", count=errors, first=first)
    if claimed is None and reached:
        case.facts["duration_s"] = round(reached, 3)
    if ended and frames and claimed and claimed - reached > SHORT_S and reached < claimed * SHORT_SHARE:
        case.find("AV-003", claimed=round(claimed, 1), reached=round(reached, 1))


def _short(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {trouble}"[:120].replace("\n", " ")
