"""Which records exist for a person: the rights of `identity.rights` as a filter on rows."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from zhudang.filing.models import Record, RecordQuerySet
from zhudang.identity.domain.roles import FILERS
from zhudang.identity.rights import Actor, Reach, Stage, ThingFacts, may_know_of, project_scope
from zhudang.registry import queries as registry
from zhudang.shared.refusals import NotFound

STAGES = {0: Stage.HOLDER, 1: Stage.WITH_CLIENT, 2: Stage.WITH_ARCHIVE}


def visible(actor: Actor) -> Q:
    """The rows of Record that exist for `actor`: asked before anything is counted or listed."""
    scope = project_scope(actor)
    if actor.is_system:
        return Q(level__lte=scope.level)
    if scope.reach is Reach.ALL:
        mine = actor.organisations_as(*FILERS)
        seen = Q(reached=2)
    elif scope.reach is Reach.ORGANISATIONS:
        mine = scope.organisation_ids
        seen = Q(pk__in=[])
    else:
        return Q(pk__in=[])
    if mine:
        seen |= Q(organisation_id__in=mine) | Q(project__client_id__in=mine, reached__gte=1)
    return seen & Q(level__lte=scope.level)


def visible_to(actor: Actor) -> RecordQuerySet:
    """The live records that exist for `actor`."""
    return Record.objects.live().filter(visible(actor))


def facts_of(record: Record) -> ThingFacts:
    """What rights need to know of one record."""
    project = registry.project_facts(record.project_id)
    return ThingFacts(
        client_id=project.client_id,
        party_ids=project.party_ids,
        holder_id=record.organisation_id,
        level=max(record.level, project.level),
        stage=STAGES[record.reached],
        is_open=False,
    )


def record_facts(record_id: UUID) -> ThingFacts:
    """What rights need to know of one record, by id.

    Raises:
        NotFound: no such record.
    """
    record = Record.objects.filter(id=record_id).first()
    if record is None:
        raise NotFound
    return facts_of(record)


def known_record(actor: Actor, record_id: UUID) -> Record:
    """The live record, if it exists for `actor`.

    Raises:
        NotFound: absent, withdrawn, another's or above the person's level; never told apart.
    """
    record = Record.objects.live().filter(id=record_id).first()
    if record is None or not may_know_of(actor, facts_of(record)):
        raise NotFound
    return record
