"""The checklist of one unit work: what is owed, five keepers apart, and how each row stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from zhudang.filing.domain.keeping import own_mark
from zhudang.filing.models import Obligation, Record, ScopeItem, ScopeList, Suggestion
from zhudang.filing.queries.standing import STANDING, PartProgress, UnitProgress, parameters
from zhudang.filing.queries.visibility import visible
from zhudang.identity import rights
from zhudang.identity.domain.roles import FILERS
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry

STATES = ("", "now", "passed", "soon", "pencil", "draft", "back", "filed", "na", "later")


@dataclass(frozen=True)
class Guessed:
    """A suggestion under its row."""

    id: UUID
    file_id: UUID
    file_name: str
    confidence: int
    reasons: tuple[tuple[str, Mapping[str, Any]], ...]


@dataclass(frozen=True)
class Answer:
    """A record under its row."""

    id: UUID
    title: str
    state: str
    returned_reason: str
    returned_at: datetime | None


@dataclass(frozen=True)
class ChecklistRow:
    """One document kind: its marks for five keepers, its dates, its state and what answers it."""

    id: UUID
    code: str
    code_is_ours: bool
    parent_code: str
    part: str
    title: str
    party_role: str
    organisation: str
    own: str
    to_client: str
    to_archive: str
    owed: str
    milestone: str
    milestone_on: date | None
    suggested_on: date | None
    standing: str
    filed: int
    back: int
    drafts: int
    not_applicable_reason: str
    na_by: str
    na_at: datetime | None
    source: str
    doubt: str
    guesses: tuple[Guessed, ...] = ()
    answers: tuple[Answer, ...] = ()

    @property
    def printed_code(self) -> str:
        """The code for the screen: a number that is ours is cut back to its group."""
        return self.code.rsplit("-u", 1)[0] if self.code_is_ours else self.code

    @property
    def counts_now(self) -> bool:
        """Whether it belongs to 现欠: ▲, not filed, its milestone reached."""
        if self.owed != "must":
            return False
        reached = self.milestone_on is not None
        return self.standing in {"back", "passed", "soon", "due"} or (self.standing in {"pencil", "draft"} and reached)


@dataclass(frozen=True)
class Group:
    """A heading of the list with the rows shown under it."""

    code: str
    title: str
    depth: int
    owed: int
    filed: int
    rows: tuple[ChecklistRow, ...]


@dataclass(frozen=True)
class Checklist:
    """The whole page."""

    unit_work_id: UUID
    unit_work_name: str
    project_id: UUID
    project_name: str
    project_code: str
    kind: str
    progress: UnitProgress | None
    groups: tuple[Group, ...]
    counts: Mapping[str, int]
    roles: tuple[str, ...]
    list_title: str
    list_id: UUID | None
    list_doubt: str
    may_act: bool
    shown: int


def checklist(
    actor: Actor, unit_work_id: UUID, *, today: date, state: str = "", role: str = "", q: str = "", keeper: str = ""
) -> Checklist:
    """The checklist of a unit work as the person may see it.

    Args:
        state: one of STATES. `role`: only what this party makes. `q`: code or words of the title.
        keeper: own, client or archive: only rows with a mark there.

    Raises:
        NotFound, Forbidden.
    """
    unit = registry.unit_work_facts(unit_work_id)
    facts = registry.project_facts(unit.project_id)
    rights.demand(actor, "filing.checklist.read", facts)
    every = _rows(actor, unit.project_id, unit_work_id, today)
    narrowed = [r for r in every if _fits(r, role, q, keeper)]
    shown = [r for r in narrowed if _in_state(r, state)]
    shown = _with_answers(actor, unit_work_id, shown)
    counts = Counter(r.standing for r in narrowed)
    counts.update({"": len(narrowed), "now": sum(1 for r in narrowed if r.counts_now)})
    used = ScopeList.objects.filter(adoptions__kind=unit.kind).first()
    return Checklist(
        unit_work_id=unit_work_id, unit_work_name=unit.name, project_id=unit.project_id, project_name=unit.project_name,
        project_code=unit.project_code, kind=unit.kind,
        progress=_progress(unit_work_id, every, today),
        groups=tuple(_groups(shown, narrowed, _titles(used, unit.kind))), counts=counts,
        roles=tuple(dict.fromkeys(r.party_role for r in every)), list_title=used.title if used else "",
        list_id=used.id if used else None, list_doubt=used.doubt if used else "",
        may_act=rights.may(actor, "filing.file.assign", facts), shown=len(shown),
    )  # fmt: skip


def _progress(unit_work_id: UUID, rows: list[ChecklistRow], today: date) -> UnitProgress:
    """The unit work's progress, from the rows the page has anyway."""
    must = [r for r in rows if r.owed == "must"]
    parts = []
    for part in sorted({r.part for r in rows}):
        mine = [r for r in must if r.part == part and r.standing != "na"]
        filed = sum(1 for r in mine if r.standing == "filed")
        parts.append(PartProgress(part, len(mine), filed, sum(1 for r in mine if r.standing == "passed")))
    due = [r for r in must if r.counts_now and r.milestone_on and r.milestone_on <= today]
    nearest = min((r.suggested_on for r in due if r.suggested_on), default=None)
    first = [r for r in due if nearest and r.suggested_on == nearest]
    return UnitProgress(
        unit_work_id=unit_work_id, parts=tuple(parts), owed=sum(p.owed for p in parts), filed=sum(p.filed for p in parts),
        now=len(due), passed=sum(p.passed for p in parts), soon=sum(1 for r in due if r.standing == "soon"),
        back=sum(1 for r in rows if r.standing == "back"), not_applicable=sum(1 for r in rows if r.standing == "na"),
        later=sum(1 for r in must if r.standing == "later"), suggestions=0, next_on=nearest,
        next_title=first[0].title if first else "", next_count=len(first),
    )  # fmt: skip


def _fits(row: ChecklistRow, role: str, q: str, keeper: str) -> bool:
    if role and row.party_role != role:
        return False
    if keeper and {"own": row.own, "client": row.to_client, "archive": row.to_archive}.get(keeper) not in {
        "must",
        "optional",
    }:
        return False
    words = q.lower().split()
    return all(w in row.title.lower() or row.code.lower().startswith(w) for w in words)


def _in_state(row: ChecklistRow, state: str) -> bool:
    if state == "":
        return True
    return row.counts_now if state == "now" else row.standing == state


_SQL = (
    STANDING
    + """
SELECT s.id, i.code, i.code_is_ours, i.parent_code, s.part, i.title, s.party_role, coalesce(g.short_name, '') AS short_name,
       coalesce(g.name, '') AS organisation, s.builder, s.designer, s.contractor, s.supervisor, s.archive, s.owed, i.milestone,
       s.milestone_on, s.suggested_on, s.standing, s.filed, s.back, s.drafts, s.not_applicable_reason, s.na_by, s.na_at,
       i.source, i.doubt
  FROM standing s JOIN filing_scopeitem i ON i.id = s.scope_item_id
  LEFT JOIN identity_organisation g ON g.id = s.organisation_id
 WHERE s.unit_work_id = %(unit)s
 ORDER BY s.position
"""
)


def _rows(actor: Actor, project_id: UUID, unit_work_id: UUID, today: date) -> list[ChecklistRow]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {**parameters(actor, [project_id], today), "unit": unit_work_id})
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    rows = []
    for r in found:
        marks = {k: r.pop(k) for k in ("builder", "designer", "contractor", "supervisor", "archive")}
        short = r.pop("short_name")
        r["organisation"] = short or r["organisation"]
        rows.append(
            ChecklistRow(
                **r,
                own=own_mark(marks, r["party_role"]),
                to_archive=marks["archive"],
                to_client="" if r["party_role"] == "client" else marks["builder"],
            )
        )
    return rows


def _with_answers(actor: Actor, unit_work_id: UUID, rows: list[ChecklistRow]) -> list[ChecklistRow]:
    """Put open suggestions and answering records under the rows shown."""
    guesses: dict[UUID, list[Guessed]] = {}
    open_rows = Suggestion.objects.filter(state="open", obligation__unit_work_id=unit_work_id)
    if not actor.is_system:
        open_rows = open_rows.filter(organisation_id__in=actor.organisations_as(*FILERS))
    for i, owed, file_id, name, sure, why in open_rows.order_by("-confidence", "id").values_list(
        "id", "obligation_id", "file_id", "file__name", "confidence", "reasons"
    ):
        guesses.setdefault(owed, []).append(Guessed(i, file_id, name, sure, tuple((c, d) for c, d in why)))
    answers: dict[UUID, list[Answer]] = {}
    for i, owed, title, state, why, when in (
        Record.objects.live()
        .filter(visible(actor), unit_work_id=unit_work_id, obligation__isnull=False)
        .order_by("order_key", "id")
        .values_list("id", "obligation_id", "title", "state", "returned_reason", "returned_at")
    ):
        answers.setdefault(owed, []).append(Answer(i, title, state, why, when))
    return [
        replace(r, guesses=tuple(guesses.get(r.id, ())[:3]), answers=tuple(answers.get(r.id, ())))
        if r.id in guesses or r.id in answers
        else r
        for r in rows
    ]


def _groups(shown: list[ChecklistRow], every: list[ChecklistRow], titles: Mapping[str, tuple[str, str]]) -> list[Group]:
    """Headings in list order, each with the rows directly under it; empty headings are left out."""
    paths = {code: _path(code, titles) for code in {r.parent_code for r in every}}
    owed: Counter[str] = Counter()
    filed: Counter[str] = Counter()
    for row in every:
        if row.owed == "must" and row.standing != "na":
            owed.update(paths[row.parent_code])
            if row.standing == "filed":
                filed.update(paths[row.parent_code])
    by_parent: dict[str, list[ChecklistRow]] = {}
    for row in shown:
        by_parent.setdefault(row.parent_code, []).append(row)
    groups: dict[str, Group] = {}
    for parent in by_parent:
        for depth, code in enumerate(paths[parent]):
            if code not in groups:
                title = titles.get(code, ("", code))[1]
                groups[code] = Group(code, title, depth, owed[code], filed[code], tuple(by_parent.get(code, ())))
    return list(groups.values())


def _titles(used: ScopeList | None, kind: str) -> dict[str, tuple[str, str]]:
    """Heading code -> (parent code, title)."""
    if used is None:
        return {}
    types = [name for name, kinds in used.kinds.items() if kind in kinds]
    headings = ScopeItem.objects.filter(scope_list=used, project_type__in=types, is_heading=True)
    rows = headings.values_list("code", "parent_code", "title")
    return {code: (parent, title) for code, parent, title in rows}


def _path(code: str, titles: Mapping[str, tuple[str, str]]) -> list[str]:
    """The headings from the outermost down to `code`."""
    path: list[str] = []
    while code and code not in path:
        path.append(code)
        code = titles.get(code, ("", ""))[0]
    return path[::-1]


def obligation_options(
    actor: Actor, project_id: UUID, *, q: str, unit_work_id: UUID | None, limit: int = 30
) -> list[tuple[UUID, str, str, str]]:
    """Document kinds by code or words of the title, for assigning by hand: (id, code, title, unit work)."""
    facts = registry.project_facts(project_id)
    rights.demand(actor, "filing.file.assign", facts)
    rows = Obligation.objects.filter(project_id=project_id, retired_at__isnull=True, na_at__isnull=True)
    if facts.client_id not in actor.organisations_as(*FILERS):
        mine = actor.organisations_as(*FILERS)
        roles = {p.role for p in registry.parties_of(project_id, former=False) if p.organisation_id in mine}
        rows = rows.filter(party_role__in=roles)
    if unit_work_id:
        rows = rows.filter(unit_work_id=unit_work_id)
    for word in q.split():
        rows = rows.filter(Q(scope_item__title__icontains=word) | Q(scope_item__code__istartswith=word))
    return list(
        rows.order_by("unit_work__code", "position").values_list(
            "id", "scope_item__code", "scope_item__title", "unit_work__name"
        )[:limit]
    )
