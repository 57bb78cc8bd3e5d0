"""Nothing goes on, least of all a destruction, while a case's rows say otherwise than the log; people are told that a hand changed them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.audit import queries as acts
from zhudang.events import operations as events
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.preservation.disposal import checking
from zhudang.preservation.disposal.models import DisposalCase
from zhudang.shared.refusals import Reason, Refusal

log = structlog.get_logger("zhudang.preservation")
CHANGED = "preservation.disposal_not_as_told"
DIFFERS = "preservation.disposal.differs"
_MOST_TOLD = 20


class NotAsTold(Exception):
    """The rows of a case under execution are not what the log says: the execution waits until somebody has looked."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def why_not_as_told(case: DisposalCase, *, lines: bool = True) -> list[Reason]:
    """One reason where the rows of a case say otherwise than the log; none where they agree.

    Args:
        lines: its list, line by line, and stays on its volumes too.
    """
    found = _found(case, lines)
    if found:
        # Somebody may have acted on it after its row was read and before the log was: both once more.
        again = set(_found(DisposalCase.objects.get(pk=case.pk), lines))
        found = [each for each in found if each in again]
    data = {"case": case.number, "what": found[:_MOST_TOLD]}
    return [Reason(CHANGED, data)] if found else []


def _found(case: DisposalCase, lines: bool) -> list[str]:
    return [each.told for each in checking.of_case(case, lines=lines)]


def require_as_told(case: DisposalCase, *, lines: bool = True) -> None:
    """Let an execution pass whose case is as the log says.

    Raises:
        NotAsTold.
    """
    for reason in why_not_as_told(case, lines=lines):
        raise NotAsTold(reason)


@contextmanager
def noticed(case_id: UUID, now: datetime) -> Iterator[None]:
    """Tell people of a case that is refused inside because a hand changed it, once the refused act's own transaction is undone."""
    try:
        yield
    except Refusal as refusal:
        for reason in refusal.reasons:
            if reason.code == CHANGED:
                tell_people(case_id, reason, now)
        raise


@transaction.atomic
def tell_people(case_id: UUID, reason: Reason, now: datetime) -> None:
    """Write to the log that a case is not as the log told it, and tell the archive's people; the same is told once."""
    case = DisposalCase.objects.select_for_update(no_key=True).get(pk=case_id)
    data = {"case": case.number, "what": list(reason.data["what"])}
    before = acts.facts_about(audit.subject_of(case), [DIFFERS]).order_by("at", "id").last()
    if before is not None and before.data == data:
        return
    log.error("a disposal was changed by hand", case=case.number, what=data["what"])
    audit.record(actor="system", act=DIFFERS, subject=case, at=now, data=data)
    links = {Role.ARCHIVIST: f"/preservation/disposal/{case.pk}/", Role.AUDIT_ADMIN: f"/audit/?act={DIFFERS}"}
    for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
        for role, link in links.items():
            events.tell(
                kind=DIFFERS,
                at=now,
                organisation_id=organisation_id,
                roles=[role],
                data={"case": case.number},
                link=link,
            )
