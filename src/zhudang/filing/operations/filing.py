"""File records (归档): the party confirms; undo before delivery; replace and withdraw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from zhudang.audit import operations as audit
from zhudang.content import queries as content
from zhudang.content.queries import StoredFile
from zhudang.events import operations as events
from zhudang.filing.domain import origin
from zhudang.filing.domain.origin import SOFT
from zhudang.filing.domain.states import CHANGEABLE, RecordState
from zhudang.filing.models import Record, RecordFile, Suggestion
from zhudang.filing.operations.describing import lock, lock_many, locked_some_at_a_time
from zhudang.filing.readiness import reasons_against
from zhudang.identity.rights import Actor
from zhudang.shared.bulk import save_changed
from zhudang.shared.refusals import NotFound, Reason, Refusal


class CannotFile(Refusal):
    """No record was filed; every reason of every record is told."""


class CannotReplace(Refusal):
    """The file was not replaced."""


class CannotTakeBack(Refusal):
    """No record was taken back."""


def file_record(*, actor: Actor, record_id: UUID, now: datetime, knowingly: bool = False) -> None:
    """File one record; see `file_many`."""
    file_many(actor=actor, record_ids=[record_id], now=now, knowingly=knowingly)


@transaction.atomic
def file_many(*, actor: Actor, record_ids: Iterable[UUID], now: datetime, knowingly: bool = False) -> int:
    """File records: the party confirms that they are whole, true and described. All or none.

    Args:
        knowingly: pass on findings and missing renditions to the reviewer (仍然确认): they stay written on
            the record. Conditions of origin and missing descriptions cannot be passed on.

    Raises:
        NotFound: one of them does not exist for this actor.
        CannotFile: with every reason of every record.
    """
    firm: list[Reason] = []
    filed: list[tuple[UUID, UUID]] = []
    for rows in locked_some_at_a_time(actor, "filing.record.file", record_ids):
        against = reasons_against(rows)
        for row in rows:
            for reason in against.get(row.id, ()):
                if not (knowingly and reason.code in SOFT):
                    data = {**reason.data, "record": str(row.id), "title": row.title or row.code}
                    firm.append(Reason(reason.code, data))
        if not firm:
            _file(rows, against, actor.name or actor.username, now)
            filed += [(row.project_id, row.id) for row in rows]
    if firm:
        raise CannotFile(*firm)
    _log(actor, filed, "filing.record.filed", now)
    return len(filed)


def _file(rows: list[Record], passed_on: Mapping[UUID, Sequence[Reason]], who: str, now: datetime) -> None:
    for row in rows:
        row.blockers = [[r.code, dict(r.data)] for r in passed_on.get(row.id, ())]
        row.state, row.filed_at, row.filed_by = RecordState.FILED.value, now, who
        row.changed_at, row.changed_by, row.revision = now, who, row.revision + 1
    save_changed(rows, ["state", "filed_at", "filed_by", "blockers", "changed_at", "changed_by", "revision"])


@transaction.atomic
def take_back(*, actor: Actor, record_ids: Iterable[UUID], now: datetime) -> int:
    """Undo filing before delivery: the records are drafts again.

    Raises:
        NotFound.
        CannotTakeBack: some were delivered already, or lie in a numbered volume.
    """
    rows = lock_many(actor, "filing.record.file", record_ids)
    reasons = [
        Reason("filing.not_to_take_back", {"title": r.title, "state": r.state})
        for r in rows
        if r.state != RecordState.FILED or r.reached > 0
    ]
    if reasons:
        raise CannotTakeBack(*reasons)
    Record.objects.filter(id__in=[r.id for r in rows]).update(
        state=RecordState.DRAFT.value, filed_at=None, filed_by="", volume=None, position=None, page_from=None,
        page_to=None, changed_at=now, changed_by=actor.name or actor.username, revision=F("revision") + 1,
    )  # fmt: skip
    _log(actor, [(row.project_id, row.id) for row in rows], "filing.record.taken_back", now)
    return len(rows)


@transaction.atomic
def replace_file(
    *, actor: Actor, record_id: UUID, old_file_id: UUID | None, file_id: UUID, why: str, now: datetime
) -> None:
    """Put a new file in the place of an old one; the old one stays as an earlier version.

    A returned record counts as cured by this.

    Args:
        old_file_id: None adds the file (a rendition beside a native file, a page that was missing).

    Raises:
        NotFound: record or file does not exist for this actor.
        CannotReplace: with every reason.
    """
    record = lock(actor, "filing.record.describe", record_id)
    file = content.stored_files([file_id]).get(file_id)
    if file is None or not (actor.is_system or file.organisation_id in actor.organisation_ids):
        raise NotFound
    current = RecordFile.objects.filter(record=record, replaced_at__isnull=True)
    old = current.filter(file_id=old_file_id).first() if old_file_id else None
    if old_file_id and old is None:
        raise NotFound
    reasons = []
    if record.state not in CHANGEABLE:
        reasons.append(Reason("filing.not_changeable", {"state": record.state, "title": record.title}))
    if RecordFile.objects.filter(file_id=file_id, replaced_at__isnull=True).exists():
        reasons.append(Reason("filing.file_assigned", {"file": file.name}))
    if file.project_id != record.project_id or file.withdrawn:
        reasons.append(Reason("filing.other_project", {"file": file.name}))
    if reasons:
        raise CannotReplace(*reasons)
    _swap(record, old, file, actor, why, now)


def _swap(record: Record, old: RecordFile | None, file: StoredFile, actor: Actor, why: str, now: datetime) -> None:
    who = actor.name or actor.username
    native = origin.is_native(file.name)
    if old:
        old.replaced_at, old.replaced_by, old.replaced_why = now, who, why[:400]
        old.save(update_fields=["replaced_at", "replaced_by", "replaced_why"])
    RecordFile.objects.create(
        record=record, file_id=file.id, part="native" if native else old.part if old and old.part != "native" else "original",
        version=old.version + 1 if old else 1, added_at=now, added_by=who,
    )  # fmt: skip
    Suggestion.objects.filter(file_id=file.id, state="open").update(state="changed", decided_by=who, decided_at=now)
    if not native:
        codes = [f.code for f in content.findings_of([file.id]).get(file.id, ())]
        record.pages = file.pages or record.pages
        record.e_sealed = origin.sealed(file.facts, codes)
    if record.state == RecordState.RETURNED:
        record.cured_at = now
    if record.state == RecordState.FILED:
        # What was confirmed is not what is there now: the party confirms again.
        record.state, record.filed_at, record.filed_by = RecordState.DRAFT.value, None, ""
    record.changed_at, record.changed_by, record.revision = now, who, record.revision + 1
    record.save()
    audit.record(
        actor=actor, act="filing.record.file_replaced", subject=f"filing.record:{record.id}", at=now,
        data={"old": old.file_id if old else None, "new": file.id, "sha256": file.sha256, "why": why},
    )  # fmt: skip


@transaction.atomic
def note_cured(*, actor: Actor, record_id: UUID, how: str, now: datetime) -> None:
    """Say that a returned record was cured without a new file (described anew, paper brought along).

    Raises:
        NotFound, CannotReplace.
    """
    record = lock(actor, "filing.record.describe", record_id)
    reasons = []
    if record.state != RecordState.RETURNED:
        reasons.append(Reason("filing.not_returned", {"state": record.state}))
    if len(how.strip()) < 2:
        reasons.append(Reason("filing.reason_missing"))
    if reasons:
        raise CannotReplace(*reasons)
    record.cured_at, record.changed_at, record.changed_by = now, now, actor.name or actor.username
    record.revision += 1
    record.save(update_fields=["cured_at", "changed_at", "changed_by", "revision"])
    audit.record(
        actor=actor, act="filing.record.cured", subject=f"filing.record:{record.id}", at=now, data={"how": how}
    )


@transaction.atomic
def withdraw_records(*, actor: Actor, record_ids: Iterable[UUID], now: datetime) -> int:
    """Take records out before they were delivered; their files go back to the inbox.

    Raises:
        NotFound.
        CannotTakeBack: some were delivered already.
    """
    rows = lock_many(actor, "filing.record.withdraw", record_ids)
    reasons = [
        Reason("filing.not_to_take_back", {"title": r.title, "state": r.state})
        for r in rows
        if r.reached > 0 or r.state not in {RecordState.DRAFT, RecordState.FILED}
    ]
    if reasons:
        raise CannotTakeBack(*reasons)
    who = actor.name or actor.username
    ids = [r.id for r in rows]
    Record.objects.filter(id__in=ids).update(
        withdrawn_at=now, withdrawn_by=who, state=RecordState.DRAFT.value, volume=None, position=None, page_from=None,
        page_to=None, changed_at=now, changed_by=who, revision=F("revision") + 1,
    )  # fmt: skip
    RecordFile.objects.filter(Q(record_id__in=ids), replaced_at__isnull=True).update(
        replaced_at=now, replaced_by=who, replaced_why="withdrawn"
    )
    _log(actor, [(row.project_id, row.id) for row in rows], "filing.record.withdrawn", now)
    return len(rows)


def _log(actor: Actor, rows: Sequence[tuple[UUID, UUID]], act: str, now: datetime) -> None:
    """One entry per project with its records; `rows` are (project, record)."""
    for project_id in {project_id for project_id, _ in rows}:
        ids = [str(record_id) for of, record_id in rows if of == project_id]
        audit.record(
            actor=actor,
            act=act,
            subject=f"registry.project:{project_id}",
            at=now,
            data={"count": len(ids), "records": ids},
        )
        events.publish(kind=act, subject=f"registry.project:{project_id}", at=now, data={"record_ids": ids})
