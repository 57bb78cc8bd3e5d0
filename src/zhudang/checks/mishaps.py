"""What is said of a file whose worker came to an end: the parent's share of a report."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping
from typing import Any

from zhudang.checks.model import (
    FACT_NAMES,
    UNKNOWN_FORMAT,
    FileReport,
    Finding,
    Severity,
    report_from_json,
    verdict_of,
)
from zhudang.checks.rules import finding

Mishap = tuple[str, dict[str, Any]]
"""A rule code and the data of its sentence."""
NO_WORKER: Mishap = ("RUN-006", {"module": "zhudang.checks.worker"})


def with_mishaps(report: dict[str, Any], mishaps: list[Mishap]) -> dict[str, Any]:
    """Add what happened to earlier workers to the report of the one that came through."""
    told = report_from_json(report)
    findings = (*(_told(each) for each in mishaps), *told.findings)
    return {
        **report,
        "findings": [item.as_json() for item in findings],
        "verdict": str(verdict_of(findings)),
    }


def _told(mishap: Mishap) -> Finding:
    """A killed worker is no proof against its file: somebody else, or the system out of memory, did it."""
    code, data = mishap
    killed = code == "RUN-001" and data.get("exit") == -signal.SIGKILL
    return finding(code, Severity.MANUAL if killed else None, **data)


def bare_report(payload: Mapping[str, Any], size: int, mishaps: Iterable[Mishap]) -> dict[str, Any]:
    """The report of a file that not even digesting survived, or that no worker was there for."""
    findings = tuple(_told(each) for each in mishaps)
    return FileReport(
        path=payload["label"],
        size=size,
        sha256=payload["sha256"],
        sm3=payload["sm3"],
        format=UNKNOWN_FORMAT,
        verdict=verdict_of(findings),
        findings=findings,
        facts=dict.fromkeys(FACT_NAMES),
    ).as_json()
