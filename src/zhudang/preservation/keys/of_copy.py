"""The keys of one copy alone, where the installation is gone: opened once, kept for as long as somebody looks into it.

The copy bears its class keys, each wrapped to the working key and to the recovery key; whoever has either opens them. What
was opened lies in the working folder of the emergency service (mode 0600) and goes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zhudang.preservation.keys import shares, wrapping
from zhudang.preservation.ocfl.sealing import CannotOpen, Identities, Identity
from zhudang.shared.secret_files import made_once

OPENED = "opened-keys"


def bears_keys(store: Path) -> bool:
    """Whether holdings of this store may be sealed: it bears key files, or the register of them."""
    return wrapping.had_keys(store)


def opener_from(place: Path) -> list[Identity]:
    """Read a working key: an identity file, or a folder that holds the working key of an installation.

    Raises:
        OSError, ValueError: there is none.
    """
    return wrapping.identities_in((place / wrapping.WORKING if place.is_dir() else place).read_bytes())


def opener_by_shares(texts: Sequence[str]) -> list[Identity]:
    """Give the recovery key from the custodians' shares.

    Raises:
        SharesRefused: with every reason.
    """
    return shares.both(shares.combine(texts))


def open_class_keys(store: Path, opener: Sequence[Identity]) -> tuple[list[Identity], list[str]]:
    """Open the class keys the store bears; give them, and the names of those that did not open."""
    register = wrapping.register_at(store)
    found, closed = [], []
    for key in register.classes if register else ():
        try:
            found.append(wrapping.open_key(key, Identities(opener), [store]))
        except CannotOpen:
            closed.append(key.file)
    return found, closed


def leave(folder: Path, identities: Sequence[Identity]) -> None:
    """Leave opened keys in the working folder for the processes that read the copy."""
    made_once(folder / OPENED, lambda: b"".join(wrapping.identity_file(each, "of a copy") for each in identities))


def left(folder: Path) -> Identities:
    """Give the keys that were left; none where nothing was opened."""
    try:
        return Identities(wrapping.identities_in((folder / OPENED).read_bytes()))
    except (FileNotFoundError, ValueError):
        return Identities()
