"""Tables of formats over time: what is held, who reviewed it, migrations and the renditions they made.

Imported by `models`, where Django looks for them.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhudang.shared.ids import new_id


class HeldFormat(models.Model):
    """How many files of one format an object holds in its newest version: written when it is kept, so that pages add up few rows."""

    object = models.ForeignKey("preservation.ArchivalObject", on_delete=models.CASCADE, related_name="formats")
    format_id = models.CharField(max_length=64, blank=True)
    format_name = models.CharField(max_length=200, blank=True)
    mime = models.CharField(max_length=150, blank=True)
    rendition = models.BooleanField(default=False)
    """Made here from an original, or received."""
    files = models.IntegerField()
    bytes = models.BigIntegerField()
    oldest_at = models.DateTimeField()
    newest_at = models.DateTimeField()
    """When the first and the last of these files were received, or made."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["object", "format_id", "mime", "rendition"], name="preservation_held_format_once"
            ),
            models.CheckConstraint(condition=Q(files__gt=0), name="preservation_held_format_has_files"),
        ]
        indexes: ClassVar = [models.Index(fields=["format_id"], name="preservation_held_format")]


class FormatReview(models.Model):
    """A review of all formats by a person, with the edition of the policy that was looked at: only added."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    reviewed_at = models.DateTimeField()
    reviewed_by = models.CharField(max_length=150)
    reviewer_name = models.CharField(max_length=100)
    policy_version = models.CharField(max_length=40)
    policy_sha256 = models.CharField(max_length=64)
    formats = models.IntegerField()
    unknown = models.IntegerField()
    """How many formats were held then, and how many of them the policy did not know."""
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["-reviewed_at", "-id"]


class FormatMigration(models.Model):
    """Files of one format to be migrated by one path: ordered, under way, stopped with its reason, or done."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    format_id = models.CharField(max_length=64)
    format_name = models.CharField(max_length=200)
    path = models.CharField(max_length=20)
    tool = models.CharField(max_length=60)
    tool_version = models.CharField(max_length=60)
    parameters = models.JSONField(default=dict)
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, null=True, related_name="+")
    """Only this project's; none is all."""
    highest_level = models.SmallIntegerField(default=0)
    """Nothing above the level of who ordered it is touched."""
    ordered_at = models.DateTimeField()
    ordered_by = models.CharField(max_length=150)
    orderer_name = models.CharField(max_length=100)
    work_id = models.UUIDField(null=True)
    open = models.BooleanField(default=True)
    """Not ended yet; at most one is."""
    state = models.CharField(max_length=10, default="asked")
    after_object = models.UUIDField(null=True)
    """Objects up to this id are done; the next run goes on behind it."""
    files = models.IntegerField(default=0)
    made = models.IntegerField(default=0)
    already = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    """Files found; made anew; needing nothing (made before by the same tool, or what the path leads to); not converted."""
    finished_at = models.DateTimeField(null=True)
    stopped_because = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-ordered_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["open"], condition=Q(open=True), name="preservation_one_open_migration"),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "running", "done", "cancelled", "stopped"]),
                name="preservation_migration_state_known",
            ),
            models.CheckConstraint(
                condition=Q(open=True, finished_at__isnull=True) | Q(open=False, finished_at__isnull=False),
                name="preservation_migration_ended_has_its_moment",
            ),
        ]


class MigrationOutcome(models.Model):
    """A file of a migration of which nothing new was kept: with the reason, so that no file is passed over unsaid."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    migration = models.ForeignKey(FormatMigration, on_delete=models.CASCADE, related_name="outcomes")
    volume = models.ForeignKey("filing.Volume", on_delete=models.PROTECT, related_name="+")
    file = models.ForeignKey("content.File", on_delete=models.PROTECT, related_name="+")
    failed = models.BooleanField()
    reason = models.JSONField()
    """{code, data}"""
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["migration", "file"], name="preservation_one_outcome_a_file")
        ]


class Rendition(models.Model):
    """A file made from a preserved original, kept beside it in its volume's object. The newest of a path counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    volume = models.ForeignKey("filing.Volume", on_delete=models.PROTECT, related_name="+")
    original = models.ForeignKey("content.File", on_delete=models.PROTECT, related_name="+")
    file = models.OneToOneField("content.File", on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=20)
    part = models.SmallIntegerField(default=1)
    label = models.CharField(max_length=200, blank=True)
    """What of the original it holds where several were made (a sheet's name)."""
    tool = models.CharField(max_length=60)
    tool_version = models.CharField(max_length=60)
    parameters = models.JSONField(default=dict)
    source_sha256 = models.CharField(max_length=64)
    result_sha256 = models.CharField(max_length=64)
    check_kind = models.CharField(max_length=20)
    figures = models.JSONField(default=dict)
    """What the loss check compared, in numbers; it was passed, or there would be no row."""
    made_at = models.DateTimeField()
    ordered_by = models.CharField(max_length=150)
    orderer_name = models.CharField(max_length=100)
    migration_id = models.UUIDField()
    kept_at = models.DateTimeField(null=True)
    """When the object that holds it stood at every place; before that it is shown to nobody."""
    superseded_at = models.DateTimeField(null=True)
    """When one of a later tool took its place; it stays in the earlier version of the object."""

    class Meta:
        ordering: ClassVar = ["original_id", "path", "part", "made_at"]
        indexes: ClassVar = [
            models.Index(fields=["volume", "original"], name="preservation_rendition_volume"),
            models.Index(fields=["original", "path"], name="preservation_rendition_of"),
        ]
