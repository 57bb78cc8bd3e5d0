"""Migrations on preserved files, end to end: converted, compared, kept beside the original in a new version."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from uuid import UUID

import bagit
import pytest
from PIL import Image

from filing.filing_support import NOW
from preservation.format_files import BMP, FILES, PLAIN, TEXT, XLSX, FormatsProject, use, workbook
from preservation.kept_project import keeper, roots
from preservation.test_rebuilding import _another_empty_database
from zhudang.audit.models import Entry
from zhudang.content import queries as content
from zhudang.content.models import File
from zhudang.events import work
from zhudang.preservation import command, reading
from zhudang.preservation.formats import migrating, paths, renditions
from zhudang.preservation.formats.converters import images
from zhudang.preservation.giving import operations as giving
from zhudang.preservation.ingesting import keep_project
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
    migration_id = migrating.order(
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


def test_a_picture_becomes_a_tiff_with_every_pixel_beside_its_untouched_original_at_every_site(project, tmp_path: Path):
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
                assert new.format == "TIFF"
                assert new.tobytes() == old.tobytes()
                assert [round(each) for each in new.info["dpi"]] == [300, 300]


def test_all_files_of_a_volume_go_into_one_version_which_is_read_back(project):
    migrate(project)
    item = ArchivalObject.objects.get(kind="volume")
    assert item.version == 2
    assert item.files == len(FILES)
    assert {(copy.version, copy.state) for copy in Copy.objects.filter(object=item)} == {(2, "verified")}
    assert all(outcome.sound for outcome in reading.read_all(repair=False, now=lambda: NOW))


def test_the_description_and_the_premis_event_tell_tool_version_digests_and_who_ordered_it(project, tmp_path: Path):
    migrate(project)
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


def test_a_text_becomes_utf8_character_by_character(project, tmp_path: Path):
    migrate(project, "x-fmt/111", "utf8")
    [path] = [path for path in state_in(tmp_path) if path.startswith("renditions/")]
    assert state_in(tmp_path)[path].read_bytes() == TEXT.encode()
    assert Rendition.objects.get().file.name == "说明.utf8.txt"


def test_a_workbook_becomes_a_csv_a_sheet_with_the_stored_values(project, tmp_path: Path):
    migrate(project, "fmt/214", "csv")
    row = Rendition.objects.get()
    assert (row.label, row.file.name, row.file.format_id) == ("工程量", "工程量-工程量.csv", "x-fmt/18")
    [path] = [path for path in state_in(tmp_path) if path.startswith("renditions/")]
    lines = state_in(tmp_path)[path].read_bytes().decode("utf-8-sig")
    assert lines.startswith('名称,数量,合价\r\n"钢筋, HRB400",3.25,-1e-07\r\n"带""引号""\n换行",TRUE,\r\n')


def test_the_same_migration_again_makes_nothing_and_says_so(project):
    migrate(project)
    again = migrate(project)
    assert (again.state, again.files, again.made, again.already, again.failed) == ("done", 2, 0, 2, 0)
    assert ArchivalObject.objects.get(kind="volume").version == 2
    assert Rendition.objects.count() == 2


def test_the_same_tool_gives_the_same_bytes(project):
    migrate(project)
    first = sorted(Rendition.objects.values_list("result_sha256", flat=True))
    Rendition.objects.all().delete()
    migrate(project)
    assert sorted(Rendition.objects.values_list("result_sha256", flat=True)) == first


def test_a_later_tool_supersedes_and_the_old_one_stays_in_the_earlier_version(project, tmp_path: Path, monkeypatch):
    migrate(project)
    old = list(Rendition.objects.all())
    monkeypatch.setattr(paths, "_version", lambda _package: "99.0")
    done = migrate(project)
    assert (done.made, done.already) == (2, 0)
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


@pytest.mark.parametrize(
    ("name", "data", "kind", "path", "reason"),
    [
        ("坏.bmp", b"BM" + bytes(60), BMP, "tiff", "preservation.migration_unreadable"),
        ("动.bmp", None, BMP, "tiff", "preservation.migration_frames"),
        ("算.xlsx", workbook(formula=True), XLSX, "csv", "preservation.migration_formula_without_value"),
        ("码.txt", bytes(range(1, 200)) * 3, PLAIN, "utf8", "preservation.migration_encoding_unknown"),
    ],
)
def test_what_fails_is_not_stored_and_told_by_file_with_the_reason(settings, tmp_path, name, data, kind, path, reason):
    use(settings, tmp_path)
    if data is None:
        import io

        out = io.BytesIO()
        frames = [Image.new("P", (4, 4), number) for number in (1, 2)]
        frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
        data = out.getvalue()
    project = FormatsProject({name: (data, kind)})
    project.preserve()
    done = migrate(project, kind[0], path)
    assert (done.state, done.made, done.failed) == ("done", 0, 1)
    outcome = MigrationOutcome.objects.get()
    assert (outcome.failed, outcome.reason["code"], outcome.file.name) == (True, reason, name)
    assert not Rendition.objects.exists()
    assert ArchivalObject.objects.get(kind="volume").version == 1


def test_a_result_that_is_not_what_the_original_says_is_not_stored(project, monkeypatch):
    """A tool that loses one pixel: its result is made, compared, and dropped."""
    honest = Image.Image.save

    def lossy(self, target, *given, **more):
        copy = self.copy()
        copy.putpixel((0, 0), (1, 2, 3))
        honest(copy, target, *given, **more)

    monkeypatch.setattr(Image.Image, "save", lossy)
    source = Path(content.stored_file(project.file("地基验槽照片.bmp").id).path)
    with pytest.raises(images.NotConverted, match="differs"):
        images.convert(source, source.parent)


def test_a_text_that_is_utf8_already_needs_nothing_and_the_page_may_say_why(settings, tmp_path):
    use(settings, tmp_path)
    project = FormatsProject({"说明.txt": (TEXT.encode(), PLAIN)})
    project.preserve()
    done = migrate(project, "x-fmt/111", "utf8")
    assert (done.made, done.already, done.failed) == (0, 1, 0)
    assert MigrationOutcome.objects.get().reason["code"] == "preservation.migration_already"


def test_two_migrations_at_once_are_refused_with_the_reason(project):
    migrating.order(actor=project.site.archivist, format_id="fmt/116", path_code="tiff", project_id=None, now=NOW)
    with pytest.raises(migrating.CannotMigrate) as refused:
        migrating.order(actor=project.site.archivist, format_id="fmt/214", path_code="csv", project_id=None, now=NOW)
    assert [reason.code for reason in refused.value.reasons] == ["preservation.migration_under_way"]
    assert FormatMigration.objects.count() == 1


def test_an_absent_tool_is_told_and_nothing_begins(project, monkeypatch):
    monkeypatch.setattr(paths, "_version", lambda _package: "")
    with pytest.raises(migrating.CannotMigrate) as refused:
        migrating.order(actor=project.site.archivist, format_id="fmt/116", path_code="tiff", project_id=None, now=NOW)
    assert [reason.code for reason in refused.value.reasons] == ["preservation.tool_absent"]
    assert not FormatMigration.objects.exists()


def test_a_run_killed_after_converting_goes_on_without_converting_again(project, monkeypatch):
    migration_id = migrating.order(
        actor=project.site.archivist, format_id="fmt/116", path_code="tiff", project_id=None, now=NOW
    )

    class Killed(BaseException):
        pass

    def killed(*_given):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(migrating, "_kept", killed)
        with pytest.raises(Killed):
            migrating.run(migration_id)
    assert Rendition.objects.filter(kept_at__isnull=True).count() == 2
    assert not renditions.of_originals([project.file("地基验槽照片.bmp").id])
    monkeypatch.setattr(migrating.converting, "convert", killed)
    assert not migrating.run(migration_id)
    done = FormatMigration.objects.get(id=migration_id)
    assert (done.state, done.made, done.failed) == ("done", 2, 0)
    assert Rendition.objects.filter(kept_at__isnull=False).count() == 2


def test_a_run_killed_between_the_version_and_its_rows_writes_no_second_version(project, monkeypatch):
    migration_id = migrating.order(
        actor=project.site.archivist, format_id="fmt/116", path_code="tiff", project_id=None, now=NOW
    )

    class Killed(BaseException):
        pass

    def killed(*_given, **_more):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(migrating.keeping, "note_kept", killed)
        with pytest.raises(Killed):
            migrating.run(migration_id)
    assert not migrating.run(migration_id)
    assert ArchivalObject.objects.get(kind="volume").version == 2
    assert Rendition.objects.filter(kept_at__isnull=False).count() == 2


def test_a_cancelled_migration_stops_between_two_files_and_the_next_order_finds_what_was_made(project, monkeypatch):
    migration_id = migrating.order(
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


def test_a_stranger_who_may_read_the_original_may_read_its_rendition_and_nobody_else(project):
    migrate(project)
    row = Rendition.objects.first()
    assert content.file_for(project.site.clerk, row.file_id).sha256 == row.result_sha256
    with pytest.raises(NotFound):
        content.file_for(project.site.outsider, row.file_id)


def test_ordering_and_ending_are_in_the_log(project):
    migrate(project)
    acts = set(Entry.objects.filter(act__startswith="preservation.migration").values_list("act", flat=True))
    assert acts == {"preservation.migration.ordered", "preservation.migration.done"}


def test_only_keepers_and_archivists_order(project):
    with pytest.raises(Forbidden):
        migrating.order(actor=project.site.clerk, format_id="fmt/116", path_code="tiff", project_id=None, now=NOW)
    keeper_actor = keeper(project.site)
    assert isinstance(
        migrating.order(
            actor=keeper_actor, format_id="fmt/116", path_code="tiff", project_id=project.project_id, now=NOW
        ),
        UUID,
    )


def test_a_bag_carries_the_renditions_and_holds(project, tmp_path: Path):
    migrate(project)
    code = "2403-990241-48-01-012345"
    giving.give(
        project_code=code, reference_codes=(), form=giving.Form.BAGIT, target=tmp_path / "bag", level=1, now=NOW
    )
    bagit.Bag(str(tmp_path / "bag")).validate()
    assert len(list((tmp_path / "bag").rglob("renditions/*.tif"))) == 2


def test_renditions_come_back_from_the_store_field_for_field(
    committed_db, cluster, django_db_blocker, settings, tmp_path: Path
):
    with django_db_blocker.unblock():
        use(settings, tmp_path)
        project = FormatsProject()
        project.preserve()
        migrate(project)
        keep_project(project.project_id)
        rows = list(Rendition.objects.order_by("id").values())
        files = list(File.objects.filter(own_document=True).order_by("id").values())
        bytes_of = {row["result_sha256"]: content.stored_file(row["file_id"]).path.read_bytes() for row in rows}
        shutil.rmtree(tmp_path / "content")
        with _another_empty_database(cluster):
            assert command.rebuild("a") == 0
            assert list(Rendition.objects.order_by("id").values()) == rows
            back = {row["id"]: row for row in File.objects.values()}
            for row in files:
                if row["id"] in {each["file_id"] for each in rows}:
                    assert {k: v for k, v in back[row["id"]].items() if k != "in_record"} == {
                        k: v for k, v in row.items() if k != "in_record"
                    }
            for digest, data in bytes_of.items():
                assert hashlib.sha256(data).hexdigest() == digest
                assert (
                    content.stored_file(
                        next(r["file_id"] for r in rows if r["result_sha256"] == digest)
                    ).path.read_bytes()
                    == data
                )
            shown = renditions.of_originals([rows[0]["original_id"]])
            assert shown
