"""Pictures, good and bad."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from samples.checks.making import Maker, half, put, text


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


def _jpeg_stray_restart(folder: Path) -> Path:
    """A restart marker where none is due: decoders go on after losing some blocks."""
    content = picture(folder, "whole.jpg").read_bytes()
    middle = len(content) * 3 // 4
    return put(folder, "stray.jpg", content[:middle] + b"\xff\xd3" + content[middle:])


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


def tags_out_of_order(folder: Path) -> Path:
    """A whole TIFF whose directory is not sorted: every reader shows it, the specification forbids it."""
    entries = [
        (257, 4, 5),
        (256, 4, 8),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, 5),
        (279, 4, 40),
    ]
    table = b"".join(struct.pack("<HHLL", tag, kind, 1, value) for tag, kind, value in entries)
    content = b"II*\0" + struct.pack("<L", 48) + bytes(40) + struct.pack("<H", len(entries)) + table + bytes(4)
    return put(folder, "unsorted.tif", content)


def _large_interlaced(folder: Path) -> Path:
    """One bit to a pixel in seven passes: small on disk, decoded only as a whole."""
    side = 12000
    rows = ((8, 0), (8, 4), (4, 0), (4, 2), (2, 0), (2, 1), (1, 0))
    passes = zip(rows, ((8, 0), (8, 0), (8, 4), (4, 0), (4, 2), (2, 0), (2, 1)), strict=True)
    length = 0
    for (across, x), (down, y) in passes:
        columns = (side - x + across - 1) // across
        length += (side - y + down - 1) // down * (1 + (columns + 7) // 8)
    chunks = [
        (b"IHDR", struct.pack(">LLBBBBB", side, side, 1, 0, 0, 0, 1)),
        (b"IDAT", zlib.compress(bytes(length), 1)),
        (b"IEND", b""),
    ]
    content = b"".join(
        struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body)) for name, body in chunks
    )
    return put(folder, "interlaced.png", b"\x89PNG\r\n\x1a\n" + content)


def sheet(paper: int = 243, ink: int = 30) -> Image.Image:
    """A written A4 page at 150 dpi."""
    page = Image.new("L", (1240, 1754), paper)
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(24)
    for line in range(150, 1600, 48):
        pen.text((130, line), f"{line} Construction archive, as-built record of this sheet", fill=ink, font=font)
    return page


def scan(folder: Path, name: str, page: Image.Image, dpi: int = 300) -> Path:
    page.save(folder / name, dpi=(dpi, dpi))
    return folder / name


def bordered() -> Image.Image:
    page = sheet()
    ImageDraw.Draw(page).rectangle((0, 0, 40, page.height), fill=12)
    return page


BAD: dict[str, Maker] = {
    "IMG-001": _png_chunk_spoiled,
    "IMG-002": half(lambda folder: picture(folder, "whole.jpg"), "half.jpg"),
    "IMG-003": _gif_bomb,
    "IMG-004": lambda folder: picture(folder, "plain.png", dpi=None),
    "IMG-005": lambda folder: picture(folder, "coarse.png", dpi=72),
    "IMG-006": _jpeg_stray_restart,
    "IMG-007": _rare_tiff,
    "IMG-008": _png_note_spoiled,
    "IMG-009": _large_interlaced,
    "IMG-010": text("nothing.gif", b"GIF89a\1\0\1\0\0\0\0;"),
    "SCN-001": lambda folder: scan(
        folder, "skewed.png", sheet().rotate(2.5, fillcolor=243, resample=Image.Resampling.BICUBIC)
    ),
    "SCN-002": lambda folder: scan(folder, "bordered.png", bordered()),
    "SCN-003": lambda folder: scan(folder, "blank.png", Image.new("L", (1240, 1754), 243)),
    "SCN-004": lambda folder: scan(folder, "blurred.png", sheet().filter(ImageFilter.GaussianBlur(3))),
    "SCN-005": lambda folder: scan(folder, "faint.png", sheet(ink=215)),
}

GOOD: dict[str, Maker] = {
    "png": lambda folder: picture(folder, "good.png"),
    "jpeg": lambda folder: picture(folder, "good.jpg"),
    "scanned_page": lambda folder: scan(folder, "page.tif", sheet()),
    "tiff": lambda folder: picture(folder, "good.tif"),
}
