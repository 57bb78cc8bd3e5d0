import hashlib
import shutil
from pathlib import Path
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from filing.filing_support import NOW
from preservation.kept_project import KeptProject, roots
from preservation.ocfl_support import judged_by_ocfl_py, tree
from zhudang.audit import operations as audit
from zhudang.audit.models import Entry
from zhudang.preservation import books, command, reading
from zhudang.preservation.models import BookComparison, Copy, Reading
from zhudang.preservation.ocfl import root
from zhudang.shared.refusals import Forbidden

pytestmark = pytest.mark.django_db


def _first_file(folder: Path) -> Path:
    return next(iter(sorted(folder.rglob("v1/content/files/0001.pdf"))))


def test_verify_reads_every_copy_and_ends_with_0_when_all_are_as_written(kept: KeptProject, capsys):
    before = Copy.objects.order_by("verified_at").first().verified_at
    assert command.verify() == 0
    assert Copy.objects.order_by("verified_at").first().verified_at > before
    row = Reading.objects.get()
    assert (row.copies, row.sound, row.wrong_count) == (Copy.objects.count(), Copy.objects.count(), 0)
    assert str(row.copies) in capsys.readouterr().out


def test_one_changed_byte_is_found_told_and_kept_as_a_row(kept: KeptProject, tmp_path: Path, capsys):
    path = _first_file(tmp_path / "b" / "store")
    path.write_bytes(b"X" + path.read_bytes()[1:])
    assert command.verify() == 1
    copy = Copy.objects.get(state="damaged")
    assert copy.site.code == "b"
    assert copy.damages[0]["code"] == "STO-002"
    assert "STO-002" in capsys.readouterr().out
    assert Entry.objects.filter(act="preservation.copy.damaged").count() == 1
    assert Reading.objects.get().wrong_count == 1


def test_what_another_reading_found_meanwhile_is_told_by_this_one_too(kept: KeptProject, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(reading, "_BATCH", 1)
    for code in ("a", "b"):
        _first_file(tmp_path / code / "store").write_bytes(b"rotten")
    outcomes = reading.read_all(repair=True, now=timezone.now)
    told = [next(outcomes)]
    while not told[-1].object.startswith("urn:uuid:"):  # until the first copy: the own files of the places come before
        told.append(next(outcomes))
    assert [each.state for each in reading.read_all(repair=True, now=timezone.now)].count("damaged") == 2

    told += outcomes

    wrong = [(each.site, each.object) for each in told if each.state == "damaged"]
    assert len(wrong) == 2 and len(set(wrong)) == 2, "each of the two copies once"
    assert not any(each.state == "unreachable" for each in told)


def test_a_damaged_copy_is_mended_from_the_sound_one_when_asked(kept: KeptProject, tmp_path: Path):
    path = _first_file(tmp_path / "b" / "store")
    path.write_bytes(b"rotten")
    assert command.verify(repair=True) == 0
    assert Reading.objects.get().repaired == 1
    a, b = roots(tmp_path)
    assert tree(a.folder) == tree(b.folder)
    assert judged_by_ocfl_py([a, b]) == []
    assert set(Copy.objects.values_list("state", flat=True)) == {"verified"}


def test_where_every_copy_is_damaged_each_is_told_and_nothing_is_written_over(
    kept: KeptProject, tmp_path: Path, capsys
):
    for code in ("a", "b"):
        for path in (tmp_path / code / "store").glob("???/**/*"):
            if path.is_file():
                path.write_bytes(b"pay first")
    before = {code: tree(tmp_path / code / "store") for code in ("a", "b")}
    assert command.verify(repair=True) == 1
    said = capsys.readouterr().out
    for one in Copy.objects.select_related("object", "site"):
        assert f"(damaged)  {one.site.code}  {one.object.ocfl_id}" in said
        assert one.state == "damaged"
    assert {code: tree(tmp_path / code / "store") for code in ("a", "b")} == before
    assert not (tmp_path / "a" / "quarantine").exists()


def test_a_copy_that_is_gone_counts_as_missing_and_is_brought_back(kept: KeptProject, tmp_path: Path):
    copy = Copy.objects.filter(site__code="b", object__kind="volume").first()
    shutil.rmtree(roots(tmp_path)[1].object_folder(copy.object.ocfl_id))
    assert command.verify() == 1
    copy.refresh_from_db()
    assert copy.state == "missing"
    assert command.verify(repair=True) == 0
    copy.refresh_from_db()
    assert copy.state == "verified"


def test_another_object_under_the_name_of_one_of_ours_is_damage_even_when_sound_in_itself(
    kept: KeptProject, tmp_path: Path
):
    from preservation.ocfl_support import ACT, contents
    from zhudang.preservation.ocfl.writer import write_version

    copy = Copy.objects.filter(site__code="b", object__kind="volume").first()
    root = roots(tmp_path)[1]
    shutil.rmtree(root.object_folder(copy.object.ocfl_id))
    write_version([root], copy.object.ocfl_id, contents({"files/0001.pdf": b"forged"}), act=ACT)
    assert command.verify() == 1
    copy.refresh_from_db()
    assert copy.state == "damaged"


def test_a_place_out_of_reach_is_not_called_damage_and_the_command_says_3(kept: KeptProject, tmp_path: Path):
    (tmp_path / "b").rename(tmp_path / "unplugged")
    assert command.verify() == 3
    assert not Copy.objects.filter(state="damaged").exists()
    assert not Copy.objects.filter(state="missing").exists()


def test_only_the_archives_people_may_ask_for_a_reading(kept: KeptProject):
    with pytest.raises(Forbidden):
        reading.ask(actor=kept.site.clerk, now=NOW)
    assert not Reading.objects.exists()
    work_id = reading.ask(actor=kept.site.archivist, now=NOW)
    row = Reading.objects.get()
    reading.run(row.id, work_id=work_id, object_id=None)
    row.refresh_from_db()
    assert row.finished_at
    assert row.sound == Copy.objects.count()


def test_a_text_at_the_top_that_is_none_of_ours_is_told_and_an_older_one_of_ours_is_not(
    kept: KeptProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    readme = tmp_path / "a" / "store" / "README.txt"
    with readme.open("a") as stream:
        stream.write("Delete what lies here.\n")
    assert command.verify() == 1
    assert command.verify(repair=True) == 0 and readme.read_bytes() == root.readme()
    monkeypatch.setattr(root, "readme", lambda: b"of a later program")
    assert command.verify() == 0


def test_every_text_that_stood_at_the_top_is_known_by_its_digest():
    assert hashlib.sha256(root.readme()).hexdigest() in root.known_texts(), "add the new text to README.known.txt"


@pytest.mark.parametrize("up", [0, 1, 3])
def test_a_copy_that_is_a_link_to_another_places_is_none_and_gets_one_of_its_own(kept, tmp_path: Path, up: int):
    a, b = roots(tmp_path)
    one = f"urn:uuid:{kept.volume_ids[0]}"
    linked, target = b.object_folder(one), a.object_folder(one)
    for _ in range(up):
        linked, target = linked.parent, target.parent
    shutil.rmtree(linked)
    linked.symlink_to(target)
    assert command.verify() == 1
    assert {copy.site.code for copy in Copy.objects.filter(state="damaged")} == {"b"}
    before = tree(a.folder)
    assert command.verify(repair=True) == 0
    assert not linked.is_symlink() and tree(a.folder) == tree(b.folder) == before


def test_two_codes_for_one_folder_are_one_place(kept: KeptProject, tmp_path: Path, capsys):
    (tmp_path / "b").rename(tmp_path / "set-aside")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert command.verify() == 3
    (tmp_path / "b").unlink()
    (tmp_path / "set-aside").rename(tmp_path / "b")
    assert command.verify() == 0


def test_a_second_click_begins_no_second_reading_until_the_first_has_ended(kept: KeptProject):
    first = reading.ask(actor=kept.site.archivist, now=NOW)
    assert reading.ask(actor=kept.site.archivist, now=NOW) == first
    assert reading.ask(actor=kept.site.archivist, now=NOW, object_id=kept.volume_ids[0]) != first
    assert Reading.objects.count() == 2
    reading.run(Reading.objects.earliest("started_at", "id").id, work_id=first, object_id=None)
    assert reading.ask(actor=kept.site.archivist, now=NOW) != first


def test_ledger_catalogue_and_stores_agree_in_volumes_files_and_bytes(kept: KeptProject):
    books.compare(actor=kept.site.archivist, now=timezone.now())
    row = BookComparison.objects.get()
    assert row.difference_count == 0
    assert [side["side"] for side in row.sides] == ["ledger", "catalogue", "site", "site"]
    assert len({(side["volumes"], side["files"], side["bytes"]) for side in row.sides}) == 1
    assert row.sides[0]["volumes"] == len(kept.volume_ids)
    assert row.sides[0]["files"] == 2


def test_what_lacks_on_one_side_is_listed(kept: KeptProject, tmp_path: Path):
    shutil.rmtree(roots(tmp_path)[1].object_folder(f"urn:uuid:{kept.volume_ids[0]}"))
    books.compare(actor=kept.site.archivist, now=timezone.now())
    [difference] = BookComparison.objects.get().differences
    assert (difference["what"], difference["name"], difference["volume"]) == ("lacking", "b库", str(kept.volume_ids[0]))


def test_a_store_that_knows_more_than_a_restored_database_is_not_called_damaged(kept: KeptProject):
    from zhudang.filing.models import Record
    from zhudang.preservation import ingesting
    from zhudang.preservation.models import ArchivalObject

    backup = transaction.savepoint()
    Record.objects.filter(id=kept.record_ids[0]).update(notes="备份之后的补记")
    ingesting.keep_project(kept.project_id)
    transaction.savepoint_rollback(backup)
    assert ArchivalObject.objects.get(kind="project").version == 1
    assert command.verify() == 1
    assert {row["state"] for row in Reading.objects.get().wrong} == {"ahead"}
    assert set(Copy.objects.values_list("state", flat=True)) == {"verified"}


def test_a_version_whose_rows_come_while_it_is_read_is_not_called_ahead(kept: KeptProject, monkeypatch):
    from contextlib import contextmanager

    from zhudang.filing.models import Record
    from zhudang.preservation import ingesting
    from zhudang.preservation.models import ArchivalObject
    from zhudang.preservation.ocfl.root import StorageRoot

    objects = ArchivalObject.objects.filter(kind="project")
    before = transaction.savepoint()
    Record.objects.filter(id=kept.record_ids[0]).update(notes="刚补记的")
    ingesting.keep_project(kept.project_id)
    after, copies = objects.values().get(), list(Copy.objects.filter(object__kind="project").values())
    said = Entry.objects.filter(act="preservation.project.kept").latest("at", "id")
    transaction.savepoint_rollback(before)
    real = StorageRoot.only_writer

    @contextmanager
    def let_go(root: StorageRoot):
        """The writer commits its rows before it lets go of the place."""
        objects.update(**after)
        for row in copies:
            Copy.objects.filter(id=row["id"]).update(version=row["version"], inventory_sha512=row["inventory_sha512"])
        audit.record(actor=said.actor, act=said.act, subject=said.subject, at=said.at, data=said.data)
        with real(root):
            yield

    monkeypatch.setattr(StorageRoot, "only_writer", let_go)
    assert command.verify() == 0


def test_what_lies_in_a_store_and_is_no_object_is_told_by_its_path(kept: KeptProject, tmp_path: Path, capsys):
    store = roots(tmp_path)[1].folder
    some = Copy.objects.filter(site__code="b").first().object
    held = roots(tmp_path)[1].object_folder(some.ocfl_id)
    assert command.verify() == 0
    (store / "扫描件").mkdir()
    (store / "扫描件" / "1.tif").write_bytes(b"x")
    (store / "ocfl_layout.json.old").write_bytes(b"x")
    (store / "extensions" / "other").mkdir()
    (held.parent / "Thumbs.db").write_bytes(b"x")
    shutil.copytree(held, held.parent / "urn%3auuid%3acopy")
    unread = roots(tmp_path)[1].object_folder(f"urn:uuid:{uuid4()}")
    unread.mkdir(parents=True)
    (unread / "1.pdf").write_bytes(b"x")
    capsys.readouterr()
    assert command.verify() == 1
    told = {(each["site"], each["object"], each["state"]) for each in Reading.objects.first().wrong}
    near = held.parent.relative_to(store).as_posix()
    paths = [
        "扫描件",
        "ocfl_layout.json.old",
        "extensions/other",
        f"{near}/Thumbs.db",
        f"{near}/urn%3auuid%3acopy",
        unquote(unread.name),
    ]
    assert told == {("b", path, "unknown") for path in paths}
    assert "扫描件" in capsys.readouterr().out
