"""The disposals that wait for a person, as tasks of the home page."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from zhudang.identity.rights import Actor
from zhudang.preservation.disposal.waiting import Waiting, waiting_for
from zhudang.preservation.disposal.words import ACTS, place
from zhudang.preservation.domain.disposal_acts import Act
from zhudang.shared.web.wording import write_date
from zhudang.site.tasks import Group, Task

MOST = 8
"""Tasks on the home at once; the rest are behind «all»."""
STATES = {
    Act.APPRAISE: ("owed", gettext_lazy("待鉴定")),
    Act.DECIDE: ("owed", gettext_lazy("待批准")),
    Act.CALL: ("soon", gettext_lazy("等待期已满")),
    Act.WITNESS: ("soon", gettext_lazy("待监销")),
    Act.BEGIN: ("soon", gettext_lazy("监销人已签")),
    Act.MEND: ("warn", gettext_lazy("停在这里")),
    Act.EMPTY: ("soon", gettext_lazy("待保管人删除")),
    Act.BRING: ("soon", gettext_lazy("待清除")),
    Act.CLEAR: ("soon", gettext_lazy("待签字")),
}


def disposal_tasks(actor: Actor, now: datetime) -> tuple[list[Group], list[str]]:
    """The group of disposals that wait for this person and the sentence about them; both empty where none does."""
    rows = waiting_for(actor, today=timezone.localtime(now).date())
    if not rows:
        return [], []
    told = ngettext("%(n)s 件销毁的事等您办", "%(n)s 件销毁的事等您办", len(rows)) % {"n": len(rows)}
    if late := sum(row.overdue for row in rows):
        told += _("，") + ngettext("%(n)s 件已逾期", "%(n)s 件已逾期", late) % {"n": late}
    group = Group(
        _("鉴定销毁"),
        "",
        [_task(row) for row in rows[:MOST]],
        reverse("preservation:disposals"),
    )
    return [group], [told]


def _task(row: Waiting) -> Task:
    mark, word = STATES[row.act]
    state = ("late", _("逾期没有清除")) if row.overdue else (mark, str(word))
    volumes = ngettext("%(n)s 卷", "%(n)s 卷", row.volumes) % {"n": row.volumes}
    held_at = str(place(row.place, row.place_name)) if row.place else ""
    return Task(
        state,
        f"{row.number} · {volumes}",
        held_at or row.why,
        _("应在 %(day)s 前清除") % {"day": write_date(row.until)} if row.until else "",
        reverse("preservation:disposal_case", args=[row.case_id]) + ("#owed" if row.place else ""),
        None,
        str(ACTS[row.act]),
    )
