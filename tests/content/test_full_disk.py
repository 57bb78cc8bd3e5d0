"""A disk that fills up: told in words, nothing counted is lost, and it goes on when there is room."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from content_support import NOW, Site
from django.test import Client

from zhudang.content import operations, store
from zhudang.content.domain import tus
from zhudang.content.models import File, Upload

pytestmark = pytest.mark.django_db
MIB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A disk of 8 MB under the store."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip() or 'mount needs root'}")
    settings.CONTENT_ROOT = folder / "content"
    settings.DISK_RESERVE_BYTES = 0
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_an_upload_on_a_full_disk_keeps_its_counted_offset_and_goes_on_later(site: Site, small_disk: Path) -> None:
    from django.contrib.auth import get_user_model

    client = Client()
    client.force_login(get_user_model().objects.get(id=site.clerk.account_id))
    data = os.urandom(6 * MIB)
    told = {"filename": "大图.tif", "project": str(site.place.project_id)}
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)), "Upload-Metadata": tus.write_metadata(told)}
    url = client.post("/files/tus/", b"", content_type=tus.CONTENT_TYPE, headers=headers)["Location"]
    first = client.patch(
        url, data[:MIB], content_type=tus.CONTENT_TYPE, headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    )
    assert first.status_code == 204
    filler = small_disk / "somebody elses"
    filler.write_bytes(b"x" * (4 * MIB))
    rest = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(MIB)}
    refused = client.patch(url, data[MIB:], content_type=tus.CONTENT_TYPE, headers=rest)
    assert refused.status_code == 507
    assert refused.json()["reasons"][0]["code"] == "content.disk_full"
    row = Upload.objects.get()
    assert (row.offset, row.state) == (MIB, "receiving")
    assert store.upload_path(row.id).read_bytes() == data[:MIB]
    filler.unlink()
    assert client.patch(url, data[MIB:], content_type=tus.CONTENT_TYPE, headers=rest).status_code == 204
    assert File.objects.get().blob.sha256 == hashlib.sha256(data).hexdigest()


def test_a_file_received_on_a_full_disk_leaves_nothing_behind(site: Site, small_disk: Path) -> None:
    with pytest.raises(store.DiskFull):
        operations.receive(
            actor=site.clerk, stream=BytesIO(os.urandom(9 * MIB)), name="a.bin", place=site.place, now=NOW
        )
    assert not File.objects.exists()
    assert not list((small_disk / "content" / "incoming").iterdir())


def test_an_upload_that_cannot_fit_is_refused_at_its_creation(site: Site, small_disk: Path) -> None:
    from django.utils import timezone

    from zhudang.content import uploads

    told = {"filename": "a.bin", "project": str(site.place.project_id)}
    with pytest.raises(store.DiskFull):
        uploads.create(actor=site.clerk, length=9 * MIB, metadata=told, now=timezone.now())
    assert not Upload.objects.exists()
