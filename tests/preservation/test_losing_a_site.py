"""A site lost or rewritten whole, a clock that ran ahead: told by the product, and put right."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from filing.filing_support import NOW
from preservation.kept_project import KeptProject, site_settings
from preservation.ocfl_support import tree
from preservation.test_sealed_holdings import hold
from zhudang.audit import operations as audit_operations
from zhudang.audit.sealing import seal_everything
from zhudang.cli import doctor
from zhudang.preservation import command
from zhudang.preservation.models import Copy
from zhudang.preservation.ocfl import replicate
from zhudang.preservation.ocfl.root import StoreFull


@pytest.fixture
def places(settings, tmp_path: Path) -> Path:
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    (tmp_path / "data").mkdir()
    return tmp_path


def test_a_lost_site_is_told_and_a_new_disk_is_filled_only_when_a_person_says_so(
    committed_db, django_db_blocker, places: Path, capsys
):
    with django_db_blocker.unblock():
        KeptProject().preserve()
        before = {path.relative_to(places / "a") for path in (places / "a/store").rglob("*")}
        assert command.verify(new_disk="a") == 2  # it is there
        shutil.rmtree(places / "a")
        audit_operations.record(actor="x", act="test.after.the.loss", subject="x:1", at=NOW, data={})
        seal_everything(NOW)
        assert [result.verdict for result in doctor.sites()][:2] == ["ill", "well"]
        assert not (places / "a").exists()
        assert command.verify() == 3
        assert command.verify(repair=True) == 3
        assert command.verify(repair=True, new_disk="a") == 2  # no disk is there yet
        (places / "a").mkdir()
        audit_operations.record(actor="x", act="test.with.a.new.disk", subject="x:1", at=NOW, data={})
        seal_everything(NOW)
        (places / "a/holiday.jpg").write_bytes(b"x")
        assert command.verify(repair=True, new_disk="a") == 2
        assert "须是空的" in capsys.readouterr().err
        (places / "a/holiday.jpg").unlink()
        assert command.verify(repair=True) == 3  # an empty folder alone is a disk that is not mounted
        assert command.verify(repair=True, new_disk="a") == 0
        assert {path.relative_to(places / "a") for path in (places / "a/store").rglob("*")} == before
        assert command.verify() == 0
        assert set(Copy.objects.values_list("state", flat=True)) == {"verified"}


def test_a_new_disk_gets_the_key_files_too_or_no_share_would_open_it(
    committed_db, django_db_blocker, places: Path, capsys
):
    with django_db_blocker.unblock():
        hold()
        KeptProject().preserve()
        before = tree(places / "b" / "store")
        shutil.rmtree(places / "b")
        (places / "b").mkdir()
        assert command.verify(repair=True, new_disk="b") == 0
        assert tree(places / "b" / "store") == before and "keys.json" in before
        (places / "a" / "store" / "key-internal.age").unlink()
        assert command.verify() == 1
        assert "key-internal.age" in capsys.readouterr().out
        assert command.verify(repair=True) == command.verify() == 0
        assert command.verify(new_disk="b") == 2
        assert "verify --repair" in capsys.readouterr().err


def test_a_place_without_room_is_told_and_everything_else_is_read(db, places: Path, capsys, monkeypatch):
    KeptProject().preserve()
    shutil.rmtree(places / "b")
    (places / "b").mkdir()

    def full(*_: object, **__: object) -> None:
        raise StoreFull(places / "b")

    with monkeypatch.context() as small:
        small.setattr(replicate, "replace_object", full)
        assert command.verify(repair=True, new_disk="b") == 1
    assert "STO-008" in capsys.readouterr().out
    copies = Copy.objects.values_list("site__code", "state")
    assert set(copies) == {("a", "verified"), ("b", "missing")}
    assert command.verify(repair=True) == 0


def test_a_site_whose_every_file_was_rewritten_is_told_and_mended_whole(committed_db, django_db_blocker, places: Path):
    with django_db_blocker.unblock():
        KeptProject().preserve()
        written = {path: path.read_bytes() for path in (places / "a/store").rglob("*") if path.is_file()}
        for path in written:
            path.write_bytes(os.urandom(64))
        assert command.verify() == 1
        assert set(Copy.objects.filter(site__code="a").values_list("state", flat=True)) == {"damaged"}
        assert set(Copy.objects.filter(site__code="b").values_list("state", flat=True)) == {"verified"}
        assert command.verify(repair=True) == 0
        assert {path: path.read_bytes() for path in (places / "a/store").rglob("*") if path.is_file()} == written


def test_copies_read_by_a_clock_that_ran_ahead_are_read_again(committed_db, django_db_blocker, places: Path):
    from datetime import timedelta

    from django.utils import timezone

    from zhudang.preservation import reading, rounds

    with django_db_blocker.unblock():
        KeptProject().preserve()
        Copy.objects.update(looked_at=timezone.now() + timedelta(days=400))
        site = Copy.objects.filter(site__code="a").values_list("site_id", flat=True).first()
        assert rounds.in_turn(site, rounds.rhythms()["a"], timezone.now()).count() == 2
        assert len(list(reading.read_all(repair=False, now=timezone.now))) == 4
        assert not Copy.objects.filter(looked_at__gt=timezone.now()).exists()
