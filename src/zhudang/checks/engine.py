"""Runs checks in a few bounded worker processes: a hostile file harms no other, and nothing gets stuck.

A worker is a fresh interpreter (never a fork: parsers with runtimes of their own hang in forked
children), talks JSON over a socket, and dies with its parent. Every file has a time limit; a worker's
resident memory is watched. Whatever ends a worker becomes a finding on the file in its hands, the worker
is replaced, and the files behind it go to another.

    with Engine() as engine:
        for report in engine.check_paths(paths):
            ...
"""

from __future__ import annotations

import base64
import os
import queue
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from zhudang.checks import profile
from zhudang.checks.model import FileReport, FileToCheck, report_from_json
from zhudang.checks.settings import CheckSettings
from zhudang.checks.supervisor import Limits, Results, Supervisor, Task

__all__ = ["CannotRead", "Engine", "EngineStopped", "Limits"]

WINDOW_PER_WORKER = 48
"""Files handed out ahead of the reader, per worker: enough to keep workers busy, few enough to keep
memory flat however many files there are."""


PATIENCE_S = 5.0


class EngineStopped(RuntimeError):
    """The engine was closed, or broke, before the work was done."""


class CannotRead(Exception):
    """A worker could not give the text or the picture asked for; `reason` is a rule code or a word."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass
class Engine:
    """A pool of bounded workers. May be used from several threads at once; not across a fork.

    Args:
        workers: processes that parse at the same time.
        timeout_s: longest time for one file (large files get more for their digests, see `Limits`).
        memory_bytes: resident size at which a worker is ended.
        settings: scanner, trust anchors and profile of the installation; from the environment unless given.
        stage: `GD`, `YJ` or `CQ` when the check serves one stage; what only other stages ask is then a note.
    """

    workers: int = 2
    timeout_s: float = 60.0
    memory_bytes: int = 600 * 1024 * 1024
    settings: CheckSettings = field(default_factory=CheckSettings.from_environment)
    stage: str | None = None
    _profile: profile.Profile = field(default_factory=profile.Profile, init=False, repr=False)
    _supervisor: Supervisor | None = field(default=None, init=False, repr=False)
    _isolation: tuple[str, ...] | None = field(default=None, init=False, repr=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start supervising; workers themselves start with the first work.

        Raises:
            profile.WrongProfile: the city's profile cannot be used, with every reason.
        """
        with self._guard:
            if self._supervisor is None or not self._supervisor.alive:
                self._profile = profile.load(self.settings.profile)
                limits = Limits(self.workers, self.timeout_s, self.memory_bytes)
                config = {**self.settings.as_json(), "limits": dict(self._profile.limits)}
                config["requirements"] = [each.place for each in self._profile.requirements]
                self._supervisor = Supervisor(limits, config)
                self._supervisor.start()

    def warm(self) -> None:
        """Have a worker start now, ahead of the first file."""
        self.start()
        assert self._supervisor is not None
        self._supervisor.warm()

    @property
    def isolation(self) -> tuple[str, ...] | None:
        """What cuts the workers off (`isolation.py`); empty 未隔离, None while no worker has come to work yet."""
        return self._supervisor.isolation if self._supervisor else self._isolation

    def close(self) -> None:
        """End all workers and wait until they are gone."""
        with self._guard:
            supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.stop()
            self._isolation = supervisor.isolation

    def check_paths(self, files: Iterable[FileToCheck | Path | str]) -> Iterator[FileReport]:
        """Examine files; yield one report per file, in the order they come ready.

        The iterable is read only a little ahead of the reports taken, so it may be endless.
        """
        results: Results = queue.SimpleQueue()
        supply = iter(files)
        waiting = 0
        try:
            while True:
                while waiting < WINDOW_PER_WORKER * self.workers and supply is not None:
                    try:
                        wanted = next(supply)
                    except StopIteration:
                        supply = None  # type: ignore[assignment]
                        break
                    self._submit(_examine_task(wanted, results))
                    waiting += 1
                if not waiting:
                    return
                answer = self._next(results)
                waiting -= 1
                yield self._profile.weigh_report(report_from_json(answer["report"]), self.stage)
        finally:
            if waiting and self._supervisor is not None:
                self._supervisor.forget(results)

    def check(self, wanted: FileToCheck | Path | str) -> FileReport:
        """Examine one file."""
        return next(iter(self.check_paths([wanted])))

    def page_texts(self, path: Path, format_id: str | None = None) -> Iterator[tuple[int, str]]:
        """Yield (page number from 1, text) of a PDF or OFD; nothing for formats without text.

        Raises:
            CannotRead: the file broke the reader; pages yielded before stand.
        """
        payload = {"op": "texts", "path": os.fspath(path), "format_id": format_id}
        for answer in self._stream(payload):
            yield answer["page"], answer["text"]

    def preview(self, path: Path, page: int = 1, width: int = 800, format_id: str | None = None) -> bytes:
        """Page `page` (from 1) of a PDF or image as PNG, `width` pixels wide.

        Raises:
            CannotRead: no such page, no picture of this format, or the file broke the reader.
        """
        payload = {"op": "preview", "path": os.fspath(path), "format_id": format_id, "page": page}
        for answer in self._stream({**payload, "width": width}, urgent=True):
            return base64.b64decode(answer["png"])
        raise CannotRead("no_picture")

    def _stream(self, payload: dict[str, Any], urgent: bool = False) -> Iterator[Mapping[str, Any]]:
        """Send one task, yield its partial answers until the worker says done."""
        results: Results = queue.SimpleQueue()
        self._submit(Task(payload, _size(payload["path"]), results, urgent=urgent))
        try:
            while True:
                answer = self._next(results)
                if "error" in answer:
                    raise CannotRead(answer["error"], answer.get("detail", ""))
                if answer.get("done"):
                    return
                yield answer
        finally:
            if self._supervisor is not None:
                self._supervisor.forget(results)

    def _next(self, results: Results) -> Mapping[str, Any]:
        """The next answer; an engine that was closed or broke meanwhile must not leave anyone waiting."""
        while True:
            try:
                return results.get(timeout=PATIENCE_S)[1]
            except queue.Empty:
                if self._supervisor is None or not self._supervisor.alive:
                    raise EngineStopped from None

    def _submit(self, task: Task) -> None:
        self.start()
        assert self._supervisor is not None
        self._supervisor.submit(task)


def _examine_task(wanted: FileToCheck | Path | str, results: Results) -> Task:
    file = wanted if isinstance(wanted, FileToCheck) else FileToCheck(Path(wanted))
    path = os.fspath(file.path)
    payload = {
        "op": "examine",
        "path": path,
        "name": file.name or Path(path).name,
        "label": file.label or path,
        "sha256": file.sha256,
        "sm3": file.sm3,
        "expect_sha256": file.expect_sha256,
        "requirements": [os.fspath(each) for each in file.requirements],
        "depth": "full",
    }
    return Task(payload, _size(path), results)


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
