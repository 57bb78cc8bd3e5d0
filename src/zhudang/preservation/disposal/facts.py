"""What the rules of disposal need to know of volumes, gathered for many at once, and which volumes' time has ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from zhudang.identity.rights import Actor
from zhudang.preservation import queries
from zhudang.preservation.disposal.models import DisposalCase, DisposalItem, DisposalStay
from zhudang.preservation.disposal.rules_file import rules
from zhudang.preservation.domain.disposal import ENDED, DisposalRules, HoldingFacts, Outcome, why_not_dispose
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.registry import queries as registry
from zhudang.shared.bulk import batched
from zhudang.shared.refusals import Reason

_AT_ONCE = 1000


def ended(actor: Actor, *, today: date) -> QuerySet[ArchivalObject]:
    """The volumes this actor knows of whose retention has ended, by the rules in force: a first choice, not a verdict.

    Raises:
        Forbidden.
    """
    over = Q(pk__in=[])
    for code in rules().retentions:
        if (year := rules().latest_year(code, today)) is not None:
            over |= Q(volume__retention=code, volume__formed_until__lte=date(year, 12, 31))
    if with_works := rules().with_works:
        over |= Q(volume__retention__in=with_works) & _works_are_gone(today)
    return (
        volumes(actor)
        .filter(over, condemned_at=None)
        .select_related("project", "volume")
        .order_by("reference_code", "id")
    )


def volumes(actor: Actor) -> QuerySet[ArchivalObject]:
    """The volumes this actor knows of, each by its first object, which bears its id.

    Raises:
        Forbidden.
    """
    return queries.known_objects(actor).filter(kind="volume", part=1, generation=1)


def _works_are_gone(today: date) -> Q:
    """Volumes of a unit work that is gone, or of no unit work and a project that is gone whole."""
    works, projects = registry.ended_unit_works(today).values("pk"), registry.ended_projects(today).values("pk")
    return Q(volume__unit_work__in=works) | Q(volume__unit_work=None, project__in=projects)


def works_ended(objects: Iterable[ArchivalObject]) -> dict[UUID, date | None]:
    """The day on which the works of each volume were gone, None where they stand; `objects` come with their `volume`."""
    objects = list(objects)
    works = registry.ends_of_unit_works(
        {row.volume.unit_work_id for row in objects if row.volume and row.volume.unit_work_id}
    )
    whole = {row.project_id for row in objects if row.project_id and row.volume and not row.volume.unit_work_id}
    projects = registry.ends_of_projects(whole)

    def end(row: ArchivalObject) -> date | None:
        if row.volume is None or row.project_id is None:
            return None
        unit_work = row.volume.unit_work_id
        return works.get(unit_work) if unit_work else projects.get(row.project_id)

    return {row.pk: end(row) for row in objects}


def in_the_way(case: DisposalCase) -> list[Reason]:
    """What came to stand against the volumes left on a case's list since it was proposed: stays, and works that are not gone after all."""
    left = {item.object_id: item for item in case.items.filter(outcome="")}
    held = [
        Reason(
            "preservation.disposal_held", {"code": left[pk].reference_code, "title": left[pk].title, "because": because}
        )
        for pk, reasons in stays_on(left).items()
        for because in reasons
    ]
    return held + works_in_the_way(case)


def works_in_the_way(case: DisposalCase) -> list[Reason]:
    """The volumes left on a case's list that are kept as long as their works, and whose works are not gone after all."""
    left = {item.object_id: item for item in case.items.filter(outcome="", retention__in=rules().with_works)}
    rows = ArchivalObject.objects.filter(pk__in=left).select_related("volume")
    return [
        Reason("preservation.disposal_works_stand", {"code": left[pk].reference_code, "title": left[pk].title})
        for pk, day in works_ended(rows).items()
        if day is None
    ]


def objects_of(volume_ids: Collection[UUID]) -> dict[UUID, list[ArchivalObject]]:
    """All objects of volumes, parts and generations: volume -> its objects."""
    found: dict[UUID, list[ArchivalObject]] = {volume_id: [] for volume_id in volume_ids}
    for row in ArchivalObject.objects.filter(volume_id__in=volume_ids).order_by("part", "generation"):
        assert row.volume_id is not None
        found[row.volume_id].append(row)
    return found


def proposable(objects: QuerySet[ArchivalObject], *, today: date) -> list[UUID]:
    """Of these volumes those that nothing stands against, in their order."""
    known, found = rules(), []
    for some in batched(objects.iterator(chunk_size=_AT_ONCE), _AT_ONCE):
        told = of_volumes(some, known)
        found += [row.pk for row in some if not why_not_dispose(told[row.pk], known, today=today)]
    return found


def of_volumes(objects: Collection[ArchivalObject], known: DisposalRules) -> dict[UUID, HoldingFacts]:
    """Gather the facts of volumes, some thousand a question; `objects` come with their `volume`."""
    found: dict[UUID, HoldingFacts] = {}
    rows = list(objects)
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        found |= _gathered(some, [row.pk for row in some])
    return found


def stays_on(object_ids: Collection[UUID]) -> dict[UUID, tuple[str, ...]]:
    """The reasons of the stays that stand, by object."""
    told: dict[UUID, list[str]] = defaultdict(list)
    for row in DisposalStay.objects.filter(object_id__in=object_ids, lifted_at=None).order_by("placed_at"):
        told[row.object_id].append(row.because)
    return {object_id: tuple(reasons) for object_id, reasons in told.items()}


def _gathered(rows: list[ArchivalObject], ids: list[UUID]) -> dict[UUID, HoldingFacts]:
    stays, unproven, extended, in_case = stays_on(ids), _unproven(ids), _extended(ids), _in_open_case(ids)
    gone = works_ended(rows)
    return {
        row.pk: HoldingFacts(
            code=row.reference_code, title=row.title, retention=row.volume.retention if row.volume else "",
            newest=row.volume.formed_until if row.volume else None, level=max(row.level, row.class_level),
            works_ended=gone[row.pk], extended_until=extended.get(row.pk), holds=stays.get(row.pk, ()), unproven=unproven[row.pk],
            in_case=in_case.get(row.pk, ""), destroyed=row.condemned_at is not None,
        )
        for row in rows
    }  # fmt: skip


def _unproven(ids: list[UUID]) -> Mapping[UUID, tuple[str, ...]]:
    """The places whose copy of any of a volume's objects is not its newest version, read whole and found as written.

    A set that lies apart may lag.
    """
    copies: dict[UUID, list[Copy]] = defaultdict(list)
    for copy in Copy.objects.filter(object__volume_id__in=ids, site__in_use=True).select_related("site"):
        copies[copy.object_id].append(copy)
    told: dict[UUID, set[str]] = {pk: set() for pk in ids}
    for row in ArchivalObject.objects.filter(volume_id__in=ids):
        assert row.volume_id is not None
        told[row.volume_id] |= {
            copy.site.name
            for copy in copies[row.pk]
            if copy.state != CopyState.VERIFIED.value
            or (copy.inventory_sha512 != row.inventory_sha512 and copy.site.kind != "removable")
        } or (set() if copies[row.pk] else {""})
    return {pk: tuple(sorted(names)) for pk, names in told.items()}


def _extended(ids: list[UUID]) -> dict[UUID, date]:
    told: dict[UUID, date] = {}
    rows = DisposalItem.objects.filter(object_id__in=ids, outcome=Outcome.EXTENDED.value)
    for object_id, until in rows.values_list("object_id", "extended_until"):
        if until is not None:
            told[object_id] = max(until, told.get(object_id, until))
    return told


def _in_open_case(ids: list[UUID]) -> dict[UUID, str]:
    open_ones = DisposalItem.objects.filter(object_id__in=ids, outcome="").exclude(
        case__state__in=[s.value for s in ENDED]
    )
    return dict(open_ones.values_list("object_id", "case__number"))
