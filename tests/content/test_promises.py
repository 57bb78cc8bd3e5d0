"""What must hold at any moment is seen when it does not."""

from __future__ import annotations

from io import BytesIO
from uuid import UUID

import pytest
from content_support import NOW, Site

from zhudang.content import operations, promises, queries, store, uploads
from zhudang.content.models import CheckRequest, File, Upload

pytestmark = pytest.mark.django_db


def receive(site: Site, data: bytes = b"bytes") -> UUID:
    return operations.receive(actor=site.clerk, stream=BytesIO(data), name="a.txt", place=site.place, now=NOW)


def an_upload(site: Site, **changes: object) -> Upload:
    told = {"filename": "a.txt", "project": str(site.place.project_id)}
    row = Upload.objects.get(id=uploads.create(actor=site.clerk, length=10, metadata=told, now=NOW).id)
    Upload.objects.filter(id=row.id).update(**changes)
    return row


def codes() -> list[str]:
    return [broken.code for broken in promises.broken_promises()]


def test_a_store_in_order_breaks_no_promise(site: Site) -> None:
    receive(site)
    row = an_upload(site, offset=5)
    store.upload_path(row.id).write_bytes(b"01234 and more, not counted")
    assert codes() == []


def test_bytes_that_are_missing_or_cut_off_are_seen(site: Site) -> None:
    queries.stored_file(receive(site, b"one")).path.unlink()
    queries.stored_file(receive(site, b"two")).path.write_bytes(b"t")
    assert codes() == ["bytes_missing", "bytes_missing"]


def test_counted_bytes_that_are_not_there_are_seen(site: Site) -> None:
    an_upload(site, offset=5)
    an_upload(site, offset=10, state="arrived", arrived_at=NOW)
    assert sorted(codes()) == ["arrived_without_bytes", "counted_missing"]


def test_a_verdict_nobody_gave_is_seen(site: Site) -> None:
    File.objects.filter(id=receive(site)).update(verdict="pass", checked_at=NOW)
    assert codes() == ["verdict_without_run"]


def test_a_check_nobody_owes_is_seen(site: Site) -> None:
    receive(site)
    CheckRequest.objects.all().delete()
    assert codes() == ["check_forgotten"]
