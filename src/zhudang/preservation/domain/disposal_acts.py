"""Whose act a disposal waits for: one rule for the page of a case and for people's homes.

What a role may do at all is asked by the caller (`RIGHTS`); here it is told what is left for one person to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from zhudang.preservation.domain.disposal import CaseState


class Act(StrEnum):
    """What a case, or a place that still holds what a case destroyed elsewhere, waits for."""

    APPRAISE = "appraise"
    DECIDE = "decide"
    CALL = "call"
    WITNESS = "witness"
    BEGIN = "begin"
    MEND = "mend"
    """The execution halted; it goes on by itself once somebody took away what is in its way."""
    EMPTY = "empty"
    """The keeper of a bucket is to be given the list and to delete there."""
    BRING = "bring"
    """A set or medium is to be brought, cleared or destroyed, so that two others can sign."""
    CLEAR = "clear"
    """A signature that a place was cleared."""


RIGHTS: Mapping[Act, str] = {
    Act.APPRAISE: "preservation.disposal.appraise",
    Act.DECIDE: "preservation.disposal.approve",
    Act.CALL: "preservation.disposal.execute",
    Act.WITNESS: "preservation.disposal.witness",
    Act.BEGIN: "preservation.disposal.execute",
    Act.MEND: "preservation.disposal.execute",
    Act.EMPTY: "preservation.disposal.execute",
    Act.BRING: "preservation.disposal.execute",
    Act.CLEAR: "preservation.disposal.witness",
}
SIGNERS = 2
"""Persons who sign that a place was cleared; a trigger holds to it."""


@dataclass(frozen=True)
class Standing:
    """Where a case stands, as far as it tells who must act. People are named by their user names.

    Attributes:
        spoken: members who gave their opinion.
        signed: who signed as witness of the execution.
        witnesses: how many must.
        stayed: a stay stands on a volume that would be destroyed.
    """

    state: CaseState
    proposer: str
    members: frozenset[str]
    spoken: frozenset[str] = frozenset()
    executor: str = ""
    signed: frozenset[str] = frozenset()
    witnesses: int = 2
    wait_until: date | None = None
    stayed: bool = False
    halted: bool = False


def act_in_case(person: str, case: Standing, *, today: date) -> Act | None:
    """What a case waits for from this person, if anything."""
    witnessed = len(case.signed) >= case.witnesses
    waited = case.wait_until is not None and case.wait_until < today
    match case.state:
        case CaseState.APPRAISING if person in case.members - case.spoken:
            return Act.APPRAISE
        case CaseState.APPROVING if person not in case.members | {case.proposer}:
            return Act.DECIDE
        case CaseState.WAITING if waited and not case.stayed:
            return Act.CALL
        case CaseState.DUE if not witnessed and person not in case.signed | {case.proposer, case.executor}:
            return Act.WITNESS
        case CaseState.DUE if witnessed and person == case.executor and not case.stayed:
            return Act.BEGIN
        case CaseState.EXECUTING if case.halted:
            return Act.MEND
    return None


@dataclass(frozen=True)
class StillHeld:
    """A place that still holds what a case destroyed elsewhere.

    Attributes:
        to_empty: a bucket that no look has shown to be empty of it.
        signed: who signed that it was cleared.
    """

    proposer: str
    executor: str
    to_empty: bool
    bucket: bool
    signed: frozenset[str] = frozenset()


def acts_at_place(person: str, place: StillHeld) -> tuple[Act, ...]:
    """What such a place waits for from this person, the first that the person's roles allow being the one."""
    if place.to_empty:
        return (Act.EMPTY,)
    if len(place.signed) >= SIGNERS or person in place.signed:
        return ()
    signs = () if person in {place.proposer, place.executor} else (Act.CLEAR,)
    return (*signs, *(() if place.bucket else (Act.BRING,)))
