"""A report in a few lines for a terminal: packages, files with something to tell, the counts."""

from __future__ import annotations

from typing import TextIO

from zhudang.checks.check_report import CheckReport
from zhudang.checks.model import FileReport, PackageReport, Severity, Verdict
from zhudang.checks.report import summary
from zhudang.checks.report_words import VERDICTS, carried_sentence
from zhudang.checks.rules import rule, translate, why_not_checked

VERDICT_STYLES = {
    Verdict.PASS: "green",
    Verdict.WARN: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.MANUAL: "cyan",
    Verdict.NOT_CHECKED: "magenta",
}


PACKAGE_KINDS = {"bagit": "BagIt", "ocfl": "OCFL", "eep": "DA/T 48 EEP", "transfer": "移交包", "eark": "E-ARK"}
PACKAGE_KINDS_EN = {**PACKAGE_KINDS, "transfer": "transfer package"}


def write(told: CheckReport, language: str, out: TextIO) -> None:
    """Packages, files with something to tell, then the counts."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=out, soft_wrap=True, highlight=False)
    place = 1 if language == "en" else 0
    every: list[FileReport | PackageReport] = [*told.packages, *told.reports]
    for report in every:
        findings = [each for each in report.findings if each.severity is not Severity.INFO]
        if not findings and isinstance(report, FileReport):
            continue
        line = Text(f"{VERDICTS[report.verdict][place]:　<3}  ", style=VERDICT_STYLES[report.verdict])
        shown = report.path.encode("utf-8", "replace").decode("utf-8")
        if isinstance(report, PackageReport):
            kinds = PACKAGE_KINDS_EN if place else PACKAGE_KINDS
            shown = f"[{kinds[report.kind]} {report.version or '?'}] {shown}"
        console.print(line.append(shown, style="not bold default"))
        for each in findings:
            console.print(Text(f"      {each.code}  {translate(each, language)}"))
    counts = summary(told.reports)
    verdicts = "  ".join(
        f"{words[place]} {counts['verdicts'].get(str(verdict), 0)}" for verdict, words in VERDICTS.items()
    )
    console.print(f"{counts['files']} files:  {verdicts}" if place else f"共 {counts['files']} 个文件：  {verdicts}")
    for item in counts["not_checked"]:
        why = why_not_checked(item["reason"], language)
        title = rule(item["code"]).title(language)
        words = f"not checked: {title}: {why}" if place else f"未检测：{title}：{why}"
        console.print(f"{words} × {item['files']}")
    if again := carried_sentence(told, language):
        console.print(again)
