"""What people and other contexts see of handover.

For other contexts: `project_status(project_id)`, `acceptance_state(code)`, `client_home(actor, now)`,
`reviewer_home(actor, now)`, `archivist_queue(actor)`.
"""

from zhudang.handover.queries.desk import review_desk, review_items
from zhudang.handover.queries.homes import (
    acceptance_state,
    archivist_queue,
    client_home,
    is_running,
    open_items,
    project_status,
    reviewer_home,
)
from zhudang.handover.queries.lists import (
    applications,
    awaiting_transfer,
    deliveries,
    permits_without_notice,
    state_counts,
    transfers,
)
from zhudang.handover.queries.pages import (
    application_page,
    apply_page,
    certificate_page,
    deliverable,
    delivery_page,
    notice_page,
    paper_file,
    transfer_page,
    transfer_state,
    volumes_to_count,
)

__all__ = [
    "acceptance_state", "application_page", "applications", "apply_page", "archivist_queue", "awaiting_transfer",
    "certificate_page", "client_home", "deliverable", "deliveries", "delivery_page", "is_running", "notice_page",
    "open_items", "paper_file", "permits_without_notice", "project_status", "review_desk", "review_items", "reviewer_home", "state_counts",
    "transfer_page", "transfer_state", "transfers", "volumes_to_count",
]  # fmt: skip
