"""The review desk: obligations in the middle, one item in focus, its document, findings and description, the list below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from zhudang.checks.check_report import BUSINESS
from zhudang.checks.model import Finding
from zhudang.content import queries as content
from zhudang.content.queries import CheckReport
from zhudang.filing import queries as filing
from zhudang.filing.queries import FileRow, RecordRow
from zhudang.filing.words import PART_TITLES
from zhudang.handover.domain.states import VERDICTS_FOR, ApplicationState, ItemKind, ItemState
from zhudang.handover.models import Application, ReviewItem
from zhudang.handover.operations.common import demand
from zhudang.handover.operations.review import facts_of
from zhudang.handover.project_facts import ProjectFacts, project_card
from zhudang.handover.queries.clock import ClockView, clock_of
from zhudang.identity.rights import Actor
from zhudang.shared.refusals import NotFound

_WORST = (
    ItemState.OPEN,
    ItemState.RETURNED,
    ItemState.PASSED,
    ItemState.UNCHANGED,
    ItemState.PROMISED,
    ItemState.NOT_APPLICABLE,
)


@dataclass(frozen=True)
class DeskItem:
    """One item in the instance strip and the list."""

    id: UUID
    number: int
    title: str
    kind: str
    state: str
    changed: bool


@dataclass(frozen=True)
class DeskObligation:
    """One line of the middle column: a document kind with its items."""

    key: str
    part: str
    code: str
    title: str
    items: Sequence[DeskItem]
    state: str
    current: bool

    @property
    def first(self) -> UUID:
        """The item a click opens: the first that is open, else the first."""
        return next((item.id for item in self.items if item.state == ItemState.OPEN), self.items[0].id)


@dataclass(frozen=True)
class DeskPart:
    """A part of the list with how far its review is."""

    letter: str
    name: str
    obligations: Sequence[DeskObligation]
    seen: int
    total: int


@dataclass(frozen=True)
class Dimension:
    """One of the four properties, or the business review beside them, as the strip above the findings shows it."""

    code: str
    state: str
    count: int


@dataclass(frozen=True)
class Focus:
    """The item in focus with everything beside it."""

    item: ReviewItem
    record: RecordRow | None
    files: Sequence[FileRow]
    file: FileRow | None
    page: int
    pages: int
    reports: Sequence[CheckReport]
    business: Sequence[Finding]
    """Where the description disagrees with the files; what the files alone show stands in their reports."""
    dimensions: Sequence[Dimension]
    business_state: Dimension
    obligation: DeskObligation
    verdicts: frozenset[str]
    previous: UUID | None
    following: UUID | None
    next_open: UUID | None


@dataclass(frozen=True)
class Desk:
    """The whole desk."""

    application: Application
    card: ProjectFacts
    clock: ClockView | None
    parts: Sequence[DeskPart]
    focus: Focus | None
    returned: Sequence[ReviewItem]
    counts: Mapping[str, int]
    total: int
    open: int
    samples: Sequence[Any]
    may_judge: bool


def review_desk(
    actor: Actor, application_id: UUID, *, item_id: UUID | None = None, file_id: UUID | None = None, page: int = 1
) -> Desk:
    """The desk of one application, with one item in focus: the asked one, or the first that is open.

    Raises:
        NotFound, Forbidden.
    """
    application = Application.objects.filter(pk=application_id).first()
    if application is None:
        raise NotFound
    demand(actor, "handover.review.read", application.project_id)
    # The snapshots are long and only the one in focus is shown: the others stay in the table.
    items = list(application.items.defer("snapshot"))
    chosen = _chosen(items, item_id)
    parts = _parts(items, chosen)
    counts: dict[str, int] = {}
    for item in items:
        counts[item.state] = counts.get(item.state, 0) + 1
    judging = application.state == ApplicationState.REVIEWING and bool(
        {"reviewer"} & {str(role) for role in actor.roles}
    )
    return Desk(
        application=application, card=project_card(application.project_id), clock=clock_of(application), parts=parts,
        focus=_focus(items, chosen, parts, file_id, page) if chosen else None,
        returned=[item for item in items if item.state == ItemState.RETURNED], counts=counts, total=len(items),
        open=counts.get(ItemState.OPEN, 0), samples=list(application.samples.order_by("at")), may_judge=judging,
    )  # fmt: skip


@dataclass(frozen=True)
class ItemLine:
    """One item of a review, for callers that judge many: what blocks and what nobody checked among its files."""

    id: UUID
    kind: str
    state: str
    record_id: UUID | None
    obligation_id: UUID | None
    code: str
    title: str
    blocking: int
    unchecked: int


def review_items(application_id: UUID) -> list[ItemLine]:
    """All items of a review in order. Rights were asked by the caller."""
    items = list(ReviewItem.objects.filter(application_id=application_id))
    facts = facts_of(items)
    return [
        ItemLine(
            i.id,
            i.kind,
            i.state,
            i.record_id,
            i.obligation_id,
            i.code,
            i.title,
            facts[i.id].blocking,
            facts[i.id].unchecked,
        )
        for i in items
    ]


def _chosen(items: Sequence[ReviewItem], item_id: UUID | None) -> ReviewItem | None:
    if item_id:
        found = next((item for item in items if item.id == item_id), None)
        if found is None:
            raise NotFound
        return found
    return next((item for item in items if item.state == ItemState.OPEN), items[0] if items else None)


def _parts(items: Sequence[ReviewItem], chosen: ReviewItem | None) -> list[DeskPart]:
    kinds: dict[tuple[str, str, str], list[ReviewItem]] = {}
    for item in items:
        kinds.setdefault((item.part, item.code, item.heading or item.title), []).append(item)
    parts: dict[str, list[DeskObligation]] = {}
    for (part, code, title), of_kind in kinds.items():
        states = {item.state for item in of_kind}
        worst = next((state for state in _WORST if state in states), ItemState.OPEN)
        begun = ItemState.OPEN in states and len(states) > 1
        strip = [
            DeskItem(item.id, number, item.title, item.kind, item.state, bool(item.changes))
            for number, item in enumerate(of_kind, start=1)
        ]
        row = DeskObligation(
            f"{part}-{code}-{title}", part, code, title, strip, "part" if begun else str(worst), chosen in of_kind
        )
        parts.setdefault(part, []).append(row)
    return [
        DeskPart(letter, str(PART_TITLES.get(letter, "")), rows, _seen(rows), sum(len(row.items) for row in rows))
        for letter, rows in sorted(parts.items())
    ]


def _seen(rows: Sequence[DeskObligation]) -> int:
    return sum(1 for row in rows for item in row.items if item.state != ItemState.OPEN)


def _focus(
    items: Sequence[ReviewItem], chosen: ReviewItem, parts: Sequence[DeskPart], file_id: UUID | None, page: int
) -> Focus:
    record = filing.records_by_id([chosen.record_id]).get(chosen.record_id) if chosen.record_id else None
    files = [file for file in record.files if file.current] if record else []
    file = next((each for each in files if each.file_id == file_id), files[0] if files else None)
    pages = max(1, file.pages or 1) if file else 1
    found = content.reports([each.file_id for each in files])
    reports = [found[each.file_id] for each in files if each.file_id in found]
    business = filing.business_findings(record, found) if record else []
    *four, beside = _dimensions(reports, business)
    order = [item.id for part in parts for row in part.obligations for item in row.items]
    here = order.index(chosen.id)
    states = {item.id: item.state for item in items}
    later = [*order[here + 1 :], *order[:here]]
    return Focus(
        item=chosen, record=record, files=files, file=file, page=min(max(1, page), pages), pages=pages, reports=reports,
        business=business, dimensions=four, business_state=beside, obligation=next(r for p in parts for r in p.obligations if r.current),
        verdicts=frozenset(str(each) for each in VERDICTS_FOR[ItemKind(chosen.kind)]) if chosen.state != ItemState.UNCHANGED else frozenset(),
        previous=order[here - 1] if here else None, following=order[here + 1] if here + 1 < len(order) else None,
        next_open=next((each for each in later if states[each] == ItemState.OPEN), None),
    )  # fmt: skip


def _dimensions(reports: Sequence[CheckReport], business: Sequence[Finding]) -> list[Dimension]:
    """The four properties over all files of the record, and the business review: the worst severity found, or that
    nobody has looked."""
    unseen = not reports or any(report.finished_at is None for report in reports)
    answer = []
    for code in ("authenticity", "integrity", "usability", "security", BUSINESS):
        every = [f for report in reports for f in report.findings if f.dimension == code]
        found = [*(str(f.severity) for f in every), *(str(f.severity) for f in business if f.dimension == code)]
        state = (
            "fail" if "block" in found else "warn" if "warn" in found else "manual" if "manual" in found
            else "unchecked" if unseen else "ok"
        )  # fmt: skip
        answer.append(Dimension(code, state, len([each for each in found if each != "info"])))
    return answer
