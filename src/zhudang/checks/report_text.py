"""A report in a few lines for a terminal: packages, files with something to tell, the counts."""

from __future__ import annotations

from collections import Counter
from typing import Any, TextIO

import click

from zhudang.checks.check_report import CheckReport
from zhudang.checks.model import FileReport, PackageReport, Severity, Verdict
from zhudang.checks.report import summary
from zhudang.checks.report_words import VERDICTS, carried_sentence
from zhudang.checks.rules import rule, translate, why_not_checked

VERDICT_STYLES: dict[Verdict, dict[str, Any]] = {
    Verdict.PASS: {"fg": "green"},
    Verdict.WARN: {"fg": "yellow"},
    Verdict.FAIL: {"fg": "red", "bold": True},
    Verdict.MANUAL: {"fg": "cyan"},
    Verdict.NOT_CHECKED: {"fg": "magenta"},
}

PACKAGE_KINDS = {"bagit": "BagIt", "ocfl": "OCFL", "eep": "DA/T 48 EEP", "transfer": "移交包", "eark": "E-ARK"}
PACKAGE_KINDS_EN = {**PACKAGE_KINDS, "transfer": "transfer package"}


def _counted(what: str, verdicts: Counter[Verdict], place: int) -> str:
    colon = ":" if place else "："
    return f"{what}{colon}  " + "  ".join(f"{words[place]} {verdicts[verdict]}" for verdict, words in VERDICTS.items())


def write(told: CheckReport, language: str, out: TextIO) -> None:
    """Packages, files with something to tell, then the counts; in colours where a terminal shows them."""
    place = 1 if language == "en" else 0
    every: list[FileReport | PackageReport] = [*told.packages, *told.reports]
    for report in every:
        findings = [each for each in report.findings if each.severity is not Severity.INFO]
        if not findings and isinstance(report, FileReport):
            continue
        verdict = click.style(f"{VERDICTS[report.verdict][place]:　<3}", **VERDICT_STYLES[report.verdict])
        shown = report.path.encode("utf-8", "replace").decode("utf-8")
        if isinstance(report, PackageReport):
            kinds = PACKAGE_KINDS_EN if place else PACKAGE_KINDS
            shown = f"[{kinds[report.kind]} {report.version or '?'}] {shown}"
        click.echo(f"{verdict}  {shown}", file=out)
        for each in findings:
            click.echo(f"      {each.code}  {translate(each, language)}", file=out)
    counts = summary(told.reports)
    if told.packages:
        words = f"{len(told.packages)} packages" if place else f"共 {len(told.packages)} 个包"
        click.echo(_counted(words, Counter(each.verdict for each in told.packages), place), file=out)
    words = f"{counts['files']} files" if place else f"共 {counts['files']} 个文件"
    if told.packages:
        words += ", each by itself" if place else "，只看文件自身"
    click.echo(_counted(words, Counter(each.verdict for each in told.reports), place), file=out)
    for item in counts["not_checked"]:
        why = why_not_checked(item["reason"], language)
        title = rule(item["code"]).title(language)
        words = f"not checked: {title}: {why}" if place else f"未检测：{title}：{why}"
        click.echo(f"{words} × {item['files']}", file=out)
    if again := carried_sentence(told, language):
        click.echo(again, file=out)
