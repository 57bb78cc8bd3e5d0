"""Every indirect object of a document, one by one: limits, filters, external streams, names (6.1)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pikepdf

from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.values import name_bytes

Object = Any
BUDGET_S = 8.0
"""Longest time for looking at objects one by one; what remains is told as not decided."""
PASS_RULES = ("limit-integer", "limit-real", "limit-string", "limit-name", "filter", "stream-external", "embedded")
MOST_DEPTH = 60
LIMITS = {1: (Decimal(32767), 65535), 2: (Decimal("3.403e38"), 32767), 3: (Decimal("3.403e38"), 32767)}
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
SMALLEST_REAL = Decimal("1.175e-38")


@dataclass
class Inventory:
    """Objects other examinations look for, found in the one pass over all.

    Args:
        specifications: file specifications with an embedded file.
        associated: object numbers of those some object names as associated (AF).
        metadata: metadata streams.
    """

    specifications: list[Object] = field(default_factory=list)
    associated: set[tuple[int, int]] = field(default_factory=set)
    metadata: list[Object] = field(default_factory=list)

    def note(self, thing: Object) -> None:
        if isinstance(thing, pikepdf.Stream):
            if thing.get("/Type") == "/Metadata":
                self.metadata.append(thing)
        elif isinstance(thing, pikepdf.Dictionary):
            if isinstance(thing.get("/EF"), pikepdf.Dictionary):
                self.specifications.append(thing)
            direct = thing.get("/FS")
            if isinstance(direct, pikepdf.Dictionary) and not direct.is_indirect and "/EF" in direct:
                self.specifications.append(direct)
        else:
            return
        listed = thing.get("/AF")
        for each in list(listed) if isinstance(listed, pikepdf.Array) else [listed]:
            if isinstance(each, pikepdf.Dictionary):
                self.associated.add(each.objgen)


def examine(judgement: Judgement, pdf: pikepdf.Pdf) -> Inventory:
    """Judge all indirect objects of a document; tell what they hold for other examinations."""
    inventory, until = Inventory(), time.monotonic() + BUDGET_S
    total = len(pdf.objects)
    if total > 8_388_607:
        judgement.violate("limit-objects")
    if any("overflow/underflow" in str(warning) for warning in pdf.get_warnings()):
        judgement.violate("limit-integer")
    for thing in pdf.objects:
        if time.monotonic() > until:
            judgement.incomplete = True
            for rule in PASS_RULES:
                judgement.leave(rule)
            break
        inventory.note(thing)
        judge_value(judgement, thing, str(thing.objgen[0]) if getattr(thing, "is_indirect", False) else "")
    return inventory


SURELY_SHORT = 31
"""A name of so many characters cannot have 128 bytes."""


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
            if not is_plain(inner) and not getattr(inner, "is_indirect", False):
                judge_value(judgement, inner, place, depth + 1)
    else:
        _scalar(judgement, thing, place)


def is_plain(thing: Object) -> bool:
    """Whether a value is a number within every part's limits: by far the most of what there is."""
    kind = type(thing)
    if kind is int:
        return bool(-32767 <= thing <= 32767)
    return kind is Decimal and (not thing or 1e-6 < abs(float(thing)) < 32767)


def _scalar(judgement: Judgement, thing: Object, place: str) -> None:
    largest, longest = LIMITS.get(judgement.part, (Decimal(0), 0))
    if not largest or isinstance(thing, bool):
        return
    if isinstance(thing, int):
        if not -(2**31) <= thing <= 2**31 - 1:
            judgement.violate("limit-integer", place)
    elif isinstance(thing, Decimal):
        size = abs(thing)
        if size > largest or (judgement.part > 1 and 0 < size < SMALLEST_REAL):
            judgement.violate("limit-real", place)
    elif isinstance(thing, pikepdf.String):
        if len(bytes(thing)) > longest:
            judgement.violate("limit-string", place)
    elif isinstance(thing, pikepdf.Name) and len(str(thing)) > SURELY_SHORT:
        _name(judgement, name_bytes(thing), place)


def _name(judgement: Judgement, name: bytes, place: str) -> None:
    if len(name) - 1 > 127:
        judgement.violate("limit-name", place)


def _dictionary(judgement: Judgement, thing: Object, place: str, depth: int) -> None:
    keys = thing.keys()
    if len(keys) > 4095:
        judgement.violate("limit-dictionary", place)
    for key, inner in thing.items():
        if len(key) > SURELY_SHORT:
            _name(judgement, key.encode("utf-8", "surrogateescape"), place)
        if not is_plain(inner) and not getattr(inner, "is_indirect", False):
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
