"""An archive straight from one copy, with no database of before: what is read first so that people can search soon.

The copy is only ever read. Its catalogue goes into an empty database that lives as long as the service, in steps of
which each leaves a whole: projects and structures, then volumes and records (from here on people search), then files
and where their bytes lie in the copy, then the rest. What is damaged is told and left out; the rest is served.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import transaction

from zhudang.content import holdings as content_holdings
from zhudang.preservation import catalogue
from zhudang.preservation.domain.names import object_name
from zhudang.preservation.keys import of_copy
from zhudang.preservation.ocfl import layout, plain_files, reader, streaming
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot, read_root_inventory
from zhudang.preservation.ocfl.sealing import CannotOpen, Held, Identities
from zhudang.preservation.stored_objects import CannotRebuild, StoredObject, read_tables, tables_of
from zhudang.registry import holdings as registry_holdings
from zhudang.shared.refusals import Reason, Refusal

log = structlog.get_logger("zhudang.preservation")
FOUNDATION = ("identity.", "registry.", "filing.scope_list", "filing.scope_item")
RECORDS = ("filing.obligation", "filing.volume", "filing.record")
FILES = ("content.", "filing.record_file")
"""Names of registers, by step; a name with a point at its end stands for a whole context."""
_SEALED = ".sealed"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class CopyDamaged(Refusal):
    """The copy's bytes of a file are not those that were received, or are not there: they are not shown."""


def open_copy(folder: Path) -> StorageRoot:
    """Give the copy at `folder`: a site's folder, or the storage root in it; nothing is made or changed.

    Raises:
        StoreUnreachable: there is no storage root.
    """
    if (folder / layout.ROOT_DECLARATION).is_file():
        root = StorageRoot(folder)
        root.folder = folder
        return root
    return StorageRoot.open(folder)


@dataclass
class Contents:
    """What a walk over the copy showed.

    Args:
        projects: folders of the projects' newest objects, those written first coming first.
        objects: folders of all objects that are ours, relative to the store.
        as_of: when the newest version in the copy was written.
        unreadable: objects whose inventory cannot be trusted or read, and folders that cannot be listed, relative to the store.
        closed: objects that are sealed and that no key here opens, likewise.
    """

    projects: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    as_of: datetime | None = None
    unreadable: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)


def look_over(root: StorageRoot, told: Callable[[int], None] | None = None) -> Contents:
    """Read every inventory of the copy once."""
    found, keys = Contents(), _keys()
    projects: dict[UUID, tuple[int, datetime, str]] = {}

    def closed(folder: Path, _problem: OSError) -> None:
        found.unreadable.append(folder.relative_to(root.folder).as_posix())

    for number, folder in enumerate(root.objects(closed), start=1):
        name = folder.relative_to(root.folder).as_posix()
        if told and number % 200 == 0:
            told(number)
        try:
            inventory = read_root_inventory("", folder)
        except (ObjectDamaged, OSError):
            found.unreadable.append(name)
            continue
        if (identity := object_name(inventory.object_id)) is None:
            continue
        written = inventory.versions[inventory.head].created
        found.as_of = max(found.as_of or written, written)
        try:
            held = reader.held_files(folder, inventory, keys)
        except CannotOpen as sealed:
            (found.closed if sealed.reason == "no_key" else found.unreadable).append(name)
            continue
        found.objects.append(name)
        if identity.part == 1 and catalogue.FIRST_TABLE in held:
            this = identity.generation, written, name
            projects[identity.thing] = max(projects.get(identity.thing, this), this)
    found.projects = [name for _generation, _written, name in sorted(projects.values(), key=lambda each: each[1:])]
    found.unreadable += _successors_lacking(root, found)
    return found


def _successors_lacking(root: StorageRoot, found: Contents) -> list[str]:
    """Tell the successors that projects' newest objects name and that are not in the copy: what is served there is older."""
    lacking = []
    for name in found.projects:
        with contextlib.suppress(CannotRebuild):
            if successor := _object(root, name).successor():
                lacking.append(root.object_folder(successor).relative_to(root.folder).as_posix())
    return [name for name in lacking if name not in found.unreadable and name not in found.closed]


def restore_step(
    root: StorageRoot, project: str, step: Sequence[str], known: dict[str, str] | None = None
) -> list[UUID]:
    """Bring some registers of one project into the database, all or nothing; give the ids of its records among them.

    Args:
        project: the object's folder relative to the store.
        step: which registers, by name or by context.
        known: table -> digest brought last; the same bytes again change nothing and are left out. Is brought up to date.

    Raises:
        CannotRebuild: the project's catalogue in this copy is damaged.
    """
    item = _object(root, project)
    digests = {name: held.sha256 for name, held in tables_of(item)}

    def wanted(name: str) -> bool:
        return _belongs(name, step) and (known is None or known.get(name) != digests[name])

    tables = read_tables(item, wanted)
    try:
        with transaction.atomic():
            catalogue.restore(tables)
    except catalogue.DOES_NOT_FIT as problem:
        log.warning("a catalogue does not fit the tables", object=item.inventory.object_id, why=str(problem)[:500])
        raise CannotRebuild(Reason("preservation.catalogue_unfit", {"object": item.inventory.object_id})) from problem
    if known is not None:
        known.update({name: digests[name] for name in tables})
    return [UUID(row["id"]) for row in tables.get("filing.record", ())]


def rest(name: str) -> bool:
    """Tell whether a register belongs to none of the steps named here: it comes last."""
    return not _belongs(name, (*FOUNDATION, *RECORDS, *FILES))


def remaining_names(root: StorageRoot, project: str) -> tuple[str, ...]:
    """The registers of a project that come last."""
    return tuple(filter(rest, (name for name, _held in tables_of(_object(root, project)))))


def cut_loose_links() -> list[str]:
    """Clear links to projects the copy does not have; tell which."""
    return registry_holdings.cut_loose_links()


def _object(root: StorageRoot, name: str) -> StoredObject:
    """Open an object of the copy by its folder relative to the store."""
    folder = root.folder / name
    try:
        inventory = read_root_inventory("", folder)
    except ObjectDamaged as problem:  # it was readable when the copy was looked over
        raise CannotRebuild(
            Reason("preservation.catalogue_damaged", {"object": name, "path": problem.reason})
        ) from problem
    identity = object_name(inventory.object_id)
    assert identity is not None  # `look_over` names only ours
    return StoredObject(identity, folder, inventory, _keys())


def _keys() -> Identities:
    return of_copy.left(Path(settings.DATA))


def _belongs(name: str, step: Iterable[str]) -> bool:
    return any(name == each or (each.endswith(".") and name.startswith(each)) for each in step)


# ── the bytes ─────────────────────────────────────────────────────────────────────────────────────────────────────


def note_places(root: StorageRoot, objects: Iterable[str], damaged: list[str] | None = None) -> int:
    """Write down where in the copy the bytes of each digest lie, as links in a folder of ours; tell how many.

    Args:
        damaged: is given the objects of which not all is to be had; what is, is noted.
    """
    number = 0
    for name in objects:
        try:
            item = _object(root, name)
            for held in reader.all_held(item.folder, item.inventory, item.keys):
                number += _note_where(held, item)
        except (CannotRebuild, CannotOpen) as problem:
            log.warning("an object of the copy cannot be read whole", object=name, why=str(problem))
            if damaged is not None:
                damaged.append(name)
    return number


def _note_where(held: Held, item: StoredObject) -> int:
    if _SHA256.fullmatch(held.sha256) is None:
        return 0
    try:
        place = plain_files.refuse_strange(item.folder, item.inventory.stored_path(held.sha512))
    except OSError:  # it is not there, or no file of this copy: `bring` tells who asks for it
        return 0
    return int(_note_place(held.sha256, place, sealed=bool(held.key)))


def _note_place(sha256: str, path: Path, *, sealed: bool) -> bool:
    """Add a place to those known for a digest: the same bytes may lie in several objects, one of them damaged."""
    folder = _places_of(sha256)
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / f"{hashlib.sha256(str(path).encode()).hexdigest()[:16]}{_SEALED if sealed else ''}"
    try:
        link.symlink_to(path)
    except FileExistsError:
        return False
    return True


def bring(sha256: str, wanted: Path) -> None:
    """Make bytes of the copy readable at `wanted` once they were read whole and found to be the ones received.

    Plain bytes are not copied: a link is made, the first time somebody asks. What is sealed is opened into the working
    folder, which goes with the service. What is not as received stays closed and is told.

    Raises:
        CopyDamaged: the bytes are other ones, or cannot be read, or are not in this copy.
    """
    reason = Reason("preservation.copy_lacks_file", {"sha256": sha256})
    folder = _places_of(sha256)
    for link in sorted(folder.iterdir()) if folder.is_dir() else ():
        wanted.parent.mkdir(parents=True, exist_ok=True)
        draft = wanted.with_name(f"{wanted.name}.{uuid4().hex}")
        try:
            found = _unseal(link, draft) if link.suffix == _SEALED else _sha256_of(link)
        except (OSError, CannotOpen):
            draft.unlink(missing_ok=True)
            continue
        if found == sha256:
            if link.suffix != _SEALED:
                draft.symlink_to(link.readlink())
            draft.replace(wanted)
            return
        draft.unlink(missing_ok=True)
        reason = Reason("preservation.copy_file_damaged", {"sha256": sha256, "found": found})
    _tell_damage(reason)
    raise CopyDamaged(reason)


def damaged_files() -> list[str]:
    """The digests of files that were asked for and are damaged or lacking in the copy."""
    path = _damage_list()
    return sorted(set(path.read_text(encoding="utf-8").split())) if path.exists() else []


def _tell_damage(reason: Reason) -> None:
    with _damage_list().open("a", encoding="utf-8") as stream:
        stream.write(f"{reason.data['sha256']}\n")


def _damage_list() -> Path:
    return Path(settings.DATA) / "damaged-files"


def serve_from_copy() -> None:
    """From now on stored bytes that are not here are looked for in the copy."""
    content_holdings.look_elsewhere(bring)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unseal(link: Path, draft: Path) -> str:
    """Open sealed bytes into a file of ours; give the SHA-256 of what came out."""
    made = hashlib.sha256()
    with (
        _keys().opened(link) as stream,
        os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as into,
    ):
        while chunk := stream.read(streaming.CHUNK):
            made.update(chunk)
            into.write(chunk)
    return made.hexdigest()


def _places_of(sha256: str) -> Path:
    return Path(settings.DATA) / "copy" / sha256[:2] / sha256
