"""The register and its lists in one pass over a great many copies: the same as each object judged by itself."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preservation.disposal_case import FAST_HASHERS, NAMES, Disposal
from preservation.kept_project import KeptProject, site_settings
from preservation.offline_set import OfflineSet
from zhudang.identity.models import Account
from zhudang.preservation import compliance, healths, queries, register_queries, site_queries, standings
from zhudang.preservation.domain.placing import BELOW
from zhudang.preservation.domain.policy_data import KINDS, LEVELS
from zhudang.preservation.domain.states import Health
from zhudang.preservation.models import ArchivalObject, Copy, Site
from zhudang.preservation.register_queries import Asked

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


def asked(order: tuple[str, ...] = ("-kept_at", "id"), **wanted: str) -> Asked:
    return Asked(**{"words": "", "health": "", "kind": "", **wanted}, order=order)


def listed(kept: KeptProject, what: Asked) -> list[UUID]:
    """What all pages of one row each show."""
    number = register_queries.holdings_page(kept.site.archivist, what, timezone.now(), rows=1, page=1).number
    pages = [
        register_queries.holdings_page(kept.site.archivist, what, timezone.now(), rows=1, page=page)
        for page in range(1, number + 1)
    ]
    return [pk for page in pages for pk in page.ids]


def test_the_objects_of_each_health_are_listed_as_each_is_judged_by_itself(kept):
    first, second, project = mixed(kept)
    now, known = timezone.now(), queries.known_objects(kept.site.archivist)
    counts = register_queries.counts_of(known, now)
    judged = {row.id: row.health for row in queries.shown(list(known.values_list("pk", flat=True)), now)}
    assert judged == {first.pk: Health.DAMAGED, second.pk: Health.WAITING, project.pk: Health.SOUND}
    for health in Health:
        of_this = {pk for pk, own in judged.items() if own is health}
        assert set(listed(kept, asked(health=health.value))) == of_this
        file = register_queries.holdings_asked(kept.site.archivist, asked(health=health.value), now)
        assert set(file.values_list("pk", flat=True)) == of_this
        assert counts.of(health) == len(of_this)
    assert (counts.objects, listed(kept, asked(health="no such"))) == (3, [])


@pytest.mark.parametrize("order", [*register_queries.SORTS.values(), ("-title", "-id"), ("-oldest_reading", "-id")])
@pytest.mark.parametrize("wanted", [{}, {"kind": "volume"}, {"words": "记录"}, {"words": "A"}])
def test_the_pages_of_the_register_show_every_object_once_in_every_order(kept, order, wanted):
    mixed(kept)
    what = asked(order, **wanted)
    all_of_them = list(
        register_queries.holdings_asked(kept.site.archivist, what, timezone.now()).values_list("pk", flat=True)
    )
    assert listed(kept, what) == all_of_them
    assert len(set(all_of_them)) == len(all_of_them) and (wanted or len(all_of_them) == 3)
    beyond = register_queries.holdings_page(kept.site.archivist, what, timezone.now(), rows=1, page=900)
    assert list(beyond.ids) == all_of_them[-1:]


def test_words_health_and_kind_combine(kept):
    first, second, project = mixed(kept)
    assert listed(kept, asked(health="damaged", kind="volume", words=first.title)) == [first.pk]
    assert listed(kept, asked(health="damaged", kind="project")) == []
    assert listed(kept, asked(health="waiting", words=second.reference_code.lower())) == [second.pk]
    assert listed(kept, asked(kind="project", words=project.project.name)) == [project.pk]
    assert listed(kept, asked(words="no such")) == listed(kept, asked(words="no such", health="sound")) == []


def test_beside_each_health_stands_how_many_of_what_is_searched_for_are_so(kept):
    first, second, _project = mixed(kept)
    actor, now = kept.site.archivist, timezone.now()
    for wanted in ({}, {"health": "damaged"}, {"health": "sound"}):
        of_one = register_queries.holdings_page(
            actor, asked(words=second.reference_code, **wanted), now, rows=50, page=1
        )
        assert {health: number for health, number in of_one.by_health.items() if number} == {Health.WAITING: 1}
        assert of_one.counts.objects == 3 and of_one.counts.of(Health.DAMAGED) == 1
        whole = register_queries.holdings_page(actor, asked(**wanted), now, rows=50, page=1)
        assert whole.by_health == {Health.DAMAGED: 1, Health.WAITING: 1, Health.SOUND: 1}
    volumes = register_queries.holdings_page(actor, asked(kind="volume"), now, rows=50, page=1)
    assert sum(volumes.by_health.values()) == volumes.number == len({first.pk, second.pk})


def test_what_one_may_not_know_of_is_neither_counted_nor_listed(kept):
    hidden, *others = mixed(kept)
    ArchivalObject.objects.filter(pk=hidden.pk).update(level=4)
    for wanted in ({}, {"words": hidden.title}, {"health": "damaged"}, {"kind": "volume"}):
        page = register_queries.holdings_page(kept.site.archivist, asked(**wanted), timezone.now(), rows=50, page=1)
        assert hidden.pk not in page.ids and page.counts.objects == len(others) and page.number == len(page.ids)


def test_the_database_judges_health_as_the_rule_does(kept):
    on = healths.wanted()
    marks = range(1 << (4 + len(on.places)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT kind, level, said, {healths.health_in_sql(on)} FROM unnest(%s::text[]) kind, unnest(%s::int[]) level, unnest(%s::int[]) said",
            [list(KINDS), list(LEVELS), list(marks)],
        )
        told = cursor.fetchall()
    assert len(told) == len(KINDS) * len(LEVELS) * len(marks)
    assert all(healths.health_of(kind, level, said, on) == health for kind, level, said, health in told)


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


@pytest.mark.parametrize(
    "path",
    [
        "/preservation/",
        "/preservation/?health=waiting",
        "/preservation/?q=A",
        "/preservation/sites/",
        "/preservation/policy/below/",
    ],
)
def test_a_page_asks_as_many_questions_of_many_objects_as_of_few(client, kept: KeptProject, path: str):
    client.force_login(Account.objects.get(username="archivist"))

    def questions() -> int:
        with CaptureQueriesContext(connection) as told:
            assert client.get(path).status_code == 200
        return len(told)

    questions()  # what is kept for the life of a process is read once
    few = questions()
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
    questions()  # and so is the forecast of what is to be read, until copies come or go
    assert questions() <= few


@pytest.mark.parametrize("most", [0, 2000])
def test_a_search_finds_the_same_whether_it_finds_little_or_much(kept, monkeypatch, most):
    monkeypatch.setattr(standings, "MOST_NAMED", most)
    known = queries.known_objects(kept.site.archivist)
    found, number = standings.search_once(known.filter(kind="volume"))
    assert set(found) == set(ArchivalObject.objects.filter(kind="volume"))
    assert number == (2 if most else None)


def test_the_pages_of_a_place_show_every_copy_once_in_order(kept):
    mixed(kept)
    actor, site = kept.site.archivist, Site.objects.get(code="a")
    all_of_them = [copy.pk for copy in site_queries.copies_at(actor, site.pk)]
    pages = [
        site_queries.cut_copies(actor, site.pk, number=3, rows=1, page=page) for page in range(1, len(all_of_them) + 1)
    ]
    assert [copy.pk for page in pages for copy in page] == all_of_them and len(all_of_them) == 3
    beyond = site_queries.cut_copies(actor, site.pk, number=3, rows=2, page=900)
    assert [copy.pk for copy in beyond] == all_of_them[2:]
    assert site_queries.cut_copies(actor, Site.objects.get(code="c").pk, number=0, rows=2, page=1) == []


def test_the_page_of_a_place_tells_nothing_of_copies_above_clearance(kept):
    hidden, *_others = mixed(kept)
    site, long_ago = Site.objects.get(code="a"), timezone.now() - timedelta(days=900)
    Copy.objects.filter(object=hidden, site=site).update(verified_at=long_ago)
    before = site_queries.site_page(kept.site.archivist, site.pk, timezone.now())
    ArchivalObject.objects.filter(pk=hidden.pk).update(level=4)
    after = site_queries.site_page(kept.site.archivist, site.pk, timezone.now())
    assert (before.copies, before.oldest_reading, after.copies) == (3, long_ago, 2)
    assert after.oldest_reading > long_ago
    cut = site_queries.cut_copies(kept.site.archivist, site.pk, number=after.copies, rows=50, page=1)
    assert len(cut) == 2 and hidden.pk not in {copy.object_id for copy in cut}


def test_what_a_disposal_removes_is_not_said_to_wait_for_its_turn(settings, tmp_path: Path):
    settings.SITES, settings.CONTENT_ROOT = site_settings(tmp_path), str(tmp_path / "content")
    settings.PASSWORD_HASHERS = FAST_HASHERS
    disposal = Disposal().ready()
    Copy.objects.update(looked_at=None)

    def waiting() -> int:
        return next(row.round.waiting for row in site_queries.site_rows(timezone.now()) if row.code == "a")

    before = waiting()
    disposal.begin()
    ArchivalObject.objects.filter(pk=disposal.volumes[0].pk).update(condemned_at=timezone.now())
    assert before - waiting() == ArchivalObject.objects.filter(condemned_at__isnull=False).count() > 0
