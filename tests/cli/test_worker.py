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


def test_the_job_of_a_killed_worker_does_not_stand_in_the_way_of_its_like_and_of_others(committed_db: str) -> None:
    from zhudang.cli.worker import take_up_stalled, worker_app

    @app.task(name="tests.one_at_a_time", queueing_lock="tests.one", lock="tests.one")
    def one_at_a_time() -> None: ...

    @app.task(name="tests.other")
    def other() -> None: ...

    killed, like, second = one_at_a_time.defer(), 0, other.defer()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id IN (%s, %s)", [killed, second])
    like = one_at_a_time.defer()

    async def rescue() -> None:
        async with worker_app().open_async() as own:
            await take_up_stalled(own, seconds=1)

    thread = threading.Thread(target=lambda: asyncio.run(rescue()))
    thread.start()
    thread.join(30)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, status FROM procrastinate_jobs ORDER BY id")
        assert cursor.fetchall() == [(second, "todo"), (like, "todo")]


pytestmark = pytest.mark.filterwarnings("ignore")
