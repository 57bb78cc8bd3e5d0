"""Template tags of the whole product: icons, states, ring, spines, clock, pager, fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea
from django.http import HttpRequest, QueryDict
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from zhudang.shared.web import drawings, shapes, wording

register = template.Library()

register.filter("zhdate", wording.write_date)
register.filter("zhdatetime", wording.write_datetime)
register.filter("bytes_zh", wording.write_size)
register.filter("num", wording.write_number)


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """Draw one icon of the sprite; decorative, so a word must stand beside it."""
    return format_html(
        '<svg class="icon" width="{}" height="{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        size,
        size,
        static("built/icons.svg"),
        name,
    )


@register.simple_tag
def shape(code: str, size: int = 13) -> SafeString:
    """Draw the shape of a state alone, for a chip or a legend that has its own word."""
    return mark_safe(shapes.state_svg(code, int(size)))


@register.simple_tag
def state(code: str, word: str, href: str = "") -> SafeString:
    """Show a state: shape, word and colour; with `href` it opens its proof."""
    drawing = mark_safe(shapes.state_svg(code))
    if href:
        return format_html('<a class="st st-{}" href="{}">{}{}</a>', code, href, drawing, word)
    return format_html('<span class="st st-{}">{}{}</span>', code, drawing, word)


@register.simple_tag
def ring(percent: float | None, label: str = "") -> SafeString:
    """Draw filed out of owed as a ring; percent from 0 to 100, cut not rounded up."""
    whole = min(100, max(0, int(percent or 0)))
    return drawings.ring(whole, label or _("已归 %(percent)s%%") % {"percent": whole})


@register.simple_tag
def spines(parts: Iterable[Any], width: int = 216) -> SafeString:
    """Draw the parts A to E: width by number owed, fill by number filed, red edge when late.

    Args:
        parts: (letter, owed in all, filed, late) each; `late` is a count or a bool.
    """
    known = [tuple(part) for part in parts]
    told = _("、").join(f"{letter} {filed}/{owed}" for letter, owed, filed, _late in known)
    return drawings.spines(known, int(width), _("五部分：%(parts)s") % {"parts": told})


@register.simple_tag
def workdays(clock: Any, today: date | None = None) -> SafeString:
    """Draw a deadline as one box per day: past filled, today half, holidays dashed.

    Args:
        clock: a `working_days.Clock`; None draws nothing.
    """
    return drawings.workdays(clock, today or timezone.localdate()) if clock else SafeString("")


@register.simple_tag
def lifeline(blocks: Iterable[Any], today: date | None = None) -> SafeString:
    """Draw a structure's life; a block is (name, note, begin, end or None, are there records)."""
    known = [tuple(block) for block in blocks if block[2]]
    return drawings.lifeline(known, today or timezone.localdate()) if known else SafeString("")


@register.filter
def spine_css(volume: Any) -> str:
    """Give the classes of a volume's spine on the shelf: its paper, and a width by thickness."""
    return drawings.spine_css(volume.part, str(volume.carrier), float(volume.thickness_mm or 0))


@register.filter
def spine_title(title: str) -> str:
    """Shorten a volume's title for its spine: the last of its parts, after works and group."""
    return title.rsplit(" ", 1)[-1]


@register.simple_tag
def progress(done: float, total: float, label: str = "") -> SafeString:
    """Draw a bar from rows that exist; an unknown total shows an empty bar, never a moving one."""
    return format_html(
        '<progress class="progress" value="{}" max="{}" aria-label="{}"></progress>',
        min(done or 0, total or 0),
        total or 1,
        label or _("进度"),
    )


@register.inclusion_tag("partials/_pager.html", takes_context=True)
def pager(context: Mapping[str, Any], page: Any) -> dict[str, Any]:
    """Write the foot of a list: which rows of how many, previous, next.

    Args:
        page: a `shared.web.lists.Page`, or Django's own Page.
    """
    number = page.number
    last = page.pages if hasattr(page, "pages") else page.paginator.num_pages
    total = page.total if hasattr(page, "total") else page.paginator.count
    first_row = page.first if hasattr(page, "first") else page.start_index()
    last_row = page.last if hasattr(page, "last") else page.end_index()
    return {
        "request": context.get("request"),
        "number": number,
        "pages": last,
        "total": total,
        "first": first_row,
        "last": last_row,
        "previous": number - 1 if number > 1 else None,
        "next": number + 1 if number < last else None,
    }


@register.inclusion_tag("partials/_sort_head.html", takes_context=True)
def sort_head(context: Mapping[str, Any], key: str, word: str, css: str = "") -> dict[str, Any]:
    """Write a column head that sorts: first press ascending, second descending; state in the URL."""
    request = context.get("request")
    now = request.GET.get("sort", "") if request else ""
    return {
        "request": request,
        "word": word,
        "css": css,
        "target": f"-{key}" if now == key else key,
        "direction": "ascending" if now == key else "descending" if now == f"-{key}" else "none",
    }


@register.inclusion_tag("partials/_filter_chip.html", takes_context=True)
def filter_chip(
    context: Mapping[str, Any], key: str, value: str, word: str, count: int | None = None, code: str = ""
) -> dict[str, Any]:
    """Write a filter chip with its count; it is a link, so the state lives in the URL.

    Args:
        value: "" is the chip of everything.
        code: a state code, to draw its shape in front of the word.
    """
    request = context.get("request")
    return {
        "href": _address(request, key, value),
        "word": word,
        "count": count,
        "code": code,
        "on": (request.GET.get(key, "") if request else "") == str(value),
    }


def _address(request: HttpRequest | None, key: str, value: str) -> str:
    asked = request.GET.copy() if request else QueryDict(mutable=True)
    asked.pop("page", None)
    asked.pop(key, None)
    if value != "":
        asked[key] = str(value)
    return f"?{asked.urlencode()}"


@register.inclusion_tag("partials/_refusal.html")
def refusal(heading: str, reasons: Iterable[Any]) -> dict[str, Any]:
    """Write all reasons of a no at once; a reason is text, or (text, address of its cure)."""
    told = [(one, "") if isinstance(one, str) or not isinstance(one, tuple) else one for one in reasons]
    return {"heading": heading, "reasons": told}


CHOICES = (CheckboxSelectMultiple, RadioSelect)


@register.inclusion_tag("partials/_field.html")
def field(bound: BoundField, hint: str = "", label: str = "") -> dict[str, Any]:
    """Write a form field: label, control, hint and every error, tied together for readers."""
    widget = bound.field.widget
    tick = isinstance(widget, CheckboxInput)
    choices = isinstance(widget, CHOICES)
    css = "form-check" if tick else "form-choices" if choices else "form-control"
    if isinstance(widget, Select) and not choices:
        css = "form-select"
    attrs: dict[str, Any] = {"class": f"{widget.attrs.get('class', '')} {css}".strip()}
    tied = []
    if hint or bound.help_text:
        tied.append(f"{bound.auto_id}_hint")
    if bound.errors:
        attrs["aria-invalid"] = "true"
        tied.append(f"{bound.auto_id}_error")
    if tied:
        attrs["aria-describedby"] = " ".join(tied)
    if isinstance(widget, Textarea) and str(widget.attrs.get("rows", "10")) == "10":
        attrs["rows"] = 3  # Django's own ten rows are a page of their own
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attrs),
        "hint": hint or bound.help_text,
        "label": label or bound.label,
        "tick": tick,
        "group": choices,
    }


@register.simple_tag
def hidden_fields(form: Any) -> SafeString:
    """Write the hidden fields of a form, and the errors that belong to no field."""
    return format_html_join("", "{}", ((bound,) for bound in form.hidden_fields()))


@register.filter
def get_item(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """Look up a key that only the page knows."""
    return mapping.get(key) if mapping else None
