"""What an object says of its volume, in words an archivist of 2126 can read: JSON, XML, rights, checks.

Element names follow the items of GB/T 50323 (案卷级, 文件级), CJJ/T 187 and DA/T 46 as far as they are known to us
(those texts were not available to us in full; the lists come from systems that follow them).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

FORMAT = "zhudang-description/1"
XML_NAMESPACE = "urn:zhudang:description:1"

PROJECT_LABELS = {
    "id": "标识符",
    "code": "项目代码",
    "name": "工程项目名称",
    "kind": "工程类型",
    "address": "工程地点",
    "area_code": "行政区划代码",
    "client": "建设单位",
    "client_credit_code": "统一社会信用代码",
    "started_on": "开工日期",
    "completed_on": "竣工日期",
    "accepted_on": "竣工验收日期",
    "lon": "经度",
    "lat": "纬度",
}
VOLUME_LABELS = {
    "id": "标识符",
    "reference_code": "档号",
    "accession_no": "总登记号",
    "title": "案卷题名",
    "unit_work": "单位工程名称",
    "part": "归档类别",
    "class_code": "分类号",
    "sequence": "案卷顺序号",
    "compiled_by": "编制单位",
    "carrier": "载体类型",
    "text_pages": "文字页数",
    "drawing_sheets": "图纸张数",
    "photo_count": "照片张数",
    "other_count": "其他数量",
    "record_count": "件数",
    "formed_on": "起始时间",
    "formed_until": "终止时间",
    "retention": "保管期限",
    "level": "密级",
    "arranged_by": "整理人",
    "arranged_at": "整理时间",
    "note": "备考表",
}
RECORD_LABELS = {
    "id": "标识符",
    "position": "顺序号",
    "reference_code": "档号",
    "title": "文件题名",
    "document_no": "文图号",
    "responsible": "责任者",
    "formed_on": "形成日期",
    "formed_until": "形成终止日期",
    "manuscript": "稿本",
    "copy_kind": "原件或复印件",
    "carrier": "载体类型",
    "specialty": "专业",
    "pages": "数量",
    "page_from": "起始页次",
    "page_to": "终止页次",
    "scope_code": "归档范围条目",
    "level": "密级",
    "retention": "保管期限",
    "origin": "来源形态",
    "has_paper": "有纸质件",
    "filed_by_organisation": "归档单位",
    "notes": "附注",
}
FILE_LABELS = {
    "id": "电子文件号",
    "stored_as": "存放文件名",
    "original_name": "计算机文件名",
    "original_folder": "原文件夹",
    "part": "主从声明",
    "size_bytes": "计算机文件大小",
    "sha256": "校验码SHA256",
    "sm3": "校验码SM3",
    "format_id": "格式标识PRONOM",
    "format_name": "格式名称",
    "mime": "MIME",
    "pages": "页数",
    "received_at": "收到时间",
    "uploaded_by_organisation": "来源单位",
}
RENDITION_LABELS = {
    "id": "电子文件号",
    "stored_as": "存放文件名",
    "name": "计算机文件名",
    "label": "对应部分",
    "size_bytes": "计算机文件大小",
    "sha256": "校验码SHA256",
    "sm3": "校验码SM3",
    "format_id": "格式标识PRONOM",
    "format_name": "格式名称",
    "mime": "MIME",
    "made_at": "转换时间",
    "tool": "转换工具",
    "tool_version": "工具版本",
    "parameters": "转换参数",
    "source_sha256": "原文件校验码SHA256",
    "check": "无损核对项目",
    "figures": "无损核对结果",
    "ordered_by": "批准人",
    "order": "转换任务号",
}
"""Of a file made from an original and kept beside it (转换件)."""
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LEVEL_NAMES = ("公开", "内部", "秘密", "机密", "绝密")


def describe_volume(
    project: Mapping[str, Any], volume: Mapping[str, Any], records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Give the JSON description of a volume object.

    Args:
        project, volume: by the keys of PROJECT_LABELS and VOLUME_LABELS.
        records: by the keys of RECORD_LABELS, each with `files` by those of FILE_LABELS; a file may have `renditions`
            by those of RENDITION_LABELS.
    """
    labels: dict[str, Any] = {
        "project": PROJECT_LABELS,
        "volume": VOLUME_LABELS,
        "record": RECORD_LABELS,
        "file": FILE_LABELS,
        "level": {str(level): name for level, name in enumerate(LEVEL_NAMES)},
    }
    if any(file.get("renditions") for record in records for file in record["files"]):
        labels["rendition"] = RENDITION_LABELS
    return {
        "format": FORMAT,
        "labels": labels,
        "project": dict(project),
        "volume": dict(volume),
        "records": [dict(record) for record in records],
    }


def as_xml(description: Mapping[str, Any]) -> bytes:
    """Give the same description as XML, elements named in Chinese."""
    root = etree.Element(f"{{{XML_NAMESPACE}}}案卷描述", nsmap={None: XML_NAMESPACE})
    root.set("version", FORMAT)
    _add(root, "工程", description["project"], PROJECT_LABELS)
    volume = _add(root, "案卷", description["volume"], VOLUME_LABELS)
    for record in description["records"]:
        element = _add(volume, "文件", record, RECORD_LABELS)
        for file in record["files"]:
            of_file = _add(element, "电子文件", file, FILE_LABELS)
            for rendition in file.get("renditions", ()):
                _add(of_file, "转换件", rendition, RENDITION_LABELS)
    etree.indent(root)
    body: bytes = etree.tostring(root, encoding="unicode").encode()
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


_SCHEMA = "http://www.w3.org/2001/XMLSchema"
_LEVELS_OF_XML = (
    ("案卷", VOLUME_LABELS, "文件"), ("文件", RECORD_LABELS, "电子文件"), ("电子文件", FILE_LABELS, "转换件"), ("转换件", RENDITION_LABELS, ""),
)  # fmt: skip
"""Element, what it tells, and the elements below it."""


def schema_of_xml() -> bytes:
    """Give the XML Schema (1.0) of what `as_xml` writes: which elements, in which order; every value is a text."""
    root = etree.Element(f"{{{_SCHEMA}}}schema", nsmap={"xs": _SCHEMA, None: XML_NAMESPACE})
    root.set("targetNamespace", XML_NAMESPACE)
    root.set("elementFormDefault", "qualified")
    _declare(root, "案卷描述", {}, ("工程", "案卷")).append(
        etree.Element(f"{{{_SCHEMA}}}attribute", name="version", type="xs:string")
    )
    _declare(root, "工程", PROJECT_LABELS, ())
    for name, labels, below in _LEVELS_OF_XML:
        _declare(root, name, labels, (below,) if below else ())
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _declare(root: Any, name: str, labels: Mapping[str, str], below: Sequence[str]) -> Any:
    element = etree.SubElement(root, f"{{{_SCHEMA}}}element", name=name)
    kind = etree.SubElement(element, f"{{{_SCHEMA}}}complexType")
    sequence = etree.SubElement(kind, f"{{{_SCHEMA}}}sequence")
    for label in labels.values():
        etree.SubElement(sequence, f"{{{_SCHEMA}}}element", name=label, type="xs:string", minOccurs="0")
    for each in below:
        etree.SubElement(sequence, f"{{{_SCHEMA}}}element", ref=each, minOccurs="0", maxOccurs="unbounded")
    return kind


def rights_of(volume: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give what is known of secrecy, openness and signatures; openness is null until it was reviewed (开放审核)."""
    return {
        "format": "zhudang-rights/1",
        "volume": {"level": volume["level"], "level_name": LEVEL_NAMES[volume["level"]], "open": None},
        "records": [
            {
                "id": record["id"],
                "level": record["level"],
                "level_name": LEVEL_NAMES[record["level"]],
                "secrecy_term": record.get("secrecy_term", ""),
                "legal_force": record.get("legal_force"),
                "e_sealed": record.get("e_sealed"),
                "signatures": [
                    {"file": file["id"], "stored_as": file["stored_as"], "found": file["signatures"]}
                    for file in record["files"]
                    if file.get("signatures")
                ],
            }
            for record in records
        ],
    }


def _add(parent: Any, name: str, values: Mapping[str, Any], labels: Mapping[str, str]) -> Any:
    element = etree.SubElement(parent, f"{{{XML_NAMESPACE}}}{name}")
    for key, label in labels.items():
        value = values.get(key)
        if value is None or value == "":
            continue
        child = etree.SubElement(element, f"{{{XML_NAMESPACE}}}{label}")
        child.text = element_text(key, value)
    return element


def element_text(key: str, value: Any) -> str:
    """A value of a description as the text of an element: words for levels and yes or no, lists joined."""
    if key == "level":
        return LEVEL_NAMES[int(value)]
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping | list | tuple):
        return "；".join(_lines(value))
    return xml_safe(str(value))


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{name}：{element_text('', item)}" for name, item in value.items() if item not in (None, "", [], {})]
    return [element_text("", item) for item in value if item not in (None, "", [], {})]


def xml_safe(text: str) -> str:
    """Leave out the control characters XML 1.0 cannot carry; the JSON description keeps them."""
    return _NOT_IN_XML.sub("", text)
