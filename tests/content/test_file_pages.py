"""Bytes, pictures and reports over HTTP: ranges, safe types, one 404 for what one may not know of."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from content_support import NOW, Site
from django.test import Client

from zhudang.checks.engine import Engine
from zhudang.content import checking, derivatives, operations, queries
from zhudang.content.models import File
from zhudang.identity.rights import Actor

pytestmark = pytest.mark.django_db


def browser(actor: Actor) -> Client:
    from django.contrib.auth import get_user_model

    client = Client()
    client.force_login(get_user_model().objects.get(id=actor.account_id))
    return client


def receive(site: Site, data: bytes, name: str) -> UUID:
    return operations.receive(actor=site.clerk, stream=BytesIO(data), name=name, place=site.place, now=NOW)


def a_picture(width: int = 1200) -> bytes:
    from PIL import Image

    stream = BytesIO()
    Image.radial_gradient("L").resize((width, width // 2)).save(stream, "PNG")
    return stream.getvalue()


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


@pytest.fixture
def checked(site: Site) -> UUID:
    file_id = receive(site, a_picture(), "现场照片.png")
    with Engine(workers=1) as engine:
        checking.check_waiting([file_id], with_engine=engine)
    return file_id


@pytest.mark.parametrize(
    ("header", "status", "piece", "told"),
    [
        ("", 200, slice(0, None), None),
        ("bytes=0-9", 206, slice(0, 10), "bytes 0-9/1000"),
        ("bytes=990-", 206, slice(990, None), "bytes 990-999/1000"),
        ("bytes=-5", 206, slice(995, None), "bytes 995-999/1000"),
        ("bytes=990-5000", 206, slice(990, None), "bytes 990-999/1000"),
        ("bytes=1000-", 416, None, "bytes */1000"),
        ("bytes=5-2", 416, None, "bytes */1000"),
        ("bytes=0-1,4-5", 200, slice(0, None), None),
    ],
)
def test_a_range_of_bytes_is_given_as_asked(
    site: Site, header: str, status: int, piece: slice | None, told: str | None
) -> None:
    data = bytes(range(250)) * 4
    file_id = receive(site, data, "a.bin")
    answer = browser(site.clerk).get(f"/files/{file_id}/", headers={"Range": header} if header else {})
    assert (answer.status_code, answer.get("Content-Range")) == (status, told)
    if piece is not None:
        assert body(answer) == data[piece]


def test_what_is_not_checked_or_not_safe_is_only_saved_and_runs_nothing(site: Site) -> None:
    page = receive(site, b"<script>alert(1)</script>", "说明.html")
    answer = browser(site.clerk).get(f"/files/{page}/")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''%E8%AF%B4")
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_checked_picture_is_shown_in_place_and_saved_when_asked(site: Site, checked: UUID) -> None:
    client = browser(site.clerk)
    shown = client.get(f"/files/{checked}/")
    assert (shown["Content-Type"], shown["Content-Disposition"][:6]) == ("image/png", "inline")
    assert client.get(f"/files/{checked}/?download=1")["Content-Disposition"].startswith("attachment")
    assert client.get(f"/files/{checked}/", headers={"If-None-Match": shown["ETag"]}).status_code == 304


def test_equal_content_does_not_show_in_the_answers(site: Site) -> None:
    one, two = receive(site, b"same", "a.txt"), receive(site, b"same", "b.txt")
    client = browser(site.clerk)
    assert client.get(f"/files/{one}/")["ETag"] != client.get(f"/files/{two}/")["ETag"]


@pytest.mark.parametrize("path", ["", "report/", "report.json", "page/1.png", "tiles.dzi", "tiles_files/0/0_0.jpeg"])
def test_anothers_a_secret_and_an_absent_file_are_answered_alike(site: Site, checked: UUID, path: str) -> None:
    secret = receive(site, b"secret", "密.pdf")
    File.objects.filter(id=secret).update(level=2)
    outsider = browser(site.outsider)
    answers = [
        browser(site.clerk).get(f"/files/{secret}/{path}"),
        *(outsider.get(f"/files/{each}/{path}") for each in (checked, uuid4())),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[1].content.replace(str(checked).encode(), b"")[:200] == answers[2].content[:200]


def test_a_page_picture_is_made_once_and_kept(site: Site, checked: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser(site.clerk)
    first = client.get(f"/files/{checked}/page/1.png?w=300")
    picture = body(first)
    assert (first.status_code, first["Content-Type"], picture[:4]) == (200, "image/png", b"\x89PNG")
    monkeypatch.setattr(derivatives, "engine", lambda: pytest.fail("made again"))
    assert body(client.get(f"/files/{checked}/page/1.png?w=310")) == picture


def test_a_page_that_is_not_there_has_no_picture(site: Site, checked: UUID) -> None:
    assert browser(site.clerk).get(f"/files/{checked}/page/9.png").status_code == 404


def test_a_large_picture_is_cut_into_tiles_and_can_be_cut_again(site: Site, checked: UUID) -> None:
    import shutil

    client = browser(site.clerk)
    description = body(client.get(f"/files/{checked}/tiles.dzi"))
    assert b'Width="1200"' in description
    assert body(client.get(f"/files/{checked}/tiles_files/11/0_0.jpeg"))[:2] == b"\xff\xd8"
    assert client.get(f"/files/{checked}/tiles_files/11/99_0.jpeg").status_code == 404
    shutil.rmtree(derivatives._folder(queries.stored_file(checked)))
    assert body(client.get(f"/files/{checked}/tiles.dzi")) == description


def test_the_report_tells_people_and_machines_the_same(site: Site) -> None:
    broken = receive(site, b"%PDF-1.7 broken", "报告.pdf")
    client = browser(site.clerk)
    assert "还没有检测" in client.get(f"/files/{broken}/report/").content.decode()
    assert client.get(f"/files/{broken}/report.json").json()["verdict"] == "not_checked"
    with Engine(workers=1) as engine:
        checking.check_waiting([broken], with_engine=engine)
    told = client.get(f"/files/{broken}/report.json").json()
    page = client.get(f"/files/{broken}/report/").content.decode()
    assert told["verdict"] == "fail"
    for found in told["findings"]:
        assert found["code"] in page
    assert "改法" in page


def test_nobody_is_told_that_our_own_document_waits_for_a_check(site: Site) -> None:
    notice = operations.keep_bytes(
        data=b"%PDF-1.7", name="归档告知书.pdf", mime="application/pdf", actor=site.reviewer, now=NOW
    )
    page = browser(site.reviewer).get(f"/files/{notice}/report/").content.decode()
    assert "还没有检测" not in page
    assert "不作四性检测" in page


def test_a_file_is_withdrawn_and_checked_again_from_its_report(site: Site, checked: UUID) -> None:
    client = browser(site.clerk)
    assert client.post(f"/files/{checked}/check/").status_code == 302
    assert client.post(f"/files/{checked}/withdraw/", {"next": "//elsewhere"})["Location"] == "/"
    assert client.get(f"/files/{checked}/").status_code == 404


def test_the_text_of_a_file_comes_page_by_page(site: Site) -> None:
    import pikepdf

    stream = BytesIO()
    paper = pikepdf.new()
    for word in (b"first", b"second"):
        page = paper.add_blank_page(page_size=(300, 300))
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.Contents = paper.make_stream(b"BT /F1 12 Tf 50 200 Td (" + word + b" page) Tj ET")
    paper.save(stream)
    file_id = receive(site, stream.getvalue(), "a.pdf")
    texts = [(number, text.strip()) for number, text in queries.page_texts(file_id)]
    assert texts == [(1, "first page"), (2, "second page")]


def test_the_report_says_on_which_page_and_where_business_review_saw_something(site: Site) -> None:
    from samples.checks import business

    file_id = receive(site, business.form(signed=False), "隐蔽工程验收记录.pdf")
    with Engine(workers=1) as engine:
        checking.check_waiting([file_id], with_engine=engine)
    page = browser(site.clerk).get(f"/files/{file_id}/report/")
    shaped = page.context["page"]
    assert [line.code for line in shaped.business] == ["BIZ-001"]
    assert not any(line.code.startswith("BIZ") for line in shaped.findings)
    assert {(place.page, place.what) for place in shaped.places if place.state == "manual"} == {
        (1, "签署处看来是空白：项目经理"), (1, "签署处看来是空白：专业监理工程师"),
    }  # fmt: skip
    assert all("距左" in place.where for place in shaped.places)
    assert "第 1 页" in page.content.decode()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_report_of_a_package_kept_whole_says_why(site: Site, language: str) -> None:
    from samples.checks.packages import SIP
    from zhudang.checks import rules

    stream = BytesIO()
    import zipfile

    with zipfile.ZipFile(stream, "w") as made:
        for name, data in SIP.items():
            if not name.endswith("图.txt"):
                made.writestr(name, data)
    file_id = receive(site, stream.getvalue(), "SIP-P1-01-20260617020000-01.zip")
    with Engine(workers=1) as engine:
        checking.check_waiting([file_id], with_engine=engine)
    client = browser(site.clerk)
    client.cookies["django_language"] = language
    page = client.get(f"/files/{file_id}/report/")
    [package] = page.context["page"].packages
    assert package.state == "fail" and package.codes
    told = page.content.decode()
    assert ("目录文件.XML, " if language == "en" else "目录文件.XML、") in told and "&#x27;name&#x27;" not in told
    assert ("没有拆开" in told) == (language != "en") and ("stays whole in the inbox" in told) == (language == "en")
    rule = rules.all_rules()[package.codes[0]]
    assert rule.cure("en" if language == "en" else "zh")[:8] in told.replace("&#x27;", "'")
