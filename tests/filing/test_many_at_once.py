"""Many records in one act, a few in memory at a time: all of them or none, and every reason told."""

from dataclasses import replace

import pytest

from filing.filing_support import NOW, Site
from zhudang.audit.models import Entry
from zhudang.filing import operations
from zhudang.filing.models import Record
from zhudang.filing.operations import describing, inbox
from zhudang.filing.readiness import description_of
from zhudang.shared.ids import new_id
from zhudang.shared.refusals import NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_at_a_time(monkeypatch):
    monkeypatch.setattr(describing, "LOCKED_AT_ONCE", 2)
    monkeypatch.setattr(inbox, "MADE_AT_ONCE", 2)
    monkeypatch.setattr("zhudang.filing.readiness.JUDGED_AT_ONCE", 2)


def five(site: Site) -> list:
    files = [site.upload(f"地基验槽记录{n}.pdf") for n in range(5)]
    owed = site.owed("C5-12").id
    ids = operations.assign(actor=site.clerk, assignments=[(file_id, owed) for file_id in files], now=NOW)
    for record_id in ids:
        site.describe(record_id)
    return ids


def states(ids) -> set[str]:
    return set(Record.objects.filter(id__in=ids).values_list("state", flat=True))


def test_many_are_filed_with_one_entry_that_names_them_all():
    site = Site()
    ids = five(site)
    assert operations.file_many(actor=site.clerk, record_ids=[*ids, ids[0]], now=NOW) == 5
    assert states(ids) == {"filed"}
    entry = Entry.objects.get(act="filing.record.filed")
    assert sorted(entry.data["records"]) == sorted(map(str, ids)) and entry.data["count"] == 5


def test_one_reason_late_in_the_row_keeps_all_of_them_back_and_reasons_of_all_are_told():
    site = Site()
    ids = sorted(five(site))
    Record.objects.filter(id__in=[ids[1], ids[4]]).update(title="")
    with pytest.raises(operations.CannotFile) as refusal:
        operations.file_many(actor=site.clerk, record_ids=ids, now=NOW)
    assert {reason.data["record"] for reason in refusal.value.reasons} == {str(ids[1]), str(ids[4])}
    assert states(ids) == {"draft"}
    assert not Entry.objects.filter(act="filing.record.filed").exists()


@pytest.mark.parametrize("act", ["file_many", "describe_many"])
def test_one_that_is_not_theirs_or_none_at_all_is_not_found_and_nothing_changed(act):
    site = Site()
    ids = five(site)
    written = {row.id: replace(description_of(row), title="新题名") for row in Record.objects.filter(id__in=ids)}
    for wrong in ([*ids, new_id()], []):
        given = {i: written.get(i, next(iter(written.values()))) for i in wrong}
        with pytest.raises(NotFound):
            if act == "file_many":
                operations.file_many(actor=site.clerk, record_ids=given, now=NOW)
            else:
                operations.describe_many(actor=site.clerk, descriptions=given, now=NOW)
    assert states(ids) == {"draft"} and not Record.objects.filter(title="新题名").exists()


def test_many_descriptions_are_written_or_none_with_the_reasons_of_each():
    site = Site()
    ids = sorted(five(site))
    written = {row.id: replace(description_of(row), title="新题名") for row in Record.objects.filter(id__in=ids)}
    bad = {ids[0]: replace(written[ids[0]], level=9), ids[4]: replace(written[ids[4]], level=9)}
    with pytest.raises(operations.CannotDescribe) as refusal:
        operations.describe_many(actor=site.clerk, descriptions=written | bad, now=NOW)
    assert {reason.data["record"] for reason in refusal.value.reasons} == {str(ids[0]), str(ids[4])}
    assert not Record.objects.filter(title="新题名").exists()
    assert operations.describe_many(actor=site.clerk, descriptions=written, now=NOW) == 5
    assert Record.objects.filter(title="新题名").count() == 5


def test_native_files_join_their_renditions_also_far_apart_in_the_row():
    site = Site()
    names = ["验槽甲.pdf", "验槽乙.pdf", "验槽丙.pdf", "验槽丁.pdf", "验槽甲.dwg"]
    files = [site.upload(name, folder="图") for name in names]
    owed = site.owed("C5-12").id
    ids = operations.assign(actor=site.clerk, assignments=[(each, owed) for each in files], now=NOW)
    assert len(ids) == 4
    joined = Record.objects.get(files__file_id=files[4])
    assert set(joined.files.values_list("file_id", "part")) == {(files[0], "rendition"), (files[4], "native")}
