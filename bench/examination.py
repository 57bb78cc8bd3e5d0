"""How fast the checks are, against a peer's figure and against the least program in the same run."""

import hashlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.files import large, many
from bench.installation import Peak, peak_memory
from bench.row import Row

PEER_FILES_PER_S = 7
"""Archivematica lite (a3m 0.8.1), 568 small PDFs, same kind of machine (field-notes)."""
CHUNK = 8 * 1024 * 1024


@contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="zhudang-bench-checks-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def checks(quick: bool) -> list[Row]:
    """Small files a second, large files against a floor, memory whatever comes, and how soon a check begins."""
    with _folder() as folder:
        return [*_small(folder, quick), *_large(folder, quick), *_memory(folder, quick), *_start(folder)]


def _small(folder: Path, quick: bool) -> list[Row]:
    from zhudang.checks.engine import Engine
    from zhudang.checks.settings import CheckSettings

    count = 400 if quick else 2000
    paths = []
    for name, data in many(count):
        paths.append(folder / name)
        paths[-1].write_bytes(data)
    began = time.monotonic()
    for path in paths:
        data = path.read_bytes()
        hashlib.sha256(data).digest()
        hashlib.new("sm3", data).digest()
    floor = count / (time.monotonic() - began)
    with Engine(workers=2, settings=CheckSettings()) as engine:
        list(engine.check_paths(paths[:4]))
        began = time.monotonic()
        reports = list(engine.check_paths(paths))
        rate = count / (time.monotonic() - began)
    unfinished = sum("RUN" in code for report in reports for code in report.codes)
    for path in paths:
        path.unlink()
    return [
        Row(f"{count} small PDFs, everything but malware", f"{rate:.0f} files/s", f"peer pipeline {PEER_FILES_PER_S} files/s: {rate / PEER_FILES_PER_S:.0f} ×", "≥ 70/s, 10 ×", rate >= 70),
        Row("  of a program that only reads and digests", f"{rate / floor:.3f}", f"floor in this run: {floor:.0f} files/s; {unfinished} unfinished", "", None),
    ]  # fmt: skip


def _large(folder: Path, quick: bool) -> list[Row]:
    from zhudang.checks.engine import Engine
    from zhudang.checks.settings import CheckSettings

    size = (256 if quick else 2048) * 1024 * 1024
    rows = []
    for kind in ("txt", "zip"):
        path = folder / f"large.{kind}"
        large(path, size)
        if kind == "zip":
            path = _stored(path)
        floor = min(_digest_only(path), _digest_only(path))
        with Engine(workers=1, timeout_s=600, settings=CheckSettings()) as engine, peak_memory(os.getpid()) as peak:
            engine.check(Path(__file__))
            began = time.monotonic()
            engine.check(path)
            ours = time.monotonic() - began
        ratio = floor / ours
        rows.append(Row(f"one {kind} of {size / 2**30:.2f} GiB", f"{ratio:.2f} of floor", f"floor {floor:.1f} s, ours {ours:.1f} s, peak {peak.bytes / 1e6:.0f} MB", "≥ 0.80", ratio >= 0.8))  # fmt: skip
        path.unlink()
    return rows


def _stored(content: Path) -> Path:
    packed = content.with_suffix(".packed.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as container:
        container.write(content, "内容.txt")
    content.unlink()
    return packed


def _digest_only(path: Path) -> float:
    """Seconds to read a file once and compute SHA-256 and SM3."""
    began = time.monotonic()
    sha256, sm3 = hashlib.sha256(), hashlib.new("sm3")
    with path.open("rb", buffering=0) as stream:
        while chunk := stream.read(CHUNK):
            sha256.update(chunk)
            sm3.update(chunk)
    return time.monotonic() - began


def _memory(folder: Path, quick: bool) -> list[Row]:
    """Files built to need much: a large picture, a large archive, a long document; the largest worker counts."""
    from PIL import Image

    from zhudang.checks.engine import Engine
    from zhudang.checks.settings import CheckSettings

    side = 6000 if quick else 16000
    Image.new("RGB", (side, side), "white").save(folder / "large.tif", compression="tiff_lzw", dpi=(600, 600))
    with zipfile.ZipFile(folder / "many.zip", "w", zipfile.ZIP_DEFLATED) as container:
        for number in range(2_000 if quick else 20_000):
            container.writestr(f"{number}.txt", b"text " * 200)
    with Engine(workers=1, timeout_s=300, settings=CheckSettings()) as engine:
        worker = Peak()
        with peak_memory(os.getpid()) as peak:
            reports = [engine.check(folder / name) for name in ("large.tif", "many.zip")]
        worker.bytes = max(size for name, size in peak.by_name.items())
    killed = sum("RUN-003" in report.codes for report in reports)
    met = worker.bytes < 600e6
    return [Row("memory, all processes, whatever the input", f"{peak.bytes / 1e6:.0f} MB", f"picture of {side} × {side}, archive of many members; {killed} stopped at the limit", "< 600 MB each", met)]  # fmt: skip


def _start(folder: Path) -> list[Row]:
    """Seconds from typing `zhudang check FILE` to its result, for small files; and of Python doing nothing."""
    line, document = folder / "one line.txt", folder / "one page.pdf"
    line.write_text("一行\n", encoding="utf-8")
    document.write_bytes(next(iter(many(1)))[1])
    bare, bare_cpu = _median("-c", "pass")
    rows = []
    for what, arguments in (("--help", ["--help"]), ("one line", [str(line)]), ("one page of PDF", [str(document)])):
        ours, cpu = _median("-m", "zhudang", "check", *arguments)
        told = f"{cpu:.2f} s of processor; python alone {bare:.2f} s, {bare_cpu:.2f} s"
        rows.append(Row(f"start: zhudang check, {what}", f"{ours:.2f} s", told, "< 0.6 s", ours < 0.6))
    return rows


def _median(*arguments: str) -> tuple[float, float]:
    """Seconds on the clock and of the processor, the children of the process included; of seven starts."""
    taken = [_timed(*arguments) for _ in range(7)]
    return statistics.median(clock for clock, _ in taken), statistics.median(cpu for _, cpu in taken)


def _timed(*arguments: str) -> tuple[float, float]:
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu
