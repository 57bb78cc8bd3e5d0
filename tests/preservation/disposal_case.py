"""A disposal from its proposal to its end, step by step: what the tests of disposal start from."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from filing.filing_support import organisation, person
from preservation.kept_project import KeptProject
from zhudang.filing.models import Volume
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account
from zhudang.identity.rights import Actor
from zhudang.identity.signing_in import Visitor
from zhudang.preservation.disposal import cases, executing, signing
from zhudang.preservation.disposal.models import DisposalCase
from zhudang.preservation.models import ArchivalObject

NAMES = [("C5-12", "地基验槽记录.pdf"), ("C4.3-1", "钢材试验报告.pdf")]
"""Two volumes of one file each."""
FAST_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""Real ones take a third of a second a password."""
PASSWORD = "Yunxi-2026"
LONG_AGO = timezone.now() - timedelta(days=60)
"""When things were proposed and approved: their waiting period of 30 days is over."""
VISITOR = Visitor("10.1.1.1", "test")


class Disposal:
    """滨河安置房一期 in the store, its volumes' time ended, and all people a disposal needs."""

    def __init__(self, names: list[tuple[str, str]] | None = None) -> None:
        self.project = KeptProject(names=names or NAMES)
        self.project.preserve()
        Volume.objects.filter(id__in=self.project.volume_ids).update(retention="short", formed_until=date(2001, 5, 6))
        archive, department = self.project.site.archive_id, organisation("云溪县住房和城乡建设局", "department")
        self.proposer = self.project.site.archivist
        self.members = [
            self.project.site.reviewer, person("keeper", archive, Role.KEEPER), person("archivist2", archive, Role.ARCHIVIST),
        ]  # fmt: skip
        self.official = person("official", department, Role.OFFICIAL)
        self.executor = person("executor", archive, Role.KEEPER)
        self.witnesses = [person("witness1", archive, Role.REVIEWER), person("witness2", department, Role.OFFICIAL)]
        for witness in self.witnesses:
            account = Account.objects.get(pk=witness.account_id)
            account.set_password(PASSWORD)
            account.save()
        self.case_id: UUID | None = None

    @property
    def volumes(self) -> list[ArchivalObject]:
        return list(ArchivalObject.objects.filter(kind="volume").order_by("reference_code"))

    @property
    def case(self) -> DisposalCase:
        return DisposalCase.objects.get(pk=self.case_id)

    def propose(self, objects: list[ArchivalObject] | None = None, *, now: datetime = LONG_AGO) -> Disposal:
        self.case_id = cases.propose(
            actor=self.proposer, object_ids=[row.pk for row in objects or self.volumes],
            committee=[member.account_id for member in self.members if member.account_id], why="保管期满，无继续保存价值", now=now,
        )  # fmt: skip
        return self

    def appraise(self, *, now: datetime = LONG_AGO, **first: object) -> Disposal:
        for number, member in enumerate(self.members):
            more = first if number == 0 else {}
            told = {"agrees": True, "reasons": "同意", **more}
            cases.give_opinion(actor=member, case_id=self.case_id, now=now, **told)  # type: ignore[arg-type]
        return self

    def approve(self, *, now: datetime = LONG_AGO) -> Disposal:
        cases.decide(actor=self.official, case_id=self.case_id, approves=True, because="同意销毁", now=now)  # type: ignore[arg-type]
        return self

    def call(self) -> Disposal:
        signing.call(actor=self.executor, case_id=self.case_id, now=timezone.now())  # type: ignore[arg-type]
        return self

    def sign(self, *who: Actor) -> Disposal:
        for witness in who or self.witnesses:
            signing.witness(
                actor=witness,
                case_id=self.case_id,
                password=PASSWORD,
                visitor=VISITOR,
                now=timezone.now(),  # type: ignore[arg-type]
            )
        return self

    def begin(self) -> Disposal:
        signing.begin(actor=self.executor, case_id=self.case_id, now=timezone.now())  # type: ignore[arg-type]
        return self

    def ready(self, objects: list[ArchivalObject] | None = None) -> Disposal:
        """Proposed, appraised, approved, waited for, called and witnessed."""
        return self.propose(objects).appraise().approve().call().sign()

    def execute(self) -> Disposal:
        self.begin()
        executing.run(self.case_id)  # type: ignore[arg-type]
        return self
