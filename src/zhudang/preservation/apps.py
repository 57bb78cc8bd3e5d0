"""Django's handle on preservation."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PreservationConfig(AppConfig):
    """Preservation, label `preservation`."""

    name = "zhudang.preservation"
    label = "preservation"
    verbose_name = _("保管")

    def ready(self) -> None:
        """Register the handlers of lower contexts' events and this context's jobs."""
        from zhudang.preservation import handlers, jobs  # noqa: F401
