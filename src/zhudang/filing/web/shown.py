"""The checklist's rows as a page shows them: what repeats on hundreds of rows is drawn once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhudang.filing import words
from zhudang.filing.queries.checklist import Checklist, ChecklistRow, Group
from zhudang.registry.words import milestone_title
from zhudang.shared.web.templatetags.zd import state as draw_state
from zhudang.shared.web.wording import write_date

MOST_ANSWERS = 4


@dataclass(frozen=True)
class ShownRow:
    """A row with its drawn cells; `under` is what stands below the title, suggestions left to the template."""

    row: ChecklistRow
    marks: SafeString
    state: SafeString
    when: SafeString
    party: str
    under: SafeString


@dataclass(frozen=True)
class ShownGroup:
    """A heading and its rows."""

    group: Group
    rows: tuple[ShownRow, ...]

    @property
    def css(self) -> str:
        """The depth of the heading, two at most."""
        return "l1" if self.group.depth == 0 else "l2"


def show(page: Checklist) -> Iterator[ShownGroup]:
    """Draw every group of a checklist."""
    marks, states, steps, parties = cache(_marks), cache(_state), cache(milestone_title), cache(_party)
    more = f"{reverse('filing:records', args=[page.project_id])}?unit={page.unit_work_id}&q="
    for group in page.groups:
        yield ShownGroup(
            group,
            tuple(
                ShownRow(
                    row,
                    marks(row.own, row.to_client, row.to_archive),
                    states(row.standing, row.filed),
                    _when(row, steps),
                    parties(row.party_role),
                    _under(row, more),
                )
                for row in group.rows
            ),
        )


def _under(row: ChecklistRow, more: str) -> SafeString:
    """What stands below a title: an open question, the records that answer it, why it does not apply."""
    parts: list[SafeString] = []
    if row.owed == "unsure":
        parts.append(format_html(' <span class="tag tag-ochre">{}</span>', words.OWED["unsure"]))
    for answer in row.answers[:MOST_ANSWERS]:
        why = _("：") + answer.returned_reason if answer.state == "returned" else ""
        parts.append(
            format_html(
                '<div class="files"><a href="{}">{}</a> · {}{}</div>',
                reverse("filing:record_edit", args=[answer.id]), answer.title or row.title, words.STATES[answer.state], why,
            )
        )  # fmt: skip
    if len(row.answers) > MOST_ANSWERS:
        every = _("共 %(n)s 件") % {"n": len(row.answers)}
        parts.append(format_html('<div class="files"><a href="{}">{}</a></div>', more + row.code, every))
    if row.standing == "na":
        said = _("；").join([row.not_applicable_reason, f"{row.na_by} {write_date(row.na_at)}"])
        parts.append(format_html('<div class="files">{}</div>', said))
    return SafeString("".join(parts))


def _party(role: str) -> str:
    return str(words.ROLES.get(role, role))


def _marks(*marks: str) -> SafeString:
    cell = '<td class="c-mark"><span class="mark{}">{}<span class="visually-hidden">{}</span></span></td>'
    return format_html_join(
        "", cell, ((("" if m == "must" else " soft"), words.MARKS[m], words.MARK_WORDS[m]) for m in marks)
    )


def _state(standing: str, filed: int) -> SafeString:
    word = str(words.STANDINGS[standing])
    mark = words.STANDING_MARKS[standing]
    if not filed:
        return draw_state(mark, word)
    counted = _("已归 %(n)s 件") % {"n": filed}
    if standing == "filed":
        return draw_state(mark, counted)
    return format_html('{}<div class="small muted">{}</div>', draw_state(mark, word), counted)


def _when(row: ChecklistRow, step: Callable[[str], str]) -> SafeString:
    if row.suggested_on is None:
        if not row.milestone:
            return SafeString("")
        return format_html('<span class="small muted">{}</span>', _("%(step)s后") % {"step": step(row.milestone)})
    css = "warn strong" if row.standing == "passed" else ""
    day = format_html('<span class="{}">{}</span>', css, write_date(row.suggested_on, "short"))
    if row.milestone_on:
        return day
    return format_html('{}<div class="small muted">{}</div>', day, _("按计划"))
