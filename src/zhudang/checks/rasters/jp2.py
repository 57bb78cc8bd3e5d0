"""JPEG 2000 (ISO/IEC 15444-1): boxes of a JP2 and the markers of its codestream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from zhudang.checks.rasters import icc
from zhudang.checks.rasters.faults import Fault, View, broken, cut, faulty

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
CODESTREAM = b"\xff\x4f\xff\x51"
COLOURS = {16, 17, 18}
EXTENDED_COLOURS = {0, 1, 3, 4, 9, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24}
SOT, SOD, EOC, SIZ, COD, QCD, COM = 0xFF90, 0xFF93, 0xFFD9, 0xFF51, 0xFF52, 0xFF5C, 0xFF64
MOST_BOXES = 10_000
MOST_PARTS = 200_000
RESOLUTIONS = {b"resc", b"resd"}


@dataclass
class Seen:
    """`header` and `siz`: (height, width, components) as the header box and the codestream say."""

    found: list[Fault] = field(default_factory=list)
    header: tuple[int, int, int] | None = None
    siz: tuple[int, int, int] | None = None
    boxes: set[bytes] = field(default_factory=set)
    brand: bytes = b""


def read(content: bytes | memoryview) -> Seen:
    """Walk boxes and codestream; `found` lists what is irregular."""
    view, seen = View(content), Seen()
    try:
        if view.take(0, 4) == CODESTREAM:
            seen.found += _codestream(view, seen)
        else:
            _file(view, seen)
    except IndexError:
        seen.found.append(cut("JPEG 2000"))
    return seen


def _file(view: View, seen: Seen) -> None:
    if view.take(0, 12) != SIGNATURE:
        seen.found.append(faulty("signature box"))
    for name, body in _boxes(view, seen, top=True):
        first = name not in seen.boxes
        seen.boxes.add(name)
        if name == b"ftyp":
            seen.brand = body.take(0, 4) if len(body) >= 4 else b""
            if len(body) < 12 or len(body) % 4:
                seen.found.append(faulty("ftyp box"))
        elif name == b"jp2h":
            _header(body, seen)
        elif name == b"jp2c" and first:
            if b"jp2h" not in seen.boxes:
                seen.found.append(faulty("jp2h box missing before the codestream"))
            seen.found += _codestream(body, seen)
        elif name == b"uuid" and len(body) < 16:
            seen.found.append(faulty("uuid box"))
    for name in (b"ftyp", b"jp2h", b"jp2c"):
        if name not in seen.boxes and not any(fault.weight == "cut" for fault in seen.found):
            seen.found.append(broken(f"{name.decode()} box missing"))
    if seen.header and seen.siz and seen.header != seen.siz:
        seen.found.append(faulty(f"header says {seen.header}, codestream {seen.siz}"))


def _boxes(view: View, seen: Seen, *, top: bool = False) -> Iterator[tuple[bytes, View]]:
    """Name and content of every box; what goes beyond its surroundings is told and given as far as it goes."""
    at, count = 0, 0
    while at + 8 <= len(view) and count < MOST_BOXES:
        length, name, skip = view.number(at, 4), view.take(at + 4, 4), 8
        shown = name.decode("latin-1")
        if length == 1 and at + 16 <= len(view):
            length, skip = view.number(at + 8, 8), 16
        if length == 0:
            length = len(view) - at
        if not name.isascii() or length < skip:
            seen.found.append(faulty(f"box {shown!r} of {length} bytes"))
            return
        if at + length > len(view):
            seen.found.append(
                (cut if top else faulty)(f"box {shown} goes {at + length - len(view)} bytes beyond its end")
            )
            length = len(view) - at
        yield name, view.part(at + skip, length - skip)
        at, count = at + length, count + 1
    if 0 < len(view) - at < 8:
        seen.found.append(faulty(f"{len(view) - at} bytes after the last box"))


def _header(body: View, seen: Seen) -> None:
    inside = list(_boxes(body, seen))
    names = [name for name, _ in inside]
    if not names or names[0] != b"ihdr":
        seen.found.append(faulty("ihdr box is not first"))
    if b"colr" not in names:
        seen.found.append(faulty("colr box missing"))
    for name, content in inside:
        try:
            seen.found += _header_box(name, content, names, seen)
        except IndexError:
            seen.found.append(faulty(f"{name.decode('latin-1')} box of {len(content)} bytes"))


def _header_box(name: bytes, body: View, names: list[bytes], seen: Seen) -> list[Fault]:
    if name == b"ihdr":
        return _image_header(body, names, seen)
    if name == b"colr":
        return _colour(body, seen)
    if name == b"bpcc" and seen.header and len(body) != seen.header[2]:
        return [faulty("bpcc box")]
    if name == b"pclr":
        entries, columns = body.number(0, 2), body.number(2, 1)
        return [faulty("pclr box")] if not 1 <= entries <= 1024 or not columns or b"cmap" not in names else []
    if name == b"cdef" and len(body) != 2 + 6 * body.number(0, 2):
        return [faulty("cdef box")]
    if name == b"res ":
        return _resolution(body, seen)
    return []


def _image_header(body: View, names: list[bytes], seen: Seen) -> list[Fault]:
    found = []
    if len(body) != 14:
        found.append(faulty(f"ihdr box of {len(body)} bytes"))
    seen.header = body.number(0, 4), body.number(4, 4), body.number(8, 2)
    depth, kind, unknown, rights = (body.number(at, 1) for at in (10, 11, 12, 13))
    if not all(seen.header) or seen.header[2] > 16384:
        found.append(faulty(f"ihdr size {seen.header}"))
    if kind != 7 or unknown > 1 or rights > 1 or (depth != 255 and depth & 127 > 37):
        found.append(faulty("ihdr values"))
    if depth == 255 and b"bpcc" not in names:
        found.append(faulty("bpcc box missing"))
    return found


def _colour(body: View, seen: Seen) -> list[Fault]:
    method = body.number(0, 1)
    if method == 1:
        space = body.number(3, 4)
        extended = space in EXTENDED_COLOURS and seen.brand != b"jp2 "
        return [] if space in COLOURS or extended else [faulty(f"colour space {space}")]
    if method in (2, 3):
        return icc.faults(body.take(3, len(body) - 3))
    return [] if method in (4, 5) and seen.brand != b"jp2 " else [faulty(f"colour method {method}")]


def _resolution(body: View, seen: Seen) -> list[Fault]:
    found = []
    inside = list(_boxes(body, seen))
    if not any(name in RESOLUTIONS for name, _ in inside):
        found.append(faulty("res box holds no resolution"))
    for name, content in inside:
        if name in RESOLUTIONS and (len(content) != 10 or not all(content.number(at, 2) for at in (0, 2, 4, 6))):
            found.append(faulty(f"{name.decode()} box"))
    return found


def _codestream(view: View, seen: Seen) -> list[Fault]:
    found: list[Fault] = []
    try:
        at, tiles = _main_header(view, seen, found)
        found += _tile_parts(view, at, tiles)
    except IndexError:
        found.append(cut("codestream"))
    return found


def _main_header(view: View, seen: Seen, found: list[Fault]) -> tuple[int, int]:
    """Markers before the first tile-part; answer where that begins and how many tiles there are."""
    if view.take(0, 4) != CODESTREAM:
        found.append(broken("SOC and SIZ markers"))
        raise IndexError(0)
    at, tiles, names = 2, 1, set()
    while (marker := view.number(at, 2)) != SOT:
        if not 0xFF4F <= marker <= 0xFF9F:
            found.append(broken(f"marker {marker:04X} in the main header"))
            raise IndexError(at)
        names.add(marker)
        length = view.number(at + 2, 2)
        body = view.part(at + 4, length - 2)
        if marker == SIZ:
            tiles = _siz(body, seen, found)
        elif marker == COD:
            found += _cod(body)
        elif marker == COM and len(body) >= 2:
            found += _comment(body)
        at += 2 + length
    found += [faulty(f"marker {marker:04X} missing") for marker in (COD, QCD) if marker not in names]
    return at, tiles


def _siz(body: View, seen: Seen, found: list[Fault]) -> int:
    width, height, left, top, across, down, tile_left, tile_top = (body.number(2 + 4 * n, 4) for n in range(8))
    components = body.number(34, 2)
    seen.siz = height - top, width - left, components
    if len(body) != 36 + 3 * components:
        found.append(faulty(f"SIZ of {len(body)} bytes for {components} components"))
    if width <= left or height <= top or not across or not down or not components:
        found.append(broken(f"SIZ {width}×{height}, tiles {across}×{down}"))
        return 1
    if tile_left > left or tile_top > top or tile_left + across <= left or tile_top + down <= top:
        found.append(faulty("SIZ: the first tile does not cover the image's origin"))
    parts = [body.take(36 + 3 * n, 3) for n in range(components)]
    if any(part[0] & 127 > 37 or not part[1] or not part[2] for part in parts):
        found.append(faulty("SIZ: bit depth or sampling"))
    return -(-(width - tile_left) // across) * -(-(height - tile_top) // down)


def _cod(body: View) -> list[Fault]:
    order, layers, mixed = body.number(1, 1), body.number(2, 2), body.number(4, 1)
    levels, across, down, transform = body.number(5, 1), body.number(6, 1), body.number(7, 1), body.number(9, 1)
    good = order <= 4 and layers >= 1 and mixed <= 1 and levels <= 32 and transform <= 1
    if not good or across > 8 or down > 8 or across + down > 8:
        return [faulty("COD values")]
    return []


def _comment(body: View) -> list[Fault]:
    kind = body.number(0, 2)
    if kind > 1:
        return [faulty(f"comment of kind {kind}")]
    text = body.take(2, len(body) - 2)
    if kind == 1 and any(byte < 9 or 13 < byte < 32 for byte in text.rstrip(b"\0")):
        return [faulty("control characters in a comment")]
    return []


def _tile_parts(view: View, at: int, tiles: int) -> list[Fault]:
    """Every tile-part must lie within the codestream, and the end mark must stand after the last."""
    found: list[Fault] = []
    seen: set[int] = set()
    for _ in range(MOST_PARTS):
        marker = view.number(at, 2)
        if marker == EOC:
            if len(seen) < tiles <= 65535:
                found.append(faulty(f"{len(seen)} of {tiles} tiles"))
            return found
        if marker != SOT:
            return [*found, faulty(f"marker {marker:04X} instead of a tile-part")]
        tile, length = view.number(at + 4, 2), view.number(at + 6, 4)
        seen.add(tile)
        if tile >= tiles:
            found.append(faulty(f"tile {tile} of {tiles}"))
        if length == 0:
            return found if view.take(len(view) - 2, 2) == b"\xff\xd9" else [*found, cut("EOC missing")]
        if length < 12:
            return [*found, faulty(f"tile-part of {length} bytes")]
        if at + length > len(view):
            return [*found, cut(f"a tile-part goes {at + length - len(view)} bytes beyond the end")]
        at += length
        if at >= len(view):
            return [*found, cut("EOC missing")]
    return found
