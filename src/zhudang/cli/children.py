"""Child processes that the supervisor keeps alive: started in a group of their own, ended with their parent."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from zhudang.shared.parents import die_with_parent

log = structlog.get_logger("zhudang.supervisor")
_CALM_SECONDS = 10.0
_BACKOFF_MAX_SECONDS = 5.0


class Child:
    """One kept process. `keep()` restarts it when it is dead; failures in a row wait longer each time."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, on_dead: Callable[[], None] | None = None
    ) -> None:
        self.name, self.command, self.folder = name, list(command), folder
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self._began = 0.0
        self._next_try = 0.0
        self._failures = 0
        self._on_dead = on_dead

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self._began = time.monotonic()
        self.process = subprocess.Popen(
            self.command, start_new_session=True, preexec_fn=die_with_parent, stdin=subprocess.DEVNULL
        )
        (self.folder / f"{self.name}.pid").write_text(str(self.process.pid))

    def keep(self) -> None:
        """Restart the process if it died; called again and again by the supervisor."""
        if self.alive:
            if self._failures and time.monotonic() - self._began > _CALM_SECONDS:
                self._failures = 0
            return
        if self.process is not None:
            log.warning("child died", child=self.name, code=self.process.returncode)
            self.end_group()
            self.process = None
            self._failures += 1
            self._next_try = time.monotonic() + min(0.2 * 2 ** (self._failures - 1), _BACKOFF_MAX_SECONDS)
            if self._on_dead:
                self._on_dead()
        if time.monotonic() >= self._next_try:
            self.restarts += 1
            self.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Ask the process to end, then insist; its whole group is gone afterwards."""
        if self.process is None:
            return
        if self.alive:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                log.warning("child did not stop in time", child=self.name)
        self.end_group()
        self.process = None
        (self.folder / f"{self.name}.pid").unlink(missing_ok=True)

    def end_group(self) -> None:
        """Kill what the process left behind in its group, so that ports and files are free again."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
        self.process.wait()


def end_leftovers(folder: Path) -> None:
    """End the groups that a killed supervisor left running (their pid files name them)."""
    for note in folder.glob("*.pid"):
        text = note.read_text().strip()
        if text.isdigit() and _is_ours(int(text)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(text), signal.SIGKILL)
        note.unlink(missing_ok=True)


def _is_ours(group: int) -> bool:
    """Does any process of this group run our program? A number may have been given to somebody else since."""
    import psutil

    for process in psutil.process_iter(["pid", "cmdline"]):
        try:
            if os.getpgid(process.pid) == group and any("zhudang" in part for part in process.info["cmdline"] or []):
                return True
        except (ProcessLookupError, psutil.Error):
            continue
    return False
