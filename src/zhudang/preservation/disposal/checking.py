"""Whether all that counts as destroyed was destroyed by a case whose every act stands in the log, and the other way round.

Triggers hold the application to it; this finds what a superuser's hand did. That the log itself is as written is what
`zhudang audit verify` finds out.

Findings: DSP-001 destroyed, and the log knows nothing of it; DSP-002 the log says destroyed, the rows do not; DSP-003 a
list is not the one that was proposed or approved; DSP-004 an act that must have been is not in the log; DSP-005 a file,
a volume or an object is marked as destroyed, or to be, and in no list; DSP-007 a case, opinion, signature, stay, line or
step says otherwise than the log; DSP-008 one the log tells of has no row. (DSP-006, a place that should have been cleared
by now, is `clearing.still_overdue`.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from zhudang.audit import queries as audit
from zhudang.content import destroying
from zhudang.filing.queries import kept as filing
from zhudang.preservation.disposal import as_told, outcomes
from zhudang.preservation.disposal.as_told import ACTS, GONE, OTHERWISE, UNTOLD, Act, Difference
from zhudang.preservation.disposal.lines import digest_of
from zhudang.preservation.disposal.models import DisposalCase, DisposalItem
from zhudang.preservation.domain.disposal import CaseState, Outcome
from zhudang.preservation.models import ArchivalObject

_DECIDED = {CaseState.WAITING, CaseState.DUE, CaseState.EXECUTING, CaseState.DONE}
_BEGUN = {CaseState.EXECUTING, CaseState.DONE}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as the log says.

    Args:
        subject: the object's id, or the case's number.
    """

    code: str
    subject: str
    title: str
    told: str


@dataclass(frozen=True)
class _Logged:
    """What the log says of all cases."""

    acts: dict[str, list[Act]]
    """Subject of a case -> its acts in their order."""
    destroyed: outcomes.Destroyed
    restored: dict[str, set[str]]
    """Subject of a case -> objects that a rebuilding brought back as destroyed, as the log was told then."""


def check() -> Iterator[Finding]:
    """Compare every case, line, tombstone and mark with the log; nothing where nothing was ever proposed or destroyed."""
    if found := list(_found()):
        # Somebody may have acted after the log was read and before the rows were: both once more.
        again = set(_found())
        yield from (each for each in found if each in again)


def _found() -> Iterator[Finding]:
    logged = _read_log()
    for case in DisposalCase.objects.order_by("number").iterator():
        acts = logged.acts.pop(_subject(case), [])
        yield from _told_findings(case, _case(case, acts))
        yield from _told_findings(case, _outcomes(case, acts, logged.destroyed))
    for acts in logged.acts.values():
        if number := next((str(act.data["case"]) for act in acts if "case" in act.data), ""):
            yield Finding(GONE, number, "", "case")
    for volume_id, each in outcomes.stay_differences():
        yield Finding(each.code, f"urn:uuid:{volume_id}", "", each.what)
    yield from _objects(logged)
    yield from _marks()


def of_case(case: DisposalCase, *, lines: bool = True) -> list[Finding]:
    """What of one case that is not destroyed yet is not as the log says.

    Args:
        lines: its list, line by line, and stays on its volumes too; else the case, its opinions and signatures alone.
    """
    rows = audit.entries().filter(subject=_subject(case), act__in=ACTS).order_by(*audit.AS_WRITTEN)
    acts = [_act(row) for row in rows]
    found = _case(case, acts) if lines else _course(case, acts)
    told = list(_told_findings(case, found))
    if lines:
        volumes = set(case.items.values_list("object_id", flat=True))
        stays = outcomes.stay_differences(volumes)
        told += [Finding(each.code, case.number, case.why, each.what) for _volume, each in stays]
    return told


def _act(row: Any) -> Act:
    return Act(row.act.rsplit(".", 1)[1], row.actor, row.at, row.data)


def _subject(case: DisposalCase) -> str:
    return f"preservation.disposalcase:{case.pk}"


def _told_findings(case: DisposalCase, found: Iterable[Difference]) -> Iterator[Finding]:
    return (Finding(each.code, case.number, case.why, each.what) for each in dict.fromkeys(found))


def _read_log() -> _Logged:
    logged = _Logged({}, outcomes.read_destroyed(), {})
    for row in audit.entries(act="preservation.disposal.").order_by(*audit.AS_WRITTEN).iterator(chunk_size=1000):
        if not row.subject.startswith("preservation.disposalcase:"):
            continue
        logged.acts.setdefault(row.subject, []).append(_act(row))
        if row.act == "preservation.disposal.restored":
            logged.restored.setdefault(row.subject, set()).update(row.data.get("destroyed", ()))
    return logged


def _case(case: DisposalCase, acts: list[Act]) -> Iterator[Difference]:
    """A case with its list, line by line."""
    items = list(case.items.all())
    if digest_of(items) != case.list_sha256 or not _told(acts, {"proposed", "restored"}, list_sha256=case.list_sha256):
        yield Difference("DSP-003", "list")
    left = [item for item in items if item.outcome in {Outcome.PENDING.value, Outcome.DESTROYED.value}]
    if case.approved_sha256 and (
        digest_of(left) != case.approved_sha256
        or not _told(acts, {"agreed", "restored"}, approved_sha256=case.approved_sha256)
    ):
        yield Difference("DSP-003", "approved list")
    yield from _course(case, acts)
    yield from as_told.spared_differences(case, items, acts)


def _course(case: DisposalCase, acts: list[Act]) -> Iterator[Difference]:
    """A case, its opinions and signatures, and the acts that must have been."""
    yield from as_told.differences(case, acts)
    if _told(acts, {"restored"}, approved_sha256=case.approved_sha256):
        return
    done = {(act.name, act.actor) for act in acts}
    wanted = {("proposed", case.proposed_by)}
    state = CaseState(case.state)
    if state in _DECIDED:
        wanted |= {("appraised", member["username"]) for member in case.committee} | {("approved", case.decided_by)}
    if state in _BEGUN:
        wanted |= {("witnessed", row.username) for row in case.signatures.filter(place="")} | {("begun", case.executor)}
        if case.signatures.filter(place="").count() < case.rules["witnesses"]["number"]:
            yield Difference(UNTOLD, "witnesses")
    for act, actor in sorted(wanted - done):
        yield Difference(UNTOLD, f"{act} {actor}")


def _outcomes(case: DisposalCase, acts: list[Act], destroyed: outcomes.Destroyed) -> Iterator[Difference]:
    """What became of a case's lines, by the acts that destroyed them and by what a rebuilding told of those before."""
    yield from outcomes.line_differences(case, destroyed)
    told = as_told.told_by(acts)
    if told.restored is None or "outcomes_sha256" not in told.restored.data:
        return
    found = outcomes.digest_of(case, destroyed, after=told.restored.at, spared_later=told.spared_at is not None)
    if found != told.restored.data["outcomes_sha256"]:
        yield Difference(OTHERWISE, "lines: outcome")


def _told(acts: list[Act], wanted: set[str], **data: str) -> bool:
    return any(act.name in wanted and all(act.data.get(name) == value for name, value in data.items()) for act in acts)


def _objects(logged: _Logged) -> Iterator[Finding]:
    """Lines, tombstones and log entries of destroyed volumes against each other."""
    lines: dict[UUID, DisposalItem] = {
        item.object_id: item
        for item in DisposalItem.objects.filter(outcome=Outcome.DESTROYED.value).select_related("case").iterator(1000)
    }
    restored = {UUID(pk) for objects in logged.restored.values() for pk in objects}
    said = {volume: act.data for volume, act in logged.destroyed.acts.items()}
    gone = ArchivalObject.objects.exclude(destroyed_at=None).values_list("pk", "title", "inventory_sha512")
    rows = {pk: (title, sha512) for pk, title, sha512 in gone.iterator(chunk_size=1000)}
    for pk in sorted(rows.keys() | lines.keys(), key=str):
        line, entry = lines.get(pk), said.get(pk)
        title = rows[pk][0] if pk in rows else lines[pk].title
        if pk not in rows:
            yield Finding("DSP-002", f"urn:uuid:{pk}", title, "object")
        elif line is None or not (pk in restored or (entry and _agrees(line, entry, rows[pk][1]))):
            yield Finding("DSP-001", f"urn:uuid:{pk}", title, line.case.number if line else "no list")
    left = ArchivalObject.objects.filter(volume_id__in=lines.keys()).exclude(pk__in=lines.keys())
    for ocfl_id, title in left.order_by("ocfl_id").values_list("ocfl_id", "title"):
        yield Finding("DSP-002", ocfl_id, title, "object")
    for pk in sorted((said.keys() | restored) - rows.keys() - lines.keys(), key=str):
        yield Finding("DSP-002", f"urn:uuid:{pk}", said.get(pk, {}).get("case", ""), "list and object")


def _agrees(line: DisposalItem, entry: Mapping[str, Any], sha512: str) -> bool:
    return (
        entry.get("case") == line.case.number
        and entry.get("approved_sha256") == line.case.approved_sha256
        and entry.get("was_sha512") == line.inventory_sha512
        and entry.get("further", []) == line.further
        and entry.get("tombstone_sha512") == line.tombstone_sha512 == sha512
    )


def _marks() -> Iterator[Finding]:
    """Objects, volumes and files marked as destroyed, or to be, that no case under execution or done has."""
    begun = DisposalItem.objects.filter(case__state__in=[state.value for state in _BEGUN]).exclude(
        outcome__in=[Outcome.KEPT.value, Outcome.EXTENDED.value]
    )
    known = set(begun.values_list("object_id", flat=True))
    condemned = ArchivalObject.objects.filter(destroyed_at=None).exclude(condemned_at=None).order_by("ocfl_id")
    for ocfl_id, title, volume_id in condemned.values_list("ocfl_id", "title", "volume_id"):
        # Nothing reads it any more: a forger's way to have a loss go unnoticed.
        if volume_id not in known:
            yield Finding("DSP-005", ocfl_id, title, "object")
    for volume_id, title in filing.destroyed_volumes().items():
        if volume_id not in known:
            yield Finding("DSP-005", f"urn:uuid:{volume_id}", title, "volume")
    marked = destroying.marked_files()
    volumes = filing.volumes_of_files(marked)
    for file_id, name in marked.items():
        if not volumes.get(file_id, set()) & known:
            yield Finding("DSP-005", f"content.file:{file_id}", name, "file")
