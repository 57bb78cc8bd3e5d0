"""One copy and nothing else: the archive can be searched, looked at, and nothing of the copy changes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from filing.filing_support import NOW
from preservation.kept_project import KeptProject, roots, site_settings
from preservation.key_support import classes_of
from preservation.test_rebuilding import _another_empty_database, _exports
from preservation.test_sealed_holdings import hold
from zhudang.cli.serve import free_port
from zhudang.content import holdings as content_holdings
from zhudang.content import store
from zhudang.demo.visitor import Visitor
from zhudang.discovery.models import PageText
from zhudang.filing.models import Record, Volume
from zhudang.identity.rights import SYSTEM
from zhudang.preservation import emergency
from zhudang.preservation.keys import of_copy
from zhudang.preservation.ocfl.root import StorageRoot, StoreUnreachable
from zhudang.registry import operations as registry
from zhudang.registry.models import Project, UnitWork

STEPS = (emergency.FOUNDATION, emergency.RECORDS, emergency.FILES)


@pytest.fixture
def places(settings, tmp_path: Path) -> Path:
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    (tmp_path / "data").mkdir()
    return tmp_path


def as_it_lies(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every name below `folder`: moment of the last change, mode, bytes."""
    told = {}
    for path in sorted(folder.rglob("*")):
        facts = path.lstat()
        told[str(path)] = (facts.st_mtime_ns, facts.st_mode, path.read_bytes() if path.is_file() else b"")
    return told


# ── what the loader reads ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_steps_together_bring_what_a_rebuild_brings(committed_db, cluster, django_db_blocker, places: Path):
    with django_db_blocker.unblock():
        for tag, code in (("", "2403-990241-48-01-012345"), ("乙", "2403-990241-48-01-012346")):
            KeptProject(code, tag).preserve()
        lost = _exports()
        with _another_empty_database(cluster):
            root = emergency.open_copy(places / "a")
            found = emergency.look_over(root)
            assert (len(found.projects), len(found.objects), found.unreadable) == (2, 4, [])
            assert found.as_of is not None
            for step in STEPS:
                for project in found.projects:
                    emergency.restore_step(root, project, step)
            for project in found.projects:
                emergency.restore_step(root, project, emergency.remaining_names(root, project))
            assert _exports() == lost


def test_a_sealed_copy_is_closed_without_its_key_and_whole_with_it(
    committed_db, cluster, django_db_blocker, places: Path, settings
):
    settings.KEY_CLASSES = classes_of(places, "internal")
    with django_db_blocker.unblock():
        hold()
        KeptProject().preserve()
        lost = _exports()
        digests = list(content_holdings.BLOB.model.objects.values_list("sha256", flat=True))
        before = as_it_lies(places / "a")
        with _another_empty_database(cluster):
            root = emergency.open_copy(places / "a")
            settings.CONTENT_ROOT = str(places / "elsewhere")
            without = emergency.look_over(root)
            assert (without.projects, without.objects, len(without.closed)) == ([], [], 2)
            found_keys, closed = of_copy.open_class_keys(root.folder, of_copy.opener_from(settings.DATA / "keys"))
            assert closed == []
            of_copy.leave(settings.DATA, found_keys)
            found = emergency.look_over(root)
            assert (len(found.projects), len(found.objects), found.closed, found.unreadable) == (1, 2, [], [])
            [project] = found.projects
            for step in STEPS:
                emergency.restore_step(root, project, step)
            emergency.restore_step(root, project, emergency.remaining_names(root, project))
            assert _exports() == lost
            emergency.note_places(root, found.objects)
            for sha256 in digests:
                wanted = places / "elsewhere" / sha256
                emergency.bring(sha256, wanted)
                assert hashlib.sha256(wanted.read_bytes()).hexdigest() == sha256
        assert as_it_lies(places / "a") == before


def test_a_site_and_the_store_in_it_are_the_same_copy_and_anything_else_is_none(places: Path):
    StorageRoot.create(places / "a")
    assert emergency.open_copy(places / "a").folder == emergency.open_copy(places / "a/store").folder
    with pytest.raises(StoreUnreachable):
        emergency.open_copy(places)
    assert not (places / "store").exists()


def test_a_damaged_project_is_told_and_the_others_are_served(committed_db, cluster, django_db_blocker, places: Path):
    with django_db_blocker.unblock():
        kept = [
            KeptProject(code, tag)
            for tag, code in (("", "2403-990241-48-01-012345"), ("乙", "2403-990241-48-01-012346"))
        ]
        for project in kept:
            project.preserve()
        root = roots(places)[0]
        table = next(root.object_folder(f"urn:uuid:{kept[0].project_id}").rglob("filing.record.jsonl"))
        table.write_bytes(table.read_bytes().replace("地基".encode(), "天基".encode()))
        with _another_empty_database(cluster):
            found = emergency.look_over(root)
            sound = []
            for project in found.projects:
                emergency.restore_step(root, project, emergency.FOUNDATION)
                try:
                    sound += emergency.restore_step(root, project, emergency.RECORDS)
                except emergency.CannotRebuild as damaged:
                    assert damaged.reasons[0].code == "preservation.catalogue_damaged"
            assert set(Record.objects.values_list("id", flat=True)) == set(sound) == set(kept[1].record_ids)


@pytest.fixture
def from_the_copy(places: Path) -> Iterator[StorageRoot]:
    emergency.serve_from_copy()
    try:
        yield StorageRoot.create(places / "a")
    finally:
        store._elsewhere.clear()


def test_bytes_are_compared_before_they_are_shown_and_damage_is_told(
    committed_db, django_db_blocker, places: Path, from_the_copy
):
    with django_db_blocker.unblock():
        KeptProject().preserve()
        root = roots(places)[0]
        found = emergency.look_over(root)
        assert emergency.note_places(root, found.objects) > 4
        [sound, damaged] = sorted(root.folder.rglob("content/files/*.pdf"))
        wanted = {path: _sha256(path) for path in (sound, damaged)}
        (places / "content").rename(places / "lost")
        damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
        shown = store.blob_path(wanted[sound])
        assert shown.is_symlink()
        assert shown.read_bytes() == sound.read_bytes()
        with pytest.raises(emergency.CopyDamaged) as told:
            store.blob_path(wanted[damaged])
        assert told.value.reasons[0].code == "preservation.copy_file_damaged"
        damaged.unlink()
        with pytest.raises(emergency.CopyDamaged) as told:
            store.blob_path(wanted[damaged])
        assert told.value.reasons[0].code == "preservation.copy_lacks_file"
        assert emergency.damaged_files() == [wanted[damaged]]


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


# ── the service, as a person meets it ─────────────────────────────────────────────────────────────────────────────


class Service:
    """A running `zhudang emergency-serve`."""

    def __init__(self, copy: Path, data: Path) -> None:
        self.port, self.data = free_port(), data
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data / "looks.jsonl"
        env = {**os.environ, "ZHUDANG_DATA": str(data), "PYTHONUNBUFFERED": "1", "TMPDIR": str(data / "tmp")}
        (data / "tmp").mkdir(parents=True)
        for folder in (data, data / "tmp", *data.parents[:3]):
            folder.chmod(0o755)
        command = [
            sys.executable,
            "-m",
            "zhudang",
            "emergency-serve",
            str(copy),
            "--port",
            str(self.port),
            "--log",
            str(self.log),
        ]
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        self.said.extend(self.process.stdout)

    def await_(self, what: str, is_so: Any, seconds: float = 120) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if found := is_so():
                return found
            time.sleep(0.1)
        raise AssertionError(f"{what}: {''.join(self.said)[-3000:]}")

    def credentials(self) -> tuple[str, str]:
        def told() -> tuple[str, str] | None:
            text = "".join(self.said)
            found = re.search(r"login +(\S+)", text), re.search(r"password +(\S+)", text)
            return (found[0][1], found[1][1]) if found[0] and found[1] else None

        return self.await_("login and password are printed", told)

    def enter(self, language: str = "zh-hans") -> Visitor:
        return Visitor(self.url, language=language).login(*self.credentials())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def served(copy: Path, data: Path) -> Iterator[Service]:
    service = Service(copy, data)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.stop()


@contextmanager
def read_only(folder: Path, at: Path) -> Iterator[Path]:
    """The folder as a mount nobody can write to; the folder itself where mounting is not allowed."""
    at.mkdir()
    bound = subprocess.run(["mount", "--bind", str(folder), str(at)], capture_output=True, check=False)
    if bound.returncode:
        yield folder
        return
    subprocess.run(["mount", "-o", "remount,ro,bind", str(at)], check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def _a_structure(kept: KeptProject) -> Any:
    structure = registry.register_structure(actor=SYSTEM, name="滨河一号楼", kind="building", now=NOW)
    UnitWork.objects.filter(id=kept.site.unit_id).update(structure_id=structure)
    return structure


def test_an_officer_searches_and_looks_and_changes_nothing_of_the_copy(
    committed_db, django_db_blocker, places: Path, tmp_path_factory
):
    with django_db_blocker.unblock():
        open_one = KeptProject()
        secret = KeptProject("2403-990241-48-01-012346", "乙", [("C5-12", "涉密一.pdf"), ("C5-12", "涉密二.pdf")])
        structure = _a_structure(open_one)
        Project.objects.filter(id=secret.project_id).update(level=2, name="涉密工程")
        Record.objects.filter(project_id=secret.project_id).update(level=2, title="涉密竣工图")
        Volume.objects.filter(project_id=secret.project_id).update(level=2)
        for kept in (open_one, secret):
            kept.preserve()
        files = {
            str(row["files__file_id"]): (row["title"], row["files__file__blob__sha256"])
            for row in Record.objects.filter(project_id=open_one.project_id).values(
                "title", "files__file_id", "files__file__blob__sha256"
            )
        }
        records = [str(pk) for pk in Record.objects.filter(project_id=open_one.project_id).values_list("id", flat=True)]
    copy, data = places / "a", tmp_path_factory.mktemp("laptop")
    (whole_id, whole), (broken_id, broken) = sorted(files.items())
    damaged = next(path for path in copy.rglob("content/files/*.pdf") if _sha256(path) == broken[1])
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    before = as_it_lies(copy)
    with read_only(copy, tmp_path_factory.mktemp("mounts") / "disk") as mounted, served(mounted, data) as service:
        visitor = service.enter()

        def found() -> Any:
            page = visitor.page("/search/", q="地基验槽")
            return page if "/records/" in page.text else None

        page = service.await_("the record is found", found)
        assert "应急只读服务" in page.text
        assert str(mounted) in page.text
        service.await_("the files are listed", lambda: re.search("全文已读|与全文都可", visitor.page("/search/").text))
        assert visitor.get(f"/records/{records[0]}/").status == 200
        assert "滨河一号楼" in visitor.page(f"/structures/{structure}/").text
        assert visitor.get(f"/projects/{open_one.project_id}/").status == 200
        answer = visitor.get(f"/files/{whole_id}/")
        assert _bytes(answer.body) == whole[1]
        refused = visitor.get(f"/files/{broken_id}/")
        assert refused.status == 409
        assert "摘要不符" in refused.text
        told = visitor.page("/emergency/").text
        assert "打开时发现 1 份" in told
        assert re.search(rf'/files/{broken_id}/">[^<]+\.(pdf|PDF)</a>', told), "people know files by their names"
        assert broken[1] in told
        # Above the person's level: as if it were not there.
        assert not {"涉密工程", "涉密竣工图"} & set(
            re.findall("涉密工程|涉密竣工图", visitor.page("/search/", q="涉密").text)
        )
        assert visitor.get(f"/projects/{secret.project_id}/").status == 404
        # Nothing is changed here, and what is not served says so.
        told = visitor.request("POST", f"/projects/{open_one.project_id}/edit/", body=b"name=x")
        assert (told.status, "任何改动都不受理" in told.text) == (403, True)
        assert visitor.get("/preservation/").status == 403
        assert visitor.get("/people/").status == 403
        assert "Emergency read-only service" in service.enter("en").page("/search/").text
        stranger = Visitor(service.url)
        assert "/login/" in stranger.request("GET", f"/files/{whole_id}/", follow=False).headers["location"]
        assert service.stop() == 0
    assert as_it_lies(copy) == before
    looks = [json.loads(line) for line in service.log.read_text().splitlines()]
    assert any(look["address"].startswith("/search/?q=") and look["who"].startswith("yingji-") for look in looks)
    assert any(look["address"] == f"/files/{broken_id}/" and look["status"] == 409 for look in looks)
    assert service.log.stat().st_mode & 0o077 == 0
    assert list((data / "tmp").iterdir()) == []


def _bytes(body: bytes) -> str:
    import hashlib

    return hashlib.sha256(body).hexdigest()


def test_a_folder_without_a_store_is_refused_and_nothing_is_made(tmp_path: Path):
    from zhudang.cli.emergency import EXIT_NO_COPY, Plan, run

    assert run(Plan(tmp_path, "127.0.0.1", free_port(), 1, None)) == EXIT_NO_COPY
    assert list(tmp_path.iterdir()) == []


def test_where_no_look_can_be_written_down_nothing_is_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from zhudang.cli.emergency import EXIT_CANNOT, Plan, run

    StorageRoot.create(tmp_path / "a")
    log = tmp_path / "no folder" / "looks.jsonl"
    assert run(Plan(tmp_path / "a", "127.0.0.1", free_port(), 1, log)) == EXIT_CANNOT
    assert str(log) in capsys.readouterr().err


def test_descriptions_are_found_before_any_file_was_read_and_files_follow(
    committed_db, django_db_blocker, places: Path
):
    from django.utils import timezone

    from zhudang.discovery import operations as discovery

    with django_db_blocker.unblock():
        kept = KeptProject()
        discovery.index_descriptions(kept.record_ids)
        assert set(PageText.objects.values_list("page", flat=True)) == {0}
        assert discovery.index_stale(limit=10, now=timezone.now()) == 2
        assert discovery.index_stale(limit=10, now=timezone.now()) == 0
