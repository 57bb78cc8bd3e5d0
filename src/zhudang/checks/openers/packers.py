"""7z: listed and read to the end; and what it has in common with RAR."""

from __future__ import annotations

import time
from typing import Any

from zhudang.checks import limits
from zhudang.checks.examine import Case
from zhudang.checks.members import Members, Spool
from zhudang.checks.zips import Bomb, OutOfTime, odd_name, unsafe_name

DICTIONARY_BYTES = 256 * 1024 * 1024
"""LZMA sets aside this much on being told to; a worker may not hold more."""
SHOWN = 20
LZMA2, LZMA = b"\x21", b"\x03\x01\x01"


def tell_names(case: Case, names: list[str], links: list[str], special: list[str]) -> bool:
    """Tell of names; True when reading on is out of the question."""
    outside = [name for name in names if unsafe_name(name)]
    odd = [name for name in names if not unsafe_name(name) and odd_name(name)]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(names) < 2000 else []
    told = (
        ("ZIP-003", outside),
        ("ZIP-005", special),
        ("ZIP-007", links),
        ("ZIP-008", twice),
        ("ZIP-012", odd),
    )
    for code, found in told:
        if found:
            case.find(code, names=found[:SHOWN])
    return bool(outside or special)


def is_bomb(case: Case, total: int, largest: int, count: int) -> bool:
    """Tell of an archive that declares far more than it holds; sizes in bytes."""
    ratio = total / max(1, case.size)
    huge = count > limits.MEMBERS or (
        ratio > limits.RATIO and (total > limits.RATIO_FROM_BYTES or largest > limits.MEMBER_BYTES)
    )
    if huge:
        case.find("ZIP-004", name=case.name, why=f"{total} bytes, ×{ratio:.0f}")
    return huge


def locked(case: Case, names: list[str]) -> None:
    """Tell that members cannot be opened without a password; all of them where their names are hidden too."""
    case.facts["encrypted"] = True
    case.find("ZIP-002", names=names[:SHOWN] or [case.name], count=len(names) or 1)


class _Writer:
    """Takes what the library unpacks; nothing of it reaches a path of the archive's choosing."""

    def __init__(self, spool: Spool, until: float, limit: int) -> None:
        self._spool, self._until, self._limit = spool, until, limit

    def write(self, chunk: bytes | bytearray) -> int:
        if time.monotonic() > self._until:
            raise OutOfTime
        if self._spool.size + len(chunk) > self._limit:
            raise Bomb
        self._spool.write(bytes(chunk))
        return len(chunk)

    def read(self, size: int | None = None) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def flush(self) -> None:
        pass

    def size(self) -> int:
        return self._spool.size

    def close(self) -> None:
        self._spool.done()


class _Factory:
    def __init__(self, members: Members) -> None:
        self._members = members
        self._until = time.monotonic() + limits.READING_S

    def create(self, filename: str, mode: str | None = None) -> Any:
        return _Writer(self._members.open(filename.lstrip("/")), self._until, limits.TOTAL_BYTES)


def seven(case: Case, members: Members) -> None:
    """7z, with every member unpacked into the worker's own folder and examined."""
    import py7zr
    from py7zr.exceptions import PasswordRequired, UnsupportedCompressionMethodError

    try:
        with case.path.open("rb") as stream, py7zr.SevenZipFile(stream) as archive:
            _seven(case, members, archive)
    except PasswordRequired:
        locked(case, [])
    except UnsupportedCompressionMethodError as trouble:
        case.find("ZIP-009", name=case.name, why=str(trouble)[:80] or "7z")
    except Bomb:
        case.find("ZIP-004", name=case.name, why=f"×{limits.RATIO}")
    except OutOfTime:
        case.find("ZIP-014", name=case.name)
    except MemoryError:
        raise
    except Exception as trouble:  # the library raises its own, and whatever a hostile header brings
        case.find("ZIP-001", name=case.name, why=f"{type(trouble).__name__}: {trouble}"[:100])


def _seven(case: Case, members: Members, archive: Any) -> None:
    infos = archive.list()
    files = [info for info in infos if not info.is_directory]
    names = [str(info.filename) for info in infos]
    links = [str(info.filename) for info in infos if info.is_symlink]
    if archive.needs_password():
        for info in files:
            members.named(str(info.filename), info.uncompressed)
        locked(case, [str(info.filename) for info in files])
        return
    case.facts["encrypted"] = False
    sizes = [int(info.uncompressed or 0) for info in files]
    stop = tell_names(case, names, links, [])
    stop = is_bomb(case, sum(sizes), max(sizes, default=0), len(files)) or stop
    if not stop and _dictionary(archive) > DICTIONARY_BYTES:
        case.find("ZIP-009", name=case.name, why="dictionary")
        stop = True
    if stop:
        for info in files:
            members.named(str(info.filename), info.uncompressed)
        return
    archive.extractall(factory=_Factory(members))


def _dictionary(archive: Any) -> int:
    """Largest dictionary any packing method of the archive asks for, in bytes."""
    largest = 0
    streams = getattr(archive.header, "main_streams", None)
    for folder in streams.unpackinfo.folders if streams else ():
        for coder in folder.coders:
            method, properties = coder.get("method"), coder.get("properties") or b""
            if method == LZMA2 and properties:
                bits = properties[0]
                largest = max(largest, (2 | (bits & 1)) << (bits // 2 + 11) if bits < 40 else 1 << 32)
            elif method == LZMA and len(properties) >= 5:
                largest = max(largest, int.from_bytes(properties[1:5], "little"))
    return largest
