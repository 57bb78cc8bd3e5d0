from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "zhudang.site"
    label = "site"
