"""What the three administrators do, and what none of them can do alone."""

from datetime import date

import pytest

from identity.identity_support import NOW, account, archive, codes, organisation, person
from zhudang.audit.models import Entry
from zhudang.identity import operations, queries, tokens
from zhudang.identity.domain.roles import Role
from zhudang.identity.models import Account, Membership, Organisation
from zhudang.identity.rights import SYSTEM
from zhudang.shared.refusals import Forbidden, NotFound

pytestmark = pytest.mark.django_db


def test_the_system_administrator_opens_an_account_that_nobody_can_use_yet() -> None:
    admin = person(Role.SYSTEM_ADMIN)
    made = operations.create_account(actor=admin, username="Li.Si", name="李四", now=NOW)
    row = Account.objects.get(id=made)
    assert row.username == "li.si" and not row.has_usable_password() and not row.memberships.exists()
    entry = Entry.objects.get(subject=f"identity.account:{made}")
    assert (entry.act, entry.actor, entry.data["username"]) == ("identity.account.created", admin.username, "li.si")


def test_the_system_administrator_grants_nothing_and_the_security_administrator_opens_nothing() -> None:
    system, security, one = person(Role.SYSTEM_ADMIN), person(Role.SECURITY_ADMIN), account()
    with pytest.raises(Forbidden):
        operations.grant_role(actor=system, account_id=one, role=Role.REVIEWER, organisation_id=archive(), now=NOW)
    with pytest.raises(Forbidden):
        operations.set_clearance(actor=system, account_id=one, clearance=1, now=NOW)
    with pytest.raises(Forbidden):
        operations.create_account(actor=security, username="wang", name="王五", now=NOW)
    assert (
        not Membership.objects.filter(account_id=one).exists() and not Account.objects.filter(username="wang").exists()
    )


def test_no_administrator_changes_the_own_roles_or_clearance() -> None:
    security = person(Role.SECURITY_ADMIN)
    assert security.account_id
    with pytest.raises(operations.CannotGrant) as refusal:
        operations.grant_role(
            actor=security, account_id=security.account_id, role=Role.AUDIT_ADMIN, organisation_id=archive(), now=NOW
        )
    assert {"identity.not_oneself", "identity.second_officer_role"} <= set(codes(refusal))
    with pytest.raises(operations.CannotChange):
        operations.set_clearance(actor=security, account_id=security.account_id, clearance=4, now=NOW)


def test_several_roles_are_lawful_where_no_rule_parts_them() -> None:
    bureau = archive()
    someone = person(Role.REVIEWER, Role.ARCHIVIST, Role.KEEPER, Role.OFFICIAL, at=bureau)
    assert someone.roles == {Role.REVIEWER, Role.ARCHIVIST, Role.KEEPER, Role.OFFICIAL} and someone.of_archive
    with pytest.raises(operations.CannotGrant) as refusal:
        operations.grant_role(
            actor=SYSTEM, account_id=someone.account_id, role=Role.CLIENT_CLERK, organisation_id=bureau, now=NOW
        )
    assert codes(refusal) == ["identity.files_and_judges"]


def test_a_role_taken_away_counts_no_more_but_stays_known() -> None:
    security, one = person(Role.SECURITY_ADMIN), person(Role.KEEPER)
    row = Membership.objects.get(account_id=one.account_id)
    operations.end_role(actor=security, account_id=one.account_id, membership_id=row.id, now=NOW)
    assert queries.actor_of(one.account_id).roles == frozenset()
    assert Membership.objects.get(id=row.id).until == NOW
    with pytest.raises(NotFound):
        operations.end_role(actor=security, account_id=one.account_id, membership_id=row.id, now=NOW)


def test_the_last_security_administrator_stays() -> None:
    security = person(Role.SECURITY_ADMIN)
    row = Membership.objects.get(account_id=security.account_id)
    with pytest.raises(operations.CannotChange) as refusal:
        operations.end_role(actor=SYSTEM, account_id=security.account_id, membership_id=row.id, now=NOW)
    assert codes(refusal) == ["identity.last_of_role"]


def test_a_closed_account_is_nobody_and_its_keys_are_dead() -> None:
    admin, security, one = person(Role.SYSTEM_ADMIN), person(Role.SECURITY_ADMIN), person(Role.REVIEWER)
    token = tokens.issue_token(actor=security, account_id=one.account_id, name="审批系统", now=NOW)
    found = tokens.actor_of_token(token.secret, NOW)
    assert found and found.account_id == one.account_id
    operations.disable_account(actor=admin, account_id=one.account_id, reason="调离", now=NOW)
    assert not queries.actor_of(one.account_id).authenticated
    assert tokens.actor_of_token(token.secret, NOW) is None


def test_every_reason_against_a_new_account_is_told_at_once() -> None:
    account("taken")
    with pytest.raises(operations.CannotRegister) as refusal:
        operations.create_account(actor=person(Role.SYSTEM_ADMIN), username="taken", name=" ", password="x", now=NOW)
    assert set(codes(refusal)) >= {
        "identity.name_missing",
        "identity.password_not_yours_to_set",
        "identity.username_taken",
        "identity.password_short",
    }


def test_the_first_three_administrators_are_made_once() -> None:
    made = operations.make_first_administrators(archive_name="云溪县城建档案馆", now=NOW)
    assert [(one.username, one.role) for one in made] == [
        ("sysadmin", "system_admin"),
        ("secadmin", "security_admin"),
        ("auditadmin", "audit_admin"),
    ]
    assert all(Account.objects.get(username=one.username).check_password(one.password) for one in made)
    assert all(Account.objects.get(username=one.username).must_change_password for one in made)
    with pytest.raises(operations.CannotRegister):
        operations.make_first_administrators(archive_name="另一个馆", now=NOW)


def test_an_organisation_is_one_record_through_renamings() -> None:
    clerk = person(Role.REVIEWER)
    one = organisation("云溪第一建筑公司", code="91500241MA5U00003W")
    operations.rename_organisation(
        actor=clerk,
        organisation_id=one,
        name="云溪建设集团",
        since=date(2026, 3, 1),
        basis="（云）登字〔2026〕1号",
        now=NOW,
    )
    page = queries.organisation_page(clerk, one)
    assert page.row.name == "云溪建设集团" and [n.name for n in page.names] == ["云溪第一建筑公司", "云溪建设集团"]
    assert page.names[0].until == date(2026, 3, 1)
    assert queries.organisation_by_code("９１５００２４１ｍａ５ｕ００００３ｗ").id == one
    assert [row.id for row in queries.organisations(q="第一建筑")] == [one]
    with pytest.raises(operations.CannotChange) as refusal:
        operations.rename_organisation(
            actor=clerk, organisation_id=one, name="云溪建设集团", since=date(2026, 2, 1), basis="", now=NOW
        )
    assert set(codes(refusal)) == {"identity.name_same", "identity.basis_missing", "identity.name_before_last"}


def test_a_code_belongs_to_one_organisation_only() -> None:
    organisation("甲公司", code="91500241MA5U00003W")
    with pytest.raises(operations.CannotRegister) as refusal:
        operations.register_organisation(actor=person(Role.ARCHIVIST), name="", code="91500241ma5u00003w", now=NOW)
    assert codes(refusal) == ["identity.name_missing", "identity.code_taken"]
    assert Organisation.objects.filter(credit_code="91500241MA5U00003W").count() == 1


def test_an_organisation_known_by_an_old_code_is_kept_as_legacy() -> None:
    one = organisation("老国营厂", code="500241000012345")
    row = queries.organisation(one)
    assert row.is_legacy and row.code == "500241000012345" and Organisation.objects.get(id=one).credit_code is None


def test_an_import_finds_the_organisation_it_names_by_code_or_enters_it() -> None:
    clerk = person(Role.ARCHIVIST)
    one = operations.find_or_register_organisation(actor=clerk, name="甲公司", code="91500241MA5U00003W", now=NOW)
    assert (
        operations.find_or_register_organisation(actor=clerk, name="甲公司（原）", code="91500241MA5U00003W", now=NOW)
        == one
    )
    assert queries.organisation(one).name == "甲公司" and queries.organisation(one).kind == "company"


def test_passwords_are_kept_as_argon2(real_passwords: None) -> None:
    row = Account.objects.get(id=account("zhang"))
    assert row.password.startswith("argon2$argon2id$") and row.check_password("Yunxi-2026")
