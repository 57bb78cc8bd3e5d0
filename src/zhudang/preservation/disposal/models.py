"""Tables of disposal. Nothing of them is ever deleted; triggers (migration 0008) let no state be skipped.

Volumes and projects are named by their plain ids: the list outlives what it is a list of.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from zhudang.preservation.domain.disposal import ENDED, CaseState, Outcome
from zhudang.shared.ids import new_id

NOT_SEEN_EMPTY = ~Q(proof__has_key="keys") | ~Q(proof__keys=[])
"""Of a step at a bucket: no look has shown that nothing of the volume is left there."""
OPEN_STATES = [state.value for state in CaseState if state not in ENDED]


class DisposalCase(models.Model):
    """One disposal (鉴定销毁): a list, who decided what about it and when, how far it has come."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=30, unique=True)
    state = models.CharField(max_length=12)
    why = models.CharField(max_length=1000)
    proposed_by = models.CharField(max_length=150)
    proposed_name = models.CharField(max_length=100)
    proposed_at = models.DateTimeField()
    committee = models.JSONField()
    """[{username, name}] of the appointed members."""
    rules = models.JSONField()
    """The rules as they stood: what a later edition says changes nothing here."""
    members_needed = models.SmallIntegerField()
    waiting_days = models.SmallIntegerField()
    volumes = models.IntegerField()
    files = models.BigIntegerField()
    bytes = models.BigIntegerField()
    level = models.SmallIntegerField()
    """The highest secrecy level of anything on the list."""
    list_sha256 = models.CharField(max_length=64)
    approved_sha256 = models.CharField(max_length=64, blank=True)
    """Digest of what the committee left on the list: this is what is approved, witnessed and destroyed."""
    decided_by = models.CharField(max_length=150, blank=True)
    decided_name = models.CharField(max_length=100, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_because = models.CharField(max_length=1000, blank=True)
    wait_until = models.DateField(null=True)
    """The last day of the waiting period."""
    executor = models.CharField(max_length=150, blank=True)
    executor_name = models.CharField(max_length=100, blank=True)
    called_at = models.DateTimeField(null=True)
    began_at = models.DateTimeField(null=True)
    work_id = models.UUIDField(null=True)
    halted_because = models.JSONField(default=dict)
    ended_by = models.CharField(max_length=150, blank=True)
    ended_name = models.CharField(max_length=100, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering: ClassVar = ["-proposed_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in CaseState]), name="preservation_disposal_state_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state"], condition=Q(state__in=OPEN_STATES), name="preservation_disposal_open")
        ]

    def __str__(self) -> str:
        return self.number


class DisposalItem(models.Model):
    """One volume on a case's list, as it was when it was proposed, and what became of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(DisposalCase, on_delete=models.PROTECT, related_name="items")
    position = models.IntegerField()
    object_id = models.UUIDField()
    project_id = models.UUIDField()
    project_name = models.CharField(max_length=300)
    reference_code = models.CharField(max_length=80, blank=True)
    accession_no = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=300)
    formed_on = models.DateField(null=True)
    formed_until = models.DateField(null=True)
    retention = models.CharField(max_length=10)
    ended_on = models.DateField()
    """The last day of its retention."""
    level = models.SmallIntegerField()
    records = models.IntegerField()
    files = models.IntegerField()
    bytes = models.BigIntegerField()
    version = models.IntegerField()
    inventory_sha512 = models.CharField(max_length=128)
    further = models.JSONField(default=list)
    """[{object, version, inventory_sha512}] of the volume's other objects, its parts and successors, in their order."""
    digests = models.JSONField()
    """[[SHA-256, SM3, bytes]] of its files, without their names."""
    outcome = models.CharField(max_length=10, blank=True, default="")
    outcome_at = models.DateTimeField(null=True)
    outcome_by = models.CharField(max_length=150, blank=True)
    outcome_because = models.CharField(max_length=1000, blank=True)
    extended_until = models.DateField(null=True)
    tombstone_sha512 = models.CharField(max_length=128, blank=True)

    class Meta:
        ordering: ClassVar = ["case", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "position"], name="preservation_disposal_place_once"),
            models.UniqueConstraint(fields=["case", "object_id"], name="preservation_disposal_volume_once"),
            models.UniqueConstraint(
                fields=["object_id"], condition=Q(outcome="destroyed"), name="preservation_destroyed_once"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=[outcome.value for outcome in Outcome]), name="preservation_disposal_outcome"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="extended") | Q(extended_until__isnull=False),
                name="preservation_extended_to_a_day",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="destroyed") | ~Q(tombstone_sha512=""), name="preservation_destroyed_has_tombstone"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["object_id"], name="preservation_disposed_object"),
            models.Index(fields=["project_id"], name="preservation_disposed_project"),
        ]

    def __str__(self) -> str:
        return self.title


class DisposalOpinion(models.Model):
    """One member's opinion on a case. Only ever added."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(DisposalCase, on_delete=models.PROTECT, related_name="opinions")
    username = models.CharField(max_length=150)
    name = models.CharField(max_length=100)
    agrees = models.BooleanField()
    reasons = models.CharField(max_length=2000)
    spared = models.JSONField(default=list)
    """[{item, until}] of volumes this member wants kept (`until` null) or extended to a day."""
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "username"], name="preservation_one_opinion_a_member")
        ]


class DisposalStep(models.Model):
    """One volume at one place where its bytes were: proven gone, or still held there and owed (待销毁)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(DisposalItem, on_delete=models.PROTECT, related_name="steps")
    place = models.CharField(max_length=100)
    """`site:<code>`, `working-store`, `search-index`, or `registered:<label>` of a copy on paper or film."""
    place_name = models.CharField(max_length=200)
    gone = models.BooleanField()
    proof = models.JSONField(default=dict)
    at = models.DateTimeField()
    """When it was proven gone, or was found to be still held."""

    class Meta:
        ordering: ClassVar = ["item", "place"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "place"], name="preservation_disposal_step_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["place"], include=["item", "place_name", "at"], condition=Q(gone=False),
                name="preservation_disposal_owed",
            ),
            models.Index(
                fields=["place", "item"], condition=Q(gone=False) & NOT_SEEN_EMPTY, name="preservation_disposal_to_empty"
            ),
        ]  # fmt: skip


class DisposalSignature(models.Model):
    """A witness (监销人) signs: for the execution of a case (`place` empty), or that an owed place was cleared."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(DisposalCase, on_delete=models.PROTECT, related_name="signatures")
    place = models.CharField(max_length=100, blank=True, default="")
    username = models.CharField(max_length=150)
    name = models.CharField(max_length=100)
    list_sha256 = models.CharField(max_length=64)
    note = models.CharField(max_length=500, blank=True)
    """For an owed place: how the medium was cleared or destroyed."""
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "place", "username"], name="preservation_witness_signs_once")
        ]


class DisposalStay(models.Model):
    """A stay (暂缓销毁) on one volume: a lawsuit, a claim, an open request. While it stands, nothing of it is destroyed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    object_id = models.UUIDField()
    because = models.CharField(max_length=500)
    placed_by = models.CharField(max_length=150)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=150, blank=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_because = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["-placed_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["object_id"], condition=Q(lifted_at__isnull=True), name="preservation_stay_stands")
        ]
