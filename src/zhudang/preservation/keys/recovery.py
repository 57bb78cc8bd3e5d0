"""A new working key: by rotation while the old one is there, by the custodians' shares when it is lost; and the trial of shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyrage
from django.db import transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.identity.rights import SYSTEM, Actor, demand
from zhudang.preservation.keys import given, keyring, shares, wrapping
from zhudang.preservation.keys.ceremony import SUBJECT
from zhudang.preservation.keys.register import RECOVERY, ROTATION, TRIAL, Register
from zhudang.preservation.keys.shares import SharesRefused
from zhudang.preservation.keys.wrapping import KeysUnusable, WorkingKey
from zhudang.preservation.ocfl import durable
from zhudang.preservation.ocfl.sealing import CannotOpen, Identities
from zhudang.preservation.sites import places
from zhudang.shared.refusals import Reason


@transaction.atomic
def rotate(*, actor: Actor, now: datetime) -> Register:
    """Give the archive a new working key: the small key files are wrapped anew, nothing else is touched.

    A rotation that was cut off is finished instead of beginning another.

    Raises:
        Forbidden: not the security administrator.
        KeysUnusable: there are no keys, or the working key does not open them.
    """
    demand(actor, "preservation.keys.manage")
    stores = _stores()
    with wrapping.only_one():
        register = _own_register()
        keyring.load(stores)
        opener = Identities(wrapping.working_identities())
        following = wrapping.next_working()
        register = _pass_on(register, following, ROTATION, by=actor.username, now=now)
        _record(actor, "rotated", register, now)
        return _wrap_all(register, opener, stores)


def why_no_shares(*, trial: bool, source: Path | None = None) -> list[Reason]:
    """What makes it useless that custodians type their shares: asked before they do."""
    if source is not None and wrapping.register_at(source) is None:
        return [Reason("preservation.keys_no_register", {"path": str(source)})]
    home, stores = wrapping.folder(), _stores()
    places = [home, *stores, *_astray(), *([source] if source else [])]
    if all(wrapping.register_at(place) is None and not wrapping.had_keys(place) for place in places):
        return [Reason("preservation.keys_none")]
    if trial:
        return [Reason("preservation.keys_lost")] if wrapping.register_at(home) is None else []
    return [Reason("preservation.keys_not_lost")] if _works(stores) else []


@transaction.atomic
def recover(texts: Sequence[str], *, now: datetime, source: Path | None = None) -> Register:
    """Give the archive a new working key from the custodians' shares, where the old one is lost.

    The shares are the authority: whoever brings enough of them needs no account (there may be no database left).

    Args:
        source: a folder with the register and the key files beside the sites' own, such as a backup.

    Raises:
        SharesRefused: they give no key, or not the recovery key of any register in reach; every reason at once.
        KeysUnusable: the working key is not lost, or the recovery key does not open a key file anywhere.
    """
    stores = _stores()
    with wrapping.only_one() as home:
        homes = [home, *stores, *_astray(), *([source] if source else [])]
        identity = shares.combine(texts)
        if source:
            _register_of(identity, [source])  # another archive's is not passed over in silence
        register = _register_of(identity, homes)
        if _works(stores):
            raise KeysUnusable(Reason("preservation.keys_not_lost"))
        recovered = shares.both(identity)
        opener = Identities([*recovered, *wrapping.working_identities()])
        _bring_files(register, Identities(recovered), homes)
        register = _pass_on(
            register, wrapping.next_working(), RECOVERY, by="", now=now, shares=shares.indexes(texts)
        )  # fmt: skip
        _record(SYSTEM, "recovered", register, now, shares=shares.indexes(texts))
        return _wrap_all(register, opener, stores)


@transaction.atomic
def try_shares(texts: Sequence[str], *, now: datetime) -> Register:
    """Show that the custodians' shares give the recovery key and that it opens every key file at every place in reach.

    Nothing changes but the register, which tells of the trial.

    Raises:
        SharesRefused, KeysUnusable: with every reason.
    """
    stores = _stores()
    with wrapping.only_one() as home:
        identity = shares.combine(texts)
        register = _register_of(identity, [home, *stores])
        if wrapping.register_at(home) is None:
            raise KeysUnusable(Reason("preservation.keys_lost"))
        opener, reasons = Identities(shares.both(identity)), []
        for place in [home, *stores]:
            for key in register.classes:
                try:
                    wrapping.open_key(key, opener, [place])
                except CannotOpen as problem:
                    reasons.append(Reason(f"preservation.key_{problem.reason}", {"file": str(place / key.file)}))
        if reasons:
            raise KeysUnusable(*reasons)
        at = timezone.localtime(now)
        register = wrapping.save(register.with_act(TRIAL, by="", at=at, shares=shares.indexes(texts)))
        _record(SYSTEM, "tried", register, now, shares=shares.indexes(texts))
        keyring.give(register, stores)
        return register


def _register_of(identity: pyrage.x25519.Identity, homes: Sequence[Path]) -> Register:
    """Give the register whose recovery key this is: the installation's own, else the newest at the sites.

    A class keeps its keys for ever, so sites that name different ones were tampered with: people must look. Where the ceremony
    was held before there was a national suite, the recovery key's half of it is told from now on.

    Raises:
        SharesRefused: there is none. KeysUnusable: the sites disagree.
    """
    recipient = str(identity.to_public())
    # What somebody changed here is no register of ours; those at the sites are asked then.
    trusted = [home for home in homes if home != wrapping.folder() or given.vouches_for_register(home)]
    found = {home: register for home in trusted if (register := wrapping.register_at(home))}
    ours = {home: register for home, register in found.items() if register.recovery.recipient == recipient}
    if not ours:
        raise SharesRefused(Reason("preservation.shares_of_another_key" if found else "preservation.keys_none"))
    if wrapping.folder() in ours:
        register = ours[wrapping.folder()]
    else:
        named = {(key.file, key.recipient) for each in ours.values() for key in each.classes}
        if len(named) > len({file for file, _ in named}):
            raise KeysUnusable(Reason("preservation.registers_disagree", {"places": "、".join(map(str, ours))}))
        register = max(ours.values(), key=lambda each: len(each.acts))
    return replace(register, recovery=replace(register.recovery, recipient_sm=shares.national(identity).to_public()))


def _own_register() -> Register:
    register = wrapping.register_at(wrapping.folder())
    if register is None:
        gone = any(wrapping.had_keys(folder) for folder in (wrapping.folder(), *_stores(), *_astray()))
        raise KeysUnusable(Reason("preservation.keys_lost" if gone else "preservation.keys_none"))
    return register


def _works(stores: Sequence[Path]) -> bool:
    try:
        return keyring.load(stores) is not None and wrapping.is_settled(_own_register())
    except KeysUnusable:
        return False


def _bring_files(register: Register, opener: Identities, homes: Sequence[Path]) -> None:
    """Bring every key file that the recovery key opens into this installation's folder, and the register.

    Raises:
        KeysUnusable: with every key file that it opens nowhere; nothing was changed.
    """
    files, reasons = {}, []
    for key in register.classes:
        for home in homes:
            try:
                wrapping.open_key(key, opener, [home])
            except CannotOpen as problem:
                reason = Reason(f"preservation.key_{problem.reason}", {"file": key.file})
                continue
            files[key.file] = (home / key.file).read_bytes()
            break
        else:
            reasons.append(reason)
    if reasons:
        raise KeysUnusable(*reasons)
    for name, data in files.items():
        durable.replace_durably(wrapping.folder() / name, data)
    wrapping.save(register)


def _pass_on(register: Register, following: WorkingKey, act: str, *, by: str, now: datetime, **data: Any) -> Register:
    """Register the next working key as the archive's; told once, also where a crash came between."""
    if following.is_of(register):
        return register
    at = timezone.localtime(now)
    changed = replace(
        register,
        working=str(following.age.to_public()),
        working_sm=following.sm.to_public(),
        working_since=at.isoformat(timespec="seconds"),
    )
    return wrapping.save(changed.with_act(act, by=by, at=at, **data))


def _wrap_all(register: Register, opener: Identities, stores: Sequence[Path]) -> Register:
    # Old and new working key are both there until every file is wrapped to the new one: a stop anywhere leaves all readable.
    register = wrapping.rewrap(register, opener, stores)
    keyring.give(register, stores)
    wrapping.take_next()
    return register


def _record(actor: Actor, what: str, register: Register, now: datetime, **data: Any) -> None:
    facts: Mapping[str, Any] = {"working": register.working, "recovery": register.recovery.recipient, **data}
    audit.record(
        actor="system" if actor is SYSTEM else actor,
        act=f"preservation.keys.{what}",
        subject=SUBJECT,
        at=now,
        data=facts,
    )


def _astray() -> list[Path]:
    """Stores in folders that carry another site's code, such as a copy brought from elsewhere: read, never written."""
    return [place.path / "store" for place in places() if place.carries]


def _stores() -> list[Path]:
    return [place.root.folder for place in places() if place.root is not None]
