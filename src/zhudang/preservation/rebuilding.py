"""The catalogue is a cache: bring it back from one store into an empty database, same ids, same codes.

What comes back: organisations, names of people (their accounts closed), projects, unit works, structures, parties,
permits, volumes, records, files with check reports, codes, numbers, notices, reviews, opinions, certificates.
What does not: passwords and roles, works in progress, uploads, messages, the log: those come from the backup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.content import holdings as content_holdings
from zhudang.events import operations as events
from zhudang.filing import queries as filing
from zhudang.preservation import catalogue
from zhudang.preservation.domain.names import thing_id
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.reader import object_inventories, stored_file
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.verifier import sha512_of
from zhudang.preservation.sites import Place, places
from zhudang.registry import holdings as registry_holdings
from zhudang.shared.refusals import Reason, Refusal

Told = Callable[[str, int], None]


class CannotRebuild(Refusal):
    """The database is not empty, or the store does not give what is needed; nothing changed."""


@dataclass
class Rebuilt:
    """What came back."""

    projects: int = 0
    objects: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    cut_links: list[str] = field(default_factory=list)
    files: int = 0
    bytes: int = 0
    lacking: list[str] = field(default_factory=list)


def rebuild(site_code: str, *, now: datetime, told: Told | None = None) -> Rebuilt:
    """Bring the transferred catalogue back from the store of one site, then the files' bytes.

    Rows come back in one transaction; run again after a crash, only what lacks is done.

    Raises:
        CannotRebuild: with every reason.
    """
    place = _place(site_code, now)
    assert place.root is not None
    done = Rebuilt()
    if not _rebuilt_before():
        _restore_rows(place.root, done, now, told)
    _bring_bytes(place.root, done, told)
    return done


def _place(site_code: str, now: datetime) -> Place:
    found = [place for place in places(now) if place.code == site_code]
    if not found:
        raise CannotRebuild(Reason("preservation.no_such_site", {"site": site_code}))
    if found[0].root is None:
        raise CannotRebuild(Reason("preservation.unreachable", {"place": str(found[0].path)}))
    return found[0]


def _rebuilt_before() -> bool:
    """Tell whether the rows are there already from an earlier run of ours; anything else there is a refusal."""
    projects = registry_holdings.PROJECT.model.objects.all()
    if not projects.exists() and not content_holdings.FILE.model.objects.filter(own_document=False).exists():
        return False
    kept = ArchivalObject.objects.filter(kind="project").values("id")
    if projects.exclude(id__in=kept).exists() or not ArchivalObject.objects.exists():
        raise CannotRebuild(Reason("preservation.not_empty", {"projects": projects.count()}))
    return True


@transaction.atomic
def _restore_rows(root: StorageRoot, done: Rebuilt, now: datetime, told: Told | None) -> None:
    described = sorted(catalogues(root), key=lambda item: item[0])
    if not described:
        raise CannotRebuild(Reason("preservation.nothing_to_rebuild", {"place": str(root.place)}))
    for _, folder, inventory in described:
        _count(done.rows, catalogue.restore(read_tables(folder, inventory)))
        done.projects += 1
        if told:
            told("projects", done.projects)
    done.cut_links = registry_holdings.cut_loose_links()
    _restore_own_rows(root, done, now)
    audit.record(
        actor="system", act="preservation.catalogue.rebuilt", subject="preservation.store:all", at=now,
        data={"from": str(root.place), "projects": done.projects, "objects": done.objects, "rows": done.rows},
    )  # fmt: skip
    events.publish(kind="preservation.rebuilt", subject="preservation.store:all", data={}, at=now)


def catalogues(root: StorageRoot) -> Iterator[tuple[datetime, Path, Inventory]]:
    """Find the projects' objects, with when each was last written."""
    for folder, inventory in object_inventories(root):
        if catalogue.FIRST_TABLE in inventory.state:
            yield inventory.versions[inventory.head].created, folder, inventory


def read_tables(
    folder: Path, inventory: Inventory, wanted: Callable[[str], bool] | None = None
) -> dict[str, catalogue.StoredTable]:
    """Give a project's tables (or those wanted, by name), each compared with its digest before it is believed.

    Raises:
        CannotRebuild: a table is not what was written.
    """
    found = {}
    for path, digest in inventory.state.items():
        name = path.removeprefix(f"{catalogue.FOLDER}/").removesuffix(".jsonl")
        if not path.startswith(f"{catalogue.FOLDER}/") or (wanted and not wanted(name)):
            continue
        stored = stored_file(folder, inventory, path)
        try:
            sound = sha512_of(stored)[0] == digest
        except OSError:
            sound = False
        if not sound:
            raise CannotRebuild(Reason("preservation.catalogue_damaged", {"object": inventory.object_id, "path": path}))
        found[name] = catalogue.StoredTable(stored)
    return found


def _count(sums: dict[str, int], more: dict[str, int]) -> None:
    for table, number in more.items():
        sums[table] = sums.get(table, 0) + number


def _restore_own_rows(root: StorageRoot, done: Rebuilt, now: datetime) -> None:
    """Register the objects found, and their copies at every place in reach as written: nobody has read them yet."""
    projects = {row.id: row for row in registry_holdings.PROJECT.model.objects.all()}
    volumes = {volume.id: volume for project_id in projects for volume in filing.volumes_of(project_id)}
    for folder, inventory in object_inventories(root):
        found_id = thing_id(inventory.object_id)
        if found_id is None:
            continue
        if found_id in projects:
            _register(found_id, "project", projects[found_id], folder, inventory)
        elif found_id in volumes:
            _register(found_id, "volume", volumes[found_id], folder, inventory)
        else:
            continue
        done.objects += 1
    for place in places(now):
        if place.root is not None:
            _register_copies(place, place.root)


def _register(found_id: UUID, kind: str, thing: Any, folder: Path, inventory: Inventory) -> None:
    originals = [path for path in inventory.state if path.startswith("files/" if kind == "volume" else "documents/")]
    sizes = {path: stored_file(folder, inventory, path).stat().st_size for path in inventory.state}
    ArchivalObject.objects.create(
        id=found_id,
        ocfl_id=inventory.object_id,
        kind=kind,
        project_id=thing.project_id if kind == "volume" else thing.id,
        volume_id=thing.id if kind == "volume" else None,
        title=thing.title if kind == "volume" else thing.name,
        reference_code=(thing.reference_code if kind == "volume" else thing.code) or "",
        accession_no=(thing.accession_no if kind == "volume" else "") or "",
        level=thing.level,
        version=inventory.head,
        files=len(originals),
        bytes=sum(sizes[path] for path in originals),
        stored_bytes=sum(sizes.values()),
        inventory_sha512=inventory.sha512,
        first_kept_at=inventory.versions[1].created,
        kept_at=inventory.versions[inventory.head].created,
    )


def _register_copies(place: Place, root: StorageRoot) -> None:
    known = {row.ocfl_id: row for row in ArchivalObject.objects.all()}
    rows = []
    for _, inventory in object_inventories(root):
        if row := known.get(inventory.object_id):
            written = inventory.versions[inventory.head].created
            rows.append(
                Copy(
                    object=row,
                    site_id=place.site_id,
                    version=inventory.head,
                    state=CopyState.WRITTEN.value,
                    written_at=written,
                    inventory_sha512=inventory.sha512,
                )
            )
    Copy.objects.bulk_create(rows)


def _bring_bytes(root: StorageRoot, done: Rebuilt, told: Told | None) -> None:
    """Put the bytes of restored files back into the working store, digested on the way."""
    wanted = {
        sha256: size
        for sha256, size in content_holdings.BLOB.model.objects.values_list("sha256", "size").iterator()
        if content_holdings.lacks_bytes(sha256, size)
    }
    for folder, inventory in object_inventories(root):
        for path, sha256 in inventory.fixity.items():
            if sha256 not in wanted:
                continue
            try:
                content_holdings.bring_bytes(folder / path, sha256)
            except (OSError, ValueError):
                continue
            done.files += 1
            done.bytes += wanted.pop(sha256)
            if told:
                told("files", done.files)
    done.lacking = sorted(wanted)
