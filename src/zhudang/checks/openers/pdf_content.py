"""The content of pages as text: can a reader make sense of it, and are the fonts and pictures it names there?

A reader passes in silence over what it cannot read, and shows an empty or half a page. Here only so much is read as
tells content from rubbish: a tokenizer for every page of every file would cost more than all else.
"""

from __future__ import annotations

import re
import time
import zlib
from typing import Any

import pikepdf

from zhudang.checks.examine import Case

BUDGET_S = 3.0
MOST_PAGES = 3000
LARGEST_BYTES = 2 * 1024 * 1024
"""Of one stream; longer ones are left to the reader."""
MOST_NAMES = 20
PLAIN = bytes([0, *b"\t\n\f\r", *range(32, 127)])
STRING = re.compile(rb"\((?:[^()\\]++|\\.|\((?:[^()\\]++|\\.|\([^()]*+\))*+\))*+\)", re.DOTALL)
IMAGE = re.compile(rb"(?<=[\s>\]])ID\s.*?\sEI(?=[\s\0]|\Z)", re.DOTALL)
NAME_OR_COMMENT = re.compile(rb"/[^\s\0/<>\[\](){}%]*|%[^\r\n]*")
OPERATOR = re.compile(
    rb"(?:\A|[\s\0\])>/}])(?:q|Q|cm|re|[fFSsBbnWlmchvyidjJMw]|f\*|W\*|b\*|B\*|BT|ET|T[*cdDfJjLmrswz]|Do|gs|sh|BI|"
    rb"[gGkK]|rg|RG|cs|CS|scn?|SCN?|ri|BMC|BDC|EMC|MP|DP|BX|EX|d[01]|['\"])(?=[\s\0(\[</%]|\Z)"
)
USED = re.compile(rb"/([!-\"$&'*-.0-;=?-Z\\^-z|~]+)[\s\0]+(?:[-+.\d]+[\s\0]+(Tf)|(Do))(?=[\s\0(\[</]|\Z)")
"""A font with its size, or a picture or form, whose name needs no decoding."""
FEW = 8
"""So many strange bytes are a slip of the producer, more are rubbish."""
Object = Any


def examine(case: Case, pdf: pikepdf.Pdf) -> None:
    """Tell pages whose content is rubbish, and names in it that lead nowhere."""
    garbled: list[int] = []
    until, told = time.monotonic() + BUDGET_S, 0
    for number, page in enumerate(pdf.pages, 1):
        if number > MOST_PAGES or time.monotonic() > until:
            case.not_checked["PDF-023"] = f"pages_from_{number}"
            break
        content = _content(page.obj.get("/Contents"))
        if not content.strip():
            continue
        if strange(content):
            content = STRING.sub(b"()", IMAGE.sub(b"EI", content))
        if (strange(content) and strange(NAME_OR_COMMENT.sub(b" ", content))) or _says_nothing(content):
            garbled.append(number)
            continue
        for name in _missing(content, page.obj.get("/Resources")):
            told += 1
            if told <= MOST_NAMES:
                case.find("PDF-015", page=number, name=name)
    if garbled:
        case.find("PDF-023", pages=garbled[:20])


def strange(content: bytes) -> bool:
    """Whether content holds more bytes outside ASCII text than a slip explains."""
    return len(content.translate(None, PLAIN)) > FEW


def _says_nothing(content: bytes) -> bool:
    """Whether there is something, comments aside, and not one operator in it."""
    return OPERATOR.search(content) is None and bool(NAME_OR_COMMENT.sub(b" ", content).strip(b"\0\t\n\f\r "))


def _content(contents: Object) -> bytes:
    """Content of a page; nothing where a part of it is coded otherwise, damaged (told elsewhere) or very long."""
    parts = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    decoded = [_decoded(part) for part in parts if isinstance(part, pikepdf.Stream)]
    return b"" if None in decoded else b"\n".join(decoded)  # type: ignore[arg-type]


def _decoded(stream: Any) -> bytes | None:
    filters = stream.get("/Filter")
    if isinstance(filters, pikepdf.Array) and len(filters) == 1:
        filters = filters[0]
    deflated = filters == "/FlateDecode" and not isinstance(stream.get("/DecodeParms"), pikepdf.Dictionary)
    if filters is not None and not deflated:
        return None
    try:
        raw: bytes = stream.read_raw_bytes()
        decoded = zlib.decompressobj().decompress(raw, LARGEST_BYTES) if deflated else raw[:LARGEST_BYTES]
    except (zlib.error, pikepdf.PdfError, RuntimeError):
        return None
    return decoded if len(decoded) < LARGEST_BYTES else None


def _missing(content: bytes, resources: Object) -> list[str]:
    """Names of fonts, pictures and forms that are in no resource of the page."""
    used = {("/Font" if font else "/XObject", name) for name, font, _ in USED.findall(content)}
    if not used:
        return []
    found = []
    for kind, name in sorted(used):
        held = resources.get(kind) if isinstance(resources, pikepdf.Dictionary) else None
        if not isinstance(held, pikepdf.Dictionary) or "/" + name.decode("ascii") not in held:
            found.append("/" + name.decode("ascii"))
    return found
