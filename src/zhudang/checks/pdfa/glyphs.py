"""The glyphs text refers to: present, as wide as declared, never .notdef, with a Unicode value where required."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pikepdf

from zhudang.checks.pdfa import cmaps, encodings
from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.programs import Program
from zhudang.checks.pdfa.structure import private
from zhudang.checks.pdfa.values import label

if TYPE_CHECKING:
    from zhudang.checks.pdfa.fonts import Use

Object = Any
NOTDEF = ".notdef"
WIDTH_TOLERANCE = 1.0
"""In thousandths of an em; ISO 19005-2, 6.2.11.5 allows one."""
MOST_WIDTHS = 70_000
COLLECTIONS = {"GB1", "CNS1", "Japan1", "Korea1", "KR"}
FORBIDDEN_TEXT = {"\0", "\ufeff", "\ufffe"}


def judge_simple(judgement: Judgement, use: Use, program: Program | None, place: str) -> None:
    """Judge the codes shown in a simple font."""
    font = use.font
    symbolic = _symbolic(font)
    names = glyph_names(font, program, symbolic)
    for code, drawn in use.codes.items():
        if label(font.get("/Subtype")) == "/Type3":
            _type3_glyph(judgement, font, names.get(code), place)
        elif program is not None:
            glyph = _truetype_glyph(program, code, names, symbolic) if program.kind == "truetype" else names.get(code)
            missing = glyph is None or glyph == 0 or (program.kind != "truetype" and glyph not in program.names)
            _judge_glyph(judgement, place, code, missing, missing or glyph == NOTDEF, drawn)
            if drawn and not missing:
                _width(judgement, program.width(glyph), _simple_width(font, code), place, code)
        elif names and names.get(code) == NOTDEF:
            judgement.violate("notdef", place)
    texts = _to_unicode(font)
    for code in use.codes:
        _unicode(judgement, code, _simple_text(code, texts, names, font, symbolic), texts, use, place)


def judge_composite(judgement: Judgement, use: Use, inner: Object, program: Program | None, place: str) -> None:
    """Judge the codes shown in a composite font."""
    font, encoding = use.font, use.font.get("/Encoding")
    cids = _cids(encoding, use)
    texts = _to_unicode(font)
    widths = _cid_widths(inner)
    default = inner.get("/DW", 1000)
    mapping = _glyph_map(inner)
    for code, drawn in use.codes.items():
        cid = cids.get(code) if cids is not None else None
        if cid is not None:
            if cid > 65535:
                judgement.violate("limit-cid", place)
            if program is not None:
                _composite_glyph(judgement, program, mapping, cid, drawn, place, float(widths.get(cid, default)))
            elif cid == 0:
                judgement.violate("notdef", place)
        text = texts.get(code) if texts is not None else "?" if _known_collection(inner, encoding) else None
        _unicode(judgement, code, text, texts, use, place)
    if cids is None:
        for rule in ("glyph-missing", "widths"):
            judgement.leave(rule)


def _composite_glyph(
    judgement: Judgement, program: Program, mapping: Any, cid: int, drawn: bool, place: str, declared: float
) -> None:
    if program.kind == "cid":
        missing, glyph = cid not in (program.cids or ()), cid
    else:
        glyph = mapping(cid)
        missing = glyph >= program.glyphs
    notdef = glyph == 0 or cid == 0
    _judge_glyph(judgement, place, cid, missing, notdef or missing, drawn)
    if drawn and not missing and program.kind != "type1":
        _width(judgement, program.width(glyph), declared, place, cid)


def _judge_glyph(judgement: Judgement, place: str, code: int, missing: bool, notdef: bool, drawn: bool) -> None:
    if missing and drawn:
        judgement.violate("glyph-missing", f"{place} #{code:X}")
    if notdef:
        judgement.violate("notdef", f"{place} #{code:X}")


def _width(judgement: Judgement, real: float | None, declared: float | None, place: str, code: int) -> None:
    if real is not None and declared is not None and abs(real - declared) > WIDTH_TOLERANCE:
        judgement.violate("widths", f"{place} #{code:X} {declared:g}/{real:g}")


def _symbolic(font: Object) -> bool:
    descriptor = font.get("/FontDescriptor")
    flags = descriptor.get("/Flags", 0) if isinstance(descriptor, pikepdf.Dictionary) else 0
    return bool(isinstance(flags, int) and flags & 4)


def glyph_names(font: Object, program: Program | None, symbolic: bool) -> Mapping[int, str]:
    """Code -> glyph name of a simple font, from dictionary and program (ISO 32000, 9.6.6)."""
    encoding = font.get("/Encoding")
    named = dict(encodings.named_encoding(encodings.base_name(encoding)))
    if not named:
        built_in = program.encoding if program is not None and program.kind in {"type1", "cff"} else None
        if built_in and (symbolic or program is not None):
            named = dict(built_in)
        elif label(font.get("/Subtype")) != "/Type3":
            named = dict(encodings.named_encoding("/StandardEncoding"))
    return named | encodings.differences(encoding)


def _truetype_glyph(program: Program, code: int, names: Mapping[int, str], symbolic: bool) -> int | None:
    """Glyph index a TrueType program gives a code (ISO 32000, 9.6.6.4)."""
    tables = program.cmaps
    if not symbolic:
        name = names.get(code)
        if name is None:
            return None
        if (3, 1) in tables:
            text = encodings.unicode_of(name)
            if text and (found := tables[3, 1].get(ord(text[0]))) is not None:
                return program.order.get(found)
        if (1, 0) in tables:
            own = encodings.macintosh_code(name)
            if own is not None and (found := tables[1, 0].get(own)) is not None:
                return program.order.get(found)
        return program.order.get(name)
    for table in ((3, 0), (1, 0), (3, 1), (0, 3), (0, 1), (0, 0)):
        for offset in (0, 0xF000, 0xF100, 0xF200) if table == (3, 0) else (0,):
            found = tables.get(table, {}).get(code + offset)
            if found is not None:
                return program.order.get(found)
    return None


def _type3_glyph(judgement: Judgement, font: Object, name: str | None, place: str) -> None:
    procedures = font.get("/CharProcs")
    if name is None or name == NOTDEF or not isinstance(procedures, pikepdf.Dictionary) or f"/{name}" not in procedures:
        judgement.violate("glyph-missing", place)
        judgement.violate("notdef", place)


def _simple_width(font: Object, code: int) -> float | None:
    first, widths = font.get("/FirstChar"), font.get("/Widths")
    if isinstance(first, int) and isinstance(widths, pikepdf.Array) and 0 <= code - first < len(widths):
        return float(widths[code - first])
    descriptor = font.get("/FontDescriptor")
    missing = descriptor.get("/MissingWidth") if isinstance(descriptor, pikepdf.Dictionary) else None
    return None if missing is None else float(missing)


def _cids(encoding: Object, use: Use) -> Mapping[int, int] | None:
    """Code -> CID for the codes shown; None when only a reader's own tables know."""
    if cmaps.is_identity(encoding):
        return {code: code for code in use.codes}
    if isinstance(encoding, pikepdf.Stream) and use.map is not None:
        base = (use.map.uses or label(encoding.get("/UseCMap"))[1:]).startswith("Identity")
        return {code: use.map.cids.get(code, code if base else 0) for code in use.codes}
    return None


def _cid_widths(inner: Object) -> dict[int, float]:
    found: dict[int, float] = {}
    listed = inner.get("/W")
    parts = list(listed) if isinstance(listed, pikepdf.Array) else []
    position = 0
    while position + 1 < len(parts) and len(found) < MOST_WIDTHS:
        first, second = int(parts[position]), parts[position + 1]
        if isinstance(second, pikepdf.Array):
            found.update({first + index: float(width) for index, width in enumerate(second)})
            position += 2
        elif position + 2 < len(parts):
            width = float(parts[position + 2])
            found.update(dict.fromkeys(range(first, min(int(second), first + MOST_WIDTHS) + 1), width))
            position += 3
        else:
            break
    return found


def _glyph_map(inner: Object) -> Any:
    mapping = inner.get("/CIDToGIDMap")
    if not isinstance(mapping, pikepdf.Stream):
        return lambda cid: cid
    data = mapping.read_bytes()
    return lambda cid: int.from_bytes(data[2 * cid : 2 * cid + 2], "big")


def cids_of_glyphs(inner: Object, program: Program) -> set[int]:
    """CIDs whose glyph in a TrueType or unkeyed program has an outline."""
    if program.kind != "truetype":
        return set(range(program.glyphs))
    filled, mapping = program.filled(), inner.get("/CIDToGIDMap")
    if not isinstance(mapping, pikepdf.Stream):
        return filled
    data = mapping.read_bytes()
    return {cid for cid in range(len(data) // 2) if int.from_bytes(data[2 * cid : 2 * cid + 2], "big") in filled}


def _to_unicode(font: Object) -> Mapping[int, str] | None:
    stream = font.get("/ToUnicode")
    found = cmaps.read(stream) if isinstance(stream, pikepdf.Stream) else None
    return None if found is None else found.texts


def _known_collection(inner: Object, encoding: Object) -> bool:
    """Whether CIDs have Unicode values by Adobe's collections (ISO 32000, 9.10.2)."""
    system = inner.get("/CIDSystemInfo")
    ordering = str(system.get("/Ordering", "")) if isinstance(system, pikepdf.Dictionary) else ""
    name = label(encoding)[1:]
    return ordering in COLLECTIONS or (not cmaps.is_identity(encoding) and cmaps.collection_of(name) is not None)


def _simple_text(
    code: int, texts: Mapping[int, str] | None, names: Mapping[int, str], font: Object, symbolic: bool
) -> str | None:
    if texts is not None and code in texts:
        return texts[code]
    if label(font.get("/Subtype")) == "/TrueType" and symbolic:
        return None
    name = names.get(code)
    if name is None:
        return None
    return encodings.unicode_of(name) if encodings.listed_name(name) or name[:3] == "uni" or name[:1] == "u" else None


def _unicode(
    judgement: Judgement, code: int, text: str | None, texts: Mapping[int, str] | None, use: Use, place: str
) -> None:
    if not text and code not in use.explained:
        judgement.violate("unicode", f"{place} #{code:X}")
    if text and texts is not None and code in texts and FORBIDDEN_TEXT & set(text):
        judgement.violate("unicode-value", f"{place} #{code:X}")
    if text and private(text) and code not in use.explained:
        judgement.violate("unicode-private", f"{place} #{code:X}")
