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
    """A row, drawn up to its title and after it; suggestions between the two are left to the template."""

    row: ChecklistRow
    before: SafeString
    after: SafeString


@dataclass(frozen=True)
class ShownGroup:
    """A heading and its rows."""

    group: Group
    rows: tuple[ShownRow, ...]

    @property
    def css(self) -> str:
        """The depth of the heading, two at most."""
        return "l1" if self.group.depth == 0 else "l2"


_BEFORE = (
    '<tr id="o-{id}" data-code="{code}" data-title="{title}" data-obligation="{id}"{upload}>'
    '<td class="code c-code">{code}</td><td class="name">{title}{under}'
)
_AFTER = (
    '</td><td class="c-party">{party}{organisation}</td>{marks}<td class="c-when nowrap">{when}</td>'
    '<td class="c-state">{state}{excuse}</td></tr>'
)


def show(page: Checklist, *, upload_to: SafeString, excuse_base: str) -> Iterator[ShownGroup]:
    """Draw every group of a checklist.

    Args:
        upload_to: the attribute that lets files be dropped on a row; empty for whoever may not act.
        excuse_base: the address of this page up to the obligation that is to be excused.
    """
    drawn = _Drawn(page, upload_to, excuse_base)
    for group in page.groups:
        yield ShownGroup(group, tuple(drawn.row(row) for row in group.rows))


class _Drawn:
    """Draws rows; what repeats is drawn once."""

    def __init__(self, page: Checklist, upload_to: SafeString, excuse_base: str) -> None:
        self.upload_to, self.may_act, self.excuse_base = upload_to, page.may_act, excuse_base
        self.many_parties, self.excuse_word = len(page.roles) > 1, _("不涉及…")
        self.more = f"{reverse('filing:records', args=[page.project_id])}?unit={page.unit_work_id}&q="
        self.marks, self.states, self.steps, self.parties = (
            cache(_marks),
            cache(_state),
            cache(milestone_title),
            cache(_party),
        )

    def row(self, row: ChecklistRow) -> ShownRow:
        before = format_html(
            _BEFORE,
            id=row.id,
            code=row.printed_code,
            title=row.title,
            upload=self.upload_to,
            under=_under(row, self.more),
        )
        after = format_html(
            _AFTER, party=self.parties(row.party_role), marks=self.marks(row.own, row.to_client, row.to_archive),
            organisation=format_html('<div class="small muted">{}</div>', row.organisation) if self.many_parties else "",
            when=_when(row, self.steps), state=self.states(row.standing, row.filed), excuse=self._excuse(row),
        )  # fmt: skip
        return ShownRow(row, before, after)

    def _excuse(self, row: ChecklistRow) -> str:
        if not self.may_act or row.answers:
            return ""
        link = '<a class="small muted" href="{}{}#h-excuse">{}</a>'
        return format_html(link, self.excuse_base, row.id, self.excuse_word)


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
