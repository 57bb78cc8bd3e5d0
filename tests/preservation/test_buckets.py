"""A storage root in a bucket of a real S3 server (Ceph): what is written, in which order, read back, mended, never deleted."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from preservation.ocfl_support import ACT, OBJECT, contents, judged_by_ocfl_py, tree, two_places
from preservation.s3_support import Far, fetched
from zhudang.preservation.bucket import client, fetching, proving, uploading
from zhudang.preservation.bucket.client import Bucket, BucketUnreachable
from zhudang.preservation.bucket.credentials import Credentials
from zhudang.preservation.bucket.root import BucketRoot
from zhudang.preservation.ocfl.content import SourceChanged
from zhudang.preservation.ocfl.inventory import sidecar
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.ocfl.verifier import CHANGED, INVENTORY_BAD, MISSING, UNEXPECTED
from zhudang.preservation.ocfl.writer import write_version

pytestmark = pytest.mark.debian
NOW = datetime(2026, 11, 29, tzinfo=UTC)
MIB = 1024 * 1024
FILES = {"files/0001.pdf": b"one" * 1000, "files/0002.pdf": b"two"}


@pytest.fixture
def source(tmp_path: Path) -> StorageRoot:
    places = two_places(tmp_path)
    write_version(places, OBJECT, contents(FILES), act=ACT)
    return places[0]


def add_version(source: StorageRoot) -> None:
    held = source.inventory(OBJECT)
    assert held
    files = FILES | {f"files/{number:04}.pdf": f"of {number}".encode() for number in range(3, held.head + 3)}
    write_version([source], OBJECT, contents(files), act=ACT, prior=held)


def bring(far: Far, source: StorageRoot, **more: Any) -> None:
    far.root.prepare()
    far.root.bring_up_to(source, OBJECT, **more)


def damages(far: Far) -> list[tuple[str, str]]:
    found = far.root.verify(OBJECT)
    assert found
    return [(damage.code, damage.path) for damage in found.damages]


def test_the_bucket_holds_the_keys_of_the_folder_and_any_tool_reads_it_back(far, source, tmp_path):
    bring(far, source)
    down = fetched(far.root, tmp_path / "down" / "store")
    assert tree(down) == tree(source.folder)
    assert judged_by_ocfl_py([StorageRoot(down.parent)]) == []
    found = far.root.verify(OBJECT)
    assert found
    assert found.sound
    assert (found.files, found.bytes) == (2, sum(map(len, FILES.values())))
    assert list(far.root.object_ids()) == [OBJECT]


def test_a_later_version_sends_only_what_is_new(far, source):
    bring(far, source)
    add_version(source)
    sent: list[int] = []
    bring(far, source, progress=sent.append)
    versions = far.owner.ask("list_object_versions", Prefix=f"{far.prefix}/store/")["Versions"]
    twice = {row["Key"].split("/")[-1] for row in versions if not row["IsLatest"]}
    assert twice == {"inventory.json", "inventory.json.sha512"}, "the object's own inventory alone is written over"
    assert damages(far) == []
    assert sum(sent) < 10_000


def test_what_is_newer_there_is_never_written_over_by_an_older_copy(far, source, tmp_path):
    older = two_places(tmp_path / "older")
    write_version(older, OBJECT, contents(FILES), act=ACT)
    add_version(source)
    bring(far, source)
    before = far.root.files(OBJECT)
    far.root.bring_up_to(older[0], OBJECT)
    assert far.root.files(OBJECT) == before


@pytest.mark.parametrize("large", [False, True])
def test_a_source_that_rotted_enters_no_bucket(far, source, monkeypatch, large):
    if large:
        monkeypatch.setattr(uploading, "PART", 5 * MIB)
        files = {**FILES, "files/0003.pdf": os.urandom(6 * MIB)}
        write_version([source], OBJECT, contents(files), act=ACT, prior=source.inventory(OBJECT))
    path = max((path for path in source.folder.rglob("*.pdf")), key=lambda each: each.stat().st_size)
    data = bytearray(path.read_bytes())
    data[7] ^= 1
    path.write_bytes(data)
    with pytest.raises(SourceChanged):
        bring(far, source)
    assert not any(key.endswith(f"{path.name}") for key in far.listed("store/") if path.parent.parent.name in key)
    assert list(far.root.object_ids()) == []


class Dying(Bucket):
    """A bucket whose client dies before its n-th writing."""

    def __init__(self, like: Bucket, left: int) -> None:
        super().__init__(like.address, like._credentials)
        self.left = left

    def ask(self, name: str, **given: Any) -> Any:
        if name == "put_object":
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        return super().ask(name, **given)


def test_cut_off_between_two_writings_the_version_before_still_counts_and_the_next_run_ends_it(
    far, source, monkeypatch
):
    monkeypatch.setattr("zhudang.preservation.bucket.root._AT_ONCE", 1)
    tries = {left: Far(far.server, far.owner, f"{far.prefix}{left}") for left in (0, 2, 3, 4)}
    for each in tries.values():
        each.root.bring_up_to(source, OBJECT)
    add_version(source)
    for left, each in tries.items():
        with pytest.raises(KeyboardInterrupt):
            BucketRoot(Dying(each.bucket, left)).bring_up_to(source, OBJECT)
        each.root.mend_head(OBJECT)
        found = each.root.verify(OBJECT)
        assert found
        assert found.inventory
        assert found.inventory.head == (1 if left < 4 else 2), "the object's inventory is the fourth of five writings"
        assert [d for d in found.damages if not (d.code == UNEXPECTED and d.path.startswith("v2/"))] == []
        each.root.bring_up_to(source, OBJECT)
        assert damages(each) == []


_UPLOADER = """
import sys, time
from pathlib import Path
sys.path[:0] = {paths!r}
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
from zhudang.preservation.bucket import uploading
from zhudang.preservation.bucket.client import Bucket
from zhudang.preservation.bucket.credentials import Credentials
from zhudang.preservation.bucket.root import BucketRoot
from zhudang.preservation.domain.s3_address import S3Address
from zhudang.preservation.ocfl.inventory import sidecar
from zhudang.preservation.ocfl.root import StorageRoot
uploading.PART = 5 * 1024 * 1024
address = S3Address(*{address!r})
root = BucketRoot(Bucket(address, Credentials(*{credentials!r})))
def wait(size):
    if size > 4 * 1024 * 1024:
        print("a part arrived", flush=True)
        time.sleep(60)
root.bring_up_to(StorageRoot(Path({place!r})), {object_id!r}, progress=wait)
"""


def test_killed_in_the_middle_of_a_large_file_the_next_run_goes_on_with_its_parts(far, source, monkeypatch, tmp_path):
    from preservation.ceph import APPLICATION

    large = os.urandom(11 * MIB)
    write_version(
        [source], OBJECT, contents({**FILES, "files/0003.ifc": large}), act=ACT, prior=source.inventory(OBJECT)
    )
    far.root.prepare()
    address = far.bucket.address
    script = _UPLOADER.format(
        paths=[str(Path(__file__).parents[2] / "src")], address=(address.endpoint, address.bucket, address.prefix),
        credentials=(APPLICATION.access_key, APPLICATION.secret_key), place=str(source.place), object_id=OBJECT,
    )  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"a part arrived\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not any(key.endswith((".ifc", "inventory.json")) for key in far.listed("store/")), "nothing half counts"
    monkeypatch.setattr(uploading, "PART", 5 * MIB)
    sent: list[int] = []
    far.root.bring_up_to(source, OBJECT, progress=sent.append)
    assert len(large) - 5 * MIB <= sum(sent) < len(large), "the part that arrived is not sent again"
    assert damages(far) == []
    assert far.uploads() == []


def test_parts_that_arrived_wrong_are_found_by_reading_back_and_written_again(far, source, monkeypatch):
    monkeypatch.setattr(uploading, "PART", 5 * MIB)
    large = os.urandom(6 * MIB)
    write_version([source], OBJECT, contents({"files/0003.ifc": large}), act=ACT, prior=source.inventory(OBJECT))
    bring(far, source)
    key = far.rot("0003.ifc", b"x" * len(large))
    (told,) = damages(far)
    assert told[0] == CHANGED
    assert key.endswith(told[1])
    far.root.bring_up_to(source, OBJECT)
    assert damages(far) == [told], "of the same size it is not sent again by itself"
    far.root.bring_up_to(source, OBJECT, again={told[1]})
    assert damages(far) == []


def test_parts_of_a_file_depend_on_its_size_alone_and_are_never_too_many():
    for size in (1, uploading.PART, 10**9, 200 * 10**9, 5 * 10**12):
        part = uploading.part_size(size)
        assert part >= uploading.PART
        assert -(-size // part) <= uploading.MOST_PARTS


def test_changed_missing_and_foreign_files_are_told_apart(far, source):
    bring(far, source)
    far.rot("0001.pdf")
    far.lose("0002.pdf")
    far.owner.put(far.key("0=ocfl_object_1.1").replace("0=ocfl_object_1.1", "left-here.txt"), b"x")
    assert sorted(damages(far)) == [
        (MISSING, "v1/content/files/0002.pdf"),
        (CHANGED, "v1/content/files/0001.pdf"),
        (UNEXPECTED, "left-here.txt"),
    ]
    far.rot(f"{far.key('0=ocfl_object_1.1').split('/')[-2]}/inventory.json.sha512")
    assert damages(far) == [(INVENTORY_BAD, "inventory.json")]


def test_under_the_guides_policy_nothing_can_be_deleted_and_writing_over_keeps_what_was(far):
    proof = proving.prove(far.bucket, NOW)
    assert proof == proving.Proof(NOW, "denied", "denied", "kept", "denied", 0)
    assert proof.nothing_lost
    assert proving.proof_of(proof.as_data()) == proof


def test_retention_is_asked_for_where_the_bucket_has_object_lock_and_write_once_is_said_only_when_proven(
    ceph, far, source, monkeypatch
):
    locked = Far(ceph, ceph.bucket("locked", locked=True), "t")
    # Without asking, and without a rule of the bucket's own, nothing is kept from its owner.
    now = datetime.now(UTC)
    assert not proving.prove(locked.bucket, now).write_once
    asking = Far(ceph, Bucket(replace(locked.owner.address, retention_days=30), locked.owner._credentials), "t")
    proof = proving.prove(asking.bucket, now)
    assert (proof.retained_days, proof.write_once, proving.proof_of(proof.as_data())) == (30, True, proof)
    monkeypatch.setattr(uploading, "PART", 2000)
    bring(asking, source)
    deleted = []
    for row in asking.owner.ask("list_object_versions", Prefix="t/store/")["Versions"]:
        try:
            asking.owner.ask("delete_object", Key=row["Key"], VersionId=row["VersionId"])
            deleted.append(row["Key"])
        except BucketUnreachable as refused:
            assert refused.problem == "AccessDenied"
    assert deleted == []
    found = asking.root.verify(OBJECT)
    assert found and found.sound
    # A bucket without object lock is asked for nothing, and takes what is written as before.
    other = Far(ceph, Bucket(replace(far.owner.address, retention_days=30), far.owner._credentials), f"{far.prefix}o")
    bring(other, source)
    assert not proving.prove(other.bucket, now).write_once
    assert proving.prove(other.bucket, now).nothing_lost


def test_the_buckets_owner_is_found_able_to_delete_and_nothing_of_the_rules_changed(far):
    before = far.owner.ask("get_bucket_policy")["Policy"]
    proof = proving.prove(far.owner, NOW)
    assert (proof.deletion, proof.version_deletion, proof.rules) == ("allowed", "allowed", "allowed")
    assert not proof.undeletable
    assert far.owner.ask("get_bucket_policy")["Policy"] == before
    assert far.owner.ask("get_bucket_versioning")["Status"] == "Enabled"


def test_without_versions_it_is_told_that_writing_over_loses_what_was(unversioned):
    proof = proving.prove(unversioned.bucket, NOW)
    assert (proof.undeletable, proof.overwriting, proof.nothing_lost) == (True, "lost", False)


def test_the_server_takes_in_no_bytes_that_changed_on_the_way(far):
    wrong = client.content_md5(b"others")
    with pytest.raises(BucketUnreachable) as refused:
        far.bucket.ask("put_object", Key="x", Body=b"bytes", ContentMD5=wrong)
    assert refused.value.problem in {"BadDigest", "InvalidDigest"}
    assert far.listed("x") == []


def test_silence_a_wrong_key_or_another_bucket_says_nothing_of_what_is_there(far, source, monkeypatch):
    bring(far, source)
    far.root.reach(prepared=True)
    stranger = BucketRoot(Bucket(far.bucket.address, Credentials("APPKEY", "wrong")))
    with pytest.raises(BucketUnreachable):
        stranger.verify(OBJECT)
    far.lose("0=ocfl_1.1")
    with pytest.raises(BucketUnreachable) as empty:
        far.root.reach(prepared=True)
    assert empty.value.problem == "NoStorageRoot"
    monkeypatch.setattr(client, "TRIES", 2)
    monkeypatch.setattr(client, "READ_SECONDS", 0.3)
    quick = BucketRoot(Bucket(far.bucket.address, far.bucket._credentials))
    with far.server.silent(), pytest.raises(BucketUnreachable) as silence:
        quick.verify(OBJECT)
    assert silence.value.problem == "ReadTimeoutError"


def test_over_tls_only_a_server_whose_certificate_is_trusted_is_talked_to(far, monkeypatch):
    monkeypatch.setattr(client, "TRIES", 1)
    address = replace(far.bucket.address, endpoint=far.server.tls_endpoint, ca_file=str(far.server.ca_file))
    trusted = Bucket(address, far.bucket._credentials)
    trusted.put(address.key("x"), b"over tls")
    assert trusted.read(address.key("x")) == b"over tls"
    with pytest.raises(BucketUnreachable) as refused:
        Bucket(replace(address, ca_file=""), far.bucket._credentials).put(address.key("y"), b"never sent")
    assert refused.value.problem == "SSLError"
    assert far.listed() == ["x"]


def test_a_connection_that_breaks_in_the_middle_is_gone_on_with_where_it_broke(far, monkeypatch):
    data = os.urandom(3 * MIB)
    far.bucket.put("large", data)
    asked: list[str] = []
    plain = Bucket.ask

    class Breaking:
        def __init__(self, body: Any) -> None:
            self.body = body

        def iter_chunks(self, size: int) -> Any:
            yield self.body.read(MIB)
            raise OSError("reset")

        def close(self) -> None:
            self.body.close()

    def ask(self: Bucket, name: str, **given: Any) -> Any:
        answer = plain(self, name, **given)
        if name == "get_object":
            asked.append(given.get("Range", ""))
            if len(asked) == 1:
                answer["Body"] = Breaking(answer["Body"])
        return answer

    monkeypatch.setattr(Bucket, "ask", ask)
    assert far.bucket.read("large") == data
    assert asked == ["", f"bytes={MIB}-"]


def test_a_whole_root_is_brought_down_compared_and_gone_on_with(far, source, tmp_path):
    bring(far, source)
    far.owner.put(far.root.key("key-internal.age"), b"wrapped")
    down = tmp_path / "down"
    done = fetching.fetch_root(far.root, down)
    assert (done.objects, done.before, done.damaged) == (1, 0, {})
    root = StorageRoot.open(down)
    assert tree(root.object_folder(OBJECT)) == tree(source.object_folder(OBJECT))
    assert (root.folder / "key-internal.age").read_bytes() == b"wrapped"
    again = fetching.fetch_root(far.root, down)
    assert (again.objects, again.before, again.bytes) == (0, 1, 0)


def test_a_damaged_object_is_told_and_does_not_enter_the_folder(far, source, tmp_path):
    bring(far, source)
    far.rot("0001.pdf")
    done = fetching.fetch_root(far.root, tmp_path / "down")
    assert [damage.code for damage in done.damaged[OBJECT]] == [CHANGED]
    assert not StorageRoot(tmp_path / "down").object_folder(OBJECT).exists()


def test_what_others_put_there_neither_comes_along_nor_keeps_an_object_back_nor_leads_out(far, source, tmp_path):
    bring(far, source)
    beside = far.key("0=ocfl_object_1.1").removesuffix("0=ocfl_object_1.1")
    for name in ("foreign.txt", "../../../../../../outside.txt"):
        far.owner.put(beside + name, b"x")
    down = tmp_path / "a" / "b" / "down"
    assert fetching.fetch_root(far.root, down).objects == 1
    assert tree(StorageRoot(down).object_folder(OBJECT)) == tree(source.object_folder(OBJECT))
    assert not list(tmp_path.rglob("outside.txt"))


def test_an_inventory_that_names_files_outside_is_refused(far, source, tmp_path):
    bring(far, source)
    data = (source.object_folder(OBJECT) / "inventory.json").read_bytes()
    evil = data.replace(b"v1/content/files/0001.pdf", b"../../../../../../escaped.pdf")
    assert evil != data
    head = far.key("0=ocfl_object_1.1").removesuffix("0=ocfl_object_1.1")
    far.owner.put(f"{head}inventory.json", evil)
    far.owner.put(f"{head}inventory.json.sha512", sidecar(evil))
    done = fetching.fetch_root(far.root, tmp_path / "down")
    assert [damage.code for damage in done.damaged[OBJECT]] == [INVENTORY_BAD]
    assert not list(tmp_path.rglob("escaped.pdf"))


def test_what_is_set_aside_in_a_bucket_without_versions_keeps_the_damaged_bytes(unversioned, source):
    bring(unversioned, source)
    unversioned.rot("0001.pdf", b"evidence")
    (path,) = [path for _, path in damages(unversioned)]
    (kept,) = unversioned.root.set_aside(OBJECT, [path], NOW)
    assert kept.startswith(f"{unversioned.prefix}/quarantine/")
    assert unversioned.owner.read(kept) == b"evidence"


def test_a_prefix_keeps_two_roots_of_one_bucket_apart(far, source):
    inner = BucketRoot(Bucket(replace(far.bucket.address, prefix=f"{far.prefix}/inner"), far.bucket._credentials))
    inner.prepare()
    inner.bring_up_to(source, OBJECT)
    assert {key.split("store/")[0] for key in far.listed()} == {"inner/"}
    found = inner.verify(OBJECT)
    assert found
    assert found.sound
    assert far.root.verify(OBJECT) is None
