from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preservation.copy_facts import FAR, HOME, NEAR, NOW, TAPES, held, need
from zhudang.preservation.domain.copy_policy import Standing, compare, judge, judge_holding, why_not_counted, worst
from zhudang.preservation.domain.distance import distance_km
from zhudang.preservation.domain.placing import Plan, Shown, propose, show, why_not_place
from zhudang.preservation.domain.site_facts import SiteFacts
from zhudang.preservation.domain.states import CopyState

ALL = [HOME, NEAR, FAR, TAPES]
TODAY = date(2026, 11, 1)


def standing(verdicts, requirement):
    return next(verdict.standing for verdict in verdicts if verdict.requirement == requirement)


def codes(verdicts, requirement):
    return [r.code for verdict in verdicts if verdict.requirement == requirement for r in verdict.reasons]


def test_three_copies_on_two_media_one_elsewhere_one_offline_meet_the_default():
    verdicts = judge(need(), [HOME, FAR, TAPES])
    assert worst(verdicts) is Standing.MET
    assert {verdict.requirement for verdict in verdicts} == {"copies", "media", "apart", "offline"}


def test_a_county_with_two_disks_in_one_town_misses_everything_and_is_told_all_of_it():
    verdicts = judge(need(), [HOME, NEAR])
    assert {verdict.requirement: verdict.standing for verdict in verdicts} == dict.fromkeys(
        ("copies", "media", "apart", "offline"), Standing.NOT_MET
    )
    (reason,) = next(verdict.reasons for verdict in verdicts if verdict.requirement == "apart")
    assert (reason.data["province"], reason.data["seismic_zone"], round(reason.data["km"], 1)) == (False, False, 2.7)


@pytest.mark.parametrize(
    ("fact", "empty", "requirement"),
    [("seismic_zone", "", "apart"), ("medium", "", "media"), ("worm", None, "write_once")],
)
def test_an_unknown_fact_never_satisfies_and_is_named(fact, empty, requirement):
    untold = replace(FAR, **{fact: empty, **({"medium": ""} if fact == "medium" else {})})
    verdicts = judge(need(write_once=1), [HOME, untold])
    assert standing(verdicts, requirement) is Standing.UNKNOWN
    assert any(r.startswith("preservation.") for r in codes(verdicts, requirement))


def test_another_province_or_three_hundred_kilometres_will_do_but_never_the_same_zone():
    far_same_province = replace(FAR, province="50")
    near_other_province = replace(NEAR, province="43", seismic_zone="华南")
    assert compare(HOME, far_same_province, 300, ("seismic_zone",))[0] is Standing.MET
    assert compare(HOME, near_other_province, 300, ("seismic_zone",))[0] is Standing.MET
    assert compare(HOME, replace(FAR, seismic_zone=HOME.seismic_zone), 300, ("seismic_zone",))[0] is Standing.NOT_MET
    assert compare(HOME, FAR, 300, ("seismic_zone", "river_basin"))[0] is Standing.NOT_MET


def test_a_province_is_compared_by_its_first_two_digits():
    assert (
        compare(HOME, replace(NEAR, province="500241", seismic_zone="x"), 300, ("seismic_zone",))[0] is Standing.NOT_MET
    )


def test_the_distance_is_the_geodesic_on_the_ellipsoid():
    equator = SiteFacts("x", "赤道", latitude=0.0, longitude=0.0)
    # GRS 80: a quarter of the meridian, and a degree of the equator.
    assert distance_km(equator, replace(equator, latitude=90.0)) == pytest.approx(10001.9657, abs=0.001)
    assert distance_km(equator, replace(equator, longitude=1.0)) == pytest.approx(111.3195, abs=0.001)
    assert distance_km(equator, replace(equator, latitude=None)) is None


WHY = {
    "copy_none": {"state": None},
    "copy_damaged": {"state": CopyState.DAMAGED},
    "copy_missing": {"state": CopyState.MISSING},
    "copy_unread": {"state": CopyState.WRITTEN, "verified_at": None},
    "copy_behind": {"version": 1},
    "copy_due": {"verified_at": NOW - timedelta(days=91)},
    "copy_unreachable": {"reachable": False},
}


@pytest.mark.parametrize("code", WHY)
def test_a_copy_counts_only_when_verified_newest_in_time_and_within_reach(code):
    reason = why_not_counted(held(HOME, **WHY[code]), NOW)
    assert reason is not None
    assert reason.code == f"preservation.{code}"
    assert why_not_counted(held(HOME), NOW) is None
    verdicts = judge_holding(need(copies=2), [held(HOME, **WHY[code]), held(FAR)], NOW)
    assert standing(verdicts, "copies") is Standing.NOT_MET
    assert f"preservation.{code}" in codes(verdicts, "copies")


def test_a_set_is_not_offline_while_it_is_connected():
    assert standing(judge(need(), [HOME, FAR, TAPES]), "offline") is Standing.MET
    verdicts = judge(need(), [HOME, FAR, TAPES], attached=["d"])
    assert standing(verdicts, "offline") is Standing.NOT_MET
    assert "preservation.need_attached" in codes(verdicts, "offline")


def test_paper_is_another_medium_and_never_a_digital_copy():
    verdicts = judge(need(analogue=1), [HOME, NEAR], analogue=["microfilm"])
    assert standing(verdicts, "media") is Standing.MET
    assert standing(verdicts, "analogue") is Standing.MET
    assert standing(verdicts, "copies") is Standing.NOT_MET
    assert standing(judge(need(analogue=1), [HOME, NEAR]), "analogue") is Standing.NOT_MET


def test_write_once_is_taken_as_its_operator_states_it():
    assert standing(judge(need(write_once=1), [replace(HOME, worm=True)]), "write_once") is Standing.MET
    assert standing(judge(need(write_once=1), [HOME]), "write_once") is Standing.NOT_MET


# ── properties ────────────────────────────────────────────────────────────────────────────────────────────────────

words = st.sampled_from(["", "一", "二"])
facts = st.builds(
    SiteFacts, code=st.sampled_from("abcdef"), name=st.just("库"), kind=st.sampled_from(["folder", "removable"]),
    province=st.sampled_from(["", "50", "53"]), latitude=st.sampled_from([28.4]), longitude=st.sampled_from([109.0, None, 103.0]),
    seismic_zone=words, medium=st.sampled_from(["", "tape", "hard_disk"]), worm=st.sampled_from([None, True, False]),
)  # fmt: skip
some_sites = st.lists(facts, max_size=5, unique_by=lambda site: site.code)
needs = st.builds(
    need, copies=st.integers(1, 4), media=st.integers(0, 3), offline=st.integers(0, 2), write_once=st.integers(0, 1),
    apart_km=st.sampled_from([None, 300.0]),
)  # fmt: skip
RANK = {Standing.NOT_MET: 0, Standing.UNKNOWN: 1, Standing.MET: 2}


@given(needs, some_sites, facts)
def test_another_copy_never_makes_anything_worse(wanted, sites, more):
    before = judge(wanted, sites)
    after = judge(wanted, [*sites, replace(more, code="z")])
    assert all(RANK[a.standing] >= RANK[b.standing] for b, a in zip(before, after, strict=True))


@given(needs, some_sites, st.data())
def test_telling_an_unknown_fact_never_turns_met_or_not_met_around(wanted, sites, data):
    told = [
        replace(
            site, province=site.province or data.draw(st.sampled_from(["50", "53"])),
            seismic_zone=site.seismic_zone or data.draw(st.sampled_from(["一", "二"])),
            medium=site.medium or data.draw(st.sampled_from(["tape", "hard_disk"])),
            worm=site.worm if site.worm is not None else data.draw(st.booleans()),
            longitude=site.longitude if site.longitude is not None else data.draw(st.sampled_from([109.0, 103.0])),
        )
        for site in sites
    ]  # fmt: skip
    for before, after in zip(judge(wanted, sites), judge(wanted, told), strict=True):
        assert before.standing in {after.standing, Standing.UNKNOWN}
        assert after.standing is not Standing.UNKNOWN


@given(needs, some_sites)
def test_a_proposal_suffices_whenever_any_set_does_and_is_as_small_as_can_be(wanted, sites):
    enough = [
        len(chosen)
        for size in range(1, len(sites) + 1)
        for chosen in combinations(sites, size)
        if worst(judge(wanted, chosen)) is Standing.MET
    ]
    proposal = propose(wanted, sites)
    assert proposal.enough is bool(enough)
    if enough:
        assert len(proposal.sites) == min(enough)


# ── placing and plans ─────────────────────────────────────────────────────────────────────────────────────────────


def test_places_that_break_the_policy_are_refused_with_every_reason():
    reasons = why_not_place(need(), [HOME, NEAR])
    assert {r.data["requirement"] for r in reasons if r.code == "preservation.place_breaks"} == {
        "copies", "media", "apart", "offline",
    }  # fmt: skip
    assert any(r.code == "preservation.need_pair" for r in reasons)
    assert why_not_place(need(), [HOME, FAR, TAPES]) == []


def test_a_plan_lets_pass_only_what_it_names():
    planned = why_not_place(need(), [HOME, NEAR], planned={"copies", "media", "offline"})
    assert [r.data["requirement"] for r in planned if r.code == "preservation.place_breaks"] == ["apart"]
    assert why_not_place(need(), [HOME, NEAR], planned={"copies", "media", "offline", "apart"}) == []


def test_no_plan_lets_a_class_go_nowhere_or_only_to_what_is_not_there():
    every = {"copies", "media", "offline", "apart"}
    assert [r.code for r in why_not_place(need(), [], planned=every)] == ["preservation.place_nowhere"]
    assert [r.code for r in why_not_place(need(), [TAPES], planned=every)] == ["preservation.place_offline_only"]


PLAN = Plan(frozenset({"apart"}), TODAY)


@pytest.mark.parametrize(
    ("now", "later", "well", "plan", "requirement", "days", "shown"),
    [
        (Standing.MET, Standing.MET, False, PLAN, "apart", 9, Shown.MET),
        (Standing.NOT_MET, Standing.MET, True, None, "copies", 0, Shown.WAITING),
        (Standing.NOT_MET, Standing.NOT_MET, True, PLAN, "apart", 0, Shown.PLANNED),
        (Standing.UNKNOWN, Standing.UNKNOWN, True, PLAN, "apart", 0, Shown.PLANNED),
        (Standing.NOT_MET, Standing.NOT_MET, False, PLAN, "apart", 0, Shown.NOT_MET),
        (Standing.NOT_MET, Standing.NOT_MET, True, PLAN, "apart", 1, Shown.OVERDUE),
        (Standing.NOT_MET, Standing.NOT_MET, True, PLAN, "copies", 0, Shown.NOT_MET),
        (Standing.UNKNOWN, Standing.UNKNOWN, True, None, "apart", 0, Shown.UNKNOWN),
    ],
)  # fmt: skip
def test_a_plan_excuses_places_that_are_not_there_until_its_day_and_never_a_bad_copy(
    now, later, well, plan, requirement, days, shown
):
    today = TODAY + timedelta(days=days)
    assert show(now, later, all_copies_well=well, plan=plan, requirement=requirement, today=today) is shown
