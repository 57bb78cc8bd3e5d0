"""What the style page shows: components in their states, with values made up for looking at."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from zhudang.shared.working_days import add_working_days, calendar_of


class SampleForm(forms.Form):
    """One field of each kind, one of them wrong."""

    title = forms.CharField(label="题名", help_text="照原件题名写")
    formed_on = forms.DateField(label="形成日期", widget=forms.DateInput(attrs={"type": "date"}))
    kind = forms.ChoiceField(label="来源", choices=[("scan", "扫描件"), ("born", "原生电子")])
    notes = forms.CharField(label="附注", widget=forms.Textarea, required=False)
    paper = forms.BooleanField(label="有纸质件", required=False)


def style_context() -> dict[str, Any]:
    """Give the values of the style page; nothing here comes from the archive."""
    holidays = calendar_of([(date(2026, 6, 19), "holiday", "端午")])
    today = date(2026, 6, 17)
    starts = [(date(2026, 6, 12), 9), (date(2026, 6, 12), 5), (date(2026, 6, 5), 5)]
    return {
        "today": today,
        "parts": [("A", 18, 18, 0), ("B", 11, 9, 0), ("C", 64, 46, 1), ("D", 46, 19, 0), ("E", 9, 0, 0)],
        "clocks": [
            (
                clock,
                _("还有 %(days)s 个工作日") % {"days": clock.left(today)} if not clock.overdue(today) else _("已过期"),
            )
            for clock in (add_working_days(start, days, holidays) for start, days in starts)
        ],
        "reasons": [
            ("地基验槽记录缺勘察单位签章", "#"),
            ("洽商 QS-2026-014 未落竣工图", "#"),
            "监理单位还没有签署责任确认",
        ],
        "form": SampleForm({"title": "1# 楼地基验槽记录", "formed_on": "2026-13-40", "kind": "scan"}),
    }
