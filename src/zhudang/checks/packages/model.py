"""What is said of one package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zhudang.checks.model import Finding, Severity, Verdict, verdict_of
from zhudang.checks.packages.tree import Tree
from zhudang.checks.rules import finding

PER_CODE = 100
"""Findings of one code that are told one by one; how many more there are is told as a number."""


@dataclass(frozen=True, slots=True)
class PackageReport:
    """One package: `kind` is bagit, ocfl, eep, transfer or eark; `version` what it declares, None when it does not."""

    path: str
    kind: str
    version: str | None
    verdict: Verdict
    findings: tuple[Finding, ...]
    not_checked: Mapping[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> bool:
        return self.verdict is Verdict.FAIL

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(each.code for each in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "kind": self.kind,
            "version": self.version,
            "verdict": str(self.verdict),
            "findings": [each.as_json() for each in self.findings],
            "not_checked": dict(self.not_checked),
        }


def package_report_from_json(data: Mapping[str, Any]) -> PackageReport:
    """Read back what `PackageReport.as_json` wrote."""
    findings = tuple(
        Finding(item["code"], item["dimension"], Severity(item["severity"]), item["message"], item["data"])
        for item in data["findings"]
    )
    return PackageReport(
        path=data["path"],
        kind=data["kind"],
        version=data["version"],
        verdict=Verdict(data["verdict"]),
        findings=findings,
        not_checked=data["not_checked"],
    )


@dataclass
class Package:
    """One package under examination."""

    tree: Tree
    kind: str
    path: str = "."
    name: str = ""
    version: str | None = None
    findings: list[Finding] = field(default_factory=list)
    not_checked: dict[str, str] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)

    def find(self, code: str, severity: Severity | None = None, **data: Any) -> None:
        """Note a finding, once, and only the first hundred of each code."""
        found = finding(code, severity, **data)
        if self._counts[code] < PER_CODE and found in self.findings:
            return
        self._counts[code] += 1
        if self._counts[code] <= PER_CODE:
            self.findings.append(found)

    def report(self) -> PackageReport:
        more = {code: count - PER_CODE for code, count in sorted(self._counts.items()) if count > PER_CODE}
        for code, count in more.items():
            self.findings.append(finding("PKG-001", told=code, more=count))
        return PackageReport(
            path=self.path,
            kind=self.kind,
            version=self.version,
            verdict=verdict_of(self.findings),
            findings=tuple(self.findings),
            not_checked=self.not_checked,
        )
