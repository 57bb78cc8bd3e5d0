"""What of disposals waits for one person: told on the home page, by the same rule as the pages where it is done.

A handful of questions, however many volumes a list has: the open cases, who spoke and signed, the stays in their way, and the
places still held, each added up by the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, Exists, Min, OuterRef
from django.utils import timezone

from zhudang.identity.rights import Actor
from zhudang.preservation.disposal.models import (
    NOT_SEEN_EMPTY,
    OPEN_STATES,
    DisposalCase,
    DisposalItem,
    DisposalOpinion,
    DisposalSignature,
    DisposalStay,
    DisposalStep,
)
from zhudang.preservation.disposal.owed import SITE
from zhudang.preservation.domain.disposal import CaseState, clear_by
from zhudang.preservation.domain.disposal_acts import RIGHTS, Act, Standing, StillHeld, act_in_case, acts_at_place
from zhudang.preservation.models import Site


@dataclass(frozen=True)
class Waiting:
    """One thing that waits for a person.

    Attributes:
        until: the day by which a place should be cleared.
        place, place_name: of a place that still holds content; empty for the case itself.
    """

    act: Act
    case_id: UUID
    number: str
    why: str
    volumes: int
    until: date | None = None
    overdue: bool = False
    place: str = ""
    place_name: str = ""


def waiting_for(actor: Actor, *, today: date) -> list[Waiting]:
    """Everything in disposals that waits for this person, what is overdue first; of cases above the clearance nothing."""
    if not actor.may("preservation.disposal.read"):
        return []
    found = [*_in_cases(actor, today), *_at_places(actor, today)]
    return sorted(found, key=lambda each: (not each.overdue, each.until or date.max, each.number, each.place))


def standing_of(
    case: DisposalCase, *, spoken: Collection[str], signed: Collection[str], stayed: bool = False
) -> Standing:
    """Where a case stands, for the rule that tells whose act it waits for."""
    return Standing(
        state=CaseState(case.state), proposer=case.proposed_by, executor=case.executor,
        members=frozenset(member["username"] for member in case.committee), spoken=frozenset(spoken),
        signed=frozenset(signed), witnesses=case.rules["witnesses"]["number"], wait_until=case.wait_until,
        stayed=stayed, halted=bool(case.halted_because),
    )  # fmt: skip


def _in_cases(actor: Actor, today: date) -> Iterator[Waiting]:
    cases = list(DisposalCase.objects.filter(state__in=OPEN_STATES, level__lte=actor.reach))
    if not cases:
        return
    spoken, signed = _by_case(DisposalOpinion, cases), _by_case(DisposalSignature, cases, place="")
    stayed = _stayed(cases)
    for case in cases:
        standing = standing_of(case, spoken=spoken[case.pk], signed=signed[case.pk], stayed=case.pk in stayed)
        act = act_in_case(actor.username, standing, today=today)
        if act is not None and actor.may(RIGHTS[act]):
            yield Waiting(act, case.pk, case.number, case.why, case.volumes)


def _by_case(
    model: type[DisposalOpinion] | type[DisposalSignature], cases: Collection[DisposalCase], **where: str
) -> dict[UUID, set[str]]:
    """Who spoke or signed, by case."""
    told: dict[UUID, set[str]] = defaultdict(set)
    rows = model.objects.filter(case__in=cases, **where).order_by()
    for case_id, username in rows.values_list("case_id", "username"):
        told[case_id].add(username)
    return told


def _stayed(cases: Collection[DisposalCase]) -> set[UUID]:
    """The cases of which a volume that would be destroyed has a stay on it; from the stays that stand, which are few."""
    standing = DisposalStay.objects.filter(lifted_at=None).values("object_id")
    rows = DisposalItem.objects.filter(object_id__in=standing, outcome="", case__in=cases).order_by()
    return set(rows.values_list("case_id", flat=True))


def _at_places(actor: Actor, today: date) -> Iterator[Waiting]:
    held = list(
        DisposalStep.objects.filter(gone=False).order_by()
        .values("item__case_id", "place", "place_name").annotate(volumes=Count("id"), since=Min("at"))
    )  # fmt: skip
    if not held:
        return
    buckets = {f"{SITE}{code}" for code in Site.objects.filter(kind="s3", in_use=True).values_list("code", flat=True)}
    asked = sorted(buckets & {row["place"] for row in held})
    # The clearance is asked here: joined to the steps it would have the lines of every case read.
    cases = _with_what_is_left(actor, {row["item__case_id"] for row in held}, asked)
    signed: dict[tuple[UUID, str], set[str]] = defaultdict(set)
    for signature in DisposalSignature.objects.filter(case__in=cases).exclude(place=""):
        signed[signature.case_id, signature.place].add(signature.username)
    for row in held:
        case, place = cases.get(row["item__case_id"]), row["place"]
        if case is None:
            continue
        left = place in buckets and getattr(case, f"left_{asked.index(place)}")
        facts = StillHeld(case.proposed_by, case.executor, left, place in buckets, frozenset(signed[case.pk, place]))
        acts = [act for act in acts_at_place(actor.username, facts) if actor.may(RIGHTS[act])]
        if acts:
            due = clear_by(timezone.localtime(row["since"]).date(), case.rules)
            yield Waiting(
                acts[0], case.pk, case.number, case.why, row["volumes"], due, due < today, place, row["place_name"]
            )


def _with_what_is_left(actor: Actor, case_ids: Collection[UUID], buckets: list[str]) -> dict[UUID, DisposalCase]:
    """Those of the cases that this actor may know of, each with `left_<n>`: whether the n-th bucket was not seen empty of one of its volumes.

    Asked by existence through an index of its own: the lists of keys are long and stay unread.
    """
    held = DisposalStep.objects.filter(NOT_SEEN_EMPTY, item__case=OuterRef("pk"), gone=False)
    left = {f"left_{n}": Exists(held.filter(place=place)) for n, place in enumerate(buckets)}
    known = DisposalCase.objects.filter(pk__in=case_ids, level__lte=actor.reach)
    return {case.pk: case for case in known.annotate(**left)}
