"""Receiving: counted volume by volume by one, received by another; a certificate only for what is proven preserved."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from zhudang.handover.domain.states import TRANSFER_OPEN_TO, Mode, TransferAct, TransferState
from zhudang.shared.refusals import Reason


@dataclass(frozen=True)
class Counted:
    """A volume as listed and as counted; None means nobody has counted it."""

    title: str
    listed: tuple[int, int, int, int, int]
    counted: tuple[int | None, int | None, int | None, int | None, int | None]
    absent: bool = False
    note: str = ""

    @property
    def done(self) -> bool:
        return self.absent or all(value is not None for value in self.counted)

    @property
    def differs(self) -> bool:
        return self.absent or self.counted != self.listed


def why_not_transfer_act(state: str, act: TransferAct) -> list[Reason]:
    """Tell whether a transfer in `state` allows `act`."""
    if act in TRANSFER_OPEN_TO[TransferState(state)]:
        return []
    return [Reason("handover.transfer_not_in_this_state", {"state": state, "act": act.value})]


def why_not_count(state: str, *, numbers: Sequence[int | None], absent: bool, differs: bool, note: str) -> list[Reason]:
    """Tell everything that keeps a count from being written down."""
    reasons = why_not_transfer_act(state, TransferAct.COUNT)
    if not absent and any(number is None for number in numbers):
        reasons.append(Reason("handover.count_incomplete"))
    if any(number is not None and number < 0 for number in numbers):
        reasons.append(Reason("handover.count_negative"))
    if (absent or differs) and not note.strip():
        reasons.append(Reason("handover.difference_without_note"))
    return reasons


def why_not_receive(
    state: str, volumes: Sequence[Counted], *, counters: Collection[UUID | str], receiver: UUID | str
) -> list[Reason]:
    """Tell everything that keeps a transfer from being received."""
    reasons = why_not_transfer_act(state, TransferAct.RECEIVE)
    if not volumes:
        reasons.append(Reason("handover.nothing_arranged"))
    if left := sum(1 for volume in volumes if not volume.done):
        reasons.append(Reason("handover.volumes_left", {"count": left}))
    if volumes and all(volume.absent for volume in volumes):
        reasons.append(Reason("handover.all_absent"))
    if receiver in counters:
        reasons.append(Reason("handover.counter_receives"))
    return reasons


def why_not_certify(
    state: str, *, mode: str, volumes: int, preserved: int, promised_left: int, has_certificate: bool
) -> list[Reason]:
    """Tell everything that keeps a certificate from being issued.

    Args:
        preserved: volumes of which every copy was written and read back.
        promised_left: promised documents not yet preserved; under 验收＋承诺 the certificate waits for them.
    """
    reasons = why_not_transfer_act(state, TransferAct.CERTIFY)
    if preserved < volumes or not volumes:
        reasons.append(Reason("handover.not_all_preserved", {"volumes": volumes, "preserved": preserved}))
    if mode == Mode.COMMITMENT and promised_left:
        reasons.append(Reason("handover.promise_open", {"count": promised_left}))
    if has_certificate:
        reasons.append(Reason("handover.certified_already"))
    return reasons
