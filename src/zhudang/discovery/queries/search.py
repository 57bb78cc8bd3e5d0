"""Search: candidates by pairs of characters, every hit compared with its text, rights before counting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F

from zhudang.discovery.domain import folding
from zhudang.discovery.domain.folding import Term
from zhudang.filing import queries as filing
from zhudang.identity.rights import Actor

# So many records are ranked and counted one by one; a question with more is told to be narrower.
BOUND = 5_000
FILTERS = ("kind", "part", "state", "year", "project")
_STATES = {
    "running": ("draft", "filed", "delivered", "with_client", "submitted", "returned", "accepted"),
    "held": ("transferred", "preserved"),
}


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for: words, filters (name -> value), page of results."""

    question: str = ""
    filters: dict[str, str] = field(default_factory=dict)
    page: int = 1
    rows: int = 20


@dataclass(frozen=True)
class Hit:
    """One record found, with the page of the first hit and its neighbourhood as (text, is hit) pieces."""

    record_id: UUID
    title: str
    code: str
    project_id: UUID
    project_name: str
    unit_work_name: str
    organisation_name: str
    formed_on: date | None
    state: str
    reference: str
    page: int
    snippet: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Facet:
    """One value of a filter with how many of the records found have it."""

    name: str
    value: str
    label: str
    count: int


@dataclass(frozen=True)
class Results:
    """One page of results; `bounded` says that only the first `BOUND` were ranked and counted."""

    wanted: Wanted
    hits: tuple[Hit, ...]
    total: int
    bounded: bool
    pages: int
    facets: dict[str, tuple[Facet, ...]]
    too_short: tuple[str, ...]


def search(actor: Actor, wanted: Wanted) -> Results:
    """Find records that `actor` may know of and that hold every term, in description or on any page."""
    terms = folding.terms(wanted.question)
    too_short = folding.too_short(wanted.question)
    if wanted.question.strip() and not terms:
        return Results(wanted, (), 0, False, 1, {}, too_short)
    ids = _matching(actor, terms, wanted.filters)
    bounded = len(ids) > BOUND
    ids = ids[:BOUND]
    pages = max(-(-len(ids) // wanted.rows), 1)
    page = min(max(wanted.page, 1), pages)
    shown = ids[(page - 1) * wanted.rows : page * wanted.rows]
    facets = _facets(actor, terms, wanted.filters, ids)
    return Results(wanted, _shape(shown, terms), len(ids), bounded, pages, facets, too_short)


def _visible(actor: Actor, filters: dict[str, str]) -> tuple[str, Sequence[Any]]:
    """The records that exist for the person and pass the filters, as SQL text with its parameters."""
    rows = filing.visible_to(actor).order_by()
    if kind := filters.get("kind"):
        rows = rows.filter(project__kind=kind)
    if part := filters.get("part"):
        rows = rows.filter(part=part)
    if states := _STATES.get(filters.get("state", "")):
        rows = rows.filter(state__in=states)
    if (year := filters.get("year", "")).isdigit() and len(year) == 4:
        rows = rows.filter(formed_on__year=int(year))
    if project := filters.get("project"):
        try:
            rows = rows.filter(project_id=UUID(project))
        except ValueError:
            rows = rows.none()
    try:
        return rows.values("id", newest=F("formed_on")).query.sql_with_params()
    except EmptyResultSet:  # for the public nothing is open yet
        return "SELECT NULL::uuid AS id, NULL::date AS newest WHERE false", ()


def _matching(actor: Actor, terms: tuple[Term, ...], filters: dict[str, str]) -> list[UUID]:
    """Ids of at most BOUND + 1 records: hits in the description first, then the newest."""
    visible, parameters = _visible(actor, filters)
    if not terms:
        sql = f"SELECT v.id FROM ({visible}) v ORDER BY v.newest DESC NULLS LAST, v.id DESC LIMIT %s"
        return _ids(sql, [*parameters, BOUND + 1])
    # The longest term has the most pairs and so the fewest candidates; the others are asked of what it leaves.
    first, *others = sorted(terms, key=lambda term: -len(term.lexemes))
    also = "".join(
        " AND EXISTS (SELECT 1 FROM discovery_pagetext o WHERE o.record_id = p.record_id AND o.lexemes @@ %s::tsquery AND strpos(o.text, %s) > 0)"
        for _ in others
    )
    sql = f"""
        WITH found AS MATERIALIZED (
            SELECT p.record_id, min(p.page) AS page FROM discovery_pagetext p
            WHERE p.lexemes @@ %s::tsquery AND strpos(p.text, %s) > 0 {also}
            GROUP BY p.record_id)
        SELECT v.id FROM found JOIN ({visible}) v ON v.id = found.record_id
        ORDER BY (found.page = 0) DESC, v.newest DESC NULLS LAST, v.id DESC LIMIT %s
    """
    asked: list[Any] = [_tsquery(first), first.text]
    for term in others:
        asked += [_tsquery(term), term.text]
    return _ids(sql, [*asked, *parameters, BOUND + 1])


def _tsquery(term: Term) -> str:
    return " & ".join("'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'" for lexeme in term.lexemes)


def _ids(sql: str, parameters: Sequence[Any]) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]


def _shape(ids: list[UUID], terms: tuple[Term, ...]) -> tuple[Hit, ...]:
    """The rows of one page of results; two statements whatever the number."""
    records = filing.found_rows(ids)
    texts = _first_pages(ids, terms)
    hits = []
    for record_id in ids:
        if (row := records.get(record_id)) is None:
            continue
        page, text = texts.get(record_id, (0, ""))
        hits.append(
            Hit(
                record_id=row.id,
                title=row.title,
                code=row.code,
                project_id=row.project_id,
                project_name=row.project_name,
                unit_work_name=row.unit_work_name,
                organisation_name=row.organisation_name,
                formed_on=row.formed_on,
                state=row.state,
                reference=row.reference,
                page=page,
                snippet=folding.snippet(text, terms) if page else (),
            )
        )
    return tuple(hits)


def _first_pages(ids: list[UUID], terms: tuple[Term, ...]) -> dict[UUID, tuple[int, str]]:
    """For each record the first page (not the description) with any of the terms."""
    if not ids or not terms:
        return {}
    either = " OR ".join("(p.lexemes @@ %s::tsquery AND strpos(p.text, %s) > 0)" for _ in terms)
    sql = f"""
        SELECT DISTINCT ON (p.record_id) p.record_id, p.page, p.text FROM discovery_pagetext p
        WHERE p.record_id = ANY(%s) AND p.page > 0 AND ({either}) ORDER BY p.record_id, p.page, p.part
    """
    parameters: list[Any] = [ids]
    for term in terms:
        parameters += [_tsquery(term), term.text]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {record_id: (page, text) for record_id, page, text in cursor.fetchall()}


def _facets(
    actor: Actor, terms: tuple[Term, ...], filters: dict[str, str], ids: list[UUID]
) -> dict[str, tuple[Facet, ...]]:
    """Values of every filter among the records found (already cut by rights), the most frequent first."""
    counted = filing.count_by(ids, ("kind", "part", "state", "year", "project"))
    return {
        name: tuple(Facet(name, str(value), str(label), count) for value, label, count in values[:8])
        for name, values in counted.items()
    }
