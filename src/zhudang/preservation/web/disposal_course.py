"""The course of a disposal in words: its steps, done and to come, and who must act next."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhudang.preservation.disposal import queries
from zhudang.preservation.disposal import words as disposal_words
from zhudang.preservation.domain.disposal import ENDED, CaseState


def steps(page: queries.CasePage) -> list[dict[str, Any]]:
    """The way of a case: what was done, by whom and when; then what is still to come, which has no moment yet."""
    case, state = page.case, CaseState(page.case.state)
    decision = _("主管部门不批准") if state is CaseState.REFUSED and case.decided_at else _("主管部门批准")
    way = [_step(_("提出"), case.proposed_name, case.proposed_at, case.why)]
    way += [
        _step(_("鉴定意见：同意") if row.agrees else _("鉴定意见：不同意"), row.name, row.at, row.reasons)
        for row in page.opinions
    ]
    if page.awaited:
        way.append(_step(_("鉴定意见"), _("、").join(page.awaited)))
    way.append(_step(decision, case.decided_name, case.decided_at, case.decided_because))
    waited = case.called_at or (case.wait_until if page.waited else None)
    if not waited:
        days = case.waiting_days
        ends = ngettext("等待期满（%(days)s 个整天）", "等待期满（%(days)s 个整天）", days)
        way.append(_step(ends % {"days": days}))
    way.append(_step(_("召集监销"), case.executor_name, case.called_at))
    way += [_step(_("监销签字"), row.name, row.at) for row in page.witnesses]
    lacking = case.rules["witnesses"]["number"] - len(page.witnesses)
    if lacking > 0:
        way.append(_step(_("监销签字，还差 %(n)s 人") % {"n": lacking}))
    way.append(_step(_("开始销毁"), case.executor_name if case.began_at else "", case.began_at))
    if state is not CaseState.REFUSED or not case.decided_at:
        ending = state if state in ENDED else CaseState.DONE
        way.append(_step(str(disposal_words.STATES[ending]), case.ended_name, case.ended_at, case.ended_because))
    if state in ENDED:
        return [step for step in way if step["at"]]
    coming = next((step for step in way if not step["at"]), None)
    return [{**step, "now": step is coming} for step in way]


def _step(what: str, who: str = "", at: Any = None, why: str = "") -> dict[str, Any]:
    return {"what": what, "who": who, "at": at, "why": why, "now": False}


def who_is_next(page: queries.CasePage) -> str:
    """Who must act now, and what on."""
    case = page.case
    if page.changed and CaseState(case.state) not in ENDED:
        return _("先查清是谁改了登记；照日志改回，才能往下办")
    match CaseState(case.state):
        case CaseState.APPRAISING:
            return _("等鉴定委员给出意见：%(names)s") % {"names": _("、").join(page.awaited)}
        case CaseState.APPROVING:
            return _("等主管部门的人批准（提出人和委员除外）")
        case CaseState.WAITING if page.days_left:
            return ngettext(
                "等待期还有 %(days)s 天；馆里、委员和主管部门的人都可以叫停",
                "等待期还有 %(days)s 天；馆里、委员和主管部门的人都可以叫停", page.days_left,
            ) % {"days": page.days_left}  # fmt: skip
        case CaseState.WAITING if not page.waited:
            return _("今天是等待期最后一天；馆里、委员和主管部门的人都可以叫停")
        case CaseState.WAITING:
            return _("等待期已满；等馆员或库管认作执行人，召集监销")
        case CaseState.DUE if len(page.witnesses) < case.rules["witnesses"]["number"]:
            return _("等监销人签字（提出人 %(proposer)s、执行人 %(executor)s 以外的两人）") % {
                "proposer": case.proposed_name, "executor": case.executor_name,
            }  # fmt: skip
        case CaseState.DUE:
            return _("监销人都签了；等执行人 %(executor)s 开始") % {"executor": case.executor_name}
        case CaseState.EXECUTING:
            return _("系统正在逐卷销毁；中断了会自己继续")
        case CaseState.DONE if page.owed:
            return ngettext(
                "还有 %(places)s 处留着内容，须清除并由两人签字",
                "还有 %(places)s 处留着内容，须清除并由两人签字",
                len(page.owed),
            ) % {"places": len(page.owed)}
        case _:
            return _("没有谁要办的了；清册永久保存")
