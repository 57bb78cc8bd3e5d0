"""Labelled packages, whole folders and ZIP files of them, against the verdicts and codes of the examiner.

What is labelled invalid must fail, what is labelled with a warning must warn, what is valid must not fail; codes of
the specification that a label names must be told.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

from acceptance.parts.tally import Disagreement, Tally

from zhudang.checks.packages.model import PackageReport
from zhudang.checks.packages.running import package_reports

CODES = re.compile(r"\b(?:[EW]\d{3}|CSIP(?:STR)?\d+)\b")


def judge(data: Path, tally: Tally) -> int:
    """Count every labelled package below `data`; returns how many there were."""
    judged = 0
    for table in sorted(data.glob("packages-*/expected.csv")):
        reports = {report.path: report for report in package_reports([table.parent])}
        with table.open(encoding="utf-8-sig", newline="") as lines:
            rows = [(row["file"].rstrip("/"), row["expected"]) for row in csv.DictReader(lines)]
        for name, expected in rows:
            judged += 1
            _count(table.parent.name, name, expected, reports.get(name), tally)
    return judged


def _count(folder: str, name: str, expected: str, report: PackageReport | None, tally: Tally) -> None:
    if agrees(expected, report):
        tally.agreed(folder, "packages")
        return
    got = str(report.verdict) if report else "not found"
    alarm = got == "fail" and not _invalid(expected)
    tally.differs(Disagreement(folder, "packages", name, expected, got, alarm))


def _invalid(expected: str) -> bool:
    return expected.startswith(("invalid", "path escapes"))


def agrees(expected: str, report: PackageReport | None) -> bool:
    if report is None:
        return False
    verdict = str(report.verdict)
    told = set(CODES.findall(json.dumps(report.as_json())))
    if _invalid(expected):
        return verdict == "fail" and set(CODES.findall(expected.split(";")[0])) <= told
    if "warning" in expected:
        return verdict == "warn" and set(CODES.findall(expected)) <= told
    return verdict in ("pass", "warn")
