"""What is done with files: receive, keep, share, withdraw, open.

Bytes are written and flushed before the transaction that names them; the transaction moves them to
their stored place, writes blob, file, check request and log, and defers the check. Killed anywhere,
either all of the rows are there and the bytes with them, or none and `sweeping` takes the bytes away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from zhudang.audit import operations as audit
from zhudang.content import conf, store
from zhudang.content.domain import intake
from zhudang.content.models import Blob, CheckRequest, File
from zhudang.content.places import Place
from zhudang.identity import rights
from zhudang.identity.domain.roles import FILERS
from zhudang.identity.rights import Actor, ThingFacts
from zhudang.shared.digests import Digests
from zhudang.shared.ids import new_id
from zhudang.shared.refusals import NotFound, Refusal

BATCH_FILES = 200
BATCH_BYTES = 64 * conf.MIB
_STORE_LOCK = 0x5A48_5544_0001
"""Receivers share this advisory lock; the sweep that takes away unnamed bytes holds it alone."""


class CannotReceive(Refusal):
    """The file is not taken; no byte of it was kept."""


class CannotWithdraw(Refusal):
    """The file stays where it is."""


@dataclass(frozen=True)
class Incoming:
    """One file to receive: its bytes come as `data`, from `path`, or from `stream`.

    Attributes:
        level: declared secrecy level; the place's own level counts when it is higher.
    """

    name: str
    folder: str = ""
    data: bytes | None = None
    path: Path | None = None
    stream: BinaryIO | None = None
    level: int = 0
    unit_work_id: UUID | None = None


@dataclass(frozen=True)
class Arrival:
    """Bytes that are flushed but not yet named by a row, and the row they will get."""

    source: Path
    digests: Digests
    row: File


def hold_store(*, alone: bool = False) -> None:
    """Keep stored bytes from being swept (or everybody else from storing) until the transaction ends."""
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(%s)", [_STORE_LOCK])


def receive(
    *,
    actor: Actor,
    name: str,
    place: Place,
    now: datetime,
    folder: str = "",
    stream: BinaryIO | None = None,
    path: Path | None = None,
    level: int = 0,
    organisation_id: UUID | None = None,
) -> UUID:
    """Receive one file into a project; gives its id. Its check is owed from now on.

    Args:
        organisation_id: whose file it is, when the system receives it for somebody; otherwise the
            actor's own organisation in the project.

    Raises:
        CannotReceive: with every reason.
        NotFound: the project does not exist for this actor.
    """
    incoming = Incoming(name, folder, path=path, stream=stream, level=level, unit_work_id=place.unit_work_id)
    return receive_many(actor=actor, items=[incoming], place=place, now=now, organisation_id=organisation_id)[0]


def receive_many(
    *,
    actor: Actor,
    items: Iterable[Incoming],
    place: Place,
    now: datetime,
    organisation_id: UUID | None = None,
) -> list[UUID]:
    """Receive many files into a project, up to 200 files or 64 MB in one transaction; gives their ids in order.

    All bytes of a batch are written, then flushed side by side, then named. A refusal or a failure leaves
    earlier batches received and nothing of its own; memory does not grow with the number of files.

    Raises:
        CannotReceive: a file of the batch, with every reason.
        NotFound: the project does not exist for this actor.
    """
    holder = holder_in(place, actor, organisation_id)
    received: list[UUID] = []
    batch: list[Arrival] = []
    size = 0
    try:
        for item in items:
            batch.append(_take(item, place, actor, holder, now))
            size += batch[-1].digests.size
            if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
                received += _name_batch(batch, actor, place, now)
                batch, size = [], 0
        if batch:
            received += _name_batch(batch, actor, place, now)
    except BaseException:
        for arrival in batch:
            arrival.source.unlink(missing_ok=True)
        raise
    return received


def holder_in(place: Place, actor: Actor, organisation_id: UUID | None = None) -> UUID | None:
    """Tell whose file it becomes when `actor` puts one at `place`; asks the right to do so.

    Raises:
        NotFound, CannotReceive.
    """
    facts = ThingFacts(client_id=place.client_id, party_ids=place.party_ids, level=place.level)
    reasons = rights.why_not(actor, "content.file.upload", facts)
    if any(reason.code == "rights.not_found" for reason in reasons):
        raise NotFound
    if place.closed:
        reasons.append(_closed(place))
    if reasons:
        raise CannotReceive(*reasons)
    if actor.is_system:
        return organisation_id or place.client_id
    own = [each.organisation_id for each in actor.memberships if each.organisation_id and each.role in FILERS]
    return place.filer_of(own) or actor.organisation_id


def _closed(place: Place) -> intake.Reason:
    return intake.Reason("content.project_closed", {"project": str(place.project_id)})


def _take(item: Incoming, place: Place, actor: Actor, holder: UUID | None, now: datetime) -> Arrival:
    name = intake.clean_name(item.name)
    folder = intake.clean_folder(item.folder)
    level = intake.whole_levels([item.level, place.level])
    reasons = intake.why_not_called(name, folder)
    reasons += intake.why_not_so_secret(level, ceiling=conf.network_ceiling(), reach=actor.reach)
    if reasons:
        raise CannotReceive(*reasons)
    with _opened(item) as stream:
        source, digests = store.take_in(stream, item.path.stat().st_size if item.path else 0)
    row = File(
        id=new_id(),
        name=name,
        folder=folder,
        project_id=place.project_id,
        unit_work_id=item.unit_work_id or place.unit_work_id,
        organisation_id=holder,
        uploaded_by_id=actor.account_id,
        received_at=now,
        level=level,
        client_organisation_id=place.client_id,
        **_reach_of(holder, place, actor),
    )
    return Arrival(source, digests, row)


def _reach_of(holder: UUID | None, place: Place, actor: Actor) -> dict[str, bool]:
    # What the client holds needs no delivery to the client; what the archive itself adds is with it at once.
    ours = not actor.is_system and holder not in (place.party_ids | {place.client_id})
    return {"with_client": holder == place.client_id, "with_archive": ours}


def _opened(item: Incoming) -> BinaryIO:
    if item.path is not None:
        return item.path.open("rb")
    if item.data is not None:
        return BytesIO(item.data)
    if item.stream is None:
        raise ValueError(f"no bytes were given for {item.name}")
    return item.stream


def _name_batch(batch: Sequence[Arrival], actor: Actor, place: Place, now: datetime) -> list[UUID]:
    flush_or_refuse(batch)
    with transaction.atomic():
        name_arrivals(batch, now=now)
        owe_checks([arrival.row.id for arrival in batch], now=now)
        audit.record(
            actor=actor,
            act="content.file.received",
            subject=f"registry.project:{place.project_id}",
            at=now,
            data={
                "files": [
                    {"id": a.row.id, "name": a.row.name, "sha256": a.digests.sha256, "size": a.digests.size}
                    for a in batch
                ]
            },
        )
    return [arrival.row.id for arrival in batch]


def flush_or_refuse(batch: Sequence[Arrival]) -> None:
    """Wait until the bytes are on disk; a disk that turns out full is a refusal.

    Raises:
        store.DiskFull
    """
    try:
        store.flush_files([arrival.source for arrival in batch])
    except OSError as problem:
        if store.is_full(problem):
            raise store.disk_full() from problem
        raise


def name_arrivals(batch: Sequence[Arrival], *, now: datetime) -> None:
    """Give flushed bytes their stored place, their blob rows and their file rows; call it in a transaction.

    Bytes stored before are not stored again and nobody can tell: same steps, same answer.
    """
    hold_store()
    store.settle((arrival.source, arrival.digests) for arrival in batch)
    known = {arrival.digests.sha256: arrival.digests for arrival in batch}
    # In the order of the digests: two batches with common files must not wait for each other crosswise.
    blobs = [Blob(sha256=d.sha256, sm3=d.sm3, size=d.size, stored_at=now) for _, d in sorted(known.items())]
    Blob.objects.bulk_create(blobs, ignore_conflicts=True)
    ids = dict(Blob.objects.filter(sha256__in=known).values_list("sha256", "id"))
    for arrival in batch:
        arrival.row.blob_id = ids[arrival.digests.sha256]
    File.objects.bulk_create([arrival.row for arrival in batch])


def owe_checks(file_ids: Sequence[UUID], *, now: datetime, work_id: UUID | None = None, work_total: int = 0) -> None:
    """Note that the files' checks are owed and defer the job; call it in the transaction that names them."""
    from zhudang.content import jobs

    requests = [
        CheckRequest(file_id=each, requested_at=now, work_id=work_id, work_total=work_total) for each in file_ids
    ]
    CheckRequest.objects.bulk_create(requests, ignore_conflicts=True)
    jobs.check_files.defer(file_ids=[str(each) for each in file_ids])


def keep_bytes(
    *,
    data: bytes,
    name: str,
    mime: str,
    actor: Actor,
    now: datetime,
    project_id: UUID | None = None,
    organisation_id: UUID | None = None,
    client_organisation_id: UUID | None = None,
    level: int = 0,
    with_client: bool = False,
    with_archive: bool = True,
) -> UUID:
    """Keep a document of our own making (notice, certificate, list); gives its file id.

    It is stored like everything else but not checked as something received; its act is logged by the
    context that issues it.
    """
    source, digests = store.take_in(BytesIO(data))
    row = File(
        id=new_id(),
        name=intake.clean_name(name),
        project_id=project_id,
        organisation_id=organisation_id,
        client_organisation_id=client_organisation_id,
        uploaded_by_id=actor.account_id,
        received_at=now,
        own_document=True,
        mime=mime,
        level=level,
        with_client=with_client,
        with_archive=with_archive,
    )
    arrival = Arrival(source, digests, row)
    flush_or_refuse([arrival])
    with transaction.atomic():
        name_arrivals([arrival], now=now)
    return row.id


def keep_rendition(
    *, of: UUID, path: Path, name: str, mime: str, format_id: str, format_name: str, actor: Actor, now: datetime
) -> tuple[UUID, Digests]:
    """Keep a file we made of another; gives its id and digests.

    It is nobody's by itself: who may read it is asked of the other (`places.also_readable`) at every request, so that a
    later change of that one's level or holder counts for both. Its act is logged by the context that made it.
    """
    original = File.objects.get(id=of)
    with path.open("rb") as stream:
        source, digests = store.take_in(stream, path.stat().st_size)
    row = File(
        id=new_id(),
        name=intake.clean_name(name),
        folder=original.folder,
        project_id=original.project_id,
        unit_work_id=original.unit_work_id,
        uploaded_by_id=actor.account_id,
        received_at=now,
        own_document=True,
        mime=mime,
        format_id=format_id,
        format_name=format_name,
        level=original.level,
    )
    arrival = Arrival(source, digests, row)
    flush_or_refuse([arrival])
    with transaction.atomic():
        name_arrivals([arrival], now=now)
    return row.id, digests


def open_file(file_id: UUID) -> BinaryIO:
    """Open the stored bytes for reading. Rights were asked by the caller.

    Raises:
        NotFound: no such file.
    """
    return store.blob_path(_digest_of(file_id)).open("rb")


def read_range(file_id: UUID, start: int, length: int) -> bytes:
    """Read `length` bytes from `start`; fewer at the end of the file. Rights were asked by the caller."""
    with open_file(file_id) as stream:
        stream.seek(start)
        return stream.read(length)


def _digest_of(file_id: UUID) -> str:
    digest = File.objects.filter(id=file_id).values_list("blob__sha256", flat=True).first()
    if digest is None:
        raise NotFound
    return digest


@transaction.atomic
def withdraw(*, actor: Actor, file_id: UUID, now: datetime) -> None:
    """Take a file back before it is delivered; the row and its bytes stay, nobody is shown it any more.

    Raises:
        NotFound: no such file, or none this actor may know of.
        CannotWithdraw: with every reason.
    """
    file = File.objects.select_for_update(no_key=True).filter(id=file_id).first()
    if file is None:
        raise NotFound
    rights.demand(actor, "content.file.withdraw", facts_of(file))
    if reasons := intake.why_not_withdraw(
        withdrawn=file.withdrawn_at is not None,
        with_client=file.with_client and file.organisation_id != file.client_organisation_id,
        with_archive=file.with_archive,
    ):
        raise CannotWithdraw(*reasons)
    file.withdrawn_at = now
    file.save(update_fields=["withdrawn_at"])
    audit.record(
        actor=actor, act="content.file.withdrawn", subject=f"content.file:{file_id}", at=now, data={"name": file.name}
    )


def facts_of(file: File) -> ThingFacts:
    """What rights need to know of a file."""
    stage = rights.Stage.HOLDER
    if file.with_archive:
        stage = rights.Stage.WITH_ARCHIVE
    elif file.with_client:
        stage = rights.Stage.WITH_CLIENT
    return ThingFacts(
        client_id=file.client_organisation_id, holder_id=file.organisation_id, level=file.level, stage=stage
    )


def share_with_client(file_ids: Iterable[UUID]) -> int:
    """Let the client of the project see these files (delivered); gives how many changed. The act is the caller's."""
    return File.objects.filter(id__in=list(file_ids), with_client=False).update(with_client=True)


def share_with_archive(file_ids: Iterable[UUID]) -> int:
    """Let archive and department see these files (submitted); gives how many changed. The act is the caller's."""
    return File.objects.filter(id__in=list(file_ids), with_archive=False).update(with_archive=True)


def move_files(
    *,
    source_id: UUID,
    project_id: UUID,
    client_id: UUID,
    unit_work_ids: Iterable[UUID],
    file_ids: Iterable[UUID],
    whole: bool,
) -> int:
    """Let files go with the phases that moved to another project; gives how many went. The act is the registry's.

    Args:
        file_ids: files of the records that moved; their place of arrival may have been the project as a whole.
        whole: everything that lay in the source goes, the unassigned too.
    """
    here = File.objects.filter(project_id=source_id, own_document=False)
    if not whole:
        here = here.filter(Q(unit_work_id__in=list(unit_work_ids)) | Q(id__in=list(file_ids)))
    return here.update(project_id=project_id, client_organisation_id=client_id)
