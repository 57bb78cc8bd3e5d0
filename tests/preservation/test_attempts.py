"""An administrator's attempts in SQL, past every guard, at the moments at which they would be least noticed.

Each attempt is one statement; which row and which column it touches is told the next night, whatever honest acts on the
same project or by the same people the log holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from preservation.kept_project import KeptProject, site_settings
from preservation.own_registers import filled, night, offline_set
from zhudang.audit import sealing
from zhudang.audit.models import Entry
from zhudang.filing import operations as filing
from zhudang.filing.domain.describing import Description
from zhudang.filing.models import Obligation, ScopeAdoption
from zhudang.identity import as_logged
from zhudang.identity import operations as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account
from zhudang.identity.rights import SYSTEM
from zhudang.preservation import command, ingesting, noticing
from zhudang.registry import operations as registry

Enemy = Callable[[str], None]

ON_A_PROJECT = {
    "UPDATE filing_record SET retention = 'short', level = 0, title = '别的', keywords = 'x'": (
        "filing.record", {"retention", "level", "title", "keywords"},
    ),
    "UPDATE filing_volume SET retention = 'short', level = 0, accession_no = 'X-' || sequence": (
        "filing.volume", {"retention", "level", "accession_no"},
    ),
    "UPDATE filing_givencode SET voided_at = now(), void_reason = 'x' WHERE kind = 'accession'": (
        "filing.given_code", {"voided_at", "void_reason"},
    ),
    "UPDATE filing_obligation SET archive = '', owed = 'none', retired_at = now()": (
        "filing.obligation", {"archive", "owed", "retired_at"},
    ),
    "UPDATE content_blob SET sm3 = repeat('0', 64)": ("content.blob", {"sm3"}),
    "UPDATE content_file SET level = 0, destroyed_at = now(), verdict = 'pass'": ("content.file", {"level", "destroyed_at"}),
    "UPDATE registry_project SET level = 0, is_open = true, accepted_on = '2020-01-01'": (
        "registry.project", {"level", "is_open", "accepted_on"},
    ),
    "UPDATE registry_unitwork SET nature = 'rebuilt'": ("registry.unit_work", {"nature"}),
    "UPDATE registry_party SET until = now()": ("registry.party", {"until"}),
    "UPDATE handover_application SET mode = 'commitment', state = 'withdrawn'": (
        "handover.application", {"mode", "state"},
    ),
    "UPDATE handover_transfer SET received_by = 'enemy', supplement = '[1]'": (
        "handover.transfer", {"received_by", "supplement"},
    ),
    "UPDATE handover_volumecount SET records = 99, counted_by = 'enemy'": (
        "handover.volume_count", {"records", "counted_by"},
    ),
    "UPDATE handover_certificate SET covers = '[]', issued_at = now()": ("handover.certificate", {"covers", "issued_at"}),
    "UPDATE documents_sealeddocument SET pdf_sha256 = repeat('0', 64), record = '{}'": (
        "documents.sealed_document", {"pdf_sha256", "record"},
    ),
    "INSERT INTO handover_samplenote (id, application_id, scope, looked_at, passed_with, note, by, at) "
    "SELECT gen_random_uuid(), id, 'x', 1, 1, 'x', 'enemy', now() FROM handover_application": (
        "handover.sample_note", set(),
    ),
    "INSERT INTO registry_permit_unit_works (permit_id, unitwork_id) SELECT p.id, u.id FROM registry_permit p, registry_unitwork u": (
        "registry.permit_unit_work", set(),
    ),
}  # fmt: skip
"""Statement -> the table it is told of, and the columns."""


@pytest.fixture
def enemy(
    committed_db, django_db_blocker, settings, tmp_path: Path, superuser_connection
) -> Iterator[Callable[[str], None]]:
    """One who writes into the rows past every guard."""
    settings.SITES = site_settings(tmp_path)
    settings.CONTENT_ROOT = str(tmp_path / "content")
    with django_db_blocker.unblock():
        root = superuser_connection(committed_db)
        root.execute("SET session_replication_role = replica")
        yield lambda sql: root.execute(sql)


@pytest.fixture
def kept(enemy: Enemy) -> KeptProject:
    """A project kept just now, its acts sealed as they are within seconds."""
    project = KeptProject()
    registry.record_permit(
        actor=SYSTEM, project_id=project.project_id, kind="construction", number="990241202406170101",
        issued_on=date(2024, 6, 17), now=timezone.now(),
    )  # fmt: skip
    _honest_acts(project)
    sealing.seal_everything(timezone.now())
    project.preserve()
    assert ingesting.keep_project(project.project_id) is False
    return project


def _honest_acts(project: KeptProject) -> None:
    """What people do on one day: acts on the whole project, and acts on some of its rows."""
    now, site = timezone.now(), project.site
    if not Entry.objects.filter(act="registry.project.renamed").exists():
        registry.rename_project(
            actor=site.archivist,
            project_id=project.project_id,
            name="滨河安置房（改名）",
            since=timezone.localdate(),
            now=now,
        )
    registry.describe_project(actor=site.archivist, project_id=project.project_id, address=f"滨河路{now:%f}号", now=now)
    registry.record_responsibility(
        actor=site.archivist, project_id=project.project_id, duty="leader", person=f"甲{now:%f}", now=now
    )
    filing.compose_volumes(actor=site.archivist, project_id=project.project_id, now=now)
    owed = Obligation.objects.filter(project_id=project.project_id, records=None, na_at=None, retired_at=None)
    if some := owed.order_by("id").first():
        filing.excuse(actor=site.archivist, obligation_ids=[some.id], reason="本工程不涉及", now=now)


def _told() -> dict[str, set[str]]:
    told: dict[str, set[str]] = {}
    for entry in Entry.objects.filter(act="preservation.register.changed_unlogged"):
        for row in entry.data["rows"]:
            told.setdefault(row["table"], set()).update(row["columns"])
    return told


def _night(project: KeptProject) -> None:
    ingesting.keep_project(project.project_id)


def test_right_after_a_version_no_act_of_the_hour_before_covers_an_attempt(kept: KeptProject, enemy: Enemy) -> None:
    for statement in ON_A_PROJECT:
        enemy(statement)
    _night(kept)
    assert _told() == dict(ON_A_PROJECT.values())


def test_among_honest_acts_on_the_whole_project_an_attempt_is_told_and_the_acts_are_not(
    kept: KeptProject, enemy: Enemy
) -> None:
    _honest_acts(kept)
    for statement in ON_A_PROJECT:
        enemy(statement)
    _honest_acts(kept)
    _night(kept)
    assert _told() == dict(ON_A_PROJECT.values())


def test_honest_acts_alone_are_never_told(kept: KeptProject) -> None:
    for _day in range(2):
        _honest_acts(kept)
        _night(kept)
        sealing.seal_everything(timezone.now())
    assert _told() == {}


def test_a_level_set_by_an_act_and_changed_once_more_by_hand_is_told(kept: KeptProject, enemy: Enemy) -> None:
    registry.classify_project(actor=SYSTEM, project_id=kept.project_id, level=2, is_open=False, now=timezone.now())
    enemy("UPDATE registry_project SET level = 0")
    _night(kept)
    assert _told() == {"registry.project": {"level"}}


def test_beside_an_honest_description_of_a_record_its_retention_is_told(kept: KeptProject, enemy: Enemy) -> None:
    record_id = kept.record_ids[0]
    description = Description(title="更正的题名", responsible="青石建筑工程有限公司", formed_on=date(2026, 3, 10), pages=3,
                              has_paper=True, origin="scan", level=1)  # fmt: skip
    filing.describe(
        actor=kept.site.archivist, record_id=record_id, description=description, revision=None, now=timezone.now()
    )
    enemy("UPDATE filing_record SET retention = 'short'")
    _night(kept)
    assert _told() == {"filing.record": {"retention"}}


def test_an_act_before_a_version_whose_consequences_come_after_it_is_no_attempt(kept: KeptProject) -> None:
    now = timezone.now()
    registry.record_milestone(
        actor=SYSTEM, unit_work_id=kept.site.unit_id, kind="acceptance", happened_on=date(2026, 5, 1), now=now
    )
    sealing.seal_everything(timezone.now())
    _night(kept)
    sealing.seal_everything(timezone.now())
    filing.plan_project(kept.project_id, now=timezone.now())
    _night(kept)
    assert _told() == {}


def test_records_and_codes_taken_away_or_slipped_in_are_told(kept: KeptProject, enemy: Enemy) -> None:
    _honest_acts(kept)
    enemy("UPDATE filing_record SET withdrawn_at = now() WHERE id = (SELECT id FROM filing_record ORDER BY id LIMIT 1)")
    enemy(
        "INSERT INTO filing_givencode (id, kind, code, number, series, volume_id, project_id, given_at, given_by, voided_by, void_reason) "
        "SELECT gen_random_uuid(), 'accession', 'FORGED', 99, 'accession', gen_random_uuid(), id, now(), 'x', '', '' FROM registry_project"
    )
    _night(kept)
    assert {"filing.record", "filing.given_code"} <= _told().keys()


ON_THE_ARCHIVE = {
    "UPDATE identity_account SET clearance = 4 WHERE username = 'newcomer'": ("identity.account", {"clearance"}),
    "UPDATE identity_membership SET role = 'archivist' WHERE role = 'reviewer'": ("identity.membership", {"role"}),
    "INSERT INTO identity_membership (id, account_id, organisation_id, role, since) SELECT gen_random_uuid(), a.id, o.id, "
    "'official', now() FROM identity_account a, identity_organisation o WHERE a.username = 'newcomer' AND o.kind = 'archive' LIMIT 1": (
        "identity.membership", {"role"},
    ),
    "UPDATE identity_organisation SET kind = 'department' WHERE kind = 'company'": ("identity.organisation", {"kind"}),
    "UPDATE filing_scopeitem SET archive = '', days_after = 999 WHERE archive <> ''": (
        "filing.scope_item", {"archive", "days_after"},
    ),
    "UPDATE filing_scopelist SET adoptable = NOT adoptable": ("filing.scope_list", {"adoptable"}),
    "UPDATE registry_calendarday SET kind = 'makeup' WHERE kind = 'holiday'": ("registry.calendar_day", set()),
    "UPDATE registry_area SET name = '邻县'": ("registry.area", {"name"}),
    "UPDATE preservation_remedyplan SET until = '2099-01-01', ended = false": (
        "preservation.remedy_plan", {"until"},
    ),
    "UPDATE preservation_placement SET sites = '[\"a\"]'": ("preservation.placement", {"sites"}),
    "UPDATE preservation_custody SET took = 'enemy'": ("preservation.custody", {"took"}),
    "UPDATE preservation_catchup SET complete = false, wrong = 3": ("preservation.catch_up", {"complete", "wrong"}),
    "UPDATE preservation_registeredcopy SET place = '丙库', inventory_sha512 = repeat('0', 128)": (
        "preservation.registered_copy", {"place", "inventory_sha512"},
    ),
    "UPDATE preservation_disposalstay SET lifted_at = now(), lifted_by = 'enemy', lifted_because = 'x'": (
        "preservation.disposal_stay", {"lifted_at", "lifted_by", "lifted_because"},
    ),
    "UPDATE preservation_bookcomparison SET difference_count = 7": (
        "preservation.book_comparison", {"difference_count"},
    ),
    "UPDATE preservation_formatreview SET unknown = 0, note = 'x'": ("preservation.format_review", {"note"}),
    "UPDATE preservation_formatmigration SET failed = 0": ("preservation.format_migration", {"failed"}),
}  # fmt: skip


@pytest.fixture
def registers(enemy: Enemy, settings: Any, tmp_path: Path) -> KeptProject:
    """The archive's own registers, every one of them filled, kept this night."""
    project = filled(offline_set(settings, tmp_path))
    sealing.seal_everything(timezone.now())
    night()
    return project


def _people_act(project: KeptProject) -> None:
    """What administrators do on one day, with the very accounts that attempts are about."""
    now = timezone.now()
    newcomer = Account.objects.get(username="newcomer")
    identity.describe_account(actor=SYSTEM, account_id=newcomer.pk, name="新人", phone=f"{now:%f}", now=now)
    role = identity.grant_role(
        actor=SYSTEM, account_id=newcomer.pk, role=Role.KEEPER, organisation_id=project.site.archive_id, now=now
    )
    identity.end_role(actor=SYSTEM, account_id=newcomer.pk, membership_id=role, now=now)
    identity.set_clearance(actor=SYSTEM, account_id=newcomer.pk, clearance=1, now=now)
    standing = ScopeAdoption.objects.get(kind="building")
    filing.adopt_scope_list(
        actor=project.site.archivist, kind="building", scope_list_id=standing.scope_list_id, now=now
    )


@pytest.mark.parametrize("acts", [0, 1])
def test_attempts_on_the_archives_own_registers_are_told(registers: KeptProject, enemy: Enemy, acts: int) -> None:
    if acts:
        _people_act(registers)
    for statement in ON_THE_ARCHIVE:
        enemy(statement)
    night()
    assert _told() == dict(ON_THE_ARCHIVE.values())


def test_a_place_changed_by_hand_is_put_back_to_the_settings_and_that_is_an_act(
    registers: KeptProject, enemy: Enemy
) -> None:
    enemy("UPDATE preservation_site SET facts = '{}', name = 'x'")
    night()
    assert Entry.objects.filter(act="preservation.site.changed", data__before__name="x").exists()
    assert _told() == {}


def test_what_administrators_do_is_never_told(registers: KeptProject) -> None:
    _people_act(registers)
    assert night()
    assert _told() == {}
    assert command.verify(registers=True) == command.OK


def test_an_account_opened_cleared_or_given_a_role_by_hand_is_told_the_same_night_and_by_verify(
    registers: KeptProject, enemy: Enemy
) -> None:
    newcomer = Account.objects.get(username="newcomer")
    identity.disable_account(actor=SYSTEM, account_id=newcomer.pk, reason="离职", now=timezone.now())
    assert noticing.look(timezone.now()) == 0
    enemy(
        "UPDATE identity_account SET is_active = true, clearance = 4 WHERE username = 'newcomer'; "
        "UPDATE identity_membership SET until = NULL WHERE role = 'reviewer' AND account_id = (SELECT id FROM identity_account "
        "WHERE username = 'newcomer'); UPDATE identity_membership SET until = now() WHERE role = 'audit_admin'"
    )
    told = {("ACC-002", "newcomer"), ("ACC-003", "newcomer"), ("ACC-004", "newcomer"), ("ACC-005", "auditadmin")}
    assert {(each.code, each.username) for each in as_logged.check()} == told
    assert noticing.look(timezone.now()) == len(told)
    assert {
        (each["code"], each["account"]) for each in Entry.objects.get(act="preservation.log.differs").data["accounts"]
    } == told
    assert command.verify() == command.WRONG
