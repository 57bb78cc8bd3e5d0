"""Tables of the registry: one project, one archive."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from zhudang.shared.ids import new_id


class WorksKind(models.TextChoices):
    """The four kinds of works the filing scope knows (GB/T 50328)."""

    BUILDING = "building", _("房屋建筑")
    ROAD = "road", _("道路")
    BRIDGE = "bridge", _("桥梁")
    PIPELINE = "pipeline", _("地下管线")


class ProjectStatus(models.TextChoices):
    """What became of a project."""

    RUNNING = "running", _("在建")
    SUSPENDED = "suspended", _("停缓建")
    CANCELLED = "cancelled", _("已撤销")
    SPLIT = "split", _("已拆分")
    MERGED = "merged", _("已并入")


class Area(models.Model):
    """A division code of the installation's table; a code that ended keeps its row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=12)
    name = models.CharField(max_length=100)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "valid_from"], nulls_distinct=False, name="registry_area_code_from"
            ),
        ]
        ordering = ["code"]


class Project(models.Model):
    """A construction project (建设项目): what one notice, one archive and one certificate are about."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=16, choices=WorksKind.choices)
    address = models.CharField(max_length=300, blank=True)
    area_code = models.CharField(max_length=12, blank=True)
    client = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=16, choices=ProjectStatus.choices, default=ProjectStatus.RUNNING)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    site_wkb = models.BinaryField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    completed_on = models.DateField(null=True, blank=True)
    accepted_on = models.DateField(null=True, blank=True)
    long_works = models.BooleanField(default=False)
    is_open = models.BooleanField(default=False)
    continued_in = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="taken_over")
    split_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="split_into")
    registered_at = models.DateTimeField()
    registered_by = models.UUIDField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["status", "registered_at"]),
            models.Index(fields=["client"]),
            models.Index(fields=["level"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True)
                | Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="registry_project_lon_lat",
            ),
            models.CheckConstraint(condition=Q(level__gte=0, level__lte=4), name="registry_project_level"),
        ]

    def __str__(self) -> str:
        return self.name


class ProjectName(models.Model):
    """A name a project bore (曾用名); the row without an end is today's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="names")
    name = models.CharField(max_length=300)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    basis = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(until__isnull=True), name="registry_one_name_at_a_time"
            ),
        ]


class Phase(models.Model):
    """A construction phase (工程) of a project, with its works code (工程代码)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="phases")
    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=300)
    started_on = models.DateField(null=True, blank=True)
    completed_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Structure(models.Model):
    """A building, road, bridge or pipeline that outlives the projects done to it."""

    class Standing(models.TextChoices):
        IN_USE = "in_use", _("在用")
        BUILDING = "building", _("在建")
        GONE = "gone", _("已拆除")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=16, choices=WorksKind.choices)
    address = models.CharField(max_length=300, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    footprint_wkb = models.BinaryField(null=True, blank=True)
    built_on = models.DateField(null=True, blank=True)
    gone_on = models.DateField(null=True, blank=True)
    standing = models.CharField(max_length=16, choices=Standing.choices, default=Standing.IN_USE)
    realty_unit = models.CharField(max_length=28, blank=True)
    level = models.PositiveSmallIntegerField(default=1)
    is_open = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        indexes = [models.Index(fields=["name"]), models.Index(fields=["kind"])]

    def __str__(self) -> str:
        return self.name


class UnitWork(models.Model):
    """A unit work (单位工程): what a checklist, and a set of volumes, is about."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="unit_works")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=16, choices=WorksKind.choices)
    structure = models.ForeignKey(Structure, on_delete=models.PROTECT, null=True, blank=True, related_name="unit_works")
    nature = models.CharField(max_length=16, default="new")
    special = models.JSONField(default=dict, blank=True)
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["phase", "code"], name="registry_unit_work_code"),
        ]

    def __str__(self) -> str:
        return self.name


class PartyRole(models.TextChoices):
    """What an organisation does in a project; the client is among the parties."""

    CLIENT = "client", _("建设单位")
    SURVEY = "survey", _("勘察单位")
    DESIGN = "design", _("设计单位")
    CONTRACTOR = "contractor", _("施工单位")
    SUPERVISOR = "supervisor", _("监理单位")


class Party(models.Model):
    """An organisation's part in a project, from a day to a day; a replaced one keeps its row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="parties")
    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16, choices=PartyRole.choices)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "project"])]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "organisation", "role"],
                condition=Q(until__isnull=True),
                name="registry_party_once_in_a_role",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(since__isnull=True) | Q(until__gte=F("since")),
                name="registry_party_until_after_since",
            ),
        ]


class PartyUnit(models.Model):
    """A unit work a party works on; a party without any works on all of them."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="units")
    unit_work = models.ForeignKey(UnitWork, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["party", "unit_work"], name="registry_party_unit_once")]


class Permit(models.Model):
    """A permit or certificate of planning and construction, as the issuer numbered it."""

    class Kind(models.TextChoices):
        LAND = "land", _("建设用地规划许可证")
        PLANNING = "planning", _("建设工程规划许可证")
        CONSTRUCTION = "construction", _("建筑工程施工许可证")
        SITE = "site", _("用地预审与选址意见书")
        RURAL = "rural", _("乡村建设规划许可证")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="permits")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    number = models.CharField(max_length=64)
    issued_on = models.DateField()
    issuer = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=64, default="form")
    unit_works = models.ManyToManyField(UnitWork, blank=True, related_name="permits")
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "number"], name="registry_permit_number_once")]
        ordering = ["issued_on", "number"]


class Milestone(models.Model):
    """A step of building (节点): planned, and the day it truly happened."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit_work = models.ForeignKey(UnitWork, on_delete=models.PROTECT, related_name="milestones")
    kind = models.CharField(max_length=32)
    planned_on = models.DateField(null=True, blank=True)
    happened_on = models.DateField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit_work", "kind"], name="registry_milestone_once"),
            models.CheckConstraint(
                condition=Q(planned_on__isnull=False) | Q(happened_on__isnull=False),
                name="registry_milestone_has_a_day",
            ),
        ]


class Responsibility(models.Model):
    """Who answers for what in a project's archive (责任登记); a row that ended stays."""

    class Duty(models.TextChoices):
        LEADER = "leader", _("档案工作分管负责人")
        ARCHIVE_PERSON = "archive_person", _("专职档案人员")
        AS_BUILT = "as_built", _("竣工图编制")
        CONTRACT_CLAUSE = "contract_clause", _("合同档案条款")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="responsibilities")
    duty = models.CharField(max_length=24, choices=Duty.choices)
    organisation = models.ForeignKey(
        "identity.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    person = models.CharField(max_length=60, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=300, blank=True)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)


class CalendarDay(models.Model):
    """A day of the published working calendar; other days follow the week."""

    day = models.DateField(primary_key=True)
    kind = models.CharField(max_length=16)
    name = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=120)


class CalendarYear(models.Model):
    """A year whose working calendar is published and read in."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    source = models.CharField(max_length=120)
    imported_at = models.DateTimeField()


class ImportRun(models.Model):
    """One reading of a list: first looked at, then applied."""

    class State(models.TextChoices):
        CHECKED = "checked", _("已预检")
        APPLIED = "applied", _("已导入")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=24)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=State.choices, default=State.CHECKED)
    account_id = models.UUIDField(null=True)
    account_name = models.CharField(max_length=150, blank=True)
    started_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]


class ImportRow(models.Model):
    """One row of a list, what was read and what became of it."""

    class Verdict(models.TextChoices):
        NEW = "new", _("将新建")
        CHANGE = "change", _("将更改")
        SAME = "same", _("无变化")
        BAD = "bad", _("有误")
        DONE = "done", _("已导入")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="rows")
    number = models.PositiveIntegerField()
    values = models.JSONField(default=dict)
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    reasons = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    subject = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="registry_import_row_once")]
