"""Versions written by a process of its own: the same bytes, the same refusals, and nothing left by one that is lost."""

import fcntl
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from preservation.ocfl_support import ACT, OBJECT, contents, judged_by_ocfl_py, tree, two_places
from zhudang.preservation.ocfl import streaming
from zhudang.preservation.ocfl.root import StorageRoot, StoreFull
from zhudang.preservation.ocfl.writer import Content, CopyDiffers, SourceChanged, TooLarge, write_version
from zhudang.preservation.ocfl.writing_process import WriterLost, WritingProcess

FILES = {"description.json": b"{}", "files/0001.pdf": b"x" * 70_000, "files/0002.bin": os.urandom(2 * streaming.CHUNK)}


@pytest.fixture
def places(tmp_path: Path) -> Iterator[list[StorageRoot]]:
    a, b = two_places(tmp_path)
    with a.only_writer(), b.only_writer():
        yield [a, b]


def left(places: list[StorageRoot]) -> list[Path]:
    """Everything that is in the places besides a store that holds nothing."""
    return [path for place in places for path in [*place.objects(), *place.staging.iterdir()]]


def test_it_writes_the_very_bytes_this_process_would(places: list[StorageRoot], tmp_path: Path) -> None:
    here = [StorageRoot.create(tmp_path / "here")]
    with WritingProcess(places) as process:
        there = process.write_version(places, OBJECT, contents(FILES), act=ACT)
        changed = contents(FILES | {"description.json": b"[]"})
        there = process.write_version(places, OBJECT, changed, act=ACT, prior=there)
    first = write_version(here, OBJECT, contents(FILES), act=ACT)
    second = write_version(here, OBJECT, contents(FILES | {"description.json": b"[]"}), act=ACT, prior=first)
    assert there == second
    assert tree(places[0].folder) == tree(places[1].folder) == tree(here[0].folder)
    assert judged_by_ocfl_py(places) == []


def test_a_source_that_is_not_what_was_received_is_refused_with_its_name_and_the_next_one_is_written(
    places: list[StorageRoot],
) -> None:
    [sound] = contents({"files/0001.pdf": b"sound"})
    wrong = Content(sound.path, sound.open, sound.size, "0" * 64)
    with WritingProcess(places) as process:
        with pytest.raises(SourceChanged) as refused:
            process.write_version(places, OBJECT, [wrong], act=ACT)
        assert (refused.value.path, refused.value.found) == (sound.path, sound.sha256)
        assert left(places) == []
        process.write_version(places, OBJECT, [sound], act=ACT)
    assert judged_by_ocfl_py(places) == []


def test_a_source_that_is_gone_is_told_by_its_path(places: list[StorageRoot], tmp_path: Path) -> None:
    gone = Content("files/0001.pdf", partial(open, tmp_path / "gone", "rb"), 1, "0" * 64)
    with WritingProcess(places) as process, pytest.raises(FileNotFoundError) as refused:
        process.write_version(places, OBJECT, [gone], act=ACT)
    assert refused.value.filename == str(tmp_path / "gone")


@pytest.mark.parametrize(
    "problem",
    [StoreFull(Path("/a")), SourceChanged("p", "e", "f"), CopyDiffers(Path("/a"), ["x", "y"]), TooLarge("urn:1")],
)
def test_every_refusal_crosses_between_processes_whole(problem: Exception) -> None:
    told = pickle.loads(pickle.dumps(problem))
    assert (type(told), str(told), vars(told)) == (type(problem), str(problem), vars(problem))


def test_who_stops_while_it_writes_leaves_nothing_behind(places: list[StorageRoot]) -> None:
    def stop(_size: int) -> None:
        raise KeyboardInterrupt

    process = WritingProcess(places)
    with pytest.raises(KeyboardInterrupt):
        process.write_version(places, OBJECT, contents(FILES), act=ACT, progress=stop)
    assert left(places) == []
    with pytest.raises(WriterLost):
        process.write_version(places, OBJECT, contents(FILES), act=ACT)


def test_a_process_that_is_killed_is_told_as_lost_and_nothing_has_entered(places: list[StorageRoot]) -> None:
    process = WritingProcess(places)
    os.kill(process.pid, signal.SIGSTOP)
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(WriterLost):
        process.write_version(places, OBJECT, contents(FILES), act=ACT)
    process.close()
    assert all(list(place.objects()) == [] for place in places)


def test_a_place_stays_closed_until_the_process_has_let_go_too(tmp_path: Path) -> None:
    [place, _] = two_places(tmp_path)
    with place.only_writer():
        process = WritingProcess([place])
    try:
        with (place.place / "writer.lock").open("rb+") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        process.close()
    with (place.place / "writer.lock").open("rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


_PARENT = """
import sys, time
from pathlib import Path
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.writing_process import WritingProcess
WritingProcess([StorageRoot.create(Path(sys.argv[1]))])
print("begun", flush=True)
time.sleep(60)
"""


def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, str(tmp_path / "a")], stdout=subprocess.PIPE)
    assert parent.stdout is not None and parent.stdout.readline() == b"begun\n"
    [child] = psutil.Process(parent.pid).children()
    parent.kill()
    parent.wait()
    end = time.monotonic() + 20
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < end:
        time.sleep(0.05)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
