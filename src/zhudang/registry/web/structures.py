"""Structures: the list, and the forms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from zhudang.identity import rights
from zhudang.registry import operations, queries, words
from zhudang.registry.web import forms
from zhudang.registry.web.acts import FormPage, run_form
from zhudang.registry.web.pages import shown_and_sent
from zhudang.shared.web import exports, lists

_ORDER = {"name": "name", "kind": "kind", "built": "built_on", "standing": "standing", "works": "works"}
_SHAPES = {"in_use": "ok", "building": "part", "gone": "na"}


@require_safe
def structure_list(request: HttpRequest) -> HttpResponseBase:
    """The structures the person may know of."""
    actor = request.actor  # type: ignore[attr-defined]
    rights.demand(actor, "registry.structure.list")
    state = lists.read_state(request, filters=("kind",))
    kind = state.filters.get("kind", "")
    found = queries.find_structures(actor, q=state.q, kind=kind)
    rows = queries.list_structures(actor, found, state.order(_ORDER, "name"))
    if wanted := exports.wanted_format(request):
        return exports.list_file(wanted, _("建（构）筑物"), *_as_table(rows))
    counts = queries.count_structures(actor, q=state.q)
    context = {
        "page": lists.take_page(rows, state, lambda row: _show(queries.shape_structure(row))),
        "state": state,
        "total": sum(counts.values()),
        "kinds": [(code, word, counts.get(code, 0)) for code, word in words.KINDS.items()],
        "filtered": bool(state.q or kind),
        "may_register": rights.may(actor, "registry.structure.register"),
    }
    return render(request, "registry/structure_list.html", context)


def _show(row: Any) -> dict[str, Any]:
    return {
        "row": row,
        "kind": words.KINDS[row.kind],
        "standing": words.STANDINGS[row.standing],
        "shape": _SHAPES[row.standing],
        "href": _page_of(row.structure_id),
    }


def _page_of(structure_id: UUID) -> str:
    """The structure's own page lies in a later context; without it the name is no link."""
    try:
        return reverse("discovery:structure", args=[structure_id])
    except NoReverseMatch:
        return ""


def _as_table(rows: Any) -> tuple[list[str], Any]:
    heads = [_("名称"), _("类别"), _("地点"), _("现状"), _("建成日期"), _("不动产单元号"), _("单位工程数")]
    shaped = (queries.shape_structure(row) for row in rows.iterator(chunk_size=500))
    return heads, (
        (
            row.name,
            str(words.KINDS[row.kind]),
            row.address,
            str(words.STANDINGS[row.standing]),
            row.built_on,
            row.realty_unit,
            row.work_count,
        )
        for row in shaped
    )


def _around(title: str, button: str) -> FormPage:
    back = reverse("registry:structure_list")
    return FormPage(
        title=title,
        crumbs=((_("建（构）筑物"), back), (title, "")),
        button=button,
        back=back,
        rows=(
            ("name",),
            ("kind", "standing"),
            ("address",),
            ("built_on", "gone_on"),
            ("realty_unit", "level"),
            ("system", "zone"),
            ("first", "second"),
        ),
    )


@shown_and_sent
def structure_new(request: HttpRequest) -> HttpResponse:
    """Enter a structure."""
    actor = request.actor  # type: ignore[attr-defined]
    rights.demand(actor, "registry.structure.register")
    form = forms.StructureForm(request.POST or None)

    def act(values: dict[str, Any]) -> str:
        operations.register_structure(actor=actor, lon=form.lon, lat=form.lat, now=timezone.now(), **_plain(values))
        return reverse("registry:structure_list")

    return run_form(request, _around(_("登记建（构）筑物"), _("登记")), form, act, _("建（构）筑物已登记。"))


@shown_and_sent
def structure_edit(request: HttpRequest, structure_id: UUID) -> HttpResponse:
    """Change what is known of a structure."""
    actor = request.actor  # type: ignore[attr-defined]
    known = queries.structure_facts(actor, structure_id)
    rights.demand(actor, "registry.structure.register")
    form = forms.StructureForm(request.POST or None, initial={
        "name": known.name, "kind": known.kind, "address": known.address, "standing": known.standing,
        "built_on": known.built_on, "gone_on": known.gone_on, "realty_unit": known.realty_unit,
        "level": known.level, "first": known.lon, "second": known.lat, "revision": known.revision,
    })  # fmt: skip
    form.fields["kind"].disabled = True

    def act(values: dict[str, Any]) -> str:
        plain = _plain(values)
        plain.pop("kind")
        operations.describe_structure(
            actor=actor,
            structure_id=structure_id,
            revision=values["revision"],
            lon=form.lon,
            lat=form.lat,
            now=timezone.now(),
            **plain,
        )
        return reverse("registry:structure_list")

    return run_form(request, _around(known.name, _("保存")), form, act, _("已更改。"))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: values[name]
        for name in ("name", "kind", "address", "standing", "built_on", "gone_on", "realty_unit", "level")
    }
