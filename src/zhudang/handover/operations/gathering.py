"""What a project could submit now: the facts the rule for applying asks for, and the items a review begins with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from zhudang.filing import queries as filing
from zhudang.filing.queries import ObligationRow, RecordRow
from zhudang.handover.domain.applications import ApplicationFacts
from zhudang.handover.domain.commitments import PromisedItem
from zhudang.handover.domain.review import what_changed
from zhudang.handover.domain.states import RUNNING, ApplicationState, ItemKind, ItemState, Kind, Mode
from zhudang.handover.models import Application, Commitment, ReviewItem
from zhudang.handover.policy import policy
from zhudang.handover.project_facts import ProjectFacts, project_card
from zhudang.shared.bulk import batched

READY = "with_client"
SUBMITTED = "submitted"
_DESCRIBED = (
    "title", "document_no", "responsible", "formed_on", "formed_until", "manuscript", "copy_kind", "pages", "carrier",
    "specialty", "level", "retention", "origin", "has_paper", "legal_force", "e_sealed", "notes", "code",
)  # fmt: skip


READ_AT_ONCE = 500
"""Records read into memory with their files at a time."""


@dataclass(frozen=True)
class Gathered:
    """A project's records and obligations, sorted by what applying means for them.

    Attributes:
        own_filed: the client's own records that are filed; they go to the client's hands by applying.
        promised: archive documents that can only form after the completion acceptance and are not there yet.
    """

    card: ProjectFacts
    mode: str
    kind: str
    ready: Sequence[RecordRow]
    own_filed: Sequence[RecordRow]
    submitted: Sequence[RecordRow]
    returned: Sequence[RecordRow]
    undelivered: Sequence[RecordRow]
    missing: Sequence[ObligationRow]
    excused: Sequence[ObligationRow]
    promised: Sequence[ObligationRow]
    running: Application | None
    previous: Application | None

    @property
    def facts(self) -> ApplicationFacts:
        """What `why_not_apply` asks for."""
        late = [*self.ready, *self.own_filed] if self.kind == Kind.LATE else []
        return ApplicationFacts(
            mode=self.mode, kind=self.kind, project_running=self.card.running,
            running=self.running.number if self.running else "",
            accepted_before=_accepted_before(self.card.id, self.mode),
            ready=len(self.ready) + len(self.own_filed), submitted_before=len(self.submitted),
            returned=[row.title for row in self.returned], missing=[_named(row) for row in self.missing],
            undelivered=len(self.undelivered), modes_of_city=tuple(policy().transfer_modes), unit_works=len(self.card.unit_works),
            accepted_on=self.card.accepted_on, formed=[(row.title, row.formed_on) for row in late],
            has_commitment=Commitment.objects.filter(project_id=self.card.id).exists(),
        )  # fmt: skip

    @property
    def promised_items(self) -> list[PromisedItem]:
        """The promised documents as the commitment's rule sees them."""
        after = policy().formed_after_acceptance
        return [PromisedItem(_named(row), row.milestone in after) for row in self.promised]


def _accepted_before(project_id: UUID, mode: str) -> bool:
    if mode == Mode.STAGED:
        return False
    return Application.objects.filter(project_id=project_id, state=ApplicationState.ACCEPTED.value).exists()


def _named(row: ObligationRow) -> str:
    return f"{row.printed_code} {row.title}"


def gather(project_id: UUID, mode: str, unit_work_ids: Sequence[UUID] = (), *, with_files: bool = False) -> Gathered:
    """Read what the project holds and owes, and tell which turn an application now would be.

    Args:
        unit_work_ids: narrows a staged application; none means all.
        with_files: the records come with their files.
    """
    card = project_card(project_id)
    units = set(unit_work_ids)
    applications = list(Application.objects.filter(project_id=project_id).order_by("applied_at"))
    running = next((row for row in applications if row.state in RUNNING), None)
    previous = applications[-1] if applications and applications[-1].state == ApplicationState.RETURNED else None
    commitment = Commitment.objects.filter(project_id=project_id).first()
    accepted = any(row.state == ApplicationState.ACCEPTED for row in applications)
    kind = previous.kind if previous and previous.kind == Kind.LATE else Kind.AGAIN if previous else Kind.FIRST
    if commitment and accepted and not previous:
        kind = Kind.LATE
    every = filing.records_of(project_id, to_archive=True, with_files=with_files)
    records = [r for r in every if not units or r.unit_work_id in units]
    owed = [r for r in filing.project_obligations(project_id) if not units or r.unit_work_id in units]
    answered = {record.obligation_id for record in records if record.state not in {"draft"}}
    after = policy().formed_after_acceptance if mode == Mode.COMMITMENT else frozenset()
    must = [row for row in owed if row.archive == "must"]
    absent = [row for row in must if row.applicable and row.id not in answered]
    in_stage = [row for row in absent if mode != Mode.STAGED or row.milestone_on is not None]
    return Gathered(
        card=card, mode=mode, kind=kind,
        ready=[r for r in records if r.state == READY],
        own_filed=[r for r in records if r.state == "filed" and r.organisation_id == card.client_id],
        submitted=[r for r in records if r.state == SUBMITTED],
        returned=[r for r in records if r.state == "returned"],
        undelivered=[r for r in records if r.state in {"filed", "delivered"} and r.organisation_id != card.client_id],
        missing=[row for row in in_stage if row.milestone not in after],
        excused=[row for row in must if not row.applicable],
        promised=[row for row in absent if row.milestone in after],
        running=running, previous=previous,
    )  # fmt: skip


def snapshot(record: RecordRow) -> dict[str, Any]:
    """A record as it stood when it was submitted: its files' digests and its description."""
    files = [{"sha256": f.sha256, "name": f.name, "part": f.part} for f in record.files if f.current]
    fields = {name: getattr(record, name) for name in _DESCRIBED}
    return {"files": files, "fields": {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in fields.items()}}


def items_for(application: Application, gathered: Gathered, records: Sequence[RecordRow]) -> Iterator[list[ReviewItem]]:
    """The items a review of these records begins with, in filing order, some hundreds at a time.

    The records are read anew, as they stand now, with their files; those given need none.

    What passed in the round before and is the same bytes under the same description is UNCHANGED; what differs is
    open, with its differences.
    """
    before = _last_round(application.previous) if application.previous else {}
    owed = {row.id: row for row in filing.project_obligations(application.project_id)}
    order = {row.id: position for position, row in enumerate(owed.values())}
    entries: list[RecordRow | ReviewItem] = list(records)
    if application.kind != Kind.LATE:
        entries += [_owed_item(application, row, ItemKind.MISSING, ItemState.OPEN, before) for row in gathered.missing]
        entries += [_owed_item(application, row, ItemKind.EXCUSED, ItemState.OPEN, before) for row in gathered.excused]
        entries += [
            _owed_item(application, row, ItemKind.PROMISED, ItemState.PROMISED, before) for row in gathered.promised
        ]
    entries.sort(key=lambda each: (each.part, order.get(each.obligation_id or application.id, 10**6), each.title))
    for some in batched(enumerate(entries, start=1), READ_AT_ONCE):
        now = filing.records_by_id(each.id for _position, each in some if isinstance(each, RecordRow))
        items = []
        for position, each in some:
            item = each
            if isinstance(each, RecordRow):
                answered = owed.get(each.obligation_id) if each.obligation_id else None
                item = _record_item(application, now[each.id], answered, before)
            item.position = position
            items.append(item)
        yield items


def _last_round(application: Application) -> Mapping[tuple[str, UUID | None], ReviewItem]:
    return {(item.kind, item.record_id or item.obligation_id): item for item in application.items.all()}


def _record_item(
    application: Application,
    record: RecordRow,
    owed: ObligationRow | None,
    before: Mapping[tuple[str, UUID | None], ReviewItem],
) -> ReviewItem:
    now = snapshot(record)
    item = ReviewItem(
        application=application, kind=ItemKind.RECORD.value, record_id=record.id, obligation_id=record.obligation_id,
        unit_work_name=record.unit_work_name, part=record.part, code=owed.printed_code if owed else record.code,
        heading=owed.title if owed else "", title=record.title, party=record.organisation_name, position=0, snapshot=now,
    )  # fmt: skip
    if earlier := before.get((ItemKind.RECORD.value, record.id)):
        item.changes = what_changed(earlier.snapshot, now)
        passed = earlier.state in {ItemState.PASSED, ItemState.UNCHANGED, ItemState.NOT_APPLICABLE}
        if passed and not item.changes:
            item.state = ItemState.UNCHANGED.value
    elif before:
        item.changes = [{"what": "new"}]
    return item


def _owed_item(
    application: Application, row: ObligationRow, kind: ItemKind, state: ItemState,
    before: Mapping[tuple[str, UUID | None], ReviewItem],
) -> ReviewItem:  # fmt: skip
    now = {"reason": row.not_applicable_reason}
    item = ReviewItem(
        application=application, kind=kind.value, obligation_id=row.id, unit_work_name=row.unit_work_name, part=row.part,
        code=row.printed_code, heading=row.title, title=row.title, party=row.organisation_name, position=0,
        state=state.value, snapshot=now,
    )  # fmt: skip
    earlier = before.get((kind.value, row.id))
    if kind is not ItemKind.PROMISED and earlier and earlier.snapshot == now:
        settled = earlier.state in {ItemState.PASSED, ItemState.NOT_APPLICABLE, ItemState.UNCHANGED}
        item.state = ItemState.UNCHANGED.value if settled else state.value
    return item
