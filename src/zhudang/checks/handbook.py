"""The page of findings for people, written from the rule data: `python -m zhudang.checks.handbook FILE`."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from zhudang.checks.rules import DIMENSIONS, FAMILIES, SEVERITIES, Rule, all_rules

MARKS = {
    "page": "见于公开页面 / seen on a public page",
    "knowledge": "凭记忆，待核 / recalled, to be confirmed",
    "inferred": "按邻项推定，待核 / inferred, to be confirmed",
    "own": "本系统自定 / our own",
}
TESTS = Path(__file__).parents[3] / "tests"
"""Only a checkout has them; the page is written from one."""
CODE = re.compile(r"[A-Z]{2,3}-\d{3}")
LONGEST = 160
HEAD = """# 检测发现代码 · Finding codes

由规则数据 `src/zhudang/checks/data/rules/` 生成（`python -m zhudang.checks.handbook docs/findings.md`），不手改。
Written from the rule data; do not edit by hand.

只有“须更正”（block）的发现才使文件不予归档：打不开、加密、染毒、签章后改动、不完整、放错文件。其余由档案馆规范化，原件保留。
Only *block* keeps a file from being filed; the archive normalises the rest and keeps the original.

每个代码的样本由 `tests/samples/checks/` 当场生成，没有一份抄自别处。
Samples of every code are made by `tests/samples/checks/`; each entry says how, by the maker's words or its expression.
"""


def write() -> str:
    """The whole page, one section per family, one entry per code."""
    parts, made = [HEAD], samples(TESTS)
    for family, rules in groupby(all_rules().values(), key=lambda rule: rule.code.partition("-")[0]):
        zh, en = FAMILIES[family]
        parts.append(f"\n## {zh} · {en}\n" if zh != en else f"\n## {zh}\n")
        parts.extend(_entry(rule, made.get(rule.code, "")) for rule in rules)
    return "".join(parts)


def samples(tests: Path) -> dict[str, str]:
    """How the sample of each code is made, and where: its maker's own words, else what it does."""
    told: dict[str, str] = {}
    for module in sorted((tests / "samples/checks").glob("*.py")):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
        for code, made in _makers(tree):
            told.setdefault(code, f"`tests/samples/checks/{module.name}`：{_how(made, functions)}")
    shown = tests / "checks/test_findings.py"
    for code, why in _makers(ast.parse(shown.read_text(encoding="utf-8"))) if shown.is_file() else ():
        if isinstance(why, ast.Constant) and isinstance(why.value, str):
            told.setdefault(code, f"`tests/checks`：{why.value}")
    for test in sorted((tests / "checks").rglob("test_*.py")) + sorted(tests.rglob("test_*.py")):
        for code in sorted(set(CODE.findall(test.read_text(encoding="utf-8")))):
            told.setdefault(code, f"`tests/{test.relative_to(tests).as_posix()}`")
    return told


def _how(maker: ast.expr, functions: Mapping[str, ast.FunctionDef]) -> str:
    """A named function by its words or its body; an expression with those of the module's functions it names."""
    expression = maker.body if isinstance(maker, ast.Lambda) else maker
    if isinstance(expression, ast.Name) and expression.id in functions:
        return _words(functions[expression.id])
    named = [each.id for each in ast.walk(expression) if isinstance(each, ast.Name) and each.id.startswith("_")]
    inner = [f"`{name}`：{_words(functions[name])}" for name in dict.fromkeys(named) if name in functions]
    return "；".join([_quoted(ast.unparse(expression)), *inner])


def _words(function: ast.FunctionDef) -> str:
    words = (ast.get_docstring(function) or "").split("\n")[0]
    return words or _quoted("; ".join(ast.unparse(each) for each in function.body))


def _makers(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Entries of dictionaries by finding code, at the top of a module."""
    for each in tree.body:
        value = each.value if isinstance(each, ast.Assign | ast.AnnAssign) else None
        for key, made in zip(value.keys, value.values, strict=True) if isinstance(value, ast.Dict) else ():
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and CODE.fullmatch(key.value):
                yield key.value, made


def _quoted(code: str) -> str:
    text = re.sub(r"\s+", " ", code).replace("`", "'")
    return f"`{text}`" if len(text) <= LONGEST else f"`{text[:LONGEST]} …`"


def _entry(rule: Rule, sample: str) -> str:
    dimension_zh, dimension_en = DIMENSIONS[rule.dimension]
    severity_zh, severity_en = SEVERITIES[rule.severity]
    item = f"DA/T 70 项 {rule.item} · " if rule.item else ""
    return (
        f"\n### {rule.code}\n\n"
        f"**{rule.title_zh}** · {rule.title_en}\n\n"
        f"{dimension_zh} {dimension_en} · {severity_zh} {severity_en} · {item}"
        f"依据 {rule.clause}（{MARKS[rule.source]}）\n\n"
        f"- 原因：{rule.cause_zh}。*{rule.cause_en}.*\n"
        f"- 办法：{rule.cure_zh}。*{rule.cure_en}.*\n" + (f"- 样本 · Sample {sample}\n" if sample else "")
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(write(), encoding="utf-8")
