"""Renditions as the store keeps them: rows of the project's catalogue; the bytes lie in their volumes' objects."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from zhudang.preservation.models import Rendition
from zhudang.shared.holdings import Description, Register, Row, describe_all, restore_all

RENDITION = Register("preservation.rendition", Rendition)
REGISTERS = (RENDITION,)


def describe(project_id: UUID) -> Description:
    """Describe the kept renditions of a project; one still being kept comes with the next version."""
    rows = Rendition.objects.filter(volume__project_id=project_id, kept_at__isnull=False)
    return describe_all(((RENDITION, rows),))


def restore(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring the rows back."""
    return restore_all(REGISTERS, described)
