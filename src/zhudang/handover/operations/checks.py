"""Issue the check report of an application as a sealed document."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from zhudang.documents import operations as documents
from zhudang.handover.check_paper import check_paper
from zhudang.handover.models import Application
from zhudang.handover.operations.common import demand, lock
from zhudang.handover.project_facts import project_card
from zhudang.handover.queries.checks import KIND, application_report
from zhudang.identity.rights import Actor


@transaction.atomic
def issue_check_report(*, actor: Actor, application_id: UUID, now: datetime) -> UUID:
    """Seal the check report of an application as it stands now; gives the document's id. Earlier ones stay.

    Raises:
        NotFound, Forbidden.
    """
    row = lock(Application, application_id)
    demand(actor, "documents.document.issue", row.project_id)
    _, report = application_report(actor, application_id)
    paper, record = check_paper(project_card(row.project_id), report, f"handover.application:{row.id}")
    return documents.issue(kind=KIND, project_id=row.project_id, record=record, paper=paper, actor=actor, now=now).id
