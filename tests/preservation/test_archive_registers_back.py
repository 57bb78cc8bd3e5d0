"""The archive's own registers, back from one copy of the store into another database."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from filing.filing_support import Site as FiledSite
from preservation.kept_project import KeptProject, roots
from preservation.ocfl_support import judged_by_ocfl_py
from preservation.offline_set import OfflineSet
from preservation.own_registers import (
    TOWN,
    account_id_of,
    actor_named,
    exported,
    files_of_registers,
    filled,
    head,
    night,
    object_rows,
    offline_set,
)
from preservation.test_rebuilding import _another_empty_database
from preservation.test_sealed_holdings import hold
from zhudang.atlas import operations as atlas
from zhudang.filing import operations as filing
from zhudang.identity import holdings as identity_holdings
from zhudang.identity import operations as identity
from zhudang.identity.models import Account, Membership, Organisation
from zhudang.identity.rights import SYSTEM
from zhudang.preservation import (
    archive_registers,
    books,
    command,
    emergency,
    ingesting,
)
from zhudang.preservation import holdings as own_holdings
from zhudang.preservation.models import (
    ArchivalObject,
    BookComparison,
    CatchUp,
    Copy,
    RegisteredCopy,
    Site,
)
from zhudang.registry import operations as registry
from zhudang.shared.ids import new_id


@pytest.fixture
def disk(settings, tmp_path: Path) -> OfflineSet:
    return offline_set(settings, tmp_path)


@pytest.fixture
def told(db, disk: OfflineSet) -> FiledSite:
    """People and a project of whom nothing is in the store yet: only the archive's own registers are."""
    site = FiledSite()
    night()
    return site


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
        lost_objects = object_rows()
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
            assert object_rows() == lost_objects
            assert set(Account.objects.filter(is_active=True).values_list("username", flat=True)) == set(fresh)
            back = dict(Account.objects.values_list("username", "password"))
            assert {name: back[name] for name in fresh} == fresh
            assert not any(password in back.values() for password in passwords.values() if password)
            assert Organisation.objects.filter(kind="archive", name="云溪县城建档案馆").count() == 2  # both were there
            assert command.verify() == command.OK
            assert not ingesting.keep_project(kept.project_id)
            assert set(Copy.objects.filter(object__kind="archive").values_list("state", flat=True)) == {"verified"}
            archivist = actor_named("archivist")
            books.compare(actor=archivist, now=timezone.now())
            assert BookComparison.objects.first().difference_count == 0
            assert night(), "the comparison just made is a change"
            assert head(tmp_path, "b") == 2


def test_sealed_and_succeeded_it_comes_back_from_its_newest_object(
    committed_db, cluster, django_db_blocker, disk: OfflineSet, settings, tmp_path: Path
):
    settings.OBJECT_VERSIONS = 3
    with django_db_blocker.unblock():
        KeptProject().preserve()
        hold()
        for level in (2, 3, 1, 0):
            identity.set_clearance(actor=SYSTEM, account_id=account_id_of("clerk"), clearance=level, now=timezone.now())
            assert night()
        assert not night()
        lost, lost_objects = exported(), object_rows()
        own = ArchivalObject.objects.filter(kind="archive")
        assert sorted(own.values_list("generation", "newest", "protection")) == [
            (1, False, "sealed"),
            (2, True, "sealed"),
        ]
        assert b"clerk" not in b"".join(path.read_bytes() for path in files_of_registers(tmp_path))
        found = emergency.look_over(roots(tmp_path)[0])
        assert (len(found.projects), found.unreadable) == (1, [])
        with _another_empty_database(cluster):
            assert command.rebuild("a") == command.OK
            assert exported() == lost
            assert object_rows() == lost_objects
            assert command.verify() == command.OK
            assert not night()


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
    identity.disable_account(actor=SYSTEM, account_id=account_id_of("sysadmin"), reason="离任", now=timezone.now())
    before = {name: list(rows) for name, rows in identity_holdings.describe_archive().items()}
    former = account_id_of("sysadmin")
    Membership.objects.all().delete()
    Account.objects.all().delete()
    fresh = identity.create_account(actor=SYSTEM, username="sysadmin", name="系统管理员", now=timezone.now())
    with transaction.atomic():
        identity_holdings.restore_archive(before)
    account = Account.objects.get(username="sysadmin")
    assert (account.pk, account.is_active, account.disabled_at) == (former, True, None)
    assert not Account.objects.filter(pk=fresh).exists()
    assert list(Account.objects.filter(is_active=True)) == [account]
