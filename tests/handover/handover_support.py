"""A site whose records are filed, delivered and ready: what handover's tests start from."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from filing.filing_support import NOW, Site, person
from zhudang.filing import operations as filing
from zhudang.filing import queries as filing_queries
from zhudang.handover import operations
from zhudang.handover.models import Application, ReviewItem
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import SYSTEM
from zhudang.registry import operations as registry

NOTE = "其余本工程不涉及"


class Handover(Site):
    """A project with a permit, a keeper beside the archivist, and a second reviewer."""

    def __init__(self, **more) -> None:
        super().__init__(**more)
        self.keeper = person(f"keeper{more.get('tag', '')}", self.archive_id, Role.KEEPER)
        self.second = person(f"second{more.get('tag', '')}", self.archive_id, Role.REVIEWER)

    def permit(
        self, number: str = "990241202403220101", kind: str = "construction", day: date = date(2024, 3, 22)
    ) -> UUID:
        return registry.record_permit(
            actor=SYSTEM, project_id=self.project_id, kind=kind, number=number, issued_on=day, now=NOW
        )

    def accept_works(self, day: date = date(2026, 6, 1)) -> None:
        registry.record_completion_acceptance(actor=SYSTEM, project_id=self.project_id, accepted_on=day, now=NOW)
        filing.plan_project(self.project_id, now=NOW)

    def filed(self, code: str = "C5-12", name: str = "地基验槽记录.pdf", **more) -> UUID:
        who = more.get("actor") or self.clerk
        record_id = self.record(code, name, **more)
        filing.file_record(actor=who, record_id=record_id, now=NOW)
        return record_id

    def delivered(self, *names: tuple[str, str]) -> tuple[UUID, list[UUID]]:
        ids = [self.filed(code, name, title=name) for code, name in names or [("C5-12", "地基验槽记录.pdf")]]
        delivery_id = operations.deliver(actor=self.clerk, project_id=self.project_id, record_ids=ids, now=NOW)
        return delivery_id, ids

    def with_client(self, *names: tuple[str, str]) -> list[UUID]:
        delivery_id, ids = self.delivered(*names)
        operations.sign_delivery(actor=self.manager, delivery_id=delivery_id, now=NOW)
        return ids

    def excuse_all_missing(self) -> None:
        """Declare everything nobody filed as not applicable, so that an application is complete."""
        answered = {r.obligation_id for r in filing_queries.records_of(self.project_id)}
        left = [
            r.id for r in filing_queries.project_obligations(self.project_id) if r.applicable and r.id not in answered
        ]
        filing.excuse(actor=SYSTEM, obligation_ids=left, reason="本工程无此项", now=NOW)

    def apply(self, mode: str = "before_filing", **more) -> UUID:
        values = {"missing_note": NOTE, **more}
        return operations.apply(actor=self.manager, project_id=self.project_id, mode=mode, now=NOW, **values)

    def item(self, application_id: UUID, record_id: UUID) -> ReviewItem:
        return ReviewItem.objects.get(application_id=application_id, record_id=record_id)

    def judge(self, application_id: UUID, item: ReviewItem, verdict: str, **more) -> None:
        values = {"reason": "缺签字，请补签", "reason_code": "unsigned"} if verdict != "passed" else {}
        operations.judge(
            actor=self.reviewer,
            application_id=application_id,
            item_id=item.id,
            verdict=verdict,
            now=NOW,
            **{**values, **more},
        )

    def settle(self, application_id: UUID) -> None:
        """Judge everything that is open: records pass, what is missing does not apply."""
        for item in ReviewItem.objects.filter(application_id=application_id, state="open"):
            self.judge(application_id, item, "not_applicable" if item.kind == "missing" else "passed")

    def accepted(self, *names: tuple[str, str], mode: str = "before_filing", **more) -> UUID:
        self.with_client(*names)
        application_id = self.apply(mode, **more)
        self.settle(application_id)
        operations.accept_application(actor=self.reviewer, application_id=application_id, now=NOW)
        return application_id

    def received(self, *names: tuple[str, str]) -> UUID:
        application_id = self.accepted(*names)
        transfer_id = operations.propose_transfer(
            actor=self.manager, application_id=application_id, handed_by="档案员辛", responsible="经理壬", now=NOW
        )
        self.count(transfer_id)
        operations.receive_transfer(actor=self.archivist, transfer_id=transfer_id, now=NOW)
        return transfer_id

    def count(self, transfer_id: UUID, **more) -> None:
        from zhudang.handover.queries import volumes_to_count

        operations.begin_receiving(actor=self.archivist, transfer_id=transfer_id, now=NOW)
        for v in volumes_to_count(transfer_id):
            operations.count_volume(
                actor=self.keeper, transfer_id=transfer_id, volume_id=v.id, now=NOW, records=v.record_count,
                text_pages=v.text_pages, drawing_sheets=v.drawing_sheets, photos=v.photo_count, others=v.other_count, **more,
            )  # fmt: skip

    def preserve(self, transfer_id: UUID) -> None:
        """Note what preservation proves, as it does after reading every copy back."""
        from zhudang.handover.queries import volumes_to_count

        filing.note_preserved(volume_ids=[v.id for v in volumes_to_count(transfer_id)], at=NOW)

    def state(self, application_id: UUID) -> str:
        return Application.objects.get(id=application_id).state


def codes(refusal) -> set[str]:
    return {reason.code.removeprefix("handover.") for reason in refusal.value.reasons}


LATER = NOW + timedelta(days=1)
