"""Tables of preservation: places, objects, their copies, and what every reading of them showed.

The bytes and their digests are the store's own; these rows say what we know of them and since when.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from zhudang.preservation.disposal import models as disposal
from zhudang.preservation.domain.names import ARCHIVE_ID
from zhudang.preservation.domain.site_facts import ANALOGUE, Kind
from zhudang.preservation.domain.states import CopyState, IngestState
from zhudang.shared.ids import new_id

__all__ = [
    "ArchivalObject", "BookComparison", "CatchUp", "Copy", "Custody", "Ingest", "Placement", "Reading", "RegisteredCopy",
    "RemedyPlan", "Site", "disposal",
]  # fmt: skip


class Site(models.Model):
    """A place that holds copies. What it can and cannot promise stands beside its name."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, default="folder")
    facts = models.JSONField(default=dict)
    """What is known of it (`domain.site_facts`), without what nobody has told."""
    path = models.CharField(max_length=1000)
    registered_at = models.DateTimeField()
    prepared_at = models.DateTimeField(null=True)
    """When its storage root was made; from then on a missing root is a place out of reach, never an empty one."""
    in_use = models.BooleanField(default=True)
    contact = models.JSONField(default=dict)
    """Of a bucket: {at, ok, problem}, the last time it was asked whether it is there; empty before."""
    proof = models.JSONField(default=dict)
    """Of a bucket: what came of trying to delete there (`bucket.proving`); empty before."""
    key_files = models.JSONField(default=dict)
    """{at, sha256} of the key files when they were last given there, in a bucket seen there as they are here; empty before."""

    class Meta:
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in Kind]), name="preservation_site_kind_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


def of_thing(thing_id: UUID) -> Q:
    """The condition that an object is one of this volume's or project's, or the archive's own, whatever part or generation."""
    if thing_id == ARCHIVE_ID:
        return Q(kind="archive")
    return Q(kind="volume", volume_id=thing_id) | Q(kind="project", project_id=thing_id)


class ArchivalObject(models.Model):
    """An object of the store: a volume, a project's catalogue, the archive's own registers, or a part or another generation of one.

    The first object's id is the volume's or the project's own (`domain.names.ARCHIVE_ID` of the archive's registers), the
    others' are made of their names (`domain.names.ObjectName`).
    """

    id = models.UUIDField(primary_key=True, editable=False)
    ocfl_id = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=10)
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, null=True, related_name="+")
    volume = models.ForeignKey("filing.Volume", on_delete=models.PROTECT, null=True, related_name="+")
    part = models.IntegerField(default=1)
    generation = models.IntegerField(default=1)
    newest = models.BooleanField(default=True)
    """The newest generation of its part; all parts' newest together are the volume or catalogue as it is now."""
    successor = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="predecessor")
    """Set once this one's last version names it in the store."""
    title = models.CharField(max_length=300)
    reference_code = models.CharField(max_length=80, blank=True)
    accession_no = models.CharField(max_length=40, blank=True)
    level = models.SmallIntegerField(default=0)
    version = models.IntegerField()
    files = models.IntegerField()
    """Original files of the newest version; descriptions and reports are not counted."""
    bytes = models.BigIntegerField()
    stored_bytes = models.BigIntegerField()
    inventory_sha512 = models.CharField(max_length=128)
    class_level = models.SmallIntegerField(default=0)
    """The highest secrecy level of anything it tells; its key class is the one of this level."""
    protection = models.CharField(max_length=8, default="plain")
    """How the newest version is stored: plain, sealed, or mixed (sealed, with plain bytes of an earlier version)."""
    first_kept_at = models.DateTimeField()
    kept_at = models.DateTimeField()
    condemned_at = models.DateTimeField(null=True)
    """Its destruction has begun (`disposal`): nothing repairs it, copies it or writes it any more."""
    destroyed_at = models.DateTimeField(null=True)
    """It is destroyed: what stands in the store under its id is its tombstone (销毁墓碑)."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=["volume", "project", "archive"]), name="preservation_object_kind"
            ),
            models.CheckConstraint(
                condition=Q(destroyed_at__isnull=True) | Q(condemned_at__isnull=False, kind="volume", files=0),
                name="preservation_destroyed_was_condemned",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["project", "archive"], volume__isnull=True)
                | Q(kind="volume", volume__isnull=False),
                name="preservation_volume_object_has_its_volume",
            ),
            models.CheckConstraint(
                condition=Q(kind="archive", project__isnull=True) | (~Q(kind="archive") & Q(project__isnull=False)),
                name="preservation_archive_object_has_no_project",
            ),
            models.CheckConstraint(
                condition=Q(protection__in=["plain", "mixed", "sealed"]), name="preservation_protection_known"
            ),
            models.CheckConstraint(
                condition=Q(part__gte=1, generation__gte=1), name="preservation_object_counted_from_one"
            ),
            models.CheckConstraint(
                condition=Q(newest=False) | Q(successor__isnull=True), name="preservation_newest_has_no_successor"
            ),
            models.UniqueConstraint(
                fields=["kind", "project", "volume", "part"],
                condition=Q(newest=True),
                nulls_distinct=False,
                name="preservation_one_newest_object_a_part",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "accession_no"]),
            # The orders of the register, with what tells who may know of an object: late pages are found without reading rows.
            models.Index(
                fields=["accession_no", "id"],
                include=["kind", "level", "project"],
                name="preservation_object_by_number",
            ),
            models.Index(
                fields=["reference_code", "id"],
                include=["kind", "level", "project"],
                name="preservation_object_by_code",
            ),
            models.Index(
                fields=["title", "id"], include=["kind", "level", "project"], name="preservation_object_by_title"
            ),
            models.Index(
                fields=["files", "id"], include=["kind", "level", "project"], name="preservation_object_by_files"
            ),
            models.Index(
                fields=["bytes", "id"], include=["kind", "level", "project"], name="preservation_object_by_size"
            ),
            models.Index(
                fields=["-kept_at", "id"], include=["kind", "level", "project"], name="preservation_object_newest"
            ),
            # With what is asked of all objects at once, in the order of the copies at each place.
            models.Index(
                fields=["id"],
                include=[
                    "kind",
                    "level",
                    "project",
                    "part",
                    "newest",
                    "version",
                    "files",
                    "bytes",
                    "stored_bytes",
                    "kept_at",
                    "condemned_at",
                    "destroyed_at",
                ],
                name="preservation_object_at_a_look",
            ),
            models.Index(fields=["project", "kind"]),
            models.Index(fields=["kind", "-kept_at"]),
            models.Index(fields=["class_level", "protection"]),
        ]

    def __str__(self) -> str:
        return self.title


class Copy(models.Model):
    """One object at one place: which version, in what state, and when every byte of it was last read."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    object = models.ForeignKey(ArchivalObject, on_delete=models.PROTECT, related_name="copies")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="copies")
    version = models.IntegerField()
    state = models.CharField(max_length=12)
    written_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    """When the whole copy was last read and found to be what was written."""
    looked_at = models.DateTimeField(null=True)
    damages = models.JSONField(default=list)
    inventory_sha512 = models.CharField(max_length=128)

    class Meta:
        constraints: ClassVar = [
            # With what is asked of all copies of a place at once, so that the index alone answers (`standings`).
            models.UniqueConstraint(
                fields=["site", "object"],
                include=["version", "state", "verified_at"],
                name="preservation_one_copy_a_site",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in CopyState]), name="preservation_copy_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=CopyState.VERIFIED.value) | Q(verified_at__isnull=False),
                name="preservation_verified_copy_was_read",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state"]),
            models.Index(fields=["site", "verified_at"]),
            models.Index(
                "site",
                F("looked_at").asc(nulls_first=True),
                "object",
                include=["state"],
                name="preservation_copy_in_turn",
            ),
        ]


class Ingest(models.Model):
    """A transfer on its way into the store: asked for, under way, stopped with its reason, or done."""

    transfer_id = models.UUIDField(primary_key=True, editable=False)
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, related_name="+")
    work_id = models.UUIDField(null=True)
    state = models.CharField(max_length=10)
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    stopped_because = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in IngestState]), name="preservation_ingest_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=IngestState.DONE.value) | Q(finished_at__isnull=False),
                name="preservation_ingest_done_has_its_moment",
            ),
        ]


class Reading(models.Model):
    """One reading of the store: all copies, or one object's; with its counts and what was wrong."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    asked_by = models.CharField(max_length=150)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    copies = models.IntegerField(default=0)
    files = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    sound = models.IntegerField(default=0)
    repaired = models.IntegerField(default=0)
    wrong = models.JSONField(default=list)
    """Rows {site, object, title, state, damages}: at most 500, `wrong_count` counts all."""
    wrong_count = models.IntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-started_at"]


class BookComparison(models.Model):
    """Ledger, catalogue and store laid side by side at one moment (账物目相符): counts and every difference."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    sides = models.JSONField(default=list)
    """[{side, name, volumes, files, bytes}]; a place out of reach has nulls."""
    differences = models.JSONField(default=list)
    difference_count = models.IntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-made_at"]


class CatchUp(models.Model):
    """One catching up of a place with what it lacks, then a whole reading of it: asked for, and what came of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="catch_ups")
    asked_by = models.CharField(max_length=150)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    complete = models.BooleanField(default=False)
    """Nothing lacked and everything there was read whole and sound: only this counts as called in."""
    copied = models.IntegerField(default=0)
    read = models.IntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    wrong = models.IntegerField(default=0)
    stopped_because = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-started_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(complete=False) | Q(finished_at__isnull=False, wrong=0),
                name="preservation_complete_catch_up_found_nothing_wrong",
            )
        ]


class Custody(models.Model):
    """A removable set passing from hand to hand: offered by one keeper, signed for by another."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="custody")
    gave = models.CharField(max_length=150)
    gave_name = models.CharField(max_length=100)
    gave_at = models.DateTimeField()
    took = models.CharField(max_length=150)
    """Username of who is to take it; nobody else can sign."""
    took_name = models.CharField(max_length=100)
    took_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    bound_for = models.CharField(max_length=200)
    """Where it goes: the shelf, the safe, the other town's archive."""
    condition = models.CharField(max_length=12)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["-gave_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(gave=F("took")), name="preservation_custody_by_two"),
            models.CheckConstraint(
                condition=Q(took_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="preservation_custody_signed_or_withdrawn",
            ),
            models.UniqueConstraint(
                fields=["site"],
                condition=Q(took_at__isnull=True, withdrawn_at__isnull=True),
                name="preservation_one_open_handing_over_a_site",
            ),
        ]


class RegisteredCopy(models.Model):
    """A copy on paper or film of one version of an object, registered by a keeper; nobody can read it back by digest."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    object = models.ForeignKey(ArchivalObject, on_delete=models.PROTECT, related_name="registered_copies")
    medium = models.CharField(max_length=12)
    label = models.CharField(max_length=80)
    place = models.CharField(max_length=200)
    made_on = models.DateField()
    made_by = models.CharField(max_length=100)
    version = models.IntegerField()
    inventory_sha512 = models.CharField(max_length=128)
    registered_at = models.DateTimeField()
    registered_by = models.CharField(max_length=150)
    inspected_on = models.DateField(null=True)
    inspected_by = models.CharField(max_length=150, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-registered_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(medium__in=sorted(medium.value for medium in ANALOGUE)),
                name="preservation_registered_copy_medium_known",
            ),
            models.UniqueConstraint(
                fields=["label"],
                condition=Q(withdrawn_at__isnull=True),
                name="preservation_one_registered_copy_a_label",
            ),
        ]


class RemedyPlan(models.Model):
    """An entry of a class's plan of remedy: the newest one counts, all stay. The application cannot change or remove one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    class_code = models.CharField(max_length=30)
    requirements = models.JSONField()
    """Codes of the requirements it will cure."""
    missing = models.CharField(max_length=500)
    remedy = models.CharField(max_length=500)
    responsible = models.CharField(max_length=100)
    until = models.DateField()
    ended = models.BooleanField(default=False)
    """This entry ends the plan: carried out, or given up; `remedy` says which."""
    entered_at = models.DateTimeField()
    entered_by = models.CharField(max_length=150)

    class Meta:
        ordering: ClassVar = ["-entered_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["class_code", "-entered_at"], name="preservation_plan_newest")]


class Placement(models.Model):
    """Which places a holding class goes to, chosen by a person: the newest one counts, all stay."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    class_code = models.CharField(max_length=30)
    sites = models.JSONField()
    """Codes of the places."""
    chosen_at = models.DateTimeField()
    chosen_by = models.CharField(max_length=150)
    plan = models.ForeignKey(RemedyPlan, on_delete=models.PROTECT, null=True, related_name="+")
    """The plan of remedy under which places that do not reach the policy were accepted."""

    class Meta:
        ordering: ClassVar = ["-chosen_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["class_code", "-chosen_at"], name="preservation_place_newest")]


from zhudang.preservation.format_models import (  # noqa: E402
    FormatMigration,
    FormatReview,
    HeldFormat,
    MigrationOutcome,
    Rendition,
)

__all__ = [
    "ArchivalObject", "BookComparison", "CatchUp", "Copy", "Custody", "FormatMigration", "FormatReview", "HeldFormat", "Ingest",
    "MigrationOutcome", "Placement", "Reading", "RegisteredCopy", "RemedyPlan", "Rendition", "Site",
]  # fmt: skip
