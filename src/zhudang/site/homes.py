"""What a person should do now, by role: a list of tasks, each a row with its link and, where it has one, its clock.

Clerks have their own home in filing; the public has the open first page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhudang.filing import queries as filing
from zhudang.filing.queries.home import UnitRow
from zhudang.handover import queries as handover
from zhudang.identity.domain.roles import FILERS, Role
from zhudang.identity.rights import Actor
from zhudang.preservation import queries as preservation
from zhudang.registry import queries as registry
from zhudang.shared.web.wording import write_date
from zhudang.site.disposal_tasks import disposal_tasks
from zhudang.site.tasks import Group, Task


@dataclass(frozen=True)
class Desk:
    """The home of a role: the sentence the person came for, and the groups behind it."""

    lede: str
    groups: Sequence[Group]
    links: Sequence[tuple[str, str, str]]


def desk_for(actor: Actor, now: datetime) -> Desk | None:
    """The desk of an actor; None for clerks without a client's duties and for the public, who have pages of their own."""
    if actor.holds(Role.REVIEWER, Role.ARCHIVIST, Role.KEEPER):
        return _archive_desk(actor, now)
    if actor.holds(Role.OFFICIAL, Role.EMERGENCY_OFFICER, Role.SERVICE_DESK):
        return _office_desk(actor, now)
    if actor.holds(Role.CLIENT_MANAGER):
        return _client_desk(actor, now)
    if actor.is_officer:
        return _officer_desk(actor)
    return None


def _archive_desk(actor: Actor, now: datetime) -> Desk:
    groups, told = disposal_tasks(actor, now)
    if actor.holds(Role.REVIEWER):
        home = handover.reviewer_home(actor, now)
        groups.append(
            Group(
                _("待审案件"),
                _("按时限排列"),
                [_review_task(row) for row in home.due],
                reverse("handover:applications"),
            )
        )
        told.append(_review_sentence(home))
        if home.correcting:
            groups.append(
                Group(_("等补正"), _("时钟停着"), [_case_task(row, ("back", _("补正中"))) for row in home.correcting])
            )
    if actor.holds(Role.ARCHIVIST, Role.KEEPER):
        queue = handover.archivist_queue(actor)
        rows = [*queue.proposed, *queue.counting, *queue.received]
        groups.append(
            Group(
                _("接收"),
                _("逐卷清点，另一人接收"),
                [_transfer_task(row) for row in rows],
                reverse("handover:transfers"),
            )
        )
        told.append(
            ngettext("%(n)s 个移交在办", "%(n)s 个移交在办", len(rows)) % {"n": len(rows)}
            if rows
            else _("没有移交在办")
        )
        if held := _unfinished(actor):
            groups.append(
                Group(_("入库未完"), _("两处写完并逐字节读回才算保存"), held, reverse("preservation:holdings"))
            )
    return Desk(capfirst(_("；").join(text for text in told if text)) + _("。"), groups, _links(actor))


def _review_sentence(home: handover.ReviewerHome) -> str:
    if not home.due:
        return _("没有案件等您审查")
    told = ngettext("%(n)s 个案件待审", "%(n)s 个案件待审", len(home.due)) % {"n": len(home.due)}
    for count, word in (
        (home.overdue, _("%(n)s 个已超期")),
        (home.today, _("%(n)s 个今天到期")),
        (home.soon, _("%(n)s 个三个工作日内到期")),
    ):
        if count:
            told += _("，") + word % {"n": count}
    return told


def _review_task(row: handover.ApplicationRow) -> Task:
    clock = row.clock
    state = (
        ("late", _("超期"))
        if clock and clock.overdue
        else ("soon", _("将到期"))
        if clock and clock.left <= 3
        else ("owed", _("待审"))
    )
    when = (
        _("%(date)s 前，还有 %(n)s 个工作日") % {"date": write_date(clock.due, "short"), "n": clock.left}
        if clock and not clock.overdue
        else ""
    )
    what = _("%(number)s　已审 %(judged)s／%(total)s") % {
        "number": row.number,
        "judged": row.judged,
        "total": row.total,
    }
    return Task(
        state,
        what,
        row.project_name,
        when,
        reverse("handover:review", args=[row.id]),
        clock.clock if clock else None,
        _("审查"),
    )


def _case_task(row: handover.ApplicationRow, state: tuple[str, str], act: str = "") -> Task:
    return Task(
        state,
        row.number,
        row.project_name,
        write_date(row.applied_at, "short"),
        reverse("handover:application", args=[row.id]),
        None,
        act,
    )


def _transfer_task(row: handover.TransferRow) -> Task:
    words = {"proposed": ("owed", _("待接收")), "counting": ("part", _("清点中")), "received": ("part", _("正在入库"))}
    what = _("%(number)s　已点 %(counted)s／%(volumes)s 卷") % {
        "number": row.number,
        "counted": row.counted,
        "volumes": row.volumes,
    }
    return Task(
        words.get(row.state, ("none", row.state)),
        what,
        row.project_name,
        write_date(row.proposed_at, "short"),
        reverse("handover:transfer", args=[row.id]),
        None,
        _("办理"),
    )


def _unfinished(actor: Actor) -> list[Task]:
    return [
        Task(("late", _("停下")) if row.reason else ("part", _("正在写")), _("移交的案卷写入两处存储地"), row.project_name, write_date(row.asked_at, "short"), reverse("handover:transfer", args=[row.transfer_id]))
        for row in preservation.unfinished_ingests(actor)
    ]  # fmt: skip


def _client_desk(actor: Actor, now: datetime) -> Desk:
    home = handover.client_home(actor, now)
    groups = [
        Group(_("告知书待签收"), _("规划或施工许可带来的归档告知"), [Task(("owed", _("待签收")), number, name, "", reverse("handover:notice_one", args=[row_id]), None, _("查看并签收")) for row_id, name, number in home.notices]),
        Group(_("参建单位送来的清单"), _("逐件看过再签收，或退回"), [Task(("owed", _("待签收")), f"{d.organisation_name}　{d.number}　{d.count}", d.project_name, write_date(d.sent_at, "short"), reverse("handover:delivery", args=[d.id]), None, _("签收")) for d in home.deliveries]),
        Group(_("退回待改"), _("一次告知，改完再报"), [_case_task(row, ("back", _("退回"))) for row in home.returned] + [_case_task(row, ("back", _("补正"))) for row in home.correcting]),
        Group(_("可以移交"), _("验收合格，等您移交"), [_case_task(row, ("ok", _("验收合格")), _("移交")) for row in home.to_hand_over]),
        Group(_("承诺"), _("竣工验收后形成的文件，最多三个月"), [Task(("late", _("违约")) if broken else ("soon", _("将到期")) if days <= 15 else ("owed", _("履行中")), _("还有 %(n)s 天") % {"n": days}, name, write_date(due, "short"), reverse("handover:project", args=[project_id])) for project_id, name, due, days, broken in home.commitments]),
        Group(_("审查中"), "", [_case_task(row, ("part", _("审查中"))) for row in home.reviewing]),
    ]  # fmt: skip
    todo = sum(len(group.tasks) for group in groups[:5])
    units = filing.owed_by_units(actor, today=timezone.localdate(now))
    groups.append(_owed_group(units))
    passed = sum(unit.progress.passed for unit in units)
    told = [ngettext("%(n)s 件事等您办", "%(n)s 件事等您办", todo) % {"n": todo}] if todo else []
    if passed:
        told.append(ngettext("%(n)s 件应归档的已过建议时间", "%(n)s 件应归档的已过建议时间", passed) % {"n": passed})
    lede = _("，").join(told) or _("现在没有要您办的事")
    return Desk(lede + _("。"), [group for group in groups if group.tasks], _links(actor))


def _owed_group(units: Sequence[UnitRow]) -> Group:
    """What the client's works owe by now, those past their suggested date first: it answers for the whole."""
    owing = sorted((unit for unit in units if unit.progress.now), key=lambda unit: -unit.progress.passed)
    tasks = [
        Task(("warn", _("已过建议时间")) if unit.progress.passed else ("owed", _("应交")), _("%(unit)s　现欠 %(now)s 件，已归 %(filed)s／%(owed)s") % {"unit": unit.name, "now": unit.progress.now, "filed": unit.progress.filed, "owed": unit.progress.owed}, unit.project_name, "", reverse("filing:checklist", args=[unit.id]), None, _("看清单"))
        for unit in owing[:8]
    ]  # fmt: skip
    hint = _("现欠 %(now)s 件，%(passed)s 件已过建议归档时间") % {
        "now": sum(unit.progress.now for unit in units),
        "passed": sum(unit.progress.passed for unit in units),
    }
    return Group(_("应归档"), hint, tasks, reverse("filing:clerk_home"))


def _office_desk(actor: Actor, now: datetime) -> Desk:
    groups, told = disposal_tasks(actor, now)
    rows = list(handover.applications(actor, state="running"))[:20] if actor.holds(Role.OFFICIAL) else []
    if rows:
        groups.append(
            Group(
                _("在审案件"),
                "",
                [_case_task(row, ("part", _("在审"))) for row in rows],
                reverse("handover:applications"),
            )
        )
    count = registry.visible_projects(actor).count()
    told.append(ngettext("%(n)s 个项目在册。", "%(n)s 个项目在册。", count) % {"n": count})
    return Desk(_("；").join(told), groups, _links(actor))


def _officer_desk(actor: Actor) -> Desk:
    return Desk(_("您管系统，不看档案：三员各管一段，互相看得见。"), [], _links(actor))


def _links(actor: Actor) -> list[tuple[str, str, str]]:
    """Where else this role goes: label, what it is for, address."""
    wanted = [
        (FILERS, _("应归档清单"), _("各单位工程欠什么、何时交"), "filing:clerk_home"),
        ({Role.REVIEWER, Role.ARCHIVIST, Role.OFFICIAL, Role.SERVICE_DESK, Role.KEEPER}, _("项目"), _("报建登记、许可、节点"), "registry:project_list"),
        ({Role.ARCHIVIST, Role.KEEPER, Role.OFFICIAL}, _("馆藏"), _("每个案卷在哪几处、何时核验过"), "preservation:holdings"),
        ({Role.ARCHIVIST, Role.OFFICIAL}, _("批量导入"), _("从表格登记项目"), "registry:imports"),
        ({Role.OFFICIAL, Role.EMERGENCY_OFFICER, Role.SERVICE_DESK}, _("一张图"), _("从地点找工程和档案"), "atlas:map"),
        ({Role.SERVICE_DESK, Role.EMERGENCY_OFFICER}, _("查询"), _("题名、著录和正文"), "discovery:search"),
        ({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}, _("人员"), _("开账号的不给角色，给角色的不开账号"), "identity:people"),
        ({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}, _("单位"), _("一个单位一条，改名留痕"), "identity:organisations"),
        ({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN}, _("密钥"), _("加密馆藏的密钥、保管人与最近一次试用"), "preservation:keys"),
        ({Role.AUDIT_ADMIN}, _("日志"), _("谁在何时做了什么；谁也改不了"), "audit:log"),
        ({Role.SYSTEM_ADMIN}, _("失败的作业"), _("没有送到的事件"), "events:failures"),
    ]  # fmt: skip
    return [(label, hint, reverse(name)) for roles, label, hint, name in wanted if actor.holds(*roles)]
