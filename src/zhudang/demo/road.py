"""The second half of a demo project's way: notice, delivery, application, review, opinion, transfer, certificate."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from zhudang.demo import people
from zhudang.demo.city import Works
from zhudang.filing import queries as filing_queries
from zhudang.handover import operations as handover
from zhudang.handover import queries as handover_queries
from zhudang.handover.domain.commitments import STATEMENTS

PRESERVE_SECONDS = 600


class Road:
    """Drives one project through the handover, with the days of its own calendar."""

    def __init__(self, works: Works, project_id: UUID, firms: dict[str, UUID]) -> None:
        self.works, self.project_id, self.firms = works, project_id, firms
        self.client = people.filer_of(works.client)
        self.manager = people.actor({"anju": "client"}.get(works.client, works.client))
        self.reviewer, self.archivist, self.keeper = (
            people.actor(name) for name in ("reviewer", "archivist", "keeper")
        )

    def notice(self, permit_id: UUID, now: datetime) -> None:
        """The permit's notice, issued on its day, read and acknowledged by the client."""
        notice_id = handover.issue_notice(project_id=self.project_id, permit_id=permit_id, now=now)
        if notice_id is not None:
            handover.acknowledge_notice(
                actor=self.manager, notice_id=notice_id, now=min(now + timedelta(days=1), timezone.now())
            )

    def drive(self, step: int, order: Sequence[str]) -> UUID | None:
        """Go on from the filed records to stage `order[step]`; gives the transfer that is being preserved, if it came so far."""
        done = {name: index <= step for index, name in enumerate(order)}
        self._deliver(sign=done["applied"])
        if not done["applied"]:
            return None
        application_id = self._apply()
        if not done["reviewing"]:
            return None
        if self.works.stage == "reviewing":
            self._review(application_id, half=True)
            return None
        self._review(application_id)
        if self.works.stage in {"returned", "reapplied"}:
            self._return(application_id)
            return None
        if not done["accepted"]:
            return None
        handover.accept_application(actor=self.reviewer, application_id=application_id, text="", now=self._at(6))
        if not done["committed"] or self.works.stage == "accepted":
            return None
        transfer_id = handover.propose_transfer(
            actor=self.manager,
            application_id=application_id,
            handed_by=self.client.name,
            responsible="分管负责人辛",
            now=self._at(8),
        )
        return self._receive(transfer_id)

    def _at(self, days: int, hour: int = 10) -> datetime:
        """A moment so many days after the application, never later than now."""
        wanted = timezone.make_aware(
            datetime.combine(self._applied_on() + timedelta(days=days), datetime.min.time().replace(hour=hour))
        )
        return min(wanted, timezone.now())

    def _applied_on(self) -> date:
        today = timezone.localdate()
        recent = {"applied": 2, "reviewing": 6, "returned": 24, "reapplied": 30, "accepted": 20, "committed": 30}
        if self.works.stage in recent:
            return today - timedelta(days=recent[self.works.stage])
        return (self.works.accepted or today) + timedelta(days=24)

    def _deliver(self, *, sign: bool) -> None:
        """Every party delivers what it filed; the client signs for each list."""
        rows = filing_queries.records_of(self.project_id, states=["filed"])
        client_id = self.firms[self.works.client]
        for organisation_id in sorted({row.organisation_id for row in rows} - {client_id}):
            key = next(key for key, value in self.firms.items() if value == organisation_id)
            ids = [row.id for row in rows if row.organisation_id == organisation_id and row.to_client]
            if not ids:
                continue
            delivery_id = handover.deliver(
                actor=people.filer_of(key), project_id=self.project_id, record_ids=ids, note="", now=self._at(-6)
            )
            if sign:
                handover.sign_delivery(actor=self.client, delivery_id=delivery_id, now=self._at(-4))

    def _apply(self) -> UUID:
        promises = self.works.stage == "committed"
        return handover.apply(
            actor=self.manager, project_id=self.project_id, mode="commitment" if promises else "before_filing", now=self._at(0),
            self_check="自查齐全", contact=self.manager.name, phone="0900-6612345", missing_note="" if promises else "其余本工程不涉及",
            statements=tuple(STATEMENTS) if promises else (), due_on=timezone.localdate() + timedelta(days=40) if promises else None,
        )  # fmt: skip

    def _review(self, application_id: UUID, *, half: bool = False) -> None:
        """Judge what blocks, pass the rest by recorded sample; `half` stops in the middle."""
        items = handover_queries.review_items(application_id)
        if half:
            for item in [i for i in items if i.blocking][:1]:
                self._send_back(application_id, item.id)
            some = [i.id for i in items if i.state == "open" and not i.blocking][: len(items) // 2]
            handover.pass_group(
                actor=self.reviewer,
                application_id=application_id,
                item_ids=some,
                looked_at=some[:5],
                note="按部分抽看前五件",
                now=self._at(3),
            )
            return
        for item in items:
            if item.blocking and item.state == "open":
                self._send_back(application_id, item.id)
        if any(i.state == "open" and not i.blocking for i in items):
            handover.pass_group(
                actor=self.reviewer,
                application_id=application_id,
                note="每部分抽看十分之一，余按检测结果",
                now=self._at(4),
            )
        for item in handover_queries.review_items(application_id):
            if item.state == "open":
                handover.judge(
                    actor=self.reviewer,
                    application_id=application_id,
                    item_id=item.id,
                    verdict="not_applicable",
                    reason="不涉及，已说明",
                    now=self._at(4),
                )

    def _send_back(self, application_id: UUID, item_id: UUID) -> None:
        handover.judge(
            actor=self.reviewer, application_id=application_id, item_id=item_id, verdict="returned", reason_code="unreadable", reason="文件打不开或不完整",
            cure="请重新导出或补扫后整件替换", now=self._at(3),
        )  # fmt: skip

    def _return(self, application_id: UUID) -> None:
        handover.return_application(actor=self.reviewer, application_id=application_id, now=self._at(5))
        if self.works.stage == "reapplied":
            self._cure()
            self._deliver(sign=True)
            self._apply()

    def _cure(self) -> None:
        """Every returned record gets a good file, is filed again and goes back to the client."""
        import random

        from zhudang.content import operations as content
        from zhudang.demo.loader import wait_for_checks
        from zhudang.demo.paper import typeset
        from zhudang.demo.paper.layouts import LAYOUTS, Facts
        from zhudang.filing import operations as filing
        from zhudang.registry import queries as registry_queries

        place = registry_queries.place_of(self.project_id)
        assert place is not None
        now = self._at(12)
        for row in filing_queries.records_of(self.project_id, states=["returned"]):
            clerk = people.filer_of(next(key for key, value in self.firms.items() if value == row.organisation_id))
            facts = Facts(
                self.works.name,
                row.unit_work_name,
                self.works.place,
                {"contractor": row.organisation_name},
                row.formed_on or self._applied_on(),
                row.document_no,
            )
            data = typeset.pdf("record", LAYOUTS["concealed"].data(facts, random.Random(str(row.title))))
            item = content.Incoming(
                f"{row.document_no}_重报.pdf", "重报", data=data, level=1, unit_work_id=row.unit_work_id
            )
            (file_id,) = content.receive_many(
                actor=clerk, items=[item], place=place, now=now, organisation_id=row.organisation_id
            )
            wait_for_checks([file_id])
            old = next(f.file_id for f in row.files if f.current and f.part != "native")
            filing.replace_file(
                actor=clerk, record_id=row.id, old_file_id=old, file_id=file_id, why="按整改清单重新导出", now=now
            )
            filing.file_record(actor=clerk, record_id=row.id, now=now, knowingly=True)

    def _receive(self, transfer_id: UUID) -> UUID | None:
        """Count volume by volume; another person receives; preservation and the certificate follow by themselves."""
        handover.begin_receiving(actor=self.archivist, transfer_id=transfer_id, now=self._at(12))
        for volume in handover_queries.volumes_to_count(transfer_id):
            handover.count_volume(
                actor=self.keeper, transfer_id=transfer_id, volume_id=volume.id, records=volume.record_count, text_pages=volume.text_pages,
                drawing_sheets=volume.drawing_sheets, photos=volume.photo_count, others=volume.other_count, stamps_sampled=5, now=self._at(12, 15),
            )  # fmt: skip
        if self.works.stage == "transferred":
            return None
        handover.receive_transfer(actor=self.archivist, transfer_id=transfer_id, now=self._at(13))
        return transfer_id


def wait_for_preservation(transfer_id: UUID) -> None:
    """Wait until the worker has preserved what a transfer brought.

    Raises:
        TimeoutError: it has not in time.
    """
    end = time.monotonic() + PRESERVE_SECONDS
    while handover_queries.transfer_state(transfer_id) != "preserved":
        if time.monotonic() > end:
            raise TimeoutError("保存没有在时限内完成 / preservation did not finish in time")
        time.sleep(0.3)
