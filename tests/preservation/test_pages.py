import hashlib
import re
from pathlib import Path

import pytest
from django.utils import timezone, translation

from filing.filing_support import person
from preservation.kept_project import KeptProject
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account
from zhudang.preservation import books, command, words
from zhudang.preservation.models import ArchivalObject, Copy, Reading, Site
from zhudang.preservation.web import views

pytestmark = pytest.mark.django_db


@pytest.fixture
def archivist(client, kept: KeptProject):
    client.force_login(Account.objects.get(username="archivist"))
    return client


def test_the_register_names_every_object_with_its_copies_and_says_how_they_are(archivist, kept: KeptProject):
    page = archivist.get("/preservation/").content.decode()
    for row in ArchivalObject.objects.all():
        assert row.title in page
    assert page.count("已核验") >= 2 * ArchivalObject.objects.count()
    assert "可删除" in page
    assert "逐字节读回过" in page


def test_the_english_page_has_no_chinese_of_ours(archivist, kept: KeptProject):
    page = archivist.get("/preservation/", headers={"accept-language": "en"}).content.decode()
    assert "Verified" in page
    assert "已核验" not in page


def test_a_damaged_copy_shows_on_both_pages_with_its_file(archivist, kept: KeptProject, tmp_path: Path):
    copy = Copy.objects.filter(site__code="b", object__kind="volume").first()
    path = next(iter((tmp_path / "b" / "store").rglob("files/0001.pdf")))
    path.write_bytes(b"rotten")
    command.verify()
    copy = Copy.objects.get(state="damaged")
    assert "1 个对象有损坏" in archivist.get("/preservation/").content.decode()
    page = archivist.get(f"/preservation/{copy.object_id}/").content.decode()
    assert "STO-002" in page
    assert "v1/content/files/0001.pdf" in page
    filtered = archivist.get("/preservation/?health=sound").content.decode()
    assert copy.object.title not in filtered.split("<table", 1)[1].split("</table>")[0]


def test_a_copy_nobody_read_is_not_called_verified(archivist, kept: KeptProject):
    Copy.objects.update(state="written", verified_at=None)
    page = archivist.get("/preservation/").content.decode()
    assert "未核验" in page
    assert "已核验" not in page


def test_the_object_page_shows_proof_versions_and_stored_files(archivist, kept: KeptProject):
    row = ArchivalObject.objects.filter(kind="volume").first()
    page = archivist.get(f"/preservation/{row.id}/").content.decode()
    for fact in (row.ocfl_id, row.inventory_sha512, "v1/content/description.json", "files/0001.pdf", row.accession_no):
        assert fact in page


def test_the_list_is_searched_sorted_paged_and_exported(archivist, kept: KeptProject):
    row = ArchivalObject.objects.filter(kind="volume").first()
    assert row.title in archivist.get(f"/preservation/?q={row.accession_no}&sort=-bytes").content.decode()
    assert "没有符合的案卷" in archivist.get("/preservation/?q=没有这卷").content.decode()
    answer = archivist.get("/preservation/?export=csv")
    assert row.reference_code in b"".join(answer.streaming_content).decode()


def test_the_chips_count_what_is_searched_for_and_the_chosen_one_stays(archivist, kept: KeptProject):
    row = ArchivalObject.objects.filter(kind="volume").first()
    page = archivist.get(f"/preservation/?q={row.accession_no}&health=damaged").content.decode()
    chips = re.findall(r'class="chip.*?</a>', page.split('class="tools"', 1)[1].split("<form", 1)[0], re.DOTALL)
    told = [
        " ".join(re.sub(r"<svg.*?</svg>|<[^>]*>", " ", chip.split(">", 1)[1], flags=re.DOTALL).split())
        for chip in chips
    ]
    assert told == ["全部 1", "损坏 0", "完好 1"]


def test_comparing_the_books_shows_three_sides(archivist, kept: KeptProject):
    books.compare(actor=kept.site.archivist, now=timezone.now())
    page = archivist.get("/preservation/books/").content.decode()
    assert "账物目相符" in page
    assert archivist.post("/preservation/books/").status_code == 302


def test_a_reading_is_asked_for_by_form_and_listed(archivist, kept: KeptProject):
    command.verify()
    assert "全部一致" in archivist.get("/preservation/readings/").content.decode()
    row = ArchivalObject.objects.first()
    assert archivist.post(f"/preservation/{row.id}/read/").status_code == 302
    assert archivist.post("/preservation/read/").status_code == 302
    assert Reading.objects.count() == 3


def test_objects_above_clearance_and_absent_ones_are_answered_alike(archivist, kept: KeptProject):
    row = ArchivalObject.objects.filter(kind="volume").first()
    ArchivalObject.objects.filter(id=row.id).update(level=2)
    above = archivist.get(f"/preservation/{row.id}/")
    absent = archivist.get(f"/preservation/{kept.site.client_id}/")
    assert (above.status_code, absent.status_code) == (404, 404)
    assert row.title not in archivist.get("/preservation/").content.decode().split("<main", 1)[1].split("账物目")[0]


def test_people_without_the_right_are_refused_whatever_the_object(client, kept: KeptProject):
    person("manager2", kept.site.client_id, Role.CLIENT_MANAGER)
    client.force_login(Account.objects.get(username="manager2"))
    row = ArchivalObject.objects.first()
    answers = [client.get(f"/preservation/{pk}/") for pk in (row.id, kept.site.client_id)]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert client.get("/preservation/").status_code == 403


def test_the_files_of_an_object_come_in_pages(archivist, kept: KeptProject, monkeypatch):
    monkeypatch.setattr(views, "PARTS_A_PAGE", 2)
    row = ArchivalObject.objects.filter(kind="project").first()
    first, second = (
        archivist.get(f"/preservation/{row.id}/?page={number}").content.decode().split('id="h-parts"', 1)[1]
        for number in (1, 2)
    )
    assert "第 1 ～ 2 项" in first and "第 3 ～ 4 项" in second


def test_a_reading_that_found_much_wrong_names_some_and_counts_the_rest(archivist, kept: KeptProject):
    wrong = {"site": "b", "object": "urn:uuid:x", "title": "某卷", "state": "damaged", "damages": [{"code": "STO-002", "path": "v1/x"}]}  # fmt: skip
    Reading.objects.create(
        asked_by="rounds:b", started_at=timezone.now(), finished_at=timezone.now(), wrong=[wrong] * 500, wrong_count=700
    )
    page = archivist.get("/preservation/readings/").content.decode()
    assert page.count("某卷") == views.MOST_WRONG
    assert "还有 680 份有问题" in page
    name = Site.objects.get(code="b").name
    assert f"按期巡检 {name}" in page and "STO-002" not in page and "内容改变" in page


def test_a_reading_tells_both_digests_of_a_damage_short_and_whole(archivist, kept: KeptProject, tmp_path: Path):
    path = next(iter((tmp_path / "b" / "store").rglob("files/0001.pdf")))
    good = hashlib.sha512(path.read_bytes()).hexdigest()
    path.write_bytes(b"rotten")
    bad = hashlib.sha512(b"rotten").hexdigest()
    command.verify()
    page = archivist.get("/preservation/readings/").content.decode()
    for digest in (good, bad):
        assert f'title="{digest}">{digest[:16]}…</span>' in page
        assert f" {digest}</p>" in page


def test_a_reading_of_a_copy_damaged_in_many_files_names_some_and_counts_the_rest(archivist, kept: KeptProject):
    many = [{"code": "STO-002", "path": f"v1/{at}", "expected": "a" * 128, "found": "b" * 128} for at in range(1000)]
    wrong = {"site": "keys", "object": "keys", "title": "var/keys", "state": "damaged", "damages": many}
    Reading.objects.create(asked_by="x", started_at=timezone.now(), wrong=[wrong], wrong_count=1)
    page = archivist.get("/preservation/readings/").content.decode()
    assert page.count("v1/") == views.MOST_DAMAGES
    assert "还有 990 处" in page and "本机的密钥文件" in page


def test_the_readings_count_copies_and_files_in_english(archivist, kept: KeptProject):
    command.verify()
    page = archivist.get("/preservation/readings/", headers={"accept-language": "en"}).content.decode()
    head = page.split("<thead>", 1)[1].split("</thead>")[0]
    assert ">Copies<" in head and ">Files<" in head


def test_the_pages_lead_to_one_another_as_far_as_one_may_go(archivist, kept: KeptProject, client):
    page = archivist.get("/preservation/readings/").content.decode()
    tabs = page.split('class="tabs"', 1)[1].split("</nav>")[0]
    for path in ("/preservation/", "/preservation/policy/", "/preservation/formats/", "/preservation/books/", "/preservation/disposal/"):  # fmt: skip
        assert f'href="{path}"' in tabs
    assert tabs.count('aria-current="page"') == 1
    person("reviewer2", kept.site.archive_id, Role.REVIEWER)
    client.force_login(Account.objects.get(username="reviewer2"))
    assert 'class="tabs"' not in client.get("/preservation/disposal/").content.decode(), (
        "the other pages are not theirs"
    )


def test_who_compared_the_books_is_named(archivist, kept: KeptProject):
    books.compare(actor=kept.site.archivist, now=timezone.now())
    page = archivist.get("/preservation/books/").content.decode()
    assert f"由 {Account.objects.get(username='archivist').name} 核对" in page


@pytest.mark.parametrize(
    ("text", "chinese", "english"),
    [
        ("knowledge", "凭已有知识，没有对照原文", "from knowledge, not compared with the text"),
        (
            "天数是惯例 / knowledge-low: practice",
            "凭已有知识，把握不大；天数是惯例",
            "from knowledge, unsure; practice",
        ),
        ("没有读到条文 / no clause", "没有读到条文", "no clause"),
        ("", "", ""),
    ],
)
def test_a_doubt_of_a_data_file_is_told_in_the_readers_language(text, chinese, english):
    for language, told in (("zh-hans", chinese), ("en", english)):
        with translation.override(language):
            assert words.doubt(text).lower() == told.lower()
