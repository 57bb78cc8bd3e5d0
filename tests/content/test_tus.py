"""The tus 1.0 protocol through Django's own client: every status the protocol names, and every refusal."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from content_support import Site
from django.test import Client
from django.utils import timezone

from zhudang.content import queries, store, sweeping, taking, uploads
from zhudang.content.domain import tus
from zhudang.content.models import File, Upload
from zhudang.identity.rights import Actor

pytestmark = pytest.mark.django_db
ENDPOINT = "/files/tus/"


class Uploader:
    """Somebody who uploads: a client that speaks tus."""

    def __init__(self, client: Client, actor: Actor, project_id: UUID) -> None:
        self.client, self.actor, self.project_id = client, actor, project_id

    def create(self, length: int, body: bytes = b"", checksum: str | None = None, **metadata: str) -> Any:
        told = {"filename": "总平面图.pdf", "folder": "图纸/竣工", "project": str(self.project_id), **metadata}
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": tus.write_metadata(told)}
        if checksum:
            headers["Upload-Checksum"] = checksum
        return self.client.post(ENDPOINT, body, content_type=tus.CONTENT_TYPE, headers=headers)

    def patch(self, url: str, offset: int, body: bytes, **headers: str) -> Any:
        told = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        return self.client.patch(url, body, content_type=tus.CONTENT_TYPE, headers=told)

    def head(self, url: str) -> Any:
        return self.client.head(url, headers={"Tus-Resumable": "1.0.0"})

    def delete(self, url: str) -> Any:
        return self.client.delete(url, headers={"Tus-Resumable": "1.0.0"})


def checksum_of(body: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, body).digest()).decode()}"


def codes(response: Any) -> list[str]:
    return [reason["code"] for reason in response.json()["reasons"]]


@pytest.fixture
def speak(site: Site, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give an uploader for a person; signing in itself is the identity tests' matter."""
    from django.contrib.auth import get_user_model

    def of(actor: Actor) -> Uploader:
        client = Client()
        client.force_login(get_user_model().objects.get(id=actor.account_id))
        return Uploader(client, actor, site.place.project_id)

    return of


@pytest.fixture
def clerk(speak: Any, site: Site) -> Uploader:
    return speak(site.clerk)


def test_the_server_tells_what_it_offers(clerk: Uploader) -> None:
    offer = clerk.client.options(ENDPOINT)
    assert offer.status_code == 204
    assert offer["Tus-Version"] == "1.0.0"
    assert offer["Tus-Extension"] == "creation,creation-with-upload,checksum,termination,expiration"
    assert offer["Tus-Checksum-Algorithm"] == "sha256,sha1"
    assert int(offer["Tus-Max-Size"]) >= 20 * 1024**3


def test_a_file_comes_in_pieces_and_is_received_with_the_last(clerk: Uploader) -> None:
    data = b"%PDF-1.7 " + bytes(range(256)) * 100
    created = clerk.create(len(data))
    assert created.status_code == 201
    url = created["Location"]
    assert clerk.patch(url, 0, data[:1000])["Upload-Offset"] == "1000"
    head = clerk.head(url)
    assert (head.status_code, head["Upload-Offset"], head["Upload-Length"]) == (200, "1000", str(len(data)))
    assert head["Cache-Control"] == "no-store"
    last = clerk.patch(url, 1000, data[1000:])
    assert last.status_code == 204
    file = queries.stored_file(UUID(last["Zhudang-File"]))
    assert (file.name, file.folder, file.path.read_bytes()) == ("总平面图.pdf", "图纸/竣工", data)
    assert file.sha256 == hashlib.sha256(data).hexdigest()
    assert file.organisation_id == clerk.actor.organisation_id


def test_a_small_file_comes_with_its_creation(clerk: Uploader) -> None:
    created = clerk.create(5, b"hello", checksum_of(b"hello"))
    assert (created.status_code, created["Upload-Offset"]) == (201, "5")
    assert queries.stored_file(UUID(created["Zhudang-File"])).path.read_bytes() == b"hello"


def test_an_empty_file_is_received_at_its_creation(clerk: Uploader) -> None:
    created = clerk.create(0)
    assert queries.stored_file(UUID(created["Zhudang-File"])).size == 0


def test_bytes_with_a_wrong_checksum_do_not_count(clerk: Uploader) -> None:
    url = clerk.create(10)["Location"]
    clerk.patch(url, 0, b"01234")
    refused = clerk.patch(url, 5, b"56789", Upload_Checksum=checksum_of(b"xxxxx"))
    assert (refused.status_code, codes(refused)) == (460, ["content.checksum_differs"])
    assert clerk.head(url)["Upload-Offset"] == "5"
    assert store.upload_path(Upload.objects.get().id).read_bytes() == b"01234"
    assert clerk.patch(url, 5, b"56789", Upload_Checksum=checksum_of(b"56789", "sha1")).status_code == 204


def test_a_broken_connection_is_a_short_read_and_what_came_counts(clerk: Uploader, site: Site) -> None:
    progress = uploads.create(
        actor=site.clerk,
        length=10,
        metadata={"filename": "a.txt", "project": str(site.place.project_id)},
        now=timezone.now(),
    )

    class Broken:
        pieces = [b"0123", b""]

        def read(self, size: int, /) -> bytes:
            return self.pieces.pop(0)

    after = uploads.append(
        actor=site.clerk,
        upload_id=progress.id,
        offset=0,
        body=Broken(),
        body_bytes=10,
        checksum=None,
        now=timezone.now(),
    )
    assert (after.offset, after.state) == (4, "receiving")


def test_a_broken_connection_under_a_checksum_counts_nothing(clerk: Uploader, site: Site) -> None:
    url = clerk.create(10)["Location"]

    class Broken:
        pieces = [b"0123", b""]

        def read(self, size: int, /) -> bytes:
            return self.pieces.pop(0)

    with pytest.raises(taking.ChecksumDiffers):
        uploads.append(
            actor=site.clerk,
            upload_id=Upload.objects.get().id,
            offset=0,
            body=Broken(),
            body_bytes=10,
            checksum=tus.Checksum("sha256", hashlib.sha256(b"0123456789").digest()),
            now=timezone.now(),
        )
    assert clerk.head(url)["Upload-Offset"] == "0"


@pytest.mark.parametrize(
    ("offset", "headers", "status"),
    [
        (3, {}, 409),
        (0, {"Upload_Checksum": "md5 AAAA"}, 400),
        (0, {"Upload_Checksum": "sha256 not-base64!"}, 400),
        (0, {"Upload_Offset": "-1"}, 400),
        (0, {"Upload_Offset": "one"}, 400),
        (0, {"Tus_Resumable": "0.2.2"}, 412),
    ],
)
def test_a_wrong_request_is_told_and_changes_nothing(
    clerk: Uploader, offset: int, headers: dict[str, str], status: int
) -> None:
    url = clerk.create(10)["Location"]
    assert clerk.patch(url, offset, b"01234", **headers).status_code == status
    assert clerk.head(url)["Upload-Offset"] == "0"


def test_an_unknown_version_is_answered_with_the_known_one(clerk: Uploader) -> None:
    answer = clerk.client.post(ENDPOINT, headers={"Upload-Length": "5"})
    assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")


def test_another_content_type_is_refused(clerk: Uploader) -> None:
    url = clerk.create(10)["Location"]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    assert clerk.client.patch(url, b"01234", content_type="application/pdf", headers=headers).status_code == 415


def test_more_bytes_than_announced_are_refused(clerk: Uploader) -> None:
    url = clerk.create(3)["Location"]
    assert clerk.patch(url, 0, b"01234").status_code == 413
    assert clerk.create(3, b"01234").status_code == 413


def test_an_upload_ended_by_its_owner_leaves_nothing(clerk: Uploader) -> None:
    url = clerk.create(10)["Location"]
    path = store.upload_path(Upload.objects.get().id)
    assert clerk.delete(url).status_code == 204
    assert not path.exists()
    assert clerk.head(url).status_code == 404


def test_a_received_file_is_not_ended_but_withdrawn(clerk: Uploader) -> None:
    url = clerk.create(5, b"hello")["Location"]
    assert (clerk.delete(url).status_code, File.objects.count()) == (409, 1)


def test_an_expired_upload_is_gone_and_its_bytes_with_it(clerk: Uploader) -> None:
    created = clerk.create(10)
    assert "Upload-Expires" in created
    row = Upload.objects.get()
    assert sweeping.sweep(now=row.expires_at - timedelta(seconds=1)).expired == 0
    assert sweeping.sweep(now=row.expires_at + timedelta(seconds=1)).expired == 1
    assert not store.upload_path(row.id).exists()
    assert clerk.head(created["Location"]).status_code == 410
    assert clerk.patch(created["Location"], 0, b"01234").status_code == 410


def test_two_requests_at_once_on_one_upload_are_one_and_a_refusal(clerk: Uploader) -> None:
    url = clerk.create(10)["Location"]
    with uploads._writing(clerk.actor, Upload.objects.get().id):
        assert clerk.patch(url, 0, b"01234").status_code == 423
        assert clerk.delete(url).status_code == 423
    assert clerk.patch(url, 0, b"01234").status_code == 204


def test_somebody_elses_upload_does_not_exist(clerk: Uploader, speak: Any, site: Site) -> None:
    url = clerk.create(10)["Location"]
    for other in (speak(site.client), speak(site.outsider), speak(site.reviewer)):
        assert [other.head(url).status_code, other.patch(url, 0, b"x").status_code, other.delete(url).status_code] == [
            404
        ] * 3


def test_an_outsider_and_an_absent_project_are_answered_alike(speak: Any, site: Site) -> None:
    outsider = speak(site.outsider)
    known = outsider.create(5)
    outsider.project_id = UUID(int=7)
    absent = outsider.create(5)
    assert (known.status_code, known.content) == (absent.status_code, absent.content) == (404, absent.content)


def test_nobody_uploads_without_signing_in(site: Site) -> None:
    answer = Uploader(Client(), site.clerk, site.place.project_id).create(5)
    assert answer.status_code == 401


def test_the_csrf_header_is_demanded(site: Site) -> None:
    from django.contrib.auth import get_user_model

    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.get(id=site.clerk.account_id))
    assert Uploader(client, site.clerk, site.place.project_id).create(5).status_code == 403
    assert not Upload.objects.exists()


def test_everything_wrong_with_an_upload_is_told_at_once_before_any_byte(clerk: Uploader, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 100
    refused = clerk.create(101, filename="a\x07.pdf", folder="../b", level="3", sha256="abc")
    assert codes(refused) == [
        "content.name_unprintable",
        "content.folder_climbs",
        "content.level_above_network",
        "content.too_large",
        "content.digest_malformed",
    ]
    assert refused.status_code == 413
    assert not Upload.objects.exists()


def test_a_file_above_the_networks_ceiling_is_refused_before_its_bytes(clerk: Uploader) -> None:
    refused = clerk.create(5, b"hello", level="2")
    assert (refused.status_code, codes(refused)) == (403, ["content.level_above_network"])
    assert not Upload.objects.exists()


@pytest.mark.parametrize("level", ["secret", "-1", "5", "99"])
def test_a_level_nobody_knows_is_refused(clerk: Uploader, level: str) -> None:
    assert codes(clerk.create(5, level=level)) == ["content.level_unknown"]


def test_a_full_disk_is_told_before_the_first_byte(clerk: Uploader, settings: Any) -> None:
    settings.DISK_RESERVE_BYTES = 10**18
    refused = clerk.create(5)
    assert (refused.status_code, codes(refused)) == (507, ["content.disk_full"])


def test_a_declared_digest_that_differs_refuses_the_file(clerk: Uploader) -> None:
    created = clerk.create(5, b"hello", sha256="0" * 64)
    row = Upload.objects.get()
    assert (row.state, File.objects.count()) == ("refused", 0)
    assert "Zhudang-File" not in created
    facts = clerk.client.get(f"/files/uploads/{row.id}/").json()
    assert [reason["code"] for reason in facts["reasons"]] == ["content.digest_differs"]


def test_a_declared_digest_that_agrees_is_kept_with_the_file(clerk: Uploader) -> None:
    import hashlib

    clerk.create(5, b"hello", sha256=hashlib.sha256(b"hello").hexdigest())
    clerk.create(5, b"other")
    assert sorted(File.objects.values_list("digest_given", flat=True)) == [False, True]


def test_a_large_file_is_received_by_a_job_and_until_then_only_arrived(clerk: Uploader, settings: Any) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    settings.INLINE_DIGEST_BYTES = 100
    url = clerk.create(200)["Location"]
    clerk.patch(url, 0, b"a" * 100)
    answer = clerk.patch(url, 100, b"b" * 100)
    row = Upload.objects.get()
    assert (answer.status_code, row.state, File.objects.count()) == (204, "arrived", 0)
    assert clerk.client.get(f"/files/uploads/{row.id}/").json()["message"] == "已收，正在校验"
    assert ProcrastinateJob.objects.filter(task_name="content.verify_upload", args={"upload_id": str(row.id)}).exists()
    file_id = uploads.finish(row.id, now=timezone.now())
    assert queries.stored_file(file_id).path.read_bytes() == b"a" * 100 + b"b" * 100
    assert uploads.finish(row.id, now=timezone.now()) == file_id


def test_counted_bytes_lost_with_the_machine_are_counted_no_more(clerk: Uploader) -> None:
    url = clerk.create(10)["Location"]
    clerk.patch(url, 0, b"01234")
    path: Path = store.upload_path(Upload.objects.get().id)
    path.write_bytes(b"01")
    assert clerk.head(url)["Upload-Offset"] == "2"
    clerk.patch(url, 2, b"23456789")
    assert File.objects.get().blob.sha256 == hashlib.sha256(b"0123456789").hexdigest()


def test_bytes_beyond_the_counted_ones_do_not_exist(clerk: Uploader) -> None:
    url = clerk.create(10)["Location"]
    clerk.patch(url, 0, b"01234")
    with store.upload_path(Upload.objects.get().id).open("ab") as partial:
        partial.write(b"written before a kill")
    clerk.patch(url, 5, b"56789")
    assert File.objects.get().blob.sha256 == hashlib.sha256(b"0123456789").hexdigest()
