"""Submission packages under check: what the package says of itself is held against what is in it.

A package is no archive that should have been unpacked: it is taken apart when it holds, and stays whole when not.
Transfer packages bear their name, encapsulations (DA/T 48) and zipped bags (BagIt) are known by what is in them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from xml.parsers import expat

from django.conf import settings
from django.utils import translation

from zhudang.checks.model import FileReport, Finding, PackageReport, Verdict, verdict_of
from zhudang.checks.packages.contents import KINDS, documents_in, unfit
from zhudang.checks.packages.finding import DOCUMENTS, ZIPS, Candidate, packages_in
from zhudang.checks.packages.running import package_reports
from zhudang.checks.packages.tree import Unreadable
from zhudang.checks.packages.xmlstream import Stopped
from zhudang.checks.profile import Profile
from zhudang.content import words
from zhudang.content.domain import intake
from zhudang.shared.refusals import Reason

PACKAGE_NAME = re.compile(r"SIP-.+\.zip", re.IGNORECASE)
NAMED_ONLY = frozenset({"transfer"})
"""Kinds that are taken as packages only under the name of one: a project's own folder may look alike."""
ENDINGS = (*ZIPS, *DOCUMENTS)
PACKED = "ZIP-011"
FACT = "package"
MOST_UNFIT = 100
TOO_MUCH = ("ZIP-004", "RUN-")
"""Codes, or how they begin, of files that are not opened a second time: bombs, and what broke a checker."""


def is_named_as_package(name: str) -> bool:
    """Whether a file's name says that it is a submission package."""
    return PACKAGE_NAME.fullmatch(name) is not None


def may_be_package(name: str) -> bool:
    """Whether a file of this name may hold a package: what is in it decides."""
    return name.lower().endswith(ENDINGS)


@contextmanager
def _under_its_ending(stored: Path, name: str) -> Iterator[Path]:
    """Stored bytes under a name that ends as the file's own."""
    with tempfile.TemporaryDirectory(prefix="zhudang-package-") as scratch:
        package = Path(scratch) / f"package{PurePosixPath(name).suffix.lower()}"
        package.symlink_to(stored)
        yield package


@contextmanager
def candidates_of(stored: Path, name: str) -> Iterator[list[Candidate]]:
    """The packages a file is, as far as files of its name are taken as such; they can be read until the end."""
    if not may_be_package(name):
        yield []
        return
    with _under_its_ending(stored, name) as package:
        found = [each for each in packages_in(package) if each.kind in KINDS]
        yield [each for each in found if each.kind not in NAMED_ONLY or is_named_as_package(name)]


def reports_on(stored: Path, name: str, city: Profile) -> list[PackageReport]:
    """Examine stored bytes as packages, weighed as the city does; takes seconds, and longer for large ones."""
    with _under_its_ending(stored, name) as package:
        reports = package_reports([package], trust=settings.CHECKS.trust)
        return [replace(city.weigh_report(each), path=_shown(each.path, package, name)) for each in reports]


def _shown(label: str, package: Path, name: str) -> str:
    return name + label.removeprefix(package.name)


def with_package(report: FileReport, name: str, stored: Path, city: Profile) -> FileReport:
    """The check of a file, with that of the package it is: all reasons at once; as it was for every other file.

    What could not be looked at as a file, or would come out of it beyond measure, is not looked at as a package.
    """
    if not may_be_package(name) or report.verdict is Verdict.NOT_CHECKED or any(map(_too_much, report.codes)):
        return report
    with candidates_of(stored, name) as candidates:
        if not candidates:
            misnamed = is_named_as_package(name) and report.verdict is not Verdict.FAIL
            return replace(report, facts={**report.facts, FACT: []}) if misnamed else report
        packages = reports_on(stored, name, city)
        if not any(each.blocks or each.verdict is Verdict.NOT_CHECKED for each in packages):
            unfit_ones = list(_unfit(candidates))
        else:
            unfit_ones = []
    own = [found for found in report.findings if found.code != PACKED]
    findings = (*own, *(found for each in packages for found in each.findings), *unfit_ones)
    verdict = Verdict.NOT_CHECKED if _unfinished(packages) else verdict_of(findings)
    return replace(
        report, findings=findings, verdict=verdict, facts={**report.facts, FACT: [_brief(each) for each in packages]},
        not_checked={**report.not_checked, **{code: why for each in packages for code, why in each.not_checked.items()}},
    )  # fmt: skip


def _too_much(code: str) -> bool:
    return code.startswith(TOO_MUCH)


def _unfit(candidates: list[Candidate]) -> Iterator[Finding]:
    """Documents that could not be received under their names: told now, since nothing is taken by halves."""
    told = 0
    for candidate in candidates:
        try:
            for each in documents_in(candidate):
                reasons = intake.why_not_called(intake.clean_name(each.name), intake.clean_folder(each.folder))
                if reasons and told < MOST_UNFIT:
                    told += 1
                    yield unfit(each.path, _in_both_languages(reasons))
        except (Unreadable, Stopped, expat.ExpatError, OSError) as trouble:
            yield unfit(candidate.label, {"zh": str(trouble)[:200]})


def _in_both_languages(reasons: list[Reason]) -> dict[str, str]:
    told = {}
    for language, key in (("zh-hans", "zh"), ("en", "en")):
        with translation.override(language):
            told[key] = " ".join(str(words.REASONS[reason.code] % reason.data) for reason in reasons)
    return told


def _unfinished(packages: list[PackageReport]) -> bool:
    return any(each.verdict is Verdict.NOT_CHECKED for each in packages)


def _brief(package: PackageReport) -> dict[str, Any]:
    return {
        "path": package.path, "kind": package.kind, "version": package.version, "verdict": str(package.verdict),
        "codes": sorted(package.codes),
    }  # fmt: skip
