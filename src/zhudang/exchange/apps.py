"""Exchange as a Django app."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """Interfaces to other systems."""

    name = "zhudang.exchange"
    label = "exchange"
    verbose_name = "互联互通"
