"""Whether the rows still know every object and copy that the log says was kept: a superuser's hand in the tables, or in tables and stores alike.

A reading asks the rows what there is to be read, so whoever takes an object out of rows and stores deceives all of them. Versions and
digests are compared by `logged`, destroyed objects by `disposal.checking`; that the log itself is as written is what
`zhudang audit verify` finds out.

Findings: HLD-001 kept by the log, and no row knows it; HLD-002 the log knows nothing of it, and no rebuilding brought it
back; HLD-003 a site that got a copy has none by the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from zhudang.audit import queries as audit
from zhudang.preservation import logged
from zhudang.preservation.domain.names import object_name
from zhudang.preservation.models import ArchivalObject, Copy

_REBUILT, _FOUND = "preservation.catalogue.rebuilt", "preservation.object.rebuilt"
_KEPT = {"prefix": "preservation.", "suffix": ".kept"}
_BATCH = 1000


@dataclass(frozen=True)
class Finding:
    """One object that is not as the log says.

    Args:
        told: version, site or state that differs.
    """

    code: str
    object: str
    title: str
    told: str


def check() -> Iterator[Finding]:
    """Compare every object's row, and the sites its copies stand at, with the newest act of the log that kept it; flat memory."""
    destroyed = {_key(subject) for subject in audit.subjects("preservation.volume.destroyed")}
    kept = audit.newest_by_version(**_KEPT)
    while batch := dict(islice(kept, _BATCH)):
        living = {subject: said for subject, said in batch.items() if _thing(said) not in destroyed}
        if any(_compare(living)):
            # A version may have been kept after the log was read and before the rows were: both once more.
            yield from _compare(dict(audit.newest_by_version(**_KEPT, about=list(living))))
    # A rebuilding by an earlier version told nothing of single objects.
    if audit.entries(act=_FOUND).exists() or not audit.entries(act=_REBUILT).exists():
        for row in logged.unknown_to_it().exclude(pk__in=destroyed).order_by("pk").iterator(chunk_size=_BATCH):
            yield Finding("HLD-002", row.ocfl_id, row.title, f"v{row.version}")


def _key(subject: str) -> UUID:
    return UUID(subject.rsplit(":", 1)[1])


def _thing(said: Mapping[str, Any]) -> UUID | None:
    """The volume or project an object is of: a destruction names the first object alone."""
    name = object_name(str(said["object"]))
    return name.thing if name else None


def _compare(told: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    kept = {_key(subject): said for subject, said in told.items()}
    rows = ArchivalObject.objects.in_bulk(list(kept))
    sites: dict[UUID, set[str]] = {}
    for pk, site in Copy.objects.filter(object__in=kept).values_list("object_id", "site__code"):
        sites.setdefault(pk, set()).add(site)
    for pk, said in kept.items():
        row = rows.get(pk)
        if row is None:
            yield Finding("HLD-001", said["object"], said["accession_no"], f"v{said['version']}")
        elif row.destroyed_at is None:
            for site in sorted(set(said["sites"]) - sites.get(pk, set())):
                yield Finding("HLD-003", row.ocfl_id, row.title, site)
