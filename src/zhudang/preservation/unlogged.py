"""Rows of a kept project, or of the archive's own registers, that are no longer what the store holds, though no act in the log accounts for it.

Whoever writes into the tables by hand leaves no entry. Before a project's catalogue is written anew its registers are laid
beside the version that is stored: a row that changed, came or went is accounted for when an act since then can have done
just that (`domain.effects`): to this row, in these columns, with the value the act tells. The act that kept the version
told how far the log went when its registers were read, so an act before is no cover for what is done after. What people
and organisations do elsewhere accounts for nothing, though rows name them. Not compared: what the checks found, counters.

The archive's own registers are compared in the same way. A role given to oneself by hand is told the same night.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.audit import queries as acts
from zhudang.events import operations as events
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.preservation import archive_registers, logged
from zhudang.preservation.catalogue import FOLDER, packed_project
from zhudang.preservation.domain.accounting import Act, Unaccounted, unaccounted
from zhudang.preservation.domain.effects import acts_on
from zhudang.preservation.domain.register_lines import Difference, differences
from zhudang.preservation.keys import keyring
from zhudang.preservation.models import ArchivalObject, of_thing
from zhudang.preservation.ocfl import reader
from zhudang.preservation.ocfl.content import Content
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.sealing import Held, Identities
from zhudang.preservation.packing import ARCHIVE, PROJECT, Package
from zhudang.preservation.sites import at_hand, places, writing

log = structlog.get_logger("zhudang.preservation")
CONTEXTS = ("registry", "filing", "handover", "documents", "content", "preservation")
"""Whose registers are compared."""
NOT_COMPARED = frozenset(
    {
        "filing.counter", "documents.number_series", "content.toolset", "content.check_run", "content.finding",
    }
)  # fmt: skip
OF_THE_ARCHIVE = frozenset({"filing.scope_list", "filing.scope_item", "preservation.disposal_stay"})
"""Told by projects too, once something there names them; compared where all of them are."""
MARGIN = timedelta(hours=1)
"""So long before a version an act may have begun that it does not hold yet, or whose consequences were still to come."""
MOST_TOLD = 200


def look(package: Package, roots: Sequence[StorageRoot]) -> list[Unaccounted]:
    """Compare registers with what is stored, tell people and the log what no act accounts for; give it.

    Args:
        package: a project as it is now (`catalogue.packed_project`), or the archive's own (`archive_registers.packed`).
        roots: places that hold it; the first that does is read.

    Raises:
        ObjectDamaged, CannotOpen, KeysUnusable: what is stored there cannot be read.
    """
    stored = _stored_state(package, roots)
    if not stored.files:
        return []
    found = list(_differences(package, stored))
    if not found:
        return []
    left = unaccounted(found, _acts(stored, {each.table for each in found}))
    if left:
        _tell(package, left, stored.made_at)
    return left


@dataclass(frozen=True)
class _Stored:
    """The newest stored state of a project, or of the archive's own registers, over all parts of its object.

    Args:
        files: plain path -> where it lies.
        made_at: when the newest version among the parts was made.
        log_number: how far the log went when its registers were read; 0 where it does not tell.
    """

    files: Mapping[str, tuple[Path, Inventory, Held]]
    made_at: datetime
    log_number: int
    keys: Identities

    def lines(self, path: str) -> Iterator[bytes]:
        folder, inventory, held = self.files[path]
        with reader.opened(folder, inventory, held, self.keys) as stream:
            yield from stream


def _stored_state(package: Package, roots: Sequence[StorageRoot]) -> _Stored:
    files: dict[str, tuple[Path, Inventory, Held]] = {}
    keys, made, numbers = keyring.identities(roots), [datetime.min.replace(tzinfo=UTC)], [0]
    parts = ArchivalObject.objects.filter(of_thing(package.thing_id), newest=True).order_by("part")
    for row_id, object_id in parts.values_list("id", "ocfl_id"):
        held_by = ((root, root.inventory(object_id)) for root in roots)
        root, inventory = next(((root, each) for root, each in held_by if each is not None), (None, None))
        if root is None or inventory is None:
            continue
        folder = root.object_folder(object_id)
        made.append(inventory.versions[inventory.head].created)
        numbers.append(logged.log_number_at(row_id, inventory.head))
        files |= {path: (folder, inventory, held) for path, held in reader.held_files(folder, inventory, keys).items()}
    return _Stored(files, max(made), max(numbers), keys)


def _acts(stored: _Stored, tables: Collection[str]) -> Iterator[Act]:
    """The acts that may account for what differs from a stored state in these tables."""
    told = acts.told_since(stored.made_at - MARGIN, acts=acts_on(tables), up_to=stored.log_number)
    return (Act(str(each.id), each.act, each.actor, each.subject, each.facts, seen=each.numbered) for each in told)


def _differences(package: Package, stored: _Stored) -> Iterator[Difference]:
    present = {content.path: content for content in package.contents}
    # A table without rows has no file.
    for path in sorted(stored.files.keys() | present.keys()):
        table = path.removeprefix(f"{FOLDER}/").removesuffix(".jsonl")
        if table == path or not _is_compared(table, package.kind):
            continue
        before, after = stored.files.get(path), present.get(path)
        if before is not None and after is not None and before[2].sha256 == after.sha256:
            continue
        found = differences(
            table,
            partial(stored.lines, path) if before else tuple,
            partial(_now, after) if after else tuple,
        )
        yield from found


def _is_compared(table: str, kind: str) -> bool:
    if table in NOT_COMPARED:
        return False
    return kind == ARCHIVE or (table.split(".")[0] in CONTEXTS and table not in OF_THE_ARCHIVE)


def _now(content: Content) -> Iterator[bytes]:
    with content.open() as stream:
        yield from stream


@transaction.atomic
def _tell(package: Package, left: Sequence[Unaccounted], since: datetime) -> None:
    now = timezone.now()
    log.error("rows changed without an act", object=package.object_id, rows=len(left))
    subject = f"registry.project:{package.project_id}" if package.project_id else "preservation.registers:all"
    audit.record(
        actor="system", act="preservation.register.changed_unlogged", subject=subject, at=now,
        data={"since": since, "count": len(left), "rows": [_told(each) for each in _of_every_table(left)]},
    )  # fmt: skip
    for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
        events.tell(
            kind="preservation.register.changed_unlogged", at=now, organisation_id=organisation_id,
            roles=[Role.ARCHIVIST, Role.AUDIT_ADMIN], data={"title": package.title, "rows": len(left)},
            link=f"/preservation/{package.thing_id}/",
        )  # fmt: skip


def _of_every_table(left: Sequence[Unaccounted]) -> Iterator[Unaccounted]:
    """As many rows as are told by name, some of every table: very many of one must not hide those of another."""
    by_table: dict[str, list[Unaccounted]] = {}
    for each in left:
        by_table.setdefault(each.table, []).append(each)
    for rows in by_table.values():
        yield from rows[: max(1, MOST_TOLD // len(by_table))]


def _told(each: Unaccounted) -> dict[str, Any]:
    return {"table": each.table, "row": each.key, "how": each.how, "columns": list(each.columns)}


def look_at_all() -> Iterator[tuple[str, list[Unaccounted]]]:
    """Look at every kept project and the archive's own registers as they are now; gives the title and what no act accounts for.

    Raises:
        StoreUnreachable and what `look` raises.
    """
    for project_id in _kept_projects():
        with writing(at_hand(places())) as roots, packed_project(project_id) as package:
            left = look(package, roots)
        if left:
            yield package.title, left
    if ArchivalObject.objects.filter(kind=ARCHIVE).exists():
        with writing(at_hand(places())) as roots, archive_registers.packed() as package:
            left = look(package, roots)
        if left:
            yield package.title, left


def _kept_projects() -> Iterable[UUID]:
    firsts = ArchivalObject.objects.filter(kind=PROJECT, part=1, generation=1)
    return firsts.order_by("id").values_list("project_id", flat=True)


def tables_told(rows: Iterable[Unaccounted]) -> str:
    """Name the rows for a line at the console: table, number of rows."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.table] = counts.get(row.table, 0) + 1
    return ", ".join(f"{table} {count}" for table, count in sorted(counts.items()))
