"""TAR archives, plain or within a compressed stream: walked once, forward only."""

from __future__ import annotations

import lzma
import tarfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from zhudang.checks import limits
from zhudang.checks.examine import Case
from zhudang.checks.members import Members
from zhudang.checks.own_formats import TAR_BLOCK as BLOCK
from zhudang.checks.own_formats import starts_tar
from zhudang.checks.zips import (
    Bomb,
    OutOfTime,
    folded_name,
    goes_through,
    leads_out,
    legacy_name,
    odd_name,
    unsafe_name,
)  # fmt: skip

CHUNK = 1024 * 1024
SHOWN = 20
NOTES, CONTINUED = (b"V", b"D"), b"M"
"""Kinds of GNU tar: the label of a volume, the list of a folder (incremental), the rest of a file begun elsewhere."""
TROUBLES = (tarfile.TarError, OSError, EOFError, ValueError, lzma.LZMAError, zlib.error)


def is_tar(path: Path) -> bool:
    with path.open("rb") as stream:
        return starts_tar(stream.read(BLOCK))


class _Source:
    """A stream that ends a bomb before it ends us, and remembers the last bytes it gave."""

    def __init__(self, stream: IO[bytes], packed: int | None) -> None:
        self._stream = stream
        self._packed = packed
        self._until = time.monotonic() + limits.READING_S
        self.count = 0
        self.last = b""

    def read(self, size: int = CHUNK) -> bytes:
        chunk = self._stream.read(size)
        self.count += len(chunk)
        self.last = (self.last + chunk)[-64 * 1024 :] if len(chunk) < 64 * 1024 else chunk[-64 * 1024 :]
        packed = self._packed
        if packed is not None and (
            self.count > limits.TOTAL_BYTES
            or (self.count > limits.RATIO_FROM_BYTES and self.count > limits.RATIO * packed)
        ):
            raise Bomb
        if time.monotonic() > self._until:
            raise OutOfTime
        return chunk


class _Walk:
    """What is noted of the members while they pass."""

    def __init__(self, case: Case, members: Members) -> None:
        self._case, self._members = case, members
        self._names: Counter[str] = Counter()
        self._links: set[str] = set()
        self._outside: list[str] = []
        self._inside: list[str] = []
        self._special: list[str] = []
        self._odd: list[str] = []
        self._parted: list[str] = []
        self.count = 0

    def member(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self.count += 1
        name = _shown(member.name)
        self._names[folded_name(name)] += 1
        if unsafe_name(name) or goes_through(name, self._links):
            self._outside.append(name)
        elif odd_name(name.removeprefix("./") or "."):
            self._odd.append(name)
        if member.issym() or member.islnk():
            self._link(member, name)
        elif member.ischr() or member.isblk() or member.isfifo():
            self._special.append(name)
        elif member.type == CONTINUED:
            self._parted.append(name)
        elif not member.isdir() and member.type not in NOTES:
            # Kinds nobody knows are files, says POSIX of `typeflag`.
            self._content(tar, member, name)

    def _link(self, member: tarfile.TarInfo, name: str) -> None:
        target = _shown(member.linkname)
        # A hard link names a member of the archive, a symbolic one a place as seen from where it stands.
        out = leads_out(name, target) if member.issym() else unsafe_name(target)
        (self._outside if out else self._inside).append(f"{name} -> {target}")
        if member.issym():
            self._links.add(name.rstrip("/"))

    def _content(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        if member.issparse():
            if member.size > limits.TOTAL_BYTES:
                raise Bomb
            self._members.named(name, member.size)
            return
        stream = tar.extractfile(member)
        if stream is not None:
            self._members.take(name, _chunks(stream))

    def tell(self) -> None:
        case = self._case
        for code, names in (
            ("ZIP-003", self._outside),
            ("ZIP-007", self._inside),
            ("ZIP-005", self._special),
            ("ZIP-012", self._odd),
            ("ZIP-008", [name for name, count in self._names.items() if count > 1]),
        ):
            if names:
                case.find(code, names=names[:SHOWN])
        if self._parted:
            case.find("ZIP-015", why=f"{self._parted[0]}: continued from another volume")


def examine(case: Case, opener: Any, members: Members) -> None:
    """Walk the archive; `opener` decompresses around it, None when it stands plain."""
    case.facts["encrypted"] = False
    walk = _Walk(case, members)
    try:
        with opener(case.path) if opener else case.path.open("rb") as raw:
            source = _Source(raw, case.size if opener else None)
            _through(case, source, walk)
    except Bomb:
        case.find("ZIP-004", name=case.name, why=f"×{limits.RATIO}")
    except OutOfTime:
        case.find("ZIP-014", name=case.name)
    except TROUBLES as trouble:
        case.find("ZIP-001", name=case.name, why=str(trouble)[:100])
    walk.tell()


def _through(case: Case, source: _Source, walk: _Walk) -> None:
    stream: Any = source
    with tarfile.open(fileobj=stream, mode="r|", errors="surrogateescape") as tar:
        for member in tar:
            walk.member(tar, member)
            if walk.count > limits.MEMBERS:
                raise Bomb
            tar.members.clear()  # type: ignore[attr-defined]
        _tell_end(case, source, int(tar.offset))


def _tell_end(case: Case, source: _Source, at: int) -> None:
    """The library stops quietly at a header it cannot read; a whole archive stops at a block of zeros."""
    begins = source.count - len(source.last)
    block = source.last[at - begins : at - begins + BLOCK] if at >= begins else b""
    while chunk := source.read(CHUNK):
        block = block or chunk[:BLOCK]
    if any(block):
        case.find("ZIP-001", name=case.name, why=f"header at {at}")
    elif not block:
        case.find("ZIP-015", why="no end mark")


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def _shown(name: str) -> str:
    """Names are bytes; what is not UTF-8 was decoded with escapes and is GBK here as a rule."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return legacy_name(name.encode("utf-8", "surrogateescape"))
    return name
