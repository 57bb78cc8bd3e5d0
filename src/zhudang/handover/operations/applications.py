"""Applying for acceptance: by the client on the web, or pushed in by the approval system, which is never refused."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.documents import operations as documents
from zhudang.events import operations as events
from zhudang.filing import operations as filing
from zhudang.handover import papers, words
from zhudang.handover.domain.applications import why_not_act, why_not_apply
from zhudang.handover.domain.commitments import why_not_commit
from zhudang.handover.domain.states import Act, ApplicationState, Kind
from zhudang.handover.models import Application, ClockStop, Commitment, ReviewItem
from zhudang.handover.operations.common import (
    CannotApply,
    demand,
    demand_revision,
    lock,
    name_of,
    refuse,
    today_of,
    touch,
)
from zhudang.handover.operations.gathering import Gathered, gather, items_for
from zhudang.handover.policy import policy
from zhudang.identity.rights import Actor
from zhudang.registry.models import Project, UnitWork
from zhudang.shared.bulk import INSERTED_AT_ONCE
from zhudang.shared.plain import plain
from zhudang.shared.refusals import Reason


@transaction.atomic
def apply(
    *,
    actor: Actor,
    project_id: UUID,
    mode: str,
    now: datetime,
    unit_work_ids: Sequence[UUID] = (),
    stage: str = "",
    missing_note: str = "",
    self_check: str = "",
    contact: str = "",
    phone: str = "",
    statements: Collection[str] = (),
    due_on: date | None = None,
) -> UUID:
    """Apply for acceptance with every record the client holds; under 验收＋承诺 the commitment is made with it.

    Applying again after a rectification list and applying with promised records go the same way; which turn it is
    follows from what happened before.

    Args:
        missing_note: why something is missing; then every missing document becomes an item of the review.
        statements: the four statements of the commitment, see `domain.commitments.STATEMENTS`.
        due_on: the day by which promised documents come.

    Raises:
        NotFound, Forbidden.
        CannotApply: with every reason, those of the commitment too.
    """
    Project.objects.select_for_update(of=("self",), no_key=True).filter(pk=project_id).first()
    demand(actor, "handover.application.submit", project_id)
    found = gather(project_id, mode, unit_work_ids)
    reasons = why_not_apply(found.facts, missing_note=missing_note)
    promises = bool(found.promised) and found.kind != Kind.LATE and not _committed(project_id)
    if promises:
        reasons += why_not_commit(
            found.promised_items, mode=mode, statements=tuple(statements), signed_on=today_of(now), due_on=due_on,
            months_at_most=policy().commitment_months_at_most,
        )  # fmt: skip
    refuse(CannotApply, reasons)
    application = _new(found, actor, now, mode, stage)
    application.missing_note, application.self_check = missing_note.strip(), self_check.strip()
    application.contact, application.phone = contact.strip(), phone.strip()
    application.save(force_insert=True)
    application.unit_works.set(UnitWork.objects.filter(pk__in=list(unit_work_ids), phase__project_id=project_id))
    if promises and due_on:
        _commit(application, found, actor, due_on, now)
    _begin_review(application, found, actor, now)
    return application.id


def _committed(project_id: UUID) -> bool:
    return Commitment.objects.filter(project_id=project_id).exists()


def _new(found: Gathered, actor: Actor, now: datetime, mode: str, stage: str = "") -> Application:
    again = found.previous
    return Application(
        project_id=found.card.id, number=documents.take_number("application", now), kind=str(found.kind), mode=mode,
        stage=stage.strip(), previous=again, round=again.round + 1 if again else 1, state=ApplicationState.REVIEWING.value,
        applied_by=name_of(actor), applied_at=now, working_days=policy().days_for(found.card.kind),
        clock_from=today_of(now), changed_by=name_of(actor), changed_at=now,
    )  # fmt: skip


def _begin_review(application: Application, found: Gathered, actor: Actor, now: datetime) -> None:
    """Put the records into the archive's hands and lay out the items."""
    if found.own_filed:
        filing.mark_with_client(actor=actor, record_ids=[row.id for row in found.own_filed], now=now)
    fresh = [*found.ready, *found.own_filed]
    if fresh:
        filing.mark_submitted(actor=actor, record_ids=[row.id for row in fresh], now=now)
    records = [*fresh, *found.submitted]
    for items in items_for(application, found, records):
        ReviewItem.objects.bulk_create(items, batch_size=INSERTED_AT_ONCE)
    data = {
        "project_id": application.project_id, "number": application.number, "round": application.round,
        "kind": application.kind, "mode": application.mode, "records": len(records), "channel": application.channel,
    }  # fmt: skip
    audit.record(actor=actor, act="handover.application.submitted", subject=application, at=now, data=data)
    events.publish(
        kind="handover.application.submitted", subject=f"handover.application:{application.id}", data=data, at=now
    )


def _commit(application: Application, found: Gathered, actor: Actor, due_on: date, now: datetime) -> None:
    promised = [
        {"obligation": str(row.id), "code": row.printed_code, "title": row.title, "unit_work": row.unit_work_name}
        for row in found.promised
    ]
    row = Commitment.objects.create(
        project_id=application.project_id, application=application, number=documents.take_number("commitment", now),
        promised=promised, due_on=due_on, signed_by=actor.username, signed_name=name_of(actor), signed_at=now,
    )  # fmt: skip
    audit.record(
        actor=actor, act="handover.commitment.made", subject=row, at=now,
        data={"project_id": application.project_id, "number": row.number, "due_on": due_on, "promised": len(promised)},
    )  # fmt: skip


@transaction.atomic
def take_pushed_application(
    *, actor: Actor, project_id: UUID, external_ref: str, mode: str, now: datetime, contact: str = "", phone: str = ""
) -> UUID:
    """Take a case the approval system pushes in; it is never refused.

    What is missing is told once (补正) in a sealed letter and the clock stands until the client has supplied it. The
    same case pushed again gives the same application; a second case while one runs gives the running one.
    """
    Project.objects.select_for_update(of=("self",), no_key=True).filter(pk=project_id).first()
    demand(actor, "exchange.permit.send", project_id)
    known = Application.objects.filter(external_ref=external_ref).first()
    found = gather(project_id, mode)
    if known or found.running:
        return (known or found.running).id  # type: ignore[union-attr]
    reasons = why_not_apply(found.facts)
    if found.promised and found.kind != Kind.LATE and not _committed(project_id):
        reasons.append(Reason("handover.commitment_missing", {"count": len(found.promised)}))
    application = _new(found, actor, now, mode)
    application.channel, application.external_ref = "api", external_ref
    application.contact, application.phone = contact.strip(), phone.strip()
    if not reasons:
        application.save(force_insert=True)
        _begin_review(application, found, actor, now)
        return application.id
    application.state, application.clock_from = ApplicationState.CORRECTING.value, None
    application.correction = [{"code": reason.code, "data": plain(reason.data)} for reason in reasons]
    application.save(force_insert=True)
    ClockStop.objects.create(application=application, began_on=today_of(now), why="correction")
    _tell_correction(application, found, reasons, actor, now)
    return application.id


def _tell_correction(
    application: Application, found: Gathered, reasons: Sequence[Reason], actor: Actor, now: datetime
) -> None:
    sentences = words.in_chinese(reasons)
    paper, record = papers.correction(
        found.card, application.number, sentences, f"handover.application:{application.id}"
    )
    issued = documents.issue(
        kind="correction", project_id=application.project_id, record=record, paper=paper, actor=actor, now=now
    )
    application.correction_document_id = issued.id
    application.save(update_fields=["correction_document"])
    data: dict[str, Any] = {"project_id": application.project_id, "number": application.number, "reasons": len(reasons)}
    audit.record(actor=actor, act="handover.application.correction_told", subject=application, at=now, data=data)
    events.publish(
        kind="handover.application.correcting", subject=f"handover.application:{application.id}", data=data, at=now
    )
    events.tell(
        organisation_id=found.card.client_id, kind="handover.correction_told", at=now,
        link=f"/handover/applications/{application.id}/", data={"number": application.number, "count": len(reasons)},
    )  # fmt: skip


@transaction.atomic
def supplement_application(
    *, actor: Actor, application_id: UUID, now: datetime, missing_note: str = "", statements: Collection[str] = (),
    due_on: date | None = None, revision: int | None = None,
) -> None:  # fmt: skip
    """Tell that what was missing is supplied; the review begins and the clock goes on.

    Raises:
        CannotApply: with what is still missing of what was told. Nothing new is demanded here.
    """
    application = lock(Application, application_id)
    demand(actor, "handover.application.supplement", application.project_id)
    demand_revision(application, revision, actor)
    refuse(CannotApply, why_not_act(application.state, Act.SUPPLEMENT))
    found = gather(application.project_id, application.mode)
    told = {row["code"] for row in application.correction} | {"handover.nothing_to_submit"}
    reasons = [
        reason
        for reason in why_not_apply(found.facts, missing_note=missing_note)
        if reason.code in told and reason.code != "handover.application_running"
    ]
    promises = bool(found.promised) and not _committed(application.project_id) and found.kind != Kind.LATE
    if promises:
        reasons += why_not_commit(
            found.promised_items, mode=application.mode, statements=tuple(statements), signed_on=today_of(now),
            due_on=due_on, months_at_most=policy().commitment_months_at_most,
        )  # fmt: skip
    refuse(CannotApply, reasons)
    if promises and due_on:
        _commit(application, found, actor, due_on, now)
    application.state, application.clock_from = ApplicationState.REVIEWING.value, today_of(now)
    application.missing_note = missing_note.strip()
    touch(application, actor, now, ["state", "clock_from", "missing_note"])
    application.stops.filter(ended_on__isnull=True).update(ended_on=today_of(now))
    _begin_review(application, found, actor, now)


@transaction.atomic
def withdraw_application(*, actor: Actor, application_id: UUID, reason: str, now: datetime) -> None:
    """Take an application back before an answer; its records stay with the archive's view but return to the client.

    Raises:
        CannotApply: answered already, or no reason given.
    """
    application = lock(Application, application_id)
    demand(actor, "handover.application.withdraw", application.project_id)
    reasons = why_not_act(application.state, Act.WITHDRAW)
    if not reason.strip():
        reasons.append(Reason("handover.withdraw_without_reason"))
    refuse(CannotApply, reasons)
    application.state, application.closed_at = ApplicationState.WITHDRAWN.value, now
    touch(application, actor, now, ["state", "closed_at"])
    audit.record(
        actor=actor, act="handover.application.withdrawn", subject=application, at=now,
        data={"project_id": application.project_id, "number": application.number, "reason": reason.strip()},
    )  # fmt: skip
