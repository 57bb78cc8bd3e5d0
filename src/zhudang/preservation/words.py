"""The sentences people read of preservation, by code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from zhudang.preservation import policy_words
from zhudang.preservation.disposal import words as disposal_words
from zhudang.preservation.domain.disposal import CaseState
from zhudang.preservation.domain.format_policy import Action, Risk
from zhudang.preservation.domain.states import CopyState, Health, IngestState
from zhudang.preservation.formats.paths import CELLS, CHARACTERS, PIXELS
from zhudang.shared.refusals import Reason
from zhudang.shared.web.wording import speaks_english, write_date

REASONS = (
    {
        "preservation.not_stopped": _("这次入库没有停下，不必继续"),
        "preservation.disk_full": _(
            "存储地 %(place)s 空间已满。已读回核对的案卷不受影响；腾出空间后会自动继续，也可点“继续入库”"
        ),
        "preservation.unreachable": _("存储地 %(place)s 找不到（磁盘未挂载或路径有误）。恢复后会自动继续"),
        "preservation.read_only": _(
            "存储地 %(place)s 只能读，写不进去（%(path)s）：请检查盘上的写保护开关和挂载方式，改为可写后再来一次；已写好的副本不受影响"
        ),
        "preservation.no_right": _(
            "运行本程序的系统帐号没有权限读写 %(place)s 的 %(path)s：请以这份副本的所有者运行，或请系统管理员给权限"
        ),
        "preservation.file_too_large_there": _(
            "存储地 %(place)s 的文件系统装不下这么大的一个文件（FAT32 每个文件不到 4 GB）：%(path)s。没有写它，其他的照常；"
            "请换一块格式化为 exFAT、NTFS、ext4 或 XFS 的盘"
        ),
        "preservation.name_refused_there": _(
            "存储地 %(place)s 的文件系统不接受这个名字或操作：%(path)s。请换一块格式化为 exFAT、NTFS、ext4 或 XFS 的盘"
        ),
        "preservation.medium_fails": _(
            "存储地 %(place)s 的介质读写出错（%(path)s）：请重新接好；还是这样，就换一块盘，旧盘先不要再写"
        ),
        "preservation.another_site_there": _(
            "存储地 %(place)s（代号 %(site)s）的位置上是代号 %(found)s 的存储地的文件夹（%(path)s/SITE.txt 这样写），没有读写它。"
            "放错了位置的，换回去就好；确实换了盘，运行 zhudang verify --new-disk %(site)s"
        ),
        "preservation.disk_of_another_site": _(
            "%(place)s 是代号 %(found)s 的存储地的文件夹，而 %(found)s 不在自己的位置上：像是放错了，没有动它。请换回去；"
            "确要这样安排，请在 ZHUDANG_SITES 里改路径，或先去掉 %(found)s"
        ),
        "preservation.copy_carried": _("%(path)s 里的副本原属代号 %(found)s 的存储地；从现在起它属于 %(site)s"),
        "preservation.copy_carried_stays": _(
            "%(path)s 里的副本属于代号 %(found)s 的存储地，不属于 %(site)s：已按它重建，副本记在 %(found)s 名下；请把文件夹放到 %(found)s 的位置上"
        ),
        "preservation.source_changed": _("文件 %(path)s 的内容与收到时的摘要不符，未入库。请系统管理员检查工作存储"),
        "preservation.copy_differs": _("写到 %(place)s 的副本读回不一致，未入库。请检查该磁盘"),
        "preservation.too_large": _("对象 %(object)s 超过每个对象 2000 个文件或 100 个版本的上限，请拆分案卷"),
        "preservation.bytes_missing": _("工作存储里找不到应有的文件，未入库：%(path)s"),
        "preservation.no_sound_copy": _("对象 %(object)s 在各存储地的副本都已损坏，没有覆盖任何一份，请先人工处理"),
        "preservation.cancelled": _("有人取消了入库；已读回核对的案卷照常保存"),
        "preservation.no_such_site": _("没有代号为 %(site)s 的存储地"),
        "preservation.site_is_there": _(
            "%(place)s 的保存库还在，不必重新开始；没有写满的，用 zhudang verify --repair 接着写"
        ),
        "preservation.no_new_disk": _("%(place)s 不存在；请先把新盘挂到那里"),
        "preservation.disk_not_empty": _("%(place)s 里有东西，没有动它；换上的盘须是空的"),
        "preservation.not_empty": _("数据库不是空的（已有 %(projects)s 个项目），没有动它"),
        "preservation.nothing_to_rebuild": _("%(place)s 的保存库里没有项目目录，无从重建"),
        "preservation.catalogue_damaged": _("对象 %(object)s 的 %(path)s 与摘要不符；请换一个存储地重建"),
        "preservation.catalogue_unfit": _(
            "对象 %(object)s 的目录与摘要相符，但与本版本的登记表对不上（不是本系统写的，或来自更新的版本），没有用它；请换一个存储地"
        ),
        "preservation.copy_lacks_file": _(
            "这份副本里没有这个文件的内容，或读不出来（SHA-256 %(sha256)s）；请换一份副本"
        ),
        "preservation.copy_file_damaged": _(
            "这份副本里的内容与登记的摘要不符，已损坏，不予显示（登记 SHA-256 %(sha256)s，实为 %(found)s）；请换一份副本"
        ),
        "preservation.target_not_empty": _("%(path)s 不是空文件夹；备份要写到新的或空的文件夹"),
        "preservation.no_manifest": _("%(path)s 里没有 manifest.json：不是备份，或备份没有做完"),
        "preservation.restore_under_way": _("这里正在恢复备份，等它结束；中断了的会接着做"),
        "preservation.unknown_backup": _("备份格式 %(format)s 不认识"),
        "preservation.backup_file_missing": _("备份里缺文件 %(path)s"),
        "preservation.backup_file_changed": _("备份里的文件 %(path)s 与清单摘要不符"),
        "preservation.backup_no_key": _(
            "备份 %(path)s 已加密，这里的密钥打不开（%(file)s）：请凭份额运行 zhudang keys recover --source %(path)s"
        ),
        "preservation.tool_failed": _("%(tool)s 没有成功：%(words)s"),
        "preservation.no_tool": _("找不到程序 %(tool)s"),
        "preservation.no_place_for_package": _("%(path)s 已经存在，或它所在的文件夹不存在；请给一个新的名字"),
        "preservation.no_such_project": _("没有项目代码为 %(code)s 的项目"),
        "preservation.no_such_volume": _("该项目没有档号为 %(code)s 的已入库案卷"),
        "preservation.nothing_preserved": _("项目 %(code)s 还没有已入库的案卷"),
        "preservation.above_level": _(
            "案卷 %(code)s《%(title)s》密级为 %(level)s 级，高于允许的密级；确实要给出，请用 --level 写明"
        ),
        "preservation.no_verified_copy": _("案卷 %(code)s《%(title)s》没有已核验的副本，请先运行 zhudang verify"),
        "preservation.too_large_for_eep": _(
            "《%(title)s》的文件超过 %(most)s MB，EEP 装不下；请改用 --as dat93 或 --as bagit"
        ),
        "preservation.keys_numbers": _(
            "要 %(needed)s 份、共 %(shares)s 份不行：至少要 2 份，总份数须多于所需份数（容许丢一份），最多 %(most)s 份"
        ),
        "preservation.keys_holders": _("每份要有各自的保管人，名称不能空也不能相同"),
        "preservation.keys_unconfirmed": _("第 %(shares)s 份还没有由保管人输入核对，仪式不作数"),
        "preservation.keys_not_typed_back": _("第 %(share)s 份（%(holder)s）三次输入都不符，仪式作废，什么也没有改变"),
        "preservation.keys_password_first": _("请先在网页上更改一次性口令"),
        "preservation.keys_none": _("还没有密钥：先办恢复密钥仪式（zhudang keys ceremony）"),
        "preservation.keys_first": _(
            "“%(class)s”类须加密保存，而还没有密钥：请安全管理员先办恢复密钥仪式，办好后会自动继续"
        ),
        "preservation.keys_sm_shares": _(
            "国密套件要用恢复密钥的 SM2 公钥，而上次仪式时还没有它：请保管人凭份额运行一次 zhudang keys recover --trial，再继续入库"
        ),
        "preservation.keys_lost": _(
            "工作密钥不在本机，已加密的内容打不开、也不会改存明文：请凭份额运行 zhudang keys recover"
        ),
        "preservation.keys_register_changed": _(
            "本机 var/keys 里的 keys.json 不是本系统写下的，有人动过或已损坏，没有用它：请运行 zhudang verify --repair 从存储地恢复，并查明原因"
        ),
        "preservation.keys_no_register": _("%(path)s 里没有密钥登记册（keys.json），不能从那里恢复"),
        "preservation.keys_not_lost": _("工作密钥没有丢失；要换新的请用 zhudang keys rotate，要试份额请加 --trial"),
        "preservation.key_no_key": _("密钥文件 %(file)s 不是用这把密钥包裹的，打不开"),
        "preservation.key_damaged": _("密钥文件 %(file)s 缺失或损坏"),
        "preservation.sealed_no_key": _("对象 %(object)s 已加密，这里没有能打开它的密钥"),
        "preservation.sealed_damaged": _("对象 %(object)s 的密文损坏，打不开；请换一个存储地"),
        "preservation.share_words": _("第 %(share)s 个输入里，第 %(words)s 个词不在词表中"),
        "preservation.share_checksum": _(
            "第 %(share)s 个输入（%(count)s 个词）不是一份完整无误的份额：有词抄错、漏抄或次序颠倒"
        ),
        "preservation.share_of_another_set": _("第 %(share)s 个输入与第 %(first)s 个不是同一次仪式的份额"),
        "preservation.share_twice": _("第 %(share)s 个输入与第 %(first)s 个是同一份"),
        "preservation.shares_too_few": _("只有 %(given)s 份有效份额，需要 %(needed)s 份"),
        "preservation.shares_none": _("没有一份有效的份额"),
        "preservation.registers_disagree": _(
            "各存储地的 keys.json 对同一密钥类写着不同的密钥，有人动过：请先查明 %(places)s"
        ),
        "preservation.shares_of_another_key": _("这些份额给出的不是本馆现用的恢复密钥：可能是以前仪式的份额"),
        "preservation.not_shown": _(
            "《%(name)s》在各存储地和工作存储里都没有与登记摘要相符的内容，不予显示；已按损坏报警并安排核验修复"
        ),
        "preservation.no_room_to_show": _("磁盘空间不够，打不开这个文件（%(size)s 字节）；请系统管理员腾出空间"),
        "preservation.tool_absent": _("本机没有 %(tool)s，这条转换做不了；请系统管理员安装"),
        "preservation.migration_under_way": _(
            "%(name)s 的转换（%(format)s）还没有结束，一次只做一项；等它结束或先取消它"
        ),
        "preservation.tool_changed": _(
            "%(tool)s 已不是批准时的版本（%(version)s），没有继续；请重新预览再批准，已转换的不受影响"
        ),
        "preservation.migration_broke": _("转换出错（%(problem)s），已停下；已转换并核对的照常保存，可重新批准"),
        "preservation.review_unknown": _("还有 %(count)s 种格式没有评估过，请在评审意见里写明准备怎么办"),
        "preservation.not_kept": _("转换成功，但没能写入各存储地：%(problem)s"),
        "preservation.migration_already": _("已经是 UTF-8（%(encoding)s），不需要转换"),
        "preservation.migration_encoding_unknown": _("认不出文字编码，没有转换"),
        "preservation.migration_unreadable": _("工具读不出这个文件：%(problem)s"),
        "preservation.migration_differs": _("转换结果与原文件不一致（%(what)s），没有保存"),
        "preservation.migration_frames": _("里面有 %(frames)s 帧，一张 TIFF 装不下，没有转换"),
        "preservation.migration_transparent_palette": _("调色板里有透明色，TIFF 表示不了，没有转换"),
        "preservation.migration_too_many_sheets": _("有 %(sheets)s 张表，超过 %(most)s 张，没有转换"),
        "preservation.migration_too_many_cells": _("单元格超过 %(most)s 个，没有转换"),
        "preservation.migration_formula_without_value": _(
            "表“%(sheet)s”的 %(cell)s 只有公式、没有存下的值，没有转换；请用制作它的软件打开重存后补交"
        ),
        "preservation.migration_no_values": _("里面没有任何值，没有转换"),
        "preservation.migration_result_unknown": _("转换结果认不出是应有的格式（%(found)s），没有保存"),
        "preservation.migration_too_slow": _("超过 %(seconds)s 秒还没有转换完，已放弃"),
        "preservation.migration_memory": _("内存不够，没有转换"),
        "preservation.migration_child_lost": _("转换进程中断（%(code)s），没有转换"),
        "preservation.failed": _("入库出错（%(problem)s）；已读回核对的案卷照常保存，系统会重试"),
    }
    | policy_words.REASONS
    | disposal_words.REASONS
)

MESSAGES = {
    "preservation.copy.damaged": _("“%(title)s”在%(site)s的副本有损坏"),
    "preservation.copy.missing": _("“%(title)s”在%(site)s的副本不见了"),
    "preservation.store.damaged": _(
        "%(site)s：保存库自身的文件或密钥文件有 %(count)s 个缺失或被改动（%(files)s），请看历次核验并查明原因"
    ),
    "preservation.register.changed_unlogged": _(
        "“%(title)s”的目录有 %(rows)s 行变了，日志里没有相应的操作：请查是谁改的"
    ),
    "preservation.log.differs": _(
        "日志本身，或它所记的馆藏与销毁，有 %(count)s 处与数据库不符：有人绕过系统改过，请查（zhudang audit verify、zhudang verify）"
    ),
    "preservation.object.settled": _("目录所记“%(title)s”的存储状态与日志不符，已按日志改回：请查是谁改的"),
    "preservation.site.retention_ends": _(
        "%(place)s里的保留期最早于 %(until)s 结束，有 %(files)s 个文件没能延长，或没有看完（%(problem)s）：请查桶的规则"
    ),
    "preservation.site.witness_retention_ends": _(
        "%(place)s里日志见证的保留期最早于 %(until)s 结束，有 %(files)s 个文件没能延长，或没有看完（%(problem)s）：请查桶的规则"
    ),
    "preservation.working_store.damaged": _("工作存储里“%(title)s”的内容与收到时的摘要不符"),
    "preservation.formats.review_due": _("馆藏格式该评审了，请查看格式登记"),
    "preservation.custody.offered": _("%(name)s要把%(site)s交给您，请查看后签收"),
} | disposal_words.MESSAGES
"""What messages say, by kind (see `events.words`)."""
WORKS = {
    "preservation.ingest": _("移交案卷入库"),
    "preservation.read": _("核验副本"),
    "preservation.catch_up": _("补写并核验存储地"),
    "preservation.migrate": _("转换馆藏格式"),
    "preservation.dispose": _("销毁案卷"),
    "preservation.books": _("账物目核对"),
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
    Health.WAITING: _("待补写"),
    Health.DUE: _("该核验了"),
    Health.UNREAD: _("未核验"),
    Health.LACKING: _("缺副本"),
    Health.DAMAGED: _("损坏"),
}
HEALTH_MARKS = {
    Health.SOUND: "ok",
    Health.WAITING: "soon",
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
    "STO-007": _("目录与日志不符"),
    "STO-008": _("没有空间，没有修复"),
    "STO-009": _("位置上是别的存储地"),
    "STO-010": _("写不进去，没有修复"),
}
OUTCOMES = {
    "verified": _("完好"),
    "damaged": _("损坏"),
    "missing": _("缺失"),
    "repaired": _("已修复"),
    "unreachable": _("读不到存储地"),
    "unknown": _("目录里没有的对象"),
    "forged": _("与日志不符"),
    "returned": _("销毁后又出现的内容"),
    "owed": _("别处已销毁，这里逾期没有清除"),
    "ahead": _("完好，但比目录新（数据库是从较早的备份恢复的，或写它的作业被打断）"),
}
KEYS_HERE = _("本机的密钥文件")
KEY_PLACES = {
    "current": _("密钥文件齐全"),
    "stale": _("密钥文件是旧的"),
    "changed": _("密钥文件被改动或已损坏"),
    "missing": _("缺密钥文件"),
    "lacking": _("没有密钥文件"),
    "unreachable": _("读不到存储地"),
    "apart": _("离线，现在看不到"),
    "apart_stale": _("离线，上次调回以后密钥换过，调回时更新"),
    "apart_lacking": _("离线，还没有调回过，调回时写入"),
}
KEY_SUITES = {"age": _("age（X25519、ChaCha20）"), "sm": _("国密（SM2、SM4）")}
KEY_ACTS = {
    "ceremony": _("恢复密钥仪式"),
    "rotation": _("更换工作密钥"),
    "recovery": _("凭份额恢复"),
    "trial": _("试用份额"),
}
RISKS = {Risk.LOW: _("低"), Risk.WATCH: _("关注"), Risk.HIGH: _("高"), Risk.UNKNOWN: _("未知")}
RISK_MARKS = {Risk.LOW: "ok", Risk.WATCH: "soon", Risk.HIGH: "fail", Risk.UNKNOWN: "unchecked"}
ACTIONS = {
    Action.KEEP: _("原样保存"),
    Action.RENDITION: _("保存，并转一份 %(target)s"),
    Action.MIGRATE: _("保存原件，迁移到 %(target)s"),
    Action.ASK: _("保存，请归档单位补交可读版本"),
    Action.REFUSE: _("不再接收新的"),
    Action.REVIEW: _("先评估：查明用什么软件能打开、标准是否公开，把结论和依据写进格式策略文件"),
}
DOUBTS = {
    "knowledge": _("凭已有知识，没有对照原文"),
    "knowledge-low": _("凭已有知识，把握不大"),
    "ours": _("本系统的看法"),
}
CHECKS = {PIXELS: _("逐像素比对"), CHARACTERS: _("逐字比对，并能还原成原来的字节"), CELLS: _("逐单元格比对值")}
LOSSES = {
    "size": _("尺寸或颜色模式"),
    "pixels": _("像素"),
    "profile": _("颜色特性文件"),
    "resolution": _("分辨率"),
    "characters": _("文字"),
    "rows": _("行数"),
    "cells": _("单元格的值"),
}
"""What a loss check found to differ."""
MIGRATION_STATES = {
    "asked": _("等待"),
    "running": _("转换中"),
    "done": _("已完成"),
    "cancelled": _("已取消"),
    "stopped": _("已停下"),
}
MIGRATION_MARKS = {"asked": "owed", "running": "part", "done": "ok", "cancelled": "na", "stopped": "warn"}
SIDES = {"ledger": _("总登记簿"), "catalogue": _("目录"), "site": _("存储地")}
DIFFERENCES = {
    "lacking": _("登记簿有，这里没有"),
    "not_in_ledger": _("这里有，登记簿没有"),
    "counts": _("件数或字节数不同"),
}


def sentence(reason: Reason) -> str:
    """Write one reason in the reader's language."""
    if reason.code in disposal_words.AGAINST_A_VOLUME:
        return _of_volume(reason.data, [said_of(reason)])
    return said_of(reason)


def sentences(reasons: Iterable[Reason]) -> list[str]:
    """Write the reasons of a no, all that stands against one volume in one line, which names it once."""
    told: dict[Any, list[Reason]] = {}
    for number, reason in enumerate(reasons):
        against = reason.code in disposal_words.AGAINST_A_VOLUME
        told.setdefault((reason.data["code"], reason.data["title"]) if against else number, []).append(reason)
    return [
        _of_volume(some[0].data, map(said_of, some)) if isinstance(key, tuple) else said_of(some[0])
        for key, some in told.items()
    ]


def _of_volume(volume: Mapping[str, Any], said: Iterable[str]) -> str:
    named = {"code": volume["code"], "title": volume["title"], "said": str(_("；")).join(said)}
    return (str(disposal_words.NAMED) % named).strip()


def said_of(reason: Reason) -> str:
    """Write one reason where the volume it stands against is named already."""
    if composed := policy_words.COMPOSED.get(reason.code):
        return composed(reason)
    text = str(REASONS.get(reason.code, reason.code))
    if reason.code == "preservation.disposal_stands":
        return text % {"state": disposal_words.STATES[CaseState(reason.data["state"])]}
    data = {name: _written(value) for name, value in reason.data.items()}
    if reason.code == "preservation.disposal_never_ends":
        data["period"] = disposal_words.retention(str(data["period"]))
    if reason.code == "preservation.disposal_not_as_told":
        data["what"] = disposal_words.differing(list(data["what"]))
    if reason.code == "preservation.migration_differs":
        data["what"] = LOSSES.get(str(data["what"]), data["what"])
    return text % data if "%(" in text else text


def _written(value: Any) -> Any:
    if isinstance(value, date):
        return write_date(value)
    return str(_("、")).join(value) if isinstance(value, tuple) else value


def own_half(text: str) -> str:
    """Of a source or doubt written as «Chinese / English» the half in the reader's language."""
    chinese, _slash, english = text.partition(" / ")
    return english or chinese if speaks_english() else chinese


_HOW_SURE = re.compile(r"(knowledge-low|knowledge|ours)\b[；;:,：]?\s*")


def doubt(text: str) -> str:
    """What is doubtful about a value of a data file, in the reader's language; how sure we are is a word there."""
    chinese, _slash, english = text.partition(" / ")
    sure = _HOW_SURE.match(chinese) or _HOW_SURE.match(english)
    half = own_half(text)
    rest = half[found.end() :] if (found := _HOW_SURE.match(half)) else half
    if not sure:
        return rest
    told = str(DOUBTS[sure[1]])
    return str(_("%(sure)s；%(rest)s")) % {"sure": told, "rest": rest} if rest else told


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
