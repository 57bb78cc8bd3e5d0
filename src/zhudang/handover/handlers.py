"""What handover does when something happened below it."""

from uuid import UUID

from zhudang.events import operations as events
from zhudang.events.operations import Happened
from zhudang.handover import jobs


@events.on("registry.permit.issued")
def permit_issued(happened: Happened) -> None:
    """A permit brings the project's one notice, a later one a supplement with the difference."""
    jobs.issue_notice.defer(
        project_id=str(UUID(happened.data["project_id"])), permit_id=str(UUID(happened.data["permit_id"]))
    )


@events.on("registry.unit_work.added")
def unit_work_added(happened: Happened) -> None:
    """A notice that waited because nothing was owed yet can go out now."""
    jobs.issue_waiting_notices.defer(project_id=str(UUID(happened.data["project_id"])))
