"""The ceremony: a recovery key is made, split among custodians, and counts only when each has typed their share back.

Before that nothing is written anywhere. A later ceremony replaces the custodians: key files are wrapped to the new
recovery key, and the old shares open none of them any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.identity.rights import Actor, demand
from zhudang.preservation.keys import classes, keyring, shares, wrapping
from zhudang.preservation.keys.register import CEREMONY, Holder, Recovery, Register
from zhudang.preservation.sites import places
from zhudang.shared.refusals import Reason, Refusal

SUBJECT = "preservation.keys:all"


class CannotHold(Refusal):
    """The ceremony is not held, or does not count; nothing changed."""


@dataclass
class Ceremony:
    """A ceremony under way; all of it in memory.

    Args:
        holders: who is to hold which share, in the order of the shares.
    """

    actor: Actor
    needed: int
    holders: tuple[str, ...]
    split: shares.SplitKey
    confirmed: set[int] = field(default_factory=set)

    def share(self, number: int) -> str:
        """Give the words of share `number` (from 1), to be shown once and to its holder alone."""
        return self.split.shares[number - 1]

    def type_back(self, number: int, text: str) -> list[int]:
        """Compare what a holder typed with their share; give the numbers of the words that differ, none when it is right."""
        wanted, typed = self.share(number).split(), shares.normal(text).split()
        length = max(len(wanted), len(typed))
        wanted, typed = wanted + [""] * (length - len(wanted)), typed + [""] * (length - len(typed))
        wrong = [at for at, (one, other) in enumerate(zip(wanted, typed, strict=True), 1) if one != other]
        if not wrong:
            self.confirmed.add(number)
        return wrong


def begin(*, actor: Actor, needed: int, holders: Sequence[str]) -> Ceremony:
    """Make a recovery key and split it; nothing is written.

    Raises:
        Forbidden: not the security administrator.
        CannotHold: numbers or holders make no sense.
        KeysUnusable: there are keys already, and the working key, which is needed to change custodians, opens them not.
    """
    demand(actor, "preservation.keys.manage")
    holders = tuple(holder.strip() for holder in holders)
    if reasons := shares.why_not_split(needed=needed, holders=holders):
        raise CannotHold(*reasons)
    keyring.load(_stores())
    return Ceremony(actor, needed, holders, shares.split_new_key(needed=needed, shares=len(holders)))


@transaction.atomic
def finish(ceremony: Ceremony, *, now: datetime) -> Register:
    """Let the ceremony count: register the recovery key's public half and who holds a share, wrap every key file to it.

    Raises:
        CannotHold: a custodian has not typed their share back; nothing changed.
    """
    missing = sorted({*range(1, len(ceremony.holders) + 1)} - ceremony.confirmed)
    if missing:
        raise CannotHold(Reason("preservation.keys_unconfirmed", {"shares": "、".join(map(str, missing))}))
    with wrapping.only_one():
        register = _registered(ceremony, timezone.localtime(now))
        audit.record(
            actor=ceremony.actor, act="preservation.keys.ceremony", subject=SUBJECT, at=now,
            data={
                "recovery": register.recovery.recipient, "needed": ceremony.needed, "set": ceremony.split.set_id,
                "holders": [holder.holder for holder in register.recovery.holders],
            },
        )  # fmt: skip
        stores = _stores()
        register = keyring.settle(stores)
        for row in classes.current().encrypted:
            if register.key_of(row.code, row.suite) is None:
                register = wrapping.make_class_key(register, row.code, row.suite, at=timezone.localtime(now))
        keyring.give(register, stores)
    return register


def _registered(ceremony: Ceremony, now: datetime) -> Register:
    recovery = Recovery(
        recipient=ceremony.split.recipient,
        needed=ceremony.needed,
        holders=tuple(Holder(number, holder) for number, holder in enumerate(ceremony.holders, 1)),
        set_id=ceremony.split.set_id,
        made_at=now.isoformat(timespec="seconds"),
        made_by=ceremony.actor.username,
        recipient_sm=ceremony.split.recipient_sm,
    )
    register = wrapping.register_at(wrapping.folder())
    if register is None:
        working = wrapping.working_key()
        register = Register(
            str(working.age.to_public()),
            now.isoformat(timespec="seconds"),
            recovery,
            working_sm=working.sm.to_public(),
        )
    register = replace(register, recovery=recovery).with_act(
        CEREMONY, by=ceremony.actor.username, at=now, needed=ceremony.needed, shares=len(ceremony.holders)
    )
    return wrapping.save(register)


def _stores() -> list[Path]:
    return [place.root.folder for place in places() if place.root is not None]
