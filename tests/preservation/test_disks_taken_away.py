"""A disk that goes away while it is written or read, that is full, closed, or takes no file so large: told, nothing lost."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.utils import timezone

from preservation.kept_project import KeptProject
from preservation.ocfl_support import judged_by_ocfl_py
from preservation.offline_set import OfflineSet
from preservation.rights import closed
from zhudang.audit.models import Entry
from zhudang.cli import emergency as emergency_service
from zhudang.preservation import command, copy_reading, emergency, rebuilding
from zhudang.preservation.models import ArchivalObject, CatchUp, Copy
from zhudang.preservation.ocfl import durable
from zhudang.preservation.ocfl.root import StorageRoot, StoreUnreachable
from zhudang.preservation.sites import places

pytestmark = pytest.mark.django_db


@pytest.fixture
def disk(settings, tmp_path: Path) -> OfflineSet:
    made = OfflineSet(tmp_path)
    settings.SITES = made.settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    return made


@pytest.fixture
def kept(disk: OfflineSet, kept_beside_a_set: KeptProject) -> KeptProject:
    return kept_beside_a_set


def on_disk() -> list[str]:
    return sorted(Copy.objects.filter(site__code="c").values_list("state", flat=True))


def told_people() -> int:
    return Entry.objects.filter(act__in=["preservation.copy.damaged", "preservation.copy.missing"]).count()


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """No file may be written larger than so many bytes: the kernel answers EFBIG, as a FAT32 disk does at 4 GB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("moment", ["before", "staged"])
def test_a_set_pulled_out_in_the_midst_of_a_copy_is_not_gone_on_with_on_the_systems_own_disk(
    kept, disk, monkeypatch, moment
):
    disk.connect()
    places()
    wait, stage = StorageRoot.only_writer, StorageRoot.new_staging

    def pulled_out(root: StorageRoot) -> None:
        if root.place == disk.mount and (disk.mount / "store").exists():
            disk.take_away()

    def only_writer(root):
        if moment == "before":
            pulled_out(root)
        return wait(root)

    def new_staging(root):
        folder = stage(root)
        pulled_out(root)
        return folder

    monkeypatch.setattr(StorageRoot, "only_writer", only_writer)
    if moment == "staged":
        monkeypatch.setattr(StorageRoot, "new_staging", new_staging)
    assert command.call_in("c") == command.REFUSED
    assert list(disk.mount.iterdir()) == [], "the folder it was mounted on is the system's"
    assert on_disk() == []
    run = CatchUp.objects.get()
    assert (run.stopped_because["code"], run.wrong, run.complete) == ("preservation.unreachable", 0, False)
    monkeypatch.undo()
    disk.connect()
    assert command.call_in("c") == command.OK
    assert set(on_disk()) == {"verified"}


def test_a_set_pulled_out_while_it_is_read_lost_nothing_and_nobody_is_alarmed(kept, disk, monkeypatch):
    disk.connect()
    command.call_in("c")
    read = copy_reading.verify_object

    def pulled_out(folder, **more):
        if folder.is_relative_to(disk.mount):
            disk.take_away()
        return read(folder, **more)

    monkeypatch.setattr(copy_reading, "verify_object", pulled_out)
    assert command.call_in("c") == command.REFUSED
    assert CatchUp.objects.first().stopped_because["code"] == "preservation.unreachable"
    disk.connect()
    assert command.verify(repair=True) == command.INCOMPLETE
    assert set(on_disk()) == {"verified"}
    assert told_people() == 0
    assert list(disk.mount.iterdir()) == [], "nothing was mended where the disk no longer was"


def test_a_place_that_is_gone_is_not_made_anew_by_who_writes(tmp_path):
    root = StorageRoot.create(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "away")
    (tmp_path / "a").mkdir()
    with pytest.raises(StoreUnreachable), root.only_writer():
        pass
    with pytest.raises(StoreUnreachable):
        root.new_staging()
    with pytest.raises(FileNotFoundError):
        durable.make_folders_below(root.staging / "one", "v1/content/file")
    assert list((tmp_path / "a").iterdir()) == []


def test_a_file_too_large_for_the_disk_is_named_and_all_others_are_brought(kept, disk, capsys, tmp_path):
    disk.connect()
    places()
    files = sorted((tmp_path / "a" / "store").rglob("v*/content/**/*.*"), key=lambda path: path.stat().st_size)
    with no_file_above(files[-1].stat().st_size - 1):
        assert command.call_in("c") == command.WRONG
    said = capsys.readouterr()
    assert len(on_disk()) == ArchivalObject.objects.count() - 1
    run = CatchUp.objects.get()
    assert (run.stopped_because["code"], run.wrong, run.complete) == ("preservation.file_too_large_there", 1, False)
    assert "FAT32" in said.out
    assert files[-1].name in said.out
    assert list((disk.mount / "staging").iterdir()) == []
    assert judged_by_ocfl_py([place.root for place in places()]) == []
    assert command.call_in("c") == command.OK


def test_a_set_that_takes_no_writing_says_so_and_is_read_all_the_same(kept, disk, capsys):
    disk.connect()
    command.call_in("c")
    (disk.mount / "staging").chmod(0o500)
    with closed(disk.mount / "writer.lock"):
        next((disk.mount / "store").rglob("files/0001.pdf")).write_bytes(b"rotten")
        capsys.readouterr()
        assert command.verify(repair=True) == command.WRONG
    (disk.mount / "staging").chmod(0o755)
    assert "STO-002" in (said := capsys.readouterr().out)
    assert "STO-010" in said
    assert on_disk().count("damaged") == 1
    assert command.verify(repair=True) == command.OK


def test_a_set_another_account_owns_is_told_as_closed_not_as_absent(kept, disk, capsys):
    disk.connect()
    with closed(disk.mount / "LABEL.txt"):
        assert command.call_in("c") == command.REFUSED
    said = capsys.readouterr().err
    assert str(disk.mount / "LABEL.txt") in said
    assert "帐号没有权限" in said
    assert "account" in said


@pytest.mark.parametrize("what", ["0001.pdf", "inventory.json", "content", "object", "tuple"])
def test_what_this_account_may_not_read_is_named_and_the_rest_is_read(kept, disk, capsys, tmp_path, what):
    store = tmp_path / "a" / "store"
    volume = ArchivalObject.objects.get(kind="volume")
    folder = StorageRoot(tmp_path / "a").object_folder(volume.ocfl_id)
    path = {
        "0001.pdf": next(folder.rglob("0001.pdf")), "inventory.json": folder / "inventory.json",
        "content": folder / "v1" / "content", "object": folder, "tuple": folder.parent,
    }[what]  # fmt: skip
    with closed(path):
        assert command.verify() == command.WRONG
    said = capsys.readouterr().out
    assert "STO-006" in said
    assert "STO-001" not in said, "closed is not lost"
    states = dict(Copy.objects.filter(site__code="a").values_list("object__kind", "state"))
    assert states == {"volume": "damaged", "project": "verified", "archive": "verified"} or states == {
        "volume": "damaged", "project": "verified",
    }  # fmt: skip
    assert command.verify() == command.OK
    assert store.is_dir()


def test_names_that_steer_a_terminal_or_are_no_characters_are_told_without_harm(kept, disk, capsys, tmp_path):
    for name in (b"[b]", b"\x1b[2J", b"\xd6\xfe\xb5\xb5"):
        (tmp_path / "a" / "store" / name.decode("utf-8", "surrogateescape")).mkdir()
    assert command.verify() == command.WRONG
    said = capsys.readouterr().out
    assert "[b]" in said
    assert "\x1b" not in said
    assert "\\udcd6\\udcfe" in said


# ── a copy that another account owns ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("what", ["copy", "store", "0=ocfl_1.1"])
def test_the_emergency_service_does_not_begin_with_a_copy_it_may_not_read(tmp_path, capsys, what):
    root = StorageRoot.create(tmp_path / "copy")
    path = {"copy": root.place, "store": root.folder}.get(what, root.folder / what)
    plan = emergency_service.Plan(root.place, "127.0.0.1", 0, 1, None)
    with closed(path):
        assert emergency_service.run(plan) == emergency_service.EXIT_NO_COPY
    said = capsys.readouterr().err
    assert "读不了" in said
    assert "cannot be read" in said
    assert str(root.place) in said


@pytest.mark.parametrize("what", ["object", "inventory", "tuple"])
def test_what_the_emergency_service_may_not_read_is_told_and_the_rest_is_served(kept, tmp_path, what):
    root = StorageRoot.open(tmp_path / "a")
    folder = root.object_folder(ArchivalObject.objects.get(kind="volume").ocfl_id)
    path = {"object": folder, "inventory": folder / "inventory.json", "tuple": folder.parent}[what]
    whole = emergency.look_over(root)
    with closed(path):
        found = emergency.look_over(root)
    told = path if what == "tuple" else folder
    assert found.unreadable == [told.relative_to(root.folder).as_posix()]
    assert found.projects == whole.projects
    assert len(found.objects) == len(whole.objects) - 1


def test_a_catalogue_is_not_rebuilt_by_half_from_a_copy_this_account_may_not_read_whole(
    kept, disk, tmp_path, monkeypatch
):
    root = StorageRoot.open(tmp_path / "a")
    folder = root.object_folder(ArchivalObject.objects.get(kind="volume").ocfl_id)
    monkeypatch.setattr(rebuilding, "_rebuilt_before", lambda: False)
    objects = ArchivalObject.objects.count()
    for path in (folder, folder / "inventory.json", folder.parent):
        with closed(path), pytest.raises(rebuilding.CannotRebuild) as refused:
            rebuilding.rebuild("a", now=timezone.now())
        assert [reason.code for reason in refused.value.reasons] == ["preservation.no_right"]
        assert str(path) in str(refused.value.reasons[0].data["path"])
    assert ArchivalObject.objects.count() == objects
    with closed(root.folder), pytest.raises(rebuilding.CannotRebuild) as refused:
        rebuilding.rebuild("a", now=timezone.now())
    assert refused.value.reasons[0].code == "preservation.no_right"
