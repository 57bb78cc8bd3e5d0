"""The rules of handover: facts in, reasons out; the tables of states are complete."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from zhudang.handover import words
from zhudang.handover.domain.applications import ApplicationFacts, why_not_act, why_not_apply
from zhudang.handover.domain.commitments import (
    STATEMENTS,
    PromisedItem,
    add_months,
    is_breached,
    why_not_commit,
)
from zhudang.handover.domain.deliveries import DeliverableRecord, why_not_close, why_not_deliver
from zhudang.handover.domain.notices import OwedItem, difference, standing, why_not_issue, why_not_step
from zhudang.handover.domain.review import (
    REASON_CODES,
    ItemFacts,
    what_changed,
    why_not_accept,
    why_not_demand_again,
    why_not_judge,
    why_not_return,
)
from zhudang.handover.domain.states import (
    OPEN_TO,
    SETTLED,
    TRANSFER_OPEN_TO,
    VERDICTS_FOR,
    Act,
    ApplicationState,
    DeliveryState,
    ItemKind,
    ItemState,
    LateGround,
    Mode,
    TransferAct,
    TransferState,
)
from zhudang.handover.domain.transfers import (
    Counted,
    why_not_certify,
    why_not_count,
    why_not_receive,
    why_not_transfer_act,
)
from zhudang.handover.policy import faults_in, policy

READY = ApplicationFacts(mode="before_filing", kind="first", ready=3, unit_works=1)


def codes(reasons):
    return [reason.code.removeprefix("handover.") for reason in reasons]


def test_the_tables_of_states_name_every_state_and_every_word():
    assert set(OPEN_TO) == set(ApplicationState) and set(TRANSFER_OPEN_TO) == set(TransferState)
    assert set(VERDICTS_FOR) == set(ItemKind)
    assert set(words.STATES) == set(words.STATE_MARKS) == set(ApplicationState)
    assert set(words.DELIVERY_STATES) == set(DeliveryState) and set(words.TRANSFER_STATES) == set(TransferState)
    assert set(words.ITEM_STATES) == set(words.ITEM_MARKS) == set(ItemState) and set(words.ITEM_KINDS) == set(ItemKind)
    assert set(words.REASON_CODES) == set(REASON_CODES) and set(words.GROUNDS) == set(LateGround)
    assert set(words.STATEMENTS) == set(STATEMENTS) and set(words.MODES) == set(Mode)


@pytest.mark.parametrize("state", list(ApplicationState))
@pytest.mark.parametrize("act", list(Act))
def test_an_application_allows_exactly_what_its_state_opens(state, act):
    assert (why_not_act(state, act) == []) == (act in OPEN_TO[state])


@pytest.mark.parametrize("state", list(TransferState))
@pytest.mark.parametrize("act", list(TransferAct))
def test_a_transfer_allows_exactly_what_its_state_opens(state, act):
    assert (why_not_transfer_act(state, act) == []) == (act in TRANSFER_OPEN_TO[state])


def test_the_built_in_policy_has_no_fault_and_a_bad_one_tells_all():
    assert faults_in(policy()) == []
    bad = replace(
        policy(), opinion_issuer="mayor", transfer_modes=(), commitment_months_at_most=6, review_working_days={}
    )
    assert len(faults_in(bad)) == 4


def test_every_reason_against_applying_is_told_at_once():
    facts = replace(
        READY, project_running=False, running="YS-1", mode="by_post", ready=0, undelivered=2, returned=["甲"],
        missing=["乙"], accepted_before=True,
    )  # fmt: skip
    assert codes(why_not_apply(facts)) == [
        "project_not_running", "application_running", "mode_not_here", "accepted_already", "nothing_to_submit",
        "records_undelivered", "records_still_returned", "records_missing",
    ]  # fmt: skip


def test_missing_records_may_be_explained_returned_ones_may_not():
    facts = replace(READY, missing=["乙"], undelivered=1, returned=["甲"])
    assert codes(why_not_apply(facts, missing_note="无地下室")) == ["records_still_returned"]


def test_a_stage_names_its_unit_works():
    assert codes(why_not_apply(replace(READY, mode="staged", unit_works=0))) == ["stage_without_unit_works"]


def test_promised_records_must_have_formed_after_the_completion_acceptance():
    late = replace(READY, mode="commitment", kind="late", has_commitment=True, accepted_on=date(2026, 6, 1))
    early = replace(late, formed=[("竣工验收报告", date(2026, 6, 2)), ("旧文", date(2026, 5, 31)), ("无日期", None)])
    assert codes(why_not_apply(early)) == ["formed_before_acceptance"] * 2
    assert codes(why_not_apply(replace(late, accepted_on=None))) == ["acceptance_day_unknown"]
    assert codes(why_not_apply(replace(late, has_commitment=False))) == ["no_commitment"]


PROMISE = {
    "mode": "commitment", "statements": STATEMENTS, "signed_on": date(2026, 6, 17), "due_on": date(2026, 9, 17),
    "months_at_most": 3,
}  # fmt: skip


def test_a_commitment_lasts_three_months_at_most_and_makes_all_four_statements():
    after = [PromisedItem("竣工验收备案表", True)]
    assert why_not_commit(after, **PROMISE) == []
    assert codes(why_not_commit(after, **{**PROMISE, "due_on": date(2026, 9, 18)})) == ["due_too_late"]
    assert codes(why_not_commit(after, **{**PROMISE, "due_on": None, "statements": STATEMENTS[:2]})) == [
        "statement_missing", "statement_missing", "due_missing",
    ]  # fmt: skip
    assert codes(why_not_commit([PromisedItem("施工日志", False)], **PROMISE)) == ["not_formed_after"]
    assert codes(why_not_commit([], **{**PROMISE, "mode": "staged"})) == ["commitment_not_in_mode", "nothing_promised"]


def test_months_end_on_the_last_day_where_there_is_no_such_day():
    assert add_months(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert add_months(date(2023, 11, 30), 3) == date(2024, 2, 29)


def test_a_promise_is_broken_the_day_after_not_on_the_day():
    day = date(2026, 9, 17)
    assert not is_breached(due_on=day, today=day, fulfilled=False)
    assert is_breached(due_on=day, today=date(2026, 9, 18), fulfilled=False)
    assert not is_breached(due_on=day, today=date(2026, 9, 18), fulfilled=True)


OPEN = ItemFacts("record", "open", "验槽记录")


def test_what_blocks_or_was_never_checked_cannot_pass():
    item = replace(OPEN, blocking=1, unchecked=2)
    assert codes(why_not_judge("reviewing", item, "passed")) == ["blocking_findings", "not_checked_yet"]
    assert why_not_judge("reviewing", item, "returned", reason_code="unsigned", reason="缺签字") == []


def test_a_return_needs_a_reason_in_words_and_a_known_code():
    assert codes(why_not_judge("reviewing", OPEN, "returned")) == ["verdict_without_reason", "reason_code_unknown"]
    assert codes(why_not_judge("reviewing", OPEN, "burned")) == ["verdict_unknown"]


def test_nothing_submitted_cannot_pass_and_unchanged_material_is_not_judged():
    assert codes(why_not_judge("reviewing", ItemFacts("missing", "open"), "passed")) == ["verdict_not_here"]
    assert codes(why_not_judge("reviewing", ItemFacts("record", "unchanged"), "passed")) == ["unchanged_since"]


def test_unchanged_material_is_demanded_again_only_on_a_lawful_ground_with_a_reason():
    item = ItemFacts("record", "unchanged", "验槽记录")
    grounds = policy().late_grounds
    assert why_not_demand_again("reviewing", item, ground="safety", reason="开裂", grounds=grounds) == []
    assert codes(why_not_demand_again("reviewing", item, ground="mood", reason=" ", grounds=grounds)) == [
        "ground_unknown", "demand_without_reason",
    ]  # fmt: skip
    assert codes(why_not_demand_again("reviewing", OPEN, ground="safety", reason="x", grounds=grounds)) == [
        "not_settled_before"
    ]


def test_the_list_goes_out_only_when_complete_and_the_opinion_only_when_nothing_is_left():
    assert codes(why_not_return("reviewing", {"open": 2, "returned": 1})) == ["items_left"]
    assert codes(why_not_return("reviewing", {"passed": 3})) == ["nothing_returned"]
    assert codes(why_not_accept("reviewing", {"open": 2, "returned": 1, "passed": 1})) == [
        "items_left",
        "items_returned",
    ]
    assert codes(why_not_accept("reviewing", {})) == ["nothing_reviewed"]
    assert all(why_not_accept("reviewing", {state: 1}) == [] for state in SETTLED)


@pytest.mark.parametrize("state", [s for s in ApplicationState if s is not ApplicationState.REVIEWING])
def test_nothing_is_added_to_a_review_that_is_closed(state):
    for reasons in (
        why_not_judge(state, OPEN, "passed"), why_not_return(state, {"returned": 1}), why_not_accept(state, {"passed": 1}),
    ):  # fmt: skip
        assert "not_in_this_state" in codes(reasons)


def test_what_changed_names_files_and_fields():
    before = {"files": [{"sha256": "a", "name": "旧.pdf"}], "fields": {"title": "甲", "pages": 3}}
    now = {"files": [{"sha256": "b", "name": "新.pdf"}], "fields": {"title": "甲", "pages": 4}}
    assert what_changed(before, now) == [
        {"what": "file_gone", "name": "旧.pdf"}, {"what": "file_new", "name": "新.pdf"},
        {"what": "field", "field": "pages", "was": 3, "is": 4},
    ]  # fmt: skip
    assert what_changed(now, now) == []


def owed(key, party="甲公司", due="2026-01-01"):
    return OwedItem(key, "1#", "contractor", party, "C5-1", "隐蔽工程验收记录", "text", due, ("archive",))


def test_a_supplement_tells_only_the_difference_and_a_moved_date_is_no_difference():
    told = [owed("1"), owed("2"), owed("3")]
    news = difference(told, [owed("1", due="2026-02-02"), owed("2", party="乙公司"), owed("4")])
    assert [i.obligation for i in news.added] == ["4"]
    assert [i.obligation for i in news.changed] == ["2"]
    assert [i.obligation for i in news.dropped] == ["3"]
    assert difference(told, told).empty


def test_notices_add_up():
    assert {i.obligation for i in standing([([owed("1"), owed("2")], []), ([owed("3")], ["1"])])} == {"2", "3"}


def test_a_notice_needs_something_owed_and_goes_out_once_a_permit():
    assert codes(why_not_issue(owed=0, permit_told=True, project_running=False)) == [
        "notice_already", "nothing_owed", "project_not_running",
    ]  # fmt: skip


def test_receipts_come_in_order_each_once():
    assert why_not_step("read", ["delivered"]) == []
    assert codes(why_not_step("acknowledged", ["delivered"])) == ["receipt_before"]
    assert codes(why_not_step("read", ["delivered", "read"])) == ["receipt_already"]
    assert codes(why_not_step("eaten", [])) == ["receipt_unknown"]


def test_a_party_delivers_only_its_own_filed_records():
    me, other, client = uuid4(), uuid4(), uuid4()
    rows = [
        DeliverableRecord(uuid4(), "甲", "filed", me), DeliverableRecord(uuid4(), "乙", "draft", me),
        DeliverableRecord(uuid4(), "丙", "filed", other),
    ]  # fmt: skip
    assert codes(why_not_deliver(rows, wanted=4, organisation_id=me, client_id=client)) == [
        "delivery_unknown_records", "record_not_filed", "not_your_record",
    ]  # fmt: skip
    assert codes(why_not_deliver([], wanted=0, organisation_id=client, client_id=client)) == [
        "delivery_empty", "delivery_to_oneself",
    ]  # fmt: skip


@pytest.mark.parametrize("state", list(DeliveryState))
def test_a_delivery_is_closed_once_with_a_reason_for_each_return(state):
    record = uuid4()
    told = codes(why_not_close(state, frozenset({record}), {record: "", uuid4(): "错件"}))
    assert ("delivery_closed" in told) == (state != DeliveryState.SENT)
    assert {"not_on_list", "return_without_reason"} <= set(told)


VOLUME = Counted("第一卷", (3, 9, 0, 0, 0), (3, 9, 0, 0, 0))


def test_receiving_needs_every_volume_counted_by_somebody_else():
    assert why_not_receive("counting", [VOLUME], counters={"keeper"}, receiver="archivist") == []
    left = replace(VOLUME, counted=(3, None, 0, 0, 0))
    assert codes(why_not_receive("counting", [left], counters={"me"}, receiver="me")) == [
        "volumes_left",
        "counter_receives",
    ]
    assert codes(why_not_receive("counting", [replace(VOLUME, absent=True)], counters=set(), receiver="me")) == [
        "all_absent"
    ]
    assert codes(why_not_receive("received", [], counters=set(), receiver="me")) == [
        "transfer_not_in_this_state", "nothing_arranged",
    ]  # fmt: skip


def test_a_difference_needs_a_note_and_numbers_are_whole():
    assert why_not_count("counting", numbers=(1, 2, 3, 0, 0), absent=False, differs=False, note="") == []
    assert codes(why_not_count("counting", numbers=(None, -1, 3, 0, 0), absent=False, differs=True, note=" ")) == [
        "count_incomplete", "count_negative", "difference_without_note",
    ]  # fmt: skip
    assert why_not_count("counting", numbers=(None,) * 5, absent=True, differs=True, note="未随车") == []


def test_a_certificate_waits_for_every_volume_and_for_what_was_promised():
    facts = {"mode": "commitment", "volumes": 2, "preserved": 2, "promised_left": 0, "has_certificate": False}
    assert why_not_certify("preserved", **facts) == []
    assert codes(why_not_certify("preserved", **{**facts, "preserved": 1, "promised_left": 3, "has_certificate": True})) == [
        "not_all_preserved", "promise_open", "certified_already",
    ]  # fmt: skip
    assert codes(why_not_certify("received", **{**facts, "volumes": 0, "preserved": 0})) == [
        "transfer_not_in_this_state", "not_all_preserved",
    ]  # fmt: skip
    assert why_not_certify("preserved", **{**facts, "mode": "before_filing", "promised_left": 3}) == []


def test_every_code_the_rules_can_say_has_its_sentence():
    import re
    from pathlib import Path

    import zhudang.handover as package

    source = "".join(path.read_text() for path in Path(package.__file__).parent.rglob("*.py"))
    said = set(re.findall(r'Reason\(\s*"(handover\.[a-z_]+)"', source))
    assert said and said <= set(words.REASONS)


def test_every_message_that_is_told_has_its_sentence():
    import re
    from pathlib import Path

    import zhudang.handover as package

    source = "".join(path.read_text() for path in Path(package.__file__).parent.rglob("*.py"))
    told = set(re.findall(r'kind="(handover\.[a-z_]+)", at=', source))
    assert told and told == set(words.MESSAGES)
