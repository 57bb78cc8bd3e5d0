"""What this installation ever gave to its stores: the SHA-256 of every register that was in force, and of its key files.

So an earlier state of ours, which a place out of reach kept through a rotation, is known again, and whatever is neither
that nor the state in force was changed by somebody or something else. It lies beside the register, a line a file, as
`sha256sum` writes them; an installation from before there was such a list begins it with the register it has.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from zhudang.preservation.keys.register import REGISTER, RegisterUnreadable, read_register
from zhudang.preservation.ocfl import durable

GIVEN = "given.sha256"


def note(home: Path, register_bytes: bytes) -> None:
    """Add a register, with the key files it names, to what was given; inside `wrapping.only_one`, before it is given."""
    lines = _lines(home)
    new = [line for line in _told_by(register_bytes) if line not in lines]
    if new:
        durable.replace_durably(home / GIVEN, "".join(f"{line}\n" for line in [*lines, *new]).encode())


def begin(home: Path) -> None:
    """Where there is no list yet, begin it with the register in force; inside `wrapping.only_one`."""
    if not (home / GIVEN).exists() and (home / REGISTER).is_file():
        note(home, (home / REGISTER).read_bytes())


def all_given(home: Path) -> frozenset[tuple[str, str]]:
    """Name and SHA-256 of every file given."""
    return frozenset((name, digest) for digest, name in _pairs(home))


def newest_register(home: Path) -> str:
    """SHA-256 of the register noted last; empty where nothing was."""
    return next((digest for digest, name in reversed(_pairs(home)) if name == REGISTER), "")


def vouches_for_register(home: Path) -> bool:
    """Whether the register here is one that was noted, or nothing was noted yet."""
    if not (home / GIVEN).exists():
        return True
    try:
        data = (home / REGISTER).read_bytes()
    except OSError:
        return False
    return (REGISTER, hashlib.sha256(data).hexdigest()) in all_given(home)


def _told_by(register_bytes: bytes) -> list[str]:
    try:
        register = read_register(register_bytes)
    except RegisterUnreadable:
        return []
    own = {register_bytes, register.to_json()}
    files = [(key.sha256, key.file) for key in register.classes if key.sha256]
    files += [(hashlib.sha256(data).hexdigest(), REGISTER) for data in sorted(own)]
    return [f"{digest}  {name}" for digest, name in files]


def _pairs(home: Path) -> list[tuple[str, str]]:
    return [(digest, name) for line in _lines(home) for digest, _, name in [line.partition("  ")]]


def _lines(home: Path) -> list[str]:
    try:
        return (home / GIVEN).read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return []
