"""What checked, and the counts over many files; the whole report is `check_report.CheckReport`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import metadata
from typing import Any

from zhudang.checks.model import FileReport, PackageReport
from zhudang.checks.rules import RULES_VERSION

PARSERS = (
    "pygfried",
    "pikepdf",
    "pypdfium2",
    "pyHanko",
    "pillow",
    "pyvips",
    "ezdxf",
    "ifcopenshell",
    "av",
    "olefile",
    "msoffcrypto-tool",
    "lxml",
    "py7zr",
    "rarfile",
    "libarchive-c",
)
"""Distributions whose version stands in the report; a missing one means its kind is not checked here."""
PRONOM = {"signature": "DROID_SignatureFile_V125.xml", "container": "container-signature-20260119.xml"}
"""Signature files inside the identification library; a test compares them with the library."""


def tool() -> dict[str, Any]:
    """What checked: our version, the rules' version, the parsers and the signature files."""
    return {
        "name": "zhudang check",
        "version": _version("zhudang"),
        "rules": RULES_VERSION,
        "pronom": PRONOM,
        "parsers": {name: _version(name) for name in PARSERS},
    }


@cache
def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def summary(reports: Sequence[FileReport], packages: Sequence[PackageReport] = ()) -> dict[str, Any]:
    """Counts by verdict and by code, and what nobody checked; codes of packages count with those of files."""
    codes = Counter(code for report in reports for code in report.codes)
    codes.update(code for package in packages for code in package.codes)
    not_checked: Counter[tuple[str, str]] = Counter()
    for report in reports:
        not_checked.update(report.not_checked.items())
    return {
        "files": len(reports),
        "bytes": sum(report.size for report in reports),
        "verdicts": dict(sorted(Counter(str(report.verdict) for report in reports).items())),
        "codes": dict(sorted(codes.items())),
        "packages": dict(sorted(Counter(str(package.verdict) for package in packages).items())),
        "not_checked": [
            {"code": code, "reason": reason, "files": count} for (code, reason), count in sorted(not_checked.items())
        ],
    }


def to_json(reports: Iterable[FileReport]) -> dict[str, Any]:
    """The results alone, files in path order, for a package that carries them along."""
    ordered = sorted(reports, key=lambda report: report.path)
    files = [report.as_json() for report in ordered]
    return {"tool": tool(), "packages": [], "files": files, "summary": summary(ordered)}
