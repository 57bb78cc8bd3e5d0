"""Names as they are in a document, whose bytes need not be UTF-8."""

from __future__ import annotations

import re
import zlib
from typing import Any

import pikepdf

from zhudang.checks.pdfa.judgement import Judgement

STEP_BYTES = 1024 * 1024
ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")


def name_bytes(name: Any) -> bytes:
    """Bytes of a name with its slash, escapes resolved."""
    written: bytes = name.unparse()
    return ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), written) if b"#" in written else written


def label(name: Any) -> str:
    """A name, with its slash, as text; bytes that are no UTF-8 are kept as surrogates. Empty for other objects."""
    if not isinstance(name, pikepdf.Name):
        return ""
    return name_bytes(name).decode("utf-8", "surrogateescape")


def inflates_beyond(stream: Any, limit: int) -> bool:
    """Whether a deflated stream is larger than `limit` bytes, found without keeping it."""
    filters = stream.get("/Filter")
    first = filters[0] if isinstance(filters, pikepdf.Array) and len(filters) else filters
    if label(first) != "/FlateDecode":
        return False
    total, inflater = 0, zlib.decompressobj()
    waiting = stream.read_raw_bytes()
    try:
        while waiting and total <= limit:
            total += len(inflater.decompress(waiting, STEP_BYTES))
            waiting = inflater.unconsumed_tail
    except zlib.error:
        return False
    return total > limit


def utf8(judgement: Judgement, name: Any, place: str) -> None:
    """Judge a font, colorant or structure type name: it must be UTF-8."""
    if not isinstance(name, pikepdf.Name):
        return
    try:
        name_bytes(name).decode("utf-8")
    except UnicodeDecodeError:
        judgement.violate("name-utf8", place)
