"""What people see of the registry: plain facts and frozen dataclasses shaped for a page."""

from zhudang.registry.queries.calendar import calendar_years, working_calendar
from zhudang.registry.queries.facts import (
    PartyFacts,
    UnitWorkFacts,
    is_visible,
    organisations_of,
    parties_of,
    place_of,
    project_facts,
    project_of_unit_work,
    unit_work_facts,
    unit_works_of,
    visible_projects,
    visible_structures,
)

__all__ = [
    "PartyFacts",
    "UnitWorkFacts",
    "calendar_years",
    "is_visible",
    "organisations_of",
    "parties_of",
    "place_of",
    "project_facts",
    "project_of_unit_work",
    "unit_work_facts",
    "unit_works_of",
    "visible_projects",
    "visible_structures",
    "working_calendar",
]
