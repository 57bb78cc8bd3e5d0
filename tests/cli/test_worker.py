"""The worker: what a job defers belongs to the job's own transaction."""

import asyncio
import threading
from typing import Any

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app


class GaveUp(Exception):
    """The job's transaction is rolled back."""


def test_a_job_deferred_in_a_rolled_back_transaction_of_another_job_never_exists(committed_db: str) -> None:
    from zhudang.cli.worker import worker_app

    @app.task(name="tests.later")
    def later() -> None:
        raise AssertionError("must not run")

    seen: list[Any] = []

    @app.task(name="tests.first")
    def first() -> None:
        try:
            with transaction.atomic():
                later.defer()
                raise GaveUp
        except GaveUp:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'tests.later'")
                seen.append(cursor.fetchone()[0])

    first.defer()

    async def work() -> None:
        async with worker_app().open_async() as own:
            await own.run_worker_async(wait=False, install_signal_handlers=False)

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    thread.join(30)
    assert seen == [0]


pytestmark = pytest.mark.filterwarnings("ignore")
