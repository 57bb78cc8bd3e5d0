"""Embedded font programs: which glyphs they hold, and how wide those are (Type 1, CFF, TrueType)."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from fontTools.cffLib import CFFFontSet, cffISOAdobeStrings
from fontTools.encodings.StandardEncoding import StandardEncoding
from fontTools.misc import eexec
from fontTools.misc.psCharStrings import T2WidthExtractor
from fontTools.ttLib import TTFont

from zhudang.checks.pdfa.values import inflates_beyond

Object = Any
for _noisy in ("fontTools", "fontTools.ttLib"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL + 1)
LARGEST_BYTES = 48 * 1024 * 1024
CHARACTER = re.compile(rb"/([^\s/{}\[\]()<>]+)\s+(\d+)\s+(?:RD|-\||\S{1,3}) ")
ENCODED = re.compile(rb"dup\s+(\d+)\s*/(\S+)\s+put")
LEN_IV = re.compile(rb"/lenIV\s+(-?\d+)")
MATRIX = re.compile(rb"/FontMatrix\s*\[\s*([-+.\deE]+)")
EEXEC_KEY, CHARSTRING_KEY = 55665, 4330
WIDTH_BYTES = 40
"""A charstring sets its width first; the rest need not be decrypted."""


@dataclass
class Program:
    """One font program.

    Args:
        kind: `type1`, `cff`, `cid` (CFF keyed by CID) or `truetype`.
        names: glyph names (type1, cff).
        encoding: built-in encoding, code -> glyph name.
        cids: CIDs present (cid); None where every glyph index is one.
        glyphs: number of glyphs.
        cmaps: (platform, encoding) -> code -> glyph name (truetype).
        order: glyph name -> glyph index (truetype).
        filled: glyph indices with an outline (truetype).
        width: width in thousandths of an em by glyph name, CID or glyph index; None when it has none.
    """

    kind: str
    names: frozenset[str] = frozenset()
    encoding: Mapping[int, str] = field(default_factory=dict)
    cids: frozenset[int] | None = None
    glyphs: int = 0
    cmaps: Mapping[tuple[int, int], Mapping[int, str]] = field(default_factory=dict)
    order: Mapping[str, int] = field(default_factory=dict)
    filled: Callable[[], set[int]] = set
    width: Callable[[Any], float | None] = lambda glyph: None


def load(descriptor: Object) -> Program | None:
    """Program embedded with a font descriptor; None when there is none or it cannot be read."""
    for key, reader in (("/FontFile", _type1), ("/FontFile2", _truetype), ("/FontFile3", _compact)):
        stream = descriptor.get(key)
        if isinstance(stream, pikepdf.Stream):
            if inflates_beyond(stream, LARGEST_BYTES):
                return None
            try:
                return reader(stream.read_bytes())
            except Exception:  # font libraries raise anything on a damaged program
                return None
    return None


def _compact(data: bytes) -> Program:
    if data[:4] == b"OTTO":
        return _cff(TTFont(io.BytesIO(data), lazy=True).reader["CFF "])
    if data[:4] in {b"\0\1\0\0", b"true"}:
        return _truetype(data)
    return _cff(data)


def _cff(data: bytes) -> Program:
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(data), None)
    top = fonts[0]
    if "charset" not in top.rawDict and not hasattr(top, "ROS"):
        # The library needs the predefined charset named; glyphs beyond it cannot be there.
        top.charset = cffISOAdobeStrings[: top.numGlyphs]
    strings: Any = top.CharStrings
    scale: float = 1000 * getattr(top, "FontMatrix", [0.001])[0]
    keyed = hasattr(top, "ROS")

    def width(glyph: Any) -> float | None:
        name = f"cid{glyph:05d}" if keyed else top.charset[glyph] if isinstance(glyph, int) else glyph
        if name not in strings:
            return None
        string = strings[name]
        private, inner = string.private, scale
        if keyed and "FontMatrix" in getattr(top.FDArray[strings.getItemAndSelector(name)[1] or 0], "rawDict", {}):
            matrix = top.FDArray[strings.getItemAndSelector(name)[1] or 0].FontMatrix
            inner = matrix[0] * (1000 * top.FontMatrix[0] if "FontMatrix" in top.rawDict else 1000)
        extractor = T2WidthExtractor(
            getattr(private, "Subrs", []), string.globalSubrs, private.nominalWidthX, private.defaultWidthX
        )
        extractor.execute(string)
        return float(extractor.width) * inner

    if keyed:
        cids = frozenset(int(name[3:]) if name.startswith("cid") else 0 for name in top.charset)
        return Program("cid", cids=cids, glyphs=len(top.charset), width=width)
    encoding = top.Encoding if not isinstance(top.Encoding, str) else StandardEncoding
    built = {code: name for code, name in enumerate(encoding) if name and name != ".notdef"}
    return Program("cff", names=frozenset(top.charset), encoding=built, glyphs=len(top.charset), width=width)


def _truetype(data: bytes) -> Program:
    font = TTFont(io.BytesIO(data), lazy=True, fontNumber=0)
    tables: dict[tuple[int, int], Mapping[int, str]] = {}
    if "cmap" in font:
        for table in font["cmap"].tables:
            tables[table.platformID, table.platEncID] = table.cmap if hasattr(table, "cmap") else {}
    units = font["head"].unitsPerEm or 1000
    metrics = font.get("hmtx", None)
    order = font.getGlyphOrder()

    def width(glyph: Any) -> float | None:
        if metrics is None or not 0 <= glyph < len(order):
            return None
        return float(metrics[order[glyph]][0]) * 1000 / units

    def filled() -> set[int]:
        if "loca" not in font:
            return set()
        places = font["loca"].locations
        return {index for index in range(len(places) - 1) if places[index + 1] > places[index]}

    return Program(
        "truetype",
        names=frozenset(order),
        glyphs=font["maxp"].numGlyphs,
        cmaps=tables,
        order={name: index for index, name in enumerate(order)},
        filled=filled,
        width=width,
    )


def _type1(data: bytes) -> Program:
    if data[:1] == b"\x80":
        data = _segments(data)
    clear, _, private = data.partition(b"eexec")
    private = private.lstrip(b" \t\r\n")
    if re.match(rb"[0-9A-Fa-f\s]{8}", private):
        private = bytes.fromhex(re.sub(rb"[^0-9A-Fa-f]", b"", private).decode("ascii")[: len(private) // 2 * 2])
    plain = eexec.decrypt(private, EEXEC_KEY)[0][4:]
    skipped = int(found[1]) if (found := LEN_IV.search(plain)) else 4
    begin = max(plain.find(b"/CharStrings"), 0)
    strings: dict[str, bytes] = {}
    position = begin + 12
    while found := CHARACTER.search(plain, position):
        position = found.end() + int(found[2])
        strings.setdefault(found[1].decode("latin-1"), plain[found.end() : position])
    scale = 1000 * float(found[1]) if (found := MATRIX.search(clear)) else 1.0

    def width(glyph: Any) -> float | None:
        if glyph not in strings:
            return None
        coded = strings[glyph]
        opened = eexec.decrypt(coded[: skipped + WIDTH_BYTES], CHARSTRING_KEY)[0][skipped:] if skipped >= 0 else coded
        own = _side_width(opened)
        return None if own is None else own * scale

    if b"StandardEncoding def" in clear:
        encoding = {code: name for code, name in enumerate(StandardEncoding) if name and name != ".notdef"}
    else:
        encoding = {int(code): name.decode("latin-1") for code, name in ENCODED.findall(clear)}
    return Program("type1", names=frozenset(strings), encoding=encoding, glyphs=len(strings), width=width)


def _segments(data: bytes) -> bytes:
    """Content of a PFB file without its segment headers."""
    pieces, position = [], 0
    while position + 6 <= len(data) and data[position] == 0x80 and data[position + 1] in {1, 2}:
        size = int.from_bytes(data[position + 2 : position + 6], "little")
        pieces.append(data[position + 6 : position + 6 + size])
        position += 6 + size
    return b"".join(pieces)


def _side_width(string: bytes) -> float | None:
    """Width a Type 1 charstring sets with hsbw or sbw (Adobe Type 1 Font Format, 6.4)."""
    stack: list[float] = []
    position = 0
    while position < len(string):
        byte = string[position]
        position += 1
        if byte >= 32:
            if byte <= 246:
                stack.append(byte - 139)
            elif byte <= 250:
                stack.append((byte - 247) * 256 + string[position] + 108)
                position += 1
            elif byte <= 254:
                stack.append(-(byte - 251) * 256 - string[position] - 108)
                position += 1
            else:
                stack.append(int.from_bytes(string[position : position + 4], "big", signed=True))
                position += 4
        elif byte == 13:
            return stack[1] if len(stack) > 1 else None
        elif byte == 12 and string[position : position + 1] == b"\x0c" and len(stack) > 1:
            divisor = stack.pop()
            stack.append(stack.pop() / divisor if divisor else 0)
            position += 1
        elif byte == 12 and string[position : position + 1] == b"\x07":
            return stack[2] if len(stack) > 2 else None
        else:
            return None
    return None
