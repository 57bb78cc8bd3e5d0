"""A package made by the clerk's own tool fills the inbox: files, their row of the scope, their descriptions."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from filing.filing_support import NOW, Site
from zhudang.checks import packing
from zhudang.content import packages
from zhudang.content.models import File
from zhudang.filing import operations, pencil
from zhudang.filing.models import Record, Suggestion

pytestmark = pytest.mark.django_db

SHEET = "文件,题名,责任者,日期,页数,归档范围,单位工程\n扫描/0003.txt,验槽记录,青石公司,2026-03-10,4,C5-12,1# 住宅楼\n"


def packed(folder: Path) -> bytes:
    (folder / "in" / "扫描").mkdir(parents=True)
    (folder / "in" / "扫描" / "0003.txt").write_text("words", encoding="utf-8")
    (folder / "in" / "著录.csv").write_text(SHEET, encoding="utf-8")
    target = folder / "SIP.zip"
    naming = packing.Naming("P1", "01", NOW)
    assert packing.run(folder / "in", naming, target, out=io.StringIO(), err=io.StringIO()) == 0
    return target.read_bytes()


def taken(site: Site, data: bytes) -> tuple[UUID, list[UUID]]:
    package = site.upload("SIP-P1-01-20260617020000-01.zip", data=data)
    return package, packages.take_apart(package, now=NOW)


def test_a_package_becomes_files_with_suggestion_and_description(tmp_path: Path):
    site = Site()
    _, [file_id] = taken(site, packed(tmp_path))
    row = File.objects.get(id=file_id)
    assert (row.name, row.folder, row.organisation_id) == ("0003.txt", "扫描", site.contractor_id)
    assert row.digest_given  # the package's list of digests was held against its content
    assert operations.suggest(file_ids=[file_id], now=NOW) == 1
    suggestion = Suggestion.objects.get(file_id=file_id)
    assert suggestion.obligation_id == site.owed("C5-12").id
    operations.confirm_suggestions(actor=site.clerk, suggestion_ids=[suggestion.id], now=NOW)
    [(record, sketch)] = pencil.sketches(Record.objects.all())
    filled = pencil.filled(record, sketch)
    assert (filled.title, filled.responsible, filled.formed_on, filled.pages) == (
        "验槽记录", "青石公司", date(2026, 3, 10), 4,
    )  # fmt: skip


def test_a_package_is_taken_apart_once(tmp_path: Path):
    site = Site()
    package, first = taken(site, packed(tmp_path))
    assert len(first) == 1
    assert packages.take_apart(package, now=NOW) == []


def test_an_altered_package_stays_whole(tmp_path: Path):
    site = Site()
    data = packed(tmp_path)
    assert taken(site, data[: len(data) // 2])[1] == []
    assert File.objects.count() == 1


def test_another_zip_is_left_alone():
    site = Site()
    assert packages.take_apart(site.upload("图纸.zip"), now=NOW) == []


def test_the_inbox_says_what_became_of_a_package_and_why_one_stays_whole(tmp_path: Path):
    from zhudang.content.models import CheckRun, Finding
    from zhudang.filing.queries import inbox_files, inbox_rows

    site = Site()
    sound, [_one] = taken(site, packed(tmp_path))
    broken = site.upload("SIP-P1-02-20260617020000-01.zip", data=b"PK other", checked="fail")
    run = CheckRun.objects.create(file_id=broken, started_at=NOW, finished_at=NOW, engine="test", verdict="fail")
    Finding.objects.create(
        run=run, file_id=broken, code="TRF-003", dimension="integrity", severity="block", message="缺",
        data={"entry": "A-1"},
    )  # fmt: skip
    states = {row.id: row.package for row in inbox_rows(list(inbox_files(site.clerk, site.project_id)))}
    assert states[sound].files == 1
    assert states[broken].files == 0 and [found.code for found in states[broken].why] == ["TRF-003"]
    assert states[_one] is None


@pytest.mark.parametrize(
    ("language", "sentence"), [("zh-hans", "目录里有 A-1，包里没有"), ("en", "The directory names A-1")]
)
def test_the_page_of_the_inbox_tells_it_in_both_languages(language: str, sentence: str):
    from django.test import Client
    from django.urls import reverse

    from zhudang.content.models import CheckRun, Finding
    from zhudang.identity.models import Account

    site = Site()
    broken = site.upload("SIP-P1-02-20260617020000-01.zip", data=b"PK other", checked="fail")
    run = CheckRun.objects.create(file_id=broken, started_at=NOW, finished_at=NOW, engine="test", verdict="fail")
    Finding.objects.create(
        run=run, file_id=broken, code="TRF-003", dimension="integrity", severity="block", message="缺",
        data={"entry": "A-1"},
    )  # fmt: skip
    client = Client()
    client.force_login(Account.objects.get(id=site.clerk.account_id))
    client.cookies["django_language"] = language
    told = client.get(reverse("filing:inbox", args=[site.project_id])).content.decode()
    assert sentence in told and "TRF-003" in told


@pytest.mark.parametrize(
    ("language", "kind", "sentence"),
    [
        ("zh-hans", "封装包", "提交包，已拆开，收了 1 个文件"),
        ("en", "encapsulated record", "taken apart: 1 file received"),
    ],
)
def test_the_row_of_an_encapsulation_tells_its_kind_and_what_came_of_it(language: str, kind: str, sentence: str):
    from django.test import Client
    from django.urls import reverse

    from samples.checks.packages import eep
    from zhudang.checks.engine import Engine
    from zhudang.content import checking
    from zhudang.filing import jobs
    from zhudang.identity.models import Account

    site = Site()
    package = site.upload("地基验槽记录.eep", data=eep(), checked="")
    with Engine(workers=1) as engine:
        checking.check_waiting([package], with_engine=engine)
    jobs.suggest_files([str(package)])
    client = Client()
    client.force_login(Account.objects.get(id=site.clerk.account_id))
    client.cookies["django_language"] = language
    told = client.get(reverse("filing:inbox", args=[site.project_id])).content.decode()
    assert sentence in told and '<span class="tag">' in told and kind in told
