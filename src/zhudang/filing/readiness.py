"""What keeps records from being filed now: facts gathered from rows, asked of the plain rules."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from zhudang.content import queries as content
from zhudang.content.queries import StoredFile
from zhudang.filing import data_files
from zhudang.filing.domain import origin
from zhudang.filing.domain.describing import FIELDS, Description, why_not_complete
from zhudang.filing.domain.origin import FileFacts, OriginFacts, why_not_by_origin
from zhudang.filing.domain.states import RecordState
from zhudang.filing.models import Record, RecordFile
from zhudang.shared.bulk import batched
from zhudang.shared.refusals import Reason

JUDGED_AT_ONCE = 500
"""Records whose files and findings are held in memory at a time."""


def description_of(record: Record) -> Description:
    """The description a record has now."""
    return Description(**{name: getattr(record, name) for name in FIELDS})


def reasons_against(rows: Iterable[Record]) -> dict[UUID, list[Reason]]:
    """Everything that keeps each record from being filed now; records that may be filed are left out."""
    answer: dict[UUID, list[Reason]] = {}
    for some in batched(rows, JUDGED_AT_ONCE):
        answer |= _reasons_against(some)
    return answer


def _reasons_against(records: list[Record]) -> dict[UUID, list[Reason]]:
    two_sets = data_files.policy().two_sets_for_all
    links: dict[UUID, list[UUID]] = {}
    for record_id, file_id in RecordFile.objects.filter(record__in=records, replaced_at__isnull=True).values_list(
        "record_id", "file_id"
    ):
        links.setdefault(record_id, []).append(file_id)
    every = [f for ids in links.values() for f in ids]
    files, found = content.stored_files(every), content.findings_of(every)
    answer: dict[UUID, list[Reason]] = {}
    for record in records:
        mine = [files[f] for f in links.get(record.id, ())]
        facts = OriginFacts(
            origin=record.origin, as_built=record.part == "D", has_paper=record.has_paper,
            legal_force=record.legal_force, two_sets_for_all=two_sets,
            files=tuple(_facts(f, found.get(f.id, ())) for f in mine),
        )  # fmt: skip
        reasons = [*why_not_complete(description_of(record)), *why_not_by_origin(facts)]
        if RecordState(record.state) not in {RecordState.DRAFT, RecordState.RETURNED}:
            reasons.append(Reason("filing.already_filed", {"state": record.state}))
        if record.state == RecordState.RETURNED and record.cured_at is None:
            reasons.append(Reason("filing.not_cured_yet"))
        if reasons:
            answer[record.id] = reasons
    return answer


def _facts(file: StoredFile, findings: Iterable[content.FileFinding]) -> FileFacts:
    codes = [f.code for f in findings]
    return FileFacts(
        name=file.name, native=origin.is_native(file.name), verdict=file.verdict,
        blocking=tuple(f.code for f in findings if f.blocks), e_sealed=origin.sealed(file.facts, codes),
    )  # fmt: skip
