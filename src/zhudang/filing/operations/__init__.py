"""What people do in filing: one function, one act, one transaction, one log entry.

Signatures other contexts and the demo build on (all keyword-only, `actor` and `now` first and last):

    load_scope_lists()                       adopt_scope_list(actor, kind, scope_list_id, now)
    plan_project(project_id)                 plan_obligations(unit_work_id)
    excuse(actor, obligation_ids, reason, now)                       restore(actor, obligation_ids, now)
    suggest(file_ids, now)                   confirm_suggestions(actor, suggestion_ids, now) -> record ids
    assign(actor, assignments=[(file_id, obligation_id), ...], now) -> record ids
    describe(actor, record_id, description, revision, now)           describe_many(actor, descriptions, now)
    file_record(actor, record_id, now)       file_many(actor, record_ids, now)       take_back(actor, record_ids, now)
    replace_file(actor, record_id, old_file_id, file_id, why, now)   withdraw_records(actor, record_ids, now)
    mark_delivered / mark_with_client / mark_submitted / mark_accepted / mark_transferred (actor, record_ids, now)
    mark_returned(actor, returns={record_id: Return(reason, cure, code)}, now)
    note_preserved(volume_ids, at)
    compose_volumes(actor, project_id, now)  arrange_project(actor, project_id, now) -> volume ids, numbered
    void_volume(actor, volume_id, reason, now)
"""

from zhudang.filing.operations.arranging import (
    CannotArrange,
    arrange_project,
    compose_volumes,
    move_in_volume,
    void_volume,
)
from zhudang.filing.operations.describing import CannotDescribe, accept_pencil, describe, describe_many
from zhudang.filing.operations.filing import (
    CannotFile,
    CannotReplace,
    CannotTakeBack,
    file_many,
    file_record,
    note_cured,
    replace_file,
    take_back,
    withdraw_records,
)
from zhudang.filing.operations.inbox import CannotAssign, assign, confirm_suggestions, dismiss_suggestions, suggest
from zhudang.filing.operations.planning import CannotExcuse, excuse, plan_obligations, plan_project, restore
from zhudang.filing.operations.scope import CannotAdopt, adopt_scope_list, load_scope_lists
from zhudang.filing.operations.steps import (
    Return,
    WrongState,
    mark_accepted,
    mark_delivered,
    mark_returned,
    mark_submitted,
    mark_transferred,
    mark_with_client,
    note_destroyed,
    note_preserved,
)
from zhudang.filing.readiness import reasons_against

__all__ = [
    "CannotAdopt",
    "CannotArrange",
    "CannotAssign",
    "CannotDescribe",
    "CannotExcuse",
    "CannotFile",
    "CannotReplace",
    "CannotTakeBack",
    "Return",
    "WrongState",
    "accept_pencil",
    "adopt_scope_list",
    "arrange_project",
    "assign",
    "compose_volumes",
    "confirm_suggestions",
    "describe",
    "describe_many",
    "dismiss_suggestions",
    "excuse",
    "file_many",
    "file_record",
    "load_scope_lists",
    "mark_accepted",
    "mark_delivered",
    "mark_returned",
    "mark_submitted",
    "mark_transferred",
    "mark_with_client",
    "move_in_volume",
    "note_cured",
    "note_destroyed",
    "note_preserved",
    "plan_obligations",
    "plan_project",
    "reasons_against",
    "replace_file",
    "restore",
    "suggest",
    "take_back",
    "void_volume",
    "withdraw_records",
]
