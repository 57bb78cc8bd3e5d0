"""What of preservation may only be added to; `site.roles` takes the application's rights away by this list."""

APPEND_ONLY = (
    "preservation_remedyplan",
    "preservation_placement",
    "preservation_formatreview",
    "preservation_disposalopinion",
    "preservation_disposalsignature",
)
"""A plan that could be edited would never be overdue, nor a review of formats; an opinion or a signature that could be edited would be nobody's."""

NEVER_DELETED = (
    "preservation_disposalcase",
    "preservation_disposalitem",
    "preservation_disposalstep",
    "preservation_disposalstay",
)
"""The list of what was destroyed is kept for ever; triggers hold its states (migration 0008)."""

TRIGGERS = (
    "preservation_file_destroyed", "preservation_file_destroyed_new", "preservation_volume_destroyed",
    "preservation_volume_destroyed_new", "preservation_destroyed", "preservation_destroyed_new", "preservation_object_kept",
    *(f"preservation_disposal_{name}" for name in ("case", "item", "opinion", "signature", "step")),
    *(f"preservation_disposal{name}_{what}" for name in ("case", "item", "opinion", "signature", "stay", "step") for what in ("kept", "whole")),
)  # fmt: skip
"""What migrations 0008 and 0011 put on the tables; `zhudang doctor` says when one is gone or switched off."""
