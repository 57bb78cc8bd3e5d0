"""Receiving files: bytes to the bit, rows and log together, stored once, refused with every reason."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from content_support import NOW, Site

from zhudang.content import operations, queries, store
from zhudang.content.models import Blob, CheckRequest, File
from zhudang.content.operations import CannotReceive, Incoming
from zhudang.shared.refusals import NotFound

pytestmark = pytest.mark.django_db


def receive(site: Site, data: bytes = b"%PDF-1.7 plan", name: str = "总平面图.pdf", **more: object) -> object:
    return operations.receive(actor=site.clerk, stream=BytesIO(data), name=name, place=site.place, now=NOW, **more)


def test_the_file_stored_is_the_file_received_to_the_bit(site: Site) -> None:
    data = bytes(range(256)) * 5000
    file = queries.stored_file(receive(site, data))
    assert file.path.read_bytes() == data
    assert file.sha256 == hashlib.sha256(data).hexdigest()
    assert file.sm3 == hashlib.new("sm3", data).hexdigest()
    assert file.size == len(data)


def test_row_check_request_log_and_job_come_together(site: Site) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    from zhudang.audit.models import Entry

    file_id = receive(site)
    assert File.objects.get(id=file_id).verdict is None
    assert CheckRequest.objects.filter(file_id=file_id).exists()
    assert Entry.objects.filter(act="content.file.received").count() == 1
    assert ProcrastinateJob.objects.filter(task_name="content.check_files", args={"file_ids": [str(file_id)]}).exists()


def test_identical_content_is_stored_once_and_told_to_nobody(site: Site, bytes_folder: Path) -> None:
    first = receive(site, b"same bytes", "甲.txt")
    second = operations.receive(
        actor=site.client, stream=BytesIO(b"same bytes"), name="乙.txt", place=site.place, now=NOW
    )
    assert first != second
    assert Blob.objects.count() == 1
    assert len(list(store.stored_names())) == 1
    assert not list((bytes_folder / "incoming").iterdir())


def test_an_outsider_is_told_that_there_is_no_such_project(site: Site, bytes_folder: Path) -> None:
    with pytest.raises(NotFound):
        operations.receive(actor=site.outsider, stream=BytesIO(b"x"), name="a.pdf", place=site.place, now=NOW)
    assert not File.objects.exists()


def test_every_reason_is_told_at_once_and_no_byte_is_kept(site: Site, bytes_folder: Path) -> None:
    with pytest.raises(CannotReceive) as refused:
        receive(site, name="坏\x07" + "长" * 300, folder="../../etc", level=3)
    assert [reason.code for reason in refused.value.reasons] == [
        "content.name_too_long",
        "content.name_unprintable",
        "content.folder_climbs",
        "content.level_above_network",
    ]
    assert not File.objects.exists()
    assert not (bytes_folder / "incoming").exists() or not list((bytes_folder / "incoming").iterdir())


def test_a_closed_project_takes_no_more_files(site: Site) -> None:
    with pytest.raises(CannotReceive, match=r"content.project_closed"):
        operations.receive(
            actor=site.clerk, stream=BytesIO(b"x"), name="a.pdf", place=replace(site.place, closed=True), now=NOW
        )


def test_many_files_come_in_batches_and_keep_their_order(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "BATCH_FILES", 7)
    items = [Incoming(f"{n:03}.txt", "批次/甲", data=f"file {n % 5}".encode()) for n in range(30)]
    ids = operations.receive_many(actor=site.clerk, items=items, place=site.place, now=NOW)
    files = queries.stored_files(ids)
    assert [files[each].name for each in ids] == [item.name for item in items]
    assert {file.folder for file in files.values()} == {"批次/甲"}
    assert Blob.objects.count() == 5


def test_a_stored_file_cut_off_by_a_crash_is_made_whole_by_the_next_identical_one(site: Site) -> None:
    file = queries.stored_file(receive(site, b"whole content"))
    file.path.write_bytes(b"whole")
    receive(site, b"whole content", "again.txt")
    assert file.path.read_bytes() == b"whole content"


def test_who_may_know_of_a_file_grows_with_its_way(site: Site) -> None:
    file_id = receive(site)

    def seers() -> set[str]:
        people = [site.clerk, site.client, site.outsider, site.reviewer]
        return {each.username for each in people if queries.visible_to(each).filter(id=file_id).exists()}

    assert seers() == {"clerk"}
    operations.share_with_client([file_id])
    assert seers() == {"clerk", "client"}
    operations.share_with_archive([file_id])
    assert seers() == {"clerk", "client", "reviewer"}


def test_a_delivered_file_cannot_be_withdrawn_and_a_withdrawn_one_is_seen_by_nobody(site: Site) -> None:
    delivered, kept = receive(site), receive(site, name="b.pdf")
    operations.share_with_client([delivered])
    with pytest.raises(operations.CannotWithdraw, match=r"content.already_delivered"):
        operations.withdraw(actor=site.clerk, file_id=delivered, now=NOW)
    operations.withdraw(actor=site.clerk, file_id=kept, now=NOW)
    with pytest.raises(NotFound):
        queries.file_for(site.clerk, kept)


def test_our_own_documents_are_kept_without_a_check(site: Site) -> None:
    file_id = operations.keep_bytes(
        data=b"%PDF-1.7", name="归档告知书.pdf", mime="application/pdf", actor=site.reviewer, now=NOW
    )
    assert operations.open_file(file_id).read() == b"%PDF-1.7"
    assert operations.read_range(file_id, 1, 3) == b"PDF"
    assert not CheckRequest.objects.filter(file_id=file_id).exists()
