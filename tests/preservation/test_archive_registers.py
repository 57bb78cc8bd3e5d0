"""The archive's own registers, which belong to no project: kept in the store at night, and only when they changed."""

from __future__ import annotations

import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from filing.filing_support import Site as FiledSite
from preservation.kept_project import KeptProject, roots
from preservation.offline_set import OfflineSet
from preservation.own_registers import (
    OBJECT,
    files_of_registers,
    head,
    night,
    offline_set,
)
from zhudang.audit import operations as audit
from zhudang.audit.models import Entry
from zhudang.documents.models import NumberSeries
from zhudang.identity import operations as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account, Membership
from zhudang.identity.rights import SYSTEM
from zhudang.preservation import (
    archive_registers,
    catalogue,
    command,
    keeping,
    nightly,
    unlogged,
)
from zhudang.preservation.disposal import registers as disposals
from zhudang.preservation.domain import own_tables
from zhudang.preservation.domain.names import ARCHIVE_ID
from zhudang.preservation.models import (
    ArchivalObject,
    Placement,
    RegisteredCopy,
)
from zhudang.preservation.ocfl import reader
from zhudang.registry import operations as registry


@pytest.fixture
def disk(settings, tmp_path: Path) -> OfflineSet:
    return offline_set(settings, tmp_path)


@pytest.fixture
def kept(db, disk: OfflineSet) -> KeptProject:
    project = KeptProject()
    project.preserve()
    night()
    return project


@pytest.fixture
def told(db, disk: OfflineSet) -> FiledSite:
    """People and a project of whom nothing is in the store yet: only the archive's own registers are."""
    site = FiledSite()
    night()
    return site


def test_a_night_without_a_change_writes_nothing_and_one_with_a_change_writes_one_version(told, tmp_path: Path):
    assert head(tmp_path) == 1
    assert not night()
    account = Account.objects.get(username="clerk")
    Account.objects.filter(pk=account.pk).update(last_login=timezone.now())
    assert not night(), "signing in changes no register"
    identity.set_clearance(actor=SYSTEM, account_id=account.pk, clearance=0, now=timezone.now())
    assert night()
    assert not night()
    assert head(tmp_path) == 2
    row = ArchivalObject.objects.get(kind="archive")
    assert (row.version, row.project_id, row.level) == (2, None, 1)
    assert {copy.version for copy in row.copies.all()} == {2}
    assert Entry.objects.filter(act="preservation.archive.kept").count() == 2


def test_no_password_token_or_code_is_in_the_store(told, tmp_path: Path):
    account = Account.objects.get(username="clerk")
    account.set_password("Yunxi-2026")
    account.save()
    identity.create_account(actor=SYSTEM, username="another", name="另一人", now=timezone.now())
    assert night()
    stored = b"".join(path.read_bytes() for path in files_of_registers(tmp_path))
    assert account.password.encode() not in stored
    assert "另一人".encode() in stored
    for column in ("password", "session", "token", "digest", "secret"):
        assert f'"{column}'.encode() not in stored


@pytest.mark.parametrize("between_places", [False, True])
def test_a_run_killed_between_the_bytes_and_the_rows_is_gone_on_with(
    told, tmp_path: Path, monkeypatch, between_places: bool
):
    class Killed(BaseException):
        pass

    def kill(*_args: Any, **_kwargs: Any) -> None:
        raise Killed

    Membership.objects.filter(account__username="clerk").update(until=timezone.now())
    with monkeypatch.context() as patched:
        patched.setattr(keeping, "note_kept", kill)
        with pytest.raises(Killed):
            night()
    assert head(tmp_path) == head(tmp_path, "b") == 2
    assert ArchivalObject.objects.get(kind="archive").version == 1
    if between_places:
        folder = roots(tmp_path)[1].object_folder(OBJECT)
        shutil.rmtree(folder / "v2")
        for name in ("inventory.json", "inventory.json.sha512"):
            shutil.copy(folder / "v1" / name, folder / name)
    assert not night(), "the version is there: only the rows lack, or one place"
    row = ArchivalObject.objects.get(kind="archive")
    assert (head(tmp_path), head(tmp_path, "b"), row.version) == (2, 2, 2)
    assert command.verify() == command.OK


def test_a_first_run_killed_before_its_rows_is_gone_on_with(db, disk: OfflineSet, tmp_path: Path, monkeypatch):
    FiledSite()
    with monkeypatch.context() as patched:
        patched.setattr(keeping, "note_kept", lambda *_args, **_kwargs: None)
        night()
    assert head(tmp_path) == 1
    assert not ArchivalObject.objects.filter(kind="archive").exists()
    assert not night()
    assert ArchivalObject.objects.get(kind="archive").version == 1


def test_a_role_or_a_placement_given_by_hand_is_told_and_one_given_by_an_act_is_not(told, monkeypatch):
    monkeypatch.setattr(unlogged, "MARGIN", -timedelta(seconds=1))
    time.sleep(1.1)
    clerk = Account.objects.get(username="clerk")
    identity.grant_role(
        actor=SYSTEM,
        account_id=clerk.pk,
        role=Role.PARTY_CLERK,
        organisation_id=told.outsider_id,
        now=timezone.now(),
    )
    assert list(unlogged.look_at_all()) == []
    outsider = Account.objects.get(username="outsider")
    forged = Membership.objects.create(
        account=outsider, organisation_id=told.archive_id, role=Role.ARCHIVIST, since=timezone.now()
    )
    # What else happens on that day, to the very person and at the very archive, accounts for no role.
    for act, subject in (
        ("identity.login.done", f"identity.account:{outsider.pk}"),
        ("identity.account.preferred", f"identity.account:{outsider.pk}"),
        ("identity.role.granted", f"identity.account:{clerk.pk}"),
    ):
        facts = {"organisation": told.archive_id}
        audit.record(actor="somebody", act=act, subject=subject, at=timezone.now(), data=facts)
    placed = Placement.objects.create(
        class_code="internal", sites=["a"], chosen_at=timezone.now(), chosen_by="archivist"
    )
    [(title, rows)] = unlogged.look_at_all()
    assert title == archive_registers.TITLE
    assert {(row.table, row.key) for row in rows} == {
        ("identity.membership", str(forged.pk)), ("preservation.placement", str(placed.pk)),
    }  # fmt: skip
    assert command.verify(registers=True) == command.WRONG


def test_it_is_as_secret_as_the_most_secret_thing_it_speaks_of(kept):
    structure = registry.register_structure(actor=SYSTEM, name="指挥所", kind="building", level=3, now=timezone.now())
    with archive_registers.packed() as package:
        assert package.class_level == 3
    from zhudang.registry.models import Structure

    Structure.objects.filter(pk=structure).delete()
    volume = ArchivalObject.objects.filter(kind="volume").first()
    ArchivalObject.objects.filter(pk=volume.pk).update(class_level=2)
    with archive_registers.packed() as package:
        assert package.class_level == 1
    RegisteredCopy.objects.create(
        object=volume, medium="microfilm", label="x", place="y", made_on=timezone.localdate(), made_by="z", version=1,
        inventory_sha512=volume.inventory_sha512, registered_at=timezone.now(), registered_by="keeper",
    )  # fmt: skip
    with archive_registers.packed() as package:
        assert (package.class_level, package.level) == (2, 2)


def test_a_structure_is_told_by_its_kept_project_or_else_by_the_archive(kept):
    from zhudang.registry.models import UnitWork

    alone = registry.register_structure(actor=SYSTEM, name="老水塔", kind="building", now=timezone.now())
    told = registry.register_structure(actor=SYSTEM, name="住宅楼", kind="building", now=timezone.now())
    UnitWork.objects.filter(pk=kept.site.unit_id).update(structure_id=told)
    assert [row["id"] for row in archive_registers.describe()["registry.structure"]] == [str(alone)]
    assert [row["id"] for row in catalogue.describe(kept.project_id)["registry.structure"]] == [str(told)]


def test_it_says_what_it_is_in_both_languages(told, tmp_path: Path):
    place = roots(tmp_path)[0]
    told = reader.read_json(place.object_folder(OBJECT), place.inventory(OBJECT), "description.json")
    assert set(told["about"]) == {"zh", "en"}
    assert told["tables"]["identity.membership"]["rows"] == Membership.objects.count()
    assert set(own_tables.TABLES) == set(archive_registers.describe())


def test_an_archive_with_nothing_in_the_store_keeps_no_registers_there(db, disk: OfflineSet, monkeypatch):
    from zhudang.preservation import jobs

    asked = []
    monkeypatch.setattr(jobs.keep_archive, "defer", lambda: asked.append(1))
    nightly.run()
    assert not asked
    project = KeptProject()
    project.preserve()
    nightly.run()
    assert asked == [1]
    night()
    nightly.run()
    assert asked == [1, 1]
    ArchivalObject.objects.filter(kind="archive").update(version=70)
    nightly.run()
    assert asked == [1, 1], "one of many versions gathers its changes"


def test_people_see_it_in_the_register_and_a_class_of_it_is_the_catalogues(told, client):
    client.force_login(Account.objects.get(username="archivist"))
    from zhudang.preservation import compliance, queries

    for address in (
        "/preservation/",
        f"/preservation/{ARCHIVE_ID}/",
        "/preservation/policy/",
        "/preservation/policy/below/",
    ):
        page = client.get(address)
        assert page.status_code == 200
        if address != "/preservation/policy/":
            assert "馆级登记" in page.content.decode()
            english = client.get(address, headers={"accept-language": "en"}).content.decode()
            assert "The archive&#x27;s own registers" in english
            assert "馆级登记" not in english
    assert client.get("/preservation/?export=csv&q=馆级").status_code == 200
    known = queries.known_objects(told.archivist)
    assert known.filter(kind="archive").count() == 1
    ground = compliance.ground(timezone.now(), timezone.localdate())
    groups = compliance.standing_groups(told.archivist, ground, named=True)
    below, _number = compliance.holdings_below(told.archivist, ground, groups)
    rows = compliance.holding_rows(list(below.values_list("pk", flat=True)), ground)
    assert [row.need.code for row in rows if row.kind == "archive"] == ["internal"]


def test_every_table_is_in_an_object_of_the_store_or_named_with_the_reason_why_not(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = {row[0] for row in cursor.fetchall()}
    registers = [register for holdings in catalogue._ALL.values() for register in holdings.REGISTERS]
    registers += [*disposals.REGISTERS, *archive_registers.REGISTERS]
    described = {register.model._meta.db_table for register in registers} | {NumberSeries._meta.db_table}
    assert described <= tables
    named = set(own_tables.NOT_KEPT)
    assert named <= tables
    assert not named & described
    nowhere = tables - described - named
    assert not [name for name in sorted(nowhere) if not name.startswith(tuple(own_tables.NOT_KEPT_BEGINNING))]
    assert {model._meta.db_table for model in apps.get_models(include_auto_created=True)} <= tables
    assert all(own_tables.NOT_KEPT.values())
