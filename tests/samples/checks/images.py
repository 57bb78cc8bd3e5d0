"""Pictures, good and bad."""

from __future__ import annotations

import struct
from pathlib import Path

from PIL import Image

from samples.checks.making import Maker, half, put


def picture(folder: Path, name: str, size: tuple[int, int] = (300, 200), dpi: int | None = 300) -> Path:
    path = folder / name
    image = Image.effect_noise(size, 60).convert("RGB")
    image.save(path, **({"dpi": (dpi, dpi)} if dpi else {}))
    return path


def _png_chunk_spoiled(folder: Path) -> Path:
    content = bytearray(picture(folder, "whole.png").read_bytes())
    at = content.index(b"IDAT") + 40
    content[at] ^= 0xFF
    return put(folder, "spoiled.png", bytes(content))


def _png_note_spoiled(folder: Path) -> Path:
    """A wrong checksum where the picture does not need it: the resolution chunk."""
    content = bytearray(picture(folder, "whole.png").read_bytes())
    at = content.index(b"pHYs") + 4 + 9
    content[at] ^= 0xFF
    return put(folder, "note.png", bytes(content))


def _gif_bomb(folder: Path) -> Path:
    head = b"GIF89a" + struct.pack("<HHBBB", 65000, 65000, 0xF0, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 65000, 65000, 0) + b"\x02\x02\x4c\x01\x00\x3b"
    return put(folder, "bomb.gif", head + frame)


def _rare_tiff(folder: Path) -> Path:
    """Whole, but with three bits to a sample, which no decoder here knows."""
    strip = bytes(16)
    entries = [
        (256, 4, 8),
        (257, 4, 5),
        (258, 3, 3),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, 5),
        (279, 4, 15),
    ]
    table = b"".join(struct.pack("<HHLL", tag, kind, 1, value) for tag, kind, value in entries)
    content = b"II*\0" + struct.pack("<L", 24) + strip + struct.pack("<H", len(entries)) + table + bytes(4)
    return put(folder, "rare.tif", content)


BAD: dict[str, Maker] = {
    "IMG-001": _png_chunk_spoiled,
    "IMG-002": half(lambda folder: picture(folder, "whole.jpg"), "half.jpg"),
    "IMG-003": _gif_bomb,
    "IMG-004": lambda folder: picture(folder, "plain.png", dpi=None),
    "IMG-005": lambda folder: picture(folder, "coarse.png", dpi=72),
    "IMG-006": _png_note_spoiled,
    "IMG-007": _rare_tiff,
}

GOOD: dict[str, Maker] = {
    "png": lambda folder: picture(folder, "good.png"),
    "jpeg": lambda folder: picture(folder, "good.jpg"),
    "tiff": lambda folder: picture(folder, "good.tif"),
}
