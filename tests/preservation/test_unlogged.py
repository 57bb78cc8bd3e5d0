"""Rows changed by hand, behind the log's back: found against the version in the store; what people did by acts is not."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from preservation.kept_project import KeptProject
from zhudang.audit import operations as audit
from zhudang.audit.act_words import ACTS
from zhudang.audit.models import Entry
from zhudang.content.models import File
from zhudang.events.models import Message
from zhudang.filing.models import Record, RecordFile
from zhudang.preservation import archive_registers, catalogue, command, ingesting, unlogged
from zhudang.preservation.disposal import registers as disposals
from zhudang.preservation.domain import effects
from zhudang.preservation.domain.accounting import Act, unaccounted
from zhudang.preservation.domain.register_lines import differences
from zhudang.registry import operations as registry


@pytest.fixture
def kept(kept: KeptProject, monkeypatch: pytest.MonkeyPatch) -> KeptProject:
    ingesting.keep_project(kept.project_id)
    monkeypatch.setattr(unlogged, "MARGIN", -timedelta(seconds=30))  # the acts that made the project just now
    return kept


def _told() -> list[dict[str, object]]:
    return [
        row
        for entry in Entry.objects.filter(act="preservation.register.changed_unlogged")
        for row in entry.data["rows"]
    ]


def test_a_title_changed_in_the_table_is_told_with_its_column(kept: KeptProject) -> None:
    record = Record.objects.filter(id__in=kept.record_ids).first()
    Record.objects.filter(pk=record.pk).update(title="别的题名")
    ingesting.keep_project(kept.project_id)
    assert _told() == [{"table": "filing.record", "row": str(record.pk), "how": "changed", "columns": ["title"]}]
    assert Message.objects.filter(kind="preservation.register.changed_unlogged").exists()


def test_other_bytes_and_another_name_given_to_a_file_are_told_and_a_new_check_is_not(kept: KeptProject) -> None:
    one, other = File.objects.filter(id__in=RecordFile.objects.filter(record_id__in=kept.record_ids).values("file_id"))[
        :2
    ]
    File.objects.filter(pk=other.pk).update(pages=7, checked_at=timezone.now())
    assert list(unlogged.look_at_all()) == []
    File.objects.filter(pk=one.pk).update(blob=other.blob, name="另一份.pdf")
    ingesting.keep_project(kept.project_id)
    told = {str(row["table"]): row for row in _told()}
    assert told.keys() == {"content.blob", "content.file"}, (
        "the bytes nobody points at any more are gone from the register"
    )
    assert (told["content.file"]["row"], told["content.file"]["columns"]) == (str(one.pk), ["blob_id", "name"])


def test_what_a_person_or_an_organisation_does_elsewhere_accounts_for_nothing(kept: KeptProject) -> None:
    file = File.objects.filter(
        id__in=RecordFile.objects.filter(record_id__in=kept.record_ids).values("file_id")
    ).first()
    later = timezone.now() + timedelta(minutes=5)
    for act, subject in (
        ("identity.login.done", f"identity.account:{file.uploaded_by_id}"),
        ("identity.organisation.renamed", f"identity.organisation:{file.organisation_id}"),
        ("content.file.received", "content.file:0190a000-0000-7000-8000-000000000001"),
    ):
        facts = {"organisation": file.organisation_id, "by": file.uploaded_by_id}
        audit.record(actor="somebody", act=act, subject=subject, at=later, data=facts)
    File.objects.filter(pk=file.pk).update(name="别的名字.pdf")
    ingesting.keep_project(kept.project_id)
    assert [(row["table"], row["row"], row["columns"]) for row in _told()] == [("content.file", str(file.pk), ["name"])]


def test_a_removed_row_is_told(kept: KeptProject) -> None:
    from zhudang.handover.models import VolumeCount

    gone = VolumeCount.objects.first()
    VolumeCount.objects.filter(pk=gone.pk).delete()
    ingesting.keep_project(kept.project_id)
    assert _told() == [{"table": "handover.volume_count", "row": str(gone.pk), "how": "removed", "columns": []}]


def test_what_is_not_changed_is_not_told(kept: KeptProject) -> None:
    assert list(unlogged.look_at_all()) == []


def test_an_act_accounts_for_what_it_changed(kept: KeptProject) -> None:
    registry.rename_project(
        actor=kept.site.archivist,
        project_id=kept.project_id,
        name="滨河安置房一期（改名）",
        since=timezone.localdate(),
        now=timezone.now() + timedelta(minutes=1),
    )
    assert ingesting.keep_project(kept.project_id)
    assert _told() == []


def test_the_command_says_so_and_gives_one(kept: KeptProject, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.verify(registers=True) == command.OK
    Record.objects.filter(id__in=kept.record_ids).update(retention="short")
    assert command.verify(registers=True) == command.WRONG
    said = capsys.readouterr().out
    assert "changed without an act" in said and f"filing.record {len(kept.record_ids)}" in said


def _lines(rows: list[dict[str, object]]):
    return lambda: [json.dumps(row).encode() + b"\n" for row in rows]


def _id(number: int) -> str:
    return f"0190a000-0000-7000-8000-{number:012d}"


rows_of = st.dictionaries(st.integers(0, 20), st.integers(0, 3), max_size=12).map(
    lambda made: [{"id": _id(key), "project_id": _id(100), "title": value} for key, value in made.items()]
)


@given(rows_of, rows_of)
def test_every_row_that_differs_is_found_and_no_other(
    before: list[dict[str, object]], after: list[dict[str, object]]
) -> None:
    found = {each.key for each in differences("t", _lines(before), _lines(after))}
    old, new = ({row["id"]: row for row in rows} for rows in (before, after))
    assert found == {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


@given(rows_of)
def test_a_column_that_came_with_an_upgrade_is_no_difference(rows: list[dict[str, object]]) -> None:
    assert not list(differences("t", _lines(rows), _lines([{**row, "new": 1} for row in rows])))


def _act(name: str, subject: str, facts: dict[str, object], seen: bool = False) -> Act:
    return Act(_id(900), name, "clerk", subject, json.dumps(facts), seen)


ONE, WHOLE = f"filing.record:{_id(1)}", f"registry.project:{_id(100)}"


@pytest.mark.parametrize(
    ("act", "left"),
    [
        (_act("filing.record.described", ONE, {"changes": {"title": ["0", "1"]}}), {_id(2)}),
        (_act("filing.record.described", WHOLE, {"records": [_id(1), _id(2)]}), set()),
        (_act("filing.record.described", WHOLE, {"records": [_id(1), _id(2)]}, seen=True), {_id(1), _id(2)}),
        (_act("filing.record.described", ONE, {"changes": {"title": ["0", "2"]}}), {_id(1), _id(2)}),
        (_act("filing.record.described", ONE, {"changes": {"pages": [1, 2]}}), {_id(1), _id(2)}),
        (_act("filing.volumes.arranged", WHOLE, {}), {_id(1), _id(2)}),
        (_act("filing.record.described", WHOLE, {"records": []}), {_id(1), _id(2)}),
        (_act("identity.login.done", ONE, {}), {_id(1), _id(2)}),
    ],
)
def test_an_act_accounts_for_the_rows_it_names_in_what_it_can_change_and_with_the_values_it_tells(
    act: Act, left: set[str]
) -> None:
    rows = [{"id": _id(n), "project_id": _id(100), "title": "0"} for n in (1, 2)]
    found = differences("filing.record", _lines(rows), _lines([{**row, "title": "1"} for row in rows]))
    assert {each.key for each in unaccounted(found, [act])} == left


def test_of_two_acts_the_later_one_tells_the_value() -> None:
    rows = [{"id": _id(1), "title": "0"}]
    acts = [
        Act(
            _id(number), "filing.record.described", "clerk", ONE, json.dumps({"changes": {"title": ["?", str(number)]}})
        )
        for number in (2, 1)
    ]
    for title, left in (("1", 1), ("2", 0)):
        found = differences("filing.record", _lines(rows), _lines([{**rows[0], "title": title}]))
        assert len(unaccounted(found, acts)) == left


NO_REGISTER = {
    "atlas", "audit", "content.check", "events", "filing.file.assigned", "filing.record.accepted", "filing.record.cured",
    "filing.record.delivered", "filing.record.file_replaced", "filing.record.filed", "filing.record.returned",
    "filing.record.submitted", "filing.record.taken_back", "filing.record.with_client", "filing.record.withdrawn",
    "filing.volume.reordered", "filing.volumes.composed", "content.file.received", "identity.account.unlocked", "identity.login",
    "identity.logout", "identity.password", "identity.session", "identity.token", "preservation.archive", "preservation.backup",
    "preservation.catch_up.asked", "preservation.copy", "preservation.disposal.differs", "preservation.disposal.keys_given", "preservation.disposal.overdue",
    "preservation.disposal.restored", "preservation.ingest", "preservation.keys", "preservation.log", "preservation.migration.ordered",
    "preservation.object", "preservation.package", "preservation.reading", "preservation.register.changed_unlogged",
    "preservation.site.begun_anew", "preservation.site.credentials_set", "preservation.site.proved", "preservation.site.reached",
    "preservation.site.retention_looked_at", "preservation.site.unreachable", "preservation.store", "preservation.transfer", "preservation.working_store",
    "registry.import.checked",
}  # fmt: skip
"""Acts, or how they begin, that change no row a store holds: records on their way to the archive among them."""


def _described() -> dict[str, set[str]]:
    holdings = [register for each in catalogue._ALL.values() for register in each.REGISTERS]
    return {
        register.name: {field.attname for field in register.fields}
        for register in (*holdings, *disposals.REGISTERS, *archive_registers.REGISTERS)
    }


def test_an_effect_names_tables_and_columns_that_there_are() -> None:
    described = _described()
    told = [effect for each in effects._EFFECTS.values() for effect in each]
    assert {effect.table for effect in told} <= described.keys()
    for effect in told:
        columns = effect.columns | effect.told.keys() | effect.unlisted | set(effect.by)
        assert columns <= described[effect.table], (effect.table, columns - described[effect.table])


def test_every_table_that_is_compared_can_be_changed_by_some_act() -> None:
    changed = {effect.table for each in effects._EFFECTS.values() for effect in each} | effects.ADDED_BY_PROGRAM
    assert _described().keys() - unlogged.NOT_COMPARED <= changed


def test_every_act_either_changes_a_register_or_is_known_to_change_none() -> None:
    lost = [
        act
        for act in ACTS
        if not effects.effects_of(act) and not any(act == each or act.startswith(f"{each}.") for each in NO_REGISTER)
    ]
    assert not lost
