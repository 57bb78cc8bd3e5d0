"""Whose act a disposal waits for: who finds it on the home page, who does not, and that finding it costs a handful of questions."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from filing.filing_support import person
from preservation.disposal_case import PASSWORD, VISITOR, Disposal
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account
from zhudang.identity.queries import actor_by_username
from zhudang.identity.rights import ACTS, Actor
from zhudang.preservation.disposal import cases, executing, queries, signing, waiting
from zhudang.preservation.disposal import words as disposal_words
from zhudang.preservation.disposal.models import DisposalCase, DisposalItem, DisposalStep
from zhudang.preservation.domain.disposal import CaseState
from zhudang.preservation.domain.disposal_acts import (
    RIGHTS,
    Act,
    Standing,
    StillHeld,
    act_in_case,
    acts_at_place,
)
from zhudang.preservation.models import Site
from zhudang.site import disposal_tasks

TODAY = date(2026, 6, 17)
OVER = TODAY - timedelta(days=1)
CASE = Standing(CaseState.APPRAISING, "proposer", frozenset({"m1", "m2"}), executor="executor")
PEOPLE = ("proposer", "m1", "m2", "executor", "w1", "w2", "somebody")


def asked(case: Standing) -> dict[Act, list[str]]:
    told: dict[Act, list[str]] = {}
    for who in PEOPLE:
        if act := act_in_case(who, case, today=TODAY):
            told.setdefault(act, []).append(who)
    return told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, {Act.APPRAISE: ["m1", "m2"]}),
        ({"spoken": frozenset({"m1"})}, {Act.APPRAISE: ["m2"]}),
        ({"state": CaseState.APPROVING}, {Act.DECIDE: ["executor", "w1", "w2", "somebody"]}),
        ({"state": CaseState.WAITING, "wait_until": TODAY}, {}),
        ({"state": CaseState.WAITING, "wait_until": OVER}, {Act.CALL: list(PEOPLE)}),
        ({"state": CaseState.WAITING, "wait_until": OVER, "stayed": True}, {}),
        ({"state": CaseState.DUE}, {Act.WITNESS: ["m1", "m2", "w1", "w2", "somebody"]}),
        ({"state": CaseState.DUE, "signed": frozenset({"w1"})}, {Act.WITNESS: ["m1", "m2", "w2", "somebody"]}),
        ({"state": CaseState.DUE, "signed": frozenset({"w1", "w2"})}, {Act.BEGIN: ["executor"]}),
        ({"state": CaseState.DUE, "signed": frozenset({"w1", "w2"}), "stayed": True}, {}),
        ({"state": CaseState.EXECUTING}, {}),
        ({"state": CaseState.EXECUTING, "halted": True}, {Act.MEND: list(PEOPLE)}),
        ({"state": CaseState.DONE}, {}), ({"state": CaseState.REFUSED}, {}), ({"state": CaseState.STOPPED}, {}),
    ],
)  # fmt: skip
def test_each_state_waits_for_those_who_can_act_and_for_nobody_else(changed, told):
    assert asked(replace(CASE, **changed)) == told


@pytest.mark.parametrize(
    ("bucket", "to_empty", "signed", "told"),
    [
        (True, True, (), {"proposer": (Act.EMPTY,), "executor": (Act.EMPTY,), "w1": (Act.EMPTY,)}),
        (True, False, (), {"proposer": (), "executor": (), "w1": (Act.CLEAR,)}),
        (True, False, ("w1",), {"proposer": (), "w1": (), "w2": (Act.CLEAR,)}),
        (False, False, (), {"proposer": (Act.BRING,), "executor": (Act.BRING,), "w1": (Act.CLEAR, Act.BRING)}),
        (False, False, ("w1",), {"proposer": (Act.BRING,), "w1": (), "w2": (Act.CLEAR, Act.BRING)}),
        (False, False, ("w1", "w2"), {"proposer": (), "executor": (), "w1": (), "somebody": ()}),
    ],
)
def test_a_place_still_held_waits_first_for_its_keeper_then_for_two_others_signatures(bucket, to_empty, signed, told):
    place = StillHeld("proposer", "executor", to_empty, bucket, frozenset(signed))
    assert {who: acts_at_place(who, place) for who in told} == told


def test_every_act_has_its_right_its_words_and_its_mark():
    assert set(RIGHTS) == set(disposal_words.ACTS) == set(disposal_tasks.STATES) == set(Act)
    assert set(RIGHTS.values()) <= set(ACTS)


@pytest.fixture
def made(disposal: Disposal) -> Disposal:
    return disposal


def acts(who: Actor) -> list[Act]:
    return [row.act for row in waiting.waiting_for(who, today=queries.today())]


def everyone(made: Disposal) -> list[Actor]:
    return [made.proposer, *made.members, made.official, made.executor, *made.witnesses]


def all_acts(made: Disposal) -> dict[str, list[Act]]:
    return {who.username: found for who in everyone(made) if (found := acts(who))}


def home(client, who: Actor, language: str = "zh-hans") -> str:
    client.force_login(Account.objects.get(username=who.username))
    return client.get("/", headers={"accept-language": language}).content.decode()


def test_from_proposal_to_end_it_lies_on_the_homes_of_those_who_must_act(made: Disposal, run_jobs):
    names = [member.username for member in made.members]
    made.propose()
    assert all_acts(made) == {name: [Act.APPRAISE] for name in names}
    cases.give_opinion(actor=made.members[0], case_id=made.case.pk, agrees=True, reasons="同意", now=timezone.now())
    assert all_acts(made) == {name: [Act.APPRAISE] for name in names[1:]}, "who spoke is not asked again"
    for member in made.members[1:]:
        cases.give_opinion(actor=member, case_id=made.case.pk, agrees=True, reasons="同意", now=timezone.now())
    assert all_acts(made) == {who.username: [Act.DECIDE] for who in (made.official, made.witnesses[1])}
    made.approve()
    executors = [who.username for who in everyone(made) if who.may("preservation.disposal.execute")]
    assert all_acts(made) == {name: [Act.CALL] for name in executors}
    stay = cases.place_stay(actor=made.proposer, object_id=made.volumes[0].pk, because="诉讼中", now=timezone.now())
    assert all_acts(made) == {}, "while a stay stands nobody can go on"
    cases.lift_stay(actor=made.proposer, stay_id=stay, because="结案", now=timezone.now())
    made.call()
    others = {who.username for who in everyone(made)} - {made.proposer.username, made.executor.username}
    assert all_acts(made) == {name: [Act.WITNESS] for name in others}
    made.sign(made.witnesses[0])
    assert all_acts(made) == {name: [Act.WITNESS] for name in others - {made.witnesses[0].username}}
    made.sign(made.witnesses[1])
    assert all_acts(made) == {made.executor.username: [Act.BEGIN]}
    made.execute()
    assert made.case.state == "done" and all_acts(made) == {}


def test_a_waiting_period_that_runs_waits_for_nobody(made: Disposal):
    made.propose().appraise().approve(now=timezone.now())
    assert all_acts(made) == {}


def test_the_page_and_the_home_say_the_same(made: Disposal):
    """The button is there for whom the home names, and for nobody else."""
    steps = [made.propose, made.appraise, made.approve, made.call, made.sign]
    shown = {
        Act.APPRAISE: "may_appraise", Act.DECIDE: "may_decide", Act.CALL: "may_call", Act.WITNESS: "may_witness",
        Act.BEGIN: "may_begin",
    }  # fmt: skip
    for step in steps:
        step()
        for who in everyone(made):
            page = queries.case_page(who, made.case.pk, today=queries.today())
            assert [act for act, flag in shown.items() if getattr(page, flag)] == acts(who), (step, who.username)


def test_what_lies_above_the_clearance_is_told_to_nobody(client, made: Disposal):
    made.propose()
    assert made.case.level > 0
    member = made.members[0]
    Account.objects.filter(username=member.username).update(clearance=0)
    low = actor_by_username(member.username)
    assert acts(low) == [] and acts(made.members[1]) == [Act.APPRAISE]
    assert made.case.number not in home(client, low) and made.case.why not in home(client, low)
    assert made.case.number in home(client, made.members[1])


def _bucket() -> None:
    Site.objects.create(code="far", name="异地", path="s3://far/x", kind="s3", registered_at=timezone.now())


def _end(made: Disposal, *held: tuple[str, int, dict]) -> None:
    """Carry a case out to its end, with places that still hold its volumes: (place, found how many days ago, proof)."""
    made.ready().begin()
    for item in DisposalItem.objects.filter(case=made.case):
        for place, days, proof in held:
            DisposalStep.objects.create(
                item=item,
                place=place,
                place_name=place,
                gone=False,
                proof=proof,
                at=timezone.now() - timedelta(days=days),
            )
    executing.run(made.case.pk)
    assert made.case.state == "done"


def test_a_bucket_waits_for_its_keeper_and_seen_empty_for_two_who_sign(client, made: Disposal):
    _end(made, ("site:far", 1, {}))
    _bucket()
    executors = {who.username for who in everyone(made) if who.may("preservation.disposal.execute")}
    assert all_acts(made) == {name: [Act.EMPTY] for name in executors}
    step = DisposalStep.objects.filter(place="site:far").first()
    step.proof = {"keys": []}
    step.save()
    assert all_acts(made) == {name: [Act.EMPTY] for name in executors}, "one volume was not seen yet"
    DisposalStep.objects.filter(place="site:far").update(proof={"keys": []})
    signers = {who.username for who in everyone(made)} - {made.proposer.username, made.executor.username}
    assert all_acts(made) == {name: [Act.CLEAR] for name in signers}
    first, second = made.witnesses
    for witness in (first, second):
        assert acts(witness) == [Act.CLEAR]
        signing.clear_owed(
            actor=witness, case_id=made.case.pk, place="site:far", note="按清单删除", password=PASSWORD, visitor=VISITOR,
            now=timezone.now(),
        )  # fmt: skip
        assert acts(witness) == [], "who signed is not asked again"
    assert all_acts(made) == {}


def test_a_place_held_by_a_case_above_the_clearance_is_told_to_nobody(made: Disposal):
    _end(made, ("registered:缩微 12", 2, {}))
    witness = made.witnesses[0]
    assert acts(witness) == [Act.CLEAR]
    Account.objects.filter(username=witness.username).update(clearance=0)
    assert acts(actor_by_username(witness.username)) == []


def test_what_is_overdue_comes_first_and_says_so_with_its_day(client, made: Disposal):
    _end(made, ("registered:缩微 12", 2, {}), ("site:off", 40, {}))
    rows = waiting.waiting_for(made.executor, today=queries.today())
    assert [(row.act, row.overdue, row.volumes) for row in rows] == [(Act.BRING, True, 2), (Act.BRING, False, 2)]
    page = home(client, made.executor)
    assert "2 件销毁的事等您办，1 件已逾期" in page and "逾期没有清除" in page and "取回并清除" in page
    english = home(client, made.executor, "en")
    assert "2 steps of disposals wait for you, 1 overdue" in english and "Not cleared in time" in english


def test_one_click_leads_from_the_home_to_the_form(client, made: Disposal):
    made.propose()
    member = made.members[0]
    page = home(client, member)
    path = f"/preservation/disposal/{made.case.pk}/"
    assert f'<a class="btn btn-sm" href="{path}">给出鉴定意见</a>' in page and "1 件销毁的事等您办" in page
    assert f'action="{path}opinion/"' in client.get(path).content.decode()
    assert "等您：给出鉴定意见" in client.get("/preservation/disposal/").content.decode()
    assert "1 step of a disposal waits for you" in home(client, member, "en")
    assert "销毁的事" not in home(client, made.proposer)


def test_the_service_desk_and_the_official_find_theirs_too(client, made: Disposal):
    desk = person("desk", made.project.site.archive_id, Role.SERVICE_DESK)
    made.propose().appraise()
    assert "批准或不批准" in home(client, made.official)
    made.approve().call()
    assert "监销签字" in home(client, desk)
    assert "1 件销毁的事等您办；" in home(client, desk)


def test_whatever_the_number_of_cases_and_volumes_the_questions_are_as_many(made: Disposal):
    _end(made, ("site:far", 1, {"keys": []}))
    _bucket()
    for number in range(2):
        _open_case(made, number)
    with CaptureQueriesContext(connection) as few:
        assert len(acts(made.members[0])) == 3
    for number in range(2, 12):
        _open_case(made, number)
    with CaptureQueriesContext(connection) as many:
        assert len(acts(made.members[0])) == 13
    assert len(many) == len(few) <= 9


def _open_case(made: Disposal, number: int) -> None:
    """Another case under appraisal, as the table holds it."""
    case = DisposalCase.objects.get(pk=made.case_id)
    DisposalCase.objects.create(
        number=f"销2099-{number:03}", state="appraising", why="期满", proposed_by="x", proposed_name="x",
        proposed_at=timezone.now(), committee=case.committee, rules=case.rules, members_needed=3, waiting_days=30,
        volumes=1, files=1, bytes=1, level=0, list_sha256="0" * 64,
    )  # fmt: skip
