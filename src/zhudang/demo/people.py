"""Bring the organisations and people of the demo city in, by the same operations as everyone's."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

from django.db import connection

from zhudang.demo import city
from zhudang.identity import operations as identity
from zhudang.identity import queries
from zhudang.identity.rights import SYSTEM, Actor

_KINDS = {"archive": "archive", "department": "department"}


def bring_in_organisations(now: datetime) -> dict[str, UUID]:
    """Register every organisation; key -> id."""
    return {
        firm.key: identity.find_or_register_organisation(
            actor=SYSTEM, name=firm.name, code=firm.code, kind=_KINDS.get(firm.kind, "company"), now=now
        )
        for firm in city.FIRMS
    }


def bring_in_people(firms: dict[str, UUID], now: datetime) -> None:
    """Open the demo accounts with their roles; all have the password that is printed at the start."""

    def open_account(person: city.Person) -> UUID:
        try:
            return identity.create_account(
                actor=SYSTEM, username=person.username, name=person.name, now=now, password=city.PASSWORD, is_demo=True
            )
        finally:
            connection.close()  # each thread has its own

    # Keeping a password costs a third of a second on purpose: two at a time.
    with ThreadPoolExecutor(2) as threads:
        account_ids = list(threads.map(open_account, city.PEOPLE))
    for person, account_id in zip(city.PEOPLE, account_ids, strict=True):
        for firm, role in person.roles:
            identity.grant_role(
                actor=SYSTEM, account_id=account_id, role=role, organisation_id=firms.get(firm), now=now
            )
        if person.clearance:
            identity.set_clearance(actor=SYSTEM, account_id=account_id, clearance=person.clearance, now=now)


def actor(username: str) -> Actor:
    """The actor behind a demo account."""
    return queries.actor_by_username(username)


def filer_of(organisation_key: str) -> Actor:
    """Who files for an organisation: its clerk, or its manager where it has none."""
    wanted = sorted(
        (person for person in city.PEOPLE if any(firm == organisation_key for firm, _role in person.roles)),
        key=lambda person: not any(role.endswith("clerk") for firm, role in person.roles if firm == organisation_key),
    )
    return actor(wanted[0].username)


def known(username: str) -> bool:
    """Whether the demo account exists already."""
    return actor(username).authenticated


_ROLE_WORDS = {
    "client_manager": "建设单位档案负责人", "client_clerk": "建设单位资料员", "party_clerk": "参建单位资料员", "reviewer": "验收", "archivist": "整理保管",
    "keeper": "库管", "service_desk": "窗口", "official": "主管部门", "emergency_officer": "应急", "system_admin": "系统管理员", "security_admin": "安全管理员",
    "audit_admin": "审计员", "public": "公众",
}  # fmt: skip


def accounts_text() -> str:
    """The demo accounts as lines for a terminal: user name, what the person is, where."""
    firms = {firm.key: firm.name for firm in city.FIRMS}
    lines = [f"  演示账号（口令都是 {city.PASSWORD}）/ demo accounts (password for all: {city.PASSWORD})"]
    for person in city.PEOPLE:
        roles = "、".join(dict.fromkeys(_ROLE_WORDS[role] for _firm, role in person.roles))
        place = "、".join(dict.fromkeys(firms[firm] for firm, _role in person.roles if firm))
        lines.append(f"    {person.username:<12} {roles}　{place}")
    return "\n".join(lines)
