"""Who may know of what, and who may do what: decided here and nowhere else, on plain facts.

Two questions. *May know of*: `project_scope` and `thing_scope` for whole lists, `may_know_of` for one thing; what
a person may not know of does not exist for them (`shared.refusals.NotFound`). *May do*: `why_not` by the table
ACTS, one line an act; a context adds its acts in its own marked block.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from zhudang.identity.domain.roles import (
    ARCHIVE_ROLES,
    AUTHORITY_ROLES,
    DEPARTMENT_ROLES,
    FILERS,
    OFFICERS,
    Role,
)
from zhudang.shared.refusals import Forbidden, NotFound, Reason


class Level:
    """Secrecy levels (密级) as stored; the network's ceiling cuts every clearance."""

    OPEN, INTERNAL, SECRET, CONFIDENTIAL, TOP_SECRET = range(5)


class Affiliation(NamedTuple):
    """One role at one organisation; the public role has no organisation."""

    organisation_id: UUID | None
    organisation_name: str
    role: Role


@dataclass(frozen=True)
class Actor:
    """The person (or the system) an act is done by, with all that rights depend on."""

    account_id: UUID | None = None
    username: str = ""
    name: str = ""
    memberships: tuple[Affiliation, ...] = ()
    clearance: int = 0
    authenticated: bool = False
    is_system: bool = False
    must_change_password: bool = False

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(membership.role for membership in self.memberships)

    @property
    def organisation_ids(self) -> frozenset[UUID]:
        return frozenset(m.organisation_id for m in self.memberships if m.organisation_id)

    @property
    def organisation_id(self) -> UUID | None:
        """The organisation the person first joined: the one acts are done for when nothing else is said."""
        return next((m.organisation_id for m in self.memberships if m.organisation_id), None)

    @property
    def organisation_name(self) -> str:
        return next((m.organisation_name for m in self.memberships if m.organisation_id), "")

    def holds(self, *roles: Role | str) -> bool:
        """Whether the person holds any of `roles`, anywhere."""
        return bool(self.roles & frozenset(roles))

    def holds_at(self, organisation_id: UUID | None, *roles: Role | str) -> bool:
        """Whether the person holds any of `roles` at that organisation; without roles, belongs to it."""
        return any(
            m.organisation_id == organisation_id and (not roles or m.role in roles)
            for m in self.memberships
            if m.organisation_id
        )

    def organisations_as(self, *roles: Role | str) -> frozenset[UUID]:
        """The organisations at which the person holds any of `roles`."""
        return frozenset(m.organisation_id for m in self.memberships if m.organisation_id and m.role in roles)

    @property
    def of_archive(self) -> bool:
        return bool(self.roles & ARCHIVE_ROLES)

    @property
    def of_department(self) -> bool:
        return bool(self.roles & DEPARTMENT_ROLES)

    @property
    def is_officer(self) -> bool:
        """One of the three administrators (三员), who run the system and see nothing of the holdings."""
        return bool(self.roles & OFFICERS)

    @property
    def reach(self) -> int:
        """The highest secrecy level this person may see on this network."""
        ceiling = int(getattr(settings, "NETWORK_CEILING", Level.INTERNAL))
        if self.is_system:
            return ceiling
        if self.roles - {Role.PUBLIC}:
            return min(self.clearance, ceiling)
        return Level.OPEN

    def may(self, act: str, facts: "ThingFacts | None" = None) -> bool:
        """For pages below this module that hold an actor and cannot import it (log, inbox)."""
        return may(self, act, facts)

    def why_not(self, act: str, facts: "ThingFacts | None" = None) -> list[Reason]:
        """As `may`, telling every reason."""
        return why_not(self, act, facts)


ANONYMOUS = Actor()
SYSTEM = Actor(username="system", name="系统", clearance=Level.INTERNAL, authenticated=True, is_system=True)
"""The system itself: jobs, imports of calendars, the demo's loader before anyone has an account."""


class Stage(StrEnum):
    """How far a thing has travelled from its maker; each stage is known to all of the stage before."""

    PROJECT = ""
    """The project's own facts: every party of the project and all authorities know them."""
    HOLDER = "holder"
    """With its maker (draft, filed): nobody else, not even the client."""
    WITH_CLIENT = "with_client"
    """Delivered: maker and client."""
    WITH_ARCHIVE = "with_archive"
    """Submitted or later: maker, client, archive and department."""


@dataclass(frozen=True)
class ThingFacts:
    """What rights need to know of one project, record, file, document; every context builds it from its rows.

    Attributes:
        client_id: organisation of the client of the project.
        party_ids: organisations with a running or former part in the project.
        holder_id: organisation whose thing it is; None for what belongs to the project as a whole.
        level: secrecy level 0 to 4.
        stage: a `Stage`; only looked at when `holder_id` is given.
        is_open: reviewed as open to the public (access review), not merely unclassified.
    """

    client_id: UUID | None = None
    party_ids: frozenset[UUID] = frozenset()
    holder_id: UUID | None = None
    level: int = 0
    stage: str = Stage.PROJECT
    is_open: bool = False


class Reach(StrEnum):
    """How wide a scope is, levels aside."""

    ALL = "all"
    ORGANISATIONS = "organisations"
    OPEN = "open"
    NOTHING = "nothing"


@dataclass(frozen=True)
class ProjectScope:
    """Which projects a person may know of, as a plain value that querysets translate.

    ALL: every project up to `level`. ORGANISATIONS: those where one of `organisation_ids` is client or party, up
    to `level`, and what is open. OPEN: only what is open. NOTHING: none at all.
    """

    reach: Reach
    organisation_ids: frozenset[UUID] = frozenset()
    level: int = 0


def project_scope(actor: Actor) -> ProjectScope:
    """Tell which projects `actor` may know of."""
    if actor.is_system or actor.roles & AUTHORITY_ROLES:
        return ProjectScope(Reach.ALL, level=actor.reach)
    if actor.is_officer:
        return ProjectScope(Reach.NOTHING)
    if organisations := actor.organisations_as(*FILERS):
        return ProjectScope(Reach.ORGANISATIONS, organisations, actor.reach)
    return ProjectScope(Reach.OPEN)


def may_know_of(actor: Actor, facts: ThingFacts) -> bool:
    """Whether the thing exists for `actor` at all; if not, the answer is NotFound."""
    scope = project_scope(actor)
    if scope.reach is Reach.NOTHING:
        return False
    if facts.is_open and facts.level == Level.OPEN:
        return True
    if facts.level > scope.level or scope.reach is Reach.OPEN:
        return False
    return _has_reached(actor, facts, everything=scope.reach is Reach.ALL)


def _has_reached(actor: Actor, facts: ThingFacts, *, everything: bool) -> bool:
    if actor.is_system:
        return True
    mine = actor.organisations_as(*FILERS)
    if not facts.holder_id or not facts.stage:
        return everything or bool(mine & (facts.party_ids | {facts.client_id}))
    if facts.holder_id in mine:
        return True
    if facts.client_id in mine and facts.stage in {Stage.WITH_CLIENT, Stage.WITH_ARCHIVE}:
        return True
    return everything and facts.stage == Stage.WITH_ARCHIVE


class Place(StrEnum):
    """At which organisation an act's role must be held."""

    ANYWHERE = "anywhere"
    CLIENT = "client"
    INVOLVED = "involved"
    """At the client or at a party of the project."""
    HOLDER = "holder"
    """At the organisation whose thing it is; the client's people also act on what the client itself holds."""


@dataclass(frozen=True)
class Rule:
    """Which roles may do an act, and at which organisation they must hold them.

    A rule with several ways is a tuple of (roles, place): one fitting way is enough. `open_to_all` acts need no
    account; `signed_in` acts need only an account.
    """

    ways: tuple[tuple[frozenset[Role], Place], ...] = ()
    open_to_all: bool = False
    signed_in: bool = False


def by(*roles: Role | Iterable[Role], at: Place = Place.ANYWHERE) -> Rule:
    """A rule with one way: any of `roles`, held at `at`."""
    flat: set[Role] = set()
    for role in roles:
        flat |= {role} if isinstance(role, Role) else set(role)
    return Rule(((frozenset(flat), at),))


def either(*rules: Rule) -> Rule:
    """A rule with all the ways of `rules`."""
    return Rule(tuple(way for rule in rules for way in rule.ways))


EVERYONE = Rule(open_to_all=True)
SIGNED_IN = Rule(signed_in=True)
OFFICE = ARCHIVE_ROLES | DEPARTMENT_ROLES
CLIENTS = frozenset({Role.CLIENT_MANAGER, Role.CLIENT_CLERK})

ACTS: dict[str, Rule] = {}

# ── identity ──────────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "identity.account.read": by(Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN),
    "identity.account.create": by(Role.SYSTEM_ADMIN),
    "identity.account.describe": by(Role.SYSTEM_ADMIN),
    "identity.account.disable": by(Role.SYSTEM_ADMIN),
    "identity.account.enable": by(Role.SYSTEM_ADMIN),
    "identity.role.grant": by(Role.SECURITY_ADMIN),
    "identity.role.end": by(Role.SECURITY_ADMIN),
    "identity.clearance.set": by(Role.SECURITY_ADMIN),
    "identity.password.reset": by(Role.SECURITY_ADMIN),
    "identity.account.unlock": by(Role.SECURITY_ADMIN),
    "identity.token.issue": by(Role.SECURITY_ADMIN),
    "identity.token.revoke": by(Role.SECURITY_ADMIN),
    "identity.organisation.read": by(Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, OFFICE),
    "identity.organisation.register": by(Role.SYSTEM_ADMIN, OFFICE),
    "identity.organisation.rename": by(Role.SYSTEM_ADMIN, OFFICE),
    "identity.self": SIGNED_IN,
}

# ── audit ─────────────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "audit.log.read": by(Role.AUDIT_ADMIN),
    "audit.log.export": by(Role.AUDIT_ADMIN),
    "audit.log.verify": by(Role.AUDIT_ADMIN),
}

# ── events ────────────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "events.inbox.read": SIGNED_IN,
    "events.work.read": SIGNED_IN,
    "events.failures.read": by(Role.SYSTEM_ADMIN),
}

# ── content ───────────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "content.file.upload": either(by(FILERS, at=Place.INVOLVED), by(Role.ARCHIVIST)),
    "content.file.read": EVERYONE,
    "content.file.withdraw": either(by(FILERS, at=Place.HOLDER), by(Role.ARCHIVIST)),
    "content.file.check_again": either(by(FILERS, at=Place.HOLDER), by(Role.REVIEWER, Role.ARCHIVIST)),
}

# ── documents ─────────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "documents.verify": EVERYONE,
    "documents.document.read": by(FILERS, OFFICE),
    "documents.document.issue": by(OFFICE),
}

# ── registry ──────────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "registry.project.list": EVERYONE,
    "registry.project.read": EVERYONE,
    "registry.project.create": either(by(OFFICE), by(CLIENTS)),
    "registry.project.describe": either(by(OFFICE), by(CLIENTS, at=Place.CLIENT)),
    "registry.project.rename": either(by(OFFICE), by(CLIENTS, at=Place.CLIENT)),
    "registry.project.suspend": by(OFFICE),
    "registry.project.classify": by(Role.ARCHIVIST, DEPARTMENT_ROLES),
    "registry.phase.add": either(by(OFFICE), by(CLIENTS, at=Place.CLIENT)),
    "registry.unit_work.add": either(by(OFFICE), by(CLIENTS, at=Place.CLIENT)),
    "registry.party.add": either(by(OFFICE), by(CLIENTS, at=Place.CLIENT)),
    "registry.party.replace": either(by(OFFICE), by(CLIENTS, at=Place.CLIENT)),
    "registry.permit.record": by(OFFICE),
    "registry.milestone.record": either(by(OFFICE), by(FILERS, at=Place.INVOLVED)),
    "registry.acceptance.record": either(by(OFFICE), by(CLIENTS, at=Place.CLIENT)),
    "registry.responsibility.record": either(by(OFFICE), by(CLIENTS, at=Place.CLIENT)),
    "registry.structure.list": EVERYONE,
    "registry.structure.read": EVERYONE,
    "registry.structure.register": by(OFFICE),
    "registry.import.run": by(OFFICE),
    "registry.import.read": by(OFFICE),
    "registry.calendar.import": by(Role.SYSTEM_ADMIN, Role.ARCHIVIST, DEPARTMENT_ROLES),
}

# ── filing ────────────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "filing.checklist.read": either(by(OFFICE), by(FILERS, at=Place.INVOLVED)),
    "filing.obligation.excuse": either(by(FILERS, at=Place.INVOLVED), by(OFFICE)),
    "filing.obligation.restore": either(by(FILERS, at=Place.INVOLVED), by(OFFICE)),
    "filing.inbox.read": by(FILERS, at=Place.INVOLVED),
    "filing.file.assign": by(FILERS, at=Place.INVOLVED),
    "filing.record.create": by(FILERS, at=Place.INVOLVED),
    "filing.record.describe": either(by(FILERS, at=Place.HOLDER), by(Role.ARCHIVIST)),
    "filing.record.file": by(FILERS, at=Place.HOLDER),
    "filing.record.withdraw": by(FILERS, at=Place.HOLDER),
    "filing.record.read": EVERYONE,
    "filing.volume.read": either(by(OFFICE), by(FILERS, at=Place.INVOLVED)),
    "filing.volume.arrange": either(by(CLIENTS, at=Place.CLIENT), by(Role.ARCHIVIST)),
    "filing.volume.number": by(Role.ARCHIVIST),
    "filing.scope.read": either(by(OFFICE), by(FILERS)),
    "filing.scope.adopt": by(Role.ARCHIVIST),
}

# ── handover ──────────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "handover.notice.read": either(by(OFFICE), by(FILERS, at=Place.INVOLVED)),
    "handover.notice.issue": by(OFFICE),
    "handover.notice.acknowledge": by(CLIENTS, at=Place.CLIENT),
    "handover.delivery.read": either(by(OFFICE), by(FILERS, at=Place.INVOLVED)),
    "handover.delivery.make": by(FILERS, at=Place.INVOLVED),
    "handover.delivery.sign": by(CLIENTS, at=Place.CLIENT),
    "handover.delivery.return": by(CLIENTS, at=Place.CLIENT),
    "handover.application.read": either(by(OFFICE), by(CLIENTS, at=Place.CLIENT)),
    "handover.application.submit": by(Role.CLIENT_MANAGER, at=Place.CLIENT),
    "handover.application.supplement": by(CLIENTS, at=Place.CLIENT),
    "handover.application.withdraw": by(Role.CLIENT_MANAGER, at=Place.CLIENT),
    "handover.review.read": by(Role.REVIEWER, DEPARTMENT_ROLES),
    "handover.review.judge": by(Role.REVIEWER),
    "handover.review.return": by(Role.REVIEWER),
    "handover.review.accept": by(Role.REVIEWER),
    "handover.opinion.issue": by(Role.REVIEWER, DEPARTMENT_ROLES),
    "handover.commitment.make": by(Role.CLIENT_MANAGER, at=Place.CLIENT),
    "handover.transfer.read": either(by(OFFICE), by(CLIENTS, at=Place.CLIENT)),
    "handover.transfer.propose": by(CLIENTS, at=Place.CLIENT),
    "handover.transfer.count": by(Role.ARCHIVIST, Role.KEEPER),
    "handover.transfer.receive": by(Role.ARCHIVIST),
    "handover.certificate.read": either(by(OFFICE), by(CLIENTS, at=Place.CLIENT)),
    "handover.certificate.issue": by(Role.ARCHIVIST),
}

# ── preservation ──────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "preservation.holdings.read": by(Role.ARCHIVIST, Role.KEEPER, DEPARTMENT_ROLES),
    "preservation.object.read": by(Role.ARCHIVIST, Role.KEEPER, DEPARTMENT_ROLES),
    "preservation.object.verify": by(Role.ARCHIVIST, Role.KEEPER),
    "preservation.site.register": by(Role.SYSTEM_ADMIN),
    "preservation.keys.manage": by(Role.SECURITY_ADMIN),
    "preservation.keys.read": by(OFFICERS),
    "preservation.site.read": by(Role.ARCHIVIST, Role.KEEPER, DEPARTMENT_ROLES),
    "preservation.site.catch_up": by(Role.ARCHIVIST, Role.KEEPER),
    "preservation.custody.sign": by(Role.ARCHIVIST, Role.KEEPER),
    "preservation.copy.register": by(Role.ARCHIVIST, Role.KEEPER),
    "preservation.plan.enter": by(Role.ARCHIVIST, DEPARTMENT_ROLES),
    "preservation.placement.choose": by(Role.ARCHIVIST),
    "preservation.format.review": by(Role.ARCHIVIST, Role.KEEPER),
    "preservation.migration.order": by(Role.ARCHIVIST, Role.KEEPER),
}

# ── discovery ─────────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "discovery.search": EVERYONE,
    "discovery.record.read": EVERYONE,
    "discovery.structure.read": EVERYONE,
}

# ── atlas ─────────────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "atlas.map.read": EVERYONE,
    "atlas.feature.import": by(Role.ARCHIVIST),
}

# ── exchange ──────────────────────────────────────────────────────────────────────────────────────────────────────
ACTS |= {
    "exchange.permit.send": by(OFFICE),
    "exchange.status.read": by(OFFICE),
}


def why_not(actor: Actor, act: str, facts: ThingFacts | None = None) -> list[Reason]:
    """Tell everything that keeps `actor` from `act` on the thing with `facts`; an empty list means go.

    An act that is not in the table is a mistake of ours and raises KeyError: nothing is allowed by omission.
    """
    rule = ACTS[act]
    if actor.is_system:
        return []
    reasons = []
    if facts is not None and not may_know_of(actor, facts):
        reasons.append(Reason("rights.not_found"))
    if rule.open_to_all:
        return reasons
    if not actor.authenticated:
        return [*reasons, Reason("rights.sign_in_first")]
    if rule.signed_in:
        return reasons
    if not any(roles & actor.roles for roles, _place in rule.ways):
        wanted = sorted({role.value for roles, _place in rule.ways for role in roles})
        reasons.append(Reason("rights.role_lacking", {"roles": wanted}))
    elif facts is not None and not any(_fits(actor, roles, place, facts) for roles, place in rule.ways):
        reasons.append(Reason("rights.not_for_this_organisation"))
    return reasons


def _fits(actor: Actor, roles: frozenset[Role], place: Place, facts: ThingFacts) -> bool:
    if place is Place.ANYWHERE:
        return bool(roles & actor.roles)
    at = actor.organisations_as(*roles)
    if place is Place.CLIENT:
        return facts.client_id in at
    if place is Place.INVOLVED:
        return bool(at & (facts.party_ids | {facts.client_id}))
    return facts.holder_id in at if facts.holder_id else facts.client_id in at


def may(actor: Actor, act: str, facts: ThingFacts | None = None) -> bool:
    """Whether nothing keeps `actor` from `act`."""
    return not why_not(actor, act, facts)


def demand(actor: Actor, act: str, facts: ThingFacts | None = None) -> None:
    """Let the act pass or refuse it.

    Raises:
        NotFound: the thing does not exist for this actor.
        Forbidden: with every reason.
    """
    reasons = why_not(actor, act, facts)
    if any(reason.code == "rights.not_found" for reason in reasons):
        raise NotFound
    if reasons:
        raise Forbidden(*reasons)
