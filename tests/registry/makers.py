"""Things the registry's tests start from."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Organisation
from zhudang.identity.rights import SYSTEM, Actor, Affiliation
from zhudang.registry import operations
from zhudang.shared.ids import new_id

NOW = datetime(2024, 9, 10, 2, 0, tzinfo=UTC)


def make_client(name: str = "云溪滨河置业有限公司") -> UUID:
    """An organisation that builds."""
    return Organisation.objects.create(name=name, kind="company", created_at=NOW).pk


def actor_of(role: Role, organisation_id: UUID, clearance: int = 1) -> Actor:
    """A person with one role at one organisation."""
    return Actor(
        account_id=new_id(),
        username=f"{role}",
        name="资料员甲",
        clearance=clearance,
        authenticated=True,
        memberships=(Affiliation(organisation_id, "某单位", role),),
    )


def make_project(*, client_id: UUID, actor: Actor = SYSTEM, code: str = "2403-990241-48-01-012345", **more) -> UUID:
    """A building project in 云溪县."""
    fields = {"name": "滨河安置房一期", "kind": "building", "address": "云溪县滨河路", "now": NOW, **more}
    return operations.register_project(actor=actor, code=code, client_id=client_id, **fields)


def make_unit(project_id: UUID, *, code: str = "01", name: str = "1# 住宅楼", kind: str = "building", **more) -> UUID:
    """A unit work in the project's first phase, made when there is none."""
    from zhudang.registry.models import Phase, Project

    phase = Phase.objects.filter(project_id=project_id).first()
    phase_id = (
        phase.pk
        if phase
        else operations.add_phase(
            actor=SYSTEM,
            project_id=project_id,
            code=f"{Project.objects.get(pk=project_id).code}-001",
            name="一标段",
            now=NOW,
        )
    )
    return operations.add_unit_work(actor=SYSTEM, phase_id=phase_id, code=code, name=name, kind=kind, now=NOW, **more)


def make_account(role: Role, organisation_id: UUID, username: str = "", clearance: int = 1):
    """An account with one role, for pages."""
    from zhudang.identity.models import Account, Membership

    account = Account.objects.create(
        username=username or f"{role}-{new_id().hex[-6:]}", name="某人", clearance=clearance, created_at=NOW
    )
    Membership.objects.create(account=account, organisation_id=organisation_id, role=role, since=NOW)
    return account
