"""Sealed documents as the store keeps them: notices, opinions, certificates, and the numbers they used up."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from zhudang.documents.models import NumberSeries, SealedDocument
from zhudang.shared.holdings import Description, Register, Row, describe_all, restore_all

SEALED_DOCUMENT = Register("documents.sealed_document", SealedDocument)
REGISTERS = (SEALED_DOCUMENT,)
SERIES = "documents.number_series"


def describe(project_id: UUID) -> Description:
    """Describe the issued documents of a project; the PDF of one still being sealed comes with the next version."""
    documents = SealedDocument.objects.filter(project_id=project_id)
    described = describe_all(((SEALED_DOCUMENT, documents),))
    used = sorted({(row.kind, row.issued_at.year) for row in documents.only("kind", "issued_at")})
    series = NumberSeries.objects.filter(kind__in={kind for kind, _ in used}).order_by("kind", "year")
    described[SERIES] = [{"kind": row.kind, "year": row.year, "last": row.last} for row in series]
    return described


def restore(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring sealed documents back; a number that was given is never given again."""
    counts = restore_all(REGISTERS, described)
    for row in described.get(SERIES, ()):
        series, made = NumberSeries.objects.get_or_create(
            kind=row["kind"], year=row["year"], defaults={"last": row["last"]}
        )
        if not made and series.last < row["last"]:
            series.last = row["last"]
            series.save(update_fields=["last"])
    return counts
