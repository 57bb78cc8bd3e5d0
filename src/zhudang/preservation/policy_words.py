"""The sentences people read of places, copies, the policy of copies, plans, custody and copies on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhudang.preservation.bucket.client import COMPLIANCE
from zhudang.preservation.bucket.proving import ALLOWED, Proof
from zhudang.preservation.domain.placing import Shown
from zhudang.preservation.domain.site_facts import Kind, Medium, SiteFacts
from zhudang.preservation.domain.states import Condition
from zhudang.preservation.retention import WITNESS, Standing
from zhudang.shared.refusals import Reason
from zhudang.shared.web.wording import write_date, write_datetime

KINDS = {Kind.FOLDER: _("本地文件夹"), Kind.REMOVABLE: _("离线盘、带"), Kind.S3: _("对象存储（S3）")}
MEDIA = {
    Medium.HARD_DISK: _("硬盘"),
    Medium.SOLID_STATE: _("固态盘"),
    Medium.TAPE: _("磁带"),
    Medium.OPTICAL: _("光盘"),
    Medium.PAPER: _("纸质"),
    Medium.MICROFILM: _("缩微胶片"),
}
FACTS = {
    "place": _("地点"),
    "province": _("省级区划"),
    "latitude": _("纬度"),
    "longitude": _("经度"),
    "seismic_zone": _("地震带"),
    "peak_acceleration_g": _("地震动峰值加速度"),
    "river_basin": _("流域"),
    "power_grid": _("电网"),
    "medium": _("介质"),
    "operator": _("运维方"),
    "worm": _("是否一次写入"),
    "label": _("标签"),
    "source": _("依据"),
}
PROVINCES = {
    "11": _("北京市"),
    "12": _("天津市"),
    "13": _("河北省"),
    "14": _("山西省"),
    "15": _("内蒙古自治区"),
    "21": _("辽宁省"),
    "22": _("吉林省"),
    "23": _("黑龙江省"),
    "31": _("上海市"),
    "32": _("江苏省"),
    "33": _("浙江省"),
    "34": _("安徽省"),
    "35": _("福建省"),
    "36": _("江西省"),
    "37": _("山东省"),
    "41": _("河南省"),
    "42": _("湖北省"),
    "43": _("湖南省"),
    "44": _("广东省"),
    "45": _("广西壮族自治区"),
    "46": _("海南省"),
    "50": _("重庆市"),
    "51": _("四川省"),
    "52": _("贵州省"),
    "53": _("云南省"),
    "54": _("西藏自治区"),
    "61": _("陕西省"),
    "62": _("甘肃省"),
    "63": _("青海省"),
    "64": _("宁夏回族自治区"),
    "65": _("新疆维吾尔自治区"),
    "71": _("台湾省"),
    "81": _("香港特别行政区"),
    "82": _("澳门特别行政区"),
}
"""Names by the first two digits of an administrative division code. Source: GB/T 2260."""
REQUIREMENTS = {
    "copies": _("份数"),
    "media": _("介质"),
    "apart": _("异地"),
    "offline": _("离线"),
    "write_once": _("一次写入"),
    "analogue": _("纸质或缩微"),
}
SHOWN = {
    Shown.MET: _("满足"),
    Shown.WAITING: _("等副本到位"),
    Shown.PLANNED: _("按计划补救"),
    Shown.UNKNOWN: _("不知道"),
    Shown.NOT_MET: _("不满足"),
    Shown.OVERDUE: _("补救逾期"),
}
SHOWN_MARKS = {
    Shown.MET: "ok",
    Shown.WAITING: "soon",
    Shown.PLANNED: "part",
    Shown.UNKNOWN: "unchecked",
    Shown.NOT_MET: "fail",
    Shown.OVERDUE: "late",
}
CONDITIONS = {
    Condition.SOUND: _("完好，封签完整"),
    Condition.SEAL_BROKEN: _("外观完好，封签已拆"),
    Condition.DAMAGED: _("有损伤"),
}

REASONS = {
    "preservation.copy_none": _("%(site)s：没有副本"),
    "preservation.copy_damaged": _("%(site)s：副本损坏，不算数"),
    "preservation.copy_missing": _("%(site)s：副本缺失，不算数"),
    "preservation.copy_unread": _("%(site)s：写了还没读回核对，不算数"),
    "preservation.copy_behind": _("%(site)s：还是第 %(version)s 版，最新是第 %(newest)s 版，不算数"),
    "preservation.copy_due": _("%(site)s：上次整份读回在 %(at)s，过了 %(days)s 天的期限，不算数"),
    "preservation.copy_unreachable": _("%(site)s：找不到存储地，不算数"),
    "preservation.need_copies": _("算数的副本 %(have)s 份，要 %(need)s 份"),
    "preservation.need_media": _("已知介质 %(have)s 种，要 %(need)s 种"),
    "preservation.need_offline": _("离线的副本 %(have)s 份，要 %(need)s 份"),
    "preservation.need_write_once": _("运维方声明一次写入的副本 %(have)s 份（是声明，未经证明），要 %(need)s 份"),
    "preservation.need_analogue": _("最新一版的纸质或缩微副本 %(have)s 份，要 %(need)s 份"),
    "preservation.need_two_places": _("算数的副本不足两处，无从说异地"),
    "preservation.need_attached": _("%(site)s正接在机器上，取下后才算离线"),
    "preservation.fact_unknown": _("%(site)s的%(fact)s没有填"),
    "preservation.place_nowhere": _("一处存储地也没有选"),
    "preservation.place_offline_only": _("只选了离线盘、带或对象存储：入库时无处可写"),
    "preservation.place_breaks": _("“%(requirement)s”这一条达不到，也没有补救计划涵盖它："),
    "preservation.plan_requirements": _("请勾选计划要补救的要求，至少一条"),
    "preservation.plan_blank": _("缺什么、怎么补、谁负责，三项都要写"),
    "preservation.plan_until": _("完成日期要在今天之后"),
    "preservation.plan_none": _("这一类现在没有补救计划"),
    "preservation.plan_how": _("请写明计划是怎样结束的"),
    "preservation.custody_no_set": _("%(site)s不是离线盘、带，没有交接"),
    "preservation.custody_open": _("上一次交接还没有签收；先签收或撤回"),
    "preservation.custody_not_in_your_hands": _("现在由%(name)s保管，只有本人能交出"),
    "preservation.custody_no_taker": _("请选接收人：馆里有保管职责的账号"),
    "preservation.custody_to_oneself": _("交出和接收要是两个人"),
    "preservation.custody_nowhere": _("请写明放到哪里"),
    "preservation.custody_condition": _("请选交接时的状况"),
    "preservation.custody_not_yours": _("这次交接由%(name)s签收"),
    "preservation.custody_closed": _("这次交接已经签收或撤回"),
    "preservation.registered_medium": _("请选纸质或缩微胶片"),
    "preservation.registered_blank": _("标签、存放地点、制作人都要写"),
    "preservation.registered_future": _("制作日期不能在今天之后"),
    "preservation.registered_label": _("标签 %(label)s 已经用过"),
    "preservation.registered_version": _("没有第 %(version)s 版，或现在读不到它的清单；最新是第 %(newest)s 版"),
    "preservation.registered_inspected": _("检查日期要在制作日期 %(made_on)s 之后，不晚于今天"),
    "preservation.registered_because": _("请写明注销的原因"),
    "preservation.registered_gone": _("这份副本已经注销"),
    "preservation.set_away": _(
        "%(place)s不在：请接上标签为 %(label)s 的盘或带，它的根目录里要有 %(file)s，第一行写这个标签"
    ),
    "preservation.bucket_unreachable": _("对象存储 %(place)s 连不上，或不让读写（%(problem)s）；稍后会自动再试"),
    "preservation.credentials_missing": _(
        "存储地 %(site)s 的访问凭据不在 %(file)s；请运行 zhudang site credentials --site %(site)s"
    ),
    "preservation.credentials_open": _(
        "存储地 %(site)s 的凭据文件 %(file)s 别人也能读，没有使用；请改为只有本人可读（600）"
    ),
    "preservation.credentials_unreadable": _("存储地 %(site)s 的凭据文件 %(file)s 读不出两个密钥"),
    "preservation.no_bucket": _("存储地 %(site)s 不是对象存储（S3）"),
    "preservation.catch_up_goes_on": _("到了时间先停下，下一小时接着补写"),
    "preservation.catch_up_cancelled": _("有人取消了补写；已写完读回的副本照常算数"),
}
_APART_BY = ("seismic_zone", "river_basin", "power_grid")


def _with_sites(reason: Reason) -> str:
    text = str(REASONS[reason.code]) % dict(reason.data)
    told = gettext("、").join(reason.data["sites"])
    return gettext("%(text)s：%(sites)s") % {"text": text, "sites": told} if told else text


def _media(reason: Reason) -> str:
    text = str(REASONS[reason.code]) % dict(reason.data)
    told = gettext("、").join(str(MEDIA[Medium(medium)]) for medium in reason.data["media"])
    return gettext("%(text)s：%(sites)s") % {"text": text, "sites": told} if told else text


def _fact(reason: Reason) -> str:
    return str(REASONS[reason.code]) % {**reason.data, "fact": _in_a_sentence(reason.data["fact"])}


def _in_a_sentence(fact: str) -> str:
    return str(FACTS[fact]).lower()


def _breaks(reason: Reason) -> str:
    return str(REASONS[reason.code]) % {"requirement": REQUIREMENTS[reason.data["requirement"]]}


def _pair(reason: Reason) -> str:
    """Two places compared: province, distance, and each fact in which they must differ."""
    data = reason.data
    province = {True: gettext("不同省"), False: gettext("同省"), None: gettext("省份未知")}[data["province"]]
    parts = [province]
    if data["km"] is None:
        parts.append(gettext("距离未知"))
    else:
        parts.append(
            gettext("相距 %(km)s 公里") % {"km": f"{data['km']:,.0f}" if data["km"] >= 10 else f"{data['km']:.1f}"}
        )
    for name in _APART_BY:
        if name in data:
            word = {True: gettext("%(fact)s不同"), False: gettext("%(fact)s相同"), None: gettext("%(fact)s未知")}[
                data[name]
            ]
            parts.append(word % {"fact": _in_a_sentence(name)})
    return gettext("%(one)s与%(other)s：%(facts)s") % {
        "one": data["one"], "other": data["other"], "facts": gettext("，").join(parts)
    }  # fmt: skip


COMPOSED: dict[str, Callable[[Reason], str]] = {
    "preservation.need_copies": _with_sites,
    "preservation.need_offline": _with_sites,
    "preservation.need_write_once": _with_sites,
    "preservation.need_media": _media,
    "preservation.need_pair": _pair,
    "preservation.fact_unknown": _fact,
    "preservation.place_breaks": _breaks,
}
"""Sentences that need more than their places filled."""


def province(code: str) -> str:
    """The name of a province with its code; a code that is none of GB/T 2260 stays as it is."""
    name = PROVINCES.get(code[:2])
    return gettext("%(name)s（%(code)s）") % {"name": name, "code": code} if name else code


def promise(facts: SiteFacts, proof: Proof | None = None) -> str:
    """What a place promises of what lies there: nothing, unless we tried or its operator states it, and then as stated.

    Args:
        proof: of a bucket, what came of trying to delete there.
    """
    if facts.kind is Kind.S3:
        told = _tried(proof)
        if facts.worm and not (proof and proof.write_once):
            return gettext("%(told)s；%(operator)s声明为一次写入，未经证明") % {
                "told": told,
                "operator": facts.operator,
            }
        return told
    if facts.worm:
        return gettext("%(operator)s声明为一次写入，未经证明") % {"operator": facts.operator}
    return gettext("可删除，非一次写入")


def retention(stands: Standing) -> str:
    """Until when what a bucket holds is kept from everybody, and what stands against that."""
    last, what = stands.last, gettext("日志见证") if stands.what == WITNESS else gettext("在存内容")
    until = write_date(timezone.localtime(stands.ends_at)) if stands.ends_at else ""
    told = {"what": what, "until": until or "—", "files": last.get("refused"), "problem": last.get("problem", "")}
    if last.get("refused"):
        said = gettext("%(what)s的保留期最早于 %(until)s 结束：桶不让延长 %(files)s 个文件（%(problem)s）") % told
    elif last and not last["complete"]:
        said = gettext("%(what)s的保留期没有看完（%(problem)s）") % told
    elif stands.looked_at is None:
        said = gettext("%(what)s的保留期还没有看过，夜里查看") % told
    elif not last["files"]:
        said = gettext("这里还没有日志见证")
    elif not until:
        said = gettext("%(what)s没有保留期") % told
    elif stands.near:
        said = gettext("%(what)s的保留期最早可能于 %(until)s 结束，夜里查看并延长") % told
    else:
        said = gettext("%(what)s的保留期到 %(until)s 之后才结束") % told
    return said + "".join(_exceptions(last))


def _exceptions(last: dict[str, Any]) -> Iterator[str]:
    """What a look saw that the earliest end does not say."""
    if last.get("without"):
        yield gettext("；%(files)s 个文件没有保留期，或已过期") % {"files": last["without"]}
    if last.get("weaker"):
        yield gettext("；%(files)s 个文件不是 COMPLIANCE 方式，桶的主人可能删得了") % {"files": last["weaker"]}
    if last.get("unlisted"):
        yield gettext("；桶不让列旧版，被写覆盖的没有看")


def otherwise(proof: Proof) -> list[str]:
    """What trying showed to be otherwise than stated, or than a promise needs."""
    told = {
        "asked": proof.asked_days, "days": proof.named_days, "mode": proof.mode, "minutes": abs(proof.clock_off_minutes),
    }  # fmt: skip
    said = []
    if proof.asked_days and not proof.named_days:
        said.append(gettext("配置要求保留 %(asked)s 天，桶没有保留：没有开对象锁，或不让看。"))
    elif proof.asked_days and proof.named_days != proof.asked_days:
        said.append(gettext("配置要求保留 %(asked)s 天，服务器说保留 %(days)s 天。"))
    if proof.mode and proof.mode != COMPLIANCE:
        said.append(gettext("服务器按 %(mode)s 方式保留 %(days)s 天：桶的主人可能删得了，不算一次写入。"))
    elif proof.mode and not proof.retained_days:
        said.append(gettext("服务器说保留 %(days)s 天，但缩短或改松没有被拒绝：不算一次写入。"))
    if proof.clock_off_minutes > 0:
        said.append(gettext("服务器的时钟比本机快 %(minutes)s 分钟：保留期早结束这么久。"))
    elif proof.clock_off_minutes < 0:
        said.append(gettext("服务器的时钟比本机慢 %(minutes)s 分钟。"))
    return [each % told for each in said]


def all_otherwise(proof: Proof) -> str:
    """The same in one line, for the console."""
    return " ".join(otherwise(proof))


def _tried(proof: Proof | None) -> str:
    if proof is None:
        return gettext("能否删除还没有试过")
    told = {"at": write_datetime(proof.at)}
    if proof.write_once:
        return gettext("一次写入：写入后 %(days)s 天内谁也删不了（%(at)s 试过）") % {
            **told,
            "days": proof.retained_days,
        }
    if proof.nothing_lost:
        return gettext("不可删除（%(at)s 试过）") % told
    if proof.undeletable:
        return gettext("不可删除，但可覆盖（%(at)s 试过）") % told
    if ALLOWED in {proof.deletion, proof.version_deletion}:
        return gettext("可删除（%(at)s 试过）") % told
    if proof.rules == ALLOWED:
        return gettext("不可删除，但本系统改得了桶的规则（%(at)s 试过）") % told
    return gettext("能否删除没有试出来（%(at)s）") % told
