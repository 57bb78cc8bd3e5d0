"""Holdings whose class is encrypted: kept, read back, mended, counted, and rebuilt from one copy with the keys or the shares."""

import hashlib
import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from filing.filing_support import NOW
from preservation.kept_project import KeptProject, roots, site_settings
from preservation.key_support import HOLDERS, classes_of
from preservation.ocfl_support import judged_by_ocfl_py, tree
from preservation.test_key_shares import readme_lines, readme_script
from preservation.test_national_suite import openssl
from preservation.test_rebuilding import _another_empty_database, _exports, _objects
from zhudang.content.models import File
from zhudang.filing.models import Record
from zhudang.identity.models import Account
from zhudang.identity.rights import SYSTEM
from zhudang.preservation import books, command, ingesting, keeping
from zhudang.preservation.keys import ceremony, keyring, recovery, shares, wrapping
from zhudang.preservation.keys.protection import Protection
from zhudang.preservation.models import ArchivalObject, BookComparison, Copy, Ingest
from zhudang.preservation.ocfl import reader, sealing
from zhudang.preservation.sites import places as all_places
from zhudang.registry.models import Project


@pytest.fixture
def places(settings, tmp_path: Path) -> Path:
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    (tmp_path / "data").mkdir()
    return tmp_path


def hold() -> list[str]:
    """A ceremony; gives the shares."""
    all_places(NOW)
    under_way = ceremony.begin(actor=SYSTEM, needed=2, holders=HOLDERS)
    words = [under_way.share(number) for number in (1, 2, 3)]
    for number, share in enumerate(words, 1):
        under_way.type_back(number, share)
    ceremony.finish(under_way, now=NOW)
    return words


@pytest.mark.django_db
@pytest.mark.parametrize("suite", ["age", "sm"])
def test_internal_holdings_are_encrypted_as_soon_as_there_are_keys_and_tell_nothing(places: Path, settings, suite: str):
    if suite == "sm":
        settings.KEY_CLASSES = classes_of(places, "internal")
    hold()
    project = KeptProject()
    project.preserve()
    assert Ingest.objects.get().state == "done"
    assert set(ArchivalObject.objects.values_list("protection", "class_level")) == {("sealed", 1)}
    a, b = roots(places)
    assert tree(a.folder) == tree(b.folder)
    assert judged_by_ocfl_py([a, b]) == []
    everything = b"".join(data for path, data in tree(a.folder).items() if path != "README.txt")
    titles = [record.title for record in Record.objects.all()] + [Project.objects.get().name]
    for told in [*titles, "description.json", "registry.project", "%PDF"]:
        assert told.encode() not in everything
    assert command.verify() == 0
    for row in ArchivalObject.objects.all():
        folder, inventory = a.object_folder(row.ocfl_id), a.inventory(row.ocfl_id)
        keys = keyring.identities([a])
        document = reader.read_json(folder, inventory, "description.json", keys)
        assert document["format"] in {"zhudang-description/2", "zhudang-catalogue/1"}


@pytest.mark.django_db
def test_the_page_of_an_encrypted_object_does_not_send_people_to_a_file_that_is_not_there(places: Path, client):
    hold()
    KeptProject().preserve()
    client.force_login(Account.objects.get(username="archivist"))
    page = client.get(f"/preservation/{ArchivalObject.objects.filter(kind='volume').first().pk}/").content.decode()
    assert "凭密钥才读得到" in page
    assert "原名见 description.json" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("later", ["age", "sm"])
def test_keeping_the_same_again_makes_no_version_and_a_change_makes_one(places: Path, settings, later: str):
    hold()
    project = KeptProject()
    project.preserve()
    before = tree(roots(places)[0].folder)
    assert ingesting.keep_project(project.project_id) is False
    assert tree(roots(places)[0].folder) == before
    if later == "sm":
        settings.KEY_CLASSES = classes_of(places, "internal")
        assert ingesting.keep_project(project.project_id) is False
    Record.objects.filter(id=project.record_ids[0]).update(notes="补记")
    assert ingesting.keep_project(project.project_id) is True
    row = ArchivalObject.objects.get(id=project.project_id)
    assert (row.version, row.protection) == (2, "sealed")
    index = {"age": "index.age", "sm": "index.p7m"}[later]
    assert index in roots(places)[0].inventory(row.ocfl_id).state
    assert command.verify() == 0
    a, b = roots(places)
    assert tree(a.folder) == tree(b.folder)
    assert judged_by_ocfl_py([a, b]) == []


@pytest.mark.django_db
def test_a_store_of_plain_objects_stays_readable_and_their_next_versions_are_encrypted_and_told(places: Path):
    project = KeptProject()
    project.preserve()
    assert set(ArchivalObject.objects.values_list("protection", flat=True)) == {"plain"}
    hold()
    assert ingesting.keep_project(project.project_id) is False
    Record.objects.filter(id=project.record_ids[0]).update(notes="补记")
    ingesting.keep_project(project.project_id)
    row = ArchivalObject.objects.get(id=project.project_id)
    assert (row.version, row.protection) == (2, "mixed")
    assert command.verify() == 0
    from zhudang.preservation.keys.standing import standing

    [internal] = [each for each in standing(NOW).classes if each.row.code == "internal"]
    assert internal.exposed == ArchivalObject.objects.count()
    assert (internal.mixed, internal.sealed) == (1, 0)


@pytest.mark.django_db
def test_a_secret_record_makes_the_volume_and_the_catalogue_that_names_it_as_secret(places: Path):
    hold()
    project = KeptProject()
    Record.objects.filter(id=project.record_ids[0]).update(level=2)
    project.preserve()
    levels = dict(ArchivalObject.objects.values_list("kind", "class_level"))
    assert levels == {"volume": 2, "project": 2}
    a = roots(places)[0]
    keys = keyring.load()
    assert keys is not None
    for row in ArchivalObject.objects.all():
        held = reader.held_files(a.object_folder(row.ocfl_id), a.inventory(row.ocfl_id), keys.identities)
        assert {file.key for file in held.values()} == {keys.register.key_of("secret", "age").recipient}


@pytest.mark.django_db
def test_a_class_that_waits_for_keys_stores_nothing_and_goes_on_by_itself_after_the_ceremony(places: Path):
    from zhudang.preservation import nightly

    project = KeptProject()
    Record.objects.filter(id=project.record_ids[0]).update(level=2)
    project.preserve()
    row = Ingest.objects.get()
    assert (row.state, row.stopped_because["code"]) == ("stopped", "preservation.keys_first")
    assert not ArchivalObject.objects.exists()
    assert nightly.resume_what_can() == 1
    hold()
    ingesting.preserve_transfer(project.transfer_id)
    assert Ingest.objects.get().state == "done"


@pytest.mark.django_db
def test_with_the_working_key_lost_nothing_is_stored_in_the_clear_instead(places: Path):
    words = hold()
    project = KeptProject()
    shutil.rmtree(places / "data" / "keys")
    project.preserve()
    row = Ingest.objects.get()
    assert (row.state, row.stopped_because["code"]) == ("stopped", "preservation.keys_lost")
    assert not list((places / "a" / "store").rglob("inventory.json"))
    recovery.recover(words[:2], now=NOW)
    ingesting.resume(actor=SYSTEM, transfer_id=project.transfer_id, now=NOW)
    ingesting.preserve_transfer(project.transfer_id)
    assert Ingest.objects.get().state == "done"
    assert set(ArchivalObject.objects.values_list("protection", flat=True)) == {"sealed"}


@pytest.mark.django_db
def test_a_damaged_encrypted_copy_is_mended_without_any_key(places: Path):
    hold()
    KeptProject().preserve()
    shutil.rmtree(places / "data" / "keys")
    a, b = roots(places)
    next(b.folder.rglob("0001.age")).write_bytes(b"rotten")
    assert command.verify() == 1
    assert command.verify(repair=True) == 0
    assert tree(a.folder) == tree(b.folder)
    assert set(Copy.objects.values_list("state", flat=True)) == {"verified"}


@pytest.mark.django_db
def test_the_books_agree_over_encrypted_volumes_and_refuse_to_guess_without_keys(places: Path):
    hold()
    project = KeptProject()
    project.preserve()
    books.compare(actor=SYSTEM, now=NOW)
    row = BookComparison.objects.get()
    assert row.difference_count == 0
    assert len({(side["volumes"], side["files"], side["bytes"]) for side in row.sides}) == 1
    b = roots(places)[1]
    next(b.object_folder(f"urn:uuid:{project.volume_ids[0]}").rglob("0006.age")).unlink()
    books.compare(actor=SYSTEM, now=NOW + timedelta(hours=1))
    assert BookComparison.objects.first().difference_count == 1
    (places / "data" / "keys" / "working.key").unlink()
    with pytest.raises(wrapping.KeysUnusable):
        books.compare(actor=SYSTEM, now=NOW)


@pytest.mark.django_db
def test_a_version_that_the_keys_do_not_open_is_never_called_kept(places: Path, monkeypatch):
    hold()
    project = KeptProject()
    wrong = sealing.Identities()
    real = keyring.protection

    def of_another_key(level, found):
        told = real(level, found)
        return Protection(told.key_class, told.recipient, wrong)

    monkeypatch.setattr(keeping.keyring, "protection", of_another_key)
    project.preserve()
    assert Ingest.objects.get().stopped_because["code"] == "preservation.copy_differs"
    assert not Record.objects.filter(state="preserved").exists()


@pytest.mark.parametrize(("by", "suite"), [("working key", "age"), ("shares", "sm")])
def test_the_catalogue_is_rebuilt_from_one_encrypted_copy(
    committed_db, cluster, django_db_blocker, places: Path, settings, by: str, suite: str
):
    if suite == "sm":
        settings.KEY_CLASSES = classes_of(places, "internal")
    with django_db_blocker.unblock():
        words = hold()
        for tag, code in (("", "2403-990241-48-01-012345"), ("乙", "2403-990241-48-01-012346")):
            KeptProject(code, tag).preserve()
        lost, lost_objects = _exports(), _objects()
        protection = list(ArchivalObject.objects.order_by("id").values_list("id", "class_level", "protection"))
        assert {row[2] for row in protection} == {"sealed"}
        shutil.rmtree(places / "content")
        if by == "shares":
            shutil.rmtree(places / "data" / "keys")
        with _another_empty_database(cluster):
            if by == "shares":
                assert command.rebuild("b") == 2
                assert not Project.objects.exists()
                all_places(NOW)
                recovery.recover(words[1:], now=NOW)
            assert command.rebuild("b") == 0
            assert _exports() == lost
            assert _objects() == lost_objects
            found = list(ArchivalObject.objects.order_by("id").values_list("id", "class_level", "protection"))
            assert found == protection
            for file in File.objects.select_related("blob"):
                assert (places / "content/blobs" / file.blob.sha256[:2] / file.blob.sha256).exists()
            assert command.verify() == 0


def test_a_damaged_encrypted_catalogue_is_not_believed_and_the_other_site_serves(
    committed_db, cluster, django_db_blocker, places: Path
):
    with django_db_blocker.unblock():
        hold()
        project = KeptProject()
        project.preserve()
        lost = _exports()
        folder = roots(places)[0].object_folder(f"urn:uuid:{project.project_id}")
        path = next(iter(folder.rglob("sealed/0002.age")))
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        with _another_empty_database(cluster):
            assert command.rebuild("a") == 2
            assert not Project.objects.exists()
            assert command.rebuild("b") == 0
            assert _exports() == lost


@pytest.mark.debian
@pytest.mark.skipif(shutil.which("age") is None, reason="the Debian package age is not installed")
@pytest.mark.django_db
def test_a_person_with_the_readme_the_shares_and_standard_programs_reads_a_record(places: Path, tmp_path: Path):
    words = hold()
    project = KeptProject()
    project.preserve()
    store = roots(places)[1].folder
    (tmp_path / "recovery.py").write_text(readme_script())
    from zhudang.preservation.keys import bech32

    number = bech32.secret_key_bytes(str(shares.combine(words[:2]))).hex()  # as `shamir recover` prints it
    steps = f"""
        set -e
        python3 {tmp_path}/recovery.py {number} > {tmp_path}/recovery.txt
        for f in key-*.age; do age -d -i {tmp_path}/recovery.txt "$f"; done > {tmp_path}/identities.txt
        object=$(find . -path '*{project.volume_ids[0]}' -type d)
        age -d -i {tmp_path}/identities.txt "$object/v1/content/index.age" > {tmp_path}/index.json
        stored=$(python3 -c 'import json,sys; print(next(f["stored_as"] for f in json.load(open(sys.argv[1]))["files"] if f["path"] == "files/0001.pdf"))' {tmp_path}/index.json)
        age -d -i {tmp_path}/identities.txt "$object/v1/content/$stored" > {tmp_path}/0001.pdf
    """
    subprocess.run(["bash", "-c", steps], cwd=store, check=True)
    listed = json.loads((tmp_path / "index.json").read_text())["files"]
    [told] = [file for file in listed if file["path"] == "files/0001.pdf"]
    summed = subprocess.run(["sha256sum", str(tmp_path / "0001.pdf")], capture_output=True, text=True, check=True)
    assert summed.stdout.split()[0] == told["sha256"]
    assert told["sha256"] in {file.blob.sha256 for file in File.objects.select_related("blob")}


@pytest.mark.debian
@openssl
@pytest.mark.django_db
@pytest.mark.parametrize("by", ["working key", "shares"])
def test_a_person_with_the_readme_and_openssl_reads_a_record_of_the_national_suite(
    places: Path, tmp_path: Path, settings, by: str
):
    settings.KEY_CLASSES = classes_of(places, "internal")
    words = hold()
    project = KeptProject()
    project.preserve()
    store = roots(places)[1].folder
    from zhudang.preservation.keys import bech32

    number = bech32.secret_key_bytes(str(shares.combine(words[:2]))).hex()  # as `shamir recover` prints it
    first = f"sm_key {number}" if by == "shares" else f"sed -n 's/^#~ //p' {places}/data/keys/working.key"
    steps = f"""
        {first} > {tmp_path}/recovery.pem
        sm_open {tmp_path}/recovery.pem key-internal.p7m > {tmp_path}/internal.pem
        object=$(find . -path '*{project.volume_ids[0]}' -type d)
        sm_open {tmp_path}/internal.pem "$object/v1/content/index.p7m" > {tmp_path}/index.json
        stored=$(python3 -c 'import json,sys; print(next(f["stored_as"] for f in json.load(open(sys.argv[1]))["files"] if f["path"] == "files/0001.pdf"))' {tmp_path}/index.json)
        sm_open {tmp_path}/internal.pem "$object/v1/content/$stored" > {tmp_path}/0001.pdf
    """
    subprocess.run(["sh", "-c", f"set -e\n{readme_lines('sm_open()')}{steps}"], cwd=store, check=True)
    listed = json.loads((tmp_path / "index.json").read_text())["files"]
    [told] = [file for file in listed if file["path"] == "files/0001.pdf"]
    assert hashlib.sha256((tmp_path / "0001.pdf").read_bytes()).hexdigest() == told["sha256"]
    assert told["sha256"] in {file.blob.sha256 for file in File.objects.select_related("blob")}
