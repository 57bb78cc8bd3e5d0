"""The steps of records on their road; called by handover and preservation with lists of ids.

Each function moves all named records or none, with one log entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Greatest

from zhudang.audit import operations as audit
from zhudang.content import operations as content
from zhudang.events import operations as events
from zhudang.filing.domain.states import FROM, RecordState
from zhudang.filing.models import Record, RecordFile, Volume
from zhudang.identity.rights import Actor
from zhudang.shared.bulk import CHANGED_AT_ONCE, batched
from zhudang.shared.refusals import Reason, Refusal


class WrongState(Refusal):
    """Some records are not where this step starts; none was moved."""


@dataclass(frozen=True)
class Return:
    """Why one record comes back: plain words first, then the cure, then the code."""

    reason: str
    cure: str = ""
    code: str = ""


class _Moved(NamedTuple):
    """A record on its way: what a step asks of it."""

    id: UUID
    project_id: UUID
    state: str
    title: str


def _move(actor: Actor, record_ids: Iterable[UUID], to: RecordState, now: datetime, **changes: Any) -> list[_Moved]:
    """Lock the records, refuse when any may not take the step, move them, some thousands in a statement."""
    ids = list(dict.fromkeys(record_ids))
    found_rows = Record.objects.live().select_for_update(no_key=True).filter(id__in=ids).order_by("id")
    rows = list(map(_Moved._make, found_rows.values_list(*_Moved._fields)))
    wrong = [row for row in rows if row.state not in FROM[to]]
    if wrong or len(rows) != len(ids):
        found = {row.id for row in rows}
        raise WrongState(
            *(
                Reason(
                    "filing.wrong_state", {"record": str(r.id), "title": r.title, "state": r.state, "wanted": to.value}
                )
                for r in wrong
            ),
            *(Reason("filing.no_such_record", {"record": str(i)}) for i in ids if i not in found),
        )
    # Each statement keeps old and new rows for the triggers in the server's memory.
    for some in batched(ids, CHANGED_AT_ONCE):
        Record.objects.filter(id__in=some).update(
            state=to.value, changed_at=now, changed_by=_name(actor), revision=F("revision") + 1, **changes
        )
        _share(some, to)
    _log(actor, f"filing.record.{to.value}", rows, now)
    return rows


def _share(record_ids: list[UUID], to: RecordState) -> None:
    """Let the next reader see the files too: the client when delivered, the archive when submitted."""
    if to not in {RecordState.DELIVERED, RecordState.WITH_CLIENT, RecordState.SUBMITTED}:
        return
    files = RecordFile.objects.filter(record_id__in=record_ids, replaced_at__isnull=True).values_list(
        "file_id", flat=True
    )
    if to == RecordState.SUBMITTED:
        content.share_with_archive(files)
    else:
        content.share_with_client(files)


def _name(actor: Actor) -> str:
    return actor.username


def _log(actor: Actor, act: str, rows: list[_Moved], now: datetime) -> None:
    """One entry per project and act, with the number and the ids of its records."""
    by_project: dict[UUID, list[str]] = {}
    for row in rows:
        by_project.setdefault(row.project_id, []).append(str(row.id))
    for project_id, ids in by_project.items():
        audit.record(
            actor=actor, act=act, subject=f"registry.project:{project_id}", at=now,
            data={"count": len(ids), "records": ids},
        )  # fmt: skip


@transaction.atomic
def mark_delivered(*, actor: Actor, record_ids: Iterable[UUID], now: datetime) -> int:
    """A party delivered these records to the client with a list."""
    return len(
        _move(actor, record_ids, RecordState.DELIVERED, now, delivered_at=now, reached=Greatest(F("reached"), 1))
    )


@transaction.atomic
def mark_with_client(*, actor: Actor, record_ids: Iterable[UUID], now: datetime) -> int:
    """The client signed for these records (or files its own)."""
    return len(
        _move(actor, record_ids, RecordState.WITH_CLIENT, now, with_client_at=now, reached=Greatest(F("reached"), 1))
    )


@transaction.atomic
def mark_submitted(*, actor: Actor, record_ids: Iterable[UUID], now: datetime) -> int:
    """The client applied for acceptance with these records."""
    return len(_move(actor, record_ids, RecordState.SUBMITTED, now, submitted_at=now, reached=2))


@transaction.atomic
def mark_returned(*, actor: Actor, returns: Mapping[UUID, Return], now: datetime) -> int:
    """Give records back, each with its reason, cure and code."""

    def per_record(field: str) -> Case:
        whens = [When(id=i, then=Value(getattr(r, field))) for i, r in returns.items()]
        return Case(*whens, default=Value(""), output_field=TextField())

    if not returns:
        return 0
    rows = _move(
        actor, returns, RecordState.RETURNED, now,
        returned_at=now, returned_by=actor.name, returned_from=F("state"), cured_at=None,
        returned_reason=per_record("reason"), returned_cure=per_record("cure"), returned_code=per_record("code"),
    )  # fmt: skip
    ids = [row.id for row in rows]
    for project_id in {row.project_id for row in rows}:
        events.publish(
            kind="filing.records.returned", subject=f"registry.project:{project_id}", at=now,
            data={"records": [str(r.id) for r in rows if r.project_id == project_id]},
        )  # fmt: skip
    return len(ids)


@transaction.atomic
def mark_accepted(*, actor: Actor, record_ids: Iterable[UUID], now: datetime) -> int:
    """The opinion accepted these records."""
    return len(_move(actor, record_ids, RecordState.ACCEPTED, now, accepted_at=now))


@transaction.atomic
def mark_transferred(*, actor: Actor, record_ids: Iterable[UUID], now: datetime) -> int:
    """The archive counted and received these records."""
    return len(_move(actor, record_ids, RecordState.TRANSFERRED, now, transferred_at=now))


@transaction.atomic
def note_destroyed(*, volume_id: UUID, at: datetime) -> None:
    """Preservation tells: a disposal destroyed the files of this volume. Its records' descriptions stay as they are."""
    Volume.objects.filter(id=volume_id, destroyed_at__isnull=True).update(destroyed_at=at)


def note_preserved(*, volume_ids: Iterable[UUID], at: datetime) -> int:
    """Preservation tells: every copy of these volumes was written and read back.

    May come twice; records already noted stay as they are.
    """
    ids = list(volume_ids)
    Volume.objects.filter(id__in=ids, arranged_at__isnull=False, preserved_at__isnull=True).update(preserved_at=at)
    rows = list(
        Record.objects.live()
        .select_for_update(no_key=True)
        .filter(volume_id__in=ids, state=RecordState.TRANSFERRED.value)
        .only("id", "project_id")
    )
    Record.objects.filter(id__in=[row.id for row in rows]).update(
        state=RecordState.PRESERVED.value, preserved_at=at, changed_at=at, revision=F("revision") + 1
    )
    for project_id in {row.project_id for row in rows}:
        count = sum(1 for row in rows if row.project_id == project_id)
        audit.record(
            actor="system", act="filing.record.preserved", subject=f"registry.project:{project_id}", at=at,
            data={"count": count, "volumes": [str(i) for i in ids]},
        )  # fmt: skip
    return len(rows)
