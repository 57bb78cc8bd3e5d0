"""Django's handle on the audit context."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "zhudang.audit"
    label = "audit"
    verbose_name = _("审计日志")
