"""Receiving, preserved in fact, certificates, promises."""

from datetime import date, timedelta

import pytest

from filing.filing_support import NOW
from handover.handover_support import LATER, Handover, codes
from zhudang.audit.proofs import seal_tail
from zhudang.documents import operations as documents_operations
from zhudang.documents import queries as documents
from zhudang.events.models import Event
from zhudang.filing import queries as filing_queries
from zhudang.handover import operations, queries
from zhudang.handover.domain.commitments import STATEMENTS
from zhudang.handover.models import Certificate, Commitment, Transfer
from zhudang.shared.refusals import Forbidden, NotFound

pytestmark = pytest.mark.django_db


def proposed(site, *names):
    application_id = site.accepted(*names)
    return operations.propose_transfer(actor=site.manager, application_id=application_id, handed_by="档案员辛", now=NOW)


def test_the_archive_gives_codes_when_it_begins_to_receive():
    site = Handover()
    transfer_id = proposed(site, ("C5-12", "验槽.pdf"))
    assert operations.begin_receiving(actor=site.archivist, transfer_id=transfer_id, now=NOW) == 1
    (volume,) = queries.volumes_to_count(transfer_id)
    assert volume.reference_code and volume.accession_no


def test_a_difference_needs_a_note_and_goes_on_the_supplement_list():
    site = Handover()
    transfer_id = proposed(site, ("C5-12", "验槽.pdf"))
    operations.begin_receiving(actor=site.archivist, transfer_id=transfer_id, now=NOW)
    (volume,) = queries.volumes_to_count(transfer_id)
    numbers = {"records": 1, "text_pages": 2, "drawing_sheets": 0, "photos": 0, "others": 0}
    with pytest.raises(operations.CannotTransfer) as told:
        operations.count_volume(actor=site.keeper, transfer_id=transfer_id, volume_id=volume.id, now=NOW, **numbers)
    assert codes(told) == {"difference_without_note"}
    operations.count_volume(
        actor=site.keeper, transfer_id=transfer_id, volume_id=volume.id, note="少一页", now=NOW, **numbers
    )
    operations.receive_transfer(actor=site.archivist, transfer_id=transfer_id, now=NOW)
    row = Transfer.objects.get()
    assert [line["note"] for line in row.supplement] == ["少一页"] and documents.document(row.document_id).sealed


def test_who_counted_does_not_receive_and_nothing_uncounted_is_received():
    site = Handover()
    transfer_id = proposed(site, ("C5-12", "验槽.pdf"))
    operations.begin_receiving(actor=site.archivist, transfer_id=transfer_id, now=NOW)
    with pytest.raises(operations.CannotTransfer) as told:
        operations.receive_transfer(actor=site.archivist, transfer_id=transfer_id, now=NOW)
    assert codes(told) == {"volumes_left"}
    (v,) = queries.volumes_to_count(transfer_id)
    operations.count_volume(
        actor=site.archivist, transfer_id=transfer_id, volume_id=v.id, records=v.record_count, text_pages=v.text_pages,
        drawing_sheets=v.drawing_sheets, photos=v.photo_count, others=v.other_count, now=NOW,
    )  # fmt: skip
    with pytest.raises(operations.CannotTransfer) as told:
        operations.receive_transfer(actor=site.archivist, transfer_id=transfer_id, now=NOW)
    assert codes(told) == {"counter_receives"} and not Event.objects.filter(kind="handover.transferred").exists()


def test_an_absent_volume_is_not_transferred():
    site = Handover()
    transfer_id = proposed(site, ("C5-12", "验槽.pdf"), ("D-1", "建筑竣工图.pdf"))
    operations.begin_receiving(actor=site.archivist, transfer_id=transfer_id, now=NOW)
    first, second = queries.volumes_to_count(transfer_id)
    operations.count_volume(
        actor=site.keeper, transfer_id=transfer_id, volume_id=first.id, absent=True, note="未随车", now=NOW
    )
    operations.count_volume(
        actor=site.keeper, transfer_id=transfer_id, volume_id=second.id, records=second.record_count, text_pages=second.text_pages,
        drawing_sheets=second.drawing_sheets, photos=second.photo_count, others=second.other_count, now=NOW,
    )  # fmt: skip
    operations.receive_transfer(actor=site.archivist, transfer_id=transfer_id, now=NOW)
    states = {
        r.volume_id: r.state for r in filing_queries.records_of(site.project_id, states=["accepted", "transferred"])
    }
    assert states == {first.id: "accepted", second.id: "transferred"}
    event = Event.objects.get(kind="handover.transferred")
    assert event.data["volume_ids"] == [str(second.id)]


def test_preserved_is_only_noted_when_every_volume_proves_it_and_then_the_certificate_comes():
    site = Handover()
    transfer_id = site.received(("C5-12", "验槽.pdf"), ("D-1", "建筑竣工图.pdf"))
    assert operations.note_preserved(transfer_id, now=NOW) is False
    assert queries.transfer_state(transfer_id) == "received" and not Certificate.objects.exists()
    site.preserve(transfer_id)
    assert operations.note_preserved(transfer_id, now=NOW) is True
    assert operations.note_preserved(transfer_id, now=LATER) is True
    certificate = Certificate.objects.get()
    assert queries.transfer_state(transfer_id) == "preserved"
    assert documents.document(certificate.document_id).sealed is False
    seal_tail(NOW)
    documents_operations.finish(document_id=certificate.document_id, now=NOW)
    page = queries.certificate_page(site.manager, certificate.id)
    assert page.document.sealed and page.printed["client"] == "云溪滨河置业有限公司"
    assert queries.acceptance_state("2403-990241-48-01-012345")["transfer"] == 3


def promise(site):
    site.with_client(("C5-12", "验槽.pdf"))
    due = (NOW + timedelta(days=60)).date()
    application_id = site.apply("commitment", due_on=due, statements=STATEMENTS)
    site.settle(application_id)
    operations.accept_application(actor=site.reviewer, application_id=application_id, now=NOW)
    transfer_id = operations.propose_transfer(
        actor=site.manager, application_id=application_id, handed_by="辛", now=NOW
    )
    site.count(transfer_id)
    operations.receive_transfer(actor=site.archivist, transfer_id=transfer_id, now=NOW)
    site.preserve(transfer_id)
    operations.note_preserved(transfer_id, now=NOW)
    return transfer_id


def test_under_a_promise_the_certificate_waits_and_a_broken_promise_is_marked_once():
    site = Handover()
    transfer_id = promise(site)
    assert not Certificate.objects.exists() and queries.transfer_page(site.archivist, transfer_id).promised_left
    with pytest.raises(operations.CannotTransfer) as told:
        operations.issue_certificate(actor=site.archivist, transfer_id=transfer_id, now=NOW)
    assert codes(told) == {"promise_open"}
    assert operations.mark_breaches(now=NOW + timedelta(days=60)) == 0
    assert operations.mark_breaches(now=NOW + timedelta(days=61)) == 1
    assert operations.mark_breaches(now=NOW + timedelta(days=62)) == 0
    assert Commitment.objects.get().breached_at is not None


def test_promised_records_come_late_only_when_formed_after_acceptance_and_bring_the_certificates():
    site = Handover()
    promise(site)
    site.accept_works(date(2026, 6, 1))
    left = {row["code"] for row in Commitment.objects.get().promised}
    from zhudang.filing import operations as filing
    from zhudang.filing.models import Obligation

    promised = [row["obligation"] for row in Commitment.objects.get().promised]
    keep = Obligation.objects.filter(id__in=promised).order_by("position").first()
    filing.excuse(
        actor=site.manager, obligation_ids=list(Obligation.objects.filter(id__in=promised).exclude(id=keep.id).values_list("id", flat=True)),
        reason="本工程不涉及", now=NOW,
    )  # fmt: skip
    assert left
    early = site.filed(
        keep.scope_item.code, "早.pdf", actor=site.manager, formed_on=date(2026, 5, 31), unit_id=keep.unit_work_id
    )
    with pytest.raises(operations.CannotApply) as told:
        site.apply("commitment")
    assert codes(told) == {"formed_before_acceptance"}
    filing.take_back(actor=site.manager, record_ids=[early], now=NOW)
    site.describe(early, actor=site.manager, formed_on=date(2026, 6, 5))
    filing.file_record(actor=site.manager, record_id=early, now=NOW)
    application_id = site.apply("commitment")
    site.settle(application_id)
    operations.accept_application(actor=site.reviewer, application_id=application_id, now=NOW)
    late = operations.propose_transfer(actor=site.manager, application_id=application_id, handed_by="辛", now=NOW)
    site.count(late)
    operations.receive_transfer(actor=site.archivist, transfer_id=late, now=NOW)
    site.preserve(late)
    operations.note_preserved(late, now=NOW)
    assert Commitment.objects.get().fulfilled_at is not None
    first, second = Certificate.objects.order_by("transfer__proposed_at")
    assert first.supplements_id is None and second.supplements_id == first.id


def test_rights_on_transfers():
    site = Handover()
    application_id = site.accepted(("C5-12", "验槽.pdf"))
    with pytest.raises(NotFound):
        operations.propose_transfer(actor=site.outsider, application_id=application_id, handed_by="x", now=NOW)
    with pytest.raises(Forbidden):
        operations.propose_transfer(actor=site.reviewer, application_id=application_id, handed_by="x", now=NOW)
    transfer_id = operations.propose_transfer(
        actor=site.manager, application_id=application_id, handed_by="辛", now=NOW
    )
    with pytest.raises(Forbidden):
        operations.begin_receiving(actor=site.manager, transfer_id=transfer_id, now=NOW)
    with pytest.raises(NotFound):
        queries.transfer_page(site.outsider, transfer_id)
    with pytest.raises(Forbidden):
        queries.transfer_page(site.clerk, transfer_id)
