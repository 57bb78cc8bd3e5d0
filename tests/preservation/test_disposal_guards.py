"""Nothing is destroyed but by a whole case: what the database refuses, what a forger's hand leaves, what a kill leaves."""

import shutil
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from preservation.disposal_case import FAST_HASHERS, Disposal
from preservation.kept_project import roots, site_settings
from preservation.ocfl_support import judged_by_ocfl_py, tree
from preservation.test_rebuilding import _another_empty_database
from zhudang.content import destroying
from zhudang.content.models import File
from zhudang.filing.models import RecordFile, Volume
from zhudang.preservation import command, rebuilding
from zhudang.preservation.disposal import cases, checking, executing, removing
from zhudang.preservation.disposal.models import DisposalCase, DisposalItem, DisposalStep
from zhudang.preservation.models import ArchivalObject
from zhudang.preservation.ocfl import durable


@pytest.fixture
def places(settings, tmp_path: Path) -> Path:
    settings.PASSWORD_HASHERS = FAST_HASHERS
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    return tmp_path


def refused(statement: str, *parameters: object) -> bool:
    """Whether the database refuses a statement of the application's own role."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.rowcount == 0
    except DatabaseError:
        return True


@pytest.mark.django_db
def test_the_database_refuses_the_application_every_shorter_way(places: Path):
    made = Disposal().propose()
    volume, item = made.volumes[0], DisposalItem.objects.first()
    case = "preservation_disposalcase"
    before = [
        f"UPDATE {case} SET state = '{state}', approved_sha256 = 'x', decided_by = 'y', decided_at = now(), wait_until = '2001-01-01', executor = 'z'"
        for state in ("approving", "waiting", "due", "executing", "done")
    ]
    always = [
        f"UPDATE {case} SET committee = '[]'", f"UPDATE {case} SET waiting_days = 0", f"UPDATE {case} SET members_needed = 0",
        f"DELETE FROM {case}", f"TRUNCATE {case} CASCADE", "DELETE FROM preservation_disposalitem",
        "UPDATE preservation_disposalitem SET title = 'x'", "UPDATE preservation_disposalitem SET outcome = 'destroyed', tombstone_sha512 = 'x'",
        "UPDATE preservation_archivalobject SET condemned_at = now()",
        "UPDATE preservation_archivalobject SET condemned_at = now(), destroyed_at = now(), files = 0 WHERE kind = 'volume'",
        "UPDATE filing_volume SET destroyed_at = now()", "UPDATE content_file SET destroyed_at = now()",
        "INSERT INTO preservation_disposalstep (id, item_id, place, place_name, gone, proof, at)"
        f" VALUES (gen_random_uuid(), '{item.pk}', 'site:a', '', true, '{{}}', now())",
        "INSERT INTO preservation_disposalopinion (id, case_id, username, name, agrees, reasons, spared, at)"
        f" VALUES (gen_random_uuid(), '{made.case.pk}', 'nobody', '', true, 'x', '[]', now())",
    ]  # fmt: skip
    assert [each for each in (*before, *always) if not refused(each)] == []
    with pytest.raises(removing.NoWarrant):
        executing.destroy(item.pk, now=timezone.now())
    files = RecordFile.objects.filter(record__volume_id=volume.pk).values_list("file_id", flat=True)
    with pytest.raises(DatabaseError), transaction.atomic():
        destroying.mark_destroyed(list(files), at=timezone.now())
    assert destroying.remove_bytes(list(files)).blobs == 0
    made.appraise()
    assert refused("UPDATE preservation_disposalopinion SET agrees = false")
    made.approve()
    assert refused(f"UPDATE {case} SET wait_until = '2001-01-01'")
    assert refused(f"UPDATE {case} SET state = 'executing', executor = 'executor'")
    made.call()
    sign = (
        "INSERT INTO preservation_disposalsignature (id, case_id, place, username, name, list_sha256, note, at)"
        f" VALUES (gen_random_uuid(), '{made.case.pk}', '', %s, '', %s, '', now())"
    )
    for who in (made.proposer, made.executor):
        assert refused(sign, who.username, made.case.approved_sha256)
    assert refused(sign, "witness1", "another list")
    made.sign(made.witnesses[0])
    assert refused(f"UPDATE {case} SET state = 'executing'"), "one witness is not two"
    made.sign(made.witnesses[1])
    with pytest.raises(removing.NoWarrant):
        executing.destroy(item.pk, now=timezone.now())
    assert command.verify() == 0 and list(checking.check()) == []
    made.execute()
    assert refused(f"UPDATE {case} SET state = 'appraising'")
    assert refused("UPDATE preservation_archivalobject SET destroyed_at = NULL")
    assert refused("UPDATE preservation_disposalstep SET gone = false")


def test_a_forgers_hand_is_noticed(committed_db, django_db_blocker, places: Path, superuser_connection, capsys):
    with django_db_blocker.unblock():
        made = Disposal()
        made.propose([made.volumes[0]])
        one, other = made.volumes
        root = superuser_connection(committed_db)
        root.execute("SET session_replication_role = replica")
        assert command.verify() == 0
        root.execute("UPDATE preservation_disposalcase SET state = 'done', executor = 'x'")
        root.execute(
            "UPDATE preservation_disposalitem SET outcome = 'destroyed', tombstone_sha512 = 'x', outcome_at = now()"
        )
        root.execute(
            "UPDATE preservation_archivalobject SET condemned_at = now(), destroyed_at = now(), files = 0 WHERE id = %s",
            [one.pk],
        )
        root.execute("UPDATE filing_volume SET destroyed_at = now() WHERE id = %s", [other.pk])
        assert {each.code for each in checking.check()} == {"DSP-001", "DSP-004", "DSP-005", "DSP-007"}
        capsys.readouterr()
        assert command.verify() == 1
        told = capsys.readouterr().out
        assert "forged" in told and one.ocfl_id in told and other.ocfl_id in told
        root.execute("DELETE FROM preservation_disposalitem")
        root.execute("DELETE FROM preservation_disposalcase")
        assert {f.code for f in checking.check()} == {"DSP-001", "DSP-005", "DSP-008"}, "a tombstone without its list"


def test_what_was_destroyed_and_is_said_not_to_be_is_noticed(
    committed_db, django_db_blocker, places: Path, superuser_connection
):
    with django_db_blocker.unblock():
        made = Disposal()
        made.ready([made.volumes[0]]).execute()
        assert list(checking.check()) == []
        root = superuser_connection(committed_db)
        root.execute("SET session_replication_role = replica")
        root.execute("UPDATE preservation_archivalobject SET destroyed_at = NULL WHERE destroyed_at IS NOT NULL")
        assert [f.code for f in checking.check()] == ["DSP-002"]
        root.execute("UPDATE preservation_archivalobject SET destroyed_at = now() WHERE condemned_at IS NOT NULL")
        root.execute("UPDATE preservation_disposalitem SET title = 'another'")
        assert {f.code for f in checking.check()} == {"DSP-003"}


def test_a_rebuilt_catalogue_knows_the_tombstone_and_the_list(
    committed_db, django_db_blocker, cluster, places: Path, run_jobs, capsys
):
    with django_db_blocker.unblock():
        made = Disposal()
        gone, kept = made.volumes
        stay = cases.place_stay(actor=made.proposer, object_id=gone.pk, because="诉讼", now=timezone.now())
        cases.lift_stay(actor=made.proposer, stay_id=stay, because="结案", now=timezone.now())
        made.ready([gone]).execute()
        run_jobs()
        number, digest = made.case.number, made.case.approved_sha256
        with _another_empty_database(cluster):
            done = rebuilding.rebuild("b", now=timezone.now())
            assert done.lacking == []
            case = DisposalCase.objects.get()
            assert (case.number, case.state, case.approved_sha256) == (number, "done", digest)
            assert (
                case.items.get().outcome == "destroyed" and case.opinions.count() == 3 and case.signatures.count() == 2
            )
            assert DisposalStep.objects.filter(gone=True).count() == 4
            assert (
                ArchivalObject.objects.get(pk=gone.pk).destroyed_at
                and not ArchivalObject.objects.get(pk=kept.pk).destroyed_at
            )
            assert Volume.objects.get(pk=gone.pk).destroyed_at
            assert File.objects.filter(destroyed_at__isnull=False).count() == 1
            assert list(checking.check()) == []
            assert command.verify() == 0, capsys.readouterr().out
            with connection.cursor() as cursor, pytest.raises(DatabaseError):
                cursor.execute("UPDATE preservation_archivalobject SET destroyed_at = NULL")
            for change, told in (
                ("preservation_disposalcase SET decided_because = 'x'", "case: decided_because"),
                ("preservation_disposalitem SET outcome_by = 'x'", "lines: outcome"),
                ("preservation_disposalstep SET place_name = 'x' WHERE place = 'site:a'", "lines: outcome"),
                ("preservation_disposalstay SET because = 'x'", f"stay {stay}: because"),
            ):
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('zhudang.restoring', 'on', true)")
                    cursor.execute(f"UPDATE {change}")
                    assert [(each.code, each.told) for each in checking.check()] == [("DSP-007", told)]
                    transaction.set_rollback(True)


class Crash(BaseException):
    """The machine stops."""


@pytest.mark.django_db
def test_stopped_before_any_single_change_of_the_disk_the_next_run_goes_on(places: Path, monkeypatch):
    made = Disposal()
    gone, kept = made.volumes
    before = [tree(root.object_folder(kept.ocfl_id)) for root in roots(places)]
    made.ready([gone]).begin()
    left = [0]

    def stopping(real):
        def instead(*given, **more):
            left[0] -= 1
            if left[0] == 0:
                raise Crash
            return real(*given, **more)

        return instead

    for owner, name in (
        (shutil, "rmtree"),
        (Path, "rename"),
        (Path, "unlink"),
        (durable, "sync_folder"),
        (durable, "write_durably"),
    ):
        monkeypatch.setattr(owner, name, stopping(getattr(owner, name)))
    stops = 0
    for number in range(1, 200):
        left[0] = number
        try:
            with transaction.atomic():
                executing.run(made.case.pk)
        except Crash:
            stops += 1
            assert made.case.state == "executing" and not ArchivalObject.objects.exclude(destroyed_at=None).exists()
            continue
        break
    assert stops > 10 and made.case.state == "done"
    left[0] = 0
    assert [tree(root.object_folder(kept.ocfl_id)) for root in roots(places)] == before
    assert judged_by_ocfl_py(roots(places)) == []
    assert command.verify() == 0


def test_the_doctor_tells_guards_that_were_taken_away(committed_db, django_db_blocker, superuser_connection):
    from zhudang.cli import doctor

    def told() -> list[tuple[str, str]]:
        return [(each.verdict, each.said) for each in doctor.guards()]

    with django_db_blocker.unblock():
        assert [verdict for verdict, _ in told()] == ["well"]
        root = superuser_connection(committed_db)
        root.execute("DROP TRIGGER audit_entry_no_change ON audit_entry")
        root.execute("ALTER TABLE preservation_disposalcase DISABLE TRIGGER preservation_disposalcase_kept")
        root.execute("GRANT DELETE ON audit_seal TO zhudang_app")
        ((verdict, said),) = told()
        assert verdict == "ill"
        for each in ("audit_entry_no_change", "preservation_disposalcase_kept", "DELETE audit_seal"):
            assert each in said
