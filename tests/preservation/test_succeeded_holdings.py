"""A catalogue continued by successors and a volume in parts: everything that reads holdings reads them as one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from filing.filing_support import NOW
from preservation.kept_project import KeptProject, roots
from preservation.ocfl_support import judged_by_ocfl_py, tree
from preservation.offline_set import OfflineSet
from preservation.test_emergency import STEPS
from preservation.test_rebuilding import _another_empty_database, _exports
from zhudang.audit.models import Entry
from zhudang.cli import doctor
from zhudang.content import holdings as content_holdings
from zhudang.filing.models import Record
from zhudang.identity.models import Account
from zhudang.preservation import books, command, emergency, ingesting, keeping, nightly, queries, register_queries
from zhudang.preservation.giving.operations import CannotGive, Form, give
from zhudang.preservation.models import ArchivalObject, BookComparison, Copy
from zhudang.preservation.ocfl.reader import read_json
from zhudang.preservation.storing import Storing

VERSIONS, FILES, ORIGINALS = 3, 24, 22
IN_FIRST = FILES - 5
"""A volume has five files that describe."""


@pytest.fixture
def disk(settings, tmp_path: Path) -> OfflineSet:
    made = OfflineSet(tmp_path)
    settings.SITES = made.settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    (tmp_path / "data").mkdir()
    settings.OBJECT_VERSIONS, settings.OBJECT_FILES = VERSIONS, FILES
    return made


def project_of_many_files() -> KeptProject:
    project = KeptProject(names=[("C5-12", f"地基验槽记录{number}.pdf") for number in range(ORIGINALS)])
    project.preserve()
    return project


def change(project: KeptProject, times: int) -> None:
    for number in range(times):
        Record.objects.filter(id=project.record_ids[0]).update(notes=f"补记{timezone.now()}{number}")
        assert ingesting.keep_project(project.project_id) is True


@pytest.fixture
def kept(db: Any, disk: OfflineSet) -> KeptProject:
    """A project whose catalogue is in its second object."""
    project = KeptProject()
    project.preserve()
    change(project, 2)
    return project


def names_of(project: KeptProject) -> dict[str, list[str]]:
    ids = ArchivalObject.objects.order_by("kind", "part", "generation").values_list("kind", "ocfl_id")
    volume, whole = f"urn:uuid:{project.volume_ids[0]}", f"urn:uuid:{project.project_id}"
    told: dict[str, list[str]] = {}
    for kind, ocfl_id in ids:
        told.setdefault(kind, []).append(ocfl_id.removeprefix(volume).removeprefix(whole))
    return told


def objects() -> list[tuple[Any, ...]]:
    fields = (
        "id", "ocfl_id", "kind", "part", "generation", "newest", "successor", "title", "accession_no", "version", "files",
        "bytes", "stored_bytes", "class_level", "protection", "inventory_sha512",
    )  # fmt: skip
    return list(ArchivalObject.objects.order_by("id").values_list(*fields))


@pytest.mark.django_db
def test_a_volume_in_parts_and_a_succeeded_catalogue_are_verified_mended_counted_and_given_as_one(
    tmp_path: Path, disk: OfflineSet, client: Client
):
    kept = project_of_many_files()
    change(kept, 2)
    assert names_of(kept) == {"project": ["", ":g2"], "volume": ["", ":p2"]}
    assert set(Copy.objects.values_list("state", flat=True)) == {"verified"}
    assert command.verify() == command.OK
    assert judged_by_ocfl_py(roots(tmp_path)) == []

    first, part = ArchivalObject.objects.filter(kind="volume").order_by("part")
    assert (first.files, part.files) == (IN_FIRST, ORIGINALS - IN_FIRST)
    proofs = queries.state_of(kept.volume_ids[0], timezone.now())
    assert [(row.site.code, row.state.value) for row in proofs if row.state] == [("a", "verified"), ("b", "verified")]
    books.compare(actor=kept.site.archivist, now=timezone.now())
    agreed = BookComparison.objects.latest("made_at")
    near = [side for side in agreed.sides if side["volumes"] is not None]
    assert agreed.difference_count == 0
    assert {(side["volumes"], side["files"]) for side in near} == {(1, ORIGINALS)}
    counts = register_queries.counts_of(queries.known_objects(kept.site.archivist), timezone.now())
    assert (counts.volumes, counts.files, counts.objects) == (1, ORIGINALS, 4)

    lost = next(path for path in (roots(tmp_path)[1].object_folder(part.ocfl_id)).rglob("files/0021.pdf"))
    lost.write_bytes(b"rotten")
    assert command.verify() == command.WRONG
    assert {row.state.value for row in queries.state_of(kept.volume_ids[0], timezone.now()) if row.state} == {
        "verified", "damaged"
    }  # fmt: skip
    assert command.verify(repair=True) == command.OK
    assert tree(roots(tmp_path)[0].folder) == tree(roots(tmp_path)[1].folder)

    code = "2403-990241-48-01-012345"
    assert give(project_code=code, form=Form.BAGIT, target=tmp_path / "bag", now=NOW).volumes == 1
    wanted = set(content_holdings.BLOB.model.objects.values_list("sha256", flat=True))
    listed = (tmp_path / "bag" / "manifest-sha256.txt").read_text(encoding="utf-8")
    assert len(wanted) == ORIGINALS and all(digest in listed for digest in wanted)
    Copy.objects.filter(object=part).update(state="damaged")
    with pytest.raises(CannotGive) as refused:
        give(project_code=code, form=Form.BAGIT, target=tmp_path / "again", now=NOW)
    assert [reason.code for reason in refused.value.reasons] == ["preservation.no_verified_copy"]
    assert command.verify() == command.OK

    disk.connect()
    assert command.call_in("c") == command.OK
    assert Copy.objects.filter(site__code="c", state="verified").count() == 4
    shutil.rmtree(roots(tmp_path)[0].object_folder(part.ocfl_id))
    books.compare(actor=kept.site.archivist, now=timezone.now())
    client.force_login(Account.objects.get(username="archivist"))
    assert f"/preservation/{part.id}/" in client.get(f"/preservation/{first.id}/").content.decode()
    assert "第 2 分部" in client.get("/preservation/").content.decode()
    [difference] = BookComparison.objects.latest("made_at").differences
    assert (difference["what"], difference["name"]) == ("counts", "a库")


def test_each_object_names_the_others_and_the_pages_show_it(kept: KeptProject, tmp_path: Path, client: Client):
    root = roots(tmp_path)[0]
    older, newer = ArchivalObject.objects.filter(kind="project").order_by("generation")
    assert (older.newest, older.successor_id, older.version) == (False, newer.pk, VERSIONS)
    for row, named in ((older, {"successor": newer.ocfl_id}), (newer, {"predecessor": older.ocfl_id})):
        described = read_json(root.object_folder(row.ocfl_id), root.inventory(row.ocfl_id), "description.json")
        assert named.items() <= described["links"].items()
    [entry] = Entry.objects.filter(act="preservation.object.succeeded")
    assert entry.data["successor"] == newer.ocfl_id

    client.force_login(Account.objects.get(username="archivist"))
    page = client.get(f"/preservation/{older.id}/").content.decode()
    assert "后续对象" in page and f"/preservation/{newer.id}/" in page and "已有后续对象" in page
    page = client.get(f"/preservation/{newer.id}/").content.decode()
    assert "前一对象" in page and f"/preservation/{older.id}/" in page and "第 2 代" in page
    assert "第 2 代" in client.get("/preservation/").content.decode()
    told = {result.part: result for result in doctor.versions()}
    assert told["对象版本 versions"].verdict == "well"
    assert "后续对象接续" in told["对象版本 versions"].said


def test_only_the_newest_object_is_due_at_night_and_all_bear_the_title_and_level_of_now(
    kept: KeptProject, monkeypatch: pytest.MonkeyPatch
):
    from zhudang.preservation import jobs
    from zhudang.registry.models import Project

    asked: list[str] = []
    monkeypatch.setattr(jobs.keep_project, "defer", lambda project_id: asked.append(project_id))
    nightly.run()
    assert asked == [str(kept.project_id)]
    Project.objects.filter(id=kept.project_id).update(level=0, name="滨河安置房（改名）")
    ingesting.keep_project(kept.project_id)
    rows = ArchivalObject.objects.filter(kind="project")
    assert list(rows.values_list("title", "level")) == [("滨河安置房（改名）", 0)] * 2
    with pytest.raises(IntegrityError, match="preservation_one_newest_object_a_part"):
        rows.update(successor=None, newest=True)


def test_a_job_killed_between_successor_and_predecessor_gets_its_rows_from_the_next_run(
    kept: KeptProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    change(kept, 1)  # the second object has its last state now

    def killed(storing: Any, name: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Storing, "_close", killed)
        change(kept, 1)
    assert names_of(kept)["project"] == ["", ":g2"]
    assert roots(tmp_path)[0].inventory(f"urn:uuid:{kept.project_id}:g3") is not None
    assert ingesting.keep_project(kept.project_id) is True
    assert names_of(kept)["project"] == ["", ":g2", ":g3"]
    assert list(ArchivalObject.objects.filter(kind="project").order_by("generation").values_list("newest", "version")) == [
        (False, 3), (False, 3), (True, 1)
    ]  # fmt: skip
    assert not ArchivalObject.objects.filter(newest=False, successor=None).exists()
    assert command.verify() == command.OK
    assert judged_by_ocfl_py(roots(tmp_path)) == []


@pytest.fixture
def lost(committed_db: Any, django_db_blocker: Any, disk: OfflineSet) -> Iterator[KeptProject]:
    with django_db_blocker.unblock():
        project = project_of_many_files()
        change(project, 4)
        yield project


def test_a_succeeded_project_with_a_volume_in_parts_is_rebuilt_and_served_field_for_field(
    lost: KeptProject, cluster: Any, tmp_path: Path
):
    exports, rows = _exports(), objects()
    assert names_of(lost)["project"] == ["", ":g2", ":g3"]
    digests = list(content_holdings.BLOB.model.objects.values_list("sha256", flat=True))
    shutil.rmtree(tmp_path / "content")
    with _another_empty_database(cluster):
        assert command.rebuild("b") == 0
        assert _exports() == exports
        assert objects() == rows
        assert all(
            not content_holdings.lacks_bytes(row.sha256, row.size) for row in content_holdings.BLOB.model.objects.all()
        )
        assert keeping.known_of(lost.project_id, []).newest == {1: 3}
        assert command.verify() == command.OK
        change(lost, 1)
        assert names_of(lost)["project"] == ["", ":g2", ":g3"]
    with _another_empty_database(cluster):
        root = emergency.open_copy(tmp_path / "a")
        found = emergency.look_over(root)
        assert (len(found.projects), len(found.objects), found.unreadable) == (1, 5, [])
        for step in STEPS:
            emergency.restore_step(root, found.projects[0], step)
        emergency.restore_step(root, found.projects[0], emergency.remaining_names(root, found.projects[0]))
        assert json.dumps(_exports(), default=str, ensure_ascii=False).count("补记") == 1, "the newest state, once"
        assert emergency.note_places(root, found.objects) >= len(digests)
    shutil.rmtree(root.object_folder(f"urn:uuid:{lost.project_id}:g3"))
    with _another_empty_database(cluster):
        assert command.rebuild("a") == 2, "an older state is not taken for the newest"
        found = emergency.look_over(root)
        assert len(found.projects) == 1
        assert [name.endswith(f"{lost.project_id}%3ag3") for name in found.unreadable] == [True]
