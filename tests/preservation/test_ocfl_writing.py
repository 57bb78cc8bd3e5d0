import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preservation.ocfl_support import ACT, OBJECT, contents, judged_by_ocfl_py, tree, two_places
from zhudang.preservation.domain.succession import LIMITS
from zhudang.preservation.ocfl import durable, filling, replicate, streaming
from zhudang.preservation.ocfl.content import Content, CopyDiffers, SourceChanged, TooLarge
from zhudang.preservation.ocfl.layout import object_path
from zhudang.preservation.ocfl.reader import object_inventories, stored_file
from zhudang.preservation.ocfl.root import StorageRoot, StoreFull, StoreUnreachable
from zhudang.preservation.ocfl.verifier import verify_object
from zhudang.preservation.ocfl.writer import write_version


def test_an_object_is_the_same_at_both_places_and_ocfl_py_agrees(tmp_path: Path) -> None:
    places = two_places(tmp_path)
    write_version(places, OBJECT, contents({"description.json": b"{}", "files/0001.pdf": b"%PDF-1.7"}), act=ACT)
    assert tree(places[0].folder) == tree(places[1].folder)
    assert judged_by_ocfl_py(places) == []


def test_a_new_version_adds_and_never_overwrites(tmp_path: Path) -> None:
    places = two_places(tmp_path)
    first = write_version(places, OBJECT, contents({"a.txt": b"one", "b.txt": b"two"}), act=ACT)
    before = tree(places[0].object_folder(OBJECT))
    second = write_version(places, OBJECT, contents({"a.txt": b"one", "b.txt": b"three"}), act=ACT, prior=first)
    after = tree(places[0].object_folder(OBJECT))
    assert {path: data for path, data in after.items() if path.startswith("v1/")} == {
        path: data for path, data in before.items() if path.startswith("v1/")
    }
    assert second.head == 2
    assert not (places[0].object_folder(OBJECT) / "v2/content/a.txt").exists()
    assert stored_file(places[0].object_folder(OBJECT), second, "b.txt").read_bytes() == b"three"
    assert stored_file(places[0].object_folder(OBJECT), second, "a.txt").read_bytes() == b"one"
    assert judged_by_ocfl_py(places) == []


def test_equal_files_of_an_object_are_stored_once_under_both_names(tmp_path: Path) -> None:
    places = two_places(tmp_path)
    inventory = write_version(places, OBJECT, contents({"a.txt": b"same", "b.txt": b"same"}), act=ACT)
    assert len(inventory.manifest) == 1
    assert set(inventory.state) == {"a.txt", "b.txt"}
    assert judged_by_ocfl_py(places) == []


@settings(max_examples=25, deadline=None)
@given(
    files=st.dictionaries(
        st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,12}(/[a-z0-9][a-z0-9_.-]{0,12})?", fullmatch=True),
        st.binary(max_size=2000),
        min_size=1,
        max_size=12,
    ),
    object_id=st.one_of(
        st.uuids().map(lambda u: f"urn:uuid:{u}"),
        st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=80).map(lambda name: f"urn:x:{name}"),
    ),
)
def test_whatever_the_names_sizes_and_ids_every_byte_comes_back(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], object_id: str
) -> None:
    folders = {path.partition("/")[0] for path in files if "/" in path}
    files = {path: data for path, data in files.items() if path not in folders}
    place = StorageRoot.create(tmp_path_factory.mktemp("place"))
    inventory = write_version([place], object_id, contents(files), act=ACT)
    folder = place.object_folder(object_id)
    assert {path: stored_file(folder, inventory, path).read_bytes() for path in inventory.state} == files
    assert verify_object(folder, object_id=object_id).sound
    assert judged_by_ocfl_py([place]) == []


def test_the_folder_of_an_object_is_the_one_the_extension_names() -> None:
    # Examples of extension 0003's own text.
    assert object_path("object-01").as_posix() == "3c0/ff4/240/object-01"
    assert object_path("..hor/rib:le-$id").as_posix() == "487/326/d8c/%2e%2ehor%2frib%3ale-%24id"


def test_a_large_file_is_read_once_and_stored_whole(tmp_path: Path) -> None:
    data = os.urandom(3 * streaming.CHUNK + 7)
    opened = 0

    def open_source() -> object:
        nonlocal opened
        opened += 1
        return (tmp_path / "source").open("rb")

    (tmp_path / "source").write_bytes(data)
    small = contents({"x": data})[0]
    places = two_places(tmp_path)
    steps: list[int] = []
    content = Content("files/0001.bin", open_source, len(data), small.sha256)  # type: ignore[arg-type]
    inventory = write_version(places, OBJECT, [content], act=ACT, progress=steps.append)
    assert opened == 1
    assert sum(steps) == len(data)
    for place in places:
        assert stored_file(place.object_folder(OBJECT), inventory, "files/0001.bin").read_bytes() == data


@pytest.mark.parametrize("size", [10, 2 * streaming.CHUNK])
def test_a_source_that_is_not_what_was_received_leaves_nothing_behind(tmp_path: Path, size: int) -> None:
    places = two_places(tmp_path)
    wrong = Content("files/0001.pdf", lambda: (tmp_path / "source").open("rb"), size, "0" * 64)
    (tmp_path / "source").write_bytes(b"x" * size)
    with pytest.raises(SourceChanged):
        write_version(places, OBJECT, [wrong], act=ACT)
    for place in places:
        assert list(place.objects()) == []
        assert list(place.staging.iterdir()) == []


def test_a_full_disk_is_told_by_its_place_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = two_places(tmp_path)
    real = durable.write_durably

    def full_at_b(path: Path, data: bytes) -> None:
        if path.is_relative_to(places[1].place):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(path, data)

    monkeypatch.setattr(durable, "write_durably", full_at_b)
    with pytest.raises(StoreFull) as refused:
        write_version(places, OBJECT, contents({"a": b"x"}), act=ACT)
    assert refused.value.folder == places[1].place
    monkeypatch.undo()
    for place in places:
        assert place.inventory(OBJECT) is None
        assert list(place.staging.iterdir()) == []


def test_a_copy_that_reads_back_differently_never_enters_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = two_places(tmp_path)
    real = durable.write_durably

    def flips_a_byte(path: Path, data: bytes) -> None:
        real(path, b"X" + data[1:] if path.name == "a.pdf" and path.is_relative_to(places[1].place) else data)

    monkeypatch.setattr(durable, "write_durably", flips_a_byte)
    with pytest.raises(CopyDiffers):
        write_version(places, OBJECT, contents({"a.pdf": b"abc"}), act=ACT)
    assert [place.inventory(OBJECT) for place in places] == [None, None]


def test_a_large_copy_that_reads_back_differently_never_enters_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = two_places(tmp_path)
    real = os.fdatasync

    def rots(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_relative_to(places[1].place) and path.name == "2.bin":
            with path.open("r+b") as stream:
                stream.seek(streaming.CHUNK)
                stream.write(b"rotten")
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", rots)
    large = {f"files/{number}.bin": os.urandom(streaming.CHUNK + 100) for number in (1, 2)}
    with pytest.raises(CopyDiffers) as refused:
        write_version(places, OBJECT, contents(large | {"description.json": b"{}"}), act=ACT)
    assert refused.value.paths == ("v1/content/files/2.bin",)
    assert refused.value.folder.is_relative_to(places[1].place)
    assert [place.inventory(OBJECT) for place in places] == [None, None]


def test_a_source_that_changes_while_another_is_read_back_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "_WORTH_ANOTHER", 1)  # few bytes as they are, both are written at once
    places = two_places(tmp_path)
    sound = contents({"files/0001.bin": os.urandom(streaming.CHUNK + 1)})
    (tmp_path / "source").write_bytes(b"x" * 2 * streaming.CHUNK)
    wrong = Content("files/0002.bin", lambda: (tmp_path / "source").open("rb"), 2 * streaming.CHUNK, "0" * 64)
    with pytest.raises(SourceChanged):
        write_version(places, OBJECT, [*sound, wrong], act=ACT)
    for place in places:
        assert list(place.objects()) == []
        assert list(place.staging.iterdir()) == []


def test_more_files_than_an_object_may_hold_are_refused(tmp_path: Path) -> None:
    place = StorageRoot.create(tmp_path)
    many = contents({f"files/{number:05}": b"x" for number in range(LIMITS.files + 1)})
    with pytest.raises(TooLarge):
        write_version([place], OBJECT, many, act=ACT)


def test_a_path_that_is_not_ours_is_refused() -> None:
    for path in ("../up", "/etc/passwd", "a//b", "竣工图.pdf", "a b", ""):
        with pytest.raises(ValueError, match="not a stored path"):
            contents({path: b""})


def test_a_disk_that_is_not_mounted_is_not_taken_for_an_empty_archive(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable):
        StorageRoot.open(tmp_path / "usb")
    assert not (tmp_path / "usb").exists()


def test_a_place_that_lags_is_brought_up_to_the_same_bytes(tmp_path: Path) -> None:
    a, b = two_places(tmp_path)
    first = write_version([a, b], OBJECT, contents({"a": b"1"}), act=ACT)
    second = write_version([a], OBJECT, contents({"a": b"2"}), act=ACT, prior=first)
    write_version([a], OBJECT, contents({"a": b"3"}), act=ACT, prior=second)
    replicate.bring_up_to(a, b, OBJECT)
    assert tree(a.folder) == tree(b.folder)
    assert judged_by_ocfl_py([a, b]) == []


def test_objects_are_walked_with_their_inventories(tmp_path: Path) -> None:
    place = StorageRoot.create(tmp_path)
    ids = {f"urn:uuid:{number}" for number in range(5)}
    for object_id in ids:
        write_version([place], object_id, contents({"a": object_id.encode()}), act=ACT)
    assert {inventory.object_id for _, inventory in object_inventories(place)} == ids
