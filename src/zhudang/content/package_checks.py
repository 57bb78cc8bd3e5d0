"""Submission packages under check: what the package says of itself is held against what is in it.

A package is no archive that should have been unpacked: it is taken apart when it holds, and stays whole when not.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from zhudang.checks.model import FileReport, PackageReport, Verdict, verdict_of
from zhudang.checks.packages.running import package_reports
from zhudang.checks.profile import Profile

PACKAGE_NAME = re.compile(r"SIP-.+\.zip", re.IGNORECASE)
KIND = "transfer"
PACKED = "ZIP-011"
FACT = "package"


def is_named_as_package(name: str) -> bool:
    """Whether a file's name says that it is a submission package."""
    return PACKAGE_NAME.fullmatch(name) is not None


def reports_on(stored: Path, city: Profile) -> list[PackageReport]:
    """Examine stored bytes as packages, weighed as the city does; takes seconds, and longer for large ones."""
    with tempfile.TemporaryDirectory(prefix="zhudang-package-") as scratch:
        package = Path(scratch) / "package.zip"
        package.symlink_to(stored)
        return [city.weigh_report(each) for each in package_reports([package])]


def with_package(report: FileReport, name: str, stored: Path, city: Profile) -> FileReport:
    """The check of a file, with that of the package it is; as it was for every other file, and for broken archives."""
    if not is_named_as_package(name) or report.verdict in (Verdict.FAIL, Verdict.NOT_CHECKED):
        return report
    packages = reports_on(stored, city)
    if not any(each.kind == KIND for each in packages):
        return replace(report, facts={**report.facts, FACT: []})
    own = [found for found in report.findings if found.code != PACKED]
    findings = (*own, *(found for each in packages for found in each.findings))
    verdict = Verdict.NOT_CHECKED if _unfinished(packages) else verdict_of(findings)
    return replace(
        report, findings=findings, verdict=verdict, facts={**report.facts, FACT: [_brief(each) for each in packages]},
        not_checked={**report.not_checked, **{code: why for each in packages for code, why in each.not_checked.items()}},
    )  # fmt: skip


def _unfinished(packages: list[PackageReport]) -> bool:
    return any(each.verdict is Verdict.NOT_CHECKED for each in packages)


def _brief(package: PackageReport) -> dict[str, Any]:
    return {
        "path": package.path, "kind": package.kind, "version": package.version, "verdict": str(package.verdict),
        "codes": sorted(package.codes),
    }  # fmt: skip
