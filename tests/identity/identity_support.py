"""Organisations and people for tests, made by the very operations the administrators use."""

from datetime import datetime
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

from zhudang.identity import operations, queries
from zhudang.identity.domain.roles import OrganisationKind, Role
from zhudang.identity.rights import SYSTEM, Actor

NOW = datetime(2026, 6, 17, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
PASSWORD = "Yunxi-2026"
_numbers = count(1)


def organisation(name: str = "", kind: str = OrganisationKind.COMPANY, code: str = "") -> UUID:
    name = name or f"测试单位{next(_numbers)}"
    return operations.register_organisation(actor=SYSTEM, name=name, kind=kind, code=code, now=NOW)


def archive() -> UUID:
    return organisation(f"城建档案馆{next(_numbers)}", OrganisationKind.ARCHIVE)


def account(username: str = "", password: str | None = PASSWORD) -> UUID:
    username = username or f"person{next(_numbers)}"
    return operations.create_account(
        actor=SYSTEM, username=username, name="张三", password=password, is_demo=True, now=NOW
    )


def person(*roles: Role, at: UUID | None = None, clearance: int = 1, username: str = "") -> Actor:
    """Somebody who holds `roles` at one organisation (a fitting one is made when none is given)."""
    account_id = account(username)
    place = at or archive()
    for role in roles:
        where = None if role is Role.PUBLIC else place
        operations.grant_role(actor=SYSTEM, account_id=account_id, role=role, organisation_id=where, now=NOW)
    if clearance:
        operations.set_clearance(actor=SYSTEM, account_id=account_id, clearance=clearance, now=NOW)
    return queries.actor_of(account_id)


def codes(refusal: object) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]  # type: ignore[attr-defined]
