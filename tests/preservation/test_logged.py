"""Copies that disagree are settled by the log: a copy and its row made to fit each other by hand do not win."""

import hashlib
import json
from pathlib import Path

import pytest
from django.utils import timezone

from preservation.kept_project import KeptProject, roots
from preservation.ocfl_support import judged_by_ocfl_py, tree
from zhudang.audit.models import Entry
from zhudang.events.models import Message
from zhudang.preservation import command, copy_reading, logged
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl.root import StorageRoot

pytestmark = pytest.mark.django_db


def forge(root: StorageRoot, item: ArchivalObject) -> str:
    """Change an original and make the object sound again around it; gives the SHA-512 of its inventory now."""
    folder = root.object_folder(item.ocfl_id)
    original = folder / "v1/content/files/0001.pdf"
    before = hashlib.sha512(original.read_bytes()).hexdigest()
    original.write_bytes(original.read_bytes() + b"% forged\n")
    inventory = json.loads((folder / "inventory.json").read_text())
    text = json.dumps(inventory).replace(before, hashlib.sha512(original.read_bytes()).hexdigest())
    inventory = json.loads(text)
    inventory["fixity"] = {}
    data = json.dumps(inventory, indent=2).encode()
    digest = hashlib.sha512(data).hexdigest()
    for place in (folder, folder / f"v{item.version}"):
        (place / "inventory.json").write_bytes(data)
        (place / "inventory.json.sha512").write_text(f"{digest} inventory.json\n")
    forged = root.inventory(item.ocfl_id)
    assert forged is not None
    return forged.sha512


@pytest.fixture
def forged(kept: KeptProject, tmp_path: Path) -> ArchivalObject:
    """A volume whose copy at a, and every row, tell the forged bytes; the copy at b is as it was written."""
    item = ArchivalObject.objects.filter(kind="volume").earliest("id")
    digest = forge(roots(tmp_path)[0], item)
    ArchivalObject.objects.filter(pk=item.pk).update(inventory_sha512=digest)
    Copy.objects.filter(object=item).update(inventory_sha512=digest)
    return item


def test_what_stands_in_the_log_wins_over_row_and_copy(forged: ArchivalObject, tmp_path: Path):
    a, b = roots(tmp_path)
    sound = tree(b.object_folder(forged.ocfl_id))
    assert command.verify(repair=True) == 0
    row = ArchivalObject.objects.get(pk=forged.pk)
    assert row.inventory_sha512 == forged.inventory_sha512
    assert tree(a.object_folder(forged.ocfl_id)) == tree(b.object_folder(forged.ocfl_id)) == sound
    assert judged_by_ocfl_py([a, b]) == []
    entry = Entry.objects.get(act=logged.SETTLED)
    assert entry.data["inventory_sha512"] == forged.inventory_sha512 != entry.data["row_inventory_sha512"]
    assert Message.objects.filter(kind=logged.SETTLED).exists()


def test_verify_alone_tells_and_changes_nothing_but_what_it_found(forged: ArchivalObject, tmp_path: Path, capsys):
    a, b = roots(tmp_path)
    before = [tree(root.folder) for root in (a, b)]
    assert command.verify() == 1
    assert "STO-007" in capsys.readouterr().out
    assert [tree(root.folder) for root in (a, b)] == before
    assert ArchivalObject.objects.get(pk=forged.pk).inventory_sha512 != forged.inventory_sha512
    states = dict(Copy.objects.filter(object=forged).values_list("site__code", "state"))
    assert states == {"a": "damaged", "b": "verified"}


def test_a_copy_read_in_turn_is_held_against_the_log_too(forged: ArchivalObject, tmp_path: Path):
    from zhudang.preservation.sites import places

    at_a = next(place for place in places() if place.code == "a")
    copy = Copy.objects.select_related("object").get(object=forged, site_id=at_a.site_id)
    said = logged.said_of([forged.pk])
    told = copy_reading.read_copy(copy, at_a, list(places()), repair=True, now=timezone.now(), said=said)
    assert told.state == "repaired"
    a, b = roots(tmp_path)
    assert tree(a.folder) == tree(b.folder)


def test_a_row_that_tells_an_older_version_is_put_back(kept: KeptProject):
    ArchivalObject.objects.filter(kind="project").update(version=99)
    assert command.verify(repair=True) == 0
    assert ArchivalObject.objects.get(kind="project").version != 99


def test_where_the_log_tells_nothing_the_row_counts(
    forged: ArchivalObject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # As after a rebuild: the rows came from the store, the log of before did not.
    monkeypatch.setattr(logged, "KEPT", ("preservation.volume.never",))
    assert list(logged.disagreements()) == []
    assert command.verify() == 1
    states = dict(Copy.objects.filter(object=forged).values_list("site__code", "state"))
    assert states == {"a": "verified", "b": "damaged"}


def test_an_inventory_laid_out_otherwise_is_not_the_one_that_was_written(kept: KeptProject, tmp_path: Path):
    item = ArchivalObject.objects.filter(kind="volume").earliest("id")
    folder = roots(tmp_path)[0].object_folder(item.ocfl_id)
    data = json.dumps(json.loads((folder / "inventory.json").read_text())).encode()
    for place in (folder, folder / f"v{item.version}"):
        (place / "inventory.json").write_bytes(data)
        (place / "inventory.json.sha512").write_text(f"{hashlib.sha512(data).hexdigest()} inventory.json\n")
    assert command.verify() == 1
    assert dict(Copy.objects.filter(object=item).values_list("site__code", "state")) == {
        "a": "damaged",
        "b": "verified",
    }
