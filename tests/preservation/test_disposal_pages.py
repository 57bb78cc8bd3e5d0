"""The pages of disposal: from the form to the lists, each act by the person who may do it."""

import io
from datetime import timedelta

import pikepdf
import pytest
from django.db import connection
from django.utils import timezone, translation
from openpyxl import load_workbook

from preservation.disposal_case import PASSWORD, Disposal
from zhudang.filing.models import Record
from zhudang.identity.models import Account
from zhudang.preservation import words
from zhudang.preservation.disposal import executing
from zhudang.preservation.disposal.models import DisposalCase, DisposalStay, DisposalStep
from zhudang.preservation.models import Copy, Site
from zhudang.preservation.sites import places
from zhudang.shared.refusals import Reason
from zhudang.shared.web.wording import write_date

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(disposal: Disposal) -> Disposal:
    return disposal


def as_(client, who) -> object:
    client.force_login(Account.objects.get(username=who.username))
    return client


def shown(client, path: str, language: str = "zh-hans", status: int = 200) -> str:
    answer = client.get(path, headers={"accept-language": language})
    assert answer.status_code == status, (path, answer.status_code)
    return answer.content.decode()


def test_a_case_goes_its_way_by_its_pages_alone(client, made: Disposal, run_jobs):
    first, second = made.volumes
    as_(client, made.proposer)
    assert "还没有销毁过任何案卷" in shown(client, "/preservation/disposal/")
    form = shown(client, "/preservation/disposal/new/")
    assert first.reference_code in form and "短期" in form and "2021年12月31日" in form
    told = {"volume": [str(first.pk)], "committee": [str(made.members[0].account_id)], "why": "期满"}
    refused = client.post("/preservation/disposal/new/", told)
    assert refused.status_code == 422 and "至少要 3 人" in refused.content.decode()
    ticks = [tag for tag in refused.content.decode().split("<input") if 'name="volume"' in tag]
    assert [str(first.pk) in tag for tag in ticks if " checked" in tag.split(">")[0]] == [True], "what was ticked stays"
    everyone = [str(member.account_id) for member in made.members]
    answer = client.post("/preservation/disposal/new/", {"everything": "on", "committee": everyone, "why": "期满"})
    case = DisposalCase.objects.get()
    path = f"/preservation/disposal/{case.pk}/"
    assert answer.headers["Location"] == path and case.volumes == 2
    asked = shown(client, path)
    assert "等鉴定委员给出意见" in asked
    course = asked.split('class="course', 1)[1].split("</ol>")[0]
    assert course.count('class="now"') == 1 and "等待期满（30 个整天）" in course and "监销签字，还差 2 人" in course
    for number, member in enumerate(made.members):
        as_(client, member)
        spared = f"{second.reference_code} 2040-12-31" if number == 0 else ""
        client.post(f"{path}opinion/", {"agrees": "yes", "reasons": "无保存价值", "spared": spared})
    as_(client, made.official)
    client.post(f"{path}decide/", {"decision": "approve", "because": "同意"})
    waiting = shown(client, path)
    assert "等待期还有" in waiting and "次日起数 30 个整天" in waiting and "延长保管" in waiting
    as_(client, made.executor)
    assert "我来执行" not in shown(client, path)
    client.post(f"{path}call/")
    case.refresh_from_db()
    assert case.state == "waiting", "the wait is not over"
    assert "等待期到" in shown(client, path)


def test_witnesses_sign_by_password_and_the_end_is_shown_everywhere(client, made: Disposal, run_jobs):
    first, _second = made.volumes
    made.propose([first]).appraise().approve().call()
    path = f"/preservation/disposal/{made.case.pk}/"
    for witness in made.witnesses:
        as_(client, witness)
        assert "监销签字" in shown(client, path)
        client.post(f"{path}witness/", {"password": "wrong"})
        client.post(f"{path}witness/", {"password": PASSWORD})
    assert made.case.signatures.count() == 2
    as_(client, made.executor)
    assert "开始销毁" in shown(client, path)
    answer = client.post(f"{path}begin/")
    assert answer.headers["Location"].startswith("/work")
    run_jobs()
    ended = shown(client, path)
    assert f'<td class="n-sub code">{first.reference_code}</td>' in ended
    assert first.reference_code not in shown(client, f"{path}?outcome=kept").split("<h2", 3)[-1].split("</table>")[0]
    assert "已销毁" in ended and "1 卷已清除并读回" in ended and "清册永久保存" in ended
    book = load_workbook(io.BytesIO(b"".join(client.get(f"{path}?export=xlsx").streaming_content)))
    rows = list(book.active.values)
    assert rows[1][1] == first.reference_code and rows[1][17] == first.inventory_sha512
    pdf = client.get(f"{path}?export=pdf").content
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert len(document.pages) >= 1
    as_(client, made.proposer)
    assert "只留墓碑" in shown(client, f"/preservation/{first.pk}/")
    assert "已销毁" in shown(client, "/preservation/")
    record = Record.objects.filter(volume_id=first.pk).first()
    assert "这一卷已鉴定销毁" in shown(client, f"/records/{record.pk}/")
    found = shown(client, f"/search/?q={first.reference_code}")
    assert "已销毁" in found
    file_id = record.files.get().file_id
    assert client.get(f"/files/{file_id}/").status_code == 409


def test_a_stay_is_placed_and_lifted_on_the_volumes_page(client, made: Disposal):
    volume = made.volumes[0]
    as_(client, made.proposer)
    client.post(f"/preservation/{volume.pk}/stay/", {"because": "诉讼中"})
    assert "诉讼中" in shown(client, f"/preservation/{volume.pk}/")
    assert "暂缓销毁：诉讼中" in shown(client, "/preservation/disposal/new/")
    stay = DisposalStay.objects.get()
    client.post(f"/preservation/disposal/stays/{stay.pk}/lift/", {"because": "结案"})
    stay.refresh_from_db()
    assert stay.lifted_by == made.proposer.username


def test_anyone_of_the_office_stops_it_by_its_page_and_english_is_whole(client, made: Disposal):
    made.propose().appraise().approve(now=timezone.now() - timedelta(days=1))
    path = f"/preservation/disposal/{made.case.pk}/"
    as_(client, made.members[0])
    for each in ("/preservation/disposal/", path):
        main = shown(client, each, "en").split("<main", 1)[1].split("</main>")[0]
        for word in ("销毁案", "鉴定委员", "等待", "叫停", "下一步", "期满"):
            assert word not in main.replace("保管期满，无继续保存价值", ""), (each, word)
    client.post(f"{path}stop/", {"because": ""})
    assert made.case.state == "waiting"
    client.post(f"{path}stop/", {"because": "有人查档"})
    stopped = shown(client, path)
    assert made.case.state == "stopped" and "有人查档" in stopped
    assert "没有销毁" in stopped and "在清单上" not in stopped and 'class="todo"' not in stopped


def test_the_same_proposal_sent_again_is_the_same_case(client, made: Disposal):
    form = {
        "volume": [str(row.pk) for row in made.volumes], "why": "保管期满",
        "committee": [str(member.account_id) for member in made.members],
    }  # fmt: skip
    as_(client, made.proposer)
    went = {client.post("/preservation/disposal/new/", form).headers["location"] for _ in range(3)}
    assert len(went) == DisposalCase.objects.count() == 1
    refused = client.post("/preservation/disposal/new/", {**form, "why": "另一个缘由"})
    assert refused.status_code == 422
    assert "已在销毁案" in refused.content.decode()


def test_a_waiting_period_that_is_over_is_not_shown_as_waiting(client, made: Disposal):
    made.propose().appraise().approve()
    as_(client, made.proposer)
    for path in ("/preservation/disposal/", f"/preservation/disposal/{made.case_id}/"):
        assert "等待期已满" in shown(client, path), path
    assert "Wait is over" in shown(client, "/preservation/disposal/", "en")


def test_a_waiting_period_that_goes_on_is_shown_with_its_day(client, made: Disposal):
    now = timezone.now()
    made.propose(now=now).appraise(now=now).approve(now=now)
    as_(client, made.proposer)
    told = shown(client, "/preservation/disposal/")
    assert "等待期已满" not in told
    assert write_date(made.case.wait_until) in told


def test_the_form_says_what_to_do_and_where_periods_come_from_in_english(client, made: Disposal):
    as_(client, made.proposer)
    told = shown(client, "/preservation/disposal/new/", "en")
    assert "Send to the committee" in told
    notes = told.split('class="note"')[1].split("</main>")[0]
    assert not [each for each in notes if "\u4e00" <= each <= "\u9fff"], notes


def test_a_reason_against_a_volume_names_its_period_in_the_readers_language(made: Disposal):
    reason = Reason("preservation.disposal_never_ends", {"code": "A-1", "title": "卷", "period": "permanent"})
    with translation.override("en"):
        assert "Permanent" in words.sentence(reason)
    assert "永久" in words.sentence(reason)


def test_a_bucket_that_nobody_could_look_into_is_not_told_as_empty(client, made: Disposal, settings, run_jobs):
    far = {"code": "s", "name": "省馆对象存储", "kind": "s3", "endpoint": "http://127.0.0.1:9", "bucket": "yx-archive"}
    settings.SITES = [*settings.SITES, far]
    places()
    site = Site.objects.get(code="s")
    for copy in Copy.objects.filter(site__code="a"):
        Copy.objects.create(
            object=copy.object, site=site, version=copy.version, state=copy.state, written_at=copy.written_at,
            verified_at=copy.verified_at, inventory_sha512=copy.inventory_sha512,
        )  # fmt: skip
    made.ready().execute()
    as_(client, made.proposer)
    for path in (f"/preservation/disposal/{made.case_id}/", "/preservation/disposal/"):
        told = shown(client, path)
        assert "还没有看清桶里剩什么" in told, path
        assert "一项也没有了" not in told, path


def test_an_opinion_or_a_decision_that_does_not_say_which_is_sent_back_and_ends_nothing(client, made: Disposal):
    made.propose()
    path = f"/preservation/disposal/{made.case_id}/"
    told = as_(client, made.members[0]).post(f"{path}opinion/", {"reasons": "看过"}, follow=True).content.decode()
    assert "请选“同意销毁”或“不同意”" in told
    assert "现在办不了：" in told
    assert (made.case.state, made.case.opinions.count()) == ("appraising", 0)
    made.appraise()
    told = as_(client, made.official).post(f"{path}decide/", {"because": "看过"}, follow=True).content.decode()
    assert "请选“批准”或“不批准”" in told
    assert made.case.state == "approving"


def test_the_list_says_a_reason_beside_its_volume_and_a_refusal_names_each_volume_once(client, made: Disposal):
    first, second = made.volumes
    as_(client, made.proposer)
    for because in ("诉讼中", "查档未结"):
        client.post(f"/preservation/{first.pk}/stay/", {"because": because})
    listed = shown(client, "/preservation/disposal/new/")
    row = next(each for each in listed.split("<tr>") if f'value="{first.pk}"' in each)
    assert "暂缓销毁：诉讼中" in row and "暂缓销毁：查档未结" in row
    # The box that is ticked bears the code for readers who do not see the row.
    assert (row.count(first.title), row.count(first.reference_code)) == (1, 2)
    everyone = [str(member.account_id) for member in made.members]
    told = {"volume": [str(first.pk), str(second.pk)], "committee": everyone, "why": "期满"}
    refused = client.post("/preservation/disposal/new/", told).content.decode().split("<table")[0]
    line = f"{first.reference_code}《{first.title}》暂缓销毁：诉讼中；暂缓销毁：查档未结"
    assert line in refused and refused.count(first.title) == 1
    english = shown(client, "/preservation/disposal/new/", "en")
    assert "Under a stay: 诉讼中" in english


def test_what_a_case_above_the_clearance_owes_is_told_to_nobody(client, made: Disposal):
    made.ready().begin()
    for item in made.case.items.all():
        DisposalStep.objects.create(
            item=item, place="registered:缩微 12", place_name="缩微 12", gone=False, proof={}, at=timezone.now()
        )
    executing.run(made.case.pk)
    as_(client, made.members[0])
    overview, holdings = "/preservation/disposal/", "/preservation/"
    assert made.case.number in shown(client, overview) and "缩微 12" in shown(client, overview)
    assert made.case.level > 0
    Account.objects.update(clearance=0)
    assert made.case.number not in shown(client, overview) and "缩微 12" not in shown(client, overview)
    as_(client, made.executor)
    assert "处留着已销毁案卷的内容" not in shown(client, holdings)


@pytest.mark.parametrize("number", [1, 2])
def test_english_tells_one_and_several_apart(client, made: Disposal, number: int):
    made.propose(made.volumes[:number]).appraise().approve(now=timezone.now() - timedelta(days=30 - number))
    as_(client, made.proposer)
    page = " ".join(shown(client, f"/preservation/disposal/{made.case.pk}/", "en").split())
    one, many = ("1 volume, 1 file,", "1 day of the waiting period is left"), (
        "2 volumes, 2 files,", "2 days of the waiting period are left",
    )  # fmt: skip
    assert all(text in page for text in (one if number == 1 else many))
    assert not any(text in page for text in (many if number == 1 else one))


def test_a_refused_opinion_keeps_what_was_typed_and_says_why_at_the_form(client, made: Disposal):
    made.propose()
    path = f"/preservation/disposal/{made.case_id}/"
    typed = {"agrees": "no", "reasons": "写了很久的理由", "spared": "没有这个档号"}
    told = as_(client, made.members[0]).post(f"{path}opinion/", typed, follow=True).content.decode()
    form = told.split(f'action="{path}opinion/"', 1)[1].split("</form>")[0]
    assert "写了很久的理由</textarea>" in form
    assert "没有这个档号</textarea>" in form
    assert "清单上没有 没有这个档号" in form
    assert 'value="no" checked' in form
    assert "写了很久的理由" not in shown(client, path), "once"
    typed = {"agrees": "yes", "reasons": " ", "spared": made.volumes[0].reference_code}
    told = client.post(f"{path}opinion/", typed, follow=True).content.decode()
    assert "请写明鉴定意见的理由" in told and f"{made.volumes[0].reference_code}</textarea>" in told


def test_reasons_of_a_form_that_is_gone_stand_at_the_next_step(client, made: Disposal):
    made.propose()
    path = f"/preservation/disposal/{made.case_id}/"
    told = as_(client, made.executor).post(f"{path}begin/", follow=True).content.decode()
    assert "这个销毁案现在不在这一步（委员会鉴定中）" in told
    assert "只有执行人" not in told


def test_a_stay_that_was_refused_keeps_its_text_and_a_password_is_never_kept(client, made: Disposal):
    made.ready(made.volumes[:1]).execute()
    volume = made.volumes[0]
    told = as_(client, made.proposer).post(f"/preservation/{volume.pk}/stay/", {"because": "诉讼"}, follow=True)
    assert "已经销毁，或正在销毁" in told.content.decode()
    other = made.volumes[1]
    client.post(f"/preservation/{other.pk}/stay/", {"because": "诉讼"})
    stay = DisposalStay.objects.get()
    told = client.post(f"/preservation/disposal/stays/{stay.pk}/lift/", {"because": " ", "password": "hidden"})
    assert "hidden" not in str(dict(client.session))
    assert "请写明暂缓或解除的理由" in shown(client, told.headers["Location"])


def test_a_case_that_a_hand_changed_says_so_and_offers_no_step(client, made: Disposal):
    made.propose().appraise().approve()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('zhudang.restoring', 'on', true)")
        cursor.execute("UPDATE preservation_disposalcase SET decided_because = '另一个'")
    as_(client, made.executor)
    path = f"/preservation/disposal/{made.case_id}/"
    told = shown(client, path)
    assert "登记与日志不符，有人手改过（案的登记：理由）" in told
    assert "我来执行" not in told
    assert "等待期已满；等馆员" not in told
    assert "changed them by hand (case: " in shown(client, path, "en")


def test_words_of_the_page_fit_where_the_case_stands(client, made: Disposal):
    made.propose(made.volumes[:1]).appraise().approve()
    as_(client, made.executor)
    path = f"/preservation/disposal/{made.case_id}/"
    waiting = shown(client, path, "en")
    assert "Digest of the list after appraisal" in waiting
    assert "Digest of the list destroyed" not in waiting
    assert "it can be executed from the next day on" in waiting
    assert "; Doubt:" in waiting
    assert "1 volume, 1 file," in waiting
    made.call().sign().execute()
    ended = shown(client, path, "en")
    assert "Digest of the list destroyed" in ended
    assert "it can be executed from the next day on" not in ended
