"""Messages of the approval system taken in: each once, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from zhudang.exchange.models import Message
from zhudang.exchange.taking import PermitMessage, take
from zhudang.handover import operations as handover
from zhudang.handover.domain.states import Mode
from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry
from zhudang.shared.plain import plain
from zhudang.shared.refusals import Conflict, NotFound, Reason, Refusal

Answer = Mapping[str, Any]


class CannotTake(Refusal):
    """A message cannot be taken; every reason at once. Nothing of it was kept."""


def take_permit(*, actor: Actor, key: str, message: PermitMessage, now: datetime) -> Answer:
    """Take a permit: enter or update its project and unit works, then record it, which brings the notice.

    Args:
        key: the sender's own key (DFSJZJ); the same key with the same content gives the same answer.

    Raises:
        CannotTake: with every reason. Conflict: the key was used for something else.
    """
    rights.demand(actor, "exchange.permit.send")

    def act() -> Answer:
        reasons: list[Reason] = []
        answer = take(actor, message, now, reasons)
        if reasons:
            raise CannotTake(*reasons)
        return answer

    return _once(actor, "permit", key, message.as_dict(), now, act)


def take_application(
    *, actor: Actor, key: str, project_code: str, mode: str, now: datetime, contact: str = "", phone: str = ""
) -> Answer:
    """Take a case of the joint completion acceptance; it is never refused for what is missing (A1).

    Raises:
        CannotTake: only for a project nobody registered, or a mode nobody knows.
    """
    rights.demand(actor, "exchange.permit.send")
    body = {"project_code": project_code, "mode": mode, "contact": contact, "phone": phone}

    def act() -> Answer:
        reasons = []
        project_id = _project(actor, project_code)
        if project_id is None:
            reasons.append(Reason("exchange.project_unknown", {"value": project_code}))
        if mode not in set(Mode):
            reasons.append(Reason("exchange.mode_unknown", {"value": mode}))
        if reasons or project_id is None:
            raise CannotTake(*reasons)
        application = handover.take_pushed_application(
            actor=actor, project_id=project_id, external_ref=key, mode=mode, contact=contact, phone=phone, now=now
        )
        return {"project_id": str(project_id), "application_id": str(application)}

    return _once(actor, "application", key, body, now, act)


def _project(actor: Actor, code: str) -> UUID | None:
    try:
        return registry.project_by_code(actor, code)
    except NotFound:
        return None


def _take_turns() -> None:
    """Let one message at a time in: two about one new project, or one new client, must find each other's rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('exchange.take'))")


def _once(actor: Actor, act: str, key: str, body: Mapping[str, Any], now: datetime, do: Callable[[], Answer]) -> Answer:
    if not key.strip():
        raise CannotTake(Reason("exchange.key_missing", {}))
    digest = hashlib.sha256(json.dumps(plain(body), sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    who = {"account_id": actor.account_id, "act": act, "key": key.strip()}
    try:
        with transaction.atomic():
            _take_turns()
            # The unique row comes first: the same message at the same moment waits here, then finds the answer.
            with transaction.atomic():
                message = Message.objects.create(**who, body_sha256=digest, received_at=now)
            message.answer = plain(do())
            message.save(update_fields=["answer"])
            return message.answer
    except IntegrityError:
        known = Message.objects.filter(**who).first()
        if known is None:
            raise
    if known.body_sha256 != digest:
        raise Conflict(Reason("exchange.key_reused", {"key": key}))
    return {**known.answer, "repeated": True}
