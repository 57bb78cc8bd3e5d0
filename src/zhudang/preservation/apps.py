"""Django's handle on preservation."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PreservationConfig(AppConfig):
    """Preservation, label `preservation`."""

    name = "zhudang.preservation"
    label = "preservation"
    verbose_name = _("保管")

    def ready(self) -> None:
        """Register the handlers of lower contexts' events and this context's jobs; a wrong pace of a site stops the start.

        Raises:
            ImproperlyConfigured: a site's pace or hours, or the holding classes, make no sense, told whole.
        """
        from django.core.exceptions import ImproperlyConfigured

        from zhudang.preservation import handlers, jobs, rounds  # noqa: F401
        from zhudang.preservation.keys import classes

        try:
            rounds.rhythms()
        except ValueError as wrong:
            raise ImproperlyConfigured(f"ZHUDANG_SITES: {wrong}") from wrong
        try:
            classes.current()
        except (OSError, ValueError) as wrong:
            raise ImproperlyConfigured(f"ZHUDANG_HOLDING_CLASSES: {wrong}") from wrong
