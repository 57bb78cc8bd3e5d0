"""Sealed documents and the series their numbers come from."""

from django.db import models
from django.db.models import Q

from zhudang.shared.ids import new_id


class NumberSeries(models.Model):
    """The last number given of a kind in a year; locked while one is taken, so no number is missing or double."""

    kind = models.CharField(max_length=24)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="documents_one_series_a_year")]


class SealedDocument(models.Model):
    """A document the archive issued: its canonical record first, then the sealed PDF made from it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=24)
    title = models.CharField(max_length=200)
    number = models.CharField(max_length=80, unique=True)
    check_code = models.CharField(max_length=8, unique=True)
    issuer = models.CharField(max_length=200)
    project_id = models.UUIDField(null=True)
    subject = models.CharField(max_length=120, blank=True)
    template = models.CharField(max_length=24)
    standard = models.CharField(max_length=4)
    data = models.JSONField(default=dict)
    face = models.JSONField(default=list)
    """What the document itself prints and the public check may repeat: [[label, value], …]."""
    record = models.JSONField(default=dict)
    record_sm3 = models.CharField(max_length=64)
    leaf_entry = models.UUIDField()
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=150)

    file = models.ForeignKey("content.File", on_delete=models.PROTECT, null=True, related_name="+")
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    pdf_sm3 = models.CharField(max_length=64, blank=True)
    pdf_size = models.PositiveIntegerField(default=0)
    certificate_sha256 = models.CharField(max_length=64, blank=True)
    certificate_until = models.DateTimeField(null=True)
    digest_entry = models.UUIDField(null=True)
    sealed_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sealed_at__isnull=True)
                | (Q(file__isnull=False) & ~Q(pdf_sha256="") & Q(digest_entry__isnull=False)),
                name="documents_sealed_has_its_pdf",
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True) | ~Q(void_reason=""), name="documents_void_has_its_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["project_id", "kind"], name="documents_of_project"),
            models.Index(fields=["pdf_sha256"], name="documents_by_digest"),
        ]

    def __str__(self) -> str:
        return self.number
