"""`zhudang check PATH…`: examine files and folders; no database, no settings, no network."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from zhudang.checks.engine import Engine
from zhudang.checks.model import Verdict
from zhudang.checks.profile import WrongProfile, load
from zhudang.checks.rules import STAGES
from zhudang.checks.settings import CheckSettings

if TYPE_CHECKING:
    from zhudang.checks.check_report import CheckReport
    from zhudang.checks.model import FileReport, PackageReport

NOTHING_BLOCKS, SOMETHING_BLOCKS, WRONG_USAGE, NOT_RUN = 0, 1, 2, 3
INTERRUPTED = 130
CHECKER_TROUBLE = frozenset({"RUN-004", "RUN-006"})
"""Codes that mean a check could not be run at all: file not readable, component missing."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to examine and what to say.

    Args:
        html: where to write the report as a page.
        stage: GD, YJ or CQ; None asks all items.
        since: an earlier report (JSON): what has not changed since is carried over.
        ids: IDS files that models are held against, beside those that lie among the files.
    """

    workers: int = 2
    timeout_s: float = 60.0
    language: str = "zh"
    settings: CheckSettings = field(default_factory=CheckSettings.from_environment)
    quiet: bool = False
    html: Path | None = None
    stage: str | None = None
    since: Path | None = None
    ids: tuple[Path, ...] = ()


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
        report = _report(paths, options, err)
    except KeyboardInterrupt:
        print("interrupted" if english else "已中断", file=err)
        return INTERRUPTED
    except Exception:  # whatever happened, an unfinished check must not look like a result
        traceback.print_exc(file=err)
        return NOT_RUN
    if isinstance(report, str):
        print(f"cannot carry over: {report}" if english else f"不能沿用先前的报告：{report}", file=err)
        return WRONG_USAGE
    from zhudang.checks import report_text
    from zhudang.checks.check_report import write_json_file

    if not options.quiet:
        report_text.write(report, options.language, out)
    try:
        if json_file is not None:
            write_json_file(json_file, report)
        if options.html is not None:
            from zhudang.checks import report_page

            report_page.write_html(options.html, report, options.language)
    except OSError as trouble:
        words = "cannot write the report" if english else "写不了报告"
        print(f"{words}: {trouble.filename}: {trouble.strerror}", file=err)
        return NOT_RUN
    return exit_code([*report.reports, *report.packages])


def _report(paths: Sequence[Path], options: Options, err: TextIO) -> CheckReport | str:
    """The report, or why the earlier one cannot be carried over."""
    settings = options.settings
    with Engine(options.workers, options.timeout_s, settings=settings, stage=options.stage) as engine:
        engine.warm()  # the first worker loads its parsers while this process loads the rest
        from zhudang.checks.check_report import NoEarlierReport
        from zhudang.checks.folder_check import check_folder

        try:
            return check_folder(paths, options, engine, err)
        except NoEarlierReport as trouble:
            return str(trouble)


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
    for path in (*paths, *options.ids):
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
        load(options.settings.profile)
    except WrongProfile as wrong:
        words = "the profile cannot be used" if english else "配置不能用"
        complaints.extend(f"{words}: {options.settings.profile}: {reason}" for reason in wrong.reasons)
    return complaints
