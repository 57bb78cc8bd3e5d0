"""The one thread that starts, feeds, watches and replaces worker processes."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zhudang.checks.mishaps import NO_WORKER, Mishap, bare_report, with_mishaps

TICK_S = 0.1
IDLE_S = 120.0
"""A worker without work for this long is let go; the next work starts a fresh one."""
AHEAD = 12
"""Small files a worker may hold at once, so that it never waits for the next."""
AHEAD_BYTES = 8 * 1024 * 1024
DIGEST_BYTES_PER_S = 30 * 1024 * 1024
"""Slowest disk we allow for before a large file counts as stuck."""
START_S = 120.0
"""Longest start of a worker on a machine that is busy with other things; no file is to blame for it."""
STARTS_TRIED = 3
GO_RUNTIME = {"GOGC": "off", "GOMEMLIMIT": "112MiB"}
"""The identification library tidies up when it reaches a size, not while it still loads: so a worker starts in half
the time and stays at one size."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SCRATCH = "zhudang-check-"
"""Name of a worker's private folder, followed by the pid of the process it works for."""

Results = queue.SimpleQueue["tuple[Task, Mapping[str, Any]]"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use. A large file gets extra time for being read at all."""

    workers: int = 2
    timeout_s: float = 60.0
    memory_bytes: int = 600 * 1024 * 1024

    def seconds_for(self, size: int) -> float:
        return self.timeout_s + size / DIGEST_BYTES_PER_S


@dataclass(slots=True)
class Task:
    """Work for a worker: a payload to send, and where its answers go."""

    payload: dict[str, Any]
    size: int
    results: Results
    urgent: bool = False
    mishaps: list[Mishap] = field(default_factory=list)
    crashes: int = 0


@dataclass(slots=True)
class _Worker:
    """A live process and the tasks in its hands; the first of them is the one it works on."""

    process: subprocess.Popen[bytes]
    line: socket.socket
    scratch: Path
    tasks: deque[Task] = field(default_factory=deque)
    buffer: bytearray = field(default_factory=bytearray)
    busy_since: float = 0.0
    ready: bool = False
    retiring: bool = False

    @property
    def held_bytes(self) -> int:
        return sum(task.size for task in self.tasks)

    def has_room_for(self, task: Task) -> bool:
        if self.retiring:
            return False
        if not self.tasks:
            return True
        alone = task.crashes or any(held.crashes for held in self.tasks)
        fits = self.held_bytes + task.size <= AHEAD_BYTES
        return not alone and fits and len(self.tasks) < AHEAD


class Supervisor(threading.Thread):
    """Owns the workers. All its state is touched by its own thread only, except the inbox."""

    def __init__(self, limits: Limits, config: Mapping[str, Any]) -> None:
        super().__init__(name="checks-supervisor", daemon=True)
        self.limits = limits
        self._config = dict(config)
        self._inbox: deque[Task] = deque()
        self._forgotten: list[Results] = []
        self._guard = threading.Lock()
        self._queue: deque[Task] = deque()
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self._bell_in, self._bell_out = socket.socketpair()
        self._stopping = False
        self._wanted_early = False
        self._failed_starts = 0
        self._watched = 0.0
        self.isolation: tuple[str, ...] | None = None
        """What holds for the workers (`isolation.py`); None before the first one came to work."""
        self._owner = os.getpid()

    @property
    def alive(self) -> bool:
        return self.is_alive() and self._owner == os.getpid()

    def submit(self, task: Task) -> None:
        with self._guard:
            self._inbox.append(task)
        self._ring()

    def warm(self) -> None:
        """Have a worker ready before there is work."""
        self._wanted_early = True
        self._ring()

    def forget(self, results: Results) -> None:
        """Drop what waits for `results`; what is in a worker's hands finishes unheard."""
        with self._guard:
            self._forgotten.append(results)
        self._ring()

    def stop(self) -> None:
        self._stopping = True
        self._ring()
        if self._owner == os.getpid():
            self.join()

    def _ring(self) -> None:
        with contextlib.suppress(OSError):
            self._bell_in.send(b"!")

    def run(self) -> None:
        self._start_early()
        _sweep_scratch()
        self._bell_out.setblocking(False)
        self._selector.register(self._bell_out, selectors.EVENT_READ, None)
        try:
            while not self._stopping:
                self._take_inbox()
                self._start_early()
                self._feed()
                busy = any(worker.tasks for worker in self._workers)
                patience = TICK_S if busy else (IDLE_S / 4 if self._workers else None)
                for key, _ in self._selector.select(patience):
                    self._hear(key.data)
                self._watch()
        finally:
            for worker in list(self._workers):
                self._end(worker)
            self._selector.close()
            self._bell_in.close()
            self._bell_out.close()

    def _take_inbox(self) -> None:
        with self._guard:
            arrived, self._inbox = self._inbox, deque()
            forgotten, self._forgotten = self._forgotten, []
        for task in arrived:
            if task.urgent:
                self._queue.appendleft(task)
            else:
                self._queue.append(task)
        for results in forgotten:
            self._queue = deque(task for task in self._queue if task.results is not results)

    def _start_early(self) -> None:
        if self._wanted_early and not self._workers:
            with contextlib.suppress(OSError):  # the first work says why
                self._start_worker()
        self._wanted_early = False

    def _feed(self) -> None:
        """Hand waiting tasks to the worker with the least in its hands, starting workers as needed."""
        while self._queue:
            task = self._queue[0]
            idle = [worker for worker in self._workers if not worker.tasks and not worker.retiring]
            if not idle and len(self._workers) < self.limits.workers:
                try:
                    idle = [self._start_worker()]
                except OSError:  # no memory, no descriptors, no room for a scratch folder
                    self._start_failed()
                    continue
            ready = idle or sorted(
                (worker for worker in self._workers if worker.has_room_for(task)),
                key=lambda worker: len(worker.tasks),
            )
            if not ready:
                return
            self._queue.popleft()
            self._give(ready[0], task)

    def _give(self, worker: _Worker, task: Task) -> None:
        if not worker.tasks:
            worker.busy_since = time.monotonic()
        worker.tasks.append(task)
        try:
            worker.line.sendall(json.dumps(task.payload).encode() + b"\n")
        except OSError:
            self._lost(worker, "RUN-001", {"exit": worker.process.poll()})

    def _start_worker(self) -> _Worker:
        ours, theirs = socket.socketpair()
        source = str(Path(__file__).resolve().parents[2])
        paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
        scratch = Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-"))
        process = subprocess.Popen(
            [sys.executable, "-m", "zhudang.checks.worker", str(theirs.fileno()), str(os.getpid()), str(scratch)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None if os.environ.get("ZHUDANG_CHECKS_STDERR") else subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "MALLOC_ARENA_MAX": "2", **GO_RUNTIME},
        )
        theirs.close()
        ours.sendall(json.dumps({"config": self._config}).encode() + b"\n")
        worker = _Worker(process, ours, scratch, busy_since=time.monotonic())
        self._workers.append(worker)
        self._selector.register(ours, selectors.EVENT_READ, worker)
        return worker

    def _hear(self, worker: _Worker | None) -> None:
        if worker is None:
            with contextlib.suppress(BlockingIOError):
                while self._bell_out.recv(4096):
                    pass
            return
        if worker not in self._workers:
            return
        try:
            heard = worker.line.recv(1 << 20)
        except OSError:
            heard = b""
        if not heard:
            if worker.retiring:
                self._replace(worker)
            else:
                self._lost(worker, "RUN-001", {"exit": _exit_code(worker)})
            return
        worker.buffer += heard
        if b"\n" not in heard:
            return
        *lines, rest = bytes(worker.buffer).split(b"\n")
        worker.buffer = bytearray(rest)
        for line in lines:
            self._answer(worker, json.loads(line))

    def _answer(self, worker: _Worker, answer: dict[str, Any]) -> None:
        worker.busy_since = time.monotonic()
        if answer.get("ready"):
            worker.ready = True
            self._failed_starts = 0
            self.isolation = tuple(answer["isolation"])
            return
        task = worker.tasks[0]
        if answer.get("done"):
            worker.tasks.popleft()
            worker.retiring = bool(answer.get("retire"))
            if task.mishaps and "report" in answer:
                answer["report"] = with_mishaps(answer["report"], task.mishaps)
        task.results.put((task, answer))

    def _watch(self) -> None:
        """End whoever works too long on one file or has grown too large; looks once a tick, however many answers."""
        now = time.monotonic()
        if now - self._watched < TICK_S:
            return
        self._watched = now
        for worker in list(self._workers):
            if not worker.tasks:
                if now - worker.busy_since > IDLE_S:
                    self._end(worker)
                continue
            task = worker.tasks[0]
            allowed = self.limits.seconds_for(task.size) if worker.ready else START_S
            if now - worker.busy_since > allowed:
                self._lost(worker, "RUN-002", {"seconds": round(allowed)})
                continue
            resident = _resident_bytes(worker)
            if resident > self.limits.memory_bytes:
                megabytes = self.limits.memory_bytes // (1024 * 1024)
                self._lost(worker, "RUN-003", {"limit_mb": megabytes})

    def _lost(self, worker: _Worker, code: str, data: dict[str, Any]) -> None:
        """A worker is gone or must go: the file in its hands gets the blame, the others another worker."""
        if worker not in self._workers:
            return
        tasks = worker.tasks
        self._end(worker)
        if not worker.ready:
            self._queue.extendleft(reversed(tasks))
            self._start_failed()
            return
        if not tasks:
            return
        guilty = tasks.popleft()
        self._queue.extendleft(reversed(tasks))
        self._blame(guilty, code, data)

    def _start_failed(self) -> None:
        """A worker that never came to work says nothing about files: after a few, nothing can be checked."""
        self._failed_starts += 1
        if self._failed_starts < STARTS_TRIED:
            return
        self._failed_starts = 0
        while self._queue:
            task = self._queue.popleft()
            if task.payload["op"] == "examine":
                report = {**bare_report(task.payload, task.size, [*task.mishaps, NO_WORKER]), "verdict": "not_checked"}
                task.results.put((task, {"report": report, "done": True}))
            else:
                task.results.put((task, {"error": "RUN-006", "done": True}))

    def _blame(self, task: Task, code: str, data: dict[str, Any]) -> None:
        """Decide how a file that ended its worker is looked at again, if at all."""
        if task.payload["op"] != "examine":
            task.results.put((task, {"error": code, "detail": json.dumps(data), "done": True}))
            return
        task.crashes += 1
        if code == "RUN-001" and task.crashes == 1:
            # The state left behind by earlier files may be to blame: once more, alone.
            self._queue.appendleft(task)
            return
        task.mishaps.append((code, data))
        depth = task.payload["depth"]
        if depth == "bytes":
            task.results.put((task, {"report": bare_report(task.payload, task.size, task.mishaps), "done": True}))
            return
        task.payload["depth"] = "identify" if depth == "full" else "bytes"
        task.crashes = 1
        self._queue.appendleft(task)

    def _replace(self, worker: _Worker) -> None:
        tasks = worker.tasks
        self._end(worker)
        self._queue.extendleft(reversed(tasks))

    def _end(self, worker: _Worker) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(worker.line)
        worker.line.close()
        with contextlib.suppress(OSError):
            worker.process.kill()
        worker.process.wait()
        shutil.rmtree(worker.scratch, ignore_errors=True)
        self._workers.remove(worker)


def _sweep_scratch() -> None:
    """Remove what workers of a killed parent left behind; only folders whose maker is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*-*"):
        owner = folder.name.removeprefix(SCRATCH).partition("-")[0]
        if owner.isdecimal() and not _lives(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another person's
        return True
    return True


def _resident_bytes(worker: _Worker) -> int:
    """What the worker holds in memory, as the kernel tells it; asked of a library only where there is no /proc."""
    try:
        return int(Path(f"/proc/{worker.process.pid}/statm").read_bytes().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        if Path("/proc/self").exists():
            return 0
    import psutil

    try:
        return int(psutil.Process(worker.process.pid).memory_info().rss)
    except psutil.Error:
        return 0


def _exit_code(worker: _Worker) -> int | None:
    try:
        return worker.process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return None
