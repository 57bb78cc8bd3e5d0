"""A process made to be killed: `python -m acceptance.parts.killed`, told what to do by a line of JSON once it is ready.

It runs the product's own operations, as its worker and its commands do. It says `ready`, then `now` when the work
begins, then `done`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from uuid import UUID


def ingest(transfer_id: str) -> None:
    """Bring a transfer into the stores, as the worker's job does."""
    from zhudang.preservation import ingesting

    ingesting.preserve_transfer(UUID(transfer_id))


def copy(site: str) -> None:
    """Catch a site up with what it lacks, as `zhudang call-in` does."""
    from zhudang.preservation import catching_up

    catching_up.catch_up(catching_up.begin_for_command(site))


def repair() -> None:
    """Read every copy and mend what is damaged, as `zhudang verify --repair` does."""
    from django.utils import timezone

    from zhudang.preservation import reading

    for _outcome in reading.read_all(repair=True, now=timezone.now):
        pass


def rotate() -> None:
    """Give the archive a new working key, as `zhudang keys rotate` does."""
    from django.utils import timezone

    from zhudang.demo import people
    from zhudang.preservation.keys import recovery

    recovery.rotate(actor=people.actor("secadmin"), now=timezone.now())


ACTS: dict[str, Callable[..., None]] = {"ingest": ingest, "copy": copy, "repair": repair, "rotate": rotate}


def main() -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    django.setup()
    # What the acts need is loaded before the clock runs: a kill is to fall into the work.
    from zhudang.demo import people  # noqa: F401
    from zhudang.preservation import catching_up, ingesting, reading  # noqa: F401
    from zhudang.preservation.keys import recovery  # noqa: F401

    print("ready", flush=True)
    order = sys.stdin.readline()
    if not order:
        return 0
    act, *arguments = json.loads(order)
    print("now", flush=True)
    ACTS[act](*arguments)
    print("done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
