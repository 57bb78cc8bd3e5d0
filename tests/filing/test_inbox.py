"""From an uploaded file to a record: pencil, ink, and what is refused."""

from __future__ import annotations

import pytest

from filing.filing_support import NOW, Site
from zhudang.audit.models import Entry
from zhudang.content.models import File
from zhudang.filing import operations, queries
from zhudang.filing.models import Record, RecordFile, Suggestion
from zhudang.shared.refusals import NotFound

pytestmark = pytest.mark.django_db


def codes(refusal) -> list[str]:
    return sorted({reason.code for reason in refusal.value.reasons})


def test_a_checked_file_gets_a_suggestion_with_confidence_and_reasons():
    site = Site()
    file_id = site.upload("20260610_验槽扫描.pdf", folder="1#楼/地基")
    assert operations.suggest(file_ids=[file_id], now=NOW) == 1
    row = Suggestion.objects.get(file_id=file_id)
    assert row.obligation_id == site.owed("C5-12").id
    assert row.confidence >= 50 and row.reasons and row.state == "open"
    assert Record.objects.count() == 0, "a suggestion is never more than pencil"


def test_suggesting_twice_makes_one_suggestion():
    site = Site()
    file_id = site.upload("地基验槽记录.pdf")
    operations.suggest(file_ids=[file_id], now=NOW)
    assert operations.suggest(file_ids=[file_id], now=NOW) == 0


def test_a_file_that_says_nothing_gets_no_suggestion():
    site = Site()
    assert operations.suggest(file_ids=[site.upload("扫描件0003.pdf")], now=NOW) == 0


def test_confirming_many_suggestions_makes_records_in_one_act():
    site = Site()
    files = [site.upload(f"钢材试验报告_{n}.pdf", folder="1#楼") for n in range(4)]
    operations.suggest(file_ids=files, now=NOW)
    ids = list(Suggestion.objects.values_list("id", flat=True))
    records = operations.confirm_suggestions(actor=site.clerk, suggestion_ids=ids, now=NOW)
    assert len(records) == 4
    assert set(Record.objects.values_list("state", flat=True)) == {"draft"}
    assert set(Suggestion.objects.values_list("state", flat=True)) == {"confirmed"}
    assert Entry.objects.filter(act="filing.file.assigned").count() == 1


def test_a_suggestion_confirmed_by_another_party_does_not_exist():
    site = Site()
    file_id = site.upload("地基验槽记录.pdf")
    operations.suggest(file_ids=[file_id], now=NOW)
    row = Suggestion.objects.get()
    for stranger in (site.outsider, site.supervisor):
        with pytest.raises(NotFound):
            operations.confirm_suggestions(actor=stranger, suggestion_ids=[row.id], now=NOW)
    assert Record.objects.count() == 0


def test_assigning_by_hand_to_another_kind_marks_the_pencil_as_changed():
    site = Site()
    file_id = site.upload("地基验槽记录.pdf")
    operations.suggest(file_ids=[file_id], now=NOW)
    operations.assign(actor=site.clerk, assignments=[(file_id, site.owed("C5-13").id)], now=NOW)
    assert Suggestion.objects.get().state == "changed"


def test_every_reason_against_assigning_is_told_at_once_and_nothing_is_assigned():
    site = Site()
    taken = site.upload("地基验槽记录.pdf")
    operations.assign(actor=site.clerk, assignments=[(taken, site.owed("C5-12").id)], now=NOW)
    operations.excuse(actor=site.clerk, obligation_ids=[site.owed("C5-13").id], reason="无钎探", now=NOW)
    free = site.upload("监理规划.pdf")
    with pytest.raises(operations.CannotAssign) as refusal:
        operations.assign(
            actor=site.clerk,
            assignments=[(taken, site.owed("C5-13").id), (free, site.owed("B1-1").id)],
            now=NOW,
        )
    assert codes(refusal) == ["filing.file_assigned", "filing.obligation_excused", "filing.owed_by_another"]
    assert Record.objects.count() == 1


def test_the_client_may_answer_what_a_party_owes():
    site = Site()
    file_id = site.upload("地基验槽记录.pdf", actor=site.manager)
    [record_id] = operations.assign(actor=site.manager, assignments=[(file_id, site.owed("C5-12").id)], now=NOW)
    assert Record.objects.get(id=record_id).organisation_id == site.client_id


def test_a_native_drawing_and_its_pdf_become_one_record():
    site = Site()
    dwg = site.upload("结施-03.dwg", folder="竣工图", mime="image/vnd.dwg", checked="manual")
    pdf = site.upload("结施-03.pdf", folder="竣工图")
    other = site.upload("结施-04.pdf", folder="竣工图")
    owed = site.owed("D-2").id
    records = operations.assign(actor=site.clerk, assignments=[(dwg, owed), (pdf, owed), (other, owed)], now=NOW)
    assert len(records) == 2
    parts = dict(RecordFile.objects.filter(record_id=records[0]).values_list("file_id", "part"))
    assert parts == {dwg: "native", pdf: "rendition"}


def test_pages_found_by_a_later_check_come_to_the_draft():
    site = Site()
    file_id = site.upload("地基验槽记录.pdf", checked="")
    [record_id] = operations.assign(actor=site.clerk, assignments=[(file_id, site.owed("C5-12").id)], now=NOW)
    assert Record.objects.get(id=record_id).pages is None
    File.objects.filter(id=file_id).update(
        verdict="pass", checked_at=NOW, pages=7, facts={"text_chars": 0}, mime="application/pdf"
    )
    operations.suggest(file_ids=[file_id], now=NOW)
    row = Record.objects.get(id=record_id)
    assert (row.pages, row.origin) == (7, "scan")


def test_records_list_carries_description_place_and_files():
    site = Site()
    record_id = site.record()
    [row] = queries.records_of(site.project_id)
    assert row.id == record_id and row.unit_work_name == "1# 住宅楼" and row.code == "C5-12"
    assert len(row.files) == 1 and row.files[0].verdict == "pass" and len(row.files[0].sha256) == 64


def test_a_file_dropped_on_a_row_carries_that_row_in_pencil():
    from zhudang.content.domain.tus import write_metadata
    from zhudang.content.models import Upload

    site = Site()
    file_id = site.upload("IMG_0042.jpg")
    owed = site.owed("C5-12")
    Upload.objects.create(
        length=1, offset=1, name="IMG_0042.jpg", state="done", file_id=file_id, project_id=site.project_id,
        organisation_id=site.contractor_id, uploaded_by_id=site.clerk.account_id, created_at=NOW, expires_at=NOW,
        metadata=write_metadata({"filename": "IMG_0042.jpg", "obligation": str(owed.id)}),
    )  # fmt: skip
    operations.suggest(file_ids=[file_id], now=NOW)
    row = Suggestion.objects.get()
    assert row.obligation_id == owed.id and row.reasons == [["dropped", {}]] and row.state == "open"


@pytest.mark.django_db
def test_every_file_knows_whether_a_record_holds_it_whatever_way_the_link_came():
    site = Site()
    waiting = lambda: set(queries.unassigned(site.clerk, [site.project_id]).values_list("name", flat=True))  # noqa: E731
    record_id = site.record("C5-12", "地基验槽记录.pdf")
    other = site.upload("改过的.pdf")
    assert waiting() == {"改过的.pdf"}
    old = RecordFile.objects.get(record_id=record_id)
    operations.replace_file(
        actor=site.clerk, record_id=record_id, old_file_id=old.file_id, file_id=other, why="盖章", now=NOW
    )
    assert waiting() == {"地基验槽记录.pdf"}, "the earlier version waits again"
    operations.withdraw_records(actor=site.clerk, record_ids=[record_id], now=NOW)
    assert waiting() == {"地基验槽记录.pdf", "改过的.pdf"}
    RecordFile.objects.filter(file_id=other).update(replaced_at=None)
    assert waiting() == {"地基验槽记录.pdf"}, "also a link that no operation made"
    RecordFile.objects.filter(file_id=other).delete()
    assert waiting() == {"地基验槽记录.pdf", "改过的.pdf"}
    assert not queries.unassigned(site.outsider, [site.project_id]).exists()
