"""A transfer on its way into the store: volume by volume, each said to be preserved only once it is."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.events import operations as events
from zhudang.events import work
from zhudang.filing import queries as filing
from zhudang.handover import operations as handover
from zhudang.handover.queries.kept import transfer_to_keep
from zhudang.identity import queries as identity
from zhudang.identity.rights import SYSTEM, Actor, demand
from zhudang.preservation import archive_registers, around_volumes, catalogue, keeping, packing, placement, unlogged
from zhudang.preservation.domain import names
from zhudang.preservation.domain.states import IngestState
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.models import ArchivalObject, Ingest
from zhudang.preservation.ocfl.content import CopyDiffers, SourceChanged, TooLarge
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot, StoreFull, StoreUnreachable
from zhudang.preservation.ocfl.sealing import CannotOpen
from zhudang.preservation.ocfl.writing_process import WritingProcess, WritingProcesses
from zhudang.preservation.sites import Place, at_hand, is_of_the_medium, places, reason_of, why_failed, writing
from zhudang.preservation.storing import Kept, NoSoundCopy
from zhudang.shared.refusals import NotFound, Reason, Refusal

log = structlog.get_logger("zhudang.preservation")
_LOOK_FOR_CANCEL_SECONDS = 2.0
_MESSAGE = "移交入库 / transferred to the archive"
_NIGHTLY = "馆级登记有变 / the archive's own registers changed"


STOPPING = (
    StoreFull, StoreUnreachable, SourceChanged, CopyDiffers, TooLarge, KeysUnusable, NoSoundCopy, FileNotFoundError,
)  # fmt: skip
"""What keeps an object from being written and is no fault of the program: told, and gone on with when it is over."""


class CannotResume(Refusal):
    """The transfer is not one that stopped."""


class Stopped(Exception):
    """The work ended before its end, with a reason people are told; what is kept stays kept."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


@transaction.atomic
def ask(*, transfer_id: UUID, project_id: UUID, now: datetime, received_by: str = "") -> None:
    """Note that a transfer is to be preserved and defer the job; asking again changes nothing.

    Args:
        received_by: username of who received it, whose work this is to follow.
    """
    row, made = Ingest.objects.get_or_create(
        transfer_id=transfer_id, defaults={"project_id": project_id, "state": IngestState.ASKED.value, "asked_at": now}
    )
    if made:
        _begin(row, _receiver(received_by), now)


@transaction.atomic
def resume(*, actor: Actor, transfer_id: UUID, now: datetime) -> UUID:
    """Go on with a transfer that stopped; gives the id of the new work.

    Raises:
        NotFound, Forbidden: not this actor's to do.
        CannotResume: it is running, or done.
    """
    demand(actor, "preservation.object.verify")
    row = Ingest.objects.select_for_update(no_key=True).filter(transfer_id=transfer_id).first()
    if row is None:
        raise NotFound
    if row.state != IngestState.STOPPED.value:
        raise CannotResume(Reason("preservation.not_stopped", {"state": row.state}))
    audit.record(actor=actor, act="preservation.ingest.resumed", subject=_subject(transfer_id), at=now)
    return _begin(row, actor, now)


def _receiver(username: str) -> Actor:
    actor = identity.actor_by_username(username)
    return actor if actor.authenticated else SYSTEM


def _begin(row: Ingest, actor: Actor, now: datetime) -> UUID:
    from zhudang.preservation import jobs

    work_id = work.start(
        kind="preservation.ingest", subject=_subject(row.transfer_id), actor=actor, total=None, now=now
    )
    row.state, row.work_id, row.stopped_because = IngestState.ASKED.value, work_id, {}
    row.save(update_fields=["state", "work_id", "stopped_because"])
    jobs.preserve_transfer.defer(transfer_id=str(row.transfer_id))
    return work_id


def preserve_transfer(transfer_id: UUID) -> None:
    """Bring the volumes of a transfer into every store, then its project's catalogue; safe to run twice.

    What stops it (a full disk, a place out of reach, a person) is written with its reason and can be resumed; an
    unexpected failure is written too, then raised.
    """
    row = Ingest.objects.filter(transfer_id=transfer_id).first()
    if row is None or row.state == IngestState.DONE.value or row.work_id is None:
        return
    Ingest.objects.filter(transfer_id=transfer_id).update(state=IngestState.RUNNING.value)
    progress = _Progress(row.work_id)
    try:
        _preserve(row, progress)
    except (Stopped, work.Cancelled, StoreFull, StoreUnreachable, SourceChanged, CopyDiffers, TooLarge) as cause:
        _stop(row, _reason(cause), cancelled=isinstance(cause, work.Cancelled))
    except KeysUnusable as cause:
        _stop(row, cause.reasons[0], cancelled=False)
    except NoSoundCopy as cause:
        _stop(row, Reason("preservation.no_sound_copy", {"object": cause.object_id}), cancelled=False)
    except FileNotFoundError as cause:
        _stop(row, Reason("preservation.bytes_missing", {"path": str(cause.filename or "")}), cancelled=False)
    except OSError as cause:
        if not is_of_the_medium(cause):
            _stop(row, Reason("preservation.failed", {"problem": type(cause).__name__}), cancelled=False)
            raise
        _stop(row, why_failed(_place_of(cause), cause), cancelled=False)
    except Exception as cause:
        _stop(row, Reason("preservation.failed", {"problem": type(cause).__name__}), cancelled=False)
        raise


def _preserve(row: Ingest, progress: _Progress) -> None:
    transfer = transfer_to_keep(row.transfer_id)
    all_places = at_hand(places())
    volumes = {volume.id: volume for volume in filing.volumes_of(row.project_id)}
    # What was destroyed since is never written again.
    gone = ArchivalObject.objects.filter(pk__in=transfer.volume_ids, condemned_at__isnull=False)
    destroyed = set(gone.values_list("pk", flat=True))
    wanted = [volumes[volume_id] for volume_id in transfer.volume_ids if volume_id not in destroyed]
    progress.expect(len(wanted) + 1)
    with (
        writing(all_places) as roots,
        WritingProcesses(roots) as processes,
        ThreadPoolExecutor(processes.most, "preserve") as waiter,
    ):
        around = around_volumes.around(row.project_id)
        being_written: deque[_Writing] = deque()
        try:
            for volume in wanted:
                progress.at(volume.title)
                # Gathering a volume's facts is this process's work while the others write the volumes before it.
                made_at = _made_at(volume.id, roots)
                created = made_at or _whole_second(timezone.now())
                package = packing.pack_volume(around, volume, ingested_at=created)
                if len(being_written) == processes.most:
                    processes.give_back(being_written.popleft().finish(progress))
                own = _own(package, all_places, roots)
                being_written.append(
                    _Writing.begin(waiter, processes.take(), package, *own, None if made_at else created)
                )
            while being_written:
                processes.give_back(being_written.popleft().finish(progress))
        except BaseException:
            for each in being_written:
                each.stop.set()
            raise
        handover.note_preserved(row.transfer_id, now=timezone.now())
        progress.at(around.project["name"])
        with catalogue.packed_project(row.project_id) as package:
            _keep(package, *_own(package, all_places, roots), progress)
        progress.one_more()
    _finish(row, len(wanted))


def _made_at(volume_id: UUID, roots: Sequence[StorageRoot]) -> datetime | None:
    """Tell when the first version of a volume was made, by any place that holds it: a run of before may have been killed."""
    for root in roots:
        try:
            inventory = root.inventory(names.object_id(volume_id))
        except ObjectDamaged:
            continue
        if inventory:
            return inventory.versions[1].created
    return None


def _whole_second(moment: datetime) -> datetime:
    """Round up to what an inventory tells, so that nothing before it comes after."""
    return moment.replace(microsecond=0) + timedelta(seconds=1 if moment.microsecond else 0)


def keep_project(project_id: UUID) -> bool:
    """Write a project's catalogue anew where it changed since it was last kept; tells whether it did.

    What changed without an act in the log is told (`unlogged`), and kept as it is: the version before stays beside it.
    """
    all_places = at_hand(places())
    with writing(all_places) as roots, catalogue.packed_project(project_id) as package:
        own_places, own_roots = _own(package, all_places, roots)
        _look_for_unlogged(package, own_roots)
        return _keep(package, own_places, own_roots, None)


def keep_archive() -> bool:
    """Write the archive's own registers anew where they changed since they were last kept; tells whether it did.

    As of a project, what changed without an act in the log is told.

    Raises:
        RegistersOfAnother: the store holds those of another database, which was lost or is not this one's.
    """
    all_places = at_hand(places())
    with writing(all_places) as roots, archive_registers.packed() as package:
        own_places, own_roots = _own(package, all_places, roots)
        archive_registers.refuse_another(own_roots)
        _look_for_unlogged(package, own_roots)
        return _keep(package, own_places, own_roots, None, message=_NIGHTLY)


def _look_for_unlogged(package: packing.Package, roots: Sequence[StorageRoot]) -> None:
    try:
        unlogged.look(package, roots)
    except (ObjectDamaged, CannotOpen):
        log.warning("the stored registers cannot be compared", object=package.object_id)


def _own(
    package: packing.Package, all_places: Sequence[Place], roots: Sequence[StorageRoot]
) -> tuple[list[Place], list[StorageRoot]]:
    """Of the places at hand those its holding class goes to, with their roots."""
    chosen = placement.places_of(package.kind, package.level)
    own = at_hand(all_places, chosen)
    return own, [root for place, root in zip(all_places, roots, strict=True) if place in own]


def _keep(
    package: packing.Package,
    all_places: Sequence[Place],
    roots: Sequence[StorageRoot],
    progress: _Progress | None,
    message: str = _MESSAGE,
) -> bool:
    now = timezone.now()
    known = keeping.known_of(package.thing_id, all_places)
    kept = keeping.keep(package, roots, message=message, now=timezone.localtime(now), known=known, progress=progress)
    keeping.note_kept(package, kept, all_places, now=timezone.now())
    return kept.changed


@dataclass(frozen=True)
class _Writing:
    """A volume on its way into every store: a thread waits for the process that writes it, and asks the database nothing."""

    package: packing.Package
    places: Sequence[Place]
    process: WritingProcess
    kept: Future[Kept]
    stop: threading.Event

    @classmethod
    def begin(
        cls,
        waiter: Executor,
        process: WritingProcess,
        package: packing.Package,
        all_places: Sequence[Place],
        roots: Sequence[StorageRoot],
        created: datetime | None = None,
    ) -> _Writing:
        """Have a volume written.

        Args:
            created: when its first version is made, as its provenance says; a later one is made now.
        """
        stop = threading.Event()

        def go_on(_bytes: int) -> None:
            if stop.is_set():
                raise work.Cancelled

        kept = waiter.submit(
            keeping.keep, package, roots, message=_MESSAGE, now=timezone.localtime(created or timezone.now()),
            known=keeping.known_of(package.thing_id, all_places), progress=go_on, write=process.write_version,
        )  # fmt: skip
        return cls(package, all_places, process, kept, stop)

    def finish(self, progress: _Progress) -> WritingProcess:
        """Wait until the volume stands in every store, then write the rows that say so; give the process that is free now.

        Raises:
            work.Cancelled and what `keeping.keep` raises: nothing was said.
        """
        while wait([self.kept], timeout=_LOOK_FOR_CANCEL_SECONDS).not_done:
            if work.is_cancelled(progress.work_id):
                self.stop.set()
        kept = self.kept.result()
        keeping.note_kept(self.package, kept, self.places, now=timezone.now())
        progress.one_more()
        return self.process


@transaction.atomic
def _finish(row: Ingest, volumes: int) -> None:
    now = timezone.now()
    Ingest.objects.filter(pk=row.pk).update(state=IngestState.DONE.value, finished_at=now, stopped_because={})
    audit.record(
        actor="system", act="preservation.transfer.preserved", subject=_subject(row.transfer_id), at=now,
        data={"project": row.project_id, "volumes": volumes},
    )  # fmt: skip
    events.publish(
        kind="preservation.preserved", subject=_subject(row.transfer_id), at=now,
        data={"transfer_id": row.transfer_id, "project_id": row.project_id},
    )  # fmt: skip
    if row.work_id:
        work.finish(row.work_id, "done", {"volumes": volumes, "link": _page_of(row)}, now=now)


@transaction.atomic
def _stop(row: Ingest, reason: Reason, *, cancelled: bool) -> None:
    now = timezone.now()
    because = {"code": reason.code, "data": dict(reason.data)}
    Ingest.objects.filter(pk=row.pk).update(state=IngestState.STOPPED.value, stopped_because=because)
    audit.record(
        actor="system", act="preservation.ingest.stopped", subject=_subject(row.transfer_id), at=now, data=because
    )
    if row.work_id:
        from zhudang.preservation.words import sentence

        outcome = "cancelled" if cancelled else "failed"
        work.finish(row.work_id, outcome, {"reason": str(sentence(reason)), "link": _page_of(row)}, now=now)


def _page_of(row: Ingest) -> str:
    """The transfer's page: whoever may follow this work may open it; the holdings' page is for fewer."""
    return reverse("handover:transfer", args=[row.transfer_id])


def _reason(cause: Exception) -> Reason:
    data: Mapping[str, Any] = {}
    code = "preservation.failed"
    if isinstance(cause, Stopped):
        return cause.reason
    if isinstance(cause, work.Cancelled):
        code = "preservation.cancelled"
    elif isinstance(cause, StoreFull):
        code, data = "preservation.disk_full", {"place": str(cause.folder)}
    elif isinstance(cause, StoreUnreachable):
        return reason_of(cause)
    elif isinstance(cause, SourceChanged):
        code, data = "preservation.source_changed", {"path": cause.path}
    elif isinstance(cause, CopyDiffers):
        code, data = "preservation.copy_differs", {"place": str(cause.folder)}
    elif isinstance(cause, TooLarge):
        code, data = "preservation.too_large", {"object": str(cause)}
    return Reason(code, data)


def _place_of(cause: OSError) -> str:
    """The name of the place whose path a failure tells; the path itself where it is none's."""
    told = Path(str(cause.filename or ""))
    return next((place.name for place in places() if told.is_relative_to(place.path)), str(told))


def _subject(transfer_id: UUID) -> str:
    return f"handover.transfer:{transfer_id}"


@dataclass
class _Progress:
    """Counts finished objects for the page that follows the work, and looks now and then whether to stop."""

    work_id: UUID
    done: int = 0
    looked: float = 0.0
    note: str = ""

    def expect(self, total: int) -> None:
        work.advance(self.work_id, 0, total=total)

    def at(self, title: str) -> None:
        self.note = title
        work.advance_or_stop(self.work_id, self.done, title)

    def one_more(self) -> None:
        self.done += 1
        work.advance(self.work_id, self.done, self.note)

    def __call__(self, _bytes: int) -> None:
        if time.monotonic() - self.looked > _LOOK_FOR_CANCEL_SECONDS:
            self.looked = time.monotonic()
            if work.is_cancelled(self.work_id):
                raise work.Cancelled
