"""Django's handle on filing."""

from django.apps import AppConfig


class FilingConfig(AppConfig):
    """Filing, label ``filing``."""

    name = "zhudang.filing"
    label = "filing"
    verbose_name = "归档"

    def ready(self) -> None:
        """Register the handlers of lower contexts' events and this context's jobs."""
        from zhudang.filing import handlers, jobs, moving  # noqa: F401
        from zhudang.registry import moving as registry_moving

        registry_moving.register(moving.why_not_move, moving.follow_move)
