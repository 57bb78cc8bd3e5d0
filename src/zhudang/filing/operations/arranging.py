"""Volumes: compose them from filed records, put them in the clerk's sequence, give the archive's numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Max, ProtectedError
from django.utils import timezone

from zhudang.audit import operations as audit
from zhudang.filing import data_files
from zhudang.filing.domain import codes
from zhudang.filing.domain.describing import RETENTIONS
from zhudang.filing.domain.scope import PART_NAMES
from zhudang.filing.domain.states import RecordState
from zhudang.filing.domain.volumes import Bundle, Piece, bundle, moved, number_pages
from zhudang.filing.models import Counter, GivenCode, Obligation, Record, ScopeItem, Volume
from zhudang.identity import rights
from zhudang.identity.models import Organisation
from zhudang.identity.rights import Actor
from zhudang.registry import queries as registry
from zhudang.registry.queries import UnitWorkFacts
from zhudang.shared.bulk import save_changed
from zhudang.shared.ids import new_id
from zhudang.shared.refusals import NotFound, Reason, Refusal

_TO_COMPOSE = ("filed", "delivered", "with_client", "submitted", "accepted", "transferred")
_TO_NUMBER = ("accepted", "transferred")


class CannotArrange(Refusal):
    """Nothing was arranged or numbered."""


@transaction.atomic
def compose_volumes(*, actor: Actor, project_id: UUID, now: datetime) -> int:
    """Arrange the project's filed records into volumes without numbers; tell how many there are.

    May run again at any time: numbered volumes stay as they are, the others are composed anew from what is
    filed now. Only what goes to the archive is arranged.

    Raises:
        NotFound, Forbidden.
    """
    rights.demand(actor, "filing.volume.arrange", registry.project_facts(project_id))
    _hold(project_id)
    volumes = _compose(project_id, _TO_COMPOSE, actor, now)
    audit.record(
        actor=actor, act="filing.volumes.composed", subject=f"registry.project:{project_id}", at=now,
        data={"volumes": len(volumes), "records": sum(v.record_count for v in volumes)},
    )  # fmt: skip
    return len(volumes)


@transaction.atomic
def arrange_project(
    *, actor: Actor, project_id: UUID, now: datetime, class_codes: Mapping[str, str] | None = None
) -> list[UUID]:
    """Arrange what the archive accepted and give reference codes and accession numbers; gives the volumes' ids.

    May run again for a later stage: volumes numbered before keep their numbers, new ones go on after them.
    Two archivists at once get distinct numbers: the second waits for the first.

    Args:
        class_codes: kind of works -> class of the outline (分类号); the policy's default where left out.

    Raises:
        NotFound, Forbidden.
        CannotArrange: nothing to arrange, or a class is unknown.
    """
    rights.demand(actor, "filing.volume.number", registry.project_facts(project_id))
    _hold(project_id)
    chosen = {**data_files.policy().class_of_kind, **(class_codes or {})}
    known = {code for code, _parent, _title in data_files.load().classes}
    reasons = [Reason("filing.class_unknown", {"code": c}) for c in chosen.values() if c not in known]
    waiting = Record.objects.of_project(project_id).filter(state__in=_TO_NUMBER, to_archive=True)
    if not waiting.exclude(volume__arranged_at__isnull=False).exists():
        reasons.append(Reason("filing.nothing_to_arrange"))
    if reasons:
        raise CannotArrange(*reasons)
    volumes = _compose(project_id, _TO_NUMBER, actor, now)
    _number(project_id, volumes, chosen, actor, now)
    audit.record(
        actor=actor, act="filing.volumes.arranged", subject=f"registry.project:{project_id}", at=now,
        data={"volumes": [{"id": v.id, "code": v.reference_code, "accession": v.accession_no} for v in volumes]},
    )  # fmt: skip
    return [v.id for v in volumes]


def _hold(project_id: UUID) -> None:
    """One arranging at a time per project: the second waits here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [str(project_id)])


def _compose(project_id: UUID, states: Sequence[str], actor: Actor, now: datetime) -> list[Volume]:
    """Replace the unnumbered volumes by freshly composed ones."""
    units = registry.unit_works_of(project_id)
    Record.objects.filter(project_id=project_id, volume__isnull=False, volume__arranged_at__isnull=True).update(
        volume=None, position=None, page_from=None, page_to=None
    )
    Volume.objects.filter(project_id=project_id, arranged_at__isnull=True).delete()
    records = list(
        Record.objects.of_project(project_id)
        .select_for_update(no_key=True)
        .filter(state__in=states, to_archive=True, volume__isnull=True)
        .only(*_ARRANGED_BY)
        .order_by("id")
    )
    bundles = bundle(_pieces(records, units), data_files.policy())
    last = Volume.objects.filter(project_id=project_id).aggregate(last=Max("sequence"))["last"] or 0
    by_id = {r.id: r for r in records}
    volumes = [_volume(b, n, project_id, units, actor, now) for n, b in enumerate(bundles, start=last + 1)]
    _write_notes(project_id, volumes)
    Volume.objects.bulk_create(volumes, batch_size=500)
    for volume, one in zip(volumes, bundles, strict=True):
        for place in one.placed:
            record = by_id[place.piece.id]
            record.volume, record.position = volume, place.position
            record.page_from, record.page_to = place.page_from, place.page_to
    save_changed(records, ["volume", "position", "page_from", "page_to"])
    return volumes


_ARRANGED_BY = (
    "id", "project", "unit_work", "obligation", "organisation", "part", "code", "order_key", "carrier", "title",
    "document_no", "specialty", "manuscript", "formed_on", "formed_until", "pages", "paper_size", "level", "retention",
    "volume", "position", "page_from", "page_to",
)  # fmt: skip
"""What arranging asks of a record and writes: a project may have tens of thousands."""


def _pieces(records: Iterable[Record], units: Sequence[UnitWorkFacts]) -> list[Piece]:
    rows = list(records)
    order: dict[UUID | None, int] = {u.unit_work_id: n for n, u in enumerate(units)}
    makers = dict(Organisation.objects.filter(id__in={r.organisation_id for r in rows}).values_list("id", "name"))
    answered = {r.obligation_id for r in rows if r.obligation_id}
    groups: dict[UUID | None, str] = dict(
        Obligation.objects.filter(id__in=answered).values_list("id", "scope_item__parent_code")
    )
    return [
        Piece(
            id=r.id,
            unit_work_id=r.unit_work_id,
            unit_order=order.get(r.unit_work_id, len(order)),
            part=r.part,
            group=_group(r, groups.get(r.obligation_id, "")),
            organisation_id=r.organisation_id,
            organisation=makers.get(r.organisation_id, ""),
            order_key=r.order_key,
            carrier=r.carrier,
            title=r.title,
            document_no=r.document_no,
            specialty=r.specialty,
            manuscript=r.manuscript,
            formed_on=r.formed_on,
            formed_until=r.formed_until,
            pages=r.pages or (1 if r.carrier == "photo" else 0),
            paper_size=r.paper_size,
            level=r.level,
            retention=r.retention,
        )
        for r in rows
    ]


def _group(record: Record, parent: str) -> str:
    """The group volumes are made by: C6.2 belongs to C6; drawings by their own code (one specialty each)."""
    if record.part == "D":
        return record.code or record.specialty
    return (parent or record.code).split(".")[0].split("-")[0]


def _volume(
    one: Bundle, sequence: int, project_id: UUID, units: Sequence[UnitWorkFacts], actor: Actor, now: datetime
) -> Volume:
    unit = next((u for u in units if u.unit_work_id == one.unit_work_id), None)
    formed, until = one.formed
    pages = {c: one.pages if one.carrier == c else 0 for c in ("text", "drawing", "photo")}
    return Volume(
        id=new_id(), project_id=project_id, unit_work_id=one.unit_work_id, part=one.part, carrier=one.carrier,
        sequence=sequence, title=_title(one, unit), group_code=one.group, compiled_by="、".join(one.makers)[:200],
        formed_on=formed, formed_until=until, level=one.level,
        retention=one.retention if one.retention in RETENTIONS else data_files.policy().archive_retention,
        text_pages=pages["text"], drawing_sheets=pages["drawing"], photo_count=pages["photo"],
        other_count=len(one.placed) if one.carrier in {"av", "model"} else 0, record_count=len(one.placed),
        thickness_mm=one.thickness_mm, note={"too_thick": one.too_thick} if one.too_thick else {},
        composed_at=now, composed_by=actor.name or actor.username,
    )  # fmt: skip


def _title(one: Bundle, unit: UnitWorkFacts | None) -> str:
    """案卷题名: works and unit work, part, group or specialty (filing-rules.md 2.5)."""
    works = f"{unit.project_name}{unit.name}" if unit else ""
    pieces = [works, PART_NAMES[one.part]]
    if one.group and unit:
        found = ScopeItem.objects.filter(project_type=unit.kind, code=one.group).values_list("title", flat=True).first()
        if found and found != pieces[-1]:
            pieces.append(found)
    return " ".join(p for p in pieces if p)[:300]


def _write_notes(project_id: UUID, volumes: Sequence[Volume]) -> None:
    """Put what does not apply, with reason and by whom, into the note of the part's first volume."""
    first: dict[tuple[UUID | None, str], Volume] = {}
    for one in volumes:
        first.setdefault((one.unit_work_id, one.part), one)
    rows = Obligation.objects.filter(project_id=project_id, na_at__isnull=False, retired_at__isnull=True).order_by(
        "position"
    )
    for unit_id, part, code, title, reason, who, when in rows.values_list(
        "unit_work_id", "part", "scope_item__code", "scope_item__title", "not_applicable_reason", "na_by", "na_at"
    ):
        if volume := first.get((unit_id, part)):
            day = timezone.localtime(when).date().isoformat()
            volume.note.setdefault("not_applicable", []).append(
                {"code": code, "title": title, "reason": reason, "by": who, "on": day}
            )


def _number(
    project_id: UUID, volumes: Sequence[Volume], classes: Mapping[str, str], actor: Actor, now: datetime
) -> None:
    """Give every volume its reference code and accession number; counters are taken in one order by everyone."""
    who = actor.name or actor.username
    policy = data_files.policy()
    year = timezone.localtime(now).year
    kinds: dict[UUID | None, str] = {u.unit_work_id: u.kind for u in registry.unit_works_of(project_id)}
    given: list[GivenCode] = []
    classed = [(v, classes[kinds.get(v.unit_work_id, "building")]) for v in volumes]
    numbers = {c: _project_number(project_id, c, year, given, who, now) for c in sorted({c for _v, c in classed})}
    for volume, class_code in classed:
        number, code_year = numbers[class_code]
        series = f"volume:{class_code}:{code_year}:{number}"
        nth = take(series)
        volume.class_code = class_code
        volume.reference_code = _fill(
            policy.code_template, {"class": class_code, "year": code_year, "project": number, "volume": nth}
        )
        given.append(_given("reference", volume.reference_code, series, nth, volume.id, project_id, who, now))
    first = take("accession", count=len(volumes))
    for offset, volume in enumerate(volumes):
        at = first + offset
        volume.accession_no = _fill(policy.accession_template, {"number": at})
        given.append(_given("accession", volume.accession_no, "accession", at, volume.id, project_id, who, now))
        volume.arranged_at, volume.arranged_by = now, who
    GivenCode.objects.bulk_create(given, batch_size=1000)
    save_changed(volumes, ["class_code", "reference_code", "accession_no", "arranged_at", "arranged_by"])


def _fill(template: str, values: Mapping[str, str | int]) -> str:
    try:
        return codes.fill(template, values)
    except codes.CodeTooLong as problem:
        raise CannotArrange(Reason("filing.code_too_long", {"why": str(problem), "template": template})) from problem


def _project_number(
    project_id: UUID, class_code: str, year: int, given: list[GivenCode], who: str, now: datetime
) -> tuple[int, int]:
    """The project's number in a class, with its year: given once, kept for every later stage."""
    known = GivenCode.objects.filter(
        kind="project", project_id=project_id, series__startswith=f"project:{class_code}:"
    ).first()
    if known:
        return known.number, int(known.series.rsplit(":", 1)[1])
    series = f"project:{class_code}:{year}"
    number = take(series)
    given.append(_given("project", f"{series}:{number}", series, number, project_id, project_id, who, now))
    return number, year


def _given(
    kind: str, code: str, series: str, number: int, volume_id: UUID, project_id: UUID, who: str, now: datetime
) -> GivenCode:
    return GivenCode(
        kind=kind, code=code, series=series, number=number, volume_id=volume_id, project_id=project_id,
        given_at=now, given_by=who,
    )  # fmt: skip


def take(series: str, count: int = 1) -> int:
    """Take the next `count` numbers of a series; gives the first. Others wait until this transaction ends."""
    Counter.objects.bulk_create([Counter(series=series)], ignore_conflicts=True)
    row = Counter.objects.select_for_update(no_key=True).get(series=series)
    Counter.objects.filter(series=series).update(value=F("value") + count)
    return row.value + 1


@transaction.atomic
def void_volume(*, actor: Actor, volume_id: UUID, reason: str, now: datetime) -> None:
    """Take a numbered volume apart before it is preserved; its numbers are recorded as void, never given again.

    Raises:
        NotFound.
        CannotArrange: it is preserved or counted in a transfer already, or no reason is given.
    """
    found = Volume.objects.filter(id=volume_id).first()
    if found is None:
        raise NotFound
    rights.demand(actor, "filing.volume.number", registry.project_facts(found.project_id))
    _hold(found.project_id)
    volume = Volume.objects.select_for_update(no_key=True).get(id=volume_id)
    reasons = []
    if volume.preserved_at or Record.objects.filter(volume=volume, state=RecordState.PRESERVED.value).exists():
        reasons.append(Reason("filing.volume_preserved", {"code": volume.reference_code}))
    if len(reason.strip()) < 2:
        reasons.append(Reason("filing.reason_missing"))
    if reasons:
        raise CannotArrange(*reasons)
    Record.objects.filter(volume=volume).update(volume=None, position=None, page_from=None, page_to=None)
    GivenCode.objects.filter(volume_id=volume.id, voided_at__isnull=True).update(
        voided_at=now, voided_by=actor.name or actor.username, void_reason=reason.strip()
    )
    audit.record(
        actor=actor, act="filing.volume.voided", subject=f"filing.volume:{volume.id}", at=now,
        data={"code": volume.reference_code, "accession": volume.accession_no, "reason": reason.strip()},
    )  # fmt: skip
    try:
        with transaction.atomic():
            volume.delete()
    except ProtectedError:
        raise CannotArrange(Reason("filing.volume_counted", {"code": volume.reference_code})) from None


@transaction.atomic
def move_in_volume(
    *, actor: Actor, volume_id: UUID, record_id: UUID, to: int, revision: int | None, now: datetime
) -> None:
    """Put a record at another place of an unnumbered volume (the clerk's sequence); pages are counted anew.

    Raises:
        NotFound.
        CannotArrange: the volume has its number, or another person changed it meanwhile.
    """
    volume = Volume.objects.select_for_update(no_key=True).filter(id=volume_id).first()
    if volume is None:
        raise NotFound
    rights.demand(actor, "filing.volume.arrange", registry.project_facts(volume.project_id))
    reasons = []
    if volume.arranged_at:
        reasons.append(Reason("filing.volume_numbered", {"code": volume.reference_code}))
    if revision is not None and revision != volume.revision:
        reasons.append(Reason("filing.volume_changed_meanwhile", {"who": volume.composed_by}))
    if reasons:
        raise CannotArrange(*reasons)
    records = {
        r.id: r for r in Record.objects.select_for_update(no_key=True).filter(volume=volume).order_by("position")
    }
    if record_id not in records:
        raise NotFound
    pieces = {p.id: p for p in _pieces(records.values(), registry.unit_works_of(volume.project_id))}
    ordered = moved([pieces[i] for i in records], record_id, to)
    for place in number_pages(ordered):
        row = records[place.piece.id]
        row.position, row.page_from, row.page_to = place.position, place.page_from, place.page_to
    save_changed(list(records.values()), ["position", "page_from", "page_to"])
    Volume.objects.filter(id=volume.id).update(
        revision=F("revision") + 1, composed_at=now, composed_by=actor.name or actor.username
    )
    audit.record(
        actor=actor, act="filing.volume.reordered", subject=f"filing.volume:{volume.id}", at=now,
        data={"record": record_id, "to": to},
    )  # fmt: skip
