"""Sound and film, good and bad."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

from PIL import Image

from samples.checks.making import Maker, half, put, text

SILENT_FRAME = b"\xff\xfb\x90\x64" + bytes(413)
"""A frame of MPEG 1 layer III, 128 kbit/s at 44.1 kHz, of nothing."""


def told_frames(count: int) -> bytes:
    """The first frame of an MP3 whose header tells so many frames of sound."""
    return (SILENT_FRAME[:4] + bytes(32) + b"Info" + struct.pack(">II", 1, count)).ljust(len(SILENT_FRAME), b"\0")


def sound(folder: Path, seconds: float = 1.0, name: str = "sample.wav") -> Path:
    path = folder / name
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(int(16000 * seconds)))
    return path


def film(folder: Path, frames: int = 60, name: str = "sample.avi", codec: str = "mpeg4") -> Path:
    import av

    path = folder / name
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=10)
        stream.width, stream.height = 64, 48  # type: ignore[attr-defined]
        stream.pix_fmt = "rgb24" if codec == "png" else "yuv420p"  # type: ignore[attr-defined]
        for number in range(frames):
            image = Image.new("RGB", (64, 48), (number * 4 % 255, 10, 10))
            for packet in stream.encode(av.VideoFrame.from_image(image)):  # type: ignore[attr-defined]
                out.mux(packet)
        for packet in stream.encode():  # type: ignore[attr-defined]
            out.mux(packet)
    return path


def _cut_film(folder: Path) -> Path:
    content = film(folder, 200, "whole.avi").read_bytes()
    return put(folder, "cut.avi", content[: len(content) // 3])


def _spoiled_film(folder: Path) -> Path:
    """Pictures within the film have lost their heads; those before and after decode."""
    content = film(folder, 60, "whole.avi", "png").read_bytes()
    pieces = content.split(b"IHDR")
    joined = b"IHDR".join(pieces[:20]) + b"\0\0\0\0" + b"IHDR".join(pieces[20:])
    return put(folder, "spoiled.avi", joined)


def _film_without_tracks(folder: Path) -> Path:
    kind = struct.pack(">L4s4sL4s", 20, b"ftyp", b"isom", 512, b"isom")
    facts = struct.pack(">L4sLLLLLL", 108, b"mvhd", 0, 0, 0, 1000, 0, 0x10000).ljust(108, b"\0")
    return put(folder, "no_tracks.mp4", kind + struct.pack(">L4s", 116, b"moov") + facts)


def _wav_with_odd_chunk(folder: Path) -> Path:
    content = sound(folder, 0.5, "whole.wav").read_bytes() + b"\xff x\0\x04\0\0\0abcd"
    return put(folder, "odd.wav", content[:4] + struct.pack("<L", len(content) - 8) + content[8:])


def _wav_without_sound(folder: Path) -> Path:
    return sound(folder, 0.0, "silent.wav")


def _contradicting_index(folder: Path) -> Path:
    """The table of chunks begins with a chunk that does not exist."""
    content = film(folder, 20, "whole.mp4").read_bytes()
    at = content.index(b"stsc") + 12
    return put(folder, "index.mp4", content[:at] + b"\1" + content[at + 1 :])


BAD: dict[str, Maker] = {
    "AV-001": text("noise.wav", b"RIFF\x24\0\0\0WAVEfmt " + bytes(80)),
    "AV-002": _spoiled_film,
    "AV-003": _cut_film,
    "AV-004": _film_without_tracks,
    "AV-005": _wav_without_sound,
    "AV-006": _wav_with_odd_chunk,
    "AV-007": half(sound, "half.wav"),
    "AV-009": _contradicting_index,
    "AV-010": text("cut.mp3", SILENT_FRAME * 20 + SILENT_FRAME[:200]),
    "AV-011": text("short.mp3", told_frames(100) + SILENT_FRAME * 95),
}

GOOD: dict[str, Maker] = {
    "mp3": text("sound.mp3", SILENT_FRAME * 20),
    "counted_mp3": text("counted.mp3", told_frames(100) + SILENT_FRAME * 100),
    "counted_with_its_header_mp3": text("counted.mp3", told_frames(101) + SILENT_FRAME * 100),
    "tagged_mp3": text("tagged.mp3", SILENT_FRAME * 20 + b"TAG" + bytes(125)),
    "wav": sound,
    "avi": film,
}
