"""The sentences people read in handover, by code."""

from collections.abc import Iterable
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from zhudang.shared.refusals import Reason

REASONS: dict[str, Any] = {
    "handover.notice_already": _("这张许可证已经告知过。"),
    "handover.nothing_owed": _("项目还没有单位工程，列不出应归档的文件。请先登记单位工程。"),
    "handover.project_not_running": _("项目已停缓建、撤销或并入其他项目，不能办理。"),
    "handover.receipt_unknown": _("没有“%(step)s”这一步。"),
    "handover.receipt_already": _("这一步已经记过。"),
    "handover.receipt_before": _("还没有阅读告知书，不能先确认。"),
    "handover.delivery_empty": _("没有选中文件。请先勾选要交付的文件。"),
    "handover.delivery_unknown_records": _("有 %(count)s 件文件不存在，或不是你单位的。"),
    "handover.delivery_to_oneself": _("建设单位自己的文件不用交付，归档后可直接申请验收。"),
    "handover.not_your_record": _("《%(title)s》不是你单位的文件。"),
    "handover.record_not_filed": _("《%(title)s》还没有归档，不能交付。请先补齐著录、处理阻断性问题。"),
    "handover.delivery_closed": _("这份交付清单已经办结，不能再签收或退回。"),
    "handover.not_on_list": _("有 %(count)s 件文件不在这份清单上。"),
    "handover.return_without_reason": _("有 %(count)s 件退回没有写原因。"),
    "handover.application_running": _("申请 %(number)s 还在办理，办结后才能再申请。"),
    "handover.mode_not_here": _("本地没有“%(mode)s”这种移交方式。"),
    "handover.stage_without_unit_works": _("分阶段验收要选定单位工程。"),
    "handover.accepted_already": _("这个项目的档案已经验收合格，不用再申请。"),
    "handover.nothing_to_submit": _("手里没有可以提交的文件。请先归档，或签收参建单位的交付。"),
    "handover.records_undelivered": _("参建单位有 %(count)s 件文件还没有交付，或交付后还没有签收。"),
    "handover.records_still_returned": _("有 %(count)s 件退回的文件还没有改好：%(titles)s"),
    "handover.records_missing": _(
        "还缺 %(count)s 种必须交馆的文件：%(titles)s。可归档、注明不涉及，或在“缺项说明”里写明原因后申请。"
    ),
    "handover.no_commitment": _("项目没有承诺书，不能按承诺补交。"),
    "handover.acceptance_day_unknown": _("还没有登记竣工验收日期，判断不了文件是不是竣工验收后形成的。"),
    "handover.formed_before_acceptance": _(
        "《%(title)s》形成于 %(formed)s，不晚于竣工验收（%(accepted)s），不能按承诺补交。"
    ),
    "handover.not_in_this_state": _("申请现在的状态不能这样办。"),
    "handover.withdraw_without_reason": _("请写明撤回的原因。"),
    "handover.commitment_missing": _("有 %(count)s 种文件要到竣工验收后才形成，请提交移交承诺书。"),
    "handover.commitment_not_in_mode": _("只有“验收＋承诺”方式才能承诺。"),
    "handover.statement_missing": _("承诺书四项内容须全部作出，还缺一项。"),
    "handover.nothing_promised": _("没有要承诺的文件。"),
    "handover.not_formed_after": _("《%(title)s》竣工验收前就能形成，不能承诺。"),
    "handover.due_missing": _("请填写承诺移交的日期。"),
    "handover.due_in_past": _("承诺日期 %(due)s 应晚于今天。"),
    "handover.due_too_late": _("承诺日期 %(due)s 超过 %(months)s 个月，最晚 %(latest)s。"),
    "handover.verdict_unknown": _("没有“%(verdict)s”这种审核结论。"),
    "handover.unchanged_since": _("《%(title)s》上次已合格且没有变动，不再审核。"),
    "handover.verdict_not_here": _("《%(title)s》不能给出这个结论：没有收到文件。"),
    "handover.blocking_findings": _("《%(title)s》有 %(count)s 个文件检测不通过，不能判为合格。"),
    "handover.not_checked_yet": _("《%(title)s》有 %(count)s 个文件还没有检测，不能判为合格。"),
    "handover.verdict_without_reason": _("《%(title)s》要写明原因。"),
    "handover.reason_code_unknown": _("请选择退回的原因类别。"),
    "handover.not_settled_before": _("《%(title)s》不是上次已合格的内容，直接审核即可。"),
    "handover.ground_unknown": _("未变动的内容，只有造假、安全或上级监督有记录的要求才能再提。"),
    "handover.demand_without_reason": _("请写明再次要求的原因。"),
    "handover.items_left": _("还有 %(count)s 项没有审。"),
    "handover.nothing_returned": _("没有要整改的内容，可直接出具意见。"),
    "handover.items_returned": _("有 %(count)s 项退回，不能出具合格意见。"),
    "handover.nothing_reviewed": _("没有审核任何内容。"),
    "handover.sample_without_note": _("请写明怎样抽的样。"),
    "handover.nothing_to_pass": _("这一组里没有可以判为合格的内容。"),
    "handover.changed_meanwhile": _("%(who)s 在 %(when)s 改过这里，你的操作没有执行。请看过新的内容再办。"),
    "handover.transfer_not_in_this_state": _("移交现在的状态不能这样办。"),
    "handover.transfer_already": _("这次验收已经办理移交。"),
    "handover.nobody_hands_over": _("请填写移交经办人。"),
    "handover.count_incomplete": _("件数、页数、张数都要填，没有的填 0。"),
    "handover.count_negative": _("数量不能是负数。"),
    "handover.difference_without_note": _("清点与目录不符，请写明说明。"),
    "handover.nothing_arranged": _("没有可以接收的案卷。"),
    "handover.volumes_left": _("还有 %(count)s 卷没有清点。"),
    "handover.all_absent": _("一卷也没有收到。"),
    "handover.counter_receives": _("清点人不能自己接收，请换一个人。"),
    "handover.not_all_preserved": _("%(volumes)s 卷中有 %(preserved)s 卷已证实存妥，全部存妥后才能发凭证。"),
    "handover.promise_open": _("承诺的文件还有 %(count)s 种没有移交入库。"),
    "handover.certified_already": _("这次移交已经发过凭证。"),
}

MESSAGES = {
    "handover.notice_issued": _("“%(project)s”的归档告知书 %(number)s 已签发"),
    "handover.delivery_sent": _("交付清单 %(number)s（%(count)s 件）等您签收"),
    "handover.delivery_closed": _("交付清单 %(number)s 已办结：签收 %(kept)s 件，退回 %(returned)s 件"),
    "handover.correction_told": _("验收申请 %(number)s 有 %(count)s 项需要补正"),
    "handover.application_returned": _("验收申请 %(number)s 已退回，整改清单 %(count)s 条"),
    "handover.application_accepted": _("验收申请 %(number)s 验收合格，可以办理移交"),
    "handover.certificate_issued": _("移交凭证 %(number)s 已签发"),
}

STATES = {
    "correcting": _("待补正"), "reviewing": _("审核中"), "returned": _("已退回整改"), "accepted": _("验收合格"),
    "withdrawn": _("已撤回"),
}  # fmt: skip
STATE_MARKS = {"correcting": "soon", "reviewing": "part", "returned": "back", "accepted": "filed", "withdrawn": "na"}
KINDS = {"first": _("首次申请"), "again": _("整改后申请"), "late": _("承诺补交")}
MODES = {"commitment": _("验收＋承诺"), "before_filing": _("备案前一次性移交"), "staged": _("分阶段验收移交")}
CHANNELS = {"web": _("网上申请"), "api": _("联合验收推送")}
DELIVERY_STATES = {"sent": _("待签收"), "signed": _("已签收"), "returned": _("已退回")}
DELIVERY_MARKS = {"sent": "owed", "signed": "filed", "returned": "back"}
TRANSFER_STATES = {
    "proposed": _("待接收"), "counting": _("清点中"), "received": _("已接收，保存中"), "preserved": _("已存妥"),
}  # fmt: skip
TRANSFER_MARKS = {"proposed": "owed", "counting": "part", "received": "soon", "preserved": "filed"}
ITEM_STATES = {
    "open": _("未审"), "passed": _("合格"), "returned": _("退回"), "not_applicable": _("不涉及"),
    "unchanged": _("上次合格，未变动"), "promised": _("承诺移交"),
}  # fmt: skip
ITEM_MARKS = {
    "open": "none", "passed": "ok", "returned": "fail", "not_applicable": "na", "unchanged": "ok", "promised": "owed",
}  # fmt: skip
ITEM_KINDS = {
    "record": _("文件"), "missing": _("应交未交"), "excused": _("注明不涉及"), "promised": _("承诺移交"),
}  # fmt: skip
REASON_CODES = {
    "missing": _("缺文件"), "incomplete": _("内容不全"), "unreadable": _("看不清、打不开"), "unsigned": _("缺签字"),
    "unstamped": _("缺印章"), "wrong_document": _("文件放错"), "description": _("著录有误"), "inconsistent": _("前后不一致"),
    "change_not_drawn": _("变更未落图"), "altered": _("签章后有改动"), "format": _("格式不符"), "other": _("其他"),
}  # fmt: skip
GROUNDS = {"forgery": _("发现造假"), "safety": _("涉及安全"), "supervisor": _("上级监督有记录的要求")}
STATEMENTS = {
    "complete": _("档案齐全完整"), "true_to_works": _("与工程实际相符"),
    "scans_equal_paper": _("扫描形成的电子文件与相应纸质文件一致"), "in_time": _("在承诺时限内完成移交"),
}  # fmt: skip
STEPS = {"delivered": _("已送达"), "read": _("已阅读"), "acknowledged": _("已确认")}
YES, NO = _("是"), _("否")
CHANGES = {
    "file_new": _("新增文件 %(name)s"), "file_gone": _("撤下文件 %(name)s"),
    "field": _("%(field)s：由“%(was)s”改为“%(is)s”"), "new": _("本次新交"),
}  # fmt: skip
FIELDS = {
    "title": _("题名"), "document_no": _("文件编号"), "responsible": _("责任者"), "formed_on": _("形成日期"),
    "formed_until": _("形成日期（止）"), "manuscript": _("稿本"), "copy_kind": _("原件或副本"), "pages": _("页数"), "carrier": _("形式"),
    "specialty": _("专业"), "level": _("密级"), "retention": _("保管期限"), "origin": _("来源"), "has_paper": _("随附纸质"),
    "legal_force": _("法律效力"), "e_sealed": _("电子签章"), "notes": _("附注"), "code": _("编号"),
}  # fmt: skip
ROLES = {
    "client": _("建设单位"), "survey": _("勘察单位"), "design": _("设计单位"), "contractor": _("施工单位"),
    "supervisor": _("监理单位"),
}  # fmt: skip
DIMENSIONS = {
    "authenticity": _("真实性"), "integrity": _("完整性"), "usability": _("可用性"), "security": _("安全性"),
    "business": _("业务审查"),
}  # fmt: skip


def sentence(reason: Reason) -> str:
    """Write one reason in the reader's language."""
    text = str(REASONS.get(reason.code, reason.code))
    return text % dict(reason.data) if reason.data and "%(" in text else text


def in_chinese(reasons: Iterable[Reason]) -> list[str]:
    """Write reasons as an official letter does, in Chinese whatever language the page has."""
    with translation.override("zh-hans"):
        return [sentence(reason) for reason in reasons]
