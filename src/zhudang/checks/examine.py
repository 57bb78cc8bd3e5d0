"""One file, inside a worker: digests, format by content, opener of its kind, verdict."""

from __future__ import annotations

import errno
import importlib
import math
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zhudang.checks import limits
from zhudang.checks.formats import Identified, Identifier
from zhudang.checks.malware import Scanner, ScannerUnavailable
from zhudang.checks.members import Nest
from zhudang.checks.model import (
    FACT_NAMES,
    UNKNOWN_FORMAT,
    FileReport,
    Finding,
    Format,
    Severity,
    verdict_of,
)
from zhudang.checks.rules import finding
from zhudang.checks.settings import CheckSettings
from zhudang.checks.trust import Trust
from zhudang.shared.digests import digest_file

OPENERS = {
    "pdf": "pdf",
    "ofd": "ofd",
    "eseal": "eseal",
    "image": "image",
    "dxf": "dxf",
    "dwg": "dwg",
    "ifc": "ifc",
    "ids": "ids",
    "geo": "geo",
    "media": "media",
    "office": "office",
    "archive": "archive",
    "text": "text",
    "xml": "text",
    "html": "text",
    "email": "mail",
    "mhtml": "mail",
}
"""Module in `openers/` for each kind of file. A kind without one is told as not opened."""
LONGEST_TEXT = 1000


@dataclass
class Case:
    """One file under examination: what is known of it, and what was found so far."""

    path: Path
    name: str
    size: int
    scratch: Path
    trust: Trust = field(default_factory=Trust)
    kind: str = ""
    format: Format = UNKNOWN_FORMAT
    facts: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(FACT_NAMES))
    findings: list[Finding] = field(default_factory=list)
    not_checked: dict[str, str] = field(default_factory=dict)
    depth: int = 0
    requirements: tuple[Path, ...] = ()
    """IDS files of the city and of the set the file lies in, for models."""
    nest: Nest | None = None
    """For openers of files that hold files (`members.Members`); without it they are only listed."""

    @property
    def extension(self) -> str:
        return Path(self.name).suffix.lower()

    def find(self, code: str, severity: Severity | None = None, **data: Any) -> None:
        """Note a finding, once; stored paths are ours and never told."""
        place = os.fspath(self.path)
        told = {
            key: value.replace(place, self.name) if isinstance(value, str) else value for key, value in data.items()
        }
        found = finding(code, severity, **told)
        if found not in self.findings:
            self.findings.append(found)

    def active(self, *kinds: str) -> None:
        """Note active content by its fixed names."""
        present = self.facts["active_content"] or []
        self.facts["active_content"] = sorted({*present, *kinds})


class Examiner:
    """Examines files one after another; keeps what is costly to load."""

    def __init__(
        self, scratch: Path, settings: CheckSettings | None = None, requirements: tuple[Path, ...] = ()
    ) -> None:
        self._requirements = requirements
        self._scratch = scratch
        self._identifier = Identifier(scratch)
        settings = settings or CheckSettings()
        self._scanner = Scanner(settings.clamd) if settings.clamd else None
        self._trust = Trust.from_folder(Path(settings.trust) if settings.trust else None)

    def examine(self, task: dict[str, Any]) -> dict[str, Any]:
        """Report on one file as JSON-ready data.

        Args:
            task: path, name, label, sha256, sm3, expect_sha256, requirements, depth. Depth `identify` leaves out the
                opener and `bytes` also identification: for a file that ended a worker before.
        """
        try:
            status = Path(task["path"]).stat()
        except OSError as error:
            return _unread(task, 0, error)
        if not stat.S_ISREG(status.st_mode):
            # A pipe or device would hang or never end.
            return _unread(task, 0, OSError(errno.EINVAL, "not a regular file"))
        size = status.st_size
        nest = Nest(self._member, packed=size)
        case = Case(Path(task["path"]), task["name"], size, self._scratch, self._trust, nest=nest)
        asked = (*self._requirements, *(Path(each) for each in task.get("requirements", ())))
        case.requirements = nest.requirements = tuple(dict.fromkeys(each.absolute() for each in asked))
        try:
            sha256, sm3 = _digests(case, task)
        except OSError as error:
            return _unread(task, size, error)
        if task["depth"] != "bytes":
            self._look(case, opened=task["depth"] == "full")
            self._scan(case)
        report = FileReport(
            path=task["label"],
            size=case.size,
            sha256=sha256,
            sm3=sm3,
            format=case.format,
            verdict=verdict_of(case.findings),
            findings=tuple(case.findings),
            facts=case.facts,
            not_checked=case.not_checked,
        ).as_json()
        return {**report, "findings": presentable(report["findings"]), "facts": presentable(report["facts"])}

    def _member(self, path: Path, name: str, depth: int, nest: Nest) -> Case:
        """Examine a file that was inside another one."""
        inner = Case(path, name, path.stat().st_size, self._scratch, self._trust, depth=depth, nest=nest)
        inner.requirements = nest.requirements
        self._look(inner, opened=True)
        self._scan(inner)
        return inner

    def _look(self, case: Case, *, opened: bool) -> None:
        if case.size == 0:
            case.find("FMT-003")
            return
        seen = self._identifier.identify(case.path, case.name)
        case.format, case.kind = seen.format, seen.kind
        _tell_format(case, seen)
        if opened:
            _open(case, seen)

    def _scan(self, case: Case) -> None:
        if self._scanner is None:
            case.not_checked["VIR-001"] = "no_scanner"
            return
        try:
            virus = self._scanner.scan(case.path)
        except ScannerUnavailable as trouble:
            case.not_checked["VIR-001"] = trouble.reason
            return
        case.facts["infected"] = virus or case.facts["infected"] or False
        if virus:
            case.find("VIR-001", virus=virus)


def presentable(value: Any) -> Any:
    """Text a database and a page can hold: no NUL, no halves of characters, nothing endless."""
    if isinstance(value, str):
        if len(value) <= LONGEST_TEXT and value.isascii() and "\0" not in value:
            return value
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:LONGEST_TEXT]
    if isinstance(value, dict):
        return {presentable(key): presentable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [presentable(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _digests(case: Case, task: dict[str, Any]) -> tuple[str, str]:
    if task["sha256"] and task["sm3"]:
        sha256, sm3 = task["sha256"], task["sm3"]
    else:
        digests = digest_file(case.path)
        sha256, sm3, case.size = digests.sha256, digests.sm3, digests.size
    if task["expect_sha256"] and task["expect_sha256"] != sha256:
        case.find("FIX-001", expected=task["expect_sha256"], found=sha256)
    return sha256, sm3


def _tell_format(case: Case, seen: Identified) -> None:
    if seen.mismatch and not seen.claimed_only:
        case.find("FMT-002", extension=case.extension, format=seen.format.name, id=seen.format.id)
    if not seen.kind:
        code = ("FMT-005" if seen.claimed_only else "FMT-004") if seen.format.id else "FMT-001"
        case.find(code, extension=case.extension, format=seen.format.name, id=seen.format.id)


def _open(case: Case, seen: Identified) -> None:
    """Run the opener; whatever it does not answer itself is told as an unfinished check."""
    if not seen.kind:
        return
    module = OPENERS.get(seen.kind)
    if module is None:
        case.find("FMT-004", extension=case.extension, format=seen.format.name, id=seen.format.id)
        return
    try:
        opener: Callable[[Case], None] = importlib.import_module(f"zhudang.checks.openers.{module}").examine
    except ImportError as missing:
        case.find("RUN-006", module=missing.name or module)
        return
    try:
        opener(case)
    except MemoryError:
        case.find("RUN-003", limit_mb=limits.ALLOCATION_BYTES // (1024 * 1024))
    except Exception as trouble:  # a parser's surprise on a stranger's file is data, not a crash
        case.find("RUN-005", error=type(trouble).__name__, detail=str(trouble)[:200])


def _unread(task: dict[str, Any], size: int, error: OSError) -> dict[str, Any]:
    found = finding("RUN-004", error=error.strerror or type(error).__name__)
    report = FileReport(
        path=task["label"],
        size=size,
        sha256=task["sha256"],
        sm3=task["sm3"],
        format=UNKNOWN_FORMAT,
        verdict=verdict_of([found]),
        findings=(found,),
        facts=dict.fromkeys(FACT_NAMES),
    )
    return {**report.as_json(), "verdict": "not_checked"}
