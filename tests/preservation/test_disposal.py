"""A disposal from the proposal to the tombstone, against the real PostgreSQL and two real folders."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from filing.filing_support import person
from preservation.disposal_case import FAST_HASHERS, LONG_AGO, PASSWORD, VISITOR, Disposal
from preservation.kept_project import roots
from preservation.ocfl_support import judged_by_ocfl_py
from preservation.offline_set import LABEL, OfflineSet
from zhudang.audit.models import Entry
from zhudang.content import operations as content_operations
from zhudang.content import store
from zhudang.content.models import File
from zhudang.discovery import operations as discovery
from zhudang.discovery.models import PageText
from zhudang.discovery.queries.search import Wanted, search
from zhudang.events.models import Message
from zhudang.filing.models import Record, RecordFile, Volume
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import SYSTEM
from zhudang.identity.signing_in import CannotSignIn
from zhudang.preservation import catching_up, command, reading, working_copies
from zhudang.preservation.disposal import cases, checking, executing, removing, signing
from zhudang.preservation.disposal.models import DisposalItem, DisposalStep
from zhudang.preservation.formats import held
from zhudang.preservation.models import ArchivalObject, Copy, FormatMigration, HeldFormat, Rendition
from zhudang.preservation.ocfl import reader
from zhudang.shared.refusals import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def places(disposal: Disposal, tmp_path: Path) -> Path:
    """Where everything of it lies."""
    return tmp_path


def codes(refused: Refusal) -> list[str]:
    return sorted({reason.code.removeprefix("preservation.disposal_") for reason in refused.reasons})


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def files_of(row: ArchivalObject) -> list[File]:
    return list(File.objects.filter(id__in=RecordFile.objects.filter(record__volume_id=row.pk).values("file_id")))


def _migrated(row: ArchivalObject, folder: Path) -> tuple[Rendition, bytes]:
    """Something made of the volume's first file and kept beside it, with its bytes."""
    original = files_of(row)[0]
    (folder / "made.tif").write_bytes(b"II*\0 made of it")
    order = FormatMigration.objects.create(
        format_id="fmt/18", format_name="PDF", path="tiff", tool="t", tool_version="1", ordered_at=LONG_AGO, ordered_by="k",
        orderer_name="k", open=False, state="done", finished_at=LONG_AGO,
    )  # fmt: skip
    file_id, digests = content_operations.keep_rendition(
        of=original.pk, path=folder / "made.tif", name="made.tif", mime="image/tiff", format_id="fmt/353", format_name="TIFF",
        actor=SYSTEM, now=LONG_AGO,
    )  # fmt: skip
    made = Rendition.objects.create(
        volume_id=row.pk, original_id=original.pk, file_id=file_id, path="tiff", part=1, tool="t", tool_version="1",
        source_sha256=original.blob.sha256, result_sha256=digests.sha256, check_kind="pixels", made_at=LONG_AGO, ordered_by="k",
        orderer_name="k", migration_id=order.pk, kept_at=LONG_AGO,
    )  # fmt: skip
    return made, b"II*\0 made of it"


def test_what_was_made_of_its_files_goes_with_a_volume(places: Path, disposal: Disposal):
    gone, kept = disposal.volumes
    rendition, content = _migrated(gone, places)
    held.note([gone.pk, kept.pk])
    working = working_copies.folder() / rendition.result_sha256[:2] / rendition.result_sha256
    working.parent.mkdir(parents=True)
    working.write_bytes(content)
    disposal.ready([gone]).execute()

    assert disposal.case.state == "done"
    assert File.objects.get(pk=rendition.file_id).destroyed_at is not None
    assert content not in bytes_of(places / "content") and not working.exists()
    assert set(HeldFormat.objects.values_list("object_id", flat=True)) == {kept.pk}


def test_a_volume_is_destroyed_everywhere_and_a_tombstone_stays(places: Path, disposal: Disposal):
    gone, kept = disposal.volumes
    contents = [store.blob_path(file.blob.sha256).read_bytes() for file in files_of(gone)]
    assert contents and all(content in bytes_of(places / code) for content in contents for code in "ab")
    pictures = places / "derivatives" / files_of(gone)[0].blob.sha256[:2] / files_of(gone)[0].blob.sha256
    pictures.mkdir(parents=True)
    (pictures / "page-1-160.png").write_bytes(b"picture")
    PageText.objects.create(
        record_id=Record.objects.filter(volume_id=gone.pk).first().pk,
        file_id=files_of(gone)[0].pk,
        page=1,
        text="正文",
        lexemes="",
    )
    disposal.ready([gone]).execute()

    assert disposal.case.state == "done"
    left = bytes_of(places / "a") + bytes_of(places / "b") + bytes_of(places / "content")
    assert not any(content in left for content in contents)
    assert not pictures.exists()
    assert not PageText.objects.filter(record__volume_id=gone.pk).exclude(page=0).exists()
    assert all(
        content in bytes_of(places / "a")
        for content in [store.blob_path(f.blob.sha256).read_bytes() for f in files_of(kept)]
    )
    for root in roots(places):
        folder = root.object_folder(gone.ocfl_id)
        told = (folder / "v1/content/tombstone.json").read_text(encoding="utf-8")
        assert gone.reference_code in told and disposal.case.approved_sha256 in told and "无继续保存价值" in told
        assert gone.title in (folder / "v1/content/tombstone.txt").read_text(encoding="utf-8")
        assert list(root.staging.iterdir()) == []
    assert judged_by_ocfl_py(roots(places)) == []
    row = ArchivalObject.objects.get(pk=gone.pk)
    assert row.destroyed_at and (row.version, row.files) == (1, 0)
    assert Volume.objects.get(pk=gone.pk).destroyed_at and not Volume.objects.get(pk=kept.pk).destroyed_at
    steps = dict(DisposalStep.objects.values_list("place", "gone"))
    assert steps == {"site:a": True, "site:b": True, "working-store": True, "search-index": True}
    [entry] = Entry.objects.filter(act="preservation.volume.destroyed")
    assert (
        entry.data["was_sha512"] == gone.inventory_sha512
        and entry.data["approved_sha256"] == disposal.case.approved_sha256
    )
    for act in ("proposed", "appraised", "agreed", "approved", "called", "witnessed", "begun", "executed"):
        rows = Entry.objects.filter(act=f"preservation.disposal.{act}")
        assert rows and all(each.data["list_sha256"] == disposal.case.list_sha256 for each in rows), act


def test_after_it_every_check_is_content_and_search_finds_it_as_destroyed(
    places: Path, disposal: Disposal, capsys, run_jobs
):
    gone, kept = disposal.volumes
    disposal.ready([gone]).execute()
    run_jobs()
    assert list(checking.check()) == []
    assert command.verify() == 0, capsys.readouterr().out
    discovery.index_stale(limit=100, now=timezone.now())
    found = {
        hit.reference: hit.destroyed for hit in search(disposal.proposer, Wanted(question=gone.reference_code)).hits
    }
    assert found == {f"{gone.reference_code}-001": True}
    assert not any(hit.destroyed for hit in search(disposal.proposer, Wanted(question=kept.reference_code)).hits)


def test_every_reason_against_every_volume_is_told_at_once(places: Path, disposal: Disposal):
    first, second = disposal.volumes
    Volume.objects.filter(pk=first.pk).update(retention="permanent")
    ArchivalObject.objects.filter(pk=first.pk).update(class_level=2)
    Copy.objects.filter(object=second, site__code="b").update(state="damaged")
    Volume.objects.filter(pk=second.pk).update(formed_until=timezone.localdate())
    cases.place_stay(actor=disposal.proposer, object_id=second.pk, because="诉讼中", now=LONG_AGO)
    disposal.members = [disposal.members[0], disposal.proposer]
    with pytest.raises(cases.CannotPropose) as refused:
        disposal.propose()
    assert codes(refused.value) == [
        "classified", "committee_small", "held", "never_ends", "not_ended", "own_member", "unproven",
    ]  # fmt: skip
    assert not DisposalItem.objects.exists()


def test_one_member_keeps_one_volume_and_the_rest_goes_on(places: Path, disposal: Disposal):
    first, second = disposal.volumes
    disposal.propose()
    line = disposal.case.items.get(object_id=first.pk)
    disposal.appraise(spared=[(line.pk, None)])
    assert disposal.case.state == "approving"
    line.refresh_from_db()
    assert (line.outcome, line.outcome_by) == ("kept", disposal.members[0].username)
    disposal.approve().call().sign().execute()
    assert [row.pk for row in disposal.volumes if row.destroyed_at] == [second.pk]
    assert disposal.case.list_sha256 != disposal.case.approved_sha256
    assert list(checking.check()) == []


def test_the_first_voice_against_ends_the_case_and_the_others_are_told(places: Path, disposal: Disposal):
    disposal.propose()
    second = disposal.members[1]
    cases.give_opinion(actor=second, case_id=disposal.case.pk, agrees=False, reasons="仍有凭证价值", now=LONG_AGO)
    assert (disposal.case.state, disposal.case.ended_because) == ("refused", second.name)
    told = Message.objects.filter(kind="preservation.disposal.refused").values_list("account_id", flat=True)
    assert set(told) == {each.account_id for each in (disposal.proposer, disposal.members[0], disposal.members[2])}
    with pytest.raises(cases.CannotDecide) as refused:
        disposal.appraise()
    assert codes(refused.value) == ["stands"]
    with pytest.raises(cases.CannotDecide):
        disposal.approve()
    assert list(checking.check()) == []


def test_what_one_member_keeps_stays_kept_where_another_ends_the_case(places: Path, disposal: Disposal):
    disposal.propose()
    line = disposal.case.items.first()
    first, second = disposal.members[:2]
    until = timezone.localdate() + timedelta(days=4000)
    cases.give_opinion(
        actor=first, case_id=disposal.case.pk, agrees=True, reasons="延", spared=[(line.pk, until)], now=LONG_AGO
    )
    cases.give_opinion(actor=second, case_id=disposal.case.pk, agrees=False, reasons="不", now=LONG_AGO)
    line.refresh_from_db()
    assert (line.outcome, line.extended_until) == ("extended", until)
    assert list(checking.check()) == []


def test_not_everybody_who_could_approve_is_appointed_to_the_committee(places: Path, disposal: Disposal):
    disposal.members = [disposal.members[0], disposal.official, disposal.witnesses[1]]
    with pytest.raises(cases.CannotPropose) as refused:
        disposal.propose()
    assert codes(refused.value) == ["nobody_approves"]
    disposal.members[2] = person("another", disposal.project.site.archive_id, Role.KEEPER)
    disposal.propose()


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", "Asia/Shanghai"])
def test_days_are_those_of_beijing_wherever_the_pages_are_shown(places: Path, disposal: Disposal, settings, zone: str):
    settings.TIME_ZONE = zone
    evening = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
    with timezone.override(zone):
        disposal.propose(now=evening).appraise(now=evening).approve(now=evening)
        assert disposal.case.wait_until == date(2026, 4, 1)
        last = datetime(2026, 4, 1, 15, 59, tzinfo=UTC)
        with pytest.raises(cases.CannotDecide) as refused:
            signing.call(actor=disposal.executor, case_id=disposal.case.pk, now=last)
        assert codes(refused.value) == ["waits"]
        signing.call(actor=disposal.executor, case_id=disposal.case.pk, now=last + timedelta(minutes=1))
        assert list(checking.check()) == []


def test_nobody_decides_witnesses_or_begins_alone(places: Path, disposal: Disposal):
    disposal.propose()
    disposal.official = disposal.members[0] = person("both", disposal.project.site.archive_id, Role.OFFICIAL)
    with pytest.raises(cases.CannotDecide) as refused:
        cases.give_opinion(actor=disposal.proposer, case_id=disposal.case.pk, agrees=True, reasons="好", now=LONG_AGO)
    assert codes(refused.value) == ["not_member"]
    disposal.members[0] = disposal.project.site.reviewer
    disposal.appraise()
    disposal.approve(now=timezone.now() - timedelta(days=3))
    with pytest.raises(cases.CannotDecide) as refused:
        disposal.call()
    assert codes(refused.value) == ["waits"]
    assert disposal.case.wait_until == timezone.localdate(timezone.now() - timedelta(days=3)) + timedelta(days=30)


def test_witnesses_are_two_others_each_by_their_own_password(places: Path, disposal: Disposal):
    disposal.propose().appraise().approve().call()
    with pytest.raises(CannotSignIn):
        signing.witness(
            actor=disposal.witnesses[0], case_id=disposal.case.pk, password="wrong", visitor=VISITOR, now=timezone.now()
        )
    disposal.sign(disposal.witnesses[0])
    for who, why in (
        (disposal.witnesses[0], "witness_twice"),
        (disposal.executor, "witness_executes"),
        (disposal.proposer, "witness_proposed"),
    ):
        from zhudang.identity.models import Account

        account = Account.objects.get(pk=who.account_id)
        account.set_password(PASSWORD)
        account.save()
        with pytest.raises(cases.CannotDecide) as refused:
            disposal.sign(who)
        assert codes(refused.value) == [why]
    with pytest.raises(cases.CannotDecide) as refused:
        disposal.begin()
    assert codes(refused.value) == ["not_witnessed"]
    disposal.sign(disposal.witnesses[1])
    disposal.executor, other = disposal.proposer, disposal.executor
    with pytest.raises(cases.CannotDecide) as refused:
        disposal.begin()
    assert codes(refused.value) == ["not_executor"]
    disposal.executor = other
    disposal.begin()


def test_anyone_stops_it_during_the_wait_and_nothing_is_removed(places: Path, disposal: Disposal):
    disposal.propose().appraise().approve()
    cases.stop(actor=disposal.members[1], case_id=disposal.case.pk, because="有人申请查阅", now=timezone.now())
    assert disposal.case.state == "stopped"
    with pytest.raises(cases.CannotDecide):
        disposal.call()
    with pytest.raises(removing.NoWarrant):
        executing.destroy(disposal.case.items.first().pk, now=timezone.now())
    assert command.verify() == 0


def test_a_stay_halts_an_execution_until_it_is_lifted(places: Path, disposal: Disposal):
    disposal.ready(disposal.volumes[:1])
    disposal.begin()
    stay = cases.place_stay(
        actor=disposal.official, object_id=disposal.volumes[0].pk, because="诉讼", now=timezone.now()
    )
    executing.run(disposal.case.pk)
    assert disposal.case.state == "executing" and disposal.case.halted_because["code"] == "preservation.disposal_held"
    assert not File.objects.filter(destroyed_at__isnull=False).exists()
    cases.lift_stay(actor=disposal.official, stay_id=stay, because="结案", now=timezone.now())
    executing.run(disposal.case.pk)
    assert disposal.case.state == "done" and disposal.case.halted_because == {}


def test_bytes_that_a_living_file_has_too_stay(places: Path, disposal: Disposal):
    gone, kept = disposal.volumes
    shared, other = files_of(gone)[0], files_of(kept)[0]
    File.objects.filter(pk=other.pk).update(blob_id=shared.blob_id)
    disposal.ready([gone]).execute()
    assert store.blob_path(shared.blob.sha256).exists()
    assert DisposalStep.objects.get(place="working-store").proof["shared"] == 1


def test_an_offline_set_is_owed_until_two_have_signed_and_it_was_read_back(settings, tmp_path: Path, run_jobs):
    disk = OfflineSet(tmp_path)
    settings.PASSWORD_HASHERS = FAST_HASHERS
    settings.SITES = disk.settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    made = Disposal()
    disk.connect()
    assert catching_up.catch_up(catching_up.begin_for_command("c")).wrong == 0
    gone, _kept = made.volumes
    contents = [store.blob_path(file.blob.sha256).read_bytes() for file in files_of(gone)]
    disk.take_away()
    made.ready([gone]).execute()
    owed = DisposalStep.objects.get(place="site:c")
    assert (owed.gone, owed.proof["why"]) == (False, "offline")
    disk.connect()
    run_jobs()
    assert all(content in bytes_of(disk.mount) for content in contents)
    assert catching_up.catch_up(catching_up.begin_for_command("c")).wrong == 0, "what is owed is not called wrong"

    def clear(who) -> bool:
        return signing.clear_owed(
            actor=who,
            case_id=made.case.pk,
            place="site:c",
            note=f"调回 {LABEL}",
            password=PASSWORD,
            visitor=VISITOR,
            now=timezone.now(),
        )

    assert not clear(made.witnesses[0])
    assert any(content in bytes_of(disk.mount) for content in contents)
    with pytest.raises(cases.CannotDecide):
        clear(made.witnesses[0])
    assert clear(made.witnesses[1])
    run_jobs()
    assert DisposalStep.objects.get(place="site:c").gone
    assert not any(content in bytes_of(disk.mount) for content in contents)
    assert (
        Copy.objects.get(object=gone, site__code="c").inventory_sha512
        == ArchivalObject.objects.get(pk=gone.pk).inventory_sha512
    )
    assert command.verify() == 0


def test_sealed_holdings_get_a_sealed_tombstone(places: Path, disposal: Disposal):
    from preservation.test_sealed_holdings import hold
    from zhudang.preservation.keys import keyring

    hold()
    ArchivalObject.objects.update(class_level=1)
    gone = disposal.volumes[0]
    disposal.ready([gone]).execute()
    assert disposal.case.state == "done", disposal.case.halted_because
    root = roots(places)[0]
    folder = root.object_folder(gone.ocfl_id)
    assert gone.title.encode() not in bytes_of(folder)
    inventory = root.inventory(gone.ocfl_id)
    held = reader.held_files(folder, inventory, keyring.identities([root]))
    assert set(held) == {"tombstone.json", "tombstone.txt"}


def test_damaged_copies_set_aside_once_go_too(places: Path, disposal: Disposal):
    gone = disposal.volumes[0]
    original = next(path for path in roots(places)[0].object_folder(gone.ocfl_id).glob("v1/content/files/*"))
    original.write_bytes(original.read_bytes() + b"x")
    assert {outcome.state for outcome in reading.read_all(repair=True, now=timezone.now)} == {"verified", "repaired"}
    assert list((places / "a/quarantine").iterdir())
    disposal.ready([gone]).execute()
    assert list((places / "a/quarantine").iterdir()) == []
