"""Preservation's own registers as the store keeps them.

Renditions are rows of a project's catalogue, their bytes lie in their volumes' objects. Places, placements, plans of
remedy, custody, call-ins, copies on paper, reviews and migrations of formats, stays and comparisons of the books are
the archive's own registers.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Q

from zhudang.preservation.disposal import registers as disposals
from zhudang.preservation.disposal.models import DisposalStay
from zhudang.preservation.domain.site_facts import Kind
from zhudang.preservation.models import (
    ArchivalObject,
    BookComparison,
    CatchUp,
    Custody,
    FormatMigration,
    FormatReview,
    MigrationOutcome,
    Placement,
    RegisteredCopy,
    RemedyPlan,
    Rendition,
    Site,
)
from zhudang.shared.holdings import Description, Register, Row, describe_all, restore_all, take_place
from zhudang.shared.plain import plain

RENDITION = Register("preservation.rendition", Rendition)
REGISTERS = (RENDITION,)

SITE = Register("preservation.site", Site, without=frozenset({"contact", "proof", "key_files"}))
REMEDY_PLAN = Register("preservation.remedy_plan", RemedyPlan, lasting=True)
PLACEMENT = Register("preservation.placement", Placement, lasting=True)
CUSTODY = Register("preservation.custody", Custody)
CATCH_UP = Register("preservation.catch_up", CatchUp)
REGISTERED_COPY = Register("preservation.registered_copy", RegisteredCopy)
BOOK_COMPARISON = Register("preservation.book_comparison", BookComparison)
FORMAT_REVIEW = Register("preservation.format_review", FormatReview, lasting=True)
FORMAT_MIGRATION = Register("preservation.format_migration", FormatMigration, without=frozenset({"work_id"}))
MIGRATION_OUTCOME = Register("preservation.migration_outcome", MigrationOutcome)
ARCHIVE_REGISTERS = (
    SITE, REMEDY_PLAN, PLACEMENT, CUSTODY, CATCH_UP, REGISTERED_COPY, BOOK_COMPARISON, FORMAT_REVIEW, FORMAT_MIGRATION,
    MIGRATION_OUTCOME, disposals.STAY,
)  # fmt: skip
_POINTING_OUT = (
    (REGISTERED_COPY, "object"),
    (MIGRATION_OUTCOME, "volume"),
    (MIGRATION_OUTCOME, "file"),
    (FORMAT_MIGRATION, "project"),
)
"""Registers of the archive's own that point at what only a project's catalogue, or the store itself, brings back."""


def describe(project_id: UUID) -> Description:
    """Describe the kept renditions of a project; one still being kept comes with the next version."""
    rows = Rendition.objects.filter(volume__project_id=project_id, kept_at__isnull=False)
    return describe_all(((RENDITION, rows),))


def restore(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring the rows back."""
    return restore_all(REGISTERS, described)


def describe_archive() -> Description:
    """Describe what belongs to no project.

    A call-in or a migration still under way is work in progress. Buckets catch up by themselves, every day: of those no
    rows are kept.
    """
    ended = FormatMigration.objects.filter(open=False)
    called_in = CatchUp.objects.filter(finished_at__isnull=False, site__kind=Kind.REMOVABLE.value)
    return describe_all(
        (
            (SITE, Site.objects.all()),
            (REMEDY_PLAN, RemedyPlan.objects.all()),
            (PLACEMENT, Placement.objects.all()),
            (CUSTODY, Custody.objects.all()),
            (CATCH_UP, called_in),
            (REGISTERED_COPY, RegisteredCopy.objects.all()),
            (BOOK_COMPARISON, BookComparison.objects.all()),
            (FORMAT_REVIEW, FormatReview.objects.all()),
            (FORMAT_MIGRATION, ended),
            (MIGRATION_OUTCOME, MigrationOutcome.objects.filter(migration__in=ended)),
            (disposals.STAY, DisposalStay.objects.all()),
        )
    )


def restore_archive(described: Mapping[str, Iterable[Row]]) -> dict[str, int]:
    """Bring it back, inside the caller's transaction; places the settings brought already become the ones of before."""
    disposals.allow_restoring()
    sites = [_instead_of_fresh(row) for row in described.get(SITE.name, ())]
    return restore_all(ARCHIVE_REGISTERS, {**described, SITE.name: sites})


def _instead_of_fresh(row: Row) -> Row:
    fresh = Site.objects.filter(code=row["code"]).exclude(id=row["id"]).first()
    if fresh is None:
        return row
    take_place(fresh, row["id"])
    return {**row, "prepared_at": row["prepared_at"] or plain(fresh.prepared_at)}


def cut_loose_rows() -> list[str]:
    """Remove rows whose object, volume, file or project did not come back; tell which."""
    told = []
    for register, field in _POINTING_OUT:
        target = register.model._meta.get_field(field).related_model
        there = target._base_manager.filter(pk=OuterRef(f"{field}_id"))
        loose = register.model.objects.filter(~Exists(there), **{f"{field}__isnull": False})
        told += [f"{register.name}:{pk} {field}" for pk in loose.values_list("pk", flat=True)]
        loose.delete()
    return told


def level_told() -> int:
    """The highest secrecy level of the objects that the archive's own registers speak of."""
    spoken_of = (
        Q(pk__in=RegisteredCopy.objects.values("object"))
        | Q(pk__in=DisposalStay.objects.values("object_id"))
        | Q(volume__in=MigrationOutcome.objects.values("volume"))
    )
    return ArchivalObject.objects.filter(spoken_of).aggregate(level=Max("class_level"))["level"] or 0
