"""Native files and their readable renditions: seen over a folder, for a file alone cannot tell.

A native file (a drawing, model, cost or layout file of its maker's own program) is kept and accepted; beside it a
rendition people can read without that program must lie: same folder, same name, PDF or OFD.

Source: the ministry's notice of 2024-03-22, clause (5): native files and BIM are handed over too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import PurePosixPath

from zhudang.checks.model import FileReport, Verdict, verdict_of
from zhudang.checks.rules import DATA, finding

READABLE = frozenset({".pdf", ".ofd"})


@cache
def native_endings() -> frozenset[str]:
    """Endings of native files, lowercase with their dot (`data/native.csv`)."""
    with (DATA / "native.csv").open(encoding="utf-8", newline="") as lines:
        return frozenset(row["extension"] for row in csv.DictReader(lines))


def is_native(name: str) -> bool:
    """Whether a file is its maker's program's own format, by its ending."""
    return PurePosixPath(name).suffix.lower() in native_endings()


def ask_for_renditions(reports: Iterable[FileReport]) -> list[FileReport]:
    """The same reports; native files without a rendition beside them carry FMT-006."""
    reports = list(reports)
    readable = {_stem(report.path) for report in reports if PurePosixPath(report.path).suffix.lower() in READABLE}
    return [
        _asked(report) if is_native(report.path) and not (readable & _stems(report.path)) else report
        for report in reports
    ]


def _stem(path: str) -> str:
    return str(PurePosixPath(path).with_suffix("")).casefold()


def _stems(path: str) -> set[str]:
    """`一层.pdf` and `一层.dwg.pdf` both belong to `一层.dwg`."""
    return {_stem(path), path.casefold()}


def _asked(report: FileReport) -> FileReport:
    path = PurePosixPath(report.path)
    name = report.format.name or path.suffix
    findings = (*report.findings, finding("FMT-006", name=path.name, format=name))
    verdict = report.verdict if report.verdict is Verdict.NOT_CHECKED else verdict_of(findings)
    return replace(report, findings=findings, verdict=verdict)
