"""Look at one file as a worker does, without the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zhudang.checks.examine import Examiner
from zhudang.checks.settings import CheckSettings


def examine(path: Path, scratch: Path, name: str | None = None, *, clamd: str | None = None) -> dict[str, Any]:
    """The report of one file, under its own name or another."""
    name = name or path.name
    task = {"path": str(path), "name": name, "label": name, "sha256": None, "sm3": None, "expect_sha256": None}
    return Examiner(scratch, CheckSettings(clamd=clamd)).examine({**task, "depth": "full"})


def codes(report: dict[str, Any]) -> set[str]:
    """The codes found in a file."""
    return {found["code"] for found in report["findings"]}
