"""Archives: listed and read to the end inside the worker; nothing is ever unpacked by its own paths."""

from __future__ import annotations

import bz2
import gzip
import lzma
import time
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

from zhudang.checks import limits
from zhudang.checks.examine import Case
from zhudang.checks.members import Members
from zhudang.checks.openers import packers, rar, tar
from zhudang.checks.own_formats import starts_tar
from zhudang.checks.zips import Bomb, OutOfTime, is_locked, shown_name, zip_troubles

READ_BYTES = 1024 * 1024
STOPS = {"ZIP-001", "ZIP-003", "ZIP-004", "ZIP-005"}
PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".zst", ".lzma", ".tgz", ".tbz2", ".txz")
TROUBLES = (OSError, EOFError, lzma.LZMAError, zlib.error, ValueError, zipfile.BadZipFile)


def examine(case: Case) -> None:
    with case.path.open("rb") as stream:
        magic = stream.read(8)
    case.find("ZIP-011")
    members = Members(case)
    try:
        _by_kind(case, magic, members)
    finally:
        members.finish()


def _by_kind(case: Case, magic: bytes, members: Members) -> None:
    opener = _stream_opener(magic)
    if opener is not None:
        _compressed(case, opener, members)
    elif magic.startswith(b"7z\xbc\xaf\x27\x1c"):
        packers.seven(case, members)
    elif magic.startswith(b"Rar!\x1a\x07"):
        rar.examine(case, members)
    elif tar.is_tar(case.path):
        tar.examine(case, None, members)
    elif magic.startswith(b"PK") or case.extension == ".zip" or _ends_as_zip(case):
        _zip(case, members)
    elif case.format.id:
        case.find("ZIP-009", name=case.name, why=case.format.name)
    else:
        case.find("ZIP-001", name=case.name, why=magic.hex())


def _ends_as_zip(case: Case) -> bool:
    try:
        return zipfile.is_zipfile(case.path)
    except zipfile.BadZipFile:
        return True


def _stream_opener(magic: bytes) -> Any:
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        from backports import zstd

        return zstd.open
    known = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open, b"\x5d\0\0": lzma.open}
    return next((opener for mark, opener in known.items() if magic.startswith(mark)), None)


def _zip(case: Case, members: Members) -> None:
    try:
        with zipfile.ZipFile(case.path) as container:
            infos = container.infolist()
            for info in infos:
                if is_locked(info):
                    members.named(shown_name(info), info.file_size)
            troubles = zip_troubles(container, case.path, strict=True, through=members.take)
            if not members.count:
                # Nothing was opened: at least say what the archive claims to hold.
                for info in infos:
                    members.named(shown_name(info), info.file_size)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeError, EOFError) as trouble:
        case.find("ZIP-001", name=case.name, why=str(trouble)[:100])
        return
    case.facts["encrypted"] = any(each.code == "ZIP-002" for each in troubles)
    for each in troubles:
        case.find(each.code, **each.data)


def _compressed(case: Case, opener: Any, members: Members) -> None:
    """One compressed stream: a TAR inside it, or a single file."""
    case.facts["encrypted"] = False
    try:
        with opener(case.path) as stream:
            block = stream.read(512)
        if starts_tar(block):
            tar.examine(case, opener, members)
            return
        with opener(case.path) as stream:
            members.take(_inner_name(case.name), bounded_chunks(stream, case.size))
    except Bomb:
        case.find("ZIP-004", name=case.name, why=f"×{limits.RATIO}")
    except OutOfTime:
        case.find("ZIP-014", name=case.name)
    except TROUBLES as trouble:
        case.find("ZIP-001", name=case.name, why=str(trouble)[:100])
    except Exception as trouble:  # Zstandard raises its own
        case.find("ZIP-001", name=case.name, why=f"{type(trouble).__name__}: {trouble}"[:100])


def _inner_name(name: str) -> str:
    ending = next((each for each in PACKED_ENDINGS if name.lower().endswith(each)), "")
    return name[: len(name) - len(ending)] or name


def bounded_chunks(stream: IO[bytes], packed: int) -> Iterator[bytes]:
    """Read to the end, or to where it is clear that the end is not worth reaching.

    Raises:
        Bomb, OutOfTime
    """
    read, until = 0, time.monotonic() + limits.READING_S
    while chunk := stream.read(READ_BYTES):
        read += len(chunk)
        if is_bomb(read, packed):
            raise Bomb
        if time.monotonic() > until:
            raise OutOfTime
        yield chunk


def is_bomb(read: int, packed: int) -> bool:
    return read > limits.TOTAL_BYTES or (read > limits.RATIO_FROM_BYTES and read > limits.RATIO * packed)
