"""What every request passes: a line in the log with a number to quote, and refusals as answers."""

import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext

from zhudang.shared.refusals import Forbidden, NotFound, Refusal

log = structlog.get_logger("zhudang.request")
_MOST_FIELDS, _LONGEST_FIELD = 20, 60
"""Of a request that somebody wrote to be answered at length."""
GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestLog:
    """Give each request a number (quoted on error pages) and write one line about it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.number = uuid4().hex[:12]  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(request=request.number)  # type: ignore[attr-defined]
        began = time.monotonic()
        try:
            response = self.get_response(request)
        finally:
            structlog.contextvars.unbind_contextvars("request")
        if not request.path.startswith(("/static/", "/health/")):
            log.info(
                "request",
                number=request.number,  # type: ignore[attr-defined]
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.monotonic() - began) * 1000),
            )
        return response


class Refusals:
    """Turn a NotFound into one and the same 404, and a Refusal into a page or JSON with every reason."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Send back what holds a NUL, which no row holds: programs write it, nobody types it."""
        if not (fields := _with_nul(request)):
            return None
        told = [
            gettext("“%(field)s”里有文字不会有的字符（NUL，0x00）。请重新输入。") % {"field": each} for each in fields
        ]
        return render(request, "400.html", {"reasons": told}, status=400)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NotFound):
            return render(request, "404.html", status=404)
        if isinstance(exception, Refusal):
            return self._refuse(request, exception)
        return None

    def _refuse(self, request: HttpRequest, refusal: Refusal) -> HttpResponse:
        from zhudang.shared.web.refusal import sentences

        status = 403 if isinstance(refusal, Forbidden) else 409
        told = sentences(refusal)
        if "application/json" in request.headers.get("Accept", ""):
            reasons = [
                {"code": reason.code, "message": str(sentence)}
                for reason, sentence in zip(refusal.reasons, told, strict=True)
            ]
            return JsonResponse({"reasons": reasons}, status=status, json_dumps_params={"ensure_ascii": False})
        response = render(request, "409.html" if status == 409 else "403.html", {"reasons": told}, status=status)
        patch_vary_headers(response, ["Accept"])
        return response


def _with_nul(request: HttpRequest) -> list[str]:
    """The fields of the address and of the form, by name, that hold a NUL in name or value."""
    fields = [
        name
        for sent in (request.GET, request.POST)
        for name, values in sent.lists()
        if any("\0" in text for text in (name, *values) if isinstance(text, str))
    ]
    if "\0" in request.path:
        fields.insert(0, gettext("地址"))
    return [field.replace("\0", "")[:_LONGEST_FIELD] for field in dict.fromkeys(fields)][:_MOST_FIELDS]
