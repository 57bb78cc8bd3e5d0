"""Volumes: grouping, order, pages, thickness, numbers that are never used twice."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from filing.filing_support import NOW, Site
from filing.test_filing_together import accepted
from zhudang.audit.models import Entry
from zhudang.filing import data_files, operations, queries
from zhudang.filing.domain import codes, volumes
from zhudang.filing.domain.volumes import Piece
from zhudang.filing.models import GivenCode, Record, Volume
from zhudang.shared.refusals import Forbidden, NotFound

POLICY = data_files.policy()
UNIT, MAKER = uuid4(), uuid4()


def piece(title: str = "记录", **more) -> Piece:
    values = {
        "id": uuid4(), "unit_work_id": UNIT, "unit_order": 0, "part": "C", "group": "C5", "organisation_id": MAKER,
        "organisation": "青石", "order_key": 1, "carrier": "text", "title": title, "document_no": "", "specialty": "",
        "manuscript": "", "formed_on": None, "formed_until": None, "pages": 10, "paper_size": "A4", "level": 0,
        "retention": "",
    }  # fmt: skip
    return Piece(**{**values, **more})


def titles(bundle) -> list[str]:
    return [p.piece.title for p in bundle.placed]


def test_parts_carriers_divisions_and_makers_lie_apart():
    other = uuid4()
    pieces = [
        piece("a", part="A", group="A1"), piece("b", part="A", group="A2"), piece("c", group="C4"), piece("d", group="C5"),
        piece("e", group="C5", organisation_id=other), piece("f", part="D", group="D-1", carrier="drawing"),
        piece("g", part="D", group="D-2", carrier="drawing"), piece("h", part="E", group="E3", carrier="photo"),
        piece("i", part="E", group="E1"),
    ]  # fmt: skip
    found = [titles(b) for b in volumes.bundle(pieces, POLICY)]
    assert found[0] == ["a", "b"] and found[1] == ["c"] and sorted(map(tuple, found[2:4])) == [("d",), ("e",)]
    assert found[4:] == [["f"], ["g"], ["i"], ["h"]]


def test_reply_stands_before_request_final_before_draft_body_before_annex():
    pieces = [
        piece("关于立项的请示"), piece("关于立项的批复"), piece("规划方案附件"), piece("规划方案送审稿", manuscript="draft"),
        piece("规划方案", manuscript="final"),
    ]  # fmt: skip
    [bundle] = volumes.bundle(pieces, POLICY)
    found = titles(bundle)
    assert found.index("关于立项的批复") < found.index("关于立项的请示")
    assert found.index("规划方案") < found.index("规划方案送审稿")
    assert found.index("规划方案") < found.index("规划方案附件")


def test_drawings_stand_by_specialty_then_number_counted_as_people_count():
    pieces = [
        piece(no, part="D", group="D", carrier="drawing", specialty=no[:2], document_no=no, pages=1)
        for no in ("水施-1", "结施-10", "结施-2", "建施-3")
    ]
    [bundle] = volumes.bundle(pieces, POLICY)
    assert titles(bundle) == ["建施-3", "结施-2", "结施-10", "水施-1"]


def test_pages_run_from_one_in_each_volume_and_the_last_line_names_first_and_last():
    [bundle] = volumes.bundle([piece("甲", pages=3), piece("乙", pages=1), piece("丙", pages=4, order_key=2)], POLICY)
    assert [(p.page_from, p.page_to) for p in bundle.placed] in ([(1, 3), (4, 4), (5, 8)], [(1, 1), (2, 4), (5, 8)])
    assert volumes.page_text(bundle.placed[0], last=False) == "1"
    assert volumes.page_text(bundle.placed[2], last=True) == "5～8"


def test_a_volume_is_no_thicker_than_the_policy_and_a_thick_record_lies_alone():
    pieces = [piece(str(n), pages=90, order_key=n) for n in range(5)] + [piece("thick", pages=400, order_key=9)]
    found = volumes.bundle(pieces, POLICY)
    assert [len(b.placed) for b in found] == [2, 2, 1, 1]
    assert [b.too_thick for b in found] == [False, False, False, True]
    assert all(b.thickness_mm <= POLICY.text_mm for b in found if not b.too_thick)


def test_level_is_the_highest_and_retention_the_longest_of_the_contents():
    [bundle] = volumes.bundle([piece(level=0, retention="short"), piece(level=2, retention="long")], POLICY)
    assert (bundle.level, bundle.retention) == (2, "long")


def test_codes_pad_their_numbers_and_refuse_one_too_long():
    values = {"class": "I1", "year": 2026, "project": 36, "volume": 12}
    assert codes.fill(POLICY.code_template, values) == "I1-2026-0036-012"
    assert codes.pattern(POLICY.code_template).match("I1-2026-0036-012")
    assert not codes.pattern(POLICY.code_template).match("I1-2026-36-12")
    with pytest.raises(codes.CodeTooLong):
        codes.fill(POLICY.code_template, {**values, "volume": 1000})


def test_a_records_code_is_written_in_one_way_and_read_with_or_without_leading_zeros():
    template = POLICY.file_template
    assert codes.record_code(template, "I1-2026-0036-012", 5) == "I1-2026-0036-012-005"
    assert codes.record_code(template, "I1-2026-0036-012", 1234) == "I1-2026-0036-012-1234"
    for written in ("I1-2026-0036-012-005", "I1-2026-0036-012-5", "I1-2026-0036-012-05"):
        assert codes.read_record_code(template, written) == ("I1-2026-0036-012", 5)
    assert codes.read_record_code(template, "隐蔽工程") is None
    other = "{volume_code}·{file:4}"
    assert codes.record_code(other, "I1-012", 5) == "I1-012·0005"
    assert codes.read_record_code(other, "I1-012·5") == ("I1-012", 5)


def test_the_template_of_a_records_code_holds_its_volumes_and_its_number_alone():
    assert codes.faults_in_template("{volume_code}-{year}-{file:3}", needed={"volume_code", "file"}, only=True) == [
        "template '{volume_code}-{year}-{file:3}': segment 'year' has no value here"
    ]


def test_a_template_tells_all_its_faults():
    assert codes.faults_in_template("{class}-{volume}-{what:2}-{", needed={"volume", "project"}) == [
        "template '{class}-{volume}-{what:2}-{': unknown segment 'what'",
        "template '{class}-{volume}-{what:2}-{': segment 'project' is missing",
        "template '{class}-{volume}-{what:2}-{': a brace is left over",
        "template '{class}-{volume}-{what:2}-{': segment 'volume' needs a width",
    ]


@pytest.mark.django_db
def test_accepted_records_get_volumes_codes_and_accession_numbers():
    site = Site()
    operations.excuse(actor=site.clerk, obligation_ids=[site.owed("C5-13").id], reason="桩基础，无钎探", now=NOW)
    ids = accepted(site, [("C5-12", "地基验槽记录.pdf"), ("C5-1", "隐蔽.pdf"), ("C4.3-1", "钢材试验报告.pdf")])
    volume_ids = operations.arrange_project(actor=site.archivist, project_id=site.project_id, now=NOW)
    rows = queries.volumes_of(site.project_id)
    assert [r.id for r in rows] == volume_ids and [r.sequence for r in rows] == [1, 2]
    assert [r.reference_code for r in rows] == ["I1-2026-0001-001", "I1-2026-0001-002"]
    assert [r.accession_no for r in rows] == ["00000001", "00000002"]
    assert rows[1].title == "滨河安置房一期1# 住宅楼 施工文件 施工记录文件"
    assert rows[0].note["not_applicable"][0]["reason"] == "桩基础，无钎探"
    inside = queries.records_of_volume(rows[1].id)
    assert [(r.code, r.position, r.page_from, r.page_to) for r in inside] == [("C5-1", 1, 1, 3), ("C5-12", 2, 4, 6)]
    assert {r.id for r in queries.records_of(site.project_id)} == set(ids)
    assert Entry.objects.filter(act="filing.volumes.arranged").count() == 1


@pytest.mark.django_db
def test_a_later_stage_goes_on_after_the_numbers_given():
    site = Site()
    accepted(site, [("C5-12", "地基验槽记录.pdf")])
    operations.arrange_project(actor=site.archivist, project_id=site.project_id, now=NOW)
    accepted(site, [("C8-2", "竣工验收记录.pdf")])
    operations.arrange_project(actor=site.archivist, project_id=site.project_id, now=NOW + timedelta(days=400))
    codes_given = [v.reference_code for v in queries.volumes_of(site.project_id)]
    assert codes_given == ["I1-2026-0001-001", "I1-2026-0001-002"]
    assert [v.sequence for v in queries.volumes_of(site.project_id)] == [1, 2]


@pytest.mark.django_db
def test_a_voided_number_is_recorded_and_never_given_again():
    site = Site()
    accepted(site, [("C5-12", "地基验槽记录.pdf")])
    [volume_id] = operations.arrange_project(actor=site.archivist, project_id=site.project_id, now=NOW)
    with pytest.raises(operations.CannotArrange):
        operations.void_volume(actor=site.archivist, volume_id=volume_id, reason="", now=NOW)
    operations.void_volume(actor=site.archivist, volume_id=volume_id, reason="分类号选错", now=NOW)
    operations.arrange_project(actor=site.archivist, project_id=site.project_id, now=NOW)
    [again] = queries.volumes_of(site.project_id)
    assert (again.reference_code, again.accession_no) == ("I1-2026-0001-002", "00000002")
    void = GivenCode.objects.get(kind="accession", code="00000001")
    assert void.void_reason == "分类号选错" and void.voided_by == "archivist"


@pytest.mark.django_db
def test_composing_again_keeps_numbered_volumes_and_follows_what_is_filed():
    site = Site()
    first = site.record()
    operations.file_record(actor=site.clerk, record_id=first, now=NOW)
    assert operations.compose_volumes(actor=site.manager, project_id=site.project_id, now=NOW) == 1
    second = site.record("C5-1", "隐蔽.pdf")
    operations.file_record(actor=site.clerk, record_id=second, now=NOW)
    assert operations.compose_volumes(actor=site.manager, project_id=site.project_id, now=NOW) == 1
    [volume] = queries.volumes_of(site.project_id)
    assert volume.record_count == 2 and volume.text_pages == 6 and volume.reference_code is None


@pytest.mark.django_db
def test_the_clerk_moves_a_record_and_pages_follow():
    site = Site()
    ids = [site.record("C5-1", "隐蔽.pdf", pages=2), site.record(pages=3)]
    operations.file_many(actor=site.clerk, record_ids=ids, now=NOW)
    operations.compose_volumes(actor=site.manager, project_id=site.project_id, now=NOW)
    [volume] = queries.volumes_of(site.project_id)
    last = queries.records_of_volume(volume.id)[-1]
    operations.move_in_volume(actor=site.manager, volume_id=volume.id, record_id=last.id, to=1, revision=None, now=NOW)
    rows = queries.records_of_volume(volume.id)
    assert rows[0].id == last.id and rows[0].page_from == 1 and rows[1].page_from == rows[0].page_to + 1


@pytest.mark.django_db
def test_only_the_archive_numbers_and_strangers_know_of_nothing():
    site = Site()
    accepted(site, [("C5-12", "地基验槽记录.pdf")])
    with pytest.raises(Forbidden):
        operations.arrange_project(actor=site.manager, project_id=site.project_id, now=NOW)
    with pytest.raises(NotFound):
        operations.arrange_project(actor=site.outsider, project_id=site.project_id, now=NOW)
    assert not Volume.objects.exists()


@pytest.mark.django_db
def test_preserved_is_written_only_for_transferred_records_of_numbered_volumes():
    site = Site()
    ids = accepted(site, [("C5-12", "地基验槽记录.pdf")])
    [volume_id] = operations.arrange_project(actor=site.archivist, project_id=site.project_id, now=NOW)
    assert operations.note_preserved(volume_ids=[volume_id], at=NOW) == 0
    operations.mark_transferred(actor=site.archivist, record_ids=ids, now=NOW)
    assert operations.note_preserved(volume_ids=[volume_id], at=NOW) == 1
    assert operations.note_preserved(volume_ids=[volume_id], at=NOW + timedelta(days=1)) == 0
    assert Record.objects.get().preserved_at == NOW
    with pytest.raises(operations.CannotArrange):
        operations.void_volume(actor=site.archivist, volume_id=volume_id, reason="不行", now=NOW)


def test_dates_of_a_volume_are_the_first_and_last_of_its_contents():
    [bundle] = volumes.bundle(
        [piece(formed_on=date(2026, 3, 10)), piece(formed_on=date(2025, 1, 2), formed_until=date(2026, 5, 1))], POLICY
    )
    assert bundle.formed == (date(2025, 1, 2), date(2026, 5, 1))
    assert isinstance(bundle.unit_work_id, UUID)
