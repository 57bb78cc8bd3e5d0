"""A ZIP file read record by record, without taking anything out: do its parts agree with one another?

Two programs may read one inconsistent ZIP as two different sets of files, so what disagrees is told. Offsets
are bytes from the start of the file.

Source: APPNOTE.TXT 6.3.10, sections 4.3 to 4.6.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LOCAL = struct.Struct("<4s2B4HL2L2H")
CENTRAL = struct.Struct("<4s4B4HL2L5H2L")
END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")
END_MAGIC, END64_MAGIC, LOCATOR_MAGIC = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
CENTRAL_MAGIC, LOCAL_MAGIC, SIGNATURE_MAGIC = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x05"
ENCRYPTED_FLAG, STREAMED_FLAG, STRONG_FLAG, UTF8_FLAG, MASKED_FLAG = 0x1, 0x8, 0x40, 0x800, 0x2000
FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF
ZIP64, UNICODE_PATH, UNICODE_COMMENT, AES = 0x0001, 0x7075, 0x6375, 0x9901
ONCE = frozenset({ZIP64, UNICODE_PATH, UNICODE_COMMENT, AES})
SIGNING_BLOCK = b"APK Sig Block 42"
LARGEST_DIRECTORY = 64 * 1024 * 1024
STORED = 0


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that does not agree. `grave`: readers may get different files, or not all of them."""

    name: str
    why: str
    grave: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the central directory; sizes and offset already widened by ZIP64."""

    name: bytes
    flags: int
    method: int
    stamp: tuple[int, int]
    crc: int
    packed: int
    unpacked: int
    offset: int
    extra: bytes
    comment: bytes

    @property
    def shown(self) -> str:
        return self.name.decode("utf-8" if self.flags & UTF8_FLAG else "cp437", "replace")

    @property
    def encrypted(self) -> bool:
        return bool(self.flags & (ENCRYPTED_FLAG | STRONG_FLAG)) or self.method == 99

    @property
    def streamed(self) -> bool:
        return bool(self.flags & STREAMED_FLAG)


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory is said to be. `end`: where the records that follow it begin."""

    start: int
    size: int
    total: int
    end: int
    trailing: int
    disks: bool = False
    broken64: bool = False


def oddities(path: Path) -> list[Oddity]:
    """Everything in the structure that does not agree; empty for a file without any end record."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        directory = _directory(stream, size)
        if directory is None:
            return []
        found = []
        if directory.disks:
            found.append(Oddity("", "part of a set of disks"))
        if directory.trailing:
            # In an archive of nothing there is nothing to lose; padding and stray text are harmless.
            found.append(Oddity("", "length of the comment", grave=directory.total > 0))
        located = _locate(stream, directory)
        if located is None:
            return [*found, Oddity("", "central directory")]
        prefix, table = located
        entries: list[Entry] = []
        found += _entries(directory, table, entries)
        found += _members(stream, size, prefix, directory, entries)
    return found


def _directory(stream: BinaryIO, size: int) -> Directory | None:
    base = max(0, size - FULL16 - END.size)
    stream.seek(base)
    tail = stream.read()
    at, places = tail.rfind(END_MAGIC), []
    while at >= 0:
        if len(tail) - at >= END.size:
            places.append(at)
        at = tail.rfind(END_MAGIC, 0, at)
    if not places:
        return None
    exact = (at for at in places if at + END.size + END.unpack_from(tail, at)[7] == len(tail))
    at = next(exact, places[0])
    _, disk, first, here, total, length, start, comment = END.unpack_from(tail, at)
    plain = Directory(
        start,
        length,
        total,
        base + at,
        len(tail) - at - END.size - comment,
        disks=(FULL16 not in (disk, first) and bool(disk or first)) or (here != total and FULL16 not in (here, total)),
    )
    return _widened(stream, plain) or plain


def _widened(stream: BinaryIO, plain: Directory) -> Directory | None:
    """The ZIP64 records before the end record, where there are any."""
    if plain.end < LOCATOR.size:
        return None
    stream.seek(plain.end - LOCATOR.size)
    magic, disk, at, disks = LOCATOR.unpack(stream.read(LOCATOR.size))
    if magic != LOCATOR_MAGIC or _walks(stream, plain):
        return None
    broken = Directory(
        plain.start, plain.size, plain.total, plain.end, plain.trailing, plain.disks or disks > 1, broken64=True
    )
    for place in (at, plain.end - LOCATOR.size - END64.size):
        if not 0 <= place <= plain.end - LOCATOR.size - END64.size:
            continue
        stream.seek(place)
        record = END64.unpack(stream.read(END64.size))
        if record[0] != END64_MAGIC:
            continue
        total, length, start = record[7], record[8], record[9]
        pairs = ((plain.total, total, FULL16), (plain.size, length, FULL32), (plain.start, start, FULL32))
        agree = all(short in (wide, full) for short, wide, full in pairs)
        agree = agree and place + 12 + record[1] == plain.end - LOCATOR.size
        return Directory(
            start, length, total, place, plain.trailing, plain.disks or disks > 1 or bool(disk), broken64=not agree
        )
    return broken


def _walks(stream: BinaryIO, directory: Directory) -> bool:
    """Whether the directory ends exactly at the end record: then what looks like a ZIP64 locator is a name."""
    if directory.start + directory.size != directory.end or not directory.size:
        return False
    stream.seek(directory.start)
    table = stream.read(min(directory.size, LARGEST_DIRECTORY))
    at = 0
    while at < len(table):
        if len(table) - at < CENTRAL.size or not table.startswith(CENTRAL_MAGIC, at):
            return False
        fields = CENTRAL.unpack_from(table, at)
        at += CENTRAL.size + fields[12] + fields[13] + fields[14]
    return at == len(table)


def _locate(stream: BinaryIO, directory: Directory) -> tuple[int, bytes] | None:
    """(bytes put before the archive without telling it, the directory's bytes); None when it is not there."""
    if directory.broken64 or directory.size > LARGEST_DIRECTORY:
        return None
    for start in (directory.start, directory.end - directory.size):
        if start < 0 or (not directory.total and start + directory.size != directory.end):
            continue
        stream.seek(start)
        table = stream.read(directory.size)
        whole = len(table) == directory.size
        if whole and (not directory.total or table.startswith(CENTRAL_MAGIC)) and start >= directory.start:
            return start - directory.start, table
    return None


def _entries(directory: Directory, table: bytes, entries: list[Entry]) -> Iterator[Oddity]:
    """Fill `entries` from the directory's bytes; yield what is wrong with them."""
    at = 0
    while table.startswith(CENTRAL_MAGIC, at):
        if len(table) - at < CENTRAL.size:
            yield Oddity("", "central directory")
            return
        fields = CENTRAL.unpack_from(table, at)
        at += CENTRAL.size
        name, extra, comment = (table[at : at + fields[12]], b"", b"")
        at += fields[12]
        extra, at = table[at : at + fields[13]], at + fields[13]
        comment, at = table[at : at + fields[14]], at + fields[14]
        if at > len(table):
            yield Oddity(name.decode("cp437"), "central directory")
            return
        entry, why = _entry(fields, name, extra, comment)
        if why or (why := _extras(extra)) or (why := _unicode(entry)):
            yield Oddity(entry.shown, why)
        entries.append(entry)
    if table.startswith(SIGNATURE_MAGIC, at) and len(table) >= at + 6:
        at += 6 + int.from_bytes(table[at + 4 : at + 6], "little")
    if at != len(table):
        yield Oddity("", "central directory")
    elif len(entries) % (FULL16 + 1) != directory.total % (FULL16 + 1):
        yield Oddity("", "number of entries")


def _entry(fields: tuple[int, ...], name: bytes, extra: bytes, comment: bytes) -> tuple[Entry, str | None]:
    packed, unpacked, offset = fields[10], fields[11], fields[18]
    wide = dict(_records(extra)).get(ZIP64, b"")
    why = None
    values = []
    for value in (unpacked, packed, offset):
        if value == FULL32 and wide is not None and ZIP64 in dict(_records(extra)):
            if len(wide) < 8:
                why = "zip64 extra field"
            else:
                value, wide = int.from_bytes(wide[:8], "little"), wide[8:]
        values.append(value)
    unpacked, packed, offset = values
    return Entry(
        name, fields[5], fields[6], (fields[7], fields[8]), fields[9], packed, unpacked, offset, extra, comment
    ), why


def _records(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while len(extra) - at >= 4:
        tag, length = struct.unpack_from("<2H", extra, at)
        yield tag, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _extras(extra: bytes) -> str | None:
    """Extra fields are records of tag, length, content; up to three stray bytes are padding."""
    at, seen = 0, set()
    while len(extra) - at >= 4:
        tag, length = struct.unpack_from("<2H", extra, at)
        at += 4 + length
        if tag in ONCE and tag in seen:
            return "extra field twice"
        seen.add(tag)
    return "extra field" if at > len(extra) else None


def _unicode(entry: Entry) -> str | None:
    """A comment in Unicode belongs to one plain comment, by its checksum."""
    told = dict(_records(entry.extra)).get(UNICODE_COMMENT)
    if told and len(told) >= 5 and int.from_bytes(told[1:5], "little") != zlib.crc32(entry.comment):
        return "comment"
    return None


def unicode_path(extra: bytes, name: bytes) -> str | None:
    """The name in Unicode beside an old one, where its checksum says it belongs to it."""
    told = dict(_records(extra)).get(UNICODE_PATH)
    if told and len(told) > 5 and int.from_bytes(told[1:5], "little") == zlib.crc32(name):
        return told[5:].decode("utf-8", "replace")
    return None


def _members(stream: BinaryIO, size: int, prefix: int, directory: Directory, entries: list[Entry]) -> Iterator[Oddity]:
    """Local headers against the directory, and the bytes that belong to nobody."""
    spans = [(directory.start + prefix, directory.start + prefix + directory.size)]
    for entry in entries:
        at = entry.offset + prefix
        end, why = _local(stream, size, at, entry)
        if why:
            yield Oddity(entry.shown, why)
        if end is not None:
            spans.append((at, end))
    spans.sort()
    spans.append((directory.end, size))
    if not entries:
        return
    if spans[0][0] > prefix:
        yield Oddity("", f"{spans[0][0]} bytes before the first entry", grave=False)
    table = directory.start + prefix
    for (_, end), (start, _) in itertools.pairwise(spans):
        if end >= start:
            continue
        hidden = start in (table, directory.end) and not _is_signing_block(stream, start)
        yield Oddity("", f"{start - end} bytes belong to no entry", grave=hidden)


def _is_signing_block(stream: BinaryIO, end: int) -> bool:
    stream.seek(max(0, end - len(SIGNING_BLOCK)))
    return stream.read(len(SIGNING_BLOCK)) == SIGNING_BLOCK


def _local(stream: BinaryIO, size: int, at: int, entry: Entry) -> tuple[int | None, str | None]:
    """(where the member's bytes end, what does not agree)."""
    if not 0 <= at <= size - LOCAL.size:
        return None, "local header"
    stream.seek(at)
    fields = LOCAL.unpack(stream.read(LOCAL.size))
    if fields[0] != LOCAL_MAGIC:
        return None, "local header"
    name, extra = stream.read(fields[10]), stream.read(fields[11])
    end = at + LOCAL.size + fields[10] + fields[11] + entry.packed
    if end > size:
        return None, "size"
    why = _difference(entry, fields, name, extra) or _extras(extra)
    if entry.streamed:
        length = _descriptor(stream, end, entry)
        why = why or ("data descriptor" if length is None else None)
        end += length or 0
    return end, why


def _difference(entry: Entry, fields: tuple[int, ...], name: bytes, extra: bytes) -> str | None:
    flags, method, stamp, crc, packed, unpacked = (
        fields[3], fields[4], (fields[5], fields[6]), fields[7], fields[8], fields[9],
    )  # fmt: skip
    if flags & MASKED_FLAG:
        return None
    if method != entry.method:
        return "compression method"
    if flags & ENCRYPTED_FLAG != entry.flags & ENCRYPTED_FLAG:
        return "encryption flag"
    if name != entry.name and _ascii(name) != _ascii(entry.name):
        return "name"
    if any(stamp) and any(entry.stamp) and stamp != entry.stamp:
        return "date"
    if flags & STREAMED_FLAG:
        return None
    if crc != entry.crc:
        return "checksum"
    if FULL32 in (packed, unpacked) and (wide := dict(_records(extra)).get(ZIP64)) is not None:
        unpacked = int.from_bytes(wide[:8], "little") if unpacked == FULL32 else unpacked
        packed = int.from_bytes(wide[-8:], "little") if packed == FULL32 else packed
    if (packed, unpacked) != (entry.packed, entry.unpacked):
        return "size"
    if method == STORED and not entry.encrypted and packed != unpacked:
        return "size"
    return None


def _ascii(name: bytes) -> bytes:
    return bytes(byte for byte in name if byte < 0x80)


def _descriptor(stream: BinaryIO, at: int, entry: Entry) -> int | None:
    """Bytes of the descriptor after a streamed member, in one of four layouts; None when none fits."""
    stream.seek(at)
    raw = stream.read(24)
    for lead in (4, 0) if raw.startswith(b"PK\x07\x08") else (0,):
        for layout in ("<3L", "<L2Q"):
            told = raw[lead : lead + struct.calcsize(layout)]
            if len(told) == struct.calcsize(layout) and struct.unpack(layout, told) == (
                entry.crc,
                entry.packed,
                entry.unpacked,
            ):
                return lead + len(told)
    return None
