"""The working calendar and the table of division codes: data rows with their sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.events import operations as events
from zhudang.identity import rights
from zhudang.identity.rights import SYSTEM, Actor
from zhudang.registry.models import Area, CalendarDay, CalendarYear

_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}


class YearNotPublished(LookupError):
    """The calendar of that year is not in the package: days off are not published yet."""


def published_days(year: int) -> tuple[list[tuple[date, str, str]], str]:
    """Read a year's holidays and make-up workdays from chinesecalendar, with the source's version.

    Raises:
        YearNotPublished: the package does not know the year.
    """
    from importlib.metadata import version

    import chinese_calendar

    rows = []
    day = date(year, 1, 1)
    try:
        while day.year == year:
            rest, english = chinese_calendar.get_holiday_detail(day)
            name = _NAMES.get(english or "", english or "")
            if rest and name:
                rows.append((day, "holiday", name))
            elif not rest and name:
                rows.append((day, "makeup", f"{name}调休上班"))
            day += timedelta(days=1)
    except NotImplementedError as exc:
        raise YearNotPublished(str(year)) from exc
    return rows, f"chinesecalendar {version('chinesecalendar')}"


@transaction.atomic
def import_calendar(year: int, *, now: datetime | None = None, actor: Actor = SYSTEM) -> int:
    """Read a year's working calendar into our rows; tell how many days it names.

    Rows of the year are replaced as a whole, so that a corrected calendar corrects all counts.
    Returns 0, and changes nothing, when the same days are there already, and when nobody has
    published the year yet: `queries.calendar_year_published` tells the two apart.
    """
    try:
        days, source = published_days(year)
    except YearNotPublished:
        return 0
    return name_days(year=year, days=days, source=source, now=now, actor=actor)


@transaction.atomic
def name_days(
    *,
    year: int,
    days: Iterable[tuple[date, str, str]],
    source: str,
    now: datetime | None = None,
    actor: Actor = SYSTEM,
) -> int:
    """Replace the named days of a year, as the State Council or the city published them."""
    from django.utils import timezone

    rights.demand(actor, "registry.calendar.import")
    now = now or timezone.now()
    rows = sorted(set(days))
    stored = sorted(CalendarDay.objects.filter(day__year=year).values_list("day", "kind", "name"))
    if stored == rows and CalendarYear.objects.filter(year=year).exists():
        return 0
    CalendarDay.objects.filter(day__year=year).delete()
    CalendarDay.objects.bulk_create(
        CalendarDay(day=day, kind=kind, name=name, source=source) for day, kind, name in rows
    )
    CalendarYear.objects.update_or_create(year=year, defaults={"source": source, "imported_at": now})
    subject, data = f"registry.calendar:{year}", {"year": year, "days": len(rows), "source": source}
    audit.record(actor=actor, act="registry.calendar.imported", subject=subject, at=now, data=data)
    events.publish(kind="registry.calendar.imported", subject=subject, data=data, at=now)
    return len(rows)


@transaction.atomic
def record_areas(*, areas: Iterable[Mapping[str, Any]], source: str, now: datetime, actor: Actor = SYSTEM) -> int:
    """Add division codes to the installation's table; known ones get their name and end, none is deleted.

    Args:
        areas: mappings with code, name and, where known, valid_from and valid_to (dates).
    """
    rights.demand(actor, "registry.calendar.import")
    new = 0
    for area in areas:
        _row, created = Area.objects.update_or_create(
            code=area["code"],
            valid_from=area.get("valid_from"),
            defaults={"name": area["name"], "valid_to": area.get("valid_to"), "source": source},
        )
        new += created
    audit.record(actor=actor, act="registry.areas.recorded", subject="registry.areas", at=now, data={"new": new})
    return new
