"""Scope lists into the database, and which list an installation uses for which works."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.filing import data_files
from zhudang.filing.data_files import FilingData, ListFile
from zhudang.filing.domain.scope import DueRule, ScopeRow, due_of
from zhudang.filing.models import Obligation, ScopeAdoption, ScopeItem, ScopeList
from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.shared.refusals import NotFound, Reason, Refusal


class CannotAdopt(Refusal):
    """This list cannot be used for these works."""


@transaction.atomic
def load_scope_lists(*, now: datetime | None = None, data: FilingData | None = None) -> int:
    """Bring the installation's scope lists into the database; tell how many lists changed.

    A list already loaded with the same bytes stays as it is, so this may run at every start. Kinds of works
    without an adopted list get the default one.

    Raises:
        BadData: with every fault of the data folder.
    """
    at = now or timezone.now()
    source = data or data_files.load()
    changed = sum(_load(one, source, at) for one in source.lists)
    for one in source.lists:
        for kind in one.default_for:
            row = ScopeList.objects.get(code=one.code, edition=one.edition)
            ScopeAdoption.objects.get_or_create(
                kind=kind, defaults={"scope_list": row, "adopted_at": at, "adopted_by": "default"}
            )
    return changed


def _load(one: ListFile, data: FilingData, at: datetime) -> bool:
    row, _new = ScopeList.objects.select_for_update(no_key=True).get_or_create(
        code=one.code,
        edition=one.edition,
        defaults={
            "title": one.title, "place": one.place, "source": one.source, "doubt": one.doubt,
            "kinds": dict(one.kinds), "adoptable": one.adoptable, "data_sha256": "", "loaded_at": at,
        },
    )  # fmt: skip
    due = [rule for rule in data.due if rule.list_code == one.code]
    digest = _digest(one, data)
    if row.data_sha256 == digest:
        return False
    items = [_item(row, r, one.kinds[r.project_type][0], due) for r in one.rows]
    ScopeItem.objects.bulk_create(
        items,
        update_conflicts=True,
        unique_fields=["scope_list", "project_type", "code"],
        update_fields=[
            f.name for f in ScopeItem._meta.fields if f.name not in {"id", "scope_list", "project_type", "code"}
        ],
    )
    kept = {(r.project_type, r.code) for r in one.rows}
    gone = [i for i in row.items.all() if (i.project_type, i.code) not in kept]
    used = set(Obligation.objects.filter(scope_item__in=gone).values_list("scope_item_id", flat=True))
    ScopeItem.objects.filter(id__in=[i.id for i in gone if i.id not in used]).delete()
    audit.record(
        actor="system", act="filing.scope.loaded", subject=f"filing.scopelist:{row.id}", at=at,
        data={"code": one.code, "edition": one.edition, "rows": len(items), "before": row.data_sha256,
              "after": digest, "left_over": [i.code for i in gone if i.id in used]},
    )  # fmt: skip
    ScopeList.objects.filter(id=row.id).update(
        title=one.title, place=one.place, source=one.source, doubt=one.doubt, kinds=dict(one.kinds),
        adoptable=one.adoptable, data_sha256=digest, loaded_at=at,
    )  # fmt: skip
    return True


def _digest(one: ListFile, data: FilingData) -> str:
    """What the rows depend on: the list's own bytes and the rules for maker and moment."""
    rules = repr([r for r in data.due if r.list_code == one.code]) + repr(
        [(p.part, p.title.pattern, p.provider) for p in data.providers]
    )
    return hashlib.sha256((one.sha256 + rules).encode()).hexdigest()


def _item(row: ScopeList, r: ScopeRow, kind: str, due: list[DueRule]) -> ScopeItem:
    rule = None if r.is_heading else due_of(kind, r.code, due)
    return ScopeItem(
        scope_list=row, project_type=r.project_type, code=r.code, parent_code=r.parent_code, part=r.part,
        title=r.title, title_en=r.title_en, is_heading=r.is_heading, code_is_ours=r.code_is_ours,
        builder=r.marks["builder"], designer=r.marks["designer"], contractor=r.marks["contractor"],
        supervisor=r.marks["supervisor"], archive=r.marks["archive"], provider=r.provider,
        milestone=rule.milestone if rule else "", days_after=rule.days_after if rule else 0,
        carrier=r.carrier, source=r.source, doubt=r.doubt, form_code=r.form_code,
        related_standard=r.related_standard, position=r.position,
    )  # fmt: skip


@transaction.atomic
def adopt_scope_list(*, actor: Actor, kind: str, scope_list_id: UUID, now: datetime) -> None:
    """Use a list for one kind of works from now on; obligations are planned anew by a job.

    Raises:
        NotFound: no such list.
        CannotAdopt: the list does not cover these works, or is kept for reference only.
    """
    from zhudang.filing import jobs

    rights.demand(actor, "filing.scope.adopt")
    wanted = ScopeList.objects.filter(id=scope_list_id).first()
    if wanted is None:
        raise NotFound
    reasons = []
    if not any(kind in kinds for kinds in wanted.kinds.values()):
        reasons.append(Reason("filing.list_not_for_kind", {"kind": kind, "title": wanted.title}))
    if not wanted.adoptable:
        reasons.append(Reason("filing.list_for_reference_only", {"title": wanted.title}))
    if reasons:
        raise CannotAdopt(*reasons)
    adoption = ScopeAdoption.objects.select_for_update(no_key=True).filter(kind=kind).first()
    before = adoption.scope_list_id if adoption else None
    ScopeAdoption.objects.update_or_create(
        kind=kind, defaults={"scope_list": wanted, "adopted_at": now, "adopted_by": actor.username}
    )
    audit.record(
        actor=actor, act="filing.scope.adopted", subject=f"filing.scopelist:{wanted.id}", at=now,
        data={"kind": kind, "before": before, "title": wanted.title},
    )  # fmt: skip
    jobs.plan_kind.defer(kind=kind)
