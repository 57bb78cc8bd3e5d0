"""Kept sums say what counting anew says, whatever happened in between and whoever else was writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from filing.filing_support import NOW, Site
from zhudang.filing import operations
from zhudang.filing.models import Obligation, Record, Suggestion
from zhudang.filing.queries import standing, sums
from zhudang.identity.rights import SYSTEM, Actor
from zhudang.registry import operations as registry
from zhudang.registry.models import Milestone, Party
from zhudang.shared.refusals import Conflict, Forbidden, NotFound, Refusal

TODAY = date(2026, 6, 17)
CODES = ("C5-1", "C5-4", "C5-5", "C5-12", "A1-1", "B1-1")


def people(site: Site) -> list[Actor]:
    return [site.clerk, site.manager, site.supervisor, site.outsider, site.reviewer, SYSTEM]


def kept(actor: Actor, *project_ids: UUID) -> list[sums.Sum]:
    return sorted(sums.sums_of(standing.parameters(actor, project_ids, TODAY)), key=str)


def anew(actor: Actor, *project_ids: UUID) -> list[sums.Sum]:
    return sorted(sums.count_anew(standing.parameters(actor, project_ids, TODAY)), key=str)


@contextmanager
def nothing_counted(monkeypatch) -> Iterator[None]:
    """Whatever is asked must come from what is kept."""
    with monkeypatch.context() as patch:
        for name in ("_COUNT", "_COUNT_AND_KEEP"):
            patch.setattr(sums, name, "SELECT 1 / 0 AS counted")
        yield


@pytest.fixture
def site(committed_db, django_db_blocker) -> Iterator[Site]:
    with django_db_blocker.unblock():
        yield Site()


def walks(site: Site) -> type[RuleBasedStateMachine]:
    """Random operations of everybody in a project; refusals are part of life."""

    class Walk(RuleBasedStateMachine):
        def act(self, act: Callable[[], Any]) -> None:
            with suppress(Refusal, NotFound, Forbidden, Conflict):
                act()

        def records(self) -> list[UUID]:
            return list(Record.objects.order_by("created_at", "id").values_list("id", flat=True))

        @rule(code=some.sampled_from(CODES), described=some.booleans())
        def assign(self, code: str, described: bool) -> None:
            if Record.objects.count() < 40:
                self.act(lambda: site.record(code, f"{code}-{Record.objects.count()}.pdf", described=described))

        @rule(
            which=some.integers(0, 39),
            step=some.sampled_from(("file", "deliver", "sign", "submit", "return", "accept")),
        )
        def take_a_step(self, which: int, step: str) -> None:
            if not (ids := self.records()):
                return
            one = ids[which % len(ids)]
            told = {"now": NOW}
            self.act({
                "file": lambda: operations.file_record(actor=site.clerk, record_id=one, **told),
                "deliver": lambda: operations.mark_delivered(actor=site.clerk, record_ids=[one], **told),
                "sign": lambda: operations.mark_with_client(actor=site.manager, record_ids=[one], **told),
                "submit": lambda: operations.mark_submitted(actor=site.manager, record_ids=[one], **told),
                "return": lambda: operations.mark_returned(actor=site.manager, returns={one: operations.Return("缺章", "补章", "1-1")}, **told),
                "accept": lambda: operations.mark_accepted(actor=site.reviewer, record_ids=[one], **told),
            }[step])  # fmt: skip

        @rule(which=some.integers(0, 39), back=some.booleans())
        def withdraw_or_take_back(self, which: int, back: bool) -> None:
            if ids := self.records():
                one = [ids[which % len(ids)]]
                act = operations.take_back if back else operations.withdraw_records
                self.act(lambda: act(actor=site.clerk, record_ids=one, now=NOW))

        @rule(code=some.sampled_from(CODES), excused=some.booleans())
        def excuse_or_restore(self, code: str, excused: bool) -> None:
            owed = Obligation.objects.filter(unit_work_id=site.unit_id, scope_item__code=code).values_list(
                "id", flat=True
            )
            if excused:
                self.act(
                    lambda: operations.excuse(actor=site.manager, obligation_ids=owed, reason="本工程无此项", now=NOW)
                )
            else:
                self.act(lambda: operations.restore(actor=site.manager, obligation_ids=owed, now=NOW))

        @rule(name=some.sampled_from(("基槽验线记录", "钢材试验报告", "无题")), yes=some.booleans())
        def guess(self, name: str, yes: bool) -> None:
            count = Suggestion.objects.count()
            if count < 10:
                self.act(
                    lambda: operations.suggest(file_ids=[site.upload(f"{name}{count}.pdf", folder="1#楼")], now=NOW)
                )
            open_now = list(Suggestion.objects.filter(state="open").values_list("id", flat=True)[:1])
            decide = operations.confirm_suggestions if yes else operations.dismiss_suggestions
            self.act(lambda: decide(actor=site.clerk, suggestion_ids=open_now, now=NOW))

        @rule(days=some.integers(-30, 30), garage=some.booleans())
        def plan_after_a_milestone(self, days: int, garage: bool) -> None:
            unit = site.garage_id if garage else site.unit_id
            items = Obligation.objects.filter(unit_work_id=unit).exclude(scope_item__milestone="")
            kind = items.values_list("scope_item__milestone", flat=True).first()
            Milestone.objects.update_or_create(
                unit_work_id=unit, kind=kind, defaults={"happened_on": TODAY + timedelta(days=days), "changed_at": NOW}
            )
            operations.plan_project(site.project_id, now=NOW)

        @rule(until=some.sampled_from((None, TODAY)))
        def party_leaves_or_comes_back(self, until: date | None) -> None:
            Party.objects.filter(project_id=site.project_id, organisation_id=site.contractor_id).update(until=until)

        @rule()
        def think_better_of_it(self) -> None:
            with transaction.atomic():
                Obligation.objects.filter(project_id=site.project_id).update(na_at=NOW, not_applicable_reason="全部")
                transaction.set_rollback(True)

        @invariant()
        def kept_sums_are_those_counted_anew(self) -> None:
            for actor in people(site):
                assert kept(actor, site.project_id) == anew(actor, site.project_id), actor.username

    return Walk


def test_after_any_walk_the_kept_sums_are_those_counted_anew(site):
    few = settings(max_examples=6, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(lambda: walks(site)(), settings=few)


def test_what_is_kept_is_used_and_only_by_those_who_see_the_same(site, monkeypatch):
    site.record("C5-1")
    first = {actor.username: kept(actor, site.project_id) for actor in people(site)}
    with nothing_counted(monkeypatch):
        assert {actor.username: kept(actor, site.project_id) for actor in people(site)} == first
        with pytest.raises(Exception, match="division"):
            kept(Site("2403-990241-48-01-012346", "乙").clerk, site.project_id)
    assert first["outsider"] == [] and first["clerk"] != first["manager"]


@contextmanager
def another_connection() -> Iterator[psycopg.Connection]:
    told = connection.settings_dict
    with psycopg.connect(
        host=told["HOST"], port=told["PORT"], dbname=told["NAME"], user=told["USER"], password=told["PASSWORD"]
    ) as other:
        yield other


_RETIRE = "UPDATE filing_obligation SET retired_at = now() WHERE id = %s"


def test_a_change_that_commits_after_the_count_is_seen_though_it_began_before(site):
    before = kept(site.manager, site.project_id)
    with another_connection() as first, another_connection() as second:
        first.execute(_RETIRE, [site.owed("C5-1").id])
        second.execute(_RETIRE, [site.owed("C5-4").id])
        assert kept(site.manager, site.project_id) == before, "neither has committed"
        second.commit()
        between = kept(site.manager, site.project_id)
        assert between == anew(site.manager, site.project_id) != before
        first.commit()
        after = kept(site.manager, site.project_id)
        assert after == anew(site.manager, site.project_id) != between


def test_a_transaction_sees_its_own_changes_and_keeps_nothing_of_them(site, monkeypatch):
    before = kept(site.manager, site.project_id)
    with transaction.atomic():
        Obligation.objects.filter(id=site.owed("C5-1").id).update(retired_at=NOW)
        assert kept(site.manager, site.project_id) == anew(site.manager, site.project_id) != before
        transaction.set_rollback(True)
    assert kept(site.manager, site.project_id) == before
    with nothing_counted(monkeypatch):
        assert kept(site.manager, site.project_id) == before


def test_two_writers_do_not_wait_for_each_other_because_of_the_notes(site):
    with another_connection() as first, another_connection() as second:
        first.execute(_RETIRE, [site.owed("C5-1").id])
        second.execute("SET statement_timeout = '5s'")
        second.execute(_RETIRE, [site.owed("C5-4").id])
        second.commit()
        first.commit()
    assert kept(site.manager, site.project_id) == anew(site.manager, site.project_id)


def test_sums_kept_on_another_server_are_not_believed(site):
    right = kept(site.manager, site.project_id)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE filing_keptsums SET sums = '{}', server_started = server_started - interval '1 day'")
    assert kept(site.manager, site.project_id) == right


def test_what_is_old_is_forgotten_and_counted_again(site):
    right = kept(site.manager, site.project_id)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE filing_keptsums SET sums = '{}', made_at = made_at - interval '4 days'")
        cursor.execute("UPDATE filing_change SET noted_at = noted_at - interval '8 days'")
    assert kept(site.manager, site.project_id) == right
    with connection.cursor() as cursor:
        cursor.execute("UPDATE filing_keptsums SET made_at = made_at - interval '4 days'")
        sums.forget_old()
        cursor.execute("SELECT (SELECT count(*) FROM filing_keptsums), (SELECT count(*) FROM filing_change)")
        assert cursor.fetchone() == (0, 0)
    assert kept(site.manager, site.project_id) == right


def test_a_unit_work_that_moves_takes_its_sums_along(site):
    other = registry.register_project(
        actor=SYSTEM, code="2403-990241-48-01-012399", client_id=site.client_id, name="二期", kind="building", now=NOW
    )  # fmt: skip
    both = (site.project_id, other)
    before = kept(site.manager, *both)
    Obligation.objects.filter(unit_work_id=site.garage_id).update(project_id=other)
    assert kept(site.manager, *both) == before
    assert {one.unit_work_id for one in kept(site.manager, other)} == {site.garage_id}
    assert {one.unit_work_id for one in kept(site.manager, site.project_id)} == {site.unit_id}
