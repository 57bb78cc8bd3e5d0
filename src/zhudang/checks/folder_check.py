"""Files and folders examined as one: every file, every package, and what only shows when all are looked at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

from zhudang.checks import profile
from zhudang.checks.check_report import (
    CheckedFile,
    CheckReport,
    Earlier,
    Run,
    findings_of,
    ordered,
    read_earlier,
)
from zhudang.checks.command import Options
from zhudang.checks.engine import Engine
from zhudang.checks.format_tables import extensions
from zhudang.checks.item_results import Context, item_results
from zhudang.checks.malware import Scanner, ScannerUnavailable
from zhudang.checks.model import FileReport, FileToCheck
from zhudang.checks.packages.running import ITEMS, package_reports
from zhudang.checks.renditions import ask_for_renditions
from zhudang.checks.report import tool
from zhudang.checks.settings import CheckSettings
from zhudang.shared.digests import digest_file

MODELS = (".ifc", ".ifczip", ".ifcxml")


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


def check_folder(paths: Sequence[Path], options: Options, engine: Engine, err: TextIO) -> CheckReport:
    """Examine everything under `paths` and draw up the report.

    Raises:
        NoEarlierReport: `options.since` cannot serve.
    """
    city = profile.load(options.settings.profile)
    about, scanner = tool(), _scanner(options.settings)
    settings = {"profile": city.as_json(), "scanner": scanner, "trust": options.settings.trust is not None}
    earlier = read_earlier(options.since, tool=about, settings=settings) if options.since else None
    wanted = _with_requirements(list(files_under(paths)), options.ids)
    carried = _carried(wanted, earlier) if earlier else {}
    left = [each for each in wanted if each.label not in carried]
    fresh = _examine(left, options, engine, err)
    now = datetime.now().astimezone()
    run = Run(f"{about['name']} {about['rules']}", now)
    before = replace(run, at=earlier.at, engine=earlier.engine, carried=True) if earlier else run
    files = [CheckedFile(report, run) for report in fresh]
    files += [CheckedFile(city.weigh_report(report, options.stage), before) for report in carried.values()]
    reports = [file.report for file in files]
    looked = package_reports(paths, reports, options.timeout_s, options.settings.trust)
    packages = [city.weigh_report(each, options.stage) for each in looked]
    context = Context(options.stage, scanner, package_ran=ITEMS if packages else frozenset(), today=now.date())
    described = tuple((package.path, found) for package in packages for found in package.findings)
    return CheckReport(
        title="、".join(path.absolute().name for path in paths),
        subject=("folder", "、".join(path.absolute().name for path in paths)),
        made_at=run.at,
        tool=about,
        settings={**settings, "isolation": None if engine.isolation is None else list(engine.isolation)},
        files=ordered(files),
        items=item_results(reports, context, city, findings_of(described)),
        described=described,
        packages=tuple(packages),
        stage=options.stage or "",
    )


def _with_requirements(files: Sequence[FileToCheck], given: Sequence[Path]) -> list[FileToCheck]:
    """Every model, and every archive that may hold some, with the IDS files it is held against: those named, and those
    that lie in the set."""
    asked = (*given, *(each.path for each in files if each.path.suffix.lower() == ".ids"))
    if not asked:
        return list(files)
    return [
        replace(each, requirements=tuple(dict.fromkeys(asked))) if _may_hold_models(each.path) else each
        for each in files
    ]


def _may_hold_models(path: Path) -> bool:
    ending = path.suffix.lower()
    return ending in MODELS or (ending in extensions() and extensions()[ending].kind == "archive")


def _scanner(settings: CheckSettings) -> str | None:
    """What the scanner says it is; empty when it is configured and silent."""
    if not settings.clamd:
        return None
    try:
        return Scanner(settings.clamd).version()
    except ScannerUnavailable:
        return ""


def _carried(wanted: Sequence[FileToCheck], earlier: Earlier) -> dict[str, FileReport]:
    """Results of an earlier run that the correction cannot have touched: same name, same bytes, no IDS beside it."""
    carried: dict[str, FileReport] = {}
    for file in wanted:
        label = file.label or ""
        if label not in earlier.files or file.requirements or not file.path.is_file():
            continue
        if file.path.stat().st_size == earlier.files[label].size and (
            before := earlier.carried(label, digest_file(file.path).sha256)
        ):
            carried[label] = before
    return carried


def _examine(files: Sequence[FileToCheck], options: Options, engine: Engine, err: TextIO) -> list[FileReport]:
    reports = engine.check_paths(files)
    if err.isatty():
        reports = _with_progress(reports, len(files), err, options.language)
    return ask_for_renditions(reports)


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
