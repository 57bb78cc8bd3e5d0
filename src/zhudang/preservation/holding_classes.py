"""Which objects are of which holding class, as a condition for the database."""

from __future__ import annotations

from django.db.models import Q

from zhudang.preservation.domain.policy_data import KINDS, LEVELS
from zhudang.preservation.policy_file import policy


def of_class(class_code: str) -> Q:
    """The condition that an object is of this holding class: the first class that fits it is its own."""
    own = Q(pk__in=[])
    for kind in KINDS:
        levels = [level for level in LEVELS if policy().class_of(kind, level).code == class_code]
        if levels:
            own |= Q(kind=kind, level__in=levels)
    return own
