"""The page of findings for people, written from the rule data: `python -m zhudang.checks.handbook FILE`."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from zhudang.checks.rules import DIMENSIONS, FAMILIES, SEVERITIES, Rule, all_rules

MARKS = {
    "page": "见于公开页面 / seen on a public page",
    "knowledge": "凭记忆，待核 / recalled, to be confirmed",
    "inferred": "按邻项推定，待核 / inferred, to be confirmed",
    "own": "本系统自定 / our own",
}
HEAD = """# 检测发现代码 · Finding codes

由规则数据 `src/zhudang/checks/data/rules/` 生成（`python -m zhudang.checks.handbook docs/findings.md`），不手改。
Written from the rule data; do not edit by hand.

只有“须更正”（block）的发现才使文件不予归档：打不开、加密、染毒、签章后改动、不完整、放错文件。其余由档案馆规范化，原件保留。
Only *block* keeps a file from being filed; the archive normalises the rest and keeps the original.

每个代码的样本由 `tests/samples/checks/` 当场生成，没有一份抄自别处。
Samples of every code are made by `tests/samples/checks/`.
"""


def write() -> str:
    """The whole page, one section per family, one entry per code."""
    parts = [HEAD]
    for family, rules in groupby(all_rules().values(), key=lambda rule: rule.code.partition("-")[0]):
        zh, en = FAMILIES[family]
        parts.append(f"\n## {zh} · {en}\n" if zh != en else f"\n## {zh}\n")
        parts.extend(_entry(rule) for rule in rules)
    return "".join(parts)


def _entry(rule: Rule) -> str:
    dimension_zh, dimension_en = DIMENSIONS[rule.dimension]
    severity_zh, severity_en = SEVERITIES[rule.severity]
    item = f"DA/T 70 项 {rule.item} · " if rule.item else ""
    return (
        f"\n### {rule.code}\n\n"
        f"**{rule.title_zh}** · {rule.title_en}\n\n"
        f"{dimension_zh} {dimension_en} · {severity_zh} {severity_en} · {item}"
        f"依据 {rule.clause}（{MARKS[rule.source]}）\n\n"
        f"- 原因：{rule.cause_zh}。*{rule.cause_en}.*\n"
        f"- 办法：{rule.cure_zh}。*{rule.cure_en}.*\n"
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(write(), encoding="utf-8")
