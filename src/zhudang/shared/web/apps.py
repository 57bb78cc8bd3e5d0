"""The app that carries the shared tags and partial templates."""

from django.apps import AppConfig


class SharedWebConfig(AppConfig):
    """Tags, drawings, list helpers."""

    name = "zhudang.shared.web"
    label = "shared_web"
