"""The sentences people read about files and uploads, by code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from zhudang.shared.refusals import Reason

WORKS: Mapping[str, Any] = {"content.check_again": _("重新检测文件")}

REASONS: Mapping[str, Any] = {
    "content.destroyed": _("这份文件所在的案卷已依法鉴定销毁，内容不复存在；著录和销毁清册仍可查。"),
    "content.name_missing": _("没有文件名。"),
    "content.name_too_long": _("文件名有 %(length)s 个字，最多 %(longest)s 个。"),
    "content.name_unprintable": _("文件名或文件夹名里有看不见的控制字符，请改名后再传。"),
    "content.folder_too_long": _("文件夹路径有 %(length)s 个字，最多 %(longest)s 个。"),
    "content.folder_climbs": _("文件夹路径里不能有“..”。"),
    "content.level_unknown": _("密级只能是 0 到 4。"),
    "content.level_above_network": _(
        "密级高于本网络允许的最高密级：文件不能上传，请按保密规定另行移交，这里只登记条目。"
    ),
    "content.level_above_clearance": _("文件密级高于您的知悉范围，不能由您上传。"),
    "content.too_large": _("文件太大：%(size)s 字节，最多 %(largest)s 字节。"),
    "content.digest_malformed": _("声明的 SHA-256 不是 64 位十六进制数。"),
    "content.digest_differs": _("收到的内容与声明的 SHA-256 不一致，请重新上传。"),
    "content.project_missing": _("没有说明文件属于哪个项目。"),
    "content.project_closed": _("项目已停建、撤销或已全部移交，不再收文件。"),
    "content.disk_full": _("服务器磁盘空间不足，已收到的部分都保留着；管理员腾出空间后会从断点继续。"),
    "content.already_withdrawn": _("文件已经撤回。"),
    "content.already_delivered": _("文件已交出，不能撤回；请通过退回修改来替换。"),
    "content.already_received": _("文件已经收齐，不能再取消上传；如不需要，请撤回文件。"),
    "content.upload_expired": _("上传搁置太久，已过期并清除，请重新上传。"),
    "content.upload_busy": _("同一个文件正由另一个请求上传。"),
    "content.wrong_offset": _("续传位置不对：服务器已收 %(counted)s 字节。"),
    "content.more_than_announced": _("发送的字节比声明的长度 %(length)s 多。"),
    "content.checksum_differs": _("这一段的校验和不一致，未计入；服务器已收 %(counted)s 字节。"),
    "content.header_malformed": _("请求头 %(header)s 缺失或写法不对。"),
    "content.version_unknown": _("只支持 tus 协议 1.0.0。"),
    "content.length_missing": _("请求没有说明内容长度。"),
    "content.content_type": _("内容类型应为 application/offset+octet-stream。"),
    "content.sign_in_first": _("请先登录。"),
    "content.no_such_upload": _("没有这个上传。"),
}

VERDICTS: Mapping[str, Any] = {
    "": _("未检测"),
    "not_checked": _("未检测"),
    "pass": _("合格"),
    "warn": _("有提示"),
    "fail": _("不合格"),
    "manual": _("待人工判断"),
}

FACTS: Mapping[str, Any] = {
    "pages": _("页数"),
    "dpi": _("分辨率（dpi）"),
    "duration_s": _("时长（秒）"),
    "text_chars": _("文字数"),
    "encrypted": _("加密"),
    "active_content": _("活动内容"),
    "infected": _("病毒"),
    "signatures": _("签名"),
    "pdfa": "PDF/A",
    "release": _("版本"),
    "encoding": _("编码"),
    "members": _("包内文件"),
    "ids": _("模型信息交付要求 IDS"),
}
"""Facts worth showing; others stay in the JSON report."""

ACTIVE: Mapping[str, Any] = {
    "javascript": _("JavaScript 脚本"),
    "script": _("脚本"),
    "launch": _("启动外部程序"),
    "embedded_file": _("内嵌文件"),
    "external_reference": _("外部引用"),
    "macro": _("宏"),
    "dde": _("DDE 动态数据交换"),
    "remote_template": _("远程模板"),
    "multimedia": _("多媒体"),
    "xfa": _("XFA 表单"),
}
"""What acts by itself in a file, by the examiner's names; one without a word here is shown by its name."""

HELD_AGAINST = _("%(file)s：%(asked)s 条要求，没有满足的 %(short)s 处")

STAMPS: Mapping[str, Any] = {
    "as_built": _("竣工图章"), "round": _("圆章"), "square": _("方章"), "other": _("红色印章"),
}  # fmt: skip
"""Stamps by their look; what one says is not read."""

UPLOAD_STATES: Mapping[str, Any] = {
    "receiving": _("正在接收"),
    "arrived": _("已收，正在校验"),
    "done": _("已收，已校验"),
    "refused": _("未收：内容与声明不符"),
    "expired": _("已过期"),
}


def sentence(reason: Reason) -> str:
    """Write one reason in the reader's language; the rights' own codes have their words elsewhere."""
    if reason.code not in REASONS:
        return reason.code
    text = str(REASONS[reason.code])
    return text % dict(reason.data) if reason.data and "%(" in text else text


YES, NO = _("有"), _("无")
