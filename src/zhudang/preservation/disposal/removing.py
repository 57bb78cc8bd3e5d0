"""The removal itself, at places that hold a volume: the one piece of code that takes away what is preserved.

It works on a `Warrant` only, and gets one only from the rows of a case under execution that two witnesses signed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from zhudang.preservation.disposal import tombstone
from zhudang.preservation.disposal.models import DisposalCase, DisposalItem
from zhudang.preservation.domain.disposal import CaseState, Outcome
from zhudang.preservation.domain.names import ObjectName, object_id, object_name
from zhudang.preservation.keeping import SYSTEM_ADDRESS
from zhudang.preservation.keys import keyring
from zhudang.preservation.ocfl import durable, layout, replicate
from zhudang.preservation.ocfl.content import Act
from zhudang.preservation.ocfl.inventory import Inventory
from zhudang.preservation.ocfl.root import ObjectDamaged, StorageRoot
from zhudang.preservation.ocfl.sealing import Seal
from zhudang.preservation.ocfl.verifier import verify_object
from zhudang.preservation.ocfl.writer import write_version


class NoWarrant(Exception):
    """No case under execution, signed by two witnesses, has this volume: nothing is touched."""


class NotGone(Exception):
    """What was removed can be found all the same, or the tombstone is not whole: nothing counts as destroyed."""


@dataclass(frozen=True)
class Warrant:
    """The right to remove one volume. Only `warrant_for` makes one."""

    case: DisposalCase
    item: DisposalItem

    @property
    def object_id(self) -> str:
        """The id of the volume's first object, which its tombstone takes over."""
        return object_id(self.item.object_id)

    @property
    def further(self) -> tuple[str, ...]:
        """The ids of its other objects as its list tells them: parts and successors."""
        return tuple(each["object"] for each in self.item.further)


def warrant_for(item_id: UUID) -> Warrant:
    """Give the right to remove the volume of one line, as the rows stand now.

    Raises:
        NoWarrant.
    """
    item = DisposalItem.objects.select_related("case").filter(pk=item_id).first()
    if item is None:
        raise NoWarrant(str(item_id))
    case = item.case
    signed = set(
        case.signatures.filter(place="", list_sha256=case.approved_sha256)
        .exclude(username__in=[case.proposed_by, case.executor])
        .values_list("username", flat=True)
    )
    executing = case.state == CaseState.EXECUTING.value and item.outcome == Outcome.PENDING.value
    # What an offline place still owes is cleared after the case is done.
    owed = item.outcome == Outcome.DESTROYED.value and item.steps.filter(gone=False).exists()
    if not (executing or owed) or len(signed) < case.rules["witnesses"]["number"]:
        raise NoWarrant(str(item_id))
    return Warrant(case, item)


def replace_by_tombstone(warrant: Warrant, roots: Sequence[StorageRoot]) -> Inventory:
    """Take all objects of a volume away at places and put its tombstone there, read back; inside `sites.writing` of these.

    Safe to run again after a crash anywhere: what was taken out of a store lies in its staging and is thrown away by
    whoever writes there next, and a tombstone that stands at one place is copied to the others. The first object, which
    describes the others, goes last.

    Raises:
        KeysUnusable: the tombstone could not be kept as secret as the volume was; nothing was touched.
        NotGone.
    """
    protection = keyring.protection(warrant.item.level, roots)
    _remove_further(warrant, roots)
    standing = [root for root in roots if tombstone.stands(_inventory(root, warrant.object_id), warrant.case)]
    others = [root for root in roots if root not in standing]
    retired = [path for root in others if (path := _taken_out(root, warrant.object_id))]
    if standing:
        inventory = _copied(standing[0], others, warrant.object_id)
    else:
        seal = Seal(protection.recipient, protection.key_class, ()) if protection.recipient else None
        act = Act(
            tombstone.created_at(warrant.case), tombstone.message_of(warrant.case), "筑档 Zhudang", SYSTEM_ADDRESS
        )
        inventory = write_version(
            others, warrant.object_id, tombstone.contents_of(warrant.case, warrant.item), act=act, seal=seal
        )
    _throw_away(retired)
    for root in roots:
        _throw_out_quarantine(root, warrant.object_id)
        prove(root, warrant.object_id, inventory.sha512, warrant.further)
    return inventory


def bring_tombstone(warrant: Warrant, source: StorageRoot, root: StorageRoot) -> None:
    """Put the tombstone that stands at `source` in the stead of the bytes at a place that still held them, read back.

    Inside `root.only_writer`.

    Raises:
        NotGone.
    """
    inventory = source.inventory(warrant.object_id)
    if not tombstone.stands(inventory, warrant.case):
        raise NotGone(f"{source.place}: {warrant.object_id}")
    assert inventory is not None
    _remove_further(warrant, [root])
    if not tombstone.stands(_inventory(root, warrant.object_id), warrant.case):
        retired = _taken_out(root, warrant.object_id)
        _copied(source, [root], warrant.object_id)
        _throw_away([retired] if retired else [])
    _throw_out_quarantine(root, warrant.object_id)
    prove(root, warrant.object_id, inventory.sha512, warrant.further)


def objects_beside(first: str, listed: Iterable[str], is_there: Callable[[str], bool]) -> list[str]:
    """The ids of a volume's other objects: those listed, and those after them that a writer left who died before its rows.

    The last first, so that none is out of sight when those before it are gone.
    """
    names = {name for each in (first, *listed) if (name := object_name(each)) is not None}
    [thing] = {name.thing for name in names}
    part, last = 1, max(name.part for name in names)
    while part <= last or is_there(str(ObjectName(thing, part))):
        newest = ObjectName(thing, part, max((name.generation for name in names if name.part == part), default=1))
        names.add(newest)
        while is_there(str(newest.successor)):
            newest = newest.successor
            names.add(newest)
        part += 1
    return [str(name) for name in sorted(names, reverse=True) if not name.is_first]


def _remove_further(warrant: Warrant, roots: Sequence[StorageRoot]) -> None:
    """Take the objects beside the first away, with the folders that held nothing else; nothing takes their place."""

    def is_there(wanted: str) -> bool:
        return any(root.object_folder(wanted).is_dir() for root in roots)

    for wanted in objects_beside(warrant.object_id, warrant.further, is_there):
        for root in roots:
            retired = _taken_out(root, wanted)
            # Also where an earlier run took it out and died: OCFL allows no empty folder in a store.
            root.mend(wanted)
            _throw_away([retired] if retired else [])


def _copied(source: StorageRoot, roots: Sequence[StorageRoot], wanted: str) -> Inventory:
    inventory = source.inventory(wanted)
    assert inventory is not None
    for root in roots:
        replicate.copy_object(source, root, wanted)
    return inventory


def _throw_away(retired: Sequence[Path]) -> None:
    for path in retired:
        shutil.rmtree(path)
        durable.sync_folder(path.parent)
    if left := [path for path in retired if os.path.lexists(path)]:
        raise NotGone(str(left[0]))


def prove(root: StorageRoot, wanted: str, inventory_sha512: str, further: Iterable[str] = ()) -> None:
    """Read back that nothing of a volume lies at a place but its tombstone, whole.

    Args:
        wanted: the volume's first object; `further` its others.

    Raises:
        NotGone.
    """
    for other in further:
        if os.path.lexists(root.object_folder(other)):
            raise NotGone(f"{root.place}: {other}")
    found = verify_object(root.object_folder(wanted), object_id=wanted)
    if not found.sound or found.inventory is None or found.inventory.sha512 != inventory_sha512:
        raise NotGone(f"{root.place}: {wanted}")
    if left := _in_quarantine(root, wanted):
        raise NotGone(str(left[0]))


def _inventory(root: StorageRoot, wanted: str) -> Inventory | None:
    try:
        return root.inventory(wanted)
    except ObjectDamaged:
        return None


def _taken_out(root: StorageRoot, wanted: str) -> Path | None:
    """Move an object out of the store in one step; what lies in staging is thrown away, now or by the next writer."""
    folder = root.object_folder(wanted)
    if not folder.exists():
        return None
    retired = root.new_staging() / "retired"
    folder.rename(retired)
    durable.sync_folder(folder.parent)
    return retired.parent


def _in_quarantine(root: StorageRoot, wanted: str) -> list[Path]:
    """Damaged copies of a volume's objects that a repair once set aside; `wanted` is its first."""
    aside = root.place / "quarantine"
    own = tuple(folder_names(wanted))
    return sorted(path for path in aside.iterdir() if path.name.startswith(own)) if aside.is_dir() else []


def folder_names(first: str) -> tuple[str, str]:
    """How the names in a quarantine begin for the first object of a volume, and for its parts and successors."""
    return f"{layout.object_path(first).name}-", layout.object_path(f"{first}:").name


def _throw_out_quarantine(root: StorageRoot, wanted: str) -> None:
    found = _in_quarantine(root, wanted)
    for path in found:
        shutil.rmtree(path)
    if found:
        durable.sync_folder(root.place / "quarantine")
