"""A whole installation of its own for a benchmark: served by the supervisor, used through operations, measured as a tree."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Installation:
    """A running installation: its folder, address, and the process whose tree is all of ours."""

    folder: Path
    url: str
    process: subprocess.Popen[bytes]
    env: dict[str, str]

    def run(self, *arguments: str) -> str:
        """Run one of the benchmark's drivers inside this installation; give what it printed.

        Raises:
            RuntimeError: it failed, with its last words.
        """
        done = subprocess.run(
            [sys.executable, "-m", "bench.driver", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError((done.stdout + done.stderr)[-3000:])
        return done.stdout.strip().splitlines()[-1]


@contextmanager
def installation(*, web: int = 1, settings: Mapping[str, str] | None = None) -> Iterator[Installation]:
    """Start an empty installation on a free port and a real disk; remove it afterwards.

    Args:
        settings: more of its environment.
    """
    from zhudang.cli.serve import free_port

    folder = Path(tempfile.mkdtemp(prefix="zhudang-bench-"))
    folder.chmod(0o755)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(
            os.pathsep
        ),
        "ZHUDANG_DATA": str(folder),
        "ZHUDANG_DEMO": "1",
        "ZHUDANG_PUBLIC_URL": url,
        "PYTHONUNBUFFERED": "1",
        **(settings or {}),
    }
    log = (folder / "serve.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "zhudang", "serve", "--port", str(port), "--web", str(web)],
        env=env,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_ready(url, process, folder)
        yield Installation(folder, url, process, env)
    except BaseException:
        lines = (folder / "serve.log").read_text(errors="replace").splitlines()
        print("\n".join(line[:800] for line in lines if '"level": "info"' not in line)[-6000:], file=sys.stderr)
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_ready(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError((folder / "serve.log").read_text(errors="replace")[-2000:])


@dataclass
class Peak:
    """Peak of the memory of a tree of processes, sampled: proportional set size, so shared pages count once."""

    bytes: int = 0
    by_name: dict[str, int] = field(default_factory=dict)


@contextmanager
def peak_memory(*roots: int, every: float = 0.25) -> Iterator[Peak]:
    """Sample the trees below `roots` while the block runs."""
    peak, stop = Peak(), threading.Event()

    def watch() -> None:
        while not stop.wait(every):
            total, names = _tree(roots)
            if total > peak.bytes:
                peak.bytes, peak.by_name = total, names

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def _tree(roots: tuple[int, ...]) -> tuple[int, dict[str, int]]:
    names: dict[str, int] = {}
    for process in _processes(roots):
        try:
            name = _role(process)
            held = process.memory_full_info()
            # The database's cache of pages is one piece of fixed size: counted whole from the start (`DATABASE_CACHE`).
            size = held.uss if name == "database" else held.pss
        except (psutil.Error, FileNotFoundError):
            continue
        names[name] = names.get(name, 0) + size
    if "database" in names:
        names["database"] += DATABASE_CACHE
    return sum(names.values()), names


DATABASE_CACHE = 256 * 1024 * 1024
"""PostgreSQL's `shared_buffers` of our own server: see `cli.supervisor`."""
_ROLES = {
    "postgres": "database", "bench.driver": "driver", "zhudang worker": "worker", "writing_process": "writer", "checks.worker": "parsers",
    "granian": "web", "zhudang": "supervisor",
}  # fmt: skip


def _role(process: psutil.Process) -> str:
    line = " ".join(process.cmdline())
    return next((role for word, role in _ROLES.items() if word in line), process.name())


def _processes(roots: tuple[int, ...]) -> set[psutil.Process]:
    """Every process below the roots and themselves, each once; this program that measures is not ours to count."""
    found: set[psutil.Process] = set()
    for root in roots:
        try:
            found |= {psutil.Process(root), *psutil.Process(root).children(recursive=True)}
        except psutil.Error:
            continue
    return found - {psutil.Process()}
