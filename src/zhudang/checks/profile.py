"""A city's own weights, limits and stages: a TOML file beside the rules, never code.

name = "云溪县"
ids = ["交付要求/竣工模型.ids"]   # IDS files every model is held against; places beside this file

[severity]              # a finding code, or an item of the frame
"PDF-010" = "info"

[limits]                # names of data/limits.csv
digitisation_dpi = 300

[stages]                # items of the frame: GD filing, YJ transfer, CQ preservation; [] switches an item off
"3-5" = ["GD", "CQ"]
"4-6" = []
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from zhudang.checks.limits import all_limits
from zhudang.checks.model import FileReport, Finding, PackageReport, Severity, Verdict, verdict_of
from zhudang.checks.rules import STAGES, Item, all_items, all_rules

LARGEST_BYTES = 1024 * 1024
LARGEST_IDS_BYTES = 20 * 1024 * 1024
Weighed = TypeVar("Weighed", FileReport, PackageReport)
_SECTIONS = ("severity", "limits", "stages")
MOST_REQUIREMENTS = 20
IDS_ROOT = re.compile(rb"<(?:\w+:)?ids\b[^>]*buildingsmart\.org/IDS", re.IGNORECASE)


class WrongProfile(ValueError):
    """A profile that cannot be used; `reasons` names every line and key at fault, all at once."""

    def __init__(self, path: str, reasons: list[str]) -> None:
        super().__init__(f"{path}: " + "; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Requirements:
    """One IDS file of the city; `place` is empty where the profile was read back from a run."""

    name: str
    sha256: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a city decided. Without a file it is empty and everything stands as delivered.

    Args:
        severity: finding code or item code -> weight.
        stages: item code -> the stages at which it is checked; empty is switched off.
        requirements: IDS files that every model is held against.
        digest: SHA-256 of the file, empty without one.
    """

    name: str = ""
    severity: Mapping[str, Severity] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    stages: Mapping[str, frozenset[str]] = field(default_factory=dict)
    requirements: tuple[Requirements, ...] = ()
    digest: str = ""

    def stages_of(self, item: Item) -> frozenset[str]:
        """When an item is checked: as the city says, else as the standard's frame does."""
        if item.code in self.stages:
            return self.stages[item.code]
        return frozenset(item.stages.split())

    def severity_of(self, item: Item) -> Severity | None:
        """What failing an item weighs; None for an item nobody could identify."""
        return self.severity.get(item.code, item.severity)

    def weigh(self, found: Finding, stage: str | None = None) -> Finding:
        """The finding with the weight it has in this city at this stage.

        What the city's weight does not move and the stage does not ask for is told as a note; only what blocks
        keeps its weight at every stage.
        """
        if moved := self.severity.get(found.code):
            return replace(found, severity=moved)
        if stage is None or found.severity in {Severity.BLOCK, Severity.INFO} or found.code not in all_rules():
            return found
        item = all_items().get(all_rules()[found.code].item)
        if item is None or stage in self.stages_of(item):
            return found
        return replace(found, severity=Severity.INFO)

    def weigh_report(self, report: Weighed, stage: str | None = None) -> Weighed:
        """The report on a file or package with its findings weighed, and the verdict they then come to."""
        if not self.severity and stage is None:
            return report
        findings = tuple(self.weigh(found, stage) for found in report.findings)
        if findings == report.findings:
            return report
        verdict = report.verdict if report.verdict is Verdict.NOT_CHECKED else verdict_of(findings)
        return replace(report, findings=findings, verdict=verdict)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sha256": self.digest,
            "severity": {code: str(weight) for code, weight in self.severity.items()},
            "limits": dict(self.limits),
            "stages": {code: sorted(stages) for code, stages in self.stages.items()},
            "ids": [{"name": each.name, "sha256": each.sha256} for each in self.requirements],
        }


def load_stored(data: Mapping[str, Any]) -> Profile:
    """The profile a run was made by, as `as_json` kept it with the run."""
    return Profile(
        name=data.get("name", ""),
        severity={code: Severity(weight) for code, weight in data.get("severity", {}).items()},
        limits=dict(data.get("limits", {})),
        stages={code: frozenset(stages) for code, stages in data.get("stages", {}).items()},
        requirements=tuple(Requirements(each["name"], each["sha256"]) for each in data.get("ids", ())),
        digest=data.get("sha256", ""),
    )


def load(path: str | None) -> Profile:
    """Read a profile; an empty one without a path.

    Raises:
        WrongProfile: with every reason, each with its line and key.
    """
    if not path:
        return Profile()
    try:
        with Path(path).open("rb") as stream:
            raw = stream.read(LARGEST_BYTES + 1)
    except OSError as trouble:
        raise WrongProfile(path, [trouble.strerror or type(trouble).__name__]) from trouble
    city = _read(path, raw)
    if not city.requirements:
        return city
    text = raw.decode("utf-8-sig")
    return replace(city, requirements=_on_disk(path, city.requirements, _line_of(text, "ids")))


def _on_disk(path: str, named: Iterable[Requirements], line: int) -> tuple[Requirements, ...]:
    """The IDS files as they are now: they may be corrected while the service runs.

    Raises:
        WrongProfile: one is missing, or is none.
    """
    found, reasons = [], []
    for each in named:
        place = Path(path).absolute().parent / each.name
        try:
            status = place.stat()
            digest = _digest_of_ids(str(place), status.st_mtime_ns, status.st_size)
        except OSError as trouble:
            reasons.append(f"line {line}: ids: {each.name}: {trouble.strerror or type(trouble).__name__}")
            continue
        if not digest:
            reasons.append(f"line {line}: ids: {each.name}: is no IDS file")
        found.append(Requirements(place.name, digest, str(place)))
    if reasons:
        raise WrongProfile(path, reasons)
    return tuple(found)


@lru_cache(maxsize=4 * MOST_REQUIREMENTS)
def _digest_of_ids(place: str, changed_ns: int, size: int) -> str:
    """SHA-256 of an IDS file; empty for anything else."""
    if size > LARGEST_IDS_BYTES:
        return ""
    content = Path(place).read_bytes()
    return hashlib.sha256(content).hexdigest() if IDS_ROOT.search(content[:65536]) else ""


@lru_cache(maxsize=8)
def _read(path: str, raw: bytes) -> Profile:
    if len(raw) > LARGEST_BYTES:
        raise WrongProfile(path, [f"larger than {LARGEST_BYTES} bytes"])
    try:
        text = raw.decode("utf-8-sig")
        data = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as trouble:
        raise WrongProfile(path, [str(trouble)]) from trouble
    if reasons := [f"line {_line_of(text, key)}: {key}: {why}" for key, why in _faults(data)]:
        raise WrongProfile(path, reasons)
    return Profile(
        name=data["name"],
        severity={code: Severity(weight) for code, weight in data.get("severity", {}).items()},
        limits=dict(data.get("limits", {})),
        stages={code: frozenset(stages) for code, stages in data.get("stages", {}).items()},
        requirements=tuple(Requirements(name) for name in data.get("ids", ())),
        digest=hashlib.sha256(raw).hexdigest(),
    )


def _faults(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every (dotted key, what is wrong with it)."""
    if not isinstance(data.get("name"), str) or not 0 < len(data["name"].strip()) <= 40:
        yield "name", "must be a text of 1 to 40 characters"
    for key in data:
        if key not in {"name", "ids"} and key not in _SECTIONS:
            yield key, f"unknown; known are name, ids, {', '.join(_SECTIONS)}"
    named = data.get("ids", [])
    if not isinstance(named, list) or not all(isinstance(each, str) and each for each in named):
        yield "ids", "must be a list of file names"
    elif len(named) > MOST_REQUIREMENTS:
        yield "ids", f"must name at most {MOST_REQUIREMENTS} files"
    for section, faults in (("severity", _severity_fault), ("limits", _limit_fault), ("stages", _stages_fault)):
        table = data.get(section, {})
        if not isinstance(table, dict):
            yield section, "must be a table"
            continue
        for key, value in table.items():
            if why := faults(key, value):
                yield f"{section}.{key}", why


def _severity_fault(code: str, value: Any) -> str:
    if code not in all_rules() and not _known_item(code):
        return "no such finding code or item"
    known = [str(severity) for severity in Severity]
    return "" if isinstance(value, str) and value in known else f"must be one of {', '.join(known)}, not {value!r}"


def _limit_fault(name: str, value: Any) -> str:
    limit = all_limits().get(name)
    if limit is None:
        return f"no such limit; known are {', '.join(all_limits())}"
    whole = isinstance(limit.value, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        return f"must be a {'whole ' if whole else ''}number, not {value!r}"
    if not limit.least <= value <= limit.most:
        return f"must lie between {limit.least} and {limit.most} {limit.unit}, not {value}"
    return ""


def _stages_fault(code: str, value: Any) -> str:
    if not _known_item(code):
        return "no such item of the frame, or one that is not identified"
    if not isinstance(value, list) or any(each not in STAGES for each in value):
        return f"must be a list of {', '.join(STAGES)}, not {value!r}"
    return ""


def _known_item(code: str) -> bool:
    return code in all_items() and all_items()[code].answered_by != "unknown"


def _line_of(text: str, key: str) -> int:
    """The line a dotted key stands on; the line of its section, or the first, when it was written otherwise."""
    section, _, name = key.rpartition(".")
    heading = re.compile(rf'\s*\[\s*"?{re.escape(section or name)}"?\s*\]')
    entry = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=")
    inside, at = not section, 1
    for number, line in enumerate(text.splitlines(), 1):
        if heading.match(line):
            inside, at = True, number
        elif line.lstrip().startswith("["):
            inside = False
        elif inside and entry.match(line):
            return number
    return at
