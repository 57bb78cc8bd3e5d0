"""The check report of an application: what was handed in, by the reader's rights."""

from uuid import UUID

from zhudang.checks.check_report import CheckReport
from zhudang.documents import queries as documents
from zhudang.documents.queries import DocumentCard
from zhudang.filing import queries as filing
from zhudang.filing import reporting
from zhudang.handover.models import Application
from zhudang.handover.operations.common import demand
from zhudang.handover.project_facts import project_card
from zhudang.identity.rights import Actor
from zhudang.shared.refusals import NotFound

STAGE = "YJ"
KIND = "check_report"


def application_report(actor: Actor, application_id: UUID) -> tuple[Application, CheckReport]:
    """The report over the records of an application that exist for this person.

    Counts that would hint at records above the person's level are left out: declared numbers and the filing scope are
    compared only for who sees every record.

    Raises:
        NotFound, Forbidden.
    """
    row = Application.objects.select_related("previous").filter(pk=application_id).first()
    if row is None:
        raise NotFound
    demand(actor, "handover.application.read", row.project_id)
    every = list(row.items.filter(record__isnull=False).values_list("record_id", flat=True))
    known = list(filing.visible_to(actor).filter(id__in=every).values_list("id", flat=True))
    whole = len(known) == len(every)
    records = list(filing.records_by_id(known).values())
    units = list(row.unit_works.values_list("id", flat=True))
    report = reporting.report_over(
        records, title=f"{project_card(row.project_id).name} {row.number}", subject=("handover.application", row.number),
        project_id=row.project_id, seen=reporting.seen_volumes(actor, row.project_id), stage=STAGE,
        declared=len(every) if whole else None, owed=reporting.owed_of(row.project_id, units) if whole else None,
        since=row.previous.closed_at if row.previous else None,
    )  # fmt: skip
    return row, report


def sealed_reports(row: Application) -> list[DocumentCard]:
    """The sealed check reports of an application, newest first. Rights were asked by the caller."""
    return documents.documents_about(f"handover.application:{row.id}", KIND)
