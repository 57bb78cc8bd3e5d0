"""The review: judge item by item or by recorded sample, issue the one list, or accept with a sealed opinion."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.documents import operations as documents
from zhudang.events import operations as events
from zhudang.filing import operations as filing
from zhudang.filing import queries as filing_queries
from zhudang.filing.operations import Return
from zhudang.handover import papers
from zhudang.handover.domain.review import (
    ItemFacts,
    counted,
    why_not_accept,
    why_not_demand_again,
    why_not_judge,
    why_not_return,
)
from zhudang.handover.domain.states import ApplicationState, ItemKind, ItemState, Mode
from zhudang.handover.models import Application, Opinion, RectificationList, ReviewItem, SampleNote
from zhudang.handover.operations.common import CannotReview, demand, demand_revision, lock, name_of, refuse, touch
from zhudang.handover.policy import policy
from zhudang.handover.project_facts import project_card
from zhudang.identity.rights import Actor
from zhudang.shared.bulk import save_changed
from zhudang.shared.refusals import NotFound, Reason


def _item(application_id: UUID, item_id: UUID) -> ReviewItem:
    item = (
        ReviewItem.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk=item_id, application_id=application_id)
        .first()
    )
    if item is None:
        raise NotFound
    return item


def facts_of(items: Sequence[ReviewItem]) -> dict[UUID, ItemFacts]:
    """What the rule asks of items: what blocks and what nobody has checked among the files of each record."""
    verdicts = filing_queries.current_verdicts([item.record_id for item in items if item.record_id])
    answer = {}
    for item in items:
        files = verdicts.get(item.record_id, []) if item.record_id else []
        # A native file is kept beside its readable rendition; what blocks is judged on what people read.
        # Alone, it is all there is, and must itself be whole.
        read = [verdict for part, verdict in files if part != "native"] or [verdict for _, verdict in files]
        answer[item.id] = ItemFacts(
            item.kind, item.state, item.title,
            blocking=read.count("fail"),
            unchecked=read.count(None) + read.count("not_checked"),
        )  # fmt: skip
    return answer


@transaction.atomic
def judge(
    *, actor: Actor, application_id: UUID, item_id: UUID, verdict: str, now: datetime, reason_code: str = "",
    reason: str = "", cure: str = "", revision: int | None = None,
) -> None:  # fmt: skip
    """Give a verdict on one item: passed, returned (with code, own words and cure) or not_applicable (with reason).

    A verdict may be changed until the list or the opinion is issued.

    Raises:
        NotFound, Forbidden.
        Conflict: another reviewer changed this review since the page was read; says who and when.
        CannotReview: with every reason.
    """
    application = lock(Application, application_id)
    demand(actor, "handover.review.judge", application.project_id)
    demand_revision(application, revision, actor)
    item = _item(application_id, item_id)
    facts = facts_of([item])[item.id]
    refuse(CannotReview, why_not_judge(application.state, facts, verdict, reason_code=reason_code, reason=reason))
    _write(item, verdict, actor, now, reason_code, reason, cure)
    item.save()
    touch(application, actor, now, [])
    audit.record(
        actor=actor, act="handover.item.judged", subject=item, at=now,
        data={"application": application.id, "title": item.title, "verdict": verdict, "code": reason_code, "reason": reason.strip()},
    )  # fmt: skip


def _write(
    item: ReviewItem, verdict: str, actor: Actor, now: datetime, reason_code: str, reason: str, cure: str
) -> None:
    said = verdict != ItemState.PASSED
    item.state = verdict
    item.reason_code = reason_code if verdict == ItemState.RETURNED else ""
    item.reason, item.cure = (reason.strip(), cure.strip()) if said else ("", "")
    item.judged_by, item.judged_at, item.sampled = name_of(actor), now, None


@transaction.atomic
def pass_group(
    *, actor: Actor, application_id: UUID, now: datetime, item_ids: Sequence[UUID] = (), looked_at: Sequence[UUID] = (),
    note: str, revision: int | None = None,
) -> int:  # fmt: skip
    """Pass the open items of a group by recorded sample; what has a blocking finding or is unchecked stays open.

    Args:
        item_ids: the group; empty means every open item.
        looked_at: those of them that were looked at.
        note: how the sample was drawn, in the reviewer's words; it is kept.

    Returns:
        how many passed.
    """
    application = lock(Application, application_id)
    demand(actor, "handover.review.judge", application.project_id)
    demand_revision(application, revision, actor)
    rows = (
        ReviewItem.objects.select_for_update(of=("self",), no_key=True)
        .filter(application=application, state=ItemState.OPEN.value)
        .defer("snapshot", "changes")
    )
    if item_ids:
        rows = rows.filter(pk__in=list(item_ids))
    items = list(rows)
    facts = facts_of(items)
    passed = [i for i in items if not why_not_judge(application.state, facts[i.id], ItemState.PASSED)]
    reasons = [Reason("handover.sample_without_note")] if not note.strip() else []
    if not passed:
        reasons.append(Reason("handover.nothing_to_pass"))
    refuse(CannotReview, reasons)
    seen = set(looked_at)
    for item in passed:
        _write(item, ItemState.PASSED.value, actor, now, "", "", "")
        item.sampled = item.id in seen
    save_changed(passed, ["state", "reason_code", "reason", "cure", "judged_by", "judged_at", "sampled"])
    looked = sum(1 for item in passed if item.id in seen)
    SampleNote.objects.create(
        application=application, scope=passed[0].heading[:100] if item_ids else "", looked_at=looked,
        passed_with=len(passed) - looked, note=note.strip(), by=name_of(actor), at=now,
    )  # fmt: skip
    touch(application, actor, now, [])
    audit.record(
        actor=actor, act="handover.items.passed_by_sample", subject=application, at=now,
        data={"items": [item.id for item in passed], "looked_at": looked, "note": note.strip()},
    )  # fmt: skip
    return len(passed)


@transaction.atomic
def demand_again(
    *,
    actor: Actor,
    application_id: UUID,
    item_id: UUID,
    ground: str,
    reason: str,
    now: datetime,
    revision: int | None = None,
) -> None:
    """Open unchanged material again, only for forgery, safety, or a supervisor's recorded reason."""
    application = lock(Application, application_id)
    demand(actor, "handover.review.judge", application.project_id)
    demand_revision(application, revision, actor)
    item = _item(application_id, item_id)
    facts = ItemFacts(item.kind, item.state, item.title)
    refuse(
        CannotReview,
        why_not_demand_again(application.state, facts, ground=ground, reason=reason, grounds=policy().late_grounds),
    )
    item.state, item.late_ground, item.late_reason = ItemState.OPEN.value, ground, reason.strip()
    item.save(update_fields=["state", "late_ground", "late_reason"])
    touch(application, actor, now, [])
    audit.record(
        actor=actor, act="handover.item.demanded_again", subject=item, at=now,
        data={"application": application.id, "title": item.title, "ground": ground, "reason": reason.strip()},
    )  # fmt: skip


def _counts(application: Application) -> dict[str, int]:
    return counted(list(application.items.values_list("state", flat=True)))


@transaction.atomic
def return_application(*, actor: Actor, application_id: UUID, now: datetime, revision: int | None = None) -> UUID:
    """Issue the one complete rectification list, sealed, and give the records on it back; nothing is added later.

    Raises:
        CannotReview: something is not judged yet, or nothing is to be corrected.
    """
    application = lock(Application, application_id)
    demand(actor, "handover.review.return", application.project_id)
    demand_revision(application, revision, actor)
    refuse(CannotReview, why_not_return(application.state, _counts(application)))
    returned = list(application.items.filter(state=ItemState.RETURNED.value))
    entries = [_entry(number, item) for number, item in enumerate(returned, start=1)]
    row = RectificationList(application=application, entries=entries, issued_at=now, issued_by=name_of(actor))
    card = project_card(application.project_id)
    paper, record = papers.rectification(card, application.number, entries, f"handover.application:{application.id}")
    row.document_id = documents.issue(
        kind="rectification", project_id=card.id, record=record, paper=paper, actor=actor, now=now
    ).id
    row.save(force_insert=True)
    returns = {
        item.record_id: Return(reason=item.reason, cure=item.cure, code=item.reason_code)
        for item in returned
        if item.record_id
    }
    filing.mark_returned(actor=actor, returns=returns, now=now)
    _close(application, ApplicationState.RETURNED, actor, now, {"entries": len(entries)})
    events.tell(
        organisation_id=card.client_id, kind="handover.application_returned", at=now,
        link=f"/handover/applications/{application.id}/", data={"number": application.number, "count": len(entries)},
    )  # fmt: skip
    return row.id


def _entry(number: int, item: ReviewItem) -> dict[str, Any]:
    return {
        "number": number, "item": str(item.id), "record": str(item.record_id) if item.record_id else "",
        "obligation": str(item.obligation_id) if item.obligation_id else "", "unit_work": item.unit_work_name,
        "code": item.code, "title": item.title, "party": item.party, "reason_code": item.reason_code,
        "reason": item.reason, "cure": item.cure, "late_ground": item.late_ground,
    }  # fmt: skip


def _close(
    application: Application, state: ApplicationState, actor: Actor, now: datetime, data: dict[str, Any]
) -> None:
    application.state, application.closed_at = state.value, now
    touch(application, actor, now, ["state", "closed_at"])
    full = {"project_id": application.project_id, "number": application.number, "mode": application.mode, **data}
    act = f"handover.application.{state.value}"
    audit.record(actor=actor, act=act, subject=application, at=now, data=full)
    events.publish(kind=act, subject=f"handover.application:{application.id}", data=full, at=now)


@transaction.atomic
def accept_application(
    *, actor: Actor, application_id: UUID, now: datetime, text: str = "", revision: int | None = None
) -> UUID:
    """Accept: the opinion is sealed by the issuer the city names, and every reviewed record is accepted.

    Raises:
        CannotReview: with what is left or returned.
    """
    application = lock(Application, application_id)
    demand(actor, "handover.review.accept", application.project_id)
    demand_revision(application, revision, actor)
    counts = _counts(application)
    refuse(CannotReview, why_not_accept(application.state, counts))
    card = project_card(application.project_id)
    record_ids = list(application.items.filter(kind=ItemKind.RECORD.value).values_list("record_id", flat=True))
    promised = list(application.items.filter(kind=ItemKind.PROMISED.value).values_list("title", flat=True))
    units = list(application.unit_works.values_list("name", flat=True))
    said = text.strip() or _standard_text(application, promised)
    opinion = Opinion(
        application=application, project_id=card.id, issuer=policy().opinion_issuer, text=said,
        covers_all=_covers_all(application, len(card.unit_works)), record_count=len(record_ids), issued_at=now,
        issued_by=name_of(actor),
    )  # fmt: skip
    paper, record = papers.opinion(
        card, application.number, mode=application.mode, text=said, counts=counts, records=len(record_ids), promised=promised, units=units,
        subject=f"handover.opinion:{opinion.id}",
    )  # fmt: skip
    opinion.document_id = documents.issue(
        kind="opinion", project_id=card.id, record=record, paper=paper, actor=actor, now=now
    ).id
    opinion.save(force_insert=True)
    filing.mark_accepted(actor=actor, record_ids=record_ids, now=now)
    _close(application, ApplicationState.ACCEPTED, actor, now, {"opinion": opinion.id, "records": len(record_ids)})
    events.tell(
        organisation_id=card.client_id, kind="handover.application_accepted", at=now,
        link=f"/handover/applications/{application.id}/", data={"number": application.number},
    )  # fmt: skip
    return opinion.id


def _covers_all(application: Application, unit_count: int) -> bool:
    """Whether, with this one, every unit work of the project is accepted."""
    if application.mode != Mode.STAGED:
        return True
    accepted = set(application.unit_works.values_list("pk", flat=True))
    for earlier in Application.objects.filter(project_id=application.project_id, state=ApplicationState.ACCEPTED.value):
        accepted |= set(earlier.unit_works.values_list("pk", flat=True))
    return len(accepted) >= unit_count


def _standard_text(application: Application, promised: Sequence[str]) -> str:
    text = "经审核，申请验收的建设工程档案齐全、真实、符合归档要求，验收合格。"
    if promised:
        text += f"竣工验收后形成的 {len(promised)} 种文件按承诺移交。"
    if application.mode == Mode.STAGED and application.stage:
        text += f"本意见适用于：{application.stage}。"
    return text
