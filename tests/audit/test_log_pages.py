"""The log's pages: for the audit administrator, and for nobody else."""

import hashlib
import html
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from identity.identity_support import PASSWORD, person
from zhudang.audit import earlier_logs, operations, proof_files, sealing, search, witness
from zhudang.audit.models import Entry, Seal, TreeHead
from zhudang.identity.domain.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(client: Client, settings, tmp_path) -> Client:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DATA, settings.SITES = tmp_path, []
    witness._up_to.clear()
    person(Role.AUDIT_ADMIN, username="auditor")
    client.post("/login/", {"username": "auditor", "password": PASSWORD})
    return client


def test_entries_are_found_by_actor_act_number_and_day(auditor: Client) -> None:
    sealing.seal_everything(timezone.now())
    number = Seal.objects.get(entry_id=Entry.objects.get(act="identity.login.done").id).number
    assert "identity.login.done" in auditor.get("/audit/").content.decode()
    for query in ("actor=auditor", "act=identity.login", f"number={number}", "q=login.done", "since=2026-01-01"):
        assert "identity.login.done" in auditor.get(f"/audit/?{query}").content.decode(), query
    for query in ("actor=nobody", "act=filing", "since=2999-01-01", "number=999999"):
        assert "identity.login.done" not in auditor.get(f"/audit/?{query}").content.decode(), query


def test_the_tail_is_shown_as_waiting_for_its_seal(auditor: Client) -> None:
    assert "待封" in auditor.get("/audit/").content.decode()


def test_a_row_shows_a_few_facts_folds_the_rest_and_shortens_digests_which_the_entry_has_whole(auditor: Client) -> None:
    digest = hashlib.sha256(b"list").hexdigest()
    data = {"case": "销2026-001", "list_sha256": digest, "volumes": 2, "files": 3, "why": "期满"}
    operations.record(
        actor="zhang",
        act="preservation.disposal.proposed",
        subject="preservation.disposalcase:1",
        at=timezone.now(),
        data=data,
    )
    operations.record(
        actor="zhang", act="preservation.disposal.stopped", subject="preservation.disposalcase:1", at=timezone.now(),
        data={"case": "销2026-001", "because": "诉讼", "volumes": 2},
    )  # fmt: skip
    many = auditor.get("/audit/?act=preservation.disposal.proposed").content.decode()
    shown, folded = many.split("<tbody>")[1].split("<details>")
    assert "销2026-001" in shown and "期满" in shown
    assert "其余 3 项" in folded and f"{digest[:12]}…" in folded and digest not in many
    few = auditor.get("/audit/?act=preservation.disposal.stopped").content.decode()
    assert "诉讼" in few and "其余" not in few, "a fold for one fact saves nothing"
    entry = Entry.objects.get(act="preservation.disposal.proposed")
    assert digest in auditor.get(f"/audit/{entry.id}/").content.decode()


@pytest.fixture
def twelve(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Twelve entries about bridges that wait for their seal; four are looked at for a request, and counted to three."""
    monkeypatch.setattr(search, "WIDTH", 2)
    monkeypatch.setattr(search, "LOOK_AT", 2)
    monkeypatch.setattr(search, "COUNT_TO", 3)
    for n in range(12):
        operations.record(
            actor="clerk", act="test.done", subject=f"test:{n}", at=timezone.now(), data={"title": "桥梁"}
        )
    return auditor


@pytest.mark.parametrize(
    ("language", "more", "cut", "further"),
    [
        ("zh-hans", "第 1 ～ 2 条，共超过 3 条", "待封的条目很多，这次没有看完。", "继续往下找"),
        (
            "en",
            "1–2, of more than 3",
            "Many entries wait for the seal; not all of them were looked at.",
            "Look further",
        ),
    ],
)
def test_a_count_and_a_search_that_were_cut_short_say_so(
    twelve: Client, language: str, more: str, cut: str, further: str
) -> None:
    twelve.cookies["django_language"] = language
    page = twelve.get("/audit/?q=桥梁&rows=2").content.decode()
    assert more in page and cut not in page
    page = twelve.get("/audit/?q=隧道").content.decode()
    assert (
        cut in page
        and further in page
        and "没有符合条件的条目</p>" not in page.replace("到这里还没有符合条件的条目</p>", "")
    )


def test_a_count_that_is_whole_says_how_many(auditor: Client) -> None:
    operations.record(actor="clerk", act="test.done", subject="test:1", at=timezone.now(), data={"title": "桥梁"})
    assert "第 1 ～ 1 条，共 1 条" in auditor.get("/audit/?q=桥梁").content.decode()


def test_taking_the_log_out_is_itself_logged(auditor: Client) -> None:
    answer = auditor.get("/audit/?export=csv&act=identity")
    assert "identity.login.done" in b"".join(answer.streaming_content).decode()
    assert Entry.objects.get(act="audit.log.exported").data == {
        "format": "csv",
        "filters": {"q": "", "act": "identity"},
    }


def test_verifying_says_what_it_found_and_is_logged(auditor: Client) -> None:
    answer = auditor.post("/audit/verify/")
    assert "日志完好" in answer.content.decode()
    assert Entry.objects.get(act="audit.log.verified").data["sound"] is True


def test_one_entry_shows_its_place_in_the_chain(auditor: Client) -> None:
    auditor.post("/audit/verify/")
    entry = Entry.objects.get(act="identity.login.done")
    page = auditor.get(f"/audit/{entry.id}/").content.decode()
    assert "与链相符" in page and Seal.objects.get(entry_id=entry.id).chain in page


def test_the_signed_heads_are_listed_each_proved_to_continue_the_one_before(auditor: Client) -> None:
    now = timezone.now()
    assert "还没有签过树根" in auditor.get("/audit/heads/").content.decode()
    for hour in range(2):
        auditor.get("/audit/?export=csv")  # an entry
        sealing.seal_everything(now + timedelta(hours=hour))
    first, second = TreeHead.objects.all()
    page = auditor.get("/audit/heads/").content.decode()
    assert first.root in page and second.signature in page and second.key in page
    assert page.count("只增未改") == 1 and "接不上" not in page
    told = b"".join(auditor.get("/audit/heads/?export=csv").streaming_content).decode()
    assert first.signature in told and Entry.objects.filter(data__what="heads").exists()


def test_the_keys_of_the_logs_this_one_follows_stand_beside_its_own(auditor: Client) -> None:
    earlier_logs.note([], at=timezone.now())
    assert "它的公钥无从得知" in auditor.get("/audit/heads/").content.decode()
    key = "ab" * 32
    operations.record(
        actor="system", act=earlier_logs.FOLLOWS, subject="audit.log", at=timezone.now(), data={"set_aside": ["/w"], "log_keys": [key]},
    )  # fmt: skip

    page = auditor.get("/audit/heads/").content.decode()

    assert f'<dd class="code long">{key}</dd>' in page and page.count("之前的日志") == 2


def test_one_entry_shows_its_path_to_a_signed_root(auditor: Client) -> None:
    auditor.post("/audit/verify/")
    entry = Entry.objects.get(act="identity.login.done")
    page = auditor.get(f"/audit/{entry.id}/").content.decode()
    assert "沿路径到签过的树根" in page and TreeHead.objects.get().root in page


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.AUDIT_ADMIN])
def test_nobody_else_reads_the_log(role: Role, client: Client) -> None:
    from zhudang.identity.models import Account

    someone = person(role)
    client.force_login(Account.objects.get(id=someone.account_id))
    for path in ("/audit/", "/audit/?export=csv", "/audit/heads/", "/audit/heads/?export=csv"):
        assert client.get(path).status_code == 403
    assert client.post("/audit/verify/").status_code == 403


def test_a_witness_that_differs_is_named_by_its_site_and_the_log_alone_is_not_called_wrong(
    auditor: Client, settings, tmp_path
) -> None:
    settings.SITES = [{"code": "a", "name": "甲库", "path": str(tmp_path / "a")}]
    (tmp_path / "a").mkdir()
    witness._up_to.clear()
    sealing.seal_everything(timezone.now())
    (path,) = (tmp_path / "a" / "log-witness").glob("audit-heads-*.jsonl")
    line = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
    path.write_text(path.read_text(encoding="utf-8").replace(line["head"], "0" * len(line["head"])), encoding="utf-8")
    page = auditor.post("/audit/verify/").content.decode()
    assert f"到第 {line['last']} 条的链值与这处见证写的不同 · 甲库" in page
    assert "日志有 1 处对不上" in page
    english = auditor.post("/audit/verify/", headers={"accept-language": "en"}).content.decode()
    assert "is not what this witness wrote" in english


def test_a_witness_filled_in_again_tells_since_when_in_the_readers_time(auditor: Client, settings, tmp_path) -> None:
    settings.SITES = [{"code": "a", "name": "甲库", "path": str(tmp_path / "a")}]
    (tmp_path / "a").mkdir()
    witness._up_to.clear()
    sealing.seal_everything(timezone.now())
    (path,) = (tmp_path / "a" / "log-witness").glob("audit-heads-*.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    since = "2026-06-17T01:41:20+00:00"
    path.write_text("".join(json.dumps({**line, "refilled": since}) + "\n" for line in lines), encoding="utf-8")
    page = auditor.post("/audit/verify/").content.decode()
    assert "从数据库补写的" in page
    assert "2026年6月17日 09:41:20" in page


def test_a_filter_that_says_nothing_is_told_and_not_passed_over(auditor: Client) -> None:
    page = auditor.get("/audit/?since=2026%2F11%2F30&number=abc").content.decode()
    assert "“2026/11/30”不是日期" in page and "“abc”不是编号" in page
    assert "不是日期" not in auditor.get("/audit/?since=2026-11-30").content.decode()


def test_an_entry_and_the_roots_are_taken_out_with_their_proofs_and_that_is_logged(auditor: Client) -> None:
    operations.record(actor="clerk", act="test.done", subject="test:1", at=timezone.now(), data={"title": "桥梁"})
    sealing.seal_everything(timezone.now())
    entry = Entry.objects.get(act="test.done")
    told = json.loads(auditor.get(f"/audit/{entry.id}/?export=proof").content)
    checked = proof_files.check(told)
    assert (
        checked is not None
        and checked.holds
        and told["canonical"] in html.unescape(auditor.get(f"/audit/{entry.id}/").content.decode())
    )
    heads = json.loads(auditor.get("/audit/heads/?export=proof").content)
    assert (
        proof_files.check(heads) is not None
        and heads["heads"][0]["at"] in auditor.get("/audit/heads/").content.decode()
    )
    assert [each.data.get("what") for each in Entry.objects.filter(act="audit.log.exported").order_by("id")] == [
        "proof",
        "heads",
    ]
    unsealed = operations.record(actor="clerk", act="test.done", subject="test:2", at=timezone.now())
    assert auditor.get(f"/audit/{unsealed}/?export=proof").status_code == 404
