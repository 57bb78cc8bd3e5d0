"""What the rules of disposal need to know of volumes, gathered for many at once, and which volumes' time has ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from zhudang.identity.rights import Actor
from zhudang.preservation import queries
from zhudang.preservation.disposal.models import DisposalItem, DisposalStay
from zhudang.preservation.disposal.rules_file import rules
from zhudang.preservation.domain.disposal import ENDED, DisposalRules, HoldingFacts, Outcome, why_not_dispose
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.shared.bulk import batched

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
    return {
        row.pk: HoldingFacts(
            code=row.reference_code, title=row.title, retention=row.volume.retention if row.volume else "",
            newest=row.volume.formed_until if row.volume else None, level=max(row.level, row.class_level),
            extended_until=extended.get(row.pk), holds=stays.get(row.pk, ()), unproven=unproven[row.pk],
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
