"""The filing notice: issued once a project, supplemented by the difference; delivered, read, acknowledged."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.documents import operations as documents
from zhudang.events import operations as events
from zhudang.filing import operations as filing
from zhudang.filing import queries as filing_queries
from zhudang.handover import papers
from zhudang.handover.domain.notices import Difference, OwedItem, difference, standing, why_not_issue, why_not_step
from zhudang.handover.models import Notice, NoticeReceipt
from zhudang.handover.operations.common import CannotIssueNotice, demand, lock, refuse
from zhudang.handover.project_facts import ProjectFacts, project_card
from zhudang.identity.rights import SYSTEM, Actor
from zhudang.registry import queries as registry
from zhudang.registry.models import Permit, Project

KEEPERS = ("builder", "designer", "contractor", "supervisor", "archive")


def owed_items(project_id: UUID) -> list[OwedItem]:
    """What the project owes client and archive now, in the shape a notice tells it; what is excused is left out."""
    return [
        OwedItem(
            obligation=str(row.id), unit_work=row.unit_work_name, party_role=row.party_role, party=row.organisation_name,
            code=row.printed_code, title=row.title, form=row.carrier,
            due=row.suggested_on.isoformat() if row.suggested_on else "",
            keepers=tuple(keeper for keeper in KEEPERS if getattr(row, keeper) in {"must", "optional"}),
            organisation=str(row.organisation_id or ""),
        )
        for row in filing_queries.project_obligations(project_id)
        if row.applicable
    ]  # fmt: skip


def read_items(rows: list[dict[str, Any]]) -> list[OwedItem]:
    """The items of a stored notice."""
    return [OwedItem(**{**row, "keepers": tuple(row.get("keepers", ()))}) for row in rows]


@transaction.atomic
def issue_notice(*, actor: Actor = SYSTEM, project_id: UUID, permit_id: UUID, now: datetime) -> UUID | None:
    """Issue the project's one notice for its first permit, or a supplement with only the difference for a later one.

    A later permit that changes nothing brings no paper; running twice for one permit gives the same notice.

    Returns:
        the notice, or None when a supplement would be empty.

    Raises:
        CannotIssueNotice: nothing is owed (no unit works yet), or the project does not run.
    """
    Project.objects.select_for_update(of=("self",), no_key=True).get(pk=project_id)
    demand(actor, "handover.notice.issue", project_id)
    if known := Notice.objects.filter(permit_id=permit_id).first():
        return known.id
    filing.plan_project(project_id=project_id)
    card = project_card(project_id)
    owed = owed_items(project_id)
    refuse(CannotIssueNotice, why_not_issue(owed=len(owed), permit_told=False, project_running=card.running))
    earlier = list(Notice.objects.filter(project_id=project_id).order_by("sequence"))
    told = standing([(read_items(row.items), row.withdrawn) for row in earlier])
    news = difference(told, owed) if earlier else Difference(tuple(owed), (), ())
    if news.empty:
        return None
    return _write(actor, card, permit_id, earlier[-1].sequence + 1 if earlier else 1, news, now)


def _write(actor: Actor, card: ProjectFacts, permit_id: UUID, sequence: int, news: Difference, now: datetime) -> UUID:
    notice = Notice(
        project_id=card.id, permit_id=permit_id, sequence=sequence, issued_at=now, issued_by=actor.username,
        items=[asdict(item) for item in (*news.added, *news.changed)],
        withdrawn=[item.obligation for item in news.dropped],
    )  # fmt: skip
    permit = Permit.objects.get(pk=permit_id)
    paper, record = papers.notice(card, permit, news, first=sequence == 1, subject=f"handover.notice:{notice.id}")
    issued = documents.issue(kind="notice", project_id=card.id, record=record, paper=paper, actor=actor, now=now)
    notice.document_id = issued.id
    notice.save(force_insert=True)
    NoticeReceipt.objects.create(notice=notice, organisation_id=card.client_id, step="delivered", by="", at=now)
    audit.record(
        actor=actor, act="handover.notice.issued", subject=notice, at=now,
        data={"project": card.id, "number": issued.number, "items": len(notice.items), "dropped": len(notice.withdrawn)},
    )  # fmt: skip
    data = {"project_id": card.id, "notice_id": notice.id, "number": issued.number, "sequence": sequence}
    events.publish(kind="handover.notice.issued", subject=f"handover.notice:{notice.id}", data=data, at=now)
    for organisation_id in _addressees(card):
        events.tell(
            organisation_id=organisation_id, kind="handover.notice_issued", at=now, link=f"/handover/notices/{notice.id}/",
            data={"project": card.name, "number": issued.number},
        )  # fmt: skip
    return notice.id


def _addressees(card: ProjectFacts) -> list[UUID]:
    parties = [party.organisation_id for party in registry.parties_of(card.id, former=False)]
    return list(dict.fromkeys([card.client_id, *parties]))


@transaction.atomic
def note_read(*, actor: Actor, notice_id: UUID, now: datetime) -> None:
    """Note that the client's people have opened the notice; later openings change nothing."""
    notice = lock(Notice, notice_id)
    facts = demand(actor, "handover.notice.read", notice.project_id)
    if actor.holds_at(facts.client_id) and not notice.receipts.filter(step="read").exists():
        _receipt(actor, notice, facts.client_id, "read", now)


@transaction.atomic
def acknowledge_notice(*, actor: Actor, notice_id: UUID, now: datetime) -> None:
    """The client confirms that it knows what it owes.

    Raises:
        CannotIssueNotice: acknowledged already.
    """
    notice = lock(Notice, notice_id)
    facts = demand(actor, "handover.notice.acknowledge", notice.project_id)
    done = list(notice.receipts.values_list("step", flat=True))
    if "read" not in done:
        _receipt(actor, notice, facts.client_id, "read", now)
        done.append("read")
    refuse(CannotIssueNotice, why_not_step("acknowledged", done))
    _receipt(actor, notice, facts.client_id, "acknowledged", now)


def _receipt(actor: Actor, notice: Notice, client_id: UUID | None, step: str, now: datetime) -> None:
    if client_id is None:
        return
    NoticeReceipt.objects.create(notice=notice, organisation_id=client_id, step=step, by=actor.name, at=now)
    audit.record(
        actor=actor, act=f"handover.notice.{step}", subject=notice, at=now, data={"project": notice.project_id}
    )


def told_of(project_id: UUID) -> Mapping[str, OwedItem]:
    """What all notices of a project add up to, by obligation."""
    rows = Notice.objects.filter(project_id=project_id).order_by("sequence")
    return {item.obligation: item for item in standing([(read_items(row.items), row.withdrawn) for row in rows])}
