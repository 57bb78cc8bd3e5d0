"""Notices told once, deliveries signed per list."""

from datetime import date

import pytest

from filing.filing_support import NOW
from handover.handover_support import LATER, Handover, codes
from zhudang.audit.models import Entry
from zhudang.content.models import File
from zhudang.documents import queries as documents
from zhudang.filing import operations as filing
from zhudang.filing import queries as filing_queries
from zhudang.filing.models import Obligation
from zhudang.handover import operations, queries
from zhudang.handover.models import Delivery, Notice, NoticeReceipt
from zhudang.identity.rights import SYSTEM
from zhudang.registry import operations as registry
from zhudang.shared.refusals import Conflict, Forbidden, NotFound

pytestmark = pytest.mark.django_db


def issue(site, permit_id):
    return operations.issue_notice(project_id=site.project_id, permit_id=permit_id, now=NOW)


def test_a_permit_brings_exactly_one_notice_with_what_is_owed(run_jobs):
    site = Handover()
    permit = site.permit()
    run_jobs()
    notice = Notice.objects.get(project_id=site.project_id)
    owed = [row for row in filing_queries.project_obligations(site.project_id) if row.applicable]
    assert {item["obligation"] for item in notice.items} == {str(row.id) for row in owed}
    assert documents.document(notice.document_id).sealed
    assert issue(site, permit) == notice.id and Notice.objects.count() == 1
    assert Entry.objects.filter(act="handover.notice.issued").count() == 1


def test_a_later_permit_brings_only_the_difference_and_none_when_there_is_none():
    site = Handover()
    issue(site, site.permit())
    assert issue(site, site.permit("990241202403220102")) is None
    phase = registry.add_phase(
        actor=SYSTEM, project_id=site.project_id, code="2403-990241-48-01-012345-002", name="二标段", now=NOW
    )
    registry.add_unit_work(actor=SYSTEM, phase_id=phase, code="03", name="3# 住宅楼", kind="building", now=NOW)
    filing.excuse(actor=SYSTEM, obligation_ids=[site.owed("C5-13").id], reason="桩基础", now=NOW)
    supplement = Notice.objects.get(id=issue(site, site.permit("990241202403220103")))
    assert supplement.sequence == 2
    assert {item["unit_work"] for item in supplement.items} == {"3# 住宅楼"}
    assert supplement.withdrawn == [str(site.owed("C5-13").id)]


def test_a_notice_waits_for_the_first_unit_work(run_jobs):
    site = Handover()
    Obligation.objects.filter(project_id=site.project_id).update(retired_at=NOW)
    code = "2403-990241-48-01-099999"
    project_id = registry.register_project(
        actor=SYSTEM, code=code, client_id=site.client_id, name="空项目", kind="road", now=NOW
    )
    registry.record_permit(
        actor=SYSTEM,
        project_id=project_id,
        kind="construction",
        number="990241202403220109",
        issued_on=date(2024, 3, 22),
        now=NOW,
    )
    run_jobs()
    assert not Notice.objects.filter(project_id=project_id).exists()
    phase = registry.add_phase(actor=SYSTEM, project_id=project_id, code=f"{code}-001", name="一标段", now=NOW)
    registry.add_unit_work(actor=SYSTEM, phase_id=phase, code="01", name="滨河路", kind="road", now=NOW)
    run_jobs()
    assert Notice.objects.get(project_id=project_id).sequence == 1


def test_a_notice_is_read_and_acknowledged_by_the_client_only():
    site = Handover()
    notice_id = issue(site, site.permit())
    operations.note_read(actor=site.clerk, notice_id=notice_id, now=NOW)
    assert not NoticeReceipt.objects.filter(step="read").exists()
    with pytest.raises(Forbidden):
        operations.acknowledge_notice(actor=site.clerk, notice_id=notice_id, now=NOW)
    with pytest.raises(NotFound):
        operations.note_read(actor=site.outsider, notice_id=notice_id, now=NOW)
    operations.acknowledge_notice(actor=site.manager, notice_id=notice_id, now=LATER)
    assert set(NoticeReceipt.objects.values_list("step", flat=True)) == {"delivered", "read", "acknowledged"}
    with pytest.raises(operations.CannotIssueNotice) as told:
        operations.acknowledge_notice(actor=site.manager, notice_id=notice_id, now=LATER)
    assert codes(told) == {"receipt_already"}


def test_a_party_sees_only_its_own_part_of_the_notice():
    site = Handover()
    notice_id = issue(site, site.permit())
    whole = queries.notice_page(site.manager, notice_id)
    part = queries.notice_page(site.supervisor, notice_id)
    assert 0 < part.total < whole.total


def test_a_delivery_opens_its_files_to_the_client_who_signs_or_gives_back():
    site = Handover()
    delivery_id, (first, second) = site.delivered(("C5-12", "地基验槽记录.pdf"), ("C5-1", "隐蔽.pdf"))
    assert File.objects.filter(with_client=True).count() == 2
    operations.sign_delivery(actor=site.manager, delivery_id=delivery_id, returns={second: "缺监理签字"}, now=NOW)
    rows = filing_queries.records_by_id([first, second])
    assert rows[first].state == "with_client"
    assert (rows[second].state, rows[second].returned_reason) == ("returned", "缺监理签字")
    assert Delivery.objects.get().state == "signed"
    with pytest.raises(operations.CannotDeliver) as told:
        operations.sign_delivery(actor=site.manager, delivery_id=delivery_id, now=NOW)
    assert codes(told) == {"delivery_closed"}


def test_a_whole_delivery_given_back_needs_a_reason():
    site = Handover()
    delivery_id, ids = site.delivered()
    with pytest.raises(operations.CannotDeliver) as told:
        operations.return_delivery(actor=site.manager, delivery_id=delivery_id, reason=" ", now=NOW)
    assert codes(told) == {"return_without_reason"}
    assert filing_queries.records_by_id(ids)[ids[0]].state == "delivered"
    operations.return_delivery(actor=site.manager, delivery_id=delivery_id, reason="重新整理", now=NOW)
    assert Delivery.objects.get().state == "returned"


def test_only_the_client_signs_and_strangers_know_of_no_delivery():
    site = Handover()
    delivery_id, ids = site.delivered()
    with pytest.raises(Forbidden):
        operations.sign_delivery(actor=site.clerk, delivery_id=delivery_id, now=NOW)
    with pytest.raises(NotFound):
        operations.sign_delivery(actor=site.outsider, delivery_id=delivery_id, now=NOW)
    with pytest.raises(NotFound):
        queries.delivery_page(site.supervisor, delivery_id)
    assert filing_queries.records_by_id(ids)[ids[0]].state == "delivered"


def test_nobody_delivers_what_is_not_filed_or_not_theirs_and_nothing_moves():
    site = Handover()
    mine, draft = site.filed(), site.record("C5-1", "隐蔽.pdf")
    with pytest.raises(operations.CannotDeliver) as told:
        operations.deliver(actor=site.clerk, project_id=site.project_id, record_ids=[mine, draft], now=NOW)
    assert codes(told) == {"record_not_filed"}
    with pytest.raises(operations.CannotDeliver) as told:
        operations.deliver(actor=site.supervisor, project_id=site.project_id, record_ids=[mine], now=NOW)
    assert codes(told) == {"not_your_record"}
    assert filing_queries.records_by_id([mine])[mine].state == "filed" and not Delivery.objects.exists()


def test_the_second_of_two_people_is_told_who_and_when():
    site = Handover()
    delivery_id, _ids = site.delivered()
    Delivery.objects.update(revision=2, changed_by="经理壬", changed_at=NOW)
    with pytest.raises(Conflict) as told:
        operations.sign_delivery(actor=site.manager, delivery_id=delivery_id, revision=1, now=NOW)
    assert told.value.reasons[0].data["who"] == "经理壬"


def test_the_notice_as_a_paper_is_for_the_client_and_the_archive():
    site = Handover()
    document_id = Notice.objects.get(id=issue(site, site.permit())).document_id
    assert (
        queries.paper_file(site.manager, document_id).sealed and queries.paper_file(site.reviewer, document_id).sealed
    )
    for stranger in (site.clerk, site.outsider):
        with pytest.raises(NotFound):
            queries.paper_file(stranger, document_id)
