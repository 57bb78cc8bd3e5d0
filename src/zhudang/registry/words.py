"""The sentences people read about the registry, by code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from zhudang.registry.domain.milestones import milestone
from zhudang.registry.domain.special import SpecialItem, items_for
from zhudang.shared.refusals import Reason
from zhudang.shared.web.wording import write_date, write_datetime, write_number

KINDS: Mapping[str, Promise] = {
    "building": _("房屋建筑"), "road": _("道路"), "bridge": _("桥梁"), "pipeline": _("地下管线"),
}  # fmt: skip
ROLES: Mapping[str, Promise] = {
    "client": _("建设单位"), "survey": _("勘察单位"), "design": _("设计单位"), "contractor": _("施工单位"),
    "supervisor": _("监理单位"),
}  # fmt: skip
STATUSES: Mapping[str, Promise] = {
    "running": _("在建"), "suspended": _("停缓建"), "cancelled": _("已撤销"), "split": _("已拆分"),
    "merged": _("已并入"),
}  # fmt: skip
PERMITS: Mapping[str, Promise] = {
    "land": _("建设用地规划许可证"), "planning": _("建设工程规划许可证"), "construction": _("建筑工程施工许可证"),
    "site": _("用地预审与选址意见书"), "rural": _("乡村建设规划许可证"),
}  # fmt: skip
NATURES: Mapping[str, Promise] = {
    "new": _("新建"), "extension": _("扩建"), "alteration": _("改建"), "repair": _("维修加固"),
    "fit_out": _("涉及结构的装修"), "lift": _("加装电梯"),
}  # fmt: skip
DUTIES: Mapping[str, Promise] = {
    "leader": _("档案工作分管负责人"), "archive_person": _("专职档案人员"), "as_built": _("竣工图编制"),
    "contract_clause": _("合同档案条款"),
}  # fmt: skip
STANDINGS: Mapping[str, Promise] = {"in_use": _("在用"), "building": _("在建"), "gone": _("已拆除")}
LEVELS: Mapping[int, Promise] = {0: _("公开"), 1: _("内部"), 2: _("秘密"), 3: _("机密"), 4: _("绝密")}
VERDICTS: Mapping[str, Promise] = {
    "new": _("将新建"), "change": _("将更改"), "same": _("无变化"), "bad": _("有误"), "done": _("已导入"),
}  # fmt: skip
IMPORTS: Mapping[str, Promise] = {"projects": _("项目"), "unit_works": _("单位工程"), "parties": _("参建单位")}
SYSTEMS: Mapping[str, Promise] = {
    "cgcs2000": _("经度、纬度（CGCS2000，度）"),
    "cgcs2000-3cm": _("3° 带高斯坐标，横坐标不加带号（CGCS2000，米）"),
    "cgcs2000-3z": _("3° 带高斯坐标，横坐标加带号（CGCS2000，米）"),
    "xian80": _("西安80（须先经授权转换）"),
    "beijing54": _("北京54（须先经授权转换）"),
}  # fmt: skip
FIELDS: Mapping[str, Promise] = {
    "code": _("代码"), "name": _("名称"), "kind": _("工程类别"), "address": _("地点"), "area_code": _("行政区划代码"),
    "client": _("建设单位"), "level": _("密级"), "is_open": _("已开放"), "lon": _("经度"), "lat": _("纬度"),
    "site_wkb": _("用地范围"), "started_on": _("开工日期"), "completed_on": _("完工日期"),
    "accepted_on": _("竣工验收日期"), "long_works": _("工期较长，分期移交"), "status": _("状态"),
    "nature": _("建设性质"), "structure_id": _("所属建（构）筑物"), "special": _("专业记载"),
    "planned_on": _("计划日期"), "happened_on": _("实际日期"), "built_on": _("建成日期"), "gone_on": _("拆除日期"),
    "standing": _("现状"), "realty_unit": _("不动产单元号"), "footprint_wkb": _("占地范围"),
}  # fmt: skip

REASONS: Mapping[str, Promise] = {
    # identifiers
    "registry.project_code.missing": _("没有写投资项目统一代码。"),
    "registry.project_code.groups": _("投资项目统一代码应为五组，用连字符隔开，例如 2403-990241-48-01-012345；收到的是“%(value)s”。"),
    "registry.project_code.date": _("投资项目统一代码第一组应为 4 位数字（年月，如 2403）。"),
    "registry.project_code.area": _("投资项目统一代码第二组应为 6 位行政区划代码。"),
    "registry.project_code.industry": _("投资项目统一代码第三组应为 2 位行业代码。"),
    "registry.project_code.type": _("投资项目统一代码第四组应为 2 位项目类型代码。"),
    "registry.project_code.serial": _("投资项目统一代码最后一组应为 6 位流水号。"),
    "registry.project_code.month": _("投资项目统一代码“%(value)s”的前四位不是年月（如 2403），请核对；已按原样保存。"),
    "registry.project_code.year_form": _("投资项目统一代码为旧式（前四位是年份），按旧式保存。"),
    "registry.area.form": _("行政区划代码“%(value)s”应为 6 位数字。"),
    "registry.area.not_county": _("行政区划代码“%(value)s”是省或市，这里要到县（区）。"),
    "registry.area.unknown": _("“%(value)s”里的行政区划代码不在本馆区划表内，请核对。"),
    "registry.area_differs": _("项目代码里的区划 %(code)s 与所填区划 %(area)s 不同，请核对。"),
    "registry.works_code.missing": _("没有写工程代码。"),
    "registry.works_code.too_long": _("工程代码超过 64 个字符。"),
    "registry.works_code.form": _("工程代码“%(value)s”不是“项目代码-001”的样式，请核对；已按原样保存。"),
    "registry.works_code.other_project": _("工程代码“%(value)s”的前半段不是本项目的代码，请核对。"),
    "registry.works_code_taken": _("工程代码 %(value)s 已经登记过。"),
    "registry.permit.form": _("证号“%(value)s”的写法不对；例如 建字第500241202400012号。"),
    "registry.permit.length": _("施工许可证号应为 18 位数字（或地方旧式编号），收到的是“%(value)s”。"),
    "registry.permit.date": _("证号“%(value)s”第 7～14 位不是真实的日期。"),
    "registry.permit.future": _("证号“%(value)s”里的日期还没有到。"),
    "registry.permit.other_kind": _("证号“%(value)s”的字头与证件种类不符。"),
    "registry.permit.letters": _("证号“%(value)s”的类别字母与字头不符，请核对。"),
    "registry.permit.local_form": _("证号“%(value)s”为地方旧式编号，按原样保存。"),
    "registry.national.form": _("全国建筑市场项目编号应为 16 位数字。"),
    "registry.national.length": _("全国建筑市场项目编号应为 16 位，收到的是“%(value)s”。"),
    "registry.national.date": _("全国建筑市场项目编号里的日期不真实。"),
    "registry.national.future": _("全国建筑市场项目编号里的日期还没有到。"),
    "registry.national.class": _("全国建筑市场项目编号的类别不是 01 或 02，请核对。"),
    "registry.realty.length": _("不动产单元号应为 28 位，收到的是“%(value)s”。"),
    "registry.realty.form": _("不动产单元号“%(value)s”的结构不对。"),
    "registry.realty.no_fixture": _("不动产单元号无定着物（W）时，后八位应全为 0。"),
    "registry.realty.fixture": _("不动产单元号“%(value)s”的定着物类别少见，请核对。"),
    "registry.realty.parcel_only": _("只有宗地代码，没有定着物代码，按原样保存。"),
    # projects
    "registry.code_taken": _("项目代码 %(value)s 已经登记过。"),
    "registry.name_missing": _("没有写名称。"),
    "registry.name_too_long": _("名称超过 %(limit)s 个字。"),
    "registry.kind_unknown": _("没有选工程类别，或类别“%(value)s”不在表内。"),
    "registry.level_unknown": _("密级“%(value)s”不在表内。"),
    "registry.client_unknown": _("建设单位没有登记；请先登记单位。"),
    "registry.organisation_unknown": _("单位没有登记；请先登记单位。"),
    "registry.started_in_future": _("开工日期 %(day)s 还没有到。"),
    "registry.completed_in_future": _("完工日期 %(day)s 还没有到。"),
    "registry.accepted_in_future": _("竣工验收日期 %(day)s 还没有到。"),
    "registry.completed_before_started": _("完工日期 %(day)s 早于开工日期 %(earlier)s。"),
    "registry.accepted_before_started": _("竣工验收日期 %(day)s 早于开工日期 %(earlier)s。"),
    "registry.accepted_before_completed": _("竣工验收日期 %(day)s 早于完工日期 %(earlier)s。"),
    "registry.project_cancelled": _("项目已撤销，登记不再更改。"),
    "registry.project_split": _("项目已拆分，登记不再更改。"),
    "registry.project_merged": _("项目已并入另一项目，登记不再更改。"),
    "registry.same_name": _("新名称与现名相同。"),
    "registry.rename_in_future": _("更名日期 %(day)s 还没有到。"),
    "registry.rename_before_last": _("更名日期不晚于上次更名（%(since)s）。"),
    "registry.open_but_classified": _("只有密级为公开的才能标为已开放。"),
    "registry.reason_missing": _("没有写原因或依据。"),
    "registry.not_from_here": _("项目现为“%(status)s”，不能改为“%(to)s”。"),
    "registry.merge_with_itself": _("不能并入自己。"),
    "registry.merge_into_ended": _("要并入的项目已经结束。"),
    "registry.split_foreign_phases": _("没有选工程，或所选工程不属于本项目。"),
    "registry.split_takes_all": _("不能把全部工程都拆出去；那是更名。"),
    "registry.unit_code_missing": _("没有写单位工程编号。"),
    "registry.unit_code_too_long": _("单位工程编号超过 64 个字符。"),
    "registry.unit_code_taken": _("这个工程里已经有编号为 %(value)s 的单位工程。"),
    "registry.nature_unknown": _("建设性质“%(value)s”不在表内。"),
    "registry.structure_of_other_kind": _("建（构）筑物是%(structure)s，单位工程是%(unit)s，类别不同。"),
    "registry.changed_meanwhile": _("%(who)s 在 %(when)s 先改过了；您的改动没有保存。"),
    "registry.special_unknown": _("专业记载里没有“%(value)s”这一项。"),
    "registry.special_text": _("专业记载“%(title)s”应是不超过 %(limit)s 个字的文字。"),
    "registry.special_number": _("专业记载“%(title)s”应是不小于 0 的数（层数、孔数为整数）。"),
    # parties, permits, milestones, responsibility
    "registry.role_unknown": _("参建角色“%(value)s”不在表内。"),
    "registry.party_already": _("这个单位已经以这一角色参加本项目。"),
    "registry.unit_of_other_project": _("所选单位工程不属于本项目。"),
    "registry.client_by_registration": _("建设单位由登记或更换产生，不能另外添加。"),
    "registry.party_ended": _("这个参建关系已经结束。"),
    "registry.party_same": _("接替的就是原单位。"),
    "registry.replaced_before_it_came": _("接替日期不晚于原单位进场日期 %(since)s。"),
    "registry.replaced_in_future": _("接替日期 %(day)s 还没有到。"),
    "registry.permit_kind_unknown": _("证件种类“%(value)s”不在表内。"),
    "registry.permit_taken": _("证号 %(value)s 已经登记在另一个项目下。"),
    "registry.permit_other_day": _("证号 %(value)s 已经登记，但发证日期不同。"),
    "registry.permit_in_future": _("发证日期 %(day)s 还没有到。"),
    "registry.milestone_unknown": _("%(kind)s没有“%(value)s”这个节点。"),
    "registry.milestone_without_day": _("计划日期和实际日期至少要写一个。"),
    "registry.milestone_in_future": _("实际日期 %(day)s 还没有到；可以写成计划日期。"),
    "registry.duty_unknown": _("责任事项“%(value)s”不在表内。"),
    "registry.person_missing": _("没有写责任人姓名。"),
    "registry.clause_missing": _("没有写合同编号和档案条款。"),
    "registry.standing_unknown": _("现状“%(value)s”不在表内。"),
    "registry.built_in_future": _("建成日期 %(day)s 还没有到。"),
    "registry.gone_before_built": _("拆除日期 %(day)s 早于建成日期 %(earlier)s。"),
    # coordinates
    "registry.half_a_coordinate": _("坐标只写了一半。"),
    "registry.outside_china": _("坐标（%(lon)s，%(lat)s）不在我国范围内。"),
    "registry.axes_swapped": _("坐标的两个数像是写反了；纵坐标（X）向北，横坐标（Y）向东。"),
    "registry.zone_unknown": _("3° 带号 %(zone)s 不在 25～45 之间。"),
    "registry.zone_missing": _("横坐标不加带号时，要写明带号。"),
    "registry.zone_differs": _("横坐标 %(easting)s 前两位与所写带号 %(zone)s 不同。"),
    "registry.northing_implausible": _("纵坐标 %(value)s 不合理（应在 300 000～6 000 000 米之间）。"),
    "registry.easting_implausible": _("横坐标 %(value)s 不合理（应在 200 000～800 000 米之间，或加两位带号）。"),
    "registry.xian80_refused": _("西安80坐标没有本地转换参数，不能换算；请由测绘单位转成 CGCS2000 后再录入。"),
    "registry.beijing54_refused": _("北京54坐标没有本地转换参数，不能换算；请由测绘单位转成 CGCS2000 后再录入。"),
    "registry.gcj02_refused": _("不收 GCJ-02 坐标；请录入 CGCS2000 坐标。"),
    # imports
    "registry.file_unread": _("文件读不了：%(why)s"),
    "registry.file_too_large": _("文件超过 %(limit)s 行，请分几次导入。"),
    "registry.columns_missing": _("缺少列：%(columns)s。"),
    "registry.import_kind_unknown": _("导入种类“%(value)s”不在表内。"),
    "registry.import_applied": _("这次导入已经执行过。"),
    "registry.row_project_unknown": _("没有代码为 %(value)s 的项目。"),
    "registry.row_phase_unknown": _("没有代码为 %(value)s 的工程，也没有写工程名称，无法新建。"),
    "registry.row_unit_unknown": _("项目里没有编号为 %(value)s 的单位工程。"),
    "registry.row_organisation_unknown": _("没有登记过的单位：%(value)s。"),
    "registry.row_organisation_ambiguous": _("叫“%(value)s”的单位不止一个，请写统一社会信用代码。"),
    "registry.row_date": _("“%(field)s”一栏的“%(value)s”不是日期；请写成 2024-03-22。"),
    "registry.row_number": _("“%(field)s”一栏的“%(value)s”不是数。"),
    "registry.row_word": _("“%(field)s”一栏的“%(value)s”不在表内。"),
    "registry.row_cell_missing": _("“%(field)s”一栏没有填。"),
    "registry.row_kind_differs": _("工程类别与已登记的不同。"),
    "registry.row_twice": _("与第 %(row)s 行重复。"),
    "registry.row_client_differs": _("建设单位与已登记的不同；更换建设单位请在项目页办理。"),
    "registry.row_name_differs": _("名称与已登记的不同；更名请在项目页办理。"),
}  # fmt: skip

_WORDS_OF_DATA: Mapping[str, Mapping[Any, Promise]] = {
    "structure": KINDS, "unit": KINDS, "status": STATUSES, "to": STATUSES,
}  # fmt: skip


def sentence(reason: Reason) -> str:
    """Write one reason in the reader's language."""
    text = REASONS.get(reason.code)
    if text is None:
        return reason.code
    data = {key: _write(key, value, reason.code) for key, value in reason.data.items()}
    return str(text) % data if data else str(text)


def milestone_title(code: str) -> str:
    """Name a step of building in the reader's language; an unknown one by its code."""
    step = milestone(code)
    if step is None:
        return code
    return step.title_en if (get_language() or "").startswith("en") else step.title


def special_lines(kind: str, special: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Write a special record as (title, value with its unit), in the order of the kind's items."""
    english = (get_language() or "").startswith("en")
    return [
        (
            item.title_en if english else item.title,
            f"{write_number(value) if item.type != 'text' else value} {item.unit}".strip(),
        )
        for item in items_for(kind)
        if (value := special.get(item.code)) not in (None, "")
    ]


def special_title(item: SpecialItem) -> str:
    """Name an item of the special record with its unit."""
    title = item.title_en if (get_language() or "").startswith("en") else item.title
    return f"{title} ({item.unit})" if item.unit else title


def field_name(field: str) -> str:
    """Name a field of a form."""
    return str(FIELDS.get(field, field))


def value_of(field: str, value: Any) -> str:
    """Write a stored value as people read it."""
    if value is None or value == "":
        return gettext("（空）")
    if isinstance(value, bool):
        return gettext("是") if value else gettext("否")
    if isinstance(value, datetime):
        return write_datetime(value)
    if isinstance(value, date):
        return write_date(value)
    tables: Mapping[str, Mapping[Any, Promise]] = {
        "kind": KINDS, "status": STATUSES, "level": LEVELS, "nature": NATURES, "standing": STANDINGS,
    }  # fmt: skip
    return str(tables.get(field, {}).get(value, value))


def _write(key: str, value: Any, code: str) -> str:
    if isinstance(value, datetime):
        return write_datetime(value)
    if isinstance(value, date):
        return write_date(value)
    if key == "kind" and code == "registry.milestone_unknown":
        return str(KINDS.get(value, value))
    if key == "field":
        return field_name(str(value))
    if key in _WORDS_OF_DATA:
        return str(_WORDS_OF_DATA[key].get(value, value))
    return str(value)
