"""Containers of binary office documents (OLE2, [MS-CFB]): one sector of allocation table, streams of 4,096 bytes and more."""

from __future__ import annotations

import struct
from pathlib import Path

from samples.checks.making import put

SECTOR, SMALLEST = 512, 4096
FREE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
WORD = b"\xec\xa5\xc1\x00" + bytes(6) + b"\x00\x02"
"""Start of a WordDocument stream: its mark, version 97, and the flag that its table is called 1Table."""


def ole(folder: Path, name: str, streams: dict[str, bytes]) -> Path:
    """Table in sector 0, directory from sector 1, streams behind it; each is filled up to 4,096 bytes."""
    contents = {key: content.ljust(SMALLEST, b"\1") for key, content in streams.items()}
    entries = -(-(len(contents) + 1) // 4)
    chains = [[*range(1, 1 + entries)]]
    for content in contents.values():
        begin = chains[-1][-1] + 1
        chains.append([*range(begin, begin - (-len(content) // SECTOR))])
    table = [TABLE] + [END if place == chain[-1] else place + 1 for chain in chains for place in chain]
    directory = _entry("Root Entry", 5, END, 0, child=1 if contents else FREE)
    for number, ((key, content), chain) in enumerate(zip(contents.items(), chains[1:], strict=True), 1):
        right = number + 1 if number < len(contents) else FREE
        directory += _entry(key, 2, chain[0], len(content), right=right)
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<9L", 0, 1, 1, 0, SMALLEST, END, 0, END, 0) + struct.pack("<109L", 0, *[FREE] * 108)
    body = struct.pack("<128L", *table, *[FREE] * (128 - len(table))) + directory.ljust(entries * SECTOR, b"\0")
    padded = [content.ljust(-(-len(content) // SECTOR) * SECTOR, b"\0") for content in contents.values()]
    return put(folder, name, head + body + b"".join(padded))


def _entry(name: str, kind: int, first: int, size: int, *, child: int = FREE, right: int = FREE) -> bytes:
    label = name.encode("utf-16-le") + b"\0\0"
    head = label.ljust(64, b"\0") + struct.pack("<HBB3L", len(label), kind, 1, FREE, right, child)
    return head + bytes(16 + 4 + 16) + struct.pack("<LQ", first, size)
