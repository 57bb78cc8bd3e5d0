"""The streams of a PDF: does each decode, is it whole, and is its content in this file at all?"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from typing import Any

import pikepdf

from zhudang.checks.examine import Case
from zhudang.checks.openers import pdf_dictionaries

BUDGET_S = 4.0
TEXTUAL_FILTERS = {"/ASCIIHexDecode", "/ASCII85Decode", "/LZWDecode", "/RunLengthDecode"}
TEXTUAL_BYTES = 1024 * 1024
STEP_BYTES = 1024 * 1024
HEAD_BYTES = 2048
LARGEST_JPEG = 8 * 1024 * 1024
COMPONENTS = {"/DeviceGray": 1, "/CalGray": 1, "/Indexed": 1, "/Separation": 1, "/DeviceRGB": 3, "/CalRGB": 3,
              "/Lab": 3, "/DeviceCMYK": 4}  # fmt: skip
COMPACT_FONTS = {"/Type1C", "/CIDFontType0C", "/OpenType"}
SFNT = (b"\0\1\0\0", b"true", b"OTTO", b"ttcf", b"typ1")
TYPE_1 = (b"%!", b"\x80\x01")
PNG_PREDICTOR = 10
FAX_HOLE = bytes(64)
Object = Any


@dataclass(frozen=True, slots=True)
class Inflated:
    """What came out of a deflated stream: its first bytes, how many there were, and whether that was all of it."""

    head: bytes
    length: int
    whole: bool
    finished: bool = True


def examine(case: Case, pdf: pikepdf.Pdf) -> None:
    """Decode every deflated stream, keeping nothing; tell what is damaged, cut short, or kept in another file."""
    damaged, until = 0, time.monotonic() + BUDGET_S
    for thing in pdf.objects:
        if time.monotonic() > until:
            case.not_checked["PDF-021"] = "too_large"
            break
        if isinstance(thing, pikepdf.Stream):
            if "/F" in thing and thing.get("/Subtype") not in ("/Form", "/Image"):
                case.active("external_reference")
                case.find("PDF-010", target=_target(thing.get("/F")))
            damaged += _spoiled(thing, until)
        elif isinstance(thing, pikepdf.Dictionary) and "/EF" in thing and not _attached(case):
            case.active("embedded_file")
            case.find("PDF-006", count=1)
    if damaged:
        case.find("PDF-021", count=damaged)


def _attached(case: Case) -> bool:
    return "embedded_file" in (case.facts["active_content"] or [])


def _target(value: Object) -> str:
    if isinstance(value, pikepdf.Dictionary):
        value = value.get("/UF", value.get("/F", ""))
    return str(value)[:120]


def _spoiled(stream: Any, until: float) -> bool:
    filters = _filters(stream)
    if any(name not in pdf_dictionaries.FILTERS for name in filters):
        return True
    if filters[:1] == ["/FlateDecode"]:
        inflated = _inflate(stream, until)
        return not inflated.whole or (len(filters) == 1 and inflated.finished and _lacks(stream, inflated))
    if filters == ["/DCTDecode"]:
        return _broken_jpeg(stream)
    if filters == ["/CCITTFaxDecode"]:
        return _broken_fax(stream)
    if filters and set(filters) <= TEXTUAL_FILTERS and int(stream.get("/Length", 0)) < TEXTUAL_BYTES:
        try:
            stream.read_bytes()
        except (pikepdf.PdfError, RuntimeError):
            return True
    return False


def _filters(stream: Any) -> list[str]:
    named = stream.get("/Filter")
    listed = list(named) if isinstance(named, pikepdf.Array) else [] if named is None else [named]
    return [str(each) for each in listed]


def _inflate(stream: Any, until: float) -> Inflated:
    head, length = b"", 0
    try:
        raw = stream.read_raw_bytes()
        inflater = zlib.decompressobj()
        rest = raw
        while True:
            given = inflater.decompress(rest, STEP_BYTES)
            head, length, rest = head or given[:HEAD_BYTES], length + len(given), inflater.unconsumed_tail
            if not rest or time.monotonic() >= until:
                break
        # Without its checksum a stream may still be whole; without its last block it is not.
        cut = bool(raw) and not inflater.eof and not rest and _misses_its_end(raw, until)
    except (zlib.error, pikepdf.PdfError, RuntimeError):
        return Inflated(head, length, whole=False)
    return Inflated(head, length, whole=not cut, finished=not rest)


def _misses_its_end(raw: bytes, until: float) -> bool:
    """Whether deflated data end before their last block does, and not only before the checksum behind it."""
    bare = zlib.decompressobj(-zlib.MAX_WBITS)
    rest = raw[2:]
    while not bare.eof and time.monotonic() < until:
        given = bare.decompress(rest, STEP_BYTES)
        rest = bare.unconsumed_tail
        if not given and not rest:
            return not bare.eof
    return False


def _lacks(stream: Any, inflated: Inflated) -> bool:
    """Whether what was inflated is less than the dictionary says, or not what it says."""
    kind = stream.get("/Subtype")
    try:
        if kind == "/Image":
            return inflated.length < _image_bytes(stream)
        if kind is not None and str(kind) in COMPACT_FONTS:
            return not _compact_font(inflated)
        if "/Length1" in stream:
            return not _font(stream, inflated)
    except (TypeError, ValueError, ArithmeticError):
        return False
    return False


def _image_bytes(image: Any) -> int:
    """Least number of bytes the picture needs; 0 where it cannot be told. A missing last row is forgiven."""
    width, height = int(image.get("/Width", 0)), int(image.get("/Height", 0))
    masked = image.get("/ImageMask") is True
    count = 1 if masked else _components(image.get("/ColorSpace"))
    bits = 1 if masked else int(image.get("/BitsPerComponent", 0))
    row = (width * count * bits + 7) // 8
    parameters = image.get("/DecodeParms")
    if isinstance(parameters, pikepdf.Dictionary) and int(parameters.get("/Predictor", 1)) >= PNG_PREDICTOR:
        row += 1 if row else 0
    return row * (height - 1)


def _components(space: Object) -> int:
    if isinstance(space, pikepdf.Array) and len(space) > 1:
        kind = str(space[0])
        if kind == "/ICCBased":
            return int(space[1].get("/N", 0)) if isinstance(space[1], pikepdf.Stream) else 0
        if kind == "/DeviceN":
            return len(space[1]) if isinstance(space[1], pikepdf.Array) else 0
        return COMPONENTS.get(kind, 0)
    return COMPONENTS.get(str(space), 0) if isinstance(space, pikepdf.Name) else 0


def _font(stream: Any, inflated: Inflated) -> bool:
    """A font program begins as one, and a TrueType one reaches as far as its table directory says."""
    head = inflated.head.lstrip()
    if head.startswith(TYPE_1):
        clear, coded = int(stream.get("/Length1", 0)), int(stream.get("/Length2", 0))
        return inflated.length >= clear + coded // 2
    return inflated.head.startswith(SFNT) and _tables_reach(inflated) <= inflated.length


def _tables_reach(inflated: Inflated) -> int:
    """End of the furthest of the tables every glyph needs."""
    head, furthest = inflated.head, 0
    for number in range(int.from_bytes(head[4:6], "big")):
        entry = head[12 + 16 * number : 28 + 16 * number]
        if entry[:4] in (b"glyf", b"loca", b"CFF ", b"head") and len(entry) == 16:
            furthest = max(furthest, int.from_bytes(entry[8:12], "big") + int.from_bytes(entry[12:16], "big"))
    return furthest


def _compact_font(inflated: Inflated) -> bool:
    """CFF begins with its major version and sizes (Adobe 5176, 6), an OpenType program as an sfnt."""
    head = inflated.head
    if head.startswith(SFNT):
        return _tables_reach(inflated) <= inflated.length
    return len(head) > 4 and head[0] == 1 and head[2] >= 4 and 1 <= head[3] <= 4


def _broken_jpeg(stream: Any) -> bool:
    """A JPEG picture that no reader may show, or whose end is missing before its first scan."""
    from zhudang.checks.rasters import jpeg  # for documents with such pictures only
    from zhudang.checks.rasters.faults import Weight

    try:
        if int(stream.get("/Length", 0)) > LARGEST_JPEG:
            return False
        seen = jpeg.read(stream.read_raw_bytes())
    except (pikepdf.PdfError, RuntimeError, ValueError):
        return True
    return any(fault.weight in (Weight.CUT, Weight.BROKEN) for fault in seen.found)


def _broken_fax(stream: Any) -> bool:
    """Group 4 data with a hole: no code of ITU-T T.6 has more than a few zero bits in a row."""
    parameters = stream.get("/DecodeParms")
    if isinstance(parameters, pikepdf.Array):
        parameters = parameters[0] if len(parameters) else None
    try:
        if not isinstance(parameters, pikepdf.Dictionary) or int(parameters.get("/K", 0)) >= 0:
            return False
        raw: bytes = stream.read_raw_bytes()
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError):
        return False
    return not raw or FAX_HOLE in raw.rstrip(b"\0") or len(raw) - len(raw.rstrip(b"\0")) > len(raw) // 2 + len(FAX_HOLE)
