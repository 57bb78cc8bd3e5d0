"""Background work of this context: checks, whole-file digests, sweeping up."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from zhudang.content import checking, sweeping, uploads

_PATIENCE = RetryStrategy(max_attempts=5, exponential_wait=3)


@app.task(name="content.check_files", queue="checks", retry=_PATIENCE)
def check_files(file_ids: list[str]) -> None:
    """Check these files and, while at it, others that wait."""
    checking.check_waiting([UUID(each) for each in file_ids])


@app.task(name="content.verify_upload", queue="content", retry=_PATIENCE)
def verify_upload(upload_id: str) -> None:
    """Compute the digests of a large upload and make its file."""
    uploads.finish(UUID(upload_id), now=timezone.now())


@app.periodic(cron="*/2 * * * *", periodic_id="content.sweep")
@app.task(name="content.sweep", queue="content", queueing_lock="content.sweep")
def sweep(timestamp: int = 0) -> None:
    """Bring uploads, partial files and owed checks into agreement."""
    sweeping.sweep(now=timezone.now())


@app.periodic(cron="17 3 * * *", periodic_id="content.sweep_store")
@app.task(name="content.sweep_store", queue="content", queueing_lock="content.sweep_store")
def sweep_store(timestamp: int = 0) -> None:
    """Compare all stored bytes with their rows, once a night."""
    sweeping.sweep(now=timezone.now(), whole_store=True)
