"""When a project, a phase, a unit work or a party may be entered or changed, and when not.

Facts in, reasons out; every reason at once, so that nobody discovers them one attempt at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from zhudang.registry.domain import identifiers
from zhudang.registry.domain.coordinates import why_not_lon_lat
from zhudang.registry.domain.identifiers import Standing, Verdict
from zhudang.shared.refusals import Reason

KINDS = ("building", "road", "bridge", "pipeline")
ROLES = ("client", "survey", "design", "contractor", "supervisor")
DUTIES = ("leader", "archive_person", "as_built", "contract_clause")
NATURES = ("new", "extension", "alteration", "repair", "fit_out", "lift")
ENDED = frozenset({"cancelled", "split", "merged"})
LEVELS = range(5)
NAME_LENGTH = 300


@dataclass(frozen=True, slots=True)
class ProjectDraft:
    """What somebody says about a project, before it is believed."""

    code: str
    name: str
    kind: str
    address: str = ""
    area_code: str = ""
    level: int = 1
    lon: float | None = None
    lat: float | None = None
    started_on: date | None = None
    completed_on: date | None = None
    accepted_on: date | None = None


def reasons_of(verdict: Verdict) -> list[Reason]:
    """Turn an identifier's verdict into reasons to refuse; nothing for one that may be kept."""
    return told(verdict) if verdict.standing is Standing.INVALID else []


def warnings_of(verdict: Verdict) -> list[Reason]:
    """Turn an identifier's verdict into what people should look at again, though it is kept."""
    return [] if verdict.standing in {Standing.INVALID, Standing.VALID} else told(verdict)


def told(verdict: Verdict) -> list[Reason]:
    """Every reason of a verdict with the value it is about."""
    return [Reason(f"registry.{code}", {"value": verdict.value}) for code in verdict.reasons]


def why_not_project(
    draft: ProjectDraft, *, today: date, code_taken: bool = False, known_areas: Collection[str] = ()
) -> list[Reason]:
    """Tell everything that keeps a project from being entered as drafted."""
    reasons = reasons_of(identifiers.check_project_code(draft.code, known_areas=known_areas))
    if code_taken:
        reasons.append(Reason("registry.code_taken", {"value": identifiers.normalise(draft.code)}))
    reasons += why_not_name(draft.name)
    if draft.kind not in KINDS:
        reasons.append(Reason("registry.kind_unknown", {"value": draft.kind}))
    if draft.area_code:
        reasons += reasons_of(identifiers.check_area_code(draft.area_code, known=known_areas, county=True))
    if draft.level not in LEVELS:
        reasons.append(Reason("registry.level_unknown", {"value": draft.level}))
    reasons += why_not_lon_lat(draft.lon, draft.lat)
    reasons += why_not_dates(draft.started_on, draft.completed_on, draft.accepted_on, today=today)
    return reasons


def warnings_about_project(draft: ProjectDraft, *, known_areas: Collection[str] = ()) -> list[Reason]:
    """Tell what is odd about a project that is kept all the same."""
    warnings = warnings_of(identifiers.check_project_code(draft.code, known_areas=known_areas))
    if draft.area_code:
        area = identifiers.check_area_code(draft.area_code, known=known_areas, county=True)
        warnings += [reason for reason in warnings_of(area) if reason not in warnings]
        parts = identifiers.normalise(draft.code).split("-")
        if len(parts) == 5 and parts[1] != area.value:
            warnings.append(Reason("registry.area_differs", {"code": parts[1], "area": area.value}))
    return warnings


def why_not_name(name: str) -> list[Reason]:
    """Tell what is wrong with a name of a project, phase, unit work or structure."""
    if not name.strip():
        return [Reason("registry.name_missing", {})]
    if len(name.strip()) > NAME_LENGTH:
        return [Reason("registry.name_too_long", {"limit": NAME_LENGTH})]
    return []


def why_not_dates(
    started_on: date | None, completed_on: date | None, accepted_on: date | None, *, today: date
) -> list[Reason]:
    """Tell what is wrong with the days of a project: facts in the future, or in the wrong order."""
    reasons = []
    named = (("started", started_on), ("completed", completed_on), ("accepted", accepted_on))
    for name, day in named:
        if day is not None and day > today:
            reasons.append(Reason(f"registry.{name}_in_future", {"day": day}))
    known = [(name, day) for name, day in named if day is not None]
    for (earlier, first), (later, second) in pairwise(known):
        if second < first:
            reasons.append(Reason(f"registry.{later}_before_{earlier}", {"day": second, "earlier": first}))
    return reasons


def why_not_change(status: str) -> list[Reason]:
    """Tell why a project's registration can no longer be changed."""
    return [Reason(f"registry.project_{status}", {})] if status in ENDED else []


def why_not_phase(*, code: str, name: str, project_code: str, status: str, code_taken: bool) -> list[Reason]:
    """Tell everything that keeps a phase from being added."""
    verdict = identifiers.check_works_code(code, project_code=project_code)
    reasons = why_not_change(status) + reasons_of(verdict) + why_not_name(name)
    if code_taken:
        reasons.append(Reason("registry.works_code_taken", {"value": verdict.value}))
    return reasons


def why_not_unit_work(
    *, code: str, name: str, kind: str, nature: str, status: str, code_taken: bool, structure_kind: str | None
) -> list[Reason]:
    """Tell everything that keeps a unit work from being added or changed.

    Args:
        structure_kind: kind of the structure it is to belong to; None when there is none.
    """
    value = identifiers.normalise(code)
    reasons = why_not_change(status) + why_not_name(name)
    if not value or len(value) > 64:
        reasons.append(
            Reason("registry.unit_code_missing" if not value else "registry.unit_code_too_long", {"value": value})
        )
    if code_taken:
        reasons.append(Reason("registry.unit_code_taken", {"value": value}))
    if kind not in KINDS:
        reasons.append(Reason("registry.kind_unknown", {"value": kind}))
    if nature not in NATURES:
        reasons.append(Reason("registry.nature_unknown", {"value": nature}))
    if structure_kind is not None and structure_kind != kind:
        reasons.append(Reason("registry.structure_of_other_kind", {"structure": structure_kind, "unit": kind}))
    return reasons


def why_not_party(
    *, role: str, status: str, already: bool, since: date | None, foreign_units: bool, is_client: bool
) -> list[Reason]:
    """Tell everything that keeps an organisation from joining a project.

    Args:
        already: the organisation holds this very role in the project today.
        foreign_units: some unit work named does not belong to the project.
        is_client: the organisation is the project's client.
    """
    reasons = why_not_change(status)
    if role not in ROLES:
        reasons.append(Reason("registry.role_unknown", {"value": role}))
    if already:
        reasons.append(Reason("registry.party_already", {}))
    if foreign_units:
        reasons.append(Reason("registry.unit_of_other_project", {}))
    if role == "client" and not is_client:
        reasons.append(Reason("registry.client_by_registration", {}))
    return reasons


def why_not_replace(*, status: str, ended: bool, same: bool, since: date, party_since: date | None) -> list[Reason]:
    """Tell everything that keeps a party from being replaced by another from a day on."""
    reasons = why_not_change(status)
    if ended:
        reasons.append(Reason("registry.party_ended", {}))
    if same:
        reasons.append(Reason("registry.party_same", {}))
    if party_since is not None and since <= party_since:
        reasons.append(Reason("registry.replaced_before_it_came", {"since": party_since}))
    return reasons


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lay the stored and the wanted values of a form side by side, where they differ."""
    return [
        {"field": field, "theirs": stored.get(field), "yours": value}
        for field, value in wanted.items()
        if stored.get(field) != value
    ]
