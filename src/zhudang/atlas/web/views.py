"""The map and the list beside it, and the GeoJSON both the island and others read."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified, JsonResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from zhudang.atlas import queries, words
from zhudang.atlas.domain.geometry import Box, read_box
from zhudang.atlas.operations import BASE_LAYERS
from zhudang.identity import rights
from zhudang.registry import words as registry_words
from zhudang.shared.web import exports, lists

GEOJSON = "application/geo+json; charset=utf-8"
_ORDER = {"name": "name", "kind": "kind"}


@require_safe
def map_page(request: HttpRequest) -> HttpResponseBase:
    """The list beside the map; without JavaScript the list is all of it."""
    actor = request.actor  # type: ignore[attr-defined]
    rights.demand(actor, "atlas.map.read")
    state = lists.read_state(request, filters=("layer", "kind"), rows=30)
    asked: dict[str, Any] = {
        "q": state.q,
        "layer": state.filters.get("layer", ""),
        "kind": state.filters.get("kind", ""),
    }
    rows = queries.ordered(queries.find_places(actor, **asked), state.order(_ORDER, "name"))
    if wanted := exports.wanted_format(request):
        return exports.list_file(wanted, _("一张图"), *_as_table(rows))
    counts = queries.count_places(actor, **asked)
    extent = queries.extent(actor)
    query = urlencode({key: value for key, value in asked.items() if value})
    context = {
        "page": lists.take_page(rows, state, lambda row: _show(queries.shape_place(row))),
        "state": state,
        "counts": counts,
        "layers": [(code, words.LAYERS[code], counts.by_layer.get(code, 0)) for code in queries.THINGS],
        "kinds": [(code, word, counts.by_kind.get(code, 0)) for code, word in registry_words.KINDS.items()],
        "base_url": f"{reverse('atlas:base')}?v={_digest(queries.base_revision())}",
        "features_url": reverse("atlas:features") + (f"?{query}" if query else ""),
        "extent": _write_box(extent) if extent else "",
        "focus": _focus(request),
        "filtered": bool(state.q or state.filters),
    }
    return render(request, "atlas/map.html", context)


def _show(place: queries.PlaceRow) -> dict[str, Any]:
    return {
        "place": place,
        "layer": words.LAYERS[place.layer],
        "kind": registry_words.KINDS.get(place.kind, place.kind),
        "href": page_of(place.layer, str(place.subject_id)),
        "focus": f"{place.lon:.6f},{place.lat:.6f}",
    }


def page_of(layer: str, subject: str) -> str:
    """Give the page a thing on the map opens; the structure's page lies in a later context."""
    try:
        return reverse("registry:project" if layer == "site" else "discovery:structure", args=[subject])
    except NoReverseMatch:
        return ""


def _focus(request: HttpRequest) -> str:
    """Pass on `?focus=lon,lat` only when it is a place."""
    parts = request.GET.get("focus", "").split(",")
    try:
        lon, lat = (float(part) for part in parts)
    except ValueError:
        return ""
    return f"{lon:.6f},{lat:.6f}" if -180 <= lon <= 180 and -90 <= lat <= 90 else ""


def _as_table(rows: Any) -> tuple[list[str], Any]:
    shaped = (_show(queries.shape_place(row)) for row in rows.iterator(chunk_size=500))
    return [_("名称"), _("图层"), _("类别"), _("地点"), _("代码"), _("经度（CGCS2000）"), _("纬度（CGCS2000）")], (
        (
            shown["place"].name, str(shown["layer"]), str(shown["kind"]), shown["place"].address,
            shown["place"].code, round(shown["place"].lon, 6), round(shown["place"].lat, 6),
        )
        for shown in shaped
    )  # fmt: skip


@require_safe
def features(request: HttpRequest) -> HttpResponse:
    """Projects and structures as GeoJSON (RFC 7946 shape, CGCS2000), rights applied before counting.

    `bbox=west,south,east,north`, `layer`, `kind`, `q`.
    """
    actor = request.actor  # type: ignore[attr-defined]
    box, wrong = _box(request)
    if wrong:
        return wrong
    layer = request.GET.get("layer", "")
    found = queries.things_in(
        actor,
        box,
        layers=[layer] if layer else queries.THINGS,
        q=request.GET.get("q", "")[:200],
        kind=request.GET.get("kind", "")[:16],
    )
    for feature in found["features"]:
        properties = feature["properties"]
        properties["url"] = page_of(properties["layer"], properties["subject"])
    response = JsonResponse(found, json_dumps_params={"ensure_ascii": False}, content_type=GEOJSON)
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
def base(request: HttpRequest) -> HttpResponse:
    """The town's base map as GeoJSON; the same for everyone, so it may be kept."""
    box, wrong = _box(request)
    if wrong:
        return wrong
    layer = request.GET.get("layer", "")
    tag = f'"{_digest(queries.base_revision(), request.GET.urlencode())}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified()
    found = queries.base_in(request.actor, box, layers=[layer] if layer else BASE_LAYERS)  # type: ignore[attr-defined]
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    response = HttpResponse(text, content_type=GEOJSON)
    response["ETag"] = tag
    response["Cache-Control"] = "private, max-age=600"
    return response


def _box(request: HttpRequest) -> tuple[Box | None, HttpResponse | None]:
    text = request.GET.get("bbox", "")
    if not text:
        return None, None
    box = read_box(text)
    if box is None:
        reasons = [{"code": "atlas.bbox_wrong", "message": _("bbox 应为 西,南,东,北（度）。")}]
        return None, JsonResponse({"reasons": reasons}, status=400, json_dumps_params={"ensure_ascii": False})
    return box, None


def _write_box(box: Box) -> str:
    return f"{box.west:.6f},{box.south:.6f},{box.east:.6f},{box.north:.6f}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]
