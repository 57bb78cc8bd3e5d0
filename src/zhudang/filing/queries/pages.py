"""The pages of one record, of a project's records and volumes, and of the scope lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from zhudang.checks import profile
from zhudang.checks.check_report import BUSINESS
from zhudang.checks.model import Finding
from zhudang.content import queries as content
from zhudang.content.queries import CheckReport
from zhudang.filing import agreeing, pencil
from zhudang.filing.described import findings_about, in_words
from zhudang.filing.domain.describing import Description, Pencil
from zhudang.filing.domain.states import CHANGEABLE
from zhudang.filing.models import Record, ScopeAdoption, ScopeItem, ScopeList, Volume
from zhudang.filing.queries.home import unassigned
from zhudang.filing.queries.records import (
    RecordRow,
    VolumeRow,
    records_by_id,
    records_of_volume,
    volumes_of,
)
from zhudang.filing.queries.visibility import facts_of, known_record, visible_to
from zhudang.filing.readiness import description_of, reasons_against
from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry
from zhudang.shared.refusals import NotFound, Reason

MOST_COMPARED = 3000


@dataclass(frozen=True)
class RecordPage:
    """A record with its pencil, its findings and everything that keeps it from being filed."""

    record: RecordRow
    description: Description
    sketch: Pencil
    scope_title: str
    project_name: str
    against: tuple[Reason, ...]
    findings: tuple[tuple[str, str, str, str], ...]
    business: tuple[tuple[str, str, str, str], ...]
    may_describe: bool
    may_file: bool
    changeable: bool
    blockers: tuple[tuple[str, Any], ...]
    waiting: tuple[tuple[UUID, str], ...]


def record_page(actor: Actor, record_id: UUID) -> RecordPage:
    """The description page of a record.

    Raises:
        NotFound.
    """
    row = known_record(actor, record_id)
    [(record, sketch)] = list(pencil.sketches([row]))
    shown = records_by_id([record_id])[record_id]
    reports = content.reports([f.file_id for f in shown.files if f.current])
    said = findings_about(description_of(record), shown.files, today=timezone.localdate())
    of_files = [f for report in reports.values() for f in report.findings]
    facts = facts_of(row)
    return RecordPage(
        record=shown, description=description_of(record), sketch=sketch,
        scope_title=row.obligation.scope_item.title if row.obligation else "", project_name=row.project.name,
        against=tuple(reasons_against([row]).get(row.id, ())),
        findings=tuple(in_words(f) for f in (*said, *of_files) if f.dimension != BUSINESS),
        business=tuple(
            in_words(f) for f in (*business_findings(shown, reports), *of_files) if f.dimension == BUSINESS
        ),
        may_describe=rights.may(actor, "filing.record.describe", facts),
        may_file=rights.may(actor, "filing.record.file", facts),
        changeable=row.state in CHANGEABLE, blockers=tuple((c, d) for c, d in row.blockers),
        waiting=tuple(unassigned(actor, [row.project_id]).order_by("-received_at").values_list("id", "name")[:40]),
    )  # fmt: skip


def business_findings(record: RecordRow, reports: Mapping[UUID, CheckReport]) -> list[Finding]:
    """Where a record's description disagrees with its files (C4). Rights were asked by the caller.

    Args:
        reports: the latest report of each of its current files.
    """
    names = agreeing.names_for(record.project_id, [record])
    city = profile.load(settings.CHECKS.profile)
    facts = {key: report.facts for key, report in reports.items()}
    return [city.weigh(found) for found in agreeing.of_record(record, facts, names)]


def advice_among(records: Sequence[RecordRow]) -> list[tuple[str, Finding]]:
    """What only shows among all records of an application: pages nearly the same, drawing numbers left out.

    Rights were asked by the caller. Of very many files only the numbers are compared here; their report has it all.
    """
    files = [file_id for record in records for file_id in record.file_ids]
    marks = content.page_marks(files) if len(files) <= MOST_COMPARED else {}
    return agreeing.among(records, marks)


def project_records(
    actor: Actor, project_id: UUID, *, state: str = "", q: str = "", unit: UUID | None = None
) -> QuerySet[Record]:
    """The records of a project the person may know of.

    Raises:
        NotFound, Forbidden.
    """
    rights.demand(actor, "filing.checklist.read", registry.project_facts(project_id))
    rows = visible_to(actor).filter(project_id=project_id).select_related("unit_work", "organisation")
    if state:
        rows = rows.filter(state=state)
    if unit:
        rows = rows.filter(unit_work_id=unit)
    if q:
        rows = (
            rows.filter(title__icontains=q) | rows.filter(code__istartswith=q) | rows.filter(document_no__icontains=q)
        )
    return rows


def record_counts(actor: Actor, project_id: UUID) -> dict[str, int]:
    """How many records of a project stand in each state, over what the person may know of."""
    rows = visible_to(actor).filter(project_id=project_id).values("state").annotate(n=Count("id")).order_by()
    return {row["state"]: row["n"] for row in rows}


@dataclass(frozen=True)
class VolumesPage:
    """The volumes of a project with their sums."""

    project_id: UUID
    project_name: str
    project_code: str
    volumes: tuple[VolumeRow, ...]
    waiting: int
    to_number: int
    may_compose: bool
    may_number: bool
    records: int
    text_pages: int
    drawing_sheets: int


def volumes_page(actor: Actor, project_id: UUID) -> VolumesPage:
    """The volumes of a project.

    Unnumbered volumes are the client's and the archive's working order; parties see none of it.

    Raises:
        NotFound, Forbidden.
    """
    facts = registry.project_facts(project_id)
    rights.demand(actor, "filing.volume.read", facts)
    seen = seen_volumes(actor, project_id)
    rows = tuple(v for v in volumes_of(project_id) if v.id in seen)
    name, code = registry.visible_projects(actor).filter(id=project_id).values_list("name", "code").first() or ("", "")
    records = visible_to(actor).filter(project_id=project_id, to_archive=True)
    sums = Volume.objects.filter(id__in=[v.id for v in rows]).aggregate(
        records=Sum("record_count"), text=Sum("text_pages"), drawings=Sum("drawing_sheets")
    )
    return VolumesPage(
        project_id=project_id, project_name=name, project_code=code, volumes=rows,
        waiting=records.filter(volume__isnull=True).exclude(state__in=["draft", "returned"]).count(),
        to_number=records.filter(state__in=["accepted", "transferred"], volume__arranged_at__isnull=True).count(),
        may_compose=rights.may(actor, "filing.volume.arrange", facts),
        may_number=rights.may(actor, "filing.volume.number", facts),
        records=sums["records"] or 0, text_pages=sums["text"] or 0, drawing_sheets=sums["drawings"] or 0,
    )  # fmt: skip


def seen_volumes(actor: Actor, project_id: UUID) -> set[UUID]:
    """Volumes all of whose records exist for the person: a volume must not show what its reader may not know."""
    inside = Record.objects.live().filter(project_id=project_id, volume__isnull=False)
    every = dict(inside.values_list("volume_id").annotate(n=Count("id")).order_by())
    known = dict(
        visible_to(actor)
        .filter(project_id=project_id, volume__isnull=False)
        .values_list("volume_id")
        .annotate(n=Count("id"))
        .order_by()
    )
    return {volume for volume, count in every.items() if known.get(volume) == count}


@dataclass(frozen=True)
class VolumePage:
    """One volume with its records."""

    volume: VolumeRow
    records: tuple[RecordRow, ...]
    project_name: str
    project_code: str
    volume_count: int
    revision: int
    may_compose: bool
    may_number: bool


def volume_page(actor: Actor, volume_id: UUID) -> VolumePage:
    """One volume.

    Raises:
        NotFound, Forbidden.
    """
    row = Volume.objects.filter(id=volume_id).values("project_id", "revision").first()
    if row is None:
        raise NotFound
    page = volumes_page(actor, row["project_id"])
    volume = next((v for v in page.volumes if v.id == volume_id), None)
    if volume is None:
        raise NotFound
    return VolumePage(
        volume=volume, records=tuple(records_of_volume(volume_id)), project_name=page.project_name,
        project_code=page.project_code, volume_count=len(page.volumes), revision=row["revision"],
        may_compose=page.may_compose and volume.arranged_at is None,
        may_number=page.may_number and volume.arranged_at is not None and volume.preserved_at is None,
    )  # fmt: skip


@dataclass(frozen=True)
class ScopeListRow:
    """A scope list with its sources, doubts and use."""

    id: UUID
    title: str
    edition: str
    place: str
    source: str
    doubt: str
    adoptable: bool
    kinds: tuple[str, ...]
    used_for: tuple[str, ...]
    items: int
    doubtful: int
    unsure: int


def scope_lists(actor: Actor) -> list[ScopeListRow]:
    """All lists the installation holds.

    Raises:
        Forbidden.
    """
    rights.demand(actor, "filing.scope.read")
    used: dict[UUID, list[str]] = {}
    for kind, list_id in ScopeAdoption.objects.order_by("kind").values_list("kind", "scope_list_id"):
        used.setdefault(list_id, []).append(kind)
    counts = _count_by_list()
    low = _count_by_list(doubt__contains="low")
    unsure = _count_by_list(doubt__contains="unsure")
    return [
        ScopeListRow(
            id=r.id,
            title=r.title,
            edition=r.edition,
            place=r.place,
            source=r.source,
            doubt=r.doubt,
            adoptable=r.adoptable,
            kinds=tuple(dict.fromkeys(k for kinds in r.kinds.values() for k in kinds)),
            used_for=tuple(used.get(r.id, ())),
            items=counts.get(r.id, 0),
            doubtful=low.get(r.id, 0),
            unsure=unsure.get(r.id, 0),
        )
        for r in ScopeList.objects.order_by("title", "edition")
    ]


def _count_by_list(**condition: Any) -> dict[UUID, int]:
    rows = ScopeItem.objects.filter(is_heading=False, **condition).values_list("scope_list_id")
    return dict(rows.annotate(n=Count("id")).order_by())


def scope_items(actor: Actor, list_id: UUID, *, kind: str = "", q: str = "", doubt: str = "") -> QuerySet[ScopeItem]:
    """The rows of one list.

    Raises:
        NotFound, Forbidden.
    """
    rights.demand(actor, "filing.scope.read")
    if not ScopeList.objects.filter(id=list_id).exists():
        raise NotFound
    rows = ScopeItem.objects.filter(scope_list_id=list_id).order_by("project_type", "position")
    if kind:
        rows = rows.filter(project_type=kind)
    if doubt:
        rows = rows.filter(doubt__contains=doubt)
    if q:
        rows = rows.filter(title__icontains=q) | rows.filter(code__istartswith=q)
    return rows
