"""What people do to the registry: one function, one act, one transaction, one entry in the log."""

from zhudang.registry.operations.calendars import YearNotPublished, import_calendar, name_days, record_areas
from zhudang.registry.operations.imports import apply_import, check_import
from zhudang.registry.operations.parties import add_party, record_responsibility, replace_party
from zhudang.registry.operations.permits import (
    record_completion_acceptance,
    record_milestone,
    record_permit,
)
from zhudang.registry.operations.projects import (
    add_phase,
    add_unit_work,
    classify_project,
    describe_project,
    describe_unit_work,
    register_project,
    rename_project,
    why_not_register,
)
from zhudang.registry.operations.standing import (
    cancel_project,
    merge_projects,
    resume_project,
    split_project,
    suspend_project,
)
from zhudang.registry.operations.structures import describe_structure, register_structure

__all__ = [
    "YearNotPublished",
    "add_party",
    "add_phase",
    "add_unit_work",
    "apply_import",
    "cancel_project",
    "check_import",
    "classify_project",
    "describe_project",
    "describe_structure",
    "describe_unit_work",
    "import_calendar",
    "merge_projects",
    "name_days",
    "record_areas",
    "record_completion_acceptance",
    "record_milestone",
    "record_permit",
    "record_responsibility",
    "register_project",
    "register_structure",
    "rename_project",
    "replace_party",
    "resume_project",
    "split_project",
    "suspend_project",
    "why_not_register",
]
