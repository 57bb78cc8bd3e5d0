"""The inbox: files get a suggestion in pencil; people assign them, one or many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.content import queries as content
from zhudang.content.queries import FileStub, StoredFile
from zhudang.events import operations as events
from zhudang.filing import naming
from zhudang.filing.domain import origin
from zhudang.filing.domain.assigning import Candidate, pair_up, why_not_assign
from zhudang.filing.domain.keeping import KEEPERS, travels_to_archive, travels_to_client
from zhudang.filing.models import Obligation, Record, RecordFile, Suggestion
from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry
from zhudang.shared.bulk import INSERTED_AT_ONCE, batched, save_changed
from zhudang.shared.ids import new_id
from zhudang.shared.refusals import NotFound, Reason, Refusal

MADE_AT_ONCE = 500
"""Records held in memory at a time while many are made."""


class CannotAssign(Refusal):
    """No file was assigned; every reason is told."""


@transaction.atomic
def suggest(*, file_ids: Iterable[UUID], now: datetime) -> int:
    """Guess in pencil what unassigned files answer; tell how many guesses were made.

    Safe to run twice: a file with an open or decided suggestion keeps it.
    """
    files = content.stored_files(file_ids)
    taken = set(
        RecordFile.objects.filter(file_id__in=files, replaced_at__isnull=True).values_list("file_id", flat=True)
    )
    known = set(Suggestion.objects.filter(file_id__in=files).values_list("file_id", flat=True))
    refresh_facts([i for i in files if i in taken], files)
    waiting = [
        f for f in files.values()
        if f.id not in taken | known and f.project_id and f.organisation_id and not f.withdrawn and not f.own_document
    ]  # fmt: skip
    rows = []
    dropped = naming.said_in_package(waiting) | naming.dropped_on_rows(f.id for f in waiting)
    for (project_id, organisation_id), group in _by_party(waiting).items():
        matcher = naming.matcher_for(project_id, organisation_id)
        for file in group:
            guess = dropped.get(file.id) or matcher.guess(naming.named(file))
            if guess is not None:
                rows.append(
                    Suggestion(
                        project_id=project_id,
                        organisation_id=organisation_id,
                        file_id=file.id,
                        obligation_id=guess.target_id,
                        confidence=guess.confidence,
                        reasons=[[code, dict(data)] for code, data in guess.reasons],
                        others=[[str(i), c] for i, c in guess.others],
                        made_at=now,
                    )
                )
    Suggestion.objects.bulk_create(rows, ignore_conflicts=True, batch_size=INSERTED_AT_ONCE)
    return len(rows)


def _by_party(files: Iterable[StoredFile]) -> dict[tuple[UUID, UUID], list[StoredFile]]:
    groups: dict[tuple[UUID, UUID], list[StoredFile]] = {}
    for file in files:
        assert file.project_id and file.organisation_id
        groups.setdefault((file.project_id, file.organisation_id), []).append(file)
    return groups


@transaction.atomic
def confirm_suggestions(*, actor: Actor, suggestion_ids: Iterable[UUID], now: datetime) -> list[UUID]:
    """Put pencil into ink: assign each file to what was suggested. Gives the records' ids.

    Raises:
        NotFound: one of them does not exist for this actor, or was decided already.
        CannotAssign: with every reason.
    """
    ids = list(dict.fromkeys(suggestion_ids))
    rows = list(Suggestion.objects.select_for_update(no_key=True).filter(id__in=ids, state="open").order_by("id"))
    if not rows or len(rows) != len(ids):
        raise NotFound
    return assign(actor=actor, assignments=[(row.file_id, row.obligation_id) for row in rows], now=now)


@transaction.atomic
def dismiss_suggestions(*, actor: Actor, suggestion_ids: Iterable[UUID], now: datetime) -> int:
    """Rub pencil out: this is not it. The files stay in the inbox.

    Raises:
        NotFound.
    """
    ids = list(dict.fromkeys(suggestion_ids))
    rows = list(Suggestion.objects.select_for_update(no_key=True).filter(id__in=ids, state="open").order_by("id"))
    if not rows or len(rows) != len(ids):
        raise NotFound
    for project_id in {row.project_id for row in rows}:
        rights.demand(actor, "filing.file.assign", registry.project_facts(project_id))
    _demand_own(actor, {row.organisation_id for row in rows})
    return Suggestion.objects.filter(id__in=ids).update(
        state="dismissed", decided_by=actor.name or actor.username, decided_at=now
    )


def _demand_own(actor: Actor, holders: set[UUID | None]) -> None:
    """Other parties' files do not exist for this person."""
    if not actor.is_system and not holders <= set(actor.organisation_ids):
        raise NotFound


@transaction.atomic
def assign(*, actor: Actor, assignments: Sequence[tuple[UUID, UUID]], now: datetime) -> list[UUID]:
    """Make records of files: each (file, obligation) pair becomes a record, or part of one.

    A native file and its readable rendition (same folder and name) under one obligation become one record.

    Raises:
        NotFound: a file or obligation does not exist for this actor.
        CannotAssign: with every reason; nothing was assigned.
    """
    stubs, obligations = _gather(actor, assignments)
    taken = set(
        RecordFile.objects.filter(file_id__in=stubs, replaced_at__isnull=True).values_list("file_id", flat=True)
    )
    reasons: list[Reason] = []
    roles = _roles({o.project_id for o in obligations.values()})
    for file_id, obligation_id in assignments:
        file, owed = stubs[file_id], obligations[obligation_id]
        reasons += why_not_assign(
            Candidate(
                file=file.name,
                title=owed.scope_item.title,
                same_project=file.project_id == owed.project_id,
                assigned=file_id in taken,
                withdrawn=file.withdrawn,
                excused=owed.na_at is not None,
                theirs=_theirs(file, owed, roles.get(owed.project_id, {})),
            )
        )
    if reasons:
        raise CannotAssign(*reasons)
    return _make_records(actor, assignments, stubs, obligations, now)


def _gather(
    actor: Actor, assignments: Sequence[tuple[UUID, UUID]]
) -> tuple[dict[UUID, FileStub], dict[UUID, Obligation]]:
    """Lock the obligations, name the files; what does not exist for the actor is NotFound."""
    file_ids = {file_id for file_id, _obligation in assignments}
    obligation_ids = {obligation_id for _file, obligation_id in assignments}
    obligations = {
        o.id: o
        for o in Obligation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("scope_item", "unit_work", "project")
        .filter(id__in=obligation_ids, retired_at__isnull=True)
        .order_by("id")
    }
    files = content.file_stubs(file_ids)
    if not assignments or len(files) != len(file_ids) or len(obligations) != len(obligation_ids):
        raise NotFound
    for project_id in {o.project_id for o in obligations.values()}:
        rights.demand(actor, "filing.file.assign", registry.project_facts(project_id))
    _demand_own(actor, {f.organisation_id for f in files.values()})
    return files, obligations


def _roles(project_ids: set[UUID]) -> dict[UUID, dict[UUID, set[str]]]:
    """Project -> organisation -> its roles there today."""
    answer: dict[UUID, dict[UUID, set[str]]] = {}
    for project_id in project_ids:
        mine = answer.setdefault(project_id, {})
        for party in registry.parties_of(project_id, former=False):
            mine.setdefault(party.organisation_id, set()).add(party.role)
    return answer


def _theirs(file: FileStub, owed: Obligation, roles: Mapping[UUID, set[str]]) -> bool:
    """Whether the file's organisation may answer this obligation: its maker, its role, or the client."""
    if file.organisation_id in {owed.organisation_id, owed.project.client_id}:
        return True
    return file.organisation_id is not None and owed.party_role in roles.get(file.organisation_id, set())


def _make_records(
    actor: Actor,
    assignments: Sequence[tuple[UUID, UUID]],
    stubs: Mapping[UUID, FileStub],
    obligations: Mapping[UUID, Obligation],
    now: datetime,
) -> list[UUID]:
    """Insert records and their files some at a time, close the suggestions, write the log."""
    who = actor.name or actor.username
    made: dict[UUID, list[tuple[UUID, UUID]]] = {}
    ids: list[UUID] = []
    for groups in batched(pair_up([(stubs[f].folder, stubs[f].name, f, o) for f, o in assignments]), MADE_AT_ONCE):
        files = content.stored_files(member for _, members in groups for member in members)
        found = content.findings_of(files)
        records, parts = [], []
        for obligation_id, members in groups:
            record = _record_of(obligations[obligation_id], [files[m] for m in members], found, who, now)
            records.append(record)
            ids.append(record.id)
            made.setdefault(record.project_id, []).append((record.id, obligation_id))
            for member in members:
                part = _part_of(files[member].name, alone=len(members) == 1)
                parts.append(RecordFile(record=record, file_id=member, part=part, added_at=now, added_by=who))
        Record.objects.bulk_create(records, batch_size=INSERTED_AT_ONCE)
        RecordFile.objects.bulk_create(parts, batch_size=INSERTED_AT_ONCE)
    _close_suggestions(assignments, who, now)
    for project_id, mine in made.items():
        audit.record(
            actor=actor, act="filing.file.assigned", subject=f"registry.project:{project_id}", at=now,
            data={"count": len(mine), "records": [{"id": each, "obligation": owed} for each, owed in mine]},
        )  # fmt: skip
        events.publish(
            kind="filing.record.assigned", subject=f"registry.project:{project_id}", at=now,
            data={"record_ids": [str(each) for each, _ in mine]},
        )  # fmt: skip
    return ids


def _record_of(
    owed: Obligation,
    members: Sequence[StoredFile],
    found: Mapping[UUID, Sequence[content.FileFinding]],
    who: str,
    now: datetime,
) -> Record:
    """The draft of a record of these files under what they answer."""
    marks = {keeper: getattr(owed, keeper) for keeper in KEEPERS}
    readable = next((each for each in members if not origin.is_native(each.name)), members[0])
    codes = [each.code for each in found.get(readable.id, ())]
    return Record(
        id=new_id(), project_id=owed.project_id, unit_work_id=owed.unit_work_id, obligation=owed,
        organisation_id=readable.organisation_id or owed.project.client_id, part=owed.part, code=owed.scope_item.code,
        order_key=owed.position, to_client=travels_to_client(marks, owed.party_role),
        to_archive=travels_to_archive(marks), carrier=owed.scope_item.carrier, pages=readable.pages,
        level=max(owed.project.level, *(each.level for each in members)),
        origin=origin.guess_origin(readable.mime, readable.facts), e_sealed=origin.sealed(readable.facts, codes),
        created_at=now, created_by=who, changed_at=now, changed_by=who,
    )  # fmt: skip


def _part_of(name: str, *, alone: bool) -> str:
    if origin.is_native(name):
        return "native"
    return "original" if alone else "rendition"


def _close_suggestions(assignments: Sequence[tuple[UUID, UUID]], who: str, now: datetime) -> None:
    """Decide the files' open suggestions: confirmed where the person chose the same, changed where not."""
    chosen = dict(assignments)
    open_rows = list(
        Suggestion.objects.filter(file_id__in=chosen, state="open").values_list("id", "file_id", "obligation_id")
    )
    same = [i for i, file_id, obligation_id in open_rows if chosen[file_id] == obligation_id]
    other = [i for i, file_id, obligation_id in open_rows if chosen[file_id] != obligation_id]
    for ids, state in ((same, "confirmed"), (other, "changed")):
        if ids:
            Suggestion.objects.filter(id__in=ids).update(state=state, decided_by=who, decided_at=now)


@transaction.atomic
def refresh_facts(file_ids: Iterable[UUID], files: Mapping[UUID, StoredFile]) -> None:
    """Bring what the checks found (pages, seal) to draft records that were made before the check."""
    ids = list(file_ids)
    if not ids:
        return
    found = content.findings_of(ids)
    links = RecordFile.objects.filter(file_id__in=ids, replaced_at__isnull=True).exclude(part="native")
    by_record = {record_id: files[file_id] for record_id, file_id in links.values_list("record_id", "file_id")}
    undescribed = Record.objects.live().filter(id__in=by_record, state="draft", described_at__isnull=True)
    # Someone may be describing one at this moment: wait for them, and leave what they wrote alone.
    rows = list(undescribed.select_for_update(of=("self",), no_key=True).order_by("id"))
    for row in rows:
        file = by_record[row.id]
        row.pages = row.pages or file.pages
        row.origin = origin.guess_origin(file.mime, file.facts)
        row.e_sealed = origin.sealed(file.facts, [f.code for f in found.get(file.id, ())])
    save_changed(rows, ["pages", "origin", "e_sealed"])
