"""`zhudang check PATH…`: examine files and folders; no database, no settings, no network."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from zhudang.checks.engine import Engine
from zhudang.checks.model import FileReport, FileToCheck, Severity, Verdict
from zhudang.checks.packages.model import PackageReport
from zhudang.checks.packages.running import package_reports
from zhudang.checks.report import summary, write_json
from zhudang.checks.rules import rule, translate, why_not_checked
from zhudang.checks.settings import CheckSettings

NOTHING_BLOCKS, SOMETHING_BLOCKS, WRONG_USAGE, NOT_RUN = 0, 1, 2, 3
INTERRUPTED = 130
CHECKER_TROUBLE = frozenset({"RUN-004", "RUN-006"})
"""Codes that mean a check could not be run at all: file not readable, component missing."""
VERDICT_WORDS = {
    Verdict.PASS: ("通过", "pass"),
    Verdict.WARN: ("提示", "warn"),
    Verdict.FAIL: ("不通过", "fail"),
    Verdict.MANUAL: ("待人工", "manual"),
    Verdict.NOT_CHECKED: ("未检测", "not checked"),
}
VERDICT_STYLES = {
    Verdict.PASS: "green",
    Verdict.WARN: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.MANUAL: "cyan",
    Verdict.NOT_CHECKED: "magenta",
}


@dataclass(frozen=True, slots=True)
class Options:
    """How to examine and what to say."""

    workers: int = 2
    timeout_s: float = 60.0
    language: str = "zh"
    settings: CheckSettings = field(default_factory=CheckSettings.from_environment)
    quiet: bool = False


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
        reports = _examine(paths, options, err)
        packages = package_reports(paths, reports, options.timeout_s)
    except KeyboardInterrupt:
        print("interrupted" if english else "已中断", file=err)
        return INTERRUPTED
    except Exception:  # whatever happened, an unfinished check must not look like a result
        traceback.print_exc(file=err)
        return NOT_RUN
    if not options.quiet:
        _print([*packages, *reports], options.language, out)
    if json_file is not None:
        try:
            write_json(json_file, reports, packages)
        except OSError as trouble:
            words = "cannot write the report" if english else "写不了报告"
            print(f"{words}: {json_file}: {trouble.strerror}", file=err)
            return NOT_RUN
    return exit_code([*reports, *packages])


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
    if target is not None and (target.is_dir() or not target.absolute().parent.is_dir()):
        complaints.append(f"no such folder for the report: {target}" if english else f"报告没有可放的文件夹：{target}")
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


def _examine(paths: Sequence[Path], options: Options, err: TextIO) -> list[FileReport]:
    files = list(files_under(paths))
    with Engine(options.workers, options.timeout_s, settings=options.settings) as engine:
        reports = engine.check_paths(files)
        if not err.isatty():
            return list(reports)
        return list(_with_progress(reports, len(files), err, options.language))


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


def _print(reports: Sequence[FileReport | PackageReport], language: str, out: TextIO) -> None:
    """Packages, files with something to tell, then the counts."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=out, soft_wrap=True, highlight=False)
    place = 1 if language == "en" else 0
    for report in sorted(reports, key=lambda each: (isinstance(each, FileReport), each.path)):
        told = [each for each in report.findings if each.severity is not Severity.INFO]
        if not told and isinstance(report, FileReport):
            continue
        line = Text(f"{VERDICT_WORDS[report.verdict][place]:　<3}  ", style=VERDICT_STYLES[report.verdict])
        shown = report.path.encode("utf-8", "replace").decode("utf-8")
        if isinstance(report, PackageReport):
            kinds = PACKAGE_KINDS_EN if place else PACKAGE_KINDS
            shown = f"[{kinds[report.kind]} {report.version or '?'}] {shown}"
        console.print(line.append(shown, style="not bold default"))
        for each in told:
            console.print(Text(f"      {each.code}  {translate(each, language)}"))
    counts = summary([each for each in reports if isinstance(each, FileReport)])
    verdicts = "  ".join(
        f"{words[place]} {counts['verdicts'].get(str(verdict), 0)}" for verdict, words in VERDICT_WORDS.items()
    )
    console.print(f"{counts['files']} files:  {verdicts}" if place else f"共 {counts['files']} 个文件：  {verdicts}")
    for item in counts["not_checked"]:
        why = why_not_checked(item["reason"], language)
        title = rule(item["code"]).title(language)
        words = f"not checked: {title}: {why}" if place else f"未检测：{title}：{why}"
        console.print(f"{words} × {item['files']}")
