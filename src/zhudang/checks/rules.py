"""The rule data: what every finding code means, how it weighs, what causes it and what cures it.

`data/rules/` holds our own codes, a file per family; `data/items.csv` the frame of DA/T 70 (45 items), to which each
rule points by alias. Severity is data: a city may move a rule without touching code.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from zhudang.checks.model import Finding, Severity

DATA = Path(__file__).parent / "data"
RULES_VERSION = "2026.11"

DIMENSIONS = {
    "authenticity": ("真实性", "Authenticity"),
    "integrity": ("完整性", "Integrity"),
    "usability": ("可用性", "Usability"),
    "security": ("安全性", "Security"),
    "business": ("业务审查", "Business review"),
}
FAMILIES = {
    "FIX": ("固定信息", "Fixity"),
    "RUN": ("检测过程", "The check itself"),
    "FMT": ("格式", "Formats"),
    "PDF": ("PDF", "PDF"),
    "PDA": ("PDF/A（长期保存）", "PDF/A (long-term preservation)"),
    "SIG": ("签名与印章", "Signatures and seals"),
    "OFD": ("OFD", "OFD"),
    "IMG": ("图像", "Images"),
    "SCN": ("扫描质量", "Scan quality"),
    "CAD": ("图形 DWG、DXF", "Drawings"),
    "BIM": ("模型 IFC", "Models"),
    "GIS": ("空间数据", "Spatial data"),
    "AV": ("声像", "Sound and video"),
    "OFF": ("办公文档", "Office documents"),
    "ZIP": ("压缩包", "Archives"),
    "TXT": ("文本", "Plain text"),
    "XML": ("XML 与 JSON", "XML and JSON"),
    "WEB": ("网页", "Web pages"),
    "MSG": ("电子邮件", "E-mail"),
    "VIR": ("病毒", "Malware"),
    "DSC": ("著录", "Descriptions"),
    "BIZ": ("业务审查", "Business review"),
    "PKG": ("包", "Packages"),
    "BAG": ("BagIt 包", "BagIt bags"),
    "OCF": ("OCFL 对象", "OCFL objects"),
    "EEP": ("封装包 DA/T 48", "Encapsulations DA/T 48"),
    "TRF": ("移交包", "Transfer packages"),
    "EAR": ("E-ARK 信息包", "E-ARK packages"),
}
"""Families of codes in the order people read them; each has its file in `data/rules/`."""
STAGES = {
    "GD": ("归档", "filing"),
    "YJ": ("移交与接收", "transfer"),
    "CQ": ("长期保存", "preservation"),
}
"""Stages of the frame, by the prefix of its codes."""
SEVERITIES = {
    Severity.BLOCK: ("须更正", "must be corrected"),
    Severity.WARN: ("提示", "warning"),
    Severity.MANUAL: ("待人工", "for a person"),
    Severity.INFO: ("说明", "note"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One finding code. `item` is its place in DA/T 70 (empty for business review), `source` the doubt
    mark of that clause as researched (`page`, `knowledge`, `inferred`, `own`)."""

    code: str
    item: str
    dimension: str
    severity: Severity
    clause: str
    source: str
    title_zh: str
    title_en: str
    message_zh: str
    message_en: str
    cause_zh: str
    cause_en: str
    cure_zh: str
    cure_en: str

    def title(self, language: str = "zh") -> str:
        return self.title_en if language == "en" else self.title_zh

    def cause(self, language: str = "zh") -> str:
        return self.cause_en if language == "en" else self.cause_zh

    def cure(self, language: str = "zh") -> str:
        return self.cure_en if language == "en" else self.cure_zh

    def message(self, data: Mapping[str, Any], language: str = "zh") -> str:
        """The sentence for one finding; what the data lack is shown as a question mark."""
        sentence = self.message_en if language == "en" else self.message_zh
        return sentence.format_map(_Readable(data, language))


@dataclass(frozen=True, slots=True)
class Item:
    """One of the 45 places of DA/T 70's frame, as far as its text is known.

    `severity` is what failing it weighs; `aliases` are its numbers in other products, separated by spaces.
    `answered_by`: machine, partly, adapter, person, or unknown (未查明: always `not_checked`).
    """

    code: str
    aliases: str
    dimension: str
    name_zh: str
    name_en: str
    object_zh: str
    object_en: str
    compared_zh: str
    compared_en: str
    stages: str
    severity: Severity | None
    clause: str
    answered_by: str
    source: str

    def name(self, language: str = "zh") -> str:
        return self.name_en if language == "en" else self.name_zh

    def compared(self, language: str = "zh") -> str:
        return self.compared_en if language == "en" else self.compared_zh


@cache
def all_items() -> Mapping[str, Item]:
    """The frame of the standard by item number."""
    with (DATA / "items.csv").open(encoding="utf-8", newline="") as lines:
        rows: list[dict[str, Any]] = list(csv.DictReader(lines))
    return {
        row["code"]: Item(**{**row, "severity": Severity(row["severity"]) if row["severity"] else None}) for row in rows
    }


@cache
def item_named(name: str) -> Item | None:
    """The item other products call `name`: `1-3`, `GD-1-3`, `YJ-ZS-2-3`, `1-2-3`."""
    return next((item for item in all_items().values() if name == item.code or name in item.aliases.split()), None)


class _Readable(dict[str, Any]):
    """Values as people read them inside a sentence: lists joined, absent ones a question mark, what has a word
    in each language (`{"zh": …, "en": …}`) in the reader's."""

    def __init__(self, data: Mapping[str, Any], language: str = "zh") -> None:
        super().__init__(data)
        self._language = language

    def __getitem__(self, key: str) -> str:
        value = super().get(key)
        if isinstance(value, Mapping) and "zh" in value:
            value = value.get(self._language, value["zh"])
        if value is None:
            return "?"
        if isinstance(value, list | tuple):
            shown = (", " if self._language == "en" else "、").join(str(item) for item in value[:5])
            return shown + (" …" if len(value) > 5 else "")
        return str(value)

    def __missing__(self, key: str) -> str:
        return "?"


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by code, in the order of the data."""
    rows = [row for family in FAMILIES for row in _rows(family)]
    rules = {row["code"]: Rule(severity=Severity(row.pop("severity")), **row) for row in rows}
    if len(rules) != len(rows):
        raise ValueError("rules: a code stands twice")
    for rule in rules.values():
        if rule.item and rule.item not in all_items():
            raise ValueError(f"rules: {rule.code}: no item {rule.item!r}")
        if rule.dimension not in DIMENSIONS:
            raise ValueError(f"rules: {rule.code}: unknown dimension {rule.dimension!r}")
    return rules


def _rows(family: str) -> list[dict[str, Any]]:
    with (DATA / "rules" / f"{family}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def rule(code: str) -> Rule:
    """The rule of a code; an unknown code is a bug and raises."""
    return all_rules()[code]


def finding(code: str, severity: Severity | None = None, **data: Any) -> Finding:
    """Make a finding of `code`, with its Chinese sentence filled from `data`.

    Args:
        severity: only where the rule's own weight depends on the case (say so in docs/findings.md).
    """
    known = rule(code)
    return Finding(
        code=code,
        dimension=known.dimension,
        severity=severity or known.severity,
        message=known.message(data),
        data=data,
    )


NOT_CHECKED = {
    "no_scanner": ("没有配置查毒程序", "no malware scanner is configured"),
    "unreachable": ("查毒程序没有应答", "the malware scanner does not answer"),
    "error": ("查毒程序报错", "the malware scanner reports an error"),
    "no_rar_reader": (
        "本机没有读 RAR 的库，请安装 libarchive（Debian 包 libarchive13）",
        "no library here reads RAR: install libarchive (on Debian the package libarchive13)",
    ),
    "no_ifcxml_reader": (
        "没有自由的程序能把 ifcXML 作为模型打开；另附 .ifc 即可查",
        "no free program opens ifcXML as a model; an .ifc beside it can be checked",
    ),
    "alone": ("单独提交，看不到同组的文件", "the file stands alone, the others of its set are not seen"),
    "ids_not_covered": ("IDS 里有本程序不能判断的要求", "the IDS asks for something not judged here"),
    "too_large": ("文件太大，没有读完", "the file is too large to read whole"),
    "no_revocation_data": ("没有吊销信息可查", "no revocation data at hand"),
    "pages_from": ("时限内只看到第 {} 页之前", "within the time only the pages before {} were looked at"),
    "after": ("时限内只解码到 {}", "within the time only {} were decoded"),
}


def why_not_checked(reason: str, language: str = "zh") -> str:
    """The sentence of a reason in `FileReport.not_checked`."""
    place = 1 if language == "en" else 0
    for word, sentences in NOT_CHECKED.items():
        if reason == word:
            return sentences[place]
        if reason.startswith(f"{word}_"):
            return sentences[place].format(reason.removeprefix(f"{word}_").replace("_", " "))
    return reason


def translate(found: Finding, language: str) -> str:
    """The sentence of a stored finding in `language`; codes from an older rule set keep their text."""
    known = all_rules().get(found.code)
    return known.message(found.data, language) if known else found.message
