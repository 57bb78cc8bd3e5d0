"""Django's handle on the events context."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "zhudang.events"
    label = "events"
    verbose_name = _("消息与后台工作")
