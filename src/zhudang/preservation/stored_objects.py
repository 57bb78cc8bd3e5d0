"""Objects of a store read by plain names, without any row: what rebuilding and the emergency service begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

from zhudang.preservation import catalogue
from zhudang.preservation.domain import succession
from zhudang.preservation.domain.names import ObjectName, object_name
from zhudang.preservation.domain.succession import DESCRIPTION
from zhudang.preservation.ocfl import reader
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.reader import object_inventories
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.sealing import CannotOpen, Held, Identities
from zhudang.shared.refusals import Reason, Refusal


class CannotRebuild(Refusal):
    """The database is not empty, or the store does not give what is needed; nothing changed."""


@dataclass(frozen=True)
class Store:
    """One place, with the keys that open what is sealed there.

    Attributes:
        left_out: folders that the walks over it passed over, with why: OSError, or ObjectDamaged.
    """

    root: StorageRoot
    keys: Identities
    left_out: dict[Path, Exception] = field(default_factory=dict)

    def objects(self) -> Iterator[StoredObject]:
        for folder, inventory in object_inventories(self.root, self.left_out.__setitem__):
            if (name := object_name(inventory.object_id)) is not None:
                yield StoredObject(name, folder, inventory, self.keys)


@dataclass(frozen=True)
class StoredObject:
    """One object at a place, read by plain names."""

    name: ObjectName
    folder: Path
    inventory: Inventory
    keys: Identities

    @property
    def id(self) -> UUID:
        """The volume's or project's own id (`ARCHIVE_ID` of the archive's registers), whatever part or generation of it this is."""
        return self.name.thing

    def held(self) -> dict[str, Held]:
        """Tell the newest version's files.

        Raises:
            CannotRebuild: it is sealed and does not open.
        """
        try:
            return reader.held_files(self.folder, self.inventory, self.keys)
        except CannotOpen as problem:
            raise CannotRebuild(
                Reason(f"preservation.sealed_{problem.reason}", {"object": self.inventory.object_id})
            ) from problem

    def size(self, held: Held) -> int:
        return reader.plain_size(self.folder, self.inventory, held)

    def successor(self) -> str:
        """Tell which object the newest version names as its successor; empty when none.

        Raises:
            CannotRebuild: the description does not open.
        """
        try:
            described = reader.read_json(self.folder, self.inventory, DESCRIPTION, self.keys)
            return succession.successor_named(described)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise CannotRebuild(
                Reason("preservation.catalogue_damaged", {"object": str(self.name), "path": DESCRIPTION})
            ) from problem


def tables_of(item: StoredObject) -> Iterator[tuple[str, Held]]:
    """Tell the tables a project's object holds, by name."""
    for path, held in item.held().items():
        if path.startswith(f"{catalogue.FOLDER}/"):
            yield path.removeprefix(f"{catalogue.FOLDER}/").removesuffix(".jsonl"), held


def read_tables(item: StoredObject, wanted: Callable[[str], bool] | None = None) -> dict[str, catalogue.StoredTable]:
    """Give a project's tables (or those wanted, by name), each compared with its digest before it is believed.

    Raises:
        CannotRebuild: a table is not what was written, or what is sealed does not open.
    """
    found = {}
    for path, held in item.held().items():
        name = path.removeprefix(f"{catalogue.FOLDER}/").removesuffix(".jsonl")
        if not path.startswith(f"{catalogue.FOLDER}/") or (wanted and not wanted(name)):
            continue
        try:
            sound = reader.is_as_stored(item.folder, item.inventory, held)
        except OSError:
            sound = False
        if not sound:
            raise CannotRebuild(
                Reason("preservation.catalogue_damaged", {"object": item.inventory.object_id, "path": path})
            )
        found[name] = catalogue.StoredTable(partial(reader.opened, item.folder, item.inventory, held, item.keys))
    return found
