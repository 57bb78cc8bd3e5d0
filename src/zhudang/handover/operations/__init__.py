"""What people do in handover: one function, one act, one transaction, one log entry.

Signatures (keyword-only, `actor` first, `now` last unless noted):

    issue_notice(actor, project_id, permit_id, now)            note_read / acknowledge_notice(actor, notice_id, now)
    deliver(actor, project_id, record_ids, note, now)          sign_delivery(actor, delivery_id, returns={id: reason}, now)
    return_delivery(actor, delivery_id, reason, now)
    apply(actor, project_id, mode, unit_work_ids, stage, missing_note, self_check, contact, phone, statements, due_on, now)
    take_pushed_application(actor, project_id, external_ref, mode, now)     supplement_application(actor, application_id, …)
    withdraw_application(actor, application_id, reason, now)
    judge(actor, application_id, item_id, verdict, reason_code, reason, cure, revision, now)
    pass_group(actor, application_id, item_ids, looked_at, note, revision, now)
    demand_again(actor, application_id, item_id, ground, reason, revision, now)
    return_application(actor, application_id, revision, now)   accept_application(actor, application_id, text, revision, now)
    propose_transfer(actor, application_id, handed_by, responsible, now)
    begin_receiving(actor, transfer_id, class_codes, now)      count_volume(actor, transfer_id, volume_id, records, …, now)
    receive_transfer(actor, transfer_id, now)                  note_preserved(transfer_id, now=…)
    issue_certificate(actor, transfer_id, now)                 mark_breaches(now)
"""

from zhudang.handover.operations.applications import (
    apply,
    supplement_application,
    take_pushed_application,
    withdraw_application,
)
from zhudang.handover.operations.certificates import (
    issue_certificate,
    mark_breaches,
    note_preserved,
    promised_left,
)
from zhudang.handover.operations.common import (
    CannotApply,
    CannotCommit,
    CannotDeliver,
    CannotIssueNotice,
    CannotReview,
    CannotTransfer,
)
from zhudang.handover.operations.deliveries import deliver, return_delivery, sign_delivery
from zhudang.handover.operations.notices import acknowledge_notice, issue_notice, note_read
from zhudang.handover.operations.review import (
    accept_application,
    demand_again,
    judge,
    pass_group,
    return_application,
)
from zhudang.handover.operations.transfers import (
    begin_receiving,
    count_volume,
    propose_transfer,
    receive_transfer,
)

__all__ = [
    "CannotApply", "CannotCommit", "CannotDeliver", "CannotIssueNotice", "CannotReview", "CannotTransfer",
    "accept_application", "acknowledge_notice", "apply", "begin_receiving", "count_volume", "deliver", "demand_again",
    "issue_certificate", "issue_notice", "judge", "mark_breaches", "note_preserved", "note_read", "pass_group",
    "promised_left", "propose_transfer", "receive_transfer", "return_application", "return_delivery", "sign_delivery",
    "supplement_application", "take_pushed_application", "withdraw_application",
]  # fmt: skip
