"""The sentences and words of organisations, people, roles and rights."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from zhudang.identity.domain.roles import OrganisationKind, Role
from zhudang.shared.refusals import Reason

ROLES = {
    Role.CLIENT_MANAGER: _("建设单位档案负责人"),
    Role.CLIENT_CLERK: _("建设单位资料员"),
    Role.PARTY_CLERK: _("参建单位资料员"),
    Role.REVIEWER: _("业务指导与验收人员"),
    Role.ARCHIVIST: _("整理编目人员"),
    Role.KEEPER: _("库房保管员"),
    Role.SERVICE_DESK: _("查档窗口人员"),
    Role.OFFICIAL: _("主管部门人员"),
    Role.EMERGENCY_OFFICER: _("应急值守人员"),
    Role.SYSTEM_ADMIN: _("系统管理员"),
    Role.SECURITY_ADMIN: _("安全管理员"),
    Role.AUDIT_ADMIN: _("审计管理员"),
    Role.PUBLIC: _("注册公众"),
}

KINDS = {
    OrganisationKind.COMPANY: _("企业"),
    OrganisationKind.INSTITUTION: _("事业单位"),
    OrganisationKind.AGENCY: _("机关"),
    OrganisationKind.ASSOCIATION: _("社会组织"),
    OrganisationKind.ARCHIVE: _("城建档案馆（室）"),
    OrganisationKind.DEPARTMENT: _("城建档案管理部门"),
    OrganisationKind.OTHER: _("其他"),
}

LEVELS = {0: _("公开"), 1: _("内部"), 2: _("秘密"), 3: _("机密"), 4: _("绝密")}

STATES = {"active": _("在用"), "unactivated": _("待启用"), "disabled": _("已停用")}

SESSION_ENDS = {
    "left": _("本人退出"),
    "idle": _("久未操作"),
    "ended": _("本人结束"),
    "password": _("改了密码"),
    "disabled": _("账号停用"),
}

REASONS = {
    "identity.code_length": _(
        "代码有 %(length)s 位；统一社会信用代码 18 位，旧组织机构代码 9 位，旧工商注册号 15 位。"
    ),
    "identity.code_alphabet": _(
        "信用代码里不会有 %(characters)s；字母 I、O、S、V、Z 不用，看看是不是数字 1、0、5、2。"
    ),
    "identity.code_area": _("信用代码第 3 到 8 位应是行政区划数字，现在是 %(area)s。"),
    "identity.code_check": _("信用代码的校验位不对：末位应为 %(expected)s，现在是 %(found)s；多半是前面某一位写错了。"),
    "identity.code_organisation_part": _(
        "组织机构代码部分的校验位应为 %(expected)s，现在是 %(found)s；个别登记机关确有这样的代码，请核对证照。"
    ),
    "identity.legacy_code_shape": _("旧组织机构代码应为 8 位数字或字母加 1 位校验位。"),
    "identity.code_taken": _("代码 %(code)s 已登记为“%(name)s”。"),
    "identity.resident_shape": _("身份证号有 %(length)s 位；应为 18 位，老证 15 位。"),
    "identity.resident_check": _("身份证号的校验位不对：末位应为 %(expected)s，现在是 %(found)s。"),
    "identity.resident_birth": _("身份证号里的出生日期不存在。"),
    "identity.resident_birth_implausible": _("身份证号里的出生年份是 %(year)s，请核对。"),
    "identity.name_missing": _("没有填名称。"),
    "identity.name_same": _("新名称与现名相同。"),
    "identity.name_before_last": _("更名日期应晚于上一次更名（%(since)s）。"),
    "identity.basis_missing": _("没有填更名依据（登记通知书文号等）。"),
    "identity.kind_unknown": _("单位性质不在可选之列。"),
    "identity.username_shape": _("账号应为 3 到 64 个小写字母、数字、点、横线或下划线，以字母开头。"),
    "identity.username_taken": _("账号 %(username)s 已被使用。"),
    "identity.password_not_yours_to_set": _("开账号的人不设密码；由安全管理员交付一次性码，本人自己设。"),
    "identity.password_short": _("密码至少 %(least)s 位。"),
    "identity.password_long": _("密码至多 %(most)s 位。"),
    "identity.password_classes": _("密码要有大写字母、小写字母、数字、符号中的至少 %(least)s 种。"),
    "identity.password_contains_login": _("密码里不能含有账号。"),
    "identity.password_not_repeated": _("两次输入的新密码不一样。"),
    "identity.password_used_before": _("最近 %(count)s 次用过的密码不能再用。"),
    "identity.password_old_wrong": _("现在的密码不对。"),
    "identity.login_wrong": _("账号或密码不对。再错 %(left)s 次将锁定 %(minutes)s 分钟。"),
    "identity.code_wrong": _("账号与一次性码不符，或一次性码已用过、已过期。再错 %(left)s 次将锁定 %(minutes)s 分钟。"),
    "identity.login_locked": _(
        "连续输错次数太多，这个账号名已锁定，请 %(minutes)s 分钟后再试；急用请找本馆安全管理员解锁。"
    ),
    "identity.account_disabled": _("账号已停用。"),
    "identity.already_disabled": _("账号本来就是停用的。"),
    "identity.already_enabled": _("账号本来就在用。"),
    "identity.reason_missing": _("没有填原因。"),
    "identity.not_oneself": _("不能对自己的账号这样做，请另一位管理员办理。"),
    "identity.role_unknown": _("没有这种角色。"),
    "identity.role_held_already": _("这个人在该单位已有这个角色。"),
    "identity.second_officer_role": _("三员分立：一人只能任一员，此人已是%(held)s。"),
    "identity.officer_beside_business": _("三员分立：管理员不兼业务角色，此人现为%(held)s。"),
    "identity.business_beside_officer": _("三员分立：管理员不兼业务角色，此人是%(held)s。"),
    "identity.files_and_judges": _("归档的人不能同时验收或管理档案：此人现为%(held)s。"),
    "identity.role_needs_organisation": _("这个角色要在一个单位里担任，请选单位。"),
    "identity.public_has_no_organisation": _("注册公众不属于任何单位。"),
    "identity.role_needs_office": _("这个角色只能在城建档案馆（室）或城建档案管理部门担任。"),
    "identity.last_of_role": _("这是最后一位%(role)s，去掉后无人能再授权。"),
    "identity.clearance_unknown": _("没有这一级。"),
    "identity.not_empty": _("已有账号，不是空馆。"),
}

RIGHTS = {
    "rights.sign_in_first": _("请先登录。"),
    "rights.role_lacking": _("办这件事要有以下角色之一：%(roles)s。"),
    "rights.not_for_this_organisation": _("只有本项目相应单位的人能办这件事。"),
    "rights.not_found": _("没有找到。"),
}

_ROLE_DATA = ("held", "wanted", "role", "roles")


def _shown(key: str, value: Any) -> Any:
    """Roles in the data become words."""
    if key not in _ROLE_DATA:
        return value
    roles = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return _("、").join(str(ROLES[Role(role)]) for role in roles if role in set(Role))


def sentence(reason: Reason) -> str:
    """Write one reason of this context or of the rights, in the reader's language."""
    text = REASONS.get(reason.code) or RIGHTS.get(reason.code)
    if text is None:
        return reason.code
    return str(text) % {key: _shown(key, value) for key, value in reason.data.items()} if reason.data else str(text)
