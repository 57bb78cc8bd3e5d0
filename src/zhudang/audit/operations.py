"""Write to the log. One act, one entry, in the act's own transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.db import transaction

from zhudang.audit.models import Entry, Unsealed
from zhudang.shared.plain import plain


class ActsAs(Protocol):
    """Whoever acts: identity's Actor, which this context may not import."""

    @property
    def username(self) -> str: ...

    @property
    def account_id(self) -> UUID | None: ...


class LoggedThing(Protocol):
    """A row of any context; its subject is told as `<context>.<model>:<id>`."""

    pk: Any
    _meta: ClassVar[Any]


@transaction.atomic
def record(
    *,
    actor: ActsAs | str,
    act: str,
    subject: str | LoggedThing,
    at: datetime,
    data: Mapping[str, Any] | None = None,
) -> UUID:
    """Write one entry; it stands or falls with the transaction it is called in. Gives the entry's id.

    Args:
        actor: who; a plain name only for what is not a person ("system", "supervisor").
        act: `<context>.<thing>.<what happened>`, as in `filing.record.accepted`.
        subject: what it was done to: `registry.project:<uuid>`, or the row itself.
        at: the moment of the act, timezone-aware.
        data: what a reader of the log needs: old and new values, digests, counts, reasons. No secrets.
    """
    entry = Entry(
        at=at,
        actor=actor if isinstance(actor, str) else actor.username,
        account_id=None if isinstance(actor, str) else actor.account_id,
        act=act,
        subject=subject if isinstance(subject, str) else subject_of(subject),
        data=plain(data or {}),
    )
    entry.save(force_insert=True)
    Unsealed.objects.create(entry_id=entry.id)
    return entry.id


def subject_of(row: LoggedThing) -> str:
    """Name a row in the log: `registry.project:<id>`."""
    return f"{row._meta.app_label}.{row._meta.model_name}:{row.pk}"
