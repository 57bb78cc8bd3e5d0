"""The one report: its renderings share their numbers; runs are told apart."""

from datetime import UTC, datetime

from zhudang.checks import report_page, report_words
from zhudang.checks.check_report import CheckedFile, CheckReport, Run, engine_name
from zhudang.checks.item_results import Context, item_results
from zhudang.checks.model import FACT_NAMES, FileReport, Format, verdict_of
from zhudang.checks.report import tool
from zhudang.checks.rules import finding

OLD = Run("zhudang checks 2026.10", datetime(2026, 5, 3, 9, tzinfo=UTC), carried=True)
NEW = Run("zhudang checks 2026.11", datetime(2026, 6, 17, 9, tzinfo=UTC))


def file(path, run, *found):
    report = FileReport(
        path, 10, "aa", "bb", Format("fmt/95", "PDF/A", "application/pdf", ""), verdict_of(found), found,
        dict.fromkeys(FACT_NAMES), {"VIR-001": "no_scanner"},
    )  # fmt: skip
    return CheckedFile(report, run)


def report(*files):
    reports = [each.report for each in files]
    settings = {"profile": {"name": "云溪县", "sha256": "ab" * 32}, "scanner": None, "trust": False}
    return CheckReport(
        "综合楼", ("folder", "in"), NEW.at, tool(), settings, files, item_results(reports, Context()),
        described=(("隐蔽工程验收记录", finding("DSC-003")),),
    )  # fmt: skip


RECHECKED = report(file("a.pdf", OLD), file("b.pdf", NEW, finding("PDF-002")), file("c.pdf", OLD))


def test_counts_name_everything_and_add_up():
    counts = RECHECKED.counts
    assert counts["verdicts"] == {"pass": 2, "warn": 0, "fail": 1, "manual": 0, "not_checked": 0}
    assert sum(counts["items"].values()) == 45
    assert counts["findings"]["block"] == 2
    assert RECHECKED.as_json()["counts"] == counts


def test_the_gravest_finding_comes_first_whatever_it_is_about():
    assert [found.code for _, found in RECHECKED.findings] == ["DSC-003", "PDF-002"]


def test_a_report_says_which_results_were_carried_over_and_from_which_run():
    assert [(run.engine, run.carried, count) for run, count in RECHECKED.runs] == [
        ("zhudang checks 2026.11", False, 1),
        ("zhudang checks 2026.10", True, 2),
    ]
    assert "2 个文件的结果沿用 2026-05-03" in report_words.carried_sentence(RECHECKED, "zh")
    assert report_words.carried_sentence(report(file("a.pdf", NEW)), "zh") == ""
    page = report_page.page(RECHECKED, "en")
    assert "carried over from 2026-05-03" in page
    assert "zhudang checks 2026.10" in page


def test_the_report_names_profile_digest_and_what_was_absent():
    page = report_page.page(RECHECKED)
    assert "云溪县 · SHA-256 " + "ab" * 32 in page
    assert "没有配置查毒程序" in page
    assert "DROID_SignatureFile" in page


def test_a_run_is_signed_with_the_profile_in_the_space_its_column_has():
    assert engine_name() == f"zhudang checks {tool()['rules']}"
    assert len(engine_name({"name": "很" * 40, "sha256": "ab" * 32})) <= 64
