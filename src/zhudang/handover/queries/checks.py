"""The check reports of an application and of a delivery: what was handed in, by the reader's rights."""

from uuid import UUID

from zhudang.checks.check_report import CheckReport
from zhudang.documents import queries as documents
from zhudang.documents.queries import DocumentCard
from zhudang.filing import queries as filing
from zhudang.filing import reporting
from zhudang.handover.models import Application
from zhudang.handover.operations.common import demand
from zhudang.handover.project_facts import project_card
from zhudang.handover.queries.pages import DeliveryPage, delivery_page
from zhudang.identity.rights import Actor
from zhudang.shared.refusals import NotFound

STAGE = "YJ"
DELIVERY_STAGE = "GD"
"""A delivery to the client belongs to filing; the archive is handed over to later."""
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


def delivery_report(actor: Actor, delivery_id: UUID) -> tuple[DeliveryPage, CheckReport]:
    """The report over the records of a delivery that exist for this person: what the client signs for.

    Raises:
        NotFound: also for parties that neither sent nor received it.
    """
    page = delivery_page(actor, delivery_id)
    every = [record.id for record, _back in page.rows]
    known = list(filing.visible_to(actor).filter(id__in=every).values_list("id", flat=True))
    records = [record for record, _back in page.rows if record.id in set(known)]
    report = reporting.report_over(
        records, title=f"{page.card.name} {page.number}", subject=("handover.delivery", page.number),
        project_id=page.card.id, seen=reporting.seen_volumes(actor, page.card.id), stage=DELIVERY_STAGE,
        declared=len(every) if len(known) == len(every) else None,
    )  # fmt: skip
    return page, report


def sealed_reports(row: Application) -> list[DocumentCard]:
    """The sealed check reports of an application, newest first. Rights were asked by the caller."""
    return documents.documents_about(f"handover.application:{row.id}", KIND)
