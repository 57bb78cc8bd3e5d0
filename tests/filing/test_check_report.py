"""The check report over records: what their descriptions and files show, by the reader's rights."""

from uuid import uuid4

import pytest

from filing.filing_support import Site
from zhudang.filing import reporting
from zhudang.shared.refusals import NotFound

pytestmark = pytest.mark.django_db


def answers(report):
    return {each.item: each for each in report.items}


def test_a_project_s_report_reads_descriptions_and_says_what_nobody_checked():
    site = Site()
    site.record(name="一.pdf")
    site.record(name="二.pdf")
    report = reporting.project_report(site.clerk, site.project_id)
    codes = {found.code for _, found in report.described}
    assert "DSC-029" in codes
    got = answers(report)
    assert (got["1-8"].result, got["1-2"].result) == ("warn", "pass")
    # No engine looked at these files: whatever their rows say, nothing of them is passed.
    assert report.verdicts["not_checked"] == len(report.files) == 2
    assert got["3-3"].result == got["3-4"].result == "not_checked"
    assert got["2-9"].reason == "no_facts"
    assert (got["1-14"].reason, got["4-4"].reason) == ("no_baseline", "online")


def test_records_of_others_and_above_the_reader_stand_in_no_number():
    site = Site()
    site.record(name="一.pdf")
    before = reporting.project_report(site.clerk, site.project_id).as_json()
    site.record(name="二.pdf", actor=site.manager, title="建设单位的文件")
    after = reporting.project_report(site.clerk, site.project_id).as_json()
    for each in (before, after):
        each.pop("made_at")
        each["settings"].pop("scanner")
    assert before == after


def test_a_volume_nobody_knows_of_has_no_report():
    site = Site()
    with pytest.raises(NotFound):
        reporting.project_report(site.clerk, site.project_id, volume_id=uuid4())


def test_files_that_came_with_the_sender_s_digest_are_told_as_unchanged():
    from zhudang.content.models import File

    site = Site()
    site.record(name="一.pdf")
    site.record(name="二.pdf")
    first = File.objects.order_by("received_at").values_list("id", flat=True)[0]
    File.objects.filter(id=first).update(digest_given=True)
    assert answers(reporting.project_report(site.clerk, site.project_id))["1-14"].reason == "partly_held"
    File.objects.update(digest_given=True)
    got = answers(reporting.project_report(site.clerk, site.project_id))
    assert (got["1-14"].result, got["1-14"].reason) == ("pass", "held")
