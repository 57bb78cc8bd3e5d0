"""Which records hold all terms: by the cheapest of several ways; never more than a bound are ranked.

Rare words are looked up in the index of pairs, and all that have them are ranked. For words that a good part of all
records have, that would fetch much of the archive to show twenty; there the newest visible records are walked, one
after another, until the bound is full, or the descriptions are asked for month by month, the newest first; and where
rights and filters leave few records, all of these are looked at. How common a question is, the database's statistics
and the newest visible records tell. Each way reads much when it is the wrong one, so few are tried after another.

Every statement asks for the visible records first or joins them before it counts; every hit is compared with the
folded text itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from zhudang.discovery.domain import folding
from zhudang.discovery.domain.folding import Term

# Fewer pages than this are fetched and ranked without a further thought; up to so many, unless descriptions alone will do.
FEW_PAGES = 4_000
FETCHED_AT_ONCE = 8_000
# So many of the newest records are looked at to tell whether a question is common.
LOOKED_AT = 500
# A walk is worth its while when it is likely to fill the bound within so many records.
WALKED_AT_MOST = 4_000
# Beyond that, when it is likely to look at fewer than this share of what the index would fetch, but no more than so many.
WALK_COSTS = 0.5
WALKED_AT_ALL = 16_000
# Where the records a person sees within the filters have no more pages than this, all are looked at rather than fetching
# many more by the index.
LOOKED_AT_ALL = 24_000
# Descriptions are asked for by months, the newest first, in groups that double, until so many were fetched.
MONTHS = (1, 2, 4, 8, 16, 32)
# Not worth it where all records, even if all were visible, would likely give less than this share of the bound.
FILLED_BY_MONTH = 1.0
# Where none was seen among the newest, so many at once, and no more if they have none either.
MONTHS_UNSEEN = (4, 8, 16, 32)
FETCHED_BY_MONTH = 3_000
# Where so few of them exist for the person that filling the bound would likely fetch more than this, months are left.
LIKELY_BY_MONTH = 8_000
# Of all pairs the rarest few are looked up, and none that is so many times as common as the rarest: each costs a search
# for every row the rarest has, and the comparison with the text asks for all of them anyway.
LOOKED_UP, AS_COMMON = 3, 3
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
    rarest_first = sorted(terms, key=rarity.order)
    pages = rarity.pages(rarest_first[0])
    if pages <= FEW_PAGES:
        return _by_index(visible, rarity, rarest_first, most)
    looked_at, described, anywhere = _look(visible, rarest_first, LOOKED_AT)
    if looked_at.count < LOOKED_AT:  # all there is for this person
        return [*described, *anywhere][:most]
    if _worth_walking(len(described), most):
        found = _walk(visible, rarest_first, most, described=True)
        if len(found) == most:
            return found
    by_month = _worth_months(rarity, len(described), most)
    if pages <= FETCHED_AT_ONCE and not (described and by_month):
        return _by_index(visible, rarity, rarest_first, most)
    few = int(min(pages * WALK_COSTS, LOOKED_AT_ALL / rarity.pages_a_record))
    # Described so, but too few of them for a walk: they are to be found first, and no walk tells where they are.
    if described or not _worth_walking(len(anywhere), most):
        all_there_is = _if_few(visible, rarest_first, most, few)
        if all_there_is is not None:
            return all_there_is
    if looked_at.newest and by_month:
        found = _by_month(visible, rarity, rarest_first, most, looked_at.newest, seen=bool(described))
        if len(found) == most:
            return found
    if _worth_walking(len(described) + len(anywhere), most, pages):
        found = _described_by_index(visible, rarity, rarest_first, most)
        if len(found) < most:
            known = set(found)
            found += [one for one in _walk(visible, rarest_first, most) if one not in known]
        if len(found) >= most:
            return found[:most]
    return _by_index(visible, rarity, rarest_first, most)


def _if_few(visible: Visible, terms: Sequence[Term], most: int, few: int) -> list[UUID] | None:
    """Look at every visible record, where they are at most `few`; None where they are more, which costs little to tell."""
    first, *others = terms
    sql = f"""
        WITH seen AS MATERIALIZED (SELECT v.id, v.newest FROM ({visible.sql}) v LIMIT %s),
        size AS (SELECT count(*) AS records FROM seen)
        SELECT size.records, found.id FROM size LEFT JOIN LATERAL (
            SELECT v.id, v.first = 0 AND {_described(others)} AS described, v.newest
            FROM (SELECT v.id, v.newest, {_FIRST_PAGE} AS first FROM seen v WHERE size.records <= %s OFFSET 0) v
            WHERE v.first IS NOT NULL AND {_anywhere(others)}
            ORDER BY described DESC, v.newest DESC NULLS LAST, v.id DESC LIMIT %s) found ON true
        ORDER BY found.described DESC, found.newest DESC NULLS LAST, found.id DESC
    """
    texts = [term.text for term in others]
    rows = _rows(sql, [*visible.parameters, few + 1, *texts, first.text, few, *texts, most])
    return [record_id for _records, record_id in rows if record_id] if rows[0][0] <= few else None


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


def _worth_walking(found: int, most: int, pages: float = 0) -> bool:
    """Whether a walk is likely to fill the bound soon, or sooner than the index fetches `pages`."""
    if not found:
        return False
    likely = most * LOOKED_AT / found
    return likely <= max(WALKED_AT_MOST, min(WALKED_AT_ALL, pages * WALK_COSTS))


def _worth_months(rarity: Rarity, described: int, most: int) -> bool:
    """Whether descriptions alone may fill the bound, by those seen among the newest; if none was seen, nobody knows."""
    return not described or rarity.all_records * described / LOOKED_AT >= most * FILLED_BY_MONTH


@dataclass(frozen=True)
class Rarity:
    """How many pages there are, and which share of them has a pair; a pair too rare to be in the statistics: `least`."""

    all_pages: float
    least: float
    shares: Mapping[str, float]
    all_records: float = 1.0

    @property
    def pages_a_record(self) -> float:
        """Pages of a record, on average, its description being one."""
        return max(self.all_pages / max(self.all_records, 1.0), 1.0)

    def share(self, pair: str) -> float:
        """The share of pages that have a pair, at most."""
        return self.shares.get(pair, self.least)

    def pages(self, term: Term) -> float:
        """The number of pages that have the term's rarest pair."""
        return self.all_pages * min(self.share(pair) for pair in term.lexemes)

    def order(self, term: Term) -> tuple[float, int]:
        """Sorts terms by rarity."""
        return self.pages(term), -len(term.lexemes)

    def looked_up(self, *terms: Term, marks: Sequence[str] = ()) -> str:
        """The query of the index that finds all rows with these terms, and others: their rarest pairs, and any of the marks."""
        pairs = sorted({pair for term in terms for pair in term.lexemes}, key=lambda pair: (self.share(pair), pair))
        rare = [pair for pair in pairs[:LOOKED_UP] if self.share(pair) <= AS_COMMON * self.share(pairs[0])]
        wanted = [_quoted(pair) for pair in rare]
        return " & ".join([*wanted, *([f"({' | '.join(map(_quoted, marks))})"] if marks else [])])


def _pages_at_most(terms: Iterable[Term]) -> Rarity:
    """How rare the pairs of these terms are, by the database's own statistics; unknown is very many."""
    wanted = sorted({lexeme for term in terms for lexeme in term.lexemes})
    rows = _rows(
        """
        SELECT c.reltuples, (SELECT r.reltuples FROM pg_class r WHERE r.oid = 'filing_record'::regclass),
               s.most_common_elem_freqs[cardinality(s.most_common_elems::text::text[]) + 1], e.lexeme, e.share
        FROM pg_class c
        JOIN pg_stats s ON s.tablename = c.relname AND s.schemaname = 'public' AND s.attname = 'lexemes'
        LEFT JOIN LATERAL unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs::real[]) AS e (lexeme, share)
            ON e.lexeme = ANY(%s)
        WHERE c.oid = 'discovery_pagetext'::regclass
        """,
        [wanted],
    )
    if not rows:
        return Rarity(float("inf"), 1.0, {})
    pages, records, least = rows[0][:3]
    shares = {lexeme: share for *_same, lexeme, share in rows if lexeme}
    return Rarity(pages, least or 0.0, shares, records)


def _by_index(visible: Visible, rarity: Rarity, terms: Sequence[Term], most: int) -> list[UUID]:
    """Fetch every page with the pairs of the first term, then ask for the right.

    The other terms are compared with the pages of those records that exist for the person, one by one: as a condition
    on pairs the planner would look each of them up in the index again, for every record.
    """
    first, *others = terms
    here, texts = _all_in("p.text", others), [term.text for term in others]
    sql = f"""
        WITH found AS MATERIALIZED (
            SELECT p.record_id, bool_or(p.page = 0 AND {here}) AS described, bool_or({here}) AS whole
            FROM discovery_pagetext p WHERE p.lexemes @@ %s::tsquery AND strpos(p.text, %s) > 0
            GROUP BY p.record_id),
        seen AS MATERIALIZED (
            SELECT v.id, v.newest, found.described, found.whole FROM found JOIN ({visible.sql}) v ON v.id = found.record_id)
        SELECT v.id FROM seen v WHERE v.whole OR ({_anywhere(others)})
        ORDER BY v.described DESC, v.newest DESC NULLS LAST, v.id DESC LIMIT %s
    """
    parameters = [*texts, *texts, rarity.looked_up(first), first.text, *visible.parameters, *texts, most]
    return [row[0] for row in _rows(sql, parameters)]


def _described_by_index(visible: Visible, rarity: Rarity, terms: Sequence[Term], most: int) -> list[UUID]:
    """The newest with every term in the description; a description is one row of the index."""
    sql = f"""
        WITH found AS MATERIALIZED (
            SELECT p.record_id FROM discovery_pagetext p WHERE p.lexemes @@ %s::tsquery AND {_all_in("p.text", terms)})
        SELECT v.id FROM found JOIN ({visible.sql}) v ON v.id = found.record_id {_NEWEST} LIMIT %s
    """
    wanted = rarity.looked_up(*terms, marks=(folding.IS_DESCRIPTION,))
    return [row[0] for row in _rows(sql, [wanted, *(term.text for term in terms), *visible.parameters, most])]


def _by_month(
    visible: Visible, rarity: Rarity, terms: Sequence[Term], most: int, newest: date, *, seen: bool
) -> list[UUID]:
    """Those with all terms in the description, month by month from `newest` down: fewer than `most` tells nothing.

    For whoever may see a good part of what there is, this saves asking for the right to every record with the words.
    """
    texts = [term.text for term in terms]
    sql = f"""
        WITH found AS MATERIALIZED (
            SELECT p.record_id FROM discovery_pagetext p WHERE p.lexemes @@ %s::tsquery AND {_all_in("p.text", terms)})
        SELECT v.id, count(*) OVER () FROM found LEFT JOIN ({visible.sql}) v ON v.id = found.record_id
        ORDER BY v.id IS NULL, v.newest DESC NULLS LAST, v.id DESC LIMIT %s
    """
    found: list[UUID] = []
    month, months, fetched = newest.year * 12 + newest.month - 1, 0, 0
    for size in MONTHS if seen else MONTHS_UNSEEN:
        marks = [folding.month_mark(month - n) for n in range(size)]
        rows = _rows(sql, [rarity.looked_up(*terms, marks=marks), *texts, *visible.parameters, most])
        found += [row[0] for row in rows if row[0]]
        fetched += rows[0][1] if rows else 0
        if len(found) >= most or fetched > FETCHED_BY_MONTH or not (seen or fetched):
            break
        months += size
        if months > 2 and (
            fetched * most > LIKELY_BY_MONTH * len(found) or len(found) * sum(MONTHS) < months * most * FILLED_BY_MONTH
        ):
            break
        month -= size
    return found[:most]


@dataclass(frozen=True)
class LookedAt:
    """How many records were looked at, and the date of the newest."""

    count: int
    newest: date | None


def _look(visible: Visible, terms: Sequence[Term], most: int) -> tuple[LookedAt, list[UUID], list[UUID]]:
    """Look at the newest visible records: how many there were, those described so, those with it on a page."""
    first, *others = terms
    sql = f"""
        SELECT v.id, v.newest, v.first = 0 AND {_described(others)} AS described,
            v.first IS NOT NULL AND {_anywhere(others)} AS anywhere
        FROM (SELECT v.id, v.newest, {_FIRST_PAGE} AS first
              FROM (SELECT v.* FROM ({visible.sql}) v {_NEWEST} LIMIT %s) v OFFSET 0) v {_NEWEST}
    """
    texts = [term.text for term in others]
    rows = _rows(sql, [*texts, *texts, first.text, *visible.parameters, most])
    described = [record_id for record_id, _newest, is_described, _anywhere in rows if is_described]
    anywhere = [record_id for record_id, _newest, is_described, is_anywhere in rows if is_anywhere and not is_described]
    return LookedAt(len(rows), rows[0][1] if rows else None), described, anywhere


def _walk(visible: Visible, terms: Sequence[Term], most: int, *, described: bool = False) -> list[UUID]:
    """Walk the newest visible records until `most` have every term."""
    sql = f"""
        SELECT v.id FROM (SELECT v.* FROM ({visible.sql}) v {_NEWEST} LIMIT %s) v
        WHERE {_described(terms) if described else _anywhere(terms)} {_NEWEST} LIMIT %s
    """
    # Further than it should need: the first records are not like all others.
    limit = 2 * WALKED_AT_MOST if described else max(2 * WALKED_AT_MOST, WALKED_AT_ALL)
    texts = [term.text for term in terms]
    return [row[0] for row in _rows(sql, [*visible.parameters, limit, *texts, most])]


# The first page with a term, the description being page 0: one search of the index a record, and no further than the hit.
_FIRST_PAGE = """(SELECT p.page FROM discovery_pagetext p
    WHERE p.record_id = v.id AND strpos(p.text, %s) > 0 ORDER BY p.page LIMIT 1)"""


def _described(terms: Sequence[Term]) -> str:
    """SQL: the description has every term. A scalar subquery, which the planner cannot turn into a join of all."""
    if not terms:
        return "true"
    return f"""coalesce((SELECT {_all_in("p.text", terms)} FROM discovery_pagetext p
        WHERE p.record_id = v.id AND p.page = 0 LIMIT 1), false)"""


def _anywhere(terms: Sequence[Term]) -> str:
    """SQL: every term is in the description or on some page, not necessarily all on one."""
    each = [
        """coalesce((SELECT true FROM discovery_pagetext o
        WHERE o.record_id = v.id AND strpos(o.text, %s) > 0 LIMIT 1), false)"""
        for _ in terms
    ]
    return " AND ".join(each or ["true"])


def _all_in(column: str, terms: Sequence[Term]) -> str:
    return " AND ".join([f"strpos({column}, %s) > 0" for _ in terms] or ["true"])


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _rows(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
