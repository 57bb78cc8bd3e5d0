"""Output intents, ICC profiles and colour spaces (6.2.2, 6.2.3 of part 1; 6.2.3, 6.2.4 of parts 2 to 4)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import pikepdf

from zhudang.checks.pdfa.document import items
from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.values import label, utf8

Object = Any
OUTPUT_CLASSES = {b"prtr", b"mntr"}
INPUT_CLASSES = OUTPUT_CLASSES | {b"scnr", b"spac"}
OUTPUT_SPACES = {b"RGB ": 3, b"CMYK": 4, b"GRAY": 1}
INPUT_SPACES = {**OUTPUT_SPACES, b"Lab ": 3}
LATEST_ICC = {1: 3, 2: 5, 3: 5, 4: 5}
"""Part -> first major version of ICC profiles it does not know."""
DEVICES = {
    "/DeviceRGB": "RGB ", "/RGB": "RGB ", "/DeviceCMYK": "CMYK", "/CMYK": "CMYK", "/DeviceGray": "GRAY", "/G": "GRAY",
}  # fmt: skip
DEFAULTS = {"RGB ": "/DefaultRGB", "CMYK": "/DefaultCMYK", "GRAY": "/DefaultGray"}
DEVICE_RULES = {"RGB ": "device-rgb", "CMYK": "device-cmyk", "GRAY": "device-gray"}
PROCESS = {"/Cyan", "/Magenta", "/Yellow", "/Black", "/None"}
MOST_COLORANTS = {1: 8, 2: 32, 3: 32, 4: 10**9}
MOST_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Profile:
    """Head of an ICC profile: device class and data colour space as written, major version, digest."""

    device: bytes
    space: bytes
    version: int
    digest: bytes


def profile(stream: Object) -> Profile | None:
    """Read the head of a profile; None when it is none."""
    try:
        data = stream.read_bytes()
    except (pikepdf.PdfError, AttributeError, RuntimeError):
        return None
    if len(data) < 128 or data[36:40] != b"acsp":
        return None
    return Profile(data[12:16], data[16:20], data[8], hashlib.sha256(data).digest())


@dataclass
class Colours:
    """Judges colour spaces against the output intent in effect."""

    judgement: Judgement
    document: str | None = None
    page: str | None = None
    blending: str | None = None
    blended: bytes | None = None
    """Digest of the profile of the blending space in effect."""
    digests: set[bytes] = field(default_factory=set)
    tints: dict[str, bytes] = field(default_factory=dict)
    judged: set[Any] = field(default_factory=set)

    @property
    def intent(self) -> str | None:
        return self.page or self.document

    def intents(self, holder: Object, place: str) -> str | None:
        """Judge an OutputIntents array; return the colour space of the PDF/A intent in it."""
        judgement, space, targets = self.judgement, None, set()
        for intent in items(holder.get("/OutputIntents")):
            if not isinstance(intent, pikepdf.Dictionary):
                continue
            if "/DestOutputProfileRef" in intent:
                judgement.violate("output-reference", place)
            target = intent.get("/DestOutputProfile")
            if target is None:
                continue
            targets.add(target.objgen if isinstance(target, pikepdf.Stream) else None)
            seen = profile(target)
            if seen is None or seen.device not in OUTPUT_CLASSES or seen.space not in OUTPUT_SPACES:
                judgement.violate("output-profile", place)
                continue
            if seen.version >= LATEST_ICC[judgement.part]:
                judgement.violate("output-profile", place)
            self._components(target, seen, place)
            if intent.get("/S") == "/GTS_PDFA1":
                space = seen.space.decode("ascii")
                self.digests.add(seen.digest)
        if len(targets) > 1:
            judgement.violate("output-same", place)
        return space

    def _components(self, stream: Object, seen: Profile, place: str) -> None:
        if stream.get("/N") != INPUT_SPACES.get(seen.space):
            self.judgement.violate("icc-components", place)

    def use(self, space: Object, resources: Object, place: str, depth: int = 0) -> None:
        """Judge a colour space that something is drawn in."""
        if space is None or depth > MOST_DEPTH:
            return
        if isinstance(space, pikepdf.Name):
            self._named(label(space), resources, place, depth)
            return
        if not isinstance(space, pikepdf.Array) or not len(space):
            return
        kind = label(space[0])
        if len(space) == 1:
            self._named(kind, resources, place, depth)
            return
        mark = (
            (space.objgen, self.intent, self.blending, self.blended, _defaults(resources))
            if space.is_indirect
            else None
        )
        if mark in self.judged:
            return
        if mark is not None:
            self.judged.add(mark)
        if kind == "/ICCBased":
            self._icc(space, resources, place, depth)
        elif kind in {"/Indexed", "/I", "/Pattern"}:
            self.use(space[1], resources, place, depth + 1)
        elif kind == "/Separation":
            self._separation(space, place)
            self.use(space[2] if len(space) > 2 else None, resources, place, depth + 1)
        elif kind == "/DeviceN":
            self._device_n(space, resources, place, depth)

    def _named(self, name: str, resources: Object, place: str, depth: int) -> None:
        device = DEVICES.get(name)
        if device is None:
            found = lookup(resources, "/ColorSpace", name)
            if found is not None and label(found) != name:
                self.use(found, resources, place, depth + 1)
            return
        substitute = lookup(resources, "/ColorSpace", DEFAULTS[device])
        if substitute is not None:
            if not isinstance(substitute, pikepdf.Name):
                self.use(substitute, None, place, depth + 1)
            return
        if self.intent == device or (self.blending == device and device != "GRAY"):
            return
        if device != "GRAY" or self.intent is None:
            self.judgement.violate(DEVICE_RULES[device], place)

    def _icc(self, space: Object, resources: Object, place: str, depth: int) -> None:
        stream = space[1]
        seen = profile(stream) if isinstance(stream, pikepdf.Stream) else None
        if seen is None or seen.device not in INPUT_CLASSES or seen.space not in INPUT_SPACES:
            self.judgement.violate("icc-profile", place)
            return
        if seen.version >= LATEST_ICC[self.judgement.part]:
            self.judgement.violate("icc-profile", place)
        self._components(stream, seen, place)
        if seen.space == b"CMYK" and (seen.digest in self.digests or seen.digest == self.blended):
            self.judgement.violate("icc-identical", place)

    def is_icc_cmyk(self, space: Object, resources: Object) -> bool:
        """Whether a space is ICCBased with a CMYK profile, also by name."""
        if isinstance(space, pikepdf.Name):
            name = label(space)
            device = DEVICES.get(name)
            space = lookup(resources, "/ColorSpace", DEFAULTS[device] if device else name)
        if not isinstance(space, pikepdf.Array) or len(space) < 2 or label(space[0]) != "/ICCBased":
            return False
        return isinstance(space[1], pikepdf.Stream) and space[1].get("/N") == 4

    def _separation(self, space: Object, place: str) -> None:
        if len(space) < 4:
            return
        utf8(self.judgement, space[1], place)
        name, form = label(space[1]), fingerprint(space[2]) + fingerprint(space[3])
        if self.tints.setdefault(name, form) != form:
            self.judgement.violate("separation", f"{place} {name}")

    def _device_n(self, space: Object, resources: Object, place: str, depth: int) -> None:
        names = items(space[1])
        if len(names) > MOST_COLORANTS[self.judgement.part]:
            self.judgement.violate("limit-colorants", place)
        attributes = space[4] if len(space) > 4 and isinstance(space[4], pikepdf.Dictionary) else pikepdf.Dictionary()
        colorants = attributes.get("/Colorants")
        process = attributes.get("/Process")
        known = set(PROCESS)
        if isinstance(process, pikepdf.Dictionary):
            known |= {label(each) for each in items(process.get("/Components"))}
            self.use(process.get("/ColorSpace"), resources, place, depth + 1)
        if isinstance(colorants, pikepdf.Dictionary):
            for key, spot in colorants.items():
                known.add(key)
                self.use(spot, resources, place, depth + 1)
        for name in names:
            utf8(self.judgement, name, place)
            if label(name) not in known:
                self.judgement.violate("colorants", f"{place} {label(name)}")
        self.use(space[2] if len(space) > 2 else None, resources, place, depth + 1)


def _defaults(resources: Object) -> tuple[bool, ...]:
    return tuple(lookup(resources, "/ColorSpace", name) is not None for name in DEFAULTS.values())


def lookup(resources: Object, category: str, name: str) -> Object:
    """A named resource, or None."""
    if not isinstance(resources, pikepdf.Dictionary):
        return None
    named = resources.get(category)
    return named.get(name) if isinstance(named, pikepdf.Dictionary) else None


def fingerprint(thing: Object, depth: int = 0) -> bytes:
    """An object's content, whether direct or indirect, compressed or not."""
    if depth > MOST_DEPTH:
        return b"..."
    if isinstance(thing, pikepdf.Stream):
        try:
            data = thing.read_bytes()
        except (pikepdf.PdfError, RuntimeError):
            data = thing.read_raw_bytes()
        keys = sorted(key for key in thing.stream_dict.keys() if key not in {"/Length", "/Filter", "/DecodeParms"})  # noqa: SIM118
        inner = b"".join(key.encode() + fingerprint(thing.get(key), depth + 1) for key in keys)
        return b"<<" + inner + b">>" + hashlib.sha256(data).digest()
    if isinstance(thing, pikepdf.Dictionary):
        inner = b"".join(key.encode() + fingerprint(thing.get(key), depth + 1) for key in sorted(thing.keys()))
        return b"<<" + inner + b">>"
    if isinstance(thing, pikepdf.Array):
        return b"[" + b" ".join(fingerprint(each, depth + 1) for each in thing) + b"]"
    if isinstance(thing, pikepdf.Object):
        return thing.unparse()
    return str(thing).encode()
