"""The check report shaped for its page and for machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from zhudang.checks import report_words, rules
from zhudang.checks.check_report import BUSINESS
from zhudang.checks.model import Finding as Told
from zhudang.checks.model import Severity
from zhudang.content import words
from zhudang.content.package_checks import FACT
from zhudang.content.queries import CheckReport, FileFinding
from zhudang.content.seen_places import EMPTY, STAMP, Place, places_in
from zhudang.identity.rights import Actor, ThingFacts

_STATES = {"block": "fail", "warn": "warn", "manual": "manual", "info": "na"}
_PICTURES = frozenset({"image/png", "image/jpeg", "image/tiff", "image/bmp", "image/gif", "image/webp"})
MOST_PLACES = 60
_ORDER = {"block": 0, "manual": 1, "warn": 2, "info": 3}


@dataclass(frozen=True)
class FindingLine:
    """One finding as people read it: what is wrong, what it rests on, how to mend it."""

    code: str
    item: str
    dimension: str
    severity: str
    state: str
    message: str
    clause: str
    cause: str
    cure: str
    business: bool


@dataclass(frozen=True)
class NotCheckedLine:
    """One rule that could not be decided here, and why."""

    code: str
    title: str
    reason: str


@dataclass(frozen=True)
class PlaceLine:
    """Something seen on a page: what, and where in millimetres."""

    page: int
    what: str
    where: str
    state: str


@dataclass(frozen=True)
class PackageLine:
    """What came of a submission package: its kind in words, its verdict, how many findings it has."""

    kind: str
    version: str
    state: str
    verdict: str
    codes: list[str]


@dataclass(frozen=True)
class ReportPage:
    """The check report of one file."""

    report: CheckReport
    verdict: str
    findings: list[FindingLine]
    business: list[FindingLine]
    not_checked: list[NotCheckedLine]
    facts: list[tuple[str, str]]
    places: list[PlaceLine]
    more_places: int
    packages: list[PackageLine]
    no_package: bool
    may_check_again: bool
    may_withdraw: bool

    @property
    def has_picture(self) -> bool:
        """A first page can be drawn: a PDF or picture that opened."""
        mime = self.report.file.mime
        return self.report.file.verdict not in {None, "fail"} and (mime == "application/pdf" or mime in _PICTURES)

    @property
    def blocking(self) -> int:
        return sum(1 for line in self.findings if line.state == "fail")


def report_page(actor: Actor, report: CheckReport, language: str) -> ReportPage:
    """Shape the report for its page, gravest first, in the reader's language."""
    language = "en" if language.startswith("en") else "zh"
    file = report.file
    lines = [_line(found, language) for found in sorted(report.findings, key=lambda f: _ORDER.get(f.severity, 9))]
    facts = ThingFacts(
        client_id=file.client_organisation_id, holder_id=file.organisation_id, level=file.level, stage="holder"
    )
    mine = not file.own_document
    places = places_in(report.facts)
    return ReportPage(
        report=report,
        verdict=str(words.VERDICTS[file.verdict or ""]),
        findings=[line for line in lines if not line.business],
        business=[line for line in lines if line.business],
        not_checked=[_not_checked(code, reason, language) for code, reason in report.not_checked.items()],
        facts=[(str(words.FACTS[name]), _value(value)) for name, value in report.facts.items() if _shown(name, value)],
        places=[_place(each) for each in places[:MOST_PLACES]],
        more_places=max(len(places) - MOST_PLACES, 0),
        packages=[_package(each, language) for each in report.facts.get(FACT) or ()],
        no_package=report.facts.get(FACT) == [],
        may_check_again=mine and actor.may("content.file.check_again") and _of(actor, facts),
        may_withdraw=mine
        and actor.may("content.file.withdraw", facts)
        and file.organisation_id in actor.organisation_ids,
    )


def _of(actor: Actor, facts: ThingFacts) -> bool:
    return facts.holder_id in actor.organisation_ids or actor.of_archive


def _shown(name: str, value: Any) -> bool:
    return name in words.FACTS and value is not None and value != [] and not isinstance(value, Mapping)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(words.YES if value else words.NO)
    if isinstance(value, list):
        return _("、").join(_named(each) for each in value[:8]) + (" …" if len(value) > 8 else "")
    return str(value)


def _named(each: Any) -> str:
    """One of a list for people: of a file inside its name, of a signature its signer, of an IDS what came of it."""
    if isinstance(each, Mapping) and "asked" in each:
        return str(words.HELD_AGAINST) % {key: each.get(key) for key in ("file", "asked", "short")}
    if isinstance(each, Mapping):
        return str(each.get("name") or each.get("signer") or "—")
    return str(words.ACTIVE.get(each, each))


def _line(found: FileFinding, language: str) -> FindingLine:
    rule = rules.all_rules().get(found.code)
    place = 1 if language == "en" else 0
    severity = Severity(found.severity)
    told = Told(found.code, found.dimension, severity, found.message, found.data)
    return FindingLine(
        code=found.code,
        item=rule.item if rule else "",
        dimension=rules.DIMENSIONS.get(found.dimension, (found.dimension, found.dimension))[place],
        severity=rules.SEVERITIES[severity][place],
        state=_STATES[found.severity],
        message=rules.translate(told, language),
        clause=rule.clause if rule else "",
        cause=rule.cause(language) if rule else "",
        cure=rule.cure(language) if rule else "",
        business=found.dimension == BUSINESS,
    )


def _place(place: Place) -> PlaceLine:
    if place.kind == EMPTY:
        what, state = _("签署处看来是空白：%(what)s") % {"what": place.what}, "manual"
    elif place.kind == STAMP:
        what, state = str(words.STAMPS.get(place.what, words.STAMPS["other"])), "ok"
    else:
        what, state = _("图标：%(what)s") % {"what": place.what or "—"}, "ok"
    where = ""
    if place.left is not None:
        where = _("距左 %(left)s、距上 %(top)s，%(width)s × %(height)s mm") % {
            "left": place.left, "top": place.top, "width": place.width, "height": place.height,
        }  # fmt: skip
    return PlaceLine(place.page, what, where, state)


def _package(told: Mapping[str, Any], language: str) -> PackageLine:
    state = {"pass": "ok", "warn": "warn", "fail": "fail", "manual": "manual"}.get(told["verdict"], "unchecked")
    return PackageLine(
        report_words.package_kind(told["kind"], language), told["version"] or "", state,
        str(words.VERDICTS[told["verdict"]]), list(told["codes"]),
    )  # fmt: skip


def _not_checked(code: str, reason: str, language: str) -> NotCheckedLine:
    rule = rules.all_rules().get(code)
    return NotCheckedLine(code, rule.title(language) if rule else code, rules.why_not_checked(reason, language))


def report_for_machines(report: CheckReport) -> dict[str, Any]:
    """The report in the shape of `zhudang check --json`, for one file."""
    file = report.file
    return {
        "tool": {**report.tools.get("tool", {}), "name": report.engine},
        "settings": report.tools.get("settings"),
        "file": str(file.id),
        "path": "/".join(part for part in (file.folder, file.name) if part),
        "size": file.size,
        "sha256": file.sha256,
        "sm3": file.sm3,
        "format": dict(report.format),
        "checked_at": report.finished_at.isoformat() if report.finished_at else None,
        "verdict": file.verdict or "not_checked",
        "findings": [
            {
                "code": f.code,
                "dimension": f.dimension,
                "severity": f.severity,
                "message": f.message,
                "data": dict(f.data),
            }
            for f in report.findings
        ],
        "facts": dict(report.facts),
        "not_checked": dict(report.not_checked),
    }
