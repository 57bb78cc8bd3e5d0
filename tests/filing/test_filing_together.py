"""Several people at the same moment, on a real PostgreSQL with real commits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from filing.filing_support import NOW, Site
from zhudang.audit.models import Entry
from zhudang.filing import operations
from zhudang.filing.models import GivenCode, Record, Volume


def together(*acts: Callable[[], str]) -> list[str]:
    """Run acts at the same moment, each on its own connection; gives what each said."""
    said: list[str] = []
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], str]) -> None:
        barrier.wait()
        try:
            said.append(act())
        finally:
            connection.close()

    people = [threading.Thread(target=run, args=(act,)) for act in acts]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return sorted(said)


def accepted(site: Site, names: list[tuple[str, str]]) -> list:
    """Records all the way to accepted."""
    ids = [site.record(code, name) for code, name in names]
    operations.file_many(actor=site.clerk, record_ids=ids, now=NOW)
    operations.mark_delivered(actor=site.clerk, record_ids=ids, now=NOW)
    operations.mark_with_client(actor=site.manager, record_ids=ids, now=NOW)
    operations.mark_submitted(actor=site.manager, record_ids=ids, now=NOW)
    operations.mark_accepted(actor=site.reviewer, record_ids=ids, now=NOW)
    return ids


def test_two_people_filing_at_the_same_moment_file_once(committed_db, django_db_blocker):
    with django_db_blocker.unblock():
        site = Site()
        record_id = site.record()

        def press() -> str:
            try:
                operations.file_record(actor=site.clerk, record_id=record_id, now=NOW)
                return "filed"
            except operations.CannotFile as refusal:
                return refusal.reasons[0].code

        assert together(press, press) == ["filed", "filing.already_filed"]
        assert Entry.objects.filter(act="filing.record.filed").count() == 1


def test_two_archivists_on_two_projects_give_distinct_gapless_numbers(committed_db, django_db_blocker):
    with django_db_blocker.unblock():
        one, two = Site(), Site("2403-990241-48-01-012346", tag="乙")
        for site in (one, two):
            accepted(
                site, [("C5-12", "地基验槽记录.pdf"), ("C4.3-1", "钢材试验报告.pdf"), ("B1-1", "监理规划.pdf")][:2]
            )

        def arrange(site: Site) -> Callable[[], str]:
            return lambda: str(
                len(operations.arrange_project(actor=site.archivist, project_id=site.project_id, now=NOW))
            )

        assert together(arrange(one), arrange(two)) == ["2", "2"]
        numbers = sorted(Volume.objects.values_list("accession_no", flat=True))
        assert numbers == ["00000001", "00000002", "00000003", "00000004"]
        assert len(set(Volume.objects.values_list("reference_code", flat=True))) == 4
        projects = sorted(GivenCode.objects.filter(kind="project").values_list("number", flat=True))
        assert projects == [1, 2]


def test_two_archivists_on_one_project_number_it_once(committed_db, django_db_blocker):
    with django_db_blocker.unblock():
        site = Site()
        accepted(site, [("C5-12", "地基验槽记录.pdf"), ("C4.3-1", "钢材试验报告.pdf")])

        def arrange() -> str:
            try:
                operations.arrange_project(actor=site.archivist, project_id=site.project_id, now=NOW)
                return "arranged"
            except operations.CannotArrange as refusal:
                return refusal.reasons[0].code

        assert together(arrange, arrange) == ["arranged", "filing.nothing_to_arrange"]
        assert Volume.objects.count() == 2 and GivenCode.objects.filter(kind="accession").count() == 2


def test_a_clerk_taking_back_and_a_client_receiving_never_both_succeed(committed_db, django_db_blocker):
    with django_db_blocker.unblock():
        site = Site()
        record_id = site.record()
        operations.file_record(actor=site.clerk, record_id=record_id, now=NOW)

        def back() -> str:
            try:
                operations.take_back(actor=site.clerk, record_ids=[record_id], now=NOW + timedelta(seconds=1))
                return "draft"
            except operations.CannotTakeBack:
                return "too late"

        def deliver() -> str:
            try:
                operations.mark_delivered(actor=site.clerk, record_ids=[record_id], now=NOW)
                return "delivered"
            except operations.WrongState:
                return "gone"

        assert together(back, deliver) in (["draft", "gone"], ["delivered", "too late"])
        assert Record.objects.get(id=record_id).state in {"draft", "delivered"}
