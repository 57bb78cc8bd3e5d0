"""Describing, filing, undoing, replacing: what the party confirms and what is refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from filing.filing_support import NOW, Site
from zhudang.audit.models import Entry
from zhudang.filing import operations, queries
from zhudang.filing.domain.describing import Description
from zhudang.filing.models import Record, RecordFile
from zhudang.shared.refusals import Conflict, Forbidden, NotFound

pytestmark = pytest.mark.django_db


def codes(refusal) -> list[str]:
    return sorted({reason.code for reason in refusal.value.reasons})


def test_a_described_scan_with_its_paper_is_filed_and_logged():
    site = Site()
    record_id = site.record()
    operations.file_record(actor=site.clerk, record_id=record_id, now=NOW)
    row = Record.objects.get(id=record_id)
    assert row.state == "filed" and row.filed_by == "clerk" and row.filed_at == NOW
    assert Entry.objects.filter(act="filing.record.filed").count() == 1


def test_every_reason_against_filing_is_told_at_once_and_nothing_is_filed():
    site = Site()
    record_id = site.record("D-1", "建施-01.dwg", described=False, checked="fail", pages=None)
    with pytest.raises(operations.CannotFile) as refusal:
        operations.file_record(actor=site.clerk, record_id=record_id, now=NOW)
    assert codes(refusal) == [
        "filing.as_built_needs_paper", "filing.field_missing", "filing.finding_blocks", "filing.legal_force_unconfirmed",
        "filing.native_needs_rendition", "filing.no_e_seal",
    ]  # fmt: skip
    assert Record.objects.get(id=record_id).state == "draft"


def test_an_unchecked_file_keeps_its_record_from_being_filed():
    site = Site()
    record_id = site.record(checked="")
    with pytest.raises(operations.CannotFile) as refusal:
        operations.file_record(actor=site.clerk, record_id=record_id, now=NOW)
    assert codes(refusal) == ["filing.not_checked_yet"]


def test_a_finding_may_knowingly_be_passed_on_but_paper_may_not():
    site = Site()
    blocked = site.record(checked="fail")
    operations.file_record(actor=site.clerk, record_id=blocked, now=NOW, knowingly=True)
    assert Record.objects.get(id=blocked).blockers[0][0] == "filing.finding_blocks"
    without = site.record("C5-5", "基槽验线.pdf", has_paper=False)
    with pytest.raises(operations.CannotFile) as refusal:
        operations.file_record(actor=site.clerk, record_id=without, now=NOW, knowingly=True)
    assert codes(refusal) == ["filing.scan_needs_paper"]


def test_a_party_files_only_its_own_and_the_client_does_not_know_of_drafts():
    site = Site()
    record_id = site.record()
    for stranger in (site.manager, site.outsider, site.supervisor, site.reviewer):
        with pytest.raises(NotFound):
            operations.file_record(actor=stranger, record_id=record_id, now=NOW)
    assert not queries.visible_to(site.manager).exists()


def test_filing_is_undone_before_delivery_and_not_after():
    site = Site()
    record_id = site.record()
    operations.file_record(actor=site.clerk, record_id=record_id, now=NOW)
    operations.take_back(actor=site.clerk, record_ids=[record_id], now=NOW)
    assert Record.objects.get(id=record_id).state == "draft"
    operations.file_record(actor=site.clerk, record_id=record_id, now=NOW)
    operations.mark_delivered(actor=site.clerk, record_ids=[record_id], now=NOW)
    with pytest.raises(operations.CannotTakeBack):
        operations.take_back(actor=site.clerk, record_ids=[record_id], now=NOW)
    assert queries.visible_to(site.manager).count() == 1


def test_the_second_of_two_people_is_refused_with_who_when_old_and_new():
    site = Site()
    record_id = site.record()
    seen = Record.objects.get(id=record_id)
    first = Description(title="1#楼验槽记录", responsible="青石", formed_on=date(2026, 3, 10), level=1)
    operations.describe(actor=site.clerk, record_id=record_id, description=first, revision=seen.revision, now=NOW)
    second = Description(title="1# 楼地基验槽记录", responsible="青石", formed_on=date(2026, 3, 10), level=1)
    with pytest.raises(Conflict) as refusal:
        operations.describe(
            actor=site.clerk,
            record_id=record_id,
            description=second,
            revision=seen.revision,
            now=NOW + timedelta(minutes=2),
        )
    [reason] = refusal.value.reasons
    assert reason.data["who"] == "clerk" and reason.data["when"] == NOW
    assert reason.data["differences"] == [["title", "1#楼验槽记录", "1# 楼地基验槽记录"]]
    assert Record.objects.get(id=record_id).title == "1#楼验槽记录"


def test_a_description_is_refused_with_all_its_faults():
    site = Site()
    record_id = site.record()
    wrong = Description(
        title="x" * 301, formed_on=date(2027, 1, 1), formed_until=date(2026, 1, 1), pages=0, level=3, retention="ever"
    )
    with pytest.raises(operations.CannotDescribe) as refusal:
        operations.describe(actor=site.clerk, record_id=record_id, description=wrong, revision=None, now=NOW)
    assert codes(refusal) == [
        "filing.formed_in_future", "filing.formed_until_before", "filing.level_above_reach", "filing.pages_below_one",
        "filing.title_too_long", "filing.value_unknown",
    ]  # fmt: skip


def test_pencil_is_confirmed_for_many_without_overwriting_what_was_typed():
    site = Site()
    one = site.record(described=False, name="20260310_地基验槽记录.pdf")
    two = site.record("C5-5", "基槽验线记录.pdf", title="亲手写的题名")
    operations.accept_pencil(actor=site.clerk, record_ids=[one, two], now=NOW)
    first, second = Record.objects.get(id=one), Record.objects.get(id=two)
    assert first.title == "1# 住宅楼地基验槽记录" and first.formed_on == date(2026, 3, 10) and first.pages == 3
    assert first.responsible == "青石建筑工程有限公司"
    assert second.title == "亲手写的题名"


def test_a_returned_record_is_cured_by_a_new_file_and_filed_again():
    site = Site()
    record_id = site.record()
    operations.file_record(actor=site.clerk, record_id=record_id, now=NOW)
    operations.mark_delivered(actor=site.clerk, record_ids=[record_id], now=NOW)
    operations.mark_with_client(actor=site.manager, record_ids=[record_id], now=NOW)
    operations.mark_submitted(actor=site.manager, record_ids=[record_id], now=NOW)
    back = operations.Return("扫描件缺第 3 页", "请补扫第 3 页后整件替换", "2-7")
    operations.mark_returned(actor=site.reviewer, returns={record_id: back}, now=NOW)
    row = Record.objects.get(id=record_id)
    assert (row.state, row.returned_reason, row.returned_code) == ("returned", "扫描件缺第 3 页", "2-7")
    with pytest.raises(operations.CannotFile) as refusal:
        operations.file_record(actor=site.clerk, record_id=record_id, now=NOW)
    assert codes(refusal) == ["filing.not_cured_yet"]
    old = RecordFile.objects.get(record_id=record_id).file_id
    new = site.upload("地基验槽记录 补扫.pdf", pages=6)
    operations.replace_file(
        actor=site.clerk, record_id=record_id, old_file_id=old, file_id=new, why="补扫第 3 页", now=NOW
    )
    operations.file_record(actor=site.clerk, record_id=record_id, now=NOW)
    row.refresh_from_db()
    assert row.state == "filed" and row.pages == 6
    versions = RecordFile.objects.filter(record_id=record_id).order_by("version")
    assert [(v.version, v.replaced_at is None) for v in versions] == [(1, False), (2, True)]


def test_a_step_that_does_not_start_where_a_record_is_moves_none():
    site = Site()
    filed, draft = site.record(), site.record("C5-5", "基槽验线.pdf")
    operations.file_record(actor=site.clerk, record_id=filed, now=NOW)
    with pytest.raises(operations.WrongState) as refusal:
        operations.mark_delivered(actor=site.clerk, record_ids=[filed, draft], now=NOW)
    assert codes(refusal) == ["filing.wrong_state"]
    assert Record.objects.get(id=filed).state == "filed"


def test_a_withdrawn_record_gives_its_file_back_to_the_inbox():
    site = Site()
    record_id = site.record()
    file_id = RecordFile.objects.get(record_id=record_id).file_id
    operations.withdraw_records(actor=site.clerk, record_ids=[record_id], now=NOW)
    assert queries.records_of(site.project_id) == []
    operations.assign(actor=site.clerk, assignments=[(file_id, site.owed("C5-13").id)], now=NOW)


def test_nobody_files_what_belongs_to_another_holder_of_the_same_project():
    site = Site()
    record_id = site.record()
    operations.file_record(actor=site.clerk, record_id=record_id, now=NOW)
    operations.mark_delivered(actor=site.clerk, record_ids=[record_id], now=NOW)
    with pytest.raises(Forbidden):
        operations.take_back(actor=site.manager, record_ids=[record_id], now=NOW)
