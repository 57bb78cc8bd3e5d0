"""The indexer: finds records whose index row is missing or behind, and brings them level, a bounded batch a run."""

import time

from django.utils import timezone
from procrastinate.contrib.django import app

from zhudang.discovery import operations

BATCH = 500
RUN_SECONDS = 20.0


@app.task(
    name="discovery.index_stale",
    queueing_lock="discovery.index_stale",
    lock="discovery.index_stale",
    pass_context=False,
)
def index_stale() -> None:
    """Index until nothing is behind or the time is up; then come back for the rest."""
    end = time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        if operations.index_stale(limit=BATCH, now=timezone.now()) == 0:
            return
    wake()


@app.periodic(cron="* * * * *")
@app.task(name="discovery.index_regularly", queueing_lock="discovery.index_regularly")
def index_regularly(timestamp: int) -> None:
    """Whatever woke nobody is found here within the minute."""
    wake()


def wake() -> None:
    """Have the indexer run soon; asked twice it runs once."""
    from procrastinate.exceptions import AlreadyEnqueued

    try:
        from django.db import transaction

        with transaction.atomic():
            index_stale.defer()
    except AlreadyEnqueued:
        return
