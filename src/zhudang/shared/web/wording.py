"""Dates, sizes and counts as Chinese offices write them, and their English form."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import get_language

NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


def speaks_english() -> bool:
    """Tell whether the page is being written in English."""
    return (get_language() or "zh").startswith("en")


def local(moment: date | datetime) -> date | datetime:
    """Move an aware moment into the archive's own time zone; leave plain dates alone."""
    if isinstance(moment, datetime) and timezone.is_aware(moment):
        return timezone.localtime(moment)
    return moment


def write_date(day: date | datetime | None, form: str = "") -> str:
    """Write a day: 2026年6月17日, or 6月17日 with form "short"; English: 17 Jun 2026."""
    if day is None or day == "":
        return ""
    day = local(day)
    if speaks_english():
        text = f"{day.day} {MONTHS[day.month - 1]}"
        return text if form == "short" else f"{text} {day.year}"
    text = f"{day.month}月{day.day}日"
    return text if form == "short" else f"{day.year}年{text}"


def write_datetime(moment: datetime | None, form: str = "") -> str:
    """Write a day and the time of day to the minute, to the second with form "second"."""
    if not moment:
        return ""
    here = local(moment)
    if not isinstance(here, datetime):
        return write_date(here, form)
    clock = here.strftime("%H:%M:%S" if form == "second" else "%H:%M")
    return f"{write_date(here, 'short' if form == 'short' else '')} {clock}"


def write_size(size_bytes: int | None) -> str:
    """Write a number of bytes with at most three digits: 1.37 GB, 214 KB."""
    if size_bytes is None:
        return ""
    value, unit = float(size_bytes), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value /= 1024
        unit += 1
    if unit == 0:
        return f"{int(value)} B"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {UNITS[unit]}"


def write_number(value: float | None) -> str:
    """Group the digits by thousands with a narrow space: 3 412."""
    if value is None:
        return ""
    return f"{value:,}".replace(",", NARROW_SPACE)


def as_one_line(text: str) -> str:
    """A name from other hands as a terminal may show it: what would steer it, or is no character, is written out."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)
