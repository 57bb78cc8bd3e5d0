"""The files of the keys: written whole or not at all, the same in `var/keys` and at the root of every store.

A key file is an envelope of its suite (armored age, or the national one) around an identity file, sealed for the working key and
for the recovery key. It is replaced
in one step (new file, fsync, rename), so a machine that stops anywhere leaves the old file or the new one. While a
rotation is under way both working keys are there, so either opens.

The file of a working key is an identity file of age; its SM2 half stands in lines that age skips (`#~ `), so that both
are one file, replaced in one step.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyrage
from django.conf import settings
from django.utils import timezone

from zhudang.preservation.keys import given
from zhudang.preservation.keys.register import REGISTER, ClassKey, Register, RegisterUnreadable, read_register
from zhudang.preservation.ocfl import durable, quarantine, sealing
from zhudang.preservation.ocfl.root import known_texts, readme
from zhudang.preservation.ocfl.sealing import SM, CannotOpen, Identities, Identity
from zhudang.preservation.ocfl.sm2_keys import Sm2Key
from zhudang.shared.refusals import Reason, Refusal
from zhudang.shared.secret_files import made_once

WORKING, NEXT = "working.key", "working.next"
_SKIPPED = "#~ "
_PEM_LINE = "-----"


@dataclass(frozen=True)
class WorkingKey:
    """A working key in both suites."""

    age: pyrage.x25519.Identity
    sm: Sm2Key

    def is_of(self, register: Register) -> bool:
        """Whether it is the one in force."""
        return str(self.age.to_public()) == register.working


class KeysUnusable(Refusal):
    """The keys needed are not there, or do not open what they should; nothing was stored in the clear instead."""


def folder() -> Path:
    """Where this installation's keys lie."""
    return Path(settings.DATA) / "keys"


@contextmanager
def only_one() -> Iterator[Path]:
    """Be the only one who changes the keys; gives their folder."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder()
    finally:
        os.close(descriptor)


def register_at(place: Path) -> Register | None:
    """Read the register that lies in a folder; None where there is none, or none that can be read."""
    try:
        return read_register((place / REGISTER).read_bytes())
    except (FileNotFoundError, NotADirectoryError, RegisterUnreadable):
        return None


def had_keys(place: Path) -> bool:
    """Whether a folder shows that a ceremony was held, also where its register is gone or cannot be read."""
    return (place / REGISTER).exists() or any(
        next(place.glob(f"key-*{suffix}"), None) is not None for suffix in sealing.SUFFIXES.values()
    )


def save(register: Register) -> Register:
    """Put a register in the place of the installation's own; both are noted among what was given (`given`)."""
    given.begin(folder())
    given.note(folder(), register.to_json())
    durable.replace_durably(folder() / REGISTER, register.to_json())
    return register


def working_identities() -> list[Identity]:
    """Read the working key in both suites, and the next one while a rotation is under way."""
    found: list[Identity] = []
    for name in (WORKING, NEXT):
        with suppress(FileNotFoundError, NotADirectoryError, ValueError):
            found += identities_in((folder() / name).read_bytes())
    return found


def working_key() -> WorkingKey:
    """Give the working key, made when there is none yet (mode 0600)."""
    return _working_key(WORKING)


def next_working() -> WorkingKey:
    """Give the next working key, made when it is not there yet (mode 0600)."""
    return _working_key(NEXT)


def _working_key(name: str) -> WorkingKey:
    path = folder() / name
    data = made_once(path, lambda: identity_file(pyrage.x25519.Identity.generate(), "working key") + _sm_lines())
    if len(identities_in(data)) == 1:
        # Of an installation from before the national suite.
        data += _sm_lines()
        durable.replace_durably(path, data, mode=0o600)
    age, sm = identities_in(data)
    assert not isinstance(age, Sm2Key)
    assert isinstance(sm, Sm2Key)
    return WorkingKey(age, sm)


def _sm_lines() -> bytes:
    text = identity_file(Sm2Key.generate(), "working key, SM2").decode()
    return "".join(f"{_SKIPPED}{line}\n" for line in text.splitlines()).encode()


def take_next() -> None:
    """Let the next working key take the place of the one before."""
    (folder() / NEXT).replace(folder() / WORKING)
    durable.sync_folder(folder())


def identity_file(identity: Identity, about: str) -> bytes:
    """Write an identity as `age-keygen` does, or as PEM where it is SM2."""
    secret = identity.to_pem() if isinstance(identity, Sm2Key) else f"{identity}\n"
    return f"# Zhudang: {about}\n# public key: {identity.to_public()}\n{secret}".encode()


def identities_in(data: bytes) -> list[Identity]:
    """Read an identity file: age's first, then those of SM2.

    Raises:
        ValueError: it holds none.
    """
    lines = [line.strip().removeprefix(_SKIPPED) for line in data.decode("ascii", "replace").splitlines()]
    inside, found = False, list[Identity]()
    try:
        for line in lines:
            if line.startswith(_PEM_LINE):
                inside = not inside
            elif line and not inside and not line.startswith("#"):
                found.append(pyrage.x25519.Identity.from_str(line))
    except pyrage.IdentityError as problem:
        raise ValueError("no identity file") from problem
    found += Sm2Key.all_in("\n".join(lines))
    if not found:
        raise ValueError("no identity in it")
    return found


def make_class_key(register: Register, code: str, suite: str, *, at: datetime) -> Register:
    """Give a class its key of a suite: the small file first, then the register that tells of it.

    Raises:
        KeysUnusable: the recovery key's SM2 half is not known yet: the ceremony was held before there was one.
    """
    if suite == SM:
        register = _with_working_sm(register)
        if not register.recovery.recipient_sm:
            raise KeysUnusable(Reason("preservation.keys_sm_shares"))
    identity = Sm2Key.generate() if suite == SM else pyrage.x25519.Identity.generate()
    key = ClassKey(code, str(identity.to_public()), at.isoformat(timespec="seconds"))
    return save(register.with_key(_wrapped(key, identity, register)))


def _with_working_sm(register: Register) -> Register:
    if register.working_sm:
        return register
    return save(replace(register, working_sm=working_key().sm.to_public()))


def open_key(key: ClassKey, opener: Identities, places: Sequence[Path]) -> Identity:
    """Open a class's key from the first place whose file gives it.

    Raises:
        CannotOpen: none does; the reason is the first place's.
    """
    first: CannotOpen | None = None
    for place in places:
        try:
            [identity, *_] = identities_in(opener.open_bytes((place / key.file).read_bytes(), key.file))
            if str(identity.to_public()) == key.recipient:
                return identity
            problem = CannotOpen(key.file, "damaged")
        except CannotOpen as failure:
            problem = failure
        except (OSError, ValueError):
            problem = CannotOpen(key.file, "damaged")
        first = first or problem
    raise first or CannotOpen(key.file, "damaged")


def is_settled(register: Register) -> bool:
    """Whether every key file of this installation is the one the register tells of, for the right keys."""
    return not (folder() / NEXT).exists() and all(_is_current(register, key) for key in register.classes)


def rewrap(register: Register, opener: Identities, stores: Sequence[Path]) -> Register:
    """Wrap every key file anew that is not wrapped as the register wants; what a crash left half done is done.

    Args:
        opener: the working keys, or the recovery key.
        stores: folders of stores, whose files stand in for a damaged one here.

    Raises:
        KeysUnusable: with every key file that nothing opened.
    """
    reasons = []
    for key in register.classes:
        if _is_current(register, key):
            continue
        try:
            identity = open_key(key, opener, [folder(), *stores])
        except CannotOpen as problem:
            reasons.append(Reason(f"preservation.key_{problem.reason}", {"file": key.file}))
            continue
        register = save(register.with_key(_wrapped(key, identity, register)))
    if reasons:
        raise KeysUnusable(*reasons)
    return register


def spread(register: Register, store: Path) -> bool:
    """Give a store the register, the key files and the text that explains them, where they differ; tells whether they did."""
    wanted = {"README.txt": readme(), **files_for_stores(register)}
    changed = {name: data for name, data in wanted.items() if not _holds(store / name, data)}
    # The register last: what it tells of is there before it.
    for name in sorted(changed, key=lambda each: each == REGISTER):
        put(store, name, changed[name])
    return bool(changed)


def put(target: Path, name: str, data: bytes) -> None:
    """Put a file of the keys, or the text beside them, into a folder; what lies there and was never ours is set aside."""
    path, found = target / name, ""
    with suppress(OSError):
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    if (name, found) not in given.all_given(folder()) and found not in known_texts():
        quarantine.set_file_aside(target.parent, target, name, timezone.now())
    durable.replace_durably(path, data)


def files_for_stores(register: Register) -> dict[str, bytes]:
    """Name -> bytes of what lies at the root of every store; the register last: what it tells of is there before it.

    A key file that is not here as the register tells is left out: it must not be laid over a sound one.
    """
    return {key.file: data for key in register.classes if (data := _sound(key)) is not None} | {
        REGISTER: register.to_json()
    }


def digest_of_files(register: Register) -> str:
    """SHA-256 over the names and bytes of what lies at the root of every store, to know them again."""
    digest = hashlib.sha256()
    for name, data in sorted(files_for_stores(register).items()):
        digest.update(f"{name} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def give(target: Path) -> None:
    """Put the register and all key files into a folder that is to be opened by itself, such as a backup."""
    register = register_at(folder())
    assert register is not None
    for name in (REGISTER, *(key.file for key in register.classes)):
        durable.replace_durably(target / name, (folder() / name).read_bytes())


def holds_all(register: Register, store: Path) -> bool:
    """Whether a store has the register and the key files as they are here."""
    return all(_holds(store / name, data) for name, data in files_for_stores(register).items())


def _wrapped(key: ClassKey, identity: Identity, register: Register) -> ClassKey:
    """Write a class's key file for the keys the register wants; give the entry that tells of it."""
    plain = identity_file(identity, f"key class {key.code}, created {key.made_at}")
    wanted = register.wanted(key.suite)
    data = sealing.wrap(plain, wanted)
    durable.replace_durably(folder() / key.file, data)
    return replace(key, sha256=hashlib.sha256(data).hexdigest(), wrapped_to=wanted)


def _is_current(register: Register, key: ClassKey) -> bool:
    return key.wrapped_to == register.wanted(key.suite) and _sound(key) is not None


def _sound(key: ClassKey) -> bytes | None:
    """A key file of the installation, where it is the one the register tells of."""
    try:
        data = (folder() / key.file).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == key.sha256 else None


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data
