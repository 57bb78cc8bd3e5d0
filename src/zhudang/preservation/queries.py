"""What people see of preservation: the accession register with every copy's state, readings, the books."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from zhudang.identity.rights import Actor, demand
from zhudang.preservation import healths, placement
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
from zhudang.shared.bulk import batched
from zhudang.shared.refusals import Reason


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
    project_id: UUID | None
    """None of the archive's own registers."""
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


def known_objects(actor: Actor) -> QuerySet[ArchivalObject]:
    """The objects this actor may know of.

    Raises:
        Forbidden.
    """
    demand(actor, "preservation.holdings.read")
    return ArchivalObject.objects.filter(of_known(actor))


def of_known(actor: Actor, path: str = "") -> Q:
    """The condition that an object is one this actor may know of; `path` leads to it. Whether the actor may read holdings at all is not asked here."""
    own = Q((f"{path}kind", "archive")) | Q((f"{path}project__in", registry.visible_projects(actor)))
    return own & Q((f"{path}level__lte", actor.reach))


def hidden_from(actor: Actor) -> QuerySet[ArchivalObject]:
    """All other objects: those this actor may not know of."""
    return ArchivalObject.objects.exclude(of_known(actor))


AT_ONCE = 500


def shown_all(rows: QuerySet[ArchivalObject], now: datetime) -> Iterator[ObjectRow]:
    """Shape every row of a list for a file, some hundred at a time."""
    for batch in batched(rows.values_list("pk", flat=True).iterator(chunk_size=AT_ONCE), AT_ONCE):
        yield from shown(batch, now)


def shown(ids: Sequence[UUID], now: datetime) -> list[ObjectRow]:
    """Shape the rows of one page in this order: four queries, whatever their number. Rights were asked by the caller."""
    on = healths.wanted()
    rows = healths.standing(ArchivalObject.objects.filter(pk__in=ids).select_related("project"), on, now).in_bulk()
    sites = list(Site.objects.filter(in_use=True))
    copies: dict[UUID, dict[UUID, Copy]] = {}
    for copy in Copy.objects.filter(object__in=ids):
        copies.setdefault(copy.object_id, {})[copy.site_id] = copy
    found = [rows[pk] for pk in ids if pk in rows]
    return [
        _object_row(
            row,
            healths.health_of(row.kind, row.level, row.said, on),  # type: ignore[attr-defined]
            copy_rows(row, sites, copies.get(row.pk, {}), on.chosen, now),
        )
        for row in found
    ]


def _object_row(row: ArchivalObject, health: Health, copies: tuple[CopyRow, ...]) -> ObjectRow:
    return ObjectRow(
        id=row.pk,
        kind=row.kind,
        title=row.title,
        accession_no=row.accession_no,
        reference_code=row.reference_code,
        project_id=row.project_id,
        project_name=row.project.name if row.project else "",
        version=row.version,
        files=row.files,
        bytes=row.bytes,
        kept_at=row.kept_at,
        destroyed=row.destroyed_at is not None,
        health=health,
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


def unfinished_ingests(actor: Actor) -> list[IngestRow]:
    """Transfers of projects this actor may know of that were asked for, are under way or stopped, the oldest first."""
    known = Ingest.objects.filter(project__in=registry.visible_projects(actor))
    rows = known.exclude(state=IngestState.DONE.value).select_related("project").order_by("asked_at")
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


def hidden_among(actor: Actor, ocfl_ids: Iterable[str]) -> set[str]:
    """Those of some objects that this actor may not know of."""
    return set(hidden_from(actor).filter(ocfl_id__in=list(ocfl_ids)).values_list("ocfl_id", flat=True))


def titles_of(actor: Actor, ids: Iterable[str]) -> dict[str, str]:
    """The titles of volumes this actor may know of, by id as text."""
    rows = known_objects(actor).filter(pk__in=list(ids)).values_list("pk", "title")
    return {str(pk): title for pk, title in rows}


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
