"""Backups once there are keys: nothing plain in them, opened with the working key or the custodians' shares."""

import errno
import shutil
from pathlib import Path

import pytest

from filing.filing_support import NOW
from preservation.kept_project import KeptProject
from preservation.key_support import classes_of
from preservation.test_rebuilding import _another_empty_database
from preservation.test_sealed_holdings import hold
from preservation.test_sealed_holdings import places as places
from zhudang.content.models import File
from zhudang.filing.models import Record
from zhudang.identity.models import Account
from zhudang.preservation import backup, command, postgresql
from zhudang.preservation.keys import recovery
from zhudang.registry.models import Project

WAITING = [("C5-12", "还没入库.pdf"), ("C5-12", "另一份.pdf")]


def filled(places: Path) -> list[str]:
    """Holdings in the store, others not yet, a secret; gives the shares."""
    words = hold()
    KeptProject().preserve()
    KeptProject("2403-990241-48-01-012346", "乙", names=WAITING)
    (places / "data/secrets").mkdir(exist_ok=True)
    (places / "data/secrets/seal.pem").write_text("the seal's key")
    return words


@pytest.mark.parametrize(("by", "suite"), [("working key", "sm"), ("shares", "age")])
def test_an_encrypted_backup_brings_everything_back(
    committed_db, cluster, django_db_blocker, places: Path, settings, by: str, suite: str
):
    settings.KEY_CLASSES = classes_of(places, "confidential", backup=suite)
    suffix = {"age": ".age", "sm": ".p7m"}[suite]
    with django_db_blocker.unblock():
        words = filled(places)
        accounts = dict(Account.objects.values_list("username", "password"))
        records = dict(Record.objects.values_list("id", "state"))
        assert command.backup(places / "backup") == 0
        names = {path.name for path in (places / "backup").rglob("*") if path.is_file()}
        plain = {name for name in names if not name.endswith(suffix)}
        key_files = {name for name in names if name.startswith("key-")}
        assert plain - key_files == {"manifest.json", "SHA256SUMS", "keys.json"}
        everything = b"".join(path.read_bytes() for path in (places / "backup").rglob(f"*{suffix}"))
        for told in (b"the seal's key", b"PGDMP", b"%PDF", "还没入库".encode()):
            assert told not in everything
        assert not list((places / "backup").rglob("working*"))
        shutil.rmtree(places / "content")
        (places / "data/secrets/seal.pem").unlink()
        if by == "shares":
            # The machine and every site are gone: the backup and the custodians are all there is.
            shutil.rmtree(places / "data/keys")
            for site in "ab":
                shutil.rmtree(places / site)
        with _another_empty_database(cluster):
            if by == "shares":
                assert command.restore(places / "backup") == 2
                assert not Project.objects.exists()
                recovery.recover(words[:2], now=NOW, source=places / "backup")
            assert command.restore(places / "backup") == (0 if by == "working key" else 3)
            assert dict(Account.objects.values_list("username", "password")) == accounts
            assert dict(Record.objects.values_list("id", "state")) == records
            assert (places / "data/secrets/seal.pem").read_text() == "the seal's key"
            wanted = [name for _, name in WAITING] if by == "shares" else File.objects.values_list("name", flat=True)
            for file in File.objects.select_related("blob").filter(name__in=wanted):
                assert (places / "content/blobs" / file.blob.sha256[:2] / file.blob.sha256).exists()


@pytest.mark.django_db
def test_with_the_keys_lost_a_backup_is_refused_unless_a_plain_one_is_asked_for(places: Path):
    hold()
    shutil.rmtree(places / "data/keys")
    with pytest.raises(backup.CannotBackUp) as refused:
        backup.back_up(places / "backup", now=NOW)
    assert [reason.code for reason in refused.value.reasons] == ["preservation.keys_lost"]
    assert not (places / "backup").exists()


def test_a_file_is_no_place_for_a_backup(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(backup.CannotBackUp) as refused:
        backup.back_up(tmp_path / "file", now=NOW)
    assert [reason.code for reason in refused.value.reasons] == ["preservation.target_not_empty"]
    assert (tmp_path / "file").read_text() == "x"


def test_a_programs_reason_is_told_and_not_the_statement_it_was_at():
    said = (
        "pg_dump: error: query failed: ERROR:  permission denied\npg_dump: detail: Query was: LOCK TABLE " + "a, " * 500
    )
    assert postgresql._why(said) == "pg_dump: error: query failed: ERROR:  permission denied"
    assert postgresql._why("no reason " * 100).endswith("no reason ")


@pytest.mark.django_db
def test_a_backup_the_medium_refuses_is_told_and_leaves_the_folder_empty_for_the_next(
    places: Path, monkeypatch, capsys
):
    """A file system that is full after the dump, as it answers then."""
    target = places / "backup"

    def full(*_: object) -> None:
        assert any(target.iterdir()), "something was written before"
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as there:
        there.setattr(backup, "_copy_unpreserved", full)
        assert command.backup(target) == command.WRONG
    assert "No space left" in capsys.readouterr().out
    assert list(target.iterdir()) == []
    assert command.backup(target) == command.OK
