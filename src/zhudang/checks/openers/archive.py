"""Archives: listed and read to the end inside the worker; nothing is ever unpacked by its own paths."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from typing import IO, Any

from zhudang.checks import limits
from zhudang.checks.examine import Case
from zhudang.checks.zips import shown_name, unsafe_name, zip_troubles

READ_BYTES = 1024 * 1024
STOPS = {"ZIP-001", "ZIP-003", "ZIP-004", "ZIP-005"}
SHOWN = 500
STREAMS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
UNREADABLE = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR"}


def examine(case: Case) -> None:
    with case.path.open("rb") as stream:
        magic = stream.read(8)
    case.find("ZIP-011")
    for mark, name in UNREADABLE.items():
        if magic.startswith(mark):
            case.find("ZIP-009", name=case.name, why=name)
            return
    opener = next((opener for mark, opener in STREAMS.items() if magic.startswith(mark)), None)
    if opener is not None:
        _compressed(case, opener)
    elif case.extension == ".tar" or tarfile.is_tarfile(case.path):
        _tar(case, None)
    else:
        _zip(case)


def _zip(case: Case) -> None:
    try:
        with zipfile.ZipFile(case.path) as container:
            names = [shown_name(info) for info in container.infolist()]
            case.facts["members"] = [{"path": name} for name in names[:SHOWN]]
            case.facts["member_count"] = len(names)
            troubles = zip_troubles(container, case.path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeError) as trouble:
        case.find("ZIP-001", name=case.name, why=str(trouble)[:100])
        return
    case.facts["encrypted"] = any(each.code == "ZIP-002" for each in troubles)
    for each in troubles:
        case.find(each.code, **each.data)


def _compressed(case: Case, opener: Any) -> None:
    """One compressed stream: a TAR inside it, or a single file."""
    case.facts["encrypted"] = False
    try:
        with opener(case.path) as stream:
            block = stream.read(512)
        if len(block) == 512 and block[257:262] == b"ustar":
            _tar(case, opener)
        else:
            _read_through(case, opener)
    except (OSError, EOFError, lzma.LZMAError, zlib.error, ValueError) as trouble:
        case.find("ZIP-001", name=case.name, why=str(trouble)[:100])


def _read_through(case: Case, opener: Any) -> None:
    read = 0
    with opener(case.path) as stream:
        while chunk := stream.read(READ_BYTES):
            read += len(chunk)
            if _is_bomb(read, case.size):
                case.find("ZIP-004", name=case.name, why=f">{read} bytes")
                return
    case.facts["member_count"] = 1


def _is_bomb(read: int, packed: int) -> bool:
    return read > limits.TOTAL_BYTES or (read > limits.RATIO_FROM_BYTES and read > limits.RATIO * packed)


class _Bounded:
    """A stream that ends a bomb before it ends us."""

    def __init__(self, stream: IO[bytes], packed: int) -> None:
        self._stream = stream
        self._packed = packed
        self._read = 0

    def read(self, size: int = READ_BYTES) -> bytes:
        chunk = self._stream.read(size)
        self._read += len(chunk)
        if _is_bomb(self._read, self._packed):
            raise _Bomb
        return chunk


class _Bomb(Exception):
    """More came out than may."""


def _tar(case: Case, opener: Any) -> None:
    """Walk a TAR as a stream, so that a header cannot send us back and forth."""
    case.facts["encrypted"] = False
    names: list[str] = []
    try:
        with opener(case.path) if opener else case.path.open("rb") as raw:
            source: Any = _Bounded(raw, case.size) if opener else raw
            with tarfile.open(fileobj=source, mode="r|") as tar:
                for member in tar:
                    names.append(member.name)
                    _tar_member(case, member)
                    if len(names) > limits.MEMBERS:
                        case.find("ZIP-004", name="", why=f">{limits.MEMBERS} entries")
                        break
    except _Bomb:
        case.find("ZIP-004", name=case.name, why=f"×{limits.RATIO}")
    except (tarfile.TarError, OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as trouble:
        case.find("ZIP-001", name=case.name, why=str(trouble)[:100])
    case.facts["members"] = [{"path": name} for name in names[:SHOWN]]
    case.facts["member_count"] = len(names)


def _tar_member(case: Case, member: tarfile.TarInfo) -> None:
    if unsafe_name(member.name):
        case.find("ZIP-003", names=[member.name])
    if member.issym() or member.islnk():
        if unsafe_name(member.linkname):
            case.find("ZIP-003", names=[f"{member.name} -> {member.linkname}"])
        else:
            case.find("ZIP-007", names=[member.name])
    elif not (member.isfile() or member.isdir()):
        case.find("ZIP-005", names=[member.name])
