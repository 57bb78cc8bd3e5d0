"""What of preservation may only be added to; `site.roles` takes the application's rights away by this list."""

APPEND_ONLY = ("preservation_remedyplan", "preservation_placement", "preservation_formatreview")
"""A plan that could be edited would never be overdue, nor a review of formats."""
