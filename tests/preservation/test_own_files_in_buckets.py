"""In a bucket as in a folder: the root's own files, those of the keys, and an object rewritten to fit itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from filing.filing_support import NOW
from preservation.ceph import APPLICATION
from preservation.kept_project import KeptProject, site_settings
from preservation.s3_support import Far
from preservation.test_own_files import sha256, told
from preservation.test_s3_sites import settings_of
from preservation.test_s3_sites import site as site
from preservation.test_sealed_holdings import hold
from zhudang.events.models import Message
from zhudang.preservation import catching_up, command
from zhudang.preservation.bucket import credentials
from zhudang.preservation.bucket.versions import by_key
from zhudang.preservation.keys import wrapping
from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl.inventory import sidecar
from zhudang.preservation.sites import places

pytestmark = [pytest.mark.django_db, pytest.mark.debian]
KEY = "key-internal.age"


@pytest.fixture
def kept(site: None) -> KeptProject:
    project = KeptProject()
    project.preserve()
    return project


def test_a_destroyed_key_file_and_text_are_told_with_both_digests_set_aside_and_mended(kept: KeptProject, far: Far):
    assert command.call_in("s") == command.OK
    hold()
    assert command.verify() == command.OK, "what the next hourly run is to bring is no damage before it"
    assert catching_up.by_itself("s") is not None
    assert not Message.objects.filter(kind="preservation.store.damaged").exists()
    good = (wrapping.folder() / KEY).read_bytes()
    far.rot(f"store/{KEY}")
    far.rot("store/README.txt")
    assert command.verify() == command.WRONG
    found = told()
    assert (found["s", KEY]["expected"], found["s", KEY]["found"]) == (sha256(good), sha256(b"rotten"))
    assert found["s", "README.txt"]["found"] == hashlib.sha512(b"rotten").hexdigest()
    assert command.verify(repair=True) == command.OK
    assert far.root.read(KEY) == good
    assert [len(each) for each in by_key(far.bucket, far.root.key(KEY))] == [3], "what was written over stays a version"
    assert far.listed("quarantine/") == []
    assert Message.objects.filter(kind="preservation.store.damaged").count() == 1


def test_the_hourly_run_tells_what_it_writes_over_and_sets_it_aside_where_no_versions_are_kept(
    unversioned: Far, settings, tmp_path: Path
):
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    settings.SITES = [*site_settings(tmp_path), settings_of(unversioned)]
    settings.CONTENT_ROOT = str(tmp_path / "content")
    credentials.write("s", APPLICATION)
    hold()
    KeptProject().preserve()
    assert command.call_in("s") == command.OK
    key = unversioned.rot("store/keys.json")
    assert command.call_in("s") == command.OK
    assert Message.objects.filter(kind="preservation.store.damaged").count() == 1
    [aside] = [path for path in unversioned.listed("quarantine/") if path.endswith("/keys.json")]
    assert unversioned.bucket.read(f"{unversioned.prefix}/{aside}") == b"rotten"
    assert unversioned.bucket.read(key) == (wrapping.folder() / "keys.json").read_bytes()


def test_an_object_rewritten_with_its_inventories_is_told_by_the_file_that_was_changed(kept: KeptProject, far: Far):
    assert command.call_in("s") == command.OK
    item = ArchivalObject.objects.filter(kind="volume").earliest("id")
    start, root = far.root._start(item.ocfl_id), next(place.root for place in places(NOW) if place.root)
    original = "v1/content/files/0001.pdf"
    good = hashlib.sha512((root.object_folder(item.ocfl_id) / original).read_bytes()).hexdigest()
    bad = hashlib.sha512(b"forged").hexdigest()
    document = json.loads(
        (far.root.object_file(item.ocfl_id, "inventory.json") or b"").replace(good.encode(), bad.encode())
    )
    document["fixity"] = {}
    forged = json.dumps(document).encode()
    far.owner.put(start + original, b"forged")
    for folder in ("", "v1/"):
        far.owner.put(f"{start}{folder}inventory.json", forged)
        far.owner.put(f"{start}{folder}inventory.json.sha512", sidecar(forged))
    assert command.verify() == command.WRONG
    damages = {each["path"]: each for each in Copy.objects.get(site__code="s", object=item).damages}
    assert (damages[original]["expected"], damages[original]["found"]) == (good, bad)
    assert damages["inventory.json"]["expected"] == item.inventory_sha512
    assert command.verify(repair=True) == command.OK
    assert far.root.version_sha512(item.ocfl_id, 1) == item.inventory_sha512
