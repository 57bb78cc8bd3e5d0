"""Background work of filing: plan obligations, suggest what files answer."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

_PATIENCE = RetryStrategy(max_attempts=5, exponential_wait=3)


@app.task(name="filing.plan_project", queue="filing", retry=_PATIENCE)
def plan_project(project_id: str) -> None:
    """Plan the obligations of one project's unit works."""
    from zhudang.filing import operations

    operations.plan_project(UUID(project_id), now=timezone.now())


@app.task(name="filing.plan_kind", queue="filing", retry=_PATIENCE)
def plan_kind(kind: str) -> None:
    """Plan every project that has works of this kind, after another list was adopted."""
    from zhudang.filing.queries.projects import projects_with_kind

    for project_id in projects_with_kind(kind):
        plan_soon(project_id)


def plan_soon(project_id: UUID) -> None:
    """Have a project planned; what is asked for again before it began is planned once, and never twice at a time.

    Ask after the change it is for has committed: the planning that already waits will see it.
    """
    name = f"filing.plan_project:{project_id}"
    try:
        with transaction.atomic():
            plan_project.configure(lock=name, queueing_lock=name).defer(project_id=str(project_id))
    except AlreadyEnqueued:
        return


@app.task(name="filing.suggest_files", queue="filing", retry=_PATIENCE)
def suggest_files(file_ids: list[str]) -> None:
    """Take newly checked packages apart, and guess what newly checked files answer, in pencil."""
    from zhudang.content import packages
    from zhudang.filing import operations

    ids = [UUID(i) for i in file_ids]
    for package in packages.packages_among(ids):
        packages.take_apart(package, now=timezone.now())
    whole = set(ids) - packages.taken_apart(ids)  # what a package held is filed, not the package
    operations.suggest(file_ids=[file_id for file_id in ids if file_id in whole], now=timezone.now())


@app.periodic(cron="41 3 * * *", periodic_id="filing.forget_old_sums")
@app.task(name="filing.forget_old_sums", queue="filing", queueing_lock="filing.forget_old_sums", pass_context=False)
def forget_old_sums(timestamp: int) -> None:
    """Drop kept sums nobody may use any more, and the notes of changes older than any of them."""
    from zhudang.filing.queries import sums

    sums.forget_old()
