"""The one check report (C5) over records: their files' checks, their descriptions, the 45 items."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from zhudang.checks import batch, profile, scheme
from zhudang.checks.check_report import CheckReport, ordered
from zhudang.checks.item_results import Context, item_results
from zhudang.checks.model import Finding
from zhudang.content import reporting as content
from zhudang.content.queries import CheckReport as FileReport
from zhudang.filing import agreeing, data_files
from zhudang.filing.described import SCHEME_FIELDS, facts_about
from zhudang.filing.domain import codes
from zhudang.filing.domain.describing import FIELDS, Description
from zhudang.filing.domain.states import RecordState
from zhudang.filing.models import Record
from zhudang.filing.queries.pages import seen_volumes
from zhudang.filing.queries.projects import ObligationRow, project_obligations
from zhudang.filing.queries.records import RecordRow, VolumeRow, record_code, records_by_id, volumes_of
from zhudang.filing.queries.visibility import visible_to
from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry
from zhudang.shared.refusals import NotFound

VOLUME_FIELDS = tuple(each.field for each in scheme.all_elements() if each.level == "volume")
NOT_FILED = frozenset({RecordState.DRAFT, RecordState.RETURNED})


def project_report(actor: Actor, project_id: UUID, *, volume_id: UUID | None = None) -> CheckReport:
    """The check report over the records of a project that exist for this person, or of one volume.

    Raises:
        NotFound, Forbidden.
    """
    facts = registry.project_facts(project_id)
    rights.demand(actor, "filing.checklist.read", facts)
    seen = seen_volumes(actor, project_id)
    ids = visible_to(actor).filter(project_id=project_id)
    if volume_id and volume_id not in seen:
        raise NotFound
    if volume_id:
        ids = ids.filter(volume_id=volume_id)
    name = registry.visible_projects(actor).filter(id=project_id).values_list("name", flat=True).first() or ""
    records = list(records_by_id(ids.values_list("id", flat=True)).values())
    subject = ("registry.project", str(project_id))
    if volume_id:
        [volume] = [each for each in volumes_of(project_id) if each.id == volume_id]
        name, subject = volume.title, ("filing.volume", str(volume_id))
    return report_over(records, title=name, subject=subject, project_id=project_id, seen=seen)


def report_over(
    records: Sequence[RecordRow],
    *,
    title: str,
    subject: tuple[str, str],
    project_id: UUID,
    seen: Collection[UUID],
    stage: str = "",
    declared: int | None = None,
    owed: Sequence[ObligationRow] | None = None,
    since: datetime | None = None,
    now: datetime | None = None,
    known: Mapping[UUID, FileReport] | None = None,
) -> CheckReport:
    """Draw up the report over these records. Rights were asked by the caller.

    Args:
        seen: volumes the reader knows whole: only their gaps and titles may be told.
        declared: how many records were declared (application, delivery, volume); None when nobody declared.
        owed: what the scope asks for here; None when the reader does not see the whole.
        since: checks older than this were carried over by the latest correction.
        known: the latest reports of these records' files, where the caller has read them already.
    """
    now = now or timezone.now()
    labels = {
        file.file_id: f"{record.title} / {file.name}" for record in records for file in record.files if file.current
    }
    checked = content.checked_by_file(labels, labels=labels, since=since, known=known)
    files = ordered(list(checked.values()))
    tools = content.tools_of(labels)
    city = profile.load_stored(tools["settings"]["profile"])
    volumes = {volume.id: volume for volume in volumes_of(project_id) if volume.id in seen}
    looked = batch.check(_batch(records, volumes, declared, owed), today=timezone.localtime(now).date())
    business = _business(
        records,
        {key: file.report.facts for key, file in checked.items()},
        project_id,
        whole=subject[0] == "registry.project",
    )
    described = tuple((about, city.weigh(found, stage or None)) for about, found in [*looked.findings, *business])
    scanned = tools["settings"]["scanner"]
    results = item_results(
        [file.report for file in files],
        Context(
            stage or None,
            scanned,
            batch_ran=looked.ran,
            held=content.with_digest_given(labels),
            online=True,
            today=timezone.localtime(now).date(),
        ),
        city,
        [found for _, found in described],
    )
    return CheckReport(
        title=title, subject=subject, made_at=timezone.localtime(now), tool=tools["tool"], settings=tools["settings"],
        files=files, items=results, described=described, stage=stage,
    )  # fmt: skip


def _business(
    records: Sequence[RecordRow], facts: agreeing.FileFacts, project_id: UUID, *, whole: bool
) -> Iterator[tuple[str, Finding]]:
    """Business review over descriptions: whether records agree with their files, and with each other."""
    names = agreeing.names_for(project_id, records)
    for record in records:
        yield from ((record.title, found) for found in agreeing.of_record(record, facts, names))
    yield from agreeing.among(records, facts, whole=whole)


def _batch(
    records: Sequence[RecordRow],
    volumes: Mapping[UUID, VolumeRow],
    declared: int | None,
    owed: Sequence[ObligationRow] | None,
) -> batch.Batch:
    descriptions = {row.id: row for row in Record.objects.filter(id__in=[record.id for record in records])}
    policy = data_files.policy()
    form = codes.pattern(policy.file_template.replace("{volume_code}", policy.code_template))
    answered = {record.obligation_id for record in records if record.state not in NOT_FILED}
    inside = {record.volume_id for record in records}
    used = [volume for key, volume in volumes.items() if key in inside]
    return batch.Batch(
        records=[_described(record, descriptions[record.id], volumes) for record in records],
        others=[(volume.title, "volume", _values(volume, VOLUME_FIELDS)) for volume in used],
        code_form=re.compile(form.pattern),
        declared_items=declared,
        counted_items=len(records),
        owed=None if owed is None else [(row.code, row.title, row.id in answered) for row in owed],
    )


def _described(record: RecordRow, row: Record, volumes: Mapping[UUID, VolumeRow]) -> batch.DescribedRecord:
    volume = volumes.get(record.volume_id) if record.volume_id else None
    return batch.DescribedRecord(
        subject=record.title,
        description=facts_about(Description(**{name: getattr(row, name) for name in FIELDS}), record.files),
        values=_values(record, SCHEME_FIELDS),
        # A volume's numbers are settled when it is arranged; until then gaps are work in progress.
        volume=volume.title if volume and volume.arranged_at else "",
        position=record.position,
        page_from=record.page_from,
        page_to=record.page_to,
        reference_code=record_code(volume.reference_code, record.position) if volume else "",
        digests=tuple(file.sha256 for file in record.files if file.current),
        steps={"归档": bool(record.filed_at and record.filed_by)} if record.state not in NOT_FILED else {},
    )


def _values(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def owed_of(project_id: UUID, unit_work_ids: Sequence[UUID] = ()) -> list[ObligationRow]:
    """What the filing scope asks of a project for the archive: applicable, owed, and its milestone happened."""
    rows = project_obligations(project_id, owed=("must",))
    return [
        row
        for row in rows
        if row.applicable
        and row.archive == "must"
        and row.milestone_on is not None
        and (not unit_work_ids or row.unit_work_id in unit_work_ids)
    ]
