"""What people see of organisations and accounts; how rows become an actor."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from zhudang.identity import rights, words
from zhudang.identity.domain import passwords
from zhudang.identity.domain.identifiers import check_organisation_code
from zhudang.identity.domain.roles import OrganisationKind, Role, why_not_combine
from zhudang.identity.models import Account, LoginFailure, Membership, Organisation
from zhudang.identity.rights import ANONYMOUS, Actor, Affiliation
from zhudang.shared.refusals import NotFound

# ── actors ────────────────────────────────────────────────────────────────────────────────────────────────────────


def actor_of(account_id: UUID) -> Actor:
    """The person behind an account with the roles held now; ANONYMOUS when the account is closed or unknown."""
    account = Account.objects.filter(id=account_id, is_active=True).first()
    return actor_from(account) if account else ANONYMOUS


def actor_from(account: Account) -> Actor:
    """As `actor_of`, from a row already read."""
    rows = account.memberships.filter(until__isnull=True).select_related("organisation").order_by("since", "id")
    return Actor(
        account_id=account.id,
        username=account.username,
        name=account.name,
        memberships=tuple(
            Affiliation(row.organisation_id, row.organisation.name if row.organisation else "", Role(row.role))
            for row in rows
        ),
        clearance=account.clearance,
        authenticated=True,
        must_change_password=account.must_change_password,
    )


def actor_by_username(username: str) -> Actor:
    """As `actor_of`, by login: for commands and the demo city."""
    account = Account.objects.filter(username=username.strip().lower(), is_active=True).first()
    return actor_from(account) if account else ANONYMOUS


def account_names(account_ids: Collection[UUID]) -> dict[UUID, str]:
    """Names of people by account, for pages that show who did something."""
    return dict(Account.objects.filter(id__in=account_ids).values_list("id", "name"))


def names_of(usernames: Collection[str]) -> dict[str, str]:
    """Names of people by user name, for pages that show who did something; names that are no account's are left out."""
    return dict(Account.objects.filter(username__in=set(usernames)).values_list("username", "name"))


# ── organisations ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class OrganisationRow:
    """An organisation as lists show it."""

    id: UUID
    name: str
    short_name: str
    code: str
    is_legacy: bool
    kind: str
    kind_words: str
    members: int = 0


@dataclass(frozen=True)
class NameSpan:
    """A name and the days it was borne."""

    name: str
    since: date | None
    until: date | None
    basis: str


@dataclass(frozen=True)
class MemberRow:
    """A person's role at an organisation."""

    account_id: UUID
    username: str
    name: str
    role: str
    role_words: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class OrganisationPage:
    """All of one organisation."""

    row: OrganisationRow
    names: tuple[NameSpan, ...]
    members: tuple[MemberRow, ...]
    code_warnings: tuple[str, ...]
    may_rename: bool


def _organisation_row(row: Organisation) -> OrganisationRow:
    return OrganisationRow(
        id=row.id,
        name=row.name,
        short_name=row.short_name,
        code=row.credit_code or row.legacy_code,
        is_legacy=not row.credit_code and bool(row.legacy_code),
        kind=row.kind,
        kind_words=str(words.KINDS[OrganisationKind(row.kind)]),
        members=getattr(row, "members", 0),
    )


def organisations(*, q: str = "", kind: str = "") -> QuerySet[Organisation]:
    """Organisations by words of a present or former name, or the beginning of a code; counted members."""
    rows = Organisation.objects.annotate(
        members=Count("memberships__account", filter=Q(memberships__until__isnull=True), distinct=True)
    )
    if kind:
        rows = rows.filter(kind=kind)
    if q:
        code = check_organisation_code(q).value
        former = Organisation.objects.filter(id=OuterRef("id"), names__name__icontains=q)
        rows = rows.filter(
            Q(name__icontains=q) | Q(short_name__icontains=q) | Q(credit_code__startswith=code or "-")
            | Q(legacy_code__startswith=code or "-") | Exists(former)
        )  # fmt: skip
    return rows


def organisation_rows(rows: Iterable[Organisation]) -> list[OrganisationRow]:
    """Shape rows for a list."""
    return [_organisation_row(row) for row in rows]


def organisation_row(row: Organisation) -> OrganisationRow:
    """Shape one row for a list."""
    return _organisation_row(row)


def organisation(organisation_id: UUID) -> OrganisationRow:
    """One organisation, for other contexts.

    Raises:
        NotFound: no such organisation.
    """
    row = Organisation.objects.filter(id=organisation_id).first()
    if row is None:
        raise NotFound
    return _organisation_row(row)


def organisation_by_code(code: str) -> OrganisationRow | None:
    """The organisation with this credit or legacy code in any spelling; None when it is not entered."""
    value = check_organisation_code(code).value
    row = Organisation.objects.filter(Q(credit_code=value) | (Q(legacy_code=value) & ~Q(legacy_code=""))).first()
    return _organisation_row(row) if row else None


def organisation_names(ids: Collection[UUID]) -> dict[UUID, str]:
    """Present names by id."""
    return dict(Organisation.objects.filter(id__in=ids).values_list("id", "name"))


def names_of_bearers(names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """By each name given: every name, present and former, of the organisations that bear or bore it; others left out."""
    bearers = Organisation.objects.filter(Q(name__in=names) | Q(short_name__in=names) | Q(names__name__in=names))
    answer: dict[str, tuple[str, ...]] = {}
    for row in bearers.distinct().prefetch_related("names"):
        every = tuple(dict.fromkeys((row.name, row.short_name, *(each.name for each in row.names.all()))))
        borne = tuple(name for name in every if name)
        for name in set(borne) & set(names):
            answer[name] = (*answer.get(name, ()), *borne)
    return answer


def organisation_choices(*kinds: str) -> list[tuple[str, str]]:
    """Id and name for a form's choice, by name; of some kinds only if given."""
    rows = Organisation.objects.filter(kind__in=kinds) if kinds else Organisation.objects.all()
    return [(str(id_), name) for id_, name in rows.order_by("name").values_list("id", "name")]


def organisation_page(actor: Actor, organisation_id: UUID) -> OrganisationPage:
    """One organisation with its names and members.

    Raises:
        NotFound: no such organisation.
    """
    rights.demand(actor, "identity.organisation.read")
    row = organisations().filter(id=organisation_id).first()
    if row is None:
        raise NotFound
    members = Membership.objects.filter(organisation_id=organisation_id).select_related("account")
    verdict = (
        check_organisation_code(row.credit_code or row.legacy_code) if row.credit_code or row.legacy_code else None
    )
    return OrganisationPage(
        row=_organisation_row(row),
        names=tuple(NameSpan(n.name, n.since, n.until, n.basis) for n in row.names.all()),
        members=tuple(_member_row(m) for m in members.order_by("until", "account__username")),
        code_warnings=tuple(words.sentence(reason) for reason in (verdict.warnings if verdict else ())),
        may_rename=rights.may(actor, "identity.organisation.rename"),
    )


def _member_row(row: Membership) -> MemberRow:
    return MemberRow(
        row.account_id,
        row.account.username,
        row.account.name,
        row.role,
        str(words.ROLES[Role(row.role)]),
        row.since,
        row.until,
    )


def members_with(organisation_id: UUID, *roles: Role | str) -> list[UUID]:
    """Accounts that now hold one of `roles` at an organisation."""
    rows = Membership.objects.filter(organisation_id=organisation_id, until__isnull=True, account__is_active=True)
    return list(rows.filter(role__in=roles).values_list("account_id", flat=True).distinct())


# ── people ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class RoleRow:
    """A role held, as the person's page shows it."""

    membership_id: UUID
    role: str
    role_words: str
    organisation_id: UUID | None
    organisation_name: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class PersonRow:
    """A person as the list shows it."""

    id: UUID
    username: str
    name: str
    phone: str
    clearance: int
    clearance_words: str
    state: str
    roles: tuple[RoleRow, ...]
    last_login: datetime | None
    is_demo: bool


@dataclass(frozen=True)
class TokenRow:
    """A key of another system."""

    id: UUID
    name: str
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class PersonPage:
    """All of one account, and what this actor may do with it."""

    row: PersonRow
    former_roles: tuple[RoleRow, ...]
    tokens: tuple[TokenRow, ...]
    reset_code_until: datetime | None
    locked_minutes: int
    may: frozenset[str]
    grantable: tuple[tuple[str, str], ...]


STATES = ("active", "unactivated", "disabled")


def people(*, q: str = "", role: str = "", state: str = "", organisation: str = "") -> QuerySet[Account]:
    """Accounts by words of login, name or telephone, by a role held now, by organisation, by state."""
    rows = Account.objects.prefetch_related("memberships__organisation")
    if q:
        rows = rows.filter(Q(username__icontains=q) | Q(name__icontains=q) | Q(phone__icontains=q))
    held = Membership.objects.filter(account=OuterRef("id"), until__isnull=True)
    if role:
        rows = rows.filter(Exists(held.filter(role=role)))
    if organisation:
        rows = rows.filter(Exists(held.filter(organisation__name__icontains=organisation)))
    if state == "disabled":
        rows = rows.filter(is_active=False)
    elif state == "unactivated":
        rows = rows.filter(is_active=True, password__startswith="!")
    elif state == "active":
        rows = rows.filter(is_active=True).exclude(password__startswith="!")
    return rows


def count_people() -> dict[str, int]:
    """How many accounts are in each state, and in all."""
    counts = {state: people(state=state).count() for state in STATES}
    return {"all": sum(counts.values()), **counts}


def person_row(account: Account) -> PersonRow:
    """Shape one account for a list."""
    state = "disabled" if not account.is_active else "active" if account.has_usable_password() else "unactivated"
    return PersonRow(
        id=account.id,
        username=account.username,
        name=account.name,
        phone=account.phone,
        clearance=account.clearance,
        clearance_words=str(words.LEVELS[account.clearance]),
        state=state,
        roles=tuple(_role_row(row) for row in account.memberships.all() if row.until is None),
        last_login=account.last_login,
        is_demo=account.is_demo,
    )


def _role_row(row: Membership) -> RoleRow:
    name = row.organisation.name if row.organisation else ""
    return RoleRow(row.id, row.role, str(words.ROLES[Role(row.role)]), row.organisation_id, name, row.since, row.until)


_PERSON_ACTS = (
    "identity.account.describe", "identity.account.disable", "identity.account.enable", "identity.role.grant",
    "identity.role.end", "identity.clearance.set", "identity.password.reset", "identity.account.unlock",
    "identity.token.issue", "identity.token.revoke",
)  # fmt: skip


def person_page(actor: Actor, account_id: UUID, now: datetime) -> PersonPage:
    """One account for the administrators.

    Raises:
        NotFound: no such account.
    """
    rights.demand(actor, "identity.account.read")
    account = people().filter(id=account_id).first()
    if account is None:
        raise NotFound
    row = person_row(account)
    code = account.reset_codes.filter(used_at__isnull=True, voided_at__isnull=True, expires_at__gt=now).first()
    held = [Role(one.role) for one in row.roles]
    return PersonPage(
        row=row,
        former_roles=tuple(_role_row(m) for m in account.memberships.all() if m.until is not None),
        tokens=tuple(
            TokenRow(t.id, t.name, t.issued_at, t.expires_at, t.used_at, t.revoked_at) for t in account.tokens.all()
        ),
        reset_code_until=code.expires_at if code else None,
        locked_minutes=_locked_minutes(account.username, now),
        may=frozenset(act.rpartition("identity.")[2] for act in _PERSON_ACTS if rights.may(actor, act)),
        grantable=tuple((r.value, str(words.ROLES[r])) for r in Role if not why_not_combine(held, r)),
    )


def _locked_minutes(username: str, now: datetime) -> int:
    since = now - passwords.LOCKED_FOR
    failures = LoginFailure.objects.filter(username=username, cleared_at__isnull=True, failed_at__gt=since)
    state = passwords.lock_state(list(failures.values_list("failed_at", flat=True)), now)
    return -(-int((state.locked_until - now).total_seconds()) // 60) if state.locked_until else 0


@dataclass(frozen=True)
class SessionRow:
    """One of the person's own sessions."""

    id: UUID
    address: str
    browser: str
    started_at: datetime
    seen_at: datetime
    is_this: bool


@dataclass(frozen=True)
class OwnPage:
    """What a person sees of the own account."""

    row: PersonRow
    sessions: tuple[SessionRow, ...]
    password_changed_at: datetime | None
    language: str
    theme: str
    shortcuts_on: bool


def own_page(actor: Actor, *, session_key: str, idle: timedelta, now: datetime) -> OwnPage:
    """The own account, with the sessions that are open now.

    Raises:
        NotFound: nobody is signed in.
    """
    account = people().filter(id=actor.account_id).first() if actor.account_id else None
    if account is None:
        raise NotFound
    sessions = account.sign_ins.filter(ended_at__isnull=True, seen_at__gt=now - idle)
    return OwnPage(
        row=person_row(account),
        sessions=tuple(
            SessionRow(s.id, s.address, s.browser, s.started_at, s.seen_at, s.session_key == session_key)
            for s in sessions
        ),
        password_changed_at=account.password_changed_at,
        language=account.language,
        theme=account.theme,
        shortcuts_on=account.shortcuts_on,
    )


@dataclass(frozen=True)
class DemoAccount:
    """An account of the demo city, for the sign-in page of a demo."""

    username: str
    role_words: str
    organisation_name: str


def demo_accounts() -> tuple[DemoAccount, ...]:
    """One demo account a role, in the order of the roles."""
    rows = Membership.objects.filter(account__is_demo=True, account__is_active=True, until__isnull=True)
    first: dict[str, DemoAccount] = {}
    for row in rows.select_related("account", "organisation").order_by("since", "id"):
        organisation = row.organisation.name if row.organisation else ""
        first.setdefault(row.role, DemoAccount(row.account.username, str(words.ROLES[Role(row.role)]), organisation))
    return tuple(first[role] for role in Role if role in first)
