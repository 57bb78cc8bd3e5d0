"""What people and other contexts see of filing: frozen dataclasses shaped for a page or a call."""

from zhudang.filing.queries.checklist import Checklist, ChecklistRow, checklist, obligation_options
from zhudang.filing.queries.finding import Findable, FoundRow, ReadableFile, count_by, findable, found_rows
from zhudang.filing.queries.home import ClerkHome, clerk_home, owed_by_units, projects_of, unassigned
from zhudang.filing.queries.inbox import InboxRow, inbox_files, inbox_head, inbox_rows
from zhudang.filing.queries.pages import (
    advice_among,
    business_findings,
    project_records,
    record_counts,
    record_page,
    scope_items,
    scope_lists,
    volume_page,
    volumes_page,
)
from zhudang.filing.queries.projects import ObligationRow, project_obligations
from zhudang.filing.queries.records import (
    FileRow,
    RecordRow,
    VolumeRow,
    current_verdicts,
    iter_record_ids,
    iter_volumes,
    record_of_file,
    records_by_id,
    records_of,
    records_of_volume,
    volumes_of,
)
from zhudang.filing.queries.standing import PartProgress, UnitProgress, progress_by_unit
from zhudang.filing.queries.visibility import known_record, record_facts, visible, visible_to

__all__ = [
    "Checklist",
    "ChecklistRow",
    "ClerkHome",
    "FileRow",
    "Findable",
    "FoundRow",
    "InboxRow",
    "ObligationRow",
    "PartProgress",
    "ReadableFile",
    "RecordRow",
    "UnitProgress",
    "VolumeRow",
    "advice_among",
    "business_findings",
    "checklist",
    "clerk_home",
    "count_by",
    "current_verdicts",
    "findable",
    "found_rows",
    "inbox_files",
    "inbox_head",
    "inbox_rows",
    "iter_record_ids",
    "iter_volumes",
    "known_record",
    "obligation_options",
    "owed_by_units",
    "progress_by_unit",
    "project_obligations",
    "project_records",
    "projects_of",
    "record_counts",
    "record_facts",
    "record_of_file",
    "record_page",
    "records_by_id",
    "records_of",
    "records_of_volume",
    "scope_items",
    "scope_lists",
    "unassigned",
    "visible",
    "visible_to",
    "volume_page",
    "volumes_of",
    "volumes_page",
]
