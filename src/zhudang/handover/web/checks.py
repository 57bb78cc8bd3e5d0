"""The check reports of an application and of a delivery: page, JSON, sealed PDF, with the same numbers."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from zhudang.content.web.report_sheet import send_json, sheet
from zhudang.handover.operations.checks import issue_check_report
from zhudang.handover.operations.common import demand
from zhudang.handover.queries.checks import application_report, delivery_report, sealed_reports
from zhudang.handover.web.common import actor_of, try_act
from zhudang.identity import rights
from zhudang.identity.web.decorators import act_required


@require_safe
@act_required("handover.application.read")
def checks(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The check report of an application."""
    actor = actor_of(request)
    row, report = application_report(actor, application_id)
    facts = demand(actor, "handover.application.read", row.project_id)
    context = {
        "row": row, "sheet": sheet(report), "sealed": sealed_reports(row),
        "may_seal": rights.may(actor, "documents.document.issue", facts),
    }  # fmt: skip
    return render(request, "handover/checks.html", context)


@require_safe
@act_required("handover.application.read")
def checks_json(request: HttpRequest, application_id: UUID) -> HttpResponseBase:
    """The same report for machines."""
    return send_json(application_report(actor_of(request), application_id)[1])


@require_safe
@act_required("handover.delivery.read")
def of_delivery(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """The check report of a delivery, for who signs for it."""
    page, report = delivery_report(actor_of(request), delivery_id)
    return render(request, "handover/delivery_checks.html", {"page": page, "sheet": sheet(report)})


@require_safe
@act_required("handover.delivery.read")
def of_delivery_json(request: HttpRequest, delivery_id: UUID) -> HttpResponseBase:
    """The same report for machines."""
    return send_json(delivery_report(actor_of(request), delivery_id)[1])


@require_POST
@act_required("documents.document.issue")
def seal(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """POST: seal the report as it stands now."""

    def act() -> None:
        issue_check_report(actor=actor_of(request), application_id=application_id, now=timezone.now())

    return try_act(request, act, _("检测报告已盖章出具。"), "handover:checks", application_id)
