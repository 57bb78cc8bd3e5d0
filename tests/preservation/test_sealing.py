"""Encrypted objects, by files alone: nothing lost, nothing told by names, checked without a key, opened with one."""

import os
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preservation.ocfl_support import ACT, MOMENT, OBJECT, contents, judged_by_ocfl_py, tree, two_places
from zhudang.preservation.ocfl import reader, replicate, sealing, streaming
from zhudang.preservation.ocfl.content import SourceChanged, content_of_path
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.root import StorageRoot, StoreFull
from zhudang.preservation.ocfl.sealing import CannotOpen, Identities, Seal
from zhudang.preservation.ocfl.sm2_keys import Sm2Key
from zhudang.preservation.ocfl.verifier import verify_object
from zhudang.preservation.ocfl.writer import write_version
from zhudang.preservation.ocfl.writing_process import WritingProcess

KEY = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()
KEYS = Identities([KEY])
SEAL = Seal(str(KEY.to_public()), "internal")
SM_KEY, SM_OTHER = Sm2Key.generate(), Sm2Key.generate()
SM_SEAL = Seal(SM_KEY.to_public(), "secret")
BOTH = Identities([KEY, SM_KEY])
BY_SUITE = pytest.mark.parametrize("seal", [SEAL, SM_SEAL], ids=["age", "sm"])


def read(place: StorageRoot, inventory: Inventory, keys: Identities = BOTH) -> dict[str, bytes]:
    folder, found = place.object_folder(inventory.object_id), {}
    for path, held in reader.held_files(folder, inventory, keys).items():
        with reader.opened(folder, inventory, held, keys) as stream:
            found[path] = stream.read()
    return found


def next_seal(place: StorageRoot, inventory: Inventory, seal: Seal = SEAL) -> Seal:
    held = reader.held_files(place.object_folder(inventory.object_id), inventory, BOTH)
    return Seal(seal.recipient, seal.key_class, tuple(held.values()))


@settings(max_examples=20, deadline=None)
@given(
    first=st.dictionaries(
        st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.binary(max_size=300), min_size=1, max_size=6
    ),
    second=st.dictionaries(
        st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.binary(max_size=300), min_size=1, max_size=6
    ),
    sealed=st.tuples(*[st.sampled_from([None, SEAL, SM_SEAL])] * 2),
)
def test_every_byte_comes_back_under_its_name_whatever_is_sealed_when(
    tmp_path_factory: pytest.TempPathFactory,
    first: dict[str, bytes],
    second: dict[str, bytes],
    sealed: tuple[Seal | None, Seal | None],
) -> None:
    places = two_places(tmp_path_factory.mktemp("places"))
    one = write_version(places, OBJECT, contents(first), act=ACT, seal=sealed[0])
    assert read(places[1], one) == first
    seal = next_seal(places[0], one, sealed[1]) if sealed[1] else None
    two = write_version(places, OBJECT, contents(second), act=ACT, prior=one, seal=seal)
    assert read(places[1], two) == second
    assert tree(places[0].folder) == tree(places[1].folder)
    assert judged_by_ocfl_py(places) == []
    assert verify_object(places[0].object_folder(OBJECT), object_id=OBJECT).sound


@BY_SUITE
def test_the_names_tell_nothing_and_no_plain_byte_is_there(tmp_path: Path, seal: Seal) -> None:
    places = two_places(tmp_path)
    files = {"description.json": "地下管线".encode() * 20, "files/0001.pdf": b"%PDF-1.7 secret plans"}
    inventory = write_version(places, OBJECT, contents(files), act=ACT, seal=seal)
    suffix = {SEAL: "age", SM_SEAL: "p7m"}[seal]
    assert set(inventory.state) == {f"{name}.{suffix}" for name in ("index", "sealed/0001", "sealed/0002")}
    assert inventory.fixity == {}
    everything = b"".join(tree(places[0].object_folder(OBJECT)).values())
    for told in (b"description", b"0001.pdf", b"secret plans", "地下管线".encode()):
        assert told not in everything


def test_both_places_hold_the_same_encrypted_bytes_and_copying_moves_them_unchanged(tmp_path: Path) -> None:
    a, b = two_places(tmp_path)
    write_version([a, b], OBJECT, contents({"a": b"one", "b": b"two"}), act=ACT, seal=SEAL)
    assert tree(a.folder) == tree(b.folder)
    third = StorageRoot.create(tmp_path / "c")
    replicate.copy_object(a, third, OBJECT)
    assert tree(third.object_folder(OBJECT)) == tree(a.object_folder(OBJECT))
    target = next(b.object_folder(OBJECT).rglob("0001.age"))
    target.write_bytes(b"rotten")
    assert not verify_object(b.object_folder(OBJECT), object_id=OBJECT).sound
    replicate.replace_object(a, b, OBJECT, now=MOMENT)
    assert tree(a.folder) == tree(b.folder)


def test_bytes_held_already_are_not_encrypted_again_and_numbers_are_never_used_twice(tmp_path: Path) -> None:
    places = two_places(tmp_path)
    one = write_version(places, OBJECT, contents({"a": b"same", "b": b"old"}), act=ACT, seal=SEAL)
    files = {"a": b"same", "copy": b"same", "b": b"new"}
    two = write_version(places, OBJECT, contents(files), act=ACT, prior=one, seal=next_seal(places[0], one))
    added = {path for path in two.manifest if path.startswith("v2/")}
    assert added == {"v2/content/index.age", "v2/content/sealed/0003.age"}
    assert read(places[0], two) == files
    assert max(Counter(path.rsplit("/", 1)[-1] for path in two.manifest if "sealed/" in path).values()) == 1


def test_a_class_newly_encrypted_leaves_plain_bytes_where_they_are_and_says_so(tmp_path: Path) -> None:
    places = two_places(tmp_path)
    one = write_version(places, OBJECT, contents({"files/0001.pdf": b"kept", "note": b"old"}), act=ACT)
    assert sealing.protection_of(one) == "plain"
    files = {"files/0001.pdf": b"kept", "note": b"secret now"}
    two = write_version(places, OBJECT, contents(files), act=ACT, prior=one, seal=next_seal(places[0], one))
    assert sealing.protection_of(two) == "mixed"
    assert read(places[0], two) == files
    held = reader.held_files(places[0].object_folder(OBJECT), two, KEYS)
    assert {path: bool(file.key) for path, file in held.items()} == {"files/0001.pdf": False, "note": True}
    three = write_version(
        places, OBJECT, contents({"note": b"again"}), act=ACT, prior=two, seal=next_seal(places[0], two)
    )
    assert sealing.protection_of(three) == "sealed"


def test_a_class_that_changes_its_suite_leaves_old_bytes_where_they_are_and_all_is_read(tmp_path: Path) -> None:
    places = two_places(tmp_path)
    one = write_version(places, OBJECT, contents({"a": b"kept", "b": b"old"}), act=ACT, seal=SEAL)
    files = {"a": b"kept", "b": b"new"}
    seal = next_seal(places[0], one, SM_SEAL)
    two = write_version(places, OBJECT, contents(files), act=ACT, prior=one, seal=seal)
    assert set(two.state) == {"index.p7m", "sealed/0001.age", "sealed/0003.p7m"}
    assert sealing.protection_of(two) == "sealed"
    assert read(places[0], two) == files
    with pytest.raises(CannotOpen):
        read(places[0], two, KEYS)
    with pytest.raises(CannotOpen):
        read(places[0], two, Identities([SM_KEY]))


def test_what_was_encrypted_and_is_open_now_is_written_anew_in_the_clear(tmp_path: Path) -> None:
    places = two_places(tmp_path)
    one = write_version(places, OBJECT, contents({"a": b"one"}), act=ACT, seal=SEAL)
    two = write_version(places, OBJECT, contents({"a": b"one"}), act=ACT, prior=one)
    assert sealing.protection_of(two) == "plain"
    assert read(places[0], two, Identities()) == {"a": b"one"}
    every = list(reader.all_held(places[0].object_folder(OBJECT), two, KEYS))
    assert [held.sha256 for held in every if held.path == "a"] == [held.sha256 for held in every]


@BY_SUITE
def test_without_the_right_key_it_does_not_open_and_damage_is_told_apart(tmp_path: Path, seal: Seal) -> None:
    places = two_places(tmp_path)
    inventory = write_version(places, OBJECT, contents({"a": b"x" * 200_000}), act=ACT, seal=seal)
    folder = places[0].object_folder(OBJECT)
    for keys in (Identities(), Identities([OTHER]), Identities([SM_OTHER])):
        with pytest.raises(CannotOpen) as refused:
            reader.held_files(folder, inventory, keys)
        assert refused.value.reason == "no_key"
    held = reader.held_files(folder, inventory, BOTH)["a"]
    path = folder / inventory.stored_path(held.sha512)
    whole = path.read_bytes()
    header = len(whole) - 200_000 - 16 * 4 - 16
    for damaged in (
        whole[:-1],
        whole[: header + 16 + 2 * (65536 + 16)],  # cut at the border of a piece: only age's last mark tells it
        whole[:50],
        whole[:-90] + bytes(90),
        b"",
    ):
        path.write_bytes(damaged)
        with pytest.raises(CannotOpen) as refused, reader.opened(folder, inventory, held, BOTH) as stream:
            stream.read()
        assert refused.value.reason == "damaged"
    index = folder / inventory.stored_path(inventory.state[sealing.index_name(seal.recipient)])
    index.write_bytes(index.read_bytes()[:-3] + b"abc")
    with pytest.raises(CannotOpen) as refused:
        reader.held_files(folder, inventory, BOTH)
    assert refused.value.reason == "damaged"


def test_reading_may_stop_before_the_end(tmp_path: Path) -> None:
    places = two_places(tmp_path)
    inventory = write_version(places, OBJECT, contents({"a": b"0123456789" * 400_000}), act=ACT, seal=SEAL)
    folder = places[0].object_folder(OBJECT)
    held = reader.held_files(folder, inventory, KEYS)["a"]
    with reader.opened(folder, inventory, held, KEYS) as stream:
        assert stream.read(20) == b"01234567890123456789"


@BY_SUITE
@pytest.mark.parametrize("size", [streaming.CHUNK - 1, streaming.CHUNK + 1, 3 * streaming.CHUNK, 9_000_001])
def test_large_files_are_encrypted_in_one_pass_and_come_back(tmp_path: Path, size: int, seal: Seal) -> None:
    import hashlib

    data = (b"%d " % size) * (size // 5)
    source = tmp_path / "source"
    source.write_bytes(data)
    content = content_of_path("files/0001.bin", source, len(data), hashlib.sha256(data).hexdigest())
    places = two_places(tmp_path)
    done: list[int] = []
    inventory = write_version(places, OBJECT, [content], act=ACT, seal=seal, progress=done.append)
    assert sum(done) == len(data)
    assert read(places[1], inventory) == {"files/0001.bin": data}
    assert judged_by_ocfl_py(places) == []


@BY_SUITE
def test_a_large_source_that_changed_or_a_person_who_stops_it_leaves_nothing(tmp_path: Path, seal: Seal) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * (3 * streaming.CHUNK))
    places = two_places(tmp_path)
    for size in (0, -1, 1):
        content = content_of_path("files/0001.bin", source, source.stat().st_size + size, "0" * 64)
        with pytest.raises(SourceChanged):
            write_version(places, OBJECT, [content], act=ACT, seal=seal)

    class Stop(Exception):
        pass

    def stop(_size: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        write_version(places, OBJECT, [content], act=ACT, seal=seal, progress=stop)
    for place in places:
        assert place.inventory(OBJECT) is None
        assert list(place.staging.iterdir()) == []


def test_a_full_disk_while_encrypting_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import hashlib

    source = tmp_path / "source"
    source.write_bytes(b"x" * (3 * streaming.CHUNK))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()

    def full(_descriptor: int, _data: memoryview, _offset: int) -> int:
        raise OSError(errno.ENOSPC, "no space")

    places = two_places(tmp_path)
    content = content_of_path("a", source, source.stat().st_size, digest)
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StoreFull):
        write_version(places, OBJECT, [content], act=ACT, seal=SEAL)


@BY_SUITE
def test_the_writing_process_encrypts_with_the_public_half_alone(tmp_path: Path, seal: Seal) -> None:
    places = two_places(tmp_path)
    with places[0].only_writer(), places[1].only_writer(), WritingProcess(places) as process:
        inventory = process.write_version(places, OBJECT, contents({"a": b"one"}), act=ACT, seal=seal)
    assert read(places[1], inventory) == {"a": b"one"}


_MEASURED = textwrap.dedent(
    """
    import hashlib, resource, sys
    from pathlib import Path
    import pyrage
    from preservation.ocfl_support import ACT, OBJECT, two_places
    from zhudang.preservation.ocfl import reader
    from zhudang.preservation.ocfl.sealing import Identities, Seal
    from zhudang.preservation.ocfl.sm2_keys import Sm2Key
    from zhudang.preservation.ocfl.content import content_of_path
    from zhudang.preservation.ocfl.writer import write_version

    folder, size = Path(sys.argv[1]), int(sys.argv[2])
    source = folder / "source"
    with source.open("wb") as stream:
        stream.truncate(size)
    digest = hashlib.file_digest(source.open("rb"), "sha256").hexdigest()
    key = Sm2Key.generate() if sys.argv[3] == "sm" else pyrage.x25519.Identity.generate()
    places = two_places(folder)
    inventory = write_version(
        places, OBJECT, [content_of_path("a", source, size, digest)], act=ACT, seal=Seal(str(key.to_public()))
    )
    keys, at = Identities([key]), places[0].object_folder(OBJECT)
    held = reader.held_files(at, inventory, keys)["a"]
    with reader.opened(at, inventory, held, keys) as stream:
        found = hashlib.sha256()
        while chunk := stream.read(1 << 20):
            found.update(chunk)
    assert found.hexdigest() == digest
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
)


@pytest.mark.parametrize(("suite", "sizes"), [("age", (64, 512)), ("sm", (48, 192))])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, suite: str, sizes: tuple[int, int]) -> None:
    peaks = []
    for megabytes in sizes:
        folder = tmp_path / str(megabytes)
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, str(folder), str(megabytes << 20), suite],
            env={"PYTHONPATH": ":".join(path for path in sys.path if path)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        peaks.append(int(done.stdout))
        shutil.rmtree(folder)
    assert peaks[1] < peaks[0] * 1.25


@pytest.mark.debian
@pytest.mark.skipif(shutil.which("age") is None, reason="the Debian package age is not installed")
def test_the_standard_program_opens_what_we_encrypt_and_we_open_what_it_encrypts(tmp_path: Path) -> None:
    places = two_places(tmp_path)
    data = bytes(range(256)) * 1000
    inventory = write_version(places, OBJECT, contents({"files/0001.pdf": data}), act=ACT, seal=SEAL)
    folder = places[0].object_folder(OBJECT)
    (tmp_path / "identities.txt").write_text(f"{OTHER}\n{KEY}\n")
    held = reader.held_files(folder, inventory, KEYS)["files/0001.pdf"]
    opened = subprocess.run(
        ["age", "-d", "-i", str(tmp_path / "identities.txt"), str(folder / inventory.stored_path(held.sha512))],
        capture_output=True, check=True,
    )  # fmt: skip
    assert opened.stdout == data
    sealed = subprocess.run(["age", "-r", SEAL.recipient], input=data, capture_output=True, check=True).stdout
    assert KEYS.open_bytes(sealed, "theirs") == data
