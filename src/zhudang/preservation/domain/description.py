"""What an object says of its volume, in words an archivist of 2126 can read: JSON, XML, rights, checks.

Element names follow the items of GB/T 50323 (案卷级, 文件级), CJJ/T 187 and DA/T 46 as far as they are known to us
(those texts were not available to us in full; the lists come from systems that follow them).

Format 2 since what format 1 left out or told in codes only: links by identifier, permits, former names and the project's
level in the XML, and a Chinese word for every code, the code beside it. What is kept in format 1 stays so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from lxml import etree

FORMAT = "zhudang-description/2"
XML = "description.xml"
XML_NAMESPACE = "urn:zhudang:description:2"

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
    "level": "密级",
    "former_names": "曾用名",
}
PERMIT_LABELS = {
    "kind": "许可证名称",
    "number": "许可证号",
    "issued_on": "发证日期",
    "issuer": "发证机关",
}
LINK_LABELS = {
    "object": "本对象标识符",
    "whole": "整体对象标识符",
    "part": "分部序号",
    "predecessor": "前一对象标识符",
    "successor": "后续对象标识符",
    "project": "工程项目对象标识符",
    "continues": "前身工程项目对象标识符",
    "continued_in": "后续工程项目对象标识符",
    "unit_work": "单位工程标识符",
    "structure": "建筑物构筑物标识符",
}
"""Of the identifiers of what a volume belongs to: `urn:uuid:…`, which the project's object tells more of."""
PART_LABELS = {"object": "对象标识符", "from": "起始文件", "to": "终止文件"}
TRANSFER_LABELS = {"id": "移交标识符", "number": "移交编号", "received_at": "接收时间"}
DOCUMENT_LABELS = {"id": "凭证标识符", "kind": "凭证类型", "number": "凭证编号", "issued_at": "签发时间"}
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
    "secrecy_term": "保密期限",
    "retention": "保管期限",
    "keywords": "主题词",
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
    "version": "版本号",
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
_LEVELS = {str(level): name for level, name in enumerate(LEVEL_NAMES)}
_CARRIERS = {"text": "文字", "drawing": "图纸", "photo": "照片", "av": "声像", "model": "模型"}
_RETENTIONS = {"permanent": "永久", "long": "长期", "short": "短期"}
WORDS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "project": {"kind": {"building": "房屋建筑", "road": "道路", "bridge": "桥梁", "pipeline": "地下管线"}, "level": _LEVELS},
    "permit": {
        "kind": {
            "land": "建设用地规划许可证", "planning": "建设工程规划许可证", "construction": "建筑工程施工许可证",
            "site": "用地预审与选址意见书", "rural": "乡村建设规划许可证",
        }
    },
    "document": {"kind": {"opinion": "验收意见书", "transfer": "移交清单", "certificate": "移交凭证"}},
    "volume": {
        "part": {
            "A": "工程准备阶段文件", "B": "监理文件", "C": "施工文件", "D": "竣工图", "E": "工程竣工验收文件",
        },
        "carrier": _CARRIERS, "retention": _RETENTIONS, "level": _LEVELS,
    },
    "record": {
        "manuscript": {"original": "正本", "duplicate": "副本", "final": "定稿", "draft": "草稿", "copy": "复制本"},
        "copy_kind": {"original": "原件", "copy": "复印件"},
        "origin": {"born_digital": "电子文件（原生）", "scan": "扫描件", "paper_only": "只有纸质"},
        "carrier": _CARRIERS, "retention": _RETENTIONS, "level": _LEVELS,
    },
    "file": {"part": {"original": "原件", "rendition": "可读版", "native": "原生文件"}},
    "rendition": {"check": {"pixels": "逐像素比较", "characters": "逐字符比较", "cells": "逐单元格比较"}},
}  # fmt: skip
"""What the codes of a description mean, by what they are of and by field."""


@dataclass(frozen=True)
class _Kind:
    """One kind of thing in the XML: its element, what it tells, and the things inside it by their key in the JSON."""

    element: str
    labels: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    inside: Mapping[str, _Kind] = field(default_factory=dict)


_RENDITION = _Kind("转换件", RENDITION_LABELS, WORDS["rendition"])
_FILE = _Kind("电子文件", FILE_LABELS, WORDS["file"], {"renditions": _RENDITION})
_RECORD = _Kind("文件", RECORD_LABELS, WORDS["record"], {"files": _FILE})
_VOLUME = _Kind("案卷", VOLUME_LABELS, WORDS["volume"], {"records": _RECORD})
_PROJECT = _Kind("工程", PROJECT_LABELS, WORDS["project"], {"permits": _Kind("许可证", PERMIT_LABELS, WORDS["permit"])})
_LINKS = _Kind(
    "实体关系",
    LINK_LABELS,
    {},
    {
        "parts": _Kind("分部", PART_LABELS),
        "transfers": _Kind("移交", TRANSFER_LABELS),
        "documents": _Kind("凭证", DOCUMENT_LABELS, WORDS["document"]),
    },
)
_NUMBER_OF_PERMIT = {
    "land": "用地规划许可证号", "planning": "工程规划许可证号", "construction": "施工许可证号", "site": "选址意见书号",
    "rural": "乡村规划许可证号",
}  # fmt: skip
"""The items of GB/T 50323 for the number, one a kind."""
_MANIFOLD = frozenset({"note", "parameters", "figures"})
"""What holds several values by names of its own."""


def describe_volume(
    project: Mapping[str, Any],
    volume: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    links: Mapping[str, Any],
) -> dict[str, Any]:
    """Give the JSON description of a volume object.

    Args:
        project, volume: by the keys of PROJECT_LABELS and VOLUME_LABELS; a project has `permits` by those of PERMIT_LABELS.
        records: by the keys of RECORD_LABELS, each with `files` by those of FILE_LABELS; a file may have `renditions`
            by those of RENDITION_LABELS.
        links: by the keys of LINK_LABELS, with `transfers` and `documents`.
    """
    labels: dict[str, Any] = {
        "project": PROJECT_LABELS,
        "permit": PERMIT_LABELS,
        "link": LINK_LABELS,
        "volume": VOLUME_LABELS,
        "record": RECORD_LABELS,
        "file": FILE_LABELS,
        "level": _LEVELS,
        "words": {name: words for name, words in WORDS.items() if name != "rendition"},
    }
    if any(file.get("renditions") for record in records for file in record["files"]):
        labels |= {"rendition": RENDITION_LABELS, "words": WORDS}
    return {
        "format": FORMAT,
        "links": dict(links),
        "labels": labels,
        "project": dict(project),
        "volume": dict(volume),
        "records": [dict(record) for record in records],
    }


def as_xml(description: Mapping[str, Any]) -> bytes:
    """Give the same description as XML, elements named and values told in Chinese, codes beside them."""
    root = etree.Element(f"{{{XML_NAMESPACE}}}案卷描述", nsmap={None: XML_NAMESPACE})
    root.set("version", FORMAT)
    _add(root, _LINKS, description.get("links", {}))
    _add(root, _PROJECT, description["project"])
    _add(root, _VOLUME, {**description["volume"], "records": description["records"]})
    etree.indent(root)
    body: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


_SCHEMA = "http://www.w3.org/2001/XMLSchema"
_VALUE, _SEVERAL, _ITEM = "值", "各项", "项"


def schema_of_xml() -> bytes:
    """Give the XML Schema (1.0) of what `as_xml` writes: which elements, in which order; every value is a text."""
    root = etree.Element(f"{{{_SCHEMA}}}schema", nsmap={"xs": _SCHEMA, None: XML_NAMESPACE})
    root.set("targetNamespace", XML_NAMESPACE)
    root.set("elementFormDefault", "qualified")
    value = _xs(root, "complexType", name=_VALUE)
    _xs(_xs(_xs(value, "simpleContent"), "extension", base="xs:string"), "attribute", name="code", type="xs:string")
    several = _xs(root, "complexType", name=_SEVERAL, mixed="true")
    _xs(_xs(several, "sequence"), "element", name=_ITEM, type=_SEVERAL, minOccurs="0", maxOccurs="unbounded")
    _xs(several, "attribute", name="name", type="xs:string")
    whole = _xs(_xs(root, "element", name="案卷描述"), "complexType")
    inside = _xs(whole, "sequence")
    for kind in (_LINKS, _PROJECT, _VOLUME):
        _xs(inside, "element", ref=kind.element, minOccurs="0")
    _xs(whole, "attribute", name="version", type="xs:string")
    for kind in (_LINKS, _PROJECT, _VOLUME):
        _declare(root, kind)
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _declare(root: Any, kind: _Kind) -> None:
    sequence = _xs(_xs(_xs(root, "element", name=kind.element), "complexType"), "sequence")
    for key, label in kind.labels.items():
        names = _NUMBER_OF_PERMIT.values() if label == PERMIT_LABELS["number"] else ()
        for name in (*names, label):
            manifold = _SEVERAL if key in _MANIFOLD else _VALUE
            _xs(sequence, "element", name=name, type=manifold, minOccurs="0", maxOccurs="unbounded")
    for inner in kind.inside.values():
        _xs(sequence, "element", ref=inner.element, minOccurs="0", maxOccurs="unbounded")
        _declare(root, inner)


def _xs(parent: Any, element: str, /, **attributes: str) -> Any:
    return etree.SubElement(parent, f"{{{_SCHEMA}}}{element}", attributes)


_NOT_OPEN = (
    "案卷和文件未作开放审核，不向社会开放；经开放审核的只有工程项目的登记 / volumes and records were not reviewed for opening"
    " and are not open to the public; only a project's own entry is reviewed"
)


def rights_of(volume: Mapping[str, Any], records: Sequence[Mapping[str, Any]], *, project_open: bool) -> dict[str, Any]:
    """Give what is known of secrecy, openness and signatures.

    Args:
        project_open: the project's own entry was reviewed as open (开放审核); nobody reviews volumes and records.
    """
    return {
        "format": "zhudang-rights/2",
        "volume": {
            "level": volume["level"],
            "level_name": LEVEL_NAMES[volume["level"]],
            "open": False,
            "open_reviewed": False,
            "project_entry_open": project_open,
            "open_note": _NOT_OPEN,
        },
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


def _add(parent: Any, kind: _Kind, values: Mapping[str, Any]) -> None:
    element = etree.SubElement(parent, f"{{{XML_NAMESPACE}}}{kind.element}")
    for key, label in kind.labels.items():
        value = values.get(key)
        if _is_empty(value):
            continue
        if kind.labels is PERMIT_LABELS and key == "number":
            label = _NUMBER_OF_PERMIT.get(values["kind"], label)
        if key in _MANIFOLD:
            _add_several(etree.SubElement(element, f"{{{XML_NAMESPACE}}}{label}"), value)
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            child = etree.SubElement(element, f"{{{XML_NAMESPACE}}}{label}")
            child.text = element_text(each, kind.words.get(key, {}))
            if key in kind.words or isinstance(each, bool):
                child.set("code", xml_safe(json.dumps(each) if isinstance(each, bool) else str(each)))
    for key, inner in kind.inside.items():
        for each in values.get(key, ()):
            _add(element, inner, each)


def _add_several(element: Any, value: Any) -> None:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if not _is_empty(each):
                item = etree.SubElement(element, f"{{{XML_NAMESPACE}}}{_ITEM}", name=xml_safe(str(name)))
                _add_several(item, each)
    elif isinstance(value, list | tuple):
        for each in value:
            _add_several(etree.SubElement(element, f"{{{XML_NAMESPACE}}}{_ITEM}"), each)
    else:
        element.text = element_text(value)


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {}, ())


def said(of: str, labels: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """Tell what is known by its Chinese labels, in words.

    Args:
        of: whose fields they are, a key of WORDS.
    """
    return {
        label: element_text(values[key], WORDS.get(of, {}).get(key, {}))
        for key, label in labels.items()
        if not _is_empty(values.get(key))
    }


def element_text(value: Any, words: Mapping[str, str] = MappingProxyType({})) -> str:
    """A value of a description as the text of an element: words for codes and yes or no, lists joined."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping | list | tuple):
        return "；".join(_lines(value))
    return words.get(str(value), xml_safe(str(value)))


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{name}：{element_text(item)}" for name, item in value.items() if not _is_empty(item)]
    return [element_text(item) for item in value if not _is_empty(item)]


def xml_safe(text: str) -> str:
    """Leave out the control characters XML 1.0 cannot carry; the JSON description keeps them."""
    return _NOT_IN_XML.sub("", text)
