"""The register and its lists in one pass over a great many copies: the same as each object judged by itself."""

from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preservation.disposal_case import NAMES
from preservation.kept_project import KeptProject
from preservation.offline_set import OfflineSet
from zhudang.identity.models import Account
from zhudang.preservation import compliance, queries, standings
from zhudang.preservation.domain.placing import BELOW
from zhudang.preservation.domain.states import Health
from zhudang.preservation.models import ArchivalObject, Copy, Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(settings, tmp_path: Path) -> KeptProject:
    """Two volumes and a project, at two folders; a removable set lacks all."""
    settings.SITES = OfflineSet(tmp_path).settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    project = KeptProject(names=NAMES)
    project.preserve()
    return project


def on_the_set(row: ArchivalObject, version: int) -> None:
    Copy.objects.create(
        object=row, site=Site.objects.get(code="c"), version=version, state="verified", written_at=timezone.now(),
        verified_at=timezone.now(), inventory_sha512=row.inventory_sha512,
    )  # fmt: skip


def mixed(kept: KeptProject) -> list[ArchivalObject]:
    """One volume damaged, the other with an older copy on the set, the project with all its copies."""
    first, second = ArchivalObject.objects.filter(kind="volume").order_by("reference_code")
    project = ArchivalObject.objects.get(kind="project")
    Copy.objects.filter(object=first, site__code="b").update(state="damaged")
    on_the_set(second, 0)
    on_the_set(project, project.version)
    return [first, second, project]


@pytest.mark.parametrize("most", [0, 1, 2000])
def test_the_objects_of_each_health_are_listed_whether_their_groups_are_small_or_large(kept, monkeypatch, most):
    monkeypatch.setattr(standings, "MOST_NAMED", most)
    first, second, project = mixed(kept)
    now, known = timezone.now(), queries.known_objects(kept.site.archivist)
    counts = queries.counts_of(known, now, listed=True)
    healths = {row.id: row.health for row in queries.shown(list(known.values_list("pk", flat=True)), now)}
    assert healths == {first.pk: Health.DAMAGED, second.pk: Health.WAITING, project.pk: Health.SOUND}
    for health in Health:
        listed = queries.searched(known, counts, words="", health=health.value, kind="").values_list("pk", flat=True)
        assert set(listed) == {pk for pk, own in healths.items() if own is health}
        assert counts.of_filter(health.value) == len(listed)
    assert (counts.objects, counts.of_filter("no such"), counts.of_filter("")) == (3, 0, 3)


@pytest.mark.parametrize("most", [0, 1, 2000])
def test_the_holdings_below_are_the_same_whether_their_groups_are_small_or_large(kept, monkeypatch, most):
    monkeypatch.setattr(standings, "MOST_NAMED", 2000)
    rows = mixed(kept)
    actor, on = kept.site.archivist, compliance.ground(timezone.now(), timezone.localdate())
    signatures = compliance.signatures_of(ArchivalObject.objects.all(), on)
    assert len(signatures) == 3 and signatures[rows[0].pk] != signatures[rows[2].pk]
    groups = compliance.standing_groups(actor, on, named=True)
    wanted, _number = compliance.holdings_below(actor, on, groups)
    expected = set(wanted.values_list("pk", flat=True))
    monkeypatch.setattr(standings, "MOST_NAMED", most)
    for shown in ("", *(each.value for each in BELOW)):
        groups = compliance.standing_groups(actor, on, named=True)
        found, number = compliance.holdings_below(actor, on, groups, shown=shown)
        assert found.count() == number
        assert set(found.values_list("pk", flat=True)) <= expected


def test_without_objects_the_pages_are_empty_and_do_not_fail(client, settings, tmp_path, kept):
    # Rows of objects are never deleted: of these nobody here may know.
    ArchivalObject.objects.update(level=4)
    client.force_login(Account.objects.get(username="archivist"))
    assert "还没有入库的案卷" in client.get("/preservation/").content.decode()
    assert "没有未达要求的馆藏" in client.get("/preservation/policy/below/").content.decode()


@pytest.mark.parametrize("path", ["/preservation/", "/preservation/?health=waiting", "/preservation/policy/below/"])
def test_a_page_asks_as_many_questions_of_many_objects_as_of_few(client, kept: KeptProject, path: str):
    client.force_login(Account.objects.get(username="archivist"))

    def asked() -> int:
        with CaptureQueriesContext(connection) as told:
            assert client.get(path).status_code == 200
        return len(told)

    asked()  # what is kept for the life of a process is read once
    few = asked()
    pattern = ArchivalObject.objects.get(kind="project")
    made = []
    for number in range(2, 42):
        row = ArchivalObject.objects.get(pk=pattern.pk)
        row.pk = uuid4()
        row.ocfl_id, row.generation, row.newest = f"urn:uuid:{row.pk}", number, False
        made.append(row)
    ArchivalObject.objects.bulk_create(made)
    copies = Copy.objects.filter(object=pattern)
    Copy.objects.bulk_create(
        Copy(object=row, site=copy.site, version=copy.version, state="verified", written_at=copy.written_at, verified_at=copy.verified_at)
        for row in made for copy in copies
    )  # fmt: skip
    asked()  # and so is the forecast of what is to be read, until copies come or go
    assert asked() <= few


@pytest.mark.parametrize("most", [0, 2000])
def test_a_search_finds_the_same_whether_it_finds_little_or_much(kept, monkeypatch, most):
    monkeypatch.setattr(standings, "MOST_NAMED", most)
    known = queries.known_objects(kept.site.archivist)
    found, number = standings.search_once(known.filter(kind="volume"))
    assert set(found) == set(ArchivalObject.objects.filter(kind="volume"))
    assert number == (2 if most else None)
