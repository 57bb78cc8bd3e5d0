from django.apps import AppConfig


class ContentConfig(AppConfig):
    """Wires the content context: its background work registers when the application is ready."""

    name = "zhudang.content"
    label = "content"

    def ready(self) -> None:
        from zhudang.content import jobs  # noqa: F401
