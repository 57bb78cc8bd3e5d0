"""One report for every reader: page, sealed PDF and JSON are drawn from this dataclass, so their numbers agree.

`CheckReport` says what was checked, with which tool, signature files and settings, what came of the 45 items, what
was found where, what was not checked, and which results stem from an earlier run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from zhudang.checks.item_results import ItemResult, Result
from zhudang.checks.model import FileReport, Finding, PackageReport, Severity, Verdict, report_from_json
from zhudang.checks.report import summary
from zhudang.checks.rules import RULES_VERSION, all_rules

FORMAT = "zhudang-check-report/1"
BUSINESS = "business"


@dataclass(frozen=True, slots=True)
class Run:
    """Which run a result stems from.

    Args:
        engine: our name and rules version, with the profile's name where there is one.
        at: when it ended; None when not recorded.
        carried: taken over from before the correction: the change could not affect it.
    """

    engine: str
    at: datetime | None = None
    carried: bool = False


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file's report and the run it stems from; `link` leads to its own page where there is one."""

    report: FileReport
    run: Run
    link: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything a check of a folder, a volume, a delivery or an application came to.

    Args:
        title: what was checked, in its own words.
        subject: kind and key, e.g. ("handover.application", "YS-2026-0012"); a folder's name for the tool.
        stage: GD, YJ, CQ, or empty when no stage was named.
        tool: `report.tool()`.
        settings: profile (name, digest, what it moves), scanner (its words, None without one), trust (bool).
        described: findings on descriptions and packages by what they are about.
        note: what the numbers cannot say: what a reader may not see is not in them.
    """

    title: str
    subject: tuple[str, str]
    made_at: datetime | None
    tool: Mapping[str, Any]
    settings: Mapping[str, Any]
    files: tuple[CheckedFile, ...]
    items: tuple[ItemResult, ...]
    described: tuple[tuple[str, Finding], ...] = ()
    stage: str = ""
    packages: tuple[PackageReport, ...] = ()

    @property
    def reports(self) -> list[FileReport]:
        return [file.report for file in self.files]

    @property
    def verdicts(self) -> dict[str, int]:
        """Files by verdict, every verdict named."""
        counted = Counter(str(report.verdict) for report in self.reports)
        return {str(verdict): counted[str(verdict)] for verdict in Verdict}

    @property
    def results(self) -> dict[str, int]:
        """Items of the frame by result, every result named; they add up to 45."""
        counted = Counter(str(item.result) for item in self.items)
        return {str(result): counted[str(result)] for result in Result}

    @property
    def findings(self) -> list[tuple[str, Finding]]:
        """Everything found, with its subject, gravest first."""
        every = [(report.path, found) for report in self.reports for found in report.findings]
        order = list(Severity)
        return sorted([*every, *self.described], key=lambda told: (order.index(told[1].severity), told[1].code))

    @property
    def of_properties(self) -> list[tuple[str, Finding]]:
        """Findings of the four properties, gravest first."""
        return [told for told in self.findings if told[1].dimension != BUSINESS]

    @property
    def business(self) -> list[tuple[str, Finding]]:
        """Findings of the business review: questions for a person, none of the four properties."""
        return [told for told in self.findings if told[1].dimension == BUSINESS]

    @property
    def severities(self) -> dict[str, int]:
        """Findings by weight, every weight named."""
        counted = Counter(str(found.severity) for _, found in self.findings)
        return {str(severity): counted[str(severity)] for severity in Severity}

    @property
    def requirements(self) -> list[tuple[str, str, int]]:
        """IDS files by name and SHA-256, with the number of models held against each; those of the city always."""
        city = self.settings.get("profile") or {}
        used = {(str(each["name"]), str(each["sha256"])): 0 for each in city.get("ids", ())}
        for report in self.reports:
            for each in report.facts.get("ids") or ():
                key = (str(each["file"]), str(each.get("sha256") or ""))
                used[key] = used.get(key, 0) + 1
        return [(name, digest, models) for (name, digest), models in used.items()]

    @property
    def not_checked(self) -> list[dict[str, Any]]:
        """Rules that could not be decided, with reason and number of files."""
        listed: list[dict[str, Any]] = summary(self.reports)["not_checked"]
        return listed

    @property
    def runs(self) -> list[tuple[Run, int]]:
        """The runs the files' results stem from, with their number of files, newest first. A run is told by its day."""
        counted: Counter[tuple[str, str, bool]] = Counter()
        newest: dict[tuple[str, str, bool], Run] = {}
        for file in self.files:
            run = file.run
            key = (run.engine, run.at.date().isoformat() if run.at else "", run.carried)
            counted[key] += 1
            if key not in newest or (run.at and (kept := newest[key].at) and run.at > kept):
                newest[key] = run
        ordered = sorted(counted, key=lambda key: (key[1], key[0]), reverse=True)
        return [(newest[key], counted[key]) for key in ordered]

    @property
    def counts(self) -> dict[str, Any]:
        """The numbers every rendering shows."""
        return {
            "files": len(self.files),
            "bytes": sum(report.size for report in self.reports),
            "verdicts": self.verdicts,
            "items": self.results,
            "findings": self.severities,
            "carried": sum(file.run.carried for file in self.files),
        }

    def as_json(self) -> dict[str, Any]:
        """The report for machines; `files` has the shape of `FileReport.as_json` with the run added."""
        return {
            **self.without_files(),
            "files": [{**file.report.as_json(), "run": _run(file.run)} for file in self.files],
        }

    def without_files(self) -> dict[str, Any]:
        """The report for machines where each file's own check stands elsewhere."""
        return {
            "format": FORMAT,
            "title": self.title,
            "subject": {"kind": self.subject[0], "key": self.subject[1]},
            "made_at": self.made_at.isoformat() if self.made_at else None,
            "stage": self.stage or None,
            "tool": dict(self.tool),
            "settings": dict(self.settings),
            "counts": self.counts,
            "items": [item.as_json() for item in self.items],
            "described": [{"subject": subject, **found.as_json()} for subject, found in self.described],
            "packages": [package.as_json() for package in self.packages],
            "runs": [{**_run(run), "files": count} for run, count in self.runs],
            "summary": summary(self.reports, self.packages),
            "requirements": [
                {"name": name, "sha256": digest, "models": models} for name, digest, models in self.requirements
            ],
        }


def _run(run: Run) -> dict[str, Any]:
    return {"engine": run.engine, "at": run.at.isoformat() if run.at else None, "carried": run.carried}


def engine_name(profile: Mapping[str, Any] | None = None) -> str:
    """What a run is signed with: rules version and, where there is one, the profile with the start of its digest."""
    name = f"zhudang checks {RULES_VERSION}"
    if profile and profile.get("sha256"):
        return f"{name} · {profile['name'][:16]} {profile['sha256'][:8]}"
    return name


def findings_of(described: Iterable[tuple[str, Finding]]) -> list[Finding]:
    return [found for _, found in described]


def item_of(found: Finding) -> str:
    """The item a finding stands under, empty for business review."""
    known = all_rules().get(found.code)
    return known.item if known else ""


class NoEarlierReport(ValueError):
    """What was given as an earlier report is none, or of another rules version or setting."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier report of the tool, from which results may be carried over."""

    at: datetime | None
    engine: str
    files: Mapping[str, FileReport]

    def carried(self, path: str, sha256: str, baseline: str | None = None) -> FileReport | None:
        """The earlier report of the same bytes under the same name; None when it must be checked again.

        A check that was not finished, or left malware undecided, is never carried over.
        """
        before = self.files.get(path)
        if before is None or before.sha256 != sha256 or (baseline and baseline != sha256):
            return None
        unfinished = before.verdict is Verdict.NOT_CHECKED or any(code.startswith("RUN-") for code in before.codes)
        undecided = set(before.not_checked.values()) - {"no_scanner"}
        return None if unfinished or undecided else before


def read_earlier(path: Path, *, tool: Mapping[str, Any], settings: Mapping[str, Any]) -> Earlier:
    """Read an earlier report for carrying over.

    Raises:
        NoEarlierReport: it is none of ours, or was made by other rules, parsers, signature files or settings: then
            everything must be checked again.
    """
    try:
        data = json.loads(path.read_bytes())
        told, made = data["tool"], data["made_at"]
        files = {each["path"]: report_from_json(each) for each in data["files"]}
        at = datetime.fromisoformat(made) if made else None
        data["settings"].pop("isolation", None)  # how well the parsers were cut off changes no result
        changed = [key for key, value in (("tool", tool), ("settings", settings)) if data[key] != json_like(value)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as trouble:
        raise NoEarlierReport(f"{path}: {type(trouble).__name__}") from trouble
    if changed:
        raise NoEarlierReport(f"{path}: {', '.join(changed)} differ")
    return Earlier(at, f"{told['name']} {told['rules']}", files)


def json_like(value: Any) -> Any:
    """The value as it reads back from JSON."""
    return json.loads(json.dumps(value))


def write_json_file(path: Path, report: CheckReport) -> None:
    """Write the report whole or not at all."""
    write_whole(path, json.dumps(report.as_json(), ensure_ascii=False, indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".part")
    # A name that is no text (GBK bytes on a UTF-8 system) is written as its escape, which JSON reads back.
    beside.write_bytes(text.encode("utf-8", "backslashreplace"))
    beside.replace(path)


def ordered(files: Sequence[CheckedFile]) -> tuple[CheckedFile, ...]:
    return tuple(sorted(files, key=lambda file: file.report.path))
