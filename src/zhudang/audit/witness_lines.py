"""The files of a witness, line by line: written at their end, made durable, never altered; read from the oldest on."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from zhudang.audit.tree_heads import SignedHead

CHAIN, TREE = "audit-heads-", "tree-heads-"
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
    refilled: str = ""
    """Since when this line bears witness, where it was written again, or later than when its head was made."""


@dataclass(frozen=True)
class Restored:
    """A line that says: the log was restored, and ended at `last` then; `at` is when, as the act in the log has it."""

    last: int
    at: str = ""


TreeLine = SignedHead | Restored
Acts = set[tuple[int, str]]
"""What the log tells of restores: to which number, and when."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Two workers may seal one after the other within a moment: one of them writes here."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def newest_file(folder: Path, kind: str, at: datetime) -> str:
    """The month's file; a later one that is there goes on being written, or a clock set back would put lines out of order."""
    return max(f"{kind}{at:%Y%m}.jsonl", *(path.name for path in folder.glob(f"{kind}*.jsonl")), "")


def append(folder: Path, name: str, line: dict[str, Any]) -> None:
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


def last_line(folder: Path, kind: str, parse: Callable[[bytes], Line | None]) -> Line | None:
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


def parse(raw: bytes) -> WitnessedHead | None:
    try:
        line = json.loads(raw)
        if "restored_to" in line:
            return WitnessedHead(line["restored_to"], line["restored_to"], line["head"], line["at"], (), restored=True)
        since = str(line.get("refilled", ""))
        return WitnessedHead(
            line["first"], line["last"], line["head"], line["at"], tuple(line["leaves"]), refilled=since
        )
    except (ValueError, KeyError, TypeError):
        return None


def parse_tree(raw: bytes) -> TreeLine | None:
    try:
        line = json.loads(raw)
        if "restored_to" in line:
            return Restored(int(line["restored_to"]), str(line["at"]))
        return SignedHead(int(line["size"]), line["root"], line["at"], line["key"], line["signature"])
    except (ValueError, KeyError, TypeError):
        return None


def read(folder: Path) -> Iterator[WitnessedHead]:
    """Every whole line of the chain a witness holds, oldest first; a torn line was written again after it."""
    return lines_of(folder, CHAIN, parse)


def read_tree(folder: Path, told: Acts | None = None) -> list[SignedHead]:
    """The signed tree heads a witness holds, without those a restore made void, openly; with `told`, only one the log tells of."""
    heads: list[SignedHead] = []
    lines: Iterator[TreeLine] = lines_of(folder, TREE, parse_tree)
    for line in lines:
        if isinstance(line, Restored):
            if told is not None and (line.last, line.at) not in told:
                continue
            heads = [head for head in heads if head.size <= line.last]
        else:
            heads.append(line)
    return heads


def lines_of(folder: Path, kind: str, parse: Callable[[bytes], Line | None]) -> Iterator[Line]:
    for path in sorted(folder.glob(f"{kind}*.jsonl")):
        with path.open("rb") as stream:
            for raw in stream:
                if line := parse(raw):
                    yield line


def restores(folder: Path) -> set[Restored]:
    """Every line of a witness, of the chain or the tree, that says the log was restored."""
    chain = {Restored(line.last, line.at) for line in read(folder) if line.restored}
    tree = {line for line in lines_of(folder, TREE, parse_tree) if isinstance(line, Restored)}
    return chain | tree
