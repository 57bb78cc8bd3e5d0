"""What the log says an object's state is: it settles which copy is right when copies, or the catalogue and a copy, disagree.

Whoever writes into tables and into a store alike can make a copy and the row that describes it fit each other. The act that
kept the version told its digest in the log, which nobody can change unseen. So a row that says otherwise is put back,
and copies are held against the log. A rebuilding tells what it found; an object the log does not know at all is as its row says.

A volume that is being destroyed, or was, is compared by `disposal.checking`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import CharField, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Concat

from zhudang.audit import operations as audit
from zhudang.audit import queries as acts
from zhudang.events import operations as events
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.preservation.domain.names import ObjectName, object_name
from zhudang.preservation.models import ArchivalObject

log = structlog.get_logger("zhudang.preservation")
KEPT = (
    "preservation.volume.kept",
    "preservation.project.kept",
    "preservation.archive.kept",
    "preservation.object.rebuilt",
)
REBUILT = "preservation.catalogue.rebuilt"
SETTLED = "preservation.object.settled"
_SUBJECT = "preservation.archivalobject:"
_VERSION = Cast(KeyTextTransform("version", "data"), IntegerField())
_DIGEST = KeyTextTransform("inventory_sha512", "data")


def name_of(object_id: UUID) -> ObjectName | None:
    """What an object was called by the act that kept it, or found it; its row may be gone."""
    told = acts.facts_about(f"{_SUBJECT}{object_id}", KEPT).values_list("data", flat=True).first()
    return object_name(str(told["object"])) if told else None


def begins_anew() -> bool:
    """Whether the log began with a rebuilding, and tells nothing of what was gone before."""
    return acts.entries(act=REBUILT).exists()


def log_number_at(object_id: UUID, version: int) -> int:
    """How far the log went when a version of registers was read; 0 where the act that kept it does not tell."""
    told = acts.facts_about(f"{_SUBJECT}{object_id}", KEPT).annotate(version=_VERSION).filter(version=version)
    return max((int(data.get("log_number", 0)) for data in told.values_list("data", flat=True)), default=0)


@dataclass(frozen=True)
class Disagreement:
    """A row that tells another state than the log.

    Args:
        said, found: version and SHA-512 of its inventory, by the log and by the row.
    """

    object_id: UUID
    ocfl_id: str
    title: str
    said: tuple[int, str]
    found: tuple[int, str]


States = Mapping[int, str]
"""Version -> SHA-512 of its inventory."""


def states_of(object_ids: Collection[UUID]) -> dict[UUID, States]:
    """Of each of some objects the versions that the log tells of; where it tells twice, the later. One statement."""
    states: dict[UUID, dict[int, str]] = {object_id: {} for object_id in object_ids}
    told = acts.facts_about_each([f"{_SUBJECT}{object_id}" for object_id in states], KEPT).order_by("at", "id")
    told = told.annotate(version=_VERSION, digest=_DIGEST)
    for subject, version, digest in told.values_list("subject", "version", "digest"):
        states[UUID(subject.removeprefix(_SUBJECT))][version] = digest
    return dict(states)


@dataclass(frozen=True)
class Said:
    """What the log says of some objects, asked once for all of them.

    Args:
        disagreeing: those whose rows told another state.
    """

    states: Mapping[UUID, States]
    disagreeing: frozenset[UUID]


def said_of(object_ids: Collection[UUID]) -> Said:
    """Ask the log about some objects, in two statements."""
    return Said(states_of(object_ids), frozenset(each.object_id for each in disagreements(object_ids)))


def disagreements(object_ids: Collection[UUID] | None = None) -> Iterator[Disagreement]:
    """Rows that tell another state of their object than the log, all of them or some; one statement, flat memory."""
    newest = _of_row().annotate(told=_VERSION, digest=_DIGEST).order_by("-told", "-at", "-id")
    rows = (
        ArchivalObject.objects.filter(condemned_at=None, **({} if object_ids is None else {"pk__in": list(object_ids)}))
        .annotate(
            logged_version=Subquery(newest.values("told")[:1]), logged_digest=Subquery(newest.values("digest")[:1])
        )
        .exclude(logged_digest=None)
        .filter(~Q(logged_digest=F("inventory_sha512")) | ~Q(logged_version=F("version")))
        .order_by("pk")
    )
    for row in rows.iterator(chunk_size=500):
        said = (row.logged_version, row.logged_digest)
        yield Disagreement(row.pk, row.ocfl_id, row.title, said, (row.version, row.inventory_sha512))


def _of_row() -> QuerySet[Any]:
    """What the log tells of the object whose row stands around this query."""
    return acts.facts_about(Concat(Value(_SUBJECT), Cast(OuterRef("pk"), CharField())), KEPT)


def unknown_to_it() -> QuerySet[ArchivalObject]:
    """Rows of objects, none destroyed, of which the log tells nothing, neither that they were kept nor that they were found."""
    return ArchivalObject.objects.filter(~Exists(_of_row()), destroyed_at=None)


def settle(object_id: UUID, *, now: datetime) -> Disagreement | None:
    """Put a row back to what the log says, note it there and tell people; None where both agree."""
    return _settled(object_id, now) if next(disagreements([object_id]), None) else None


@transaction.atomic
def _settled(object_id: UUID, now: datetime) -> Disagreement | None:
    # Whoever keeps a version holds this lock until its row and its entry are both there.
    row = ArchivalObject.objects.select_for_update(no_key=True).get(pk=object_id)
    found = next(disagreements([object_id]), None)
    if found is None:
        return None
    row.version, row.inventory_sha512 = found.said
    row.save(update_fields=["version", "inventory_sha512"])
    log.error("a row told another state of its object than the log", object=row.ocfl_id)
    audit.record(
        actor="system", act=SETTLED, subject=row, at=now,
        data={
            "object": row.ocfl_id, "version": found.said[0], "inventory_sha512": found.said[1],
            "row_version": found.found[0], "row_inventory_sha512": found.found[1],
        },
    )  # fmt: skip
    for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
        events.tell(
            kind=SETTLED, at=now, organisation_id=organisation_id, roles=[Role.ARCHIVIST, Role.AUDIT_ADMIN],
            data={"title": row.title}, link=f"/preservation/{row.pk}/",
        )  # fmt: skip
    return found
