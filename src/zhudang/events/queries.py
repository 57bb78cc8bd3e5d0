"""What people see: their messages, their works, and what could not be delivered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from zhudang.events import words
from zhudang.events.models import Delivery, Message, MessageRead, Work
from zhudang.shared.refusals import NotFound


class Reader(Protocol):
    """Whoever reads: identity's Actor, which this context may not import."""

    @property
    def account_id(self) -> UUID | None: ...

    @property
    def memberships(self) -> tuple[Any, ...]: ...

    @property
    def organisation_ids(self) -> frozenset[UUID]: ...

    @property
    def of_archive(self) -> bool: ...


# ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class MessageRow:
    """A message as the inbox shows it."""

    id: UUID
    text: str
    link: str
    at: datetime
    is_read: bool


def messages_of(reader: Reader, *, only_unread: bool = False, q: str = "") -> QuerySet[Message]:
    """The messages that are for this person: own ones, and those of the organisations by the role held there."""
    if reader.account_id is None:
        return Message.objects.none()
    mine = Q(account_id=reader.account_id)
    for organisation_id, _name, role in reader.memberships:
        if organisation_id:
            mine |= Q(organisation_id=organisation_id) & (Q(roles=[]) | Q(roles__contains=[str(role)]))
    read = MessageRead.objects.filter(message=OuterRef("id"), account_id=reader.account_id)
    rows = Message.objects.filter(mine).annotate(is_read=Exists(read))
    if only_unread:
        rows = rows.filter(~Exists(read))
    return rows.filter(data__icontains=q) if q else rows


def message_row(row: Any) -> MessageRow:
    """Shape one message for the list."""
    return MessageRow(row.id, words.message(row.kind, row.data), row.link, row.at, row.is_read)


def unread_count(reader: Reader) -> int:
    """How many messages this person has not read."""
    return messages_of(reader, only_unread=True).count()


# ── works ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class WorkPage:
    """A long job as its owner sees it. Rate and time left come from what was counted, or are absent."""

    id: UUID
    title: str
    state: str
    state_words: str
    done: int
    total: int | None
    note: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    outcome: str
    result: dict[str, Any]
    link: str
    reason: str
    is_finished: bool
    cancel_asked: bool
    per_second: float | None
    left: timedelta | None

    @property
    def mark(self) -> str:
        """The state's shape (see the frontend's states)."""
        return {"waiting": "owed", "running": "part", "done": "ok", "failed": "fail", "cancelled": "na"}[self.state]

    @property
    def left_words(self) -> str:
        """The time left in words; empty when it cannot be counted."""
        return words.duration(self.left) if self.left else ""

    @property
    def took_words(self) -> str:
        """From the first piece to the end, in words."""
        return words.duration(self.finished_at - self.started_at) if self.finished_at and self.started_at else ""


def works_of(reader: Reader) -> QuerySet[Work]:
    """Works this person may see: own ones, those of the own organisations, and for the archive the system's."""
    mine = Q(account_id=reader.account_id, account_id__isnull=False) | Q(
        organisation_id__in=list(reader.organisation_ids)
    )
    if reader.of_archive:
        mine |= Q(account_id__isnull=True, organisation_id__isnull=True)
    return Work.objects.filter(mine)


def work_page(reader: Reader, work_id: UUID) -> WorkPage:
    """One work.

    Raises:
        NotFound: no such work, or somebody else's.
    """
    row = works_of(reader).filter(id=work_id).first()
    if row is None:
        raise NotFound
    return shape_work(row)


def shape_work(row: Work) -> WorkPage:
    """A row as the page shows it."""
    rate = _rate(row)
    remaining = row.total - row.done if row.total is not None else None
    return WorkPage(
        id=row.id, title=words.work(row.kind, row.data), state=row.state, state_words=str(words.STATES[row.state]),
        done=row.done, total=row.total, note=row.note, created_at=row.created_at, started_at=row.started_at,
        finished_at=row.finished_at, outcome=row.outcome,
        result={key: value for key, value in row.data.items() if key not in {"link", "reason"}},
        link=str(row.data.get("link", "")), reason=str(row.data.get("reason", "")),
        is_finished=row.finished_at is not None, cancel_asked=row.cancel_asked_at is not None, per_second=rate,
        left=timedelta(seconds=round(remaining / rate)) if rate and remaining and not row.finished_at else None,
    )  # fmt: skip


def _rate(row: Work) -> float | None:
    """Pieces a second from first to latest piece; None before there is anything to count."""
    if not row.started_at or not row.advanced_at or row.done <= 0:
        return None
    seconds = (row.advanced_at - row.started_at).total_seconds()
    return row.done / seconds if seconds > 0 else None


def recent_works(reader: Reader, limit: int = 10) -> list[WorkPage]:
    """Unfinished works first, then the newest."""
    rows = works_of(reader)
    running = list(rows.filter(finished_at__isnull=True)[:limit])
    ended = list(rows.filter(finished_at__isnull=False)[: max(0, limit - len(running))])
    return [shape_work(row) for row in [*running, *ended]]


# ── failures ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class FailureRow:
    """An event a handler could not take, with what it said."""

    id: UUID
    kind: str
    subject: str
    handler: str
    attempts: int
    failed_at: datetime
    failure: str


def failures() -> QuerySet[Delivery]:
    """Deliveries that failed and were not done since, newest first."""
    return (
        Delivery.objects.filter(done_at__isnull=True, failed_at__isnull=False)
        .select_related("event")
        .order_by("-failed_at", "id")
    )


def failure_row(row: Delivery) -> FailureRow:
    """Shape one failure for the list."""
    assert row.failed_at is not None
    return FailureRow(row.id, row.event.kind, row.event.subject, row.handler, row.attempts, row.failed_at, row.failure)
