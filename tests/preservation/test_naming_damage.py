"""A damaged copy is told file by file with both digests, also where its own inventory was made to fit what was changed."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from preservation.kept_project import KeptProject, roots
from preservation.test_logged import forge
from zhudang.preservation import command
from zhudang.preservation.models import ArchivalObject, Copy, Reading
from zhudang.preservation.ocfl.inventory import sidecar

pytestmark = pytest.mark.django_db
ORIGINAL = "v1/content/files/0001.pdf"


def sha512(path: Path) -> str:
    return hashlib.sha512(path.read_bytes()).hexdigest()


def a_volume() -> ArchivalObject:
    return ArchivalObject.objects.filter(kind="volume").earliest("id")


def told(item: ArchivalObject, tmp_path: Path) -> dict[str, tuple[str, str, str]]:
    """Path -> code, expected and found, by the JSON of the command."""
    assert command.verify(json_path=tmp_path / "out.json") == 1
    wrong = json.loads((tmp_path / "out.json").read_text())["wrong"]
    [one] = [each for each in wrong if each["object"] == item.ocfl_id]
    return {each["path"]: (each["code"], each["expected"], each["found"]) for each in one["damages"]}


def digests(item: ArchivalObject, root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): sha512(path) for path in root.rglob("*") if path.is_file()}


def test_an_object_rewritten_with_its_inventories_is_told_by_the_file_that_was_changed(
    kept: KeptProject, tmp_path: Path
):
    item, (a, b) = a_volume(), roots(tmp_path)
    good = digests(item, b.object_folder(item.ocfl_id))
    forge(a, item)
    bad = digests(item, a.object_folder(item.ocfl_id))
    changed = {path for path in good if good[path] != bad[path]}
    heads = ["inventory.json", "inventory.json.sha512", "v1/inventory.json", "v1/inventory.json.sha512"]
    assert changed == {ORIGINAL, *heads}
    inventories = {"inventory.json", "v1/inventory.json"}
    assert told(item, tmp_path) == {
        path: ("STO-004" if path in inventories else "STO-002", good[path], bad[path]) for path in changed
    }


def test_where_nowhere_a_sound_inventory_is_left_the_digests_that_are_known_are_told(kept: KeptProject, tmp_path: Path):
    item, (a, b) = a_volume(), roots(tmp_path)
    forged = forge(a, item)
    shutil.rmtree(b.object_folder(item.ocfl_id))
    assert told_at("a", item, tmp_path) == {"inventory.json": ("STO-004", item.inventory_sha512, forged)}
    assert told_at("b", item, tmp_path) == {"inventory.json": ("STO-001", item.inventory_sha512, "")}


@pytest.mark.parametrize("noise", [b"\0\1" * 70, b"\xff\x00 inventory.json\n", b"(no digest) inventory.json\n", b"\n"])
def test_noise_where_a_digest_was_is_no_digest_and_stops_nothing(kept: KeptProject, tmp_path: Path, noise: bytes):
    """No other place holds a sound copy, so what lies there is all that can be told."""
    item, (a, b) = a_volume(), roots(tmp_path)
    shutil.rmtree(b.object_folder(item.ocfl_id))
    for path in a.object_folder(item.ocfl_id).rglob("inventory.json*"):
        path.write_bytes(noise)
    found = hashlib.sha512(noise).hexdigest()
    assert told_at("a", item, tmp_path)["inventory.json"] == ("STO-004", item.inventory_sha512, found)


def told_at(code: str, item: ArchivalObject, tmp_path: Path) -> dict[str, tuple[str, str, str]]:
    assert command.verify() == 1
    copy = Copy.objects.get(site__code=code, object=item)
    return {each["path"]: (each["code"], each["expected"], each["found"]) for each in copy.damages}


def test_the_head_rewritten_alone_is_told_by_the_inventory_of_its_version(kept: KeptProject, tmp_path: Path):
    """Also with one site: the copy itself still holds the inventory that counts."""
    item, (a, b) = a_volume(), roots(tmp_path)
    shutil.rmtree(b.object_folder(item.ocfl_id))
    folder = a.object_folder(item.ocfl_id)
    good = sha512(folder / "inventory.json")
    (folder / "inventory.json").write_bytes(b"{}")
    (folder / "inventory.json.sha512").write_bytes(sidecar(b"{}"))
    found = told_at("a", item, tmp_path)
    assert found["inventory.json"] == ("STO-004", good, hashlib.sha512(b"{}").hexdigest())
    assert set(found) == {"inventory.json", "inventory.json.sha512"}


def test_two_objects_that_changed_places_are_told_file_by_file(kept: KeptProject, tmp_path: Path):
    item, other = ArchivalObject.objects.order_by("kind")[:2]
    a, b = roots(tmp_path)
    one, two = a.object_folder(item.ocfl_id), a.object_folder(other.ocfl_id)
    one.rename(tmp_path / "swap")
    two.rename(one)
    (tmp_path / "swap").rename(two)
    good = digests(item, b.object_folder(item.ocfl_id))
    bad = digests(item, one)
    found = told(item, tmp_path)
    assert found["inventory.json"] == ("STO-004", good["inventory.json"], bad["inventory.json"])
    assert {path for path, (code, _, _) in found.items() if code == "STO-001"} == good.keys() - bad.keys()
    assert {path for path, (code, _, _) in found.items() if code == "STO-003"} == bad.keys() - good.keys()
    for path, (_, expected, there) in found.items():
        assert (expected, there) == (good.get(path, ""), bad.get(path, ""))


def test_a_file_too_many_is_told_with_what_it_holds(kept: KeptProject, tmp_path: Path):
    item = a_volume()
    (roots(tmp_path)[0].object_folder(item.ocfl_id) / "v1/content/left.txt").write_bytes(b"x")
    assert told(item, tmp_path) == {"v1/content/left.txt": ("STO-003", "", hashlib.sha512(b"x").hexdigest())}


@pytest.mark.parametrize("name", ["0=ocfl_object_1.1", "v1/inventory.json.sha512", "v1/inventory.json"])
def test_files_outside_the_manifest_have_both_digests_too(kept: KeptProject, tmp_path: Path, name: str):
    item = a_volume()
    path = roots(tmp_path)[0].object_folder(item.ocfl_id) / name
    good = sha512(path)
    path.write_bytes(b"x")
    code = "STO-004" if name == "v1/inventory.json" else "STO-002"
    assert told(item, tmp_path) == {name: (code, good, hashlib.sha512(b"x").hexdigest())}
    path.unlink()
    gone = "STO-005" if name.startswith("0=") else "STO-001"
    assert told(item, tmp_path) == {name: (gone, good, "")}


def test_what_does_not_belong_in_a_store_is_told_with_its_digest_and_a_pipe_is_not_waited_for(
    kept: KeptProject, tmp_path: Path
):
    store = roots(tmp_path)[0].folder
    (store / "x.txt").write_bytes(b"x")
    os.mkfifo(store / "pipe")
    assert command.verify() == 1
    found = {each["object"]: each["damages"] for each in Reading.objects.first().wrong}
    assert [each["found"] for each in found["x.txt"]] == [hashlib.sha512(b"x").hexdigest()]
    assert found["pipe"] == []
