"""Every indirect object of a document, one by one: limits, filters, external streams, names (6.1)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pikepdf

from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.values import name_bytes

Object = Any
MOST_OBJECTS = 200_000
"""Objects looked at one by one; in a larger document what remains is told as not decided."""
MOST_DEPTH = 60
LIMITS = {1: (32767.0, 65535), 2: (3.403e38, 32767), 3: (3.403e38, 32767)}
"""Part of ISO 19005 -> largest real number, longest string in bytes (part 1: PDF Reference 1.4, table C.1)."""
FILTERS = {
    "/ASCIIHexDecode",
    "/ASCII85Decode",
    "/FlateDecode",
    "/RunLengthDecode",
    "/CCITTFaxDecode",
    "/JBIG2Decode",
    "/DCTDecode",
    "/JPXDecode",
}
SMALLEST_REAL = 1.175e-38


def examine(judgement: Judgement, pdf: pikepdf.Pdf) -> None:
    """Judge all indirect objects of a document."""
    total = len(pdf.objects)
    if total > 8_388_607:
        judgement.violate("limit-objects")
    if total > MOST_OBJECTS:
        for rule in ("limit-integer", "limit-real", "limit-string", "limit-name", "filter", "stream-external"):
            judgement.leave(rule)
    if any("overflow/underflow" in str(warning) for warning in pdf.get_warnings()):
        judgement.violate("limit-integer")
    for number, thing in enumerate(pdf.objects):
        if number >= MOST_OBJECTS:
            return
        place = str(thing.objgen[0]) if getattr(thing, "is_indirect", False) else ""
        judge_value(judgement, thing, place)


def judge_value(judgement: Judgement, thing: Object, place: str, depth: int = 0) -> None:
    """Judge one object and what it holds directly; references are visited in their own turn."""
    if depth > MOST_DEPTH:
        return
    if isinstance(thing, pikepdf.Stream):
        _stream(judgement, thing, place)
    elif isinstance(thing, pikepdf.Dictionary):
        _dictionary(judgement, thing, place, depth)
    elif isinstance(thing, pikepdf.Array):
        if len(thing) > 8191:
            judgement.violate("limit-array", place)
        for inner in thing:
            if not getattr(inner, "is_indirect", False):
                judge_value(judgement, inner, place, depth + 1)
    else:
        _scalar(judgement, thing, place)


def _scalar(judgement: Judgement, thing: Object, place: str) -> None:
    largest, longest = LIMITS.get(judgement.part, (0.0, 0))
    if not largest or isinstance(thing, bool):
        return
    if isinstance(thing, int):
        if not -(2**31) <= thing <= 2**31 - 1:
            judgement.violate("limit-integer", place)
    elif isinstance(thing, Decimal | float):
        size = abs(float(thing))
        if size > largest or (judgement.part > 1 and 0 < size < SMALLEST_REAL):
            judgement.violate("limit-real", place)
    elif isinstance(thing, pikepdf.String):
        if len(bytes(thing)) > longest:
            judgement.violate("limit-string", place)
    elif isinstance(thing, pikepdf.Name):
        _name(judgement, name_bytes(thing), place)


def _name(judgement: Judgement, name: bytes, place: str) -> None:
    if len(name) - 1 > 127:
        judgement.violate("limit-name", place)


def _dictionary(judgement: Judgement, thing: Object, place: str, depth: int) -> None:
    keys = thing.keys()
    if len(keys) > 4095:
        judgement.violate("limit-dictionary", place)
    for key, inner in thing.items():
        _name(judgement, key.encode("utf-8", "surrogateescape"), place)
        if not getattr(inner, "is_indirect", False):
            judge_value(judgement, inner, place, depth + 1)
    if isinstance(thing.get("/EF"), pikepdf.Dictionary):
        _file_specification(judgement, thing, place)


def _file_specification(judgement: Judgement, thing: Object, place: str) -> None:
    judgement.violate("embedded", place)
    if "/F" not in thing or "/UF" not in thing:
        judgement.violate("embedded-names", place)
    if "/AFRelationship" not in thing:
        judgement.violate("embedded-relation", place)


def _stream(judgement: Judgement, thing: Object, place: str) -> None:
    if thing.get("/Type") == "/XRef":
        return
    for key, inner in thing.stream_dict.items():
        _name(judgement, key.encode("utf-8", "surrogateescape"), place)
        if not getattr(inner, "is_indirect", False):
            judge_value(judgement, inner, place, 1)
    if any(key in thing for key in ("/F", "/FFilter", "/FDecodeParms")):
        judgement.violate("stream-external", place)
    for name, parameters in filters(thing):
        if name == "/Crypt" and judgement.part > 1:
            named: Object = parameters.get("/Name") if isinstance(parameters, pikepdf.Dictionary) else None
            allowed = named is None or named == "/Identity"
        else:
            allowed = name != "/LZWDecode" if judgement.part == 1 else name in FILTERS
        if not allowed:
            judgement.violate("filter", place)


def filters(stream: Object) -> Iterator[tuple[str, Object]]:
    """Filters of a stream with their parameters (None without)."""
    names, parameters = stream.get("/Filter"), stream.get("/DecodeParms")
    listed = list(names) if isinstance(names, pikepdf.Array) else [] if names is None else [names]
    given = list(parameters) if isinstance(parameters, pikepdf.Array) else [parameters]
    for index, name in enumerate(listed):
        yield str(name), given[index] if index < len(given) else None
