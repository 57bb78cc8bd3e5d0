"""Find an organisation by what people write: credit code, name, or a former name."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from zhudang.identity.models import Organisation
from zhudang.registry.domain import identifiers


def find_organisations(text: str) -> tuple[UUID, ...]:
    """Give the organisations of a credit code, or of an exact present or former name."""
    name, code = text.strip(), identifiers.normalise(text)
    if not name:
        return ()
    by_code = Organisation.objects.filter(Q(credit_code=code) | Q(legacy_code=code)).values_list("pk", flat=True)
    if found := tuple(by_code):
        return found
    present = tuple(Organisation.objects.filter(Q(name=name) | Q(short_name=name)).values_list("pk", flat=True))
    return present or tuple(set(Organisation.objects.filter(names__name=name).values_list("pk", flat=True)))
