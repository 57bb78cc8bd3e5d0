"""The Merkle tree over the log in the database: tiles, signed heads, proofs, and hands that change them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from zhudang.audit import (
    command,
    earlier_logs,
    log_key,
    proof_files,
    proofs,
    queries,
    sealing,
    tree,
    tree_heads,
    verification,
    witness,
    witness_lines,
)
from zhudang.audit.domain import merkle
from zhudang.audit.domain.judging import Fault
from zhudang.audit.models import Entry, Seal, TreeHead, TreeTile, Unsealed

ENTRIES = 600


def _write(count: int, at: datetime) -> None:
    entries = [Entry(at=at, actor="test", act="test.done", subject="test:1", data={"n": n}) for n in range(count)]
    Entry.objects.bulk_create(entries)
    Unsealed.objects.bulk_create(Unsealed(entry_id=entry.id) for entry in entries)


@pytest.fixture
def log_of_600(committed_db: str, settings: Any, tmp_path: Path) -> str:
    """Six hundred entries, a head signed over 300 and one over all; one witness beside the data folder's."""
    settings.DATA = tmp_path
    (tmp_path / "site-a").mkdir()
    settings.SITES = [{"code": "a", "path": str(tmp_path / "site-a")}]
    witness._up_to.clear()
    began = timezone.now() - timedelta(hours=2)
    for hour in range(2):
        _write(ENTRIES // 2, began)
        sealing.seal_everything(began + timedelta(hours=hour))
    return committed_db


@pytest.fixture
def tamper(log_of_600: str, superuser_connection: Callable[[str], Any]) -> Callable[[str], None]:
    """Run SQL as a superuser who has switched the triggers off."""
    hand = superuser_connection(log_of_600)
    hand.execute("SET session_replication_role = replica")
    return lambda statement: hand.execute(statement) and None


def _findings() -> list[tuple[int, Fault]]:
    return [(found.number, found.fault) for found in verification.verify(timezone.now()).findings]


def _leaves() -> list[bytes]:
    return [bytes.fromhex(leaf) for leaf in Seal.objects.order_by("number").values_list("leaf", flat=True)]


def test_a_head_is_signed_once_an_hour_over_all_entries(log_of_600: str) -> None:
    first, second = (tree_heads.as_signed(row) for row in TreeHead.objects.all())
    assert (first.size, second.size) == (300, 600) and first.is_signed and second.is_signed
    assert second.root == merkle.root_of(_leaves()).hex()
    assert sorted(TreeTile.objects.values_list("height", "index")) == [(8, 0), (8, 1)]
    _write(1, timezone.now())
    sealing.seal_everything(TreeHead.objects.get(size=600).at + timedelta(minutes=59))
    assert TreeHead.objects.count() == 2


@pytest.mark.parametrize("number", [1, 256, 257, 300, 301, 512, 599, 600])
def test_any_entry_is_proved_by_its_path_to_a_signed_root_alone(log_of_600: str, number: int) -> None:
    proof = proofs.proof_of(Seal.objects.get(number=number).entry_id)
    assert proof and proof.tree and proof.tree.head.size == (300 if number <= 300 else 600)
    assert proofs.holds(proof)
    assert tree_heads.from_plain(tree_heads.to_plain(proof.tree)) == proof.tree
    for forged in (
        replace(proof.tree, number=number % ENTRIES + 1),
        replace(proof.tree, path=proof.tree.path[1:]),
        replace(proof.tree, head=replace(proof.tree.head, root="00" * 32)),
        replace(proof.tree, head=replace(proof.tree.head, at="2020-01-01T00:00:00+00:00")),
    ):
        assert not tree_heads.holds(forged) and not proofs.holds(replace(proof, tree=forged))


def test_the_later_head_is_proved_to_continue_the_earlier(log_of_600: str) -> None:
    first, second = (tree_heads.as_signed(row) for row in TreeHead.objects.all())
    path = tree_heads.consistency_of(300, 600)
    assert tree_heads.continues(first, second, path)
    assert not tree_heads.continues(replace(first, root="00" * 32), second, path)
    with pytest.raises(ValueError, match="no tree of 601"):
        tree_heads.consistency_of(601, 600)


def test_a_page_of_heads_is_proved_with_a_few_statements_however_many_heads(
    log_of_600: str, django_assert_max_num_queries: Any
) -> None:
    for extra in range(40):
        _write(1, timezone.now())
        sealing.seal_everything(timezone.now() + timedelta(hours=2 + extra))
    with django_assert_max_num_queries(5):
        rows = queries.head_rows(list(queries.tree_heads()))
    assert len(rows) == TreeHead.objects.count() == 42
    assert [row.continues for row in rows] == [True] * 41 + [False]


def test_behind_a_hole_nothing_is_proved(log_of_600: str, tamper: Callable[[str], None]) -> None:
    tamper("DELETE FROM audit_seal WHERE number = 580")
    assert not queries.head_rows([queries.tree_heads().first()])[0].continues
    with pytest.raises(LookupError):
        tree.StoredTree().root(600)


def test_a_log_from_before_the_tree_is_caught_up_with_in_passes_and_signed_only_then(
    log_of_600: str, tamper: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper("DELETE FROM audit_treetile; DELETE FROM audit_treehead")
    monkeypatch.setattr(tree, "AT_ONCE", 1)
    monkeypatch.setattr(sealing, "_tree_is_behind", True)
    assert tree_heads.sign_head(timezone.now()) is None
    assert sealing.seal_tail(timezone.now()) == 0 and not tree.is_filled(600)
    sealing.seal_tail(timezone.now())
    head = tree_heads.sign_head(timezone.now())
    assert head and head.root == merkle.root_of(_leaves()).hex()


def test_every_witness_holds_the_signed_heads_and_verify_recomputes_them(log_of_600: str) -> None:
    assert [[head.size for head in witness_lines.read_tree(folder)] for folder in witness.folders()] == [[300, 600]] * 2
    verdict = verification.verify(timezone.now())
    assert verdict.is_sound and verdict.tree_heads == 2 and [w.tree_heads for w in verdict.witnesses] == [2, 2]


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE audit_treetile SET digest = repeat('0', 64) WHERE index = 1", 512),
        ("UPDATE audit_treehead SET root = repeat('0', 64) WHERE size = 300", 300),
        ("UPDATE audit_treehead SET at = now() WHERE size = 600", 600),
        ("DELETE FROM audit_treehead WHERE size = 300", 300),
        ("UPDATE audit_treehead SET signature = repeat('0', 128) WHERE size = 600", 600),
    ],
)
def test_what_a_superuser_did_to_the_tree_is_found(log_of_600, tamper, statement: str, number: int) -> None:
    tamper(statement)
    assert set(_findings()) == {(number, Fault.TREE)}


def test_a_head_signed_anew_with_another_key_is_betrayed_by_the_witnesses(log_of_600, tamper) -> None:
    (log_key.Path(log_key.settings.DATA) / "secrets" / "log-key.pem").unlink()
    row = TreeHead.objects.get(size=600)
    key, signature = log_key.sign(tree_heads.as_signed(row).message)
    tamper(f"UPDATE audit_treehead SET key = '{key}', signature = '{signature}' WHERE size = 600")
    assert tree_heads.as_signed(TreeHead.objects.get(size=600)).is_signed
    assert set(_findings()) == {(300, Fault.STRANGE_KEY), (600, Fault.TREE)}, "the key at hand is the new one now"


def test_a_head_in_between_that_a_strangers_key_signed_is_found_and_shown(log_of_600, tamper) -> None:
    root, at = tree.StoredTree([300, 450, 600]).root(450).hex(), datetime(2024, 1, 1, tzinfo=UTC)
    stranger = Ed25519PrivateKey.generate()
    head = tree_heads.SignedHead(450, root, at.isoformat(timespec="microseconds"), "", "")
    key, signature = stranger.public_key().public_bytes_raw().hex(), stranger.sign(head.message).hex()
    assert replace(head, key=key, signature=signature).is_signed
    tamper(f"INSERT INTO audit_treehead VALUES (450, '{root}', '{at.isoformat()}', '{key}', '{signature}')")
    assert (450, Fault.STRANGE_KEY) in _findings()
    assert {(told, ours) for told, _, ours in queries.log_keys()} == {(key, False), (log_key.own_key(), True)}
    (row,) = [each for each in queries.head_rows(list(queries.tree_heads())) if each.head.size == 450]
    assert row.strange
    assert not tree_heads.is_ours(row.head), "nor does a certificate hold that shows it"
    assert earlier_logs.own_keys() == {log_key.own_key()}, "what certificates are checked by is not widened"


def test_a_lost_key_is_told_to_the_log_and_its_heads_stay_ours(log_of_600: str) -> None:
    before = log_key.own_key()
    (log_key.Path(log_key.settings.DATA) / "secrets" / "log-key.pem").unlink()
    _write(1, timezone.now())
    sealing.seal_everything(timezone.now() + timedelta(hours=2))
    (told,) = Entry.objects.filter(act=tree_heads.KEY_CHANGED)
    assert told.data == {"key": log_key.own_key(), "before": [before]} and log_key.own_key() != before
    assert _findings() == []


def _outside(told: dict[str, Any]) -> proof_files.Checked | None:
    """As anyone has it who got the file: through JSON, without any row."""
    return proof_files.check(json.loads(json.dumps(told)))


def test_an_entrys_file_of_proof_is_checked_without_us(log_of_600: str) -> None:
    entry_id = Seal.objects.get(number=7).entry_id
    told = proof_files.of_entry(entry_id)
    assert told is not None
    assert _outside(told) == proof_files.Checked(True, (log_key.own_key(),), number=7)
    entry = json.loads(told["canonical"])
    assert entry["id"] == str(entry_id) and told["entry"]["actor"] == entry["actor"] == "test"
    for name, value in {
        "canonical": told["canonical"].replace("test.done", "test.gone"), "number": 8, "chain_before": "00" * 32,
        "tree": {**told["tree"], "path": told["tree"]["path"][1:]},
    }.items():  # fmt: skip
        assert not _outside({**told, name: value}).holds, name


def test_the_heads_file_of_proof_shows_that_each_only_adds(log_of_600: str) -> None:
    told = proof_files.of_heads(list(TreeHead.objects.filter(size=600)))
    assert [head["size"] for head in told["heads"]] == [300, 600], "the one before is among them"
    assert _outside(told) == proof_files.Checked(True, (log_key.own_key(),), heads=2)
    assert not _outside({**told, "consistency": []}).holds
    later = {**told["heads"][1], "root": "00" * 32}
    assert not _outside({**told, "heads": [told["heads"][0], later]}).holds
    assert proof_files.check({"format": "other"}) is None and proof_files.check({}) is None


def test_a_file_of_proof_is_checked_at_the_console(log_of_600: str, tmp_path: Path, capsys) -> None:
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof_files.of_entry(Seal.objects.get(number=7).entry_id)))
    assert command.proof(path, key=log_key.own_key().upper()) == 0
    assert command.proof(path) == 0 and "--key" in capsys.readouterr().out
    assert command.proof(path, key="00" * 32) == 1
    path.write_text(path.read_text().replace("test.done", "test.gone"))
    assert command.proof(path) == 1
    path.write_text("%PDF-1.7")
    assert command.proof(path) is None


def test_a_changed_entry_is_named_itself_and_not_every_root_above_it(log_of_600, tamper) -> None:
    tamper("UPDATE audit_seal SET leaf = 'no digest' WHERE number = 40")
    assert (40, Fault.CHANGED) in _findings() and not any(fault is Fault.TREE for _n, fault in _findings())


def test_after_a_restore_the_lost_heads_are_void_openly(log_of_600, tamper) -> None:
    tamper("DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_seal WHERE number > 300)")
    tamper("DELETE FROM audit_seal WHERE number > 300; DELETE FROM audit_head WHERE last > 300")
    tamper("DELETE FROM audit_treehead WHERE size > 300; DELETE FROM audit_treetile WHERE index > 0")
    witness.note_restore(at=timezone.now(), backup="2026-06-17")
    assert verification.verify(timezone.now()).is_sound
    _write(1, timezone.now())
    sealing.seal_everything(timezone.now() + timedelta(hours=2))
    assert [head.size for head in witness_lines.read_tree(witness.folders()[0])] == [300, 302], (
        "the act of restoring, and one more"
    )
    assert verification.verify(timezone.now()).is_sound
