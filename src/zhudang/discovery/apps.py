from django.apps import AppConfig


class DiscoveryConfig(AppConfig):
    name = "zhudang.discovery"
    label = "discovery"

    def ready(self) -> None:
        from zhudang.discovery import handlers, operations
        from zhudang.preservation.disposal import forgetting

        assert handlers
        forgetting.register("search-index", operations.forget_destroyed)
