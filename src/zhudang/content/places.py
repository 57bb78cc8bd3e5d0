"""Where a file may be put. The registry knows projects; it registers its answer here.

Content lies below the registry and must not import it, so the upper context hands its resolver down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from zhudang.identity.rights import Actor


@dataclass(frozen=True)
class Place:
    """A project as far as bytes are concerned: who may put files there, and how secret they are.

    Attributes:
        party_ids: organisations with a running role in the project, the client among them or not.
        level: the project's secrecy level; its files are at least as secret.
        closed: cancelled, suspended or wholly transferred: takes no more files.
        unit_work_id: set when a unit work was asked for and belongs to the project.
    """

    project_id: UUID
    client_id: UUID | None
    party_ids: frozenset[UUID]
    level: int = 0
    closed: bool = False
    unit_work_id: UUID | None = None

    def filer_of(self, organisation_ids: Iterable[UUID]) -> UUID | None:
        """Tell as which organisation somebody of these organisations files here; None: no party to it."""
        here = self.party_ids | ({self.client_id} if self.client_id else frozenset())
        return next((each for each in organisation_ids if each in here), None)


Resolver = Callable[[UUID, UUID | None], Place | None]
"""(project, unit work or None) -> the place; None when there is none, or the unit work is not in the project."""

ReadableElsewhere = Callable[["Actor", frozenset[UUID]], set[UUID]]
"""(actor, file ids) -> those among them the actor may read for a reason an upper context knows."""

_resolvers: list[Resolver] = []
_readers: list[ReadableElsewhere] = []


def register(resolver: Resolver) -> None:
    """Make the registry's answer known; a second registration replaces the first."""
    _resolvers[:] = [resolver]


def resolve(project_id: UUID, unit_work_id: UUID | None = None) -> Place | None:
    """Find the place for a project's files."""
    return _resolvers[0](project_id, unit_work_id) if _resolvers else None


def also_readable(reader: ReadableElsewhere) -> None:
    """Let an upper context open more files: an opened record to the public, a case to its reviewers."""
    if reader not in _readers:
        _readers.append(reader)


def readable_elsewhere(actor: Actor, file_ids: frozenset[UUID]) -> set[UUID]:
    """Ask every registered reader; the union of what they open."""
    opened: set[UUID] = set()
    for reader in _readers:
        opened |= reader(actor, file_ids - opened)
    return opened
