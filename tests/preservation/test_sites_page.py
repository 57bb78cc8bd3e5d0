"""The places with what they hold: a page of its own, beside the register, and to each reader only what is theirs to know."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from preservation.kept_project import KeptProject
from zhudang.identity.models import Account
from zhudang.preservation import queries, site_queries
from zhudang.preservation.models import ArchivalObject, Copy, Ingest, Reading
from zhudang.registry.models import Project
from zhudang.site import homes

pytestmark = pytest.mark.django_db
SITES = "/preservation/sites/"


@pytest.fixture
def archivist(client, kept: KeptProject):
    client.force_login(Account.objects.get(username="archivist"))
    return client


@pytest.fixture
def hidden(kept: KeptProject) -> ArchivalObject:
    """A volume above the clearance of anybody here."""
    row = ArchivalObject.objects.filter(kind="volume").first()
    ArchivalObject.objects.filter(pk=row.pk).update(level=4)
    return row


def main_of(page: str) -> str:
    return page.split("<main", 1)[1].split("</main>")[0]


def told_to(kept: KeptProject, **more: Any) -> list[site_queries.SiteRow]:
    actor = replace(kept.site.archivist, **more)
    rows = site_queries.site_rows(timezone.now(), known_to=actor)
    # The room left and the time a whole reading takes are the place's own.
    return [replace(row, free_bytes=None, round=replace(row.round, days_a_round=0.0)) for row in rows]


def test_the_places_are_a_page_when_opened_and_a_part_of_one_when_fetched_for_it(archivist):
    whole, part = archivist.get(SITES), archivist.get(SITES, headers={"hx-request": "true"})
    page = whole.content.decode()
    assert page.startswith("<!doctype html>") and page.count('aria-current="page"') >= 1
    for told in ("a库", "b库", "2 份副本，2 份读回一致"):
        assert told in main_of(page) and told in part.content.decode()
    assert "<html" not in part.content.decode() and "<main" not in part.content.decode()
    assert all("HX-Request" in answer["Vary"] for answer in (whole, part))


def test_without_scripts_the_register_leads_to_the_page_that_counts_the_copies_at_each_place(archivist):
    aside = archivist.get("/preservation/").content.decode().split('id="h-sites"')[1].split("</section>")[0]
    assert f'<a href="{SITES}">各存储地有多少副本</a>' in aside


def test_a_reader_learns_nothing_of_copies_above_clearance_whatever_befalls_them(kept, hidden):
    copies = Copy.objects.filter(object=hidden)
    before = told_to(kept)
    assert [row.copies for row in before] == [ArchivalObject.objects.count() - 1] * 2
    long_ago = timezone.now() - timedelta(days=900)
    for change in (
        {"verified_at": long_ago},
        {"looked_at": None},
        {"state": "damaged", "looked_at": long_ago},
        {"state": "missing", "verified_at": None},
    ):
        copies.update(**change)
        assert told_to(kept) == before
    copies.delete()
    assert told_to(kept) == before


def test_an_archivist_of_full_clearance_is_told_of_all_copies(kept, hidden, settings):
    settings.NETWORK_CEILING = 4
    Copy.objects.filter(object=hidden, site__code="b").update(state="damaged")
    a, b = told_to(kept, clearance=4)
    everything = ArchivalObject.objects.count()
    assert (a.copies, a.verified, b.copies, b.verified) == (everything, everything, everything, everything - 1)
    assert [row.copies for row in site_queries.site_rows(timezone.now())] == [everything] * 2


def test_the_copies_at_a_place_out_of_reach_do_not_count_until_it_is_back(archivist, tmp_path: Path, kept):
    row = ArchivalObject.objects.filter(kind="volume").first()
    (tmp_path / "b").rename(tmp_path / "away")
    for page in (main_of(archivist.get(SITES).content.decode()), archivist.get(SITES, headers={"hx-request": "true"}).content.decode()):  # fmt: skip
        assert page.count("2 份副本，2 份读回一致") == 1
        assert "登记了 2 份副本，够不着的时候一份也不算数" in page
    register = main_of(archivist.get("/preservation/").content.decode())
    assert "1 处存储地够不着" in register and "逐字节读回过" not in register
    table = register.split("<table", 1)[1].split("</table>")[0]
    assert table.count("够不着") == table.count("已核验") == ArchivalObject.objects.count()
    one = main_of(archivist.get(f"/preservation/{row.pk}/").content.decode())
    assert one.split('id="h-copies"')[1].split("</section>")[0].count("够不着") == 1
    (tmp_path / "away").rename(tmp_path / "b")
    assert "够不着" not in archivist.get("/preservation/").content.decode()
    assert archivist.get(SITES).content.decode().count("2 份副本，2 份读回一致") == 2


def test_a_transfer_of_a_project_above_clearance_is_not_told_of(archivist, kept):
    Ingest.objects.update(state="running")
    actor, name = kept.site.archivist, Project.objects.get(pk=kept.project_id).name

    def told() -> list[str]:
        return [group.title for group in homes.desk_for(actor, timezone.now()).groups if name in repr(group)]

    assert len(queries.unfinished_ingests(actor)) == 1 and told()
    Project.objects.filter(pk=kept.project_id).update(level=4)
    assert queries.unfinished_ingests(actor) == [] and not told()


def test_a_reading_does_not_name_a_holding_above_clearance(archivist, hidden):
    wrong = {
        "site": "b", "object": hidden.ocfl_id, "title": hidden.title, "state": "damaged", "damages": [{"code": "STO-002", "path": "v1/content/files/0001.pdf"}],
    }  # fmt: skip
    Reading.objects.create(asked_by="rounds:b", started_at=timezone.now(), wrong=[wrong], wrong_count=1)
    page = main_of(archivist.get("/preservation/readings/").content.decode())
    assert "另有 1 份属于您看不到的案卷" in page
    assert hidden.title not in page and hidden.ocfl_id not in page and "0001.pdf" not in page
    ArchivalObject.objects.filter(pk=hidden.pk).update(level=1)
    assert hidden.title in archivist.get("/preservation/readings/").content.decode()
