"""What the acts of handover share: locking, rights, conflicts between two people, the clock."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.utils import timezone

from zhudang.identity import rights
from zhudang.identity.rights import Actor, ThingFacts
from zhudang.registry import queries as registry
from zhudang.shared.refusals import Conflict, NotFound, Reason, Refusal

Row = TypeVar("Row", bound=models.Model)


class CannotIssueNotice(Refusal):
    """No notice was issued."""


class CannotDeliver(Refusal):
    """Nothing was delivered or signed for."""


class CannotApply(Refusal):
    """No application was made."""


class CannotReview(Refusal):
    """The review stands as it stood."""


class CannotCommit(Refusal):
    """No commitment was taken."""


class CannotTransfer(Refusal):
    """The transfer stands as it stood."""


def today_of(now: datetime) -> date:
    """The day of `now` where the archive stands."""
    return timezone.localtime(now).date()


def demand(actor: Actor, act: str, project_id: UUID) -> ThingFacts:
    """Let an act on a project pass, or refuse it; gives the project's facts.

    Raises:
        NotFound: no such project, or none this actor may know of.
        Forbidden: known, but not this actor's to do.
    """
    facts = registry.project_facts(project_id)
    rights.demand(actor, act, facts)
    return facts


def lock(model: type[Row], row_id: UUID) -> Row:
    """Lock one row for an act; two people at once wait here for each other.

    Raises:
        NotFound: no such row.
    """
    row = model._default_manager.select_for_update(of=("self",), no_key=True).filter(pk=row_id).first()
    if row is None:
        raise NotFound
    return row


def demand_revision(row: Any, revision: int | None, actor: Actor) -> None:
    """Refuse to act on what another person changed since the page was read.

    Raises:
        Conflict: with who and when. The same person in two windows is not refused.
    """
    if revision is None or revision == row.revision or row.changed_by == (actor.name or actor.username):
        return
    raise Conflict(Reason("handover.changed_meanwhile", {"who": row.changed_by, "when": write_moment(row.changed_at)}))


def touch(row: Any, actor: Actor, now: datetime, fields: Iterable[str]) -> None:
    """Save `fields` of a locked row with the next revision and who did it."""
    row.revision += 1
    row.changed_by, row.changed_at = actor.name or actor.username, now
    row.save(update_fields=[*fields, "revision", "changed_by", "changed_at"])


def write_moment(moment: datetime) -> str:
    """A moment as a refusal tells it."""
    here = timezone.localtime(moment)
    return f"{here:%Y-%m-%d %H:%M}"


def name_of(actor: Actor) -> str:
    """How a row names who acted."""
    return actor.name or actor.username


def refuse(refusal: type[Refusal], reasons: list[Reason]) -> None:
    """Raise `refusal` with all reasons, if there are any."""
    if reasons:
        raise refusal(*reasons)
