"""What people see of disposals: the list of cases, one case with its steps, the volumes whose time has ended, what is owed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone

from zhudang.identity import queries as identity
from zhudang.identity.rights import Actor, demand
from zhudang.preservation import logged
from zhudang.preservation.disposal import owed as owed_places
from zhudang.preservation.disposal.models import (
    DisposalCase,
    DisposalItem,
    DisposalOpinion,
    DisposalSignature,
    DisposalStay,
    DisposalStep,
)
from zhudang.preservation.disposal.untouched import why_not_as_told
from zhudang.preservation.disposal.waiting import standing_of
from zhudang.preservation.domain.disposal import CAN_BE_STOPPED, CaseState, Outcome, clear_by, legal_day
from zhudang.preservation.domain.disposal_acts import RIGHTS, Act, act_in_case
from zhudang.preservation.domain.names import object_name
from zhudang.shared.refusals import NotFound, Reason


@dataclass(frozen=True)
class Tombstone:
    """What the pages of a destroyed volume say of its end."""

    case_id: UUID
    number: str
    at: datetime
    why: str
    approved_by: str
    witnesses: tuple[str, ...]
    files: int
    bytes: int
    was_sha512: str
    further: tuple[dict[str, Any], ...]
    """The volume's other objects, which went with it: object, version, inventory_sha512."""
    steps: tuple[DisposalStep, ...]


@dataclass(frozen=True)
class OwedPlace:
    """A place that still holds what a case destroyed elsewhere."""

    case_id: UUID
    number: str
    place: str
    name: str
    volumes: int
    since: datetime
    why: str
    signed: tuple[str, ...]
    signers: frozenset[str]
    """User names of those who signed."""
    due: date
    """The day by which it should be cleared."""
    bucket: bool = False
    """Its keeper deletes there; the next three are what the last look showed."""
    left: int | None = None
    """Things still to delete; None where nobody could look at all of it."""
    looked_at: datetime | None = None
    problem: str = ""

    @property
    def overdue(self) -> bool:
        """Whether that day is over."""
        return self.due < today()

    @property
    def clear(self) -> bool:
        """Whether a look showed nothing left: two may sign."""
        return self.left == 0


@dataclass(frozen=True)
class CasePage:
    """One case, and what this person can do with it now."""

    case: DisposalCase
    opinions: tuple[DisposalOpinion, ...]
    awaited: tuple[str, ...]
    """Names of members who have not spoken yet."""
    witnesses: tuple[DisposalSignature, ...]
    by_outcome: dict[str, int]
    owed: tuple[OwedPlace, ...]
    places: tuple[tuple[str, str, int, int], ...]
    """(key, name, volumes clean there, volumes still held there)."""
    halted: Reason | None
    may_appraise: bool
    may_decide: bool
    may_stop: bool
    may_call: bool
    may_witness: bool
    may_begin: bool
    days_left: int
    """Whole days of the waiting period still to come after today."""
    waited: bool
    """The waiting period is over."""
    changed: Reason | None
    """What of the case, its opinions and signatures a hand changed, by the log: nothing goes on then."""


def cases_for(actor: Actor) -> QuerySet[DisposalCase]:
    """The cases this actor may know of.

    Raises:
        Forbidden.
    """
    demand(actor, "preservation.disposal.read")
    return DisposalCase.objects.filter(level__lte=actor.reach)


def case_page(actor: Actor, case_id: UUID, *, today: date) -> CasePage:
    """One case.

    Raises:
        Forbidden, NotFound.
    """
    case = cases_for(actor).filter(pk=case_id).first()
    if case is None:
        raise NotFound
    state, me, opinions = CaseState(case.state), actor.username, tuple(case.opinions.all())
    spoken = {opinion.username for opinion in opinions}
    members = {member["username"]: member["name"] for member in case.committee}
    witnesses = tuple(case.signatures.filter(place=""))
    standing = standing_of(case, spoken=spoken, signed={row.username for row in witnesses})
    act = act_in_case(me, standing, today=today)
    may_act = act is not None and actor.may(RIGHTS[act])
    left = (case.wait_until - today).days if case.wait_until else 0
    changed = next(iter(why_not_as_told(case, lines=False)), None)
    return CasePage(
        case=case,
        opinions=opinions,
        awaited=tuple(name for username, name in members.items() if username not in spoken),
        witnesses=witnesses,
        by_outcome=dict(case.items.order_by().values_list("outcome").annotate(n=Count("id"))),
        owed=tuple(owed(case=case)),
        places=tuple(_places(case)),
        halted=Reason(**case.halted_because) if case.halted_because else None,
        may_appraise=may_act and act is Act.APPRAISE,
        may_decide=may_act and act is Act.DECIDE,
        may_stop=state in CAN_BE_STOPPED and actor.may("preservation.disposal.stop"),
        may_call=may_act and act is Act.CALL and not changed,
        may_witness=may_act and act is Act.WITNESS and not changed,
        may_begin=may_act and act is Act.BEGIN and not changed,
        days_left=max(left, 0),
        waited=left < 0,
        changed=changed,
    )


def _places(case: DisposalCase) -> Iterator[tuple[str, str, int, int]]:
    rows = DisposalStep.objects.filter(item__case=case).order_by("place").values_list("place", "place_name")
    yield from rows.annotate(clean=Count("id", filter=Q(gone=True)), held=Count("id", filter=Q(gone=False)))


def owed(*, case: DisposalCase | None = None, up_to_level: int | None = None) -> Iterator[OwedPlace]:
    """The places that still hold what was destroyed elsewhere, by case and place.

    Args:
        up_to_level: nothing of cases above this secrecy level.
    """
    rows = DisposalStep.objects.filter(gone=False)
    if case is not None:
        rows = rows.filter(item__case=case)
    if up_to_level is not None:
        rows = rows.filter(item__case__level__lte=up_to_level)
    told = (
        rows.order_by("item__case__number", "place")
        .values("item__case_id", "place", "place_name", number=F("item__case__number"), rules=F("item__case__rules"))
        .annotate(volumes=Count("id"), since=Min("at"), why=Max(KT("proof__why")))
    )
    for row in told:
        signed = list(DisposalSignature.objects.filter(case_id=row["item__case_id"], place=row["place"]))
        yield OwedPlace(
            row["item__case_id"], row["number"], row["place"], row["place_name"], row["volumes"], row["since"], row["why"],
            tuple(each.name for each in signed), frozenset(each.username for each in signed), clear_by(legal_day(row["since"]), row["rules"]),
            **_in_bucket(row["item__case_id"], row["place"]),
        )  # fmt: skip


def _in_bucket(case_id: UUID, place: str) -> dict[str, Any]:
    """What looks into a bucket showed of a case's volumes; empty for other places."""
    if not owed_places.is_bucket(place):
        return {}
    look = owed_places.last_look(case_id, place)
    return {"bucket": True, "left": look.left, "looked_at": look.looked_at, "problem": look.problem}


def number_owed(actor: Actor) -> int:
    """How many places still hold what was destroyed elsewhere, each counted once a case this actor may know of."""
    rows = DisposalStep.objects.filter(gone=False, item__case__level__lte=actor.reach).order_by()
    return rows.values("item__case_id", "place").distinct().count()


def items_of(case: DisposalCase) -> QuerySet[DisposalItem]:
    """The lines of a case in their order."""
    return case.items.order_by("position")


def tombstone_of(object_id: UUID) -> Tombstone | None:
    """What is to be said of a destroyed volume, for its pages; rights were asked by the caller."""
    item = (
        DisposalItem.objects.filter(object_id=object_id, outcome=Outcome.DESTROYED.value).select_related("case").first()
    )
    if item is None or item.outcome_at is None:
        return None
    case = item.case
    return Tombstone(
        case.pk, case.number, item.outcome_at, case.why, case.decided_name,
        tuple(case.signatures.filter(place="").values_list("name", flat=True)), item.files, item.bytes, item.inventory_sha512,
        tuple(item.further), tuple(item.steps.all()),
    )  # fmt: skip


def destroyed_with(object_id: UUID) -> UUID | None:
    """The volume of whose objects one was a further part or a successor that is destroyed; its row went with the volume.

    The log knows what each object was called. After a rebuilding it begins anew: then the lists are gone through.
    """
    destroyed = DisposalItem.objects.filter(outcome=Outcome.DESTROYED.value).exclude(further=[])
    if name := logged.name_of(object_id):
        destroyed = destroyed.filter(object_id=name.thing)
    elif not logged.begins_anew():
        return None
    for volume_id, further in destroyed.values_list("object_id", "further").iterator(chunk_size=500):
        names = (object_name(each["object"]) for each in further)
        if any(name is not None and name.row_id == object_id for name in names):
            return volume_id
    return None


def stays_of(object_id: UUID) -> list[DisposalStay]:
    """The stays on a volume, lifted ones too, the newest first."""
    return list(DisposalStay.objects.filter(object_id=object_id))


def volume_of_stay(stay_id: UUID) -> UUID:
    """The volume a stay is on; its page is that of its first object."""
    return DisposalStay.objects.values_list("object_id", flat=True).get(pk=stay_id)


def members_to_appoint(actor: Actor) -> list[tuple[str, str]]:
    """Who may be appointed to a committee: (account, name with organisation), without the one who proposes."""
    found = {}
    for kind in ("archive", "department"):
        for organisation_id, name in identity.organisations(kind=kind).values_list("id", "name"):
            roles = ("reviewer", "archivist", "keeper", "service_desk", "official")
            accounts = identity.members_with(organisation_id, *roles)
            for account_id, person in identity.account_names(accounts).items():
                if account_id != actor.account_id:
                    found.setdefault(str(account_id), f"{person}（{name}）")
    return sorted(found.items(), key=lambda pair: pair[1])


def today() -> date:
    """Today by Beijing time, whatever zone the pages are shown in."""
    return legal_day(timezone.now())


def lines(case: DisposalCase) -> Iterator[list[Any]]:
    """The list of a case as rows of a table, in its order."""
    from zhudang.preservation.disposal import words

    for item in items_of(case).iterator(chunk_size=500):
        outcome = Outcome(item.outcome)
        yield [
            item.position, item.reference_code, item.accession_no, item.title, item.project_name, item.formed_on,
            item.formed_until, words.retention(item.retention), item.ended_on, item.records, item.files, item.bytes,
            str(words.OUTCOMES[outcome]), item.extended_until, item.outcome_at, item.outcome_because,
            "\n".join([f"urn:uuid:{item.object_id}", *(each["object"] for each in item.further)]), item.inventory_sha512, item.tombstone_sha512,
        ]  # fmt: skip
