"""ICC profiles (ISO 15076-1): header and tag table. A broken profile loses colours, never the picture."""

from __future__ import annotations

from zhudang.checks.rasters.faults import Fault, View, faulty

HEADER = 128
CLASSES = {b"scnr", b"mntr", b"prtr", b"link", b"spac", b"abst", b"nmcl"}
SPACES = {b"XYZ ", b"Lab ", b"Luv ", b"YCbr", b"Yxy ", b"RGB ", b"GRAY", b"HSV ", b"HLS ", b"CMYK", b"CMY "}
MANY = b"23456789ABCDEF"
"""Spaces of that many colours are called `2CLR` and so on."""
MOST_TAGS = 100


def faults(profile: bytes) -> list[Fault]:
    """Irregularities of one profile."""
    view = View(profile)
    if len(view) < HEADER + 4:
        return [faulty(f"ICC profile of {len(view)} bytes")]
    found = []
    if view.take(36, 4) != b"acsp":
        found.append(faulty("ICC signature"))
    size = view.number(0, 4)
    if size != len(view) and not len(view) - 4 < size < len(view):
        found.append(faulty(f"ICC size {size}, stored {len(view)}"))
    if view.take(12, 4) not in CLASSES:
        found.append(faulty("ICC profile class"))
    space = view.take(16, 4)
    if space not in SPACES and not (space[1:] == b"CLR" and space[:1] in MANY):
        found.append(faulty("ICC colour space"))
    return found + _tags(view)


def _tags(view: View) -> list[Fault]:
    count = view.number(HEADER, 4)
    first = HEADER + 4 + 12 * count
    if not 0 < count <= MOST_TAGS or first > len(view):
        return [faulty(f"ICC tag count {count}")]
    seen: set[bytes] = set()
    starts = []
    for number in range(count):
        at = HEADER + 4 + 12 * number
        name, start, length = view.take(at, 4), view.number(at + 4, 4), view.number(at + 8, 4)
        if name in seen or not name.isascii():
            return [faulty(f"ICC tag {name.decode('latin-1')!r}")]
        seen.add(name)
        starts.append(start)
        if start < first or start + length > len(view):
            return [faulty(f"ICC tag {name.decode('latin-1')} lies outside its profile")]
    if min(starts) > first:
        # Fewer tags than the table has room for: the count was changed.
        return [faulty(f"ICC tag count {count} leaves {min(starts) - first} bytes")]
    return []
