"""Sealed documents as the store keeps them: notices, opinions, certificates, and the numbers they used up."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import QuerySet

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
    described[SERIES] = _series(NumberSeries.objects.filter(kind__in={kind for kind, _ in used}))
    return described


def restore(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring sealed documents back; a number that was given is never given again."""
    return restore_all(REGISTERS, described) | _restore_series(described)


def describe_archive() -> Description:
    """Describe every number series, also those of documents whose project has nothing in the archive yet."""
    return {SERIES: _series(NumberSeries.objects.all())}


def restore_archive(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring the series back; a number that was given is never given again."""
    return _restore_series(described)


def _series(rows: QuerySet[NumberSeries]) -> list[Row]:
    return [{"kind": row.kind, "year": row.year, "last": row.last} for row in rows.order_by("kind", "year")]


def _restore_series(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    number = 0
    for row in described.get(SERIES, ()):
        series, made = NumberSeries.objects.get_or_create(
            kind=row["kind"], year=row["year"], defaults={"last": row["last"]}
        )
        if not made and series.last < row["last"]:
            series.last = row["last"]
            series.save(update_fields=["last"])
        number += 1
    return {SERIES: number}
