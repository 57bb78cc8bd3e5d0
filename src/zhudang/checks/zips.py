"""ZIP containers looked at before anything is taken out of them: names, headers, sizes, contents."""

from __future__ import annotations

import itertools
import posixpath
import re
import stat
import time
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zhudang.checks import limits
from zhudang.checks.encodings import utf8_by_accident
from zhudang.checks.zip_structure import (
    ENCRYPTED_FLAG,
    LOCAL,
    MASKED_FLAG,
    STRONG_FLAG,
    UTF8_FLAG,
    oddities,
    unicode_path,
)

READ_BYTES = 1024 * 1024
DEVICES = {stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK}
"""A pipe is no device here: packers that read from one note it as the kind of what they packed."""
AES_METHOD, DEFLATE64 = 99, 9
RESERVED = re.compile(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?", re.IGNORECASE)
STRANGE = re.compile(r'[\x00-\x1f<>"|?*:\\\u202a-\u202e\u2066-\u2069]')
"""Characters Windows refuses in names, and those that turn the direction of reading to hide an ending."""


@dataclass(frozen=True, slots=True)
class ZipTrouble:
    """A rule code and what to fill its sentence with."""

    code: str
    data: dict[str, Any] = field(default_factory=dict)


class Bomb(Exception):
    """More comes out than may."""


class OutOfTime(Exception):
    """Reading takes longer than a file may."""


def unsafe_name(name: str) -> bool:
    """A name that would be written outside the folder it is unpacked into."""
    plain = name.replace("\\", "/")
    drive = len(plain) > 1 and plain[1] == ":" and plain[0].isalpha()
    return plain.startswith("/") or drive or ".." in plain.split("/")


def folded_name(name: str) -> str:
    """The name as the most careless file system keeps it: two that fold to one overwrite each other there."""
    return unicodedata.normalize("NFC", posixpath.normpath(name)).casefold()


def odd_name(name: str) -> bool:
    """A name that other systems refuse, cut or show as something else."""
    parts = name.rstrip("/").split("/")
    return bool(STRANGE.search(name)) or any(
        not part or part != part.rstrip(". ") or RESERVED.fullmatch(part) for part in parts
    )


def shown_name(info: zipfile.ZipInfo) -> str:
    """The member's name as its packer meant it: names without a stated encoding are usually GBK here."""
    if info.flag_bits & UTF8_FLAG or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    if told := unicode_path(info.extra, raw):
        return told
    return legacy_name(raw)


def legacy_name(raw: bytes) -> str:
    """Bytes of a name whose encoding nobody states."""
    first = ("gb18030", "utf-8") if utf8_by_accident(raw) else ("utf-8", "gb18030")
    for encoding in (*first, "cp437"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def is_locked(info: zipfile.ZipInfo) -> bool:
    locked = info.flag_bits & (ENCRYPTED_FLAG | STRONG_FLAG | MASKED_FLAG)
    return bool(locked) or info.compress_type == AES_METHOD


def zip_troubles(
    container: zipfile.ZipFile,
    path: Path,
    contents: bool = True,
    strict: bool = False,
    through: Callable[[str, Iterable[bytes]], None] | None = None,
) -> list[ZipTrouble]:
    """Everything wrong with a container, the dangerous first.

    Args:
        contents: also read every member to its end, within limits.
        strict: tell also what only makes the file irregular, and names other systems refuse: for archives
            people unpack, not for documents a program opens.
        through: gets (shown name, chunks) of every readable member and must read the chunks to the end.
    """
    members = container.infolist()
    troubles = _names(members, strict) + _sizes(members, path.stat().st_size)
    locked = [shown_name(info) for info in members if is_locked(info)]
    if locked:
        troubles.append(ZipTrouble("ZIP-002", {"names": locked[:20], "count": len(locked)}))
    troubles += _links(container, members) + _structure(path, strict) + _overlaps(members)
    dangerous = {"ZIP-003", "ZIP-004", "ZIP-005"}
    if contents and not any(trouble.code in dangerous for trouble in troubles):
        troubles += _contents(container, members, through or _drain)
    return troubles


def _structure(path: Path, strict: bool) -> list[ZipTrouble]:
    seen = oddities(path)
    grave = [ZipTrouble("ZIP-006", {"name": each.name, "why": each.why}) for each in seen if each.grave]
    slight = [ZipTrouble("ZIP-015", {"why": each.why}) for each in seen if not each.grave]
    return grave[:20] + (slight[:20] if strict else [])


def _names(members: list[zipfile.ZipInfo], strict: bool) -> list[ZipTrouble]:
    troubles = []
    names = [(shown_name(info), info) for info in members]
    if outside := [name for name, info in names if unsafe_name(name) or unsafe_name(_ascii(info.orig_filename))]:
        troubles.append(ZipTrouble("ZIP-003", {"names": outside[:20]}))
    if special := [name for name, info in names if _unix_kind(info) in DEVICES]:
        troubles.append(ZipTrouble("ZIP-005", {"names": special[:20]}))
    if cut := [name for name, info in names if "\0" in info.orig_filename.rstrip("\0")]:
        # Readers in C end the name there, others do not: two people would unpack two things.
        troubles.append(ZipTrouble("ZIP-006", {"name": cut[0], "why": "NUL in a name"}))
    counted = Counter(folded_name(name) for name, _ in names)
    if twice := [name for name, count in counted.items() if count > 1]:
        troubles.append(ZipTrouble("ZIP-008", {"names": twice[:20]}))
    legacy = [info for info in members if not info.flag_bits & UTF8_FLAG and not info.filename.isascii()]
    if legacy:
        troubles.append(ZipTrouble("ZIP-010", {"count": len(legacy)}))
    if strict and (odd := [name for name, _ in names if odd_name(name)]):
        troubles.append(ZipTrouble("ZIP-012", {"names": odd[:20]}))
    return troubles


def _ascii(name: str) -> str:
    """The name as a reader of bytes sees its slashes; a backslash may be half of a Chinese character."""
    return name if name.isascii() else name.replace("\\", "_")


def _unix_kind(info: zipfile.ZipInfo) -> int:
    """Link, device, …: a Unix packer writes it in the upper half of the attributes."""
    return stat.S_IFMT(info.external_attr >> 16) if info.create_system in {3, 19} else 0


def _links(container: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> list[ZipTrouble]:
    """Symbolic links: within the archive they are told, out of it they are dangerous."""
    inside: list[str] = []
    outside: list[str] = []
    links: set[str] = set()
    for info in members:
        if _unix_kind(info) != stat.S_IFLNK:
            continue
        name = shown_name(info).rstrip("/")
        links.add(name)
        try:
            with container.open(info) as stream:
                target = stream.read(4096).decode("utf-8", "replace")
        except Exception:  # told by `_contents`
            target = ""
        (outside if leads_out(name, target) else inside).append(f"{name} -> {target}"[:200])
    outside += [shown_name(info) for info in members if links and goes_through(shown_name(info), links)]
    troubles = [ZipTrouble("ZIP-003", {"names": outside[:20]})] if outside else []
    return troubles + ([ZipTrouble("ZIP-007", {"names": inside[:20]})] if inside else [])


def leads_out(name: str, target: str) -> bool:
    """Whether a link of that name leads out of the folder it is unpacked into."""
    plain = target.replace("\\", "/")
    if plain.startswith("/") or (len(plain) > 1 and plain[1] == ":"):
        return True
    reached = posixpath.normpath(posixpath.join(posixpath.dirname(name), plain))
    return reached == ".." or reached.startswith("../")


def goes_through(name: str, links: set[str]) -> bool:
    """Whether a member would be written through a link of the same archive."""
    parts = name.rstrip("/").split("/")
    return any("/".join(parts[:count]) in links for count in range(1, len(parts)))


def _sizes(members: list[zipfile.ZipInfo], size: int) -> list[ZipTrouble]:
    total = sum(info.file_size for info in members)
    worst = max(members, key=lambda info: info.file_size, default=None)
    if worst is None:
        return []
    ratio = total / max(1, min(size, sum(info.compress_size for info in members)))
    if len(members) > limits.MEMBERS:
        return [ZipTrouble("ZIP-004", {"name": "", "why": f"{len(members)} entries"})]
    if (worst.file_size > limits.MEMBER_BYTES and ratio > limits.RATIO) or (
        total > limits.RATIO_FROM_BYTES and ratio > limits.RATIO
    ):
        why = f"{total} bytes, ×{ratio:.0f}"
        return [ZipTrouble("ZIP-004", {"name": shown_name(worst), "why": why})]
    return []


def _overlaps(members: list[zipfile.ZipInfo]) -> list[ZipTrouble]:
    """Members that share bytes: the flat bomb."""
    spans = sorted((info.header_offset, info.header_offset + LOCAL.size + info.compress_size) for info in members)
    if any(end > start for (_, end), (start, _) in itertools.pairwise(spans)):
        return [ZipTrouble("ZIP-004", {"name": "", "why": "overlapping entries"})]
    return []


def _drain(name: str, chunks: Iterable[bytes]) -> None:
    for _ in chunks:
        pass


def _contents(
    container: zipfile.ZipFile, members: list[zipfile.ZipInfo], through: Callable[[str, Iterable[bytes]], None]
) -> list[ZipTrouble]:
    troubles: list[ZipTrouble] = []
    until = time.monotonic() + limits.READING_S
    total = 0
    for info in members:
        if info.filename.endswith("/") or is_locked(info):
            continue
        name = shown_name(info)
        total += info.file_size
        if total > limits.TOTAL_BYTES or time.monotonic() > until:
            return [*troubles, ZipTrouble("ZIP-014", {"name": name})]
        try:
            through(name, member_chunks(container, info, until))
        except OutOfTime:
            return [*troubles, ZipTrouble("ZIP-014", {"name": name})]
        except Bomb:
            troubles.append(ZipTrouble("ZIP-004", {"name": name, "why": "longer than declared"}))
        except NotImplementedError as trouble:
            troubles.append(ZipTrouble("ZIP-009", {"name": name, "why": str(trouble)[:80]}))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as trouble:
            why = str(trouble)[:100] or type(trouble).__name__
            troubles.append(ZipTrouble("ZIP-001", {"name": name, "why": why}))
        except Exception as trouble:  # lzma and bz2 raise their own
            troubles.append(ZipTrouble("ZIP-001", {"name": name, "why": type(trouble).__name__}))
        if len(troubles) > 100:
            break
    return troubles


def member_chunks(container: zipfile.ZipFile, info: zipfile.ZipInfo, until: float) -> Iterator[bytes]:
    """Unpack one member chunk by chunk; nothing is kept.

    Raises:
        Bomb, OutOfTime, zipfile.BadZipFile, NotImplementedError (method unknown), and what decoders raise.
    """
    read = 0
    source = _deflate64(container, info) if info.compress_type == DEFLATE64 else _plain(container, info)
    for chunk in source:
        read += len(chunk)
        if read > info.file_size + READ_BYTES:
            raise Bomb
        if time.monotonic() > until:
            raise OutOfTime
        yield chunk
    if read != info.file_size:
        raise zipfile.BadZipFile("shorter than declared")


def _plain(container: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with container.open(info) as stream:
        while chunk := stream.read(READ_BYTES):
            yield chunk


def _deflate64(container: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Deflate64, which Windows Explorer uses for large members and the standard library does not know."""
    import inflate64

    inflater = inflate64.Inflater()
    crc = 0
    with Path(str(container.filename)).open("rb") as stream:
        stream.seek(info.header_offset)
        fields = LOCAL.unpack(stream.read(LOCAL.size))
        stream.seek(fields[10] + fields[11], 1)
        left = info.compress_size
        while left > 0 and (packed := stream.read(min(left, 65536))):
            left -= len(packed)
            chunk = inflater.inflate(packed)
            crc = zlib.crc32(chunk, crc)
            yield chunk
    if crc != info.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {info.filename!r}")
