"""Simple font encodings: codes to glyph names (ISO 32000, annex D)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pikepdf
from fontTools import agl
from fontTools.encodings.MacRoman import MacRoman
from fontTools.encodings.StandardEncoding import StandardEncoding

from zhudang.checks.pdfa.values import label

Object = Any


@cache
def _windows() -> Mapping[int, str]:
    """WinAnsiEncoding: code page 1252 by glyph name; unused codes above 128 show a bullet."""
    named = {}
    for code in range(32, 256):
        letter = bytes([code]).decode("cp1252", "ignore")
        name = agl.UV2AGL.get(ord(letter)) if letter else None
        named[code] = name or "bullet"
    return named | {0xA0: "space", 0xAD: "hyphen", 127: "bullet", 0xB5: "mu", 0xAF: "macron"}


@cache
def named_encoding(name: str) -> Mapping[int, str]:
    """A predefined encoding by its name with slash; empty when it is none."""
    if name == "/WinAnsiEncoding":
        return _windows()
    listed = {"/MacRomanEncoding": MacRoman, "/StandardEncoding": StandardEncoding}.get(name, ())
    return {code: glyph for code, glyph in enumerate(listed) if glyph and glyph not in {".notdef", ".null"}}


def base_name(encoding: Object) -> str:
    """Name of the base encoding, with slash; empty without."""
    if isinstance(encoding, pikepdf.Dictionary):
        encoding = encoding.get("/BaseEncoding")
    return label(encoding)


def differences(encoding: Object) -> dict[int, str]:
    """Differences array as code -> glyph name."""
    found: dict[int, str] = {}
    if not isinstance(encoding, pikepdf.Dictionary):
        return found
    listed, code = encoding.get("/Differences"), 0
    for each in listed if isinstance(listed, pikepdf.Array) else []:
        if isinstance(each, pikepdf.Name):
            found[code] = label(each)[1:]
            code += 1
        elif isinstance(each, int):
            code = each
    return found


def unicode_of(name: str) -> str:
    """Text of a glyph name by the Adobe Glyph List; empty when it has none."""
    return str(agl.toUnicode(name))


def listed_name(name: str) -> bool:
    """Whether a name stands in the Adobe Glyph List itself."""
    return name in agl.AGL2UV or name == ".notdef"


def macintosh_code(name: str) -> int | None:
    """Code of a glyph name in the Macintosh Roman encoding."""
    return _macintosh().get(name)


@cache
def _macintosh() -> Mapping[str, int]:
    return {name: code for code, name in enumerate(MacRoman) if name}
