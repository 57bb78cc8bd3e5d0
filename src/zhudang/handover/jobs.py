"""Background work of handover: notices, broken promises."""

from uuid import UUID

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app


@app.task(name="handover.issue_notice", retry=RetryStrategy(max_attempts=8, exponential_wait=2))
def issue_notice(*, project_id: str, permit_id: str) -> None:
    """Issue the notice a permit brings; where nothing is owed yet it waits for the first unit work."""
    from zhudang.handover import operations

    try:
        operations.issue_notice(project_id=UUID(project_id), permit_id=UUID(permit_id), now=timezone.now())
    except operations.CannotIssueNotice as refusal:
        if {reason.code for reason in refusal.reasons} - {"handover.nothing_owed", "handover.project_not_running"}:
            raise


@app.task(name="handover.issue_waiting_notices", retry=RetryStrategy(max_attempts=8, exponential_wait=2))
def issue_waiting_notices(*, project_id: str) -> None:
    """Issue the first notice of a project whose permit came before its unit works."""
    from zhudang.handover import queries

    for permit_id in queries.permits_without_notice(UUID(project_id)):
        issue_notice(project_id=project_id, permit_id=str(permit_id))


@app.periodic(cron="20 0 * * *")
@app.task(name="handover.mark_breaches")
def mark_breaches(timestamp: int = 0) -> None:
    """Once a night: mark the promises whose day has passed."""
    from zhudang.handover import operations

    operations.mark_breaches(now=timezone.now())
