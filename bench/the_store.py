"""The store itself, without database: encrypted, written twice and read back, verified, and what a thousand updates take.

Against ocfl-py on one unsynced place, and against the least program that does the same bytes' work, in the same run.
We verify what the medium gives back, not what memory remembers; so the others find nothing in memory either.

Nothing is deleted before all is measured: for five minutes ext4 passes over every inode that was freed, one by one, whenever
it makes a new one, and whoever writes next would pay for it. Wait as long between two runs.

On a virtual machine the rate of whoever writes through the system's memory, as the peer does, depends on whether the host
stands behind that memory already: touched for the first time it comes at 500 MB/s, and the peer at half its rate. Ours does not.
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import ocfl
import pyrage

from bench.row import Row
from zhudang.preservation.domain.names import ObjectName, json_bytes
from zhudang.preservation.domain.succession import DESCRIPTION
from zhudang.preservation.keys.protection import Protection
from zhudang.preservation.ocfl.content import Act, content_of_bytes, content_of_path
from zhudang.preservation.ocfl.inventory import INVENTORY, Inventory
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.sealing import Identities, Seal
from zhudang.preservation.ocfl.verifier import verify_object
from zhudang.preservation.ocfl.writing_process import WritingProcess, WritingProcesses
from zhudang.preservation.storing import Known, Storing

ACT = Act(datetime(2026, 11, 29, tzinfo=UTC), "benchmark", "zhudang", "urn:zhudang:bench")
PER_OBJECT = 1000
KEY = pyrage.x25519.Identity.generate().to_public()


def store(quick: bool) -> list[Row]:
    """Small files, large files, and an object updated again and again."""
    small, large = (1000, 8) if quick else (5000, 40)
    with _folder() as place:
        return [
            *_kind(place / "small", small, 20_000, "files/s", lambda count, size, seconds: count / seconds, (0.5, 0.6)),
            *_kind(place / "large", large, 25_000_000, "MB/s", lambda count, size, seconds: count * size / seconds / 1e6, (1.0, None)),
            _updates(place / "updates", 120 if quick else 1000),
        ]  # fmt: skip


def _kind(
    place: Path,
    count: int,
    size: int,
    unit: str,
    rate: Callable[[int, int, float], float],
    least: tuple[float, float | None],
) -> list[Row]:
    sources = list(_sources(place / "sources", count, size))
    os.sync()  # nobody pays for what was written before
    floor = _timed(partial(_floor, sources, place / "floor"))
    peer, peer_syncs, peer_reads = _by_ocfl_py(sources, place / "peer")
    ours, our_reads = _by_us(sources, place)
    _forget(place / "sources")
    hashing = _timed(partial(_hashed, sources))
    told = f"{count} × {size / 1e6:g} MB" if size > 1e6 else f"{count} × {size / 1e3:g} KB"
    written, of_peer, of_floor = rate(count, size, ours), peer / ours, floor / ours
    read, of_reader, of_hash = rate(count, size, our_reads), peer_reads / our_reads, hashing / our_reads
    return [
        Row(f"{told}, encrypted, two places, read back", f"{written:.0f} {unit}", f"ocfl-py, one place, plain, unsynced: {rate(count, size, peer):.0f}", f"≥ {least[0]} ×", of_peer >= least[0]),
        Row("  of ocfl-py; of the same bytes' work", f"{of_peer:.2f}; {of_floor:.2f}", f"floor: {rate(count, size, floor):.0f} {unit}; ocfl-py, synced: {rate(count, size, peer + peer_syncs):.0f}", f"≥ {least[1]}" if least[1] else "", of_floor >= least[1] if least[1] else None),
        Row("  verified", f"{read:.0f} {unit}", f"ocfl-py: {rate(count, size, peer_reads):.0f}", "≥ 1.5 ×", of_reader >= 1.5),
        Row("  of ocfl-py; of hashlib alone", f"{of_reader:.2f}; {of_hash:.2f}", f"SHA-512 over the files: {rate(count, size, hashing):.0f} {unit}", "" if least[1] else "≥ 0.8", None if least[1] else of_hash >= 0.8),
    ]  # fmt: skip


@contextmanager
def _folder() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="zhudang-store-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _sources(folder: Path, count: int, size: int) -> Iterator[tuple[Path, str]]:
    for number in range(count):
        path = folder / f"{number // PER_OBJECT}" / f"{number:06d}.pdf"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = os.urandom(size)
        path.write_bytes(data)
        yield path, hashlib.sha256(data).hexdigest()


def _timed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _floor(sources: Sequence[tuple[Path, str]], folder: Path) -> None:
    """Read, SHA-256, encrypt, SHA-512, write two synced copies, read both back with the cache dropped and compare."""
    for place in ("a", "b"):
        (folder / place).mkdir(parents=True)
    for path, _ in sources:
        data = path.read_bytes()
        hashlib.sha256(data).digest()
        data = pyrage.encrypt(data, [KEY])
        digest = hashlib.sha512(data).digest()
        for place in ("a", "b"):
            with (folder / place / path.name).open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if hashlib.sha512((folder / place / path.name).read_bytes()).digest() != digest:
                raise AssertionError("the copy differs")


def _groups(sources: Sequence[tuple[Path, str]]) -> list[Sequence[tuple[Path, str]]]:
    return [sources[start : start + PER_OBJECT] for start in range(0, len(sources), PER_OBJECT)]


def _by_ocfl_py(sources: Sequence[tuple[Path, str]], folder: Path) -> tuple[float, float, float]:
    """Seconds for the peer to create the objects, to have the disk take them, and to validate them."""
    folder.mkdir()
    objects = [(group[0][0].parent, folder / str(number)) for number, group in enumerate(_groups(sources))]

    def create() -> None:
        for number, (source, target) in enumerate(objects):
            ocfl.Object(identifier=f"urn:x:{number}").create(
                srcdir=str(source), objdir=str(target), metadata=ocfl.VersionMetadata(message="m", name="n", address="urn:x")
            )  # fmt: skip

    def validate() -> None:
        for _, target in objects:
            if not ocfl.Object().validate(objdir=str(target), log_warnings=False, log_errors=True)[0]:
                raise AssertionError("the peer does not agree with itself")

    created, synced = _timed(create), _timed(os.sync)
    _forget(folder)
    return created, synced, _timed(validate)


def _forget(folder: Path) -> None:
    """Let the kernel forget every file below a folder, so that the next reading is one of the medium."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def _by_us(sources: Sequence[tuple[Path, str]], folder: Path) -> tuple[float, float]:
    """Seconds to write the objects into two places, some at once as a transfer is, and to verify them at one."""
    roots = [StorageRoot.create(folder / name) for name in ("a", "b")]
    ids = [f"urn:uuid:00000000-0000-7000-8000-{number:012d}" for number in range(len(_groups(sources)))]

    def write() -> None:
        waiting: deque[tuple[WritingProcess, Future[Inventory]]] = deque()
        with (
            roots[0].only_writer(),
            roots[1].only_writer(),
            WritingProcesses(roots) as processes,
            ThreadPoolExecutor(processes.most) as pool,
        ):
            for object_id, group in zip(ids, _groups(sources), strict=True):
                contents = [
                    content_of_path(f"files/{number:04d}.pdf", path, path.stat().st_size, sha256)
                    for number, (path, sha256) in enumerate(group, 1)
                ]
                if len(waiting) == processes.most:
                    processes.give_back(_done(*waiting.popleft()))
                process = processes.take()
                work = pool.submit(process.write_version, roots, object_id, contents, act=ACT, seal=Seal(str(KEY)))
                waiting.append((process, work))
            while waiting:
                _done(*waiting.popleft())

    def verify() -> None:
        for object_id in ids:
            if not verify_object(roots[0].object_folder(object_id), object_id=object_id).sound:
                raise AssertionError("not as written")

    return _timed(write), _timed(verify)


def _done(process: WritingProcess, work: Future[Inventory]) -> WritingProcess:
    work.result()
    return process


def _hashed(sources: Sequence[tuple[Path, str]]) -> None:
    for path, _ in sources:
        with path.open("rb") as stream:
            made = hashlib.sha512()
            while chunk := stream.read(1024 * 1024):
                made.update(chunk)


def _updates(folder: Path, times: int) -> Row:
    """A state of 48 KB, changed again and again: what the inventories of every version take, over as many objects as it takes."""
    thing, known = UUID("00000000-0000-7000-8000-000000000000"), Known()
    root = StorageRoot.create(folder)
    kept = [content_of_bytes(f"documents/{number:04}.txt", os.urandom(4800)) for number in range(10)]
    plain = Protection("open", "", Identities())
    objects = 0
    for turn in range(times):
        note = content_of_bytes(DESCRIPTION, json_bytes({"format": "bench/1", "turn": turn}))
        done = Storing([root], plain, ACT, known=known).store(thing, [note, *kept])
        newest = done.objects[0]
        objects = newest.name.generation
        # What the rows would know: the newest was read, all before it are closed.
        closed = frozenset(map(str, newest.name.predecessors))
        known = Known({str(newest.name): newest.inventory.sha512}, {1: objects}, closed)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    first = root.object_folder(str(ObjectName(thing)))
    alone = _in_one_object([(first / f"v{n}" / INVENTORY).stat().st_size for n in (1, min(times, 50))], times)
    return Row(
        f"48 KB updated {times} times, {objects} objects", f"{size / 1e6:.1f} MB",
        f"all in one object: {alone / 1e6:.0f} MB; known: 908 MB", "", None,
    )  # fmt: skip


def _in_one_object(inventories: Sequence[int], times: int) -> float:
    """Bytes the inventories of one object would take: each version's is as much longer as those before it were.

    Args:
        inventories: size of the first one, and of that of version 50 (or the last, when there are fewer).
    """
    first, later = inventories
    growth = (later - first) / max(1, min(times, 50) - 1)
    return sum(first + growth * number for number in range(times)) + first + growth * times
