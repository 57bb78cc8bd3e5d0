"""Applications, the review with its one list, the opinion."""

from datetime import date, timedelta

import pytest

from filing.filing_support import NOW
from handover.handover_support import LATER, NOTE, Handover, codes
from zhudang.audit.models import Entry
from zhudang.content.models import File
from zhudang.documents import queries as documents
from zhudang.events.models import Event
from zhudang.filing import operations as filing
from zhudang.filing import queries as filing_queries
from zhudang.handover import operations, queries
from zhudang.handover.domain.commitments import STATEMENTS
from zhudang.handover.models import Application, Commitment, Opinion, RectificationList, ReviewItem, SampleNote
from zhudang.identity.rights import SYSTEM
from zhudang.shared.refusals import Conflict, Forbidden, NotFound

pytestmark = pytest.mark.django_db


def test_only_the_clients_manager_applies_and_every_reason_is_told():
    site = Handover()
    site.filed()
    with pytest.raises(Forbidden):
        operations.apply(actor=site.clerk, project_id=site.project_id, mode="before_filing", now=NOW)
    with pytest.raises(operations.CannotApply) as told:
        operations.apply(actor=site.manager, project_id=site.project_id, mode="before_filing", now=NOW)
    assert codes(told) == {"nothing_to_submit", "records_undelivered", "records_missing"}
    assert not Application.objects.exists()


def test_applying_submits_what_the_client_holds_and_lays_out_every_item():
    site = Handover()
    ids = site.with_client(("C5-12", "地基验槽记录.pdf"), ("C5-1", "隐蔽.pdf"))
    filing.excuse(actor=site.clerk, obligation_ids=[site.owed("C5-13").id], reason="桩基础", now=NOW)
    application_id = site.apply()
    rows = filing_queries.records_by_id(ids)
    assert {row.state for row in rows.values()} == {"submitted"}
    assert File.objects.filter(with_archive=True, own_document=False).count() == 2
    kinds = list(ReviewItem.objects.filter(application_id=application_id).values_list("kind", flat=True))
    assert kinds.count("record") == 2 and kinds.count("excused") == 1 and kinds.count("missing") > 50
    assert Event.objects.filter(kind="handover.application.submitted").count() == 1
    with pytest.raises(operations.CannotApply) as told:
        site.apply()
    assert "application_running" in codes(told)


def test_the_clients_own_filed_records_go_along_by_applying():
    site = Handover()
    record_id = site.filed("A1-1", "项目建议书批复.pdf", actor=site.manager)
    site.apply()
    assert filing_queries.records_by_id([record_id])[record_id].state == "submitted"


def test_a_pushed_case_is_never_refused_told_once_and_its_clock_stands():
    site = Handover()
    site.filed()
    application_id = operations.take_pushed_application(
        actor=SYSTEM, project_id=site.project_id, external_ref="LHYS-1", mode="before_filing", now=NOW
    )
    again = operations.take_pushed_application(
        actor=SYSTEM, project_id=site.project_id, external_ref="LHYS-1", mode="before_filing", now=NOW
    )
    row = Application.objects.get(id=application_id)
    assert again == application_id and row.state == "correcting" and row.clock_from is None
    assert documents.document(row.correction_document_id).sealed
    with pytest.raises(operations.CannotApply) as told:
        operations.supplement_application(actor=site.manager, application_id=application_id, now=LATER)
    assert "records_missing" in codes(told)
    record = filing_queries.records_of(site.project_id)[0]
    delivery = operations.deliver(actor=site.clerk, project_id=site.project_id, record_ids=[record.id], now=NOW)
    operations.sign_delivery(actor=site.manager, delivery_id=delivery, now=NOW)
    operations.supplement_application(actor=site.manager, application_id=application_id, missing_note=NOTE, now=LATER)
    row.refresh_from_db()
    assert row.state == "reviewing" and row.clock_from == date(2026, 6, 18)
    assert queries.application_page(site.reviewer, application_id).clock.due > date(2026, 6, 18)


def test_a_review_judges_item_by_item_and_refuses_without_reason():
    site = Handover()
    (record_id,) = site.with_client()
    application_id = site.apply()
    item = site.item(application_id, record_id)
    with pytest.raises(operations.CannotReview) as told:
        site.judge(application_id, item, "returned", reason=" ", reason_code="")
    assert codes(told) == {"verdict_without_reason", "reason_code_unknown"}
    with pytest.raises(Forbidden):
        operations.judge(actor=site.manager, application_id=application_id, item_id=item.id, verdict="passed", now=NOW)
    site.judge(application_id, item, "passed")
    item.refresh_from_db()
    assert (item.state, item.judged_by) == ("passed", "reviewer")
    assert Entry.objects.filter(act="handover.item.judged").count() == 1


def test_a_file_that_fails_its_checks_cannot_pass():
    site = Handover()
    (record_id,) = site.with_client()
    application_id = site.apply()
    File.objects.filter(own_document=False).update(verdict="fail")
    with pytest.raises(operations.CannotReview) as told:
        site.judge(application_id, site.item(application_id, record_id), "passed")
    assert codes(told) == {"blocking_findings"}


def test_the_second_reviewer_is_told_who_was_there_before():
    site = Handover()
    (record_id,) = site.with_client()
    application_id = site.apply()
    item = site.item(application_id, record_id)
    operations.judge(
        actor=site.second, application_id=application_id, item_id=item.id, verdict="passed", revision=1, now=NOW
    )
    with pytest.raises(Conflict) as told:
        site.judge(application_id, item, "returned", revision=1)
    assert told.value.reasons[0].data["who"] == "second"
    item.refresh_from_db()
    assert item.state == "passed"


def test_a_group_passes_by_recorded_sample_and_what_blocks_stays_open():
    site = Handover()
    ids = site.with_client(("C5-12", "验槽.pdf"), ("C5-1", "隐蔽.pdf"), ("C4.3-1", "钢材.pdf"))
    application_id = site.apply()
    bad = filing_queries.records_by_id(ids)[ids[1]].file_ids[0]
    File.objects.filter(id=bad).update(verdict="fail")
    looked = site.item(application_id, ids[0])
    with pytest.raises(operations.CannotReview):
        operations.pass_group(actor=site.reviewer, application_id=application_id, note=" ", now=NOW)
    assert (
        operations.pass_group(
            actor=site.reviewer, application_id=application_id, looked_at=[looked.id], note="抽三分之一", now=NOW
        )
        == 2
    )
    note = SampleNote.objects.get()
    assert (note.looked_at, note.passed_with) == (1, 1)
    assert site.item(application_id, ids[1]).state == "open"


def returned(site, *names):
    """An application returned with its last record on the list."""
    ids = site.with_client(*names)
    application_id = site.apply()
    site.judge(application_id, site.item(application_id, ids[-1]), "returned", cure="补签后整件替换")
    site.settle(application_id)
    operations.return_application(actor=site.reviewer, application_id=application_id, now=NOW)
    return application_id, ids


def test_the_list_is_one_sealed_and_closed_to_additions():
    site = Handover()
    application_id, ids = returned(site, ("C5-12", "验槽.pdf"), ("C5-1", "隐蔽.pdf"))
    row = RectificationList.objects.get(application_id=application_id)
    assert [(e["number"], e["record"], e["reason_code"]) for e in row.entries] == [(1, str(ids[1]), "unsigned")]
    assert documents.document(row.document_id).sealed and site.state(application_id) == "returned"
    rows = filing_queries.records_by_id(ids)
    assert rows[ids[1]].state == "returned" and rows[ids[1]].returned_cure == "补签后整件替换"
    assert rows[ids[0]].state == "submitted"
    for act in (
        lambda: site.judge(application_id, site.item(application_id, ids[0]), "returned"),
        lambda: operations.return_application(actor=site.reviewer, application_id=application_id, now=NOW),
        lambda: operations.accept_application(actor=site.reviewer, application_id=application_id, now=NOW),
    ):
        with pytest.raises(operations.CannotReview) as told:
            act()
        assert "not_in_this_state" in codes(told)
    assert RectificationList.objects.count() == 1


def test_a_list_with_something_unjudged_does_not_go_out():
    site = Handover()
    (record_id,) = site.with_client()
    application_id = site.apply()
    site.judge(application_id, site.item(application_id, record_id), "returned")
    with pytest.raises(operations.CannotReview) as told:
        operations.return_application(actor=site.reviewer, application_id=application_id, now=NOW)
    assert codes(told) == {"items_left"} and not RectificationList.objects.exists()


def cure(site, record_id):
    row = filing_queries.records_by_id([record_id])[record_id]
    new = site.upload("补签后.pdf", data=b"%PDF signed at last")
    filing.replace_file(
        actor=site.clerk, record_id=record_id, old_file_id=row.file_ids[0], file_id=new, why="补签", now=NOW
    )
    filing.file_record(actor=site.clerk, record_id=record_id, now=NOW)
    delivery = operations.deliver(actor=site.clerk, project_id=site.project_id, record_ids=[record_id], now=NOW)
    operations.sign_delivery(actor=site.manager, delivery_id=delivery, now=NOW)


def test_a_second_application_reviews_only_what_changed_and_shows_it():
    site = Handover()
    first, ids = returned(site, ("C5-12", "验槽.pdf"), ("C5-1", "隐蔽.pdf"))
    with pytest.raises(operations.CannotApply) as told:
        site.apply()
    assert "records_still_returned" in codes(told)
    cure(site, ids[1])
    second = site.apply()
    row = Application.objects.get(id=second)
    assert (row.kind, row.round, row.previous_id) == ("again", 2, first)
    kept, changed = site.item(second, ids[0]), site.item(second, ids[1])
    assert kept.state == "unchanged" and kept.changes == []
    assert changed.state == "open" and {c["what"] for c in changed.changes} >= {"file_gone", "file_new"}
    with pytest.raises(operations.CannotReview) as told:
        site.judge(second, kept, "returned")
    assert codes(told) == {"unchanged_since"}
    operations.demand_again(
        actor=site.reviewer, application_id=second, item_id=kept.id, ground="safety", reason="现场开裂", now=NOW
    )
    kept.refresh_from_db()
    assert (kept.state, kept.late_ground) == ("open", "safety")
    assert ReviewItem.objects.filter(application_id=second, state="open").count() == 2


def test_acceptance_seals_the_opinion_and_accepts_every_record():
    site = Handover()
    assert queries.acceptance_state("2403-990241-48-01-012345")["accepted"] is False
    ids = site.with_client(("C5-12", "验槽.pdf"), ("C5-1", "隐蔽.pdf"))
    application_id = site.apply()
    with pytest.raises(operations.CannotReview) as told:
        operations.accept_application(actor=site.reviewer, application_id=application_id, now=NOW)
    assert codes(told) >= {"items_left"}
    site.settle(application_id)
    operations.accept_application(actor=site.reviewer, application_id=application_id, now=NOW)
    opinion = Opinion.objects.get()
    assert documents.document(opinion.document_id).sealed and opinion.record_count == 2
    assert {r.state for r in filing_queries.records_by_id(ids).values()} == {"accepted"}
    answer = queries.acceptance_state("2403-990241-48-01-012345")
    assert answer["accepted"] and answer["opinion"]["number"] and answer["transfer"] == 0
    assert queries.acceptance_state("2403-990241-48-01-999999")["accepted"] is False


def test_nothing_is_arranged_before_the_archive_receives():
    site = Handover()
    site.accepted(("C5-12", "验槽.pdf"))
    assert filing_queries.volumes_of(site.project_id, arranged=True) == []


def test_a_commitment_is_made_with_the_application_for_what_forms_later():
    site = Handover()
    site.with_client()
    due = (NOW + timedelta(days=90)).date()
    with pytest.raises(operations.CannotApply) as told:
        site.apply("commitment", due_on=(NOW + timedelta(days=100)).date(), statements=STATEMENTS[:3])
    assert codes(told) == {"statement_missing", "due_too_late"} and not Application.objects.exists()
    application_id = site.apply("commitment", due_on=due, statements=STATEMENTS)
    row = Commitment.objects.get()
    assert row.due_on == due and row.promised
    promised = ReviewItem.objects.filter(application_id=application_id, kind="promised")
    assert promised.count() == len(row.promised) and set(promised.values_list("state", flat=True)) == {"promised"}


def test_a_staged_opinion_covers_its_stage_only():
    site = Handover()
    application_id = site.accepted(("C5-12", "验槽.pdf"), mode="staged", unit_work_ids=[site.unit_id], stage="主体")
    assert not Opinion.objects.get(application_id=application_id).covers_all
    answer = queries.acceptance_state("2403-990241-48-01-012345")
    assert (answer["accepted"], answer["reason"]) == (False, "partly_accepted")


def test_an_application_taken_back_can_be_made_again():
    site = Handover()
    (record_id,) = site.with_client()
    application_id = site.apply()
    with pytest.raises(operations.CannotApply):
        operations.withdraw_application(actor=site.manager, application_id=application_id, reason=" ", now=NOW)
    operations.withdraw_application(actor=site.manager, application_id=application_id, reason="漏了一卷", now=NOW)
    again = site.apply()
    assert site.item(again, record_id).state == "open"


def test_strangers_and_parties_know_of_no_application():
    site = Handover()
    site.with_client()
    application_id = site.apply()
    with pytest.raises(NotFound):
        queries.application_page(site.outsider, application_id)
    with pytest.raises(Forbidden):
        queries.application_page(site.clerk, application_id)
    assert queries.applications(site.clerk) == [] and len(queries.applications(site.reviewer)) == 1


def test_the_desk_shows_obligations_findings_and_what_is_returned():
    site = Handover()
    ids = site.with_client(("C5-12", "验槽.pdf"), ("C5-1", "隐蔽.pdf"))
    application_id = site.apply()
    site.judge(application_id, site.item(application_id, ids[0]), "returned")
    desk = queries.review_desk(site.reviewer, application_id, item_id=site.item(application_id, ids[1]).id)
    assert desk.focus.record.id == ids[1] and desk.focus.file is not None and desk.may_judge
    assert [item.record_id for item in desk.returned] == [ids[0]]
    assert [d.code for d in desk.focus.dimensions] == ["authenticity", "integrity", "usability", "security"]
    assert sum(part.total for part in desk.parts) == desk.total
    home = queries.reviewer_home(site.reviewer, NOW)
    assert [row.id for row in home.due] == [application_id]
