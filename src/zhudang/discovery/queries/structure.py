"""The page of one structure: its whole life, project by project, and what the archive holds of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from zhudang.filing import queries as filing
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry
from zhudang.registry.queries.structures import LifeEntry, StructureFacts


@dataclass(frozen=True)
class LifePiece:
    """One project in the structure's life with what is filed of it: counts by part A–E, and how many are held."""

    entry: LifeEntry
    parts: tuple[tuple[str, int], ...]
    total: int
    held: int
    volumes: tuple[filing.VolumeRow, ...]


@dataclass(frozen=True)
class StructurePage:
    """Everything the page of one structure shows."""

    structure: StructureFacts
    life: tuple[LifePiece, ...]
    total: int
    held: int

    @property
    def line(self) -> list[tuple[str, str, date, date | None, bool]]:
        """The blocks of the life line: name, unit works, begin, end, whether there are records."""
        return [
            (piece.entry.project_name, piece.entry.unit_name, began, piece.entry.accepted_on, piece.total > 0)
            for piece in self.life
            if (began := piece.entry.started_on or piece.entry.accepted_on)
        ]


def structure_page(actor: Actor, structure_id: UUID) -> StructurePage:
    """The page of one structure, with the projects and records this person may know of.

    Raises:
        NotFound: no such structure, or none this person may know of.
    """
    structure = registry.structure_facts(actor, structure_id)
    pieces = tuple(_piece(actor, entry) for entry in structure.life)
    return StructurePage(structure, pieces, sum(p.total for p in pieces), sum(p.held for p in pieces))


def _piece(actor: Actor, entry: LifeEntry) -> LifePiece:
    rows = filing.visible_to(actor).filter(unit_work_id=entry.unit_work_id).order_by()
    found = list(rows.values_list("part", "state"))
    parts = Counter(part for part, _state in found)
    held = sum(1 for _part, state in found if state in {"transferred", "preserved"})
    volumes = (
        tuple(v for v in filing.volumes_of(entry.project_id, arranged=True) if v.unit_work_id == entry.unit_work_id)
        if held
        else ()
    )
    return LifePiece(entry, tuple(sorted(parts.items())), len(found), held, volumes)
