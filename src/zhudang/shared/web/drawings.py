"""Small drawings made on the server: ring, spines, working-day boxes.

Lengths are attributes of SVG elements, because the page may carry no inline style.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhudang.shared.web.wording import write_date

RING_LENGTH = 106.8
SPINE_HEIGHT = 22
SPINE_GAP = 2
NARROWEST_SPINE = 18
CLOSE_DAYS = 3
KIND_CSS = {"holiday": "h", "weekend": "w", "makeup": "m"}


@lru_cache(maxsize=500)
def ring(percent: int, label: str) -> SafeString:
    """Draw a 40 px ring filled to `percent`; complete turns green."""
    return format_html(
        '<svg class="ring{}" viewBox="0 0 40 40" role="img" aria-label="{}">'
        '<circle class="t" cx="20" cy="20" r="17"/>'
        '<circle class="v" cx="20" cy="20" r="17" stroke-dasharray="{} {}" transform="rotate(-90 20 20)"/>'
        '<text x="20" y="24">{}</text></svg>',
        " done" if percent == 100 else "",
        label,
        round(RING_LENGTH * percent / 100, 1),
        RING_LENGTH,
        percent,
    )


def spine_widths(owed: Sequence[int], room: float) -> list[float]:
    """Share `room` by number owed, none narrower than a letter needs."""
    if not owed:
        return []
    total = sum(owed) or len(owed)
    widths = [max(NARROWEST_SPINE, room * (count or 0) / total) for count in owed]
    excess = sum(widths) - room
    wide = sum(width - NARROWEST_SPINE for width in widths)
    if excess > 0 and wide > 0:
        shrink = min(1.0, excess / wide)
        widths = [width - (width - NARROWEST_SPINE) * shrink for width in widths]
    return [round(width, 1) for width in widths]


def spines(parts: Sequence[tuple[Any, ...]], width: int, label: str) -> SafeString:
    """Draw the five parts side by side, each filled from below by what is filed."""
    return _spines(tuple(map(tuple, parts)), width, label)


@lru_cache(maxsize=2000)  # a list of unit works draws the same few over and over
def _spines(parts: tuple[tuple[Any, ...], ...], width: int, label: str) -> SafeString:
    room = width - SPINE_GAP * max(0, len(parts) - 1)
    widths = spine_widths([int(part[1] or 0) for part in parts], room)
    drawn, left = [], 0.0
    for (letter, owed, filed, late), wide in zip(parts, widths, strict=True):
        share = min(1.0, (filed or 0) / owed) if owed else 0.0
        high = round((SPINE_HEIGHT - 1) * share, 1)
        css = "late" if late else "full" if owed and filed >= owed else "part"
        edge, top = round(left + 0.5, 1), round(SPINE_HEIGHT - 0.5 - high, 1)
        inner, middle = round(wide - 1, 1), round(left + wide / 2, 1)
        drawn.append((css, edge, inner, SPINE_HEIGHT - 1, edge, top, inner, high, middle, letter))
        left = round(left + wide + SPINE_GAP, 1)
    body = format_html_join(
        "",
        '<g class="{}"><rect class="b" x="{}" y="0.5" width="{}" height="{}"/>'
        '<rect class="u" x="{}" y="{}" width="{}" height="{}"/><text x="{}" y="15">{}</text></g>',
        drawn,
    )
    return format_html(
        '<svg class="spines" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>',
        width, SPINE_HEIGHT, width, SPINE_HEIGHT, label, body,
    )  # fmt: skip


def workdays(clock: Any, today: date) -> SafeString:
    """Draw a `working_days.Clock`: a box per day, weekends as gaps, holidays dashed and named."""
    drawn = format_html_join(
        "",
        '<i class="{}" title="{}">{}</i>',
        ((_box_css(box, today), _box_title(box), _box_word(box)) for box in clock.boxes),
    )
    late = " missed" if clock.overdue(today) else " close" if clock.left(today) <= CLOSE_DAYS else ""
    return format_html('<span class="days{}" aria-hidden="true">{}</span>', late, drawn)


def _box_css(box: Any, today: date) -> str:
    css = [KIND_CSS.get(str(box.kind), "")]
    if box.stopped:
        css.append("s")
    elif box.number is not None and box.day < today:
        css.append("p")
    elif box.number is not None and box.day == today:
        css.append("now")
    if not box.published:
        css.append("u")
    return " ".join(part for part in css if part)


def _box_title(box: Any) -> str:
    notes = [write_date(box.day, "short"), box.name]
    if box.stopped:
        notes.append(_("停钟"))
    elif box.number is None:
        notes.append(_("不计"))
    if not box.published:
        notes.append(_("节假日未公布"))
    return " ".join(note for note in notes if note)


def _box_word(box: Any) -> str:
    return (box.name or "")[:2] if str(box.kind) == "holiday" else ""


LIFE_WIDTH = 1200
LIFE_LEFT, LIFE_RIGHT = 20, 1180
LABEL_ROOM = 170


def lifeline(blocks: Sequence[tuple[str, str, date, date | None, bool]], today: date) -> SafeString:
    """Draw a structure's life: one block per project on a line of years, hatched where nothing is known.

    Args:
        blocks: name, note, begin, end (None means still going on), and whether there are records.
    """
    begin = min(block[2] for block in blocks).year
    end = max([today.year, *(block[3].year for block in blocks if block[3])]) + 1
    scale = (LIFE_RIGHT - LIFE_LEFT) / (end - begin)

    def across(day: date) -> float:
        return round(LIFE_LEFT + (day.year - begin + (day.timetuple().tm_yday - 1) / 366) * scale, 1)

    step = next(step for step in (1, 2, 5, 10, 20) if (end - begin) / step <= 14)
    years = [(year, across(date(year, 1, 1))) for year in range(begin, end + 1) if year % step == 0]
    ticks = format_html_join(
        "",
        '<path class="tick" d="M{} 108v6"/><text x="{}" y="128" text-anchor="middle">{}</text>',
        ((x, x, year) for year, x in years),
    )
    drawn, taken = [], [-1e9, -1e9]
    for name, note, start, until, known in sorted(blocks, key=lambda block: block[2]):
        left, right = across(start), across(until or today)
        level = next((row for row in (0, 1) if left >= taken[row]), 1)
        taken[level] = left + LABEL_ROOM
        top = 16 + 36 * level
        drawn.append(
            (
                left,
                top + 22,
                78 - top,
                left,
                top,
                name,
                left,
                top + 16,
                note,
                "block" if known else "gap",
                left,
                max(6, right - left),
            )
        )
    body = format_html_join(
        "",
        '<path class="stem" d="M{} {}v{}"/><text class="name" x="{}" y="{}">{}</text><text x="{}" y="{}">{}</text>'
        '<rect class="{}" x="{}" y="84" width="{}" height="24"/>',
        drawn,
    )
    now = across(today)
    return format_html(
        '<svg class="life" viewBox="0 0 {} 136" role="img" aria-label="{}"><path class="axis" d="M{} 108H{}"/>{}{}'
        '<path class="tick" d="M{} 70v44"/><text x="{}" y="64" text-anchor="end">{}</text></svg>',
        LIFE_WIDTH, _("一生"), LIFE_LEFT, LIFE_RIGHT, ticks, body, now, now, _("今天"),
    )  # fmt: skip


def spine_css(part: str, carrier: str, thickness_mm: float) -> str:
    """Choose the paper and the width of a volume's spine: drawings blue, pictures grey, text kraft."""
    paper = {"drawing": "d", "photo": "b", "av": "b", "model": "e"}.get(carrier, "e" if part == "E" else "k")
    width = 1 + sum(thickness_mm >= bound for bound in (4, 10, 20, 35))
    return f"sp {paper} w{width}"
