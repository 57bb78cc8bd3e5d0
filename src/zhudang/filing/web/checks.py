"""The check report over a project's records or one volume: page and JSON, the same numbers."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from zhudang.checks.check_report import CheckReport
from zhudang.content.web.report_sheet import send_json, sheet
from zhudang.filing import reporting
from zhudang.filing.web.acts import actor_of
from zhudang.identity.web.decorators import actor_required
from zhudang.shared.refusals import NotFound


@require_safe
@actor_required
def project(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """The check report of a project; `?volume=` narrows it to one volume."""
    report = _report(request, project_id)
    context = {"sheet": sheet(report), "project_id": project_id, "volume": request.GET.get("volume", "")}
    return render(request, "filing/checks.html", context)


@require_safe
@actor_required
def project_json(request: HttpRequest, project_id: UUID) -> HttpResponseBase:
    """The same report for machines."""
    return send_json(_report(request, project_id))


def _report(request: HttpRequest, project_id: UUID) -> CheckReport:
    wanted = request.GET.get("volume", "")
    try:
        volume = UUID(wanted) if wanted else None
    except ValueError:
        raise NotFound from None
    return reporting.project_report(actor_of(request), project_id, volume_id=volume)
