"""Signature dictionaries of a PDF, wherever a document may keep or hide them, and the bytes they cover."""

from __future__ import annotations

import hashlib
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pikepdf

from zhudang.checks.signing.hashing import finished

MOST_FIELDS = 200
MOST_NODES = 20_000
DEEPEST = 40
BLOCK = 1024 * 1024
RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
MOST_TRACES = 500
LARGEST_BYTES = 200 * 1024 * 1024
"""Larger files are not searched and their signatures not judged."""
LARGEST_VALUE = 64 * 1024 * 1024
STAMP = "/ETSI.RFC3161"


@dataclass
class Signed:
    """One filled signature field. `fault` says why its byte range cannot be what a signer wrote, or is empty."""

    name: str
    kind: str
    sub_filter: str
    numbers: list[int]
    contents: bytes
    fault: str
    certificates: list[bytes] = field(default_factory=list)
    time: str = ""
    permissions: int | None = None

    @property
    def end(self) -> int:
        """Where the covered bytes end."""
        return self.numbers[2] + self.numbers[3] if len(self.numbers) == 4 else 0

    @property
    def empty(self) -> bool:
        """A field prepared for a signature which nobody gave."""
        return not self.contents.strip(b"\0")

    @property
    def is_stamp(self) -> bool:
        return self.sub_filter == STAMP or self.kind == "/DocTimeStamp"


@dataclass
class Covered:
    """The bytes a signature covers, read from the file as often as needed."""

    stream: BinaryIO
    numbers: list[int]
    _digests: dict[str, bytes] = field(default_factory=dict)

    def blocks(self) -> Iterator[bytes]:
        for start, length in zip(self.numbers[::2], self.numbers[1::2], strict=False):
            self.stream.seek(start)
            while length > 0 and (block := self.stream.read(min(BLOCK, length))):
                length -= len(block)
                yield block

    def content(self) -> bytes:
        return b"".join(self.blocks())

    def digest(self, name: str) -> bytes:
        """Digest under hashlib's name, computed once."""

        if name not in self._digests:
            running = hashlib.new(name, usedforsecurity=False)
            for block in self.blocks():
                running.update(block)
            self._digests[name] = finished(running)
        return self._digests[name]


def read(pdf: pikepdf.Pdf, stream: BinaryIO, size: int) -> list[Signed]:
    """Every filled signature field once, in the order their bytes end."""
    found: list[Signed] = []
    seen: set[Any] = set()
    for name, holder in _fields(pdf):
        value = holder.get("/V")
        if not isinstance(value, pikepdf.Dictionary):
            continue
        key = value.objgen if value.is_indirect else (name, 0)
        if key in seen or len(found) >= MOST_FIELDS:
            continue
        seen.add(key)
        found.append(_signed(name, holder, value, stream, size, pdf.is_encrypted))
    return sorted(found, key=lambda each: each.end)


def _fields(pdf: pikepdf.Pdf) -> Iterator[tuple[str, Any]]:
    """(full name, field) of signature fields in the form's tree, and of widgets on pages that no form lists."""
    form = pdf.Root.get("/AcroForm")
    top = form.get("/Fields") if isinstance(form, pikepdf.Dictionary) else None
    waiting: list[tuple[Any, str, Any, int]] = [(each, "", None, 0) for each in reversed(_list(top))]
    nodes = 0
    while waiting and nodes < MOST_NODES:
        node, above, kind, depth = waiting.pop()
        nodes += 1
        if not isinstance(node, pikepdf.Dictionary) or depth > DEEPEST:
            continue
        own = str(node["/T"]) if isinstance(node.get("/T"), pikepdf.String) else ""
        name = ".".join(part for part in (above, own) if part)
        kind = node.get("/FT", kind)
        if kind == "/Sig":
            yield name, node
        waiting.extend((each, name, kind, depth + 1) for each in reversed(_list(node.get("/Kids"))))
    for page in pdf.pages:
        for note in _list(page.obj.get("/Annots"))[:MOST_NODES]:
            if isinstance(note, pikepdf.Dictionary) and note.get("/FT") == "/Sig":
                yield str(note.get("/T", "")), note


def _signed(name: str, holder: Any, value: Any, stream: BinaryIO, size: int, locked: bool) -> Signed:
    held = value.get("/Contents")
    contents = bytes(held) if isinstance(held, pikepdf.String) else b""
    numbers = _numbers(value.get("/ByteRange"))
    if locked:
        # Signature values stand in the clear in encrypted documents; readers decrypt some of them all the same.
        contents = _left_out(numbers, size, stream) or contents
    told = value.get("/Cert")
    return Signed(
        name=name,
        kind=str(value.get("/Type", "/Sig")),
        sub_filter=str(value.get("/SubFilter", "")),
        numbers=numbers,
        contents=contents,
        fault=_fault(numbers, contents, isinstance(held, pikepdf.String), stream, size),
        certificates=[bytes(each) for each in (_list(told) or [told]) if isinstance(each, pikepdf.String)],
        time=str(value.get("/M", "")),
        permissions=_permissions(value, holder),
    )


def _permissions(value: Any, holder: Any) -> int | None:
    """What a certifying signature lets be changed (DocMDP, ISO 32000-1 table 254): 1 nothing, 2 forms, 3 notes."""
    for reference in _list(value.get("/Reference")):
        if isinstance(reference, pikepdf.Dictionary) and reference.get("/TransformMethod") == "/DocMDP":
            given = reference.get("/TransformParams")
            level: Any = given.get("/P", 2) if isinstance(given, pikepdf.Dictionary) else 2
            return int(level) if isinstance(level, int) else 2
    lock = holder.get("/Lock")
    level = lock.get("/P") if isinstance(lock, pikepdf.Dictionary) else None
    return int(level) if isinstance(level, int) else None


def _numbers(held: Any) -> list[int]:
    try:
        return [int(each) for each in _list(held)[:20]]
    except (ValueError, TypeError):
        return []


def _fault(numbers: list[int], contents: bytes, present: bool, stream: BinaryIO, size: int) -> str:
    """The two covered runs must reach from the start to an end within the file and leave out only the value itself.

    ISO 32000-1, 12.8.1. Forged signatures (no value, no range, a shifted second run) fail here.
    """
    if not present:
        return "no signature value"
    if len(numbers) != 4:
        return "no byte range" if not numbers else "byte range of unusual form"
    if min(numbers) < 0 or numbers[0] != 0 or numbers[2] + numbers[3] > size or numbers[2] < numbers[1]:
        return "byte range does not fit the file"
    if numbers[2] - numbers[1] > 4 * len(contents) + 64:
        return "byte range leaves out more than the signature"
    if _left_out(numbers, size, stream) != contents:
        return "byte range does not leave out the signature"
    return ""


def _left_out(numbers: list[int], size: int, stream: BinaryIO) -> bytes | None:
    """The bytes of the hex string between the covered runs; None when anything else stands there."""
    if len(numbers) != 4 or min(numbers) < 0 or not numbers[1] < numbers[2] <= size:
        return None
    if numbers[2] - numbers[1] > LARGEST_VALUE:
        return None
    stream.seek(numbers[1])
    held = stream.read(numbers[2] - numbers[1]).strip()
    if held[:1] + held[-1:] != b"<>":
        return None
    try:
        return bytes.fromhex(held[1:-1].decode("ascii"))
    except ValueError:
        return None


def left_behind(path: Path, pdf: pikepdf.Pdf, known: list[Signed]) -> int:
    """How many signatures stand in the file's bytes that no field leads to any more.

    Reader extensions (usage rights, ISO 32000-1, 12.8.2.3) are signed by the software's maker and counted nowhere.
    """
    rights = pdf.Root.get("/Perms")
    held = rights.values() if isinstance(rights, pikepdf.Dictionary) else ()
    ranges = {tuple(each.numbers) for each in known}
    ranges |= {tuple(_numbers(each.get("/ByteRange"))) for each in held if isinstance(each, pikepdf.Dictionary)}
    gone = {numbers for numbers in traces(path) if numbers not in ranges}
    with path.open("rb") as stream:
        return sum(_encloses(stream, numbers) for numbers in gone)


def _encloses(stream: BinaryIO, numbers: tuple[int, int, int, int]) -> bool:
    """A hex string stands where the range says: it is of this file and not of one embedded in it."""
    first, last = numbers[1], numbers[2]
    if numbers[0] or not first + 2 < last:
        return False
    stream.seek(first)
    opening = stream.read(1)
    stream.seek(last - 1)
    return opening + stream.read(1) == b"<>"


def traces(path: Path) -> list[tuple[int, int, int, int]]:
    """Byte ranges written anywhere in the file, also those no field leads to any more."""
    if not 0 < path.stat().st_size <= LARGEST_BYTES:
        return []
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as held:
        found = []
        for match in RANGE.finditer(held):
            first, second, third, fourth = (int(each[:15]) for each in match.groups())
            found.append((first, second, third, fourth))
            if len(found) >= MOST_TRACES:
                break
        return found


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, pikepdf.Array) else []
