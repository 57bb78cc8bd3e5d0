"""The sentences people read in filing, by code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhudang.shared.refusals import Reason
from zhudang.shared.web.wording import write_date

Words = Mapping[str, Promise]

PART_TITLES: Words = {
    "A": _("工程准备阶段文件"), "B": _("监理文件"), "C": _("施工文件"), "D": _("竣工图"), "E": _("工程竣工验收文件"),
}  # fmt: skip
ROLES: Words = {
    "client": _("建设"), "survey": _("勘察"), "design": _("设计"), "contractor": _("施工"), "supervisor": _("监理"),
}  # fmt: skip
KINDS: Words = {
    "building": _("房屋建筑"), "road": _("道路"), "bridge": _("桥梁"), "pipeline": _("地下管线"),
    "municipal": _("市政基础设施"),
}  # fmt: skip
STATES: Words = {
    "draft": _("草稿"), "filed": _("已归档"), "delivered": _("已交建设单位"), "with_client": _("建设单位已签收"),
    "submitted": _("验收中"), "returned": _("退回"), "accepted": _("已验收"), "transferred": _("已移交"),
    "preserved": _("已入库保存"),
}  # fmt: skip
STATE_MARKS: Mapping[str, str] = {
    "draft": "part", "filed": "filed", "delivered": "filed", "with_client": "filed", "submitted": "owed",
    "returned": "back", "accepted": "ok", "transferred": "ok", "preserved": "ok",
}  # fmt: skip
STANDINGS: Words = {
    "na": _("不涉及"), "back": _("退回"), "filed": _("已归档"), "pencil": _("待确认"), "draft": _("待归档"),
    "passed": _("已过建议时间"), "soon": _("将到建议时间"), "due": _("应归"), "later": _("未到时"),
}  # fmt: skip
STANDING_MARKS: Mapping[str, str] = {
    "na": "na", "back": "back", "filed": "filed", "pencil": "pencil", "draft": "part", "passed": "warn",
    "soon": "soon", "due": "owed", "later": "none",
}  # fmt: skip
OWED: Words = {
    "must": _("必须归档"), "optional": _("选择归档"), "own": _("只由形成单位保存"), "unsure": _("归档要求待馆里确认"),
}  # fmt: skip
CARRIERS: Words = {
    "text": _("文字"), "drawing": _("图纸"), "photo": _("照片"), "av": _("声像"), "model": _("模型"),
}  # fmt: skip
ORIGINS: Words = {
    "born_digital": _("电子文件（原生）"), "scan": _("扫描件"), "paper_only": _("只有纸质"),
}  # fmt: skip
RETENTIONS: Words = {"permanent": _("永久"), "long": _("长期"), "short": _("短期")}
LEVELS: Mapping[int, Promise] = {0: _("公开"), 1: _("内部"), 2: _("秘密"), 3: _("机密"), 4: _("绝密")}
MANUSCRIPTS: Words = {
    "original": _("正本"), "duplicate": _("副本"), "final": _("定稿"), "draft": _("草稿"), "copy": _("复制本"),
}  # fmt: skip
COPY_KINDS: Words = {"original": _("原件"), "copy": _("复印件")}
FIELDS: Words = {
    "title": _("题名"), "document_no": _("文（图）号"), "responsible": _("责任者"), "formed_on": _("形成日期"),
    "formed_until": _("形成日期（止）"), "manuscript": _("文本"), "copy_kind": _("原件／复印件"), "origin": _("来源"),
    "has_paper": _("纸质原件一并移交"), "legal_force": _("具有法律效力"), "carrier": _("载体"), "paper_size": _("规格"),
    "specialty": _("专业"), "pages": _("页数"), "level": _("密级"), "secrecy_term": _("保密期限"),
    "retention": _("保管期限"), "keywords": _("主题词"), "notes": _("附注"),
}  # fmt: skip
BASES: Words = {
    "name": _("取自文件名"), "facts": _("取自文件检测"), "scope": _("取自归档范围"), "uploader": _("上传单位"),
    "package": _("取自移交包"), "project": _("随项目"), "usual": _("通常如此"),
}  # fmt: skip
PART_OF_RECORD: Words = {"original": _("原件"), "rendition": _("可读版"), "native": _("原生文件")}
DOUBTS: Words = {"knowledge": _("凭记忆"), "knowledge-low": _("凭记忆，把握低"), "unsure": _("符号不详")}
MARKS: Mapping[str, str] = {"must": "▲", "optional": "△", "none": "—", "unsure": "？", "": "　"}
MARK_WORDS: Words = {
    "must": _("必须"), "optional": _("选择"), "none": _("不归"), "unsure": _("不详，待馆里确认"), "": _("不适用"),
}  # fmt: skip

REASONS: Words = {
    "filing.records_under_way": _("有 %(count)s 件文件已交付、送审或验收，不能随工程转到另一项目。"),
    "filing.volumes_numbered": _("有 %(count)s 卷已编档号，不能随工程转到另一项目。"),
    "filing.wrong_state": _("“%(title)s”现在是%(state)s，不能进入%(wanted)s。"),
    "filing.no_such_record": _("有一件文件已不在。"),
    "filing.list_not_for_kind": _("“%(title)s”不适用于%(kind)s。"),
    "filing.list_for_reference_only": _("“%(title)s”只供查考，不能采用。"),
    "filing.reason_missing": _("请写明理由。"),
    "filing.already_answered": _("“%(title)s”已有文件，不能改为不涉及。"),
    "filing.already_excused": _("“%(title)s”已标为不涉及。"),
    "filing.owed_by_another": _("“%(title)s”由其他单位形成，请由该单位或建设单位办理。"),
    "filing.not_excused": _("“%(title)s”没有标为不涉及。"),
    "filing.other_project": _("“%(file)s”不在这个项目里。"),
    "filing.file_assigned": _("“%(file)s”已经归入一件文件。"),
    "filing.file_withdrawn": _("“%(file)s”已撤回。"),
    "filing.obligation_excused": _("“%(title)s”标为不涉及；要归入，请先撤销不涉及。"),
    "filing.paper_record_without_paper": _("%(title)s：只有纸质的文件，须注明纸质原件一并移交。"),
    "filing.no_file": _("%(title)s：没有电子文件。"),
    "filing.scan_needs_paper": _("%(title)s：扫描件须与纸质原件一并移交（双套制）。"),
    "filing.as_built_needs_paper": _("%(title)s：竣工图不能只交电子版，须有纸质图。"),
    "filing.city_wants_two_sets": _("%(title)s：本地要求全部文件纸质、电子双套移交。"),
    "filing.no_e_seal": _("%(title)s：文件里没有可认的电子印章或签名；没有纸质原件时必须有。"),
    "filing.legal_force_unconfirmed": _("%(title)s：没有纸质原件时，须由形成单位确认电子文件具有法律效力。"),
    "filing.native_needs_rendition": _("%(title)s：只有原生文件，请补一份可直接阅读的版本（PDF 或 OFD）。"),
    "filing.not_checked_yet": _("%(title)s：“%(file)s”还没有检测完，稍候再归档。"),
    "filing.check_could_not_run": _("%(title)s：“%(file)s”的检测没能进行。"),
    "filing.finding_blocks": _("%(title)s：“%(file)s”检测不通过（%(codes)s）。"),
    "filing.field_missing": _("%(title)s：缺%(field)s。"),
    "filing.already_filed": _("%(title)s：已经归档，现在是%(state)s。"),
    "filing.not_cured_yet": _("%(title)s：退回后还没有改；请替换文件，或说明怎样改好的。"),
    "filing.not_to_take_back": _("“%(title)s”已经交出，不能撤回（现在是%(state)s）。"),
    "filing.not_changeable": _("“%(title)s”现在是%(state)s，不能改动。"),
    "filing.not_returned": _("这件文件没有被退回。"),
    "filing.title_too_long": _("题名不能超过 %(most)s 字。"),
    "filing.formed_in_future": _("形成日期 %(day)s 在今天之后。"),
    "filing.formed_until_before": _("形成日期止于 %(until)s，早于开始的 %(from)s。"),
    "filing.pages_below_one": _("页数至少为 1。"),
    "filing.level_above_reach": _("密级“%(level)s”超出您在本网络可处理的范围。"),
    "filing.level_below_floor": _("密级不能低于项目的“%(level)s”。"),
    "filing.value_unknown": _("%(field)s里没有“%(value)s”。"),
    "filing.class_unknown": _("分类大纲里没有“%(code)s”。"),
    "filing.code_too_long": _("档号模板 %(template)s 的位数不够，请先加宽模板。"),
    "filing.nothing_to_arrange": _("没有待编号的已验收文件。"),
    "filing.volume_preserved": _("案卷 %(code)s 已入库保存，不能拆开。"),
    "filing.volume_counted": _("案卷 %(code)s 已列入移交清点，不能拆开。"),
    "filing.volume_numbered": _("案卷 %(code)s 已编档号，顺序不能再动。"),
    "filing.volume_changed_meanwhile": _("%(who)s 刚改过这一卷的顺序，请看过再动。"),
    "filing.nothing_chosen": _("还没有选任何一项。"),
    "filing.changed_meanwhile": _("%(who)s 在 %(when)s 改过这件文件：%(differences)s。您填的还没有保存。"),
}

WHY: Words = {
    "dropped": _("您把它拖到了这一行"),
    "package": _("移交包里写明了这一项"),
    "code": _("名称里写着代码 %(code)s"),
    "synonym": _("“%(said)s”通常指“%(title)s”"),
    "title": _("题名相符"),
    "words": _("词语相符：%(words)s"),
    "pairs": _("字面相近"),
    "unit_named": _("文件夹或文件名指明“%(unit)s”"),
    "unit_unknown": _("看不出是哪个单位工程（%(units)s 个都有这一项）"),
}


def sentence(reason: Reason) -> str:
    """Write one reason in the reader's language, codes inside it included."""
    text = REASONS.get(reason.code)
    if text is None:
        return reason.code
    if "title" not in reason.data:
        # On the record's own page the title need not be said again.
        return (str(text).removeprefix("%(title)s：").removeprefix("%(title)s: ")) % _readable(reason.data)
    return str(text) % _readable(reason.data)


def _readable(data: Mapping[str, Any]) -> dict[str, Any]:
    """Put words in the place of stored codes."""
    readable: dict[str, Any] = {}
    for key, value in data.items():
        if key in {"state", "wanted"}:
            value = STATES.get(value, value)
        elif key == "field":
            value = FIELDS.get(value, value)
        elif key == "kind":
            value = KINDS.get(value, value)
        elif key == "level" and isinstance(value, int):
            value = LEVELS.get(value, value)
        elif key == "differences":
            value = "；".join(f"{FIELDS.get(name, name)} {old or '—'} → {new or '—'}" for name, old, new in value)
        elif isinstance(value, list | tuple):
            value = "、".join(str(v) for v in value)
        elif hasattr(value, "year"):
            value = write_date(value)
        readable[key] = value
    return readable


def why(code: str, data: Mapping[str, Any]) -> str:
    """Write why the system guesses what it guesses."""
    text = WHY.get(code)
    return str(text) % _readable(data) if text else code


def why_all(reasons: Any) -> str:
    """All reasons of a guess in one line."""
    return "；".join(why(code, data) for code, data in reasons)
