"""The small world the walk is done in: three projects that differ only in whose they are and how secret.

`own` is built by the clerks who walk, `above` too but lies above the network's ceiling, `other` belongs to
strangers. Rows are made bare: the walk asks who may know of them, not how they came about.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import pikepdf
from django.apps import apps
from django.utils import timezone

from zhudang.identity.domain.roles import FILERS, OrganisationKind, Role
from zhudang.identity.models import Account, Membership, Organisation
from zhudang.identity.rights import Stage, ThingFacts
from zhudang.preservation import sites
from zhudang.shared.ids import new_id

NOW = timezone.now()
VARIANTS = ("own", "draft", "other", "above")
SECRET_WORDS = {"other": "隐山", "above": "隐川"}
"""Every name of another's or a too secret thing begins with this; no page may show it to those it is hidden from."""


@dataclass
class Thing:
    """One object of a kind, in one variant."""

    id: Any
    facts: ThingFacts | None = None


@dataclass
class World:
    """Everything made so far, by kind and variant; and the people who walk."""

    things: dict[str, dict[str, Thing]] = field(default_factory=dict)
    people: dict[str, Account] = field(default_factory=dict)
    organisations: dict[str, UUID] = field(default_factory=dict)

    def put(self, kind: str, variant: str, thing_id: Any, facts: ThingFacts | None = None) -> None:
        self.things.setdefault(kind, {})[variant] = Thing(thing_id, facts)


def make_people(world: World) -> None:
    """Organisations and one person a role, all there before anything else, so that lists of them never change."""
    for key, kind in (
        ("client", OrganisationKind.COMPANY), ("contractor", OrganisationKind.COMPANY), ("archive", OrganisationKind.ARCHIVE),
        ("other_client", OrganisationKind.COMPANY), ("other_contractor", OrganisationKind.COMPANY),
    ):  # fmt: skip
        world.organisations[key] = Organisation.objects.create(name=f"单位{key}", kind=kind, created_at=NOW).id
    for role in Role:
        account = Account.objects.create(
            username=f"walk-{role}", name="行走", clearance=1, created_at=NOW, password="!"
        )
        place = {Role.PARTY_CLERK: "contractor", Role.CLIENT_CLERK: "client", Role.CLIENT_MANAGER: "client"}.get(
            role, "archive"
        )
        organisation = None if role is Role.PUBLIC else world.organisations[place]
        Membership.objects.create(account=account, organisation_id=organisation, role=role, since=NOW)
        world.people[role] = account
    make_identity_things(world)
    make_sites(world)


def make_identity_things(world: World) -> None:
    from zhudang.audit import operations as audit
    from zhudang.events.models import Delivery, Event
    from zhudang.identity.models import AccessToken

    someone = Account.objects.create(username="walk-someone", name="某人", created_at=NOW, password="!")
    membership = Membership.objects.create(
        account=someone, organisation_id=world.organisations["archive"], role=Role.KEEPER, since=NOW
    )
    token = AccessToken.objects.create(account=someone, name="系统", digest="d", issued_at=NOW, expires_at=NOW)
    event = Event.objects.create(kind="walk.event", subject="walk:1", at=NOW)
    delivery = Delivery.objects.create(event=event, handler="walk", failed_at=NOW, failure="x")
    entry = audit.record(actor="walk", act="walk.begun", subject="walk:1", at=NOW)
    for kind, thing in (
        ("account_id", someone.id), ("membership_id", membership.id), ("token_id", token.id), ("failure_id", delivery.id),
        ("entry_id", entry), ("organisation_id", world.organisations["archive"]),
    ):  # fmt: skip
        world.put(kind, "own", thing)


def make_sites(world: World) -> None:
    """A place and a handing over there: only the archive's and the department's people ever see them."""
    from zhudang.preservation.models import Custody, FormatMigration

    site_id = sites.places(NOW)[0].site_id
    custody = Custody.objects.create(
        site_id=site_id, gave="walk-1", gave_name="甲", gave_at=NOW, took="walk-2", took_name="乙", bound_for="柜", condition="sound"
    )  # fmt: skip
    world.put("site_id", "own", site_id)
    world.put("custody_id", "own", custody.id)
    migration = FormatMigration.objects.create(
        format_id="fmt/116", format_name="BMP", path="tiff", tool="Pillow", tool_version="1", ordered_at=NOW, ordered_by="walk",
        orderer_name="甲", open=False, state="done", finished_at=NOW,
    )  # fmt: skip
    world.put("migration_id", "own", migration.id)


def make_project(world: World, variant: str) -> None:
    """One project with everything that hangs on it, in one variant."""
    from zhudang.registry import models as registry

    prefix = "other_" if variant == "other" else ""
    client, contractor = world.organisations[f"{prefix}client"], world.organisations[f"{prefix}contractor"]
    level = 2 if variant == "above" else 1
    word = SECRET_WORDS.get(variant, "明水")
    number = {"own": 1, "other": 2, "above": 3}[variant]
    project = registry.Project.objects.create(
        code=f"2403-990241-48-01-00000{number}", name=f"{word}工程", kind="building", client_id=client, level=level,
        address=f"{word}路", lon=109.0, lat=28.45, registered_at=NOW, changed_at=NOW,
    )  # fmt: skip
    registry.ProjectName.objects.create(project=project, name=project.name)
    phase = registry.Phase.objects.create(project=project, code=f"{project.code}-001", name=f"{word}一期")
    structure = registry.Structure.objects.create(
        name=f"{word}楼", kind="building", address=f"{word}路", lon=109.0, lat=28.45, level=level, changed_at=NOW
    )
    unit = registry.UnitWork.objects.create(
        phase=phase, code="01", name=f"{word}1#楼", kind="building", structure=structure, changed_at=NOW
    )
    party = registry.Party.objects.create(
        project=project, organisation_id=contractor, role="contractor", since=date(2024, 1, 1)
    )
    registry.PartyUnit.objects.create(party=party, unit_work=unit)
    facts = ThingFacts(client, frozenset({contractor}), level=level)
    for kind, thing in (
        ("project_id", project.id), ("unit_work_id", unit.id), ("party_id", party.id), ("structure_id", structure.id), ("code", project.code),
    ):  # fmt: skip
        world.put(kind, variant, thing, facts)
    for maker in MAKERS:
        maker(world, variant, Place(project, unit, facts, contractor, word))


@dataclass(frozen=True)
class Place:
    """Where a maker puts its things."""

    project: Any
    unit: Any
    facts: ThingFacts
    contractor: UUID
    word: str

    def held(self, stage: Stage) -> ThingFacts:
        return ThingFacts(self.facts.client_id, self.facts.party_ids, self.contractor, self.facts.level, stage)


def _blob(word: str) -> Any:
    """Stored bytes: one PDF of one page, which says whose it is."""
    from zhudang.content import store
    from zhudang.content.models import Blob

    pdf = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.docinfo["/Title"] = word
        document.save(pdf, deterministic_id=True)
    pdf.seek(0)
    store.prepare()
    arrival, digests = store.take_in(pdf)
    store.settle([(arrival, digests)])
    given = {"sm3": digests.sm3, "size": digests.size, "stored_at": NOW}
    return Blob.objects.get_or_create(sha256=digests.sha256, defaults=given)[0]


def _make_files(world: World, variant: str, place: Place) -> None:
    from zhudang.content.models import File, Upload

    clerk = world.people[Role.PARTY_CLERK]
    stages = {variant: Stage.WITH_ARCHIVE} | ({"draft": Stage.HOLDER} if variant == "own" else {})
    for name, stage in stages.items():
        archive = stage is Stage.WITH_ARCHIVE
        file = File.objects.create(
            blob=_blob(place.word), name=f"{place.word}.pdf", project_id=place.project.id, unit_work_id=place.unit.id,
            organisation_id=place.contractor, uploaded_by=clerk, received_at=NOW, level=place.facts.level, mime="application/pdf",
            client_organisation_id=place.facts.client_id, with_client=archive, with_archive=archive, verdict="pass", checked_at=NOW,
        )  # fmt: skip
        world.put("file_id", name, file.id, place.held(stage))
        upload = Upload.objects.create(
            length=10, name=f"{place.word}.pdf", project_id=place.project.id, organisation_id=place.contractor, uploaded_by=clerk,
            client_organisation_id=place.facts.client_id, created_at=NOW, expires_at=NOW + timezone.timedelta(days=1), level=place.facts.level,
        )  # fmt: skip
        world.put("upload_id", name, upload.id, None)


def _make_records(world: World, variant: str, place: Place) -> None:
    from zhudang.filing.models import Record, Volume

    stages = {variant: Stage.WITH_ARCHIVE} | ({"draft": Stage.HOLDER} if variant == "own" else {})
    volume = Volume.objects.create(
        project=place.project, unit_work=place.unit, part="C", carrier="text", sequence=1, title=f"{place.word}卷",
        level=place.facts.level, composed_at=NOW, composed_by="walk",
    )  # fmt: skip
    world.put("volume_id", variant, volume.id, place.facts)
    for name, stage in stages.items():
        submitted = stage is Stage.WITH_ARCHIVE
        record = Record.objects.create(
            project=place.project, unit_work=place.unit, organisation_id=place.contractor, part="C", code="C1", title=f"{place.word}记录",
            level=place.facts.level, state="submitted" if submitted else "draft", reached=2 if submitted else 0,
            volume=volume if submitted else None, position=1 if submitted else None,
            created_at=NOW, created_by="walk", changed_at=NOW, changed_by="walk",
        )  # fmt: skip
        world.put("record_id", name, record.id, place.held(stage))


def _make_works(world: World, variant: str, place: Place) -> None:
    """A message to, and a work of, the contractor; that a project is too secret has no bearing on these."""
    from zhudang.events.models import Message, Work

    if variant == "above":
        return
    message = Message.objects.create(organisation_id=place.contractor, kind="walk.told", data={}, at=NOW)
    work = Work.objects.create(kind="walk.work", subject="walk:1", organisation_id=place.contractor, created_at=NOW)
    world.put("message_id", variant, message.id, MemberOf(place.contractor))
    world.put("work_id", variant, work.id, MemberOf(place.contractor))


class MemberOf(ThingFacts):
    """Facts of what belongs to an organisation's members whatever their roles: inbox and work."""

    def __init__(self, organisation_id: UUID) -> None:
        super().__init__(holder_id=organisation_id)


def _make_handover(world: World, variant: str, place: Place) -> None:
    """Notice, delivery, application under review, transfer, certificate, and the sealed paper of the notice."""
    from zhudang.documents.models import SealedDocument
    from zhudang.handover import models as handover
    from zhudang.registry.models import Permit

    project, number = place.project, f"{place.word}号"
    permit = Permit.objects.create(
        project=project, kind="planning", number=number, issued_on=date(2024, 3, 1), recorded_at=NOW, recorded_by="walk"
    )
    paper = SealedDocument.objects.create(
        kind="notice", title=f"{place.word}告知书", number=number, check_code={"own": "AAAA2345", "other": "BBBB2345"}.get(variant, "CCCC2345"),
        issuer="馆", project_id=project.id, template="notice", standard="a-2b", record_sm3="0" * 64, leaf_entry=new_id(), issued_at=NOW, issued_by="walk",
    )  # fmt: skip
    notice = handover.Notice.objects.create(
        project=project, permit=permit, sequence=1, document=paper, issued_at=NOW, issued_by="walk"
    )
    delivery = handover.Delivery.objects.create(
        project=project, number=number, organisation_id=place.contractor, sent_by="walk", sent_at=NOW, changed_at=NOW
    )
    application = handover.Application.objects.create(
        project=project, number=number, kind="first", mode="before_filing", state="reviewing", applied_by="walk", applied_at=NOW,
        working_days=10, clock_from=date(2026, 6, 1), changed_at=NOW,
    )  # fmt: skip
    transfer = handover.Transfer.objects.create(
        project=project, application=application, number=number, mode="before_filing", handed_by="walk", proposed_by="walk",
        proposed_at=NOW, changed_at=NOW,
    )  # fmt: skip
    certificate = handover.Certificate.objects.create(project=project, transfer=transfer, document=paper, issued_at=NOW)
    for kind, row in (
        ("notice_id", notice), ("delivery_id", delivery), ("application_id", application), ("transfer_id", transfer),
        ("certificate_id", certificate), ("document_id", paper),
    ):  # fmt: skip
        world.put(kind, variant, row.id, place.facts)


def _make_kept(world: World, variant: str, place: Place) -> None:
    """An object of the store's catalogue, without bytes: the walk reads none."""
    from zhudang.filing.models import Volume
    from zhudang.preservation.models import ArchivalObject, HeldFormat, RegisteredCopy

    volume = Volume.objects.create(
        project=place.project, unit_work=place.unit, part="A", carrier="text", sequence=2, title=f"{place.word}馆藏卷",
        level=place.facts.level, composed_at=NOW, composed_by="walk",
    )  # fmt: skip
    kept = ArchivalObject.objects.create(
        id=new_id(), ocfl_id=f"urn:walk:{variant}", kind="volume", project=place.project, volume=volume, title=volume.title,
        level=place.facts.level, version=1, files=1, bytes=1, stored_bytes=1, inventory_sha512="0" * 128, first_kept_at=NOW, kept_at=NOW,
    )  # fmt: skip
    world.put("object_id", variant, kept.id, place.facts)
    copy = RegisteredCopy.objects.create(
        object=kept, medium="paper", label=f"walk-{variant}", place=f"{place.word}库", made_on=date(2026, 1, 1), made_by="walk",
        version=1, inventory_sha512="0" * 128, registered_at=NOW, registered_by="walk",
    )  # fmt: skip
    world.put("copy_id", variant, copy.id, place.facts)
    HeldFormat.objects.create(
        object=kept, format_id=f"walk/{variant}", format_name=f"{place.word}格式", mime="image/bmp", files=1, bytes=1, oldest_at=NOW,
        newest_at=NOW,
    )  # fmt: skip


def _make_features(world: World, variant: str, place: Place) -> None:
    """The project and its structure on the map."""
    from zhudang.atlas import operations as atlas

    assert atlas.index_project(place.project.id, now=NOW)
    assert atlas.index_structure(place.unit.structure_id, now=NOW)


MAKERS: list[Callable[[World, str, Place], None]] = [
    _make_files,
    _make_records,
    _make_works,
    _make_handover,
    _make_kept,
    _make_features,
]


def installed(label: str) -> bool:
    """Whether a context is there."""
    return apps.is_installed(f"zhudang.{label}")


def is_filer(role: str) -> bool:
    """Whether the role sees only the projects of its organisation."""
    return role in FILERS


def absent() -> UUID:
    """An identifier nothing has."""
    return new_id()
