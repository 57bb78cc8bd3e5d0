"""Django's handle on handover."""

from django.apps import AppConfig


class HandoverConfig(AppConfig):
    """Handover, label ``handover``."""

    name = "zhudang.handover"
    label = "handover"
    verbose_name = "验收移交"

    def ready(self) -> None:
        """Register the handlers of lower contexts' events and this context's jobs."""
        from zhudang.handover import handlers, jobs  # noqa: F401
