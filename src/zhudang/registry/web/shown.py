"""The registry's facts put into the reader's words for a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from zhudang.registry import words
from zhudang.registry.queries.projects import ProjectPage, ProjectRow, StepRow, UnitRow, state_of

# registry state -> (code of the drawn state)
SHAPES = {"running": "owed", "accepted": "ok", "suspended": "manual", "ended": "na"}
MAX_SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of the list with its words."""

    row: ProjectRow
    kind: str
    state_code: str
    state_word: str
    level: str


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step of building as drawn on the line: done, planned, late or open."""

    title: str
    day: date | None
    css: str
    state_code: str
    state_word: str


def state_word(status: str, state: str) -> str:
    """Name where a project stands."""
    return _("已竣工验收") if state == "accepted" else str(words.STATUSES.get(status, status))


def show_row(row: ProjectRow) -> ShownRow:
    """Put a row of the list into words."""
    return ShownRow(
        row,
        str(words.KINDS.get(row.kind, row.kind)),
        SHAPES[row.state],
        state_word(row.status, row.state),
        str(words.LEVELS[row.level]) if row.level > 1 else "",
    )


def show_step(step: StepRow, today: date) -> ShownStep:
    """Put a step into words; planned and gone by without having happened is told as such, not as a breach."""
    title = words.milestone_title(step.code)
    if step.happened_on:
        return ShownStep(title, step.happened_on, "d", "ok", _("已发生"))
    if step.planned_on and step.planned_on < today:
        return ShownStep(title, step.planned_on, "c", "warn", _("计划日已过，未登记"))
    if step.planned_on:
        soon = (step.planned_on - today).days <= MAX_SOON_DAYS
        return ShownStep(title, step.planned_on, "", "soon" if soon else "owed", _("计划"))
    return ShownStep(title, None, "", "none", _("未登记"))


def show_unit(unit: UnitRow, today: date) -> dict[str, Any]:
    """Put a unit work into words."""
    return {
        "unit": unit,
        "kind": words.KINDS.get(unit.kind, unit.kind),
        "nature": words.NATURES.get(unit.nature, unit.nature),
        "special": words.special_lines(unit.kind, unit.special),
        "steps": [show_step(step, today) for step in unit.steps],
        "last": show_step(unit.last_step, today) if unit.last_step else None,
        "next": show_step(unit.next_step, today) if unit.next_step else None,
    }


def show_project(page: ProjectPage) -> dict[str, Any]:
    """Put a project's page into words."""
    today = timezone.localdate()
    state = state_of(page.status, page.accepted_on)
    return {
        "kind": words.KINDS.get(page.kind, page.kind),
        "level": words.LEVELS[page.level],
        "state_code": SHAPES[state],
        "state_word": state_word(page.status, state),
        "phases": [(phase, [show_unit(unit, today) for unit in phase.units]) for phase in page.phases],
        "parties": [(party, words.ROLES.get(party.role, party.role), _units_of(party, page)) for party in page.parties],
        "permits": [
            (permit, words.PERMITS.get(permit.kind, permit.kind), [words.sentence(r) for r in permit.warnings])
            for permit in page.permits
        ],
        "duties": [(row, words.DUTIES.get(row.duty, row.duty)) for row in page.responsibilities],
        "missing_duties": _missing_duties(page),
        "missing_roles": _missing_roles(page),
        "warnings": [words.sentence(reason) for reason in page.warnings],
        "gap": _gap(page),
    }


def _units_of(party: Any, page: ProjectPage) -> str:
    if not party.unit_work_ids:
        return _("全部")
    names = [unit.name for phase in page.phases for unit in phase.units if unit.unit_work_id in party.unit_work_ids]
    return _("、").join(names)


def _missing_duties(page: ProjectPage) -> list[str]:
    held = {row.duty for row in page.responsibilities if row.until is None}
    return [str(word) for duty, word in words.DUTIES.items() if duty not in held]


def _missing_roles(page: ProjectPage) -> list[str]:
    held = {party.role for party in page.present_parties}
    return [str(word) for role, word in words.ROLES.items() if role not in held]


def _gap(page: ProjectPage) -> list[str]:
    """Name what the registration still lacks, in the order people mend it."""
    gaps = []
    if not page.phases:
        gaps.append(_("工程"))
    elif not page.unit_count:
        gaps.append(_("单位工程"))
    if not page.permits:
        gaps.append(_("许可证"))
    gaps += _missing_roles(page)
    if page.lon is None:
        gaps.append(_("位置"))
    return gaps
