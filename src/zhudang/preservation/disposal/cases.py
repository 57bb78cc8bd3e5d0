"""A case from its proposal to its approval: the list, the committee's opinions, the department's word, and anyone's stop."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from zhudang.audit import operations as audit
from zhudang.events import operations as events
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import DEPARTMENT_ROLES, Role
from zhudang.identity.rights import Actor, demand
from zhudang.preservation import queries
from zhudang.preservation.disposal import as_told, facts
from zhudang.preservation.disposal.lines import BATCH, digest_of, lines_for
from zhudang.preservation.disposal.models import DisposalCase, DisposalItem, DisposalOpinion, DisposalStay
from zhudang.preservation.disposal.rules_file import rules
from zhudang.preservation.disposal.untouched import noticed, why_not_as_told
from zhudang.preservation.domain.disposal import (
    CAN_BE_STOPPED,
    CaseState,
    legal_day,
    wait_until,
    why_not_dispose,
    why_not_propose,
)
from zhudang.preservation.models import ArchivalObject
from zhudang.shared.plain import plain
from zhudang.shared.refusals import NotFound, Reason, Refusal

MOST_VOLUMES = 20_000
_NUMBERING = 0x5A44_0D15


class CannotPropose(Refusal):
    """The list cannot go to a committee; nothing was made."""


class CannotDecide(Refusal):
    """The case does not stand where this can be done, or not by this person."""


@transaction.atomic
def propose(*, actor: Actor, object_ids: Collection[UUID], committee: Sequence[UUID], why: str, now: datetime) -> UUID:
    """Propose volumes for destruction to a committee; gives the case's id, that of the same proposal where it was just made.

    Args:
        object_ids: the volumes; each must have come to the end of its time, with nothing against it.
        committee: accounts of the members appointed.

    Raises:
        Forbidden.
        CannotPropose: with every reason of every volume.
    """
    demand(actor, "preservation.disposal.propose")
    known, today = rules(), legal_day(now)
    wanted = set(object_ids)
    # What two people propose at the same moment is in one case: the second waits here and is then refused.
    rows = list(
        facts.volumes(actor).filter(pk__in=wanted).select_related("project", "volume")
        .select_for_update(no_key=True, of=("self",)).order_by("reference_code", "id")
    )  # fmt: skip
    members = [member for member in map(identity.actor_of, dict.fromkeys(committee)) if _may_appraise(member)]
    if same := _same_proposal(actor, rows, members, why):
        return same
    reasons = why_not_propose(
        actor.username, [member.username for member in members], volumes=len(rows), why=why, rules=known,
        approvers=_approvers(),
    )  # fmt: skip
    if len(rows) > MOST_VOLUMES:
        reasons.append(Reason("preservation.disposal_too_many", {"most": MOST_VOLUMES}))
    if len(rows) != len(wanted):
        reasons.append(Reason("preservation.disposal_unknown", {"number": len(wanted) - len(rows)}))
    for told in facts.of_volumes(rows, known).values():
        reasons += why_not_dispose(told, known, today=today)
    if reasons:
        raise CannotPropose(*reasons)
    case = DisposalCase(
        number=_next_number(today), state=CaseState.APPRAISING.value, why=why.strip(), proposed_by=actor.username,
        proposed_name=actor.name, proposed_at=now, rules=known.told, members_needed=known.members,
        waiting_days=known.waiting_days, committee=[{"username": m.username, "name": m.name} for m in members],
        volumes=len(rows), files=0, bytes=0, level=max(max(row.level, row.class_level) for row in rows),
    )  # fmt: skip
    items = lines_for(case, rows)
    case.files, case.bytes = sum(item.files for item in items), sum(item.bytes for item in items)
    case.list_sha256 = digest_of(items)
    case.save(force_insert=True)
    DisposalItem.objects.bulk_create(items, batch_size=BATCH)
    _log(
        actor, "proposed", case, now,
        why=case.why, volumes=case.volumes, files=case.files, bytes=case.bytes, committee=case.committee, rules=known.edition,
        rules_sha256=as_told.sha256_of(case.rules), members_needed=case.members_needed, waiting_days=case.waiting_days,
        level=case.level, name=actor.name,
    )  # fmt: skip
    for member in members:
        _tell(case, "appraise", now, account_id=member.account_id)
    return case.pk


@transaction.atomic
def give_opinion(
    *,
    actor: Actor,
    case_id: UUID,
    agrees: bool,
    reasons: str,
    spared: Sequence[tuple[UUID, date | None]] = (),
    now: datetime,
) -> None:
    """Give a member's opinion on a case. The last one closes the appraisal, and so does the first that is against.

    Args:
        spared: volumes (ids of their lines) this member wants kept (None), or extended to a day: one voice is enough.

    Raises:
        Forbidden, NotFound.
        CannotDecide: with every reason.
    """
    demand(actor, "preservation.disposal.appraise")
    case = locked(actor, case_id)
    lines = {item.pk: item for item in case.items.filter(pk__in=[pk for pk, _until in spared])}
    today = legal_day(now)
    problems = _must_stand(case, CaseState.APPRAISING)
    if actor.username not in {member["username"] for member in case.committee}:
        problems.append(Reason("preservation.disposal_not_member"))
    if case.opinions.filter(username=actor.username).exists():
        problems.append(Reason("preservation.disposal_opinion_twice"))
    if not reasons.strip():
        problems.append(Reason("preservation.disposal_opinion_why"))
    if len(lines) != len(spared):
        problems.append(Reason("preservation.disposal_not_on_list"))
    problems += [
        Reason("preservation.disposal_extend_past", {"code": lines[pk].reference_code})
        for pk, until in spared
        if until is not None and until <= today and pk in lines
    ]
    if problems:
        raise CannotDecide(*problems)
    opinion = DisposalOpinion.objects.create(
        case=case, username=actor.username, name=actor.name, agrees=agrees, reasons=reasons.strip(), at=now,
        spared=plain([{"item": pk, "until": until} for pk, until in spared]),
    )  # fmt: skip
    _log(
        actor, "appraised", case, now, agrees=agrees, reasons=opinion.reasons, name=actor.name,
        spared=[{"item": pk, "code": lines[pk].reference_code, "until": until} for pk, until in spared],
    )  # fmt: skip
    opinions = list(case.opinions.all())
    if not agrees or len(opinions) == len(case.committee):
        _close_appraisal(case, opinions, now)
        _tell_of_refusal(case, actor, now)


def _close_appraisal(case: DisposalCase, opinions: Sequence[DisposalOpinion], now: datetime) -> None:
    """All members have spoken, or one against: spare what any of them spared; pass the rest on where nobody is against it."""
    _spare(case, opinions, now)
    left = list(case.items.filter(outcome=""))
    against = [opinion.name for opinion in opinions if not opinion.agrees]
    if against or not left:
        because = "、".join(against) if against else ""
        _end(case, CaseState.REFUSED, "system", "", because, now)
        _log("system", "refused", case, now, against=against, left=len(left))
        return
    case.state, case.approved_sha256 = CaseState.APPROVING.value, digest_of(left)
    case.save(update_fields=["state", "approved_sha256"])
    _log("system", "agreed", case, now, volumes=len(left))
    for organisation_id in identity.organisations(kind="department").values_list("id", flat=True):
        _tell(case, "approve", now, organisation_id=organisation_id, roles=[Role.OFFICIAL])


def _spare(case: DisposalCase, opinions: Sequence[DisposalOpinion], now: datetime) -> None:
    for item_id, (until, opinion) in as_told.spared_by(opinions).items():
        case.items.filter(pk=item_id).update(**as_told.spared_row(until, opinion, now))


def _tell_of_refusal(case: DisposalCase, actor: Actor, now: datetime) -> None:
    """Tell the other members, who need not look at the list any more, and who proposed it."""
    if case.state != CaseState.REFUSED.value:
        return
    usernames = {case.proposed_by, *(member["username"] for member in case.committee)} - {actor.username}
    for other in map(identity.actor_by_username, sorted(usernames)):
        if other.account_id:
            _tell(case, "refused", now, account_id=other.account_id)


def decide(*, actor: Actor, case_id: UUID, approves: bool, because: str, now: datetime) -> None:
    """Approve what the committee left on the list, or refuse it, for the department. Approval starts the wait.

    Raises:
        Forbidden, NotFound.
        CannotDecide: with every reason.
    """
    demand(actor, "preservation.disposal.approve")
    with noticed(case_id, now), transaction.atomic():
        _decide(actor, locked(actor, case_id), approves, because, now)


def _decide(actor: Actor, case: DisposalCase, approves: bool, because: str, now: datetime) -> None:
    problems = _must_stand(case, CaseState.APPROVING)
    if actor.username == case.proposed_by or actor.username in {member["username"] for member in case.committee}:
        problems.append(Reason("preservation.disposal_own_approval"))
    if not because.strip():
        problems.append(Reason("preservation.disposal_decision_why"))
    if approves:
        problems += facts.works_in_the_way(case) + why_not_as_told(case)
    if problems:
        raise CannotDecide(*problems)
    case.decided_by, case.decided_name, case.decided_at = actor.username, actor.name, now
    case.decided_because = because.strip()
    fields = ["decided_by", "decided_name", "decided_at", "decided_because"]
    if approves:
        case.state = CaseState.WAITING.value
        case.wait_until = wait_until(legal_day(now), case.waiting_days)
        case.save(update_fields=[*fields, "state", "wait_until"])
        _log(actor, "approved", case, now, because=case.decided_because, wait_until=case.wait_until, name=actor.name)
        return
    case.save(update_fields=fields)
    _end(case, CaseState.REFUSED, actor.username, actor.name, case.decided_because, now)
    _log(actor, "refused", case, now, because=case.decided_because, name=actor.name)
    _tell_of_refusal(case, actor, now)


@transaction.atomic
def stop(*, actor: Actor, case_id: UUID, because: str, now: datetime) -> None:
    """Stop a case before anything of it is destroyed: any member, the department, the archive.

    Raises:
        Forbidden, NotFound.
        CannotDecide: nothing to stop any more, or no reason given.
    """
    demand(actor, "preservation.disposal.stop")
    case = locked(actor, case_id)
    problems = []
    if CaseState(case.state) not in CAN_BE_STOPPED:
        problems.append(Reason("preservation.disposal_stands", {"state": case.state}))
    if not because.strip():
        problems.append(Reason("preservation.disposal_stop_why"))
    if problems:
        raise CannotDecide(*problems)
    _end(case, CaseState.STOPPED, actor.username, actor.name, because.strip(), now)
    _log(actor, "stopped", case, now, because=because.strip(), name=actor.name)
    proposer = identity.actor_by_username(case.proposed_by)
    if proposer.account_id:
        _tell(case, "stopped", now, account_id=proposer.account_id)


@transaction.atomic
def place_stay(*, actor: Actor, object_id: UUID, because: str, now: datetime) -> UUID:
    """Put a stay on a volume: while it stands nothing of it is destroyed, whatever was approved. Gives its id.

    Raises:
        Forbidden, NotFound.
        CannotDecide: no reason, or it is being destroyed already.
    """
    demand(actor, "preservation.disposal.stay")
    row = (
        queries.known_objects(actor)
        .select_for_update(no_key=True, of=("self",))
        .filter(pk=object_id, kind="volume")
        .first()
    )
    if row is None:
        raise NotFound
    problems = [] if because.strip() else [Reason("preservation.disposal_stay_why")]
    if row.condemned_at:
        problems.append(Reason("preservation.disposal_gone", {"code": row.reference_code, "title": row.title}))
    if problems:
        raise CannotDecide(*problems)
    assert row.volume_id is not None
    stay = DisposalStay.objects.create(
        object_id=row.volume_id, because=because.strip(), placed_by=actor.username, placed_at=now
    )
    audit.record(
        actor=actor,
        act="preservation.disposal.stay_placed",
        subject=row,
        at=now,
        data={"stay": stay.pk, "because": stay.because, "volume": stay.object_id},
    )
    return stay.pk


@transaction.atomic
def lift_stay(*, actor: Actor, stay_id: UUID, because: str, now: datetime) -> UUID:
    """Lift a stay; gives the volume's id.

    Raises:
        Forbidden, NotFound.
        CannotDecide: no reason, or it is lifted already.
    """
    demand(actor, "preservation.disposal.stay")
    stay = DisposalStay.objects.select_for_update(no_key=True).filter(pk=stay_id).first()
    row = queries.known_objects(actor).filter(pk=stay.object_id).first() if stay else None
    if stay is None or row is None:
        raise NotFound
    if stay.lifted_at or not because.strip():
        raise CannotDecide(Reason("preservation.disposal_stay_why"))
    stay.lifted_at, stay.lifted_by, stay.lifted_because = now, actor.username, because.strip()
    stay.save(update_fields=["lifted_at", "lifted_by", "lifted_because"])
    audit.record(
        actor=actor, act="preservation.disposal.stay_lifted", subject=row, at=now,
        data={"stay": stay.pk, "because": stay.lifted_because},
    )  # fmt: skip
    return row.pk


def locked(actor: Actor, case_id: UUID) -> DisposalCase:
    """A case this actor may know of, locked.

    Raises:
        NotFound.
    """
    case = DisposalCase.objects.select_for_update(no_key=True).filter(pk=case_id, level__lte=actor.reach).first()
    if case is None:
        raise NotFound
    return case


def log_case(actor: Actor | str, act: str, case: DisposalCase, now: datetime, **data: Any) -> UUID:
    """Write an act on a case to the log, with the list's digest; gives the entry's id."""
    digests = {"case": case.number, "list_sha256": case.list_sha256, "approved_sha256": case.approved_sha256}
    return audit.record(actor=actor, act=f"preservation.disposal.{act}", subject=case, at=now, data={**digests, **data})


_log = log_case


def _end(case: DisposalCase, state: CaseState, username: str, name: str, because: str, now: datetime) -> None:
    case.state, case.ended_by, case.ended_name = state.value, username, name
    case.ended_at, case.ended_because = now, because[:1000]
    case.save(update_fields=["state", "ended_by", "ended_name", "ended_at", "ended_because"])


def _must_stand(case: DisposalCase, state: CaseState) -> list[Reason]:
    return [] if case.state == state.value else [Reason("preservation.disposal_stands", {"state": case.state})]


def _same_proposal(actor: Actor, rows: Collection[ArchivalObject], members: Sequence[Actor], why: str) -> UUID | None:
    """The case under appraisal that says the very same: a second click finds what the first made."""
    appointed, volumes = {member.username for member in members}, {row.pk for row in rows}
    made = DisposalCase.objects.filter(
        state=CaseState.APPRAISING.value, proposed_by=actor.username, why=why.strip(), volumes=len(rows)
    )
    for case in made.order_by("-proposed_at"):
        if {member["username"] for member in case.committee} == appointed and volumes == set(
            case.items.values_list("object_id", flat=True)
        ):
            return case.pk
    return None


def _approvers() -> dict[str, str]:
    """Who could approve a case now: username -> name."""
    found = [
        identity.actor_of(account_id)
        for organisation_id in identity.organisations(kind="department").values_list("id", flat=True)
        for account_id in identity.members_with(organisation_id, *DEPARTMENT_ROLES)
    ]
    return {each.username: each.name for each in found if each.may("preservation.disposal.approve")}


def _may_appraise(member: Actor) -> bool:
    return member.authenticated and member.may("preservation.disposal.appraise")


def _next_number(today: date) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERING])
    made = DisposalCase.objects.filter(number__startswith=f"销{today.year}-").count()
    return f"销{today.year}-{made + 1:03}"


def _tell(case: DisposalCase, what: str, now: datetime, **to: Any) -> None:
    events.tell(
        kind=f"preservation.disposal.{what}", at=now, data={"case": case.number, "volumes": case.volumes},
        link=f"/preservation/disposal/{case.pk}/", **to,
    )  # fmt: skip
