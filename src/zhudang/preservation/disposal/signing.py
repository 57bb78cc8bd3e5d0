"""Who executes a case and who watches (监销): the executor calls, two others sign by their own password, then it begins.

The two are other people than each other, than who proposed and than who executes; the database holds to that as well.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from zhudang.events import work
from zhudang.identity.rights import Actor, demand
from zhudang.identity.signing_in import Visitor, check_credentials
from zhudang.preservation.disposal import facts, owed
from zhudang.preservation.disposal.cases import CannotDecide, locked, log_case
from zhudang.preservation.disposal.models import DisposalCase, DisposalSignature, DisposalStep
from zhudang.preservation.disposal.untouched import noticed, why_not_as_told
from zhudang.preservation.domain.disposal import CaseState, legal_day, why_not_witness
from zhudang.shared.refusals import NotFound, Reason


def call(*, actor: Actor, case_id: UUID, now: datetime) -> None:
    """Say that one will execute a case whose wait is over: the witnesses may sign from here on.

    Raises:
        Forbidden, NotFound.
        CannotDecide: with every reason.
    """
    demand(actor, "preservation.disposal.execute")
    with noticed(case_id, now), transaction.atomic():
        _call(actor, locked(actor, case_id), now)


def _call(actor: Actor, case: DisposalCase, now: datetime) -> None:
    problems = []
    if case.state != CaseState.WAITING.value:
        problems.append(Reason("preservation.disposal_stands", {"state": case.state}))
    elif case.wait_until is None or legal_day(now) <= case.wait_until:
        problems.append(Reason("preservation.disposal_waits", {"until": case.wait_until}))
    problems += facts.in_the_way(case) + why_not_as_told(case)
    if problems:
        raise CannotDecide(*problems)
    case.state, case.executor, case.executor_name, case.called_at = CaseState.DUE.value, actor.username, actor.name, now
    case.save(update_fields=["state", "executor", "executor_name", "called_at"])
    log_case(actor, "called", case, now, name=actor.name)


def witness(*, actor: Actor, case_id: UUID, password: str, visitor: Visitor, now: datetime) -> None:
    """Sign as a witness of the execution, with one's own password typed for this very act.

    Raises:
        Forbidden, NotFound.
        CannotDecide: with every reason.
        CannotSignIn: the password is wrong, or too often was.
    """
    demand(actor, "preservation.disposal.witness")
    check_credentials(username=actor.username, password=password, visitor=visitor, now=now)
    with noticed(case_id, now), transaction.atomic():
        case = locked(actor, case_id)
        problems = (
            [] if case.state == CaseState.DUE.value else [Reason("preservation.disposal_stands", {"state": case.state})]
        )
        problems += _not_by(actor, case, "") + why_not_as_told(case)
        if problems:
            raise CannotDecide(*problems)
        _sign(actor, case, "", "", now)
        signed = case.signatures.filter(place="").count()
        log_case(actor, "witnessed", case, now, signatures=signed, name=actor.name)


def begin(*, actor: Actor, case_id: UUID, now: datetime) -> UUID:
    """Begin the execution, as the one who called it, once two witnesses have signed; gives the id of the work to follow.

    Raises:
        Forbidden, NotFound.
        CannotDecide: with every reason.
    """
    demand(actor, "preservation.disposal.execute")
    with noticed(case_id, now), transaction.atomic():
        return _begin(actor, locked(actor, case_id), now)


def _begin(actor: Actor, case: DisposalCase, now: datetime) -> UUID:
    from zhudang.preservation import jobs

    if case.state != CaseState.DUE.value:
        raise CannotDecide(Reason("preservation.disposal_stands", {"state": case.state}), *why_not_as_told(case))
    problems = []
    if case.executor != actor.username:
        problems.append(Reason("preservation.disposal_not_executor", {"name": case.executor_name}))
    signed = list(case.signatures.filter(place="").values_list("username", flat=True))
    if len(signed) < case.rules["witnesses"]["number"]:
        problems.append(
            Reason(
                "preservation.disposal_not_witnessed",
                {"signed": len(signed), "wanted": case.rules["witnesses"]["number"]},
            )
        )
    problems += facts.in_the_way(case) + why_not_as_told(case)
    if problems:
        raise CannotDecide(*problems)
    total = case.items.filter(outcome="").count()
    subject = f"preservation.disposalcase:{case.pk}"
    case.work_id = work.start(kind="preservation.dispose", subject=subject, actor=actor, total=total, now=now)
    case.state, case.began_at = CaseState.EXECUTING.value, now
    case.save(update_fields=["state", "began_at", "work_id"])
    log_case(actor, "begun", case, now, witnesses=signed, volumes=total)
    jobs.dispose.configure(lock="preservation").defer(case_id=str(case.pk))
    return case.work_id


def clear_owed(
    *, actor: Actor, case_id: UUID, place: str, note: str, password: str, visitor: Visitor, now: datetime
) -> bool:
    """Sign that a place that still held the bytes was cleared, or its medium destroyed; tells whether two have now signed.

    A site within reach is cleared by the system itself then, and read back; a bucket must have been seen empty of it; of what the system cannot reach, the two
    signatures and what they say are the proof.

    Raises:
        Forbidden, NotFound: no such case, or nothing owed there.
        CannotDecide: with every reason.
        CannotSignIn: the password is wrong, or too often was.
    """
    from zhudang.preservation import jobs

    demand(actor, "preservation.disposal.witness")
    check_credentials(username=actor.username, password=password, visitor=visitor, now=now)
    with noticed(case_id, now), transaction.atomic():
        case = locked(actor, case_id)
        if not DisposalStep.objects.filter(item__case=case, place=place, gone=False).exists():
            raise NotFound
        problems = [] if note.strip() else [Reason("preservation.disposal_clear_how")]
        problems += _not_by(actor, case, place)
        problems += _left_in_bucket(case, place) + why_not_as_told(case)
        if problems:
            raise CannotDecide(*problems)
        _sign(actor, case, place, note, now)
        signed = case.signatures.filter(place=place).count()
        log_case(actor, "owed_witnessed", case, now, place=place, note=note.strip(), signatures=signed, name=actor.name)
        if signed >= 2:
            jobs.clear_owed.defer(case_id=str(case.pk), place=place)
    return signed >= 2


def _sign(actor: Actor, case: DisposalCase, place: str, note: str, now: datetime) -> None:
    DisposalSignature.objects.create(
        case=case, place=place, username=actor.username, name=actor.name, list_sha256=case.approved_sha256,
        note=note.strip(), at=now,
    )  # fmt: skip


def _not_by(actor: Actor, case: DisposalCase, place: str) -> list[Reason]:
    signed = set(case.signatures.filter(place=place).values_list("username", flat=True))
    return why_not_witness(actor.username, proposer=case.proposed_by, executor=case.executor, signed=signed)


def _left_in_bucket(case: DisposalCase, place: str) -> list[Reason]:
    """Nobody signs that a bucket was cleared before a look into it showed so."""
    if not owed.is_bucket(place):
        return []
    look = owed.last_look(case.pk, place)
    if look.left is None:
        return [Reason("preservation.disposal_bucket_unseen", {"problem": look.problem or "—"})]
    return [Reason("preservation.disposal_bucket_holds", {"keys": look.left})] if look.left else []
