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


def test_the_end_of_a_job_is_written_though_every_link_to_the_database_was_cut(committed_db: str) -> None:
    from procrastinate.jobs import Status

    from zhudang.cli.worker import worker_app

    @app.task(name="tests.cut_off")
    def cut_off() -> None: ...

    job_id = cut_off.defer()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %s", [job_id])

    async def finish() -> None:
        async with worker_app().open_async() as own:
            (job,) = await own.job_manager.get_stalled_jobs(seconds_since_heartbeat=1)
            await asyncio.to_thread(cut)
            await own.job_manager.finish_job(job, Status.SUCCEEDED, delete_job=True)

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user AND datname = current_database()"
            )
        connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(finish()))
    thread.start()
    thread.join(60)
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone() == (0,)


pytestmark = pytest.mark.filterwarnings("ignore")
