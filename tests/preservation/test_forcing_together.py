import errno
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from preservation.ocfl_support import ACT, OBJECT, contents, judged_by_ocfl_py, tree, two_places
from zhudang.preservation.ocfl import durable, together
from zhudang.preservation.ocfl.root import StorageRoot, StoreFull
from zhudang.preservation.ocfl.together import Forcing, ForcingTogether
from zhudang.preservation.ocfl.writer import write_version

MANY = contents({f"files/{number:04}.pdf": os.urandom(300) for number in range(130)})


@pytest.fixture
def promised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the folder of the tests for one where a single call forces all, whatever it is."""
    monkeypatch.setattr(together, "can_force_together", lambda _: True)


def test_everything_is_forced_before_anything_enters_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promised: None
) -> None:
    places = two_places(tmp_path)
    real, forced = ForcingTogether._force, []

    def watched(self: ForcingTogether) -> None:
        assert [list(place.objects()) for place in places] == [[], []]
        [stages] = zip(*(place.staging.iterdir() for place in places), strict=True)
        forced.append([set(tree(stage)) for stage in stages])
        real(self)

    monkeypatch.setattr(ForcingTogether, "_force", watched)
    write_version(places, OBJECT, MANY, act=ACT)
    assert forced[-1] == [set(tree(place.object_folder(OBJECT))) for place in places]
    assert judged_by_ocfl_py(places) == []


def test_what_could_not_be_forced_never_enters_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promised: None
) -> None:
    places = two_places(tmp_path)

    def full(_: ForcingTogether) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ForcingTogether, "_force", full)
    with pytest.raises(StoreFull):
        write_version(places, OBJECT, MANY, act=ACT)
    for place in places:
        assert list(place.objects()) == []
        assert list(place.staging.iterdir()) == []


def test_a_failure_beside_the_writing_is_not_forgotten_when_the_last_call_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promised: None
) -> None:
    places = two_places(tmp_path)
    calls: list[int] = []

    def fails_once(_: ForcingTogether) -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(together, "_EVERY_BYTES", 30_000)
    monkeypatch.setattr(ForcingTogether, "_force", fails_once)
    with pytest.raises(OSError, match="Input/output error"):
        write_version(places, OBJECT, MANY, act=ACT)
    assert [list(place.objects()) for place in places] == [[], []]


def test_a_few_files_are_forced_one_by_one(tmp_path: Path, promised: None) -> None:
    with together.forced([tmp_path], 3) as disk:
        assert type(disk) is Forcing


@pytest.fixture
def in_memory() -> Iterator[Path]:
    if not os.access("/dev/shm", os.W_OK):
        raise AssertionError("/dev/shm is where these tests find a file system of another kind")
    with TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def test_where_one_call_promises_nothing_each_file_is_forced_by_itself(
    tmp_path: Path, in_memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [StorageRoot.create(tmp_path / "a"), StorageRoot.create(in_memory / "b")]
    real, written = durable.write_durably, []

    def counted(path: Path, data: bytes) -> None:
        written.append(path)
        real(path, data)

    monkeypatch.setattr(durable, "write_durably", counted)
    assert not together.can_force_together(in_memory)
    write_version(places, OBJECT, MANY, act=ACT)
    assert len([path for path in written if path.is_relative_to(in_memory)]) >= len(MANY)


def test_a_system_that_does_not_tell_of_failures_is_not_relied_upon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "_kind_of", lambda _: "ext4")
    said = os.uname()
    for release, promises in (("4.18.0-553", False), ("5.7.19", False), ("5.10.0-32-amd64", True), ("6.1", True)):
        monkeypatch.setattr(os, "uname", lambda told=release: os.uname_result((*said[:2], told, *said[3:])))
        assert together.can_force_together(tmp_path) is promises
