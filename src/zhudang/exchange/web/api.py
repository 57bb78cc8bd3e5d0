"""The interface for other systems: permits and applications in, acceptance out. Every no tells all reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from ninja.security import HttpBearer

from zhudang.exchange import operations, queries
from zhudang.exchange.web.schemas import (
    AcceptanceOut,
    ApplicationIn,
    ApplicationOut,
    PermitIn,
    PermitOut,
    ReasonsOut,
)
from zhudang.identity import tokens
from zhudang.identity.rights import Actor
from zhudang.shared.refusals import Conflict, Forbidden, NotFound, Reason, Refusal
from zhudang.shared.web.refusal import sentence


class Key(HttpBearer):
    """A key of an account of the sending system (`Authorization: Bearer …`)."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        actor = tokens.actor_of_token(token, timezone.now())
        if actor is not None:
            request.actor = actor  # type: ignore[attr-defined]
        return actor


api = NinjaAPI(
    title="筑档 Zhudang", version="1", urls_namespace="exchange", docs_url=None, openapi_url="openapi.json", auth=Key(),
    description="审批系统接口：许可证推送、联合验收推送、档案验收结果查询。",
)  # fmt: skip
_NOES: dict[int, Any] = {400: ReasonsOut, 401: ReasonsOut, 403: ReasonsOut, 409: ReasonsOut, 422: ReasonsOut}


@api.post("permits", response={200: PermitOut, **_NOES}, summary="推送许可证", operation_id="send_permit")
def send_permit(request: HttpRequest, message: PermitIn) -> Mapping[str, Any]:
    """Take a permit; the first one of a project brings its filing notice, a later one a supplement."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    answer = operations.take_permit(
        actor=actor, key=message.key, message=message.read(actor.username), now=timezone.now()
    )
    warnings = [
        {"code": one["code"], "message": sentence(Reason(one["code"], one["data"]))} for one in answer["warnings"]
    ]
    return {**answer, "warnings": warnings}


@api.post(
    "applications",
    response={200: ApplicationOut, **_NOES},
    summary="推送联合验收档案验收申请",
    operation_id="send_application",
)
def send_application(request: HttpRequest, message: ApplicationIn) -> Mapping[str, Any]:
    """Take a case of the joint acceptance; what is missing is told once to the client, never refused here."""
    return operations.take_application(
        actor=request.actor,  # type: ignore[attr-defined]
        key=message.key, project_code=message.project_code, mode=message.mode, contact=message.contact,
        phone=message.phone, now=timezone.now(),
    )  # fmt: skip


@api.get(
    "projects/{code}/acceptance",
    response={200: AcceptanceOut, **_NOES},
    summary="查询档案验收结果",
    operation_id="read_acceptance",
)
def read_acceptance(request: HttpRequest, code: str) -> Mapping[str, Any]:
    """Tell the completion filing whether a valid acceptance opinion covers the project; without one, a clear no."""
    return queries.acceptance(request.actor, code)  # type: ignore[attr-defined]


def _no(request: HttpRequest, status: int, reasons: Iterable[Reason]) -> HttpResponse:
    told = [
        {"code": reason.code, "message": sentence(reason), "field": str(reason.data.get("field", ""))}
        for reason in reasons
    ]
    return api.create_response(request, {"reasons": told}, status=status)


@api.exception_handler(Refusal)
def _refused(request: HttpRequest, refused: Refusal) -> HttpResponse:
    status = 403 if isinstance(refused, Forbidden) else 409 if isinstance(refused, Conflict) else 422
    return _no(request, status, refused.reasons)


@api.exception_handler(NotFound)
def _not_found(request: HttpRequest, _missing: NotFound) -> HttpResponse:
    return _no(request, 404, [Reason("rights.not_found")])


@api.exception_handler(AuthenticationError)
def _unknown_key(request: HttpRequest, _wrong: AuthenticationError) -> HttpResponse:
    return _no(request, 401, [Reason("exchange.token_wrong")])


@api.exception_handler(ValidationError)
def _wrong_shape(request: HttpRequest, wrong: ValidationError) -> HttpResponse:
    reasons = [
        Reason(
            "exchange.field_wrong",
            {"field": ".".join(str(part) for part in error["loc"][2:]) or "body", "why": error["msg"]},
        )
        for error in wrong.errors
    ]
    return _no(request, 422, reasons)
