"""The sentences people read of disposals, by code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from zhudang.preservation.disposal.rules_file import rules
from zhudang.preservation.domain.disposal import CaseState, Outcome
from zhudang.preservation.domain.disposal_acts import Act

AGAINST_A_VOLUME = {
    "preservation.disposal_no_retention": _("没有认得的保管期限"),
    "preservation.disposal_never_ends": _("保管期限（%(period)s）不会自行届满"),
    "preservation.disposal_works_stand": _("与工程共存：工程没有登记为已拆除，或没有登记拆除日期"),
    "preservation.disposal_no_date": _("没有文件形成日期，期限算不出来"),
    "preservation.disposal_not_ended": _("保管期限到 %(ends)s 才满"),
    "preservation.disposal_extended": _("经鉴定延长保管到 %(until)s"),
    "preservation.disposal_classified": _("仍属涉密（%(level)s 级），须先解密"),
    "preservation.disposal_held": _("暂缓销毁：%(because)s"),
    "preservation.disposal_unproven": _("副本没有都核验一致（%(places)s），请先核验"),
    "preservation.disposal_in_case": _("已在销毁案 %(case)s 里"),
    "preservation.disposal_gone": _("已经销毁，或正在销毁"),
}
"""What stands against one volume, beside its own line of a list; elsewhere the volume is named before it."""
NAMED = _("%(code)s《%(title)s》%(said)s")
REASONS = AGAINST_A_VOLUME | {
    "preservation.disposal_empty": _("没有选任何案卷"),
    "preservation.disposal_unknown": _("有 %(number)s 卷找不到"),
    "preservation.disposal_too_many": _("一案最多 %(most)s 卷，请分开提"),
    "preservation.disposal_why": _("请写明为什么要销毁"),
    "preservation.disposal_committee_small": _("鉴定委员会只有 %(members)s 人，至少要 %(wanted)s 人"),
    "preservation.disposal_own_member": _("提出人自己不能是鉴定委员"),
    "preservation.disposal_nobody_approves": _(
        "主管部门能批准的只有 %(names)s，提出人和委员不能批准：请不要都选进委员会"
    ),
    "preservation.disposal_not_as_told": _(
        "登记与日志不符，有人手改过（%(what)s）：不能往下办，什么也不会销毁；档案员和审计管理员会收到消息"
    ),
    "preservation.disposal_stands": _("这个销毁案现在不在这一步（%(state)s）"),
    "preservation.disposal_not_member": _("您不是这个销毁案的鉴定委员"),
    "preservation.disposal_opinion_twice": _("您已经给过鉴定意见"),
    "preservation.disposal_opinion_why": _("请写明鉴定意见的理由"),
    "preservation.disposal_not_on_list": _("要留下的案卷有不在清单上的"),
    "preservation.disposal_extend_past": _("%(code)s 要延长到的日期已经过去"),
    "preservation.disposal_own_approval": _("提出人和鉴定委员不能批准"),
    "preservation.disposal_decision_why": _("请写明批准或不批准的理由"),
    "preservation.disposal_stop_why": _("请写明为什么叫停"),
    "preservation.disposal_stay_why": _("请写明暂缓或解除的理由；已解除的不能再解除"),
    "preservation.disposal_waits": _("等待期到 %(until)s 才满"),
    "preservation.disposal_witness_proposed": _("提出人不能监销"),
    "preservation.disposal_witness_executes": _("执行人不能监销"),
    "preservation.disposal_witness_twice": _("您已经签过，另一位须是别人"),
    "preservation.disposal_not_executor": _("只有执行人 %(name)s 能开始执行"),
    "preservation.disposal_not_witnessed": _("监销人已签 %(signed)s 人，须有 %(wanted)s 人"),
    "preservation.disposal_clear_how": _("请写明怎样清除或毁掉了这处的内容"),
    "preservation.disposal_bucket_holds": _("桶里还有 %(keys)s 项没有删除，先由桶的保管人照应删清单删除"),
    "preservation.disposal_bucket_unseen": _("还没有看清桶里剩下什么（%(problem)s），看过确实没有了才能签字"),
    "preservation.disposal_halted": _("执行停在这里，系统每十分钟再试：%(problem)s"),
}
MESSAGES = {
    "preservation.disposal.appraise": _("销毁案 %(case)s（%(volumes)s 卷）请您给出鉴定意见"),
    "preservation.disposal.approve": _("销毁案 %(case)s（%(volumes)s 卷）鉴定委员都同意，等主管部门批准"),
    "preservation.disposal.refused": _("销毁案 %(case)s 不予销毁：有人不同意，或没有剩下的案卷"),
    "preservation.disposal.differs": _("销毁案 %(case)s 的登记与日志不符，有人手改过：已停住，请查是谁改的"),
    "preservation.disposal.stopped": _("销毁案 %(case)s 被叫停"),
    "preservation.disposal.overdue": _("销毁案 %(case)s：%(place)s 应在 %(due)s 前清除，还没有清除"),
    "preservation.disposal.owed": _("销毁案 %(case)s 还有 %(places)s 处留着内容，须清除并由两人签字"),
}
STATES = {
    CaseState.APPRAISING: _("委员会鉴定中"),
    CaseState.APPROVING: _("等主管部门批准"),
    CaseState.WAITING: _("等待期"),
    CaseState.DUE: _("等监销人签字"),
    CaseState.EXECUTING: _("正在销毁"),
    CaseState.DONE: _("已销毁"),
    CaseState.REFUSED: _("不予销毁"),
    CaseState.STOPPED: _("已叫停"),
}
MARKS = {
    CaseState.APPRAISING: "part",
    CaseState.APPROVING: "part",
    CaseState.WAITING: "soon",
    CaseState.DUE: "soon",
    CaseState.EXECUTING: "warn",
    CaseState.DONE: "filed",
    CaseState.REFUSED: "none",
    CaseState.STOPPED: "back",
}
"""The state marks (shape and colour) of `zd.state`."""
OUTCOMES = {
    Outcome.PENDING: _("在清单上"),
    Outcome.KEPT: _("留存"),
    Outcome.EXTENDED: _("延长保管"),
    Outcome.DESTROYED: _("已销毁"),
}
OUTCOME_MARKS = {Outcome.PENDING: "owed", Outcome.KEPT: "ok", Outcome.EXTENDED: "ok", Outcome.DESTROYED: "none"}
HELD_BECAUSE = {
    "offline": _("离线份，调回时清除"),
    "write_once": _("一次写入介质，须整体销毁"),
    "bucket": _("由桶的保管人用自己的凭据删除，系统只看不删"),
    "unreachable": _("存储地读不到"),
    "out_of_use": _("存储地已停用"),
    "paper": _("纸质副本"),
    "microfilm": _("缩微副本"),
}
ACTS = {
    Act.APPRAISE: _("给出鉴定意见"),
    Act.DECIDE: _("批准或不批准"),
    Act.CALL: _("召集监销"),
    Act.WITNESS: _("监销签字"),
    Act.BEGIN: _("开始销毁"),
    Act.MEND: _("排除障碍"),
    Act.EMPTY: _("请保管人删除"),
    Act.BRING: _("取回并清除"),
    Act.CLEAR: _("签字"),
}
"""What waits for a person, as the button says it."""
WHAT = {
    "case": _("案的登记"),
    "opinion": _("鉴定意见"),
    "signature": _("监销签字"),
    "stay": _("暂缓销毁"),
    "line": _("清单的一行"),
    "step": _("清除的记录"),
    "list": _("清单"),
    "approved list": _("鉴定后的清单"),
    "wait": _("等待期没满就召集了"),
    "against": _("有人不同意仍往下办了"),
}
FIELDS = {
    "state": _("状态"),
    "wait_until": _("等待期满的日子"),
    "waiting_days": _("等待天数"),
    "committee": _("委员会"),
    "agrees": _("同意与否"),
    "reasons": _("理由"),
    "spared": _("要留下的案卷"),
    "why": _("理由"),
    "because": _("理由"),
    "decided_because": _("理由"),
    "ended_because": _("理由"),
    "name": _("姓名"),
    "outcome": _("结果"),
}
"""The fields people know by a word; the others are told as the table calls them."""
PLACES = {"working-store": _("工作存储和预览"), "search-index": _("检索索引")}


def retention(code: str) -> str:
    """The word for a retention period in the reader's language."""
    period = rules().retentions.get(code)
    return period.names["zh" if (get_language() or "zh").startswith("zh") else "en"] if period else code


def differing(what: list[str]) -> str:
    """Name the rows and fields that say otherwise than the log, as `as_told` told them."""
    return _join(dict.fromkeys(_differs(each) for each in what))


def _join(parts: Iterable[str]) -> str:
    return gettext("、").join(parts)


def _differs(what: str) -> str:
    row, _colon, name = what.partition(": ")
    kind, _space, whose = row.partition(" ")
    if what in WHAT or kind not in WHAT:
        return str(WHAT.get(what, what))
    # Of a stay the log knows an identifier only, which says nothing to people.
    told = f"{WHAT[kind]} {whose}" if whose and kind != "stay" else str(WHAT[kind])
    return gettext("%(row)s：%(field)s") % {"row": told, "field": FIELDS.get(name, name)} if name else told


def place(key: str, name: str) -> Any:
    """What a place of a step is called."""
    return PLACES.get(key) or name or key
