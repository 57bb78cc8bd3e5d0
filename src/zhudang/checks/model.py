"""What a check says: findings, verdicts, reports. The same words for people and machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Severity(StrEnum):
    """How a finding weighs. Only `BLOCK` keeps a file from being filed."""

    BLOCK = "block"
    WARN = "warn"
    MANUAL = "manual"
    INFO = "info"


class Verdict(StrEnum):
    """What one file comes to."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    MANUAL = "manual"
    NOT_CHECKED = "not_checked"


FACT_NAMES = (
    "pages",
    "dpi",
    "duration_s",
    "text_chars",
    "encrypted",
    "active_content",
    "infected",
    "signatures",
    "pdfa",
    "release",
    "encoding",
    "members",
)
"""Facts others build on; every report has all of them, None when unknown. Openers may add more."""

NEVER_SIGNED = "prepared but never signed"
"""`why` of an entry of `signatures` that is a place for a signature and none."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to tell about a file: the code leads to clause, cause and cure in the rule data."""

    code: str
    dimension: str
    severity: Severity
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "dimension": self.dimension,
            "severity": str(self.severity),
            "message": self.message,
            "data": dict(self.data),
        }


@dataclass(frozen=True, slots=True)
class Format:
    """A format by content.

    `id` is a PRONOM identifier, or ours (`zd/ofd`); `basis` says what the identification rests on.
    """

    id: str
    name: str
    mime: str
    basis: str

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "mime": self.mime, "basis": self.basis}


UNKNOWN_FORMAT = Format("", "", "", "")


@dataclass(frozen=True, slots=True)
class FileToCheck:
    """One file to examine.

    Args:
        path: where the bytes are.
        name: the name its maker gave it, when the stored path is ours; its ending is compared with
            the content.
        label: what the report calls the file; the path when not given.
        sha256, sm3: lowercase hex, when both are already known from the receiving pass: the bytes are
            then not digested again.
        requirements: IDS files that a model is held against; other files are not asked.
        expect_sha256: what the digest must be (a baseline); a difference blocks.
    """

    path: Path
    name: str | None = None
    label: str | None = None
    sha256: str | None = None
    sm3: str | None = None
    expect_sha256: str | None = None
    requirements: tuple[Path, ...] = ()


class Reported:
    """What every report answers, of a file or of a package."""

    __slots__ = ()
    verdict: Verdict
    findings: tuple[Finding, ...]

    @property
    def blocks(self) -> bool:
        return self.verdict is Verdict.FAIL

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(finding.code for finding in self.findings)


@dataclass(frozen=True, slots=True)
class FileReport(Reported):
    """All that was seen in one file.

    `not_checked` lists rule codes that could not be decided here, each with its reason: what was not
    checked is never passed.
    """

    path: str
    size: int
    sha256: str | None
    sm3: str | None
    format: Format
    verdict: Verdict
    findings: tuple[Finding, ...]
    facts: Mapping[str, Any]
    not_checked: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "size": self.size,
            "sha256": self.sha256,
            "sm3": self.sm3,
            "format": self.format.as_json(),
            "verdict": str(self.verdict),
            "findings": [finding.as_json() for finding in self.findings],
            "facts": dict(self.facts),
            "not_checked": dict(self.not_checked),
        }


@dataclass(frozen=True, slots=True)
class PackageReport(Reported):
    """One package: `kind` is bagit, ocfl, eep, transfer or eark; `version` what it declares, None when it does not."""

    path: str
    kind: str
    version: str | None
    verdict: Verdict
    findings: tuple[Finding, ...]
    not_checked: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "kind": self.kind,
            "version": self.version,
            "verdict": str(self.verdict),
            "findings": [each.as_json() for each in self.findings],
            "not_checked": dict(self.not_checked),
        }


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Weigh findings: what blocks fails, what a person must see comes before mere warnings."""
    severities = {finding.severity for finding in findings}
    if Severity.BLOCK in severities:
        return Verdict.FAIL
    if Severity.MANUAL in severities:
        return Verdict.MANUAL
    if Severity.WARN in severities:
        return Verdict.WARN
    return Verdict.PASS


def report_from_json(data: Mapping[str, Any]) -> FileReport:
    """Read back what `FileReport.as_json` wrote (also across the worker's socket)."""
    return FileReport(
        path=data["path"],
        size=data["size"],
        sha256=data["sha256"],
        sm3=data["sm3"],
        format=Format(**data["format"]),
        verdict=Verdict(data["verdict"]),
        findings=_findings(data["findings"]),
        facts=data["facts"],
        not_checked=data.get("not_checked", {}),
    )


def package_report_from_json(data: Mapping[str, Any]) -> PackageReport:
    """Read back what `PackageReport.as_json` wrote."""
    return PackageReport(
        path=data["path"],
        kind=data["kind"],
        version=data["version"],
        verdict=Verdict(data["verdict"]),
        findings=_findings(data["findings"]),
        not_checked=data["not_checked"],
    )


def _findings(items: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    return tuple(
        Finding(item["code"], item["dimension"], Severity(item["severity"]), item["message"], item["data"])
        for item in items
    )
