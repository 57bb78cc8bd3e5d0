"""A project's registry as the store keeps it: project, phases, unit works, structures, parties, permits, milestones.

Besides, for the archive's own registers: division codes, the working calendar, and structures of no kept project.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from zhudang.registry.models import (
    Area,
    CalendarDay,
    CalendarYear,
    Milestone,
    Party,
    PartyUnit,
    Permit,
    Phase,
    Project,
    ProjectName,
    Responsibility,
    Structure,
    UnitWork,
)
from zhudang.shared.holdings import Description, Register, Row, describe_all, restore_all

PROJECT = Register("registry.project", Project)
PROJECT_NAME = Register("registry.project_name", ProjectName)
PHASE = Register("registry.phase", Phase)
STRUCTURE = Register("registry.structure", Structure)
UNIT_WORK = Register("registry.unit_work", UnitWork)
PARTY = Register("registry.party", Party)
PARTY_UNIT = Register("registry.party_unit", PartyUnit)
PERMIT = Register("registry.permit", Permit)
PERMIT_UNIT_WORK = Register(
    "registry.permit_unit_work", Permit.unit_works.through, without=frozenset({"id"}), lasting=True
)
MILESTONE = Register("registry.milestone", Milestone)
RESPONSIBILITY = Register("registry.responsibility", Responsibility)
REGISTERS = (
    PROJECT, PROJECT_NAME, PHASE, STRUCTURE, UNIT_WORK, PARTY, PARTY_UNIT, PERMIT, PERMIT_UNIT_WORK, MILESTONE,
    RESPONSIBILITY,
)  # fmt: skip
AREA = Register("registry.area", Area)
CALENDAR_YEAR = Register("registry.calendar_year", CalendarYear)
CALENDAR_DAY = Register("registry.calendar_day", CalendarDay)
ARCHIVE_REGISTERS = (AREA, CALENDAR_YEAR, CALENDAR_DAY, STRUCTURE)


def describe(project_id: UUID) -> Description:
    """Describe everything the registry holds of a project, former parties and names included."""
    units = UnitWork.objects.filter(phase__project_id=project_id)
    structures = set(units.filter(structure__isnull=False).values_list("structure_id", flat=True))
    return describe_all(
        (
            (PROJECT, Project.objects.filter(id=project_id)),
            (PROJECT_NAME, ProjectName.objects.filter(project_id=project_id)),
            (PHASE, Phase.objects.filter(project_id=project_id)),
            (STRUCTURE, Structure.objects.filter(id__in=structures)),
            (UNIT_WORK, units),
            (PARTY, Party.objects.filter(project_id=project_id)),
            (PARTY_UNIT, PartyUnit.objects.filter(party__project_id=project_id)),
            (PERMIT, Permit.objects.filter(project_id=project_id)),
            (PERMIT_UNIT_WORK, PERMIT_UNIT_WORK.model.objects.filter(permit__project_id=project_id)),
            (MILESTONE, Milestone.objects.filter(unit_work__phase__project_id=project_id)),
            (RESPONSIBILITY, Responsibility.objects.filter(project_id=project_id)),
        )
    )


def restore(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring a project's registry back."""
    return restore_all(REGISTERS, described)


def describe_archive(*, kept_projects: QuerySet[Any, Any]) -> Description:
    """Describe what belongs to no project.

    Args:
        kept_projects: ids of those that have a catalogue in the store; it tells the structures of their unit works.
    """
    told = UnitWork.objects.filter(structure=OuterRef("pk"), phase__project_id__in=kept_projects)
    return describe_all(
        (
            (AREA, Area.objects.all()),
            (CALENDAR_YEAR, CalendarYear.objects.all()),
            (CALENDAR_DAY, CalendarDay.objects.all()),
            (STRUCTURE, Structure.objects.filter(~Exists(told))),
        )
    )


def restore_archive(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring it back; what was loaded anew at the start gives way."""
    for row in described.get(AREA.name, ()):
        same = Area.objects.filter(code=row["code"], valid_from=row["valid_from"])
        same.exclude(id=row["id"]).delete()
    years = [row["year"] for row in described.get(CALENDAR_YEAR.name, ())]
    CalendarDay.objects.filter(day__year__in=years).delete()
    return restore_all(ARCHIVE_REGISTERS, described)


def cut_loose_links() -> list[str]:
    """Clear links to projects that did not come back (nothing of them was ever transferred); tell which."""
    told = []
    known = Project.objects.values("id")
    for link in ("continued_in", "split_from"):
        loose = Project.objects.filter(**{f"{link}_id__isnull": False}).exclude(**{f"{link}_id__in": known})
        told += [f"registry.project:{project_id} {link}" for project_id in loose.values_list("id", flat=True)]
        loose.update(**{link: None})
    return told
