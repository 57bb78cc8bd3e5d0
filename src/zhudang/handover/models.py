"""Tables of handover: notice, delivery, application, review, opinion, commitment, transfer, certificate."""

from django.db import models
from django.db.models import Q

from zhudang.handover.domain.states import (
    ApplicationState,
    DeliveryState,
    ItemState,
    TransferState,
)
from zhudang.shared.ids import new_id

DOCUMENT = "documents.SealedDocument"


def _document(**more: object) -> models.ForeignKey:
    return models.ForeignKey(DOCUMENT, on_delete=models.PROTECT, null=True, related_name="+", **more)  # type: ignore[arg-type]


class Notice(models.Model):
    """The filing notice (归档告知书) of a project, or a supplement to it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, related_name="+")
    permit = models.ForeignKey("registry.Permit", on_delete=models.PROTECT, related_name="+")
    sequence = models.PositiveSmallIntegerField()
    items = models.JSONField(default=list)
    withdrawn = models.JSONField(default=list)
    document = _document()
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "sequence"], name="handover_one_notice_a_turn"),
            models.UniqueConstraint(fields=["permit"], name="handover_one_notice_a_permit"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.sequence}"


class NoticeReceipt(models.Model):
    """That a notice was delivered to, read by, or acknowledged by an organisation."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="receipts")
    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, related_name="+")
    step = models.CharField(max_length=16)
    by = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "organisation", "step"], name="handover_receipt_once"),
            models.CheckConstraint(
                condition=Q(step__in=["delivered", "read", "acknowledged"]), name="handover_receipt_step_known"
            ),
        ]


class Delivery(models.Model):
    """A party's delivery to the client with its list (交付清单)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=80, unique=True)
    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, default=DeliveryState.SENT.value)
    note = models.CharField(max_length=400, blank=True)
    sent_by = models.CharField(max_length=150)
    sent_at = models.DateTimeField()
    closed_by = models.CharField(max_length=150, blank=True)
    closed_at = models.DateTimeField(null=True)
    return_reason = models.CharField(max_length=400, blank=True)
    revision = models.PositiveIntegerField(default=1)
    changed_by = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=DeliveryState.SENT.value) | Q(closed_at__isnull=False),
                name="handover_delivery_closed",
            ),
        ]
        indexes = [models.Index(fields=["project", "state"], name="handover_delivery_project")]


class DeliveryItem(models.Model):
    """One record on a delivery list."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="items")
    record = models.ForeignKey("filing.Record", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    returned_reason = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "record"], name="handover_delivery_record_once")]
        ordering = ["position"]


class Application(models.Model):
    """An application for archive acceptance (档案验收申请), one row a round."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=8)
    mode = models.CharField(max_length=16)
    stage = models.CharField(max_length=120, blank=True)
    unit_works = models.ManyToManyField("registry.UnitWork", blank=True, related_name="+")
    previous = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="later")
    round = models.PositiveSmallIntegerField(default=1)
    channel = models.CharField(max_length=8, default="web")
    external_ref = models.CharField(max_length=120, null=True, unique=True)
    state = models.CharField(max_length=12)
    missing_note = models.CharField(max_length=400, blank=True)
    self_check = models.TextField(blank=True)
    contact = models.CharField(max_length=60, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    applied_by = models.CharField(max_length=150)
    applied_at = models.DateTimeField()
    working_days = models.PositiveSmallIntegerField()
    clock_from = models.DateField(null=True)
    correction = models.JSONField(default=list)
    """What was told to be put right before the review could begin: [{code, data}], told once."""
    correction_document = _document()
    closed_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=1)
    changed_by = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(state__in=[ApplicationState.CORRECTING.value, ApplicationState.REVIEWING.value]),
                name="handover_one_application_running",
            ),
            models.CheckConstraint(
                condition=~Q(state=ApplicationState.REVIEWING.value) | Q(clock_from__isnull=False),
                name="handover_review_has_its_clock",
            ),
        ]
        indexes = [models.Index(fields=["state", "applied_at"], name="handover_application_state")]

    def __str__(self) -> str:
        return self.number


class ClockStop(models.Model):
    """A span in which an application's clock stood still (补正)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="stops")
    began_on = models.DateField()
    ended_on = models.DateField(null=True)
    why = models.CharField(max_length=120)


class ReviewItem(models.Model):
    """One thing a review looks at: a record, or an obligation without one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=10)
    record = models.ForeignKey("filing.Record", on_delete=models.PROTECT, null=True, related_name="+")
    obligation = models.ForeignKey("filing.Obligation", on_delete=models.PROTECT, null=True, related_name="+")
    unit_work_name = models.CharField(max_length=300, blank=True)
    part = models.CharField(max_length=1, blank=True)
    code = models.CharField(max_length=20, blank=True)
    heading = models.CharField(max_length=300, blank=True)
    title = models.CharField(max_length=300)
    party = models.CharField(max_length=200, blank=True)
    position = models.PositiveIntegerField()
    snapshot = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    state = models.CharField(max_length=16, default=ItemState.OPEN.value)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    cure = models.TextField(blank=True)
    sampled = models.BooleanField(null=True)
    late_ground = models.CharField(max_length=12, blank=True)
    late_reason = models.CharField(max_length=400, blank=True)
    judged_by = models.CharField(max_length=150, blank=True)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=ItemState.RETURNED.value) | ~Q(reason=""), name="handover_returned_item_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "unchanged", "promised"]) | Q(judged_at__isnull=False),
                name="handover_judged_item_has_its_moment",
            ),
            models.CheckConstraint(
                condition=Q(late_ground="") | ~Q(late_reason=""), name="handover_late_demand_has_reason"
            ),
        ]
        indexes = [models.Index(fields=["application", "position"], name="handover_item_order")]
        ordering = ["position"]


class SampleNote(models.Model):
    """A group passed by sample: which were looked at, which passed with them (抽样)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="samples")
    scope = models.CharField(max_length=120)
    looked_at = models.PositiveIntegerField()
    passed_with = models.PositiveIntegerField()
    note = models.CharField(max_length=400)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()


class RectificationList(models.Model):
    """The one complete list of what to correct (整改清单); nothing is added after it was issued."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="rectification")
    entries = models.JSONField(default=list)
    document = _document()
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=150)


class Opinion(models.Model):
    """The acceptance opinion (验收意见书)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="opinion")
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, related_name="+")
    issuer = models.CharField(max_length=12)
    text = models.TextField()
    covers_all = models.BooleanField(default=True)
    record_count = models.PositiveIntegerField()
    document = _document()
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=150)
    voided_at = models.DateTimeField(null=True)


class Commitment(models.Model):
    """The client's promise (承诺书): four statements and what is still to come."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.OneToOneField("registry.Project", on_delete=models.PROTECT, related_name="+")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="commitments")
    number = models.CharField(max_length=80, unique=True)
    promised = models.JSONField(default=list)
    due_on = models.DateField()
    signed_by = models.CharField(max_length=150)
    signed_name = models.CharField(max_length=150)
    signed_at = models.DateTimeField()
    breached_at = models.DateTimeField(null=True)
    fulfilled_at = models.DateTimeField(null=True)


class Transfer(models.Model):
    """A transfer of accepted records to the archive (移交), received volume by volume."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, related_name="+")
    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="transfer")
    number = models.CharField(max_length=80, unique=True)
    mode = models.CharField(max_length=16)
    state = models.CharField(max_length=12, default=TransferState.PROPOSED.value)
    handed_by = models.CharField(max_length=60)
    responsible = models.CharField(max_length=60, blank=True)
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True)
    received_by = models.CharField(max_length=150, blank=True)
    received_name = models.CharField(max_length=150, blank=True)
    received_at = models.DateTimeField(null=True)
    supplement = models.JSONField(default=list)
    """What lacks or differs, from the count: [{volume, title, listed, counted, note}]."""
    document = _document()
    preserved_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=1)
    changed_by = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["received", "preserved"]) | Q(received_at__isnull=False),
                name="handover_received_has_its_moment",
            ),
            models.CheckConstraint(
                condition=~Q(state="preserved") | Q(preserved_at__isnull=False),
                name="handover_preserved_has_its_moment",
            ),
        ]


class VolumeCount(models.Model):
    """One volume of a transfer as it was counted on arrival."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="counts")
    volume = models.ForeignKey("filing.Volume", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    records = models.PositiveIntegerField(null=True)
    text_pages = models.PositiveIntegerField(null=True)
    drawing_sheets = models.PositiveIntegerField(null=True)
    photos = models.PositiveIntegerField(null=True)
    others = models.PositiveIntegerField(null=True)
    stamps_sampled = models.PositiveIntegerField(default=0)
    absent = models.BooleanField(default=False)
    note = models.CharField(max_length=400, blank=True)
    counted_by = models.CharField(max_length=150, blank=True)
    counted_name = models.CharField(max_length=150, blank=True)
    counted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transfer", "volume"], name="handover_volume_counted_once")]
        ordering = ["position"]


class Certificate(models.Model):
    """The certificate of transfer (移交凭证); later papers bring a supplement, never a replacement."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, related_name="+")
    transfer = models.OneToOneField(Transfer, on_delete=models.PROTECT, related_name="certificate")
    covers = models.JSONField(default=list)
    supplements = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="supplemented_by")
    document = _document()
    issued_at = models.DateTimeField()
