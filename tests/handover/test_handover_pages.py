"""The pages: plain forms that work without scripts, refusals told on the next page, nothing for strangers."""

import pytest
from django.test import Client
from django.urls import reverse

from filing.filing_support import NOW
from handover.handover_support import NOTE, Handover
from zhudang.audit.proofs import seal_tail
from zhudang.documents import operations as documents_operations
from zhudang.documents import queries as documents_queries
from zhudang.filing import queries as filing_queries
from zhudang.handover import operations, queries
from zhudang.handover.models import Application, Certificate, Delivery, ReviewItem, Transfer
from zhudang.identity.models import Account

pytestmark = pytest.mark.django_db


def browser(actor):
    client = Client(enforce_csrf_checks=False)
    account = Account.objects.get(id=actor.account_id)
    Account.objects.filter(id=account.id).update(must_change_password=False)
    client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return client


def address(name, *args):
    return reverse(f"handover:{name}", args=args)


def test_the_whole_road_goes_through_plain_forms():
    site = Handover()
    operations.issue_notice(project_id=site.project_id, permit_id=site.permit(), now=NOW)
    clerk, manager, reviewer = browser(site.clerk), browser(site.manager), browser(site.reviewer)
    notice = manager.get(address("notice", site.project_id), follow=True)
    assert "应归档文件" in notice.content.decode()
    notice_id = notice.context["page"].id
    assert manager.post(address("acknowledge", notice_id), follow=True).status_code == 200

    record_id = site.filed()
    page = clerk.get(address("deliveries", site.project_id)).content.decode()
    assert str(record_id) in page
    clerk.post(address("deliveries", site.project_id), {"records": [str(record_id)]})
    delivery = Delivery.objects.get()
    assert manager.get(address("delivery", delivery.id)).status_code == 200
    assert manager.get(address("delivery_list", delivery.id)).content.startswith(b"%PDF")
    manager.post(address("sign", delivery.id), {"revision": delivery.revision})
    delivery.refresh_from_db()
    assert delivery.state == "signed"

    refused = manager.post(address("application_new", site.project_id), {"mode": "before_filing"})
    assert refused.status_code == 422 and "还缺" in refused.content.decode()
    manager.post(address("application_new", site.project_id), {"mode": "before_filing", "missing_note": NOTE})
    application = Application.objects.get()
    assert reviewer.get(address("applications")).status_code == 200
    desk = reviewer.get(address("review", application.id))
    assert desk.status_code == 200
    item = site.item(application.id, record_id)
    reviewer.post(
        address("judge", application.id),
        {"item": item.id, "verdict": "returned", "reason": "", "reason_code": "unsigned"},
    )
    item.refresh_from_db()
    assert item.state == "open"
    reviewer.post(address("judge", application.id), {"item": item.id, "verdict": "passed"})
    for line in queries.review_items(application.id):
        if line.state == "open":
            verdict = {"item": line.id, "verdict": "not_applicable", "reason": "本工程无"}
            reviewer.post(address("judge", application.id), verdict)
    reviewer.post(address("accept", application.id), {})
    application.refresh_from_db()
    assert application.state == "accepted"
    assert manager.get(address("application", application.id)).status_code == 200

    manager.post(address("propose", application.id), {"handed_by": "档案员辛"})
    transfer = Transfer.objects.get()
    archivist, keeper = browser(site.archivist), browser(site.keeper)
    archivist.post(address("begin", transfer.id), {})
    for volume in queries.volumes_to_count(transfer.id):
        keeper.post(address("count", transfer.id), {"volume": volume.id, "as_listed": "yes"})
    archivist.post(address("receive", transfer.id), {})
    transfer.refresh_from_db()
    assert transfer.state == "received"
    site.preserve(transfer.id)
    operations.note_preserved(transfer.id, now=NOW)
    certificate = Certificate.objects.get()
    assert "正在加盖电子印章" in manager.get(address("certificate", certificate.id)).content.decode()
    seal_tail(NOW)
    documents_operations.finish(document_id=certificate.document_id, now=NOW)
    assert "已签章" in manager.get(address("certificate", certificate.id)).content.decode()
    pdf = b"".join(manager.get(address("paper", certificate.document_id)).streaming_content)
    assert pdf.startswith(b"%PDF")
    for name, args in (
        ("project", [site.project_id]),
        ("transfers", []),
        ("transfer", [transfer.id]),
        ("application", [application.id]),
    ):
        for person in (manager, archivist, reviewer):
            assert person.get(address(name, *args)).status_code == 200, name
    english = Client(headers={"accept-language": "en"})
    english.cookies = manager.cookies
    assert english.get(address("project", site.project_id)).status_code == 200


def test_a_returned_case_shows_its_one_list_and_the_desk_shows_what_changed():
    site = Handover()
    (record_id,) = site.with_client()
    application_id = site.apply()
    site.judge(application_id, site.item(application_id, record_id), "returned", cure="补签")
    site.settle(application_id)
    reviewer, manager = browser(site.reviewer), browser(site.manager)
    reviewer.post(address("return", application_id), {})
    shown = manager.get(address("application", application_id)).content.decode()
    assert "整改清单" in shown and "缺签字，请补签" in shown
    assert reviewer.get(address("review", application_id)).status_code == 200


def test_a_stale_page_is_refused_with_the_name_of_who_was_there():
    site = Handover()
    (record_id,) = site.with_client()
    application_id = site.apply()
    item = site.item(application_id, record_id)
    first, second = browser(site.reviewer), browser(site.second)
    first.post(address("judge", application_id), {"item": item.id, "verdict": "passed", "revision": 1})
    answer = second.post(
        address("judge", application_id),
        {"item": item.id, "verdict": "returned", "reason": "x", "reason_code": "other", "revision": 1}, follow=True,
    )  # fmt: skip
    assert "reviewer" in answer.content.decode()
    item.refresh_from_db()
    assert item.state == "passed"


@pytest.mark.parametrize("name", ["project", "notice", "deliveries", "application_new"])
def test_a_project_of_others_and_none_at_all_answer_alike(name):
    from zhudang.shared.ids import new_id

    site = Handover()
    stranger = browser(site.outsider)
    theirs = stranger.get(address(name, site.project_id))
    absent = stranger.get(address(name, new_id()))
    assert theirs.status_code == absent.status_code and theirs.status_code in {403, 404}
    assert Client().get(address(name, site.project_id)).status_code == 302


def test_the_check_report_says_the_same_on_page_json_and_sealed_pdf():
    site = Handover()
    site.with_client()
    application_id = site.apply()
    reviewer, manager = browser(site.reviewer), browser(site.manager)
    page = manager.get(address("checks", application_id))
    told = manager.get(address("checks_json", application_id)).json()
    assert page.context["sheet"].report.counts == told["counts"]
    assert len(told["items"]) == 45
    assert told["stage"] == "YJ"
    text = page.content.decode()
    assert text.count('class="n-sub code">1-') == 16
    assert "盖章出具" not in text
    assert manager.post(address("checks_seal", application_id)).status_code == 403
    assert not documents_queries.documents_about(f"handover.application:{application_id}", "check_report")
    reviewer.post(address("checks_seal", application_id))
    [card] = documents_queries.documents_about(f"handover.application:{application_id}", "check_report")
    printed = documents_queries.printed_data(card.id)
    verdicts = next(each["value"] for each in printed["facts"] if each["label"] == "文件")
    assert verdicts.startswith(f"通过 {told['counts']['verdicts']['pass']}，")
    pdf = reviewer.get(address("paper", card.id))
    assert b"".join(pdf.streaming_content if pdf.streaming else [pdf.content]).startswith(b"%PDF")
    assert reviewer.get(reverse("filing:checks", args=[site.project_id])).status_code == 200


def test_a_delivery_has_its_check_report_for_both_who_sent_and_who_signs():
    site = Handover()
    delivery_id, ids = site.delivered(("C5-12", "一.pdf"), ("C5-12", "二.pdf"))
    for actor in (site.clerk, site.manager):
        page = browser(actor).get(address("delivery_checks", delivery_id))
        told = browser(actor).get(address("delivery_checks_json", delivery_id)).json()
        assert page.context["sheet"].report.counts == told["counts"]
        assert (told["stage"], told["counts"]["files"], len(told["items"])) == ("GD", len(ids), 45)
        assert (
            address("delivery_checks", delivery_id)
            in browser(actor).get(address("delivery", delivery_id)).content.decode()
        )
    assert browser(site.supervisor).get(address("delivery_checks", delivery_id)).status_code == 404


def test_business_review_stands_beside_the_four_properties_on_the_desk_and_blocks_nothing():
    from zhudang.content.models import CheckRun

    site = Handover()
    [record_id] = site.with_client()
    application_id = site.apply()
    [file_id] = filing_queries.records_by_id([record_id])[record_id].file_ids
    seen = {"pages": 1, "looked_pages": 1, "reading": {"opening": "土壤氡浓度检测报告" * 5, "closing": ""}}
    CheckRun.objects.create(file_id=file_id, started_at=NOW, finished_at=NOW, engine="test", verdict="pass", facts=seen)
    reviewer = browser(site.reviewer)
    item = site.item(application_id, record_id).id
    desk = reviewer.get(address("review", application_id), {"item": item})
    assert len(desk.context["dimensions"]) == 4
    assert "BIZ-004" in {line["code"] for line in desk.context["business"]}
    assert not any(line["code"].startswith("BIZ") for line in desk.context["findings"])
    assert desk.context["business_state"][1] == "manual"
    reviewer.post(
        address("judge", application_id),
        {"item": item, "verdict": "passed", "revision": desk.context["desk"].application.revision},
    )
    assert ReviewItem.objects.get(id=item).state == "passed"


def test_what_only_shows_among_the_records_is_advice_before_applying():
    from zhudang.content.models import CheckRun

    site = Handover()
    ids = site.with_client(("C5-12", "一.pdf"), ("C5-12", "二.pdf"))
    for row in filing_queries.records_by_id(ids).values():
        CheckRun.objects.create(
            file_id=row.file_ids[0], started_at=NOW, finished_at=NOW, engine="test", verdict="pass",
            facts={"page_marks": ["t:same"]},
        )  # fmt: skip
    page = browser(site.manager).get(address("application_new", site.project_id))
    assert [line[1] for line in page.context["advice"]] == ["BIZ-012"]
    assert "BIZ-012" in page.content.decode()
    assert site.apply()
