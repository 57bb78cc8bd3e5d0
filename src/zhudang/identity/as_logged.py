"""Whether accounts still stand as the acts of the log left them: open or closed, up to which level, in which roles.

Whoever opens a closed account, raises a clearance or gives a role in SQL leaves no act. Every account is compared that the
log says was opened: after a rebuilding, which the log does not tell what stood before, only those opened since.

Findings: ACC-001 opened by the log, and no row knows it; ACC-002 open or closed otherwise than the log says; ACC-003
another clearance; ACC-004 a role that the log did not give, or took away; ACC-005 a role lacks that the log gave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from zhudang.audit import queries as audit
from zhudang.identity.models import Account, Membership

_SUBJECT = "identity.account:"
_CREATED, _CLEARED = "identity.account.created", "identity.clearance.set"
_ENABLED, _DISABLED = "identity.account.enabled", "identity.account.disabled"
_GRANTED, _ENDED = "identity.role.granted", "identity.role.ended"
_ACTS = (_CREATED, _ENABLED, _DISABLED, _CLEARED, _GRANTED, _ENDED)
_REBUILT = "preservation.catalogue.rebuilt"
_BATCH = 500

Held = tuple[str, str]
"""A role, and the id of the organisation it is held at."""


@dataclass(frozen=True)
class Finding:
    """An account that does not stand as the log says.

    Args:
        told: what differs: a state, a level, a role.
    """

    code: str
    account_id: UUID
    username: str
    told: str


@dataclass
class _Standing:
    username: str
    active: bool = True
    clearance: int = 0
    roles: Counter[Held] = field(default_factory=Counter)


def check() -> Iterator[Finding]:
    """Compare every account that the log says was opened with what the acts since then made of it."""
    differing = {found.account_id for found in _compared(_standings())}
    if differing:
        # An act may have come after the log was read and before the rows were: both once more.
        yield from _compared(_standings(differing))


def _standings(accounts: Collection[UUID] | None = None) -> dict[UUID, _Standing]:
    found: dict[UUID, _Standing] = {}
    subjects = None if accounts is None else [f"{_SUBJECT}{account_id}" for account_id in accounts]
    for subject, act, data in audit.in_order(_ACTS, subjects):
        account_id = UUID(subject.removeprefix(_SUBJECT))
        if act == _CREATED:
            found[account_id] = _Standing(data["username"])
        standing = found.get(account_id)
        if standing is None:
            continue
        if act in {_ENABLED, _DISABLED}:
            standing.active = act == _ENABLED
        elif act == _CLEARED:
            standing.clearance = data["after"]
        elif act in {_GRANTED, _ENDED}:
            standing.roles[data["role"], data["organisation"] or ""] += 1 if act == _GRANTED else -1
    return found


def _compared(logged: Mapping[UUID, _Standing]) -> Iterator[Finding]:
    known, rebuilt = list(logged), audit.entries(act=_REBUILT).exists()
    for start in range(0, len(known), _BATCH):
        some = known[start : start + _BATCH]
        rows = Account.objects.in_bulk(some)
        held: dict[UUID, Counter[Held]] = {}
        standing = Membership.objects.filter(account_id__in=some, until=None)
        for account_id, role, organisation_id in standing.values_list("account_id", "role", "organisation_id"):
            held.setdefault(account_id, Counter())[role, str(organisation_id or "")] += 1
        for account_id in some:
            said, row = logged[account_id], rows.get(account_id)
            if row is not None:
                yield from _one(said, row, held.get(account_id, Counter()))
            elif not rebuilt:
                yield Finding("ACC-001", account_id, said.username, "")


def _one(said: _Standing, row: Account, held: Counter[Held]) -> Iterator[Finding]:
    if row.is_active != said.active:
        yield Finding("ACC-002", row.pk, row.username, "active" if row.is_active else "disabled")
    if row.clearance != said.clearance:
        yield Finding("ACC-003", row.pk, row.username, f"{said.clearance} → {row.clearance}")
    for role, _organisation in sorted(held - said.roles):
        yield Finding("ACC-004", row.pk, row.username, role)
    for role, _organisation in sorted(said.roles - held):
        yield Finding("ACC-005", row.pk, row.username, role)
