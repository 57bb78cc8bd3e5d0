"""Versions written by a process of its own: the same bytes, the same refusals, and nothing left by one that is lost."""

import fcntl
import itertools
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil
import pytest

from preservation.ocfl_support import ACT, OBJECT, contents, judged_by_ocfl_py, tree, two_places
from zhudang.preservation.ocfl import streaming
from zhudang.preservation.ocfl.content import Content, CopyDiffers, SourceChanged, TooLarge
from zhudang.preservation.ocfl.layout import object_path
from zhudang.preservation.ocfl.reader import object_inventories
from zhudang.preservation.ocfl.root import StorageRoot, StoreFull
from zhudang.preservation.ocfl.writer import write_version
from zhudang.preservation.ocfl.writing_process import WriterLost, WritingProcess, WritingProcesses

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
from zhudang.preservation.ocfl.layout import object_path
from zhudang.preservation.ocfl.reader import object_inventories
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


def test_several_are_started_only_as_they_are_needed_and_one_given_back_is_taken_again(
    places: list[StorageRoot],
) -> None:
    with WritingProcesses(places, most=2) as processes:
        first = processes.take()
        processes.give_back(first)
        assert processes.take() is first
        second = processes.take()
        assert second.pid != first.pid
        with pytest.raises(IndexError):
            processes.take()
    assert {psutil.pid_exists(process.pid) for process in (first, second)} == {False}


def test_objects_that_several_write_at_once_share_the_folders_they_need_first(places: list[StorageRoot]) -> None:
    ids = _with_a_common_folder(40)
    with WritingProcesses(places, most=4) as processes, ThreadPoolExecutor(4) as pool:
        four = [processes.take() for _ in range(4)]

        def write(number: int) -> None:
            for object_id in ids[number::4]:
                four[number].write_version(places, object_id, contents({"a.txt": object_id.encode()}), act=ACT)

        list(pool.map(write, range(4)))
    for place in places:
        assert {inventory.object_id for _, inventory in object_inventories(place)} == set(ids)
        assert list(place.staging.iterdir()) == []


def _with_a_common_folder(count: int) -> list[str]:
    """Ids of objects that lie, two by two, in one first folder of their own."""
    by_folder: dict[str, list[str]] = {}
    for number in itertools.count():
        object_id = f"urn:uuid:00000000-0000-7000-8000-{number:012}"
        by_folder.setdefault(object_path(object_id).parts[0], []).append(object_id)
        pairs = [found[:2] for found in by_folder.values() if len(found) >= 2]
        if len(pairs) * 2 >= count:
            return [object_id for pair in pairs for object_id in pair]
    raise AssertionError
