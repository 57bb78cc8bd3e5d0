"""Witnesses: append-only files outside the database that were given every head when it was made.

A superuser who rewrites entries and recomputes the whole chain cannot rewrite these as well without reaching every
place they lie in. One line a head: its numbers, its value, when, and the beginnings of its leaves, so that a
difference can be told by number. Signed heads of the Merkle tree lie in files of their own beside them.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import structlog
from django.conf import settings

from zhudang.audit.domain.judging import shorten
from zhudang.audit.models import Head, Seal, TreeHead
from zhudang.audit.tree_heads import SignedHead, as_signed

log = structlog.get_logger("zhudang.audit")
_CHAIN, _TREE = "audit-heads-", "tree-heads-"
Line = TypeVar("Line")


@dataclass(frozen=True)
class WitnessedHead:
    """One line of a witness file."""

    first: int
    last: int
    head: str
    at: str
    leaves: tuple[str, ...]
    restored: bool = False
    """The log was restored from a backup that ended at `last`; what a witness knew beyond that is lost, openly."""


@dataclass(frozen=True)
class Restored:
    """A line that says: the log was restored, and ended at `last` then."""

    last: int


TreeLine = SignedHead | Restored


def folders() -> list[Path]:
    """Where the witnesses lie: in the data folder, beside each preservation site, and where settings add.

    Not on removable sets: what is at their path may be an empty mount point, or somebody else's disk.
    """
    chosen = [Path(settings.DATA) / "witness"]
    sites = [site for site in getattr(settings, "SITES", []) if site.get("path") and site.get("kind") != "removable"]
    chosen += [Path(site["path"]) / "log-witness" for site in sites]
    return [*chosen, *(Path(path) for path in getattr(settings, "AUDIT_WITNESSES", []))]


@dataclass(frozen=True)
class Elsewhere:
    """Witnesses that lie where there are no folders; those who know how to reach them say so.

    Args:
        names: how they are called.
        fetch: (an empty folder) -> name, and a folder below that one with the witness's files, for each within reach.
    """

    names: Callable[[], list[str]]
    fetch: Callable[[Path], Iterator[tuple[str, Path]]]


_elsewhere: list[Elsewhere] = []


def also_at(more: Elsewhere) -> None:
    """Have witnesses elsewhere read too whenever the log is verified."""
    if more not in _elsewhere:
        _elsewhere.append(more)


def count() -> int:
    """How many witnesses there are within reach."""
    return sum(1 for folder in folders() if folder.is_dir()) + sum(len(each.names()) for each in _elsewhere)


@contextmanager
def all_folders() -> Iterator[list[tuple[str, Path]]]:
    """Name and folder of every witness within reach; those from elsewhere lie in a folder that goes at the end."""
    found = [(str(folder), folder) for folder in folders() if folder.is_dir()]
    with TemporaryDirectory(prefix="zhudang-witness-") as target:
        for number, each in enumerate(_elsewhere):
            found += each.fetch(Path(target) / str(number))
        yield found


_up_to: dict[Path, tuple[int, int]] = {}
"""How far this process knows each witness to be, chain and tree; only saves reading the files when nothing is new."""


def bring_up_to_date() -> int:
    """Give every witness the heads it has not seen; gives how many lines were written in all.

    A witness that cannot be reached (a site's disk is away) is passed over and catches up later.
    """
    newest = (
        Head.objects.order_by("-last").values_list("last", flat=True).first() or 0,
        TreeHead.objects.order_by("-size").values_list("size", flat=True).first() or 0,
    )
    written = 0
    for folder in folders():
        if _up_to.get(folder) == newest:
            continue
        try:
            folder.mkdir(exist_ok=True)  # only beside what is there: a lost site's folder is not made anew
            with _alone(folder):
                written += _catch_up(folder) + _catch_up_with_tree(folder)
            _up_to[folder] = newest
        except OSError as problem:
            log.warning("witness out of reach", folder=str(folder), problem=type(problem).__name__)
    return written


def note_restore(*, at: datetime, backup: str) -> None:
    """Tell every witness that the log was restored and now ends earlier than it was seen; part of `restore`.

    The numbers after that are given anew; the lost ones stay in the witness and are told by `verify`.
    """
    last = Head.objects.order_by("-last").first()
    line = {
        "restored_to": last.last if last else 0,
        "head": last.chain if last else "",
        "at": at.isoformat(),
        "backup": backup,
    }
    for folder in folders():
        try:
            folder.mkdir(exist_ok=True)  # as in `bring_up_to_date`: nothing is made where a site's disk is away
            with _alone(folder):
                for kind in (_CHAIN, _TREE):
                    _append(folder, _file(folder, kind, at), line)
        except OSError as problem:
            log.warning(
                "witness out of reach: it knows nothing of the restore", folder=str(folder), problem=str(problem)
            )
    _up_to.clear()


def set_aside_of_another_log(at: datetime) -> list[str]:
    """Rename every witness that saw another log than this one, so that this one is witnessed from its first entry on; part of `rebuild`.

    What it saw stays beside it, for people to look at. Gives where to.
    """
    known = dict(Head.objects.values_list("last", "chain"))
    kept = []
    for folder in folders():
        if not folder.is_dir():
            continue
        with _alone(folder):
            if all(known.get(seen.last) == seen.head for seen in read(folder)):
                continue
            aside = folder.with_name(f"{folder.name}-of-another-log-{at:%Y%m%dT%H%M%S}")
            folder.rename(aside)
        kept.append(str(aside))
    _up_to.clear()
    return kept


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two workers may seal one after the other within a moment: one of them writes here."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _catch_up(folder: Path) -> int:
    known = _last_line(folder, _CHAIN, _parse)
    heads = Head.objects.filter(last__gt=known.last if known else 0).order_by("last")
    written = 0
    for head in heads.iterator(chunk_size=500):
        leaves = Seal.objects.filter(number__gte=head.first, number__lte=head.last).order_by("number")
        line = {
            "first": head.first,
            "last": head.last,
            "head": head.chain,
            "at": head.sealed_at.isoformat(),
            "leaves": shorten(leaves.values_list("leaf", flat=True)),
        }
        _append(folder, _file(folder, _CHAIN, head.sealed_at), line)
        written += 1
    return written


def _catch_up_with_tree(folder: Path) -> int:
    known = _size(_last_line(folder, _TREE, _parse_tree))
    written = 0
    for row in TreeHead.objects.filter(size__gt=known).order_by("size").iterator(chunk_size=500):
        _append(folder, _file(folder, _TREE, row.at), asdict(as_signed(row)))
        written += 1
    return written


def _size(known: object) -> int:
    return known.last if isinstance(known, Restored) else known.size if isinstance(known, SignedHead) else 0


def _file(folder: Path, kind: str, at: datetime) -> str:
    """The month's file; a later one that is there goes on being written, or a clock set back would put lines out of order."""
    return max(f"{kind}{at:%Y%m}.jsonl", *(path.name for path in folder.glob(f"{kind}*.jsonl")), "")


def _append(folder: Path, name: str, line: dict[str, Any]) -> None:
    """Add one line and make it durable; a line torn by a crash is closed off first, never altered."""
    path = folder / name
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        text = json.dumps(line, separators=(",", ":")) + "\n"
        os.write(handle, ("\n" + text if torn else text).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _last_line(folder: Path, kind: str, parse: Callable[[bytes], Line | None]) -> Line | None:
    """The newest whole line of the newest file of a kind; reads its end only."""
    for path in sorted(folder.glob(f"{kind}*.jsonl"), reverse=True):
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            reach = 65_536
            while True:
                stream.seek(max(0, size - reach))
                lines = stream.read().split(b"\n")
                for raw in reversed(lines if reach >= size else lines[1:]):
                    if head := parse(raw):
                        return head
                if reach >= size:
                    break
                reach *= 8
    return None


def _parse(raw: bytes) -> WitnessedHead | None:
    try:
        line = json.loads(raw)
        if "restored_to" in line:
            return WitnessedHead(line["restored_to"], line["restored_to"], line["head"], line["at"], (), restored=True)
        return WitnessedHead(line["first"], line["last"], line["head"], line["at"], tuple(line["leaves"]))
    except (ValueError, KeyError, TypeError):
        return None


def _parse_tree(raw: bytes) -> TreeLine | None:
    try:
        line = json.loads(raw)
        if "restored_to" in line:
            return Restored(int(line["restored_to"]))
        return SignedHead(int(line["size"]), line["root"], line["at"], line["key"], line["signature"])
    except (ValueError, KeyError, TypeError):
        return None


def read(folder: Path) -> Iterator[WitnessedHead]:
    """Every whole line of the chain a witness holds, oldest first; a torn line was written again after it."""
    return _lines(folder, _CHAIN, _parse)


def read_tree(folder: Path) -> list[SignedHead]:
    """The signed tree heads a witness holds, without those a restore made void, openly."""
    heads: list[SignedHead] = []
    lines: Iterator[TreeLine] = _lines(folder, _TREE, _parse_tree)
    for line in lines:
        if isinstance(line, Restored):
            heads = [head for head in heads if head.size <= line.last]
        else:
            heads.append(line)
    return heads


def _lines(folder: Path, kind: str, parse: Callable[[bytes], Line | None]) -> Iterator[Line]:
    for path in sorted(folder.glob(f"{kind}*.jsonl")):
        with path.open("rb") as stream:
            for raw in stream:
                if line := parse(raw):
                    yield line
