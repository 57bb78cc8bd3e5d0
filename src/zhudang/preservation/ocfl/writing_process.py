"""Versions written by a process of its own: digests, file calls and threads take no turn from the one that describes.

The child knows folders and bytes, no database. It holds the places' locks together with its parent, so a place stays
closed to others until both have let go, and it dies with its parent.

Started as `python -m zhudang.preservation.ocfl.writing_process CONNECTION PARENT_PID`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import Any

from zhudang.preservation.domain.succession import LIMITS, Limits
from zhudang.preservation.ocfl.content import Act, Content, Progress
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.sealing import Seal
from zhudang.preservation.ocfl.writer import write_version
from zhudang.shared.parents import die_with

_TELL_EVERY_SECONDS = 0.2
_LEAVE_SECONDS = 20.0
_TURN_SECONDS = 0.001
"""How long a thread may keep Python's lock while others wait: they come back from the disk often, for a moment each."""


class WriterLost(Exception):
    """The writing process ended before its work did: killed, or out of memory. Nothing was said to be kept."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the writing process ended with {code}")


@dataclass(frozen=True)
class _Task:
    places: tuple[Path, ...]
    object_id: str
    contents: tuple[Content, ...]
    act: Act
    prior: Inventory | None
    seal: Seal | None
    limits: Limits


class WritingProcess:
    """Use it inside `only_writer` of all the roots it writes to, and from one thread at a time.

    Args:
        roots: their locks are held by the child too.
    """

    def __init__(self, roots: Sequence[StorageRoot]) -> None:
        self._line, theirs = Pipe()
        locks = [root.lock for root in roots if root.lock is not None]
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno()), str(os.getpid())],
            pass_fds=[theirs.fileno(), *locks], stdin=subprocess.DEVNULL, env=_environment(),
            start_new_session=True,  # who ends the parent gently lets its work come to an end
        )  # fmt: skip
        theirs.close()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def __enter__(self) -> WritingProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, _value: object, _trace: TracebackType | None) -> None:
        self.close()

    def write_version(
        self,
        roots: Sequence[StorageRoot],
        object_id: str,
        contents: Sequence[Content],
        *,
        act: Act,
        prior: Inventory | None = None,
        seal: Seal | None = None,
        limits: Limits = LIMITS,
        progress: Progress | None = None,
    ) -> Inventory:
        """As `writer.write_version`, there.

        Raises:
            WriterLost: the process is gone.
            SourceChanged, CopyDiffers, StoreFull, TooLarge: nothing was written.
        """
        if self._line.closed:
            raise WriterLost(self._process.returncode)
        try:
            places = tuple(root.place for root in roots)
            self._line.send(_Task(places, object_id, tuple(contents), act, prior, seal, limits))
            kind, value = self._answer(progress)
        except (EOFError, ConnectionError):
            raise WriterLost(self._process.wait(_LEAVE_SECONDS)) from None
        if kind == "failed":
            raise value
        return value  # type: ignore[no-any-return]

    def _answer(self, progress: Progress | None) -> tuple[str, Any]:
        """Wait for the end of the work; a `progress` that raises ends the process, and nothing is left behind."""
        while True:
            kind, value = self._line.recv()
            if kind != "progress":
                return kind, value
            if progress:
                try:
                    progress(value)
                except BaseException:
                    self.close()
                    raise

    def close(self) -> None:
        """End the process; what it has begun it takes away again."""
        self._process.terminate()
        try:
            self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._line.close()


class WritingProcesses:
    """As many writing processes as may be busy at once, each started when all others are; use them as `WritingProcess`.

    Take and give back from the thread that made it: a child dies with the thread that started it.

    Args:
        most: how many; one more than there are processors, since each also waits for the disk, and four at most, where it is
            not told.
    """

    def __init__(self, roots: Sequence[StorageRoot], most: int | None = None) -> None:
        self.most = most or min(4, (os.cpu_count() or 1) + 1)
        self._roots = roots
        self._idle: list[WritingProcess] = []
        self._started: list[WritingProcess] = []

    def __enter__(self) -> WritingProcesses:
        return self

    def __exit__(self, kind: type[BaseException] | None, _value: object, _trace: TracebackType | None) -> None:
        for process in self._started:
            process.close()

    def take(self) -> WritingProcess:
        """Give one that is not busy.

        Raises:
            IndexError: all are; give one back first.
        """
        if not self._idle and len(self._started) < self.most:
            self._started.append(WritingProcess(self._roots))
            return self._started[-1]
        return self._idle.pop()

    def give_back(self, process: WritingProcess) -> None:
        """Take back one that is no longer busy."""
        self._idle.append(process)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@dataclass
class _Teller:
    """Adds up the bytes done and tells them now and then, so that many small files are not many messages."""

    line: Connection
    done: int = 0
    told: float = 0.0

    def __call__(self, size: int) -> None:
        self.done += size
        now = time.monotonic()
        if now - self.told > _TELL_EVERY_SECONDS:
            self.line.send(("progress", self.done))
            self.done, self.told = 0, now


def _work(line: Connection) -> None:
    while True:
        try:
            task: _Task = line.recv()
        except EOFError:
            return
        try:
            inventory = write_version(
                [StorageRoot(place) for place in task.places], task.object_id, task.contents,
                act=task.act, prior=task.prior, seal=task.seal, limits=task.limits, progress=_Teller(line),
            )  # fmt: skip
        except Exception as problem:
            line.send(("failed", problem))
        else:
            line.send(("done", inventory))


def _leave(_signal: int, _frame: object) -> None:
    sys.exit(0)


def main() -> None:
    """Write what the parent sends until it closes the line or says stop."""
    die_with(int(sys.argv[2]))
    signal.signal(signal.SIGTERM, _leave)
    sys.setswitchinterval(_TURN_SECONDS)
    _work(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
