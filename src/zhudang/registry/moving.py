"""Phases moved from one project to another: what hangs on them above the registry goes with them.

The registry may not know what was collected for a unit work. Upper contexts hand their answer down
here, as they do to content's places, and are asked inside the act's transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from zhudang.shared.refusals import Reason


@dataclass(frozen=True, slots=True)
class Move:
    """Phases on their way from one project to another.

    Args:
        whole: the source goes over entirely, so what belongs to it as a whole goes too.
        client_id: the target's client.
    """

    source_id: UUID
    target_id: UUID
    client_id: UUID
    phase_ids: frozenset[UUID]
    unit_work_ids: frozenset[UUID]
    whole: bool


WhyNot = Callable[[Move], list[Reason]]
Follow = Callable[[Move], None]
_asked: list[tuple[WhyNot, Follow]] = []


def register(why_not: WhyNot, follow: Follow) -> None:
    """Let a context object to a move, and follow one."""
    if (why_not, follow) not in _asked:
        _asked.append((why_not, follow))


def why_not_move(move: Move) -> list[Reason]:
    """Gather what keeps the phases from moving."""
    return [reason for why_not, _follow in _asked for reason in why_not(move)]


def follow_move(move: Move) -> None:
    """Let everything that hangs on the phases go with them."""
    for _why_not, follow in _asked:
        follow(move)
