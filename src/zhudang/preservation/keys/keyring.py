"""The keys in use: what opens sealed holdings, and for whom new ones are sealed. Fails closed, never into the clear.

Opened keys are remembered for as long as none of the files they came from is replaced or written: a transfer of many
objects opens them once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.utils import timezone

from zhudang.preservation import alarm
from zhudang.preservation.keys import classes, fixity, given, wrapping
from zhudang.preservation.keys.protection import Protection
from zhudang.preservation.keys.register import REGISTER, Register
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.sealing import CannotOpen, Identities
from zhudang.preservation.ocfl.verifier import Damage
from zhudang.shared.refusals import Reason


@dataclass(frozen=True)
class Keyring:
    """The opened keys of all classes.

    Args:
        spread: the keys (class, suite) that were found ready for use, and every place equipped with them.
    """

    register: Register
    identities: Identities
    spread: set[tuple[str, str]] = field(default_factory=set, compare=False)


FileFacts = tuple[int, int, int, int] | None


@dataclass(frozen=True)
class _Remembered:
    """Opened keys, and the files they came from as these were then."""

    home: Path
    stores: tuple[Path, ...]
    files: Mapping[Path, FileFacts]
    ring: Keyring

    def still_holds(self, home: Path, stores: Sequence[Path]) -> bool:
        return (home, tuple(stores)) == (self.home, self.stores) and all(
            _facts(path) == known for path, known in self.files.items()
        )


_remembered: _Remembered | None = None


def load(stores: Sequence[Path] = ()) -> Keyring | None:
    """Open all class keys with the working key; None where there was no ceremony yet.

    Args:
        stores: folders of stores: their key files stand in for a damaged one here, and a trace of keys there without a
            register here means that they were lost, not that there never were any.

    Raises:
        KeysUnusable: with every reason.
    """
    global _remembered
    home = wrapping.folder()
    if _remembered is not None and _remembered.still_holds(home, stores):
        return _remembered.ring
    facts = {home / REGISTER: _facts(home / REGISTER)}
    register = wrapping.register_at(home)
    if register is None:
        if any(wrapping.had_keys(place) for place in [home, *stores]):
            raise KeysUnusable(Reason("preservation.keys_lost"))
        return None
    if not given.vouches_for_register(home):
        raise KeysUnusable(Reason("preservation.keys_register_changed"))
    # Before they are read: what is changed while it is read is read again next time.
    facts |= {path: _facts(path) for path in _files(register, home, stores)}
    ring = Keyring(register, _opened(register, stores))
    _remembered = _Remembered(home, tuple(stores), facts, ring)
    return ring


def _opened(register: Register, stores: Sequence[Path]) -> Identities:
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
    return Identities(found)


def _files(register: Register, home: Path, stores: Sequence[Path]) -> list[Path]:
    key_files = [key.file for key in register.classes]
    at_home = [home / name for name in (wrapping.WORKING, wrapping.NEXT, *key_files)]
    return at_home + [store / name for store in stores for name in (REGISTER, *key_files)]


def _facts(path: Path) -> FileFacts:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


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
    ring = _ready(row.code, row.suite, [root.folder for root in roots])
    if ring is None:
        if row.without_keys == classes.WAIT:
            raise KeysUnusable(Reason("preservation.keys_first", {"class": row.name}))
        return Protection(row.code, "", Identities())
    key = ring.register.key_of(row.code, row.suite)
    assert key is not None
    return Protection(row.code, key.recipient, ring.identities)


def recipient_for(code: str, suite: str, roots: Sequence[StorageRoot]) -> str:
    """Tell for whom to seal what is no holding but has a key of its own; empty where there was no ceremony yet.

    Raises:
        KeysUnusable.
    """
    if (ring := _ready(code, suite, [root.folder for root in roots])) is None:
        return ""
    key = ring.register.key_of(code, suite)
    assert key is not None
    return key.recipient


def equip(stores: Sequence[StorageRoot]) -> None:
    """Give places the key files and the register: whoever holds such a place and enough shares can read it.

    Where the register here is not one we wrote, nothing is given. What is damaged there, `wrong_at` has told before.
    """
    with wrapping.only_one() as home:
        given.begin(home)
        if (register := wrapping.register_at(home)) is not None and given.vouches_for_register(home):
            give(register, [store.folder for store in stores], told=True)


def give(register: Register, stores: Sequence[Path], *, told: bool = False) -> None:
    """Give places the register and the key files; what was damaged there before is told. Inside `wrapping.only_one`.

    Args:
        told: whoever asks tells it.
    """
    for store in stores:
        read, site = fixity.reader_of(store), alarm.site_at(store)
        wrong = fixity.wrong_at(read, register, wrapping.folder())
        were_given = bool(site and site.key_files) or wrapping.had_keys(store)
        wrapping.spread(register, store)
        if site is None:
            continue
        now = timezone.now()
        if were_given and not told:
            left = fixity.wrong_at(read, register, wrapping.folder())
            alarm.tell(f"preservation.site:{site.pk}", site.code, site.name, wrong, now, mended=not left)
        site.key_files = {"at": now.isoformat(), "sha256": wrapping.digest_of_files(register)}
        site.save(update_fields=["key_files"])


def wrong_at(read: fixity.Read) -> list[Damage]:
    """Tell the files of the keys that a place ought to hold and does not, or not as written: without them no share opens anything there.

    Where the register here is not one we wrote, nothing can be told of the places.
    """
    home = wrapping.folder()
    register = wrapping.register_at(home)
    if register is None or not given.vouches_for_register(home):
        return []
    return fixity.wrong_at(read, register, home)


def wrong_here() -> list[Damage]:
    """Tell the files of the keys that are not as they were written in the installation's own folder."""
    home = wrapping.folder()
    return fixity.wrong_here(wrapping.register_at(home), home)


def mend_here(elsewhere: Sequence[fixity.Read]) -> None:
    """Mend what is wrong in the installation's own folder of keys from the places: first the register, then what it tells of."""
    with wrapping.only_one() as home:
        for _ in range(2):
            fixity.mend_here(home, wrong_here(), elsewhere)


def _ready(code: str, suite: str, stores: Sequence[Path]) -> Keyring | None:
    """Open the keys, finish what a crash left half done, make the class's key, give every store what it lacks."""
    ring = load(stores)
    if ring is None or (code, suite) in ring.spread:
        return ring
    register = ring.register
    complete = wrapping.is_settled(register) and register.key_of(code, suite) is not None
    if not complete or not all(wrapping.holds_all(register, store) for store in stores):
        with wrapping.only_one():
            register = settle(stores)
            if register.key_of(code, suite) is None:
                register = wrapping.make_class_key(register, code, suite, at=timezone.localtime(timezone.now()))
            give(register, stores)
        # Not yet known to be spread: the next use looks at what was just written.
        return load(stores)
    ring.spread.add((code, suite))
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
    # A next one made with nothing wrapped to it yet is taken up by whoever rotates next.
    if (wrapping.folder() / wrapping.NEXT).exists() and wrapping.next_working().is_of(register):
        register = wrapping.rewrap(register, opener, stores)
        give(register, stores)
        wrapping.take_next()
        return register
    return wrapping.rewrap(register, opener, stores)
