from django.apps import AppConfig


class DiscoveryConfig(AppConfig):
    name = "zhudang.discovery"
    label = "discovery"

    def ready(self) -> None:
        from zhudang.discovery import handlers  # noqa: F401
