"""What somebody typed into a form that was refused, kept for the page it goes back to: nobody types reasons twice.

Kept in the session until that page is shown once; a password never is.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from zhudang.shared.web.refusal import heading_of

_KEY = "preservation.tried"
_SECRET = {"csrfmiddlewaretoken", "password"}
_LONGEST = 20_000


def keep(request: HttpRequest, page: Any, form: str, reasons: list[str]) -> None:
    """Keep what was typed into a form of a page, with the reasons why it was refused."""
    given = {name: value[:_LONGEST] for name, value in request.POST.items() if name not in _SECRET}
    told = {"heading": heading_of(len(reasons)), "reasons": reasons}
    request.session[_KEY] = {"page": str(page), "form": form, "given": given, "refused": told}


def take(request: HttpRequest, page: Any, shown: set[str]) -> dict[str, Any]:
    """What was tried on a page, once, for its template: `given` by form, `refused` by form.

    Args:
        shown: forms the page has now; reasons of one it has no more stand under `page`.
    """
    tried = request.session.get(_KEY)
    if not tried or tried["page"] != str(page):
        return {"given": {}, "refused": {}}
    del request.session[_KEY]
    form = tried["form"]
    return {"given": {form: tried["given"]}, "refused": {form if form in shown else "page": tried["refused"]}}
