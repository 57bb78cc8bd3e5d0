"""What a city decides about acceptance and transfer; every value with its source and its doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from zhudang.documents.city import overlaid
from zhudang.handover.domain.states import LateGround, Mode

_BUILT_IN = Path(__file__).parent / "data" / "handover.json"


@dataclass(frozen=True)
class Policy:
    """The values in force.

    Attributes:
        formed_after_acceptance: milestones whose documents can only be formed after the completion acceptance.
        sources: name -> (source, doubt), shown where the value is shown.
    """

    opinion_issuer: str
    review_working_days: Mapping[str, int]
    transfer_modes: Sequence[str]
    commitment_months_at_most: int
    transfer_months_after_acceptance: int
    formed_after_acceptance: frozenset[str]
    late_grounds: Sequence[str]
    legal_bases: Sequence[str]
    sources: Mapping[str, tuple[str, str]]

    def days_for(self, kind: str) -> int:
        """Working days of a review; the longest known where the kind of works is not named."""
        return self.review_working_days.get(kind, max(self.review_working_days.values()))


def read_policy(data: Mapping[str, Any]) -> Policy:
    """Build the policy from its data; a missing value raises KeyError with its name."""
    value = {name: row["value"] for name, row in data.items()}
    return Policy(
        opinion_issuer=str(value["opinion_issuer"]),
        review_working_days={str(k): int(v) for k, v in value["review_working_days"].items()},
        transfer_modes=tuple(value["transfer_modes"]),
        commitment_months_at_most=int(value["commitment_months_at_most"]),
        transfer_months_after_acceptance=int(value["transfer_months_after_acceptance"]),
        formed_after_acceptance=frozenset(value["formed_after_acceptance"]),
        late_grounds=tuple(value["late_grounds"]),
        legal_bases=tuple(value["legal_bases"]),
        sources={name: (str(row.get("source", "")), str(row.get("doubt", ""))) for name, row in data.items()},
    )


def faults_in(policy: Policy) -> list[str]:
    """Tell everything that keeps this policy from being used."""
    faults = [f"{name}: no source" for name, (source, _doubt) in policy.sources.items() if not source]
    if policy.opinion_issuer not in {"archive", "department"}:
        faults.append(f"opinion_issuer: {policy.opinion_issuer!r} is neither archive nor department")
    if unknown := set(policy.transfer_modes) - set(Mode) or set(policy.late_grounds) - set(LateGround):
        faults.append(f"unknown values: {sorted(unknown)}")
    if not policy.transfer_modes:
        faults.append("transfer_modes: none")
    if not policy.review_working_days or min(policy.review_working_days.values()) < 1:
        faults.append("review_working_days: at least one day each")
    if not 1 <= policy.commitment_months_at_most <= 3:
        faults.append("commitment_months_at_most: the notice of 2024-03-22 allows no more than three")
    return faults


@cache
def policy() -> Policy:
    """The policy in force: built-in values with the city pack's laid over.

    Raises:
        ValueError: with every fault.
    """
    found = read_policy(overlaid(_BUILT_IN))
    if faults := faults_in(found):
        raise ValueError("; ".join(faults))
    return found
