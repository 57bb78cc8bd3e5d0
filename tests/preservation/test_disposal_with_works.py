"""What is kept as long as its works (长期): before the committee once the works are registered as gone, and not when they stand after all."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from preservation.disposal_case import Disposal
from zhudang.filing.models import Volume
from zhudang.preservation.disposal import cases, facts, signing
from zhudang.preservation.models import ArchivalObject
from zhudang.registry import operations as registry
from zhudang.registry.models import Structure, UnitWork
from zhudang.shared.refusals import Refusal

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
GONE = TODAY - timedelta(days=100)


@pytest.fixture
def made(disposal: Disposal) -> Disposal:
    Volume.objects.filter(id__in=disposal.project.volume_ids).update(retention="long", formed_until=date(2001, 5, 6))
    return disposal


def structure(made: Disposal, name: str, *, gone_on: date | None, standing: str = "gone") -> UUID:
    return registry.register_structure(
        actor=made.proposer, name=name, kind="building", now=timezone.now(), built_on=date(1999, 1, 1), gone_on=gone_on, standing=standing,
    )  # fmt: skip


def build(made: Disposal, unit_work_id: UUID, **told: object) -> UUID:
    structure_id = structure(made, str(unit_work_id), **told)
    UnitWork.objects.filter(pk=unit_work_id).update(structure_id=structure_id)
    return structure_id


def ended(made: Disposal) -> set[UUID]:
    """The first choice of the database; what the rule lets pass of it is the same."""
    rows = facts.ended(made.proposer, today=TODAY)
    assert set(facts.proposable(rows, today=TODAY)) == {row.pk for row in rows}
    return {row.pk for row in rows}


def units_of(rows: list[ArchivalObject]) -> set[UUID]:
    return set(Volume.objects.filter(id__in=[row.pk for row in rows]).values_list("unit_work_id", flat=True))


def refused(act, **given: object) -> set[str]:
    with pytest.raises(Refusal) as told:
        act(now=timezone.now(), **given)
    return {reason.code.removeprefix("preservation.disposal_") for reason in told.value.reasons}


def test_a_volume_ends_with_its_own_unit_work_whatever_else_of_the_project_stands(made: Disposal):
    (unit,) = units_of(made.volumes)
    assert ended(made) == set()
    build(made, unit, gone_on=GONE)
    assert UnitWork.objects.exclude(pk=unit).exists()
    assert ended(made) == {row.pk for row in made.volumes}


def test_works_that_stand_or_went_on_a_day_nobody_told_end_nothing(made: Disposal):
    (unit,) = units_of(made.volumes)
    structure_id = build(made, unit, gone_on=None)
    assert ended(made) == set()
    Structure.objects.filter(pk=structure_id).update(standing="in_use", gone_on=GONE)
    assert ended(made) == set()
    assert refused(
        cases.propose, actor=made.proposer, object_ids=[made.volumes[0].pk], committee=[m.account_id for m in made.members], why="拆了",
    ) == {"works_stand"}  # fmt: skip


def test_a_volume_of_the_whole_project_ends_with_the_last_of_its_works(made: Disposal):
    first, *others = UnitWork.objects.filter(phase__project=made.project.project_id).values_list("pk", flat=True)
    row = made.volumes[0]
    Volume.objects.filter(pk=row.pk).update(unit_work=None)
    build(made, first, gone_on=GONE)
    assert others and row.pk not in ended(made)
    for number, unit in enumerate(others, start=1):
        build(made, unit, gone_on=GONE + timedelta(days=number))
    assert row.pk in ended(made)
    made.propose([row], now=timezone.now())
    assert made.case.items.get().ended_on == GONE + timedelta(days=len(others))


def test_a_mistake_put_right_in_the_register_stops_the_case_wherever_it_stands(made: Disposal):
    (unit,) = units_of(made.volumes)
    structure_id = build(made, unit, gone_on=GONE)
    made.propose().appraise()
    case = {"actor": made.official, "case_id": made.case_id, "approves": True, "because": "同意"}

    def stands(standing: str) -> None:
        registry.describe_structure(
            actor=made.proposer, structure_id=structure_id, now=timezone.now(), standing=standing
        )

    stands("in_use")
    assert refused(cases.decide, **case) == {"works_stand"}
    stands("gone")
    made.approve()
    stands("in_use")
    assert refused(signing.call, actor=made.executor, case_id=made.case_id) == {"works_stand"}
    stands("gone")
    made.call()
    stands("in_use")
    assert "works_stand" in refused(signing.begin, actor=made.executor, case_id=made.case_id)
    assert made.case.state == "due"
