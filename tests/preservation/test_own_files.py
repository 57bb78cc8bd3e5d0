"""The store's own files and the files of the keys there: whatever is not as written is damage, told with both digests, mended, and kept aside."""

import hashlib
import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from filing.filing_support import NOW
from preservation.kept_project import KeptProject, roots
from preservation.key_support import hold, security_administrator
from preservation.key_support import home as home
from zhudang.audit.models import Entry
from zhudang.cli import doctor
from zhudang.events.models import Message
from zhudang.events.words import message as sentence
from zhudang.identity.rights import Actor
from zhudang.preservation import command, jobs, rounds
from zhudang.preservation.keys import given, keyring, recovery, wrapping
from zhudang.preservation.keys.command import status
from zhudang.preservation.keys.standing import standing
from zhudang.preservation.keys.wrapping import KeysUnusable
from zhudang.preservation.models import Reading
from zhudang.preservation.ocfl import layout
from zhudang.preservation.ocfl import root as storage_root

pytestmark = pytest.mark.django_db
KEY = "key-internal.age"


def sha256(data: bytes) -> str:
    return f"sha256 {hashlib.sha256(data).hexdigest()}"


def store(home: Path, code: str = "b") -> Path:
    return home.parents[1] / code / "store"


def told() -> dict[tuple[str, str], dict[str, str]]:
    """Site and path -> damage, of the newest reading; of each only what is no copy."""
    return {
        (each["site"], damage["path"]): damage
        for each in Reading.objects.first().wrong
        if each["object"] in {"store", "keys"}
        for damage in each["damages"]
    }


def states() -> dict[str, str]:
    return {place.code: place.state for place in standing(NOW).places}


def aside(home: Path, code: str = "b") -> dict[str, bytes]:
    folder = home.parents[1] / code / "quarantine"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def actor(home: Path) -> Actor:
    who = security_administrator()
    hold(who)
    return who


def test_a_destroyed_key_file_is_found_with_both_digests_told_set_aside_and_mended(home: Path, actor: Actor, capsys):
    good, rubbish = (store(home) / KEY).read_bytes(), os.urandom(808)
    (store(home) / KEY).write_bytes(rubbish)
    assert command.verify() == 1
    expected = {"code": "STO-002", "path": KEY, "expected": sha256(good), "found": sha256(rubbish)}
    assert told() == {("b", KEY): expected}
    assert f"expected {sha256(good)[:23]} found {sha256(rubbish)[:23]}" in capsys.readouterr().out
    assert command.verify(repair=True) == 0
    assert told() == {("b", KEY): expected}
    assert Message.objects.filter(kind="preservation.store.damaged").count() == 1
    assert (store(home) / KEY).read_bytes() == good
    assert aside(home) == {KEY: rubbish}
    assert command.verify() == 0 and told() == {}


@pytest.mark.parametrize("change", ["needed", "holder", "no register any more"])
def test_a_register_changed_at_a_site_is_damage_and_not_an_older_one(home: Path, actor: Actor, change: str):
    path = store(home) / "keys.json"
    good = path.read_bytes()
    document = json.loads(good)
    if change == "needed":
        document["recovery"]["needed"] = 3
    else:
        document["recovery"]["holders"][0]["holder"] = "别人"
    forged = (
        b"{"
        if change == "no register any more"
        else (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
    )
    path.write_bytes(forged)
    assert states() == {"a": "current", "b": "changed"}
    assert status() == 1
    assert command.verify() == 1
    [damage] = told().values()
    assert (damage["code"], damage["expected"], damage["found"]) == ("STO-002", sha256(good), sha256(forged))
    assert command.verify(repair=True) == 0
    assert path.read_bytes() == good
    assert aside(home) == {"keys.json": forged}


def test_a_key_file_that_is_gone_is_told_as_missing(home: Path, actor: Actor):
    good = (store(home) / KEY).read_bytes()
    (store(home) / KEY).unlink()
    assert states()["b"] == "missing"
    assert command.verify() == 1
    assert told() == {("b", KEY): {"code": "STO-001", "path": KEY, "expected": sha256(good), "found": ""}}
    assert command.verify(repair=True) == 0
    assert (store(home) / KEY).read_bytes() == good
    assert aside(home) == {}


def _rotate_without(home: Path, actor: Actor, code: str) -> None:
    """A rotation while a site cannot be reached, which is there again afterwards."""
    home.parents[1].joinpath(code).rename(home.parents[1] / "apart")
    recovery.rotate(actor=actor, now=NOW + timedelta(days=1))
    home.parents[1].joinpath("apart").rename(home.parents[1] / code)


def test_the_files_of_before_a_rotation_are_old_and_no_damage_and_are_brought_up_to_date(home: Path, actor: Actor):
    _rotate_without(home, actor, "b")
    assert states() == {"a": "current", "b": "stale"}
    assert command.verify() == 0 and told() == {}
    assert command.verify(repair=True) == 0 and told() == {}
    assert states() == {"a": "current", "b": "current"}
    assert aside(home) == {}
    assert not Message.objects.filter(kind="preservation.store.damaged").exists()


@pytest.mark.parametrize("name", [KEY, "keys.json"])
def test_what_is_changed_among_old_files_is_damage_all_the_same(home: Path, actor: Actor, name: str):
    _rotate_without(home, actor, "b")
    path = store(home) / name
    path.write_bytes(path.read_bytes().replace(b"\n", b"\n\n", 1))
    assert states()["b"] == "changed"
    assert command.verify() == 1
    assert told()["b", name]["code"] == "STO-002"


def test_an_old_key_file_under_the_register_in_force_is_no_state_we_ever_left(home: Path, actor: Actor):
    before = (store(home) / KEY).read_bytes()
    recovery.rotate(actor=actor, now=NOW + timedelta(days=1))
    (store(home) / KEY).write_bytes(before)
    assert states()["b"] == "changed"
    assert command.verify() == 1


def test_an_installation_from_before_the_list_of_what_was_given_begins_it_with_what_is_in_force(
    home: Path, actor: Actor
):
    (home / given.GIVEN).unlink()
    assert command.verify() == 0
    _rotate_without(home, actor, "b")
    assert states()["b"] == "stale"


def test_a_destroyed_key_file_here_is_mended_from_a_site_and_never_given_to_one(home: Path, actor: Actor):
    good, rubbish = (home / KEY).read_bytes(), os.urandom(300)
    (home / KEY).write_bytes(rubbish)
    (store(home) / KEY).unlink()
    assert command.verify() == 1
    assert set(told()) == {("keys", KEY), ("b", KEY)}
    keyring.equip(roots(home.parents[1]))
    assert (store(home, "a") / KEY).read_bytes() == good
    assert command.verify(repair=True) == 0
    assert (home / KEY).read_bytes() == (store(home) / KEY).read_bytes() == good
    assert rubbish in {path.read_bytes() for path in (home.parent / "quarantine").rglob(KEY)}


def test_a_register_changed_here_is_not_given_to_the_sites_but_mended_from_one(home: Path, actor: Actor):
    good = (home / "keys.json").read_bytes()
    (home / "keys.json").write_bytes(good.replace(b'"needed": 2', b'"needed": 3'))
    with pytest.raises(KeysUnusable, match="keys_register_changed"):
        keyring.protection(1, roots(home.parents[1]))
    keyring.equip(roots(home.parents[1]))
    assert (store(home) / "keys.json").read_bytes() == good
    assert command.verify() == 1
    assert told()["keys", "keys.json"]["expected"] == sha256(good)
    assert command.verify(repair=True) == 0
    assert (home / "keys.json").read_bytes() == good


def test_where_no_place_has_a_sound_one_left_it_stays_told_and_nothing_is_called_mended(home: Path, actor: Actor):
    for folder in (home, store(home, "a"), store(home, "b")):
        (folder / KEY).write_bytes(b"pay first")
    assert command.verify(repair=True) == 1
    assert {each["state"] for each in Reading.objects.first().wrong} == {"damaged"}


@pytest.mark.parametrize("name", ["README.txt", "ocfl_layout.json", f"extensions/{layout.EXTENSION}/config.json"])
def test_the_stores_own_files_are_told_with_both_digests_and_kept_aside(kept: KeptProject, tmp_path: Path, name: str):
    path = tmp_path / "a" / "store" / name
    good = path.read_bytes()
    path.write_bytes(b"{}")
    assert command.verify() == 1
    both = [hashlib.sha512(data).hexdigest() for data in (good, b"{}")]
    assert told() == {("a", name): {"code": "STO-002", "path": name, "expected": both[0], "found": both[1]}}
    assert command.verify(repair=True) == 0
    assert path.read_bytes() == good
    assert [each.read_bytes() for each in (tmp_path / "a" / "quarantine").rglob(path.name)] == [b"{}"]


def test_a_folder_in_the_place_of_the_text_is_set_aside_whole(kept: KeptProject, tmp_path: Path):
    path = tmp_path / "a" / "store" / "README.txt"
    path.unlink()
    path.mkdir()
    (path / "x").write_bytes(b"x")
    assert command.verify() == 1
    assert command.verify(repair=True) == 0
    assert path.read_bytes() == storage_root.readme()
    assert [each.read_bytes() for each in (tmp_path / "a" / "quarantine").rglob("x")] == [b"x"]


def test_keepers_are_told_once_of_the_same_damage_and_again_of_another(kept: KeptProject, tmp_path: Path):
    def messages() -> list[Any]:
        return list(Message.objects.filter(kind="preservation.store.damaged").order_by("at", "id"))

    path = tmp_path / "a" / "store" / "README.txt"
    path.write_bytes(b"x")
    command.verify()
    command.verify()
    [message] = messages()
    assert message.roles == ["archivist", "keeper", "security_admin"]
    assert "a库" in str(sentence(message.kind, message.data)) and "README.txt" in str(
        sentence(message.kind, message.data)
    )
    assert Entry.objects.filter(act="preservation.store.damaged").count() == 1
    assert command.verify(repair=True) == 0
    assert Entry.objects.get(act="preservation.store.repaired").data["damages"][0]["path"] == "README.txt"
    assert len(messages()) == 1
    path.write_bytes(b"x")
    assert command.verify(repair=True) == 0
    assert len(messages()) == 2


def test_every_night_they_are_looked_at_without_anyone_asking(home: Path, actor: Actor):
    good = (store(home) / KEY).read_bytes()
    (store(home) / KEY).write_bytes(b"rotten")
    jobs.look_at_own_files(0)
    assert (store(home) / KEY).read_bytes() == good
    assert Message.objects.filter(kind="preservation.store.damaged").exists()
    row = Reading.objects.get(asked_by=f"{rounds.BY_TURN}b")
    assert (row.repaired, row.wrong[0]["damages"][0]["found"]) == (1, sha256(b"rotten"))
    jobs.look_at_own_files(0)
    assert Reading.objects.count() == 1


def test_what_an_ingest_writes_over_is_set_aside_and_told_as_well(home: Path, actor: Actor):
    (store(home) / KEY).write_bytes(b"rotten")
    keyring.protection(1, roots(home.parents[1]))
    assert aside(home) == {KEY: b"rotten"}
    assert Message.objects.filter(kind="preservation.store.damaged").count() == 1
    assert Entry.objects.filter(act="preservation.store.repaired").count() == 1


def test_a_new_folder_that_gets_its_first_key_files_is_no_alarm(home: Path, actor: Actor, settings):
    settings.SITES = [*settings.SITES, {"code": "n", "name": "新库", "path": str(home.parents[1] / "n")}]
    assert command.call_in("n") == 0
    assert (home.parents[1] / "n" / "store" / KEY).exists()
    assert not Message.objects.filter(kind="preservation.store.damaged").exists()
    for path in (home.parents[1] / "n" / "store").glob("key*"):
        path.unlink()
    assert command.call_in("n") == 0
    assert Message.objects.filter(kind="preservation.store.damaged").count() == 1
    assert (home.parents[1] / "n" / "store" / KEY).exists()


def test_a_rotation_that_writes_over_a_damaged_file_keeps_it_aside_and_tells_it(home: Path, actor: Actor):
    (store(home) / KEY).write_bytes(b"rotten")
    recovery.rotate(actor=actor, now=NOW + timedelta(days=1))
    assert aside(home) == {KEY: b"rotten"}
    assert Message.objects.filter(kind="preservation.store.damaged").count() == 1
    assert states() == {"a": "current", "b": "current"}


def test_the_doctor_tells_old_changed_and_missing_apart(home: Path, actor: Actor):
    def said() -> list[tuple[str, str]]:
        return [(row.verdict, row.said) for row in doctor.holding_keys() if row.part.endswith(" b")]

    _rotate_without(home, actor, "b")
    [(verdict, old)] = said()
    assert verdict == "attention" and "旧" in old
    (store(home) / KEY).write_bytes(b"rotten")
    [(verdict, changed)] = said()
    assert verdict == "ill" and "旧" not in changed
    shutil.rmtree(store(home) / "extensions")
    wrapping.spread(keyring.load().register, store(home))
    (store(home) / KEY).unlink()
    [(verdict, missing)] = said()
    assert verdict == "ill" and "缺" in missing
