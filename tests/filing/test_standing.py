"""How obligations stand: the SQL of the pages and the plain rule say the same; counts are right-filtered."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest

from filing.filing_support import NOW, Site
from filing.test_filing_together import accepted
from zhudang.filing import operations, queries
from zhudang.filing.domain.standing import Standing, StandingFacts, standing_of
from zhudang.filing.models import Obligation
from zhudang.filing.queries.standing import soon_until
from zhudang.shared.refusals import Forbidden, NotFound

TODAY = date(2026, 6, 17)


def test_every_standing_has_a_case():
    days = (None, TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=3), TODAY + timedelta(days=30))
    found = {
        standing_of(
            StandingFacts(na, filed, back, drafts, guesses, reached, suggested), today=TODAY,
            soon_until=TODAY + timedelta(days=7),
        )
        for na, filed, back, drafts, guesses, reached, suggested in product(
            (False, True), (0, 1), (0, 1), (0, 1), (0, 1), days, days
        )
    }  # fmt: skip
    assert found == set(Standing)


@pytest.mark.django_db
def test_sql_and_rule_agree_on_every_row_of_a_checklist():
    site = Site()
    codes = ["C5-1", "C5-4", "C5-5", "C5-9", "C5-12", "C5-13"]
    days = [None, TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=3), TODAY + timedelta(days=60), TODAY]
    for code, day in zip(codes, days, strict=True):
        Obligation.objects.filter(id=site.owed(code).id).update(
            milestone_on=TODAY - timedelta(days=9) if code != "C5-9" else TODAY + timedelta(days=1), suggested_on=day
        )
    site.record("C5-1", "隐蔽.pdf")
    operations.suggest(file_ids=[site.upload("基槽验线记录.pdf", folder="1#楼")], now=NOW)
    operations.excuse(actor=site.clerk, obligation_ids=[site.owed("C5-13").id], reason="无钎探", now=NOW)
    page = queries.checklist(site.clerk, site.unit_id, today=TODAY)
    rows = {r.code: r for g in page.groups for r in g.rows}
    assert len(rows) == page.counts[""] == page.shown
    for row in rows.values():
        facts = StandingFacts(
            bool(row.not_applicable_reason), row.filed, row.back, row.drafts, len(row.guesses), row.milestone_on,
            row.suggested_on,
        )  # fmt: skip
        assert row.standing == standing_of(facts, today=TODAY, soon_until=soon_until(TODAY)), row.code
    assert rows["C5-1"].standing == "draft" and rows["C5-5"].standing == "pencil" and rows["C5-13"].standing == "na"
    assert rows["C5-4"].standing == "passed"


@pytest.mark.django_db
def test_the_five_keepers_stay_apart_on_the_checklist():
    site = Site()
    page = queries.checklist(site.manager, site.unit_id, today=TODAY)
    rows = {r.code: r for g in page.groups for r in g.rows}
    assert (rows["C4.3-7"].own, rows["C4.3-7"].to_client, rows["C4.3-7"].to_archive) == ("must", "must", "none")
    assert (rows["A1-1"].own, rows["A1-1"].to_client, rows["A1-1"].to_archive) == ("must", "", "must")
    assert rows["E1-1"].own == "unsure", "the tables have no column for the survey party"


@pytest.mark.django_db
def test_a_party_sees_its_own_rows_the_client_all_and_drafts_stay_with_their_maker():
    site = Site()
    site.record()
    own = queries.checklist(site.clerk, site.unit_id, today=TODAY)
    all_rows = queries.checklist(site.manager, site.unit_id, today=TODAY)
    assert {r.party_role for g in own.groups for r in g.rows} == {"contractor"}
    assert len(all_rows.roles) == 5
    groove = next(r for g in all_rows.groups for r in g.rows if r.code == "C5-12")
    assert groove.drafts == 0 and groove.answers == ()
    with pytest.raises(NotFound):
        queries.checklist(site.outsider, site.unit_id, today=TODAY)


@pytest.mark.django_db
def test_the_archive_counts_only_what_was_submitted():
    site = Site()
    accepted(site, [("C5-12", "地基验槽记录.pdf")])
    filed = site.record("C5-1", "隐蔽.pdf")
    operations.file_record(actor=site.clerk, record_id=filed, now=NOW)
    page = queries.checklist(site.reviewer, site.unit_id, today=TODAY)
    assert page.counts["filed"] == 1
    assert queries.progress_by_unit(site.clerk, [site.project_id], today=TODAY)[site.unit_id].filed == 2


@pytest.mark.django_db
def test_home_tells_what_is_owed_what_came_back_and_what_waits():
    site = Site()
    [record_id] = accepted(site, [("C5-12", "地基验槽记录.pdf")])[:1]
    other = site.record("C5-1", "隐蔽.pdf")
    operations.file_record(actor=site.clerk, record_id=other, now=NOW)
    operations.mark_delivered(actor=site.clerk, record_ids=[other], now=NOW)
    operations.mark_returned(
        actor=site.manager, returns={other: operations.Return("签章栏空白", "请补签", "1-1")}, now=NOW
    )
    operations.suggest(file_ids=[site.upload("钢材试验报告.pdf", folder="1#楼")], now=NOW)
    Obligation.objects.filter(id=site.owed("C5-4").id).update(
        milestone_on=TODAY - timedelta(days=9), suggested_on=TODAY - timedelta(days=2)
    )
    home = queries.clerk_home(site.clerk, today=TODAY)
    assert (
        [r.id for r in home.returned] == [other] and home.returned[0].reason == "签章栏空白" and home.returned[0].mine
    )
    assert (home.returned_count, home.pencil_count, home.waiting, home.passed) == (1, 1, 1, 1)
    assert home.units[0].id == site.unit_id and home.units[0].progress.next_on == TODAY - timedelta(days=2)
    assert (home.units[0].progress.next_title, home.units[0].progress.next_count) == (
        site.owed("C5-4").scope_item.title,
        1,
    )
    assert home.runs[0].passed >= 1
    assert record_id
    assert queries.clerk_home(site.outsider, today=TODAY).projects == ()


@pytest.mark.django_db
def test_volumes_with_records_a_person_may_not_know_are_not_shown():
    site = Site()
    ids = accepted(site, [("C5-12", "地基验槽记录.pdf")])
    operations.arrange_project(actor=site.archivist, project_id=site.project_id, now=NOW)
    assert len(queries.volumes_page(site.archivist, site.project_id).volumes) == 1
    assert len(queries.volumes_page(site.clerk, site.project_id).volumes) == 1
    assert queries.volumes_page(site.supervisor, site.project_id).volumes == ()
    with pytest.raises(NotFound):
        queries.volume_page(site.supervisor, queries.volumes_of(site.project_id)[0].id)
    assert ids


@pytest.mark.django_db
def test_lists_show_their_doubts():
    site = Site()
    rows = {r.title: r for r in queries.scope_lists(site.clerk)}
    national = rows["GB/T 50328—2014 建设工程文件归档范围"]
    assert (
        national.used_for == ("bridge", "building", "pipeline", "road")
        and national.doubtful > 500
        and national.unsure > 100
    )
    with pytest.raises(Forbidden):
        from zhudang.identity.rights import ANONYMOUS

        queries.scope_lists(ANONYMOUS)
