"""What brings records into the index: checked files and changed descriptions. Each only wakes the indexer."""

from zhudang.discovery.jobs import wake
from zhudang.events.operations import Happened, on


@on("content.checked")
def files_were_checked(_happened: Happened) -> None:
    wake()


@on("filing.record.described")
def description_changed(_happened: Happened) -> None:
    wake()


@on("filing.record.filed")
def record_was_filed(_happened: Happened) -> None:
    wake()


@on("filing.record.assigned")
def file_was_assigned(_happened: Happened) -> None:
    wake()


@on("handover.transferred")
def records_were_transferred(_happened: Happened) -> None:
    wake()


@on("preservation.rebuilt")
def catalogue_was_rebuilt(_happened: Happened) -> None:
    wake()
