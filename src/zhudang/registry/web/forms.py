"""Forms of the registry: they read what people wrote; the rules judge it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from zhudang.registry import queries, words
from zhudang.registry.domain.coordinates import LON_LAT, Position, read_position
from zhudang.registry.domain.milestones import milestones_for
from zhudang.registry.domain.special import TEXT_LENGTH, items_for
from zhudang.shared.refusals import Reason

EMPTY_CHOICE = ("", _("请选择"))


def choices(table: Any, *, empty: bool = False) -> list[tuple[Any, Any]]:
    """Turn a table of words into the choices of a select."""
    return [*([EMPTY_CHOICE] if empty else []), *table.items()]


class DayField(forms.DateField):
    """A day, entered with the browser's own picker."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(input_formats=["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"], **kwargs)


class OrganisationField(forms.CharField):
    """An organisation written as its credit code or full name; cleans to its identifier."""

    def clean(self, value: Any) -> UUID | None:
        text = super().clean(value)
        if not text:
            return None
        found = queries.find_organisations(text)
        if not found:
            raise forms.ValidationError(words.REASONS["registry.row_organisation_unknown"] % {"value": text})
        if len(found) > 1:
            raise forms.ValidationError(words.REASONS["registry.row_organisation_ambiguous"] % {"value": text})
        return found[0]


ORGANISATION_HINT = _("写统一社会信用代码，或单位全称（曾用名也可）。")


class Revised(forms.Form):
    """A form that remembers which revision it was filled from."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)


class PositionFields(forms.Form):
    """Coordinates as surveyors write them."""

    system = forms.ChoiceField(label=_("坐标系"), choices=choices(words.SYSTEMS), initial=LON_LAT)
    first = forms.FloatField(label=_("经度，或纵坐标 X（向北）"), required=False)
    second = forms.FloatField(label=_("纬度，或横坐标 Y（向东）"), required=False)
    zone = forms.IntegerField(
        label=_("3° 带号"), required=False, help_text=_("横坐标不加带号时填写；东经 108° 为 36。")
    )
    position: Position | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if {"first", "second", "zone"} & set(self.errors):
            return cleaned
        self.position, reasons = read_position(
            cleaned.get("system", LON_LAT), cleaned.get("first"), cleaned.get("second"), zone=cleaned.get("zone")
        )
        for reason in reasons:
            self.add_error("first", words.sentence(reason))
        return cleaned

    @property
    def lon(self) -> float | None:
        """Longitude read, or None."""
        return self.position.lon if self.position else None

    @property
    def lat(self) -> float | None:
        """Latitude read, or None."""
        return self.position.lat if self.position else None


class ProjectForm(PositionFields, Revised):
    """A project's registration (报建登记)."""

    name = forms.CharField(label=_("项目名称"), max_length=300)
    code = forms.CharField(
        label=_("投资项目统一代码"), max_length=64, help_text=_("例如 2403-990241-48-01-012345；旧式四位年份也收。")
    )
    kind = forms.ChoiceField(label=_("工程类别"), choices=choices(words.KINDS, empty=True))
    client = OrganisationField(label=_("建设单位"), help_text=ORGANISATION_HINT)
    address = forms.CharField(label=_("建设地点"), max_length=300, required=False)
    area_code = forms.CharField(
        label=_("行政区划代码"), max_length=12, required=False, help_text=_("六位；不填则取项目代码中的区划。")
    )
    level = forms.TypedChoiceField(label=_("密级"), choices=choices(words.LEVELS), coerce=int, initial=1)
    started_on = DayField(label=_("开工日期"), required=False)
    completed_on = DayField(label=_("完工日期"), required=False)
    long_works = forms.BooleanField(label=_("工期较长，分期验收移交"), required=False)


class DescribeForm(ProjectForm):
    """What can be changed of a registered project: not its name, code, client or level."""

    name = None  # type: ignore[assignment]
    code = None  # type: ignore[assignment]
    client = None  # type: ignore[assignment]
    level = None  # type: ignore[assignment]


class RenameForm(Revised):
    """A new name from a day on."""

    name = forms.CharField(label=_("新名称"), max_length=300)
    since = DayField(label=_("自何日起"))
    basis = forms.CharField(label=_("依据"), max_length=300, required=False, help_text=_("批文名称和文号。"))


class ClassifyForm(Revised):
    """Secrecy level, and whether reviewed as open."""

    level = forms.TypedChoiceField(label=_("密级"), choices=choices(words.LEVELS), coerce=int)
    is_open = forms.BooleanField(label=_("已经开放审核，可向社会公布"), required=False)


class StandingForm(Revised):
    """What becomes of a project."""

    ACTS = (
        ("suspend", _("停缓建")), ("resume", _("恢复建设")), ("cancel", _("撤销")), ("merge", _("并入另一项目")),
        ("split", _("拆出一部分")),
    )  # fmt: skip
    act = forms.ChoiceField(label=_("办理事项"), choices=ACTS, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("原因和依据"), max_length=300)
    into = forms.CharField(label=_("并入项目的代码"), max_length=64, required=False)
    code = forms.CharField(label=_("拆出部分的项目代码"), max_length=64, required=False)
    name = forms.CharField(label=_("拆出部分的名称"), max_length=300, required=False)
    phases = forms.MultipleChoiceField(label=_("拆出的工程"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, phases: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phases"].choices = phases  # type: ignore[attr-defined]


class PhaseForm(forms.Form):
    """A construction phase."""

    code = forms.CharField(label=_("工程代码"), max_length=64, help_text=_("一般为项目代码加“-001”。"))
    name = forms.CharField(label=_("工程名称"), max_length=300)


class UnitForm(Revised):
    """A unit work."""

    phase = forms.ChoiceField(label=_("所属工程"))
    code = forms.CharField(label=_("编号"), max_length=64)
    name = forms.CharField(label=_("名称"), max_length=300)
    kind = forms.ChoiceField(label=_("工程类别"), choices=choices(words.KINDS, empty=True))
    nature = forms.ChoiceField(label=_("建设性质"), choices=choices(words.NATURES))
    structure = forms.ChoiceField(
        label=_("所属建（构）筑物"), required=False, help_text=_("改建、扩建、加装电梯等，选它所属的建（构）筑物。")
    )

    def __init__(
        self, *args: Any, phases: list[tuple[str, str]], structures: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phase"].choices = phases  # type: ignore[attr-defined]
        self.fields["structure"].choices = [("", _("还没有登记")), *structures]  # type: ignore[attr-defined]


class UnitDescribeForm(UnitForm):
    """What can be changed of a unit work: not its phase, code or kind."""

    phase = None  # type: ignore[assignment]
    code = None  # type: ignore[assignment]
    kind = None  # type: ignore[assignment]

    def __init__(self, *args: Any, structures: list[tuple[str, str]], unit_kind: str, **kwargs: Any) -> None:
        forms.Form.__init__(self, *args, **kwargs)
        self.fields["structure"].choices = [("", _("还没有登记")), *structures]  # type: ignore[attr-defined]
        self._items = items_for(unit_kind)
        for item in self._items:
            maker: Any = {"text": forms.CharField, "number": forms.FloatField, "whole": forms.IntegerField}[item.type]
            limits = {"max_length": TEXT_LENGTH} if item.type == "text" else {"min_value": 0}
            self.fields[f"special_{item.code}"] = maker(label=words.special_title(item), required=False, **limits)

    @property
    def special(self) -> dict[str, Any]:
        """Give the special record read; what was left empty is left out."""
        read = {item.code: self.cleaned_data.get(f"special_{item.code}") for item in self._items}
        return {code: value for code, value in read.items() if value not in (None, "")}


class PartyForm(forms.Form):
    """An organisation that takes part."""

    organisation = OrganisationField(label=_("单位"), help_text=ORGANISATION_HINT)
    role = forms.ChoiceField(
        label=_("角色"), choices=[EMPTY_CHOICE, *((k, v) for k, v in words.ROLES.items() if k != "client")]
    )
    since = DayField(label=_("自何日起"), required=False)
    units = forms.MultipleChoiceField(
        label=_("承担的单位工程"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("一个都不选表示全部。"),
    )

    def __init__(self, *args: Any, units: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["units"].choices = units  # type: ignore[attr-defined]


class ReplaceForm(forms.Form):
    """Another organisation in a party's place."""

    organisation = OrganisationField(label=_("接替单位"), help_text=ORGANISATION_HINT)
    since = DayField(label=_("自何日起"))
    reason = forms.CharField(label=_("原因和依据"), max_length=300, required=False)


class PermitForm(forms.Form):
    """A permit."""

    kind = forms.ChoiceField(label=_("证件"), choices=choices(words.PERMITS, empty=True))
    number = forms.CharField(label=_("证号"), max_length=64)
    issued_on = DayField(label=_("发证日期"))
    issuer = forms.CharField(label=_("发证机关"), max_length=200, required=False)
    units = forms.MultipleChoiceField(
        label=_("所涉单位工程"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("一个都不选表示整个项目。"),
    )

    def __init__(self, *args: Any, units: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["units"].choices = units  # type: ignore[attr-defined]


class MilestoneForm(Revised):
    """When a step is planned, and when it happened."""

    kind = forms.ChoiceField(label=_("节点"))
    planned_on = DayField(label=_("计划日期"), required=False)
    happened_on = DayField(label=_("实际日期"), required=False)

    def __init__(self, *args: Any, unit_kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (step.code, words.milestone_title(step.code)) for step in milestones_for(unit_kind)
        ]


class AcceptanceForm(Revised):
    """The day of completion acceptance."""

    accepted_on = DayField(
        label=_("竣工验收日期"), help_text=_("建设单位组织五方竣工验收合格之日；移交的法定期限自此起算。")
    )


class ResponsibilityForm(forms.Form):
    """Who answers for what."""

    duty = forms.ChoiceField(label=_("责任事项"), choices=choices(words.DUTIES, empty=True))
    organisation = OrganisationField(label=_("单位"), required=False, help_text=ORGANISATION_HINT)
    person = forms.CharField(label=_("责任人"), max_length=60, required=False)
    phone = forms.CharField(label=_("电话"), max_length=40, required=False)
    note = forms.CharField(
        label=_("合同编号和档案条款"),
        max_length=300,
        required=False,
        widget=forms.Textarea,
        help_text=_("登记合同档案条款时填写。"),
    )
    since = DayField(label=_("自何日起"), required=False)


class StructureForm(PositionFields, Revised):
    """A structure."""

    name = forms.CharField(label=_("名称"), max_length=300)
    kind = forms.ChoiceField(label=_("工程类别"), choices=choices(words.KINDS, empty=True))
    address = forms.CharField(label=_("地点"), max_length=300, required=False)
    standing = forms.ChoiceField(label=_("现状"), choices=choices(words.STANDINGS))
    built_on = DayField(label=_("建成日期"), required=False)
    gone_on = DayField(label=_("拆除日期"), required=False)
    realty_unit = forms.CharField(
        label=_("不动产单元号"), max_length=40, required=False, help_text=_("28 位，中间的空格可以照写。")
    )
    level = forms.TypedChoiceField(label=_("密级"), choices=choices(words.LEVELS), coerce=int, initial=1)


class ImportForm(forms.Form):
    """A list to read."""

    kind = forms.ChoiceField(label=_("导入什么"), choices=choices(words.IMPORTS))
    file = forms.FileField(
        label=_("文件"), help_text=_("XLSX、CSV（UTF-8 或 GB18030）或 JSON；一行一条，第一行为列名。")
    )


def give_errors(form: forms.Form, reasons: list[Reason] | tuple[Reason, ...], *, only_sound: bool = False) -> None:
    """Put a refusal's reasons onto a form, each beside the field it is about where that is known.

    Args:
        only_sound: leave out what is said of fields that could not be read; they have their own error already.
    """
    unread = set(form.errors) if only_sound else set()
    for reason in reasons:
        field = _FIELD_OF.get(reason.code) or next(
            (name for start, name in _FIELD_BY_START.items() if reason.code.startswith(start)), None
        )
        if field not in unread:
            form.add_error(field if field in form.fields else None, words.sentence(reason))


_FIELD_BY_START = {
    "registry.project_code.": "code", "registry.works_code.": "code", "registry.permit.": "number",
    "registry.area": "area_code", "registry.realty.": "realty_unit", "registry.unit_code": "code",
}  # fmt: skip
_FIELD_OF = {
    "registry.code_taken": "code", "registry.works_code_taken": "code", "registry.name_missing": "name",
    "registry.name_too_long": "name", "registry.same_name": "name", "registry.kind_unknown": "kind",
    "registry.level_unknown": "level", "registry.client_unknown": "client",
    "registry.started_in_future": "started_on", "registry.completed_in_future": "completed_on",
    "registry.completed_before_started": "completed_on", "registry.accepted_in_future": "accepted_on",
    "registry.accepted_before_started": "accepted_on", "registry.accepted_before_completed": "accepted_on",
    "registry.rename_in_future": "since", "registry.rename_before_last": "since",
    "registry.open_but_classified": "is_open", "registry.reason_missing": "reason",
    "registry.structure_of_other_kind": "structure", "registry.nature_unknown": "nature",
    "registry.role_unknown": "role", "registry.party_already": "organisation", "registry.party_same": "organisation",
    "registry.replaced_before_it_came": "since", "registry.replaced_in_future": "since",
    "registry.permit_taken": "number", "registry.permit_other_day": "issued_on",
    "registry.permit_in_future": "issued_on", "registry.milestone_unknown": "kind",
    "registry.milestone_without_day": "happened_on", "registry.milestone_in_future": "happened_on",
    "registry.duty_unknown": "duty", "registry.person_missing": "person", "registry.clause_missing": "note",
    "registry.built_in_future": "built_on", "registry.gone_before_built": "gone_on",
    "registry.outside_china": "first", "registry.axes_swapped": "first", "registry.half_a_coordinate": "first",
}  # fmt: skip
