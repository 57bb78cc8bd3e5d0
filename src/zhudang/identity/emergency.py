"""The one person who may look while an archive is served from a copy: an account that lives as long as the service."""

from __future__ import annotations

import secrets
from datetime import datetime

from zhudang.identity.domain.passwords import one_time_password
from zhudang.identity.domain.roles import OrganisationKind, Role
from zhudang.identity.models import Account
from zhudang.identity.operations import create_account, grant_role, register_organisation
from zhudang.identity.rights import SYSTEM


def make_officer(*, level: int, now: datetime) -> tuple[str, str]:
    """Make the emergency officer of this service; give login and password, which are kept nowhere else.

    Args:
        level: the highest secrecy level (0 to 4) the person may see; the network's ceiling still cuts it.
    """
    # The copy brings accounts of its own, closed ones; no login of theirs looks like this.
    username, password = f"yingji-{secrets.token_hex(3)}", one_time_password()
    office = register_organisation(actor=SYSTEM, name="应急值守", kind=OrganisationKind.OTHER, now=now)
    account_id = create_account(actor=SYSTEM, username=username, name="应急值守人员", password=password, now=now)
    grant_role(actor=SYSTEM, account_id=account_id, role=Role.EMERGENCY_OFFICER, organisation_id=office, now=now)
    # The password dies with the service: there is no second sign-in it would have to be changed for.
    Account.objects.filter(pk=account_id).update(clearance=level, must_change_password=False, password_changed_at=now)
    return username, password
