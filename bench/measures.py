"""What is measured, and against what in the same run."""

import hashlib
import json
import os
import shutil
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.files import large as make_large
from bench.installation import Installation, Peak, installation, peak_memory
from bench.row import Row


def small_files(quick: bool) -> list[Row]:
    """Checks and ingest of many small files into two sites, end to end; the acts of ten people in between apart."""
    count = 1000 if quick else 5000
    with installation() as place:
        floor = _write_twice_and_read(count)
        told = json.loads(place.run("pipeline", str(count)))
    acts = told["stages"]["received"] - told["stages"]["checked"]
    rate = count / (told["seconds"] - acts)
    stages = ", ".join(f"{name} {seconds} s" for name, seconds in told["stages"].items())
    return [
        Row(f"{count} files of 20 KB, checked, preserved twice", f"{rate:.0f} files/s", "Archivematica-lite class pipeline: 7 files/s", "≥ 100/s", rate >= 100),
        Row("  with every act of people between the two", f"{count / told['seconds']:.0f} files/s", f"the acts alone: {acts:.0f} s", "", None),
        Row("  of a program that only writes twice, reads back", f"{rate / floor:.2f}", f"floor in this run: {floor:.0f} files/s", "", None),
        Row("  stages", "", stages, "", None),
    ]  # fmt: skip


def _write_twice_and_read(count: int) -> float:
    """Files a second for the least anybody must do: digest, write two synced copies, read both back."""
    from bench.files import many

    folder = Path(tempfile.mkdtemp(prefix="zhudang-floor-"))
    began = time.monotonic()
    for name, data in many(count):
        hashlib.sha256(data).digest()
        for site in ("a", "b"):
            path = folder / site / name
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            hashlib.sha256(path.read_bytes()).digest()
    seconds = time.monotonic() - began
    shutil.rmtree(folder)
    return count / seconds


def memory(quick: bool) -> list[Row]:
    """Peak memory of all our processes at ten times the files."""
    few, many = (200, 2000) if quick else (1000, 10000)
    peaks: list[Peak] = []
    for count in (few, many):
        with installation() as place, peak_memory(place.process.pid, os.getpid()) as peak:
            place.run("pipeline", str(count))
        peaks.append(peak)
    ratio = peaks[1].bytes / peaks[0].bytes
    against = f"{peaks[0].bytes / 1e6:.0f} MB at {few}, {peaks[1].bytes / 1e6:.0f} MB at {many}"
    return [
        Row(f"peak memory, {many} files against {few}", f"{ratio:.2f} ×", against, "≤ 1.10", ratio <= 1.10),
        *(Row(f"  at {count}", "", _by_role(peak), "", None) for count, peak in zip((few, many), peaks, strict=True)),
    ]


def _by_role(peak: Peak) -> str:
    largest = sorted(peak.by_name.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in largest)


def large_file(quick: bool) -> list[Row]:
    """One large file from a path to two verified copies, against the least program in the same run."""
    size = (512 if quick else 4096) * 1024 * 1024
    folder = Path(tempfile.mkdtemp(prefix="zhudang-large-"))
    folder.chmod(0o755)
    path = folder / "large.txt"
    make_large(path, size)
    try:
        floor = _floor(path, folder)
        with installation() as place, peak_memory(place.process.pid) as peak:
            told = json.loads(place.run("large", str(path)))
        ours = told["seconds"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ratio = floor / ours
    stages = ", ".join(f"{name} {seconds} s" for name, seconds in told["stages"].items())
    return [
        Row(f"one file of {size / 2**30:.1f} GiB, received → preserved twice", f"{ratio:.2f} of floor", f"floor {floor:.1f} s, ours {ours:.1f} s", "≥ 0.60", ratio >= 0.6),
        Row("  stages", "", stages, "", None),
        Row("  peak memory of all processes", f"{peak.bytes / 1e6:.0f} MB", "", "", None),
    ]  # fmt: skip


def _floor(path: Path, folder: Path) -> float:
    """Seconds to read a file, compute SHA-256 and SM3, write two synced copies and read both back."""
    began = time.monotonic()
    sha256, sm3 = hashlib.sha256(), hashlib.new("sm3")
    copies = [folder / "copy-a", folder / "copy-b"]
    with path.open("rb") as source, copies[0].open("wb") as a, copies[1].open("wb") as b, ThreadPoolExecutor(3) as pool:
        while chunk := source.read(8 * 1024 * 1024):
            for job in [
                pool.submit(sha256.update, chunk),
                pool.submit(sm3.update, chunk),
                pool.submit(a.write, chunk),
                pool.submit(b.write, chunk),
            ]:
                job.result()
        for stream in (a, b):
            stream.flush()
            os.fsync(stream.fileno())
    for copy in copies:
        with copy.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while stream.read(8 * 1024 * 1024):
                pass
    seconds = time.monotonic() - began
    for copy in copies:
        copy.unlink()
    return seconds


def pages(quick: bool) -> list[Row]:
    """List, search and record pages with many records: 95th percentile over real requests to a running server."""
    from bench.filling import ADDRESSES

    count = 20_000 if quick else 200_000
    rows = []
    with installation(web=1) as place:
        told = json.loads(place.run("fill", str(count)))
        for name, username, paths in ADDRESSES(told):
            rows.append(timed_pages(place, f"{name}, {count} records", username, paths, target_ms=150))
    return rows


def timed_pages(place: Installation, name: str, username: str, paths: list[str], *, target_ms: int) -> Row:
    """Ask for these pages in turn as one person, sixty times or each once; the row tells the 95th percentile."""
    from zhudang.demo import city
    from zhudang.demo.visitor import Visitor

    visitor = Visitor(place.url).login(username, city.PASSWORD)
    for path in paths[:3]:
        visitor.page(path)
    times = []
    for turn in range(max(60, len(paths))):
        began = time.monotonic()
        visitor.page(paths[turn % len(paths)])
        times.append((time.monotonic() - began) * 1000)
    p95 = statistics.quantiles(times, n=20)[18]
    told = f"median {statistics.median(times):.0f} ms, {username}"
    return Row(name, f"p95 {p95:.0f} ms", told, f"< {target_ms} ms", p95 < target_ms)
