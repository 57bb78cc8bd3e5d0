"""What is done with uploads in progress: create, append, terminate, finish.

The row's `offset` counts bytes that were flushed; whatever the file holds beyond it does not exist. One
lock on the file (let go by the system when its process dies) keeps two requests from writing at once.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.content import conf, operations, places, store
from zhudang.content.domain import intake, tus
from zhudang.content.models import File, Upload
from zhudang.content.places import Place
from zhudang.content.taking import Body, PatientBody, Taking, arrival
from zhudang.identity.rights import Actor
from zhudang.shared.digests import Digests, Hasher, digest_file
from zhudang.shared.ids import new_id
from zhudang.shared.refusals import NotFound, Reason, Refusal


class CannotUpload(Refusal):
    """The upload is not begun, and no byte of it is taken."""


class Busy(Refusal):
    """Another request is writing to this upload."""


class WrongOffset(Refusal):
    """The bytes sent do not begin where the counted ones end."""


class Gone(Refusal):
    """The upload expired; what it held was removed."""


class AlreadyReceived(Refusal):
    """All bytes are here: the upload can no longer be ended, only the file withdrawn."""


@dataclass(frozen=True)
class Progress:
    """How far an upload has come; `offset` counts only flushed bytes."""

    id: UUID
    state: str
    offset: int
    length: int
    name: str
    metadata: str
    expires_at: datetime
    file_id: UUID | None
    refused_because: tuple[Reason, ...] = ()


def create(*, actor: Actor, length: int, metadata: Mapping[str, str], now: datetime) -> Progress:
    """Begin an upload: everything that speaks against it is told before the first byte travels.

    Args:
        metadata: filename, folder or relativePath, project, unit, level, sha256; others are kept and given back.

    Raises:
        NotFound: the project does not exist for this actor.
        CannotUpload, operations.CannotReceive, store.DiskFull: with every reason.
    """
    place = _place_named(metadata)
    holder = operations.holder_in(place, actor)
    if holder is None or actor.account_id is None:  # the system itself receives by `operations`, never over HTTP
        raise NotFound
    wanted = _wanted(metadata, place)
    if reasons := _why_not(wanted, length, actor):
        raise CannotUpload(*reasons)
    if not store.room_for(length):
        raise store.disk_full()
    row = Upload(
        id=new_id(),
        length=length,
        name=wanted.name,
        folder=wanted.folder,
        metadata=tus.write_metadata(metadata),
        declared_sha256=wanted.sha256,
        level=wanted.level,
        project_id=place.project_id,
        unit_work_id=place.unit_work_id,
        client_organisation_id=place.client_id,
        organisation_id=holder,
        uploaded_by_id=actor.account_id,
        created_at=now,
        expires_at=now + timedelta(days=conf.upload_days()),
    )
    _make_file(row.id)
    if length == 0:
        for name, value in arrival(Hasher().digests(), now).items():
            setattr(row, name, value)
    row.save(force_insert=True)
    if length == 0:
        finish(row.id, now=now)
    return progress_of(row.id)


def _place_named(metadata: Mapping[str, str]) -> Place:
    try:
        project_id = UUID(metadata["project"])
        unit_work_id = UUID(metadata["unit"]) if metadata.get("unit") else None
    except (KeyError, ValueError):
        raise CannotUpload("content.project_missing") from None
    place = places.resolve(project_id, unit_work_id)
    if place is None:
        raise NotFound
    return place


@dataclass(frozen=True)
class _Wanted:
    """What the metadata say about the file to come; level -1 is one nobody knows."""

    name: str
    folder: str
    level: int
    sha256: str


def _wanted(metadata: Mapping[str, str], place: Place) -> _Wanted:
    text = metadata.get("level") or "0"
    declared = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else -1
    return _Wanted(
        name=intake.clean_name(metadata.get("filename", metadata.get("name", ""))),
        folder=intake.clean_folder(metadata.get("folder", "")) or intake.folder_of(metadata.get("relativePath") or ""),
        level=intake.whole_levels([declared, place.level]) if declared >= 0 else declared,
        sha256=metadata.get("sha256", "").lower(),
    )


def _why_not(wanted: _Wanted, length: int, actor: Actor) -> list[Reason]:
    return [
        *intake.why_not_called(wanted.name, wanted.folder),
        *intake.why_not_so_secret(wanted.level, ceiling=conf.network_ceiling(), reach=actor.reach),
        *intake.why_not_so_large(length, largest=conf.largest_upload()),
        *intake.why_not_digest(wanted.sha256),
    ]


def _make_file(upload_id: UUID) -> None:
    path = store.upload_path(upload_id)
    try:
        path.touch(exist_ok=False)
        store.flush_folders([path.parent])
    except OSError as problem:
        if store.is_full(problem):
            raise store.disk_full() from problem
        raise


def find(actor: Actor, upload_id: UUID) -> Upload:
    """Find an upload of this person's own.

    Raises:
        NotFound: no such upload, or somebody else's.
        Gone: it expired.
    """
    row = Upload.objects.filter(id=upload_id, uploaded_by_id=actor.account_id or new_id()).first()
    if row is None:
        raise NotFound
    if row.state == Upload.State.EXPIRED:
        raise Gone("content.upload_expired")
    return row


def progress(*, actor: Actor, upload_id: UUID) -> Progress:
    """Tell how far an upload has come: the counted offset, checked against what is on disk."""
    row = find(actor, upload_id)
    _count_what_is_there(row)
    return _progress(row)


def _count_what_is_there(row: Upload) -> None:
    """Take back counted bytes that a crash of the machine has lost in spite of flushing."""
    if row.state != Upload.State.RECEIVING or not row.offset:
        return
    path = store.upload_path(row.id)
    there = path.stat().st_size if path.exists() else 0
    if there < row.offset and Upload.objects.filter(id=row.id, state=row.state, offset=row.offset).update(offset=there):
        row.offset = there


def progress_of(upload_id: UUID) -> Progress:
    """Tell how far an upload has come. Rights were asked by the caller."""
    return _progress(Upload.objects.get(id=upload_id))


def _progress(row: Upload) -> Progress:
    reasons = tuple(Reason(each["code"], each["data"]) for each in row.refused_because)
    return Progress(
        row.id, row.state, row.offset, row.length, row.name, row.metadata, row.expires_at, row.file_id, reasons
    )


def append(
    *,
    actor: Actor,
    upload_id: UUID,
    offset: int,
    body: Body,
    body_bytes: int,
    checksum: tus.Checksum | None,
    now: datetime,
) -> Progress:
    """Take the bytes of one request; what came counts up to the last flushed byte.

    With a checksum the bytes count all or not at all. Without one they are counted every 64 MB, so that
    neither a broken connection nor a killed process loses more.

    Raises:
        NotFound, Gone, Busy, WrongOffset, ChecksumDiffers, CannotUpload (too many bytes), store.DiskFull.
    """
    line = PatientBody(body, body_bytes, conf.stall_seconds())
    try:
        _append(actor, upload_id, offset, line, body_bytes, checksum, now)
        return progress_of(upload_id)
    finally:
        line.wait_until_over()


def _append(
    actor: Actor,
    upload_id: UUID,
    offset: int,
    line: PatientBody,
    body_bytes: int,
    checksum: tus.Checksum | None,
    now: datetime,
) -> None:
    with _writing(actor, upload_id) as target:
        row = find(actor, upload_id)
        _count_what_is_there(row)
        if offset != row.offset or row.state == Upload.State.REFUSED:
            raise WrongOffset(Reason("content.wrong_offset", {"sent": offset, "counted": row.offset}))
        if body_bytes > row.length - row.offset:
            raise CannotUpload(Reason("content.more_than_announced", {"length": row.length}))
        if body_bytes:
            Taking(row, target, line, body_bytes, checksum, now).take()
    if row.state == Upload.State.ARRIVED and (row.sha256 or row.length <= conf.inline_digest_bytes()):
        finish(row.id, now=now)


@contextmanager
def _writing(actor: Actor, upload_id: UUID) -> Iterator[BinaryIO]:
    """Hold the file of an upload alone, unbuffered; the lock dies with the process."""
    path = store.upload_path(upload_id)
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        # Whoever asks for what is not theirs leaves no file behind; what is theirs may have lost its file.
        find(actor, upload_id)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    with os.fdopen(handle, "r+b", buffering=0) as target:
        try:
            fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            find(actor, upload_id)
            raise Busy("content.upload_busy") from None
        yield target


def finish(upload_id: UUID, *, now: datetime) -> UUID | None:
    """Make the file of an upload whose bytes are all here; safe to run twice, at once, or after a kill.

    Gives the file's id; None when the upload was refused because its digest is not the one declared, when
    there is no such arrived upload, or when somebody else is at it.
    """
    with _alone_with(upload_id) as alone:
        return _finish(upload_id, now) if alone else None


@contextmanager
def _alone_with(upload_id: UUID) -> Iterator[bool]:
    """Tell whether nobody else is at these bytes; where they have moved already, the rows decide."""
    try:
        held = store.upload_path(upload_id).open("rb")
    except FileNotFoundError:
        yield True
        return
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _finish(upload_id: UUID, now: datetime) -> UUID | None:
    row = Upload.objects.filter(id=upload_id, state__in=[Upload.State.ARRIVED, Upload.State.DONE]).first()
    if row is None or row.state == Upload.State.DONE:
        return row.file_id if row else None
    if not row.sha256:
        # Written down before the bytes move: after a kill in between, the row still says where they went.
        digests = digest_file(store.upload_path(row.id))
        row.sha256, row.sm3 = digests.sha256, digests.sm3
        row.save(update_fields=["sha256", "sm3"])
    if row.declared_sha256 and row.declared_sha256 != row.sha256:
        _refuse(row, Reason("content.digest_differs", {"declared": row.declared_sha256, "found": row.sha256}))
        return None
    return _receive(row.id, now=now)


def _refuse(row: Upload, *reasons: Reason) -> None:
    row.state = Upload.State.REFUSED
    row.refused_because = [{"code": each.code, "data": dict(each.data)} for each in reasons]
    row.save(update_fields=["state", "refused_because"])
    store.upload_path(row.id).unlink(missing_ok=True)


@transaction.atomic
def _receive(upload_id: UUID, *, now: datetime) -> UUID | None:
    row = Upload.objects.select_for_update(of=("self",), no_key=True).select_related("uploaded_by").get(id=upload_id)
    if row.state != Upload.State.ARRIVED:
        return row.file_id
    file = File(
        id=new_id(),
        name=row.name,
        folder=row.folder,
        project_id=row.project_id,
        unit_work_id=row.unit_work_id,
        organisation_id=row.organisation_id,
        uploaded_by_id=row.uploaded_by_id,
        received_at=now,
        level=row.level,
        client_organisation_id=row.client_organisation_id,
        with_client=row.organisation_id == row.client_organisation_id,
        digest_given=bool(row.declared_sha256),
    )
    digests = Digests(row.sha256, row.sm3, row.length)
    operations.name_arrivals([operations.Arrival(store.upload_path(row.id), digests, file)], now=now)
    operations.owe_checks([file.id], now=now)
    row.state, row.file = Upload.State.DONE, file
    row.save(update_fields=["state", "file"])
    audit.record(
        actor=Actor(account_id=row.uploaded_by_id, username=row.uploaded_by.username),
        act="content.file.received",
        subject=f"registry.project:{row.project_id}",
        at=now,
        data={"files": [{"id": file.id, "name": file.name, "sha256": digests.sha256, "size": digests.size}]},
    )
    return file.id


def terminate(*, actor: Actor, upload_id: UUID) -> None:
    """End an upload before it is whole; its bytes are removed.

    Raises:
        NotFound, Gone, Busy, AlreadyReceived.
    """
    with _writing(actor, upload_id):
        row = find(actor, upload_id)
        if row.state in {Upload.State.ARRIVED, Upload.State.DONE}:
            raise AlreadyReceived("content.already_received")
        row.delete()
        store.upload_path(upload_id).unlink(missing_ok=True)
