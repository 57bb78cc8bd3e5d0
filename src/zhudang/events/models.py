"""Events and their deliveries, messages and their readers, long work and its progress."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhudang.shared.ids import new_id


class Event(models.Model):
    """Something happened; written in the transaction in which it happened."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=80)
    subject = models.CharField(max_length=120)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [models.Index(fields=["kind", "at"]), models.Index(fields=["subject"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class Delivery(models.Model):
    """One event for one handler: done, waiting, or failed with its reason."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries")
    handler = models.CharField(max_length=160)
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["event", "handler"], name="delivery_once")]
        indexes: ClassVar = [
            models.Index(fields=["failed_at"], condition=Q(done_at__isnull=True), name="delivery_failures")
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.handler}"


class Message(models.Model):
    """A sentence for people: to one account, or to an organisation's members, or those of some roles there."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation_id = models.UUIDField(null=True)
    account_id = models.UUIDField(null=True)
    roles = models.JSONField(default=list, help_text="Only members with one of these roles; empty means all.")
    kind = models.CharField(max_length=80)
    data = models.JSONField(default=dict)
    link = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(organisation_id__isnull=False) | Q(account_id__isnull=False),
                name="message_has_addressee",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "-at"]),
            models.Index(fields=["account_id", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}"


class MessageRead(models.Model):
    """This person has read this message; colleagues may still have it unread."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="reads")
    account_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["account_id", "message"], name="message_read_once")]

    def __str__(self) -> str:
        return f"{self.message_id} {self.account_id}"


class WorkState(models.TextChoices):
    """Where a long job stands. Only the job itself says that it is done."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Work(models.Model):
    """A long job as its owner sees it: how far by counted rows, since when, and what came of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=80)
    subject = models.CharField(max_length=120)
    account_id = models.UUIDField(null=True)
    organisation_id = models.UUIDField(null=True)
    total = models.PositiveBigIntegerField(null=True, help_text="Unknown when null.")
    done = models.PositiveBigIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=WorkState, default=WorkState.WAITING)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    advanced_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=80, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [
            models.Index(fields=["account_id", "-created_at"]),
            models.Index(fields=["subject", "-created_at"]),
            models.Index(fields=["state"], condition=Q(finished_at__isnull=True), name="work_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
