"""The register of formats: what is held, at what risk, by whose word; the review; the pages of a migration."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from filing.filing_support import NOW
from preservation.format_files import FILES, FormatsProject, use
from preservation.kept_project import keeper
from preservation.test_migrating import migrate
from zhudang.audit.models import Entry
from zhudang.events.models import Message
from zhudang.identity.models import Account
from zhudang.preservation.domain.format_policy import Action, Risk, read_format_policy
from zhudang.preservation.formats import held, migrating, policy, register
from zhudang.preservation.formats.paths import PATHS
from zhudang.preservation.models import FormatMigration, FormatReview, HeldFormat, Rendition
from zhudang.shared.refusals import Forbidden

ODD = {"怪.xyz": (b"odd bytes of nobody", ("", "", ""))}
GOOD = {
    "code": "bmp", "name": "BMP", "ids": ["fmt/116"], "risk": "watch", "policy": "migrate", "path": "tiff", "reasons": "旧",
    "reasons_en": "old", "source": "page", "as_of": "2026-11",
}  # fmt: skip


def told(*rows: dict, **more) -> dict:
    return {"version": "1", "title": "t", "review_days": 365, "review_source": "s", "format": list(rows), **more}


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_our_file_can_be_used_and_every_row_has_its_source():
    current = policy.current()
    assert {entry.path for entry in current.entries if entry.path} <= set(PATHS)
    for entry in current.entries:
        assert entry.source
        assert entry.as_of
        assert entry.reasons_en
    for path in PATHS.values():
        assert any(entry.path == path.code for entry in current.entries), "a path that no policy names"


def test_what_the_file_does_not_know_is_unknown_and_never_low():
    current = policy.current()
    for format_id, mime in (("", ""), ("fmt/99999", "application/x-nobody")):
        entry = current.entry_of(format_id, mime)
        assert (entry.risk, entry.policy) == (Risk.UNKNOWN, Action.REVIEW)
    assert current.entry_of("fmt/354", "application/pdf").code == "pdfa", "the identifier goes before the MIME type"
    assert current.entry_of("fmt/18", "application/pdf").code == "pdf"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"risk": "none"}, "risk is one of"),
        ({"policy": "review"}, "policy is one of"),
        ({"path": "svg"}, "nobody knows the path svg"),
        ({"path": ""}, "a path goes with"),
        ({"policy": "keep"}, "a path goes with"),
        ({"source": ""}, "source is not told"),
        ({"ids": []}, "ids or mimes"),
        ({"rumour": "x"}, "nobody knows rumour"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_what_is_wrong(change, fault):
    with pytest.raises(ValueError, match=fault):
        read_format_policy(told({**GOOD, **change}), paths=PATHS)


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(ValueError, match=r"review_days.*risk.*stands in") as wrong:
        read_format_policy(told({**GOOD, "risk": "x"}, GOOD, review_days=0), paths=PATHS)
    assert "fmt/116 stands in bmp" in str(wrong.value)
    assert read_format_policy(told(GOOD), paths=PATHS).entry_of("fmt/116").risk is Risk.WATCH


def test_an_archive_may_replace_the_file(settings, tmp_path: Path):
    text = policy.OURS.read_text().replace('risk = "low"', 'risk = "high"')
    (tmp_path / "own.toml").write_text(text)
    settings.FORMATS = str(tmp_path / "own.toml")
    assert tomllib.loads(text)
    assert policy.current().entry_of("zd/ofd").risk is Risk.HIGH


# ── the register ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def project(settings, tmp_path: Path) -> FormatsProject:
    use(settings, tmp_path)
    project = FormatsProject({**FILES, **ODD})
    project.preserve()
    return project


@pytest.fixture
def archivist(client, project: FormatsProject):
    client.force_login(Account.objects.get(username="archivist"))
    return client


@pytest.mark.django_db
def test_formats_held_are_counted_when_kept_and_told_worst_first(project: FormatsProject):
    rows = register.format_rows(project.site.archivist)
    found = {row.format_id: row for row in rows}
    assert (found["fmt/116"].files, found["fmt/116"].volumes) == (2, 1)
    assert found["fmt/116"].bytes == sum(len(FILES[name][0]) for name in FILES if name.endswith("bmp"))
    assert (found["fmt/116"].entry.risk, found["fmt/116"].entry.policy) == (Risk.WATCH, Action.MIGRATE)
    assert found[""].entry.risk is Risk.UNKNOWN
    assert rows[0].format_id == "", "what nobody judged stands above what is only watched"
    migrate(project)
    made = [row for row in register.format_rows(project.site.archivist) if row.rendition]
    assert [(row.format_id, row.files, row.entry.risk) for row in made] == [("fmt/353", 2, Risk.LOW)]
    with pytest.raises(Forbidden):
        register.format_rows(project.site.clerk)


@pytest.mark.django_db
def test_the_register_asks_the_same_few_questions_however_much_is_held_and_counts_what_nobody_counted(project):
    before = list(HeldFormat.objects.order_by("format_id").values_list("format_id", "files", "bytes"))
    HeldFormat.objects.all().delete()
    assert register.register(project.site.archivist, NOW).uncounted == 1
    assert held.note_uncounted() == 1
    assert list(HeldFormat.objects.order_by("format_id").values_list("format_id", "files", "bytes")) == before
    with CaptureQueriesContext(
        connection,
    ) as asked:
        register.format_rows(project.site.archivist)
    assert not [each for each in asked.captured_queries if "content_file" in each["sql"]]
    assert len(asked) <= 3


@pytest.mark.django_db
def test_a_review_is_logged_says_what_it_looked_at_and_becomes_due_again(project: FormatsProject):
    assert register.review_state(NOW).overdue, "never reviewed is not reviewed"
    with pytest.raises(register.CannotReview):
        register.review(actor=project.site.archivist, note=" ", now=NOW)
    with pytest.raises(Forbidden):
        register.review(actor=project.site.clerk, note="看过", now=NOW)
    assert not FormatReview.objects.exists()
    reviewer = keeper(project.site)
    register.review(actor=reviewer, note="怪.xyz 请\x00归档单位补交 PDF/A", now=NOW)
    row = FormatReview.objects.get()
    assert row.note == "怪.xyz 请归档单位补交 PDF/A"
    assert (row.reviewer_name, row.unknown, row.policy_sha256) == ("keeper", 1, policy.current().sha256)
    assert Entry.objects.get(act="preservation.formats.reviewed").actor == "keeper"
    register.review(actor=reviewer, note="怪.xyz 请归档单位补交 PDF/A", now=NOW + timedelta(seconds=3))
    assert FormatReview.objects.count() == 1, "a second click is the same review"
    due = NOW + timedelta(days=policy.current().review_days)
    assert not register.review_state(due - timedelta(hours=1)).overdue
    assert register.review_state(due).overdue
    assert [register.remind(due + timedelta(days=days)) for days in (-1, 0, 1)] == [False, True, False]
    assert Message.objects.filter(kind="preservation.formats.review_due").count() == 1


@pytest.mark.django_db
def test_a_review_sent_twice_is_noted_once_and_another_word_or_another_hour_makes_another(project: FormatsProject):
    archivist, other = project.site.archivist, keeper(project.site)
    for seconds in (0, 1, 2):
        register.review(actor=archivist, note="看过", now=NOW + timedelta(seconds=seconds))
    assert FormatReview.objects.count() == Entry.objects.filter(act="preservation.formats.reviewed").count() == 1
    register.review(actor=other, note="看过", now=NOW + timedelta(seconds=4))
    register.review(actor=archivist, note="看过，另有一条", now=NOW + timedelta(seconds=5))
    register.review(actor=archivist, note="看过", now=NOW + timedelta(hours=2))
    assert FormatReview.objects.count() == 4


# ── the pages ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_the_page_tells_formats_risks_sources_and_what_to_do_and_takes_a_review(archivist, project: FormatsProject):
    page = archivist.get("/preservation/formats/").content.decode()
    for fact in (
        "Windows Bitmap 3.0",
        "fmt/116",
        "保存原件，迁移到 TIFF",
        "GB/T 50328",
        "未知不等于风险低",
        "从未评审",
        "先评估",
    ):
        assert fact in page
    assert "知" in page
    english = archivist.get("/preservation/formats/", headers={"accept-language": "en"}).content.decode()
    assert "Not in the list of formats to file" in english
    assert "格式登记" not in english
    answer = archivist.get("/preservation/formats/?export=csv")
    assert "fmt/116" in b"".join(answer.streaming_content).decode()
    archivist.post("/preservation/formats/review/", {"note": "已看过"})
    page = archivist.get("/preservation/formats/").content.decode()
    assert "已看过" in page
    assert "从未评审" not in page


@pytest.mark.django_db
def test_a_keeper_sees_what_a_migration_would_touch_orders_it_and_reads_what_came_of_it(
    archivist, project: FormatsProject
):
    page = archivist.get("/preservation/formats/migrate/?format=fmt/116&path=tiff").content.decode()
    assert "2 件" in page
    assert PATHS["tiff"].version in page
    assert "逐像素比对" in page
    assert archivist.get("/preservation/formats/migrate/?format=fmt/116&path=csv").status_code == 404
    assert archivist.get("/preservation/formats/migrate/?format=fmt/116&path=tiff&project=x").status_code == 404
    answer = archivist.post("/preservation/formats/migrate/", {"format": "fmt/116", "path": "tiff", "project": ""})
    row = FormatMigration.objects.get()
    assert answer.headers["Location"] == f"/preservation/migrations/{row.id}/"
    archivist.post("/preservation/formats/migrate/", {"format": "fmt/214", "path": "csv", "project": ""})
    assert "还没有结束" in archivist.get("/preservation/formats/").content.decode()
    assert FormatMigration.objects.count() == 1
    assert not migrating.run(row.id)
    page = archivist.get(f"/preservation/migrations/{row.id}/").content.decode()
    assert "2 件原文件，得到 2 件转换件" in page
    made = Rendition.objects.first()
    assert made.file.name in archivist.get(f"/preservation/{made.volume_id}/").content.decode()
    [record] = [
        pk for pk in project.record_ids if made.original.name in archivist.get(f"/records/{pk}/").content.decode()
    ]
    page = archivist.get(f"/records/{record}/").content.decode()
    assert made.file.name in page
    assert f"由 Pillow {PATHS['tiff'].version} 转换" in page
    assert f'data-src="/files/{made.file_id}/"' in page, "the picture nobody could look at is shown by its rendition"
    assert f'href="/files/{made.original_id}/" download' in page
    assert archivist.get(f"/files/{made.file_id}/").status_code == 200
    assert archivist.get(f"/files/{made.file_id}/page/1.png").status_code == 200
