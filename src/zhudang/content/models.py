"""Tables of the bytes: what was stored, who received it as what, how it was checked, what is still coming in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from zhudang.shared.ids import new_id


class Blob(models.Model):
    """One run of bytes, stored once however many files it came in as. Nobody but this context sees it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sha256 = models.CharField(max_length=64, unique=True)
    sm3 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(size__gte=0), name="content_blob_size_not_negative"),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$") & Q(sm3__regex=r"^[0-9a-f]{64}$"),
                name="content_blob_digests_are_hex",
            ),
        ]

    def __str__(self) -> str:
        return self.sha256


class File(models.Model):
    """A file as somebody handed it in: name, folder, place, and what the checks found in its bytes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=255)
    folder = models.CharField(max_length=1024, blank=True, default="")
    project_id = models.UUIDField(null=True, blank=True)
    unit_work_id = models.UUIDField(null=True, blank=True)
    organisation = models.ForeignKey("identity.Organisation", null=True, on_delete=models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    own_document = models.BooleanField(default=False)
    """Made by this system (a notice, a certificate): kept here, not checked as something received."""
    digest_given = models.BooleanField(default=False, db_default=False)
    """The sender told a digest of the bytes, and what was received comes to it."""

    verdict = models.CharField(max_length=16, null=True)
    """pass, warn, fail, manual; null or not_checked mean nobody has looked yet."""
    checked_at = models.DateTimeField(null=True)
    format_id = models.CharField(max_length=64, blank=True, default="")
    format_name = models.CharField(max_length=200, blank=True, default="")
    mime = models.CharField(max_length=150, blank=True, default="")
    pages = models.IntegerField(null=True)
    facts = models.JSONField(default=dict)

    level = models.SmallIntegerField(default=0)
    client_organisation_id = models.UUIDField(null=True)
    with_client = models.BooleanField(default=False)
    with_archive = models.BooleanField(default=False)
    withdrawn_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)
    """Destroyed by a disposal (鉴定销毁): what it was stays told, its bytes are gone and nobody looks for them."""
    in_record = models.BooleanField(default=False)
    """Whether a record holds the file now. The database keeps it true (triggers of filing): nobody else writes it."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level__gte=0, level__lte=4), name="content_file_level_known"),
            models.CheckConstraint(
                condition=Q(verdict__isnull=True) | Q(verdict__in=["pass", "warn", "fail", "manual", "not_checked"]),
                name="content_file_verdict_known",
            ),
            models.CheckConstraint(
                condition=Q(verdict__isnull=True) | Q(checked_at__isnull=False),
                name="content_file_verdict_has_its_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["project_id", "received_at"], name="content_file_project"),
            models.Index(fields=["organisation", "received_at"], name="content_file_holder"),
            models.Index(
                fields=["id"], name="content_file_unchecked", condition=Q(verdict__isnull=True, own_document=False)
            ),
            models.Index(Lower("name"), name="content_file_name"),
            models.Index(
                fields=["organisation", "-checked_at"],
                name="content_file_checked",
                condition=Q(checked_at__isnull=False, own_document=False, withdrawn_at__isnull=True),
            ),
            models.Index(
                fields=["organisation", "project_id"],
                name="content_file_waiting",
                condition=Q(in_record=False, own_document=False, withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CheckRequest(models.Model):
    """A file whose check is owed. The row goes in the transaction that writes the check run."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    file = models.OneToOneField(File, on_delete=models.PROTECT, related_name="check_request")
    requested_at = models.DateTimeField()
    work_id = models.UUIDField(null=True)
    work_total = models.IntegerField(default=0)
    """How many files the long work was begun with; what is left is counted from the rows."""

    class Meta:
        indexes = [models.Index(fields=["work_id"], name="content_request_work", condition=Q(work_id__isnull=False))]


class Toolset(models.Model):
    """What checked, once for all the runs it made: parsers, signature files, scanner and profile."""

    digest = models.CharField(max_length=64, primary_key=True)
    """SHA-256 of `told` as canonical JSON."""
    told = models.JSONField()

    def __str__(self) -> str:
        return self.digest


class CheckRun(models.Model):
    """One look at one file by one version of the engine; earlier runs stay as history."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    file = models.ForeignKey(File, on_delete=models.PROTECT, related_name="check_runs")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    engine = models.CharField(max_length=64)
    verdict = models.CharField(max_length=16)
    format = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    not_checked = models.JSONField(default=dict)
    """Rules that could not be decided, each with its reason: what was not checked is never passed."""
    toolset = models.ForeignKey(Toolset, null=True, on_delete=models.PROTECT, related_name="+")
    """None for runs of before this was kept."""

    class Meta:
        indexes = [models.Index(fields=["file", "-finished_at"], name="content_run_latest")]


class Finding(models.Model):
    """What one check run found: code, property, severity, and the particulars a sentence needs."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(CheckRun, on_delete=models.PROTECT, related_name="findings")
    file = models.ForeignKey(File, on_delete=models.PROTECT, related_name="findings")
    position = models.SmallIntegerField(default=0)
    code = models.CharField(max_length=32)
    dimension = models.CharField(max_length=24)
    severity = models.CharField(max_length=12)
    message = models.TextField()
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["file", "severity"], name="content_finding_file"),
            models.Index(fields=["code"], name="content_finding_code"),
        ]


class Upload(models.Model):
    """A file still coming in by tus: `offset` counts only bytes known to be on disk."""

    class State(models.TextChoices):
        RECEIVING = "receiving"
        ARRIVED = "arrived"
        DONE = "done"
        REFUSED = "refused"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECEIVING)
    length = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    name = models.CharField(max_length=255)
    folder = models.CharField(max_length=1024, blank=True, default="")
    metadata = models.TextField(blank=True, default="")
    declared_sha256 = models.CharField(max_length=64, blank=True, default="")
    level = models.SmallIntegerField(default=0)
    project_id = models.UUIDField()
    unit_work_id = models.UUIDField(null=True)
    client_organisation_id = models.UUIDField(null=True)
    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    sm3 = models.CharField(max_length=64, blank=True, default="")
    file = models.ForeignKey(File, null=True, on_delete=models.PROTECT, related_name="+")
    refused_because = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(offset__gte=0) & Q(offset__lte=F("length")), name="content_upload_offset_within_length"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["arrived", "done"]) | Q(offset=F("length")),
                name="content_upload_arrived_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="receiving") | Q(offset__lt=F("length")), name="content_upload_whole_has_arrived"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(file__isnull=False), name="content_upload_done_has_its_file"
            ),
        ]
        indexes = [
            models.Index(fields=["uploaded_by", "state"], name="content_upload_owner"),
            models.Index(
                fields=["expires_at"], name="content_upload_unfinished", condition=Q(state__in=["receiving", "arrived"])
            ),
        ]

    def __str__(self) -> str:
        return self.name
