"""Migrations on preserved files, end to end: converted, compared, kept beside the original in a new version."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import bagit
import pytest
from PIL import Image

from filing.filing_support import NOW
from preservation.format_files import BMP, FILES, PLAIN, TEXT, FormatsProject, use
from preservation.kept_project import keeper, roots
from zhudang.audit.models import Entry
from zhudang.content import queries as content
from zhudang.content.models import File
from zhudang.events import work
from zhudang.preservation import reading
from zhudang.preservation.formats import migrating, ordering, paths, renditions
from zhudang.preservation.giving import operations as giving
from zhudang.preservation.models import ArchivalObject, Copy, FormatMigration, MigrationOutcome, Rendition
from zhudang.preservation.ocfl import reader
from zhudang.shared.refusals import Forbidden, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(settings, tmp_path: Path) -> FormatsProject:
    use(settings, tmp_path)
    project = FormatsProject()
    project.preserve()
    return project


def migrate(project: FormatsProject, format_id: str = "fmt/116", path: str = "tiff") -> FormatMigration:
    migration_id = ordering.order(
        actor=project.site.archivist, format_id=format_id, path_code=path, project_id=None, now=NOW
    )
    assert not migrating.run(migration_id)
    return FormatMigration.objects.get(id=migration_id)


def state_in(folder: Path, code: str = "a") -> dict[str, Path]:
    """Where the newest version's files of the one volume lie at a site."""
    root = next(root for root in roots(folder) if root.place.name == code)
    item = ArchivalObject.objects.get(kind="volume")
    inventory = root.inventory(item.ocfl_id)
    return {name: reader.stored_file(root.object_folder(item.ocfl_id), inventory, name) for name in inventory.state}


def document(folder: Path, name: str) -> dict:
    return json.loads(state_in(folder)[name].read_bytes())


def test_pictures_become_tiff_beside_their_untouched_originals_in_one_new_version_at_every_site(
    project, tmp_path: Path
):
    before = {path: file.read_bytes() for path, file in state_in(tmp_path).items() if path.startswith("files/")}
    done = migrate(project)
    assert (done.state, done.files, done.made, done.already, done.failed) == ("done", 2, 2, 0, 0)
    for code in ("a", "b"):
        found = state_in(tmp_path, code)
        assert {path: found[path].read_bytes() for path in before} == before
        made = [path for path in found if path.startswith("renditions/")]
        assert len(made) == 2
        for path in made:
            number = path.removeprefix("renditions/")[:4]
            with Image.open(found[path]) as new, Image.open(found[f"files/{number}.bmp"]) as old:
                assert (new.format, new.tobytes()) == ("TIFF", old.tobytes())
    item = ArchivalObject.objects.get(kind="volume")
    assert (item.version, item.files) == (2, len(FILES))
    assert {(copy.version, copy.state) for copy in Copy.objects.filter(object=item)} == {(2, "verified")}
    assert all(outcome.sound for outcome in reading.read_all(repair=False, now=lambda: NOW))

    assert_described(project, tmp_path)


def assert_described(project: FormatsProject, tmp_path: Path) -> None:
    """Description and PREMIS event tell tool, version, digests, who ordered it and what was compared."""
    described = document(tmp_path, "description.json")
    [file] = [f for r in described["records"] for f in r["files"] if f["original_name"] == "地基验槽照片.bmp"]
    [rendition] = file["renditions"]
    assert described["labels"]["rendition"]["tool"] == "转换工具"
    assert rendition["source_sha256"] == file["sha256"]
    assert rendition["sha256"] == hashlib.sha256(state_in(tmp_path)[rendition["stored_as"]].read_bytes()).hexdigest()
    assert rendition["figures"]["pixels"] == 63
    told = document(tmp_path, "provenance.json")
    [event] = [
        each for each in told["events"]
        if each["eventType"] == "migration" and each["eventDetailInformation"]["eventDetailExtension"]["resultSHA256"] == rendition["sha256"]
    ]  # fmt: skip
    detail = event["eventDetailInformation"]["eventDetailExtension"]
    assert (detail["tool"], detail["toolVersion"]) == ("Pillow", paths.PATHS["tiff"].version)
    assert detail["sourceSHA256"] == file["sha256"]
    assert detail["orderedBy"] == project.site.archivist.name
    assert event["eventOutcomeInformation"]["eventOutcome"] == "success"
    assert event["eventOutcomeInformation"]["eventOutcomeDetail"]["check"] == "pixels"
    assert "转换件" in state_in(tmp_path)["description.xml"].read_text()
    [made] = [each for each in told["objects"] if each["objectIdentifier"]["value"] == rendition["id"]]
    assert made["relationship"]["relatedObjectIdentifier"]["value"] == file["id"]


def test_texts_become_utf8_and_workbooks_a_csv_a_sheet(project, tmp_path: Path):
    migrate(project, "x-fmt/111", "utf8")
    migrate(project, "fmt/214", "csv")
    stored = {row.path: row for row in Rendition.objects.all()}
    assert stored["utf8"].file.name == "说明.utf8.txt"
    assert (stored["csv"].label, stored["csv"].file.name, stored["csv"].file.format_id) == (
        "工程量", "工程量-工程量.csv", "x-fmt/18",
    )  # fmt: skip
    made = {path: file for path, file in state_in(tmp_path).items() if path.startswith("renditions/")}
    found = {path.split("-")[1]: file.read_bytes() for path, file in made.items()}
    assert found["utf8"] == TEXT.encode()
    assert found["csv"].decode("utf-8-sig").startswith('名称,数量,合价\r\n"钢筋, HRB400",3.25,-1e-07\r\n')


def test_the_same_tool_makes_nothing_again_and_a_later_one_supersedes_while_the_old_stays_in_the_earlier_version(
    project, tmp_path: Path, monkeypatch
):
    migrate(project)
    first = sorted(Rendition.objects.values_list("result_sha256", flat=True))
    again = migrate(project)
    assert (again.state, again.files, again.made, again.already, again.failed) == ("done", 2, 0, 2, 0)
    assert ArchivalObject.objects.get(kind="volume").version == 2
    assert Rendition.objects.count() == 2

    old = list(Rendition.objects.all())
    monkeypatch.setattr(paths, "_version", lambda _package: "99.0")
    done = migrate(project)
    assert (done.made, done.already) == (2, 0)
    again = Rendition.objects.filter(superseded_at__isnull=True)
    assert sorted(again.values_list("result_sha256", flat=True)) == first, "the same bytes from the same file"
    assert Rendition.objects.filter(superseded_at__isnull=False).count() == 2
    assert all(Rendition.objects.get(id=row.id).superseded_at for row in old)
    described = document(tmp_path, "description.json")
    told = [
        r["tool_version"] for record in described["records"] for f in record["files"] for r in f.get("renditions", ())
    ]
    assert told == ["99.0+zd1", "99.0+zd1"]
    root = roots(tmp_path)[0]
    item = ArchivalObject.objects.get(kind="volume")
    inventory = root.inventory(item.ocfl_id)
    assert {path for path in inventory.versions[2].state if path.startswith("renditions/")}


def test_what_fails_is_not_stored_and_every_file_of_which_nothing_is_kept_is_told_with_its_reason(settings, tmp_path):
    use(settings, tmp_path)
    broken = {
        "坏.bmp": (b"BM" + bytes(60), BMP),
        "好.bmp": FILES["地基验槽照片.bmp"],
        "说明.txt": (TEXT.encode(), PLAIN),
    }
    project = FormatsProject(broken)
    project.preserve()
    done = migrate(project)
    assert (done.state, done.files, done.made, done.failed) == ("done", 2, 1, 1)
    done = migrate(project, "x-fmt/111", "utf8")
    assert (done.made, done.already, done.failed) == (0, 1, 0)
    told = {row.file.name: (row.failed, row.reason["code"]) for row in MigrationOutcome.objects.all()}
    assert told == {
        "坏.bmp": (True, "preservation.migration_unreadable"), "说明.txt": (False, "preservation.migration_already"),
    }  # fmt: skip
    assert Rendition.objects.get().original.name == "好.bmp"


def test_an_absent_tool_or_another_migration_under_way_is_refused_with_the_reason(project, monkeypatch):
    def refused(format_id: str, path: str) -> list[str]:
        with pytest.raises(ordering.CannotMigrate) as refusal:
            ordering.order(actor=project.site.archivist, format_id=format_id, path_code=path, project_id=None, now=NOW)
        return [reason.code for reason in refusal.value.reasons]

    with monkeypatch.context() as patched:
        patched.setattr(paths, "_version", lambda _package: "")
        assert refused("fmt/116", "tiff") == ["preservation.tool_absent"]
    assert not FormatMigration.objects.exists()
    with pytest.raises(Forbidden):
        ordering.order(actor=project.site.clerk, format_id="fmt/116", path_code="tiff", project_id=None, now=NOW)
    ordering.order(
        actor=keeper(project.site), format_id="fmt/116", path_code="tiff", project_id=project.project_id, now=NOW
    )
    assert refused("fmt/214", "csv") == ["preservation.migration_under_way"]
    assert FormatMigration.objects.count() == 1


def test_a_run_killed_before_or_after_the_version_converts_nothing_again_and_writes_no_second_version(
    project, monkeypatch
):
    migration_id = ordering.order(
        actor=project.site.archivist, format_id="fmt/116", path_code="tiff", project_id=None, now=NOW
    )

    class Killed(BaseException):
        pass

    def killed(*_given, **_more):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(migrating, "_kept", killed)
        with pytest.raises(Killed):
            migrating.run(migration_id)
    assert Rendition.objects.filter(kept_at__isnull=True).count() == 2
    assert not renditions.of_originals([project.file("地基验槽照片.bmp").id]), "made, but not proven to be kept"
    monkeypatch.setattr(migrating.converting, "convert", killed)
    with monkeypatch.context() as patched:
        patched.setattr(migrating.keeping, "note_kept", killed)
        with pytest.raises(Killed):
            migrating.run(migration_id)
    assert not migrating.run(migration_id)
    done = FormatMigration.objects.get(id=migration_id)
    assert (done.state, done.made, done.failed) == ("done", 2, 0)
    assert ArchivalObject.objects.get(kind="volume").version == 2
    assert Rendition.objects.filter(kept_at__isnull=False).count() == 2


def test_a_cancelled_migration_stops_between_two_files_and_the_next_order_finds_what_was_made(project, monkeypatch):
    migration_id = ordering.order(
        actor=project.site.archivist, format_id="fmt/116", path_code="tiff", project_id=None, now=NOW
    )
    row = FormatMigration.objects.get(id=migration_id)
    honest = migrating.converting.convert

    def then_cancel(*given, **more):
        made = honest(*given, **more)
        work.ask_to_cancel(actor=project.site.archivist, work_id=row.work_id, now=NOW)
        return made

    with monkeypatch.context() as patched:
        patched.setattr(migrating.converting, "convert", then_cancel)
        assert not migrating.run(migration_id)
    row.refresh_from_db()
    assert (row.state, row.open) == ("cancelled", False)
    done = migrate(project)
    assert done.made == 2
    assert Rendition.objects.filter(kept_at__isnull=False).count() == 2


def test_who_may_read_the_original_may_read_its_rendition_and_a_bag_carries_it(project, tmp_path: Path):
    migrate(project)
    acts = set(Entry.objects.filter(act__startswith="preservation.migration").values_list("act", flat=True))
    assert acts == {"preservation.migration.ordered", "preservation.migration.done"}
    row = Rendition.objects.first()
    assert content.file_for(project.site.clerk, row.file_id).sha256 == row.result_sha256
    with pytest.raises(NotFound):
        content.file_for(project.site.outsider, row.file_id)
    File.objects.filter(id=row.original_id).update(level=2)
    with pytest.raises(NotFound):
        content.file_for(project.site.clerk, row.file_id)
    File.objects.filter(id=row.original_id).update(level=1)
    code = "2403-990241-48-01-012345"
    giving.give(
        project_code=code, reference_codes=(), form=giving.Form.BAGIT, target=tmp_path / "bag", level=1, now=NOW
    )
    bagit.Bag(str(tmp_path / "bag")).validate()
    assert len(list((tmp_path / "bag").rglob("renditions/*.tif"))) == 2
