"""Runs inside a benchmark's installation: `python -m bench.driver pipeline N | large PATH | fill N | people | log N | copy N PATH | holdings N`. Prints one JSON line."""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID


def _set_up() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    from zhudang.shared.standing import leave_what_stands

    django.setup()
    leave_what_stands()  # as the web and the worker do, for whom the driver stands


class Project:
    """A project of its own with everybody it needs, ready to take files."""

    def __init__(self, name: str) -> None:
        from django.utils import timezone

        from zhudang.demo import city, people
        from zhudang.filing import operations as filing
        from zhudang.filing import queries as filing_queries
        from zhudang.registry import operations as registry

        now = timezone.now()
        begun = now - timedelta(days=200)
        firms = people.bring_in_organisations(now)
        if not people.known("clerk"):
            people.bring_in_people(firms, now)
        desk = people.actor("archivist")
        serial = abs(hash(name)) % 900000 + 1000
        self.firms = firms
        self.id = registry.register_project(
            actor=desk,
            code=f"2603-{city.AREA_CODE}-47-01-{serial:06d}",
            name=name,
            kind="building",
            client_id=firms["anju"],
            address="云溪县",
            area_code=city.AREA_CODE,
            level=1,
            now=begun,
        )
        phase = registry.add_phase(
            actor=desk, project_id=self.id, code=f"2603-{city.AREA_CODE}-47-01-{serial:06d}-001", name=name, now=begun
        )
        self.unit = registry.add_unit_work(
            actor=desk, phase_id=phase, code="01", name="主楼", kind="building", now=begun
        )
        for role, firm in (
            ("contractor", "qingshi"),
            ("supervisor", "xiyuan"),
            ("design", "shanshui"),
            ("survey", "kance"),
        ):
            registry.add_party(
                actor=desk, project_id=self.id, organisation_id=firms[firm], role=role, since=begun.date(), now=begun
            )
        filing.plan_project(self.id)
        self.owed = filing_queries.project_obligations(self.id)
        self.obligation = next(row for row in self.owed if "隐蔽工程" in row.title)
        self.clerk, self.client, self.manager = (
            people.filer_of("qingshi"),
            people.actor("clientclerk"),
            people.actor("client"),
        )
        self.reviewer, self.archivist, self.keeper = (people.actor(n) for n in ("reviewer", "archivist", "keeper"))

    def road(self, file_ids: list[UUID], mark: Callable[[str], None]) -> None:
        """From received files to two verified copies, through every act in between."""
        from zhudang.filing import queries as filing_queries
        from zhudang.handover import queries as handover_queries

        transfer = self.hand_over(file_ids, mark)
        end = time.monotonic() + 3600
        while handover_queries.transfer_state(transfer) != "preserved":
            if time.monotonic() > end:
                raise TimeoutError("not preserved in an hour")
            time.sleep(0.2)
        mark("preserved")
        count = len(filing_queries.records_of(self.id, states=["preserved"]))
        if count != len(file_ids):
            raise AssertionError(f"{count} of {len(file_ids)} records are preserved")

    def hand_over(self, file_ids: list[UUID], mark: Callable[[str], None]) -> UUID:
        """From received files to the archive's signature; give the transfer, which preservation now takes up."""
        from django.utils import timezone

        from zhudang.demo.loader import wait_for_checks
        from zhudang.filing import operations as filing
        from zhudang.filing.domain.describing import Description
        from zhudang.handover import operations as handover
        from zhudang.handover import queries as handover_queries

        wait_for_checks(file_ids, seconds=3600)
        mark("checked")
        now = timezone.now()
        rows = filing.assign(actor=self.clerk, assignments=[(i, self.obligation.id) for i in file_ids], now=now)
        today = timezone.localdate()
        made = {
            row_id: Description(title=f"隐蔽工程验收记录 {n}", document_no=f"C5-1-{n:06d}", responsible="青石建筑工程有限公司", formed_on=today, manuscript="original",
                                copy_kind="original", origin="born_digital", has_paper=True, legal_force=True, carrier="text", pages=1, level=1, retention="long")
            for n, row_id in enumerate(rows)
        }  # fmt: skip
        filing.describe_many(actor=self.clerk, descriptions=made, now=now)
        del made
        filing.file_many(actor=self.clerk, record_ids=rows, now=now, knowingly=True)
        rest = [row.id for row in self.owed if row.archive == "must" and row.id != self.obligation.id]
        filing.excuse(actor=self.client, obligation_ids=rest, reason="本工程不涉及", now=now)
        delivery = handover.deliver(actor=self.clerk, project_id=self.id, record_ids=rows, note="", now=now)
        handover.sign_delivery(actor=self.client, delivery_id=delivery, now=now)
        application = handover.apply(
            actor=self.manager,
            project_id=self.id,
            mode="before_filing",
            now=now,
            contact="甲",
            phone="1",
            self_check="齐全",
        )
        handover.pass_group(actor=self.reviewer, application_id=application, note="抽看", now=now)
        handover.accept_application(actor=self.reviewer, application_id=application, text="", now=now)
        transfer = handover.propose_transfer(
            actor=self.manager, application_id=application, handed_by="甲", responsible="乙", now=now
        )
        handover.begin_receiving(actor=self.archivist, transfer_id=transfer, now=now)
        for volume in handover_queries.volumes_to_count(transfer):
            handover.count_volume(actor=self.keeper, transfer_id=transfer, volume_id=volume.id, records=volume.record_count, text_pages=volume.text_pages,
                                  drawing_sheets=volume.drawing_sheets, photos=volume.photo_count, others=volume.other_count, now=now)  # fmt: skip
        handover.receive_transfer(actor=self.archivist, transfer_id=transfer, now=now)
        mark("received")
        return transfer


def pipeline(count: str) -> dict[str, Any]:
    """Receive, check, file, accept, transfer and preserve `count` small files; seconds by stage."""
    from django.utils import timezone

    from bench.files import many
    from zhudang.content import operations as content
    from zhudang.registry import queries as registry_queries

    project = Project(f"基准 {count}")
    place = registry_queries.place_of(project.id)
    assert place is not None
    began, stages = time.monotonic(), {}

    def mark(stage: str) -> None:
        stages[stage] = round(time.monotonic() - began, 2)

    items = (
        content.Incoming(name, "隐蔽", data=data, level=1, unit_work_id=project.unit) for name, data in many(int(count))
    )
    ids = content.receive_many(
        actor=project.clerk, items=items, place=place, now=timezone.now(), organisation_id=project.firms["qingshi"]
    )
    mark("stored")
    project.road(ids, mark)
    _until_nothing_waits()
    return {"files": int(count), "seconds": stages["preserved"], "stages": stages}


def _until_nothing_waits() -> None:
    """Wait for what follows on the road, the certificate among it: memory is compared between runs that did the same."""
    from django.utils import timezone
    from procrastinate.contrib.django.models import ProcrastinateJob

    end = time.monotonic() + 120
    while (
        ProcrastinateJob.objects.filter(status__in=["todo", "doing"]).exclude(scheduled_at__gt=timezone.now()).exists()
    ):
        if time.monotonic() > end:
            raise TimeoutError("work still waits two minutes after the road's end")
        time.sleep(0.2)


def large(path: str) -> dict[str, Any]:
    """Take one large file from a path to two verified copies."""
    from django.utils import timezone

    from zhudang.content import operations as content
    from zhudang.registry import queries as registry_queries

    project = Project("基准 大文件")
    place = registry_queries.place_of(project.id)
    assert place is not None
    began, stages = time.monotonic(), {}

    def mark(stage: str) -> None:
        stages[stage] = round(time.monotonic() - began, 2)

    item = content.Incoming("大文件.txt", "大", path=Path(path), level=1, unit_work_id=project.unit)
    ids = content.receive_many(
        actor=project.clerk, items=[item], place=place, now=timezone.now(), organisation_id=project.firms["qingshi"]
    )
    mark("stored")
    project.road(ids, mark)
    return {
        "bytes": Path(path).stat().st_size if Path(path).exists() else 0,
        "seconds": stages["preserved"],
        "stages": stages,
    }


def people() -> dict[str, Any]:
    """Only the organisations and people of the demo city, no projects."""
    from django.utils import timezone

    from zhudang.demo import people as everybody

    now = timezone.now()
    everybody.bring_in_people(everybody.bring_in_organisations(now), now)
    return {}


def fill(count: str) -> dict[str, Any]:
    """Fill the catalogue with `count` records through bulk rows of the tables, then let the indexer work."""
    from bench import filling

    return filling.fill(int(count))


def log(count: str) -> dict[str, Any]:
    """Write `count` entries to the log, wait until they are sealed, verify it."""
    from bench import the_log

    return the_log.measure(int(count))


def copy(records: str, target: str) -> dict[str, Any]:
    """Keep a project, and write a copy of `records` records like its own to a fresh place."""
    from bench import copies

    return copies.make_copy(records, target)


def holdings(count: str) -> dict[str, Any]:
    """Fill the register of holdings with `count` volumes and their copies through bulk rows of the tables."""
    from bench import holdings

    return holdings.fill(int(count))


def main(arguments: list[str]) -> int:
    _set_up()
    command, *rest = arguments
    acts = {
        "pipeline": pipeline,
        "large": large,
        "fill": fill,
        "people": people,
        "log": log,
        "copy": copy,
        "holdings": holdings,
    }
    print(json.dumps(acts[command](*rest)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
