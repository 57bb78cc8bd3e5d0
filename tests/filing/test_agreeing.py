"""Business review over descriptions: whether records agree with their files, and with each other; never in the way."""

from datetime import date
from uuid import UUID

import pytest

from filing.filing_support import NOW, Site
from zhudang.checks.item_results import Result
from zhudang.content.models import CheckRun
from zhudang.filing import agreeing, queries, readiness, reporting
from zhudang.filing.models import Obligation, Record
from zhudang.identity.models import OrganisationName
from zhudang.registry import operations as registry

pytestmark = pytest.mark.django_db

TEXT = (
    "地基验槽记录 工程名称：滨河安置房一期 1# 住宅楼 施工单位：青石建筑工程有限公司 "
    "基底土质与勘察报告相符，无扰动，同意进入下道工序。 2026年3月10日"
)


def checked(record_id: UUID, text: str = TEXT, **facts) -> None:
    """Note on a record's files what a check would have seen in them."""
    for file_id in queries.records_by_id([record_id])[record_id].file_ids:
        seen = {"pages": 1, "looked_pages": 1, "reading": {"opening": text, "closing": ""}, **facts}
        CheckRun.objects.create(
            file_id=file_id, started_at=NOW, finished_at=NOW, engine="test", verdict="pass", facts=seen
        )


def asked(site: Site, record_id: UUID) -> list[str]:
    return [code for code, *_ in queries.record_page(site.clerk, record_id).business]


def drawing(site: Site, name: str = "建施-01 一层平面图.pdf", **more) -> UUID:
    code = Obligation.objects.filter(unit_work_id=site.unit_id, part="D").values_list("scope_item__code", flat=True)
    values = {"title": "1# 住宅楼一层平面图", "carrier": "drawing", "document_no": "建施-01", **more}
    return site.record(code[0], name, **values)


def test_a_description_that_agrees_with_its_file_asks_nothing():
    site = Site()
    record = site.record()
    checked(record)
    assert asked(site, record) == []


def test_the_wrong_document_is_asked_about_beside_the_four_properties_and_blocks_nothing():
    site = Site()
    record = site.record(title="1# 住宅楼土壤氡浓度检测报告")
    before = readiness.reasons_against([Record.objects.get(id=record)])
    checked(record)
    page = queries.record_page(site.clerk, record)
    assert [code for code, *_ in page.business] == ["BIZ-004"]
    assert not any(code.startswith("BIZ") for code, *_ in page.findings)
    assert readiness.reasons_against([Record.objects.get(id=record)]) == before


def test_former_names_of_project_and_body_count():
    site = Site()
    record = site.record()
    checked(record)
    registry.rename_project(
        actor=site.manager, project_id=site.project_id, name="锦绣江南花园", since=date(2026, 5, 1), basis="更名批复", now=NOW
    )  # fmt: skip
    OrganisationName.objects.create(
        organisation_id=site.contractor_id, name="青石建筑工程有限公司", until=date(2026, 5, 1)
    )
    from zhudang.identity.models import Organisation

    Organisation.objects.filter(id=site.contractor_id).update(name="磐石建设集团有限公司")
    site.describe(record, responsible="磐石建设集团有限公司")
    assert asked(site, record) == []
    site.describe(record, responsible="邻县建筑公司")
    assert asked(site, record) == ["BIZ-010"]


def test_a_scan_nobody_read_is_not_compared_and_neither_is_what_lies_beside_it():
    site = Site()
    record = site.record(title="1# 住宅楼土壤氡浓度检测报告")
    checked(record, "")
    assert asked(site, record) == []
    unchecked = site.record(name="二.pdf", title="1# 住宅楼土壤氡浓度检测报告")
    assert asked(site, unchecked) == []


def test_an_as_built_drawing_asks_for_its_stamp_only_where_every_page_was_searched():
    site = Site()
    record = drawing(site)
    checked(record, "", stamp_pages=1, stamps=[])
    assert asked(site, record) == ["BIZ-003"]
    CheckRun.objects.all().delete()
    checked(record, "", stamp_pages=1, stamps=[{"kind": "as_built"}])
    assert asked(site, record) == []
    CheckRun.objects.all().delete()
    checked(record, "", pages=2, stamp_pages=1, stamps=[])
    assert asked(site, record) == []


def test_the_title_block_of_a_drawing_is_compared_with_its_number():
    site = Site()
    record = drawing(site, document_no="建施-07")
    block = {"page": 1, "number": "建施-01", "project": "滨河安置房一期"}
    checked(
        record, "滨河安置房一期 1# 住宅楼 一层平面图 青石建筑工程有限公司 建施-01 2026年3月10日", title_blocks=[block]
    )
    assert asked(site, record) == ["BIZ-006"]


def test_the_report_tells_business_review_apart_and_in_no_item():
    site = Site()
    record = site.record(title="1# 住宅楼土壤氡浓度检测报告")
    bare = reporting.project_report(site.clerk, site.project_id)
    checked(record)
    report = reporting.project_report(site.clerk, site.project_id)
    assert [(about, found.code) for about, found in report.business] == [("1# 住宅楼土壤氡浓度检测报告", "BIZ-004")]
    assert not any(found.code.startswith("BIZ") for _, found in report.of_properties)
    assert not any(code.startswith("BIZ") for item in report.items for code in item.codes)
    assert [item.result for item in report.items if item.result is Result.FAIL] == [
        item.result for item in bare.items if item.result is Result.FAIL
    ]


def rows(site: Site) -> list:
    return list(queries.records_by_id(Record.objects.values_list("id", flat=True)).values())


def test_pages_that_stand_twice_are_told_with_the_name_of_the_other():
    site = Site()
    first = site.record(name="一.pdf", title="验槽记录一")
    second = site.record(name="二.pdf", title="验槽记录二")
    marks = {file: {"page_marks": ["t:1", "i:" + "0f" * 32]} for file in queries.records_by_id([first])[first].file_ids}
    marks |= {
        file: {"page_marks": ["i:" + "0f" * 31 + "0e"]} for file in queries.records_by_id([second])[second].file_ids
    }
    [(about, found)] = agreeing.among(sorted(rows(site), key=lambda row: row.title), marks)
    assert (about, found.code, found.data["other"], found.data["pages"]) == ("验槽记录二", "BIZ-012", "验槽记录一", [1])


def test_the_same_file_in_two_records_is_no_near_identical_page():
    site = Site()
    site.record(name="一.pdf", title="验槽记录一", data=b"%PDF one")
    site.record(name="二.pdf", title="验槽记录二", data=b"%PDF one")
    every = {file: {"page_marks": ["t:1"]} for row in rows(site) for file in row.file_ids}
    assert agreeing.among(rows(site), every) == []


def test_drawings_are_counted_by_unit_work_and_a_volume_begins_where_it_begins():
    site = Site()
    for number in (4, 5, 7, 8):
        drawing(site, f"建施-{number:02} 图.pdf", document_no=f"建施-{number:02}", title=f"图 {number}")
    [(about, found)] = agreeing.among(rows(site), {}, whole=False)
    assert (about, found.code, found.data["missing"]) == ("1# 住宅楼", "BIZ-013", ["建施-06"])
