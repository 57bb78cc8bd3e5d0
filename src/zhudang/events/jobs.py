"""Background work of the events context: one event to one handler."""

from uuid import UUID

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from zhudang.events import operations

_PATIENCE = RetryStrategy(max_attempts=12, exponential_wait=2)
"""2, 4, 8 … seconds: the last try comes more than an hour after the first."""


@app.task(name="events.deliver", queue="events", retry=_PATIENCE)
def deliver(event_id: str, handler: str) -> None:
    """Hand one event to one handler."""
    operations.deliver_event(event_id=UUID(event_id), handler=handler, now=timezone.now())
