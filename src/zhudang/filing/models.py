"""The rows of filing: what is owed, what answers it, how it is arranged.

Querysets answer "which rows"; decisions are in ``domain/``, acts in the operations.
"""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q

from zhudang.filing.domain.states import RecordState
from zhudang.shared.ids import new_id

MARKS = ("builder", "designer", "contractor", "supervisor", "archive")


class ScopeList(models.Model):
    """One edition of a filing scope (归档范围) as it was loaded, with its sources."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=60)
    edition = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    place = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=400)
    doubt = models.TextField(blank=True)
    kinds = models.JSONField(default=dict)
    adoptable = models.BooleanField(default=False)
    data_sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "edition"], name="scope_list_once")]


class ScopeAdoption(models.Model):
    """Which list an installation uses for one kind of works, who decided and when."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, unique=True)
    scope_list = models.ForeignKey(ScopeList, on_delete=models.PROTECT, related_name="adoptions")
    adopted_at = models.DateTimeField()
    adopted_by = models.CharField(max_length=150)


class ScopeItem(models.Model):
    """One row of a scope list: a document kind or a heading, with five keepers' marks."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    scope_list = models.ForeignKey(ScopeList, on_delete=models.PROTECT, related_name="items")
    project_type = models.CharField(max_length=20)
    code = models.CharField(max_length=20)
    parent_code = models.CharField(max_length=20, blank=True)
    part = models.CharField(max_length=1)
    title = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300, blank=True)
    is_heading = models.BooleanField(default=False)
    code_is_ours = models.BooleanField(default=False)
    builder = models.CharField(max_length=8, blank=True)
    designer = models.CharField(max_length=8, blank=True)
    contractor = models.CharField(max_length=8, blank=True)
    supervisor = models.CharField(max_length=8, blank=True)
    archive = models.CharField(max_length=8, blank=True)
    provider = models.CharField(max_length=12, blank=True)
    milestone = models.CharField(max_length=40, blank=True)
    days_after = models.SmallIntegerField(default=0)
    carrier = models.CharField(max_length=10, default="text")
    source = models.CharField(max_length=400)
    doubt = models.CharField(max_length=20, blank=True)
    form_code = models.CharField(max_length=60, blank=True)
    related_standard = models.CharField(max_length=120, blank=True)
    position = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope_list", "project_type", "code"], name="scope_item_code_once")
        ]
        indexes = [models.Index(fields=["scope_list", "project_type", "position"])]


class Obligation(models.Model):
    """One document kind owed for one unit work, with who makes it and who keeps it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, related_name="+")
    unit_work = models.ForeignKey("registry.UnitWork", on_delete=models.PROTECT, related_name="+")
    scope_item = models.ForeignKey(ScopeItem, on_delete=models.PROTECT, related_name="+")
    party_role = models.CharField(max_length=12)
    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    part = models.CharField(max_length=1)
    position = models.IntegerField()
    builder = models.CharField(max_length=8, blank=True)
    designer = models.CharField(max_length=8, blank=True)
    contractor = models.CharField(max_length=8, blank=True)
    supervisor = models.CharField(max_length=8, blank=True)
    archive = models.CharField(max_length=8, blank=True)
    owed = models.CharField(max_length=8)
    milestone_on = models.DateField(null=True)
    suggested_on = models.DateField(null=True)
    not_applicable_reason = models.CharField(max_length=400, blank=True)
    na_by = models.CharField(max_length=150, blank=True)
    na_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    planned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit_work", "scope_item"], name="obligation_once"),
            models.CheckConstraint(
                condition=Q(na_at__isnull=True) | ~Q(not_applicable_reason=""),
                name="not_applicable_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["unit_work", "position"]),
            models.Index(fields=["project", "position"]),
            models.Index(fields=["organisation", "project"]),
        ]


class Volume(models.Model):
    """A volume (案卷) of one unit work, one part and one carrier."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, related_name="+")
    unit_work = models.ForeignKey("registry.UnitWork", on_delete=models.PROTECT, null=True, related_name="+")
    part = models.CharField(max_length=1)
    carrier = models.CharField(max_length=10)
    sequence = models.IntegerField()
    title = models.CharField(max_length=300)
    group_code = models.CharField(max_length=20, blank=True)
    compiled_by = models.CharField(max_length=200, blank=True)
    filed_by = models.CharField(max_length=60, blank=True)
    formed_on = models.DateField(null=True)
    formed_until = models.DateField(null=True)
    level = models.SmallIntegerField(default=0)
    retention = models.CharField(max_length=10, blank=True)
    text_pages = models.IntegerField(default=0)
    drawing_sheets = models.IntegerField(default=0)
    photo_count = models.IntegerField(default=0)
    other_count = models.IntegerField(default=0)
    record_count = models.IntegerField(default=0)
    thickness_mm = models.DecimalField(max_digits=6, decimal_places=1, default=0)
    class_code = models.CharField(max_length=20, blank=True)
    reference_code = models.CharField(max_length=80, null=True, unique=True)
    accession_no = models.CharField(max_length=40, null=True, unique=True)
    note = models.JSONField(default=dict)
    composed_at = models.DateTimeField()
    composed_by = models.CharField(max_length=150)
    arranged_at = models.DateTimeField(null=True)
    arranged_by = models.CharField(max_length=150, blank=True)
    preserved_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)
    """Its files were destroyed by a disposal (鉴定销毁); preservation tells, the description stays."""
    revision = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(arranged_at__isnull=True)
                | (Q(reference_code__isnull=False) & Q(accession_no__isnull=False)),
                name="arranged_volume_has_numbers",
            ),
            models.CheckConstraint(
                condition=Q(preserved_at__isnull=True) | Q(arranged_at__isnull=False),
                name="preserved_volume_was_arranged",
            ),
        ]
        indexes = [models.Index(fields=["project", "sequence"])]


class RecordQuerySet(models.QuerySet["Record"]):
    """Which records."""

    def live(self) -> Self:
        """Records that were not withdrawn."""
        return self.filter(withdrawn_at__isnull=True)

    def of_project(self, project_id: object) -> Self:
        """The live records of one project."""
        return self.live().filter(project_id=project_id)


class Record(models.Model):
    """One record (文件, 件) with its description and its place in the work."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey("registry.Project", on_delete=models.PROTECT, related_name="+")
    unit_work = models.ForeignKey("registry.UnitWork", on_delete=models.PROTECT, null=True, related_name="+")
    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, null=True, related_name="records")
    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=1)
    code = models.CharField(max_length=20, blank=True)
    order_key = models.IntegerField(default=0)
    to_client = models.BooleanField(default=True)
    to_archive = models.BooleanField(default=True)

    title = models.CharField(max_length=300, blank=True)
    document_no = models.CharField(max_length=120, blank=True)
    responsible = models.CharField(max_length=300, blank=True)
    formed_on = models.DateField(null=True)
    formed_until = models.DateField(null=True)
    manuscript = models.CharField(max_length=20, blank=True)
    copy_kind = models.CharField(max_length=10, blank=True)
    pages = models.IntegerField(null=True)
    carrier = models.CharField(max_length=10, default="text")
    paper_size = models.CharField(max_length=20, blank=True)
    specialty = models.CharField(max_length=20, blank=True)
    level = models.SmallIntegerField(default=0)
    secrecy_term = models.CharField(max_length=20, blank=True)
    retention = models.CharField(max_length=10, blank=True)
    keywords = models.CharField(max_length=200, blank=True)
    notes = models.TextField(blank=True)
    described_by = models.CharField(max_length=150, blank=True)
    described_at = models.DateTimeField(null=True)

    origin = models.CharField(max_length=16, default="born_digital")
    has_paper = models.BooleanField(default=False)
    legal_force = models.BooleanField(null=True)
    e_sealed = models.BooleanField(null=True)

    state = models.CharField(max_length=12, default=RecordState.DRAFT.value)
    reached = models.SmallIntegerField(default=0)
    """How far it ever travelled: 0 its maker only, 1 the client too, 2 the archive too."""
    blockers = models.JSONField(default=list)
    returned_reason = models.TextField(blank=True)
    returned_cure = models.TextField(blank=True)
    returned_code = models.CharField(max_length=40, blank=True)
    returned_by = models.CharField(max_length=150, blank=True)
    returned_at = models.DateTimeField(null=True)
    returned_from = models.CharField(max_length=12, blank=True)
    cured_at = models.DateTimeField(null=True)
    filed_by = models.CharField(max_length=150, blank=True)
    filed_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    with_client_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    transferred_at = models.DateTimeField(null=True)
    preserved_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=150, blank=True)

    volume = models.ForeignKey(Volume, on_delete=models.PROTECT, null=True, related_name="records")
    position = models.IntegerField(null=True)
    page_from = models.IntegerField(null=True)
    page_to = models.IntegerField(null=True)

    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=150)
    revision = models.IntegerField(default=1)

    objects = RecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["volume", "position"],
                name="one_record_per_place",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "transferred", "preserved"]) | Q(accepted_at__isnull=False),
                name="accepted_record_has_its_date",
            ),
            models.CheckConstraint(
                condition=~Q(state="preserved") | Q(preserved_at__isnull=False),
                name="preserved_record_has_its_date",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "state"]),
            models.Index(fields=["project", "part", "order_key", "id"], name="record_in_order"),
            models.Index(fields=["unit_work", "order_key", "id"], name="record_of_unit"),
            models.Index(
                fields=["project", "obligation"],
                include=["state", "level", "reached", "organisation"],
                condition=Q(withdrawn_at__isnull=True),
                name="record_answers",
            ),
            models.Index(fields=["volume", "position"], name="record_in_volume"),
            models.Index(
                F("formed_on").desc(nulls_last=True),
                F("id").desc(),
                # All that rights and the filters of search ask of a record: a narrow filter passes over most of them.
                include=["level", "reached", "organisation", "project", "part", "state"],
                condition=Q(withdrawn_at__isnull=True),
                name="record_newest",
            ),
            models.Index(
                "part",
                F("formed_on").desc(nulls_last=True),
                F("id").desc(),
                include=["level", "reached", "organisation", "project", "state"],
                condition=Q(withdrawn_at__isnull=True),
                name="record_newest_of_part",
            ),
            models.Index(
                fields=["organisation", "returned_at"],
                condition=Q(state="returned"),
                name="record_returned",
            ),
        ]


class RecordFile(models.Model):
    """One file of a record; replaced versions stay."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="files")
    file = models.ForeignKey("content.File", on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=10)
    version = models.IntegerField(default=1)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=150)
    replaced_at = models.DateTimeField(null=True)
    replaced_by = models.CharField(max_length=150, blank=True)
    replaced_why = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file"], condition=Q(replaced_at__isnull=True), name="file_in_one_record")
        ]


class Suggestion(models.Model):
    """What the system guesses a file answers, in pencil until a person decides."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project_id = models.UUIDField()
    organisation_id = models.UUIDField()
    file = models.ForeignKey("content.File", on_delete=models.PROTECT, related_name="+")
    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="suggestions")
    confidence = models.SmallIntegerField()
    reasons = models.JSONField(default=list)
    others = models.JSONField(default=list)
    state = models.CharField(max_length=10, default="open")
    made_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file"], condition=Q(state="open"), name="one_open_suggestion")]
        indexes = [
            models.Index(
                fields=["project_id", "organisation_id"],
                condition=Q(state="open"),
                name="suggestion_open",
            )
        ]


class Counter(models.Model):
    """The last number given in one series; locked while a number is taken."""

    series = models.CharField(max_length=120, primary_key=True)
    value = models.BigIntegerField(default=0)


class GivenCode(models.Model):
    """Every reference code and accession number ever given; rows are never deleted.

    A code that was given stays taken, also when its volume was taken apart: the void is
    recorded here with its reason.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10)
    code = models.CharField(max_length=80)
    number = models.BigIntegerField()
    series = models.CharField(max_length=120)
    volume_id = models.UUIDField()
    project_id = models.UUIDField()
    given_at = models.DateTimeField()
    given_by = models.CharField(max_length=150)
    voided_at = models.DateTimeField(null=True)
    voided_by = models.CharField(max_length=150, blank=True)
    void_reason = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "code"], name="code_given_once"),
            models.UniqueConstraint(fields=["series", "number"], name="number_given_once"),
        ]


__all__ = [
    "MARKS",
    "Counter",
    "GivenCode",
    "Obligation",
    "Record",
    "RecordFile",
    "RecordQuerySet",
    "ScopeAdoption",
    "ScopeItem",
    "ScopeList",
    "Suggestion",
    "Volume",
]
