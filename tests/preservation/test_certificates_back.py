"""A certificate of the lost log is what it was after the catalogue was rebuilt: unchanged, ours, its proof holding."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from filing.filing_support import NOW
from preservation.kept_project import KeptProject, site_settings
from preservation.test_rebuilding import _another_empty_database
from zhudang.audit import earlier_logs, sealing, tree_heads, witness
from zhudang.audit.models import Entry
from zhudang.content import operations as content
from zhudang.documents import carried, operations, queries
from zhudang.documents.models import SealedDocument
from zhudang.documents.operations import Paper
from zhudang.documents.queries import Verdict
from zhudang.documents.render import fonts_present
from zhudang.identity.rights import SYSTEM
from zhudang.preservation import command

pytestmark = pytest.mark.skipif(not fonts_present(), reason="the front-end build has not put the fonts in place")
DATA = {
    "client": "云溪安居建设有限公司", "body": "发给此凭证。", "facts": [{"label": "工程名称", "value": "综合楼", "wide": True}],
    "quantities": [["电子", "1", "2", "3", "—", "6"]],
}  # fmt: skip


@pytest.fixture
def places(settings: Any, tmp_path: Path) -> Path:
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    (tmp_path / "data").mkdir()
    return tmp_path


def certificate(project: KeptProject) -> bytes:
    """The PDF of a certificate of the project, sealed, its log entry under a signed root that the witnesses hold."""
    issued = operations.issue(
        kind="certificate", project_id=project.project_id, record={"project": "综合楼"}, now=NOW, actor=SYSTEM,
        paper=Paper("certificate", "移交凭证", DATA, face=[("工程名称", "综合楼")]),
    )  # fmt: skip
    sealing.seal_everything(NOW)
    tree_heads.sign_head(NOW)
    operations.finish(document_id=issued.id, now=NOW)
    sealing.seal_everything(NOW)
    card = queries.document(issued.id)
    assert card and card.file_id
    with content.open_file(card.file_id) as stream:
        return stream.read()


def outcomes(pdf: bytes) -> dict[str, str]:
    return {check.code: check.outcome for check in queries.answer_for_pdf(pdf=pdf, now=NOW).checks}


def a_new_machine(places: Path) -> None:
    """Database, secrets and the data folder's witness are lost; the sites are there."""
    shutil.rmtree(places / "data")
    (places / "data").mkdir()
    witness._up_to.clear()


def test_a_genuine_certificate_of_the_lost_log_is_valid_and_its_proof_holds_under_the_earlier_key(
    committed_db, cluster, django_db_blocker, places: Path
):
    with django_db_blocker.unblock():
        project = KeptProject()
        pdf = certificate(project)
        project.preserve()
        sealing.seal_everything(NOW)
        proof = carried.carried_by(pdf)
        assert proof and proof.holds and outcomes(pdf)["proof"] == "ok"
        with _another_empty_database(cluster):
            a_new_machine(places)
            assert command.rebuild("b") == 0
            sealing.seal_everything(NOW)
            assert proof.head.key in earlier_logs.own_keys()
            assert proof.head.key in queries.published_keys().log_keys
            answer = queries.answer_for_pdf(pdf=pdf, now=NOW)
            assert answer.verdict is Verdict.VALID
            assert outcomes(pdf) == {
                "issuer": "ok", "issued": "ok", "change": "ok", "logged_earlier": "none", "proof_earlier": "ok", "standing": "ok",
            }  # fmt: skip
            page = Client().post("/verify/", {"pdf": io.BytesIO(pdf)}).content.decode()
            assert "真实、有效、未被改动" in page and "前一部日志" in page
            assert "改动过" not in page and "尚未入链" not in page
            assert (
                queries.answer_for_code(
                    code=SealedDocument.objects.get(number=answer.number).check_code, now=NOW
                ).verdict
                is Verdict.REGISTERED
            )
    witness._up_to.clear()


def test_where_no_witness_of_the_lost_log_is_left_its_key_is_not_taken_for_ours(
    committed_db, cluster, django_db_blocker, places: Path
):
    with django_db_blocker.unblock():
        project = KeptProject()
        pdf = certificate(project)
        project.preserve()
        sealing.seal_everything(NOW)
        with _another_empty_database(cluster):
            a_new_machine(places)
            for code in ("a", "b"):
                shutil.rmtree(places / code / "log-witness")
            assert command.rebuild("b") == 0
            sealing.seal_everything(NOW)
            answer = queries.answer_for_pdf(pdf=pdf, now=NOW)
            assert answer.verdict is Verdict.VALID and answer.face
            assert outcomes(pdf)["proof_unknown_key"] == "none"
    witness._up_to.clear()


def test_a_head_of_a_stranger_in_a_witness_is_no_key_of_ours_unless_it_is_signed(tmp_path: Path, db):
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    line = {"size": 1, "root": "00" * 32, "at": NOW.isoformat(), "key": stranger, "signature": "00" * 64}
    (tmp_path / "tree-heads-202611.jsonl").write_text(json.dumps(line) + "\n")
    earlier_logs.note([str(tmp_path)], at=NOW)
    assert stranger not in earlier_logs.own_keys()
    assert Entry.objects.get(act=earlier_logs.FOLLOWS).data["log_keys"] == []


def test_an_entry_taken_out_of_an_unbroken_log_is_not_told_as_one_of_an_earlier_log(db, places: Path):
    from zhudang.audit import operations as audit

    audit.record(actor="system", act="audit.log.verified", subject="audit.log", at=NOW.replace(year=2020), data={})
    pdf = certificate(KeptProject())
    assert outcomes(pdf)["logged"] == "ok"
    SealedDocument.objects.update(leaf_entry=SealedDocument.objects.get().id)
    answer = queries.answer_for_pdf(pdf=pdf, now=NOW)
    assert outcomes(pdf)["logged"] == "fail" and answer.verdict is Verdict.DOUBTFUL and outcomes(pdf)["change"] == "ok"
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert "log-proof.json" in opened.attachments
