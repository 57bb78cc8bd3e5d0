"""不涉及 for many rows at once: one page of boxes, one reason, one click."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from zhudang.filing import queries
from zhudang.filing.web.acts import actor_of
from zhudang.identity.web.decorators import actor_required


@require_safe
@actor_required
def excuse_many(request: HttpRequest, unit_work_id: UUID) -> HttpResponse:
    """Every row of the unit work that nothing answers yet; ticked ones are sent to `filing:excuse` with one reason."""
    keeper = request.GET.get("keeper", "")
    page = queries.checklist(actor_of(request), unit_work_id, today=timezone.localdate(), keeper=keeper)
    groups = [
        (
            group,
            [row for row in group.rows if row.standing != "na" and not row.filed and not row.drafts and not row.back],
        )
        for group in page.groups
    ]
    groups = [(group, rows) for group, rows in groups if rows]
    context = {"page": page, "groups": groups, "total": sum(len(rows) for _group, rows in groups), "keeper": keeper}
    return render(request, "filing/excuse_many.html", context)
