"""Write to the log. One act, one entry, in the act's own transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.db import transaction

from zhudang.audit.models import Entry, Unsealed
from zhudang.shared.plain import plain

_AT_ONCE = 1000


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


@transaction.atomic
def record_many(*, actor: str, act: str, at: datetime, about: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Write one entry of the same act for each of many things; memory stays flat.

    Args:
        about: subject and data of each, as in `record`.
    """
    things = iter(about)
    while batch := list(islice(things, _AT_ONCE)):
        entries = [Entry(at=at, actor=actor, act=act, subject=subject, data=plain(data)) for subject, data in batch]
        Entry.objects.bulk_create(entries)
        Unsealed.objects.bulk_create(Unsealed(entry_id=entry.id) for entry in entries)


def subject_of(row: LoggedThing) -> str:
    """Name a row in the log: `registry.project:<id>`."""
    return f"{row._meta.app_label}.{row._meta.model_name}:{row.pk}"
