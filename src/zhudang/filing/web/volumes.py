"""The volumes of a project and one volume: compose, put in order, number, void."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from zhudang.filing import data_files, forms_pdf, operations, queries, words
from zhudang.filing.web.acts import actor_of, carry_out, ids_in
from zhudang.filing.web.exports import CATALOGUE_HEADS
from zhudang.identity.web.decorators import actor_required
from zhudang.registry import queries as registry
from zhudang.shared.refusals import NotFound
from zhudang.shared.web import exports, lists


@require_safe
@actor_required
def volumes(request: HttpRequest, project_id: UUID) -> HttpResponseBase:
    """The volumes of a project in set order."""
    page = queries.volumes_page(actor_of(request), project_id)
    if wanted := exports.wanted_format(request):
        return exports.list_file(
            wanted, f"{page.project_name} 案卷目录", CATALOGUE_HEADS, forms_pdf.catalogue_rows(page)
        )
    state = lists.read_state(request, filters=("part",))
    shown = [v for v in page.volumes if _fits(v, state)]
    parts = [(p, words.PART_TITLES[p], sum(1 for v in page.volumes if v.part == p)) for p in words.PART_TITLES]
    kinds = sorted({u.kind for u in registry.unit_works_of(project_id)})
    policy = data_files.policy()
    context = {
        "page": page, "list": lists.take_page(shown, state), "state": state, "parts": parts, "words": words,
        "kinds": [(k, words.KINDS[k], policy.class_of_kind.get(k, "")) for k in kinds],
        "classes": data_files.load().classes, "template": policy.code_template,
        "template_source": policy.sources.get("reference_code", ("", "")),
    }  # fmt: skip
    return render(request, "filing/volumes.html", context)


def _fits(volume: queries.VolumeRow, state: lists.ListState) -> bool:
    if (part := state.filters.get("part")) and volume.part != part:
        return False
    text = f"{volume.title} {volume.reference_code or ''} {volume.accession_no or ''}".lower()
    return all(word in text for word in state.q.lower().split())


@require_POST
@actor_required
def compose(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Compose the unnumbered volumes anew."""
    return carry_out(
        request,
        lambda: operations.compose_volumes(actor=actor_of(request), project_id=project_id, now=timezone.now()),
        done=_("已组成 %(n)s 卷，档号由馆里编。"),
        cannot=_("还不能组卷："),
        back=reverse("filing:volumes", args=[project_id]),
    )


@require_POST
@actor_required
def arrange(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Give reference codes and accession numbers."""
    chosen = {k[6:]: str(v).strip() for k, v in request.POST.items() if k.startswith("class-") and str(v).strip()}
    return carry_out(
        request,
        lambda: operations.arrange_project(
            actor=actor_of(request), project_id=project_id, now=timezone.now(), class_codes=chosen
        ),
        done=_("已编 %(n)s 卷的档号与总登记号。"),
        cannot=_("还不能编号："),
        back=reverse("filing:volumes", args=[project_id]),
    )


@require_safe
@actor_required
def volume(request: HttpRequest, volume_id: UUID) -> HttpResponse:
    """One volume: its cover's facts, its list, its note."""
    page = queries.volume_page(actor_of(request), volume_id)
    rows = forms_pdf.contents_rows(page.records)
    context = {"page": page, "rows": list(zip(page.records, rows, strict=True)), "words": words}
    return render(request, "filing/volume.html", context)


@require_POST
@actor_required
def move(request: HttpRequest, volume_id: UUID) -> HttpResponse:
    """Put a record at another place."""
    chosen = ids_in(request, "record")
    to, seen = request.POST.get("to", ""), request.POST.get("revision", "")
    queries.volume_page(actor_of(request), volume_id)
    if len(chosen) != 1 or not to.isdecimal():
        raise NotFound
    return carry_out(
        request,
        lambda: operations.move_in_volume(
            actor=actor_of(request), volume_id=volume_id, record_id=chosen[0], to=int(to),
            revision=int(seen) if seen.isdecimal() else None, now=timezone.now(),
        ),
        done=_("顺序已改，页码已重编。"),
        cannot=_("顺序没有改："),
        back=reverse("filing:volume", args=[volume_id]),
    )  # fmt: skip


@require_POST
@actor_required
def void(request: HttpRequest, volume_id: UUID) -> HttpResponse:
    """Take a numbered volume apart; its numbers stay void."""
    page = queries.volume_page(actor_of(request), volume_id)
    return carry_out(
        request,
        lambda: operations.void_volume(
            actor=actor_of(request), volume_id=volume_id, reason=request.POST.get("reason", ""), now=timezone.now()
        ),
        done=_("案卷已拆开，原号作废并登记。"),
        cannot=_("案卷没有拆开："),
        back=reverse("filing:volumes", args=[page.volume.project_id]),
    )
