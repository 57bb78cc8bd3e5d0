"""HEIF and AVIF read as items and properties: does every image item have what it must have, in order?

Source: ISO/IEC 23008-12 (HEIF) 6.4 and 9.3, ISO/IEC 23000-22 (MIAF) 7.3, AV1 Image File Format 2.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

IMAGES = {b"av01": b"av1C", b"hvc1": b"hvcC", b"grid": b"", b"iovl": b"", b"jpeg": b""}
"""Kinds of image items, with the property that tells how to decode them."""
TRANSFORMS = (b"clap", b"irot", b"imir")
MUST_BE_ESSENTIAL = frozenset({b"av1C", b"hvcC", b"clap", b"irot", b"imir", b"lsel", b"a1op"})
MUST_NOT_BE_ESSENTIAL = frozenset({b"a1lx", b"ispe"})
ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
PROFILES = frozenset({b"prof", b"rICC"})


@dataclass
class Items:
    """What the `meta` box tells: kind of each item, its properties in order, whom it belongs to."""

    kinds: dict[int, bytes] = field(default_factory=dict)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    uses: dict[int, list[tuple[int, bool]]] = field(default_factory=lambda: defaultdict(list))
    twice: bool = False
    handler: bytes = b""
    primary: int | None = None

    def of(self, item: int) -> list[tuple[bytes, bytes, bool]]:
        """(kind, content, essential) of each property of `item` that exists."""
        return [
            (*self.properties[index - 1], essential)
            for index, essential in self.uses.get(item, [])
            if 0 < index <= len(self.properties)
        ]


def troubles(meta: bytes) -> list[tuple[str, str]]:
    """(part, what is wrong) for the content of a `meta` box, its version and flags first."""
    items = _read(meta)
    if not items.kinds:
        return []
    found = []
    if items.handler and items.handler != b"pict":
        found.append(("hdlr", items.handler.decode("latin-1")))
    if items.primary is None or items.primary not in items.kinds:
        found.append(("pitm", "missing"))
    if items.twice:
        found.append(("ipma", "twice"))
    for item, kind in items.kinds.items():
        if kind in IMAGES:
            found += _image(items, item, kind)
    return found


def _image(items: Items, item: int, kind: bytes) -> list[tuple[str, str]]:
    found = []
    if any(index > len(items.properties) for index, _ in items.uses.get(item, [])):
        found.append(("ipma", f"item {item}: property index"))
    properties = items.of(item)
    names = [name for name, _, _ in properties]
    needed = [b"ispe"] + ([IMAGES[kind]] if IMAGES[kind] else [])
    found += [(_word(name), f"item {item}: missing") for name in needed if name not in names]
    if any(name == b"auxC" and content[4:].startswith(ALPHA) for name, content, _ in properties):
        found += [("pixi", f"item {item}: missing")] if b"pixi" not in names else []
    kinds = Counter("prof" if content[:4] in PROFILES else "nclx" for name, content, _ in properties if name == b"colr")
    found += [("colr", f"item {item}: {each} twice") for each, count in kinds.items() if count > 1]
    order = [TRANSFORMS.index(name) for name in names if name in TRANSFORMS]
    late = b"ispe" in names and any(names.index(name) < names.index(b"ispe") for name in names if name in TRANSFORMS)
    if order != sorted(order) or late:
        found.append(("ipma", f"item {item}: order of transformations"))
    for name, _, essential in properties:
        if (name in MUST_BE_ESSENTIAL and not essential) or (name in MUST_NOT_BE_ESSENTIAL - {b"ispe"} and essential):
            found.append((_word(name), f"item {item}: essential"))
    return found


def _word(name: bytes) -> str:
    return name.decode("latin-1")


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, content) of each box in `data`; stops at one that goes beyond the end."""
    at = 0
    while len(data) - at >= 8:
        length, name, skip = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if length == 1:
            length, skip = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        length = length or len(data) - at
        if length < skip or at + length > len(data):
            return
        yield name, data[at + skip : at + length]
        at += length


def _read(meta: bytes) -> Items:
    items = Items()
    for name, content in boxes(meta[4:]):
        if name == b"hdlr":
            items.handler = content[8:12]
        elif name == b"pitm":
            items.primary = int.from_bytes(content[4:6] if content[:1] == b"\0" else content[4:8], "big")
        elif name == b"iinf":
            _kinds(content, items)
        elif name == b"iprp":
            for inner, inside in boxes(content):
                if inner == b"ipco":
                    items.properties = list(boxes(inside))
                elif inner == b"ipma":
                    _uses(inside, items)
    return items


def _kinds(content: bytes, items: Items) -> None:
    skip = 6 if content[:1] == b"\0" else 8
    for name, entry in boxes(content[skip:]):
        if name == b"infe" and len(entry) >= 12 and entry[0] in {2, 3}:
            wide = entry[0] == 3
            number = int.from_bytes(entry[4:8] if wide else entry[4:6], "big")
            items.kinds[number] = entry[10:14] if wide else entry[8:12]


def _uses(content: bytes, items: Items) -> None:
    version, wide = content[0] if content else 0, bool(content[3] & 1) if len(content) > 3 else False
    count, at = int.from_bytes(content[4:8], "big"), 8
    for _ in range(min(count, 100_000)):
        size = 4 if version >= 1 else 2
        item = int.from_bytes(content[at : at + size], "big")
        at += size
        if at >= len(content):
            return
        items.twice = items.twice or item in items.uses
        uses, at = content[at], at + 1
        for _ in range(uses):
            step = 2 if wide else 1
            value = int.from_bytes(content[at : at + step], "big")
            top = 0x8000 if wide else 0x80
            items.uses[item].append((value & (top - 1), bool(value & top)))
            at += step
