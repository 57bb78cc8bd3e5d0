"""Long work as its owner sees it: start, advance, cancel, finish. Progress is counted, never guessed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone

from zhudang.events.models import Work, WorkState
from zhudang.shared.plain import plain
from zhudang.shared.turns import take_turn

_LOST_AFTER = timedelta(hours=1)


class Starter(Protocol):
    """Whoever starts work: identity's Actor, which this context may not import."""

    @property
    def username(self) -> str: ...

    @property
    def account_id(self) -> UUID | None: ...

    @property
    def organisation_id(self) -> UUID | None: ...


cancel_asked = Signal()
"""Sent inside the transaction with `actor`, `work_id`, `now`; identity writes it to the log, which is beside us."""


class Cancelled(Exception):
    """The owner asked to stop; raised by `advance_or_stop` inside the job."""


def start(*, kind: str, subject: str, actor: Starter, total: int | None, now: datetime) -> UUID:
    """Open a row for work about to be done; call it in the transaction that defers the job. Gives its id.

    Args:
        total: how many pieces there are; None when nobody knows yet.
    """
    work = Work.objects.create(
        kind=kind,
        subject=subject,
        account_id=actor.account_id,
        organisation_id=actor.organisation_id,
        total=total,
        created_at=now,
    )
    return work.id


def under_way(*, kind: str, subject: str, actor: Starter, now: datetime) -> UUID | None:
    """The same work, where this person asked for it already and it waits or goes on: a second click begins no second one.

    Call it in the transaction that would start the work; two clicks at once take their turn. Work that nobody has heard of
    for an hour counts as lost.
    """
    take_turn(f"{kind} {subject} {actor.account_id}")
    heard = Q(created_at__gt=now - _LOST_AFTER) | Q(advanced_at__gt=now - _LOST_AFTER)
    rows = Work.objects.filter(heard, kind=kind, subject=subject, account_id=actor.account_id)
    open_rows = rows.filter(finished_at__isnull=True, cancel_asked_at__isnull=True).order_by("-created_at")
    return open_rows.values_list("id", flat=True).first()


def advance(work_id: UUID, done: int, note: str = "", *, total: int | None = None, now: datetime | None = None) -> None:
    """Note that `done` pieces are finished in all. Call it outside the pieces' transactions, so that it is seen."""
    now = now or timezone.now()
    changes: dict[str, Any] = {"done": done, "advanced_at": now, "state": WorkState.RUNNING}
    if note:
        changes["note"] = note[:300]
    if total is not None:
        changes["total"] = total
    unfinished = Work.objects.filter(id=work_id, finished_at__isnull=True)
    unfinished.filter(started_at__isnull=True).update(started_at=now)
    unfinished.update(**changes)


def is_cancelled(work_id: UUID) -> bool:
    """Whether the owner asked to stop; jobs look between two pieces."""
    return Work.objects.filter(id=work_id, cancel_asked_at__isnull=False).exists()


def advance_or_stop(work_id: UUID, done: int, note: str = "", *, now: datetime | None = None) -> None:
    """As `advance`, and raise Cancelled when the owner asked to stop."""
    advance(work_id, done, note, now=now)
    if is_cancelled(work_id):
        raise Cancelled


@transaction.atomic
def ask_to_cancel(*, actor: Starter, work_id: UUID, now: datetime) -> bool:
    """Ask the job to stop at its next piece; tells whether there was anything left to stop."""
    asked = Work.objects.filter(id=work_id, finished_at__isnull=True, cancel_asked_at__isnull=True).update(
        cancel_asked_at=now
    )
    if asked:
        cancel_asked.send(sender=None, actor=actor, work_id=work_id, now=now)
    return bool(asked)


def finish(
    work_id: UUID,
    outcome: str = "done",
    data: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
) -> None:
    """Close the work; the first to close it wins, a job run twice changes nothing.

    Args:
        outcome: `done`, `failed`, `cancelled`, or a code of the context's own, which counts as done.
        data: the result: counts, identifiers, `link` to the page that shows it, `reason` of a failure.
    """
    state = outcome if outcome in {WorkState.DONE, WorkState.FAILED, WorkState.CANCELLED} else WorkState.DONE
    Work.objects.filter(id=work_id, finished_at__isnull=True).update(
        state=state, outcome=outcome, data=plain(data or {}), finished_at=now or timezone.now()
    )
