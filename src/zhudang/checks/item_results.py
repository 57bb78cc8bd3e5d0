"""The standard's frame answered: for each of the 45 items what came of it, and why nothing did where nothing did.

Plain facts in, results out. An item is passed only when something was really looked at for it; whatever was not
run, was cut short or belongs to a person says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from zhudang.checks import limits
from zhudang.checks.item_reasons import FOR_A_PERSON, REASONS
from zhudang.checks.model import FileReport, Finding, Severity, Verdict
from zhudang.checks.profile import Profile
from zhudang.checks.rules import STAGES, Item, all_items, all_rules


class Result(StrEnum):
    """What an item comes to."""

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    MANUAL = "manual"
    NOT_CHECKED = "not_checked"


RESULTS = {
    Result.PASS: ("通过", "pass"),
    Result.FAIL: ("不通过", "fail"),
    Result.WARN: ("提示", "warning"),
    Result.MANUAL: ("待人工", "for a person"),
    Result.NOT_CHECKED: ("未执行", "not run"),
}
OPENED = frozenset({"2-7", "3-3", "3-4"})
"""Items every opened file answers."""
INSIDE = frozenset({"2-7", "3-5"})
"""Items that need the inside of every file: one that stayed closed keeps them from passing."""
LONG_TERM_KINDS = ("pdf", "ofd", "office", "dxf", "dwg")
"""Kinds of files whose long-term readability (3-5) is looked at."""
BATCH_REASONS = {"1-10": "pages_only", "2-1": "counted", "2-2": "counted", "2-5": "steps", "2-9": "scope"}
"""What passing these items over descriptions rests on: less than their names promise, so it is said."""
PACKAGE_ITEMS = frozenset({"1-12", "1-13", "2-10", "2-11", "3-1", "3-8", "4-3"})


@dataclass(frozen=True, slots=True)
class Context:
    """What was around the check.

    Args:
        stage: GD, YJ, CQ, or None when all items are asked.
        scanner: what the malware scanner says it is; empty when configured but silent, None without one.
        batch_ran: items really run over descriptions (`batch.BatchReport.ran`).
        package_ran: items really run over information packages; package kinds found stand in the reports.
        baseline: whether the files' digests were compared with digests registered before.
        held: how many of the files came with the sender's digest, and came to it.
        online: whether the files came over the network, so that there is no medium.
        today: the day of the report, against which the scanner's signatures are old or not.
        statements: item -> (result, what another part of the system or a person states about it).
    """

    stage: str | None = None
    scanner: str | None = None
    batch_ran: frozenset[str] = frozenset()
    package_ran: frozenset[str] = frozenset()
    baseline: bool = False
    held: int = 0
    online: bool = False
    today: date | None = None
    statements: Mapping[str, tuple[Result, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item's answer. `data` fills the reason's sentence; `codes` are the findings behind it, with their number."""

    item: str
    result: Result
    reason: str
    data: Mapping[str, Any] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)

    def why(self, language: str = "zh") -> str:
        sentence = REASONS[self.reason][1 if language == "en" else 0]
        shown = {key: _in(value, language) for key, value in self.data.items()}
        return sentence.format(**shown)

    def as_json(self) -> dict[str, Any]:
        return {
            "item": self.item,
            "result": str(self.result),
            "reason": self.reason,
            "data": dict(self.data),
            "codes": dict(self.codes),
        }


def _in(value: Any, language: str) -> Any:
    if isinstance(value, Mapping) and "zh" in value:
        return value.get(language, value["zh"])
    return value


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the reports show, gathered once for all items."""

    files: int
    unfinished: int
    unopened: int
    findings: Mapping[str, Sequence[Finding]]
    undecided: Mapping[str, int]
    signed: int
    kinds: frozenset[str]


def item_results(
    reports: Sequence[FileReport],
    context: Context,
    profile: Profile | None = None,
    others: Iterable[Finding] = (),
) -> tuple[ItemResult, ...]:
    """Answer every item of the frame, in the frame's order.

    Args:
        reports: of the files, weighed by the profile.
        others: findings on descriptions and packages.
    """
    city = profile or Profile()
    seen = _gather(reports, others)
    return tuple(_answer(item, seen, context, city) for item in all_items().values())


def _gather(reports: Sequence[FileReport], others: Iterable[Finding]) -> _Seen:
    findings: dict[str, list[Finding]] = {}
    for found in [*(each for report in reports for each in report.findings), *others]:
        if (rule := all_rules().get(found.code)) and rule.item:
            findings.setdefault(rule.item, []).append(found)
    undecided: Counter[str] = Counter()
    for report in reports:
        undecided.update({all_rules()[code].item for code in report.not_checked if code in all_rules()})
    return _Seen(
        files=len(reports),
        unfinished=sum(_unfinished(report) for report in reports),
        unopened=sum(_unopened(report) for report in reports),
        findings=findings,
        undecided=undecided,
        signed=sum(bool(report.facts.get("signatures")) for report in reports),
        kinds=frozenset(kind for report in reports for kind in LONG_TERM_KINDS if _is_kind(report, kind)),
    )


def _unfinished(report: FileReport) -> bool:
    return report.verdict is Verdict.NOT_CHECKED or any(code.startswith("RUN-") for code in report.codes)


def _unopened(report: FileReport) -> bool:
    """A file whose inside nobody saw: broken, encrypted, or of a kind without an opener."""
    blocked = {_item_of(found) for found in report.findings if found.severity is Severity.BLOCK}
    return bool(blocked & {"3-4", "3-8"} or report.codes & {"FMT-001", "FMT-003", "FMT-004"})


def _item_of(found: Finding) -> str:
    return rule.item if (rule := all_rules().get(found.code)) else ""


def _is_kind(report: FileReport, kind: str) -> bool:
    told = f"{report.format.mime} {report.format.id} {report.format.name}".lower()
    words = {"office": ("officedocument", "msword", "ms-excel", "ms-powerpoint", "opendocument")}
    return any(word in told for word in words.get(kind, (kind,)))


def _answer(item: Item, seen: _Seen, context: Context, city: Profile) -> ItemResult:
    if item.answered_by == "unknown":
        return ItemResult(item.code, Result.NOT_CHECKED, "unknown")
    stages = city.stages_of(item)
    if not stages:
        return ItemResult(item.code, Result.NOT_CHECKED, "switched_off")
    if context.stage and context.stage not in stages:
        zh, en = STAGES[context.stage]
        return ItemResult(item.code, Result.NOT_CHECKED, "other_stage", {"stage": {"zh": zh, "en": en}})
    if item.code in context.statements:
        result, statement = context.statements[item.code]
        return ItemResult(item.code, result, "stated", {"statement": statement})
    return _weigh(item, _ran(item, seen, context), seen, city)


def _weigh(item: Item, ran: tuple[bool, str, dict[str, Any]], seen: _Seen, city: Profile) -> ItemResult:
    """Findings decide; without any, passed only when run whole."""
    did, reason, data = ran
    found = seen.findings.get(item.code, ())
    codes = dict(sorted(Counter(each.code for each in found).items()))
    weighed = {each.severity for each in found} - {Severity.INFO}
    if moved := city.severity.get(item.code):
        weighed = {moved} if weighed and moved is not Severity.INFO else set()
    for severity, result in (
        (Severity.BLOCK, Result.FAIL),
        (Severity.MANUAL, Result.MANUAL),
        (Severity.WARN, Result.WARN),
    ):
        if severity in weighed:
            return ItemResult(item.code, result, "found", {"findings": len(found)}, codes)
    if undecided := seen.undecided.get(item.code):
        if reason not in {"no_scanner", "scanner_silent"}:
            reason, data = "undecided", {"undecided": undecided}
        return ItemResult(item.code, Result.NOT_CHECKED, reason, data, codes)
    if not did:
        result = (
            Result.WARN if reason == "scanner_old" else Result.MANUAL if reason in FOR_A_PERSON else Result.NOT_CHECKED
        )
        return ItemResult(item.code, result, reason, data, codes)
    if reason == "files" and seen.unfinished:
        return ItemResult(item.code, Result.NOT_CHECKED, "unfinished", {"unfinished": seen.unfinished}, codes)
    if item.code in INSIDE and seen.unopened:
        return ItemResult(item.code, Result.NOT_CHECKED, "unopened", {"unopened": seen.unopened}, codes)
    return ItemResult(item.code, Result.PASS, reason, data, codes)


Ran = tuple[bool, str, dict[str, Any]]


def _ran(item: Item, seen: _Seen, context: Context) -> Ran:
    """Whether something was looked at for an item, on what its passing rests, or why nothing was."""
    if special := _SPECIAL.get(item.code):
        return special(seen, context)
    if item.code in context.batch_ran:
        return True, BATCH_REASONS.get(item.code, "descriptions"), {}
    if item.code in context.package_ran:
        return True, "files", {"files": seen.files}
    if item.code in OPENED:
        return _files(seen)
    if item.code in PACKAGE_ITEMS:
        return False, "no_package", {}
    if item.answered_by == "person":
        return False, "by_person", {}
    if item.code.startswith(("1-", "2-")):
        return False, "no_descriptions" if not context.batch_ran else "no_facts", {}
    return False, "no_equipment" if item.answered_by == "adapter" else "no_facts", {}


def _files(seen: _Seen) -> Ran:
    return (True, "files", {"files": seen.files}) if seen.files else (False, "no_files", {})


def _source(seen: _Seen, context: Context) -> Ran:
    """1-1: signatures, or digests to compare with."""
    if seen.signed:
        return True, "files", {"files": seen.signed}
    if seen.files and context.held >= seen.files:
        return True, "held", {"held": context.held}
    return (True, "files", {"files": seen.files}) if context.baseline and seen.files else (False, "no_fixity", {})


def _unchanged(seen: _Seen, context: Context) -> Ran:
    """1-14: the digest taken before is the digest now."""
    if "1-14" in context.package_ran or (context.baseline and seen.files):
        return True, "files", {"files": seen.files}
    if not seen.files or not context.held:
        return False, "no_baseline", {}
    if context.held < seen.files:
        return False, "partly_held", {"held": context.held, "files": seen.files}
    return True, "held", {"held": context.held}


def _long_term(seen: _Seen, context: Context) -> Ran:
    """3-5: only kinds whose long-term needs are known to us are looked at."""
    if not seen.files:
        return False, "no_files", {}
    return (True, "files", {"files": seen.files}) if seen.kinds else (False, "not_applicable_files", {})


def _installed(seen: _Seen, context: Context) -> Ran:
    """4-1: the scanner that answers, by its own words; its signatures are current, old, or of no date."""
    if context.scanner is None:
        return False, "scanner_by_person", {}
    if not context.scanner:
        return False, "scanner_silent", {}
    told = {"scanner": context.scanner}
    made = signatures_of(context.scanner)
    if made is None:
        return False, "scanner_undated", told
    days = (context.today - made).days if context.today else 0
    return (False, "scanner_old", {**told, "days": days}) if days > limits.SCANNER_DAYS else (True, "scanner", told)


def signatures_of(version: str) -> date | None:
    """The day of a scanner's signatures, from its own words (`ClamAV 1.0.7/27500/Mon Jun  1 08:24:15 2026`)."""
    try:
        return datetime.strptime(version.rsplit("/", 1)[-1].strip(), "%a %b %d %H:%M:%S %Y").date()  # noqa: DTZ007
    except ValueError:
        return None


def _medium(reason: str) -> Callable[[_Seen, Context], Ran]:
    """What only a medium can be asked: nothing, where everything came over the network."""
    return lambda seen, context: (False, "online" if context.online else reason, {})


def _malware(seen: _Seen, context: Context) -> Ran:
    """4-2: every file scanned; those that were not are counted as undecided."""
    if not seen.files:
        return False, "no_files", {}
    if context.scanner is None:
        return False, "no_scanner", {}
    return (True, "files", {"files": seen.files}) if context.scanner else (False, "scanner_silent", {})


def _never(reason: str) -> Callable[[_Seen, Context], Ran]:
    return lambda seen, context: (False, reason, {})


_SPECIAL: Mapping[str, Callable[[_Seen, Context], Ran]] = {
    "1-1": _source,
    "1-14": _unchanged,
    "3-2": _never("no_database"),
    "3-5": _long_term,
    "3-6": _never("no_conversion"),
    "3-9": _never("no_restore"),
    "4-1": _installed,
    "4-2": _malware,
    "4-4": _medium("no_medium"),
    "4-5": _medium("look_of_medium"),
    "4-6": _medium("disc_by_device"),
    "4-7": _never("safe_way"),
    "4-8": _never("store_by_person"),
    "4-9": _never("scan_report"),
}
