"""The keys in use: what opens sealed holdings, and for whom new ones are sealed. Fails closed, never into the clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone

from zhudang.preservation.keys import classes, wrapping
from zhudang.preservation.keys.register import Register
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.sealing import CannotOpen, Identities
from zhudang.shared.refusals import Reason


@dataclass(frozen=True)
class Keyring:
    """The opened keys of all classes."""

    register: Register
    identities: Identities


@dataclass(frozen=True)
class Protection:
    """How a new version is to be kept.

    Args:
        key_class: code of its class.
        recipient: for whom it is sealed; empty when it is kept plain.
        identities: open what the object holds sealed already.
    """

    key_class: str
    recipient: str
    identities: Identities


def load(stores: Sequence[Path] = ()) -> Keyring | None:
    """Open all class keys with the working key; None where there was no ceremony yet.

    Args:
        stores: folders of stores: their key files stand in for a damaged one here, and a trace of keys there without a
            register here means that they were lost, not that there never were any.

    Raises:
        KeysUnusable: with every reason.
    """
    register = wrapping.register_at(wrapping.folder())
    if register is None:
        if any(wrapping.had_keys(place) for place in [wrapping.folder(), *stores]):
            raise KeysUnusable(Reason("preservation.keys_lost"))
        return None
    working = wrapping.working_identities()
    if not working:
        raise KeysUnusable(Reason("preservation.keys_lost"))
    opener, found, reasons = Identities(working), [], []
    for key in register.classes:
        try:
            found.append(wrapping.open_key(key, opener, [wrapping.folder(), *stores]))
        except CannotOpen as problem:
            reasons.append(Reason(f"preservation.key_{problem.reason}", {"file": key.file}))
    if reasons:
        raise KeysUnusable(*reasons)
    return Keyring(register, Identities(found))


def identities(roots: Sequence[StorageRoot]) -> Identities:
    """Give what opens the sealed objects of these places; nothing where there are no keys.

    Raises:
        KeysUnusable.
    """
    ring = load([root.folder for root in roots])
    return ring.identities if ring else Identities()


def protection(level: int, roots: Sequence[StorageRoot]) -> Protection:
    """Tell how a new version of holdings at a secrecy level is to be kept at these places; inside `sites.writing`.

    Where it is to be sealed, its class has a key, that key opens, and every place has the key file, before this returns.

    Raises:
        KeysUnusable: it ought to be sealed and cannot be: the keys are lost, or its class waits for a ceremony.
    """
    row = classes.current().of_level(level)
    if not row.encrypted:
        return Protection(row.code, "", Identities())
    ring = _ready(row.code, [root.folder for root in roots])
    if ring is None:
        if row.without_keys == classes.WAIT:
            raise KeysUnusable(Reason("preservation.keys_first", {"class": row.name}))
        return Protection(row.code, "", Identities())
    key = ring.register.key_of(row.code)
    assert key is not None
    return Protection(row.code, key.recipient, ring.identities)


def recipient_for(code: str, roots: Sequence[StorageRoot]) -> str:
    """Tell for whom to seal what is no holding but has a key of its own; empty where there was no ceremony yet.

    Raises:
        KeysUnusable.
    """
    if (ring := _ready(code, [root.folder for root in roots])) is None:
        return ""
    key = ring.register.key_of(code)
    assert key is not None
    return key.recipient


def equip(stores: Sequence[StorageRoot]) -> None:
    """Give places the key files and the register: whoever holds such a place and enough shares can read it."""
    with wrapping.only_one() as home:
        if (register := wrapping.register_at(home)) is not None:
            for store in stores:
                wrapping.spread(register, store.folder)


def _ready(code: str, stores: Sequence[Path]) -> Keyring | None:
    """Open the keys, finish what a crash left half done, make the class's key, give every store what it lacks."""
    if (ring := load(stores)) is None:
        return None
    register = ring.register
    complete = wrapping.is_settled(register) and register.key_of(code) is not None
    if not complete or not all(wrapping.holds_all(register, store) for store in stores):
        with wrapping.only_one():
            register = settle(stores)
            if register.key_of(code) is None:
                register = wrapping.make_class_key(register, code, at=timezone.localtime(timezone.now()))
            for store in stores:
                wrapping.spread(register, store)
        ring = load(stores)
    return ring


def settle(stores: Sequence[Path]) -> Register:
    """Finish a rotation or a ceremony that was cut off; inside `wrapping.only_one`.

    Raises:
        KeysUnusable.
    """
    register = wrapping.register_at(wrapping.folder())
    if register is None:
        raise KeysUnusable(Reason("preservation.keys_none"))
    opener = Identities(wrapping.working_identities())
    if (wrapping.folder() / wrapping.NEXT).exists():
        following = str(wrapping.next_working().to_public())
        if register.working == following:
            register = wrapping.rewrap(register, opener, stores)
            for store in stores:
                wrapping.spread(register, store)
            wrapping.take_next()
            return register
        # Made, and nothing was wrapped to it yet: whoever rotates next takes it up.
    return wrapping.rewrap(register, opener, stores)
