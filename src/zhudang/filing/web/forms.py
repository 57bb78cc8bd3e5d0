"""The forms of filing: the description of a record, filters and choices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from zhudang.filing import words
from zhudang.filing.domain.describing import FIELDS, SPECIALTIES, Description, Pencil


def _choices(mapping: Any, empty: Any = "") -> list[tuple[Any, Any]]:
    return ([("", empty)] if empty else []) + list(mapping.items())


class DescriptionForm(forms.Form):
    """GB/T 50323, file level."""

    title = forms.CharField(label=_("题名"), max_length=300, required=False)
    document_no = forms.CharField(label=_("文（图）号"), max_length=120, required=False)
    responsible = forms.CharField(label=_("责任者"), max_length=300, required=False)
    formed_on = forms.DateField(
        label=_("形成日期"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    formed_until = forms.DateField(
        label=_("形成日期（止）"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    pages = forms.IntegerField(label=_("页数"), required=False, min_value=1)
    manuscript = forms.ChoiceField(label=_("文本"), required=False, choices=_choices(words.MANUSCRIPTS, _("未说明")))
    copy_kind = forms.ChoiceField(
        label=_("原件／复印件"), required=False, choices=_choices(words.COPY_KINDS, _("未说明"))
    )
    carrier = forms.ChoiceField(label=_("载体"), choices=_choices(words.CARRIERS))
    specialty = forms.ChoiceField(
        label=_("专业"), required=False, choices=[("", _("不分专业")), *((s, s) for s in SPECIALTIES)]
    )
    paper_size = forms.CharField(label=_("规格"), max_length=20, required=False, help_text=_("如 A4、A1"))
    origin = forms.ChoiceField(label=_("来源"), choices=_choices(words.ORIGINS))
    has_paper = forms.BooleanField(
        label=_("纸质原件一并移交"), required=False, help_text=_("扫描件必须有；竣工图必须有。")
    )
    legal_force = forms.NullBooleanField(
        label=_("电子文件具有法律效力"),
        required=False,
        widget=forms.Select(choices=[("unknown", _("未确认")), ("true", _("是")), ("false", _("否"))]),
        help_text=_("没有纸质原件时，须有可认的电子印章或签名，并由形成单位确认。"),
    )
    level = forms.TypedChoiceField(label=_("密级"), coerce=int, choices=_choices(words.LEVELS))
    secrecy_term = forms.CharField(label=_("保密期限"), max_length=20, required=False)
    retention = forms.ChoiceField(
        label=_("保管期限"), required=False, choices=_choices(words.RETENTIONS, _("由馆里定"))
    )
    keywords = forms.CharField(label=_("主题词"), max_length=200, required=False)
    notes = forms.CharField(label=_("附注"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    revision = forms.IntegerField(widget=forms.HiddenInput)

    @classmethod
    def filled(cls, description: Description, sketch: Pencil, revision: int, *, pencil_in: bool) -> DescriptionForm:
        """The form with ink, and pencil in the empty fields of a record nobody described yet."""
        initial: dict[str, Any] = {name: getattr(description, name) for name in FIELDS}
        if pencil_in:
            for name, (value, _basis) in sketch.values.items():
                if initial.get(name) in (None, "") or name in {"origin", "carrier"}:
                    initial[name] = value
        return cls(initial={**initial, "revision": revision})

    def description(self) -> Description:
        """What was typed."""
        values = dict(self.cleaned_data)
        values.pop("revision")
        return Description(**values)
