"""ZIP containers looked at before anything is taken out of them: names, headers, sizes, contents."""

from __future__ import annotations

import itertools
import posixpath
import stat
import struct
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from zhudang.checks import limits

LOCAL = struct.Struct("<4s2B4HL2L2H")
READ_BYTES = 1024 * 1024
UTF8_FLAG = 0x800
ENCRYPTED_FLAG = 0x1
STREAMED_FLAG = 0x8
DEVICES = {stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK}
DESCRIPTOR, DESCRIPTOR64 = struct.Struct("<3L"), struct.Struct("<L2Q")
END_RECORD = struct.Struct("<4s4H2LH")
END_MAGIC = b"PK\x05\x06"


@dataclass(frozen=True, slots=True)
class ZipTrouble:
    """A rule code and what to fill its sentence with."""

    code: str
    data: dict[str, Any] = field(default_factory=dict)


def unsafe_name(name: str) -> bool:
    """A name that would be written outside the folder it is unpacked into."""
    plain = name.replace("\\", "/")
    drive = len(plain) > 1 and plain[1] == ":"
    return plain.startswith("/") or drive or ".." in plain.split("/")


def shown_name(info: zipfile.ZipInfo) -> str:
    """The member's name as its packer meant it: names without a stated encoding are usually GBK here."""
    if info.flag_bits & UTF8_FLAG or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def zip_troubles(container: zipfile.ZipFile, path: Path, contents: bool = True) -> list[ZipTrouble]:
    """Everything wrong with a container, the dangerous first.

    Args:
        contents: also read every member to its end, within limits.
    """
    members = container.infolist()
    troubles = _names(members) + _sizes(members)
    locked = [info.filename for info in members if info.flag_bits & ENCRYPTED_FLAG]
    if locked:
        troubles.append(ZipTrouble("ZIP-002", {"names": locked[:20], "count": len(locked)}))
    troubles += _links(container, members) + _end_record(members, path) + _headers(members, path)
    dangerous = {"ZIP-003", "ZIP-004", "ZIP-005"}
    if contents and not any(trouble.code in dangerous for trouble in troubles):
        troubles += _contents(container, members)
    return troubles


def _names(members: list[zipfile.ZipInfo]) -> list[ZipTrouble]:
    troubles = []
    if outside := [info.filename for info in members if unsafe_name(info.orig_filename)]:
        troubles.append(ZipTrouble("ZIP-003", {"names": outside[:20]}))
    if special := [info.filename for info in members if _unix_kind(info) in DEVICES]:
        troubles.append(ZipTrouble("ZIP-005", {"names": special[:20]}))
    if cut := [info for info in members if "\0" in info.orig_filename.rstrip("\0")]:
        # Readers in C end the name there, others do not: two people would unpack two things.
        troubles.append(ZipTrouble("ZIP-006", {"name": cut[0].filename, "why": "NUL in a name"}))
    counted = Counter(posixpath.normpath(info.filename) for info in members)
    if twice := [name for name, count in counted.items() if count > 1]:
        troubles.append(ZipTrouble("ZIP-008", {"names": twice[:20]}))
    legacy = [info for info in members if not info.flag_bits & UTF8_FLAG and not info.filename.isascii()]
    if legacy:
        troubles.append(ZipTrouble("ZIP-010", {"count": len(legacy)}))
    return troubles


def _unix_kind(info: zipfile.ZipInfo) -> int:
    """Link, device, …: a Unix packer writes it in the upper half of the attributes."""
    return stat.S_IFMT(info.external_attr >> 16) if info.create_system == 3 else 0


def _links(container: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> list[ZipTrouble]:
    """Symbolic links: within the archive they are told, out of it they are dangerous."""
    inside: list[str] = []
    outside: list[str] = []
    for info in members:
        if _unix_kind(info) != stat.S_IFLNK:
            continue
        try:
            target = container.read(info)[:1000].decode("utf-8", "replace")
        except Exception:  # told by `_contents`
            target = ""
        (outside if unsafe_name(target) else inside).append(f"{info.filename} -> {target}"[:200])
    troubles = [ZipTrouble("ZIP-003", {"names": outside[:20]})] if outside else []
    return troubles + ([ZipTrouble("ZIP-007", {"names": inside[:20]})] if inside else [])


def _sizes(members: list[zipfile.ZipInfo]) -> list[ZipTrouble]:
    total = sum(info.file_size for info in members)
    worst = max(members, key=lambda info: info.file_size, default=None)
    if worst is None:
        return []
    ratio = total / max(1, sum(info.compress_size for info in members))
    if len(members) > limits.MEMBERS:
        return [ZipTrouble("ZIP-004", {"name": "", "why": f"{len(members)} entries"})]
    if (worst.file_size > limits.MEMBER_BYTES and ratio > limits.RATIO) or (
        total > limits.RATIO_FROM_BYTES and ratio > limits.RATIO
    ):
        why = f"{total} bytes, ×{ratio:.0f}"
        return [ZipTrouble("ZIP-004", {"name": worst.filename, "why": why})]
    return []


def _end_record(members: list[zipfile.ZipInfo], path: Path) -> list[ZipTrouble]:
    """The record at the end against what is there: comment length, disks, number of entries."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 65535 - END_RECORD.size))
        tail = stream.read()
    at = tail.rfind(END_MAGIC)
    if at < 0 or len(tail) - at < END_RECORD.size:
        return []
    _, disk, first_disk, here, total, _, _, comment = END_RECORD.unpack_from(tail, at)
    why = None
    if len(tail) - at - END_RECORD.size < comment:
        why = "length of the comment"
    elif 0xFFFF not in (disk, first_disk) and (disk or first_disk):
        why = "part of a set of disks"
    elif 0xFFFF not in (here, total) and (here != total or total != len(members)):
        why = "number of entries"
    return [ZipTrouble("ZIP-006", {"name": "", "why": why})] if why else []


def _headers(members: list[zipfile.ZipInfo], path: Path) -> list[ZipTrouble]:
    """Central directory against local headers, and members that share bytes."""
    found: list[ZipTrouble] = []
    spans = []
    with path.open("rb") as stream:
        for info in members:
            stream.seek(info.header_offset)
            raw = stream.read(LOCAL.size)
            if len(raw) < LOCAL.size or not raw.startswith(b"PK\x03\x04"):
                found.append(ZipTrouble("ZIP-006", {"name": info.filename, "why": "local header"}))
                continue
            fields = LOCAL.unpack(raw)
            name = stream.read(fields[10])
            why = _difference(info, fields, name) or _extra_fields(stream.read(fields[11]))
            why = why or _extra_fields(info.extra) or _descriptor(info, fields, stream)
            if why:
                found.append(ZipTrouble("ZIP-006", {"name": info.filename, "why": why}))
            start = info.header_offset
            spans.append((start, start + LOCAL.size + fields[10] + fields[11] + info.compress_size, info))
    spans.sort(key=lambda span: span[0])
    for (_, end, _), (start, _, info) in itertools.pairwise(spans):
        if start < end:
            found.append(ZipTrouble("ZIP-004", {"name": info.filename, "why": "overlapping entries"}))
            break
    return found


def _difference(info: zipfile.ZipInfo, fields: tuple[Any, ...], name: bytes) -> str | None:
    flags, method, crc, packed, unpacked = fields[3], fields[4], fields[7], fields[8], fields[9]
    if method != info.compress_type:
        return "compression method"
    if flags & ENCRYPTED_FLAG != info.flag_bits & ENCRYPTED_FLAG:
        return "encryption flag"
    encoding = "utf-8" if flags & UTF8_FLAG else "cp437"
    if name.decode(encoding, "replace") != info.orig_filename and _ascii(name) != _ascii_text(info):
        return "name"
    if flags & STREAMED_FLAG:
        return None
    if crc != info.CRC:
        return "checksum"
    if 0xFFFFFFFF not in (packed, unpacked) and (packed, unpacked) != (info.compress_size, info.file_size):
        return "size"
    return None


def _extra_fields(extra: bytes) -> str | None:
    """Extra fields are records of tag, length, content; up to three stray bytes are padding."""
    at = 0
    while len(extra) - at >= 4:
        at += 4 + int.from_bytes(extra[at + 2 : at + 4], "little")
    return "extra field" if at > len(extra) else None


def _descriptor(info: zipfile.ZipInfo, fields: tuple[Any, ...], stream: BinaryIO) -> str | None:
    """After a streamed member its checksum and sizes follow, in one of four layouts."""
    if not fields[3] & STREAMED_FLAG:
        return None
    stream.seek(info.header_offset + LOCAL.size + fields[10] + fields[11] + info.compress_size)
    raw = stream.read(24)
    for start in (4, 0) if raw.startswith(b"PK\x07\x08") else (0,):
        for layout in (DESCRIPTOR, DESCRIPTOR64):
            told = raw[start : start + layout.size]
            if len(told) == layout.size and layout.unpack(told) == (info.CRC, info.compress_size, info.file_size):
                return None
    return "data descriptor"


def _ascii(name: bytes) -> str:
    return "".join(chr(byte) for byte in name if byte < 0x80)


def _ascii_text(info: zipfile.ZipInfo) -> str:
    return "".join(character for character in info.orig_filename if character.isascii())


def _contents(container: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> list[ZipTrouble]:
    troubles: list[ZipTrouble] = []
    total = 0
    for info in members:
        if info.filename.endswith("/") or info.flag_bits & ENCRYPTED_FLAG:
            continue
        if total + info.file_size > limits.TOTAL_BYTES:
            break
        try:
            total += _read_through(container, info)
        except _Bomb:
            troubles.append(ZipTrouble("ZIP-004", {"name": info.filename, "why": "longer than declared"}))
        except NotImplementedError as trouble:
            troubles.append(ZipTrouble("ZIP-009", {"name": info.filename, "why": str(trouble)[:80]}))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as trouble:
            why = str(trouble)[:100] or type(trouble).__name__
            troubles.append(ZipTrouble("ZIP-001", {"name": info.filename, "why": why}))
        except Exception as trouble:  # lzma and bz2 raise their own
            troubles.append(ZipTrouble("ZIP-001", {"name": info.filename, "why": type(trouble).__name__}))
    return troubles


class _Bomb(Exception):
    """A member that goes on beyond its declared size."""


def _read_through(container: zipfile.ZipFile, info: zipfile.ZipInfo) -> int:
    """Decompress to the end without keeping anything; returns the bytes read."""
    read = 0
    with container.open(info) as stream:
        while chunk := stream.read(READ_BYTES):
            read += len(chunk)
            if read > info.file_size + READ_BYTES:
                raise _Bomb
    if read != info.file_size:
        raise zipfile.BadZipFile("shorter than declared")
    return read
