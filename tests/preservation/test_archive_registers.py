"""The archive's own registers, which belong to no project: kept in the store at night, and back from one copy of it."""

from __future__ import annotations

import json
import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from filing.filing_support import Site as FiledSite
from filing.filing_support import person
from preservation.disposal_case import FAST_HASHERS
from preservation.kept_project import KeptProject, roots
from preservation.ocfl_support import judged_by_ocfl_py
from preservation.offline_set import OfflineSet
from preservation.test_rebuilding import _another_empty_database
from preservation.test_sealed_holdings import hold
from zhudang.atlas import operations as atlas
from zhudang.audit.models import Entry
from zhudang.content.models import File
from zhudang.documents.models import NumberSeries
from zhudang.filing import operations as filing
from zhudang.filing.models import Counter, ScopeList
from zhudang.identity import holdings as identity_holdings
from zhudang.identity import operations as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account, Membership, Organisation
from zhudang.identity.rights import SYSTEM
from zhudang.preservation import (
    archive_registers,
    books,
    catalogue,
    command,
    custody,
    emergency,
    ingesting,
    keeping,
    nightly,
    registered,
    remedy,
    unlogged,
)
from zhudang.preservation import holdings as own_holdings
from zhudang.preservation.disposal import cases
from zhudang.preservation.disposal import registers as disposals
from zhudang.preservation.domain import own_tables
from zhudang.preservation.domain.names import ARCHIVE_ID, object_id
from zhudang.preservation.formats import register as formats
from zhudang.preservation.models import (
    ArchivalObject,
    BookComparison,
    CatchUp,
    Copy,
    FormatMigration,
    MigrationOutcome,
    Placement,
    RegisteredCopy,
    Site,
)
from zhudang.preservation.ocfl import reader
from zhudang.registry import operations as registry
from zhudang.shared.holdings import Register
from zhudang.shared.ids import new_id

OBJECT = object_id(ARCHIVE_ID)
TOWN = {
    "features": [
        {
            "properties": {"layer": "water", "name": "云溪", "grade": 1},
            "geometry": {"type": "LineString", "coordinates": [[109.0, 28.4], [109.1, 28.45], [109.123456789, 28.5]]},
        }
    ]
}


@pytest.fixture
def disk(settings, tmp_path: Path) -> OfflineSet:
    made = OfflineSet(tmp_path)
    settings.SITES = made.settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    settings.PASSWORD_HASHERS = FAST_HASHERS
    (tmp_path / "data").mkdir()
    return made


def filled(disk: OfflineSet) -> KeptProject:
    """A kept project, and every register of the archive's own filled by what people do."""
    now, today = timezone.now(), timezone.localdate()
    identity.make_first_administrators(archive_name="云溪县城建档案馆", now=now)
    for year in (2025, 2026):
        registry.import_calendar(year, now=now)
    project = KeptProject()
    project.preserve()
    archivist, keeper = project.site.archivist, person("keeper", project.site.archive_id, Role.KEEPER)
    somebody = identity.create_account(actor=SYSTEM, username="newcomer", name="新人", phone="139", now=now)
    role = identity.grant_role(
        actor=SYSTEM, account_id=somebody, role=Role.REVIEWER, organisation_id=project.site.archive_id, now=now
    )
    identity.end_role(actor=SYSTEM, account_id=somebody, membership_id=role, now=now)
    identity.set_clearance(actor=SYSTEM, account_id=somebody, clearance=2, now=now)
    registry.record_areas(areas=[{"code": "500101", "name": "云溪县"}], source="测试", now=now)
    registry.register_structure(actor=SYSTEM, name="老水塔", kind="building", now=now)
    beijing = ScopeList.objects.filter(adoptable=True).exclude(adoptions__kind="building").first()
    filing.adopt_scope_list(actor=archivist, kind="building", scope_list_id=beijing.id, now=now)
    NumberSeries.objects.create(kind="notice", year=2026, last=7)
    Counter.objects.create(series="还没入库的一组", value=41)
    atlas.load_base_map(collection=TOWN, source="测绘院", now=now)
    plan = remedy.Remedy(
        ["copies", "media", "apart", "offline"], "没有伙伴馆", "互存", "馆长", today + timedelta(days=90)
    )
    remedy.enter_plan(actor=archivist, class_code="internal", plan=plan, today=today, now=now)
    remedy.choose_places(actor=archivist, class_code="internal", codes=["a", "b", "c"], today=today, now=now)
    disk.connect()
    assert command.call_in("c") == command.OK
    disk.take_away()
    site = Site.objects.get(code="c")
    offer = custody.hand_over(
        actor=archivist, site_id=site.pk, to_account_id=keeper.account_id, bound_for="县医院地下室", condition="sound", note="",
        now=now,
    )  # fmt: skip
    custody.sign(actor=keeper, custody_id=offer, now=now)
    volume = ArchivalObject.objects.filter(kind="volume").first()
    registered.register_copy(
        actor=keeper, object_id=volume.pk, medium="microfilm", label="缩-1", place="甲库", made_on=today, made_by="缩微室",
        version=1, today=today, now=now,
    )  # fmt: skip
    cases.place_stay(actor=archivist, object_id=volume.pk, because="有诉讼", now=now)
    books.compare(actor=archivist, now=now)
    formats.review(actor=archivist, note="都看过了", now=now)
    # What a converter would leave, without one: its own tests walk that way.
    done = FormatMigration.objects.create(
        format_id="fmt/95", format_name="PDF/A-1a", path="x", tool="t", tool_version="1", ordered_at=now, ordered_by="archivist",
        orderer_name="archivist", open=False, state="done", finished_at=now, files=1, failed=1,
    )  # fmt: skip
    MigrationOutcome.objects.create(
        migration=done,
        volume_id=volume.pk,
        file=File.objects.first(),
        failed=True,
        reason={"code": "x", "data": {}},
        at=now,
    )
    return project


def night() -> bool:
    """What the job of the night does."""
    return ingesting.keep_archive()


def exported() -> dict[str, list[str]]:
    """Every row of every register with every described column, as PostgreSQL itself writes it."""
    return {register.name: _rows(register) for register in archive_registers.REGISTERS}


def _rows(register: Register) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT to_jsonb(t) FROM "{register.model._meta.db_table}" t')
        rows = [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()]
    return sorted(
        json.dumps({k: v for k, v in row.items() if k not in register.without}, sort_keys=True) for row in rows
    )


def head(folder: Path, code: str = "a") -> int:
    place = next(root for root in roots(folder) if root.place.name == code)
    inventory = place.inventory(OBJECT)
    return inventory.head if inventory else 0


def test_from_one_copy_every_register_comes_back_row_for_row(
    committed_db, cluster, django_db_blocker, disk: OfflineSet, tmp_path: Path
):
    with django_db_blocker.unblock():
        kept = filled(disk)
        assert night()
        assert not night()
        assert head(tmp_path) == 1
        assert judged_by_ocfl_py(roots(tmp_path)) == []
        lost = exported()
        assert not [name for name, rows in lost.items() if not rows]
        lost_objects = _objects()
        passwords = dict(Account.objects.values_list("username", "password"))
        shutil.rmtree(tmp_path / "content")
        (tmp_path / "a" / "store").rename(tmp_path / "a" / "out of the way")
        with _another_empty_database(cluster):
            identity.make_first_administrators(archive_name="云溪县城建档案馆", now=timezone.now())
            registry.import_calendar(2026, now=timezone.now())
            filing.load_scope_lists()
            fresh = dict(Account.objects.values_list("username", "password"))
            atlas.load_base_map(collection=TOWN, source="测绘院", now=timezone.now())
            assert command.rebuild("b") == command.OK
            assert exported() == lost
            shutil.rmtree(tmp_path / "a" / "store")
            (tmp_path / "a" / "out of the way").rename(tmp_path / "a" / "store")
            assert _objects() == lost_objects
            assert set(Account.objects.filter(is_active=True).values_list("username", flat=True)) == set(fresh)
            back = dict(Account.objects.values_list("username", "password"))
            assert {name: back[name] for name in fresh} == fresh
            assert not any(password in back.values() for password in passwords.values() if password)
            assert Organisation.objects.filter(kind="archive", name="云溪县城建档案馆").count() == 2  # both were there
            assert command.verify() == command.OK
            assert not ingesting.keep_project(kept.project_id)
            assert set(Copy.objects.filter(object__kind="archive").values_list("state", flat=True)) == {"verified"}
            archivist = _actor("archivist")
            books.compare(actor=archivist, now=timezone.now())
            assert BookComparison.objects.first().difference_count == 0
            assert night(), "the comparison just made is a change"
            assert head(tmp_path, "b") == 2


def _objects() -> list[Any]:
    fields = ("id", "ocfl_id", "kind", "project_id", "volume_id", "part", "generation", "newest", "title", "level", "class_level",
              "version", "files", "bytes", "stored_bytes", "inventory_sha512", "protection")  # fmt: skip
    return list(ArchivalObject.objects.order_by("id").values_list(*fields))


def _actor(username: str) -> Any:
    from zhudang.identity import queries

    Account.objects.filter(username=username).update(is_active=True)
    return queries.actor_by_username(username)


def test_sealed_and_succeeded_it_comes_back_from_its_newest_object(
    committed_db, cluster, django_db_blocker, disk: OfflineSet, settings, tmp_path: Path
):
    settings.OBJECT_VERSIONS = 3
    with django_db_blocker.unblock():
        KeptProject().preserve()
        hold()
        for level in (2, 3, 1, 0):
            identity.set_clearance(actor=SYSTEM, account_id=_id("clerk"), clearance=level, now=timezone.now())
            assert night()
        assert not night()
        lost, lost_objects = exported(), _objects()
        own = ArchivalObject.objects.filter(kind="archive")
        assert sorted(own.values_list("generation", "newest", "protection")) == [
            (1, False, "sealed"),
            (2, True, "sealed"),
        ]
        assert b"clerk" not in b"".join(path.read_bytes() for path in _files(tmp_path))
        found = emergency.look_over(roots(tmp_path)[0])
        assert (len(found.projects), found.unreadable) == (1, [])
        with _another_empty_database(cluster):
            assert command.rebuild("a") == command.OK
            assert exported() == lost
            assert _objects() == lost_objects
            assert command.verify() == command.OK
            assert not night()


def _id(username: str) -> Any:
    return Account.objects.values_list("id", flat=True).get(username=username)


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
    stored = b"".join(path.read_bytes() for path in _files(tmp_path))
    assert account.password.encode() not in stored
    assert "另一人".encode() in stored
    for column in ("password", "session", "token", "digest", "secret"):
        assert f'"{column}'.encode() not in stored


def _files(folder: Path) -> list[Path]:
    place = roots(folder)[0].object_folder(OBJECT)
    return [path for path in place.rglob("content/**/*") if path.is_file()]


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


def test_a_new_database_does_not_lay_its_empty_registers_over_those_of_the_lost_one(
    committed_db, cluster, django_db_blocker, disk: OfflineSet, tmp_path: Path
):
    with django_db_blocker.unblock():
        FiledSite()
        assert night()
        with _another_empty_database(cluster):
            FiledSite("2403-990241-48-01-012346", "乙")
            with pytest.raises(archive_registers.RegistersOfAnother):
                night()
        assert head(tmp_path) == 1


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


def test_a_place_the_settings_brought_before_becomes_the_one_of_before(told):
    rows = {name: list(rows) for name, rows in archive_registers.describe().items()}
    fresh = Site.objects.get(code="a")
    before = str(new_id())
    caught_up = CatchUp.objects.create(site=fresh, asked_by="system", started_at=timezone.now())
    rows["preservation.site"] = [
        {**row, "id": before, "prepared_at": None} for row in rows["preservation.site"] if row["code"] == "a"
    ]
    with transaction.atomic():
        archive_registers.restore(rows)
    became = Site.objects.get(code="a")
    assert (str(became.pk), became.prepared_at) == (before, fresh.prepared_at)
    caught_up.refresh_from_db()
    assert str(caught_up.site_id) == before


def test_rows_about_what_did_not_come_back_are_removed_and_told(told):
    row = {
        "id": str(new_id()), "object_id": str(new_id()), "medium": "microfilm", "label": "缩-9", "place": "甲库", "made_on": "2026-01-02",
        "made_by": "缩微室", "version": 1, "inventory_sha512": "", "registered_at": "2026-01-02T00:00:00+00:00",
        "registered_by": "keeper", "inspected_on": None, "inspected_by": "", "withdrawn_at": None, "withdrawn_because": "",
    }  # fmt: skip
    with transaction.atomic():
        own_holdings.restore_archive({"preservation.registered_copy": [row]})
        assert own_holdings.cut_loose_rows() == [f"preservation.registered_copy:{row['id']} object"]
    assert not RegisteredCopy.objects.exists()


def test_an_administrator_made_just_now_is_open_though_the_one_of_before_was_closed(db):
    identity.make_first_administrators(archive_name="云溪县城建档案馆", now=timezone.now())
    identity.disable_account(actor=SYSTEM, account_id=_id("sysadmin"), reason="离任", now=timezone.now())
    before = {name: list(rows) for name, rows in identity_holdings.describe_archive().items()}
    former = _id("sysadmin")
    Membership.objects.all().delete()
    Account.objects.all().delete()
    fresh = identity.create_account(actor=SYSTEM, username="sysadmin", name="系统管理员", now=timezone.now())
    with transaction.atomic():
        identity_holdings.restore_archive(before)
    account = Account.objects.get(username="sysadmin")
    assert (account.pk, account.is_active, account.disabled_at) == (former, True, None)
    assert not Account.objects.filter(pk=fresh).exists()
    assert list(Account.objects.filter(is_active=True)) == [account]


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
