"""Every address × every role × {own, another party's, above clearance, absent}: the last three answer alike."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from url_walk.table import TABLE, Speaks, Walk
from url_walk.walking import Answer, Walker, addresses, walkers
from url_walk.world import SECRET_WORDS, World, absent, is_filer, make_people, make_project

CONTEXTS = sorted({name.partition(":")[0] for name in TABLE})


@pytest.fixture
def world(db: None, settings: Any) -> World:
    settings.NETWORK_CEILING = 1
    made = World()
    make_people(made)
    for variant in ("own", "above", "other"):
        make_project(made, variant)
    return made


def test_every_address_is_in_the_table_and_the_table_holds_no_other() -> None:
    assert set(addresses()) - set(TABLE) == set(), "say in tests/url_walk/table.py what these speak of"
    assert set(TABLE) - set(addresses()) == set(), "these addresses are gone"


def arguments(world: World, walk: Walk, names: list[str], variant: str) -> dict[str, Any] | None:
    """What to fill an address with; None when the variant has no such thing."""
    fixed = dict(walk.fixed)
    filled: dict[str, Any] = {}
    for name in names:
        if name in fixed:
            filled[name] = fixed[name]
        elif variant == "absent":
            known = world.things.get(name, {}).get("own")
            filled[name] = absent() if name == walk.deciding or known is None else known.id
            if isinstance(known and known.id, str) and name == walk.deciding:
                filled[name] = "2403-990241-48-01-999999"
        else:
            thing = world.things.get(name, {}).get(variant) or world.things.get(name, {}).get("own")
            if thing is None:
                return None
            if name == walk.deciding and variant not in world.things[name]:
                return None
            filled[name] = thing.id
    return filled


def walked(context: str) -> list[tuple[str, Walk, list[str]]]:
    present = addresses()
    return [
        (name, walk, present[name])
        for name, walk in TABLE.items()
        if name.startswith(f"{context}:") and name in present
    ]


def hidden_variants(world: World, walk: Walk, walker: Walker) -> Iterator[str]:
    """Which things behind the deciding argument do not exist for this person."""
    for variant, thing in world.things.get(walk.deciding, {}).items():
        if walk.speaks is Speaks.OF_ONE and not walker.knows(thing.facts):
            yield variant


@pytest.mark.parametrize("context", CONTEXTS)
def test_hidden_and_absent_are_answered_alike(world: World, context: str) -> None:
    leaks, reached = [], set()
    for name, walk, names in walked(context):
        for walker in walkers(world):
            for method in walk.methods:
                nothing = arguments(world, walk, names, "absent")
                if nothing is None:
                    continue
                reference = walker.ask(name, nothing, method)
                assert reference.status != 500, f"{name} {method} as {walker.role}: absent answers 500"
                if reference.status == 405:
                    _POST_ONLY.add(name)
                    continue
                leaks += _compare(world, walker, (name, walk, names, method), reference, reached)
    assert leaks == []
    readable = {
        name for name, walk, _ in walked(context) if walk.speaks is Speaks.OF_ONE and walk.deciding in world.things
    }
    assert readable - reached - only_acted_on(context) == set(), "nobody reached one's own thing here"


def only_acted_on(context: str) -> set[str]:
    """Addresses that answer only to POST, since the walk never really acts; and tiles, which a PDF has none of."""
    return {name for name, walk, _ in walked(context) if name in _POST_ONLY} | {"content:tile"}


def _compare(
    world: World, walker: Walker, route: tuple[str, Walk, list[str], str], reference: Answer, reached: set[str]
) -> list[str]:
    name, walk, names, method = route
    leaks = []
    hidden = set(hidden_variants(world, walk, walker))
    for variant in world.things.get(walk.deciding, {}):
        filled = arguments(world, walk, names, variant)
        if filled is None or (variant not in hidden and method != "get" and walk.speaks is Speaks.OF_ONE):
            continue
        if (
            walk.speaks in {Speaks.BY_ROLE, Speaks.OF_OWN}
            and method != "get"
            and walker.role in _ACTING.get(walk.deciding, ())
        ):
            continue
        answer = walker.ask(name, filled, method)
        assert answer.status != 500, f"{name} {method} as {walker.role}: {variant} answers 500"
        if variant in hidden:
            if answer != reference:
                leaks.append(f"{name} {method} as {walker.role}: {variant} {answer.status} ≠ absent {reference.status}")
        elif walk.speaks is Speaks.OF_ONE:
            reached |= {name} if answer.status != 404 else set()
        elif answer.status in {302, 401, 403, 404} and answer != reference:
            leaks.append(f"{name} {method} as {walker.role}: existing {answer.status} ≠ absent {reference.status}")
    return leaks


_POST_ONLY: set[str] = set()

# Who may really do something with a thing that only roles decide about: not asked with POST, it would be done.
_ACTING = {
    "case_id": {"reviewer", "archivist", "keeper", "service_desk", "official"},
    "stay_id": {"archivist", "official"},
    "account_id": {"system_admin", "security_admin"},
    "membership_id": {"security_admin"},
    "token_id": {"security_admin"},
    "organisation_id": {"system_admin", "reviewer", "archivist", "keeper", "service_desk", "official"},
    "failure_id": {"system_admin"},
    "upload_id": {"party_clerk"},
    "list_id": {"archivist", "official", "reviewer"},
    "site_id": {"archivist", "keeper"},
    "custody_id": {"archivist", "keeper"},
    "run_id": {"reviewer", "archivist", "keeper", "service_desk", "official"},
}


def test_lists_and_counts_do_not_change_by_what_is_hidden(db: None, settings: Any) -> None:
    settings.NETWORK_CEILING = 1
    world = World()
    make_people(world)
    make_project(world, "own")
    everybody = walkers(world)
    before = _lists(everybody)
    make_project(world, "above")
    above = _lists(everybody)
    assert _differences(before, above) == []
    make_project(world, "other")
    other = _lists(everybody)
    strangers = {key: answer for key, answer in other.items() if is_filer(key[1]) or key[1] in _KNOW_NOTHING}
    assert _differences(above, strangers) == []


_KNOW_NOTHING = {"anonymous", "public", "system_admin", "security_admin", "audit_admin"}


def _lists(everybody: list[Walker]) -> dict[tuple[str, str, str], Answer]:
    answers = {}
    for walker in everybody:
        for name, walk in TABLE.items():
            if walk.speaks is Speaks.OF_MANY and name in addresses():
                for query in _QUERIES.get(name, ("",)):
                    answers[(name, walker.role, query)] = walker.ask(name, {}, "get", query)
    return answers


_ASKED = tuple(f"?q={word}" for word in SECRET_WORDS.values())
_QUERIES = dict.fromkeys(
    ("discovery:search", "registry:project_list", "registry:structure_list", "atlas:features"), ("", *_ASKED)
)


def _differences(before: dict[Any, Answer], after: dict[Any, Answer]) -> list[str]:
    return [
        f"{name}{q} as {role}: {_first_difference(before[name, role, q], answer)}"
        for (name, role, q), answer in after.items()
        if before[name, role, q] != answer
    ]


def _first_difference(one: Answer, two: Answer) -> str:
    if one.status != two.status:
        return f"{one.status} → {two.status}"
    at = next(
        (n for n, (a, b) in enumerate(zip(one.body, two.body, strict=False)) if a != b),
        min(len(one.body), len(two.body)),
    )
    return f"…{one.body[max(0, at - 60) : at + 40]!r} → {two.body[at : at + 40]!r}"


def test_no_list_shows_a_word_of_what_is_hidden(world: World) -> None:
    shown = []
    for (name, role, query), answer in _lists(walkers(world)).items():
        hidden = [SECRET_WORDS["above"]]
        if is_filer(role) or role in _KNOW_NOTHING:
            hidden.append(SECRET_WORDS["other"])
        asked = query.rpartition("=")[2]
        shown += [f"{name} as {role}: {word}" for word in hidden if word in answer.body and word != asked]
    assert shown == []


def test_the_walk_sees_own_things(world: World) -> None:
    """A walk over a world in which nobody sees anything would prove nothing."""
    kinds = {kind for kind, variants in world.things.items() if "own" in variants and "other" in variants}
    assert kinds >= {
        "project_id",
        "unit_work_id",
        "file_id",
        "record_id",
        "volume_id",
        "structure_id",
        "message_id",
        "work_id",
    }
    assert all(isinstance(thing.id, UUID | str) for variants in world.things.values() for thing in variants.values())
