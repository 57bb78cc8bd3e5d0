"""The one sealer: chain what has committed, grow the tree, and give each new head to the witnesses outside the database."""

import threading
from datetime import datetime
from uuid import UUID

import structlog
from django.db import close_old_connections, connection, transaction
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone

from zhudang.audit import search_blocks, tree, tree_heads, witness
from zhudang.audit.domain.chain import GENESIS, LoggedEntry, seal
from zhudang.audit.models import Entry, Head, Seal, Unsealed

log = structlog.get_logger("zhudang.audit")
_LOCK = 7_140_321_001
"""Advisory lock of the sealer: however many workers run, one seals."""

BATCH = 2_000


@transaction.atomic
def seal_tail(now: datetime) -> int:
    """Chain the entries that have committed and are not yet sealed; gives how many, 0 also if another sealer is at it.

    Entries are taken in the order they were made. Acts never wait for this: they only add rows.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    waiting = Unsealed.objects.order_by("entry_id").values_list("entry_id", flat=True)[:BATCH]
    entries = [logged(entry) for entry in Entry.objects.filter(id__in=list(waiting)).order_by("id")]
    if not entries:
        if _tree_is_behind:
            last = Seal.objects.order_by("-number").first()
            _let_tree_grow(last.number if last else 0)
        return 0
    last = Seal.objects.order_by("-number").first()
    sealed = list(seal(entries, last_number=last.number if last else 0, last_chain=last.chain if last else GENESIS))
    witness.about_to_seal(sealed[0].number)
    Seal.objects.bulk_create(Seal(number=s.number, entry_id=s.entry_id, leaf=s.leaf, chain=s.chain) for s in sealed)
    Head.objects.create(first=sealed[0].number, last=sealed[-1].number, chain=sealed[-1].chain, sealed_at=now)
    _take_from_tail([entry.id for entry in entries])
    _let_tree_grow(sealed[-1].number)
    return len(sealed)


_tree_is_behind = True
"""Whether this process knows the tree to be level with the log; a log from before the tree is caught up with in passes."""


def _let_tree_grow(size: int) -> None:
    global _tree_is_behind
    try:
        _tree_is_behind = not tree.grow(size)
    except LookupError as hole:
        # Somebody took parts of the kept tree away; `verify` says which. The chain and its witnesses go on without it.
        _tree_is_behind = False
        log.error("the kept tree cannot grow: zhudang audit verify", problem=str(hole))


def _take_from_tail(entry_ids: list[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_unsealed WHERE entry_id = ANY(%s)", [entry_ids])


def logged(entry: Entry) -> LoggedEntry:
    """A row as the chain sees it."""
    return LoggedEntry(entry.id, entry.at, entry.actor, entry.account_id, entry.act, entry.subject, entry.data)


def seal_everything(now: datetime) -> int:
    """Seal until the tail is empty, sign a tree head once an hour, let the witnesses know; gives how many were sealed."""
    total = 0
    while count := seal_tail(now):
        total += count
    try:
        tree_heads.sign_hourly(now)
    except LookupError as hole:
        log.error("no tree head can be signed: zhudang audit verify", problem=str(hole))
    witness.bring_up_to_date()
    search_blocks.grow()
    return total


def run_forever(stop: threading.Event, *, pause_seconds: float = 0.5) -> None:
    """Seal again and again until `stop` is set: a thread of every worker runs this; one at a time gets the lock.

    A database that is away for a while is waited for; nothing is lost, since the tail stands in rows.
    """
    complained = False
    while not stop.is_set():
        try:
            close_old_connections()
            seal_everything(timezone.now())
            complained = False
        except (OperationalError, InterfaceError, OSError) as problem:
            if not complained:
                log.warning("the log's tail waits to be sealed", problem=type(problem).__name__)
            complained = True
            connection.close()
        except Exception:
            log.exception("the log's tail could not be sealed")
            connection.close()
            stop.wait(5)
        stop.wait(pause_seconds)
    connection.close()
