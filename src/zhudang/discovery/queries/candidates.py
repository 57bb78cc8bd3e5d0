"""Which records hold all terms: two ways, of which the cheaper is taken; never more than a bound are ranked.

Rare words are looked up in the index of pairs, and all that have them are ranked. For words that a good part of all
records have, that would fetch most of the archive to show twenty; there the newest visible records are walked, one
after another, until the bound is full. How common a question is, the walk's own beginning tells.

Every statement asks for the visible records first or joins them before it counts; every hit is compared with the
folded text itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from zhudang.discovery.domain.folding import Term

# Fewer pages than this are fetched and ranked without a further thought.
FEW_PAGES = 5_000
# So many of the newest records are looked at to tell whether a question is common.
LOOKED_AT = 500
# A walk is worth its while when it is likely to fill the bound within so many records.
WALKED_AT_MOST = 4_000
# So many of the newest descriptions with the words are asked about first.
FEW_NEWEST = 2_000
_NEWEST = "ORDER BY v.newest DESC NULLS LAST, v.id DESC"


@dataclass(frozen=True)
class Visible:
    """Records that exist for a person: SQL giving `id` and `newest` (the date they are ordered by), parameters."""

    sql: str
    parameters: tuple[Any, ...] = ()


def matching(visible: Visible, terms: Sequence[Term], most: int) -> list[UUID]:
    """Ids of at most `most` visible records with every term: those described so first, then the newest.

    Args:
        terms: none means every visible record.
    """
    if not terms:
        rows = _rows(f"SELECT v.id FROM ({visible.sql}) v {_NEWEST} LIMIT %s", [*visible.parameters, most])
        return [row[0] for row in rows]
    rarity = _pages_at_most(terms)
    rarest_first = sorted(terms, key=lambda term: (rarity[term], -len(term.lexemes)))
    if rarity[rarest_first[0]] <= FEW_PAGES:
        return _by_index(visible, rarest_first, most)
    looked_at, described, anywhere = _look(visible, terms)
    if looked_at < LOOKED_AT:  # all there is for this person
        return [*described, *anywhere][:most]
    if _worth_walking(len(described), most):
        found = _walk(visible, terms, most, described=True)
        if len(found) == most:
            return found
    found = _newest_described(visible, rarest_first, most)
    if len(found) == most:
        return found
    found = _by_index(visible, rarest_first, most, described=True)
    if len(found) == most:
        return found
    if _worth_walking(len(described) + len(anywhere), most):
        known = set(found)
        walked = [one for one in _walk(visible, terms, most) if one not in known]
        if len(found) + len(walked) >= most:
            return [*found, *walked][:most]
    return _by_index(visible, rarest_first, most)


def first_pages(ids: Sequence[UUID], terms: Sequence[Term]) -> dict[UUID, tuple[int, str]]:
    """For each record the first page (not the description) with any of the terms, and its text."""
    if not ids or not terms:
        return {}
    either = " OR ".join("strpos(p.text, %s) > 0" for _ in terms)
    sql = f"""
        SELECT v.id, first.page, first.text FROM unnest(%s::uuid[]) AS v (id)
        CROSS JOIN LATERAL (
            SELECT p.page, p.text FROM discovery_pagetext p
            WHERE p.record_id = v.id AND p.page > 0 AND ({either}) ORDER BY p.page LIMIT 1) first
    """
    rows = _rows(sql, [list(ids), *(term.text for term in terms)])
    return {record_id: (page, text) for record_id, page, text in rows}


def _worth_walking(found: int, most: int) -> bool:
    return found * WALKED_AT_MOST >= most * LOOKED_AT


def _pages_at_most(terms: Iterable[Term]) -> dict[Term, float]:
    """For every term, how many pages have its rarest pair, by the database's own statistics; unknown is very many."""
    wanted = sorted({lexeme for term in terms for lexeme in term.lexemes})
    rows = _rows(
        """
        SELECT c.reltuples, s.most_common_elem_freqs[cardinality(s.most_common_elems::text::text[]) + 1], e.lexeme, e.share
        FROM pg_class c
        JOIN pg_stats s ON s.tablename = c.relname AND s.schemaname = 'public' AND s.attname = 'lexemes'
        LEFT JOIN LATERAL unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs::real[]) AS e (lexeme, share)
            ON e.lexeme = ANY(%s)
        WHERE c.oid = 'discovery_pagetext'::regclass
        """,
        [wanted],
    )
    if not rows:
        return {term: float("inf") for term in terms}
    pages, least = rows[0][0], rows[0][1] or 0.0
    shares = {lexeme: share for _pages, _least, lexeme, share in rows}
    return {term: pages * min(shares.get(lexeme, least) for lexeme in term.lexemes) for term in terms}


def _by_index(visible: Visible, terms: Sequence[Term], most: int, *, described: bool = False) -> list[UUID]:
    """Fetch every page with the pairs (of the first term, or of all in one description), then ask for the right.

    The other terms are compared with the record's pages one by one: as a condition on pairs the planner would look
    each of them up in the index again, for every record.
    """
    first, *others = terms
    here = _all_in("p.text", others)
    texts = [term.text for term in others]
    if described:
        wanted, also = _tsquery(*terms), f"AND p.page = 0 AND {here}"
    else:
        wanted, also = _tsquery(first), f"AND {_anywhere(others, 'p.record_id')}" if others else ""
    sql = f"""
        WITH found AS MATERIALIZED (
            SELECT p.record_id, bool_or(p.page = 0 AND {here}) AS described FROM discovery_pagetext p
            WHERE p.lexemes @@ %s::tsquery AND strpos(p.text, %s) > 0 {also}
            GROUP BY p.record_id)
        SELECT v.id FROM found JOIN ({visible.sql}) v ON v.id = found.record_id
        ORDER BY found.described DESC, v.newest DESC NULLS LAST, v.id DESC LIMIT %s
    """
    rows = _rows(sql, [*texts, wanted, first.text, *texts, *visible.parameters, most])
    return [row[0] for row in rows]


def _newest_described(visible: Visible, terms: Sequence[Term], most: int) -> list[UUID]:
    """Those with all terms in the description, among the newest few of them: fewer than `most` tells nothing.

    For whoever may see most of what there is, this saves asking for the right to every record that has the words.
    """
    first, *others = terms
    sql = f"""
        WITH found AS MATERIALIZED (
            SELECT p.record_id FROM discovery_pagetext p
            WHERE p.lexemes @@ %s::tsquery AND strpos(p.text, %s) > 0 AND p.page = 0 AND {_all_in("p.text", others)}
            ORDER BY p.newest DESC NULLS LAST, p.record_id DESC LIMIT %s)
        SELECT v.id FROM found JOIN ({visible.sql}) v ON v.id = found.record_id {_NEWEST} LIMIT %s
    """
    texts = [term.text for term in others]
    rows = _rows(sql, [_tsquery(*terms), first.text, *texts, FEW_NEWEST, *visible.parameters, most])
    return [row[0] for row in rows]


def _look(visible: Visible, terms: Sequence[Term]) -> tuple[int, list[UUID], list[UUID]]:
    """Look at the newest visible records: how many there were, those described so, those with it on a page."""
    texts = [term.text for term in terms]
    sql = f"""
        SELECT v.id, {_described(terms)} AS described, {_anywhere(terms)} AS anywhere
        FROM (SELECT v.* FROM ({visible.sql}) v {_NEWEST} LIMIT %s) v {_NEWEST}
    """
    rows = _rows(sql, [*texts, *texts, *visible.parameters, LOOKED_AT])
    described = [record_id for record_id, is_described, _anywhere in rows if is_described]
    anywhere = [record_id for record_id, is_described, is_anywhere in rows if is_anywhere and not is_described]
    return len(rows), described, anywhere


def _walk(visible: Visible, terms: Sequence[Term], most: int, *, described: bool = False) -> list[UUID]:
    """Walk the newest visible records until `most` have every term."""
    sql = f"""
        SELECT v.id FROM (SELECT v.* FROM ({visible.sql}) v {_NEWEST} LIMIT %s) v
        WHERE {_described(terms) if described else _anywhere(terms)} {_NEWEST} LIMIT %s
    """
    # Twice as far as it should need: the first records are not like all others.
    texts = [term.text for term in terms]
    return [row[0] for row in _rows(sql, [*visible.parameters, 2 * WALKED_AT_MOST, *texts, most])]


def _described(terms: Sequence[Term]) -> str:
    """SQL: the description has every term. A scalar subquery, which the planner cannot turn into a join of all."""
    return f"""coalesce((SELECT {_all_in("p.text", terms)} FROM discovery_pagetext p
        WHERE p.record_id = v.id AND p.page = 0 LIMIT 1), false)"""


def _anywhere(terms: Sequence[Term], record: str = "v.id") -> str:
    """SQL: every term is in the description or on some page, not necessarily all on one."""
    return " AND ".join(
        f"""coalesce((SELECT true FROM discovery_pagetext o
        WHERE o.record_id = {record} AND strpos(o.text, %s) > 0 LIMIT 1), false)"""
        for _ in terms
    )


def _all_in(column: str, terms: Sequence[Term]) -> str:
    return " AND ".join([f"strpos({column}, %s) > 0" for _ in terms] or ["true"])


def _tsquery(*terms: Term) -> str:
    pairs = dict.fromkeys(lexeme for term in terms for lexeme in term.lexemes)
    return " & ".join("'" + pair.replace("\\", "\\\\").replace("'", "''") + "'" for pair in pairs)


def _rows(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
