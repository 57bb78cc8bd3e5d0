"""What is done from one copy of a whole archive: looking into it at once, and bringing the catalogue back."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.installation import ROOT, installation, peak_memory
from bench.row import Row

RECORDS = 100_000
EMERGENCY_SECONDS, REBUILD_SECONDS = 60, 600


def preservation(quick: bool) -> list[Row]:
    """Emergency service and rebuild over a copy of 100,000 records (ZHUDANG_BENCH_COPY names one made before)."""
    count = 2_000 if quick else RECORDS
    with _copy(count) as (copy, records):
        return [*emergency(copy, records), *rebuild(copy, records)]


@contextmanager
def _copy(count: int) -> Iterator[tuple[Path, int]]:
    if named := os.environ.get("ZHUDANG_BENCH_COPY"):
        yield Path(named), json.loads((Path(named) / "told.json").read_text())["records"]
        return
    target = Path(tempfile.mkdtemp(prefix="zhudang-copy-"))
    try:
        with installation() as place:
            told = json.loads(place.run("copy", str(count), str(target / "site")))
        (target / "site" / "told.json").write_text(json.dumps(told))
        yield target / "site", told["records"]
    finally:
        shutil.rmtree(target, ignore_errors=True)


def emergency(copy: Path, records: int) -> list[Row]:
    """Seconds from the command to the first hit, and until a search finds every record of the copy by its description."""
    from zhudang.cli.serve import free_port
    from zhudang.demo.visitor import Visitor

    folder = Path(tempfile.mkdtemp(prefix="zhudang-bench-"))
    folder.chmod(0o755)
    port = free_port()
    env = {
        **os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "ZHUDANG_DATA": str(folder), "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    began = time.monotonic()
    said = (folder / "said").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "zhudang", "emergency-serve", str(copy), "--port", str(port)], env=env, stdout=said, stderr=subprocess.STDOUT
    )  # fmt: skip
    try:
        with peak_memory(process.pid) as peak:
            login, password = _until("login", process, lambda: _credentials(folder / "said"))
            visitor = Visitor(f"http://127.0.0.1:{port}").login(login, password)
            _until("a hit", process, lambda: "/records/" in visitor.page("/search/", q="隐蔽工程验收记录").text)
            first = time.monotonic() - began
            _until(
                "all records",
                process,
                lambda: re.search("文件清单还在装载|全文", visitor.page("/search/").text),
                every=1.0,
            )
            everything = time.monotonic() - began
            last = visitor.page("/search/", q=f"{records - 1:06d}")
            if "/records/" not in last.text:
                raise RuntimeError("the last record of the copy is not found")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)
    target = EMERGENCY_SECONDS
    return [
        Row(f"emergency-serve, {records} records, all searchable", f"{everything:.0f} s", f"first hit after {first:.0f} s; no database of before", f"≤ {target} s", everything <= target),
        Row("  memory of all its processes", f"{peak.bytes / 2**20:.0f} MB", "", "", None),
    ]  # fmt: skip


def _until(what: str, process: subprocess.Popen[bytes], is_so: Callable[[], Any], *, every: float = 0.2) -> Any:
    """Ask until it is so; each question costs the loader what a person's would."""
    end = time.monotonic() + 1800
    while time.monotonic() < end and process.poll() is None:
        if found := is_so():
            return found
        time.sleep(every)
    raise RuntimeError(f"no {what}")


def _credentials(said: Path) -> tuple[str, str] | None:
    text = said.read_text(errors="replace")
    found = re.search(r"login +(\S+)", text), re.search(r"password +(\S+)", text)
    return (found[0][1], found[1][1]) if found[0] and found[1] else None


def rebuild(copy: Path, records: int) -> list[Row]:
    """Seconds of `zhudang rebuild` in an empty installation: every row, and every file's bytes digested and synced."""
    sites = copy.parent / "sites.json"
    sites.write_text(json.dumps([{"code": "a", "name": "副本", "path": str(copy)}], ensure_ascii=False))
    with installation(settings={"ZHUDANG_SITES": str(sites)}) as place:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "zhudang", "rebuild", "--site", "a"], env=place.env, capture_output=True, text=True, check=False
        )  # fmt: skip
        seconds = time.monotonic() - began
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr)[-2000:])
    rows = re.search(r"(\d+) rows, (\d+) files", done.stdout)
    told = f"{rows[1]} rows, {rows[2]} files back" if rows else ""
    return [Row(f"rebuild of {records} records from one copy", f"{seconds:.0f} s", told, f"≤ {REBUILD_SECONDS} s", seconds <= REBUILD_SECONDS)]  # fmt: skip
