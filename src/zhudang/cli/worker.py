"""`zhudang worker`: background jobs by procrastinate, as the application role."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.utils import timezone
from procrastinate import App
from procrastinate.contrib.django import procrastinate_app
from procrastinate.contrib.django.db_cleanup import DjangoApp
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from zhudang.audit import sealing
from zhudang.content import sweeping
from zhudang.shared.standing import leave_what_stands

log = structlog.get_logger("zhudang.worker")
HEARTBEAT_SECONDS = 2.0
STALLED_SECONDS = 15.0
WRITE_TRIES = 20


class PatientManager(JobManager):
    """Writes how a job ended even when the database dies just then.

    Otherwise the job stays "doing" under a living worker, where nobody looks for stalled ones, and everything behind
    its lock waits for ever.
    """

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        await self._patiently(lambda: JobManager.finish_job(self, job, status, delete_job))

    async def retry_job(  # type: ignore[override]  # passed on as it comes
        self, job: Job, **when: Any
    ) -> None:
        """Put the job back into the queue; where its like waits there already (a queueing lock), end it instead."""
        try:
            await self._patiently(lambda: JobManager.retry_job(self, job, **when))
        except UniqueViolation:
            log.warning("job ended, the same is queued already", job=job.id, task=job.task_name)
            await self.finish_job(job, Status.ABORTED, delete_job=True)

    @staticmethod
    async def _patiently(write: Callable[[], Awaitable[None]]) -> None:
        for left in range(WRITE_TRIES - 1, -1, -1):
            try:
                await write()
            except UniqueViolation:
                raise
            except ConnectorException:
                if not left:
                    raise
                await asyncio.sleep(1)
            else:
                return


def run() -> None:
    """Work until stopped; jobs of workers that died are taken up again (they are safe to run twice)."""
    leave_what_stands()
    stop = threading.Event()
    sealer = threading.Thread(target=sealing.run_forever, args=(stop,), name="sealer", daemon=True)
    sealer.start()
    _sweep()
    try:
        asyncio.run(_work())
    finally:
        stop.set()
        sealer.join(timeout=5)


def _sweep() -> None:
    """Take up what was left by whoever died: arrived uploads without a file, owed checks nobody makes."""
    try:
        sweeping.sweep(now=timezone.now())
    except Exception:
        log.exception("the sweep at start failed; it comes again by itself")


def worker_app() -> DjangoApp:
    """An app for this worker's own asynchronous connection, with the tasks of the real one.

    The tasks keep pointing at the real app, whose connector is Django's: what a job defers is a row of the job's own
    transaction. (`replace_connector` would send it over another connection at once, and the deferred job could run
    before the rows it needs are there. Seen: a transfer that was never preserved.)
    """
    real = procrastinate_app.current_app
    own = DjangoApp(connector=real.connector.get_worker_connector(), import_paths=real.import_paths)
    own.tasks, own.periodic_registry = real.tasks, real.periodic_registry
    own.job_manager = PatientManager(own.connector)
    return own


async def _work() -> None:
    async with worker_app().open_async() as own:
        rescue = asyncio.create_task(_retry_stalled(own))
        try:
            await own.run_worker_async(
                concurrency=4,
                fetch_job_polling_interval=2.0,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
                shutdown_graceful_timeout=8.0,
                delete_jobs="successful",
            )
        finally:
            rescue.cancel()


async def _retry_stalled(own: App) -> None:
    """Give the jobs of dead workers back to the queue, again and again: one failure must not be the last look."""
    while True:
        try:
            await take_up_stalled(own, seconds=STALLED_SECONDS)
        except Exception:
            log.exception("looking for the jobs of dead workers failed; it is tried again")
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def take_up_stalled(own: App, *, seconds: float) -> None:
    """Queue the jobs of workers without a heartbeat anew.

    A job with a queueing lock may wait in the queue while one of its kind runs. When the running one's worker is
    killed, it cannot go back beside the waiting one, and the waiting one waits for its lock: it is ended then.
    """
    manager = own.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=seconds):
        try:
            await manager.retry_job(job)
        except ConnectorException:
            log.exception("job not taken up again; it is tried again", job=job.id, task=job.task_name)
        else:
            log.warning("job taken up again", job=job.id, task=job.task_name)
