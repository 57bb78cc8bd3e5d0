"""The lists of what was destroyed as the store keeps them, in each project's catalogue, and back when it is rebuilt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import connection
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.preservation.disposal import as_told, outcomes
from zhudang.preservation.disposal.models import (
    DisposalCase,
    DisposalItem,
    DisposalOpinion,
    DisposalSignature,
    DisposalStay,
    DisposalStep,
)
from zhudang.shared.holdings import Description, Register, Row, describe_all, restore_all

CASE = Register("preservation.disposal_case", DisposalCase, without=frozenset({"work_id"}))
ITEM = Register("preservation.disposal_item", DisposalItem)
OPINION = Register("preservation.disposal_opinion", DisposalOpinion, lasting=True)
STEP = Register("preservation.disposal_step", DisposalStep)
SIGNATURE = Register("preservation.disposal_signature", DisposalSignature, lasting=True)
STAY = Register("preservation.disposal_stay", DisposalStay)
REGISTERS = (CASE, ITEM, OPINION, STEP, SIGNATURE, STAY)


def describe(project_id: UUID) -> Description:
    """Describe every case that has a volume of this project: its whole list, since its digest is of the whole."""
    cases = DisposalItem.objects.filter(project_id=project_id).order_by().values("case_id").distinct()
    objects = DisposalItem.objects.filter(project_id=project_id).order_by().values("object_id")
    return describe_all(
        (
            (CASE, DisposalCase.objects.filter(pk__in=cases)),
            (ITEM, DisposalItem.objects.filter(case_id__in=cases)),
            (OPINION, DisposalOpinion.objects.filter(case_id__in=cases)),
            (STEP, DisposalStep.objects.filter(item__case_id__in=cases)),
            (SIGNATURE, DisposalSignature.objects.filter(case_id__in=cases)),
            (STAY, DisposalStay.objects.filter(object_id__in=objects)),
        )
    )


def restore(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring the lists back, inside the caller's transaction."""
    return restore_all(REGISTERS, described)


def allow_restoring() -> None:
    """Let the guards of the database pass rows as they were described, until the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('zhudang.restoring', 'on', true)")


def vouch() -> int:
    """Write to the log, which begins anew, what a rebuilding brought back; gives the number of cases.

    The log of before may be lost: from here on the digests that came with the store stand in the new one.
    """
    number = 0
    for case in DisposalCase.objects.order_by("proposed_at", "pk").iterator():
        audit.record(
            actor="system", act="preservation.disposal.restored", subject=case, at=timezone.now(),
            data={
                "case": case.number, "state": case.state, "list_sha256": case.list_sha256,
                "approved_sha256": case.approved_sha256, **as_told.whole_of(case),
                "outcomes_sha256": outcomes.digest_of(case, after=None),
                "destroyed": list(case.items.filter(outcome="destroyed").values_list("object_id", flat=True)),
            },
        )  # fmt: skip
        number += 1
    for stay in DisposalStay.objects.order_by("placed_at", "pk").iterator():
        data = {"stay": stay.pk, "row": as_told.plain_row(stay, outcomes.STAY)}
        audit.record(actor="system", act="preservation.disposal.restored", subject=stay, at=timezone.now(), data=data)
    return number
