"""Which files may answer which obligation, and which files belong together in one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from zhudang.filing.domain.origin import is_native
from zhudang.shared.refusals import Reason


@dataclass(frozen=True)
class Candidate:
    """A file and an obligation as far as this rule asks.

    Attributes:
        theirs: the file's organisation makes this document here, or is the client.
    """

    file: str
    title: str
    same_project: bool
    assigned: bool
    withdrawn: bool
    excused: bool
    theirs: bool


def why_not_assign(c: Candidate) -> list[Reason]:
    """Tell everything that keeps a file from answering an obligation."""
    reasons = []
    if not c.same_project:
        reasons.append(Reason("filing.other_project", {"file": c.file}))
    if c.assigned:
        reasons.append(Reason("filing.file_assigned", {"file": c.file}))
    if c.withdrawn:
        reasons.append(Reason("filing.file_withdrawn", {"file": c.file}))
    if c.excused:
        reasons.append(Reason("filing.obligation_excused", {"title": c.title}))
    if not c.theirs:
        reasons.append(Reason("filing.owed_by_another", {"title": c.title}))
    return reasons


def pair_up(rows: Sequence[tuple[str, str, UUID, UUID]]) -> list[tuple[UUID, list[UUID]]]:
    """Group (folder, name, file, obligation) rows into records: (obligation, its files), in the given order.

    A native file joins the readable file of the same folder, name and obligation; everything else stands alone.
    """
    groups: list[tuple[UUID, list[UUID]]] = []
    by_stem: dict[tuple[str, str, UUID], list[tuple[bool, UUID]]] = {}
    order: list[tuple[str, str, UUID]] = []
    for folder, name, file, obligation in rows:
        key = (folder, name.rsplit(".", 1)[0].lower(), obligation)
        if key not in by_stem:
            order.append(key)
        by_stem.setdefault(key, []).append((is_native(name), file))
    for key in order:
        members = by_stem[key]
        readable = [f for native, f in members if not native]
        native = [f for is_own, f in members if is_own]
        if readable and native:
            groups.append((key[2], [readable[0], *native]))
            groups += [(key[2], [f]) for f in readable[1:]]
        else:
            groups += [(key[2], [f]) for _native, f in members]
    return groups
