"""The map as a Django app."""

from django.apps import AppConfig


class AtlasConfig(AppConfig):
    """The one map."""

    name = "zhudang.atlas"
    label = "atlas"
    verbose_name = "一张图"

    def ready(self) -> None:
        """Follow the registry's events."""
        from zhudang.atlas import handlers  # noqa: F401
