"""Volumes on paper and as tables: cover, contents, note, catalogue."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from zhudang.filing import forms_pdf, queries
from zhudang.filing.web.acts import actor_of
from zhudang.identity.web.decorators import actor_required
from zhudang.shared.refusals import NotFound
from zhudang.shared.web import exports

CONTENTS_HEADS = ("序号", "文件编号", "责任者", "文件题名", "日期", "页次", "备注")
CATALOGUE_HEADS = (
    "案卷号", "案卷题名", "文字（页）", "图纸（张）", "其他", "编制单位", "编制日期", "保管期限", "密级", "总登记号",
)  # fmt: skip


def _pdf(data: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(data, content_type="application/pdf")
    answer["Content-Disposition"] = exports.attachment_name(f"{name}.pdf").replace("attachment", "inline", 1)
    return answer


@require_safe
@actor_required
def volume_pdf(request: HttpRequest, volume_id: UUID, form: str) -> HttpResponse:
    """Cover, contents or note of one volume."""
    page = queries.volume_page(actor_of(request), volume_id)
    if form not in forms_pdf.FORMS:
        raise NotFound
    titles = {"cover": _("案卷封面"), "contents": _("卷内目录"), "note": _("卷内备考表")}
    code = page.volume.reference_code or str(page.volume.sequence)
    return _pdf(forms_pdf.volume_form(form, page), f"{code} {titles[form]}")


@require_safe
@actor_required
def contents_xlsx(request: HttpRequest, volume_id: UUID) -> HttpResponseBase:
    """The in-volume list as a table."""
    page = queries.volume_page(actor_of(request), volume_id)
    code = page.volume.reference_code or str(page.volume.sequence)
    return exports.list_file("xlsx", f"{code} 卷内目录", CONTENTS_HEADS, forms_pdf.contents_rows(page.records))


@require_safe
@actor_required
def catalogue_pdf(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """The volume catalogue of a project."""
    page = queries.volumes_page(actor_of(request), project_id)
    return _pdf(forms_pdf.catalogue(page), f"{page.project_name} {_('案卷目录')}")
