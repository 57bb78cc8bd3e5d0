"""One report, the same numbers for people and machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from zhudang.checks.model import FileReport
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


def tool(isolation: Sequence[str] | None = None) -> dict[str, Any]:
    """What checked: our version, the rules' version, the parsers and the signature files.

    Args:
        isolation: what cut the parsers off from the system; without `network` they ran 未隔离.
    """
    return {
        "name": "zhudang check",
        "version": _version("zhudang"),
        "rules": RULES_VERSION,
        "pronom": PRONOM,
        "isolation": list(isolation) if isolation is not None else None,
        "isolated": "network" in isolation if isolation is not None else None,
        "parsers": {name: _version(name) for name in PARSERS},
    }


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def summary(reports: Sequence[FileReport]) -> dict[str, Any]:
    """Counts by verdict and by code, and what nobody checked."""
    not_checked: Counter[tuple[str, str]] = Counter()
    for report in reports:
        not_checked.update(report.not_checked.items())
    return {
        "files": len(reports),
        "bytes": sum(report.size for report in reports),
        "verdicts": dict(sorted(Counter(str(report.verdict) for report in reports).items())),
        "codes": dict(sorted(Counter(code for report in reports for code in report.codes).items())),
        "not_checked": [
            {"code": code, "reason": reason, "files": count} for (code, reason), count in sorted(not_checked.items())
        ],
    }


def to_json(reports: Iterable[FileReport], about: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The whole report, files in path order."""
    ordered = sorted(reports, key=lambda report: report.path)
    return {
        "tool": dict(about or tool()),
        "files": [report.as_json() for report in ordered],
        "summary": summary(ordered),
    }


def write_json(path: Path, reports: Iterable[FileReport], about: Mapping[str, Any] | None = None) -> None:
    """Write the report whole or not at all."""
    text = json.dumps(to_json(reports, about), ensure_ascii=False, indent=1)
    beside = path.with_name(path.name + ".part")
    # A name that is no text (GBK bytes on a UTF-8 system) is written as its escape, which JSON reads back.
    beside.write_bytes((text + "\n").encode("utf-8", "backslashreplace"))
    beside.replace(path)
