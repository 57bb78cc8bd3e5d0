from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.utils import ProgrammingError
from django.utils import timezone

from filing.filing_support import person
from prepared import Prepared
from preservation.kept_project import KeptProject, begun_with
from preservation.offline_set import OfflineSet
from zhudang.audit.models import Entry
from zhudang.identity.domain.roles import Role
from zhudang.preservation import books, command, compliance, custody, ingesting, registered, remedy
from zhudang.preservation.domain.placing import Shown
from zhudang.preservation.models import (
    ArchivalObject,
    BookComparison,
    Copy,
    Custody,
    Placement,
    RegisteredCopy,
    RemedyPlan,
    Site,
)
from zhudang.preservation.sites import places
from zhudang.shared.refusals import Forbidden, NotFound

pytestmark = pytest.mark.django_db
HOME = {"province": "50", "latitude": 28.446, "longitude": 109.012, "seismic_zone": "长江中游", "medium": "hard_disk"}
FAR = {"province": "53", "latitude": 25.04, "longitude": 102.71, "seismic_zone": "川滇", "medium": "solid_state"}


@pytest.fixture
def disk(settings, tmp_path: Path) -> OfflineSet:
    settings.SITES = sites(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    return OfflineSet(tmp_path)


def sites(folder: Path) -> list[dict[str, Any]]:
    a, b, c = OfflineSet(folder).settings(folder, **{**HOME, "medium": "tape"})
    return [{**a, **HOME}, {**b, **FAR}, c]


@pytest.fixture
def kept(disk: OfflineSet, db: None, prepared: Prepared, settings, tmp_path: Path) -> Iterator[KeptProject]:
    with begun_with(prepared, settings, tmp_path, "kept_far_apart", sites) as project:
        yield project


def internal(kept: KeptProject, days: int = 0) -> compliance.ClassRow:
    return next(row for row in compliance.class_rows(kept.site.archivist, on(days)) if row.need.code == "internal")


def on(days: int = 0) -> compliance.Ground:
    later = timedelta(days=days)
    return compliance.ground(timezone.now() + later, timezone.localdate() + later)


def below(kept: KeptProject, days: int = 0, **chosen: str) -> list[compliance.HoldingRow]:
    ground = on(days)
    groups = compliance.standing_groups(kept.site.archivist, ground, named=True)
    rows, number = compliance.holdings_below(kept.site.archivist, ground, groups, **chosen)
    ids = list(rows.order_by("accession_no", "id").values_list("pk", flat=True))
    assert number in {None, len(ids)}, "what is told of their number without counting is true"
    return compliance.holding_rows(ids, ground)


def standings(row: compliance.ClassRow) -> dict[str, Shown]:
    return {each.requirement: each.shown for each in row.requirements}


def plan(**changed: Any) -> remedy.Remedy:
    usual: dict[str, Any] = {
        "requirements": ["copies", "media", "apart", "offline"], "missing": "没有异地伙伴馆", "remedy": "与邻省馆互存",
        "responsible": "馆长", "until": timezone.localdate() + timedelta(days=200),
    }  # fmt: skip
    return remedy.Remedy(**{**usual, **changed})


# ── compliance ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_holding_waits_for_its_set_then_meets_the_policy_once_it_was_called_in_and_taken_away(kept, disk):
    number = ArchivalObject.objects.count()
    assert standings(internal(kept)) == {
        "copies": Shown.WAITING, "media": Shown.MET, "apart": Shown.MET, "offline": Shown.WAITING,
    }  # fmt: skip
    assert len(below(kept)) == number
    disk.connect()
    command.call_in("c")
    assert standings(internal(kept))["offline"] is Shown.WAITING, "connected it is not offline yet"
    disk.take_away()
    row = internal(kept)
    assert (row.shown, row.holdings, row.counts) == (Shown.MET, number, {Shown.MET: number})
    assert below(kept) == []


def test_a_set_not_called_in_in_time_is_waited_for_no_longer(kept, disk):
    assert standings(internal(kept, 181))["offline"] is Shown.NOT_MET


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"state": "damaged"}, "copy_damaged"), ({"state": "missing"}, "copy_missing"),
        ({"state": "written", "verified_at": None}, "copy_unread"), ({"version": 0}, "copy_behind"),
        ({"verified_at": timezone.now() - timedelta(days=91)}, "copy_due"),
    ],
)  # fmt: skip
def test_database_and_rules_agree_on_which_copies_count(kept, disk, changed, code):
    disk.connect()
    command.call_in("c")
    disk.take_away()
    row = ArchivalObject.objects.filter(kind="volume").first()
    Copy.objects.filter(object=row, site__code="b").update(**changed)
    (told,) = below(kept)
    assert (told.id, told.shown) == (row.id, Shown.NOT_MET)
    assert f"preservation.{code}" in {reason.code for reason in compliance.reasons_of(told.judged)}
    assert {each.verdict.requirement for each in told.judged} == {"copies", "apart"}
    assert below(kept, class_code="open") == []
    assert below(kept, shown=Shown.PLANNED) == []


def test_copies_at_a_site_out_of_reach_do_not_count(kept, disk, tmp_path):
    (tmp_path / "b").rename(tmp_path / "gone")
    told = below(kept)
    assert len(told) == ArchivalObject.objects.count()
    assert "preservation.copy_unreachable" in {reason.code for reason in compliance.reasons_of(told[0].judged)}


def test_what_is_above_clearance_is_not_counted(kept):
    before = internal(kept).holdings
    ArchivalObject.objects.filter(kind="volume").update(level=2)
    rows = compliance.class_rows(kept.site.archivist, on())
    assert sum(row.holdings for row in rows) == before - ArchivalObject.objects.filter(kind="volume").count()


# ── plans of remedy ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def poor(kept, disk, settings) -> KeptProject:
    """A county with two disks in one town."""
    a, b, _ = settings.SITES
    settings.SITES = [a, {**b, **HOME}]
    return kept


def test_a_dated_plan_takes_the_red_away_until_its_day_and_then_it_is_red_again(poor):
    assert internal(poor).shown is Shown.NOT_MET
    remedy.enter_plan(
        actor=poor.site.archivist, class_code="internal", plan=plan(), today=timezone.localdate(), now=timezone.now()
    )
    row = internal(poor)
    assert set(standings(row).values()) == {Shown.PLANNED}
    assert (row.plan.until, row.plan_overdue) == (plan().until, False)
    late = internal(poor, 201)
    assert late.shown is Shown.OVERDUE
    assert late.plan_overdue
    assert Entry.objects.filter(act="preservation.plan.entered").count() == 1


def test_a_plan_sent_twice_is_entered_once_and_whoever_enters_it_again_later_changes_nothing(poor):
    entered = [
        remedy.enter_plan(
            actor=poor.site.archivist,
            class_code="internal",
            plan=plan(),
            today=timezone.localdate(),
            now=timezone.now(),
        )
        for _ in range(3)
    ]
    assert (
        len(set(entered))
        == RemedyPlan.objects.count()
        == Entry.objects.filter(act="preservation.plan.entered").count()
        == 1
    )
    remedy.end_plan(actor=poor.site.archivist, class_code="internal", how="已建成", now=timezone.now())
    again = remedy.enter_plan(
        actor=poor.site.archivist, class_code="internal", plan=plan(), today=timezone.localdate(), now=timezone.now()
    )
    assert again not in entered, "an ended plan can be entered anew"


def test_a_plan_excuses_no_damaged_copy(poor):
    remedy.enter_plan(
        actor=poor.site.archivist, class_code="internal", plan=plan(), today=timezone.localdate(), now=timezone.now()
    )
    copy = Copy.objects.filter(site__code="a").first()
    Copy.objects.filter(pk=copy.pk).update(state="damaged")
    (told,) = [row for row in below(poor) if row.shown is Shown.NOT_MET]
    assert told.id == copy.object_id


def test_every_entry_of_a_plan_stays_and_the_newest_counts(poor):
    actor, today, now = poor.site.archivist, timezone.localdate(), timezone.now()
    remedy.enter_plan(actor=actor, class_code="internal", plan=plan(), today=today, now=now)
    remedy.enter_plan(
        actor=actor,
        class_code="internal",
        plan=plan(remedy="租用异地机房"),
        today=today,
        now=now + timedelta(seconds=1),
    )
    assert remedy.standing_plan("internal").remedy == "租用异地机房"
    remedy.end_plan(actor=actor, class_code="internal", how="已建成", now=now + timedelta(seconds=2))
    assert remedy.standing_plan("internal") is None
    assert RemedyPlan.objects.count() == 3
    assert internal(poor).shown is Shown.NOT_MET


def test_a_plan_that_says_too_little_is_refused_with_every_reason(poor):
    with pytest.raises(remedy.CannotPlan) as refused:
        remedy.enter_plan(
            actor=poor.site.archivist, class_code="internal",
            plan=plan(requirements=["analogue"], missing=" ", until=timezone.localdate()), today=timezone.localdate(), now=timezone.now(),
        )  # fmt: skip
    assert {reason.code for reason in refused.value.reasons} == {
        "preservation.plan_requirements", "preservation.plan_blank", "preservation.plan_until",
    }  # fmt: skip
    assert not RemedyPlan.objects.exists()
    with pytest.raises(NotFound):
        remedy.end_plan(actor=poor.site.archivist, class_code="nothing", how="x", now=timezone.now())


def test_the_application_can_neither_change_nor_remove_a_plan(poor):
    remedy.enter_plan(
        actor=poor.site.archivist, class_code="internal", plan=plan(), today=timezone.localdate(), now=timezone.now()
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE zhudang_app") if _superuser(cursor) else None
        with pytest.raises(ProgrammingError):
            cursor.execute("UPDATE preservation_remedyplan SET until = until + 1")


def _superuser(cursor: Any) -> bool:
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    return bool(cursor.fetchone()[0])


# ── placement ─────────────────────────────────────────────────────────────────────────────────────────────────────


def choose(kept: KeptProject, *codes: str) -> None:
    remedy.choose_places(
        actor=kept.site.archivist, class_code="internal", codes=codes, today=timezone.localdate(), now=timezone.now()
    )


def test_places_that_break_the_policy_are_refused_unless_a_standing_plan_covers_it(kept):
    with pytest.raises(remedy.CannotPlace) as refused:
        choose(kept, "a", "b")
    broken = {r.data["requirement"] for r in refused.value.reasons if r.code == "preservation.place_breaks"}
    assert broken == {"copies", "offline"}
    assert not Placement.objects.exists()
    remedy.enter_plan(
        actor=kept.site.archivist, class_code="internal", plan=plan(requirements=["copies", "offline"]),
        today=timezone.localdate(), now=timezone.now(),
    )  # fmt: skip
    choose(kept, "a", "b")
    assert Placement.objects.get().plan_id == RemedyPlan.objects.get().id
    choose(kept, "a", "b", "c")
    assert Placement.objects.first().plan_id is None


def test_the_same_places_chosen_again_are_one_choice(kept):
    for _ in range(3):
        choose(kept, "a", "b", "c")
    assert Placement.objects.count() == Entry.objects.filter(act="preservation.placement.chosen").count() == 1
    remedy.enter_plan(
        actor=kept.site.archivist, class_code="internal", plan=plan(requirements=["copies", "offline"]),
        today=timezone.localdate(), now=timezone.now(),
    )  # fmt: skip
    choose(kept, "a", "b")
    choose(kept, "b", "a")
    assert Placement.objects.count() == 2
    choose(kept, "a", "b", "c")
    assert Placement.objects.count() == 3, "what was chosen before and given up can be chosen again"


def test_an_unknown_site_is_refused(kept):
    with pytest.raises(remedy.CannotPlace):
        choose(kept, "a", "x")


def test_ingest_and_call_in_go_to_the_chosen_places_only(disk, settings, tmp_path):
    settings.SITES = [*settings.SITES, {"code": "d", "name": "丁库", "path": str(tmp_path / "d"), **HOME}]
    project = KeptProject()
    places(timezone.now())
    choose(project, "a", "b", "c")
    project.preserve()
    assert set(Copy.objects.values_list("site__code", flat=True)) == {"a", "b"}
    row = internal(project)
    assert {site.code for site in row.placed} == {"a", "b", "c"}
    assert command.call_in("d") == command.OK
    assert not Copy.objects.filter(site__code="d").exists()
    assert not ingesting.keep_project(project.project_id)
    books.compare(actor=project.site.archivist, now=timezone.now())
    told = BookComparison.objects.get().differences
    assert {row["name"] for row in told} <= {"离线盘"}, "what was placed elsewhere is not missed here"


# ── copies on paper ───────────────────────────────────────────────────────────────────────────────────────────────


def register(kept: KeptProject, row: ArchivalObject, **changed: Any) -> Any:
    usual: dict[str, Any] = {
        "medium": "microfilm", "label": "YX-F-0001", "place": "县档案馆特藏库", "made_on": timezone.localdate(),
        "made_by": "缩微室", "version": row.version,
    }  # fmt: skip
    return registered.register_copy(
        actor=kept.site.archivist,
        object_id=row.id,
        today=timezone.localdate(),
        now=timezone.now(),
        **{**usual, **changed},
    )


def test_a_copy_on_film_names_its_version_and_digest_and_is_stale_when_a_later_one_comes(kept):
    row = ArchivalObject.objects.get(kind="project")
    copy = RegisteredCopy.objects.get(pk=register(kept, row))
    assert (copy.version, copy.inventory_sha512) == (row.version, row.inventory_sha512)
    assert Entry.objects.filter(act="preservation.registered_copy.entered").count() == 1
    signature = compliance.signatures_of(ArchivalObject.objects.filter(pk=row.pk), on())[row.pk]
    assert compliance._films(signature) == ["microfilm"]
    row.project.name = "更名"
    row.project.save()
    assert ingesting.keep_project(kept.project_id)
    signature = compliance.signatures_of(ArchivalObject.objects.filter(pk=row.pk), on())[row.pk]
    assert compliance._films(signature) == []
    older = RegisteredCopy.objects.get(pk=register(kept, row, version=copy.version, label="YX-F-0002"))
    assert older.inventory_sha512 == copy.inventory_sha512, "an older version's digest is read from the store"


def test_film_counts_as_another_medium(kept, settings):
    a, b, _ = settings.SITES
    settings.SITES = [a, {**b, "medium": "hard_disk"}]
    row = ArchivalObject.objects.filter(kind="volume").first()
    register(kept, row)
    told = {each.id: {j.verdict.requirement for j in each.judged} for each in below(kept)}
    assert "media" not in told.pop(row.id)
    assert all("media" in requirements for requirements in told.values())


def test_what_cannot_be_said_of_a_copy_is_refused_all_at_once(kept):
    row = ArchivalObject.objects.first()
    register(kept, row)
    with pytest.raises(registered.CannotRegister) as refused:
        register(kept, row, medium="tape", made_by="", made_on=timezone.localdate() + timedelta(days=1), version=9)
    assert {reason.code.removeprefix("preservation.registered_") for reason in refused.value.reasons} == {
        "medium", "blank", "future", "label", "version",
    }  # fmt: skip
    assert RegisteredCopy.objects.count() == 1


def test_the_same_label_from_two_people_at_the_same_moment_is_refused_to_one(kept, monkeypatch):
    row = ArchivalObject.objects.first()
    register(kept, row)
    monkeypatch.setattr(registered, "is_label_used", lambda _: False)  # the other has not committed yet
    with pytest.raises(registered.CannotRegister) as refused:
        register(kept, row)
    assert [reason.code for reason in refused.value.reasons] == ["preservation.registered_label"]
    assert RegisteredCopy.objects.count() == 1


def test_a_copy_is_inspected_and_withdrawn_and_its_label_is_free_again(kept):
    row, today, now = ArchivalObject.objects.first(), timezone.localdate(), timezone.now()
    copy_id = register(kept, row)
    actor = kept.site.archivist
    registered.note_inspection(actor=actor, copy_id=copy_id, on=today, today=today, now=now)
    with pytest.raises(registered.CannotRegister):
        registered.note_inspection(actor=actor, copy_id=copy_id, on=today + timedelta(days=1), today=today, now=now)
    registered.withdraw_copy(actor=actor, copy_id=copy_id, because="受潮", now=now)
    with pytest.raises(registered.CannotRegister):
        registered.withdraw_copy(actor=actor, copy_id=copy_id, because="受潮", now=now)
    copy = RegisteredCopy.objects.get()
    assert (copy.inspected_on, copy.inspected_by, copy.withdrawn_because) == (today, "archivist", "受潮")
    register(kept, row)


# ── custody ───────────────────────────────────────────────────────────────────────────────────────────────────────


def offer(kept: KeptProject, giver: Any, taker: Any, **changed: Any) -> Any:
    usual = {"bound_for": "邻县档案馆保险柜", "condition": "sound", "note": ""}
    return custody.hand_over(
        actor=giver, site_id=Site.objects.get(code="c").pk, to_account_id=taker and taker.account_id, now=timezone.now(),
        **{**usual, **changed},
    )  # fmt: skip


def test_a_set_passes_only_when_the_other_has_signed_and_then_only_from_those_hands(kept):
    giver, taker = kept.site.archivist, person("keeper1", kept.site.archive_id, Role.KEEPER)
    custody_id = offer(kept, giver, taker)
    with pytest.raises(custody.CannotSign):
        custody.sign(actor=giver, custody_id=custody_id, now=timezone.now())
    with pytest.raises(custody.CannotHandOver):
        offer(kept, giver, taker)
    custody.sign(actor=taker, custody_id=custody_id, now=timezone.now())
    row = Custody.objects.get()
    assert (row.gave, row.took, row.took_at is not None) == ("archivist", "keeper1", True)
    with pytest.raises(custody.CannotHandOver) as refused:
        offer(kept, giver, taker)
    assert [reason.code for reason in refused.value.reasons] == ["preservation.custody_not_in_your_hands"]
    back = offer(kept, taker, giver)
    custody.withdraw(actor=giver, custody_id=back, now=timezone.now())
    assert Entry.objects.filter(act__startswith="preservation.custody.").count() == 4


def test_nobody_hands_a_set_to_oneself_to_a_stranger_or_to_nowhere(kept):
    giver = kept.site.archivist
    clerk = person("clerk9", kept.site.client_id, Role.CLIENT_CLERK)
    for taker, changed, code in (
        (giver, {}, "to_oneself"), (clerk, {}, "no_taker"), (None, {}, "no_taker"), (giver, {"bound_for": " "}, "nowhere"),
        (giver, {"condition": "?"}, "condition"),
    ):  # fmt: skip
        with pytest.raises(custody.CannotHandOver) as refused:
            offer(kept, giver, taker, **changed)
        assert f"preservation.custody_{code}" in {reason.code for reason in refused.value.reasons}
    assert not Custody.objects.exists()
    with pytest.raises(Forbidden):
        offer(kept, clerk, giver)


# ── sites as data ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_facts_become_rows_and_a_change_is_logged_with_what_was_before(kept, settings):
    assert Site.objects.get(code="b").facts["seismic_zone"] == "川滇"
    places(timezone.now())
    before = set(Entry.objects.values_list("id", flat=True))
    a, b, c = settings.SITES
    settings.SITES = [a, {**b, "seismic_zone": "鲜水河"}, c]
    places(timezone.now())
    places(timezone.now())
    (entry,) = Entry.objects.filter(act="preservation.site.changed").exclude(id__in=before)
    assert entry.data["facts"]["seismic_zone"] == "鲜水河"
    assert entry.data["before"]["facts"]["seismic_zone"] == "川滇"
