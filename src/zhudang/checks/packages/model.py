"""One package while it is looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from zhudang.checks.model import Finding, PackageReport, Severity, verdict_of
from zhudang.checks.packages.tree import Tree
from zhudang.checks.rules import finding

PER_CODE = 100
"""Findings of one code that are told one by one; how many more there are is told as a number."""


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
