"""The notice's page, the project's standing in handover, and the sealed papers."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from zhudang.documents.render import render_pdf
from zhudang.handover import operations, papers, queries, words
from zhudang.handover.models import Commitment, Notice
from zhudang.handover.operations.common import demand
from zhudang.handover.project_facts import project_card
from zhudang.handover.web.common import actor_of, send_paper, try_act
from zhudang.identity import rights
from zhudang.identity.web.decorators import act_required
from zhudang.shared.refusals import NotFound


@require_safe
@act_required("handover.notice.read")
def notice_of_project(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """The project's notice; before one was issued the page says what it waits for."""
    demand(actor_of(request), "handover.notice.read", project_id)
    notice_id = Notice.objects.filter(project_id=project_id).order_by("sequence").values_list("id", flat=True).first()
    if notice_id is None:
        waiting = queries.permits_without_notice(project_id)
        may = rights.may(
            actor_of(request), "handover.notice.issue", demand(actor_of(request), "handover.notice.read", project_id)
        )
        return render(
            request, "handover/no_notice.html", {"card": project_card(project_id), "may_issue": bool(waiting) and may}
        )
    return redirect("handover:notice_one", notice_id)


@require_POST
@act_required("handover.notice.issue")
def issue(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """POST, no fields: issue the notice a permit brought, where it still waits (for unit works, or for the worker)."""
    demand(actor_of(request), "handover.notice.issue", project_id)

    def act() -> None:
        for permit_id in queries.permits_without_notice(project_id):
            operations.issue_notice(
                actor=actor_of(request), project_id=project_id, permit_id=permit_id, now=timezone.now()
            )

    return try_act(request, act, _("告知书已签发。"), "handover:notice", project_id)


@require_safe
@act_required("handover.application.read")
def commitment(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """The project's commitment as PDF, for the client's stamp on paper."""
    demand(actor_of(request), "handover.application.read", project_id)
    row = Commitment.objects.filter(project_id=project_id).first()
    if row is None:
        raise NotFound
    pdf = render_pdf("commitment", papers.commitment(project_card(project_id), row), dated=row.signed_at)
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = content_disposition_header(False, f"{row.number}.pdf") or "inline"
    return answer


@require_safe
@act_required("handover.notice.read")
def notice(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """A notice with what it told; the client's opening it is noted."""
    actor = actor_of(request)
    page = queries.notice_page(actor, notice_id)
    operations.note_read(actor=actor, notice_id=notice_id, now=timezone.now())
    page = queries.notice_page(actor, notice_id)
    groups = [(unit, words.ROLES.get(role, role), party, owed) for unit, role, party, owed in page.groups]
    steps = [(words.STEPS[step], page.receipts.get(step)) for step in words.STEPS]
    return render(request, "handover/notice.html", {"page": page, "groups": groups, "steps": steps})


@require_POST
@act_required("handover.notice.acknowledge")
def acknowledge(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """POST, no fields: the client confirms the notice."""

    def act() -> None:
        operations.acknowledge_notice(actor=actor_of(request), notice_id=notice_id, now=timezone.now())

    return try_act(request, act, _("已确认收到告知书。"), "handover:notice_one", notice_id)


@require_safe
@act_required("handover.notice.read")
def project(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """How far a project is in acceptance and transfer, with every document that proves it."""
    actor = actor_of(request)
    facts = demand(actor, "handover.notice.read", project_id)
    status = queries.project_status(project_id)
    inside = actor.of_archive or actor.of_department or actor.holds_at(facts.client_id)
    applications = [row for row in queries.applications(actor) if row.project_id == project_id] if inside else []
    context: dict[str, Any] = {
        "card": project_card(project_id), "status": status, "inside": inside,
        "applications": [(row, words.STATES[row.state], words.STATE_MARKS[row.state], words.KINDS[row.kind]) for row in applications],
        "transfers": [
            (row, words.TRANSFER_STATES[row.state], words.TRANSFER_MARKS[row.state]) for row in queries.transfers(actor, project_id=project_id)
        ] if inside else [],
        "documents": status.documents if inside else [],
        "deliveries": queries.deliveries(actor, project_id=project_id), "is_client": actor.holds_at(facts.client_id, "client_manager"),
    }  # fmt: skip
    return render(request, "handover/project.html", context)


@require_safe
@act_required("documents.document.read")
def paper(request: HttpRequest, document_id: UUID) -> HttpResponseBase:
    """A sealed document as PDF; `?download` saves it."""
    card = queries.paper_file(actor_of(request), document_id)
    if card.file_id is None:
        raise NotFound
    return send_paper(card, download="download" in request.GET)
