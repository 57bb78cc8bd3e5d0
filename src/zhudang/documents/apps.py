"""Django's handle on documents."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Documents, label ``documents``."""

    name = "zhudang.documents"
    label = "documents"
    verbose_name = "文书"

    def ready(self) -> None:
        """Register the jobs."""
        from zhudang.documents import jobs  # noqa: F401
