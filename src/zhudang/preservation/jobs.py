"""Background work of preservation."""

import contextlib
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

log = structlog.get_logger("zhudang.preservation")
_PATIENCE = RetryStrategy(max_attempts=6, exponential_wait=4)


# A job that waits to be tried again holds its lock against later ones of no higher priority: transfers go first.
@app.task(name="preservation.preserve_transfer", queue="preservation", lock="preservation", priority=1, retry=_PATIENCE)
def preserve_transfer(transfer_id: str) -> None:
    """Bring one transfer into every store."""
    from zhudang.preservation import ingesting

    ingesting.preserve_transfer(UUID(transfer_id))


@app.task(name="preservation.keep_project", queue="preservation", lock="preservation", retry=_PATIENCE)
def keep_project(project_id: str) -> None:
    """Write a project's catalogue anew where it changed; what keeps it from that is looked at again at night."""
    from zhudang.preservation import ingesting

    try:
        ingesting.keep_project(UUID(project_id))
    except ingesting.STOPPING as cause:
        log.warning(
            "a project's catalogue waits for the night", project=project_id, why=f"{type(cause).__name__}: {cause}"
        )


@app.task(name="preservation.keep_archive", queue="preservation", lock="preservation", retry=_PATIENCE)
def keep_archive() -> None:
    """Write the archive's own registers anew where they changed; what keeps it from that is looked at again at night."""
    from zhudang.preservation import ingesting
    from zhudang.preservation.archive_registers import RegistersOfAnother

    try:
        ingesting.keep_archive()
    except RegistersOfAnother as cause:
        log.error("the store holds the registers of another database: nothing is written over them", place=cause.place)
    except ingesting.STOPPING as cause:
        log.warning("the archive's own registers wait for the night", why=f"{type(cause).__name__}: {cause}")


@app.task(name="preservation.read_copies", queue="preservation", retry=_PATIENCE)
def read_copies(reading_id: str, work_id: str, object_id: str = "") -> None:
    """Read copies whole: all of them, or those of one object."""
    from zhudang.preservation import reading

    reading.run(UUID(reading_id), work_id=UUID(work_id), object_id=UUID(object_id) if object_id else None)


@app.periodic(cron="30 2 * * *", periodic_id="preservation.nightly")
@app.task(name="preservation.nightly", queue="preservation", queueing_lock="preservation.nightly")
def nightly(timestamp: int) -> None:
    """Keep every project's catalogue, and the archive's own registers, that changed during the day."""
    from zhudang.preservation import nightly as night

    night.run()


@app.periodic(cron="40 3 * * *", periodic_id="preservation.notice")
@app.task(name="preservation.notice", queue="preservation", queueing_lock="preservation.notice")
def notice(timestamp: int) -> None:
    """Verify the log and hold the rows against it; what somebody's hand changed is told."""
    from zhudang.preservation import noticing

    noticing.look(timezone.now())


@app.periodic(cron="35 3 * * *", periodic_id="preservation.own_files")
@app.task(name="preservation.own_files", queue="preservation", queueing_lock="preservation.own_files")
def look_at_own_files(timestamp: int) -> None:
    """Hold the stores' own files, and those of the keys, against what was written; what is damaged is told and mended."""
    from zhudang.preservation import rounds

    rounds.look_at_own_files(timezone.now())


@app.periodic(cron="*/10 * * * *", periodic_id="preservation.go_on")
@app.task(name="preservation.go_on", queue="preservation", queueing_lock="preservation.go_on")
def go_on(timestamp: int) -> None:
    """Go on with transfers that stopped for want of room or because a place was out of reach, with disposals, and count formats not counted yet."""
    from zhudang.preservation import nightly as night
    from zhudang.preservation.disposal import executing
    from zhudang.preservation.formats import held

    night.resume_what_can()
    executing.go_on()
    held.note_uncounted()


@app.task(name="preservation.read_in_turn", queue="preservation", retry=_PATIENCE, pass_context=False)
def read_in_turn(site: str) -> None:
    """Read the copies of one place whose turn it is, for some minutes."""
    from zhudang.preservation import rounds

    rounds.read_on(site)


@app.periodic(cron="*/10 * * * *", periodic_id="preservation.rounds")
@app.task(name="preservation.rounds", queue="preservation", queueing_lock="preservation.rounds")
def begin_rounds(timestamp: int) -> None:
    """Every ten minutes: at each place go on where the reading stopped; a run still under way goes on alone."""
    from procrastinate.exceptions import AlreadyEnqueued

    from zhudang.preservation import rounds

    for site in rounds.rhythms():
        lock = f"preservation.read_in_turn:{site}"
        with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
            read_in_turn.configure(queueing_lock=lock, lock=lock).defer(site=site)


@app.task(name="preservation.compare_books", queue="preservation", lock="preservation.compare_books", retry=_PATIENCE)
def compare_books(username: str, work_id: str) -> None:
    """Lay ledger, catalogue and stores side by side, buckets among them."""
    from zhudang.preservation import books

    books.run(username, work_id=UUID(work_id))


@app.task(name="preservation.dispose", queue="preservation", retry=_PATIENCE)
def dispose(case_id: str) -> None:
    """Execute a disposal that two witnesses signed, or go on with it."""
    from zhudang.preservation.disposal import executing

    executing.run(UUID(case_id))


@app.task(name="preservation.clear_owed", queue="preservation", lock="preservation", retry=_PATIENCE)
def clear_owed(case_id: str, place: str) -> None:
    """Clear a place that still held what was destroyed elsewhere, once two witnesses have signed for it."""
    from zhudang.preservation.disposal import clearing

    clearing.clear_place(UUID(case_id), place)


@app.task(name="preservation.look_at_owed", queue="preservation", retry=_PATIENCE)
def look_at_owed(case_id: str, place: str) -> None:
    """Look into a bucket for what its keeper should have deleted."""
    from zhudang.preservation.disposal import clearing

    clearing.look_at_place(UUID(case_id), place)


@app.periodic(cron="40 3 * * *", periodic_id="preservation.owed")
@app.task(name="preservation.owed", queue="preservation", queueing_lock="preservation.owed")
def look_at_all_owed(timestamp: int) -> None:
    """Look into every bucket that still holds what was destroyed elsewhere, and say which places are overdue."""
    from zhudang.preservation.disposal import clearing

    clearing.look_into_buckets()
    clearing.remind(timezone.now())


@app.periodic(cron="50 3 * * *", periodic_id="preservation.retention")
@app.task(name="preservation.retention", queue="preservation", queueing_lock="preservation.retention")
def look_after_retention(timestamp: int) -> None:
    """Lengthen what buckets keep from everybody before it ends."""
    from zhudang.preservation import retention

    retention.look_after_all(timezone.now())


@app.periodic(cron="20 * * * *", periodic_id="preservation.buckets")
@app.task(name="preservation.buckets", queue="preservation", queueing_lock="preservation.buckets")
def begin_buckets(timestamp: int) -> None:
    """Every hour: catch up each bucket that lacks something; a run still under way goes on alone."""
    from procrastinate.exceptions import AlreadyEnqueued

    from zhudang.preservation import catching_up, rounds

    for site in rounds.rhythms():
        lock = f"preservation.catch_up:{site}"
        if catching_up.bucket_due(site, timezone.now()):
            with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
                catch_up_bucket.configure(queueing_lock=f"preservation.bucket:{site}", lock=lock).defer(site=site)


@app.periodic(cron="25 * * * *", periodic_id="preservation.far_witness")
@app.task(name="preservation.far_witness", queue="preservation", queueing_lock="preservation.far_witness")
def tell_far_witnesses(timestamp: int) -> None:
    """Every hour: give the buckets the heads of the log they have not seen."""
    from zhudang.preservation import far_witness

    far_witness.bring_up_to_date()


@app.task(name="preservation.catch_up_bucket", queue="preservation", pass_context=False)
def catch_up_bucket(site: str) -> None:
    """Catch one bucket up with what it lacks; what keeps it from that is tried again in an hour."""
    from zhudang.preservation import catching_up

    catching_up.by_itself(site)


@app.task(name="preservation.catch_up", queue="preservation", retry=_PATIENCE)
def catch_up(catch_up_id: str, work_id: str) -> None:
    """Catch a place up with what it lacks and read it whole."""
    from zhudang.preservation import catching_up

    catching_up.run(UUID(catch_up_id), work_id=UUID(work_id))


@app.task(name="preservation.migrate", queue="preservation", lock="preservation", retry=_PATIENCE)
def migrate(migration_id: str) -> None:
    """Go on with a migration for some minutes; transfers that wait meanwhile go before its next turn."""
    from zhudang.preservation.formats import migrating

    if migrating.run(UUID(migration_id)):
        migrate.defer(migration_id=migration_id)


@app.periodic(cron="10 3 * * *", periodic_id="preservation.formats")
@app.task(name="preservation.formats", queue="preservation", queueing_lock="preservation.formats")
def remind_of_formats(timestamp: int) -> None:
    """Say when a review of the formats held is due."""
    from zhudang.preservation.formats import register

    register.remind(timezone.now())
