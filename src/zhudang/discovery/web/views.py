"""Search, the record's page, the structure's page."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from zhudang.discovery import queries
from zhudang.discovery.queries.search import BOUND, EXPORTED, FILTERS, Wanted
from zhudang.discovery.words import FACETS, facet_label
from zhudang.shared.web import exports

ROWS = 20


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """`q` the words, one parameter a filter, `page`; `export` gives the list as a file."""
    number = request.GET.get("page", "1")
    kind = exports.wanted_format(request)
    wanted = Wanted(
        question=request.GET.get("q", "")[:200],
        filters={name: request.GET[name] for name in FILTERS if request.GET.get(name)},
        page=int(number) if number.isdigit() else 1,
        rows=EXPORTED if kind else ROWS,
        bound=EXPORTED if kind else BOUND,
    )
    results = queries.search(request.actor, wanted)  # type: ignore[attr-defined]
    if kind:
        heads = ["题名", "代码", "项目", "单位工程", "形成日期", "档号"]
        rows = [[h.title, h.code, h.project_name, h.unit_work_name, h.formed_on, h.reference] for h in results.hits]
        return exports.list_file(kind, "检索结果", heads, rows)
    return render(
        request,
        "discovery/search.html",
        {
            "results": results,
            "groups": _groups(request, results),
            "chosen": _chosen(request, results),
            "first": (results.wanted.page - 1) * ROWS + 1,
        },
    )


def _groups(request: HttpRequest, results: queries.Results) -> list[tuple[object, list[tuple[str, int, str, bool]]]]:
    """Filters as links: heading, then (label, count, address, chosen)."""
    groups = []
    for name, heading in FACETS:
        links = []
        for facet in results.facets.get(name, ()):
            chosen = results.wanted.filters.get(name) == facet.value
            links.append(
                (facet_label(facet), facet.count, _address(request, name, "" if chosen else facet.value), chosen)
            )
        if links:
            groups.append((heading, links))
    return groups


def _chosen(request: HttpRequest, results: queries.Results) -> list[tuple[str, str]]:
    """The filters in force with the address that takes each away."""
    told = []
    for name, value in results.wanted.filters.items():
        facet = next(
            (f for f in results.facets.get(name, ()) if f.value == value), queries.Facet(name, value, value, 0)
        )
        told.append((str(facet_label(facet)), _address(request, name, "")))
    return told


def _address(request: HttpRequest, name: str, value: str) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    if value:
        query[name] = value
    else:
        query.pop(name, None)
    return "?" + query.urlencode()


@require_safe
def record(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """One record; `page` and `q` open its viewer at a hit, `file` chooses among its files."""
    page = queries.record_page(request.actor, record_id)  # type: ignore[attr-defined]
    shown = queries.shown_of(page, request.GET.get("file", ""))
    at = request.GET.get("page", "1")
    context = {"page": page, "shown": shown, "at": at if at.isdigit() else "1", "q": request.GET.get("q", "")[:200]}
    return render(request, "discovery/record.html", context)


@require_safe
def structure(request: HttpRequest, structure_id: UUID) -> HttpResponse:
    """A structure over its whole life."""
    return render(request, "discovery/structure.html", {"page": queries.structure_page(request.actor, structure_id)})  # type: ignore[attr-defined]
