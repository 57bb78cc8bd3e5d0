"""Working copies of preserved files: made whole and compared once, then shown in ranges as often as anyone asks.

A range cannot be compared with a digest, and what is sealed cannot be read from its middle. So the first look makes a
plain copy from the preserved bytes, digested on the way; only when its SHA-256 is the one the catalogue and the object
tell does it come to its place. The folder is bounded (the longest unused goes first) and may be deleted at any time.

What differs is not shown: the copy it came from counts as damaged from then on, people are told, a whole reading that
mends is asked for, and the next place is tried.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.content import conf
from zhudang.content import operations as content_operations
from zhudang.content.queries import StoredFile
from zhudang.events import operations as events
from zhudang.filing.queries.kept import volume_of_file
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import SYSTEM
from zhudang.preservation import copy_reading, reading
from zhudang.preservation.domain.states import CopyState
from zhudang.preservation.keys import keyring
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.models import ArchivalObject, Copy, Rendition, of_thing
from zhudang.preservation.ocfl import reader
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot
from zhudang.preservation.ocfl.sealing import CannotOpen, Held, Identities
from zhudang.preservation.ocfl.verifier import Damage
from zhudang.preservation.sites import Place, places
from zhudang.shared.refusals import Reason, Refusal

log = structlog.get_logger("zhudang.preservation")
_CHUNK = 1024 * 1024
_DEFAULT_LIMIT = 20 * conf.GIB
_MARK_NS = 1_000_000_000
"""A proven copy bears this moment as its last change: whoever writes into it afterwards leaves another."""
_FORGOTTEN_SECONDS = 3600.0
MAKING = "making"


class NotShown(Refusal):
    """No bytes of this file were found that are what was received: nothing is shown."""


def of_file(file: StoredFile) -> Path | None:
    """Give the proven working copy of a preserved file, made now if need be; None for what is not preserved.

    Raises:
        NotShown: no place gives the bytes that were received, or there is no room for them.
    """
    path = _place_of(file.sha256)
    if _is_proven(path, file.size):
        os.utime(path, ns=(time.time_ns(), _MARK_NS))
        return path
    objects = _objects_of(file.id)
    if not objects:
        return None
    with _alone(file.sha256):
        if not _is_proven(path, file.size):
            _make(file, objects, path)
    return path


def folder() -> Path:
    """Where working copies lie; they are rebuildable like all that lies beside it."""
    return conf.working_copies()


def limit() -> int:
    """How many bytes they may have together."""
    return int(getattr(settings, "WORKING_COPIES_BYTES", _DEFAULT_LIMIT))


def _objects_of(file_id: UUID) -> list[ArchivalObject]:
    """The objects that may hold a file, those most likely first: its record's volume, or where it is a rendition.

    What was superseded is in an earlier version, maybe of an older object.
    """
    volume_id = volume_of_file(file_id)
    if volume_id is None:
        kept = Rendition.objects.filter(file_id=file_id, kept_at__isnull=False)
        volume_id = kept.values_list("volume_id", flat=True).first()
    if volume_id is None:
        return []
    return list(
        ArchivalObject.objects.filter(of_thing(volume_id), condemned_at=None).order_by("-newest", "part", "-generation")
    )


def _place_of(sha256: str) -> Path:
    return folder() / sha256[:2] / sha256


def _is_proven(path: Path, size: int) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return found.st_size == size and found.st_mtime_ns == _MARK_NS


# ── making ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _make(file: StoredFile, objects: Sequence[ArchivalObject], path: Path) -> None:
    """Bring the bytes from the first place that has them as received; the working store's own come last."""
    _make_room(file.size)
    draft = folder() / MAKING / uuid4().hex
    draft.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        for source in _sources(file, objects):
            with os.fdopen(_private(draft), "wb") as target:
                if source(target) != file.sha256:
                    continue
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.chmod(0o400)
            os.utime(draft, ns=(time.time_ns(), _MARK_NS))
            draft.replace(path)
            return
    except OSError as problem:
        if not _is_full(problem):
            raise
        raise NotShown(Reason("preservation.no_room_to_show", {"size": file.size})) from problem
    finally:
        draft.unlink(missing_ok=True)
    raise NotShown(Reason("preservation.not_shown", {"name": file.name}))


Source = Callable[[BinaryIO], str]
"""Writes the bytes and gives their SHA-256; an empty one where they could not be read."""


def _sources(file: StoredFile, objects: Sequence[ArchivalObject]) -> Iterator[Source]:
    all_places = places()
    for item in objects:
        copies = {copy.site_id: copy for copy in Copy.objects.filter(object=item).select_related("object")}
        for place in sorted(all_places, key=lambda place: _rank(copies.get(place.site_id))):
            copy = copies.get(place.site_id)
            if place.root is not None and copy is not None:
                yield _OfPlace(file, place, place.root, copy)
    yield _OfWorkingStore(file)


def _rank(copy: Copy | None) -> int:
    return 1 if copy is None or copy.state in {CopyState.DAMAGED.value, CopyState.MISSING.value} else 0


class _OfPlace:
    """The bytes as one place keeps them, opened where they are sealed."""

    def __init__(self, file: StoredFile, place: Place, root: StorageRoot, copy: Copy) -> None:
        self.file, self.place, self.root, self.copy = file, place, root, copy

    def __call__(self, target: BinaryIO) -> str:
        item = self.copy.object
        where = ""
        try:
            inventory = self.root.inventory(item.ocfl_id)
            if inventory is None:
                return ""
            box = self.root.object_folder(item.ocfl_id)
            keys = keyring.identities([self.root]) if item.protection != "plain" else Identities()
            held = _held(box, inventory, keys, self.file.sha256)
            if held is None:
                return ""
            where = inventory.stored_path(held.sha512)
            with reader.opened(box, inventory, held, keys) as stream:
                found = _copied(stream, target)
        except KeysUnusable:
            return ""
        except CannotOpen as problem:
            if problem.reason != "no_key":
                self._damaged(where or problem.name, problem.reason)
            return ""
        except (ObjectDamaged, OSError) as problem:
            if isinstance(problem, OSError) and _is_full(problem):
                raise
            self._damaged(where, type(problem).__name__)
            return ""
        if found != self.file.sha256:
            self._damaged(where, f"sha256 {found}")
        return found

    def _damaged(self, where: str, found: str) -> None:
        damage = Damage("STO-002", where, f"sha256 {self.file.sha256}", found)
        if copy_reading.note_damage(self.copy, self.place, [damage], now=timezone.now()):
            reading.ask(actor=SYSTEM, now=timezone.now(), object_id=self.copy.object_id)


def _held(box: Path, inventory: reader.Inventory, keys: Identities, sha256: str) -> Held | None:
    """The file of these bytes: of the newest version, else of an earlier one (a rendition that was superseded)."""
    for held in reader.held_files(box, inventory, keys).values():
        if held.sha256 == sha256:
            return held
    return next((held for held in reader.all_held(box, inventory, keys) if held.sha256 == sha256), None)


class _OfWorkingStore:
    """The bytes as received, when no place in reach gives them: compared like all others."""

    def __init__(self, file: StoredFile) -> None:
        self.file = file

    def __call__(self, target: BinaryIO) -> str:
        try:
            with self.file.path.open("rb") as stream:
                found = _copied(stream, target)
        except FileNotFoundError:
            return ""
        if found != self.file.sha256:
            _tell_working_store(self.file, found)
        return found


def _tell_working_store(file: StoredFile, found: str) -> None:
    now = timezone.now()
    log.error("bytes of the working store are not those received", file=str(file.id), expected=file.sha256, found=found)
    audit.record(
        actor="system", act="preservation.working_store.damaged", subject=f"content.file:{file.id}", at=now,
        data={"expected": file.sha256, "found": found},
    )  # fmt: skip
    for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
        events.tell(
            kind="preservation.working_store.damaged", at=now, organisation_id=organisation_id,
            roles=[Role.ARCHIVIST, Role.KEEPER], data={"title": file.name}, link="/preservation/",
        )  # fmt: skip


def _copied(stream: BinaryIO, target: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _is_full(problem: OSError) -> bool:
    return content_operations.store.is_full(problem)


# ── room ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _make_room(size: int) -> None:
    """Let the longest unused go until there is room within the limit, and on the disk; one larger than the limit stands alone.

    Raises:
        NotShown: the disk has no room even so.
    """
    _forget_drafts()
    known = sorted(_all(), key=lambda each: each[1])
    total = sum(each[2] for each in known)
    for path, _used, bytes_there in known:
        if total + size <= limit() and _disk_has(size):
            return
        path.unlink(missing_ok=True)
        total -= bytes_there
    if not _disk_has(size):
        raise NotShown(Reason("preservation.no_room_to_show", {"size": size}))


def _disk_has(size: int) -> bool:
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    return shutil.disk_usage(folder()).free - size >= conf.disk_reserve()


def _all() -> Iterator[tuple[Path, int, int]]:
    """Every working copy with the moment of its last use and its size."""
    for path in folder().glob("[0-9a-f][0-9a-f]/*"):
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        yield path, found.st_atime_ns, found.st_size


def _forget_drafts() -> None:
    """Take away what a killed process left half made."""
    for path in (folder() / MAKING).glob("*"):
        try:
            if time.time() - path.stat().st_mtime > _FORGOTTEN_SECONDS:
                path.unlink()
        except FileNotFoundError:
            continue


@contextmanager
def _alone(sha256: str) -> Iterator[None]:
    """One maker a file (and its neighbours), also across processes; the kernel lets go when one is killed."""
    locks = folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (locks / sha256[:2]).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
