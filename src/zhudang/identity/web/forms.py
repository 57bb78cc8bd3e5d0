"""What people fill in. The rules are asked by the operations; a form only brings the fields."""

from django import forms
from django.utils.translation import gettext_lazy as _

from zhudang.identity import words
from zhudang.identity.domain.roles import OrganisationKind
from zhudang.shared.refusals import Refusal
from zhudang.shared.web.refusal import sentence


class RefusableForm(forms.Form):
    """A form that takes an operation's refusal as its errors, beside the field where there is one."""

    fields_of: dict[str, str] = {}

    def take(self, refusal: Refusal) -> None:
        """Put every reason on the form."""
        for reason in refusal.reasons:
            field = self.fields_of.get(reason.code)
            self.add_error(field if field in self.fields else None, sentence(reason))


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("账号"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("密码"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


_NEW = {"autocomplete": "new-password"}
_NEW_HINT = _("至少 8 位，大写字母、小写字母、数字、符号中的 3 种；不含账号；最近 5 次用过的不行。")


class ResetForm(RefusableForm):
    fields_of = {
        "identity.code_wrong": "code", "identity.password_short": "new", "identity.password_long": "new",
        "identity.password_classes": "new", "identity.password_contains_login": "new",
        "identity.password_used_before": "new", "identity.password_not_repeated": "again",
    }  # fmt: skip
    username = forms.CharField(
        label=_("账号"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    code = forms.CharField(
        label=_("一次性码"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none"}),
    )
    new = forms.CharField(
        label=_("新密码"), max_length=200, strip=False, help_text=_NEW_HINT, widget=forms.PasswordInput(attrs=_NEW)
    )
    again = forms.CharField(
        label=_("再输一次新密码"), max_length=200, strip=False, widget=forms.PasswordInput(attrs=_NEW)
    )


class PasswordForm(RefusableForm):
    fields_of = {**ResetForm.fields_of, "identity.password_old_wrong": "old"}
    old = forms.CharField(
        label=_("现在的密码"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("新密码"), max_length=200, strip=False, help_text=_NEW_HINT, widget=forms.PasswordInput(attrs=_NEW)
    )
    again = forms.CharField(
        label=_("再输一次新密码"), max_length=200, strip=False, widget=forms.PasswordInput(attrs=_NEW)
    )


class OwnForm(forms.Form):
    phone = forms.CharField(
        label=_("电话"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    language = forms.ChoiceField(
        label=_("语言"), required=False, choices=[("", _("随浏览器")), ("zh-hans", "中文"), ("en", "English")]
    )
    theme = forms.ChoiceField(
        label=_("明暗"), required=False, choices=[("", _("随系统")), ("light", _("亮")), ("dark", _("暗"))]
    )
    shortcuts_on = forms.BooleanField(
        label=_("用快捷键"), required=False, help_text=_("不带 Ctrl 的单键快捷键；用语音或读屏软件时可以关掉。")
    )


class PersonForm(RefusableForm):
    fields_of = {
        "identity.username_shape": "username", "identity.username_taken": "username", "identity.name_missing": "name",
    }  # fmt: skip
    username = forms.CharField(
        label=_("账号"),
        max_length=64,
        help_text=_("小写字母开头，可有数字、点、横线、下划线；定了就不改。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    name = forms.CharField(label=_("姓名"), max_length=60)
    phone = forms.CharField(label=_("电话"), max_length=30, required=False)


class DescribePersonForm(RefusableForm):
    fields_of = {"identity.name_missing": "name"}
    name = forms.CharField(label=_("姓名"), max_length=60)
    phone = forms.CharField(label=_("电话"), max_length=30, required=False)


class OrganisationForm(RefusableForm):
    fields_of = {
        "identity.name_missing": "name", "identity.code_length": "code", "identity.code_alphabet": "code",
        "identity.code_area": "code", "identity.code_check": "code", "identity.legacy_code_shape": "code",
        "identity.code_taken": "code", "identity.kind_unknown": "kind",
    }  # fmt: skip
    name = forms.CharField(label=_("名称"), max_length=200, help_text=_("照营业执照或法人证书写全称。"))
    code = forms.CharField(
        label=_("统一社会信用代码"),
        max_length=40,
        required=False,
        help_text=_("18 位；没有时可填旧组织机构代码（9 位）或旧工商注册号（15 位）。"),
    )
    short_name = forms.CharField(label=_("简称"), max_length=60, required=False)
    kind = forms.ChoiceField(
        label=_("性质"),
        required=False,
        choices=[("", _("按代码判断")), *((k.value, words.KINDS[k]) for k in OrganisationKind)],
    )


class DescribeOrganisationForm(RefusableForm):
    fields_of = OrganisationForm.fields_of
    code = forms.CharField(label=_("统一社会信用代码"), max_length=40, required=False)
    short_name = forms.CharField(label=_("简称"), max_length=60, required=False)
    kind = forms.ChoiceField(label=_("性质"), choices=[(k.value, words.KINDS[k]) for k in OrganisationKind])


class RenameForm(RefusableForm):
    fields_of = {
        "identity.name_missing": "name", "identity.name_same": "name", "identity.basis_missing": "basis",
        "identity.name_before_last": "since",
    }  # fmt: skip
    name = forms.CharField(label=_("新名称"), max_length=200)
    since = forms.DateField(label=_("更名日期"), widget=forms.DateInput(attrs={"type": "date"}))
    basis = forms.CharField(label=_("依据"), max_length=200, help_text=_("登记通知书文号等。"))
