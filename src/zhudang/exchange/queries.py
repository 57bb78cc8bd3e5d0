"""What other systems may ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhudang.handover import queries as handover
from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry
from zhudang.registry.domain import identifiers
from zhudang.shared.refusals import NotFound

UNKNOWN: Mapping[str, Any] = {
    "known": False,
    "accepted": False,
    "reason": "unknown_project",
    "opinion": None,
    "transfer": 0,
}


def acceptance(actor: Actor, code: str) -> Mapping[str, Any]:
    """Answer the completion filing (A3): accepted or a clear no, with the reason.

    A project this sender may not know of is answered exactly as one that does not exist.
    """
    rights.demand(actor, "exchange.status.read")
    value = identifiers.normalise(code)
    try:
        registry.project_by_code(actor, value)
    except NotFound:
        return {"project": value, **UNKNOWN}
    return handover.acceptance_state(value)
