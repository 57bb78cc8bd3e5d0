"""What people see of preservation: the accession register with every copy's state, readings, the books."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Count, F, Min, Q, QuerySet, Value, When

from zhudang.identity.rights import Actor, demand
from zhudang.preservation import holding_classes, placement
from zhudang.preservation.bucket.proving import Proof, proof_of
from zhudang.preservation.domain.site_facts import SiteFacts
from zhudang.preservation.domain.states import CopyState, Health, IngestState, is_due
from zhudang.preservation.formats import renditions
from zhudang.preservation.formats.renditions import RenditionRow
from zhudang.preservation.models import (
    ArchivalObject,
    BookComparison,
    Copy,
    Ingest,
    Reading,
    Site,
    of_thing,
)
from zhudang.preservation.policy_file import due_days
from zhudang.preservation.sites import facts_of_row
from zhudang.registry import queries as registry
from zhudang.shared.refusals import Reason

SORTS = {
    "accession": ("accession_no", "id"),
    "code": ("reference_code", "id"),
    "title": ("title", "id"),
    "files": ("files", "id"),
    "bytes": ("bytes", "id"),
    "read": ("oldest_reading", "id"),
}


@dataclass(frozen=True)
class CopyRow:
    """A copy as a page shows it; `state` is None where a site holds none.

    Attributes:
        wanted: the object's class goes to this site.
        behind: the site lacks the newest version and gets it when it is called in.
    """

    site_id: UUID
    site_name: str
    site: SiteFacts
    state: CopyState | None
    version: int | None
    written_at: datetime | None
    verified_at: datetime | None
    looked_at: datetime | None
    due: bool
    damages: tuple[Mapping[str, str], ...] = ()
    inventory_sha512: str = ""
    wanted: bool = True
    behind: bool = False
    proof: Proof | None = None
    """Of a bucket: what came of trying to delete there."""

    @property
    def waits(self) -> bool:
        """Whether a removable set gets the newest version when it is called in."""
        bad = self.state in {CopyState.DAMAGED, CopyState.MISSING}
        return not self.site.at_ingest and self.behind and not bad


@dataclass(frozen=True)
class ObjectRow:
    """An object in the register."""

    id: UUID
    kind: str
    title: str
    accession_no: str
    reference_code: str
    project_id: UUID
    project_name: str
    version: int
    files: int
    bytes: int
    kept_at: datetime
    destroyed: bool
    health: Health
    copies: tuple[CopyRow, ...]
    ocfl_id: str
    part: int
    generation: int
    newest: bool


@dataclass(frozen=True)
class IngestRow:
    """A transfer that is not all in the store yet."""

    transfer_id: UUID
    project_name: str
    state: IngestState
    asked_at: datetime
    work_id: UUID | None
    reason: Reason | None


@dataclass(frozen=True)
class HoldingsCounts:
    """What the sentence at the top of the register says."""

    objects: int
    volumes: int
    files: int
    bytes: int
    by_health: Mapping[Health, int]
    oldest_reading: datetime | None

    def of(self, health: Health) -> int:
        """How many objects are in this state."""
        return self.by_health.get(health, 0)

    @property
    def damaged(self) -> int:
        """Objects with a damaged copy."""
        return self.of(Health.DAMAGED)

    @property
    def lacking(self) -> int:
        """Objects that lack a copy at some place."""
        return self.of(Health.LACKING)

    @property
    def unread(self) -> int:
        """Objects with a copy that nobody has read whole."""
        return self.of(Health.UNREAD)

    @property
    def waiting(self) -> int:
        """Objects whose newest version a removable set lacks until it is called in."""
        return self.of(Health.WAITING)

    @property
    def due(self) -> int:
        """Objects read so long ago that they should be read again."""
        return self.of(Health.DUE)

    @property
    def bad(self) -> bool:
        """Whether any object is damaged or lacks a copy."""
        return bool(self.damaged or self.lacking)


def known_objects(actor: Actor) -> QuerySet[ArchivalObject]:
    """The objects this actor may know of.

    Raises:
        Forbidden.
    """
    demand(actor, "preservation.holdings.read")
    return ArchivalObject.objects.filter(level__lte=actor.reach, project__in=registry.visible_projects(actor))


def objects_for(actor: Actor, now: datetime) -> QuerySet[ArchivalObject]:
    """The objects this actor may know of, with what their health is judged by.

    Raises:
        Forbidden.
    """
    in_use = Q(copies__site__in_use=True)
    wanted = holding_classes.wanted_copies(list(Site.objects.filter(in_use=True)), now)
    rows = (
        known_objects(actor)
        .select_related("project")
        .annotate(
            damaged=Count("copies", filter=in_use & Q(copies__state=CopyState.DAMAGED.value)),
            gone=Count("copies", filter=in_use & Q(copies__state=CopyState.MISSING.value)),
            there=Count("copies", filter=wanted.at_hand & ~Q(copies__state=CopyState.MISSING.value)),
            on_sets=Count("copies", filter=wanted.on_sets & Q(copies__version=F("version"))),
            unread=Count("copies", filter=in_use & Q(copies__state=CopyState.WRITTEN.value)),
            late=Count("copies", filter=wanted.late),
            oldest_reading=Min("copies__verified_at", filter=in_use),
        )
    )
    return rows.annotate(
        health=Case(
            When(damaged__gt=0, then=Value(Health.DAMAGED.value)),
            When(Q(gone__gt=0) | Q(there__lt=wanted.how_many_at_hand), then=Value(Health.LACKING.value)),
            When(unread__gt=0, then=Value(Health.UNREAD.value)),
            When(late__gt=0, then=Value(Health.DUE.value)),
            When(on_sets__lt=wanted.how_many_sets, then=Value(Health.WAITING.value)),
            default=Value(Health.SOUND.value),
            output_field=CharField(),
        )
    )


def searched(rows: QuerySet[ArchivalObject], *, words: str, health: str, kind: str) -> QuerySet[ArchivalObject]:
    """Narrow the register by words (title, codes, project), health, and kind of object."""
    if words:
        rows = rows.filter(
            Q(title__icontains=words)
            | Q(reference_code__icontains=words)
            | Q(accession_no__icontains=words)
            | Q(project__name__icontains=words)
        )
    if health:
        rows = rows.filter(health=health)  # type: ignore[misc]
    return rows.filter(kind=kind) if kind else rows


def counts_of(rows: QuerySet[ArchivalObject]) -> HoldingsCounts:
    """Count the register; `rows` are what the actor may know of."""
    by_health: dict[Health, int] = {}
    sums = {"objects": 0, "volumes": 0, "files": 0, "bytes": 0}
    oldest: datetime | None = None
    for health, number, of_volumes, read in _summed(rows):
        by_health[Health(health)] = by_health.get(Health(health), 0) + number
        sums["objects"] += number
        for name, value in of_volumes.items():
            sums[name] += value
        if read is not None and (oldest is None or read < oldest):
            oldest = read
    return HoldingsCounts(**sums, by_health=by_health, oldest_reading=oldest)


def _summed(
    rows: QuerySet[ArchivalObject],
) -> Iterable[tuple[str, int, Mapping[str, int], datetime | None]]:
    """Tell by health: objects, what there is of volumes (each once, by the newest objects of its parts; tombstones not), oldest reading."""
    told: dict[str, list[Any]] = {}
    for health, kind, part, newest, files, size, read, gone in rows.order_by().values_list(  # type: ignore[misc]
        "health", "kind", "part", "newest", "files", "bytes", "oldest_reading", "destroyed_at"
    ):
        sums = told.setdefault(health, [0, {"volumes": 0, "files": 0, "bytes": 0}, None])
        sums[0] += 1
        if kind == "volume" and newest:
            sums[1]["volumes"] += part == 1 and gone is None
            sums[1]["files"] += files
            sums[1]["bytes"] += size
        if read is not None and (sums[2] is None or read < sums[2]):
            sums[2] = read
    return [(health, *sums) for health, sums in told.items()]  # type: ignore[misc]


def shown(rows: Iterable[ArchivalObject], now: datetime) -> list[ObjectRow]:
    """Shape the rows of one page: two more queries, whatever their number."""
    found = list(rows)
    sites = list(Site.objects.filter(in_use=True))
    copies: dict[UUID, dict[UUID, Copy]] = {}
    for copy in Copy.objects.filter(object__in=[row.pk for row in found]):
        copies.setdefault(copy.object_id, {})[copy.site_id] = copy
    chosen = placement.chosen_places()
    return [_object_row(row, copy_rows(row, sites, copies.get(row.pk, {}), chosen, now)) for row in found]


def _object_row(row: ArchivalObject, copies: tuple[CopyRow, ...]) -> ObjectRow:
    return ObjectRow(
        id=row.pk,
        kind=row.kind,
        title=row.title,
        accession_no=row.accession_no,
        reference_code=row.reference_code,
        project_id=row.project_id,
        project_name=row.project.name,
        version=row.version,
        files=row.files,
        bytes=row.bytes,
        kept_at=row.kept_at,
        destroyed=row.destroyed_at is not None,
        health=Health(row.health),  # type: ignore[attr-defined]
        copies=copies,
        ocfl_id=row.ocfl_id,
        part=row.part,
        generation=row.generation,
        newest=row.newest,
    )


def copy_rows(
    row: ArchivalObject,
    sites: Iterable[Site],
    copies: Mapping[UUID, Copy],
    chosen: Mapping[str, frozenset[str]],
    now: datetime,
) -> tuple[CopyRow, ...]:
    """The copies of one object, one a place in use."""
    placed = placement.places_of(row.kind, row.level, chosen)
    return tuple(
        _copy_row(site, copies.get(site.pk), row, now, wanted=placed is None or site.code in placed) for site in sites
    )


def _copy_row(site: Site, copy: Copy | None, row: ArchivalObject, now: datetime, *, wanted: bool) -> CopyRow:
    facts = facts_of_row(site)
    if copy is None:
        behind = wanted and not facts.at_ingest
        return CopyRow(
            site.pk, site.name, facts, None, None, None, None, None, due=False, wanted=wanted, behind=behind,
            proof=proof_of(site.proof),
        )  # fmt: skip
    return CopyRow(
        site_id=site.pk,
        site_name=site.name,
        site=facts,
        state=CopyState(copy.state),
        version=copy.version,
        written_at=copy.written_at,
        verified_at=copy.verified_at,
        looked_at=copy.looked_at,
        due=is_due(copy.verified_at, now, after_days=due_days(facts)),
        damages=tuple(copy.damages),
        inventory_sha512=copy.inventory_sha512,
        wanted=wanted,
        behind=copy.version < row.version,
        proof=proof_of(site.proof),
    )


def renditions_of(file_ids: Iterable[UUID]) -> dict[UUID, list[RenditionRow]]:
    """What was made of these files and kept beside them, for pages of other contexts. Rights were asked: they are the files'."""
    return renditions.of_originals(file_ids)


def unfinished_ingests() -> list[IngestRow]:
    """Transfers asked for, under way or stopped, the oldest first."""
    rows = Ingest.objects.exclude(state=IngestState.DONE.value).select_related("project").order_by("asked_at")
    return [
        IngestRow(
            row.transfer_id, row.project.name, IngestState(row.state), row.asked_at, row.work_id,
            Reason(row.stopped_because["code"], row.stopped_because["data"]) if row.stopped_because else None,
        )
        for row in rows
    ]  # fmt: skip


def readings() -> QuerySet[Reading]:
    """All readings, the latest first."""
    return Reading.objects.all()


def comparisons(limit: int = 20) -> list[BookComparison]:
    """The latest comparisons of the books."""
    return list(BookComparison.objects.all()[:limit])


def latest_comparison() -> BookComparison | None:
    """The latest comparison of the books."""
    return BookComparison.objects.first()


def state_of(thing_id: UUID, now: datetime) -> tuple[CopyRow, ...]:
    """The copies of a volume or project, for pages of other contexts; empty when it is not in the store.

    Where it lies in several parts, the worst of a place's copies is told for that place.

    A removable set that lacks the newest version is not told: it proves nothing yet, and nothing is wrong with it.
    """
    parts = list(ArchivalObject.objects.filter(of_thing(thing_id), newest=True).order_by("part"))
    copies: dict[UUID, dict[UUID, Copy]] = {}
    for copy in Copy.objects.filter(object__in=parts):
        copies.setdefault(copy.object_id, {})[copy.site_id] = copy
    sites, chosen = list(Site.objects.filter(in_use=True)), placement.chosen_places()
    by_site = zip(*(copy_rows(row, sites, copies.get(row.pk, {}), chosen, now) for row in parts), strict=True)
    told = (max(rows, key=_badness) for rows in by_site if not any(each.waits for each in rows))
    return tuple(each for each in told if each.wanted or each.state is not None)


_FROM_WELL_TO_BAD = (CopyState.VERIFIED, CopyState.WRITTEN, None, CopyState.MISSING, CopyState.DAMAGED)


def _badness(copy: CopyRow) -> tuple[int, float]:
    """Order the copies of a volume's parts at one place: the worst of them is what is said of the volume there."""
    read = copy.verified_at.timestamp() if copy.verified_at else 0.0
    return _FROM_WELL_TO_BAD.index(copy.state), -read
