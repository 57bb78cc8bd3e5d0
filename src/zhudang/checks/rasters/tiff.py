"""TIFF 6.0 and BigTIFF: the directories walked without a decoder, every rule a lenient reader passes over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from zhudang.checks.rasters import icc
from zhudang.checks.rasters import tiff_tags as t
from zhudang.checks.rasters.faults import Fault, View, Weight, broken, cut, faulty, within

MOST_DIRECTORIES = 5000
MOST_ENTRIES = 4096
MOST_FAULTS = 30
MOST_WITHIN = 64
NEEDED = {t.COLOURS: (t.PHOTOMETRIC, 3), t.JPEG_TABLES: (t.COMPRESSION, 7)}
"""Tables without which the pixels are not what they were, and the tag with the value that says so."""
SLACK_BYTES = 4
"""A last strip may claim this much beyond the end: padding some writers count, no lost content."""
DATE = re.compile(rb"\d{4}:[01 ][\d ]:[0-3 ][\d ] [\d ]{2}:[\d ]{2}:[\d ]{2}\0?\Z")
BLANK_DATE = re.compile(rb"[ :0]*\0?\Z")


@dataclass
class Directory:
    """One image: its tags with their values (numbers, or raw bytes for text), only those a rule needs."""

    number: int
    values: dict[int, tuple[int, ...]] = field(default_factory=dict)
    raw: dict[int, bytes] = field(default_factory=dict)
    kinds: dict[int, int] = field(default_factory=dict)
    beyond: set[int] = field(default_factory=set)
    """Tags whose value lies beyond the end of the file."""

    def first(self, tag: int, default: int = 0) -> int:
        found = self.values.get(tag)
        return found[0] if found else default


@dataclass
class Seen:
    """What a walk over a TIFF tells."""

    found: list[Fault] = field(default_factory=list)
    directories: list[Directory] = field(default_factory=list)

    def tell(self, fault: Fault) -> None:
        if len(self.found) < MOST_FAULTS and fault not in self.found:
            self.found.append(fault)


def read(content: bytes | memoryview) -> Seen:
    """Walk all directories; `found` lists what is irregular."""
    seen = Seen()
    walk = _walk(content, seen)
    if walk is None:
        return seen
    place, places = walk.first, set[int]()
    while place and len(places) < MOST_DIRECTORIES:
        if place in places:
            seen.tell(faulty("directories form a loop"))
            break
        places.add(place)
        if place % 2:
            seen.tell(faulty(f"directory at odd offset {place}"))
        try:
            directory, place = walk.directory(place, len(places))
        except IndexError:
            seen.tell(cut(f"directory {len(places)} lies beyond the end"))
            break
        except ValueError as error:
            # After a whole image this is a careless link, before any it is the damage itself.
            seen.tell((faulty if seen.directories else broken)(str(error)))
            break
        seen.directories.append(directory)
        for fault in image_faults(directory, len(walk.view)):
            seen.tell(fault)
        for fault in _smaller(walk, directory):
            seen.tell(fault)
    if not seen.directories and not seen.found:
        seen.tell(broken("no directory"))
    return seen


def _smaller(walk: _Walk, parent: Directory) -> Iterator[Fault]:
    """What is cut off of the images within an image (pyramids, previews); their other irregularities lose nothing."""
    for place in parent.values.get(t.SUBIFDS, ())[:MOST_WITHIN]:
        try:
            directory, _ = walk.directory(place, parent.number)
        except IndexError:
            yield cut(f"a directory within {parent.number} lies beyond the end")
            return
        except ValueError:
            return
        yield from (fault for fault in image_faults(directory, len(walk.view)) if fault.weight is Weight.CUT)


def metadata_faults(content: bytes) -> list[Fault]:
    """Irregularities of an Exif block (a TIFF without pixels), down to its sub-directories."""
    seen = Seen()
    if (walk := _walk(content, seen)) is None:
        return seen.found
    try:
        directory, _ = walk.directory(walk.first, 1)
        for tag in (t.EXIF, t.GPS):
            if tag in directory.values:
                walk.directory(directory.first(tag), 1)
    except (IndexError, ValueError):
        seen.tell(faulty("a directory leads nowhere"))
    return seen.found


def from_camera(content: bytes) -> bool:
    """Whether an Exif block tells an exposure or a focal length: a photograph, no scan."""
    if (walk := _walk(content, Seen())) is None:
        return False
    try:
        directory, _ = walk.directory(walk.first, 1)
        inner, _ = walk.directory(directory.first(t.EXIF), 1) if t.EXIF in directory.values else (directory, 0)
    except (IndexError, ValueError):
        return False
    return t.EXPOSURE in inner.kinds or t.FOCAL in inner.kinds


def _walk(content: bytes | memoryview, seen: Seen) -> _Walk | None:
    try:
        return _Walk(content, seen)
    except IndexError:
        seen.tell(cut("header"))
    except ValueError as error:
        seen.tell(broken(str(error)))
    return None


class _Walk:
    def __init__(self, content: bytes | memoryview, seen: Seen) -> None:
        order = {b"II": "<", b"MM": ">"}.get(bytes(content[:2]), "")
        if not order:
            raise ValueError("byte order mark")
        self.view, self._seen = View(content, order), seen
        version = self.view.number(2, 2)
        if version not in (42, 43):
            raise ValueError(f"version {version}")
        self._big = version == 43
        if self._big and self.view.number(4, 2) != 8:
            raise ValueError("BigTIFF offset size")
        self.first = self.view.number(8, 8) if self._big else self.view.number(4, 4)

    def directory(self, place: int, number: int) -> tuple[Directory, int]:
        """The directory at `place` and where the next lies; IndexError when it is not all there."""
        width, entry, link = (8, 20, 8) if self._big else (2, 12, 4)
        count = self.view.number(place, width)
        if not 0 < count <= MOST_ENTRIES:
            raise ValueError(f"directory {number} of {count} entries")
        table = self.view.part(place + width, count * entry)
        directory, last = Directory(number), -1
        for at in range(0, len(table), entry):
            tag = table.number(at, 2)
            if tag <= last:
                self._seen.tell(faulty(f"tag {tag} twice" if tag == last else f"tag {tag} out of order"))
            last = max(last, tag)
            self._entry(table, at, directory)
        end = place + width + count * entry
        if end + link > len(self.view):
            if directory.beyond:
                self._seen.tell(cut(f"directory {number} stops at the end of the file"))
            return directory, 0
        return directory, self.view.number(end, link)

    def _entry(self, table: View, at: int, directory: Directory) -> None:
        tag, kind = table.number(at, 2), table.number(at + 2, 2)
        width = t.WIDTHS.get(kind)
        if width is None or (kind > t.IFD and not self._big):
            self._seen.tell(faulty(f"tag {tag} has unknown type {kind}"))
            return
        room = 8 if self._big else 4
        count = table.number(at + 4, room)
        place, length = at + 4 + room, count * width
        source = table
        directory.kinds[tag] = kind
        if length > room:
            source, place = self.view, table.number(place, room)
            if place % 2:
                self._seen.tell(faulty(f"value of tag {tag} at odd offset"))
        self._shape(tag, kind, count)
        known = t.TAGS.get(tag)
        try:
            raw = source.take(place, length)
        except IndexError:
            needed = tag in (t.STRIPS, t.TILES, t.STRIP_BYTES, t.TILE_BYTES)
            directory.beyond.add(tag)
            self._seen.tell((cut if needed else faulty)(f"value of tag {tag} lies beyond the end"))
            return
        if kind == t.ASCII:
            self._text(tag, raw)
        if known is not None or tag in (t.EXIF, t.GPS):
            directory.raw[tag] = raw
            if kind in (t.BYTE, t.SHORT, t.LONG, t.IFD, t.LONG8, t.IFD8) and tag != t.ICC:
                order = "little" if self.view.order == "<" else "big"
                directory.values[tag] = tuple(
                    int.from_bytes(raw[one : one + width], order)  # type: ignore[arg-type]
                    for one in range(0, length, width)
                )

    def _shape(self, tag: int, kind: int, count: int) -> None:
        known = t.TAGS.get(tag)
        if count == 0:
            self._seen.tell(faulty(f"tag {tag} has no value"))
        if known is None:
            return
        if kind not in known.types:
            self._seen.tell(faulty(f"tag {tag} has type {kind}"))
        if known.number and count != known.number:
            self._seen.tell(faulty(f"tag {tag} has {count} values"))

    def _text(self, tag: int, raw: bytes) -> None:
        if raw and not raw.endswith(b"\0"):
            self._seen.tell(faulty(f"text of tag {tag} has no end"))
        if tag == t.DATE and not (DATE.match(raw) or BLANK_DATE.match(raw)):
            self._seen.tell(faulty("date is not written as prescribed"))


def image_faults(directory: Directory, size: int) -> Iterator[Fault]:
    """Rules between the tags of one image; `size` of the file in bytes."""
    width, length = directory.first(t.WIDTH), directory.first(t.LENGTH)
    if not width or not length:
        yield broken(f"image of {width}×{length}")
        return
    if t.PHOTOMETRIC not in directory.values:
        yield faulty("tag 262 missing")
    yield from _values(directory)
    yield from _samples(directory)
    for tag, needing in NEEDED.items():
        if tag in directory.beyond and directory.first(needing[0]) == needing[1]:
            yield cut(f"value of tag {tag} lies beyond the end")
    tiled = t.TILES in directory.values or t.TILE_WIDTH in directory.values
    places, lengths = (t.TILES, t.TILE_BYTES) if tiled else (t.STRIPS, t.STRIP_BYTES)
    if places not in directory.values:
        if t.OLD_JPEG not in directory.values:
            yield broken(f"tag {places} missing")
        return
    if tiled and t.STRIPS in directory.values:
        yield faulty("both strips and tiles")
    yield from _pieces(directory, places, lengths, _expected(directory, tiled), size)
    if t.ICC in directory.raw:
        yield from within("ICC", icc.faults(directory.raw[t.ICC]))


def _values(directory: Directory) -> Iterator[Fault]:
    for tag, values in directory.values.items():
        allowed = t.TAGS[tag].values
        if allowed and any(value not in allowed for value in values):
            yield faulty(f"tag {tag} has value {values[0]}")
    compression = directory.first(t.COMPRESSION, 1)
    if compression not in t.COMPRESSIONS:
        yield faulty(f"unknown compression {compression}")


def _samples(directory: Directory) -> Iterator[Fault]:
    samples = directory.first(t.SAMPLES, 1)
    bits = directory.values.get(t.BITS, (1,))
    photometric = directory.first(t.PHOTOMETRIC, 1)
    needed = {2: 3, 5: 4, 6: 3, 8: 3}.get(photometric, 1)
    if samples < needed and directory.first(t.COMPRESSION) != 6:
        yield faulty(f"{samples} samples for colour space {photometric}")
    if len(bits) not in (1, samples):
        yield faulty(f"{len(bits)} bit depths for {samples} samples")
    if any(not 1 <= depth <= 64 for depth in bits):
        yield broken(f"bit depth {max(bits)}")
    if photometric == 3:
        colours = len(directory.raw.get(t.COLOURS, b"")) // 2
        if not colours:
            yield faulty("colour map missing")
        elif bits[0] <= 16 and colours != 3 << bits[0]:
            yield faulty(f"colour map of {colours} values")


def _expected(directory: Directory, tiled: bool) -> int | None:
    """How many strips or tiles the image needs; None when that cannot be said."""
    width, length = directory.first(t.WIDTH), directory.first(t.LENGTH)
    planes = directory.first(t.SAMPLES, 1) if directory.first(t.PLANAR, 1) == 2 else 1
    if tiled:
        across, down = directory.first(t.TILE_WIDTH), directory.first(t.TILE_LENGTH)
        return -(-width // across) * -(-length // down) * planes if across and down else None
    rows = directory.first(t.ROWS, length)
    return -(-length // min(rows, length)) * planes if rows else None


def _pieces(directory: Directory, places: int, lengths: int, expected: int | None, size: int) -> Iterator[Fault]:
    values: Mapping[int, tuple[int, ...]] = directory.values
    starts, counts = values[places], values.get(lengths, ())
    name = "tile" if places == t.TILES else "strip"
    if not counts:
        yield faulty(f"tag {lengths} missing")
    elif len(counts) != len(starts):
        yield faulty(f"{len(starts)} {name} offsets, {len(counts)} byte counts")
    if expected is None:
        yield faulty(f"{name} size missing")
    elif len(starts) != expected:
        yield faulty(f"{len(starts)} {name}s, {expected} needed")
    beyond = max((start + count for start, count in zip(starts, counts, strict=False)), default=0) - size
    if beyond > SLACK_BYTES or any(start >= size for start in starts):
        yield cut(f"a {name} of image {directory.number} lies {max(beyond, 1)} bytes beyond the end")
    elif beyond > 0:
        yield faulty(f"a {name} ends {beyond} bytes beyond the end")
