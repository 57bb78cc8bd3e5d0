"""RAR files written by hand: their members lie in them as they are, for nobody but the maker may write the packed ones.

Sources: the published notes on the RAR 5.0 format; the technical note that comes with RAR 3 and 4.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SOFT, HARD = 1, 4


@dataclass(frozen=True)
class Member:
    """One member. `name` as bytes stands in the older format as it is; `declared` is the size its header tells."""

    name: str | bytes
    content: bytes = b""
    mode: int = 0o100644
    link: tuple[int, str] | None = None
    method: int = 0
    declared: int | None = None
    flags: int = 0
    window: int = 0


def rar5(path: Path, members: Sequence[Member], *, end: bool = True) -> Path:
    content = b"Rar!\x1a\x07\x01\x00" + _block(b"\x01\x00\x00")
    for each in members:
        content += _file5(each)
    path.write_bytes(content + (_block(b"\x05\x00\x00") if end else b""))
    return path


def _file5(one: Member) -> bytes:
    extra = b""
    if one.link:
        kind, target = one.link
        record = _number(5) + _number(kind) + _number(0) + _number(len(target.encode())) + target.encode()
        extra = _number(len(record)) + record
    size = len(one.content) if one.declared is None else one.declared
    name = one.name.encode() if isinstance(one.name, str) else one.name
    packing = (one.method << 7) | (one.window << 10)
    fields = _number(4) + _number(size) + _number(one.mode) + struct.pack("<I", zlib.crc32(one.content))
    fields += _number(packing) + _number(1) + _number(len(name)) + name
    head = _number(2) + _number(2 | bool(extra) | one.flags) + (_number(len(extra)) if extra else b"")
    return _block(head + _number(len(one.content)) + fields + extra) + one.content


def _block(fields: bytes) -> bytes:
    sized = _number(len(fields)) + fields
    return struct.pack("<I", zlib.crc32(sized)) + sized


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def rar3(path: Path, members: Sequence[Member]) -> Path:
    content = b"Rar!\x1a\x07\x00" + _old_block(0x73, 0, bytes(6))
    for each in members:
        name = each.name.encode() if isinstance(each.name, str) else each.name
        size = len(each.content) if each.declared is None else each.declared
        fields = struct.pack("<IIBIIBBHI", len(each.content), size, 3, zlib.crc32(each.content), 0x5A215A21, 29,
                             0x30 + each.method, len(name), each.mode)  # fmt: skip
        content += _old_block(0x74, 0x8000 | each.flags, fields + name) + each.content
    path.write_bytes(content + _old_block(0x7B, 0x4000, b""))
    return path


def _old_block(kind: int, flags: int, fields: bytes) -> bytes:
    rest = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
    return struct.pack("<H", zlib.crc32(rest) & 0xFFFF) + rest
