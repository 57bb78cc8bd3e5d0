"""Stored bytes, their pictures and their check reports over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from zhudang.content import checking, derivatives, operations, queries, serving
from zhudang.content.web import pages
from zhudang.shared.refusals import NotFound
from zhudang.shared.web import refusal as refusals

SHOWN_IN_BROWSERS = frozenset(
    {
        "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp",
        "audio/mpeg", "audio/wav", "audio/x-wav", "audio/flac", "audio/ogg", "audio/mp4",
        "video/mp4", "video/webm", "video/ogg", "text/plain",
    }
)  # fmt: skip
"""Types a browser may show in place; everything else, and everything unchecked, is only saved."""

_SEND_BYTES = 256 * 1024
_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")


@require_safe
def file_bytes(request: HttpRequest, file_id: UUID) -> HttpResponseBase:
    """The bytes of a file as received, whole or one range of them."""
    file = queries.file_for(request.actor, file_id)  # type: ignore[attr-defined]
    shown = file.mime in SHOWN_IN_BROWSERS and "download" not in request.GET
    if request.headers.get("If-None-Match") == f'"{file.id}"':
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        response = _bytes_response(request, file)
    response["Content-Disposition"] = content_disposition_header(not shown, file.name) or "attachment"
    response["Accept-Ranges"] = "bytes"
    # The file's own identifier, not its digest: equal content must not show.
    response["ETag"] = f'"{file.id}"'
    return _kept_in(response)


def _bytes_response(request: HttpRequest, file: queries.StoredFile) -> HttpResponseBase:
    kind = file.mime if file.mime in SHOWN_IN_BROWSERS else "application/octet-stream"
    if kind == "text/plain":
        kind = "text/plain; charset=utf-8"
    wanted = _range_of(request.headers.get("Range", ""), file.size)
    if wanted is None:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{file.size}"
        return response
    start, end = wanted
    partial = (start, end) != (0, file.size)
    body: Iterator[bytes] = iter(()) if request.method == "HEAD" else _Piece(serving.opened_to_show(file), start, end)
    answer = StreamingHttpResponse(body, status=206 if partial else 200, content_type=kind)
    answer["Content-Length"] = str(end - start)
    if partial:
        answer["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    return answer


def _range_of(header: str, size: int) -> tuple[int, int] | None:
    """Read one byte range as (start, end), end excluded; the whole for none or several; None when outside."""
    match = _RANGE.match(header.strip())
    if not match or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None


class _Piece:
    """Bytes from `start` to `end` of an open file; the server closes it, read or not."""

    def __init__(self, stream: BinaryIO, start: int, end: int) -> None:
        self._stream, self._left = stream, end - start
        stream.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self._stream.read(min(_SEND_BYTES, self._left)) if self._left else b""
        if not chunk:
            raise StopIteration
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()


def _kept_in(response: HttpResponseBase) -> HttpResponseBase:
    """Whatever a stranger's file contains, it runs nothing and reaches nothing here."""
    response["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-cache"
    return response


@require_safe
def page_preview(request: HttpRequest, file_id: UUID, page: int) -> HttpResponseBase:
    """A picture of one page, `?w=` pixels wide."""
    file = queries.file_for(request.actor, file_id)  # type: ignore[attr-defined]
    width = request.GET.get("w", "960")
    wanted = int(width) if width.isascii() and width.isdigit() and len(width) < 6 else 960
    return _picture(derivatives.page_picture(file, page, wanted), "image/png")


@require_safe
def tiles(request: HttpRequest, file_id: UUID) -> HttpResponseBase:
    """The deep zoom description of an image."""
    file = queries.file_for(request.actor, file_id)  # type: ignore[attr-defined]
    return _picture(derivatives.tile_description(file), "application/xml")


@require_safe
def tile(request: HttpRequest, file_id: UUID, level: int, column: int, row: int) -> HttpResponseBase:
    """One tile of an image."""
    file = queries.file_for(request.actor, file_id)  # type: ignore[attr-defined]
    return _picture(derivatives.tile_picture(file, level, column, row), "image/jpeg")


def _picture(path: Path, kind: str) -> HttpResponseBase:
    response = FileResponse(path.open("rb"), content_type=kind)
    response["Cache-Control"] = "private, max-age=3600"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
def report(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """The check report of a file, for people."""
    file = queries.file_for(request.actor, file_id)  # type: ignore[attr-defined]
    page = pages.report_page(request.actor, queries.report(file.id), get_language() or "zh")  # type: ignore[attr-defined]
    return render(request, "content/report.html", {"page": page})


@require_safe
def report_json(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """The check report of a file, for machines."""
    file = queries.file_for(request.actor, file_id)  # type: ignore[attr-defined]
    return JsonResponse(
        pages.report_for_machines(queries.report(file.id)), json_dumps_params={"ensure_ascii": False, "indent": 1}
    )


@require_POST
def check_again(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Owe a file another check."""
    file = queries.file_for(request.actor, file_id)  # type: ignore[attr-defined]
    checking.check_again(actor=request.actor, file_ids=[file.id], now=timezone.now())  # type: ignore[attr-defined]
    messages.info(request, _("已排队重新检测；结果出来前仍显示上一次的结论。"))
    return redirect("content:report", file_id)


@require_POST
def withdraw(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Take a file back before it is delivered."""
    file = queries.file_for(request.actor, file_id)  # type: ignore[attr-defined]
    if file.project_id is None:
        raise NotFound
    try:
        operations.withdraw(actor=request.actor, file_id=file_id, now=timezone.now())  # type: ignore[attr-defined]
    except operations.CannotWithdraw as refused:
        refusals.tell(request, refused, _("文件不能撤回："))
        return redirect("content:report", file_id)
    messages.success(request, _("已撤回《%(name)s》。") % {"name": file.name})
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    return wanted if wanted.startswith("/") and not wanted.startswith("//") else "/"
