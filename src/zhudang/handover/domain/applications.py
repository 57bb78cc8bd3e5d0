"""When a client may apply for acceptance, and what is put right first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from zhudang.handover.domain.states import OPEN_TO, Act, ApplicationState, Kind, Mode
from zhudang.shared.refusals import Reason


@dataclass(frozen=True)
class ApplicationFacts:
    """What the rule needs to know of a project that wants to apply.

    Attributes:
        running: number of an application still being corrected or reviewed; "" when there is none.
        ready: records the client holds and can submit.
        submitted_before: records the archive already has from an earlier round, or from one taken back.
        returned: titles of records given back and not yet cured.
        missing: titles of what the archive must get and nobody filed or declared not applicable.
        undelivered: records that parties have filed but not delivered to the client.
        promised: titles that the commitment covers; only in the commitment mode.
        formed: (title, day) of the records of a late application.
    """

    mode: str
    kind: str
    project_running: bool = True
    running: str = ""
    accepted_before: bool = False
    ready: int = 0
    submitted_before: int = 0
    returned: Sequence[str] = ()
    missing: Sequence[str] = ()
    undelivered: int = 0
    modes_of_city: Sequence[str] = field(default_factory=lambda: tuple(Mode))
    unit_works: int = 0
    accepted_on: date | None = None
    formed: Sequence[tuple[str, date | None]] = ()
    has_commitment: bool = False


def why_not_apply(facts: ApplicationFacts, *, missing_note: str = "") -> list[Reason]:
    """Tell everything that keeps a client from applying; an empty list means go.

    Args:
        missing_note: the client's explanation for applying although something is missing; the reviewer sees it and
            every missing document becomes an item of the review.
    """
    reasons = []
    if not facts.project_running:
        reasons.append(Reason("handover.project_not_running"))
    if facts.running:
        reasons.append(Reason("handover.application_running", {"number": facts.running}))
    if facts.mode not in facts.modes_of_city:
        reasons.append(Reason("handover.mode_not_here", {"mode": facts.mode}))
    if facts.mode == Mode.STAGED and not facts.unit_works:
        reasons.append(Reason("handover.stage_without_unit_works"))
    if facts.accepted_before and facts.kind == Kind.FIRST:
        reasons.append(Reason("handover.accepted_already"))
    if not facts.ready and not facts.submitted_before:
        reasons.append(Reason("handover.nothing_to_submit"))
    if facts.undelivered and not missing_note.strip():
        reasons.append(Reason("handover.records_undelivered", {"count": facts.undelivered}))
    if facts.returned:
        reasons.append(Reason("handover.records_still_returned", _some(facts.returned)))
    if facts.missing and not missing_note.strip() and facts.kind != Kind.LATE:
        reasons.append(Reason("handover.records_missing", _some(facts.missing)))
    if facts.kind == Kind.LATE:
        reasons += why_not_late(facts)
    return reasons


def why_not_late(facts: ApplicationFacts) -> list[Reason]:
    """Tell what keeps promised records from being taken: only what formed after the completion acceptance is."""
    if not facts.has_commitment:
        return [Reason("handover.no_commitment")]
    if facts.accepted_on is None:
        return [Reason("handover.acceptance_day_unknown")]
    return [
        Reason("handover.formed_before_acceptance", {"title": title, "formed": day, "accepted": facts.accepted_on})
        for title, day in facts.formed
        if day is None or day < facts.accepted_on
    ]


def _some(titles: Sequence[str], most: int = 20) -> dict[str, object]:
    shown = "、".join(titles[:most])
    return {"count": len(titles), "titles": shown + ("……" if len(titles) > most else "")}


def why_not_act(state: str, act: Act) -> list[Reason]:
    """Tell whether an application in `state` allows `act`."""
    if act in OPEN_TO[ApplicationState(state)]:
        return []
    return [Reason("handover.not_in_this_state", {"state": state, "act": act.value})]
