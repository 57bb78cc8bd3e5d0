"""Forms of preservation: they read what people wrote; the rules judge it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from zhudang.preservation import policy_words
from zhudang.preservation.domain.copy_policy import Need
from zhudang.preservation.domain.site_facts import ANALOGUE
from zhudang.preservation.domain.states import Condition


class DayField(forms.DateField):
    """A day, entered with the browser's own picker."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(input_formats=["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"], **kwargs)


class PlanForm(forms.Form):
    """A plan of remedy of one class."""

    requirements = forms.MultipleChoiceField(
        label=_("补救哪几条要求"), widget=forms.CheckboxSelectMultiple, required=False
    )
    missing = forms.CharField(label=_("现在缺什么"), max_length=500, widget=forms.Textarea(attrs={"rows": "2"}))
    remedy = forms.CharField(label=_("准备怎么补"), max_length=500, widget=forms.Textarea(attrs={"rows": "2"}))
    responsible = forms.CharField(label=_("谁负责"), max_length=100)
    until = DayField(label=_("完成日期"), help_text=_("到期没有做到，页面会重新变红。"))

    def __init__(self, need: Need, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["requirements"]
        field.choices = [(code, word) for code, word in policy_words.REQUIREMENTS.items() if need.asks_for(code)]


class CustodyForm(forms.Form):
    """Handing a set to the next keeper."""

    to = forms.TypedChoiceField(label=_("交给"), coerce=str, empty_value=None)
    bound_for = forms.CharField(label=_("放到哪里"), max_length=200)
    condition = forms.ChoiceField(
        label=_("交接时的状况"), choices=[(each.value, policy_words.CONDITIONS[each]) for each in Condition]
    )
    note = forms.CharField(label=_("备注"), max_length=500, required=False)

    def __init__(self, takers: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.choices = [("", _("请选择")), *takers]


class RegisteredCopyForm(forms.Form):
    """A copy on paper or film."""

    medium = forms.ChoiceField(
        label=_("介质"), choices=[(each.value, policy_words.MEDIA[each]) for each in sorted(ANALOGUE, reverse=True)]
    )
    label = forms.CharField(label=_("标签"), max_length=80, help_text=_("盒、卷或函上的编号，不与别的重复。"))
    place = forms.CharField(label=_("存放地点"), max_length=200)
    made_on = DayField(label=_("制作日期"))
    made_by = forms.CharField(label=_("制作人"), max_length=100)
    version = forms.IntegerField(label=_("从第几版制作"), min_value=1)


class ProposalForm(forms.Form):
    """Proposing volumes for destruction; the volumes themselves are ticked in the list."""

    committee = forms.MultipleChoiceField(label=_("鉴定委员"), widget=forms.CheckboxSelectMultiple, required=False)
    why = forms.CharField(label=_("为什么销毁"), max_length=1000, widget=forms.Textarea(attrs={"rows": "2"}))
    everything = forms.BooleanField(
        label=_("提出筛选出的全部案卷（有理由不能提的除外），不只这一页勾选的"), required=False
    )

    def __init__(self, members: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["committee"]
        field.choices = members
