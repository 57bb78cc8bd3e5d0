"""The register of formats held: what there is, at what risk, what is done about it, and when people last looked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from zhudang.audit import operations as audit
from zhudang.events import operations as events
from zhudang.identity import queries as identity
from zhudang.identity.domain.roles import Role
from zhudang.identity.rights import Actor, demand
from zhudang.preservation.domain.format_policy import FormatEntry, Risk
from zhudang.preservation.formats import held
from zhudang.preservation.formats.paths import PATHS, paths_from
from zhudang.preservation.formats.paths import Path as MigrationPath
from zhudang.preservation.formats.policy import current
from zhudang.preservation.models import (
    FormatMigration,
    FormatReview,
    HeldFormat,
    MigrationOutcome,
    Rendition,
)
from zhudang.preservation.queries import known_objects
from zhudang.registry import queries as registry
from zhudang.shared.refusals import NotFound, Reason, Refusal
from zhudang.shared.turns import take_turn

MOST_OUTCOMES, MOST_PROJECTS = 500, 300
_WORST_FIRST = {Risk.HIGH: 0, Risk.UNKNOWN: 1, Risk.WATCH: 2, Risk.LOW: 3}
_A_DAY, _SAME_REVIEW = timedelta(days=1), timedelta(hours=1)


class CannotReview(Refusal):
    """The review is not noted."""


@dataclass(frozen=True)
class FormatRow:
    """One format held, received and made here apart.

    Args:
        entry: what the policy says of it; unknown where it says nothing.
        paths: the ways that start from it, whether the policy names one or not.
    """

    format_id: str
    format_name: str
    mime: str
    rendition: bool
    files: int
    bytes: int
    volumes: int
    oldest_at: datetime
    newest_at: datetime
    entry: FormatEntry
    paths: tuple[MigrationPath, ...]


@dataclass(frozen=True)
class ReviewState:
    """When people last looked at all formats, and when they should again."""

    last: FormatReview | None
    due_at: datetime | None
    overdue: bool


@dataclass(frozen=True)
class Register:
    """The page of the register."""

    rows: tuple[FormatRow, ...]
    review: ReviewState
    uncounted: int
    migrations: tuple[FormatMigration, ...]

    def of(self, risk: Risk) -> int:
        """How many formats received are at this risk."""
        return sum(row.entry.risk is risk and not row.rendition for row in self.rows)


def register(actor: Actor, now: datetime) -> Register:
    """The formats this actor may know of, those at most risk first.

    Raises:
        Forbidden.
    """
    rows = format_rows(actor)
    return Register(
        tuple(rows), review_state(now), held.uncounted(known_objects(actor)), tuple(_migrations(actor)[:20])
    )


def format_rows(actor: Actor) -> list[FormatRow]:
    """The formats held: some rows an object are added up, never files; an object has one row of a group at most.

    Raises:
        Forbidden.
    """
    policy = current()
    sums = (
        HeldFormat.objects.filter(object__in=known_objects(actor).values("pk"))
        .values("format_id", "mime", "rendition")
        .annotate(
            name=Max("format_name"), number=Sum("files"), size=Sum("bytes"), volumes=Count("id"),
            oldest=Min("oldest_at"), newest=Max("newest_at"),
        )
        .order_by()
    )  # fmt: skip
    rows = [
        FormatRow(
            each["format_id"], each["name"], each["mime"], each["rendition"], each["number"], each["size"], each["volumes"],
            each["oldest"], each["newest"], policy.entry_of(each["format_id"], each["mime"]),
            () if each["rendition"] else tuple(paths_from(each["format_id"])),
        )
        for each in sums
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row.rendition, _WORST_FIRST[row.entry.risk], -row.files, row.format_id))


def review_state(now: datetime) -> ReviewState:
    """When formats were last reviewed and when they should be again; never reviewed is overdue."""
    last = FormatReview.objects.first()
    due = current().review_due(last.reviewed_at if last else None)
    return ReviewState(last, due, due is None or due <= now)


def reviews() -> list[FormatReview]:
    """The latest reviews."""
    return list(FormatReview.objects.all()[:20])


@transaction.atomic
def review(*, actor: Actor, note: str, now: datetime) -> UUID:
    """Note that a person looked at all formats and the policy in force; gives the review's id.

    Sent again within the hour with nothing changed it is the same review.

    Raises:
        Forbidden.
        CannotReview: unknown formats are held and the note says nothing of them.
    """
    demand(actor, "preservation.format.review")
    note = note.replace("\x00", "").strip()[:500]
    rows, policy = format_rows(actor), current()
    unknown = sum(row.entry.risk is Risk.UNKNOWN for row in rows)
    if unknown and not note:
        raise CannotReview(Reason("preservation.review_unknown", {"count": unknown}))
    seen = {
        "reviewed_by": actor.username, "policy_sha256": policy.sha256, "formats": len(rows), "unknown": unknown, "note": note,
    }  # fmt: skip
    take_turn("preservation.formats.review")
    if (same := FormatReview.objects.filter(reviewed_at__gt=now - _SAME_REVIEW, **seen).first()) is not None:
        return same.id
    row = FormatReview.objects.create(
        reviewed_at=now, reviewer_name=actor.name, policy_version=policy.version[:40], **seen
    )
    audit.record(
        actor=actor, act="preservation.formats.reviewed", subject=row, at=now,
        data={"policy": policy.version, "sha256": policy.sha256, "formats": len(rows), "unknown": unknown},
    )  # fmt: skip
    return row.id


def remind(now: datetime) -> bool:
    """Tell the archive's people on the day a review becomes due; asked once a day, it tells once. Tells whether it did.

    One that never was is told by the page alone.
    """
    state = review_state(now)
    if state.due_at is None or not state.due_at <= now < state.due_at + _A_DAY:
        return False
    for organisation_id in identity.organisations(kind="archive").values_list("id", flat=True):
        events.tell(
            kind="preservation.formats.review_due", at=now, organisation_id=organisation_id,
            roles=[Role.ARCHIVIST, Role.KEEPER], link="/preservation/formats/",
        )  # fmt: skip
    return True


@dataclass(frozen=True)
class MigrationPage:
    """One migration with the files of which nothing new was kept."""

    row: FormatMigration
    project_name: str
    check: str
    outcomes: tuple[MigrationOutcome, ...]
    outcome_count: int
    renditions: int
    bytes: int


def migration_page(actor: Actor, migration_id: UUID) -> MigrationPage:
    """One migration.

    Raises:
        Forbidden, NotFound.
    """
    row = _migrations(actor).filter(id=migration_id).select_related("project").first()
    if row is None:
        raise NotFound
    made = Rendition.objects.filter(migration_id=row.id, kept_at__isnull=False)
    sums: Mapping[str, Any] = made.aggregate(number=Count("id"), size=Sum("file__blob__size"))
    outcomes = _outcomes(actor, row)
    return MigrationPage(
        row, row.project.name if row.project else "", PATHS[row.path].check if row.path in PATHS else "",
        tuple(outcomes.select_related("file", "volume")[:MOST_OUTCOMES]), outcomes.count(), sums["number"], sums["size"] or 0,
    )  # fmt: skip


def projects_holding(actor: Actor, format_id: str) -> list[tuple[UUID, str]]:
    """The projects that hold a format, as far as this actor may know of them; the first few hundred by name."""
    known = known_objects(actor).filter(formats__format_id=format_id, formats__rendition=False)
    rows = known.order_by("project__name", "project_id").values_list("project_id", "project__name").distinct()
    return list(rows[:MOST_PROJECTS])


def _migrations(actor: Actor) -> QuerySet[FormatMigration]:
    """The migrations an actor may know of: those that touched nothing above the own level."""
    demand(actor, "preservation.holdings.read")
    rows = FormatMigration.objects.filter(highest_level__lte=actor.reach)
    return rows.filter(Q(project__isnull=True) | Q(project__in=registry.visible_projects(actor)))


def _outcomes(actor: Actor, row: FormatMigration) -> QuerySet[MigrationOutcome]:
    return row.outcomes.filter(Q(file__level__lte=actor.reach), volume_id__in=known_objects(actor).values("pk"))
