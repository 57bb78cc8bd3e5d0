"""One report, the same numbers for people and machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from zhudang.checks.model import FileReport
from zhudang.checks.packages.model import PackageReport
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


def to_json(
    reports: Iterable[FileReport], packages: Iterable[PackageReport] = (), about: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The whole report, files and packages in path order."""
    ordered = sorted(reports, key=lambda report: report.path)
    folders = sorted(packages, key=lambda package: package.path)
    return {
        "tool": dict(about or tool()),
        "packages": [package.as_json() for package in folders],
        "files": [report.as_json() for report in ordered],
        "summary": summary(ordered, folders),
    }


def write_json(path: Path, reports: Iterable[FileReport], packages: Iterable[PackageReport] = ()) -> None:
    """Write the report whole or not at all."""
    text = json.dumps(to_json(reports, packages), ensure_ascii=False, indent=1)
    beside = path.with_name(path.name + ".part")
    # A name that is no text (GBK bytes on a UTF-8 system) is written as its escape, which JSON reads back.
    beside.write_bytes((text + "\n").encode("utf-8", "backslashreplace"))
    beside.replace(path)
