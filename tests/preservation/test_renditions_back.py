"""Renditions come back from one store, rows and bytes."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from preservation.format_files import FormatsProject, use
from preservation.test_migrating import migrate
from preservation.test_rebuilding import _another_empty_database
from zhudang.content import queries as content
from zhudang.content.models import File
from zhudang.preservation import command, emergency
from zhudang.preservation.formats import renditions
from zhudang.preservation.ingesting import keep_project
from zhudang.preservation.models import HeldFormat, Rendition

HELD = ("object_id", "format_id", "format_name", "mime", "rendition", "files", "bytes")


def test_renditions_come_back_from_the_store_field_for_field(
    committed_db, cluster, django_db_blocker, settings, tmp_path: Path
):
    with django_db_blocker.unblock():
        use(settings, tmp_path)
        project = FormatsProject()
        project.preserve()
        migrate(project)
        keep_project(project.project_id)
        held = sorted(HeldFormat.objects.values_list(*HELD))
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
            assert sorted(HeldFormat.objects.values_list(*HELD)) == held
            shown = renditions.of_originals([rows[0]["original_id"]])
            assert shown
        with _another_empty_database(cluster):
            root = emergency.open_copy(tmp_path / "b")
            found = emergency.look_over(root)
            for step in (emergency.FOUNDATION, emergency.RECORDS, emergency.FILES):
                for each in found.projects:
                    emergency.restore_step(root, each, step)
            for each in found.projects:
                emergency.restore_step(root, each, emergency.remaining_names(root, each))
            assert list(Rendition.objects.order_by("id").values()) == rows
            emergency.note_places(root, found.objects)
            for digest, data in bytes_of.items():
                emergency.bring(digest, tmp_path / digest)
                assert (tmp_path / digest).read_bytes() == data
