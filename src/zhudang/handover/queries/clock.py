"""The working-day clock of an application, with every day shown as it was counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils import timezone

from zhudang.handover.domain.states import ApplicationState
from zhudang.handover.models import Application, ClockStop
from zhudang.registry import queries as registry
from zhudang.shared.working_days import Calendar, Clock, add_working_days


@dataclass(frozen=True)
class ClockView:
    """How an application stands in time.

    Attributes:
        clock: days and boxes, for the tag that draws them.
        left: working days still to come, today included.
        stopped: the clock stands still (补正).
        ended_on: the day the answer was given; None while it runs.
    """

    clock: Clock
    due: date
    left: int
    overdue_days: int
    stopped: bool
    ended_on: date | None
    unpublished: bool

    @property
    def overdue(self) -> bool:
        return self.overdue_days > 0

    @property
    def holidays(self) -> tuple[tuple[date, str], ...]:
        """The named days of the term that were not counted."""
        return tuple((box.day, box.name) for box in self.clock.boxes if box.name and box.number is None)


def clock_of(application: Application) -> ClockView | None:
    """The clock of one application; None while it never began (补正 since it came)."""
    return clocks_of([application]).get(application.id)


def clocks_of(applications: Iterable[Application]) -> dict[UUID, ClockView]:
    """The clocks of many applications, in three statements."""
    begun = [row for row in applications if row.clock_from]
    if not begun:
        return {}
    calendar = registry.working_calendar(min(row.clock_from for row in begun if row.clock_from))
    stops: dict[UUID, list[ClockStop]] = {}
    for stop in ClockStop.objects.filter(application__in=[row.id for row in begun]):
        stops.setdefault(stop.application_id, []).append(stop)
    today = timezone.localdate()
    return {row.id: _view(row, stops.get(row.id, []), calendar, today) for row in begun}


def _view(row: Application, stops: list[ClockStop], calendar: Calendar, today: date) -> ClockView:
    assert row.clock_from is not None
    clock = add_working_days(
        row.clock_from, row.working_days, calendar, stopped=[(stop.began_on, stop.ended_on) for stop in stops]
    )
    ended = timezone.localtime(row.closed_at).date() if row.closed_at else None
    at = ended or today
    return ClockView(
        clock=clock, due=clock.due, left=clock.left(at), overdue_days=max(0, (at - clock.due).days),
        stopped=row.state == ApplicationState.CORRECTING, ended_on=ended, unpublished=clock.unpublished,
    )  # fmt: skip
