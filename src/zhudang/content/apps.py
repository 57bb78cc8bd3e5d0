from django.apps import AppConfig


class ContentConfig(AppConfig):
    """Wires the content context: its background work registers when the application is ready."""

    name = "zhudang.content"
    label = "content"

    def ready(self) -> None:
        from zhudang.content import jobs  # noqa: F401

        _take_profile()


def _take_profile() -> None:
    """Take the city's figures for this process; a wrong profile stops the start, told whole."""
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    from zhudang.checks import limits, profile

    try:
        limits.use(profile.load(settings.CHECKS.profile).limits)
    except profile.WrongProfile as wrong:
        raise ImproperlyConfigured(f"ZHUDANG_CHECK_PROFILE: {wrong}") from wrong
