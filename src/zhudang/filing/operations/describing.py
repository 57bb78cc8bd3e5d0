"""Describe records: one by form, many by confirmed pencil or by what the clerk's software holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.events import operations as events
from zhudang.filing import pencil
from zhudang.filing.domain.describing import FIELDS, Description, why_not_described
from zhudang.filing.domain.states import CHANGEABLE
from zhudang.filing.models import Record
from zhudang.filing.queries.visibility import facts_of
from zhudang.filing.readiness import description_of
from zhudang.identity import rights
from zhudang.identity.rights import Actor, may_know_of
from zhudang.registry import queries as registry
from zhudang.shared.bulk import batched, save_changed
from zhudang.shared.refusals import Conflict, NotFound, Reason, Refusal

LOCKED_AT_ONCE = 500
"""Records held in memory at a time while many are changed."""


class CannotDescribe(Refusal):
    """The description was not changed."""


@transaction.atomic
def describe(*, actor: Actor, record_id: UUID, description: Description, revision: int | None, now: datetime) -> None:
    """Write a record's description.

    Args:
        revision: the revision the form was filled from; None for callers that do not edit what they read.

    Raises:
        NotFound: no such record, or none this actor may know of.
        Conflict: another person changed it meanwhile: who, when, old and new.
        CannotDescribe: with every reason.
    """
    record = lock(actor, "filing.record.describe", record_id)
    if revision is not None and revision != record.revision:
        raise Conflict(_changed_meanwhile(record, description))
    reasons = _why_not(actor, record, description, now)
    if reasons:
        raise CannotDescribe(*reasons)
    before = asdict(description_of(record))
    after = asdict(description)
    changed = {name: [before[name], after[name]] for name in FIELDS if before[name] != after[name]}
    for name in FIELDS:
        setattr(record, name, after[name])
    _touch(record, actor, now)
    record.save()
    _log(actor, [(record.project_id, record.id)], "filing.record.described", now, {"changes": changed})


def _changed_meanwhile(record: Record, wanted: Description) -> Reason:
    stored, typed = asdict(description_of(record)), asdict(wanted)
    return Reason(
        "filing.changed_meanwhile",
        {
            "who": record.changed_by,
            "when": record.changed_at,
            "revision": record.revision,
            "differences": [[name, stored[name], typed[name]] for name in FIELDS if stored[name] != typed[name]],
        },
    )


def _why_not(actor: Actor, record: Record, description: Description, now: datetime) -> list[Reason]:
    reasons = []
    if record.state not in CHANGEABLE and not actor.of_archive:
        reasons.append(Reason("filing.not_changeable", {"state": record.state, "title": record.title}))
    floor = registry.project_facts(record.project_id).level
    reach = actor.reach if not actor.is_system else max(actor.reach, floor)
    reasons += why_not_described(description, today=timezone.localtime(now).date(), reach=reach, floor=floor)
    return reasons


@transaction.atomic
def describe_many(*, actor: Actor, descriptions: Mapping[UUID, Description], now: datetime) -> int:
    """Write many records' descriptions in a handful of statements.

    Raises:
        NotFound: one of them does not exist for this actor.
        CannotDescribe: with every reason, each naming its record; none was changed.
    """
    reasons: list[Reason] = []
    described: list[tuple[UUID, UUID]] = []
    floors: dict[UUID, int] = {}
    for rows in locked_some_at_a_time(actor, "filing.record.describe", descriptions):
        for project_id in {row.project_id for row in rows} - floors.keys():
            floors[project_id] = registry.project_facts(project_id).level
        reasons += _why_not_many(actor, rows, descriptions, floors, now)
        if not reasons:
            _describe(rows, descriptions, actor, now)
            described += [(row.project_id, row.id) for row in rows]
    if reasons:
        raise CannotDescribe(*reasons)
    _log(actor, described, "filing.record.described", now, {"count": len(described)})
    return len(described)


def _why_not_many(
    actor: Actor,
    rows: Sequence[Record],
    descriptions: Mapping[UUID, Description],
    floors: Mapping[UUID, int],
    now: datetime,
) -> Iterator[Reason]:
    """Everything against these descriptions, each reason naming its record; `floors` are the projects' levels."""
    today = timezone.localtime(now).date()
    for row in rows:
        wanted = descriptions[row.id]
        found = why_not_described(
            wanted, today=today, reach=max(actor.reach, floors[row.project_id]) if actor.is_system else actor.reach,
            floor=floors[row.project_id],
        )  # fmt: skip
        if row.state not in CHANGEABLE and not actor.of_archive:
            found.append(Reason("filing.not_changeable", {"state": row.state, "title": row.title}))
        yield from (Reason(r.code, {**r.data, "record": str(row.id), "title": wanted.title}) for r in found)


def _describe(rows: Sequence[Record], descriptions: Mapping[UUID, Description], actor: Actor, now: datetime) -> None:
    for row in rows:
        for name in FIELDS:
            setattr(row, name, getattr(descriptions[row.id], name))
        _touch(row, actor, now)
    save_changed(rows, [*FIELDS, "described_at", "described_by", "changed_at", "changed_by", "revision"])


@transaction.atomic
def accept_pencil(*, actor: Actor, record_ids: Iterable[UUID], now: datetime) -> int:
    """Confirm the proposed descriptions of records nobody described yet; typed fields are never overwritten."""
    rows = lock_many(actor, "filing.record.describe", record_ids)
    return describe_many(
        actor=actor, descriptions={row.id: pencil.filled(row, sketch) for row, sketch in pencil.sketches(rows)}, now=now
    )


def _touch(record: Record, actor: Actor, now: datetime) -> None:
    who = actor.name or actor.username
    record.described_at, record.described_by = now, who
    record.changed_at, record.changed_by = now, who
    record.revision += 1


def lock(actor: Actor, act: str, record_id: UUID) -> Record:
    """Lock one live record for an act; who may not know of it gets NotFound, who may not act is refused."""
    return lock_many(actor, act, [record_id])[0]


def lock_many(actor: Actor, act: str, record_ids: Iterable[UUID]) -> list[Record]:
    """Lock live records in id order for an act, asking rights once per project, holder, stage and level."""
    ids = list(dict.fromkeys(record_ids))
    rows = list(Record.objects.live().select_for_update(no_key=True).filter(id__in=ids).order_by("id"))
    if not rows or len(rows) != len(ids):
        raise NotFound
    asked = {}
    for row in rows:
        asked[(row.project_id, row.organisation_id, row.reached, row.level)] = row
    for row in asked.values():
        facts = facts_of(row)
        if not may_know_of(actor, facts):
            raise NotFound
        rights.demand(actor, act, facts)
    return rows


def locked_some_at_a_time(actor: Actor, act: str, record_ids: Iterable[UUID]) -> Iterator[list[Record]]:
    """As `lock_many`, a few hundred records in memory at a time, in id order throughout; for acts inside a transaction.

    Raises:
        NotFound, Forbidden: no records, or some that are not this actor's; what was changed before is rolled back.
    """
    ids = sorted(set(record_ids))
    if not ids:
        raise NotFound
    for some in batched(ids, LOCKED_AT_ONCE):
        yield lock_many(actor, act, some)


def bump(record_ids: Iterable[UUID], actor: Actor, now: datetime) -> None:
    """Give changed records their next revision and the name of who did it."""
    Record.objects.filter(id__in=list(record_ids)).update(
        changed_at=now, changed_by=actor.name or actor.username, revision=F("revision") + 1
    )


def _log(actor: Actor, rows: Sequence[tuple[UUID, UUID]], act: str, now: datetime, data: Mapping[str, object]) -> None:
    """One entry per project, and the event search listens to; `rows` are (project, record)."""
    for project_id in {project_id for project_id, _ in rows}:
        ids = [str(record_id) for of, record_id in rows if of == project_id]
        subject = f"filing.record:{ids[0]}" if len(ids) == 1 else f"registry.project:{project_id}"
        audit.record(actor=actor, act=act, subject=subject, at=now, data={"records": ids, **data})
        events.publish(kind=act, subject=f"registry.project:{project_id}", at=now, data={"record_ids": ids})
