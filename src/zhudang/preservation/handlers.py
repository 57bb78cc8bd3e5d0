"""What other contexts' events set going here. Handlers are short: they note and defer."""

from uuid import UUID

from zhudang.events.operations import Happened, on
from zhudang.preservation.models import ArchivalObject, Ingest


@on("handover.transferred")
def preserve(event: Happened) -> None:
    """A transfer was received: its volumes go into the store."""
    from zhudang.handover.queries.kept import transfer_to_keep
    from zhudang.preservation import ingesting

    transfer_id = UUID(str(event.data["transfer_id"]))
    transfer = transfer_to_keep(transfer_id)
    ingesting.ask(
        transfer_id=transfer_id, project_id=transfer.project_id, received_by=transfer.received_by, now=event.at
    )


@on("handover.certificate.issued")
def keep_certificate(event: Happened) -> None:
    """A certificate joined a project: its catalogue in the store gains a version."""
    _keep_again(event)


@on("documents.document.sealed")
def keep_document(event: Happened) -> None:
    """A document of a project that is in the store was sealed: the store gets it too."""
    _keep_again(event)


def _keep_again(event: Happened) -> None:
    from zhudang.preservation import jobs

    project_id = event.data.get("project_id")
    if not project_id:
        return
    # While a transfer is on its way in, the project's object may be packed already but not registered yet.
    on_its_way = Ingest.objects.filter(project_id=project_id).exists()
    if on_its_way or ArchivalObject.objects.filter(id=project_id).exists():
        jobs.keep_project.defer(project_id=str(project_id))
