"""What a project owes and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from zhudang.filing.models import Obligation
from zhudang.registry.models import UnitWork


@dataclass(frozen=True, slots=True)
class ObligationRow:
    """One obligation as a notice, a checklist or a review lists it.

    Attributes:
        code: as printed in the standard; ``code_is_ours`` marks placeholder numbers not to be printed.
        owed: must, optional, own or unsure, over all keepers (see ``domain.keeping.how_owed``).
        milestone_on: the day the milestone truly happened; None while it is only planned or unknown.
    """

    id: UUID
    unit_work_id: UUID
    unit_work_name: str
    scope_item_id: UUID
    code: str
    code_is_ours: bool
    parent_code: str
    part: str
    position: int
    title: str
    carrier: str
    party_role: str
    organisation_id: UUID | None
    organisation_name: str
    builder: str
    designer: str
    contractor: str
    supervisor: str
    archive: str
    owed: str
    milestone: str
    milestone_on: date | None
    suggested_on: date | None
    source: str
    doubt: str
    not_applicable_reason: str
    na_by: str

    @property
    def printed_code(self) -> str:
        """The code for forms: placeholder numbers are cut back to their group."""
        return self.code.rsplit("-u", 1)[0] if self.code_is_ours else self.code

    @property
    def applicable(self) -> bool:
        """Whether it is owed at all here."""
        return not self.not_applicable_reason


_OWN = [
    "id", "unit_work_id", "scope_item_id", "part", "position", "party_role", "organisation_id", "builder", "designer",
    "contractor", "supervisor", "archive", "owed", "milestone_on", "suggested_on", "not_applicable_reason", "na_by",
]  # fmt: skip
_ITEM = ["code", "code_is_ours", "parent_code", "title", "carrier", "milestone", "source", "doubt"]


def project_obligations(
    project_id: UUID, *, owed: tuple[str, ...] = ("must", "optional", "unsure"), unit_work_id: UUID | None = None
) -> list[ObligationRow]:
    """What a project owes, by unit work and list order: the body of the notice and of completeness checks.

    Args:
        owed: which strengths; ``own`` rows stay with their maker and are left out unless asked for.
    """
    rows = Obligation.objects.filter(project_id=project_id, retired_at__isnull=True, owed__in=owed)
    if unit_work_id:
        rows = rows.filter(unit_work_id=unit_work_id)
    fields = [*_OWN, *(f"scope_item__{n}" for n in _ITEM), "unit_work__name", "organisation__name"]
    return [
        ObligationRow(
            **{n: r[n] for n in _OWN},
            **{n: r[f"scope_item__{n}"] for n in _ITEM},
            unit_work_name=r["unit_work__name"],
            organisation_name=r["organisation__name"] or "",
        )
        for r in rows.order_by("unit_work__phase__code", "unit_work__code", "position").values(*fields)
    ]


def projects_with_kind(kind: str) -> list[UUID]:
    """Projects that have unit works of this kind."""
    return list(UnitWork.objects.filter(kind=kind).values_list("phase__project_id", flat=True).distinct())
