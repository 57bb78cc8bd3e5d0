import errno
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from preservation.ocfl_support import ACT, OBJECT, contents, two_places
from zhudang.preservation.ocfl import streaming
from zhudang.preservation.ocfl.content import Content, SourceChanged
from zhudang.preservation.ocfl.direct import PIECE, NewFile, Pieces
from zhudang.preservation.ocfl.writer import write_version


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder of a file system that has no medium below it."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


def _written(folder: Path, data: bytes, pieces_of: int = 1_000_001) -> list[Path]:
    """Write data at two places of a folder, check what lies there, and give what was told to differ."""
    paths = [folder / "a", folder / "b"]
    with Pieces(2, 1) as pieces:
        file = NewFile(pieces, paths)
        try:
            for start in range(0, len(data), pieces_of):
                file.put(data[start : start + pieces_of])
            differing = file.close()
        finally:
            file.leave()
    assert file.size == len(data)
    assert file.sha512.hexdigest() == hashlib.sha512(data).hexdigest()
    return differing


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 4097])
def test_what_lies_at_every_place_is_what_was_put_whatever_its_length(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    assert _written(tmp_path, data) == []
    assert [(tmp_path / name).read_bytes() == data for name in "ab"] == [True, True]


def test_a_file_system_in_memory_takes_it_too(in_memory: Path) -> None:
    data = os.urandom(PIECE + 5)
    assert _written(in_memory, data) == []
    assert (in_memory / "b").read_bytes() == data


def test_where_direct_access_is_refused_when_the_file_is_opened_it_goes_through_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refused = os.open, []

    def open_(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_DIRECT:
            os.close(real(path, flags & ~os.O_DIRECT, mode))
            refused.append(path)
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", open_)
    data = os.urandom(2 * PIECE + 3)
    assert _written(tmp_path, data) == []
    assert (tmp_path / "a").read_bytes() == data
    assert len(refused) == 2


def test_where_direct_access_is_refused_when_it_is_written_it_goes_through_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    real = os.pwrite

    def pwrite(descriptor: int, data: memoryview, offset: int) -> int:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    data = os.urandom(2 * PIECE + 3)
    assert _written(tmp_path, data) == []
    assert (tmp_path / "b").read_bytes() == data


@pytest.mark.parametrize("wrong_at", [0, PIECE - 1, PIECE, 2 * PIECE + 99])
def test_one_wrong_byte_on_the_medium_is_told_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong_at: int
) -> None:
    real = os.fdatasync

    def rots(descriptor: int) -> None:
        real(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.name == "b" and path.stat().st_size > wrong_at:
            other = os.open(path, os.O_RDWR)
            byte = os.pread(other, 1, wrong_at)
            os.pwrite(other, bytes([byte[0] ^ 1]), wrong_at)
            os.fsync(other)
            os.close(other)

    monkeypatch.setattr(os, "fdatasync", rots)
    assert _written(tmp_path, bytes(2 * PIECE + 100)) == [tmp_path / "b"]


def test_what_cannot_be_read_again_is_not_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_descriptor: int, _into: list[memoryview], _offset: int) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "preadv", broken)
    assert _written(tmp_path, b"x" * 10) == [tmp_path / "a", tmp_path / "b"]


def test_a_large_file_that_fails_ends_those_beside_it_and_its_own_reason_is_told(tmp_path: Path) -> None:
    failed, endless = threading.Event(), 1 << 40

    class Endless:
        def __enter__(self) -> "Endless":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def read(self, size: int) -> bytes:
            failed.wait(10)
            return bytes(size)

    class Wrong(Endless):
        def read(self, size: int) -> bytes:
            failed.set()
            return b""

    places = two_places(tmp_path)
    files = [
        Content("files/0001.bin", Endless, endless, "0" * 64),  # type: ignore[arg-type]
        Content("files/0002.bin", Wrong, 2 * streaming.CHUNK, "1" * 64),  # type: ignore[arg-type]
    ]
    with pytest.raises(SourceChanged) as refused:
        write_version(places, OBJECT, [*contents({"a": b"x"}), *files], act=ACT)
    assert refused.value.path == "files/0002.bin"
    assert [list(place.staging.iterdir()) for place in places] == [[], []]
