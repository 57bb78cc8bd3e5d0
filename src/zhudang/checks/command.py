"""`zhudang check PATH…`: examine files and folders; no database, no settings, no network."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

from zhudang.checks import profile, report_page
from zhudang.checks.check_report import (
    CheckedFile,
    CheckReport,
    Earlier,
    NoEarlierReport,
    Run,
    findings_of,
    ordered,
    read_earlier,
    write_json_file,
)
from zhudang.checks.engine import Engine
from zhudang.checks.item_results import Context, item_results
from zhudang.checks.malware import Scanner, ScannerUnavailable
from zhudang.checks.model import FileReport, FileToCheck, Severity, Verdict
from zhudang.checks.packages.model import PackageReport
from zhudang.checks.packages.running import ITEMS, package_reports
from zhudang.checks.renditions import ask_for_renditions
from zhudang.checks.report import summary, tool
from zhudang.checks.report_words import VERDICTS, carried_sentence
from zhudang.checks.rules import STAGES, rule, translate, why_not_checked
from zhudang.checks.settings import CheckSettings
from zhudang.shared.digests import digest_file

NOTHING_BLOCKS, SOMETHING_BLOCKS, WRONG_USAGE, NOT_RUN = 0, 1, 2, 3
INTERRUPTED = 130
CHECKER_TROUBLE = frozenset({"RUN-004", "RUN-006"})
"""Codes that mean a check could not be run at all: file not readable, component missing."""
VERDICT_STYLES = {
    Verdict.PASS: "green",
    Verdict.WARN: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.MANUAL: "cyan",
    Verdict.NOT_CHECKED: "magenta",
}


@dataclass(frozen=True, slots=True)
class Options:
    """How to examine and what to say.

    Args:
        html: where to write the report as a page.
        stage: GD, YJ or CQ; None asks all items.
        since: an earlier report (JSON): what has not changed since is carried over.
    """

    workers: int = 2
    timeout_s: float = 60.0
    language: str = "zh"
    settings: CheckSettings = field(default_factory=CheckSettings.from_environment)
    quiet: bool = False
    html: Path | None = None
    stage: str | None = None
    since: Path | None = None


def run(
    paths: Sequence[Path],
    json_file: Path | None = None,
    options: Options | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Examine everything under `paths`, print what was found, and tell the exit code.

    Returns:
        0 nothing blocks, 1 something blocks, 2 wrong usage, 3 a check could not be run. When something
        blocks and something else could not be run, 3 wins: the result is incomplete.
    """
    options, out, err = options or Options(), out or sys.stdout, err or sys.stderr
    english = options.language == "en"
    if complaints := _usage(paths, json_file, options, english):
        for complaint in complaints:
            print(complaint, file=err)
        return WRONG_USAGE
    try:
        report = check_folder(paths, options, err)
    except NoEarlierReport as trouble:
        print(f"cannot carry over: {trouble}" if english else f"不能沿用先前的报告：{trouble}", file=err)
        return WRONG_USAGE
    except KeyboardInterrupt:
        print("interrupted" if english else "已中断", file=err)
        return INTERRUPTED
    except Exception:  # whatever happened, an unfinished check must not look like a result
        traceback.print_exc(file=err)
        return NOT_RUN
    if not options.quiet:
        _print(report, options.language, out)
    try:
        if json_file is not None:
            write_json_file(json_file, report)
        if options.html is not None:
            report_page.write_html(options.html, report, options.language)
    except OSError as trouble:
        words = "cannot write the report" if english else "写不了报告"
        print(f"{words}: {trouble.filename}: {trouble.strerror}", file=err)
        return NOT_RUN
    return exit_code([*report.reports, *report.packages])


def exit_code(reports: Iterable[FileReport | PackageReport]) -> int:
    code = NOTHING_BLOCKS
    for report in reports:
        if report.verdict is Verdict.NOT_CHECKED or report.codes & CHECKER_TROUBLE:
            return NOT_RUN
        if report.blocks:
            code = SOMETHING_BLOCKS
    return code


def _usage(paths: Sequence[Path], target: Path | None, options: Options, english: bool) -> list[str]:
    """Everything wrong with the call, at once."""
    complaints = []
    if not paths:
        complaints.append("give at least one file or folder" if english else "请给出至少一个文件或文件夹")
    for path in paths:
        if not path.exists():
            complaints.append(f"no such file or folder: {path}" if english else f"没有这个文件或文件夹：{path}")
    if options.workers < 1:
        complaints.append("at least one worker" if english else "至少要一个检测进程")
    if options.timeout_s <= 0:
        complaints.append("the time limit must be above zero" if english else "时限必须大于零")
    for each in (target, options.html):
        if each is not None and (each.is_dir() or not each.absolute().parent.is_dir()):
            complaints.append(f"no such folder for the report: {each}" if english else f"报告没有可放的文件夹：{each}")
    if options.stage is not None and options.stage not in STAGES:
        complaints.append(f"the stage is one of {', '.join(STAGES)}" if english else f"阶段只有 {'、'.join(STAGES)}")
    try:
        profile.load(options.settings.profile)
    except profile.WrongProfile as wrong:
        words = "the profile cannot be used" if english else "配置不能用"
        complaints.extend(f"{words}: {options.settings.profile}: {reason}" for reason in wrong.reasons)
    return complaints


def files_under(paths: Iterable[Path]) -> Iterator[FileToCheck]:
    """Every file, in name order, once; labels are relative to the path given.

    Links to folders are not followed, so a loop cannot catch us.
    """
    seen: set[Path] = set()
    for given in paths:
        if not given.is_dir():
            if (one := given.absolute()) not in seen:
                seen.add(one)
                yield FileToCheck(given, label=given.name)
            continue
        for folder, folders, names in os.walk(given):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if (one := path.absolute()) not in seen and (path.is_file() or not path.exists()):
                    seen.add(one)
                    yield FileToCheck(path, label=path.relative_to(given).as_posix())


def check_folder(paths: Sequence[Path], options: Options, err: TextIO) -> CheckReport:
    """Examine everything under `paths` and draw up the report.

    Raises:
        NoEarlierReport: `options.since` cannot serve.
    """
    city = profile.load(options.settings.profile)
    about, scanner = tool(), _scanner(options.settings)
    settings = {"profile": city.as_json(), "scanner": scanner, "trust": options.settings.trust is not None}
    earlier = read_earlier(options.since, tool=about, settings=settings) if options.since else None
    wanted = list(files_under(paths))
    carried = _carried(wanted, earlier) if earlier else {}
    left = [each for each in wanted if each.label not in carried]
    fresh, held = _examine(left, options, err)
    run = Run(f"{about['name']} {about['rules']}", datetime.now().astimezone())
    before = replace(run, at=earlier.at, engine=earlier.engine, carried=True) if earlier else run
    files = [CheckedFile(report, run) for report in fresh]
    files += [CheckedFile(city.weigh_report(report, options.stage), before) for report in carried.values()]
    reports = [file.report for file in files]
    packages = package_reports(paths, reports, options.timeout_s)
    context = Context(options.stage, scanner, package_ran=ITEMS if packages else frozenset())
    described = tuple((package.path, found) for package in packages for found in package.findings)
    return CheckReport(
        title="、".join(path.absolute().name for path in paths),
        subject=("folder", "、".join(path.absolute().name for path in paths)),
        made_at=run.at,
        tool=about,
        settings={**settings, "isolation": held},
        files=ordered(files),
        items=item_results(reports, context, city, findings_of(described)),
        described=described,
        packages=tuple(packages),
        stage=options.stage or "",
    )


def _scanner(settings: CheckSettings) -> str | None:
    """What the scanner says it is; empty when it is configured and silent."""
    if not settings.clamd:
        return None
    try:
        return Scanner(settings.clamd).version()
    except ScannerUnavailable:
        return ""


def _carried(wanted: Sequence[FileToCheck], earlier: Earlier) -> dict[str, FileReport]:
    """Results of an earlier run that the correction cannot have touched: same name, same bytes."""
    carried: dict[str, FileReport] = {}
    for file in wanted:
        label = file.label or ""
        if label not in earlier.files or not file.path.is_file():
            continue
        if file.path.stat().st_size == earlier.files[label].size and (
            before := earlier.carried(label, digest_file(file.path).sha256)
        ):
            carried[label] = before
    return carried


def _examine(files: Sequence[FileToCheck], options: Options, err: TextIO) -> tuple[list[FileReport], list[str] | None]:
    """Reports on files, and what cut the workers off (`isolation.py`)."""
    engine = Engine(options.workers, options.timeout_s, settings=options.settings, stage=options.stage)
    with engine:
        reports = engine.check_paths(files)
        if err.isatty():
            reports = _with_progress(reports, len(files), err, options.language)
        told = ask_for_renditions(reports)
        return told, list(engine.isolation) if engine.isolation is not None else None


def _with_progress(reports: Iterator[FileReport], total: int, err: TextIO, language: str) -> Iterator[FileReport]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    words = "Checking" if language == "en" else "检测中"
    columns = (TextColumn(words), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=err), transient=True) as progress:
        task = progress.add_task(words, total=total)
        for report in reports:
            progress.advance(task)
            yield report


PACKAGE_KINDS = {"bagit": "BagIt", "ocfl": "OCFL", "eep": "DA/T 48 EEP", "transfer": "移交包", "eark": "E-ARK"}
PACKAGE_KINDS_EN = {**PACKAGE_KINDS, "transfer": "transfer package"}


def _print(told: CheckReport, language: str, out: TextIO) -> None:
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
