"""After whatever happened, rows, partial files and stored bytes agree again."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from content_support import NOW, Site
from django.utils import timezone

from zhudang.content import operations, queries, store, sweeping, uploads
from zhudang.content.models import Blob, CheckRequest, File, Upload
from zhudang.shared.digests import digest_file

pytestmark = pytest.mark.django_db


def receive(site: Site, data: bytes = b"bytes") -> UUID:
    return operations.receive(actor=site.clerk, stream=BytesIO(data), name="a.txt", place=site.place, now=NOW)


def made_old(path: Path) -> Path:
    then = time.time() - 2 * sweeping.ORPHAN_AFTER.total_seconds()
    os.utime(path, (then, then))
    return path


def arrived(site: Site, data: bytes, *, sha256: str = "", sm3: str = "") -> Upload:
    """An upload as a kill leaves it: all bytes counted, no file made."""
    told = {"filename": "a.txt", "project": str(site.place.project_id)}
    row = Upload.objects.get(id=uploads.create(actor=site.clerk, length=len(data), metadata=told, now=NOW).id)
    store.upload_path(row.id).write_bytes(data)
    row.offset, row.state, row.arrived_at, row.sha256, row.sm3 = len(data), "arrived", NOW, sha256, sm3
    row.save()
    return row


def test_a_file_taken_in_but_never_named_is_removed_after_a_while(site: Site) -> None:
    path, _ = store.take_in(BytesIO(b"killed before its rows"))
    assert sweeping.sweep(now=timezone.now()).partial_removed == 0
    made_old(path)
    assert sweeping.sweep(now=timezone.now()).partial_removed == 1
    assert not path.exists()


def test_an_upload_in_progress_is_never_removed_however_old_its_bytes(site: Site) -> None:
    told = {"filename": "a.txt", "project": str(site.place.project_id)}
    progress = uploads.create(actor=site.clerk, length=10, metadata=told, now=timezone.now())
    path = made_old(store.upload_path(progress.id))
    sweeping.sweep(now=timezone.now())
    assert path.exists()


def test_stored_bytes_without_a_row_are_removed_and_those_with_one_stay(site: Site) -> None:
    kept = queries.stored_file(receive(site)).path
    path, digests = store.take_in(BytesIO(b"killed before the commit"))
    store.settle([(path, digests)])
    swept = sweeping.sweep(now=timezone.now(), whole_store=True)
    assert (swept.blobs_removed, swept.missing) == (1, 0)
    assert kept.exists()
    assert not store.blob_path(digests.sha256).exists()


def test_bytes_moved_by_a_killed_finish_are_kept_for_its_repetition(site: Site) -> None:
    data = b"moved, then killed"
    row = arrived(site, data)
    digests = digest_file(store.upload_path(row.id))
    Upload.objects.filter(id=row.id).update(sha256=digests.sha256, sm3=digests.sm3)
    store.settle([(store.upload_path(row.id), digests)])
    assert sweeping.sweep(now=timezone.now(), whole_store=True).blobs_removed == 0
    file_id = uploads.finish(row.id, now=NOW)
    assert file_id and queries.stored_file(file_id).path.read_bytes() == data


def test_an_arrived_upload_nobody_finishes_is_deferred_again(site: Site) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    row = arrived(site, b"0123456789")
    assert sweeping.sweep(now=NOW + timedelta(minutes=1)).finished_again == 1
    assert ProcrastinateJob.objects.filter(task_name="content.verify_upload", args={"upload_id": str(row.id)}).exists()


def test_stored_bytes_that_are_missing_or_cut_off_are_counted(site: Site) -> None:
    queries.stored_file(receive(site, b"one")).path.unlink()
    queries.stored_file(receive(site, b"two")).path.write_bytes(b"t")
    assert sweeping.sweep(now=timezone.now(), whole_store=True).missing == 2
    assert Blob.objects.count() == 2


def test_a_check_owed_but_not_made_is_deferred_again(site: Site) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    receive(site)
    assert sweeping.sweep(now=NOW + timedelta(minutes=1)).checks_owed_again == 1
    assert ProcrastinateJob.objects.filter(task_name="content.check_files").count() == 2


def test_a_file_without_run_and_without_request_is_owed_its_check(site: Site) -> None:
    file_id = receive(site)
    CheckRequest.objects.all().delete()
    assert sweeping.sweep(now=NOW + timedelta(minutes=1)).checks_owed_again == 1
    assert CheckRequest.objects.filter(file_id=file_id).exists()


def test_uploads_that_ended_long_ago_are_forgotten_and_their_files_stay(site: Site) -> None:
    row = arrived(site, b"0123456789")
    uploads.finish(row.id, now=NOW)
    assert sweeping.sweep(now=row.expires_at + 2 * sweeping.KEPT_AFTER_END).forgotten == 1
    assert File.objects.count() == 1


def test_what_is_not_ours_in_the_folders_is_left_alone(site: Site, bytes_folder: Path) -> None:
    receive(site)
    strange = [
        bytes_folder / "blobs" / ".DS_Store",
        bytes_folder / "blobs" / "ab" / "note",
        bytes_folder / "incoming" / "x",
    ]
    for path in strange:
        path.write_text("somebody's")
        made_old(path)
    assert sweeping.sweep(now=NOW, whole_store=True) == sweeping.Swept()
    assert all(path.exists() for path in strange)


def test_a_sweep_with_nothing_to_do_does_nothing(site: Site) -> None:
    receive(site)
    assert sweeping.sweep(now=NOW, whole_store=True) == sweeping.Swept()
