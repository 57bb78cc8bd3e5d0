"""The frame of 45 items: each answered, never passed without a look."""

from dataclasses import replace
from datetime import date

import pytest

from zhudang.checks.item_reasons import REASONS
from zhudang.checks.item_results import RESULTS, Context, Result, item_results
from zhudang.checks.model import FACT_NAMES, FileReport, Format, Severity, Verdict, verdict_of
from zhudang.checks.profile import Profile
from zhudang.checks.rules import all_items, finding

PDF = Format("fmt/95", "Acrobat PDF/A", "application/pdf", "")


def report(*found, path="a.pdf", not_checked=None, **facts):
    return FileReport(
        path, 1, "", "", PDF, verdict_of(found), found, {**dict.fromkeys(FACT_NAMES), **facts}, not_checked or {}
    )


SOUND = report()
SCANNED = Context(scanner="ClamAV 1.4.1/27500")


def answers(reports, context=None, **more):
    return {each.item: each for each in item_results(reports, context or Context(), **more)}


def test_every_item_is_answered_in_the_order_of_the_frame():
    got = item_results([SOUND], Context())
    assert [each.item for each in got] == list(all_items())
    for each in got:
        assert each.reason in REASONS
        assert each.why("zh")
        assert each.why("en")
        assert "{" not in each.why("zh") + each.why("en")
    assert set(RESULTS) == set(Result)


def test_nothing_given_passes_nothing():
    got = answers([])
    assert {each.result for each in got.values()} == {Result.NOT_CHECKED, Result.MANUAL}


@pytest.mark.parametrize("context", [Context(), SCANNED, Context(batch_ran=frozenset(all_items()))])
def test_items_nobody_identified_are_never_checked(context):
    got = answers([SOUND], context)
    assert {got[item].result for item in ("1-9", "1-15", "1-16")} == {Result.NOT_CHECKED}
    assert got["1-9"].reason == "unknown"


def test_what_was_looked_at_and_has_no_finding_passes():
    got = answers([SOUND])
    assert {item for item, each in got.items() if each.result is Result.PASS} == {"2-7", "3-3", "3-4", "3-5"}


@pytest.mark.parametrize(
    ("severity", "result"),
    [(Severity.BLOCK, "fail"), (Severity.MANUAL, "manual"), (Severity.WARN, "warn"), (Severity.INFO, "pass")],
)
def test_the_gravest_finding_decides(severity, result):
    got = answers([SOUND, report(finding("FMT-002", severity), path="b.pdf")])["3-3"]
    assert got.result == result
    assert got.codes == {"FMT-002": 1}


def test_without_a_scanner_malware_is_not_checked_and_a_person_looks_at_the_host():
    unscanned = report(not_checked={"VIR-001": "no_scanner"})
    got = answers([unscanned])
    assert (got["4-2"].result, got["4-2"].reason) == (Result.NOT_CHECKED, "no_scanner")
    assert got["4-1"].result is Result.MANUAL


def test_one_file_the_scanner_could_not_read_keeps_the_item_from_passing():
    assert answers([SOUND], SCANNED)["4-2"].result is Result.PASS
    got = answers([SOUND, report(not_checked={"VIR-001": "too_large"})], SCANNED)["4-2"]
    assert (got.result, got.data) == (Result.NOT_CHECKED, {"undecided": 1})
    assert answers([report(finding("VIR-001", virus="x")), SOUND], SCANNED)["4-2"].result is Result.FAIL
    assert answers([SOUND], Context(scanner=""))["4-2"].reason == "scanner_silent"


def test_a_file_not_checked_to_the_end_keeps_its_items_from_passing():
    got = answers([SOUND, report(finding("RUN-002", seconds=60), path="b.pdf")])
    assert got["3-4"].result is Result.MANUAL
    assert (got["3-3"].result, got["3-3"].reason) == (Result.NOT_CHECKED, "unfinished")
    unread = replace(SOUND, verdict=Verdict.NOT_CHECKED)
    assert answers([unread])["2-7"].result is Result.NOT_CHECKED


def test_a_file_that_stays_closed_keeps_what_needs_its_inside_from_passing():
    got = answers([SOUND, report(finding("PDF-002"), path="b.pdf")])
    assert (got["2-7"].result, got["2-7"].data) == (Result.NOT_CHECKED, {"unopened": 1})


def test_the_source_is_proven_only_by_signatures_or_known_digests():
    assert answers([SOUND])["1-1"].reason == "no_fixity"
    assert answers([report(signatures=[{"status": "valid"}])])["1-1"].result is Result.PASS
    baseline = answers([SOUND], Context(baseline=True))
    assert {baseline[item].result for item in ("1-1", "1-14")} == {Result.PASS}


def test_a_stage_asks_only_its_items():
    got = answers([SOUND], Context(stage="GD"))
    assert (got["3-5"].result, got["3-5"].reason) == (Result.NOT_CHECKED, "other_stage")
    assert got["3-5"].why("en") == "not asked at the stage of filing"
    moved = answers([SOUND], Context(stage="GD"), profile=Profile(stages={"3-5": frozenset({"GD"})}))
    assert moved["3-5"].result is Result.PASS


def test_a_city_switches_an_item_off_and_moves_its_weight():
    warned = [report(finding("FMT-002"))]
    off = answers(warned, profile=Profile(stages={"3-3": frozenset()}))["3-3"]
    assert (off.result, off.reason) == (Result.NOT_CHECKED, "switched_off")
    assert answers(warned, profile=Profile(severity={"3-3": Severity.BLOCK}))["3-3"].result is Result.FAIL


def test_descriptions_and_statements_answer_their_items():
    context = Context(batch_ran=frozenset({"1-2", "2-6"}), statements={"3-9": (Result.PASS, "2026-06-01 试恢复成功")})
    got = answers([], context, others=[finding("DSC-031", missing=[3])])
    assert got["1-2"].result is Result.PASS
    assert got["2-6"].result is Result.WARN
    assert got["1-7"].reason == "no_facts"
    assert got["3-9"].why() == "2026-06-01 试恢复成功"


def test_a_digest_of_the_sender_proves_what_came_only_when_every_file_has_one():
    both = [SOUND, report(path="b.pdf")]
    got = answers(both, Context(held=2))
    assert (got["1-14"].result, got["1-14"].reason) == (Result.PASS, "held")
    got = answers(both, Context(held=1))["1-14"]
    assert (got.result, got.reason, got.data) == (Result.NOT_CHECKED, "partly_held", {"held": 1, "files": 2})
    assert "zhudang package" in answers(both)["1-14"].why("en")


def test_the_scanner_s_signatures_must_be_of_these_days():
    def told(version, day=date(2026, 6, 5)):
        return answers([SOUND], Context(scanner=version, today=day))["4-1"]

    current = "ClamAV 1.0.7/27500/Mon Jun  1 08:24:15 2026"
    assert told(current).result is Result.PASS
    old = told(current, date(2026, 6, 30))
    assert (old.result, old.reason, old.data["days"]) == (Result.WARN, "scanner_old", 29)
    assert "29" in old.why("en")
    assert (told("ClamAV 1.0.7").result, told("ClamAV 1.0.7").reason) == (Result.MANUAL, "scanner_undated")


def test_what_only_a_medium_can_be_asked_says_whether_there_is_one():
    online = answers([SOUND], Context(online=True))
    assert {online[item].reason for item in ("4-4", "4-5", "4-6")} == {"online"}
    offline = answers([SOUND])
    assert [offline[item].reason for item in ("4-4", "4-5", "4-6")] == ["no_medium", "look_of_medium", "disc_by_device"]


@pytest.mark.parametrize(
    ("item", "whom"), [("3-9", "administrator"), ("4-5", "receiver"), ("4-8", "keeper"), ("4-9", "administrator")]
)
def test_what_is_not_run_says_who_should_do_what(item, whom):
    assert whom in answers([SOUND])[item].why("en")
    assert answers([SOUND])[item].result is not Result.PASS
