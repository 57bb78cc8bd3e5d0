"""What people and other contexts see of filing: frozen dataclasses shaped for a page or a call."""

from zhudang.filing.queries.finding import FoundRow, count_by, found_rows, names_around
from zhudang.filing.queries.projects import ObligationRow, project_obligations
from zhudang.filing.queries.records import (
    FileRow,
    RecordRow,
    VolumeRow,
    iter_record_ids,
    iter_volumes,
    record_of_file,
    records_by_id,
    records_of,
    records_of_volume,
    volumes_of,
)
from zhudang.filing.queries.visibility import known_record, record_facts, visible, visible_to

__all__ = [
    "FileRow",
    "FoundRow",
    "ObligationRow",
    "RecordRow",
    "VolumeRow",
    "count_by",
    "found_rows",
    "iter_record_ids",
    "iter_volumes",
    "known_record",
    "names_around",
    "project_obligations",
    "record_facts",
    "record_of_file",
    "records_by_id",
    "records_of",
    "records_of_volume",
    "visible",
    "visible_to",
    "volumes_of",
]
