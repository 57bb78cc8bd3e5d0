"""Say what happened, run what follows from it, and tell the people it concerns."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from zhudang.events.models import Delivery, Event, Message, MessageRead
from zhudang.shared.plain import plain
from zhudang.shared.refusals import NotFound


@dataclass(frozen=True)
class Happened:
    """An event as handlers get it."""

    id: UUID
    kind: str
    subject: str
    data: Mapping[str, Any]
    at: datetime

    @property
    def subject_id(self) -> UUID:
        """The identifier in a subject such as `registry.project:<uuid>`."""
        return UUID(self.subject.rpartition(":")[2])


Handler = Callable[[Happened], None]
_HANDLERS: dict[str, dict[str, Handler]] = {}


def on(kind: str) -> Callable[[Handler], Handler]:
    """Register the decorated function for events of `kind`.

    It runs in the worker, in one transaction with the mark that it ran, so what it writes to the database counts
    once. What it does elsewhere may be done twice: it must be idempotent. Long work belongs in a job it defers.
    """

    def register(handler: Handler) -> Handler:
        _HANDLERS.setdefault(kind, {})[f"{handler.__module__}.{handler.__qualname__}"] = handler
        return handler

    return register


def handlers_of(kind: str) -> dict[str, Handler]:
    """The handlers registered for `kind`, by name."""
    return dict(_HANDLERS.get(kind, {}))


@transaction.atomic
def publish(*, kind: str, subject: str, data: Mapping[str, Any] | None = None, at: datetime) -> UUID:
    """Write down that something happened; its handlers run after this transaction has committed, never otherwise."""
    from zhudang.events.jobs import deliver

    event = Event.objects.create(kind=kind, subject=subject, data=plain(data or {}), at=at)
    for name in handlers_of(kind):
        Delivery.objects.create(event=event, handler=name)
        deliver.defer(event_id=str(event.id), handler=name)
    return event.id


def deliver_event(*, event_id: UUID, handler: str, now: datetime) -> bool:
    """Run one handler on one event, once; tells whether it ran now. A failure is noted and raised again.

    Safe to run twice and at once: the delivery's row is locked, and a delivery done is not done again.
    """
    try:
        with transaction.atomic():
            delivery = (
                Delivery.objects.select_for_update(no_key=True)
                .select_related("event")
                .get(event_id=event_id, handler=handler)
            )
            if delivery.done_at:
                return False
            event = delivery.event
            function = handlers_of(event.kind)[handler]
            function(Happened(event.id, event.kind, event.subject, event.data, event.at))
            delivery.attempts += 1
            delivery.done_at, delivery.failed_at, delivery.failure = timezone.now(), None, ""
            delivery.save(update_fields=["attempts", "done_at", "failed_at", "failure"])
            return True
    except Exception as problem:
        _note_failure(event_id, handler, problem, now)
        raise


def _note_failure(event_id: UUID, handler: str, problem: Exception, now: datetime) -> None:
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update(no_key=True).filter(event_id=event_id, handler=handler).first()
        if delivery and not delivery.done_at:
            delivery.attempts += 1
            delivery.failed_at = now
            delivery.failure = f"{type(problem).__name__}: {problem}"[:2000]
            delivery.save(update_fields=["attempts", "failed_at", "failure"])


def tell(
    *,
    kind: str,
    at: datetime,
    organisation_id: UUID | None = None,
    account_id: UUID | None = None,
    roles: Collection[str] = (),
    data: Mapping[str, Any] | None = None,
    link: str = "",
) -> UUID:
    """Put a message in the inbox of one person, or of an organisation's members (with one of `roles`, if given).

    The sentence people read stands in `events.words` under `kind`, filled with `data`.
    """
    message = Message.objects.create(
        organisation_id=organisation_id,
        account_id=account_id,
        roles=sorted(str(role) for role in roles),
        kind=kind,
        data=plain(data or {}),
        link=link,
        at=at,
    )
    return message.id


@transaction.atomic
def mark_read(*, account_id: UUID, message_ids: Collection[UUID], now: datetime) -> int:
    """Note that a person has read messages; gives how many were new to the mark."""
    known = set(
        MessageRead.objects.filter(account_id=account_id, message_id__in=message_ids).values_list(
            "message_id", flat=True
        )
    )
    fresh = [one for one in message_ids if one not in known]
    rows = [MessageRead(message_id=one, account_id=account_id, at=now) for one in fresh]
    MessageRead.objects.bulk_create(rows, ignore_conflicts=True)
    return len(fresh)


@transaction.atomic
def deliver_again(delivery_id: UUID) -> None:
    """Try a failed delivery once more, with the same patience as the first time.

    Raises:
        NotFound: no such delivery waiting.
    """
    from zhudang.events.jobs import deliver

    delivery = Delivery.objects.select_for_update(no_key=True).filter(id=delivery_id, done_at__isnull=True).first()
    if delivery is None:
        raise NotFound
    delivery.failed_at, delivery.failure = None, ""
    delivery.save(update_fields=["failed_at", "failure"])
    deliver.defer(event_id=str(delivery.event_id), handler=delivery.handler)
