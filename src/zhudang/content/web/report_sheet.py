"""The check report shaped for its page: the same words and numbers as its JSON, PDF and file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.http import JsonResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from zhudang.checks import report_words as words
from zhudang.checks import rules
from zhudang.checks.check_report import CheckReport
from zhudang.checks.item_results import ItemResult

MARKS = {
    "pass": "ok",
    "fail": "fail",
    "block": "fail",
    "warn": "warn",
    "manual": "manual",
    "info": "na",
    "not_checked": "unchecked",
}
MOST_FINDINGS = 300
"""More lines than anyone reads on a page; the JSON has them all, and the page says how many are left."""


@dataclass(frozen=True)
class Found:
    """What was found, of the four properties or of the business review: the lines shown, and how many are left."""

    key: str
    heading: str
    total: int
    lines: Sequence[dict[str, Any]]

    @property
    def more(self) -> int:
        return self.total - len(self.lines)


@dataclass(frozen=True)
class Sheet:
    """The report for its template: words are ready, marks are the interface's."""

    report: CheckReport
    opening: str
    carried: str
    counts: Sequence[tuple[str, Sequence[tuple[str, str, int]]]]
    groups: Sequence[tuple[str, Sequence[dict[str, Any]]]]
    found: Sequence[Found]
    not_checked: Sequence[dict[str, Any]]
    how: Sequence[tuple[str, str]]
    runs: Sequence[dict[str, Any]]


def sheet(report: CheckReport) -> Sheet:
    """Shape the report in the reader's language."""
    language = "en" if (get_language() or "").startswith("en") else "zh"
    place = 1 if language == "en" else 0
    counts = report.counts
    weights = [(str(weight), told[place]) for weight, told in rules.SEVERITIES.items()]
    return Sheet(
        report=report,
        opening=words.opening(report, language),
        carried=words.carried_sentence(report, language),
        counts=[
            (words.word("files", language), [(MARKS[c], words.verdict_word(c, language), n) for c, n in counts["verdicts"].items()]),
            (words.word("items", language), [(MARKS[c], words.result_word(c, language), n) for c, n in counts["items"].items()]),
            (words.word("findings", language), [(MARKS[c], told, counts["findings"][c]) for c, told in weights]),
        ],
        groups=list(_groups(report.items, language)),
        found=[
            _found("found", _("检测发现"), report.of_properties, language),
            _found("business", rules.DIMENSIONS["business"][place], report.business, language),
        ],
        not_checked=[_left(told, language) for told in report.not_checked],
        how=words.how_lines(report, language),
        runs=[
            {"engine": run.engine, "at": run.at, "what": words.run_word(run, language), "files": n}
            for run, n in report.runs
        ],
    )  # fmt: skip


def _groups(items: Sequence[ItemResult], language: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    place = 1 if language == "en" else 0
    frame = rules.all_items()
    for dimension, group in groupby(items, key=lambda each: frame[each.item].dimension):
        yield (
            rules.DIMENSIONS[dimension][place],
            [
                {
                    "code": each.item,
                    "name": frame[each.item].name(language),
                    "compared": frame[each.item].compared(language),
                    "mark": MARKS[str(each.result)],
                    "result": words.result_word(str(each.result), language),
                    "why": each.why(language),
                    "codes": each.codes.items(),
                }
                for each in group
            ],
        )


def _found(key: str, heading: str, every: Sequence[tuple[str, Any]], language: str) -> Found:
    lines = [_finding(subject, each, language) for subject, each in every[:MOST_FINDINGS]]
    return Found(key, heading, len(every), lines)


def _finding(subject: str, found: Any, language: str) -> dict[str, Any]:
    rule = rules.all_rules().get(found.code)
    return {
        "mark": MARKS[str(found.severity)],
        "severity": rules.SEVERITIES[found.severity][1 if language == "en" else 0],
        "code": found.code,
        "item": rule.item or words.word("business", language) if rule else "",
        "subject": subject,
        "message": rules.translate(found, language),
        "cure": rule.cure(language) if rule else "",
    }


def _left(told: dict[str, Any], language: str) -> dict[str, Any]:
    rule = rules.all_rules().get(told["code"])
    return {
        "code": told["code"],
        "title": rule.title(language) if rule else told["code"],
        "reason": rules.why_not_checked(told["reason"], language),
        "files": told["files"],
    }


def send_json(report: CheckReport) -> JsonResponse:
    """The report for machines, to be saved."""
    answer = JsonResponse(report.as_json(), json_dumps_params={"ensure_ascii": False, "indent": 1})
    answer["Content-Disposition"] = 'attachment; filename="check-report.json"'
    answer["Cache-Control"] = "private, no-store"
    return answer
