"""Rows of a kept project, or of the archive's own registers, that are no longer what the store holds, though no act in the log accounts for it.

Whoever writes into the tables by hand leaves no entry. Before a project's catalogue is written anew its registers are laid
beside the version that is stored: a row that changed, came or went is accounted for when an act since then names it, or
a row it belongs to. An act on the whole project accounts for all of its rows: a change can hide behind one of the same
day. What people and organisations do elsewhere accounts for nothing, though rows name them. Not compared: what the checks
found, counters, people a project names. Of files: which
bytes, name and level a row has, and whether it is there.

Of the archive's own registers those are compared whose acts name their rows: who holds which role and clearance, where copies
go, plans, custody, copies on paper, reviews, stays. A role given to oneself by hand is told the same night.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from zhudang.preservation import archive_registers
from zhudang.preservation.catalogue import FOLDER, packed_project
from zhudang.preservation.domain.register_lines import KEY, Difference, differences, unaccounted
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
CONTEXTS = ("registry", "filing", "handover", "documents", "content")
"""Whose registers are compared."""
NOT_COMPARED = frozenset({"filing.counter", "content.toolset", "content.check_run", "content.finding"})
CHECKED = frozenset(
    {"verdict", "checked_at", "format_id", "format_name", "mime", "pages", "facts", "with_client", "with_archive"}
)
"""What of a file's row changes with every check, and who may see it: no acts tell of that."""
OWN_TABLES = frozenset(
    {
        "identity.organisation", "identity.organisation_name", "identity.account", "identity.membership", "filing.scope_adoption",
        "preservation.remedy_plan", "preservation.placement", "preservation.custody", "preservation.catch_up",
        "preservation.registered_copy", "preservation.book_comparison", "preservation.format_review",
        "preservation.disposal_stay",
    }
)  # fmt: skip
"""Which of the archive's own registers are compared."""
OF_IDENTITY = {
    "identity.organisation": ("identity.organisation.",),
    "identity.organisation_name": ("identity.organisation.",),
    "identity.account": ("identity.account.", "identity.clearance."),
    "identity.membership": ("identity.role.",),
}
"""Which acts change who may do what: a login on the same day accounts for no role."""
OWN_ACCOUNTING = (
    "filing.scope.", "preservation.plan.", "preservation.placement.", "preservation.custody.", "preservation.catch_up.",
    "preservation.registered_copy.", "preservation.books.", "preservation.formats.", "preservation.disposal.",
)  # fmt: skip
ACCOUNTING = (*(f"{context}." for context in CONTEXTS), "preservation.volume.destroyed")
"""Acts that account for changes; of preservation itself only a destruction changes a register."""
MARGIN = timedelta(hours=1)
"""An act may fall between the moment a version describes and the moment it says it was made."""
MOST_TOLD = 200
_WHOSE = {"identity.membership": "account_id", "identity.organisation_name": "organisation_id"}
"""Of what belongs to a party, the column that names it: the act names the party, not the row."""


def look(package: Package, roots: Sequence[StorageRoot]) -> list[Difference]:
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
    by = _Accounting(ACCOUNTING, _ids(package, "account") | _ids(package, "organisation"))
    if package.kind == ARCHIVE:
        by = _OwnAccounting(OWN_ACCOUNTING, by.parties)
    prefixes = {prefix for each in found for prefix in by.acts(each.table)}
    left = unaccounted(found, acts.texts(since=stored.made_at - MARGIN, prefixes=sorted(prefixes)), by)
    if left:
        _tell(package, left, stored.made_at)
    return left


@dataclass(frozen=True)
class _Stored:
    """The newest stored state of a project, or of the archive's own registers, over all parts of its object.

    Args:
        files: plain path -> where it lies.
        made_at: when the newest version among the parts was made.
    """

    files: Mapping[str, tuple[Path, Inventory, Held]]
    made_at: datetime
    keys: Identities

    def lines(self, path: str) -> Iterator[bytes]:
        folder, inventory, held = self.files[path]
        with reader.opened(folder, inventory, held, self.keys) as stream:
            yield from stream


def _stored_state(package: Package, roots: Sequence[StorageRoot]) -> _Stored:
    files: dict[str, tuple[Path, Inventory, Held]] = {}
    keys, made = keyring.identities(roots), [datetime.min.replace(tzinfo=UTC)]
    parts = ArchivalObject.objects.filter(of_thing(package.thing_id), newest=True).order_by("part")
    for object_id in parts.values_list("ocfl_id", flat=True):
        held_by = ((root, root.inventory(object_id)) for root in roots)
        root, inventory = next(((root, each) for root, each in held_by if each is not None), (None, None))
        if root is None or inventory is None:
            continue
        folder = root.object_folder(object_id)
        made.append(inventory.versions[inventory.head].created)
        files |= {path: (folder, inventory, held) for path, held in reader.held_files(folder, inventory, keys).items()}
    return _Stored(files, max(made), keys)


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
        yield from (each for each in found if not (table.startswith("content.") and _by_program(each)))


@dataclass(frozen=True)
class _Accounting:
    """What accounts for a row of a project: acts that name it or what it belongs to, but not those that only name a party.

    Args:
        changing: how the acts begin that change registers.
        parties: ids of the people and organisations the registers name: they also log in, get roles, hand in other files.
    """

    changing: tuple[str, ...]
    parties: frozenset[str]

    def acts(self, table: str) -> tuple[str, ...]:
        return self.changing

    def identifiers(self, row: Difference) -> frozenset[str]:
        return (row.identifiers - self.parties) | {row.key}


class _OwnAccounting(_Accounting):
    """What accounts for a row of the archive's own registers: for a role, an act on roles that names who holds it."""

    def acts(self, table: str) -> tuple[str, ...]:
        return OF_IDENTITY.get(table, self.changing)

    def identifiers(self, row: Difference) -> frozenset[str]:
        whose = _WHOSE.get(row.table)
        names = {str(state[whose]) for state in (row.before, row.after) if state} if whose else set()
        return super().identifiers(row) | names


def _ids(package: Package, table: str) -> frozenset[str]:
    path = f"{FOLDER}/identity.{table}.jsonl"
    tables = [content for content in package.contents if content.path == path]
    return frozenset(json.loads(line)[KEY] for content in tables for line in _now(content))


def _by_program(each: Difference) -> bool:
    """Whether a file's row came, or changed, as the program does it without an act."""
    return each.before is None or (each.after is not None and CHECKED.issuperset(each.columns))


def _is_compared(table: str, kind: str) -> bool:
    if kind == ARCHIVE:
        return table in OWN_TABLES
    return table.split(".")[0] in CONTEXTS and table not in NOT_COMPARED


def _now(content: Content) -> Iterator[bytes]:
    with content.open() as stream:
        yield from stream


@transaction.atomic
def _tell(package: Package, left: Sequence[Difference], since: datetime) -> None:
    now = timezone.now()
    log.error("rows changed without an act", object=package.object_id, rows=len(left))
    subject = f"registry.project:{package.project_id}" if package.project_id else "preservation.registers:all"
    audit.record(
        actor="system", act="preservation.register.changed_unlogged", subject=subject, at=now,
        data={"since": since, "count": len(left), "rows": [_told(each) for each in left[:MOST_TOLD]]},
    )  # fmt: skip
    for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
        events.tell(
            kind="preservation.register.changed_unlogged", at=now, organisation_id=organisation_id,
            roles=[Role.ARCHIVIST, Role.AUDIT_ADMIN], data={"title": package.title, "rows": len(left)},
            link=f"/preservation/{package.thing_id}/",
        )  # fmt: skip


def _told(each: Difference) -> dict[str, Any]:
    how = "added" if each.before is None else "removed" if each.after is None else "changed"
    return {"table": each.table, "row": each.key, "how": how, "columns": list(each.columns)}


def look_at_all() -> Iterator[tuple[str, list[Difference]]]:
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


def tables_told(rows: Iterable[Difference]) -> str:
    """Name the rows for a line at the console: table, number of rows."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.table] = counts.get(row.table, 0) + 1
    return ", ".join(f"{table} {count}" for table, count in sorted(counts.items()))
