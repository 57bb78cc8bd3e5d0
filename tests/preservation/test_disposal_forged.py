"""A hand in the tables of a disposal: told by every check, and nothing is destroyed on the strength of it."""

from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from preservation.disposal_case import FAST_HASHERS, PASSWORD, VISITOR, Disposal
from preservation.kept_project import site_settings
from preservation.offline_set import OfflineSet
from zhudang.audit.models import Entry
from zhudang.events.models import Message
from zhudang.preservation import catching_up
from zhudang.preservation.disposal import cases, checking, clearing, executing, signing
from zhudang.preservation.disposal.as_told import Act, differences
from zhudang.preservation.disposal.models import DisposalCase, DisposalOpinion, DisposalStep
from zhudang.preservation.disposal.untouched import NotAsTold
from zhudang.preservation.models import ArchivalObject


@pytest.fixture
def made(settings, tmp_path: Path) -> Disposal:
    settings.PASSWORD_HASHERS = FAST_HASHERS
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    return Disposal()


@pytest.fixture
def hand(committed_db, django_db_blocker, superuser_connection):
    """A superuser's hand, with the guards off."""
    with django_db_blocker.unblock():
        root = superuser_connection(committed_db)
        root.execute("SET session_replication_role = replica")
        yield root.execute


def forge(statement: str, *parameters: object) -> int:
    """Change rows past the guards, as the application's own role can by the setting that rebuildings use."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('zhudang.restoring', 'on', true)")
        cursor.execute(statement, parameters)
        changed = cursor.rowcount
        cursor.execute("SELECT set_config('zhudang.restoring', 'off', true)")
    return changed


def told() -> list[tuple[str, str]]:
    return [(each.code, each.told) for each in checking.check()]


def refused_as_changed(act) -> bool:
    with pytest.raises(cases.CannotDecide) as refusal:
        act()
    return [each.code for each in refusal.value.reasons] == ["preservation.disposal_not_as_told"]


@pytest.mark.django_db
def test_a_wait_cut_short_by_hand_is_told_and_nobody_can_call(made: Disposal):
    now = timezone.now()
    made.propose(now=now).appraise(now=now).approve(now=now)
    assert told() == []
    forge("UPDATE preservation_disposalcase SET wait_until = '2001-01-01'")
    assert told() == [("DSP-007", "case: wait_until")]
    assert refused_as_changed(made.call)
    assert made.case.state == "waiting"
    assert Entry.objects.filter(act="preservation.disposal.differs").count() == 1
    assert set(Message.objects.filter(kind="preservation.disposal.differs").values_list("link", flat=True)) >= {
        f"/preservation/disposal/{made.case_id}/"
    }
    assert refused_as_changed(made.call)
    assert Entry.objects.filter(act="preservation.disposal.differs").count() == 1, "the same is told once"


@pytest.mark.django_db
def test_a_case_called_before_its_wait_was_over_stays_told_when_the_row_is_put_back(made: Disposal):
    now = timezone.now()
    made.propose(now=now).appraise(now=now).approve(now=now)
    until = made.case.wait_until
    forge(
        "UPDATE preservation_disposalcase SET state = 'due', executor = %s, called_at = clock_timestamp()",
        made.executor.username,
    )
    cases.log_case(made.executor, "called", made.case, made.case.called_at, name=made.executor.name)
    forge("UPDATE preservation_disposalcase SET executor_name = %s", made.executor.name)
    assert made.case.wait_until == until
    assert told() == [("DSP-004", "wait")]
    assert refused_as_changed(made.sign)


def test_a_voice_against_turned_around_by_hand_is_told_and_nobody_can_approve(hand, made: Disposal):
    made.propose().appraise()
    first = made.members[0].username
    hand("UPDATE preservation_disposalopinion SET agrees = false, reasons = '仍有价值' WHERE username = %s", [first])
    assert told() == [("DSP-007", f"opinion {first}: agrees"), ("DSP-007", f"opinion {first}: reasons")]
    assert refused_as_changed(made.approve)
    assert made.case.state == "approving"
    cases.decide(actor=made.official, case_id=made.case_id, approves=False, because="不予销毁", now=timezone.now())
    assert made.case.state == "refused"


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["call", "sign", "begin"])
def test_no_step_towards_destruction_is_taken_by_a_changed_case(made: Disposal, act: str):
    made.propose().appraise().approve()
    for before in ("call", "sign", "begin"):
        if before == act:
            break
        getattr(made, before)()
    state = made.case.state
    forge("UPDATE preservation_disposalcase SET decided_because = '另一个理由'")
    assert refused_as_changed(getattr(made, act))
    assert made.case.state == state


def test_a_run_of_the_execution_destroys_nothing_of_a_changed_case_and_goes_on_once_it_is_put_back(
    hand, made: Disposal
):
    made.ready().begin()
    hand("UPDATE preservation_disposalsignature SET username = 'another' WHERE username = 'witness2'")
    executing.run(made.case_id)
    assert made.case.halted_because["code"] == "preservation.disposal_not_as_told"
    assert not ArchivalObject.objects.exclude(condemned_at=None).exists()
    assert Entry.objects.filter(act="preservation.disposal.differs").count() == 1
    with pytest.raises(NotAsTold):
        executing.destroy(made.case.items.first().pk, now=timezone.now())
    hand("UPDATE preservation_disposalsignature SET username = 'witness2' WHERE username = 'another'")
    executing.run(made.case_id)
    assert made.case.state == "done"
    assert told() == []


@pytest.mark.django_db
def test_a_stay_taken_off_by_hand_does_not_let_the_volume_go(made: Disposal):
    made.propose().appraise().approve()
    stay = cases.place_stay(actor=made.proposer, object_id=made.volumes[0].pk, because="诉讼", now=timezone.now())
    forge("UPDATE preservation_disposalstay SET lifted_at = now(), lifted_by = 'x', lifted_because = 'x'")
    names = ["lifted_at", "lifted_because", "lifted_by"]
    assert sorted(told()) == [("DSP-007", f"stay {stay}: {name}") for name in names]
    assert refused_as_changed(made.call)


VALUES = {
    "committee": "'[]'", "rules": "rules || '{\"more\": 1}'", "waiting_days": "1", "halted_because": "'{\"code\": \"x\"}'",
    "state": "'stopped'", "spared": "'[{\"item\": \"x\", \"until\": null}]'", "proof": "proof || '{\"files\": 77}'",
    "extended_until": "'2077-01-01'", "wait_until": "'2077-01-01'", "members_needed": "1", "volumes": "1",
    "object_id": "gen_random_uuid()",
}  # fmt: skip


def value_of(column: str) -> str:
    if column in {"agrees", "gone"}:
        return f"NOT {column}"
    if column.endswith("_at") or column == "at":
        return f"{column} - interval '1 day'"
    return VALUES.get(column, "'另一个'")


CHANGES = {
    "case": (
        "why proposed_at proposed_by proposed_name committee rules waiting_days members_needed volumes decided_by decided_name"
        " decided_because decided_at wait_until executor executor_name called_at began_at ended_at ended_by ended_name"
        " ended_because halted_because state"
    ),
    "opinion": "username name agrees reasons at spared",
    "signature": "username name note at list_sha256",
    "stay": "because placed_by placed_at lifted_by lifted_at lifted_because object_id",
    "item": "title outcome_at outcome_by outcome_because extended_until",
    "step": "at proof gone place place_name",
}
"""Table -> columns of a list that is kept for ever."""


def test_every_field_of_a_list_kept_for_ever_is_held_against_the_log_and_every_row(hand, made: Disposal):
    first = made.volumes[0]
    made.propose()
    line = made.case.items.get(object_id=first.pk)
    made.appraise(spared=[(line.pk, None)], reasons="留着")
    stay = cases.place_stay(actor=made.proposer, object_id=first.pk, because="诉讼", now=timezone.now())
    cases.lift_stay(actor=made.proposer, stay_id=stay, because="结案", now=timezone.now())
    made.approve().call().sign().execute()
    assert made.case.state == "done"
    assert told() == []
    unnoticed = []
    for kind, columns in CHANGES.items():
        table = f"preservation_disposal{kind}"
        hand(f"CREATE TABLE saved AS TABLE {table}")
        rows = [row for (row,) in hand("SELECT id FROM saved ORDER BY id").fetchall()]
        for row, column in ((row, column) for row in rows for column in columns.split()):
            hand(f"UPDATE {table} SET {column} = {value_of(column)} WHERE id = %s", [row])
            if not told():
                unnoticed.append((kind, column))
            hand(f"UPDATE {table} SET {column} = saved.{column} FROM saved WHERE saved.id = {table}.id")
        hand(f"DELETE FROM {table} WHERE id = %s", [rows[0]])
        if not told():
            unnoticed.append((kind, "all"))
        hand(f"INSERT INTO {table} SELECT * FROM saved WHERE id = %s", [rows[0]])
        hand("DROP TABLE saved")
        assert told() == [], kind
    assert unnoticed == []


@pytest.mark.django_db
def test_an_act_of_an_earlier_version_that_told_less_raises_no_alarm(made: Disposal):
    made.ready().execute()
    new = ("name", "rules_sha256", "members_needed", "waiting_days", "level")
    told_less = {row.pk: {k: v for k, v in row.data.items() if k not in new} for row in Entry.objects.all()}
    acts = [
        Act(row.act.rsplit(".", 1)[1], row.actor, row.at, told_less[row.pk])
        for row in Entry.objects.filter(subject=f"preservation.disposalcase:{made.case_id}").order_by("at", "id")
    ]
    assert list(differences(made.case, acts)) == []
    forge("UPDATE preservation_disposalcase SET decided_because = 'x'")
    assert [each.what for each in differences(DisposalCase.objects.get(), acts)] == ["case: decided_because"]


@pytest.mark.django_db
def test_an_opinion_slipped_in_by_hand_is_told(made: Disposal):
    made.propose()
    member = made.members[0]
    DisposalOpinion.objects.create(
        case=made.case, username=member.username, name=member.name, agrees=True, reasons="同意", at=timezone.now()
    )
    assert told() == [("DSP-004", f"opinion {member.username}")]


@pytest.mark.django_db
def test_begin_by_another_before_anybody_called_says_only_where_the_case_stands(made: Disposal):
    made.propose()
    with pytest.raises(cases.CannotDecide) as refusal:
        signing.begin(actor=made.executor, case_id=made.case_id, now=timezone.now())
    assert [each.code for each in refusal.value.reasons] == ["preservation.disposal_stands"]


def test_a_place_that_owes_is_not_cleared_for_a_changed_case(hand, made: Disposal, settings, tmp_path: Path, run_jobs):
    disk = OfflineSet(tmp_path)
    settings.SITES = disk.settings(tmp_path)
    disk.connect()
    assert catching_up.catch_up(catching_up.begin_for_command("c")).wrong == 0
    disk.take_away()
    made.ready(made.volumes[:1]).execute()
    disk.connect()
    hand("UPDATE preservation_disposalopinion SET reasons = '另一个' WHERE username = 'keeper'")

    def clear(who) -> bool:
        return signing.clear_owed(
            actor=who, case_id=made.case_id, place="site:c", note="调回", password=PASSWORD, visitor=VISITOR, now=timezone.now()
        )  # fmt: skip

    assert refused_as_changed(lambda: clear(made.witnesses[0]))
    assert clearing.clear_place(made.case_id, "site:c") == 0
    assert not DisposalStep.objects.get(place="site:c").gone
    hand("UPDATE preservation_disposalopinion SET reasons = '同意' WHERE username = 'keeper'")
    assert [clear(who) for who in made.witnesses] == [False, True]
    run_jobs()
    assert DisposalStep.objects.get(place="site:c").gone
    assert told() == []
