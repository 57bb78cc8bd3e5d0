"""Deliveries: a party makes its list, the client signs or gives back."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhudang.documents.render import render_pdf
from zhudang.handover import operations, queries, words
from zhudang.handover.delivery_paper import delivery_list
from zhudang.handover.web.common import actor_of, identifiers, try_act, whole
from zhudang.identity.web.decorators import act_required


@require_http_methods(["GET", "HEAD", "POST"])
@act_required("handover.delivery.read")
def of_project(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """GET: what can be delivered and what was. POST `records` (ids, repeated) and `note`: deliver them on one list."""
    actor = actor_of(request)
    page = queries.deliverable(actor, project_id)
    if request.method == "POST":
        ids = identifiers(request.POST.getlist("records"))

        def act() -> None:
            operations.deliver(
                actor=actor,
                project_id=project_id,
                record_ids=ids,
                note=request.POST.get("note", ""),
                now=timezone.now(),
            )

        return try_act(request, act, _("已交付，等待建设单位签收。"), "handover:deliveries", project_id)
    rows = [
        (row, words.DELIVERY_STATES[row.state], words.DELIVERY_MARKS[row.state])
        for row in queries.deliveries(actor, project_id=project_id)
    ]
    waiting = sum(1 for row, _word, _mark in rows if row.state == "sent")
    return render(request, "handover/deliveries.html", {"page": page, "rows": rows, "waiting": waiting})


@require_safe
@act_required("handover.delivery.read")
def delivery(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """One delivery list."""
    page = queries.delivery_page(actor_of(request), delivery_id)
    context = {"page": page, "word": words.DELIVERY_STATES[page.state], "mark": words.DELIVERY_MARKS[page.state]}
    return render(request, "handover/delivery.html", context)


@require_POST
@act_required("handover.delivery.sign")
def sign(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """POST `back` (ids of records given back, repeated), `reason-<id>` or one `reason` for all, `revision`.

    Without `back` the whole list is signed for; with `everything=yes` all of it goes back.
    """
    actor = actor_of(request)
    common = request.POST.get("reason", "")
    back = {
        each: request.POST.get(f"reason-{each}", "") or common for each in identifiers(request.POST.getlist("back"))
    }
    revision = whole(request.POST.get("revision", ""))

    def act() -> None:
        if request.POST.get("everything") == "yes":
            operations.return_delivery(
                actor=actor, delivery_id=delivery_id, reason=common, now=timezone.now(), revision=revision
            )
        else:
            operations.sign_delivery(
                actor=actor, delivery_id=delivery_id, returns=back, now=timezone.now(), revision=revision
            )

    done = _("已办结。签收的文件可用于申请验收，退回的已告知交付单位。")
    return try_act(request, act, done, "handover:delivery", delivery_id)


@require_safe
@act_required("handover.delivery.read")
def printed(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """The delivery list as PDF, for signatures and stamps on paper."""
    page = queries.delivery_page(actor_of(request), delivery_id)
    answer = HttpResponse(
        render_pdf("delivery", delivery_list(page), dated=page.sent_at), content_type="application/pdf"
    )
    answer["Content-Disposition"] = f'inline; filename="{page.number}.pdf"'
    return answer
