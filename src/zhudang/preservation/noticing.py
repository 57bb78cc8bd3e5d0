"""What nobody has to ask for: every night the log is verified, and the rows of holdings, destructions and accounts are held against it.

An administrator's hand in the tables is told the same night, to others than that administrator.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog
from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.audit import witness
from zhudang.audit.verification import verify as verify_log
from zhudang.events import operations as events
from zhudang.identity import as_logged as accounts_as_logged
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.preservation import as_logged, logged
from zhudang.preservation.disposal import checking

log = structlog.get_logger("zhudang.preservation")
MOST_TOLD = 200
_SINCE_THE_LAST = timedelta(days=1, hours=1)
"""So far back a refilled witness is told: since the last night, and a little more."""
_TOLD = {Role.AUDIT_ADMIN: "/audit/?act=preservation.log.differs", Role.ARCHIVIST: "/preservation/readings/"}


def look(now: datetime) -> int:
    """Verify the log and what it says was kept and destroyed; tell people and the log what is otherwise, and how much that is."""
    faults = verify_log(now).findings
    refilled = witness.refills(since=now - _SINCE_THE_LAST)[:MOST_TOLD]
    holdings = list(islice(as_logged.check(), MOST_TOLD))
    destroyed = list(islice(checking.check(), MOST_TOLD))
    states = list(islice(logged.disagreements(), MOST_TOLD))
    accounts = list(islice(accounts_as_logged.check(), MOST_TOLD))
    count = len(faults) + len(holdings) + len(states) + len(destroyed) + len(refilled) + len(accounts)
    if count:
        _tell(
            {
                "log": [{"number": each.number, "fault": each.fault.value} for each in faults[:MOST_TOLD]],
                "witnesses": refilled,
                "holdings": [{"code": each.code, "object": each.object, "told": each.told} for each in holdings],
                "states": [each.ocfl_id for each in states],
                "destroyed": [{"code": each.code, "object": each.subject, "told": each.told} for each in destroyed],
                "accounts": [{"code": each.code, "account": each.username, "told": each.told} for each in accounts],
            },
            count,
            now,
        )
    return count


@transaction.atomic
def _tell(data: dict[str, Any], count: int, now: datetime) -> None:
    log.error("the log, or what it tells of, was changed by hand", findings=count)
    audit.record(actor="system", act="preservation.log.differs", subject="audit.log", at=now, data=data)
    for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
        for role, link in _TOLD.items():
            events.tell(
                kind="preservation.log.differs", at=now, organisation_id=organisation_id, roles=[role],
                data={"count": count}, link=link,
            )  # fmt: skip
