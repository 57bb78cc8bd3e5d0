"""The pages of filing over HTTP: every page for its reader, every act from its form, nothing for strangers."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import openpyxl
import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from filing.filing_support import NOW, Site
from filing.test_filing_together import accepted
from zhudang.filing import operations, queries
from zhudang.filing.models import Obligation, Record, RecordFile, ScopeList, Suggestion
from zhudang.identity.rights import Actor

pytestmark = pytest.mark.django_db


def browser(actor: Actor, language: str = "") -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE=language) if language else Client()
    client.force_login(get_user_model().objects.get(id=actor.account_id))
    return client


def pages_of(site: Site, record_id, volume_id) -> dict[str, str]:
    return {
        "home": reverse("filing:clerk_home"),
        "checklist": reverse("filing:checklist", args=[site.unit_id]),
        "inbox": reverse("filing:inbox", args=[site.project_id]),
        "upload": reverse("filing:upload", args=[site.project_id]),
        "records": reverse("filing:records", args=[site.project_id]),
        "record": reverse("filing:record_edit", args=[record_id]),
        "volumes": reverse("filing:volumes", args=[site.project_id]),
        "volume": reverse("filing:volume", args=[volume_id]),
        "scope": reverse("filing:scope_lists"),
        "list": reverse("filing:scope_list", args=[ScopeList.objects.get(code="gbt-50328-2014").id]),
    }


def full_site() -> tuple[Site, Record, queries.VolumeRow]:
    site = Site()
    accepted(site, [("C5-12", "地基验槽记录.pdf")])
    operations.arrange_project(actor=site.archivist, project_id=site.project_id, now=NOW)
    operations.excuse(actor=site.clerk, obligation_ids=[site.owed("C5-13").id], reason="桩基础，无钎探", now=NOW)
    operations.suggest(
        file_ids=[
            site.upload("钢材试验报告.pdf", folder="1#楼"),
            site.upload("砂检测.pdf"),
            site.upload("IMG_0001.jpg"),
        ],
        now=NOW,
    )
    back = site.record("C5-1", "隐蔽.pdf")
    operations.file_record(actor=site.clerk, record_id=back, now=NOW)
    operations.mark_delivered(actor=site.clerk, record_ids=[back], now=NOW)
    operations.mark_returned(
        actor=site.manager, returns={back: operations.Return("签章栏空白", "请补签", "1-1")}, now=NOW
    )
    return site, Record.objects.get(id=back), queries.volumes_of(site.project_id)[0]


def test_every_page_opens_for_the_clerk_in_both_languages():
    site, record, volume = full_site()
    for language in ("zh-hans", "en"):
        client = browser(site.clerk, language)
        for name, address in pages_of(site, record.id, volume.id).items():
            answer = client.get(address)
            assert answer.status_code == 200, (name, language)
            assert b"style=" not in answer.content and b"onclick" not in answer.content


def test_the_home_begins_with_what_is_owed_and_shows_what_came_back():
    site, record, _volume = full_site()
    text = browser(site.clerk).get(reverse("filing:clerk_home")).content.decode()
    assert "退回，等您改" in text and "签章栏空白" in text and "替换文件" in text
    assert "逾期" not in text and "免交" not in text
    assert reverse("filing:record_edit", args=[record.id]) in text


def test_a_client_s_home_never_says_nothing_is_to_do_while_records_are_late():
    site = Site()
    Obligation.objects.filter(id=site.owed("C5-4").id).update(
        milestone_on=NOW.date() - timedelta(days=9), suggested_on=NOW.date() - timedelta(days=2)
    )
    text = browser(site.manager).get("/").content.decode()
    assert "1 件应归档的已过建议时间。" in text and "没有要您办的事" not in text


def test_the_checklist_offers_a_yes_only_from_eighty_percent_on():
    site, _record, _volume = full_site()
    text = browser(site.clerk).get(reverse("filing:checklist", args=[site.unit_id])).content.decode()
    sure = Suggestion.objects.filter(state="open", confidence__gte=80)
    unsure = Suggestion.objects.filter(state="open", confidence__lt=80)
    assert sure.exists()
    assert all(f'name="suggestion" value="{s.id}"' in text for s in sure)
    assert not any(f'name="suggestion" value="{s.id}"' in text for s in unsure)
    assert "桩基础，无钎探" in text and "不涉及" in text


def test_strangers_and_absent_things_get_the_same_answer():
    site, record, volume = full_site()
    client = browser(site.outsider)
    absent = pages_of(site, uuid4(), uuid4()) | {"checklist": reverse("filing:checklist", args=[uuid4()])}
    absent |= {n: reverse(f"filing:{n}", args=[uuid4()]) for n in ("inbox", "upload", "records", "volumes")}
    for name, address in pages_of(site, record.id, volume.id).items():
        if name in {"home", "scope", "list"}:
            continue
        theirs, none = client.get(address), client.get(absent[name])
        assert theirs.status_code == none.status_code == 404, name


def test_nobody_signed_in_is_sent_to_sign_in():
    site, record, volume = full_site()
    for name, address in pages_of(site, record.id, volume.id).items():
        assert Client().get(address).status_code == 302, name


def test_a_clerk_confirms_describes_and_files_through_the_forms():
    site = Site()
    operations.suggest(
        file_ids=[site.upload("20260310_地基验槽记录.pdf", folder="1#楼", facts={"text_chars": 0})], now=NOW
    )
    client = browser(site.clerk)
    guess = Suggestion.objects.get()
    answer = client.post(reverse("filing:confirm", args=[site.project_id]), {"suggestion": str(guess.id)}, follow=True)
    assert "已确认 1 件" in answer.content.decode()
    record = Record.objects.get()
    address = reverse("filing:record_edit", args=[record.id])
    form = client.get(address).context["form"]
    typed = {k: v for k, v in form.initial.items() if v is not None}
    assert typed["title"] == "1# 住宅楼地基验槽记录" and str(typed["formed_on"]) == "2026-03-10"
    answer = client.post(address, {**typed, "has_paper": "on", "then": "file"}, follow=True)
    assert "已归档" in answer.content.decode()
    record.refresh_from_db()
    assert record.state == "filed" and record.title == "1# 住宅楼地基验槽记录"
    client.post(reverse("filing:record_undo", args=[record.id]))
    record.refresh_from_db()
    assert record.state == "draft"


def test_a_refused_filing_tells_every_reason_in_words():
    site = Site()
    record_id = site.record("D-1", "建施-01.pdf", described=False)
    answer = browser(site.clerk).post(reverse("filing:record_file", args=[record_id]), follow=True)
    text = answer.content.decode()
    for words in ("竣工图不能只交电子版", "缺责任者", "缺形成日期", "具有法律效力"):
        assert words in text, words
    assert "filing." not in text


def test_the_second_person_sees_who_when_and_both_sides():
    site = Site()
    record_id = site.record()
    client = browser(site.clerk)
    address = reverse("filing:record_edit", args=[record_id])
    typed = {k: v for k, v in client.get(address).context["form"].initial.items() if v is not None}
    site.describe(record_id, title="别人改的题名")
    answer = client.post(address, {**typed, "title": "我填的题名"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "别人改的题名" in text and "我填的题名" in text and "clerk" in text
    assert Record.objects.get(id=record_id).title == "别人改的题名"


def test_many_records_are_described_and_filed_at_a_press():
    site = Site()
    owed = site.owed("C4.3-1").id
    files = [site.upload(f"20260310_钢材试验报告_{n}.pdf", facts={"text_chars": 900}) for n in range(5)]
    ids = operations.assign(actor=site.clerk, assignments=[(f, owed) for f in files], now=NOW)
    client = browser(site.clerk)
    address = reverse("filing:records_act", args=[site.project_id])
    client.post(address, {"act": "describe", "record": [str(i) for i in ids]})
    Record.objects.update(has_paper=True)
    answer = client.post(address, {"act": "file", "record": [str(i) for i in ids]}, follow=True)
    assert "已归档 5 件" in answer.content.decode()
    assert set(Record.objects.values_list("state", flat=True)) == {"filed"}


def test_assigning_by_hand_finds_by_code_or_title():
    site = Site()
    file_id = site.upload("扫描件.pdf")
    client = browser(site.clerk)
    page = client.get(reverse("filing:inbox", args=[site.project_id]), {"file": str(file_id), "find": "验槽"})
    [option] = [o for o in page.context["options"] if o[3] == "1# 住宅楼"]
    assert option[1] == "C5-12"
    client.post(reverse("filing:assign", args=[site.project_id]), {"file": str(file_id), "obligation": str(option[0])})
    assert RecordFile.objects.get().file_id == file_id


def test_lists_come_as_tables_and_forms_as_pdf():
    site, _record, volume = full_site()
    client = browser(site.archivist)
    for address in (
        reverse("filing:checklist", args=[site.unit_id]), reverse("filing:records", args=[site.project_id]),
        reverse("filing:volumes", args=[site.project_id]), reverse("filing:scope_list", args=[ScopeList.objects.first().id]),
    ):  # fmt: skip
        answer = client.get(address, {"export": "xlsx"})
        sheet = openpyxl.load_workbook(BytesIO(b"".join(answer))).active
        assert sheet.max_row >= 2, address
    for form in ("cover", "contents", "note"):
        answer = client.get(reverse("filing:volume_pdf", args=[volume.id, form]))
        assert answer.status_code == 200 and answer.content.startswith(b"%PDF"), form
    assert client.get(reverse("filing:volume_pdf", args=[volume.id, "spine"])).status_code == 404
    assert client.get(reverse("filing:catalogue_pdf", args=[site.project_id])).content.startswith(b"%PDF")


def test_the_archivist_numbers_through_the_form_and_the_client_may_not():
    site = Site()
    accepted(site, [("C5-12", "地基验槽记录.pdf")])
    address = reverse("filing:arrange", args=[site.project_id])
    assert browser(site.manager).post(address).status_code == 403
    answer = browser(site.archivist).post(address, {"class-building": "I2"}, follow=True)
    assert "已编 1 卷" in answer.content.decode()
    assert (
        queries.volumes_of(site.project_id)[0].reference_code == "I2-2026-0001-001"
        or "I2-" in queries.volumes_of(site.project_id)[0].reference_code
    )


def test_not_applicable_from_the_checklist_needs_its_reason():
    site = Site()
    client = browser(site.clerk)
    owed = site.owed("C5-13")
    address = reverse("filing:excuse", args=[site.unit_id])
    answer = client.post(address, {"obligation": str(owed.id), "reason": ""}, follow=True)
    assert "请写明理由" in answer.content.decode()
    client.post(address, {"obligation": str(owed.id), "reason": "桩基础，无钎探"})
    owed.refresh_from_db()
    assert owed.not_applicable_reason == "桩基础，无钎探"
    client.post(reverse("filing:restore", args=[site.unit_id]), {"obligation": str(owed.id)})
    owed.refresh_from_db()
    assert owed.na_at is None
