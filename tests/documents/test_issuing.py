"""Documents are numbered without gaps, logged before they are printed, and a changed one is never called valid."""

import io
import json
from datetime import UTC, datetime

import pikepdf
import pytest
from django.db import transaction
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from zhudang.audit import tree_heads
from zhudang.audit.models import Entry
from zhudang.content import operations as content
from zhudang.documents import operations, queries
from zhudang.documents.canonical import LETTERS, canonical_json, sm3
from zhudang.documents.carried import carried_by
from zhudang.documents.models import NumberSeries, SealedDocument
from zhudang.documents.operations import Paper
from zhudang.documents.queries import Verdict
from zhudang.documents.render import fonts_present
from zhudang.identity.rights import SYSTEM

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not fonts_present(), reason="the front-end build has not put the fonts in place"),
]
NOW = datetime(2026, 6, 12, 2, 32, 5, tzinfo=UTC)
CERTIFICATE = {
    "client": "云溪安居建设有限公司", "body": "发给此凭证。", "facts": [{"label": "工程名称", "value": "综合楼", "wide": True}],
    "quantities": [["电子", "1", "2", "3", "—", "6"]],
}  # fmt: skip


def issue(kind="notice", template="notice", data=None, now=NOW):
    paper = Paper(
        template, "建设工程归档告知书", data or {"paragraphs": ["一次性告知。"]}, face=[("工程名称", "综合楼")]
    )
    return operations.issue(
        kind=kind, project_id=None, record={"project": "综合楼"}, paper=paper, actor=SYSTEM, now=now
    )


def bytes_of(issued):
    with content.open_file(queries.document(issued.id).file_id) as stream:
        return stream.read()


def test_numbers_have_no_gap_when_an_issue_fails():
    first = issue()
    with pytest.raises(RuntimeError), transaction.atomic():
        issue()
        raise RuntimeError
    second = issue()
    assert "0001" in first.number and "0002" in second.number
    assert NumberSeries.objects.get(kind="notice", year=2026).last == 2


def test_the_series_begins_anew_each_year_and_kind():
    issue()
    assert "0001" in issue(now=datetime(2027, 1, 4, tzinfo=UTC)).number
    assert "0001" in issue(kind="opinion", template="opinion").number


def test_the_record_is_logged_as_leaf_before_the_pdf_is():
    issued = issue()
    row = SealedDocument.objects.get(id=issued.id)
    assert row.record_sm3 == sm3(canonical_json(row.record).encode())
    leaf, digest = Entry.objects.get(id=row.leaf_entry), Entry.objects.get(id=row.digest_entry)
    assert leaf.data["record_sm3"] == row.record_sm3 and digest.data["pdf_sha256"] == row.pdf_sha256
    assert leaf.id < digest.id


def test_check_codes_have_eight_letters_nobody_confuses():
    code = issue().check_code
    assert len(code) == 8 and set(code) <= set(LETTERS) and not set("0O1ILUV") & set(LETTERS)


def test_a_pdf_as_sealed_is_valid_and_says_whether_its_entry_is_chained_yet(seal_log):
    issued = issue()
    early = queries.answer_for_pdf(pdf=bytes_of(issued), now=NOW)
    assert early.verdict is Verdict.VALID
    assert {check.code for check in early.checks if check.outcome == "none"} == {"logged"}
    seal_log()
    answer = queries.answer_for_pdf(pdf=bytes_of(issued), now=NOW)
    assert answer.verdict is Verdict.VALID and answer.number == issued.number
    assert {check.outcome for check in answer.checks} == {"ok"}


@pytest.mark.parametrize("where", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_flipped_byte_is_never_valid(where, seal_log):
    issued = issue()
    seal_log()
    pdf = bytearray(bytes_of(issued))
    pdf[int(len(pdf) * where)] ^= 0x01
    assert queries.answer_for_pdf(pdf=bytes(pdf), now=NOW).verdict in {Verdict.CHANGED, Verdict.UNKNOWN}


def test_something_added_after_sealing_is_told_as_changed(seal_log):
    issued = issue()
    seal_log()
    writer = IncrementalPdfFileWriter(io.BytesIO(bytes_of(issued)))
    writer.root["/Added"] = generic.NameObject("/Later")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    answer = queries.answer_for_pdf(pdf=out.getvalue(), now=NOW)
    assert answer.verdict is Verdict.CHANGED and answer.number == issued.number and not answer.face
    assert answer.checks[0].data["added"]


def test_a_pdf_saved_anew_by_other_software_is_changed_though_it_looks_the_same(seal_log):
    issued = issue()
    seal_log()
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(bytes_of(issued))) as opened:
        opened.save(out, linearize=True)
    assert queries.answer_for_pdf(pdf=out.getvalue(), now=NOW).verdict is Verdict.CHANGED


def test_bytes_after_the_end_make_it_changed(seal_log):
    issued = issue()
    seal_log()
    assert queries.answer_for_pdf(pdf=bytes_of(issued) + b"\n", now=NOW).verdict is Verdict.CHANGED


@pytest.mark.parametrize("pdf", [b"", b"not a pdf", b"%PDF-1.7\n%%EOF"])
def test_what_is_not_ours_is_unknown(pdf):
    assert queries.answer_for_pdf(pdf=pdf, now=NOW).verdict is Verdict.UNKNOWN


def test_number_and_code_must_agree_however_they_are_typed():
    issued = issue()
    typed = issued.number.replace("〔", "[").replace("〕", "］").replace(" ", "")
    assert (
        queries.answer_for_number(number=typed, code=issued.check_code.lower(), now=NOW).verdict is Verdict.REGISTERED
    )
    other = issue()
    assert queries.answer_for_number(number=issued.number, code=other.check_code, now=NOW) == queries.answer_for_number(
        number="没有", code="AAAA", now=NOW
    )


def test_a_record_changed_in_the_database_is_not_called_valid(seal_log):
    issued = issue()
    seal_log()
    pdf = bytes_of(issued)
    SealedDocument.objects.filter(id=issued.id).update(record={"number": issued.number, "body": "另写的"})
    assert queries.answer_for_pdf(pdf=pdf, now=NOW).verdict is Verdict.DOUBTFUL
    assert queries.answer_for_code(code=issued.check_code, now=NOW).verdict is Verdict.DOUBTFUL


def test_a_void_document_is_told_void_also_from_its_own_bytes(seal_log):
    issued = issue()
    seal_log()
    operations.void(actor=SYSTEM, document_id=issued.id, reason="发错单位", now=NOW)
    answer = queries.answer_for_pdf(pdf=bytes_of(issued), now=NOW)
    assert answer.verdict is Verdict.VOID and answer.void_reason == "发错单位"


def test_a_certificate_waits_for_its_log_entry_and_then_carries_the_proof(seal_log):
    issued = issue(kind="certificate", template="certificate", data=CERTIFICATE)
    assert issued.file_id is None
    assert queries.answer_for_code(code=issued.check_code, now=NOW).verdict is Verdict.PENDING
    with pytest.raises(operations.log_proof.NotChainedYet):
        operations.finish(document_id=issued.id, now=NOW)
    seal_log()
    finished = operations.finish(document_id=issued.id, now=NOW)
    assert operations.finish(document_id=issued.id, now=NOW) == finished
    seal_log()
    pdf = bytes_of(issued)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        row = SealedDocument.objects.get(id=issued.id)
        record = opened.attachments["record.json"].get_file().read_bytes()
        assert sm3(record) == row.record_sm3 and "log-proof.json" in opened.attachments
        with opened.open_metadata() as described:
            assert described.pdfa_status == "3B"
        assert "/Version" not in opened.Root and opened.pdf_version == "1.7"
    assert queries.answer_for_pdf(pdf=pdf, now=NOW).verdict is Verdict.VALID


def test_a_certificate_proves_itself_by_its_own_path_to_a_signed_root(seal_log, client):
    from zhudang.documents.jobs import finish_document

    issued = issue(kind="certificate", template="certificate", data=CERTIFICATE)
    finish_document(document_id=str(issued.id))
    seal_log()
    pdf = bytes_of(issued)
    proof = carried_by(pdf)
    assert proof and proof.holds and tree_heads.is_ours(proof.head)
    answer = queries.answer_for_pdf(pdf=pdf, now=NOW)
    assert answer.verdict is Verdict.VALID and [c.outcome for c in answer.checks if c.code == "proof"] == ["ok"]
    assert "不问数据库也能这样查" in client.post("/verify/", {"pdf": io.BytesIO(pdf)}).content.decode()


def test_the_command_checks_a_certificate_against_the_published_key(seal_log, tmp_path, capsys):
    from zhudang.documents import command
    from zhudang.documents.jobs import finish_document

    issued = issue(kind="certificate", template="certificate", data=CERTIFICATE)
    finish_document(document_id=str(issued.id))
    paper, key = tmp_path / "凭证.pdf", carried_by(bytes_of(issued)).head.key
    paper.write_bytes(bytes_of(issued))
    assert [command.proof(paper), command.proof(paper, key=key.upper()), command.proof(paper, key="00" * 32)] == [
        0,
        0,
        1,
    ]
    assert "所给的公钥" in capsys.readouterr().out
    paper.write_bytes(b"%PDF-1.7")
    assert command.proof(paper) == 2 and command.proof(tmp_path / "absent.pdf") == 2


def _with(pdf: bytes, name: str, change) -> bytes:
    """The PDF with one attachment changed."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        told = json.loads(opened.attachments[name].get_file().read_bytes())
        opened.attachments[name] = pikepdf.AttachedFileSpec(opened, json.dumps(change(told)).encode(), filename=name)
        out = io.BytesIO()
        opened.save(out)
    return out.getvalue()


def test_a_proof_for_another_record_or_with_another_root_holds_nothing(seal_log):
    from zhudang.documents.jobs import finish_document

    issued = issue(kind="certificate", template="certificate", data=CERTIFICATE)
    finish_document(document_id=str(issued.id))
    pdf = bytes_of(issued)
    other_record = _with(pdf, "record.json", lambda told: {**told, "number": "云城档移字〔2026〕第 9999 号"})
    assert carried_by(other_record) and not carried_by(other_record).holds
    root = {"root": "00" * 32}
    other_root = _with(
        pdf, "log-proof.json", lambda t: {**t, "tree": {**t["tree"], "head": {**t["tree"]["head"], **root}}}
    )
    assert carried_by(other_root) and not carried_by(other_root).holds
    assert carried_by(_with(pdf, "log-proof.json", lambda told: {**told, "tree": None})) is None
    assert carried_by(b"%PDF-1.7 nothing") is None


def test_a_certificate_left_behind_is_finished_by_the_next_round(seal_log):
    from zhudang.documents.jobs import finish_waiting

    issued = issue(kind="certificate", template="certificate", data=CERTIFICATE)
    assert queries.waiting_to_be_sealed() == [issued.id]
    finish_waiting()
    finish_waiting()
    assert queries.document(issued.id).sealed and queries.waiting_to_be_sealed() == []


def test_the_public_page_answers_by_code_form_and_file(client, seal_log):
    issued = issue()
    seal_log()
    assert client.get("/verify/").status_code == 200
    assert issued.number in client.get(f"/verify/{issued.check_code}/").content.decode()
    assert client.get("/verify/AAAAAAAA/").status_code == 404
    sent = client.post("/verify/", {"pdf": io.BytesIO(bytes_of(issued))}).content.decode()
    assert "真实、有效、未被改动" in sent
    assert client.post("/verify/", {"number": "", "code": ""}).status_code == 400


def test_too_many_checks_a_minute_are_refused(client):
    answers = [client.get("/verify/AAAAAAAA/", REMOTE_ADDR="192.0.2.7").status_code for _ in range(80)]
    assert answers[0] == 404 and 429 in answers
