"""Which roles meet in one person; who may know of what and do what, on plain facts."""

from itertools import permutations
from uuid import UUID

import pytest

from zhudang.identity import rights
from zhudang.identity.domain.roles import (
    AUTHORITY_ROLES,
    FILERS,
    OFFICERS,
    OrganisationKind,
    Role,
    why_not_combine,
    why_not_hold_at,
)
from zhudang.identity.rights import ACTS, ANONYMOUS, SYSTEM, Actor, Affiliation, Place, Reach, Stage, ThingFacts
from zhudang.shared.refusals import Forbidden, NotFound

CLIENT, CONTRACTOR, STRANGER, ARCHIVE = (UUID(int=n) for n in range(1, 5))
PROJECT = ThingFacts(client_id=CLIENT, party_ids=frozenset({CONTRACTOR}), level=1)


def actor(*roles: Role, at: UUID | None = ARCHIVE, clearance: int = 1) -> Actor:
    members = tuple(Affiliation(None if r is Role.PUBLIC else at, "某单位", r) for r in roles)
    return Actor(UUID(int=99), "someone", "某人", members, clearance, True)


PAIRS = list(permutations(Role, 2))


@pytest.mark.parametrize("held, wanted", PAIRS)
def test_every_pair_of_roles_is_lawful_or_refused_alike_in_both_orders(held: Role, wanted: Role) -> None:
    officer = held in OFFICERS or wanted in OFFICERS
    both_hands = (held in FILERS and wanted in AUTHORITY_ROLES) or (wanted in FILERS and held in AUTHORITY_ROLES)
    assert bool(why_not_combine({held}, wanted)) == (officer or both_hands)
    assert bool(why_not_combine({wanted}, held)) == (officer or both_hands)


def test_every_reason_against_a_role_is_told_at_once() -> None:
    reasons = why_not_combine({Role.SYSTEM_ADMIN, Role.REVIEWER}, Role.AUDIT_ADMIN)
    assert [r.code for r in reasons] == ["identity.second_officer_role", "identity.officer_beside_business"]


@pytest.mark.parametrize("kind", OrganisationKind)
@pytest.mark.parametrize("role", Role)
def test_offices_hold_office_roles_and_the_public_belongs_nowhere(role: Role, kind: OrganisationKind) -> None:
    office = kind in {OrganisationKind.ARCHIVE, OrganisationKind.DEPARTMENT}
    free = role in FILERS or role is Role.EMERGENCY_OFFICER
    assert (not why_not_hold_at(role, kind)) == (role is not Role.PUBLIC and (office or free))
    assert (not why_not_hold_at(role, None)) == (role is Role.PUBLIC)


@pytest.mark.parametrize("role", Role)
def test_each_role_has_its_reach(role: Role) -> None:
    scope = rights.project_scope(actor(role))
    expected = (
        Reach.ALL if role in AUTHORITY_ROLES
        else Reach.ORGANISATIONS if role in FILERS
        else Reach.NOTHING if role in OFFICERS
        else Reach.OPEN
    )  # fmt: skip
    assert scope.reach is expected
    assert scope.organisation_ids == (frozenset({ARCHIVE}) if role in FILERS else frozenset())


def test_nobody_is_the_public_and_the_system_sees_all_up_to_the_ceiling() -> None:
    assert rights.project_scope(ANONYMOUS).reach is Reach.OPEN
    assert rights.project_scope(SYSTEM).reach is Reach.ALL


def test_clearance_is_cut_by_the_networks_ceiling(settings) -> None:
    settings.NETWORK_CEILING = 1
    assert actor(Role.REVIEWER, clearance=4).reach == 1
    settings.NETWORK_CEILING = 3
    assert actor(Role.REVIEWER, clearance=4).reach == 3
    assert actor(Role.REVIEWER, clearance=0).reach == 0
    assert actor(Role.PUBLIC, clearance=4).reach == 0


DRAFT = ThingFacts(CLIENT, frozenset({CONTRACTOR, STRANGER}), CONTRACTOR, 1, Stage.HOLDER)
DELIVERED = ThingFacts(CLIENT, frozenset({CONTRACTOR, STRANGER}), CONTRACTOR, 1, Stage.WITH_CLIENT)
SUBMITTED = ThingFacts(CLIENT, frozenset({CONTRACTOR, STRANGER}), CONTRACTOR, 1, Stage.WITH_ARCHIVE)


@pytest.mark.parametrize(
    "who, draft, delivered, submitted",
    [
        (actor(Role.PARTY_CLERK, at=CONTRACTOR), True, True, True),
        (actor(Role.CLIENT_CLERK, at=CLIENT), False, True, True),
        (actor(Role.PARTY_CLERK, at=STRANGER), False, False, False),
        (actor(Role.REVIEWER), False, False, True),
        (actor(Role.OFFICIAL), False, False, True),
        (actor(Role.SYSTEM_ADMIN), False, False, False),
        (actor(Role.AUDIT_ADMIN), False, False, False),
        (actor(Role.PUBLIC), False, False, False),
        (ANONYMOUS, False, False, False),
    ],
)
def test_a_record_is_known_to_those_it_has_reached(who: Actor, draft: bool, delivered: bool, submitted: bool) -> None:
    assert [rights.may_know_of(who, facts) for facts in (DRAFT, DELIVERED, SUBMITTED)] == [draft, delivered, submitted]


def test_what_is_open_is_known_to_all_but_the_three_administrators() -> None:
    open_thing = ThingFacts(CLIENT, frozenset(), None, 0, is_open=True)
    for role in Role:
        assert rights.may_know_of(actor(role), open_thing) == (role not in OFFICERS)
    assert rights.may_know_of(ANONYMOUS, open_thing)


def test_what_is_marked_open_above_level_0_stays_hidden_from_the_public() -> None:
    assert not rights.may_know_of(ANONYMOUS, ThingFacts(CLIENT, level=1, is_open=True))


def test_above_clearance_is_unknown_even_to_its_maker() -> None:
    assert not rights.may_know_of(
        actor(Role.PARTY_CLERK, at=CONTRACTOR), ThingFacts(CLIENT, frozenset(), CONTRACTOR, 2)
    )


@pytest.mark.parametrize("act", sorted(ACTS))
def test_every_act_says_who_may(act: str) -> None:
    rule = ACTS[act]
    assert rule.open_to_all or rule.signed_in or rule.ways
    for roles, place in rule.ways:
        assert roles and place in Place
        assert place is not Place.CLIENT or roles <= FILERS


@pytest.mark.parametrize(
    "act",
    sorted(a for a in ACTS if a.partition(".")[0] not in {"identity", "audit", "events", "preservation", "registry"}),
)
def test_the_three_administrators_have_no_business_act(act: str) -> None:
    rule = ACTS[act]
    assert not any(roles & OFFICERS for roles, _place in rule.ways)


def test_an_act_nobody_entered_is_a_mistake_and_not_a_permission() -> None:
    with pytest.raises(KeyError):
        rights.may(SYSTEM, "registry.project.explode")


def test_whoever_may_not_know_is_told_nothing_and_whoever_knows_is_told_why() -> None:
    with pytest.raises(NotFound):
        rights.demand(actor(Role.CLIENT_CLERK, at=STRANGER), "registry.project.describe", PROJECT)
    with pytest.raises(Forbidden) as refusal:
        rights.demand(actor(Role.PARTY_CLERK, at=CONTRACTOR), "registry.project.describe", PROJECT)
    assert [r.code for r in refusal.value.reasons] == ["rights.role_lacking"]
    rights.demand(actor(Role.CLIENT_CLERK, at=CLIENT), "registry.project.describe", PROJECT)


def test_a_role_held_elsewhere_is_of_no_use_here() -> None:
    client_of_another = Actor(
        UUID(int=9),
        "x",
        "x",
        (Affiliation(STRANGER, "甲", Role.CLIENT_MANAGER), Affiliation(CLIENT, "乙", Role.PARTY_CLERK)),
        1,
        True,
    )
    reasons = rights.why_not(client_of_another, "handover.application.submit", PROJECT)
    assert [r.code for r in reasons] == ["rights.not_for_this_organisation"]
