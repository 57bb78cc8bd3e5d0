"""`zhudang serve`: the guardian. It holds the lock of the installation and keeps one supervisor alive."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from types import FrameType

from zhudang.cli.supervisor import EXIT_CANNOT, Plan
from zhudang.shared.parents import die_with_parent
from zhudang.site import environment

EXIT_PORT_TAKEN = 4


def run(plan: Plan, *, when_ready: Callable[[str], None] | None = None) -> int:
    """Serve until stopped; attach when this installation is served already.

    Args:
        when_ready: called once with the address, as soon as the readiness endpoint says so.
    """
    url = f"http://{plan.host}:{plan.port}"
    lock = _lock(url)
    if lock is None:
        return _attach()
    if told := _why_not_bind(plan.host, plan.port):
        print(told, file=sys.stderr)
        return EXIT_PORT_TAKEN
    return _Guardian(plan, url, when_ready).run()


def _lock(url: str) -> int | None:
    """Take the lock of the installation and write our address into it; None when it is held."""
    path = environment.data_folder() / "run" / "serve.lock"
    path.parent.mkdir(exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps({"url": url, "pid": os.getpid()}).encode(), 0)
    return handle


def _attach() -> int:
    """Say where the running one is and stay until it ends or the person leaves."""
    path = environment.data_folder() / "run" / "serve.lock"
    note = json.loads(path.read_text() or "{}")
    print(f"已在运行，已附着：{note.get('url', '?')}（进程 {note.get('pid', '?')}）。Ctrl-C 只离开，不停止它。")
    print(f"Already running, attached: {note.get('url', '?')}. Ctrl-C leaves it running.", flush=True)
    try:
        with path.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
    except KeyboardInterrupt:
        pass
    return 0


def _why_not_bind(host: str, port: int) -> str:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return (
                f"端口 {host}:{port} 不能使用：{error.strerror}。请关掉占用它的程序，或换一个端口：--port {port + 1}\n"
                f"Port {host}:{port} cannot be used: {error.strerror}. Stop what holds it, or choose another: --port {port + 1}"
            )
    return ""


class _Guardian:
    """Keeps the supervisor alive; passes on the wish to stop."""

    def __init__(self, plan: Plan, url: str, when_ready: Callable[[str], None] | None) -> None:
        self.plan, self.url, self.when_ready = plan, url, when_ready
        self.stopping = False
        self.process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        wait = 0.2
        while True:
            began = time.monotonic()
            code = self._once()
            if self.stopping or code in (0, EXIT_CANNOT):
                return 0 if self.stopping else code
            print(
                f"监管进程意外退出（{code}），正在重新启动 / supervisor ended unexpectedly, starting again",
                file=sys.stderr,
            )
            wait = 0.2 if time.monotonic() - began > 30 else min(wait * 2, 5.0)
            time.sleep(wait)

    def _once(self) -> int:
        command = [sys.executable, "-m", "zhudang.cli", json.dumps(asdict(self.plan))]
        self.process = subprocess.Popen(command, preexec_fn=die_with_parent, start_new_session=True)
        while self.process.poll() is None:
            if self.when_ready and not self.stopping and is_ready(self.url):
                ready, self.when_ready = self.when_ready, None
                ready(self.url)
            try:
                self.process.wait(0.2 if self.when_ready else 3600)
            except subprocess.TimeoutExpired:
                continue
        return self.process.returncode

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()


def is_ready(url: str) -> bool:
    import urllib.request

    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
