"""What was collected goes with its phase when projects are merged or split."""

from __future__ import annotations

from django.db.models import Q

from zhudang.content import operations as content
from zhudang.filing.domain.states import RecordState
from zhudang.filing.models import Obligation, Record, RecordFile, Suggestion, Volume
from zhudang.registry.moving import Move
from zhudang.shared.refusals import Reason

_AT_REST = (RecordState.DRAFT, RecordState.FILED)


def _moved(move: Move) -> Q:
    return Q(project_id=move.source_id) if move.whole else Q(unit_work_id__in=move.unit_work_ids)


def why_not_move(move: Move) -> list[Reason]:
    """Records delivered, under review or accepted belong to papers sealed for their project: those cannot move."""
    under_way = Record.objects.live().filter(_moved(move)).exclude(state__in=_AT_REST).count()
    numbered = Volume.objects.filter(_moved(move), arranged_at__isnull=False).count()
    reasons = []
    if under_way:
        reasons.append(Reason("filing.records_under_way", {"count": under_way}))
    if numbered:
        reasons.append(Reason("filing.volumes_numbered", {"count": numbered}))
    return reasons


def follow_move(move: Move) -> None:
    """Take obligations, records, drafts of volumes, suggestions and files to the other project."""
    files = RecordFile.objects.filter(record__in=Record.objects.filter(_moved(move))).values_list("file_id", flat=True)
    file_ids = set(files)
    Suggestion.objects.filter(Q(file_id__in=file_ids) | Q(obligation__unit_work_id__in=move.unit_work_ids)).update(
        project_id=move.target_id
    )
    for model in (Obligation, Volume, Record):
        model._default_manager.filter(_moved(move)).update(project_id=move.target_id)
    content.move_files(
        source_id=move.source_id, project_id=move.target_id, client_id=move.client_id,
        unit_work_ids=move.unit_work_ids, file_ids=file_ids, whole=move.whole,
    )  # fmt: skip
