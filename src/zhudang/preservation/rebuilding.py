"""The catalogue is a cache: bring it back from one store into an empty database, same ids, same codes.

What comes back: organisations, names of people (their accounts closed), projects, unit works, structures, parties,
permits, volumes, records, files with check reports, codes, numbers, notices, reviews, opinions, certificates; and the
archive's own registers (`archive_registers`), as far as the place holds them.
What does not: passwords, works in progress, uploads, messages, the log: those come from the backup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

import structlog
from django.db import connection, transaction

from zhudang.audit import earlier_logs, witness
from zhudang.audit import operations as audit
from zhudang.content import holdings as content_holdings
from zhudang.events import operations as events
from zhudang.filing import queries as filing
from zhudang.filing.queries.kept import highest_levels
from zhudang.preservation import archive_registers, catalogue, found_objects
from zhudang.preservation import holdings as own_holdings
from zhudang.preservation import site_code as codes
from zhudang.preservation.disposal import registers as disposals
from zhudang.preservation.domain.names import ARCHIVE_ID
from zhudang.preservation.formats import held as held_formats
from zhudang.preservation.keys import keyring
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.models import ArchivalObject
from zhudang.preservation.ocfl import reader
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.reader import object_inventories
from zhudang.preservation.ocfl.root import StorageRoot, StoreUnreachable
from zhudang.preservation.ocfl.sealing import CannotOpen, Held, Identities
from zhudang.preservation.sites import Place, in_anothers_stead, out_of_reach, places
from zhudang.preservation.stored_objects import CannotRebuild, Store, StoredObject, read_tables, tables_of
from zhudang.registry import holdings as registry_holdings
from zhudang.shared.refusals import Reason

log = structlog.get_logger("zhudang.preservation")
Told = Callable[[str, int], None]
_LOCK = 7_140_321_004
"""Advisory lock: of two who rebuild at once the second finds it done."""


@dataclass
class Rebuilt:
    """What came back.

    Args:
        registers: whether the archive's own registers were there; a store of before them, or a place they do not go to, has none.
        cut_links: references to what did not come back, cut.
    """

    projects: int = 0
    registers: bool = False
    objects: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    cut_links: list[str] = field(default_factory=list)
    files: int = 0
    bytes: int = 0
    lacking: list[str] = field(default_factory=list)
    carried: Reason | None = None
    """What became of a copy that carried another site's code."""
    witnesses: list[str] = field(default_factory=list)
    """Where the sites' witnesses of the lost log were set aside."""
    left_out: list[str] = field(default_factory=list)
    """Folders of the store that could not be read or trusted, with why: what lies there did not come back."""
    without_project: list[str] = field(default_factory=list)
    """Objects whose project's catalogue is not at this place, or does not know them: they were left out."""


def rebuild(site_code: str, *, now: datetime, told: Told | None = None) -> Rebuilt:
    """Bring the transferred catalogue back from the store of one site, then the files' bytes.

    Rows come back in one transaction; run again after a crash, only what lacks is done.

    Raises:
        CannotRebuild: with every reason.
    """
    place = _place(site_code, now)
    assert place.root is not None
    done = Rebuilt()
    store = Store(place.root, _keys(place.root))
    owner = _owner(place, now)
    if _rebuilt_before():
        done.registers = ArchivalObject.objects.filter(kind="archive").exists()
    else:
        _restore_rows(store, owner, done, now, told)
    if place.carries:
        done.carried = _settle_code(place, owner)
    _bring_bytes(store, done, told)
    return done


def _keys(root: StorageRoot) -> Identities:
    try:
        return keyring.identities([root])
    except KeysUnusable as refusal:
        raise CannotRebuild(*refusal.reasons) from refusal


def _place(site_code: str, now: datetime) -> Place:
    """The place with its storage root; a copy that carries another site's code is read all the same."""
    found = [place for place in places(now) if place.code == site_code]
    if not found:
        raise CannotRebuild(Reason("preservation.no_such_site", {"site": site_code}))
    place = found[0]
    with suppress(StoreUnreachable):
        if place.carries:
            place = replace(place, root=StorageRoot.open(place.path))
    if place.root is None:
        raise CannotRebuild(out_of_reach(place))
    return place


def _owner(place: Place, now: datetime) -> str:
    """The code of the site whose copies lie there: another's where its very disk was put there."""
    return place.carries if place.carries and in_anothers_stead(place, places(now)) else place.code


def _settle_code(place: Place, owner: str) -> Reason:
    """Make a copy brought from elsewhere the site's own, once its rows are there."""
    data = {"path": str(place.path), "site": place.code, "found": place.carries}
    if owner != place.code:
        return Reason("preservation.copy_carried_stays", data)
    codes.mark(place.path, place.code)
    return Reason("preservation.copy_carried", data)


def _rebuilt_before() -> bool:
    """Tell whether the rows are there already from an earlier run of ours; anything else there is a refusal."""
    projects = registry_holdings.PROJECT.model.objects.all()
    if not projects.exists() and not content_holdings.FILE.model.objects.filter(own_document=False).exists():
        return False
    kept = ArchivalObject.objects.filter(kind="project").values("project_id")
    if projects.exclude(id__in=kept).exists() or not ArchivalObject.objects.exists():
        raise CannotRebuild(Reason("preservation.not_empty", {"projects": projects.count()}))
    return True


@transaction.atomic
def _restore_rows(store: Store, owner: str, done: Rebuilt, now: datetime, told: Told | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if _rebuilt_before():  # by another, while this one waited
        return
    # Of what several objects tell, the one written last tells the newest.
    described = sorted(_catalogues(store), key=lambda item: item.inventory.versions[item.inventory.head].created)
    _refuse_closed(store)
    done.left_out = [
        f"{folder.relative_to(store.root.folder)}: {problem}" for folder, problem in sorted(store.left_out.items())
    ]
    if not any(item.id != ARCHIVE_ID for item in described):
        raise CannotRebuild(Reason("preservation.nothing_to_rebuild", {"place": str(store.root.place)}))
    levels: dict[UUID, int] = {}
    brought: dict[str, _Brought] = {}
    for item in described:
        try:
            if item.id == ARCHIVE_ID:
                levels[item.id] = _restore_archive(item, brought, done)
                continue
            levels[item.id] = _restore_project(item, brought, done)
        except CannotOpen as problem:
            raise CannotRebuild(
                Reason(f"preservation.sealed_{problem.reason}", {"object": item.inventory.object_id})
            ) from problem
        except catalogue.DOES_NOT_FIT as problem:
            log.warning("a catalogue does not fit the tables", object=item.inventory.object_id, why=str(problem)[:500])
            raise CannotRebuild(
                Reason("preservation.catalogue_unfit", {"object": item.inventory.object_id})
            ) from problem
        done.projects += 1
        if told:
            told("projects", done.projects)
    done.cut_links = registry_holdings.cut_loose_links()
    _restore_own_rows(store, owner, done, levels, now)
    done.cut_links += own_holdings.cut_loose_rows()
    found_objects.level_archive(levels)
    disposals.vouch()
    # Those at the sites saw the log that was lost.
    done.witnesses = witness.set_aside_of_another_log(now)
    earlier_logs.note(done.witnesses, at=now)
    audit.record(
        actor="system", act="preservation.catalogue.rebuilt", subject="preservation.store:all", at=now,
        data={
            "from": str(store.root.place), "projects": done.projects, "objects": done.objects, "rows": done.rows,
            "witnesses": done.witnesses,
            "registers": done.registers, "carried": codes.code_at(store.root.place),
        },
    )  # fmt: skip
    events.publish(kind="preservation.rebuilt", subject="preservation.store:all", data={}, at=now)


def _refuse_closed(store: Store) -> None:
    """Refuse a store of which this account may not read all: rows brought back without the rest could not be completed."""
    for folder, problem in sorted(store.left_out.items()):
        if isinstance(problem, PermissionError):
            raise CannotRebuild(
                Reason(
                    "preservation.no_right", {"place": str(store.root.place), "path": problem.filename or str(folder)}
                )
            )


@dataclass(frozen=True)
class _Brought:
    """The bytes of a table that were restored last: lists that many projects share are the same in most of them."""

    sha256: str
    highest: catalogue.Highest


def _restore_project(item: StoredObject, brought: dict[str, _Brought], done: Rebuilt) -> int:
    """Bring a project's rows back, but for tables whose very bytes came last; gives the highest secrecy level they tell."""
    digests = {name: held.sha256 for name, held in tables_of(item)}
    fresh = {name for name, sha256 in digests.items() if name not in brought or brought[name].sha256 != sha256}
    brought |= {name: _Brought(digests[name], catalogue.Highest()) for name in fresh}
    tables = {
        name: catalogue.Watched(table, brought[name].highest)
        for name, table in read_tables(item, fresh.__contains__).items()
    }
    _count(done.rows, catalogue.restore(tables))
    return max((brought[name].highest.level for name in digests), default=0)


def _restore_archive(item: StoredObject, brought: dict[str, _Brought], done: Rebuilt) -> int:
    """Bring the archive's own registers back; gives the highest secrecy level their rows tell."""
    highest = catalogue.Highest()
    tables = {name: catalogue.Watched(table, highest) for name, table in read_tables(item).items()}
    _count(done.rows, archive_registers.restore(tables))
    done.registers = True
    # A project written later may tell the same rows as one written before, other than here.
    for name in tables:
        brought.pop(name, None)
    return highest.level


def _catalogues(store: Store) -> Iterator[StoredObject]:
    """Find the projects' objects and that of the archive's own registers, of each the newest that holds registers.

    Raises:
        CannotRebuild: the newest found names a successor that is not there or cannot be trusted: what it tells is old.
    """
    newest: dict[UUID, StoredObject] = {}
    for item in store.objects():
        if item.name.part == 1 and (item.id == ARCHIVE_ID or catalogue.FIRST_TABLE in item.held()):
            other = newest.get(item.id)
            if other is None or other.name.generation < item.name.generation:
                newest[item.id] = item
    for item in newest.values():
        if successor := item.successor():
            raise CannotRebuild(
                Reason("preservation.catalogue_damaged", {"object": successor, "path": "inventory.json"})
            )
        yield item


def _count(sums: dict[str, int], more: dict[str, int]) -> None:
    for table, number in more.items():
        sums[table] = sums.get(table, 0) + number


def _restore_own_rows(store: Store, owner: str, done: Rebuilt, levels: dict[UUID, int], now: datetime) -> None:
    """Register the objects found, and their copies at every place in reach as written: nobody has read them yet.

    Args:
        owner: code of the site whose copies are in this store.
        levels: project id -> the highest secrecy level of anything its catalogue tells.
    """
    projects = {row.id: row for row in registry_holdings.PROJECT.model.objects.all()}
    volumes = {volume.id: volume for project_id in projects for volume in filing.volumes_of(project_id)}
    records = {pk: level for project_id in projects for pk, level in highest_levels(project_id).items()}
    for item in store.objects():
        if item.id in projects:
            found_objects.register(item, found_objects.of_project(projects[item.id], levels[item.id]))
        elif item.id == ARCHIVE_ID:
            found_objects.register(
                item,
                found_objects.Thing("archive", archive_registers.TITLE, archive_registers.LEAST_LEVEL, levels[item.id]),
            )
        elif item.id in volumes:
            volume = volumes[item.id]
            level = max(volume.level, projects[volume.project_id].level, records.get(item.id, 0))
            found_objects.register(item, found_objects.of_volume(volume, level))
        else:
            done.without_project.append(str(item.name))
            continue
        done.objects += 1
    found_objects.link_generations(store)
    found_objects.tell_what_was_found(now)
    held_formats.note_uncounted()
    for place in places(now):
        if root := place.root or (store.root if place.code == owner else None):
            found_objects.register_copies(place, root)


def _bring_bytes(store: Store, done: Rebuilt, told: Told | None) -> None:
    """Put the bytes of restored files back into the working store, digested on the way."""
    wanted = {
        sha256: size
        for sha256, size in content_holdings.expected_bytes().values_list("sha256", "size").iterator()
        if content_holdings.lacks_bytes(sha256, size)
    }
    for sha256 in brought_from(store.root, store.keys, wanted):
        done.files += 1
        done.bytes += wanted.pop(sha256)
        if told:
            told("files", done.files)
    done.lacking = sorted(wanted)


def brought_from(root: StorageRoot, keys: Identities, wanted: Mapping[str, int]) -> Iterator[str]:
    """Bring the bytes with these SHA-256 from a place into the working store, as far as they are there and open.

    Args:
        wanted: SHA-256 -> how many bytes they are; no more is read.

    Yields:
        Each SHA-256 brought; `wanted` may lose it meanwhile.
    """
    with content_holdings.Arrivals() as arrivals:
        for folder, inventory in object_inventories(root):
            try:
                for held in reader.all_held(folder, inventory, keys):
                    if held.sha256 in wanted and held.sha256 not in arrivals:
                        _take(arrivals, folder, inventory, held, keys, wanted[held.sha256])
                    if arrivals.enough:
                        yield from arrivals.settle()
            except CannotOpen:
                continue
        yield from arrivals.settle()


def _take(
    arrivals: content_holdings.Arrivals, folder: Path, inventory: Inventory, held: Held, keys: Identities, size: int
) -> None:
    """Take a file's bytes in, when they can be read and are what was received."""
    with suppress(OSError, ValueError), reader.opened(folder, inventory, held, keys) as stream:
        arrivals.take(cast("BinaryIO", _AtMost(stream, size)), held.sha256)


class _AtMost:
    """A stream that says so when it gives more than it should, rather than fill a disk with what is not wanted."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError("more bytes than were received")
        return data
