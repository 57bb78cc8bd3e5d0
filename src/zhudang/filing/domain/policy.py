"""What a city may decide differently, read from data and checked: every value has its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zhudang.filing.domain.codes import faults_in_template


@dataclass(frozen=True)
class Policy:
    """The installation's filing policy."""

    once_per_project: tuple[str, ...]
    two_sets_for_all: bool
    soon_working_days: int
    archive_retention: str
    text_mm: float
    drawing_mm: float
    text_pages_per_mm: float
    layers: Mapping[str, int]
    layers_per_mm: float
    code_template: str
    file_template: str
    accession_template: str
    class_of_kind: Mapping[str, str]
    sources: Mapping[str, tuple[str, str]]


def read_policy(data: Mapping[str, Any]) -> Policy:
    """Read the policy's data; a missing value raises KeyError with its name."""
    sources = {
        name: (section.get("source", ""), section.get("doubt", ""))
        for name, section in data.items()
        if isinstance(section, Mapping)
    }
    classes = {k: v for k, v in data["class_of_kind"].items() if k not in {"source", "doubt"}}
    return Policy(
        once_per_project=tuple(data["once_per_project"]["parts"]),
        two_sets_for_all=bool(data["two_sets"]["for_all"]),
        soon_working_days=int(data["soon"]["working_days"]),
        archive_retention=str(data["retention"]["archive_default"]),
        text_mm=float(data["thickness"]["text_mm"]),
        drawing_mm=float(data["thickness"]["drawing_mm"]),
        text_pages_per_mm=float(data["sheets"]["text_pages_per_mm"]),
        layers={k: int(v) for k, v in data["sheets"]["layers"].items()},
        layers_per_mm=float(data["sheets"]["layers_per_mm"]),
        code_template=data["reference_code"]["template"],
        file_template=data["reference_code"]["file_template"],
        accession_template=data["accession"]["template"],
        class_of_kind=classes,
        sources=sources,
    )


def faults_in_policy(policy: Policy) -> list[str]:
    """Tell everything that keeps this policy from being used."""
    faults = [f"{name}: no source" for name, (source, _doubt) in policy.sources.items() if not source]
    if policy.text_mm <= 0 or policy.drawing_mm <= 0:
        faults.append("thickness: must be above zero")
    if policy.text_pages_per_mm <= 0 or policy.layers_per_mm <= 0:
        faults.append("sheets: must be above zero")
    if policy.archive_retention not in {"permanent", "long", "short"}:
        faults.append(f"retention: {policy.archive_retention!r} is unknown")
    faults += faults_in_template(policy.code_template, needed={"volume"})
    faults += faults_in_template(policy.file_template, needed={"volume_code", "file"}, only=True)
    faults += faults_in_template(policy.accession_template, needed={"number"})
    return faults
