"""The log against real hands: the application role, the tables' owner, a superuser with everything allowed."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from zhudang.audit import command, operations, proofs, sealing, tree_heads, verification, witness, witness_lines
from zhudang.audit.domain.chain import GENESIS, leaf_of, seal
from zhudang.audit.domain.judging import Fault
from zhudang.audit.models import Entry, Head, Seal, TreeTile, Unsealed


@pytest.fixture
def log_of_ten(committed_db: str, settings: Any, tmp_path: Path) -> str:
    """Ten sealed entries in three heads, two witnesses; yields the database's name."""
    settings.DATA = tmp_path
    (tmp_path / "site-a").mkdir()
    settings.SITES = [{"code": "a", "path": str(tmp_path / "site-a")}]
    witness._up_to.clear()
    for count in (1, 4, 5):
        for _ in range(count):
            operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now(), data={"count": count})
        sealing.seal_everything(timezone.now())
    return committed_db


def findings() -> list[tuple[int, Fault]]:
    return [(f.number, f.fault) for f in verification.verify(timezone.now()).findings]


@pytest.fixture
def tamper(log_of_ten: str, superuser_connection: Callable[[str], Any]) -> Callable[[str], None]:
    """Run SQL as a superuser who has switched the triggers off."""
    hand = superuser_connection(log_of_ten)
    hand.execute("SET session_replication_role = replica")

    def run(statement: str) -> None:
        hand.execute(statement)

    return run


def test_an_entry_stands_or_falls_with_its_act(committed_db: str) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
        raise RuntimeError
    assert not Entry.objects.exists() and not Unsealed.objects.exists()


def test_entries_are_chained_in_order_without_gaps_and_leave_the_tail(log_of_ten: str) -> None:
    assert list(Seal.objects.values_list("number", flat=True)) == list(range(1, 11))
    assert list(Head.objects.values_list("first", "last")) == [(1, 1), (2, 5), (6, 10)]
    assert not Unsealed.objects.exists()
    verdict = verification.verify(timezone.now())
    assert verdict.is_sound and verdict.sealed == 10 and len(verdict.witnesses) == 2


def test_the_tail_is_shown_as_unsealed_and_is_no_fault(log_of_ten: str) -> None:
    operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
    verdict = verification.verify(timezone.now())
    assert verdict.is_sound and verdict.unsealed == 1


def test_entries_that_somebody_keeps_from_being_sealed_are_a_finding(log_of_ten: str, superuser_connection) -> None:
    holder = superuser_connection(log_of_ten)
    holder.execute("SELECT pg_advisory_lock(%s)", [sealing._LOCK])
    began = timezone.now()
    operations.record(actor="test", act="test.done", subject="test:1", at=began)
    sealing.seal_everything(began)
    assert findings() == []
    late = verification.verify(began + timedelta(hours=1)).findings
    assert [(each.number, each.fault) for each in late] == [(0, Fault.HELD)]
    holder.execute("SELECT pg_advisory_unlock(%s)", [sealing._LOCK])
    sealing.seal_everything(timezone.now())
    assert verification.verify(began + timedelta(hours=1)).findings == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_head SET sealed_at = '2020-01-01T00:00:00Z' WHERE last = 5",
        "DELETE FROM audit_head WHERE last = 1; UPDATE audit_head SET first = 1 WHERE last = 5",
    ],
)
def test_a_head_that_says_another_moment_or_covers_more_is_found(log_of_ten, tamper, statement: str) -> None:
    tamper(statement)
    assert {(each.number, each.fault) for each in verification.verify(timezone.now()).findings} <= {
        (1, Fault.HEAD), (5, Fault.HEAD),
    }  # fmt: skip
    assert findings()


def test_a_moment_changed_in_a_witness_is_found(log_of_ten: str, tmp_path: Path) -> None:
    (path,) = (tmp_path / "site-a" / "log-witness").glob("audit-heads-*.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1]["at"] = "2020-01-01T00:00:00+00:00"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = verification.verify(timezone.now()).findings
    assert [(each.number, each.fault, Path(each.witness).parent.name) for each in found] == [(5, Fault.HEAD, "site-a")]


def test_an_act_dated_back_by_hand_is_pointed_out_and_no_fault_by_itself(log_of_ten: str, capsys) -> None:
    operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now() - timedelta(days=400))
    operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
    sealing.seal_everything(timezone.now())
    verdict = verification.verify(timezone.now())
    assert verdict.is_sound and verdict.back_in_time == (11,)
    assert command.verify() == 0
    assert "by hand): 11" in capsys.readouterr().out


@pytest.mark.parametrize("table", ["audit_entry", "audit_seal", "audit_head", "audit_treehead", "audit_treetile"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET {} = {}"])
def test_neither_the_application_nor_the_owner_may_change_the_log(log_of_ten, table, statement, cluster) -> None:
    columns = {"audit_entry": "actor", "audit_seal": "leaf", "audit_head": "chain", "audit_treehead": "root"}
    column = columns.get(table, "digest")
    TreeTile.objects.create(height=8, index=0, digest="00" * 32)
    sql = statement.format(table, column, column)
    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute(sql)
    from zhudang.site import environment

    dsn = cluster.superuser_dsn(log_of_ten)
    owner = psycopg.conninfo.make_conninfo(dsn, user="zhudang_owner", password=environment.secret("database_owner"))
    with psycopg.connect(owner) as hand, pytest.raises(psycopg.errors.InsufficientPrivilege):
        hand.execute(sql)
    assert Entry.objects.count() == Seal.objects.count() == 10


@pytest.mark.parametrize(
    "statement, expected",
    [
        ("UPDATE audit_entry SET actor = 'nobody' WHERE id = {4}", [(4, Fault.CHANGED)]),
        ("UPDATE audit_entry SET data = '{{}}' WHERE id = {10}", [(10, Fault.CHANGED)]),
        ("DELETE FROM audit_entry WHERE id = {7}", [(7, Fault.REMOVED)]),
        ("DELETE FROM audit_entry WHERE id = {1}; DELETE FROM audit_seal WHERE number = 1", [(1, Fault.REMOVED)]),
        ("UPDATE audit_seal SET entry_id = gen_random_uuid() WHERE number = 2; UPDATE audit_seal SET entry_id = {2} "
         "WHERE number = 3; UPDATE audit_seal SET entry_id = {3} WHERE number = 2",
         [(2, Fault.REORDERED), (3, Fault.REORDERED)]),
        ("INSERT INTO audit_entry SELECT gen_random_uuid(), at, actor, account_id, act, subject, data FROM audit_entry LIMIT 1",
         [(0, Fault.INSERTED)]),
        ("DELETE FROM audit_entry WHERE id IN ({9}, {10}); DELETE FROM audit_seal WHERE number > 8; "
         "UPDATE audit_head SET last = 8, chain = (SELECT chain FROM audit_seal WHERE number = 8) WHERE first = 6",
         [(9, Fault.REMOVED), (10, Fault.REMOVED)]),
    ],
)  # fmt: skip
def test_what_a_superuser_did_is_found_by_number(log_of_ten, tamper, statement, expected) -> None:
    ids = {number: f"'{entry_id}'::uuid" for number, entry_id in Seal.objects.values_list("number", "entry_id")}
    tamper(statement.format(*([""] + [ids[n] for n in range(1, 11)])))
    assert findings() == expected


def _recompute(tamper: Callable[[str], None], order: list[Any]) -> None:
    """Do what a clever superuser would: chain the entries given anew, heads and all."""
    tamper("DELETE FROM audit_seal; DELETE FROM audit_head")
    entries = {e.id: sealing.logged(e) for e in Entry.objects.all()}
    sealed = list(seal([entries[i] for i in order], last_number=0, last_chain=GENESIS))
    for s in sealed:
        assert s.leaf == leaf_of(entries[s.entry_id])
        tamper(f"INSERT INTO audit_seal VALUES ({s.number}, '{s.entry_id}', '{s.leaf}', '{s.chain}')")
    tamper(f"INSERT INTO audit_head VALUES ({sealed[-1].number}, 1, '{sealed[-1].chain}', now())")


def test_a_recomputed_chain_is_betrayed_by_the_witnesses(log_of_ten, tamper) -> None:
    order = list(Seal.objects.order_by("number").values_list("entry_id", flat=True))
    tamper(f"UPDATE audit_entry SET actor = 'nobody' WHERE id = '{order[5]}'")
    _recompute(tamper, order)
    assert findings() == [(6, Fault.CHANGED)]
    assert command.verify() == 1


def test_an_entry_cut_out_of_a_recomputed_chain_is_named(log_of_ten, tamper) -> None:
    order = list(Seal.objects.order_by("number").values_list("entry_id", flat=True))
    tamper(f"DELETE FROM audit_entry WHERE id = '{order[2]}'")
    _recompute(tamper, order[:2] + order[3:])
    assert findings() == [(3, Fault.REMOVED)]


def test_one_entry_of_a_recomputed_chain_moved_is_named(log_of_ten, tamper) -> None:
    order = list(Seal.objects.order_by("number").values_list("entry_id", flat=True))
    _recompute(tamper, [*order[:2], order[8], *order[2:8], order[9]])
    assert findings() == [(9, Fault.REORDERED)]


def test_one_honest_witness_is_enough(log_of_ten, tamper) -> None:
    order = list(Seal.objects.order_by("number").values_list("entry_id", flat=True))
    tamper(f"UPDATE audit_entry SET actor = 'nobody' WHERE id = '{order[0]}'")
    _recompute(tamper, order)
    for path in witness.folders()[0].glob("*.jsonl"):
        path.unlink()
    assert findings() == [(1, Fault.CHANGED)]


def test_a_line_torn_by_a_crash_is_written_again_and_nothing_is_lost(log_of_ten: str) -> None:
    path = next(witness.folders()[0].glob("*.jsonl"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    witness._up_to.clear()
    witness.bring_up_to_date()
    lines = path.read_text().splitlines()
    assert len(lines) == 4 and json.loads(lines[3])["last"] == 10
    assert verification.verify(timezone.now()).is_sound


def test_a_witness_that_was_away_catches_up(log_of_ten: str) -> None:
    folder = witness.folders()[1]
    for path in folder.glob("*.jsonl"):
        path.unlink()
    witness._up_to.clear()
    assert witness.bring_up_to_date() == 4
    assert [head.last for head in witness_lines.read(folder)] == [1, 5, 10]
    assert [head.size for head in witness_lines.read_tree(folder)] == [1]


def test_a_restored_log_says_openly_what_was_lost(log_of_ten, tamper) -> None:
    tamper("DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_seal WHERE number > 5)")
    tamper("DELETE FROM audit_seal WHERE number > 5; DELETE FROM audit_head WHERE last > 5")
    assert findings() == [(n, Fault.REMOVED) for n in range(6, 11)]
    witness.note_restore(at=timezone.now(), backup="2026-06-17")
    operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
    sealing.seal_everything(timezone.now())
    verdict = verification.verify(timezone.now())
    assert verdict.is_sound and {w.lost_by_restore for w in verdict.witnesses} == {5}


def test_two_sealers_at_once_seal_every_entry_once(log_of_ten: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for _ in range(50):
        operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())

    def work(_n: int) -> int:
        try:
            return sealing.seal_tail(timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 50
    assert verification.verify(timezone.now()).is_sound


def test_a_proof_of_inclusion_can_be_checked_by_itself(log_of_ten: str) -> None:
    entry_id = Seal.objects.get(number=7).entry_id
    proof = proofs.proof_of(entry_id)
    assert proof and proof.sound and proof.number == 7 and proof.head_number == 10 and len(proof.following) == 3
    assert proofs.holds(proof)
    assert not proofs.holds(replace(proof, canonical=proof.canonical.replace("test:1", "test:2")))
    assert not proofs.holds(replace(proof, following=proof.following[::-1]))


def test_a_part_of_the_tree_beyond_the_log_is_told_and_keeps_neither_chain_nor_witness_from_going_on(
    log_of_ten: str, tamper: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper("INSERT INTO audit_treetile (height, index, digest) VALUES (8, 99, repeat('ab', 32))")
    assert findings() == [(10, Fault.TREE)]
    for _ in range(256):
        operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
    monkeypatch.setattr(tree_heads, "EVERY", timedelta(0))
    sealing.seal_everything(timezone.now())
    assert Seal.objects.count() == 266
    assert [*witness_lines.read(tmp_path / "witness")][-1].last == 266
    assert findings() == [(266, Fault.TREE)]


def test_lines_taken_out_of_a_witness_are_told(log_of_ten: str, tmp_path: Path) -> None:
    (path,) = (tmp_path / "site-a" / "log-witness").glob("audit-heads-*.jsonl")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[2:]))
    assert findings() == [(1, Fault.UNWITNESSED)]


def test_an_entry_changed_and_lines_taken_out_of_the_same_witness_are_told_together(
    log_of_ten: str, tamper, tmp_path: Path
) -> None:
    order = list(Seal.objects.order_by("number").values_list("entry_id", flat=True))
    tamper(f"UPDATE audit_entry SET actor = 'nobody' WHERE id = '{order[6]}'")
    _recompute(tamper, order)
    for path in tmp_path.glob("**/audit-heads-*.jsonl"):
        path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    assert set(findings()) == {(1, Fault.UNWITNESSED), (7, Fault.CHANGED)}


def test_a_clock_set_back_leaves_the_witnesses_lines_in_order_each_once(committed_db: str, settings, tmp_path) -> None:
    settings.DATA, settings.SITES = tmp_path, []
    witness._up_to.clear()
    for ahead in (0, 400, 0, 0, 0):
        operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
        sealing.seal_everything(timezone.now() + timedelta(days=ahead))
    assert [line.last for line in witness_lines.read(tmp_path / "witness")] == [1, 2, 3, 4, 5]
    assert verification.verify(timezone.now()).is_sound


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _refills() -> list[tuple[str, dict[str, Any]]]:
    return [*Entry.objects.filter(act__startswith="audit.witness").order_by("at").values_list("act", "data")]


def test_who_rewrites_the_log_and_empties_every_witness_is_found_though_they_are_full_again(
    log_of_ten, tamper, tmp_path: Path, capsys
) -> None:
    order = list(Seal.objects.order_by("number").values_list("entry_id", flat=True))
    tamper(f"UPDATE audit_entry SET actor = 'nobody' WHERE id = '{order[5]}'")
    tamper("DELETE FROM audit_treehead")
    _recompute(tamper, order)
    for folder in witness.folders():
        _empty(folder)
    witness._up_to.clear()  # a worker started anew
    assert command.verify() == 1
    assert findings() == [(1, Fault.REFILLED)]
    told = capsys.readouterr().out
    assert "第 1 到 10 条没有一处见证" in told and "自那时起才作证" in told
    assert "日志不完好" in told and "not sound: 1 found" in told
    assert [(act, data["witness"], data["first"], data["last"]) for act, data in _refills()] == [
        (witness.REFILLED, str(folder), 1, 10) for folder in witness.folders()
    ]
    assert {line.refilled != "" for line in witness_lines.read(tmp_path / "witness")} == {True}
    # What is sealed from here on is witnessed when it is made; what was refilled stays told.
    sealing.seal_everything(timezone.now())
    assert [(line.first, bool(line.refilled)) for line in witness_lines.read(tmp_path / "witness")] == [
        (1, True),
        (11, False),
    ]
    assert findings() == [(1, Fault.REFILLED)] and len(_refills()) == 2


def test_one_witness_emptied_is_refilled_by_an_act_and_the_others_vouch_for_its_numbers(log_of_ten, tmp_path, capsys):
    folder = tmp_path / "site-a" / "log-witness"
    lines = [*witness_lines.read(folder)]
    _empty(folder)
    operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
    sealing.seal_everything(timezone.now())  # the same worker, still running
    ((act, data),) = _refills()
    assert (act, data["witness"], data["first"], data["last"]) == (witness.REFILLED, str(folder), 1, 11)
    assert [(line.last, line.head) for line in witness_lines.read(folder)][:3] == [
        (line.last, line.head) for line in lines
    ]
    assert command.verify() == 0
    told = capsys.readouterr().out
    assert "第 1 到 11 条是" in told and "numbers 1 to 11 were filled in" in told
    assert (
        f"见证 数据文件夹 ({tmp_path / 'witness'})" in told and f"witness Data folder ({tmp_path / 'witness'})" in told
    )
    assert f"见证 a ({folder})" in told
    since = timezone.localtime(datetime.fromisoformat(next(iter(witness_lines.read(folder))).refilled))
    assert f"{since:%Y-%m-%d %H:%M:%S} 从数据库补写" in told and "+00:00" not in told


def test_a_witness_cut_is_refilled_from_where_it_was_cut(log_of_ten: str, tmp_path: Path) -> None:
    (path,) = (tmp_path / "witness").glob("audit-heads-*.jsonl")
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
    witness._up_to.clear()
    sealing.seal_everything(timezone.now())
    ((act, data),) = _refills()
    assert (act, data["first"], data["last"]) == (witness.REFILLED, 2, 11)
    assert [bool(line.refilled) for line in witness_lines.read(tmp_path / "witness")] == [False, True, True, True]


def test_the_first_filling_of_a_new_witness_is_an_act_and_named_so(log_of_ten: str, settings, tmp_path: Path) -> None:
    (tmp_path / "site-b").mkdir()
    settings.SITES = [*settings.SITES, {"code": "b", "path": str(tmp_path / "site-b")}]
    assert command.verify() == 0
    folder = tmp_path / "site-b" / "log-witness"
    ((act, data),) = _refills()
    assert (act, data["witness"], data["first"], data["last"]) == (witness.BEGUN, str(folder), 1, 10)
    shutil.rmtree(folder)
    witness._up_to.clear()
    assert command.verify() == 0
    assert _refills()[1][0] == witness.REFILLED, "it was there before"


def test_a_witness_that_says_nothing_of_what_it_should_know_is_told_before_anybody_refills_it(
    log_of_ten: str, tmp_path: Path
) -> None:
    _empty(tmp_path / "site-a" / "log-witness")
    shutil.rmtree(tmp_path / "witness")
    in_the_night = verification.verify(timezone.now() + timedelta(hours=1)).findings
    assert [(f.number, f.fault, f.witness) for f in in_the_night] == [
        (1, Fault.UNWITNESSED, str(folder)) for folder in witness.folders()
    ]


def test_a_site_away_and_a_sealer_killed_before_the_witnesses_knew_are_no_refill(log_of_ten, tmp_path) -> None:
    site = tmp_path / "site-a"
    site.rename(tmp_path / "away")
    for _ in range(3):
        operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
        sealing.seal_everything(timezone.now())
    (tmp_path / "away").rename(site)
    operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
    assert sealing.seal_tail(timezone.now()) == 1  # killed here
    assert witness.bring_up_to_date() == 5
    operations.record(actor="test", act="test.done", subject="test:1", at=timezone.now())
    assert sealing.seal_tail(timezone.now()) == 1
    witness._up_to.clear()  # and started anew
    assert witness.bring_up_to_date() == 2
    assert _refills() == [] and verification.verify(timezone.now()).is_sound


def test_a_restore_that_only_a_witness_tells_of_makes_nothing_void(log_of_ten: str, tamper, tmp_path: Path) -> None:
    order = list(Seal.objects.order_by("number").values_list("entry_id", flat=True))
    tamper(f"UPDATE audit_entry SET actor = 'nobody' WHERE id = '{order[6]}'")
    tamper("DELETE FROM audit_treehead")
    _recompute(tamper, order)
    line = json.dumps({"restored_to": 0, "head": "", "at": timezone.now().isoformat(), "backup": "b"}) + "\n"
    for folder in witness.folders():
        for path in folder.glob("*.jsonl"):
            path.write_text(path.read_text() + line)
    verdict = verification.verify(timezone.now())
    assert {(f.number, f.fault, f.witness) for f in verdict.findings if f.fault is Fault.RESTORED} == {
        (0, Fault.RESTORED, str(folder)) for folder in witness.folders()
    }
    assert (7, Fault.CHANGED) in findings()
    assert command.verify() == 1


def test_the_act_of_a_restore_lost_by_another_restore_is_named_by_that(log_of_ten: str, tamper) -> None:
    def back_to_five() -> None:
        tamper("DELETE FROM audit_entry WHERE id NOT IN (SELECT entry_id FROM audit_seal WHERE number <= 5)")
        tamper("DELETE FROM audit_seal WHERE number > 5; DELETE FROM audit_head WHERE last > 5")
        tamper("DELETE FROM audit_unsealed")
        witness.note_restore(at=timezone.now(), backup="b")
        sealing.seal_everything(timezone.now())
        assert verification.verify(timezone.now()).is_sound

    back_to_five()
    back_to_five()
    assert len(Entry.objects.get(act=witness.RESTORED).data["earlier"]) == 1
    tamper(f"UPDATE audit_entry SET act = 'test.done' WHERE act = '{witness.RESTORED}'")
    assert (5, Fault.RESTORED) in findings()


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("DELETE FROM audit_head WHERE last = 5", 2),
        ("DELETE FROM audit_head WHERE last = 1", 1),
        ("UPDATE audit_head SET first = 3 WHERE last = 5", 2),
        ("UPDATE audit_head SET last = 4 WHERE last = 5", 4),
        ("UPDATE audit_head SET chain = repeat('0', 64) WHERE last = 5", 5),
        ("DELETE FROM audit_head WHERE last = 10", 10),
    ],
)
def test_a_head_changed_or_taken_away_is_told_by_what_the_seals_say(log_of_ten, tamper, statement, number) -> None:
    tamper(statement)
    assert (number, Fault.CHAIN) in findings()


def test_what_came_later_into_a_witness_takes_nothing_back_that_was_told_first(log_of_ten, tamper, tmp_path) -> None:
    order = list(Seal.objects.order_by("number").values_list("entry_id", flat=True))
    tamper(f"UPDATE audit_entry SET actor = 'nobody' WHERE id = '{order[6]}'")
    _recompute(tamper, order)
    _empty(tmp_path / "site-a" / "log-witness")
    (path,) = (tmp_path / "witness").glob("audit-heads-*.jsonl")
    with path.open("a") as stream:  # as a bucket is given a replaced file: after what it holds
        stream.write(json.dumps(witness._line_of(Head.objects.get())) + "\n")
    assert findings() == [(7, Fault.CHANGED)]
