"""What the log tells of lines that were destroyed, of the places they were cleared at, and of stays; and where the rows say otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from zhudang.audit import queries as audit
from zhudang.preservation.disposal import owed
from zhudang.preservation.disposal.as_told import (
    GONE,
    OTHERWISE,
    OUTCOME,
    UNTOLD,
    Act,
    Difference,
    Row,
    moment_or_plain,
    plain_row,
    sha256_of,
)
from zhudang.preservation.disposal.models import DisposalCase, DisposalItem, DisposalStay, DisposalStep
from zhudang.preservation.domain.disposal import Outcome

STAY = ("object_id", "because", "placed_by", "placed_at", "lifted_by", "lifted_at", "lifted_because")
_REBUILT = "preservation.catalogue.rebuilt"
_SPARED = {Outcome.KEPT.value, Outcome.EXTENDED.value}


@dataclass
class Destroyed:
    """What the log tells of destroyed volumes, by the volume's id.

    Attributes:
        cleared: (volume, place) -> the act that told it clear.
        keys: (volume, place) -> SHA-256 of the keys a bucket was last seen to hold.
    """

    acts: dict[UUID, Act] = field(default_factory=dict)
    cleared: dict[tuple[UUID, str], Act] = field(default_factory=dict)
    keys: dict[tuple[UUID, str], str] = field(default_factory=dict)


def read_destroyed() -> Destroyed:
    """Read what the log tells of all destroyed volumes."""
    found = Destroyed()
    for row in audit.entries(act="preservation.volume.").order_by(*audit.AS_WRITTEN).iterator(chunk_size=1000):
        act = Act(row.act.rsplit(".", 1)[1], row.actor, row.at, row.data)
        if act.name not in {"destroyed", "cleared", "keys_listed"}:
            continue
        volume = UUID(row.subject.rsplit(":", 1)[1])
        if act.name == "destroyed":
            found.acts[volume] = act
            found.keys |= {(volume, place): sha256 for place, sha256 in row.data.get("keys_sha256", {}).items()}
        elif act.name == "cleared":
            found.cleared[volume, row.data["place"]] = act
        else:
            found.keys[volume, row.data["place"]] = row.data["keys_sha256"]
    return found


def line_differences(case: DisposalCase, destroyed: Destroyed) -> Iterator[Difference]:
    """Where what became of a case's destroyed lines, or the steps they went by, is not what the log tells."""
    items = {item.pk: item for item in case.items.filter(outcome=Outcome.DESTROYED.value)}
    steps: dict[UUID, dict[str, DisposalStep]] = {pk: {} for pk in items}
    for step in DisposalStep.objects.filter(item__case=case).iterator(chunk_size=1000):
        if step.item_id in items:
            steps[step.item_id][step.place] = step
        else:
            yield Difference(UNTOLD, f"step {step.place}")
    for pk, item in items.items():
        if act := destroyed.acts.get(item.object_id):
            yield from _line(item, act, steps[pk], destroyed)


def _line(
    item: DisposalItem, act: Act, steps: Mapping[str, DisposalStep], destroyed: Destroyed
) -> Iterator[Difference]:
    name = f"line {item.position}"
    told = {"outcome_at": moment_or_plain(act.at), "outcome_by": act.actor}
    found = plain_row(item, OUTCOME)
    told |= {"outcome_because": "", "extended_until": None}
    yield from (Difference(OTHERWISE, f"{name}: {key}") for key, value in told.items() if found[key] != value)
    held = set(act.data.get("held_at", ()))
    wanted = {
        owed.WORKING_STORE,
        owed.SEARCH_INDEX,
        *held,
        *(f"{owed.SITE}{code}" for code in act.data.get("gone_at", ())),
    }
    for place in sorted(wanted | steps.keys()):
        if place not in steps:
            yield Difference(GONE, f"{name}, step {place}")
        elif place not in wanted:
            yield Difference(UNTOLD, f"{name}, step {place}")
        else:
            said = _step_told(item, place, act, destroyed)
            step = steps[place]
            row = {
                **step.proof,
                "proof": step.proof,
                "gone": step.gone,
                "at": moment_or_plain(step.at),
                "place_name": step.place_name,
            }
            for key, value in said.items():
                if row.get(key) != value:
                    yield Difference(OTHERWISE, f"{name}, step {place}: {key}")


def _step_told(item: DisposalItem, place: str, act: Act, destroyed: Destroyed) -> Row:
    """What the log tells of a destroyed line at one place: whether it is gone, since when, and of the proof what acts told."""
    data = act.data
    cleared = destroyed.cleared.get((item.object_id, place))
    held = place in data.get("held_at", ())
    said: Row = {"gone": bool(cleared) or not held, "at": moment_or_plain((cleared or act).at)}
    if place in data.get("places", {}):
        said["place_name"] = data["places"][place]
    if place in {owed.WORKING_STORE, owed.SEARCH_INDEX}:
        said["place_name"] = ""
    if not held:
        proof = _proof_told(place, data)
        # Acts of earlier versions told less of the proof.
        said |= {"proof": proof} if "removed" in data else proof
    elif "was_sha512" in data:
        said["was_sha512"] = data["was_sha512"]
    if place in data.get("held_because", {}):
        said["why"] = data["held_because"][place]
    if sha256 := destroyed.keys.get((item.object_id, place)):
        said["keys_sha256"] = sha256
    if cleared:
        said |= {key: value for key, value in cleared.data.items() if key not in {"case", "list_sha256", "place"}}
    return said


def _proof_told(place: str, data: Mapping[str, Any]) -> Row:
    """The proof of a place that was cleared by the execution itself."""
    if place == owed.WORKING_STORE:
        return dict(data.get("removed") or {key: data[key] for key in ("shared",) if key in data})
    if place == owed.SEARCH_INDEX:
        return {"left": 0}
    further = {"further": [each["object"] for each in data["further"]]} if data.get("further") else {}
    told = {key: data[key] for key in ("tombstone_sha512", "was_sha512") if key in data}
    return {**told, **further}


def digest_of(
    case: DisposalCase, destroyed: Destroyed | None = None, *, after: datetime | None, spared_later: bool = False
) -> str:
    """SHA-256 of what became of a case's lines and of their steps, as it was when a rebuilding brought them back.

    Args:
        after: the rebuilding's moment: what acts told since is left out. None: as it is now.
    """
    later = destroyed or Destroyed()
    gone = {volume for volume, act in later.acts.items() if after and act.at > after}
    cleared = {key for key, act in later.cleared.items() if after and act.at > after}
    steps: dict[UUID, list[Any]] = {}
    for step in DisposalStep.objects.filter(item__case=case).select_related("item").order_by("item__position", "place"):
        was_gone = step.gone and (step.item.object_id, step.place) not in cleared
        proof = [moment_or_plain(step.at), step.proof] if was_gone else []
        steps.setdefault(step.item_id, []).append([step.place, step.place_name, was_gone, *proof])
    told = [
        [item.position, plain_row(item, OUTCOME), steps.get(item.pk, [])]
        for item in case.items.exclude(outcome="").order_by("position")
        if item.object_id not in gone and not (spared_later and item.outcome in _SPARED)
    ]
    return sha256_of(told)


def stay_differences(volumes: Collection[UUID] | None = None) -> Iterator[tuple[str, Difference]]:
    """Stays that are not as the log tells them, or that one side alone knows, each with its volume's id.

    Args:
        volumes: those on these volumes only.
    """
    told, volume_of = _stays_told()
    rows = {str(stay.pk): stay for stay in DisposalStay.objects.all()}
    rebuilt = audit.entries(act=_REBUILT).order_by("at").last()
    for pk in sorted(told.keys() | rows.keys()):
        stay = rows.get(pk)
        own = {str(stay.object_id)} if stay else set()
        if volumes is not None and not (own | {volume_of.get(pk, "")}) & {str(each) for each in volumes}:
            continue
        subject = volume_of.get(pk) or next(iter(own), "")
        if stay is None:
            yield subject, Difference(GONE, f"stay {pk}")
        elif pk not in told:
            # Rebuildings by an earlier version told nothing of stays.
            if rebuilt is None or stay.placed_at > rebuilt.at:
                yield subject, Difference(UNTOLD, f"stay {pk}")
        else:
            found = plain_row(stay, STAY)
            for name, value in told[pk].items():
                if found[name] != value:
                    yield subject, Difference(OTHERWISE, f"stay {pk}: {name}")


def _stays_told() -> tuple[dict[str, Row], dict[str, str]]:
    told: dict[str, Row] = {}
    volume_of: dict[str, str] = {}
    for row in audit.entries(act="preservation.disposal.").filter(data__has_key="stay").order_by(*audit.AS_WRITTEN):
        pk, at = row.data["stay"], moment_or_plain(row.at)
        match row.act.rsplit(".", 1)[1]:
            case "stay_placed":
                told[pk] = {
                    "because": row.data["because"], "placed_by": row.actor, "placed_at": at, "lifted_by": "",
                    "lifted_at": None, "lifted_because": "",
                }  # fmt: skip
                volume_of[pk] = row.data.get("volume") or row.subject.rsplit(":", 1)[1]
                if "volume" in row.data:
                    told[pk]["object_id"] = row.data["volume"]
            case "stay_lifted":
                lifted = {"lifted_by": row.actor, "lifted_at": at, "lifted_because": row.data["because"]}
                told[pk] = told.get(pk, {}) | lifted
                volume_of.setdefault(pk, row.subject.rsplit(":", 1)[1])
            case "restored":
                told[pk] = dict(row.data["row"])
                volume_of[pk] = told[pk]["object_id"]
    return told, volume_of
