"""Organisations, people and their roles as the store keeps them. Passwords, sessions and tokens stay out of it.

A project's catalogue holds the organisations and people it names; the archive's own registers hold all of them.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from zhudang.identity.domain.roles import OrganisationKind
from zhudang.identity.models import Account, Membership, Organisation, OrganisationName
from zhudang.shared.holdings import (
    Description,
    Register,
    Row,
    describe_all,
    point_elsewhere,
    restore_all,
    take_place,
)

_KEPT_OF_ACCOUNTS = {"id", "username", "name", "created_at"}
_CLOSED = {"password": "!", "is_active": False, "must_change_password": True, "clearance": 0}

ORGANISATION = Register("identity.organisation", Organisation)
ORGANISATION_NAME = Register("identity.organisation_name", OrganisationName)
ACCOUNT = Register(
    "identity.account",
    Account,
    without=frozenset(f.attname for f in Account._meta.concrete_fields if f.attname not in _KEPT_OF_ACCOUNTS),
    filling=_CLOSED,
)
"""Who did what must stay readable; whether the person may sign in again is the administrators' to decide."""
ACCOUNT_WITH_STANDING = Register(
    "identity.account",
    Account,
    without=frozenset({"password", "password_changed_at", "must_change_password", "last_login", "is_active"}),
    filling=_CLOSED,
)
"""An account as the archive's own registers tell it: clearance and telephone too, never what opens it."""
MEMBERSHIP = Register("identity.membership", Membership)

REGISTERS = (ORGANISATION, ORGANISATION_NAME, ACCOUNT)
ARCHIVE_REGISTERS = (ORGANISATION, ORGANISATION_NAME, ACCOUNT_WITH_STANDING, MEMBERSHIP)


def describe(*, organisation_ids: Collection[Any], account_ids: Collection[Any]) -> Description:
    """Describe the organisations and people a project's registers name."""
    return describe_all(
        (
            (ORGANISATION, Organisation.objects.filter(id__in=organisation_ids)),
            (ORGANISATION_NAME, OrganisationName.objects.filter(organisation_id__in=organisation_ids)),
            (ACCOUNT, Account.objects.filter(id__in=account_ids)),
        )
    )


def restore(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring organisations and people back; accounts come back closed and without a password."""
    _let_accounts_give_way(described)
    return restore_all(REGISTERS, described)


def describe_archive() -> Description:
    """Describe all organisations, people and roles, those that ended too."""
    return describe_all((register, register.model._base_manager.all()) for register in ARCHIVE_REGISTERS)


def restore_archive(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring all of them back; accounts that are new here come closed and without a password, their roles as they were.

    What `zhudang init` made a moment ago gives way: an administrator of the same login, the archive of the same name or
    code. Such an administrator becomes the one of before and keeps the password just given.
    """
    _let_organisations_give_way(described)
    _let_accounts_give_way(described)
    _let_memberships_give_way(described)
    counts = restore_all(ARCHIVE_REGISTERS, described)
    # Only an administrator made just now is open: that the one of before was closed says nothing of this one.
    Account.objects.filter(is_active=True, disabled_at__isnull=False).update(disabled_at=None)
    return counts


def _let_organisations_give_way(described: Mapping[str, Iterable[Row]]) -> None:
    archives = [row for row in described.get(ORGANISATION.name, ()) if row["kind"] == OrganisationKind.ARCHIVE.value]
    for fresh in Organisation.objects.filter(kind=OrganisationKind.ARCHIVE.value):
        if str(fresh.pk) in {row["id"] for row in archives}:
            continue
        same = [row for row in archives if fresh.credit_code and row["credit_code"] == fresh.credit_code]
        same += [row for row in archives if row["name"] == fresh.name]
        if same:
            OrganisationName.objects.filter(organisation=fresh).delete()
            _become(fresh, same[0]["id"])


def _become(fresh: Organisation, pk: str) -> None:
    """Take the place of the row of that key, which may have come already with a project."""
    if Organisation.objects.filter(id=pk).exists():
        point_elsewhere(fresh, pk)
        fresh.delete()
    else:
        take_place(fresh, pk)


def _let_accounts_give_way(described: Mapping[str, Iterable[Row]]) -> None:
    ids = {row["username"]: row["id"] for row in described.get(ACCOUNT.name, ())}
    for fresh in Account.objects.filter(username__in=ids).exclude(id__in=ids.values()):
        take_place(fresh, ids[fresh.username])


def _let_memberships_give_way(described: Mapping[str, Iterable[Row]]) -> None:
    standing = {
        (row["account_id"], row["organisation_id"], row["role"]): row["id"]
        for row in described.get(MEMBERSHIP.name, ())
        if row["until"] is None
    }
    for fresh in Membership.objects.filter(until__isnull=True):
        key = str(fresh.account_id), str(fresh.organisation_id) if fresh.organisation_id else None, fresh.role
        if standing.get(key, str(fresh.pk)) != str(fresh.pk):
            fresh.delete()
