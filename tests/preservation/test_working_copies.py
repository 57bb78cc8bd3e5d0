"""What people are shown of preserved files: made whole and compared once, served in ranges, bounded, rebuildable."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from preservation.format_files import FormatsProject, use
from preservation.kept_project import KeptProject, site_settings
from preservation.test_migrating import migrate
from preservation.test_sealed_holdings import hold
from zhudang.audit.models import Entry
from zhudang.content import queries as content
from zhudang.content.models import File
from zhudang.events.models import Message
from zhudang.identity.models import Account
from zhudang.preservation import working_copies
from zhudang.preservation.models import ArchivalObject, Copy, Reading, Rendition

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(kept: KeptProject, settings, tmp_path: Path) -> KeptProject:
    settings.DATA = tmp_path / "data"
    settings.DERIVATIVES_ROOT = str(tmp_path / "derivatives")
    return kept


@pytest.fixture
def clerk(client, kept: KeptProject):
    client.force_login(Account.objects.get(username="clerk"))
    return client


def a_file() -> content.StoredFile:
    return content.stored_file(File.objects.filter(own_document=False).order_by("name").values_list("id", flat=True)[0])


def got(client, file: content.StoredFile, ranged: str = "") -> tuple[int, bytes]:
    answer = client.get(f"/files/{file.id}/", headers={"range": ranged} if ranged else {})
    return answer.status_code, b"".join(answer.streaming_content) if answer.streaming else answer.content


def spoil(folder: Path, *codes: str) -> None:
    for code in codes:
        for path in (folder / code / "store").rglob("v1/content/files/*"):
            path.write_bytes(path.read_bytes()[:-1] + b"?")


def made(folder: Path) -> list[Path]:
    return sorted((folder / "derivatives" / "whole").glob("[0-9a-f][0-9a-f]/*"))


def test_ranges_come_from_one_proven_copy_and_a_deleted_cache_is_made_again(clerk, kept, tmp_path: Path):
    file = a_file()
    whole = file.path.read_bytes()
    shutil.rmtree(tmp_path / "content" / "blobs")
    assert got(clerk, file, "bytes=2-9") == (206, whole[2:10])
    [copy] = made(tmp_path)
    assert copy.read_bytes() == whole
    assert copy.stat().st_mode & 0o777 == 0o400
    # From here on the places are not read again, whatever becomes of them.
    spoil(tmp_path, "a", "b")
    assert got(clerk, file) == (200, whole)
    assert not Copy.objects.filter(state="damaged").exists()


def test_the_cache_may_be_deleted_is_not_believed_when_written_into_and_opens_nothing_to_strangers(
    client, clerk, kept, tmp_path: Path
):
    file = a_file()
    first = got(clerk, file)
    shutil.rmtree(tmp_path / "derivatives")
    assert got(clerk, file) == first
    [copy] = made(tmp_path)
    copy.chmod(0o600)
    copy.write_bytes(b"?" * file.size)
    assert got(clerk, file) == first
    client.force_login(Account.objects.get(username="outsider"))
    assert got(client, file)[0] == 404


def test_damaged_bytes_are_not_shown_the_copy_is_reported_the_next_place_serves_and_where_none_is_sound_nobody(
    clerk, kept, tmp_path: Path
):
    file = a_file()
    whole = file.path.read_bytes()
    spoil(tmp_path, "a")
    assert got(clerk, file) == (200, whole)
    copy = Copy.objects.get(state="damaged")
    assert copy.site.code == "a"
    assert copy.damages[0]["path"].startswith("v1/content/files/")
    assert Message.objects.filter(kind="preservation.copy.damaged").count() == 1
    assert Reading.objects.get().finished_at is None, "a whole reading that mends is asked for"
    assert Entry.objects.filter(act="preservation.copy.damaged").exists()
    shutil.rmtree(tmp_path / "derivatives")
    spoil(tmp_path, "b")
    file.path.write_bytes(b"?" * file.size)
    status, body = got(clerk, file)
    assert status == 409
    assert b"???" not in body
    assert not made(tmp_path)
    assert Message.objects.filter(kind="preservation.working_store.damaged").exists()
    assert Copy.objects.filter(state="damaged").count() == 2


def test_the_longest_unused_go_when_the_limit_is_reached_and_so_does_what_a_killed_maker_left(
    clerk, kept, settings, tmp_path: Path
):
    left = tmp_path / "derivatives" / "whole" / "making" / "left"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    files = [content.stored_file(pk) for pk in File.objects.filter(own_document=False).values_list("id", flat=True)]
    settings.WORKING_COPIES_BYTES = max(file.size for file in files)
    for file in files:
        assert got(clerk, file)[0] == 200
        assert len(made(tmp_path)) == 1
    assert not left.exists()
    settings.WORKING_COPIES_BYTES = 1
    assert got(clerk, files[0]) == (200, files[0].path.read_bytes())


def test_what_is_not_preserved_is_shown_from_where_it_lies(settings, tmp_path: Path, client):
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DERIVATIVES_ROOT = str(tmp_path / "derivatives")
    KeptProject()
    client.force_login(Account.objects.get(username="clerk"))
    assert got(client, a_file())[0] == 200
    assert not made(tmp_path)


def test_encrypted_originals_and_their_renditions_are_opened_once_and_shown_in_ranges(settings, client, tmp_path: Path):
    use(settings, tmp_path)
    hold()
    project = FormatsProject()
    project.preserve()
    migrate(project)
    assert ArchivalObject.objects.get(kind="volume").protection == "sealed"
    client.force_login(Account.objects.get(username="clerk"))
    files = [content.stored_file(pk) for pk in Rendition.objects.values_list("file_id", flat=True)]
    files.append(content.stored_file(project.file("说明.txt").id))
    wholes = [file.path.read_bytes() for file in files]
    shutil.rmtree(tmp_path / "content" / "blobs")
    for file, whole in zip(files, wholes, strict=True):
        assert got(client, file, "bytes=5-20") == (206, whole[5:21])


def test_a_large_file_is_copied_piece_by_piece(tmp_path: Path):
    class Endless:
        """20 GB would be the same: nobody ever asks for more than a piece."""

        left = 40

        def read(self, size: int) -> bytes:
            assert 0 < size <= working_copies._CHUNK
            self.left -= 1
            return b"x" * size if self.left >= 0 else b""

    written: list[int] = []

    class Sink:
        def write(self, data: bytes) -> int:
            written.append(len(data))
            return len(data)

    working_copies._copied(Endless(), Sink())
    assert sum(written) == 40 * working_copies._CHUNK
