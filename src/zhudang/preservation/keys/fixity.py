"""Whether the files of the keys at a place are as they were written: in force, of before, or something else.

Their digests are SHA-256, as the register tells those of the key files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from zhudang.preservation.keys import given, wrapping
from zhudang.preservation.keys.register import REGISTER, ClassKey, Register, RegisterUnreadable, read_register
from zhudang.preservation.ocfl import plain_files
from zhudang.preservation.ocfl.verifier import CHANGED, MISSING, UNREADABLE, Damage

Read = Callable[[str], bytes | None]
"""Bytes of a file by its name at the place; None where there is none. May raise OSError."""
KEYS = "keys"
"""What the installation's own folder of keys is called where places are named."""
_LARGEST = 1024 * 1024


def reader_of(folder: Path) -> Read:
    """Read files of a folder."""

    def read(name: str) -> bytes | None:
        try:
            return plain_files.read(folder / name, _LARGEST)
        except (FileNotFoundError, NotADirectoryError):
            return None

    return read


def wrong_at(read: Read, register: Register, home: Path) -> list[Damage]:
    """Tell the files of the keys at a place that are neither as they are in force nor as an earlier state of ours.

    An earlier state is the register of then with the key files it named; a key file of then under the register in force is none.
    """
    known, data = given.all_given(home), _read(read, REGISTER)
    digest = _digest(data)
    in_force = digest == hashlib.sha256(register.to_json()).hexdigest()
    earlier = _register_in(data) if not in_force and (REGISTER, digest) in known else None
    found = []
    for key in register.classes:
        there = _read(read, key.file)
        if _digest(there) == key.sha256 or _is_earlier(key, _digest(there), in_force, earlier, known):
            continue
        found.append(damage(key.file, key.sha256, there))
    if not in_force and earlier is None:
        found.append(damage(REGISTER, hashlib.sha256(register.to_json()).hexdigest(), data))
    return found


def wrong_here(register: Register | None, home: Path) -> list[Damage]:
    """Tell the files of the keys in the installation's own folder that are not as they were written.

    Args:
        register: as it is read there; None where it cannot be.
    """
    read = reader_of(home)
    if not given.vouches_for_register(home):
        return [damage(REGISTER, given.newest_register(home), _read(read, REGISTER))]
    if register is None or (home / wrapping.NEXT).exists():
        # A rotation cut off leaves files the register does not name yet: whoever uses the keys next finishes it.
        return []
    return [
        damage(key.file, key.sha256, there)
        for key in register.classes
        if _digest(there := _read(read, key.file)) != key.sha256
    ]


def damage(path: str, expected: str, there: bytes | OSError | None) -> Damage:
    """The damage of a file that is gone, cannot be read, or holds something else."""
    code = MISSING if there is None else UNREADABLE if isinstance(there, OSError) else CHANGED
    return Damage(code, path, _told(expected), _told(_digest(there)))


def mend_here(home: Path, damages: Sequence[Damage], elsewhere: Sequence[Read]) -> None:
    """Bring the files of the keys that are wrong here from the first place that has what they should be; inside `wrapping.only_one`."""
    for each in damages:
        for read in elsewhere:
            data = _read(read, each.path)
            if isinstance(data, bytes) and _told(_digest(data)) == each.expected:
                wrapping.put(home, each.path, data)
                break


def _is_earlier(
    key: ClassKey, digest: str, in_force: bool, earlier: Register | None, known: frozenset[tuple[str, str]]
) -> bool:
    if in_force:
        return False
    if earlier is None:
        # Of a register that is damage itself nothing follows; what we once gave is told by that alone.
        return (key.file, digest) in known
    then = next((each for each in earlier.classes if each.file == key.file), None)
    return digest == (then.sha256 if then else "")


def _read(read: Read, name: str) -> bytes | OSError | None:
    try:
        return read(name)
    except OSError as trouble:
        return trouble


def _digest(data: bytes | OSError | None) -> str:
    return hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else ""


def _told(digest: str) -> str:
    """As a damage tells a digest that is not the store's own SHA-512."""
    return f"sha256 {digest}" if digest else ""


def _register_in(data: bytes | OSError | None) -> Register | None:
    try:
        return read_register(data) if isinstance(data, bytes) else None
    except RegisterUnreadable:
        return None
