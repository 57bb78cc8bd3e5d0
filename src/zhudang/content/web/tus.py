"""tus 1.0 over plain views: headers to one call and back. The bytes stream from the request, never into memory.

Sessions and the X-CSRFToken header protect it like every form; there is no other door.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import http_date

from zhudang.content import conf, operations, store, taking, uploads, words
from zhudang.content.domain import tus
from zhudang.content.domain.tus import Malformed
from zhudang.shared.refusals import Forbidden, NotFound, Reason, Refusal
from zhudang.shared.web import refusal

_STATUS: dict[type[Refusal], int] = {
    store.DiskFull: 507,
    uploads.Busy: 423,
    uploads.WrongOffset: 409,
    uploads.AlreadyReceived: 409,
    taking.ChecksumDiffers: 460,
    uploads.Gone: 410,
    Forbidden: 403,
    operations.CannotReceive: 403,
}
_REASON_STATUS = {
    "content.too_large": 413,
    "content.more_than_announced": 413,
    "content.level_above_network": 403,
    "content.level_above_clearance": 403,
}
"""Where an upload is refused for several reasons, the gravest of these answers; 400 when none is among them."""

View = Callable[..., HttpResponse]


def _protocol(view: View) -> View:
    """Speak the protocol around a view: version both ways, refusals as JSON with every reason."""

    @wraps(view)
    def speaking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = _answer(view, request, *args, **kwargs)
        response["Tus-Resumable"] = tus.VERSION
        response["Cache-Control"] = "no-store"
        return response

    return speaking


def _answer(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != tus.VERSION:
        response = _told(412, Reason("content.version_unknown"))
        response["Tus-Version"] = tus.VERSION
        return response
    if request.method != "OPTIONS" and not request.actor.authenticated:  # type: ignore[attr-defined]
        return _told(401, Reason("content.sign_in_first"))
    try:
        return view(request, *args, **kwargs)
    except Malformed as problem:
        return _told(400, Reason("content.header_malformed", {"header": problem.header}))
    except NotFound:
        return _told(404, Reason("content.no_such_upload"))
    except Refusal as refused:
        return _told(_status_of(refused), *refused.reasons)


def _status_of(refused: Refusal) -> int:
    for kind, status in _STATUS.items():
        if isinstance(refused, kind):
            return status
    return max((_REASON_STATUS.get(reason.code, 400) for reason in refused.reasons), default=400)


def _told(status: int, *reasons: Reason) -> JsonResponse:
    told = [{"code": r.code, "message": refusal.sentence(r), "data": dict(r.data)} for r in reasons]
    return JsonResponse({"reasons": told}, status=status, json_dumps_params={"ensure_ascii": False})


@_protocol
def uploads_view(request: HttpRequest) -> HttpResponse:
    """Tell what this server offers (OPTIONS), or begin an upload (POST), with its first bytes if they came along."""
    if request.method == "OPTIONS":
        return _offer()
    if request.method != "POST":
        return _not_allowed("OPTIONS, POST")
    if "Upload-Defer-Length" in request.headers:
        raise Malformed("Upload-Length")
    length = tus.read_length(request.headers.get("Upload-Length"), "Upload-Length")
    metadata = tus.read_metadata(request.headers.get("Upload-Metadata", ""))
    checksum = tus.read_checksum(request.headers.get("Upload-Checksum"))
    body_bytes = _body_bytes(request)
    if body_bytes and request.content_type != tus.CONTENT_TYPE:
        return _told(415, Reason("content.content_type"))
    if (body_bytes or 0) > length:
        raise uploads.CannotUpload(Reason("content.more_than_announced", {"length": length}))
    actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
    progress = uploads.create(actor=actor, length=length, metadata=metadata, now=now)
    location = reverse("content:tus_upload", args=[progress.id])
    failed: HttpResponse | None = None
    if body_bytes:
        try:
            progress = uploads.append(
                actor=actor,
                upload_id=progress.id,
                offset=0,
                body=request,
                body_bytes=body_bytes,
                checksum=checksum,
                now=now,
            )
        except Refusal as refused:
            # The upload exists and can go on; the client learns where it is and why these bytes do not count.
            failed = _told(_status_of(refused), *refused.reasons)
    response = failed or HttpResponse(status=201)
    response["Location"] = location
    return _with_progress(response, progress)


def _offer() -> HttpResponse:
    response = HttpResponse(status=204)
    response["Tus-Version"] = tus.VERSION
    response["Tus-Extension"] = ",".join(tus.EXTENSIONS)
    response["Tus-Checksum-Algorithm"] = ",".join(tus.CHECKSUM_ALGORITHMS)
    response["Tus-Max-Size"] = str(conf.largest_upload())
    return response


def _not_allowed(allowed: str) -> HttpResponse:
    response = HttpResponse(status=405)
    response["Allow"] = allowed
    return response


def _body_bytes(request: HttpRequest) -> int | None:
    text = request.META.get("CONTENT_LENGTH") or None
    return tus.read_length(text, "Content-Length") if text else None


def _with_progress(response: HttpResponse, progress: uploads.Progress) -> HttpResponse:
    response["Upload-Offset"] = str(progress.offset)
    response["Upload-Expires"] = http_date(progress.expires_at.timestamp())
    if progress.file_id:
        response["Zhudang-File"] = str(progress.file_id)
    return response


@_protocol
def upload_view(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Tell how far an upload is (HEAD), take more of it (PATCH), or end it (DELETE)."""
    actor = request.actor  # type: ignore[attr-defined]
    if request.method == "OPTIONS":
        return _offer()
    if request.method == "HEAD":
        progress = uploads.progress(actor=actor, upload_id=upload_id)
        response = _with_progress(HttpResponse(status=200), progress)
        response["Upload-Length"] = str(progress.length)
        if progress.metadata:
            response["Upload-Metadata"] = progress.metadata
        return response
    if request.method == "PATCH":
        return _patch(request, upload_id)
    if request.method == "DELETE":
        uploads.terminate(actor=actor, upload_id=upload_id)
        return HttpResponse(status=204)
    return _not_allowed("OPTIONS, HEAD, PATCH, DELETE")


def _patch(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    if request.content_type != tus.CONTENT_TYPE:
        return _told(415, Reason("content.content_type"))
    offset = tus.read_length(request.headers.get("Upload-Offset"), "Upload-Offset")
    checksum = tus.read_checksum(request.headers.get("Upload-Checksum"))
    body_bytes = _body_bytes(request)
    if body_bytes is None:
        return _told(411, Reason("content.length_missing"))
    progress = uploads.append(
        actor=request.actor,  # type: ignore[attr-defined]
        upload_id=upload_id,
        offset=offset,
        body=request,
        body_bytes=body_bytes,
        checksum=checksum,
        now=timezone.now(),
    )
    return _with_progress(HttpResponse(status=204), progress)


def facts(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Tell as JSON how far an upload is and, once all bytes are here, whether they are verified."""
    actor = request.actor  # type: ignore[attr-defined]
    try:
        progress = uploads.progress(actor=actor, upload_id=upload_id)
    except uploads.Gone as refused:
        return _told(410, *refused.reasons)
    told = {
        "id": str(progress.id),
        "state": progress.state,
        "offset": progress.offset,
        "length": progress.length,
        "name": progress.name,
        "file": str(progress.file_id) if progress.file_id else None,
        "message": str(words.UPLOAD_STATES[progress.state]),
        "reasons": [{"code": r.code, "message": refusal.sentence(r)} for r in progress.refused_because],
    }
    response = JsonResponse(told, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    return response
