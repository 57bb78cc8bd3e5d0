from django.apps import AppConfig

from zhudang.shared import database_values


class SiteConfig(AppConfig):
    name = "zhudang.site"
    label = "site"

    def ready(self) -> None:
        database_values.install()
