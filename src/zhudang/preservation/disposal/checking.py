"""Whether all that counts as destroyed was destroyed by a case whose every act stands in the log, and the other way round.

Triggers hold the application to it; this finds what a superuser's hand did. That the log itself is as written is what
`zhudang audit verify` finds out.

Findings: DSP-001 destroyed, and the log knows nothing of it; DSP-002 the log says destroyed, the rows do not; DSP-003 a
list is not the one that was proposed or approved; DSP-004 an act that must have been is not in the log; DSP-005 a file,
a volume or an object is marked as destroyed, or to be, and in no list. (DSP-006, a place that should have been cleared by
now, is `clearing.still_overdue`.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from zhudang.audit import queries as audit
from zhudang.content import destroying
from zhudang.filing.queries import kept as filing
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

    acts: dict[str, list[tuple[str, str, dict[str, Any]]]]
    """Subject of a case -> (act, actor, data)."""
    destroyed: dict[str, dict[str, Any]]
    """Subject of an object -> data of its destruction."""
    restored: dict[str, set[str]]
    """Subject of a case -> objects that a rebuilding brought back as destroyed, as the log was told then."""


def check() -> Iterator[Finding]:
    """Compare every case, line, tombstone and mark with the log; nothing where nothing was ever proposed or destroyed."""
    logged = _read_log()
    for case in DisposalCase.objects.order_by("number").iterator():
        yield from _case(case, logged)
    yield from _objects(logged)
    yield from _marks()


def _read_log() -> _Logged:
    logged = _Logged({}, {}, {})
    for row in audit.entries(act="preservation.disposal.").order_by("at", "id").iterator(chunk_size=1000):
        logged.acts.setdefault(row.subject, []).append((row.act.rsplit(".", 1)[1], row.actor, row.data))
        if row.act == "preservation.disposal.restored":
            logged.restored.setdefault(row.subject, set()).update(row.data.get("destroyed", ()))
    for row in audit.entries(act="preservation.volume.destroyed").iterator(chunk_size=1000):
        logged.destroyed[row.subject] = row.data
    return logged


def _case(case: DisposalCase, logged: _Logged) -> Iterator[Finding]:
    acts = logged.acts.get(f"preservation.disposalcase:{case.pk}", [])
    items = list(case.items.all())
    if digest_of(items) != case.list_sha256 or not _told(acts, {"proposed", "restored"}, list_sha256=case.list_sha256):
        yield Finding("DSP-003", case.number, case.why, "list")
    left = [item for item in items if item.outcome in {Outcome.PENDING.value, Outcome.DESTROYED.value}]
    if case.approved_sha256 and (
        digest_of(left) != case.approved_sha256
        or not _told(acts, {"agreed", "restored"}, approved_sha256=case.approved_sha256)
    ):
        yield Finding("DSP-003", case.number, case.why, "approved list")
    if _told(acts, {"restored"}, approved_sha256=case.approved_sha256):
        return
    done = {(act, actor) for act, actor, _data in acts}
    wanted = {("proposed", case.proposed_by)}
    state = CaseState(case.state)
    if state in _DECIDED:
        wanted |= {("appraised", member["username"]) for member in case.committee} | {("approved", case.decided_by)}
    if state in _BEGUN:
        wanted |= {("witnessed", row.username) for row in case.signatures.filter(place="")} | {("begun", case.executor)}
        if case.signatures.filter(place="").count() < case.rules["witnesses"]["number"]:
            yield Finding("DSP-004", case.number, case.why, "witnesses")
    for act, actor in sorted(wanted - done):
        yield Finding("DSP-004", case.number, case.why, f"{act} {actor}")


def _told(acts: list[tuple[str, str, dict[str, Any]]], wanted: set[str], **data: str) -> bool:
    return any(act in wanted and all(told.get(name) == value for name, value in data.items()) for act, _, told in acts)


def _objects(logged: _Logged) -> Iterator[Finding]:
    """Lines, tombstones and log entries of destroyed volumes against each other."""
    lines: dict[UUID, DisposalItem] = {
        item.object_id: item
        for item in DisposalItem.objects.filter(outcome=Outcome.DESTROYED.value).select_related("case").iterator(1000)
    }
    restored = {UUID(pk) for objects in logged.restored.values() for pk in objects}
    said = {UUID(subject.rsplit(":", 1)[1]): data for subject, data in logged.destroyed.items()}
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


def _agrees(line: DisposalItem, entry: dict[str, Any], sha512: str) -> bool:
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
