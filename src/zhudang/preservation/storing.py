"""A volume's or project's state brought into every place, over as many objects as it takes; knows no rows.

Order, so that a crash anywhere is gone on with by the next run: a successor is written before its predecessor names it,
and further parts before the first part names them. So what is named is there, and names are made by rule: the
next run finds the same successor, never makes a second one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import structlog

from zhudang.preservation.domain import description, names, succession
from zhudang.preservation.domain.names import ObjectName, is_original
from zhudang.preservation.domain.succession import DESCRIPTION, LIMITS, Limits, Part
from zhudang.preservation.keys.protection import Protection
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.ocfl import reader, replicate, sealing
from zhudang.preservation.ocfl.content import Act, Content, CopyDiffers, Progress, SourceChanged, content_of_bytes
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.reader import held_files
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot
from zhudang.preservation.ocfl.sealing import CannotOpen, Held, Identities, Seal
from zhudang.preservation.ocfl.verifier import verify_object
from zhudang.preservation.ocfl.writer import write_version
from zhudang.shared.refusals import Reason

log = structlog.get_logger("zhudang.preservation")

Write = Callable[..., Inventory]
"""What writes the next version of an object: `writer.write_version`, or the same in a process of its own."""


class NoSoundCopy(Exception):
    """Every copy of an object that ought to be there is damaged: people must decide, nothing is overwritten."""

    def __init__(self, object_id: str) -> None:
        super().__init__(object_id)
        self.object_id = object_id


_NOT_TO_BE_CLOSED = (
    NoSoundCopy, ObjectDamaged, SourceChanged, CopyDiffers, CannotOpen, KeysUnusable, FileNotFoundError,
)  # fmt: skip
"""What may be wrong with an object that is full, all its places together, while its successor stands."""


@dataclass(frozen=True)
class Known:
    """What the rows know of a thing's objects before it is stored again.

    Args:
        read: object id -> SHA-512 of the inventory whose copies were read at every place: that version is not read again.
        newest: part -> its newest generation.
        closed: ids of the objects whose last version names their successor.
    """

    read: Mapping[str, str] = field(default_factory=dict)
    newest: Mapping[int, int] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class KeptObject:
    """One object that now stands in every place.

    Args:
        changed: a version was written.
        read: every copy was read back whole just now; else the rows say when it was.
        files, bytes: of the originals in its newest version.
        stored_bytes: of all its files, plain.
        closed: its last version names its successor.
    """

    name: ObjectName
    inventory: Inventory
    changed: bool
    read: bool
    files: int
    bytes: int
    stored_bytes: int
    closed: bool = False


@dataclass(frozen=True)
class Kept:
    """A volume or project that now stands in every place as packed, object by object; closed ones only when just closed."""

    objects: tuple[KeptObject, ...]

    @property
    def changed(self) -> bool:
        """Whether any version was written."""
        return any(each.changed for each in self.objects)

    @property
    def read(self) -> bool:
        """Whether any object was read back whole just now."""
        return any(each.read for each in self.objects)


@dataclass(frozen=True)
class Storing:
    """Stores things at some places; inside `sites.writing`.

    Args:
        open_keys: gives what opens sealed objects, also where the new version is plain.
        write: who writes a version.
    """

    roots: Sequence[StorageRoot]
    protection: Protection
    act: Act
    open_keys: Callable[[], Identities] = Identities
    known: Known = field(default_factory=Known)
    limits: Limits = LIMITS
    progress: Progress | None = None
    write: Write = write_version

    def store(self, thing: UUID, contents: Sequence[Content]) -> Kept:
        """Make every place hold this state as the newest of the thing, read back; safe to run again after a crash anywhere.

        Raises:
            StoreFull, SourceChanged, CopyDiffers, TooLarge, NoSoundCopy.
            KeysUnusable: it is to be encrypted and cannot be; nothing was written.
        """
        by_path = {content.path: content for content in contents}
        before = self._parts_before(thing)
        first, *others = succession.spread(list(by_path), self.limits, parts_before=before)
        kept: list[KeptObject] = []
        further: list[Part] = []
        whole = _read_description(by_path) if others else {}
        for number, paths in enumerate(others, start=2):
            files = [by_path[path] for path in paths]
            made = self._part(ObjectName(thing, number), files, succession.description_of_part(whole, set(paths)))
            further.append(Part(made[0].name, *((paths[0], paths[-1]) if paths else ())))
            kept += made
        kept += self._part(ObjectName(thing), [by_path[path] for path in first], None, further)
        return Kept(tuple(kept))

    def _parts_before(self, thing: UUID) -> int:
        number = max(self.known.newest, default=1)
        while self._is_anywhere(ObjectName(thing, number + 1)):
            number += 1
        return number

    def _is_anywhere(self, name: ObjectName) -> bool:
        return any(root.object_folder(str(name)).is_dir() for root in self.roots)

    def _part(
        self,
        name: ObjectName,
        files: list[Content],
        document: Mapping[str, Any] | None,
        further: Sequence[Part] = (),
    ) -> list[KeptObject]:
        """Store one part in its newest object, or in a successor begun now; the newest first, then what was just closed.

        Args:
            document: description of a further part; the first one has its own among its files.
        """
        name = self._newest(name)
        kept = self._next_version(name, self._described(name, files, document, further))
        if kept is None:
            name = name.successor
            kept = self._next_version(name, self._described(name, files, document, further))
            assert kept is not None  # a new object has room for its first version
        return [kept, *(closed for older in name.predecessors if (closed := self._close(older)))]

    def _newest(self, name: ObjectName) -> ObjectName:
        name = replace(name, generation=self.known.newest.get(name.part, 1))
        while self._is_anywhere(name.successor):
            name = name.successor
        return name

    def _described(
        self, name: ObjectName, files: list[Content], document: Mapping[str, Any] | None, further: Sequence[Part]
    ) -> list[Content]:
        if succession.is_alone(name, further):
            return files
        own = {content.path: content for content in files}
        document = _read_description(own) if document is None else document
        linked = succession.with_links(document, name, further)
        own |= {content.path: content for content in _descriptions(linked, own)}
        return list(own.values())

    def _next_version(self, name: ObjectName, contents: Sequence[Content]) -> KeptObject | None:
        """Write what an object lacks; None, and nothing written, when it has no room for one more state."""
        object_id, wanted = str(name), {content.path: content.sha256 for content in contents}
        prior, unread = self._settle(object_id)
        held = self._held(prior)
        originals = [content.size for content in contents if is_original(content.path)]
        sums = len(originals), sum(originals), sum(content.size for content in contents)
        if prior is not None and _state(held) == wanted:
            return KeptObject(name, prior, False, self._read_where_unknown(object_id, prior, unread), *sums)
        if prior is not None and not succession.has_room(prior.head, self.limits):
            return None
        act = self.act
        if prior is None and name.predecessor:
            act = replace(act, message=f"{act.message}；接续 / continues {name.predecessor}")
        inventory = self._write(object_id, contents, prior, self._seal(held), act, self.limits)
        return KeptObject(name, inventory, True, True, *sums)

    def _write(
        self,
        object_id: str,
        contents: Sequence[Content],
        prior: Inventory | None,
        seal: Seal | None,
        act: Act,
        limits: Limits,
    ) -> Inventory:
        """Write a version and read back, at every place, what must be read before it counts."""
        inventory = self.write(
            self.roots, object_id, contents, act=act, prior=prior, seal=seal, limits=limits, progress=self.progress
        )
        if seal:
            self._open_again(inventory, {content.path: content.sha256 for content in contents})
        if prior is not None:
            # Only the new version was read back while it was staged; a copy counts as read when all of it was.
            self._read_again(object_id, self.roots)
        return inventory

    def _close(self, name: ObjectName) -> KeptObject | None:
        """Let an object's last version name its successor, which is there already; None when that was known, or cannot be yet.

        What keeps it from that does not keep the successor from standing: it is tried again with the next version.
        """
        if str(name) in self.known.closed:
            return None
        try:
            return self._closed(name)
        except _NOT_TO_BE_CLOSED as problem:
            log.warning("an object does not name its successor yet", object=str(name), why=f"{problem}")
            return None

    def _closed(self, name: ObjectName) -> KeptObject | None:
        object_id = str(name)
        prior, unread = self._settle(object_id)
        if prior is None:
            return None
        identities = Identities() if sealing.protection_of(prior) == sealing.PLAIN else self._identities()
        folder, held = self._found(prior, identities)
        with reader.opened(folder, prior, held[DESCRIPTION], identities) as stream:
            described: dict[str, Any] = json.load(stream)
        sizes = {path: reader.plain_size(folder, prior, file) for path, file in held.items()}
        if succession.successor_named(described) == str(name.successor):
            read = self._read_where_unknown(object_id, prior, unread)
            return KeptObject(name, prior, False, read, *_sums(sizes), closed=True)
        told = _descriptions(succession.closing(described, name), held)
        contents = [Content(path, _held_already, sizes[path], file.sha256) for path, file in held.items()]
        anew = {each.path: each.size for each in told}
        contents = [*(each for each in contents if each.path not in anew), *told]
        # An object stays as closed as it was, whatever becomes of its class: bytes it holds are not written anew.
        recipient = self.protection.recipient or held[DESCRIPTION].key
        seal = Seal(recipient, self.protection.key_class, tuple(held.values())) if recipient else None
        act = replace(self.act, message=f"由 {name.successor} 接续 / continued by {name.successor}")
        room = replace(
            self.limits, versions=max(self.limits.versions, prior.head + 1), files=max(self.limits.files, len(contents))
        )
        inventory = self._write(object_id, contents, prior, seal, act, room)
        return KeptObject(name, inventory, True, True, *_sums({**sizes, **anew}), closed=True)

    def _settle(self, object_id: str) -> tuple[Inventory | None, list[StorageRoot]]:
        """Bring all places to the same version; give its inventory, and the places whose copy nobody has read yet."""
        held: dict[StorageRoot, Inventory] = {}
        broken: list[StorageRoot] = []
        for root in self.roots:
            try:
                inventory = root.mended_inventory(object_id)
            except ObjectDamaged:
                broken.append(root)
                continue
            if inventory is not None:
                held[root] = inventory
        if not held:
            if broken:
                raise NoSoundCopy(object_id)
            return None, []
        best = max(held, key=lambda root: held[root].head)
        for root in self.roots:
            if root in broken:
                replicate.replace_object(best, root, object_id, now=self.act.created)
            elif root not in held or held[root].head < held[best].head:
                replicate.bring_up_to(best, root, object_id)
        return held[best], list(held)

    def _read_where_unknown(self, object_id: str, inventory: Inventory, unread: Sequence[StorageRoot]) -> bool:
        """Read copies of a version that the rows do not know to have been read; tell whether that was so.

        A job killed between the bytes and the rows leaves a newer version than the rows know: that one was not read.
        """
        if inventory.sha512 == self.known.read.get(object_id):
            return False
        self._read_again(object_id, unread)
        return True

    def _read_again(self, object_id: str, unread: Sequence[StorageRoot]) -> None:
        """Read copies found in place whole; replace one that is not as written from one that is."""
        damaged = [
            root
            for root in unread
            if not verify_object(root.object_folder(object_id), object_id=object_id, progress=self.progress).sound
        ]
        sound = [root for root in self.roots if root not in damaged]
        if damaged and not sound:
            raise NoSoundCopy(object_id)
        for root in damaged:
            replicate.replace_object(sound[0], root, object_id, now=self.act.created)

    def _held(self, prior: Inventory | None) -> dict[str, Held]:
        """Tell the files of the newest version by their plain names; none of a sealed one where the next is to be plain.

        What was closed and is open now is written anew in the clear: otherwise it could never be read without a key.
        """
        if prior is None or (not self.protection.recipient and sealing.protection_of(prior) != sealing.PLAIN):
            return {}
        return self._found(prior, self.protection.identities)[1]

    def _found(self, prior: Inventory, identities: Identities) -> tuple[Path, dict[str, Held]]:
        """Tell the files of the newest version from the first place where they open, and the object's folder there."""
        problem: CannotOpen | None = None
        for root in self.roots:
            folder = root.object_folder(prior.object_id)
            try:
                return folder, held_files(folder, prior, identities)
            except CannotOpen as failure:
                problem = failure
        assert problem is not None
        if problem.reason == "no_key":
            raise KeysUnusable(Reason("preservation.sealed_no_key", {"object": prior.object_id})) from problem
        raise NoSoundCopy(prior.object_id) from problem

    def _identities(self) -> Identities:
        """Give what opens sealed objects, also where new versions are plain."""
        return self.protection.identities if self.protection.recipient else self.open_keys()

    def _seal(self, held: Mapping[str, Held]) -> Seal | None:
        if not self.protection.recipient:
            return None
        return Seal(self.protection.recipient, self.protection.key_class, tuple(held.values()))

    def _open_again(self, inventory: Inventory, wanted: Mapping[str, str]) -> None:
        """Open the index that was just written, from every place: the key that sealed it opens it, and it tells of all files."""
        identities = self._identities()
        for root in self.roots:
            folder = root.object_folder(inventory.object_id)
            try:
                found = _state(held_files(folder, inventory, identities))
            except CannotOpen as problem:
                raise CopyDiffers(root.place, [problem.name]) from problem
            if found != wanted:
                raise CopyDiffers(root.place, [sealing.index_name(self.protection.recipient)])


def _descriptions(document: Mapping[str, Any], held: Collection[str]) -> list[Content]:
    """A description as files: the XML too where there is one of this format, since both say the same."""
    told = [content_of_bytes(DESCRIPTION, names.json_bytes(document))]
    if description.XML in held and document.get("format") == description.FORMAT:
        told.append(content_of_bytes(description.XML, description.as_xml(document)))
    return told


def _read_description(contents: Mapping[str, Content]) -> dict[str, Any]:
    with contents[DESCRIPTION].open() as stream:
        document: dict[str, Any] = json.load(stream)
    return document


def _state(held: Mapping[str, Held]) -> dict[str, str]:
    return {path: file.sha256 for path, file in held.items()}


def _sums(sizes: Mapping[str, int]) -> tuple[int, int, int]:
    """Count originals, their bytes, and all bytes."""
    originals = [size for path, size in sizes.items() if is_original(path)]
    return len(originals), sum(originals), sum(sizes.values())


def _held_already() -> BinaryIO:
    raise AssertionError("bytes that the object holds are not read again")
