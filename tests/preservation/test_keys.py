"""The keys of the holdings: the ceremony, rotation, loss and recovery, and what never happens in between."""

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest
from click.testing import CliRunner
from django.utils import timezone

from filing.filing_support import NOW, person
from preservation.kept_project import roots, site_settings
from preservation.ocfl_support import judged_by_ocfl_py
from zhudang.audit.models import Entry
from zhudang.cli import doctor
from zhudang.cli.main import app
from zhudang.identity import operations as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account
from zhudang.identity.rights import SYSTEM
from zhudang.preservation.keys import ceremony, keyring, recovery, shares, standing, wrapping
from zhudang.preservation.keys.ceremony import CannotHold
from zhudang.preservation.keys.register import read_register
from zhudang.preservation.keys.shares import SharesRefused
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.ocfl.sealing import Identities
from zhudang.preservation.sites import places
from zhudang.shared.refusals import Forbidden, Refusal

pytestmark = pytest.mark.django_db
HOLDERS = ["馆长 甲", "住建局分管局长 乙", "市档案局 丙"]
PASSWORD = "Kaocheng-2026-heng"


@pytest.fixture
def home(settings, tmp_path: Path) -> Path:
    settings.SITES = site_settings(tmp_path)
    settings.DATA = tmp_path / "data"
    (tmp_path / "data").mkdir()
    places(NOW)
    return tmp_path / "data" / "keys"


def security_administrator(username: str = "secadmin") -> Any:
    archive = identity.register_organisation(actor=SYSTEM, name="城建档案馆", kind="archive", now=NOW)
    return person(username, archive, Role.SECURITY_ADMIN)


def hold(actor: Any, *, needed: int = 2, holders: list[str] | None = None) -> list[str]:
    """A whole ceremony; gives the shares."""
    under_way = ceremony.begin(actor=actor, needed=needed, holders=holders or HOLDERS)
    words = [under_way.share(number) for number in range(1, len(under_way.holders) + 1)]
    for number, share in enumerate(words, 1):
        assert under_way.type_back(number, share) == []
    ceremony.finish(under_way, now=NOW)
    return words


def codes(refused: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [reason.code.removeprefix("preservation.") for reason in refused.value.reasons]


def opened_everywhere(home: Path, key: pyrage.x25519.Identity) -> None:
    """Every key file in the installation and at every site opens with this key alone."""
    register = wrapping.register_at(home)
    assert register is not None
    for place in [home, *(root.folder for root in roots(home.parents[1]))]:
        assert (place / "keys.json").read_bytes() == register.to_json()
        for each in register.classes:
            wrapping.open_key(each, Identities([key]), [place])


def test_a_ceremony_counts_only_when_every_custodian_typed_their_share_back(home: Path):
    actor = security_administrator()
    under_way = ceremony.begin(actor=actor, needed=2, holders=HOLDERS)
    assert not (home / "keys.json").exists()
    assert under_way.type_back(1, under_way.share(1).upper()) == []
    words = under_way.share(2).split()
    assert under_way.type_back(2, " ".join([*words[:5], words[6], words[5], *words[7:]])) == [6, 7]
    assert under_way.type_back(2, " ".join(words[:-1])) == [33]
    with pytest.raises(CannotHold) as refused:
        ceremony.finish(under_way, now=NOW)
    assert codes(refused) == ["keys_unconfirmed"]
    assert not home.exists() or not list(home.glob("*.age"))
    assert not Entry.objects.filter(act="preservation.keys.ceremony").exists()
    for number in (2, 3):
        under_way.type_back(number, under_way.share(number))
    register = ceremony.finish(under_way, now=NOW)
    assert [key.code for key in register.classes] == ["confidential", "internal", "secret", "top-secret"]
    entry = Entry.objects.get(act="preservation.keys.ceremony")
    assert (entry.actor, entry.data["holders"]) == ("secadmin", HOLDERS)


def test_nothing_secret_is_written_but_the_working_key_and_that_for_its_owner_alone(home: Path):
    words = hold(security_administrator())
    key = shares.combine(words)
    assert (home / "working.key").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    written = {path: path.read_bytes() for path in home.parents[1].rglob("*") if path.is_file()}
    secrets = [str(key).encode(), *(share.encode() for share in words)]
    assert not [path for path, data in written.items() for secret in secrets if secret in data]
    assert {path.name for path, data in written.items() if re.search(rb"AGE-SECRET-KEY-1[A-Z0-9]{58}", data)} == {
        "working.key"
    }
    assert not Entry.objects.filter(data__icontains=words[0].split()[4] + " " + words[0].split()[5]).exists()
    opened_everywhere(home, key)
    opened_everywhere(home, wrapping.working_identities()[0])


def test_the_stores_stay_sound_with_key_files_at_their_roots(home: Path):
    hold(security_administrator())
    assert judged_by_ocfl_py(roots(home.parents[1])) == []
    told = read_register((roots(home.parents[1])[0].folder / "keys.json").read_bytes())
    assert [(each.share, each.holder) for each in told.recovery.holders] == list(enumerate(HOLDERS, 1))


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN, Role.ARCHIVIST, Role.KEEPER])
def test_the_keys_are_the_security_administrators_act_alone(home: Path, role: Role):
    archive = identity.register_organisation(actor=SYSTEM, name="城建档案馆", kind="archive", now=NOW)
    other = person("other", archive, role)
    with pytest.raises(Forbidden):
        ceremony.begin(actor=other, needed=2, holders=HOLDERS)
    with pytest.raises(Forbidden):
        recovery.rotate(actor=other, now=NOW)
    assert not home.exists()


def test_a_rotation_rewrites_the_small_files_alone_and_the_old_working_key_opens_none_of_them(home: Path):
    actor = security_administrator()
    hold(actor)
    old, before = wrapping.working_identities()[0], keyring.load()
    assert before is not None
    recovery.rotate(actor=actor, now=NOW + timedelta(days=1))
    [new] = wrapping.working_identities()
    assert str(new) != str(old)
    opened_everywhere(home, new)
    register = wrapping.register_at(home)
    assert register is not None
    for key in register.classes:
        with pytest.raises(ValueError, match="no_key"):
            wrapping.open_key(key, Identities([old]), [home])
    assert [key.recipient for key in register.classes] == [key.recipient for key in before.register.classes]
    assert Entry.objects.get(act="preservation.keys.rotated").data["working"] == str(new.to_public())
    assert (home / "working.key").stat().st_mode & 0o777 == 0o600


def test_new_custodians_replace_the_old_ones_whose_shares_open_nothing_any_more(home: Path):
    actor = security_administrator()
    old = hold(actor)
    new = hold(actor, needed=3, holders=["甲", "乙", "丙", "丁"])
    opened_everywhere(home, shares.combine(new))
    with pytest.raises(SharesRefused) as refused:
        recovery.try_shares(old, now=NOW)
    assert codes(refused) == ["shares_of_another_key"]
    register = wrapping.register_at(home)
    assert register is not None
    for key in register.classes:
        with pytest.raises(ValueError, match="no_key"):
            wrapping.open_key(key, Identities([shares.combine(old)]), [home])


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
    opened_everywhere(home, wrapping.working_identities()[0])
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
    opened_everywhere(home, wrapping.working_identities()[0])


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


def test_a_damaged_key_file_is_made_good_from_a_site_before_anything_is_encrypted(home: Path):
    hold(security_administrator())
    (home / "key-internal.age").write_bytes(b"rotten")
    (roots(home.parents[1])[0].folder / "key-internal.age").unlink()
    assert standing.standing(NOW).unfinished
    told = keyring.protection(1, roots(home.parents[1]))
    assert told.recipient.startswith("age1")
    assert not standing.standing(NOW).unfinished
    opened_everywhere(home, wrapping.working_identities()[0])


def test_a_foreign_key_under_a_classes_name_is_not_believed(home: Path):
    hold(security_administrator())
    register = wrapping.register_at(home)
    assert register is not None
    foreign = wrapping.identity_file(pyrage.x25519.Identity.generate(), "planted")
    planted = pyrage.encrypt(
        foreign, [pyrage.x25519.Recipient.from_str(text) for text in register.wanted], armored=True
    )
    for place in [home, *(root.folder for root in roots(home.parents[1]))]:
        (place / "key-internal.age").write_bytes(planted)
    with pytest.raises(KeysUnusable) as refused:
        keyring.protection(1, roots(home.parents[1]))
    assert codes(refused) == ["key_damaged"]


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
    key = replace(register.key_of("internal"), recipient=planted)
    (b / "keys.json").write_bytes(register.with_key(key).with_act("trial", by="", at=NOW).to_json())
    with pytest.raises(KeysUnusable) as refused:
        recovery.recover(words[:2], now=NOW)
    assert codes(refused) == ["registers_disagree"]
    assert not (home / "keys.json").exists()


def test_before_any_ceremony_internal_is_kept_plain_and_secret_waits(home: Path):
    assert keyring.protection(0, roots(home.parents[1])).recipient == ""
    assert keyring.protection(1, roots(home.parents[1])).recipient == ""
    with pytest.raises(KeysUnusable) as refused:
        keyring.protection(2, roots(home.parents[1]))
    assert codes(refused) == ["keys_first"]


def test_the_doctor_tells_of_no_recovery_key_and_of_shares_not_tried_for_a_year(home: Path, monkeypatch):
    assert [result.verdict for result in doctor.holding_keys()] == ["attention"]
    hold(security_administrator())
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    assert [result.verdict for result in doctor.holding_keys()] == ["well"]
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(days=366))
    assert [(result.verdict, "--trial" in result.said) for result in doctor.holding_keys()] == [("attention", True)]
    (home / "working.key").unlink()
    assert "ill" in [result.verdict for result in doctor.holding_keys()]


# ── killed ────────────────────────────────────────────────────────────────────────────────────────────────────────

_ROTATING = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import django
    django.setup()
    from zhudang.preservation.keys import wrapping
    from zhudang.preservation.keys.recovery import _pass_on, _wrap_all, ROTATION
    from zhudang.preservation.ocfl.sealing import Identities
    from django.utils import timezone

    stores = [Path(text) for text in sys.argv[1:]]
    print("ready", flush=True)
    while True:
        with wrapping.only_one() as home:
            register = wrapping.register_at(home)
            opener = Identities(wrapping.working_identities())
            register = _pass_on(register, wrapping.next_working(), ROTATION, by="x", now=timezone.now())
            _wrap_all(register, opener, stores)
        print("turned", flush=True)
    """
)


@pytest.mark.slow
def test_killed_at_any_moment_of_a_rotation_every_key_file_opens_and_the_next_use_finishes_it(home: Path):
    import random

    actor = security_administrator()
    words = hold(actor)
    stores = [root.folder for root in roots(home.parents[1])]
    recipients = {key.code: key.recipient for key in wrapping.register_at(home).classes}
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "zhudang.site.settings", "ZHUDANG_DATA": str(home.parent),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }  # fmt: skip
    chance, unfinished = random.Random(20260617), 0
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", _ROTATING, *map(str, stores)], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        time.sleep(chance.uniform(0.0, 0.12))
        process.send_signal(signal.SIGKILL)
        process.wait()
        unfinished += (home / "working.next").exists()
        working, recovered = Identities(wrapping.working_identities()), Identities([shares.combine(words[:2])])
        register = wrapping.register_at(home)
        for key in register.classes:
            for opener in (working, recovered):
                assert str(wrapping.open_key(key, opener, [home]).to_public()) == recipients[key.code]
            for store in stores:
                assert str(wrapping.open_key(key, recovered, [store]).to_public()) == recipients[key.code]
    assert unfinished
    assert keyring.protection(1, roots(home.parents[1])).recipient == recipients["internal"]
    recovery.rotate(actor=actor, now=NOW)
    assert not standing.standing(NOW).unfinished
    opened_everywhere(home, wrapping.working_identities()[0])


# ── at the console ────────────────────────────────────────────────────────────────────────────────────────────────


def _shown_shares(printed: str) -> list[str]:
    pages = [page for page in printed.split("\f") if page.strip()]
    return [shares.normal(page.split("-" * 72)[1]) for page in pages]


@pytest.fixture
def secadmin(home: Path) -> Any:
    actor = security_administrator()
    account = Account.objects.get(username="secadmin")
    account.set_password(PASSWORD)
    account.must_change_password, account.password_changed_at = False, timezone.now()
    account.save()
    return actor


class _Custodians:
    """Stands for the people at the console: reads each share from its page and types it back."""

    def __init__(self, capsys: Any, misspell: int = 0) -> None:
        self.capsys, self.misspell = capsys, misspell
        self.printed, self.asked = "", ""

    def isatty(self) -> bool:
        return False

    def readline(self) -> str:
        told = self.capsys.readouterr()
        self.printed += told.out
        self.asked = told.err
        if "password:" in told.err:
            return f"{PASSWORD}\n"
        if found := re.search(r"type share (\d+) back", told.err):
            number = int(found[1])
            share = _shown_shares(self.printed)[number - 1]
            return f"{share} abandon\n" if number == self.misspell else f"{share}\n"
        return "\n"


def test_the_ceremony_can_be_held_by_a_script_each_share_on_a_page_of_its_own(
    home: Path, secadmin, capsys, monkeypatch
):
    people = _Custodians(capsys)
    monkeypatch.setattr(sys, "stdin", people)
    from zhudang.preservation.keys import command

    assert command.ceremony(needed=2, holders=HOLDERS, username="secadmin") == 0
    told = capsys.readouterr()
    words = _shown_shares(people.printed + told.out)
    assert len(words) == 3
    assert all(len(share.split()) == 33 for share in words)
    assert not any(share in told.err for share in words)
    opened_everywhere(home, shares.combine(words[:2]))
    assert command.status() == 0
    said = capsys.readouterr().out
    assert all(holder in said for holder in HOLDERS)
    assert "2/3" in said


def test_a_share_typed_wrong_three_times_voids_the_ceremony(home: Path, secadmin, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", _Custodians(capsys, misspell=2))
    from zhudang.preservation.keys import command

    assert command.ceremony(needed=2, holders=HOLDERS, username="secadmin") == 2
    assert "仪式作废" in capsys.readouterr().err
    assert not (home / "keys.json").exists()


def test_a_wrong_password_opens_nothing(home: Path, secadmin, monkeypatch, capsys):
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("wrong\n"))
    from zhudang.preservation.keys import command

    assert command.rotate(username="secadmin") == 2
    assert "账号或密码不对" in capsys.readouterr().err
    assert not home.exists()


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
    opened_everywhere(home, wrapping.working_identities()[0])
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
    assert command.rotate(username="secadmin") == 0
    assert command.status() == 0


def test_every_keys_command_is_offered_in_both_languages():
    told = CliRunner().invoke(app, ["keys"]).output
    for name in ("ceremony", "rotate", "recover", "status"):
        assert name in told
        help_text = CliRunner().invoke(app, ["keys", name, "--help"]).output
        assert re.search(r"[一-鿿]", help_text)
        assert re.search(r"[a-z]{4,}", help_text)
