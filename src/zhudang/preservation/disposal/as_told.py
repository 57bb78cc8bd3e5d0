"""What the log tells of a case, act by act, and where the rows say otherwise: a hand in the tables turns nothing around unseen.

Each act tells who, when and what; together they give every field of the case, its opinions, its signatures and the lines the
committee spared. What an act of an earlier version did not tell (a name, the rules' digest) is not compared. A rebuilding
tells the rows as they came back, and the acts after it go on from there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from zhudang.preservation.disposal.models import DisposalCase, DisposalItem, DisposalOpinion
from zhudang.preservation.domain.disposal import CaseState, Outcome, legal_day
from zhudang.shared.plain import plain

OTHERWISE, GONE, UNTOLD = "DSP-007", "DSP-008", "DSP-004"
"""A field says otherwise than the log; a row the log tells of is not there; a row or step the log tells nothing of."""
OPINION = ("username", "name", "agrees", "reasons", "at")
SIGNATURE = ("place", "username", "name", "list_sha256", "note", "at")
OUTCOME = ("outcome", "outcome_at", "outcome_by", "outcome_because", "extended_until", "tombstone_sha512")
_NOT_COMPARED = {"id", "work_id", "rules"}
_UNDECIDED: Mapping[str, Any] = {
    "approved_sha256": "", "decided_by": "", "decided_name": "", "decided_at": None, "decided_because": "", "wait_until": None,
    "executor": "", "executor_name": "", "called_at": None, "began_at": None, "halted_because": {}, "ended_by": "",
    "ended_name": "", "ended_at": None, "ended_because": "",
}  # fmt: skip
_SPOKEN = {CaseState.APPRAISING, CaseState.REFUSED, CaseState.STOPPED}
"""Where a case may stand that a member is against."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Act:
    """One act of the log on a case: its last word, who, when, and what it told."""

    name: str
    actor: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One thing the rows say otherwise than the log.

    Args:
        what: the row and the field, as `case: wait_until` or `opinion keeper: agrees`.
    """

    code: str
    what: str


@dataclass
class Told:
    """What the acts told up to the last of them.

    Attributes:
        case: field -> value; a field the log does not tell is not in it.
        opinions: by member. signatures: by place and witness.
        spared_at: when the committee's wishes to keep volumes were carried out.
        partly: a rebuilding by an earlier version brought rows back and told only digests.
        restored: what the newest rebuilding told of the case, and when.
    """

    case: Row = field(default_factory=dict)
    opinions: dict[str, Row] = field(default_factory=dict)
    signatures: dict[tuple[str, str], Row] = field(default_factory=dict)
    spared_at: str | None = None
    partly: bool = False
    restored: Act | None = None


def told_by(acts: Iterable[Act]) -> Told:
    """Put the acts on one case together, in their order."""
    told = Told()
    for act in acts:
        if step := _STEPS.get(act.name):
            step(told, act)
    return told


def differences(case: DisposalCase, acts: Iterable[Act]) -> Iterator[Difference]:
    """Where the case, its opinions and its signatures are not what the log tells, and acts that could not follow each other."""
    acts = list(acts)
    told = told_by(acts)
    yield from _compared("case", told.case, case_row(case))
    opinions = {row.username: opinion_row(row) for row in case.opinions.all()}
    yield from _rows("opinion", told.opinions, opinions, partly=told.partly)
    signatures = {(row.place, row.username): plain_row(row, SIGNATURE) for row in case.signatures.all()}
    yield from _rows("signature", told.signatures, signatures, partly=told.partly)
    yield from _out_of_order(case, told, acts)


def spared_differences(case: DisposalCase, items: Iterable[DisposalItem], acts: Iterable[Act]) -> Iterator[Difference]:
    """Where the volumes the committee kept, or did not keep, are others than the opinions in the log say."""
    told = told_by(acts)
    by_id = {str(item.pk): item for item in items}
    codes = {pk: item.reference_code for pk, item in by_id.items()}
    for opinion in case.opinions.all():
        if (said := told.opinions.get(opinion.username, {}).get("spared")) is not None:
            wishes = [{**wish, "code": codes.get(wish["item"])} for wish in opinion.spared]
            if len(wishes) != len(said) or any(
                wish.get(key) != value for wish, one in zip(wishes, said, strict=False) for key, value in one.items()
            ):
                yield Difference(OTHERWISE, f"opinion {opinion.username}: spared")
    if told.spared_at is None:
        return
    wanted = spared_by(case.opinions.all())
    for pk, item in by_id.items():
        spared = item.outcome in {Outcome.KEPT.value, Outcome.EXTENDED.value}
        if pk in wanted:
            until, by = wanted[pk]
            yield from _compared(
                f"line {item.position}", spared_row(until, by, told.spared_at), plain_row(item, OUTCOME)
            )
        elif spared:
            yield Difference(OTHERWISE, f"line {item.position}: outcome")


def spared_by(opinions: Iterable[DisposalOpinion]) -> dict[str, tuple[date | None, DisposalOpinion]]:
    """Line -> to which day it is extended (None where it is kept), and by whom: keeping goes before extending, and of several days the latest counts."""
    wishes: dict[str, list[tuple[date | None, DisposalOpinion]]] = {}
    for opinion in opinions:
        for wish in opinion.spared:
            until = date.fromisoformat(wish["until"]) if wish["until"] else None
            wishes.setdefault(wish["item"], []).append((until, opinion))
    return {item_id: max(told, key=lambda each: each[0] or date.max) for item_id, told in wishes.items()}


def spared_row(until: date | None, by: DisposalOpinion, at: Any) -> Row:
    """What a spared line's outcome is."""
    outcome = Outcome.EXTENDED if until else Outcome.KEPT
    return {
        "outcome": outcome.value, "extended_until": plain(until), "outcome_at": at, "outcome_by": by.username,
        "outcome_because": by.reasons[:1000],
    }  # fmt: skip


def case_row(case: DisposalCase) -> Row:
    """A case's own fields as the log tells them; of its rules the edition and a digest."""
    names = [f.attname for f in case._meta.concrete_fields if f.attname not in _NOT_COMPARED]
    rules = {"rules_edition": str(case.rules.get("edition", "")), "rules_sha256": sha256_of(case.rules)}
    return {**plain_row(case, names), **rules}


def opinion_row(row: DisposalOpinion) -> Row:
    """An opinion's fields as the log tells them; its wishes are compared with the lines (`spared_differences`)."""
    return plain_row(row, OPINION)


def whole_of(case: DisposalCase) -> dict[str, Any]:
    """What a rebuilding tells of the rows it brought back, so that the acts after it go on from there."""
    opinions = [{**opinion_row(row), "spared": row.spared} for row in case.opinions.all()]
    signatures = [plain_row(row, SIGNATURE) for row in case.signatures.all()]
    return {"row": case_row(case), "opinions": opinions, "signatures": signatures}


def plain_row(row: Any, names: Iterable[str]) -> Row:
    """Some fields of a row in plain values, moments in UTC."""
    return {name: moment_or_plain(getattr(row, name)) for name in names}


def moment_or_plain(value: Any) -> Any:
    """A plain value; a moment always in UTC, so that two are compared as text."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else plain(value)


def sha256_of(value: Any) -> str:
    """SHA-256 of a value in canonical JSON."""
    text = json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _compared(what: str, told: Row, found: Row) -> Iterator[Difference]:
    for name, value in sorted(told.items()):
        if name in found and found[name] != value:
            yield Difference(OTHERWISE, f"{what}: {name}")


def _rows(what: str, told: Mapping[Any, Row], found: Mapping[Any, Row], *, partly: bool) -> Iterator[Difference]:
    for key in sorted(told.keys() | found.keys()):
        name = f"{what} {' '.join(filter(None, key)) if isinstance(key, tuple) else key}"
        if key not in found:
            yield Difference(GONE, name)
        elif key in told:
            yield from _compared(name, told[key], found[key])
        elif not partly:
            yield Difference(UNTOLD, name)


def _out_of_order(case: DisposalCase, told: Told, acts: Iterable[Act]) -> Iterator[Difference]:
    """A case that went on though the log has a voice against it, or was called before the end of the wait the log tells."""
    if any(not row.get("agrees", True) for row in told.opinions.values()) and CaseState(case.state) not in _SPOKEN:
        yield Difference(UNTOLD, "against")
    until = told.case.get("wait_until")
    for act in acts:
        if act.name == "called" and until and legal_day(act.at) <= date.fromisoformat(until):
            yield Difference(UNTOLD, "wait")


def _put(into: Row, data: Mapping[str, Any], **names: str) -> None:
    """Take facts an act told under the fields they are of; one it did not tell is not known from here on."""
    for name, key in names.items():
        if key in data:
            into[name] = data[key]
        else:
            into.pop(name, None)


def _at(act: Act) -> str:
    return str(moment_or_plain(act.at))


def _proposed(told: Told, act: Act) -> None:
    told.case = {**_UNDECIDED, "state": "appraising", "proposed_by": act.actor, "proposed_at": _at(act)}
    same = ("why", "volumes", "files", "bytes", "committee", "members_needed", "waiting_days", "level", "list_sha256")
    _put(
        told.case, act.data, number="case", proposed_name="name", rules_edition="rules", rules_sha256="rules_sha256",
        **{name: name for name in same},
    )  # fmt: skip


def _appraised(told: Told, act: Act) -> None:
    row: Row = {"username": act.actor, "at": _at(act)}
    _put(row, act.data, name="name", agrees="agrees", reasons="reasons", spared="spared")
    told.opinions[act.actor] = row


def _agreed(told: Told, act: Act) -> None:
    told.case["state"], told.spared_at = "approving", _at(act)
    _put(told.case, act.data, approved_sha256="approved_sha256")


def _decided(told: Told, act: Act) -> None:
    told.case |= {"decided_by": act.actor, "decided_at": _at(act)}
    _put(told.case, act.data, decided_because="because", decided_name="name")


def _approved(told: Told, act: Act) -> None:
    _decided(told, act)
    told.case["state"] = "waiting"
    _put(told.case, act.data, wait_until="wait_until")


def _refused(told: Told, act: Act) -> None:
    if act.actor == "system":
        told.spared_at = _at(act)
        _ended(told, act, "refused", "、".join(act.data.get("against", ())))
        told.case["ended_name"] = ""
        return
    _decided(told, act)
    _ended(told, act, "refused", str(act.data.get("because", "")))


def _called(told: Told, act: Act) -> None:
    told.case |= {"state": "due", "executor": act.actor, "called_at": _at(act)}
    _put(told.case, act.data, executor_name="name")


def _signed(told: Told, act: Act) -> None:
    place = str(act.data.get("place", ""))
    row: Row = {"username": act.actor, "place": place, "at": _at(act), "note": ""}
    _put(row, act.data, name="name", list_sha256="approved_sha256")
    row["note"] = act.data.get("note", "")
    told.signatures[place, act.actor] = row


def _begun(told: Told, act: Act) -> None:
    told.case |= {"state": "executing", "began_at": _at(act)}


def _halted(told: Told, act: Act) -> None:
    told.case["halted_because"] = act.data.get("because", {})


def _executed(told: Told, act: Act) -> None:
    _ended(told, act, "done", "")
    told.case["halted_because"] = {}
    if "executor_name" in told.case:
        told.case["ended_name"] = told.case["executor_name"]


def _stopped(told: Told, act: Act) -> None:
    _ended(told, act, "stopped", str(act.data.get("because", "")))


def _ended(told: Told, act: Act, state: str, because: str) -> None:
    told.case |= {"state": state, "ended_by": act.actor, "ended_at": _at(act), "ended_because": because[:1000]}
    _put(told.case, act.data, ended_name="name")


def _restored(told: Told, act: Act) -> None:
    told.restored, told.spared_at = act, None
    told.partly = "row" not in act.data
    told.opinions = {row["username"]: dict(row) for row in act.data.get("opinions", ())}
    told.signatures = {(row["place"], row["username"]): dict(row) for row in act.data.get("signatures", ())}
    known = {name: act.data[name] for name in ("state", "list_sha256", "approved_sha256") if name in act.data}
    told.case = dict(act.data.get("row", known))


_STEPS: Mapping[str, Callable[[Told, Act], None]] = {
    "proposed": _proposed, "appraised": _appraised, "agreed": _agreed, "approved": _approved, "refused": _refused,
    "called": _called, "witnessed": _signed, "owed_witnessed": _signed, "begun": _begun, "halted": _halted,
    "executed": _executed, "stopped": _stopped, "restored": _restored,
}  # fmt: skip
ACTS = tuple(f"preservation.disposal.{name}" for name in _STEPS)
