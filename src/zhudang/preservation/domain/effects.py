"""What each act can do to the rows of registers: which tables, which columns, of which rows, with which values.

A change that no act of the log can have made was made by hand. So an act is given here no more than it does: one that
arranges volumes changes no retention, one that sets a level to 2 does not set it to 0, one that names its records touches
no others. What a program does later because of an act (planning what is owed) is marked so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from zhudang.filing.domain.describing import FIELDS

ACTOR = "@actor"
"""In `told`: the column holds the login of who acted."""
TOUCHED = " revision changed_at changed_by"


@dataclass(frozen=True)
class Effect:
    """What an act can do to rows of one table.

    Args:
        columns: it can change.
        adds, removes: rows can come, or go.
        by: columns of the row, one of which holds an identifier that the act names; none: any row of the table.
        told: column -> key in the act's facts that tells its new value.
        listed: the act lists what it changed with the new values, and changed nothing else but what `columns` names.
        unlisted: what it can change where it lists nothing.
        later: a program does it some time after the act.
        when: facts the act must tell for that.
    """

    table: str
    columns: frozenset[str] = frozenset()
    adds: bool = False
    removes: bool = False
    by: tuple[str, ...] = ("id",)
    told: Mapping[str, str] = field(default_factory=dict)
    listed: bool = False
    unlisted: frozenset[str] = frozenset()
    later: bool = False
    when: Mapping[str, int] = field(default_factory=dict)


BY_PROGRAM: Mapping[str, frozenset[str]] = {
    "content.file": frozenset(
        {"verdict", "checked_at", "format_id", "format_name", "mime", "pages", "facts", "with_client", "with_archive"}
    ),
    "preservation.site": frozenset({"prepared_at"}),
    "preservation.disposal_step": frozenset({"proof"}),
}
"""What the program changes without an act: of a file what changes with every check, and who may see it."""
ADDED_BY_PROGRAM = frozenset({"content.blob", "content.file"})
"""Their rows come as the program makes them: sealed documents, renditions."""
_EFFECTS: dict[str, list[Effect]] = {}


def _can(
    acts: str, table: str, columns: str = "", *, adds: bool = False, removes: bool = False, by: str = "id",
    told: Mapping[str, str] | None = None, listed: bool = False, unlisted: Iterable[str] = (), later: bool = False,
    when: Mapping[str, int] | None = None,
) -> None:  # fmt: skip
    effect = Effect(
        table, frozenset(columns.split()), adds, removes, tuple(by.split()), told or {}, listed, frozenset(unlisted), later,
        when or {},
    )  # fmt: skip
    for act in acts.split():
        _EFFECTS.setdefault(act, []).append(effect)


def effects_of(act: str) -> Iterable[Effect]:
    """What an act can do; an act that is not known here does nothing."""
    return _EFFECTS.get(act, ())


def acts_on(tables: Iterable[str]) -> frozenset[str]:
    """The acts that can do something to rows of these tables."""
    wanted = set(tables)
    return frozenset(act for act, effects in _EFFECTS.items() if any(effect.table in wanted for effect in effects))


def _same(*columns: str) -> dict[str, str]:
    return {column: column for column in columns}


def _registry() -> None:
    project = "registry.project"
    _can("registry.project.described registry.project.classified", project, TOUCHED, listed=True)
    _can("registry.project.renamed", project, "name" + TOUCHED, told=_same("name"))
    _can("registry.project.renamed", "registry.project_name", "until", adds=True, by="project_id")
    _can("registry.project.accepted", project, "accepted_on" + TOUCHED, told=_same("accepted_on"))
    _can("registry.project.suspended registry.project.resumed registry.project.cancelled", project, "status" + TOUCHED)
    _can("registry.project.merged", project, "status continued_in_id" + TOUCHED)
    _can("registry.project.split", project, "split_from_id" + TOUCHED)
    _can("registry.project.registered", project, adds=True)
    for table in ("registry.project_name", "registry.party"):
        _can("registry.project.registered", table, adds=True, by="project_id")
    _can("registry.party.replaced", project, "client_id" + TOUCHED, told={"client_id": "organisation_id"})
    moved = "registry.project.merged registry.project.split"
    _can(moved, "registry.phase", "project_id", adds=True, removes=True)
    _can(moved, "registry.unit_work", adds=True, removes=True, by="phase_id")
    _can(moved, "registry.party", adds=True, by="project_id")
    _can("registry.phase.added", "registry.phase", adds=True)
    _can("registry.unit_work.added", "registry.unit_work", adds=True)
    _can("registry.unit_work.described", "registry.unit_work", TOUCHED, listed=True)
    _can("registry.unit_work.added", "registry.milestone", adds=True, removes=True, by="unit_work_id")
    _structures(moved)
    _can("registry.party.added", "registry.party", adds=True, told=_same("organisation_id", "role"))
    _can("registry.party.replaced", "registry.party", adds=True, told=_same("organisation_id", "role"))
    _can("registry.party.replaced", "registry.party", "until")
    _can("registry.party.added registry.party.replaced", "registry.party_unit", adds=True, by="party_id")
    _can("registry.import.applied", "registry.party_unit", adds=True, by="")
    _can("registry.permit.issued", "registry.permit", adds=True, told=_same("kind", "number", "issued_on"))
    _can("registry.permit.issued", "registry.permit_unit_work", adds=True, by="permit_id")
    days = _same("planned_on", "happened_on")
    happened = "registry.milestone.happened registry.milestone.planned"
    _can(happened, "registry.milestone", "planned_on happened_on" + TOUCHED, adds=True, told=days)
    _can("registry.responsibility.recorded", "registry.responsibility", adds=True, told=_same("duty", "person"))
    _can("registry.responsibility.recorded", "registry.responsibility", "until", by="project_id")
    _can("registry.areas.recorded", "registry.area", "name valid_to source", adds=True, by="")
    for table in ("registry.calendar_year", "registry.calendar_day"):
        _can("registry.calendar.imported", table, adds=True, removes=True, by="")


def _structures(moved: str) -> None:
    structure = "registry.structure"
    _can("registry.structure.registered", structure, adds=True)
    _can("registry.structure.described", structure, TOUCHED, listed=True)
    # A structure is told by the kept project it belongs to, or else by the archive.
    _can("registry.unit_work.added registry.unit_work.described", structure, adds=True, removes=True)
    _can(moved, structure, adds=True, removes=True, by="")
    _can("preservation.project.kept", structure, removes=True, by="", when={"version": 1})


def _filing() -> None:
    obligation = "filing.obligation"
    # What is owed is planned anew by a job: who owes it, by when, and for a list adopted or loaded all of it.
    owing = "registry.party.added registry.party.replaced"
    _can(owing, obligation, "organisation_id planned_at", by="project_id", later=True)
    happened = "registry.milestone.happened registry.milestone.planned"
    _can(happened, obligation, "milestone_on suggested_on planned_at", by="unit_work_id", later=True)
    _can("registry.unit_work.added", obligation, adds=True, removes=True, by="unit_work_id", later=True)
    moved = "registry.project.merged registry.project.split"
    _can(moved, obligation, "project_id retired_at planned_at", adds=True, removes=True, by="project_id", later=True)
    planned = (
        "party_role organisation_id part position builder designer contractor supervisor archive owed milestone_on "
        "suggested_on retired_at planned_at"
    )
    _can("filing.scope.adopted filing.scope.loaded", obligation, planned, adds=True, by="", later=True)
    excused = "not_applicable_reason na_by na_at"
    _can("filing.obligation.excused", obligation, excused, told={"not_applicable_reason": "reason"})
    _can("filing.obligation.restored", obligation, excused)

    # Of records and volumes those are compared that are in the archive: most of what changes them came before.
    record = "filing.record"
    described = " described_at described_by" + TOUCHED
    _can("filing.record.described", record, described, listed=True, unlisted=FIELDS)
    _can("filing.record.transferred", record, adds=True)
    _can("filing.record.preserved", record, "state preserved_at changed_at revision", by="volume_id")
    _can("filing.record.transferred", "filing.record_file", adds=True, by="record_id")
    _can("filing.record.transferred", "filing.volume", adds=True, by="project_id")
    _can("filing.record.preserved preservation.volume.kept", "filing.volume", "preserved_at")
    _can("preservation.volume.destroyed", "filing.volume", "destroyed_at")
    _can("filing.volumes.arranged", "filing.given_code", adds=True, by="volume_id")
    _can("filing.volume.voided", "filing.given_code", "voided_at voided_by void_reason", by="volume_id",
         told={"void_reason": "reason"})  # fmt: skip
    loaded = "filing.scope.loaded"
    _can(loaded, "filing.scope_list", "title place source doubt kinds adoptable data_sha256 loaded_at", adds=True)
    item = (
        "parent_code part title title_en is_heading code_is_ours builder designer contractor supervisor archive provider "
        "milestone days_after carrier source doubt form_code related_standard position"
    )
    _can(loaded, "filing.scope_item", item, adds=True, removes=True, by="scope_list_id")
    # A kind of works without an adopted list gets the default one.
    _can(loaded, "filing.scope_adoption", adds=True, by="scope_list_id")
    _can("filing.scope.adopted", "filing.scope_adoption", "scope_list_id adopted_at adopted_by", adds=True,
         by="scope_list_id", told={"kind": "kind", "adopted_by": ACTOR})  # fmt: skip


def _handover() -> None:
    _can("handover.notice.issued", "handover.notice", adds=True)
    read = "handover.notice.issued handover.notice.read handover.notice.acknowledged"
    _can(read, "handover.notice_receipt", adds=True, by="notice_id")
    _can("handover.delivery.sent", "handover.delivery", adds=True, told=_same("number"))
    closed = "handover.delivery.signed handover.delivery.returned"
    _can(closed, "handover.delivery", "state closed_by closed_at return_reason" + TOUCHED)
    _can(closed, "handover.delivery_item", "returned_reason", by="delivery_id")
    _can("filing.record.transferred", "handover.delivery_item", adds=True, by="record_id")

    application = "handover.application"
    applied = "handover.application.submitted handover.application.correction_told"
    _can(applied, application, adds=True, told=_same("number"))
    _can("handover.application.submitted", application, "state clock_from missing_note" + TOUCHED)
    ended = "handover.application.withdrawn handover.application.returned handover.application.accepted"
    _can(ended, application, "state closed_at" + TOUCHED)
    judged = "handover.item.judged handover.items.passed_by_sample handover.item.demanded_again"
    _can(judged, application, TOUCHED)
    _can(applied, "handover.application_unit_work", adds=True, by="application_id")
    _can("handover.application.correction_told", "handover.clock_stop", adds=True, by="application_id")
    _can("handover.application.submitted", "handover.clock_stop", "ended_on", by="application_id")
    item = "handover.review_item"
    verdict = "state reason_code reason cure judged_by judged_at sampled"
    _can("handover.application.submitted", item, adds=True, by="application_id")
    _can("filing.record.transferred", item, adds=True, by="record_id")
    _can("handover.item.judged", item, verdict, told={"state": "verdict"})
    _can("handover.items.passed_by_sample", item, verdict)
    _can("handover.item.demanded_again", item, "state late_ground late_reason",
         told={"late_ground": "ground", "late_reason": "reason"})  # fmt: skip
    _can("handover.items.passed_by_sample", "handover.sample_note", adds=True, by="application_id", told=_same("note"))
    _can("handover.application.returned", "handover.rectification_list", adds=True, by="application_id")
    _can("handover.application.accepted", "handover.opinion", adds=True, by="application_id")
    _can("handover.commitment.made", "handover.commitment", adds=True, told=_same("number", "due_on"))
    _can("handover.commitment.breached", "handover.commitment", "breached_at")
    _can("handover.commitment.fulfilled", "handover.commitment", "fulfilled_at")

    transfer = "handover.transfer"
    _can("handover.transfer.proposed", transfer, adds=True, told=_same("number"))
    _can("handover.transfer.counting", transfer, "state began_at" + TOUCHED)
    received = "state received_at received_by received_name supplement document_id"
    _can("handover.transfer.received", transfer, received + TOUCHED, told={"received_by": ACTOR})
    _can("handover.transfer.preserved", transfer, "state preserved_at" + TOUCHED)
    count = (
        "records text_pages drawing_sheets photos others stamps_sampled absent note counted_by counted_name counted_at"
    )
    _can("handover.transfer.received filing.record.transferred", "handover.volume_count", adds=True, by="transfer_id")
    _can("handover.volume.counted", "handover.volume_count", count, adds=True, told={"counted_by": ACTOR})
    _can("handover.certificate.issued", "handover.certificate", adds=True)


def _documents_and_files() -> None:
    document = "documents.sealed_document"
    _can("documents.document.issued", document, adds=True, told=_same("kind", "number", "record_sm3"))
    sealed = "pdf_sha256 pdf_sm3 pdf_size certificate_sha256 certificate_until file_id digest_entry sealed_at"
    _can("documents.document.sealed", document, sealed,
         told={**_same("pdf_sha256", "pdf_sm3"), "certificate_sha256": "seal"})  # fmt: skip
    _can("documents.document.voided", document, "voided_at void_reason", told={"void_reason": "reason"})
    _can("content.file.withdrawn", "content.file", "withdrawn_at")
    # Which files a destruction may mark is `disposal.checking`'s to say (DSP-005).
    _can("preservation.volume.destroyed", "content.file", "destroyed_at", by="")


def _identity() -> None:
    party = "identity.organisation"
    _can("identity.organisation.registered", party, adds=True, told=_same("name", "kind"))
    _can("identity.organisation.renamed", party, "name", told=_same("name"))
    _can("identity.organisation.described", party, "short_name kind credit_code legacy_code")
    _can("identity.organisation.registered identity.organisation.renamed", "identity.organisation_name", "until",
         adds=True, by="organisation_id")  # fmt: skip
    account = "identity.account"
    _can("identity.account.created", account, adds=True, told=_same("username", "name"))
    _can("identity.account.described identity.account.preferred", account, listed=True)
    _can("identity.account.disabled identity.account.enabled preservation.catalogue.rebuilt", account, "disabled_at")
    _can("identity.clearance.set", account, "clearance", told={"clearance": "after"})
    held = {"role": "role", "organisation_id": "organisation"}
    _can("identity.role.granted", "identity.membership", adds=True, by="account_id", told=held)
    _can("identity.role.ended", "identity.membership", "until", by="account_id")


def _preservation() -> None:
    site = "preservation.site"
    set_up = _same("path", "kind")
    _can("preservation.site.registered", site, adds=True, told=_same("code"))
    _can("preservation.site.changed", site, "name path kind facts in_use", told=set_up)
    _can("preservation.site.retired", site, "in_use")
    plan = {"class_code": "class"}
    _can(
        "preservation.plan.entered", "preservation.remedy_plan", adds=True, told={**plan, "responsible": "responsible"}
    )
    _can("preservation.plan.ended", "preservation.remedy_plan", adds=True, told={**plan, "remedy": "how"})
    _can("preservation.placement.chosen", "preservation.placement", adds=True, told={**plan, "plan_id": "plan"})
    _can("preservation.custody.offered", "preservation.custody", adds=True, told={"gave": ACTOR, "took": "to"})
    _can("preservation.custody.signed", "preservation.custody", "took_at")
    _can("preservation.custody.withdrawn", "preservation.custody", "withdrawn_at")
    _can("preservation.catch_up.done", "preservation.catch_up", adds=True, by="site_id")
    film = "preservation.registered_copy"
    _can("preservation.registered_copy.entered", film, adds=True, told=_same("label", "version", "inventory_sha512"))
    _can("preservation.registered_copy.inspected", film, "inspected_on inspected_by", told={"inspected_by": ACTOR})
    gone = "withdrawn_at withdrawn_because"
    _can("preservation.registered_copy.withdrawn", film, gone, told={"withdrawn_because": "because"})
    _can("preservation.volume.cleared", film, gone, by="object_id")
    _can("preservation.volume.destroyed", film, "object_id", by="object_id")
    _can("preservation.books.compared", "preservation.book_comparison", adds=True, told={"made_by": ACTOR})
    _can("preservation.formats.reviewed", "preservation.format_review", adds=True, told={"reviewed_by": ACTOR})
    ended = "preservation.migration.done preservation.migration.cancelled preservation.migration.stopped"
    _can(ended, "preservation.format_migration", adds=True, told=_same("path", "files", "made", "failed"))
    _can(ended, "preservation.migration_outcome", adds=True, by="migration_id")
    _can("preservation.volume.kept", "preservation.rendition", "superseded_at", adds=True, by="volume_id")


def _disposal() -> None:
    case, item = "preservation.disposal_case", "preservation.disposal_item"
    said = "preservation.disposal."
    _can(f"{said}proposed", case, adds=True, told={**_same("list_sha256", "committee"), "proposed_by": ACTOR})
    _can(f"{said}proposed", item, adds=True, by="case_id")
    _can(f"{said}agreed", case, "state approved_sha256", told=_same("approved_sha256"))
    decided = "decided_by decided_name decided_at decided_because"
    _can(f"{said}approved", case, f"state wait_until {decided}",
         told={"decided_by": ACTOR, "wait_until": "wait_until"})  # fmt: skip
    ended = "state ended_by ended_name ended_at ended_because"
    _can(f"{said}refused", case, f"{ended} {decided}")
    _can(f"{said}stopped", case, ended)
    _can(f"{said}called", case, "state executor executor_name called_at", told={"executor": ACTOR})
    _can(f"{said}begun", case, "state began_at")
    _can(f"{said}halted", case, "halted_because")
    _can(f"{said}executed", case, f"{ended} halted_because")
    outcome = "outcome outcome_at outcome_by outcome_because extended_until"
    _can(f"{said}agreed {said}refused", item, outcome, by="case_id")
    _can("preservation.volume.destroyed", item, f"{outcome} tombstone_sha512", by="object_id",
         told=_same("tombstone_sha512"))  # fmt: skip
    _can(f"{said}appraised", "preservation.disposal_opinion", adds=True, by="case_id",
         told={"username": ACTOR, "agrees": "agrees", "reasons": "reasons"})  # fmt: skip
    signed = {"username": ACTOR}
    signing = f"{said}witnessed {said}owed_witnessed"
    _can(signing, "preservation.disposal_signature", adds=True, by="case_id", told=signed)
    steps = "preservation.volume.destroyed preservation.volume.cleared preservation.volume.keys_listed"
    _can(steps, "preservation.disposal_step", "gone at proof", adds=True, by="")
    stay = "preservation.disposal_stay"
    _can(f"{said}stay_placed", stay, adds=True, told={"because": "because", "placed_by": ACTOR})
    _can(f"{said}stay_lifted", stay, "lifted_at lifted_by lifted_because",
         told={"lifted_because": "because", "lifted_by": ACTOR})  # fmt: skip


_registry()
_filing()
_handover()
_documents_and_files()
_identity()
_preservation()
_disposal()
_can("atlas.base.loaded", "atlas.base_feature", adds=True, removes=True, by="")
