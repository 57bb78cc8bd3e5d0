"""A project with parties, unit works, obligations and real files: what filing's tests start from."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from zhudang.content import operations as content
from zhudang.content.models import File
from zhudang.filing import operations
from zhudang.filing.domain.describing import Description
from zhudang.filing.models import Obligation
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account, Membership, Organisation
from zhudang.identity.rights import SYSTEM, Actor, Affiliation
from zhudang.registry import operations as registry
from zhudang.registry import queries as registry_queries

NOW = datetime(2026, 6, 17, 2, 0, tzinfo=UTC)


def person(username: str, organisation_id: UUID, role: Role, clearance: int = 1) -> Actor:
    """A person with an account and one role at one organisation."""
    account = Account.objects.create(username=username, name=username, clearance=clearance, created_at=NOW)
    Membership.objects.create(account=account, organisation_id=organisation_id, role=role, since=NOW)
    return Actor(
        account_id=account.id, username=username, name=username, clearance=clearance, authenticated=True,
        memberships=(Affiliation(organisation_id, username, role),),
    )  # fmt: skip


def organisation(name: str, kind: str = "company") -> UUID:
    """An organisation."""
    return Organisation.objects.create(name=name, kind=kind, created_at=NOW).id


class Site:
    """滨河安置房一期 with a client, a contractor, a supervisor, an outsider and the archive."""

    def __init__(self, code: str = "2403-990241-48-01-012345", tag: str = "") -> None:
        operations.load_scope_lists(now=NOW)
        self.client_id = organisation(f"云溪滨河置业有限公司{tag}")
        self.contractor_id = organisation(f"青石建筑工程有限公司{tag}")
        self.supervisor_id = organisation(f"溪源监理有限公司{tag}")
        self.outsider_id = organisation(f"邻县建筑公司{tag}")
        self.archive_id = organisation(f"云溪县城建档案馆{tag}", "archive")
        self.manager = person(f"manager{tag}", self.client_id, Role.CLIENT_MANAGER)
        self.clerk = person(f"clerk{tag}", self.contractor_id, Role.PARTY_CLERK)
        self.supervisor = person(f"supervisor{tag}", self.supervisor_id, Role.PARTY_CLERK)
        self.outsider = person(f"outsider{tag}", self.outsider_id, Role.PARTY_CLERK)
        self.reviewer = person(f"reviewer{tag}", self.archive_id, Role.REVIEWER)
        self.archivist = person(f"archivist{tag}", self.archive_id, Role.ARCHIVIST)
        self.project_id = registry.register_project(
            actor=SYSTEM, code=code, client_id=self.client_id, name="滨河安置房一期", kind="building",
            address="云溪县滨河路", now=NOW,
        )  # fmt: skip
        phase = registry.add_phase(actor=SYSTEM, project_id=self.project_id, code=f"{code}-001", name="一标段", now=NOW)
        self.unit_id = registry.add_unit_work(
            actor=SYSTEM, phase_id=phase, code="01", name="1# 住宅楼", kind="building", now=NOW
        )
        self.garage_id = registry.add_unit_work(
            actor=SYSTEM, phase_id=phase, code="02", name="地下车库", kind="building", now=NOW
        )
        for organisation_id, role in ((self.contractor_id, "contractor"), (self.supervisor_id, "supervisor")):
            registry.add_party(
                actor=SYSTEM, project_id=self.project_id, organisation_id=organisation_id, role=role,
                since=date(2024, 3, 1), now=NOW,
            )  # fmt: skip
        operations.plan_project(self.project_id, now=NOW)

    def owed(self, code: str, unit_id: UUID | None = None) -> Obligation:
        """The obligation with this code in a unit work."""
        return Obligation.objects.get(unit_work_id=unit_id or self.unit_id, scope_item__code=code)

    def upload(self, name: str, *, folder: str = "", actor: Actor | None = None, data: bytes = b"", checked: str = "pass",
               pages: int | None = 3, facts: dict | None = None, mime: str = "application/pdf") -> UUID:  # fmt: skip
        """Receive a file for real, then note on its row what a check would have found."""
        file_id = content.receive_many(
            actor=actor or self.clerk,
            items=[content.Incoming(name, folder, data=data or f"%PDF {folder}/{name}".encode())],
            place=registry_queries.place_of(self.project_id),
            now=NOW,
        )[0]
        if checked:
            File.objects.filter(id=file_id).update(
                verdict=checked, checked_at=NOW, pages=pages, facts=facts or {}, mime=mime
            )
        return file_id

    def record(self, code: str = "C5-12", name: str = "地基验槽记录.pdf", *, described: bool = True,
               actor: Actor | None = None, unit_id: UUID | None = None, **more) -> UUID:  # fmt: skip
        """A record made of one uploaded file, described unless told otherwise."""
        who = actor or self.clerk
        upload = {key: more.pop(key) for key in ("checked", "pages", "facts", "mime", "folder", "data") if key in more}
        file_id = self.upload(name, actor=who, **upload)
        [record_id] = operations.assign(actor=who, assignments=[(file_id, self.owed(code, unit_id).id)], now=NOW)
        if described:
            self.describe(record_id, actor=who, **more)
        return record_id

    def describe(self, record_id: UUID, *, actor: Actor | None = None, **more) -> None:
        """A whole description that may be filed."""
        values = {
            "title": "1# 住宅楼地基验槽记录", "responsible": "青石建筑工程有限公司", "formed_on": date(2026, 3, 10),
            "pages": 3, "has_paper": True, "origin": "scan", "level": 1, **more,
        }  # fmt: skip
        operations.describe(
            actor=actor or self.clerk, record_id=record_id, description=Description(**values), revision=None, now=NOW
        )
