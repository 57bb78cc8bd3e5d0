"""A folder site carries its code: a disk in another's place is told, not touched, and put right by a person."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from filing.filing_support import NOW
from preservation.kept_project import KeptProject, site_settings
from preservation.ocfl_support import judged_by_ocfl_py
from preservation.test_emergency import as_it_lies
from preservation.test_rebuilding import _another_empty_database, _exports
from zhudang.audit.models import Entry
from zhudang.cli import doctor
from zhudang.identity.models import Account
from zhudang.preservation import catching_up, command, nightly, rebuilding, refilling, sites
from zhudang.preservation.models import Copy, Ingest, Reading, Site
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.site_code import FILE, code_at


@pytest.fixture
def folder(settings, tmp_path: Path) -> Path:
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    settings.DATA = tmp_path / "data"
    (tmp_path / "data").mkdir()
    return tmp_path


def swap(folder: Path) -> None:
    (folder / "a").rename(folder / "x")
    (folder / "b").rename(folder / "a")
    (folder / "x").rename(folder / "b")


def codes(folder: Path) -> list[str]:
    return [code_at(folder / code) for code in ("a", "b")]


def carried() -> dict[str, str]:
    return {place.code: place.carries for place in sites.places()}


def test_a_folder_carries_its_code_beside_the_store_and_one_of_before_gets_it_when_it_is_met(db, folder: Path):
    sites.places()
    assert codes(folder) == ["a", "b"]
    assert "不要把这个文件夹" in (folder / "a" / FILE).read_text(encoding="utf-8")
    assert judged_by_ocfl_py([StorageRoot.open(folder / "a")]) == []
    (folder / "a" / FILE).unlink()
    (folder / "b" / FILE).write_bytes(b"\xff\xfe rotten")
    sites.places()
    assert codes(folder) == ["a", "b"]
    shutil.rmtree(folder / "a")
    (folder / "a").mkdir()
    sites.places()
    assert not (folder / "a" / FILE).exists(), "an empty folder is no site, and is not marked as one"


def test_swapped_folders_are_told_everywhere_neither_read_nor_written_and_well_once_put_back(
    db, folder: Path, client, capsys
):
    kept = KeptProject()
    kept.preserve()
    assert command.verify() == 0
    swap(folder)
    before = as_it_lies(folder / "a"), as_it_lies(folder / "b")
    assert carried() == {"a": "b", "b": "a"}
    capsys.readouterr()
    assert command.verify() == command.verify(repair=True) == 3
    said = capsys.readouterr().out
    assert "STO-009 SITE.txt  expected a found b" in said and "zhudang verify --new-disk a" in said
    copies = Copy.objects.filter(site__code="a").count()
    assert copies > 1 and said.count(f"(unreachable)  a  {copies} 份副本 copies") == 2, "one line a site and run"
    assert [wrong["damages"][0]["code"] for wrong in Reading.objects.first().wrong if wrong["damages"]] == [
        "STO-009"
    ] * 2
    assert set(Copy.objects.values_list("state", flat=True)) == {"verified"}, "nobody has read them since"
    told = list(doctor.sites())[:2]
    assert [each.verdict for each in told] == ["ill", "ill"] and "代号 b 的存储地" in told[0].said
    client.force_login(Account.objects.get(username="archivist"))
    page = client.get(f"/preservation/sites/{Site.objects.get(code='a').pk}/").content.decode()
    assert "放错了位置" in page and "zhudang verify --new-disk a" in page
    assert "放错了位置" in client.get("/preservation/").content.decode()
    with pytest.raises(catching_up.CannotCatchUp) as refused:
        catching_up.begin_for_command("a")
    assert refused.value.reasons[0].code == "preservation.another_site_there"
    for code in ("a", "b"):
        assert command.verify(repair=True, new_disk=code) == 2
    assert "不在自己的位置上" in capsys.readouterr().err
    assert (as_it_lies(folder / "a"), as_it_lies(folder / "b")) == before
    swap(folder)
    assert command.verify() == 0


def test_a_transfer_stops_at_swapped_folders_with_the_reason_and_goes_on_once_they_are_back(db, folder: Path):
    sites.places()
    kept = KeptProject()
    swap(folder)
    before = as_it_lies(folder / "a"), as_it_lies(folder / "b")
    kept.preserve()
    because = Ingest.objects.get().stopped_because
    assert because["code"] == "preservation.another_site_there"
    assert (because["data"]["site"], because["data"]["found"]) == ("a", "b")
    assert (as_it_lies(folder / "a"), as_it_lies(folder / "b")) == before
    swap(folder)
    assert nightly.resume_what_can() == 1
    assert set(carried().values()) == {""}


def test_a_copy_of_another_site_takes_the_place_of_a_lost_disk_only_when_a_person_says_so(db, folder: Path, capsys):
    KeptProject().preserve()
    shutil.rmtree(folder / "a")
    shutil.copytree(folder / "b", folder / "a")
    damaged = next(path for path in (folder / "a/store").rglob("*.pdf"))
    damaged.write_bytes(b"rotten")
    assert command.verify() == 3
    assert command.verify(repair=True, new_disk="a") == 0
    assert codes(folder) == ["a", "b"]
    assert Entry.objects.get(act="preservation.site.begun_anew").data["carried"] == "b"
    assert Reading.objects.order_by("-started_at").first().repaired == 1
    assert command.verify() == 0


def test_a_folder_two_codes_lead_to_is_not_taken_from_the_site_it_belongs_to(db, folder: Path):
    KeptProject().preserve()
    shutil.rmtree(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    with pytest.raises(refilling.CannotRefill) as refused:
        refilling.begin_anew("b", now=NOW)
    assert refused.value.reasons[0].code == "preservation.disk_of_another_site"
    assert code_at(folder / "a") == "a"


def test_what_a_site_no_longer_in_the_settings_left_may_be_taken_over(db, folder: Path, settings):
    KeptProject().preserve()
    a, b = site_settings(folder)
    settings.SITES = [{**a, "code": "a2"}, b]
    assert carried() == {"a2": "a", "b": ""}
    assert command.verify(repair=True, new_disk="a2") in (0, 3)  # copies at the site that was are out of reach
    assert carried() == {"a2": "", "b": ""} and code_at(folder / "a") == "a2"


def test_a_rebuild_reads_a_copy_brought_from_elsewhere_and_makes_it_the_sites_own(
    committed_db, cluster, django_db_blocker, folder: Path, settings, capsys
):
    with django_db_blocker.unblock():
        KeptProject().preserve()
        lost = _exports()
        (folder / "b").rename(folder / "brought")
        shutil.rmtree(folder / "a")
        settings.SITES = [{"code": code, "name": code, "path": str(folder / path)} for code, path in
                          (("new", "brought"), ("b", "b"))]  # fmt: skip
        with _another_empty_database(cluster):
            sites.places()  # b begins empty at its own place
            assert command.rebuild("new") == 0
            assert "原属代号 b 的存储地" in capsys.readouterr().out
            assert _exports() == lost
            assert code_at(folder / "brought") == "new"
            assert set(Copy.objects.values_list("site__code", flat=True)) == {"new"}
            assert command.verify() == 0
            assert Entry.objects.get(act="preservation.catalogue.rebuilt").data["carried"] == "b"


def test_a_rebuild_from_swapped_folders_works_and_counts_the_copies_to_the_site_whose_they_are(
    committed_db, cluster, django_db_blocker, folder: Path, capsys
):
    with django_db_blocker.unblock():
        KeptProject().preserve()
        lost = _exports()
        swap(folder)
        with _another_empty_database(cluster):
            done = rebuilding.rebuild("a", now=NOW)
            assert done.carried is not None and done.carried.code == "preservation.copy_carried_stays"
            assert _exports() == lost
            assert codes(folder) == ["b", "a"], "each still says whose it is"
            assert set(Copy.objects.values_list("site__code", flat=True)) == {"b"}
            assert command.verify() == 3
            swap(folder)
            assert Copy.objects.exists() and all(not other for other in carried().values())
