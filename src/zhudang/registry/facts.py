"""What the rules need to know of the registry's rows, and who may know of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from zhudang.identity import rights
from zhudang.identity.rights import Actor, Reach, ThingFacts
from zhudang.registry.domain.projects import differences
from zhudang.registry.models import Area, Party, Project, Structure, UnitWork
from zhudang.shared.refusals import Conflict, NotFound, Reason


def project_filter(actor: Actor, prefix: str = "") -> Q:
    """Give the condition that leaves the projects `actor` may know of.

    Args:
        prefix: path from the queried model to the project, with its trailing double underscore.
    """
    scope = rights.project_scope(actor)
    if scope.reach is Reach.NOTHING:
        return Q(pk__in=[])
    is_open = Q(**{f"{prefix}is_open": True, f"{prefix}level": 0})
    if scope.reach is Reach.OPEN:
        return is_open
    within = Q(**{f"{prefix}level__lte": scope.level})
    if scope.reach is Reach.ALL:
        return within | is_open
    joined = Party.objects.filter(organisation_id__in=scope.organisation_ids).values("project_id")
    theirs = Q(**{f"{prefix}client_id__in": scope.organisation_ids}) | Q(**{f"{prefix}id__in": joined})
    return (within & theirs) | is_open


def structure_filter(actor: Actor) -> Q:
    """Give the condition that leaves the structures `actor` may know of.

    A structure is known to all authorities, to the parties of any project done to it, and to
    everyone when it was reviewed as open.
    """
    scope = rights.project_scope(actor)
    if scope.reach is Reach.NOTHING:
        return Q(pk__in=[])
    is_open = Q(is_open=True, level=0)
    if scope.reach is Reach.OPEN:
        return is_open
    within = Q(level__lte=scope.level)
    if scope.reach is Reach.ALL:
        return within | is_open
    known = UnitWork.objects.filter(project_filter(actor, "phase__project__"), structure__isnull=False)
    return (within & Q(id__in=known.values("structure_id"))) | is_open


def facts_of(project: Project) -> ThingFacts:
    """Gather what rights need of a project: one query for its parties, former ones included."""
    parties = frozenset(Party.objects.filter(project_id=project.pk).values_list("organisation_id", flat=True))
    return ThingFacts(
        client_id=project.client_id,
        party_ids=parties,
        level=project.level,
        is_open=project.is_open,
    )


def demand_project(actor: Actor, act: str, project: Project | None) -> ThingFacts:
    """Let an act on a project pass, or refuse it.

    Raises:
        NotFound: no such project, or none this actor may know of.
        Forbidden: known, but not this actor's to do.
    """
    if project is None:
        raise NotFound
    facts = facts_of(project)
    rights.demand(actor, act, facts)
    return facts


def lock_project(actor: Actor, act: str, project_id: UUID) -> Project:
    """Lock a project for an act of `actor`; two people at once wait here for each other."""
    project = Project.objects.select_for_update(no_key=True).filter(pk=project_id).first()
    demand_project(actor, act, project)
    assert project is not None
    return project


def known_areas(day: date) -> frozenset[str]:
    """Give the division codes of the installation's table valid on `day`."""
    rows: QuerySet[Area] = Area.objects.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=day), Q(valid_to__isnull=True) | Q(valid_to__gte=day)
    )
    return frozenset(rows.values_list("code", flat=True))


def today_of(now: datetime) -> date:
    """Give the day of `now` where the archive stands."""
    return timezone.localtime(now).date()


def demand_revision(row: Any, revision: int | None, wanted: Mapping[str, Any]) -> None:
    """Refuse to overwrite what another person changed since `revision` was read.

    Args:
        row: locked; has `revision`, `changed_by`, `changed_at`.
        revision: what the form was filled from; None for callers that do not edit what they read.

    Raises:
        Conflict: with who, when, and the differing values side by side.
    """
    if revision is None or revision == row.revision:
        return
    stored = {field: getattr(row, field) for field in wanted}
    raise Conflict(
        Reason(
            "registry.changed_meanwhile",
            {
                "who": row.changed_by,
                "when": row.changed_at,
                "revision": row.revision,
                "differences": differences(stored, wanted),
            },
        )
    )


def touch(row: Project | UnitWork | Structure | Any, actor: Actor, now: datetime, fields: Collection[str]) -> None:
    """Save `fields` of a locked row with the next revision and the name of who did it."""
    row.revision += 1
    row.changed_at, row.changed_by = now, actor.name or actor.username
    row.save(update_fields=[*fields, "revision", "changed_at", "changed_by"])
