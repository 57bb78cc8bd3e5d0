"""Language, light or dark, shortcuts: kept with the account, worn by the browser as cookies."""

from django.conf import settings
from django.http import HttpResponse

_YEAR = 365 * 86_400


def wear(response: HttpResponse, language: str, theme: str, shortcuts_on: bool) -> None:
    """Give the browser what the account prefers; what is left open stays as this browser has it."""
    if language in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=_YEAR, samesite="Lax")
    if theme in {"light", "dark"}:
        response.set_cookie("theme", theme, max_age=_YEAR, samesite="Lax")
    response.set_cookie("keys", "on" if shortcuts_on else "off", max_age=_YEAR, samesite="Lax")
