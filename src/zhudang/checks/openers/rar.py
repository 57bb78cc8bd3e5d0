"""RAR: listed from its headers, checked, then every member unpacked by libarchive and examined.

Two readers look at the same bytes: what only one of them sees is told, never taken for granted.
"""

from __future__ import annotations

import ctypes
import re
import stat
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from zhudang.checks import limits, rarlib
from zhudang.checks.examine import Case
from zhudang.checks.members import Members
from zhudang.checks.openers.packers import is_bomb, locked, tell_names
from zhudang.checks.rules import NOT_CHECKED
from zhudang.checks.zips import Bomb, OutOfTime, goes_through, leads_out, legacy_name, unsafe_name

READ_BYTES = 1024 * 1024
RAR5 = b"Rar!\x1a\x07\x01\x00"
UNICODE_NAME = 0x0200
MAIN, FILE, END = 0x73, 0x74, 0x7B
SPLIT = {MAIN: 0x0001, FILE: 0x0001 | 0x0002, END: 0x0001}
"""By kind of header, the flags that tell of a set of files."""
STORED = 0x30
UNKNOWN_SIZE = 0x08
HARD_LINK, COPY = 4, 5
NOT_KNOWN = re.compile(r"unsupported|not supported|unavailable|not implemented", re.IGNORECASE)
"""How libarchive says that it does not know a packing, rather than that the bytes are wrong."""
FATAL = -30
DEVICES = {stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One header: `name` as its packer meant it, `size` unpacked, `target` of a link, `end` of its packed bytes."""

    name: str
    size: int | None
    end: int
    folder: bool
    target: str | None
    hard: bool
    device: bool
    legacy: bool
    digest: tuple[str, int | bytes] | None
    """Kind and value of what the unpacked bytes must come to."""


def examine(case: Case, members: Members) -> None:
    """List, refuse what is unsafe, unpack and examine the rest."""
    import rarfile

    try:
        blocks: list[Any] = []
        with rarfile.RarFile(str(case.path), part_only=True, info_callback=blocks.append) as archive:
            entries = [_entry(info, case) for info in archive.infolist()]
            needs_password = bool(archive.needs_password())
    except rarfile.NeedFirstVolume:
        case.find("ZIP-009", name=case.name, why="RAR, part of a set")
        return
    except Exception as trouble:  # the library raises its own, and whatever a hostile header brings
        case.find("ZIP-001", name=case.name, why=f"{type(trouble).__name__}: {trouble}"[:100])
        return
    files = [each for each in entries if not each.folder]
    if why_not := _why_not_unpack(case, entries, needs_password, any(map(_is_part, blocks))):
        for each in files:
            members.named(each.name, each.size)
        if isinstance(why_not, dict):
            case.find("ZIP-009", name=case.name, why=why_not)
        return
    if _is_cut(blocks):
        case.find("ZIP-015", why={"zh": "RAR 没有结束标记", "en": "RAR without its end mark"})
    _unpack(case, members, entries)


def _entry(info: Any, case: Case) -> _Entry:
    raw = info.orig_filename or b""
    is_legacy = _is_rar3(info) and not info.flags & UNICODE_NAME and not raw.isascii()
    name = legacy_name(raw).replace("\\", "/") if is_legacy else str(info.filename)
    mode = info.mode if isinstance(info.mode, int) else 0
    redirected = info.file_redir
    return _Entry(
        name=name,
        size=None if (getattr(info, "file_flags", 0) or 0) & UNKNOWN_SIZE else int(info.file_size or 0),
        end=int(getattr(info, "data_offset", 0) or 0) + int(info.compress_size or 0),
        folder=info.is_dir(),
        target=str(redirected[2]) if redirected else _target(info, case) if info.is_symlink() else None,
        hard=bool(redirected) and redirected[0] in {HARD_LINK, COPY},
        device=stat.S_IFMT(mode) in DEVICES,
        legacy=is_legacy,
        digest=_digest(info),
    )


def _digest(info: Any) -> tuple[str, int | bytes] | None:
    if info.blake2sp_hash:
        return "blake2sp", bytes(info.blake2sp_hash)
    return ("crc32", int(info.CRC)) if isinstance(info.CRC, int) else None


def _is_part(block: Any) -> bool:
    """Whether a header says that the archive goes on in another file of a set, or began in one."""
    return bool((block.flags or 0) & SPLIT.get(block.type, 0))


def _is_cut(blocks: Sequence[Any]) -> bool:
    """Whether the newer format's end mark is missing; older packers did not always write one."""
    return bool(blocks) and not _is_rar3(blocks[0]) and blocks[-1].type != END


def _is_rar3(info: Any) -> bool:
    return not hasattr(info, "block_flags")


def _target(info: Any, case: Case) -> str:
    """Where a link of the older format leads: its content."""
    if info.compress_type != STORED:
        return ""
    with case.path.open("rb") as stream:
        stream.seek(info.data_offset)
        return stream.read(min(int(info.compress_size), 4096)).decode("utf-8", "replace")


def _why_not_unpack(case: Case, entries: Sequence[_Entry], needs_password: bool, split: bool) -> dict[str, str] | bool:
    """Tell what stands in the headers; True, or a reason in words, when nothing may or can be unpacked."""
    files = [each for each in entries if not each.folder]
    if not split and (cut := [each.name for each in files if each.end > case.size]):
        case.find("ZIP-001", name=cut[0], why="RAR, cut off")
        return True
    if needs_password:
        locked(case, [each.name for each in files])
        return True
    case.facts["encrypted"] = False
    stop = _tell_entries(case, entries)
    sizes = [each.size or 0 for each in files]
    stop = is_bomb(case, sum(sizes), max(sizes, default=0), len(files)) or stop
    if stop:
        return True
    if split:
        return {"zh": "RAR，分卷", "en": "RAR, part of a set"}
    if rarlib.library() is None:
        case.not_checked["ZIP-009"] = "no_rar_reader"
        zh, en = NOT_CHECKED["no_rar_reader"]
        return {"zh": f"RAR；{zh}", "en": f"RAR; {en}"}
    return False


def _tell_entries(case: Case, entries: Sequence[_Entry]) -> bool:
    """Names, links and devices; True when unpacking is out of the question."""
    links = [each for each in entries if each.target is not None]
    soft = {each.name.rstrip("/") for each in links if not each.hard}
    out = [each for each in links if _leads_out(each)]
    through = [each.name for each in entries if soft and goes_through(each.name, soft)]
    if outside := [f"{each.name} -> {each.target}"[:200] for each in out] + through:
        case.find("ZIP-003", names=outside[:20])
    if count := sum(each.legacy for each in entries):
        case.find("ZIP-010", count=count)
    names = [each.name for each in entries]
    inside = [f"{each.name} -> {each.target}"[:200] for each in links if each not in out]
    unsafe = tell_names(case, names, inside, [each.name for each in entries if each.device])
    return unsafe or bool(outside)


def _leads_out(entry: _Entry) -> bool:
    target = entry.target or ""
    return unsafe_name(target) if entry.hard else leads_out(entry.name, target)


def _unpack(case: Case, members: Members, entries: Sequence[_Entry]) -> None:
    """Walk the archive once, forward; what was listed and never came is told."""
    listed = [each for each in entries if not each.folder and each.target is None]
    spent = _Spent(case.size)
    try:
        for code, name, why in _walk(case, members, listed, spent):
            if code == "ZIP-003":
                case.find(code, names=[name])
            else:
                case.find(code, name=name, why=why)
    except Bomb:
        case.find("ZIP-004", name=case.name, why=f"×{limits.RATIO}")
    except OutOfTime:
        case.find("ZIP-014", name=case.name)
    left = listed[spent.members :]
    for each in left:
        members.named(each.name, each.size)
    if left and not any(found.code in {"ZIP-001", "ZIP-004", "ZIP-009", "ZIP-014"} for found in case.findings):
        case.find("ZIP-009", name=left[0].name, why="RAR, listed but not found")


Trouble = tuple[str, str, str]


def _walk(case: Case, members: Members, listed: Sequence[_Entry], spent: _Spent) -> Iterator[Trouble]:
    """Examine member by member; yields what went wrong, ends where nothing more can be read."""
    library = rarlib.library()
    with case.path.open("rb") as stream:
        kind = "rar5" if stream.read(len(RAR5)) == RAR5 else "rar"
    try:
        with library.file_reader(str(case.path), format_name=kind, filter_name="none") as archive:
            for entry in archive:
                if not entry.isreg or entry.linkpath:
                    continue
                known = spent.members < len(listed)
                told = listed[spent.members] if known else None
                name = told.name if told else str(entry.pathname)
                if unsafe_name(name):
                    yield "ZIP-003", name, "RAR"
                    return
                yield from _member(members, name, _verified(_chunks(archive, spent), told))
                spent.members += 1
                if spent.lost:
                    return
    except library.exception.ArchiveError as trouble:
        yield _told(case.name, trouble)


def _member(members: Members, name: str, chunks: Iterator[bytes]) -> Iterator[Trouble]:
    try:
        members.take(name, chunks)
    except NotImplementedError as trouble:
        yield "ZIP-009", name, str(trouble)
    except EOFError as trouble:
        yield "ZIP-001", name, str(trouble)


def _told(name: str, trouble: Any) -> Trouble:
    why = _words(trouble.msg)
    return "ZIP-009" if NOT_KNOWN.search(why) else "ZIP-001", name, why


def _words(said: object) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said or "")
    return f"RAR: {text}"[:100]


class _Spent:
    """What reading one archive may cost, over all its members."""

    def __init__(self, packed: int) -> None:
        self._packed = packed
        self._until = time.monotonic() + limits.READING_S
        self.read = 0
        self.members = 0
        self.lost = False
        """Whether the reader cannot go on to the next member."""

    def count(self, size: int) -> None:
        self.read += size
        ratio = self.read > limits.RATIO_FROM_BYTES and self.read > limits.RATIO * self._packed
        if self.read > limits.TOTAL_BYTES or ratio:
            raise Bomb
        if time.monotonic() > self._until:
            raise OutOfTime


def _verified(chunks: Iterator[bytes], told: _Entry | None) -> Iterator[bytes]:
    """The same bytes, held against what the header says of them: the library does not always do it.

    Raises:
        EOFError: they come to something else.
    """
    kind, wanted = told.digest if told and told.digest else ("", 0)
    crc, digest, size = 0, _blake2sp() if kind == "blake2sp" else None, 0
    for chunk in chunks:
        size += len(chunk)
        if digest is not None:
            digest.update(chunk)
        else:
            crc = zlib.crc32(chunk, crc)
        yield chunk
    if told and told.size not in {None, size}:
        raise EOFError("RAR: shorter or longer than declared")
    if kind and (digest.digest() if digest is not None else crc) != wanted:
        raise EOFError(f"RAR: {kind} differs")


def _blake2sp() -> Any:
    import rarfile

    return rarfile.Blake2SP()


def _chunks(archive: Any, spent: _Spent) -> Iterator[bytes]:
    """The bytes of the member the reader stands at.

    Raises:
        NotImplementedError: a packing the library does not know. EOFError: the bytes are wrong.
    """
    library = rarlib.library()
    buffer = ctypes.create_string_buffer(READ_BYTES)
    while True:
        try:
            count = library.ffi.read_data(archive._pointer, buffer, READ_BYTES)
        except library.exception.ArchiveError as trouble:
            spent.lost = trouble.retcode == FATAL
            code, _, why = _told("", trouble)
            raise (NotImplementedError if code == "ZIP-009" else EOFError)(why) from trouble
        if count < 0:  # a warning where there must be bytes
            raise EOFError(_words(library.ffi.error_string(archive._pointer)))
        if count == 0:
            return
        spent.count(count)
        yield buffer.raw[:count]
