"""Files with their latest check as the one report (`checks.check_report`) wants them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from zhudang.checks.check_report import CheckedFile, Run
from zhudang.checks.model import FACT_NAMES, FileReport, Finding, Format, Severity, Verdict
from zhudang.content import queries
from zhudang.content.models import CheckRun, File
from zhudang.content.queries import CheckReport


def checked_files(
    file_ids: Iterable[UUID], *, labels: Mapping[UUID, str] | None = None, since: datetime | None = None
) -> list[CheckedFile]:
    """The latest check of each file, in the order asked. Rights were asked by the caller.

    Args:
        labels: what the report calls a file; its name when not given.
        since: results older than this were carried over: what changed later could not affect them.
    """
    return list(checked_by_file(file_ids, labels=labels, since=since).values())


def checked_by_file(
    file_ids: Iterable[UUID],
    *,
    labels: Mapping[UUID, str] | None = None,
    since: datetime | None = None,
    known: Mapping[UUID, CheckReport] | None = None,
) -> dict[UUID, CheckedFile]:
    """`checked_files` by file.

    Args:
        known: the latest reports of these files, where the caller has read them already.
    """
    asked = list(dict.fromkeys(file_ids))
    reports = queries.reports(asked) if known is None else known
    return {each: _checked(reports[each], (labels or {}).get(each, ""), since) for each in asked if each in reports}


def _checked(report: CheckReport, label: str, since: datetime | None) -> CheckedFile:
    at = timezone.localtime(report.finished_at) if report.finished_at else None
    return CheckedFile(file_report(report, label), Run(report.engine or "—", at, bool(at and since and at < since)))


def file_report(report: CheckReport, label: str = "") -> FileReport:
    """The stored check of one file as the engine said it; without a run there is no verdict to tell."""
    file, told = report.file, report.format
    return FileReport(
        path=label or file.name,
        size=file.size,
        sha256=file.sha256,
        sm3=file.sm3,
        format=Format(*(str(told.get(key, "")) for key in ("id", "name", "mime", "basis"))),
        verdict=Verdict(file.verdict or "not_checked") if report.finished_at else Verdict.NOT_CHECKED,
        findings=tuple(
            Finding(each.code, each.dimension, Severity(each.severity), each.message, each.data)
            for each in report.findings
        ),
        facts={**dict.fromkeys(FACT_NAMES), **report.facts},
        not_checked=report.not_checked,
    )


def with_digest_given(file_ids: Iterable[UUID]) -> int:
    """How many of these files came with the sender's digest, and came to it."""
    return File.objects.filter(id__in=list(file_ids), digest_given=True).count()


def tools_of(file_ids: Iterable[UUID]) -> dict[str, Any]:
    """The tools of the newest of these files' runs; this installation's own when none tells."""
    from zhudang.content.checking import tools_now

    newest = (
        CheckRun.objects.filter(file_id__in=list(file_ids), toolset__isnull=False, finished_at__isnull=False)
        .order_by("-finished_at")
        .values_list("toolset__told", flat=True)
        .first()
    )
    return dict(newest) if newest else tools_now()
