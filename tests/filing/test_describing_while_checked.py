"""Somebody describes records in the moment the checks' facts are brought to them: neither may lose what it wrote."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from django.db import connection, transaction

from filing.filing_support import NOW, Site
from zhudang.content import queries as content
from zhudang.content.models import File
from zhudang.filing import operations
from zhudang.filing.domain.describing import Description
from zhudang.filing.models import Record, RecordFile
from zhudang.filing.operations.inbox import refresh_facts

TYPED = Description(
    title="1# 住宅楼地基验槽记录", responsible="青石建筑工程有限公司", formed_on=date(2026, 3, 10), pages=7, has_paper=True,
    origin="scan", level=1,
)  # fmt: skip
SEALED = {"text_chars": 900, "signatures": [{"kind": "pdf", "status": "valid"}]}


class Meeting:
    """Two records whose files were checked after they were assigned: the one somebody describes, and another."""

    def __init__(self) -> None:
        self.site = Site()
        self.described = self.site.record(described=False, checked="", name="甲.pdf")
        self.other = self.site.record(described=False, checked="", name="乙.pdf")
        links = RecordFile.objects.filter(record_id__in=[self.described, self.other])
        self.file_ids: list[UUID] = list(links.values_list("file_id", flat=True))
        File.objects.filter(id__in=self.file_ids).update(
            verdict="pass", checked_at=NOW, mime="application/pdf", pages=12, facts=SEALED
        )

    def describe(self) -> None:
        operations.describe_many(actor=self.site.clerk, descriptions={self.described: TYPED}, now=NOW)

    def bring_facts(self) -> None:
        refresh_facts(self.file_ids, content.stored_files(self.file_ids))

    def told(self, record_id: UUID) -> tuple:
        row = Record.objects.get(pk=record_id)
        return row.title, row.pages, row.origin, row.e_sealed, row.described_at


def one_within_the_other(first: Callable[[], None], second: Callable[[], None]) -> None:
    """Do `first`, let `second` run into it on a connection of its own, only then commit `first`."""
    broken: list[BaseException] = []

    def follow() -> None:
        try:
            second()
        except BaseException as problem:
            broken.append(problem)
        finally:
            connection.close()

    follower = threading.Thread(target=follow)
    with transaction.atomic():
        first()
        follower.start()
        wait_until_blocked(follower)
    follower.join(20)
    assert not follower.is_alive()
    assert not broken


def wait_until_blocked(follower: threading.Thread) -> None:
    end = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < end and follower.is_alive():
            cursor.execute(
                "SELECT pg_stat_clear_snapshot(), (SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
            )
            if cursor.fetchone()[1]:
                return
            time.sleep(0.02)
    pytest.fail("the second did not have to wait for the first")


def test_a_description_being_written_is_kept_and_other_records_get_their_facts(committed_db, django_db_blocker):
    with django_db_blocker.unblock():
        meeting = Meeting()
        one_within_the_other(meeting.describe, meeting.bring_facts)
        assert meeting.told(meeting.described)[:3] == (TYPED.title, 7, "scan")
        assert meeting.told(meeting.described)[4] is not None
        assert meeting.told(meeting.other)[1:] == (12, "born_digital", True, None)


def test_facts_being_brought_are_kept_beneath_a_description(committed_db, django_db_blocker):
    with django_db_blocker.unblock():
        meeting = Meeting()
        one_within_the_other(meeting.bring_facts, meeting.describe)
        title, pages, how, sealed, at = meeting.told(meeting.described)
        assert (title, pages, how, sealed) == (TYPED.title, 7, "scan", True)
        assert at is not None
        assert meeting.told(meeting.other)[1:] == (12, "born_digital", True, None)
