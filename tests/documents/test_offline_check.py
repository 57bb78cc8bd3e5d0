"""What the browser finds of a paper by itself is what the server finds of the same bytes; the islands run in Node here."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zhudang.audit import earlier_logs
from zhudang.audit.domain import merkle
from zhudang.content import operations as content
from zhudang.documents import operations, queries, sealing
from zhudang.documents.jobs import finish_document
from zhudang.documents.models import SealedDocument
from zhudang.documents.operations import Paper
from zhudang.documents.queries import Verdict
from zhudang.documents.render import fonts_present
from zhudang.identity.rights import SYSTEM

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import build_frontend  # noqa: E402

pytestmark = [
    pytest.mark.skipif(not fonts_present(), reason="the front-end build has not put the fonts in place"),
    pytest.mark.skipif(not build_frontend.MODULES.exists(), reason="the front end has not been built"),
]
NOW = datetime(2026, 6, 12, 2, 32, 5, tzinfo=UTC)
DATA = {
    "client": "云溪安居建设有限公司", "body": "发给此凭证。", "facts": [{"label": "工程名称", "value": "综合楼", "wide": True}],
    "quantities": [["电子", "1", "2", "3", "—", "6"]],
}  # fmt: skip
SAME = {
    "genuine": Verdict.VALID, "changed": Verdict.CHANGED, "doubtful": Verdict.DOUBTFUL, "unknown": Verdict.UNKNOWN,
}  # fmt: skip
Change = Callable[[bytes, bytes], bytes]


def node(script: str, given: str = "") -> Any:
    """Run a module beside the islands, with text on its standard input; give the JSON it prints."""
    command = [*build_frontend.node_command(), "--input-type=module", "-e", script]
    done = subprocess.run(
        command, cwd=ROOT / "frontend" / "islands", capture_output=True, text=True, input=given, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_browser(
    *papers: bytes, seals: list[str] | None = None, log_keys: list[str] | None = None
) -> list[dict[str, Any]]:
    """What the browser says of each paper, with what the page delivers of the archive's certificates and keys."""
    known = queries.published_keys()
    given = {
        "papers": [base64.b64encode(paper).decode() for paper in papers],
        "known": {"seals": known.seals if seals is None else seals, "logKeys": known.log_keys if log_keys is None else log_keys},
    }  # fmt: skip
    script = """
        import { readFileSync } from "node:fs";
        import { checkPaper } from "./paper/paper.js";
        console.warn = console.log = () => {};
        const { attachmentsOf } = await import("./paper/attachments.js");
        const { papers, known } = JSON.parse(readFileSync(0, "utf8"));
        const told = [];
        for (const paper of papers) {
          const bytes = new Uint8Array(Buffer.from(paper, "base64"));
          told.push(checkPaper(bytes, await attachmentsOf(bytes), known));
        }
        process.stdout.write(JSON.stringify(told));
    """
    return list(node(script, json.dumps(given)))


def issue(kind: str = "certificate", template: str = "certificate", data: Any = DATA) -> bytes:
    issued = operations.issue(
        kind=kind, project_id=None, record={"project": "综合楼"}, now=NOW, actor=SYSTEM,
        paper=Paper(template, "移交凭证", data, face=[("工程名称", "综合楼")]),
    )  # fmt: skip
    finish_document(document_id=str(issued.id))
    card = queries.document(issued.id)
    assert card and card.file_id
    with content.open_file(card.file_id) as stream:
        return stream.read()


def attached(pdf: bytes, name: str) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return opened.attachments[name].get_file().read_bytes()


def with_attached(pdf: bytes, **files: bytes) -> bytes:
    """The PDF with attachments replaced: `record` and `log_proof`."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for key, data in files.items():
            name = f"{key.replace('_', '-')}.json"
            opened.attachments[name] = pikepdf.AttachedFileSpec(opened, data, filename=name)
        out = io.BytesIO()
        opened.save(out)
    return out.getvalue()


def flipped(where: float) -> Change:
    def change(pdf: bytes, _other: bytes) -> bytes:
        bad = bytearray(pdf)
        bad[int(len(bad) * where)] ^= 0x01
        return bytes(bad)

    return change


def forged_by_a_stranger(pdf: bytes, _other: bytes = b"") -> bytes:
    """The proof with the head signed anew, by somebody else's key: consistent in itself."""
    stranger = Ed25519PrivateKey.generate()
    told = json.loads(attached(pdf, "log-proof.json"))
    head = told["tree"]["head"]
    plain = json.dumps({name: head[name] for name in ("at", "root", "size")}, sort_keys=True, separators=(",", ":"))
    head["key"] = stranger.public_key().public_bytes_raw().hex()
    head["signature"] = stranger.sign(b"zhudang log head, SM3-Merkle\n" + plain.encode()).hex()
    return with_attached(pdf, log_proof=json.dumps(told).encode())


CHANGES: dict[str, tuple[Change, str, str]] = {
    "genuine": (lambda pdf, _: pdf, "genuine", "ok"),
    "one byte at the front": (flipped(0.02), "changed", ""),
    "one byte in the middle": (flipped(0.5), "changed", ""),
    "one byte near the end": (flipped(0.9), "changed", ""),
    "a byte behind the end": (lambda pdf, _: pdf + b"\n", "changed", "ok"),
    "proof of another certificate": (
        lambda pdf, other: with_attached(pdf, log_proof=attached(other, "log-proof.json")), "changed", "fail",
    ),
    "record and proof of another certificate": (
        lambda pdf, other: with_attached(
            pdf, record=attached(other, "record.json"), log_proof=attached(other, "log-proof.json")
        ),
        "changed", "ok",
    ),
    "head forged by a stranger's key": (forged_by_a_stranger, "changed", "unknown-key"),
    "no PDF": (lambda *_: b"not a pdf", "unknown", "none"),
}  # fmt: skip


def test_the_browsers_verdict_is_the_servers(db, seal_log):
    pdf, other = issue(), issue()
    seal_log()
    papers = {name: change(pdf, other) for name, (change, _, _) in CHANGES.items()}
    told = dict(zip(papers, in_browser(*papers.values()), strict=True))
    for name, (_change, verdict, proof) in CHANGES.items():
        assert told[name]["verdict"] == verdict, (name, told[name])
        assert not proof or told[name]["proof"] == proof, (name, told[name])
        assert queries.answer_for_pdf(pdf=papers[name], now=NOW).verdict is SAME[verdict], name
    assert told["genuine"]["record"]["number"] == SealedDocument.objects.order_by("number").first().number


@pytest.mark.slow
def test_no_byte_of_a_sealed_paper_can_be_flipped_unseen(db, seal_log):
    pdf = issue()
    script = """
        import { readFileSync } from "node:fs";
        import { sealsOn } from "./paper/seal.js";
        const { paper, seals, seal } = JSON.parse(readFileSync(0, "utf8"));
        const bytes = new Uint8Array(Buffer.from(paper, "base64"));
        const isSound = () => sealsOn(bytes, new Set(seals)).some((one) => one.ours && one.intact && one.whole);
        const unseen = [], whole = isSound();
        const flip = (at, bit) => { bytes[at] ^= bit; if (isSound()) unseen.push(at); bytes[at] ^= bit; };
        for (let at = seal; at < seal + 4100; at += 3) flip(at, 0x01);
        for (let at = seal; at < bytes.length; at += 61) flip(at, 0x20);
        for (let at = 0; at < bytes.length; at += 997) flip(at, 0x01);
        process.stdout.write(JSON.stringify({ whole, unseen }));
    """
    given = {
        "paper": base64.b64encode(pdf).decode(), "seals": queries.published_keys().seals, "seal": pdf.index(b"<3082"),
    }  # fmt: skip
    assert node(script, json.dumps(given)) == {"whole": True, "unseen": []}


def test_a_notice_is_genuine_without_a_proof(db, seal_log):
    pdf = issue("notice", "notice", {"paragraphs": ["一次性告知。"]})
    (told,) = in_browser(pdf)
    assert (told["verdict"], told["proof"]) == ("genuine", "none")


def test_whoever_is_not_told_our_certificates_takes_no_paper_for_ours(db, seal_log):
    pdf = issue()
    assert in_browser(pdf, seals=[], log_keys=[])[0]["verdict"] == "unknown"
    (told,) = in_browser(pdf, log_keys=[])
    assert (told["verdict"], told["proof"]) == ("genuine", "unknown-key")


def test_a_strangers_seal_on_a_forged_paper_is_not_ours(db, seal_log, settings, tmp_path):
    pdf = issue()
    settings.DATA = tmp_path
    unsealed = with_attached(pdf)
    with pikepdf.open(io.BytesIO(unsealed)) as opened:
        for name in ("/AcroForm", "/Perms"):
            if name in opened.Root:
                del opened.Root[name]
        for page in opened.pages:
            if "/Annots" in page:
                del page["/Annots"]
        out = io.BytesIO()
        opened.save(out)
    forged = sealing.seal(out.getvalue(), issuer="别馆", line="测试章")
    (told,) = in_browser(forged)
    assert told["verdict"] != "genuine" and queries.answer_for_pdf(pdf=forged, now=NOW).verdict is Verdict.CHANGED
    assert earlier_logs.own_keys()


@pytest.mark.parametrize("size", [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 1000])
def test_the_browsers_sm3_is_sm3(size):
    data = os.urandom(size)
    told = node(
        'import { readFileSync } from "node:fs"; import { sm3 } from "./paper/sm3.js"; import { toHex } from "./paper/bytes.js";'
        'console.log(JSON.stringify(toHex(sm3(new Uint8Array(Buffer.from(readFileSync(0, "utf8"), "hex"))))));',
        data.hex(),
    )
    assert told == hashlib.new("sm3", data).hexdigest()


def test_the_published_vector_of_sm3_holds():
    told = node(
        'import { sm3 } from "./paper/sm3.js"; import { toHex } from "./paper/bytes.js";'
        'console.log(JSON.stringify(toHex(sm3(new TextEncoder().encode("abc")))));'
    )
    assert told == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"  # GB/T 32905-2016, A.1


def test_the_browser_walks_every_path_of_small_trees_as_the_server_does():
    leaves = [hashlib.new("sm3", bytes([0, number])).digest() for number in range(20)]
    cases = []
    for size in range(1, 20):
        for index in range(size):
            path = merkle.inclusion(index, size, lambda a, b: merkle.root_of(leaves[a:b]))
            cases.append(
                [leaves[index].hex(), index, size, [step.hex() for step in path], merkle.root_of(leaves[:size]).hex()]
            )
    script = """
        import { readFileSync } from "node:fs";
        import { isIncluded } from "./paper/proof.js";
        import { fromHex } from "./paper/bytes.js";
        const told = JSON.parse(readFileSync(0, "utf8")).map(([leaf, index, size, path, root]) => {
          const ask = (at, steps) => isIncluded(fromHex(leaf), at, size, steps.map(fromHex), fromHex(root));
          return [ask(index, path), ask(index + 1, path) || ask(index, [...path, leaf]) || (path.length > 0 && ask(index, path.slice(1)))];
        });
        process.stdout.write(JSON.stringify(told));
    """
    assert node(script, json.dumps(cases)) == [[True, False]] * len(cases)
