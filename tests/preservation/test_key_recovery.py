"""The working key lost, the machine lost, the yearly trial of shares, and whom the registers at the sites are believed."""

import shutil
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from filing.filing_support import NOW
from preservation.kept_project import roots
from preservation.key_support import PASSWORD, codes, hold, opened_everywhere, security_administrator
from preservation.key_support import home as home
from preservation.key_support import secadmin as secadmin
from zhudang.audit.models import Entry
from zhudang.cli import doctor
from zhudang.preservation.keys import keyring, recovery, shares, standing, wrapping
from zhudang.preservation.keys.register import read_register
from zhudang.preservation.keys.shares import SharesRefused
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.sites import places

pytestmark = pytest.mark.django_db


def test_a_lost_working_key_is_replaced_with_enough_shares_and_only_when_it_is_lost(home: Path):
    words = hold(security_administrator())
    with pytest.raises(KeysUnusable) as refused:
        recovery.recover(words[:2], now=NOW)
    assert codes(refused) == ["keys_not_lost"]
    (home / "working.key").unlink()
    with pytest.raises(KeysUnusable) as refused:
        keyring.load()
    assert codes(refused) == ["keys_lost"]
    with pytest.raises(SharesRefused):
        recovery.recover(words[:1], now=NOW)
    register = recovery.recover([words[2], words[0]], now=NOW)
    opened_everywhere(home, wrapping.working_identities())
    assert register.acts[-1].data == {"shares": [1, 3]}
    assert Entry.objects.get(act="preservation.keys.recovered").data["shares"] == [1, 3]


def test_a_lost_machine_takes_the_keys_back_from_any_site(home: Path):
    words = hold(security_administrator())
    shutil.rmtree(home)
    damaged = roots(home.parents[1])[0].folder / "key-internal.age"
    damaged.write_bytes(damaged.read_bytes()[:60])
    with pytest.raises(KeysUnusable) as refused:
        keyring.protection(1, roots(home.parents[1]))
    assert codes(refused) == ["keys_lost"]
    recovery.recover(words[1:], now=NOW)
    opened_everywhere(home, wrapping.working_identities())


def test_a_lost_machine_takes_the_keys_back_from_a_copy_that_carries_another_sites_code(home: Path, settings):
    words = hold(security_administrator())
    folder = home.parents[1]
    places()
    shutil.rmtree(home)
    shutil.rmtree(folder / "a")
    (folder / "b").rename(folder / "a")
    settings.SITES = settings.SITES[:1]
    before = (folder / "a/store/keys.json").read_bytes()
    assert [place.carries for place in places()] == ["b"]
    recovery.recover(words[1:], now=NOW)
    assert keyring.identities([StorageRoot.open(folder / "a")])
    assert (folder / "a/store/keys.json").read_bytes() == before


def test_an_installation_from_before_the_national_suite_takes_it_up_with_a_trial_of_shares(home: Path):
    words = hold(security_administrator())
    places_ = roots(home.parents[1])
    register = wrapping.register_at(home)
    older = replace(
        register,
        working_sm="",
        recovery=replace(register.recovery, recipient_sm=""),
        classes=tuple(key for key in register.classes if key.suite == "age"),
    )
    before = [line for line in (home / "working.key").read_text().splitlines() if not line.startswith("#~")]
    (home / "working.key").write_text("\n".join([*before, ""]))
    (home / "given.sha256").unlink()
    for place in (home, *(root.folder for root in places_)):
        (place / "keys.json").write_bytes(older.to_json())
        (place / "key-confidential.p7m").unlink()
    assert keyring.protection(2, places_).recipient.startswith("age1")
    with pytest.raises(KeysUnusable) as refused:
        keyring.protection(3, places_)
    assert codes(refused) == ["keys_sm_shares"]
    assert [reason.code for reason in standing.standing(NOW).reasons] == ["preservation.keys_sm_shares"]
    recovery.try_shares(words[:2], now=NOW)
    assert keyring.protection(3, places_).recipient.startswith("sm2:")
    opened_everywhere(home, shares.both(shares.combine(words[1:])))
    opened_everywhere(home, wrapping.working_identities())
    after = (home / "working.key").read_text().splitlines()
    assert [line for line in after if not line.startswith("#~")] == before
    assert (home / "working.key").stat().st_mode & 0o777 == 0o600


def test_a_trial_of_shares_proves_them_at_every_place_and_changes_no_key(home: Path):
    words = hold(security_administrator())
    before = {path.name: path.read_bytes() for path in home.glob("*.age")}
    later = NOW + timedelta(days=400)
    assert standing.standing(later).trial_due
    register = recovery.try_shares(words[:2], now=later)
    assert {path.name: path.read_bytes() for path in home.glob("*.age")} == before
    assert register.acts[-1].act == "trial"
    told = standing.standing(later)
    assert not told.trial_due
    assert {place.state for place in told.places} == {"current"}
    damaged = roots(home.parents[1])[1].folder / "key-secret.age"
    damaged.write_bytes(b"")
    with pytest.raises(KeysUnusable) as refused:
        recovery.try_shares(words[:2], now=later)
    assert codes(refused) == ["key_damaged"]
    assert str(damaged) in refused.value.reasons[0].data["file"]


def test_a_register_that_cannot_be_read_never_means_that_there_are_no_keys(home: Path):
    words = hold(security_administrator())
    for place in [home, *(root.folder for root in roots(home.parents[1]))]:
        (place / "keys.json").write_bytes(b"{")
    with pytest.raises(KeysUnusable) as refused:
        keyring.protection(1, roots(home.parents[1]))
    assert codes(refused) == ["keys_lost"]
    with pytest.raises(SharesRefused) as none:
        recovery.recover(words[:2], now=NOW)
    assert codes(none) == ["keys_none"]


def test_sites_that_name_different_keys_for_a_class_are_not_believed(home: Path):
    words = hold(security_administrator())
    shutil.rmtree(home)
    b = roots(home.parents[1])[1].folder
    register = read_register((b / "keys.json").read_bytes())
    planted = str(pyrage.x25519.Identity.generate().to_public())
    key = replace(register.key_of("internal", "age"), recipient=planted)
    (b / "keys.json").write_bytes(register.with_key(key).with_act("trial", by="", at=NOW).to_json())
    with pytest.raises(KeysUnusable) as refused:
        recovery.recover(words[:2], now=NOW)
    assert codes(refused) == ["registers_disagree"]
    assert not (home / "keys.json").exists()


def test_the_doctor_tells_of_no_recovery_key_and_of_shares_not_tried_for_a_year(home: Path, monkeypatch):
    assert [result.verdict for result in doctor.holding_keys()] == ["attention"]
    hold(security_administrator())
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    assert [result.verdict for result in doctor.holding_keys()] == ["well"]
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(days=366))
    assert [(result.verdict, "--trial" in result.said) for result in doctor.holding_keys()] == [("attention", True)]
    (home / "working.key").unlink()
    assert "ill" in [result.verdict for result in doctor.holding_keys()]


def test_shares_are_tried_and_a_lost_key_recovered_at_the_console(home: Path, secadmin, monkeypatch, capsys):
    import io

    words = hold(secadmin)
    from zhudang.preservation.keys import command

    typed = f"{words[2]}\n{words[0]}\n\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert command.recover(trial=True) == 0
    (home / "working.key").unlink()
    assert command.status() == 1
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{words[0]}\nzebra\n\n"))
    assert command.recover(trial=False) == 2
    assert "词" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert command.recover(trial=False) == 0
    opened_everywhere(home, wrapping.working_identities())
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
    assert command.rotate(username="secadmin") == 0
    assert command.status() == 0


def test_custodians_are_not_asked_for_shares_that_would_do_nothing(home: Path, secadmin, tmp_path, monkeypatch, capsys):
    from zhudang.preservation.keys import command

    class Nobody:
        def readline(self) -> str:
            raise AssertionError("somebody was asked for a share")

    monkeypatch.setattr(sys, "stdin", Nobody())
    assert command.recover(trial=True) == command.recover(trial=False) == 2
    assert "ceremony" in capsys.readouterr().err
    monkeypatch.undo()
    hold(secadmin)
    monkeypatch.setattr(sys, "stdin", Nobody())
    assert command.recover(trial=False) == 2
    assert "--trial" in capsys.readouterr().err
    (home / "working.key").unlink()
    assert command.recover(trial=False, source=tmp_path / "nothing") == 2
    assert "keys.json" in capsys.readouterr().err


def test_keys_are_not_taken_from_another_archives_folder_in_silence(home: Path, secadmin, tmp_path):
    words = hold(secadmin)
    ours = (home / "keys.json").read_bytes()
    (tmp_path / "theirs").mkdir()
    theirs = ours.replace(
        read_register(ours).recovery.recipient.encode(), str(pyrage.x25519.Identity.generate().to_public()).encode()
    )
    assert theirs != ours
    (tmp_path / "theirs" / "keys.json").write_bytes(theirs)
    (home / "working.key").unlink()
    with pytest.raises(SharesRefused):
        recovery.recover([words[2], words[0]], now=NOW, source=tmp_path / "theirs")
    assert not (home / "working.key").exists()
