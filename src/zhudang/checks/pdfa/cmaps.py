"""Character maps: codes to CIDs, codes to Unicode; the collections behind the predefined ones (ISO 32000, 9.7.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pikepdf

from zhudang.checks.pdfa.values import label

Object = Any
COLLECTIONS = {
    "GB1": "GB-EUC GBpc-EUC GBK-EUC GBKp-EUC GBK2K UniGB-UCS2 UniGB-UTF16",
    "CNS1": "B5pc HKscs-B5 ETen-B5 ETenms-B5 CNS-EUC UniCNS-UCS2 UniCNS-UTF16",
    "Japan1": "83pv-RKSJ 90ms-RKSJ 90msp-RKSJ 90pv-RKSJ Add-RKSJ EUC Ext-RKSJ H V UniJIS-UCS2 UniJIS-UCS2-HW UniJIS-UTF16",
    "Korea1": "KSC-EUC KSCms-UHC KSCms-UHC-HW KSCpc-EUC UniKS-UCS2 UniKS-UTF16",
}
"""Predefined CMaps by character collection, without their writing direction."""
PREDEFINED = {name: collection for collection, names in COLLECTIONS.items() for name in names.split()}
TOKEN = re.compile(rb"<[0-9A-Fa-f\s]*>|\[|\]|/[^\s<>\[\]/()]+|-?\d+|[A-Za-z]+|\([^)]*\)")
LARGEST_BYTES = 4 * 1024 * 1024
MOST_ENTRIES = 70_000
WMODE = re.compile(rb"/WMode\s+(\d)")


def collection_of(name: str) -> str | None:
    """Ordering of a predefined CMap (`GB1`); None when it is not predefined or Identity."""
    return PREDEFINED.get(name) or PREDEFINED.get(name[:-2] if name[-2:] in {"-H", "-V"} else name)


@dataclass
class CharacterMap:
    """What a CMap file says.

    Args:
        spaces: (length in bytes, first code, last code) of its code space.
        cids: code -> CID.
        texts: code -> Unicode text (ToUnicode).
        wmode: writing mode it declares, 0 without.
        uses: name of a CMap it builds on.
    """

    spaces: list[tuple[int, int, int]] = field(default_factory=list)
    cids: dict[int, int] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    wmode: int = 0
    uses: str | None = None

    def split(self, data: bytes) -> Iterator[int]:
        """Codes in a shown string; bytes outside every code space are taken by the shortest length."""
        lengths = sorted({length for length, _, _ in self.spaces}) or [2]
        position = 0
        while position < len(data):
            size = lengths[0]
            for length in lengths:
                code = int.from_bytes(data[position : position + length], "big")
                if any(each == length and _inside(code, low, high, length) for each, low, high in self.spaces):
                    size = length
                    break
            yield int.from_bytes(data[position : position + size], "big")
            position += size


def _inside(code: int, low: int, high: int, length: int) -> bool:
    pairs = zip(*(each.to_bytes(length, "big") for each in (code, low, high)), strict=True)
    return all(first <= value <= last for value, first, last in pairs)


def read(stream: Object) -> CharacterMap | None:
    """Read an embedded CMap; None when its stream cannot be read."""
    try:
        data = stream.read_bytes()[:LARGEST_BYTES]
    except (pikepdf.PdfError, RuntimeError, AttributeError):
        return None
    found = CharacterMap()
    if mode := WMODE.search(data):
        found.wmode = int(mode[1])
    pending: list[bytes] = []
    for match in TOKEN.finditer(data):
        token = match[0]
        if token == b"usecmap" and pending:
            found.uses = pending[-1].lstrip(b"/").decode("latin-1")
        elif token.startswith(b"begin"):
            pending = []
            continue
        elif token.startswith(b"end") and token[3:] in SECTIONS:
            SECTIONS[token[3:]](found, pending)
            pending = []
            continue
        pending.append(token)
    return found


def _number(token: bytes) -> int:
    if token[:1] == b"<":
        return int(token[1:-1].translate(None, b" \r\n\t") or b"0", 16)
    return int(token) if token.lstrip(b"-").isdigit() else 0


def _width(token: bytes) -> int:
    return (len(token.translate(None, b"<> \r\n\t")) + 1) // 2


def _text(token: bytes) -> str:
    digits = token[1:-1].translate(None, b" \r\n\t").decode("ascii")
    raw = bytes.fromhex(digits if len(digits) % 2 == 0 else digits + "0")
    return raw.decode("utf-16-be", "surrogatepass") if len(raw) > 1 else raw.decode("latin-1")


def _spaces(found: CharacterMap, tokens: list[bytes]) -> None:
    for low, high in zip(tokens[::2], tokens[1::2], strict=False):
        found.spaces.append((max(1, _width(low)), _number(low), _number(high)))


def _cid_characters(found: CharacterMap, tokens: list[bytes]) -> None:
    for code, cid in zip(tokens[::2], tokens[1::2], strict=False):
        found.cids[_number(code)] = _number(cid)


def _cid_ranges(found: CharacterMap, tokens: list[bytes]) -> None:
    for low, high, cid in zip(tokens[::3], tokens[1::3], tokens[2::3], strict=False):
        first, last, start = _number(low), _number(high), _number(cid)
        for offset in range(min(last - first + 1, MOST_ENTRIES - len(found.cids))):
            found.cids[first + offset] = start + offset


def _texts(found: CharacterMap, tokens: list[bytes]) -> None:
    for code, text in zip(tokens[::2], tokens[1::2], strict=False):
        found.texts[_number(code)] = _text(text) if text[:1] == b"<" else text.decode("latin-1")


def _text_ranges(found: CharacterMap, tokens: list[bytes]) -> None:
    position = 0
    while position + 2 < len(tokens):
        first, last, target = _number(tokens[position]), _number(tokens[position + 1]), tokens[position + 2]
        position += 3
        if target == b"[":
            end = tokens.index(b"]", position) if b"]" in tokens[position:] else len(tokens)
            for offset, token in enumerate(tokens[position:end]):
                found.texts[first + offset] = _text(token)
            position = end + 1
        elif target[:1] == b"<":
            start = _text(target)
            for offset in range(min(last - first + 1, MOST_ENTRIES - len(found.texts))):
                found.texts[first + offset] = start[:-1] + _after(start[-1:], offset)


def _after(letter: str, offset: int) -> str:
    return chr(min(ord(letter) + offset, 0x10FFFF)) if letter else ""


SECTIONS = {
    b"codespacerange": _spaces,
    b"cidchar": _cid_characters,
    b"cidrange": _cid_ranges,
    b"bfchar": _texts,
    b"bfrange": _text_ranges,
}
IDENTITY = CharacterMap(spaces=[(2, 0, 0xFFFF)])


def is_identity(encoding: Object) -> bool:
    return label(encoding) in {"/Identity-H", "/Identity-V"}
