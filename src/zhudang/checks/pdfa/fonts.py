"""Fonts that are used for text: their dictionaries, embedding, subsets and encodings (6.3; 6.2.11; 6.2.10)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

import pikepdf

from zhudang.checks.pdfa import cmaps, encodings, glyphs, programs
from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.values import label, utf8

Object = Any
SUBTYPES = {"/Type1", "/MMType1", "/TrueType", "/Type3", "/Type0", "/CIDFontType0", "/CIDFontType2"}
SIMPLE = {"/Type1", "/MMType1", "/TrueType", "/Type3"}
FILE_SUBTYPES = {1: {"/Type1C", "/CIDFontType0C"}}
FILE_SUBTYPES_LATER = {"/Type1C", "/CIDFontType0C", "/OpenType"}
STANDARD_14 = {
    "Times-Roman", "Times-Bold", "Times-Italic", "Times-BoldItalic", "Helvetica", "Helvetica-Bold",
    "Helvetica-Oblique", "Helvetica-BoldOblique", "Courier", "Courier-Bold", "Courier-Oblique", "Courier-BoldOblique",
    "Symbol", "ZapfDingbats",
}  # fmt: skip
SUBSET = re.compile(r"/[A-Z]{6}\+")
SYMBOLIC = 4
INVISIBLE = 3
MOST_CODES = 100_000
BUDGET_S = 8.0


@dataclass
class Use:
    """A font and the codes shown in it; a code's value tells whether it was ever drawn visibly."""

    font: Object
    place: str
    codes: dict[int, bool] = field(default_factory=dict)
    explained: set[int] = field(default_factory=set)
    visible: bool = False
    map: cmaps.CharacterMap | None = None

    def show(self, data: bytes, mode: int, explained: bool) -> None:
        drawn = mode != INVISIBLE
        self.visible |= drawn
        if len(self.codes) > MOST_CODES:
            return
        codes = data if label(self.font.get("/Subtype")) != "/Type0" else self.map.split(data) if self.map else ()
        for code in codes:
            self.codes[code] = self.codes.get(code, False) or drawn
            if explained:
                self.explained.add(code)


class Fonts:
    """Collects the fonts a document shows text in, and judges each once."""

    def __init__(self, judgement: Judgement) -> None:
        self.judgement = judgement
        self.uses: dict[Any, Use] = {}

    def select(self, font: Object, place: str) -> Use:
        mark = font.objgen if font.is_indirect else font.unparse()
        use = self.uses.get(mark)
        if use is None:
            use = self.uses[mark] = Use(font, place)
            if label(font.get("/Subtype")) == "/Type0":
                use.map = _codes(font.get("/Encoding"))
        return use

    def judge(self) -> None:
        until = time.monotonic() + BUDGET_S
        for use in self.uses.values():
            if time.monotonic() > until:
                self.judgement.incomplete = True
                for rule in ("font-embedded", "glyph-missing", "widths"):
                    self.judgement.leave(rule)
                return
            try:
                _judge(self.judgement, use)
            except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, RuntimeError):
                self.judgement.violate("font-dictionary", use.place)


def _codes(encoding: Object) -> cmaps.CharacterMap | None:
    """How strings in a composite font split into codes; None when only the reader's own tables know."""
    if isinstance(encoding, pikepdf.Stream):
        return cmaps.read(encoding)
    name = label(encoding)[1:]
    if cmaps.is_identity(encoding) or "UCS2" in name or "UTF16" in name:
        return cmaps.IDENTITY
    return None


def _judge(judgement: Judgement, use: Use) -> None:
    font, place = use.font, f"{use.place} {label(use.font.get('/BaseFont'))[1:]}".strip()
    _dictionary(judgement, font, place)
    if label(font.get("/Subtype")) == "/Type0":
        descendants = font.get("/DescendantFonts")
        if not isinstance(descendants, pikepdf.Array) or not len(descendants):
            judgement.violate("font-dictionary", place)
            return
        inner = descendants[0]
        _dictionary(judgement, inner, place)
        _composite(judgement, font, inner, place)
        program = _embedding(judgement, inner, place, use.visible)
        _cid_subset(judgement, use, inner, program, place)
        glyphs.judge_composite(judgement, use, inner, program, place)
        return
    program = _embedding(judgement, font, place, use.visible)
    if label(font.get("/Subtype")) == "/TrueType":
        _truetype(judgement, font, program, place, use.visible)
    elif label(font.get("/Subtype")) in {"/Type1", "/MMType1"}:
        _type1_subset(judgement, font, program, place)
    glyphs.judge_simple(judgement, use, program, place)


def _dictionary(judgement: Judgement, font: Object, place: str) -> None:
    kind, name = label(font.get("/Subtype")), font.get("/BaseFont")
    if label(font.get("/Type")) != "/Font" or kind not in SUBTYPES:
        judgement.violate("font-dictionary", place)
    if kind != "/Type3" and not isinstance(name, pikepdf.Name):
        judgement.violate("font-dictionary", place)
    utf8(judgement, name, place)
    if kind in SIMPLE and not (kind == "/Type1" and label(name)[1:] in STANDARD_14):
        first, last, widths = font.get("/FirstChar"), font.get("/LastChar"), font.get("/Widths")
        whole = isinstance(first, int) and isinstance(last, int) and isinstance(widths, pikepdf.Array)
        if not whole or len(widths) != last - first + 1:
            judgement.violate("font-dictionary", place)
    descriptor = font.get("/FontDescriptor")
    compact: Object = descriptor.get("/FontFile3") if isinstance(descriptor, pikepdf.Dictionary) else None
    if isinstance(compact, pikepdf.Stream):
        subtype = label(compact.get("/Subtype"))
        if subtype not in FILE_SUBTYPES.get(judgement.part, FILE_SUBTYPES_LATER):
            judgement.violate("font-dictionary", place)


def _embedding(judgement: Judgement, font: Object, place: str, visible: bool) -> programs.Program | None:
    if label(font.get("/Subtype")) == "/Type3":
        return None
    descriptor = font.get("/FontDescriptor")
    keys = ("/FontFile", "/FontFile2", "/FontFile3")
    if not isinstance(descriptor, pikepdf.Dictionary) or not any(
        isinstance(descriptor.get(key), pikepdf.Stream) for key in keys
    ):
        if visible:
            judgement.violate("font-embedded", place)
        return None
    program = programs.load(descriptor)
    if program is None:
        for rule in ("glyph-missing", "widths", "charset", "cidset", "truetype-cmap", "notdef"):
            judgement.leave(rule)
    return program


def _composite(judgement: Judgement, font: Object, inner: Object, place: str) -> None:
    encoding = font.get("/Encoding")
    if label(inner.get("/Subtype")) == "/CIDFontType2":
        mapping = inner.get("/CIDToGIDMap")
        descriptor = inner.get("/FontDescriptor")
        embedded = isinstance(descriptor, pikepdf.Dictionary) and "/FontFile2" in descriptor
        valid = isinstance(mapping, pikepdf.Stream) or label(mapping) == "/Identity"
        if not valid and (embedded or judgement.part == 1):
            judgement.violate("cid-map", place)
    if cmaps.is_identity(encoding):
        return
    system = inner.get("/CIDSystemInfo")
    own = _system(system)
    if isinstance(encoding, pikepdf.Stream):
        _embedded_map(judgement, encoding, place)
        other = _system(encoding.get("/CIDSystemInfo"))
        if own is None or other is None or own[:2] != other[:2] or (judgement.part > 1 and own[2] > other[2]):
            judgement.violate("cid-system", place)
        return
    collection = cmaps.collection_of(label(encoding)[1:])
    if collection is None or judgement.part == 1:
        judgement.violate("cmap-embedded", place)
    if collection is not None and (own is None or own[:2] != ("Adobe", collection)):
        judgement.violate("cid-system", place)


def _system(system: Object) -> tuple[str, str, int] | None:
    if isinstance(system, pikepdf.Array) and len(system):
        system = system[0]
    if not isinstance(system, pikepdf.Dictionary):
        return None
    supplement = system.get("/Supplement", 0)
    return (
        str(system.get("/Registry", "")),
        str(system.get("/Ordering", "")),
        supplement if isinstance(supplement, int) else 0,
    )


def _embedded_map(judgement: Judgement, stream: Object, place: str) -> None:
    found = cmaps.read(stream)
    if found is None:
        judgement.violate("cmap-embedded", place)
        return
    if found.wmode != stream.get("/WMode", 0):
        judgement.violate("cmap-wmode", place)
    base = stream.get("/UseCMap")
    names = {found.uses or "", label(base)[1:]} - {""}
    if any(not name.startswith("Identity-") and cmaps.collection_of(name) is None for name in names):
        judgement.violate("cmap-reference", place)
    if isinstance(base, pikepdf.Stream):
        judgement.violate("cmap-reference", place)


def _cid_subset(judgement: Judgement, use: Use, inner: Object, program: programs.Program | None, place: str) -> None:
    descriptor = inner.get("/FontDescriptor")
    if not isinstance(descriptor, pikepdf.Dictionary) or program is None:
        return
    listed = descriptor.get("/CIDSet")
    if not isinstance(listed, pikepdf.Stream):
        if judgement.part == 1 and SUBSET.match(label(inner.get("/BaseFont"))):
            judgement.violate("cidset", place)
        return
    present = set(program.cids) if program.cids is not None else glyphs.cids_of_glyphs(inner, program)
    bits = listed.read_bytes()
    named = {8 * index + bit for index, byte in enumerate(bits) if byte for bit in range(8) if byte & (0x80 >> bit)}
    if judgement.part == 1:
        # Part 1 asks for the CIDs of the subset: those used must be among them, extra ones do no harm.
        present &= set(use.codes) if cmaps.is_identity(use.font.get("/Encoding")) else present
        if not named:
            judgement.violate("cidset", place)
    if present - named - {0}:
        judgement.violate("cidset", place)


def _type1_subset(judgement: Judgement, font: Object, program: programs.Program | None, place: str) -> None:
    descriptor = font.get("/FontDescriptor")
    if not isinstance(descriptor, pikepdf.Dictionary) or program is None:
        return
    listed = descriptor.get("/CharSet")
    if listed is None:
        if judgement.part == 1 and SUBSET.match(label(font.get("/BaseFont"))):
            judgement.violate("charset", place)
        return
    named = set(str(listed).replace(" ", "").split("/"))
    if judgement.part > 1 and program.names - named - {".notdef"}:
        judgement.violate("charset", place)


def is_symbolic(font: Object) -> bool:
    descriptor = font.get("/FontDescriptor")
    flags = descriptor.get("/Flags", 0) if isinstance(descriptor, pikepdf.Dictionary) else 0
    return bool(isinstance(flags, int) and flags & SYMBOLIC)


def _truetype(judgement: Judgement, font: Object, program: programs.Program | None, place: str, visible: bool) -> None:
    encoding, tables = font.get("/Encoding"), program.cmaps if program else {}
    if is_symbolic(font):
        if encoding is not None:
            judgement.violate("truetype-encoding", place)
        if program is None:
            return
        if judgement.part == 4:
            sound = (3, 0) in tables or (1, 0) in tables
        else:
            sound = len(tables) == 1 or (judgement.part > 1 and (3, 0) in tables)
        if not sound:
            judgement.violate("truetype-cmap", place)
        return
    changed = encodings.differences(encoding)
    if encodings.base_name(encoding) not in {"/MacRomanEncoding", "/WinAnsiEncoding"}:
        judgement.violate("truetype-encoding", place)
    elif isinstance(encoding, pikepdf.Dictionary) and "/Differences" in encoding:
        compliant = all(map(encodings.listed_name, changed.values())) and (3, 1) in tables
        if judgement.part == 1 or not compliant:
            judgement.violate("truetype-encoding", place)
    if program is None or judgement.part == 1 or not visible:
        return
    if not ({(3, 1), (1, 0)} & set(tables) if judgement.part == 4 else [each for each in tables if each != (3, 0)]):
        judgement.violate("truetype-cmap", place)
