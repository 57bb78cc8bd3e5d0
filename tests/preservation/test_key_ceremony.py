"""The ceremony: nothing counts before all have typed their shares back, nothing secret is written, nobody else may."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from filing.filing_support import NOW, person
from preservation.kept_project import roots
from preservation.key_support import HOLDERS, PASSWORD, codes, hold, opened_everywhere, security_administrator
from preservation.key_support import home as home
from preservation.key_support import secadmin as secadmin
from preservation.ocfl_support import judged_by_ocfl_py
from zhudang.audit.models import Entry
from zhudang.cli.main import app
from zhudang.identity import operations as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import SYSTEM
from zhudang.preservation.keys import ceremony, keyring, recovery, shares, wrapping
from zhudang.preservation.keys.ceremony import CannotHold
from zhudang.preservation.keys.register import read_register
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.shared.refusals import Forbidden

pytestmark = pytest.mark.django_db


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
    secrets = [str(key).encode(), shares.national(key).secret, *(share.encode() for share in words)]
    assert not [path for path, data in written.items() for secret in secrets if secret in data]
    for mark in (rb"AGE-SECRET-KEY-1[A-Z0-9]{58}", rb"-----BEGIN [A-Z ]*PRIVATE KEY"):
        assert {path.name for path, data in written.items() if re.search(mark, data)} == {"working.key"}
    assert not Entry.objects.filter(data__icontains=words[0].split()[4] + " " + words[0].split()[5]).exists()
    opened_everywhere(home, shares.both(key))
    opened_everywhere(home, wrapping.working_identities())


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


def test_before_any_ceremony_internal_is_kept_plain_and_secret_waits(home: Path):
    assert keyring.protection(0, roots(home.parents[1])).recipient == ""
    assert keyring.protection(1, roots(home.parents[1])).recipient == ""
    with pytest.raises(KeysUnusable) as refused:
        keyring.protection(2, roots(home.parents[1]))
    assert codes(refused) == ["keys_first"]


def _shown_shares(printed: str) -> list[str]:
    pages = [page for page in printed.split("\f") if page.strip()]
    return [shares.normal(page.split("-" * 72)[1]) for page in pages]


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
    opened_everywhere(home, shares.both(shares.combine(words[:2])))
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


def test_every_keys_command_is_offered_in_both_languages():
    told = CliRunner().invoke(app, ["keys"]).output
    for name in ("ceremony", "rotate", "recover", "status"):
        assert name in told
        help_text = CliRunner().invoke(app, ["keys", name, "--help"]).output
        assert re.search(r"[一-鿿]", help_text)
        assert re.search(r"[a-z]{4,}", help_text)
