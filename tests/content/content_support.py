"""People and a project for tests of the bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from zhudang.content.places import Place
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import Actor, Affiliation

NOW = datetime(2026, 6, 17, 10, 0, tzinfo=UTC)


def _organisation(name: str) -> UUID:
    from zhudang.identity.models import Organisation

    return Organisation.objects.create(name=name, kind="company", created_at=NOW).id


def _person(username: str, organisation_id: UUID, organisation: str, role: Role, clearance: int = 1) -> Actor:
    from zhudang.identity.models import Account, Membership

    account = Account.objects.create(username=username, name=username, clearance=clearance, created_at=NOW)
    Membership.objects.create(account=account, organisation_id=organisation_id, role=role, since=NOW)
    return Actor(
        account_id=account.id,
        username=username,
        name=username,
        memberships=(Affiliation(organisation_id, organisation, role),),
        clearance=clearance,
        authenticated=True,
    )


class Site:
    """A project with a client and a contractor, an outsider, and the archive."""

    def __init__(self) -> None:
        self.client_id = _organisation("云溪城建开发公司")
        self.contractor_id = _organisation("云溪第一建筑公司")
        self.outsider_id = _organisation("邻县建筑公司")
        self.archive_id = _organisation("云溪县城建档案馆")
        self.client = _person("client", self.client_id, "云溪城建开发公司", Role.CLIENT_CLERK)
        self.clerk = _person("clerk", self.contractor_id, "云溪第一建筑公司", Role.PARTY_CLERK)
        self.outsider = _person("outsider", self.outsider_id, "邻县建筑公司", Role.PARTY_CLERK)
        self.reviewer = _person("reviewer", self.archive_id, "云溪县城建档案馆", Role.REVIEWER)
        self.place = Place(uuid4(), self.client_id, frozenset({self.contractor_id}))
