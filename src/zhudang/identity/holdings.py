"""Organisations and the names of people as the store keeps them. Passwords, roles and sessions stay out of it."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from zhudang.identity.models import Account, Organisation, OrganisationName
from zhudang.shared.holdings import Description, Register, Row, describe_all, restore_all

_KEPT_OF_ACCOUNTS = {"id", "username", "name", "created_at"}

ORGANISATION = Register("identity.organisation", Organisation)
ORGANISATION_NAME = Register("identity.organisation_name", OrganisationName)
ACCOUNT = Register(
    "identity.account",
    Account,
    without=frozenset(f.attname for f in Account._meta.concrete_fields if f.attname not in _KEPT_OF_ACCOUNTS),
    filling={"password": "!", "is_active": False, "must_change_password": True, "clearance": 0},
)
"""Who did what must stay readable; whether the person may sign in again is the administrators' to decide."""

REGISTERS = (ORGANISATION, ORGANISATION_NAME, ACCOUNT)


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
    return restore_all(REGISTERS, described)
