"""The log's heads in a bucket of a real S3 server: told there by the hour, never written over, and asked when the log is verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from preservation.ceph import APPLICATION
from preservation.kept_project import site_settings
from preservation.s3_support import Far
from preservation.test_s3_sites import settings_of
from zhudang.audit import operations, queries, sealing, verification, witness
from zhudang.audit.domain.judging import Fault
from zhudang.audit.models import Entry
from zhudang.preservation import command, far_witness, jobs, noticing
from zhudang.preservation.bucket import client, credentials

pytestmark = pytest.mark.debian


def act(times: int = 1) -> None:
    for _ in range(times):
        operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
    sealing.seal_everything(timezone.now())


def pieces(far: Far) -> list[str]:
    return [key.removeprefix("log-witness/") for key in far.listed("log-witness/")]


def heads(far: Far, kind: str = "audit") -> bytes:
    """What the bucket was told of a kind, as its owner finds it."""
    return b"".join(
        far.bucket.read(f"{far.prefix}/log-witness/{name}") or b"" for name in pieces(far) if name.startswith(kind)
    )


def here(settings: Any, kind: str = "audit") -> bytes:
    return b"".join(
        path.read_bytes() for path in sorted((Path(settings.DATA) / "witness").glob(f"{kind}-heads-*.jsonl"))
    )


@pytest.fixture
def log(committed_db: str, django_db_blocker: Any, far: Far, settings: Any, tmp_path: Path) -> Iterator[str]:
    with django_db_blocker.unblock():
        settings.DATA = tmp_path / "data"
        settings.DATA.mkdir()
        settings.SITES = [*site_settings(tmp_path), settings_of(far)]
        credentials.write("s", APPLICATION)
        witness._up_to.clear()
        act(3)
        assert command.call_in("s") == command.OK
        yield committed_db


def test_new_lines_are_files_of_their_own_and_the_verification_asks_the_bucket_too(
    log: str, far: Far, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    assert pieces(far) == []
    jobs.tell_far_witnesses(0)
    assert Entry.objects.get(act=witness.BEGUN).data["witness"] == far_witness.names()[0]
    assert heads(far) == here(settings) and heads(far, "tree") == here(settings, "tree") != b""
    assert far_witness.bring_up_to_date() == 0
    before = pieces(far)
    act(2)
    assert far_witness.bring_up_to_date() == 1, "a root is signed by the hour, the chain's head is new"
    assert [name for name in pieces(far) if name in before] == before and len(pieces(far)) == len(before) + 1
    assert heads(far) == here(settings)
    verdict = verification.verify(timezone.now())
    assert verdict.is_sound
    told = {report.folder: report for report in verdict.witnesses}
    assert len(told) == 4 == queries.seal_state().witnesses
    (name,) = far_witness.names()
    assert "云上份" in name and (told[name].last_number, told[name].tree_heads > 0) == (verdict.last_number, True)
    # A first piece may be cut between lines; a bucket that falls silent is passed over and catches up.
    monkeypatch.setattr(far_witness, "MOST_BYTES", 100)
    monkeypatch.setattr(client, "TRIES", 1)
    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    act(1)
    act(1)
    with far.server.silent():
        assert far_witness.bring_up_to_date() == 0
        assert len(verification.verify(timezone.now()).witnesses) == 3
    assert far_witness.bring_up_to_date() == 2
    assert heads(far) == here(settings)


def test_who_rewrites_log_and_every_folder_is_found_out_by_the_bucket(
    log: str, far: Far, settings: Any, tmp_path: Path, superuser_connection: Callable[[str], Any]
):
    far_witness.bring_up_to_date()
    told = heads(far)
    hand = superuser_connection(log)
    hand.execute("SET session_replication_role = replica")
    for table in ("audit_entry", "audit_seal", "audit_head", "audit_unsealed", "audit_treehead", "audit_treetile"):
        hand.execute(f"DELETE FROM {table}")
    for folder in witness.folders():
        for path in folder.glob("*.jsonl"):
            path.unlink()
    witness._up_to.clear()
    act(30)  # another history, sealed from its beginning, told to every folder
    folders = {str(folder) for folder in witness.folders()}
    found = verification.verify(timezone.now()).findings
    assert found and {finding.witness for finding in found} & set(far_witness.names())
    assert not {finding.witness for finding in found} & folders
    assert {Fault.CHANGED, Fault.REMOVED, Fault.REORDERED, Fault.INSERTED, Fault.CHAIN} & {
        finding.fault for finding in found
    }
    # What the rewriter sends follows what was there; to write over it changes nothing that is read.
    assert heads(far).startswith(told)
    for name in pieces(far):
        far.bucket.put(f"{far.prefix}/log-witness/{name}", b"")
    assert verification.verify(timezone.now()).findings


def test_a_restore_says_so_in_the_bucket_and_its_lost_acts_are_told_as_lost(log: str, far: Far, settings: Any):
    far_witness.bring_up_to_date()
    # A restore puts the backup's shorter witness here, and a line that says how far the log goes.
    folder = Path(settings.DATA) / "witness"
    (month,) = folder.glob("audit-heads-*.jsonl")
    month.write_bytes(month.read_bytes().split(b"\n")[0] + b"\n")
    witness.note_restore(at=timezone.now(), backup="b")
    act(1)
    verdict = verification.verify(timezone.now())
    assert verdict.is_sound, verdict.findings


def gone_for_good(far: Far, key: str) -> None:
    """Delete a key as the bucket's keeper can: all versions of it."""
    for row in far.owner.ask("list_object_versions", Prefix=key)["Versions"]:
        far.owner.ask("delete_object", Key=key, VersionId=row["VersionId"])


def refills() -> list[Any]:
    return list(Entry.objects.filter(act=witness.REFILLED).order_by("id").values_list("data", flat=True))


@pytest.mark.parametrize("which", ["the first", "one between", "the newest", "a signed root", "all of them"])
def test_a_piece_deleted_in_the_bucket_is_missed_told_and_written_again_as_what_it_is(log: str, far: Far, which: str):
    for _ in range(3):
        act()
        far_witness.bring_up_to_date()
    chain = [name for name in pieces(far) if name.startswith("audit")]
    (root,) = [name for name in pieces(far) if name.startswith("tree")]
    lost = {
        "the first": chain[:1], "one between": chain[1:2], "the newest": chain[-1:], "a signed root": [root],
        "all of them": [*chain, root],
    }[which]  # fmt: skip
    told = heads(far)
    for name in lost:
        gone_for_good(far, f"{far.prefix}/log-witness/{name}")
    assert refills() == []
    assert far_witness.bring_up_to_date() == len(lost)
    (said,) = refills()
    assert (said["witness"], said["files"], said["missing"]) == (far_witness.names()[0], len(lost), lost)
    assert ("first" in said) == (which != "a signed root")
    assert heads(far) == told, "the lines are there again, in the same order"
    assert {name.split("-refilled-")[0] for name in pieces(far) if "-refilled-" in name} == {
        name.removesuffix(".jsonl") for name in lost
    }
    verdict = verification.verify(timezone.now())
    assert verdict.is_sound, verdict.findings
    (report,) = [each for each in verdict.witnesses if each.folder == far_witness.names()[0]]
    assert bool(report.refilled) == (which != "a signed root"), "since when it bears witness is told with it"
    assert len(refills()) == 1, "the same loss is told once"
    assert noticing.look(timezone.now()) >= 1
    assert Entry.objects.get(act="preservation.log.differs").data["witnesses"] == [said]
    # What was written again and is deleted again is missed again.
    again = [name for name in pieces(far) if "-refilled-" in name]
    gone_for_good(far, f"{far.prefix}/log-witness/{again[0]}")
    far_witness.bring_up_to_date()
    assert len(refills()) == 2


def test_a_piece_whose_lines_are_here_no_more_is_told_once_and_left_missing(log: str, far: Far, settings: Any):
    far_witness.bring_up_to_date()
    (month,) = (Path(settings.DATA) / "witness").glob("audit-heads-*.jsonl")
    act()
    far_witness.bring_up_to_date()
    (last,) = [name for name in pieces(far) if name.startswith("audit")][-1:]
    gone_for_good(far, f"{far.prefix}/log-witness/{last}")
    month.write_bytes(month.read_bytes().split(b"\n")[0] + b"\n")
    far_witness.bring_up_to_date()
    (said,) = refills()
    assert (said["missing"], said["written"]) == ([last], 0)
    far_witness.bring_up_to_date()
    assert len(refills()) == 1


def test_a_piece_written_over_or_hidden_by_a_marker_is_missed_though_what_was_first_is_still_read(log: str, far: Far):
    for _ in range(2):
        far_witness.bring_up_to_date()
        act()
    far_witness.bring_up_to_date()
    first, second = [name for name in pieces(far) if name.startswith("audit")][:2]
    far.bucket.put(f"{far.prefix}/log-witness/{first}", b"{}\n")
    far.owner.ask("delete_object", Key=f"{far.prefix}/log-witness/{second}")
    far_witness.bring_up_to_date()
    (said,) = refills()
    assert said["missing"] == sorted([first, second])
    verdict = verification.verify(timezone.now())
    assert verdict.is_sound, verdict.findings
    (report,) = [each for each in verdict.witnesses if each.folder == far_witness.names()[0]]
    assert report.refilled == (), "the oldest version stands, and bears witness since it was written"


def test_another_bucket_is_new_and_nothing_is_missed_in_it(log: str, far: Far, settings: Any):
    far_witness.bring_up_to_date()
    before = pieces(far)
    for row in list(far.owner.listed(f"{far.prefix}/store/")):
        far.owner.put(row.key.replace(far.prefix, f"{far.prefix}-new", 1), far.owner.read(row.key) or b"")
    settings.SITES = [
        {**item, "prefix": f"{far.prefix}-new"} if item["code"] == "s" else item for item in settings.SITES
    ]
    assert command.call_in("s") == command.OK
    assert far_witness.bring_up_to_date() == len(before)
    assert refills() == []
    assert Entry.objects.filter(act=witness.BEGUN, data__witness=far_witness.names()[0]).count() == 1
