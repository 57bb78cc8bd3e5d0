"""Works that exist no longer: what is kept as long as they do has had its time then."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, QuerySet

from zhudang.registry.models import Project, Structure, UnitWork


def ended_unit_works(before: date = date.max) -> QuerySet[UnitWork]:
    """Unit works whose structure is registered as gone since a day before this one; one without a structure is not known to have ended."""
    return UnitWork.objects.filter(structure__standing=Structure.Standing.GONE, structure__gone_on__lt=before)


def ended_projects(before: date = date.max) -> QuerySet[Project]:
    """Projects that have unit works, every one of them ended before this day."""
    works, ended = UnitWork.objects.filter(phase__project=OuterRef("pk")), ended_unit_works(before).values("pk")
    return Project.objects.filter(Exists(works)).exclude(Exists(works.exclude(pk__in=ended)))


def ends_of_unit_works(unit_work_ids: Collection[UUID]) -> dict[UUID, date]:
    """The day on which each of these was gone; one that stands, or of which nobody told the day, is not among them."""
    rows = ended_unit_works().filter(pk__in=unit_work_ids)
    return dict(rows.values_list("pk", "structure__gone_on"))


def ends_of_projects(project_ids: Collection[UUID]) -> dict[UUID, date]:
    """The day on which the last work of each of these was gone; a project with a work that stands is not among them."""
    rows = ended_projects().filter(pk__in=project_ids)
    return dict(rows.annotate(last=Max("phases__unit_works__structure__gone_on")).values_list("pk", "last"))
