"""Which words stand in which stretch of the log: one row a thousand entries, written behind the sealer and never by an act.

An index over each entry's own words would be larger than the log and be paid for by every act. A stretch has most of its words
in common, and a thousand entries are read in some milliseconds.
"""

import random
from datetime import UTC, datetime

from django.db import connection, transaction
from django.db.models import Max, TextField
from django.db.models.functions import Cast

from zhudang.audit.domain.grams import gram_of_actor, grams
from zhudang.audit.models import Entry, Seal, SearchBlock

WIDTH = 1_024
AT_ONCE = 4
"""So many rows are written in one go: a log from before the blocks catches up pass by pass."""
SAMPLE = 8
"""So many blocks are made again for a verification."""
_LOCK = 7_140_321_002
"""Advisory lock of whoever writes blocks: every worker has a sealer, one writes."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def covered() -> int:
    """The last number that a block is over; 0 while there is none."""
    last: int | None = SearchBlock.objects.aggregate(last=Max("index"))["last"]
    return 0 if last is None else (last + 1) * WIDTH


@transaction.atomic
def grow() -> bool:
    """Write the blocks that have become whole; a transaction of its own, after the sealer's.

    Returns:
        False where there are more to come; True also if another worker is at it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return True
    have, size = covered() // WIDTH, Seal.objects.aggregate(last=Max("number"))["last"] or 0
    whole = size // WIDTH
    until = min(whole, have + AT_ONCE)
    SearchBlock.objects.bulk_create([_block(index) for index in range(have, until)])
    return until == whole


def faults(sample: int = SAMPLE) -> list[int]:
    """The last numbers of the stretches whose block lacks though a later one is there, and of those that are not what their entries say.

    Making a block costs more than reading its entries, so of those that are there only some are made again, others each time.
    """
    there = set(SearchBlock.objects.values_list("index", flat=True))
    lacking = set(range(max(there, default=-1) + 1)) - there
    false = [
        index
        for index in random.sample(sorted(there), min(sample, len(there)))
        if _told(_block(index)) != _told(SearchBlock.objects.get(pk=index))
    ]
    return sorted((index + 1) * WIDTH for index in (*lacking, *false))


def _told(block: SearchBlock) -> tuple[datetime, datetime, list[int]]:
    return block.first_at, block.last_at, block.grams


def _block(index: int) -> SearchBlock:
    seals = Seal.objects.filter(number__gt=index * WIDTH, number__lte=(index + 1) * WIDTH)
    rows = list(
        Entry.objects.filter(id__in=seals.values("entry_id"))
        .order_by()
        .annotate(text=Cast("data", TextField()))
        .values_list("at", "actor", "act", "subject", "text")
    )
    # As the database writes it: what is compared later is that text.
    found = grams("\n".join(piece for _, _, *pieces in rows for piece in pieces))
    found |= {gram_of_actor(actor) for actor in {row[1] for row in rows}}
    moments = [row[0] for row in rows]
    # Where somebody took all of them away there is nothing to find: `verify` tells of it.
    return SearchBlock(
        index=index, first_at=min(moments, default=_NEVER), last_at=max(moments, default=_NEVER), grams=sorted(found)
    )
