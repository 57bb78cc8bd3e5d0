"""GIF, BMP, WebP, PSD and DjVu: blocks and declared sizes."""

from __future__ import annotations

from zhudang.checks.rasters.faults import Fault, View, Weight, broken, cut, faulty

GIF_VERSIONS = (b"GIF87a", b"GIF89a")
EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
MOST_BLOCKS = 200_000
DIB_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}
BMP_DEPTHS = {0, 1, 2, 4, 8, 16, 24, 32}
UNCOMPRESSED = {0, 3, 6}


def gif(content: bytes | memoryview) -> list[Fault]:
    """Blocks down to the trailer."""
    view = View(content, "<")
    try:
        if view.take(0, 6) not in GIF_VERSIONS:
            return [faulty("GIF version")]
        return _gif_blocks(view)
    except IndexError:
        return [cut("GIF block")]


def _gif_blocks(view: View) -> list[Fault]:
    flags = view.number(10, 1)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    found: list[Fault] = []
    images = 0
    for _ in range(MOST_BLOCKS):
        if at >= len(view):
            return [*found, faulty("GIF trailer missing") if images else cut("GIF holds no image")]
        kind = view.number(at, 1)
        if kind == TRAILER:
            if at + 1 < len(view) and any(view.take(at + 1, min(64, len(view) - at - 1))):
                found.append(faulty("data after the GIF trailer"))
            return found if images else [*found, Fault(Weight.EMPTY, "GIF")]
        if kind == EXTENSION:
            at = _gif_chain(view, at + 2)
        elif kind == IMAGE:
            images += 1
            flags = view.number(at + 9, 1)
            at += 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
            if not 2 <= view.number(at, 1) <= 8:
                found.append(faulty(f"GIF code size {view.number(at, 1)}"))
            at = _gif_chain(view, at + 1)
        else:
            weight = faulty if images else broken
            return [*found, weight(f"GIF block {kind:02X}")]
    return found


def _gif_chain(view: View, at: int) -> int:
    while length := view.number(at, 1):
        at += 1 + length
    return at + 1


def bmp(content: bytes | memoryview) -> list[Fault]:
    """Declared sizes against the bytes there are."""
    view = View(content, "<")
    try:
        declared, start, header = view.number(2, 4), view.number(10, 4), view.number(14, 4)
        if header not in DIB_SIZES:
            return [faulty(f"BMP header of {header} bytes")]
        if header == 12:
            width, height, planes, depth, packed = (*(view.number(at, 2) for at in (18, 20, 22, 24)), 0)
        else:
            width, height = _signed(view, 18), abs(_signed(view, 22))
            planes, depth, packed = view.number(26, 2), view.number(28, 2), view.number(30, 4) if header >= 40 else 0
    except IndexError:
        return [cut("BMP header")]
    if width <= 0 or height == 0 or depth not in BMP_DEPTHS:
        return [broken(f"BMP of {width}×{height}, {depth} bits")]
    found = [faulty(f"BMP planes {planes}")] if planes != 1 else []
    if declared not in (0, len(view)):
        found.append(faulty(f"BMP declares {declared} bytes, there are {len(view)}"))
    needed = start + (width * depth + 31) // 32 * 4 * height
    if packed in UNCOMPRESSED and needed > len(view) + 3:
        found.append(cut(f"BMP needs {needed} bytes, there are {len(view)}"))
    return found


def _signed(view: View, at: int) -> int:
    return int.from_bytes(view.take(at, 4), "little", signed=True)


def webp(content: bytes | memoryview) -> list[Fault]:
    """RIFF chunks down to the declared end."""
    view = View(content, "<")
    try:
        end = view.number(4, 4) + 8
        found = []
        if end > len(view) + 1:
            return [cut(f"WebP declares {end} bytes, there are {len(view)}")]
        if end < len(view):
            found.append(faulty("data after the WebP"))
        at, names = 12, set()
        while at + 8 <= min(end, len(view)):
            names.add(view.take(at, 4))
            length = view.number(at + 4, 4)
            if at + 8 + length > len(view):
                return [*found, cut(f"chunk {view.take(at, 4)!r} goes beyond the end")]
            at += 8 + length + length % 2
    except IndexError:
        return [cut("WebP header")]
    if not names & {b"VP8 ", b"VP8L", b"ANMF"}:
        found.append(broken("WebP holds no picture"))
    return found


def psd(content: bytes | memoryview) -> list[Fault]:
    """Header and the lengths of the three sections before the picture."""
    view = View(content)
    try:
        version, channels, depth = view.number(4, 2), view.number(12, 2), view.number(22, 2)
        if version not in (1, 2) or not 1 <= channels <= 56 or depth not in (1, 8, 16, 32):
            return [broken("PSD header")]
        at = 26
        for wide in (4, 4, 8 if version == 2 else 4):
            at += wide + view.number(at, wide)
        end = at + 2 + _psd_pixels(view, at, channels, depth, 4 if version == 2 else 2)
    except IndexError:
        return [cut("PSD section")]
    return [cut(f"PSD needs {end} bytes, there are {len(view)}")] if end > len(view) else []


def _psd_pixels(view: View, at: int, channels: int, depth: int, wide: int) -> int:
    """Bytes of the merged picture: raw, or run-length coded with a length for every row; 0 when not told."""
    height, width, coding = view.number(14, 4), view.number(18, 4), view.number(at, 2)
    if coding == 0:
        return channels * height * ((width * depth + 7) // 8)
    if coding == 1:
        rows = channels * height
        table = view.part(at + 2, rows * wide)
        return rows * wide + sum(table.number(row * wide, wide) for row in range(rows))
    return 0


def icns(content: bytes | memoryview) -> list[Fault]:
    """Apple's icons: the length of all, then one picture after another."""
    view = View(content)
    try:
        declared, at = view.number(4, 4), 8
        while at + 8 <= min(declared, len(view)):
            length = view.number(at + 4, 4)
            if length < 8:
                return [broken("ICNS part")]
            at += length
    except IndexError:
        return [cut("ICNS header")]
    return [cut(f"ICNS declares {declared} bytes, there are {len(view)}")] if max(declared, at) > len(view) else []


def djvu(content: bytes | memoryview) -> list[Fault]:
    """The outer chunk must be all there."""
    view = View(content)
    try:
        declared = view.number(8, 4) + 12
        if view.take(12, 4) not in (b"DJVU", b"DJVM", b"DJVI", b"THUM", b"PM44", b"BM44"):
            return [broken("DjVu form")]
    except IndexError:
        return [cut("DjVu header")]
    return [cut(f"DjVu declares {declared} bytes, there are {len(view)}")] if declared > len(view) + 1 else []


def jxl(content: bytes | memoryview) -> list[Fault]:
    """Naked codestream or boxes; no decoder is at hand."""
    view = View(content)
    if len(view) < 16:
        return [cut("JPEG XL header")]
    if view.take(0, 2) == b"\xff\x0a":
        return []
    at = 0
    while at + 8 <= len(view):
        length = view.number(at, 4)
        if length == 0:
            return []
        if length == 1 and at + 16 <= len(view):
            length = view.number(at + 8, 8)
        if length < 8:
            return [faulty("JPEG XL box")]
        at += length
    return [cut("JPEG XL box")] if at > len(view) else []
