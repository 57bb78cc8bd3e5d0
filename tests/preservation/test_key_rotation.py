"""Rotation and key files: a new working key, new custodians, damage and planted files, and the kill at any moment."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from filing.filing_support import NOW
from preservation.kept_project import roots
from preservation.key_support import codes, hold, opened_everywhere, security_administrator
from preservation.key_support import home as home
from preservation.key_support import secadmin as secadmin
from zhudang.audit.models import Entry
from zhudang.preservation.keys import keyring, recovery, shares, standing, wrapping
from zhudang.preservation.keys.command import status_lines
from zhudang.preservation.keys.shares import SharesRefused
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.ocfl.sealing import Identities

pytestmark = pytest.mark.django_db


def test_a_rotation_rewrites_the_small_files_alone_and_the_old_working_key_opens_none_of_them(home: Path):
    actor = security_administrator()
    hold(actor)
    old, before = wrapping.working_identities(), keyring.load()
    assert before is not None
    recovery.rotate(actor=actor, now=NOW + timedelta(days=1))
    new = wrapping.working_identities()
    assert not {each.to_public() for each in new} & {each.to_public() for each in old}
    opened_everywhere(home, new)
    register = wrapping.register_at(home)
    assert register is not None
    for key in register.classes:
        with pytest.raises(ValueError, match="no_key"):
            wrapping.open_key(key, Identities(old), [home])
    assert [key.recipient for key in register.classes] == [key.recipient for key in before.register.classes]
    assert Entry.objects.get(act="preservation.keys.rotated").data["working"] == str(new[0].to_public())
    assert (home / "working.key").stat().st_mode & 0o777 == 0o600


def test_new_custodians_replace_the_old_ones_whose_shares_open_nothing_any_more(home: Path):
    actor = security_administrator()
    old = hold(actor)
    new = hold(actor, needed=3, holders=["甲", "乙", "丙", "丁"])
    opened_everywhere(home, shares.both(shares.combine(new)))
    with pytest.raises(SharesRefused) as refused:
        recovery.try_shares(old, now=NOW)
    assert codes(refused) == ["shares_of_another_key"]
    register = wrapping.register_at(home)
    assert register is not None
    for key in register.classes:
        with pytest.raises(ValueError, match="no_key"):
            wrapping.open_key(key, Identities(shares.both(shares.combine(old))), [home])


def test_a_damaged_key_file_is_made_good_from_a_site_before_anything_is_encrypted(home: Path):
    hold(security_administrator())
    (home / "key-internal.age").write_bytes(b"rotten")
    (roots(home.parents[1])[0].folder / "key-internal.age").unlink()
    assert standing.standing(NOW).unfinished
    told = keyring.protection(1, roots(home.parents[1]))
    assert told.recipient.startswith("age1")
    assert not standing.standing(NOW).unfinished
    opened_everywhere(home, wrapping.working_identities())


def test_a_register_that_cannot_be_read_is_no_reason_to_hold_a_first_ceremony(home: Path):
    actor = security_administrator()
    hold(actor)
    (wrapping.folder() / "keys.json").write_text("{")
    with pytest.raises(KeysUnusable) as refused:
        recovery.rotate(actor=actor, now=NOW)
    assert codes(refused) == ["keys_lost"]
    assert all("ceremony" not in line for line in status_lines(standing.standing(NOW)))


def test_a_transfer_opens_the_keys_once_and_a_changed_file_is_read_again(home: Path, monkeypatch):
    hold(security_administrator())
    places_, read = roots(home.parents[1]), []
    real = wrapping.open_key
    monkeypatch.setattr(wrapping, "open_key", lambda key, *rest: read.append(key.file) or real(key, *rest))
    for _ in range(3):
        assert keyring.protection(1, places_).recipient.startswith("age1")
        assert keyring.protection(3, places_).recipient.startswith("sm2:")
    assert len(read) == len(set(read))
    (places_[1].folder / "key-internal.age").write_bytes(b"rotten")
    keyring.protection(1, places_)
    assert read.count("key-internal.age") > 1
    opened_everywhere(home, wrapping.working_identities())


def test_a_foreign_key_under_a_classes_name_is_not_believed(home: Path):
    hold(security_administrator())
    register = wrapping.register_at(home)
    assert register is not None
    foreign = wrapping.identity_file(pyrage.x25519.Identity.generate(), "planted")
    planted = pyrage.encrypt(
        foreign, [pyrage.x25519.Recipient.from_str(text) for text in register.wanted("age")], armored=True
    )
    for place in [home, *(root.folder for root in roots(home.parents[1]))]:
        (place / "key-internal.age").write_bytes(planted)
    with pytest.raises(KeysUnusable) as refused:
        keyring.protection(1, roots(home.parents[1]))
    assert codes(refused) == ["key_damaged"]


def test_a_wrong_password_opens_nothing(home: Path, secadmin, monkeypatch, capsys):
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("wrong\n"))
    from zhudang.preservation.keys import command

    assert command.rotate(username="secadmin") == 2
    assert "账号或密码不对" in capsys.readouterr().err
    assert not home.exists()


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
        working, recovered = (
            Identities(wrapping.working_identities()),
            Identities(shares.both(shares.combine(words[:2]))),
        )
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
    opened_everywhere(home, wrapping.working_identities())
