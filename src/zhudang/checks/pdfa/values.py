"""Names as they are in a document, whose bytes need not be UTF-8."""

from __future__ import annotations

import re
from typing import Any

import pikepdf

from zhudang.checks.pdfa.judgement import Judgement

ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")


def name_bytes(name: Any) -> bytes:
    """Bytes of a name with its slash, escapes resolved."""
    written: bytes = name.unparse()
    return ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), written)


def label(name: Any) -> str:
    """A name, with its slash, as text; bytes that are no UTF-8 are kept as surrogates. Empty for other objects."""
    if not isinstance(name, pikepdf.Name):
        return ""
    return name_bytes(name).decode("utf-8", "surrogateescape")


def utf8(judgement: Judgement, name: Any, place: str) -> None:
    """Judge a font, colorant or structure type name: it must be UTF-8."""
    if not isinstance(name, pikepdf.Name):
        return
    try:
        name_bytes(name).decode("utf-8")
    except UnicodeDecodeError:
        judgement.violate("name-utf8", place)
