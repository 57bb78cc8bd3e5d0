"""Search: bounded candidates by pairs of characters, every hit compared with its text, rights before counting."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import F, QuerySet

from zhudang.discovery.domain import folding
from zhudang.discovery.domain.folding import Term
from zhudang.discovery.queries import candidates
from zhudang.filing import queries as filing
from zhudang.identity.rights import Actor

# So many records are ranked and counted one by one; a question with more is told to be narrower.
BOUND = 500
EXPORTED = 5_000
FILTERS = ("kind", "part", "state", "year", "project")
_STATES = {
    "running": ("draft", "filed", "delivered", "with_client", "submitted", "returned", "accepted"),
    "held": ("transferred", "preserved"),
}


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for: words, filters (name -> value), page of results, how many are ranked and counted."""

    question: str = ""
    filters: dict[str, str] = field(default_factory=dict)
    page: int = 1
    rows: int = 20
    bound: int = BOUND


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
    destroyed: bool
    page: int
    snippet: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Facet:
    """One value of a filter with how many of the records ranked have it."""

    name: str
    value: str
    label: str
    count: int


@dataclass(frozen=True)
class Results:
    """One page of results; `bounded` says that there are more, and only the first `total` were ranked and counted."""

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
    ids = candidates.matching(_visible(actor, wanted.filters), terms, wanted.bound + 1)
    coded = _by_code(actor, wanted)
    ids = [*coded, *(record_id for record_id in ids if record_id not in coded)]
    bounded = len(ids) > wanted.bound
    ids = ids[: wanted.bound]
    pages = max(-(-len(ids) // wanted.rows), 1)
    page = min(max(wanted.page, 1), pages)
    shown = ids[(page - 1) * wanted.rows : page * wanted.rows]
    return Results(wanted, _shape(shown, terms), len(ids), bounded, pages, _facets(ids), too_short)


def _by_code(actor: Actor, wanted: Wanted) -> list[UUID]:
    """The records whose whole reference code (档号) was asked for, written with or without leading zeros."""
    question = unicodedata.normalize("NFKC", wanted.question.strip())
    if (read := filing.volume_and_position(question)) is None:
        return []
    volume_code, position = read
    # As typed and as folded: a code may hold characters that folding changes, and people type small letters.
    typed = {wanted.question.strip()[: len(volume_code)], volume_code, volume_code.upper()}
    rows = _rows(actor, wanted.filters).filter(volume__reference_code__in=typed, position=position)
    return list(rows.values_list("id", flat=True)[: wanted.bound])


def _visible(actor: Actor, filters: dict[str, str]) -> candidates.Visible:
    """The records that exist for the person and pass the filters, as SQL text with its parameters."""
    try:
        rows = _rows(actor, filters)
        sql, parameters = rows.values("id", newest=F("formed_on")).query.sql_with_params()
        return candidates.Visible(sql, tuple(parameters))
    except EmptyResultSet:  # for the public nothing is open yet
        return candidates.Visible("SELECT NULL::uuid AS id, NULL::date AS newest WHERE false")


def _rows(actor: Actor, filters: dict[str, str]) -> QuerySet[Any, Any]:
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
    return rows


def _shape(ids: list[UUID], terms: tuple[Term, ...]) -> tuple[Hit, ...]:
    """The rows of one page of results; two statements whatever the number."""
    records = filing.found_rows(ids)
    texts = candidates.first_pages(ids, terms)
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
                destroyed=row.destroyed,
                page=page,
                snippet=folding.snippet(text, terms) if page else (),
            )
        )
    return tuple(hits)


def _facets(ids: Sequence[UUID]) -> dict[str, tuple[Facet, ...]]:
    """Values of every filter among the records ranked (already cut by rights), the most frequent first."""
    return {
        name: tuple(Facet(name, str(value), str(label), count) for value, label, count in values[:8])
        for name, values in filing.count_by(ids, FILTERS).items()
    }
