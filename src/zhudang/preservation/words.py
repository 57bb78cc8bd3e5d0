"""The sentences people read of preservation, by code."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from zhudang.preservation.domain.states import CopyState, Health, IngestState
from zhudang.shared.refusals import Reason

REASONS = {
    "preservation.not_stopped": _("这次入库没有停下，不必继续"),
    "preservation.disk_full": _(
        "存储地 %(place)s 空间已满。已读回核对的案卷不受影响；腾出空间后会自动继续，也可点“继续入库”"
    ),
    "preservation.unreachable": _("存储地 %(place)s 找不到（磁盘未挂载或路径有误）。恢复后会自动继续"),
    "preservation.source_changed": _("文件 %(path)s 的内容与收到时的摘要不符，未入库。请系统管理员检查工作存储"),
    "preservation.copy_differs": _("写到 %(place)s 的副本读回不一致，未入库。请检查该磁盘"),
    "preservation.too_large": _("对象 %(object)s 超过每个对象 2000 个文件或 100 个版本的上限，请拆分案卷"),
    "preservation.bytes_missing": _("工作存储里找不到应有的文件，未入库：%(path)s"),
    "preservation.no_sound_copy": _("对象 %(object)s 在各存储地的副本都已损坏，没有覆盖任何一份，请先人工处理"),
    "preservation.cancelled": _("有人取消了入库；已读回核对的案卷照常保存"),
    "preservation.no_such_site": _("没有代号为 %(site)s 的存储地"),
    "preservation.site_is_there": _("%(place)s 的保存库还在，不必重新开始"),
    "preservation.no_new_disk": _("%(place)s 不存在；请先把新盘挂到那里"),
    "preservation.disk_not_empty": _("%(place)s 里有东西，没有动它；换上的盘须是空的"),
    "preservation.not_empty": _("数据库不是空的（已有 %(projects)s 个项目），没有动它"),
    "preservation.nothing_to_rebuild": _("%(place)s 的保存库里没有项目目录，无从重建"),
    "preservation.catalogue_damaged": _("对象 %(object)s 的 %(path)s 与摘要不符；请换一个存储地重建"),
    "preservation.copy_lacks_file": _("这份副本里没有这个文件的内容，或读不出来（SHA-256 %(sha256)s）；请换一份副本"),
    "preservation.copy_file_damaged": _(
        "这份副本里的内容与登记的摘要不符，已损坏，不予显示（登记 SHA-256 %(sha256)s，实为 %(found)s）；请换一份副本"
    ),
    "preservation.target_not_empty": _("%(path)s 不是空文件夹；备份要写到新的或空的文件夹"),
    "preservation.no_manifest": _("%(path)s 里没有 manifest.json：不是备份，或备份没有做完"),
    "preservation.unknown_backup": _("备份格式 %(format)s 不认识"),
    "preservation.backup_file_missing": _("备份里缺文件 %(path)s"),
    "preservation.backup_file_changed": _("备份里的文件 %(path)s 与清单摘要不符"),
    "preservation.tool_failed": _("%(tool)s 没有成功：%(words)s"),
    "preservation.no_tool": _("找不到程序 %(tool)s"),
    "preservation.failed": _("入库出错（%(problem)s）；已读回核对的案卷照常保存，系统会重试"),
}

MESSAGES = {
    "preservation.copy.damaged": _("“%(title)s”在%(site)s的副本有损坏"),
    "preservation.copy.missing": _("“%(title)s”在%(site)s的副本不见了"),
}
"""What messages say, by kind (see `events.words`)."""
WORKS = {
    "preservation.ingest": _("移交案卷入库"),
    "preservation.read": _("核验副本"),
}
COPY_STATES = {
    CopyState.WRITTEN: _("未核验"),
    CopyState.VERIFIED: _("已核验"),
    CopyState.DAMAGED: _("损坏"),
    CopyState.MISSING: _("缺失"),
}
COPY_MARKS = {
    CopyState.WRITTEN: "unchecked",
    CopyState.VERIFIED: "ok",
    CopyState.DAMAGED: "fail",
    CopyState.MISSING: "fail",
}
"""The state marks (shape and colour) of `zd.state`."""

HEALTH = {
    Health.SOUND: _("完好"),
    Health.DUE: _("该核验了"),
    Health.UNREAD: _("未核验"),
    Health.LACKING: _("缺副本"),
    Health.DAMAGED: _("损坏"),
}
HEALTH_MARKS = {
    Health.SOUND: "ok",
    Health.DUE: "soon",
    Health.UNREAD: "unchecked",
    Health.LACKING: "fail",
    Health.DAMAGED: "fail",
}
INGEST_STATES = {
    IngestState.ASKED: _("等待入库"),
    IngestState.RUNNING: _("入库中"),
    IngestState.STOPPED: _("已停下"),
    IngestState.DONE: _("已入库"),
}
DAMAGES = {
    "STO-001": _("文件缺失"),
    "STO-002": _("内容改变"),
    "STO-003": _("多出的文件"),
    "STO-004": _("清单不可信"),
    "STO-005": _("不是存储对象"),
    "STO-006": _("介质读不出"),
}
OUTCOMES = {
    "verified": _("完好"),
    "damaged": _("损坏"),
    "missing": _("缺失"),
    "repaired": _("已修复"),
    "unreachable": _("读不到存储地"),
    "unknown": _("目录里没有的对象"),
    "ahead": _("完好，但比目录新（数据库是从较早的备份恢复的，或写它的作业被打断）"),
}
SIDES = {"ledger": _("总登记簿"), "catalogue": _("目录"), "site": _("存储地")}
DIFFERENCES = {
    "lacking": _("登记簿有，这里没有"),
    "not_in_ledger": _("这里有，登记簿没有"),
    "counts": _("件数或字节数不同"),
}


def sentence(reason: Reason) -> str:
    """Write one reason in the reader's language."""
    text = str(REASONS.get(reason.code, reason.code))
    return text % dict(reason.data) if "%(" in text else text


def span(days: float) -> str:
    """How long reading a place takes, as people say it."""
    hours = days * 24
    if hours < 1:
        return str(_("不到一小时"))
    if hours < 48:
        whole = round(hours)
        return ngettext("%(n)s 小时", "%(n)s 小时", whole) % {"n": whole}
    whole = round(days)
    return ngettext("%(n)s 天", "%(n)s 天", whole) % {"n": whole}
