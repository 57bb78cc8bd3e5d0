from django.apps import AppConfig
from django.conf import settings

from zhudang.shared import database_values


class SiteConfig(AppConfig):
    name = "zhudang.site"
    label = "site"

    def ready(self) -> None:
        from zhudang.preservation import emergency

        database_values.install()
        if settings.EMERGENCY:
            emergency.serve_from_copy()
