"""Organisations, accounts, roles: what the three administrators and the offices do, one act a function.

Signing in, passwords and one-time codes are in `signing_in`; keys for other systems in `tokens`.
"""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from zhudang.audit import operations as audit
from zhudang.identity import rights
from zhudang.identity.domain.identifiers import CodeVerdict, check_organisation_code
from zhudang.identity.domain.passwords import one_time_password, why_not_password
from zhudang.identity.domain.roles import OrganisationKind, Role, why_not_combine, why_not_hold_at
from zhudang.identity.models import Account, Membership, Organisation, OrganisationName
from zhudang.identity.rights import SYSTEM, Actor
from zhudang.shared.refusals import NotFound, Reason, Refusal


class CannotRegister(Refusal):
    """An organisation or account cannot be entered as given."""


class CannotGrant(Refusal):
    """A role cannot be given to this person there."""


class CannotChange(Refusal):
    """The change asked for is not possible."""


# ── organisations ─────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def register_organisation(
    *,
    actor: Actor,
    name: str,
    now: datetime,
    code: str = "",
    kind: str = "",
    short_name: str = "",
    since: date | None = None,
) -> UUID:
    """Enter an organisation; gives its id.

    Args:
        code: credit code, or a legacy code (9 or 15 characters), in any spelling; may be left empty.
        kind: an `OrganisationKind`; guessed from the credit code when empty.
        since: from when it bears this name, where known.

    Raises:
        CannotRegister: with every reason, `identity.code_taken` among them with the name it is taken by.
    """
    rights.demand(actor, "identity.organisation.register")
    name = " ".join(name.split())
    verdict = check_organisation_code(code) if code.strip() else None
    reasons = [*(verdict.errors if verdict else ())]
    if not name:
        reasons.append(Reason("identity.name_missing"))
    if kind and kind not in set(OrganisationKind):
        reasons.append(Reason("identity.kind_unknown", {"kind": kind}))
    if verdict and verdict.is_valid and (holder := _holder_of(verdict)):
        reasons.append(Reason("identity.code_taken", {"code": verdict.value, "name": holder.name}))
    if reasons:
        raise CannotRegister(*reasons)
    credit, legacy = _codes(verdict)
    try:
        with transaction.atomic():
            organisation = Organisation.objects.create(
                credit_code=credit,
                legacy_code=legacy,
                name=name,
                short_name=short_name.strip(),
                kind=kind or guess_kind(credit or ""),
                created_at=now,
            )
    except IntegrityError as taken:
        # Two people may enter one organisation at once: the second waits at its unique code, then is told.
        raise CannotRegister(Reason("identity.code_taken", {"code": credit or legacy, "name": name})) from taken
    OrganisationName.objects.create(organisation=organisation, name=name, since=since)
    data = {"name": name, "code": credit or legacy, "kind": organisation.kind}
    audit.record(actor=actor, act="identity.organisation.registered", subject=organisation, at=now, data=data)
    return organisation.id


def _holder_of(verdict: CodeVerdict) -> Organisation | None:
    if verdict.is_legacy:
        return Organisation.objects.filter(legacy_code=verdict.value).first()
    return Organisation.objects.filter(credit_code=verdict.value).first()


def _codes(verdict: CodeVerdict | None) -> tuple[str | None, str]:
    if verdict is None:
        return None, ""
    return (None, verdict.value) if verdict.is_legacy else (verdict.value, "")


def guess_kind(credit_code: str) -> str:
    """What an organisation is, by the first two characters of its credit code (GB 32100-2015)."""
    if credit_code.startswith("9"):
        return OrganisationKind.COMPANY
    if credit_code.startswith("5"):
        return OrganisationKind.ASSOCIATION
    return {
        "11": OrganisationKind.AGENCY,
        "12": OrganisationKind.INSTITUTION,
        "13": OrganisationKind.ASSOCIATION,
    }.get(credit_code[:2], OrganisationKind.OTHER)


def find_or_register_organisation(*, actor: Actor, name: str, code: str, now: datetime, kind: str = "") -> UUID:
    """The organisation with this code, entered first if it is new: for imports and forms of other contexts.

    A known code under another name stays as it is: renaming is an act of its own, with its basis.
    """
    if code.strip():
        verdict = check_organisation_code(code)
        if verdict.is_valid and (holder := _holder_of(verdict)):
            return holder.id
    return register_organisation(actor=actor, name=name, code=code, kind=kind, now=now)


@transaction.atomic
def rename_organisation(
    *, actor: Actor, organisation_id: UUID, name: str, since: date, basis: str, now: datetime
) -> None:
    """Give an organisation a new name from a day on; its earlier names stay, dated, with the same record.

    Args:
        basis: what proves it: number of the registry's notice or the like.
    """
    rights.demand(actor, "identity.organisation.rename")
    organisation = _lock_organisation(organisation_id)
    name = " ".join(name.split())
    present = organisation.names.filter(until__isnull=True).first()
    reasons = []
    if not name:
        reasons.append(Reason("identity.name_missing"))
    if name == organisation.name:
        reasons.append(Reason("identity.name_same"))
    if not basis.strip():
        reasons.append(Reason("identity.basis_missing"))
    if present and present.since and since <= present.since:
        reasons.append(Reason("identity.name_before_last", {"since": present.since.isoformat()}))
    if reasons:
        raise CannotChange(*reasons)
    former = organisation.name
    if present:
        present.until = since
        present.save(update_fields=["until"])
    OrganisationName.objects.create(organisation=organisation, name=name, since=since, basis=basis.strip())
    organisation.name = name
    organisation.save(update_fields=["name"])
    data = {"former": former, "name": name, "since": since, "basis": basis.strip()}
    audit.record(actor=actor, act="identity.organisation.renamed", subject=organisation, at=now, data=data)


@transaction.atomic
def describe_organisation(
    *, actor: Actor, organisation_id: UUID, short_name: str, kind: str, code: str, now: datetime
) -> None:
    """Correct an organisation's short name, kind, or code; a legacy code may be replaced by the credit code."""
    rights.demand(actor, "identity.organisation.rename")
    organisation = _lock_organisation(organisation_id)
    verdict = check_organisation_code(code) if code.strip() else None
    reasons = [*(verdict.errors if verdict else ())]
    if kind not in set(OrganisationKind):
        reasons.append(Reason("identity.kind_unknown", {"kind": kind}))
    holder = _holder_of(verdict) if verdict and verdict.is_valid else None
    if verdict and holder and holder.id != organisation.id:
        reasons.append(Reason("identity.code_taken", {"code": verdict.value, "name": holder.name}))
    if reasons:
        raise CannotChange(*reasons)
    before = {
        "short_name": organisation.short_name,
        "kind": organisation.kind,
        "code": organisation.credit_code or organisation.legacy_code,
    }
    credit, legacy = _codes(verdict)
    organisation.short_name, organisation.kind = short_name.strip(), kind
    organisation.credit_code = credit or (organisation.credit_code if legacy else None)
    organisation.legacy_code = legacy or organisation.legacy_code
    organisation.save(update_fields=["short_name", "kind", "credit_code", "legacy_code"])
    after = {"short_name": organisation.short_name, "kind": kind, "code": credit or legacy}
    audit.record(
        actor=actor,
        act="identity.organisation.described",
        subject=organisation,
        at=now,
        data={"before": before, "after": after},
    )


def _lock_organisation(organisation_id: UUID) -> Organisation:
    organisation = Organisation.objects.select_for_update(no_key=True).filter(id=organisation_id).first()
    if organisation is None:
        raise NotFound
    return organisation


# ── accounts ──────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def create_account(
    *,
    actor: Actor,
    username: str,
    name: str,
    now: datetime,
    phone: str = "",
    password: str | None = None,
    is_demo: bool = False,
) -> UUID:
    """Open an account without any role; gives its id.

    The person cannot sign in before the security administrator hands over a one-time code: whoever opens accounts
    never knows a password. Only the system itself (installation, demo city) may set one here.
    """
    rights.demand(actor, "identity.account.create")
    username, name = username.strip().lower(), " ".join(name.split())
    reasons = why_not_username(username)
    if not name:
        reasons.append(Reason("identity.name_missing"))
    if password is not None and not actor.is_system:
        reasons.append(Reason("identity.password_not_yours_to_set"))
    if password is not None and not is_demo:
        reasons += why_not_password(password, username=username)
    if Account.objects.filter(username=username).exists():
        reasons.append(Reason("identity.username_taken", {"username": username}))
    if reasons:
        raise CannotRegister(*reasons)
    account = Account.objects.create(
        username=username,
        name=name,
        phone=phone.strip(),
        password=make_password(password),
        must_change_password=not is_demo,
        is_demo=is_demo,
        created_at=now,
    )
    audit.record(
        actor=actor, act="identity.account.created", subject=account, at=now, data={"username": username, "name": name}
    )
    return account.id


def why_not_username(username: str) -> list[Reason]:
    """A login: 3 to 64 lower-case letters, digits, dot, hyphen, underscore, beginning with a letter."""
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789.-_")
    if 3 <= len(username) <= 64 and set(username) <= allowed and username[0].isalpha():
        return []
    return [Reason("identity.username_shape")]


@transaction.atomic
def describe_account(*, actor: Actor, account_id: UUID, name: str, phone: str, now: datetime) -> None:
    """Correct a person's name or telephone."""
    rights.demand(actor, "identity.account.describe")
    account = lock_account(account_id)
    name = " ".join(name.split())
    if not name:
        raise CannotChange(Reason("identity.name_missing"))
    before = {"name": account.name, "phone": account.phone}
    account.name, account.phone = name, phone.strip()
    account.save(update_fields=["name", "phone"])
    data = {"before": before, "after": {"name": account.name, "phone": account.phone}}
    audit.record(actor=actor, act="identity.account.described", subject=account, at=now, data=data)


@transaction.atomic
def set_preferences(*, actor: Actor, phone: str, language: str, theme: str, shortcuts_on: bool, now: datetime) -> None:
    """Keep one's own telephone, language, light or dark, and whether single-key shortcuts work."""
    if actor.account_id is None:
        raise NotFound
    account = lock_account(actor.account_id)
    before = {
        "phone": account.phone,
        "language": account.language,
        "theme": account.theme,
        "shortcuts_on": account.shortcuts_on,
    }
    after = {"phone": phone.strip(), "language": language, "theme": theme, "shortcuts_on": shortcuts_on}
    if before == after:
        return
    for name, value in after.items():
        setattr(account, name, value)
    account.save(update_fields=list(after))
    audit.record(
        actor=actor, act="identity.account.preferred", subject=account, at=now, data={"before": before, "after": after}
    )


@transaction.atomic
def disable_account(*, actor: Actor, account_id: UUID, reason: str, now: datetime) -> None:
    """Close an account: every session ends at once. Accounts are never deleted; what they did stays theirs."""
    from zhudang.identity import signing_in, tokens

    rights.demand(actor, "identity.account.disable")
    account = lock_account(account_id)
    reasons = []
    if not account.is_active:
        reasons.append(Reason("identity.already_disabled"))
    if account.id == actor.account_id:
        reasons.append(Reason("identity.not_oneself"))
    if not reason.strip():
        reasons.append(Reason("identity.reason_missing"))
    if reasons:
        raise CannotChange(*reasons)
    account.is_active, account.disabled_at = False, now
    account.save(update_fields=["is_active", "disabled_at"])
    signing_in.end_sessions(account.id, reason="disabled", now=now)
    tokens.revoke_all(account.id, now=now)
    audit.record(actor=actor, act="identity.account.disabled", subject=account, at=now, data={"reason": reason.strip()})


@transaction.atomic
def enable_account(*, actor: Actor, account_id: UUID, now: datetime) -> None:
    """Open a closed account again; its roles are as they were."""
    rights.demand(actor, "identity.account.enable")
    account = lock_account(account_id)
    if account.is_active:
        raise CannotChange(Reason("identity.already_enabled"))
    account.is_active, account.disabled_at = True, None
    account.save(update_fields=["is_active", "disabled_at"])
    audit.record(actor=actor, act="identity.account.enabled", subject=account, at=now)


def lock_account(account_id: UUID) -> Account:
    """The account's row, held until the transaction ends.

    Raises:
        NotFound: no such account.
    """
    account = Account.objects.select_for_update(no_key=True).filter(id=account_id).first()
    if account is None:
        raise NotFound
    return account


# ── roles and clearance ───────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def grant_role(
    *, actor: Actor, account_id: UUID, role: Role | str, organisation_id: UUID | None, now: datetime
) -> UUID:
    """Give a person a role at an organisation (none for the public role); gives the membership's id.

    Raises:
        CannotGrant: with every reason; among them what may not be held together (三员分立).
    """
    rights.demand(actor, "identity.role.grant")
    account = lock_account(account_id)
    if role not in set(Role):
        raise CannotGrant(Reason("identity.role_unknown", {"role": str(role)}))
    wanted = Role(role)
    organisation = Organisation.objects.filter(id=organisation_id).first() if organisation_id else None
    if organisation_id and organisation is None:
        raise NotFound
    held = [Role(row.role) for row in account.memberships.filter(until__isnull=True)]
    reasons = why_not_combine(held, wanted) + why_not_hold_at(wanted, organisation.kind if organisation else None)
    if not account.is_active:
        reasons.append(Reason("identity.account_disabled"))
    if account.id == actor.account_id:
        reasons.append(Reason("identity.not_oneself"))
    if account.memberships.filter(until__isnull=True, organisation=organisation, role=wanted).exists():
        reasons.append(Reason("identity.role_held_already", {"role": wanted}))
    if reasons:
        raise CannotGrant(*reasons)
    membership = Membership.objects.create(account=account, organisation=organisation, role=wanted, since=now)
    data = {
        "username": account.username,
        "role": wanted,
        "organisation": organisation_id,
        "organisation_name": organisation.name if organisation else "",
    }
    audit.record(actor=actor, act="identity.role.granted", subject=account, at=now, data=data)
    return membership.id


@transaction.atomic
def end_role(*, actor: Actor, account_id: UUID, membership_id: UUID, now: datetime) -> None:
    """Take a role away; that it was held stays known."""
    rights.demand(actor, "identity.role.end")
    account = lock_account(account_id)
    membership = account.memberships.filter(id=membership_id, until__isnull=True).first()
    if membership is None:
        raise NotFound
    reasons = []
    if account.id == actor.account_id:
        reasons.append(Reason("identity.not_oneself"))
    if membership.role == Role.SECURITY_ADMIN and not _another_holds(Role.SECURITY_ADMIN, account.id):
        reasons.append(Reason("identity.last_of_role", {"role": membership.role}))
    if reasons:
        raise CannotChange(*reasons)
    membership.until = now
    membership.save(update_fields=["until"])
    data = {"username": account.username, "role": membership.role, "organisation": membership.organisation_id}
    audit.record(actor=actor, act="identity.role.ended", subject=account, at=now, data=data)


def _another_holds(role: Role, account_id: UUID) -> bool:
    others = Membership.objects.filter(role=role, until__isnull=True, account__is_active=True)
    return others.exclude(account_id=account_id).exists()


@transaction.atomic
def set_clearance(*, actor: Actor, account_id: UUID, clearance: int, now: datetime) -> None:
    """Say up to which secrecy level a person may see; the network's ceiling cuts it further."""
    rights.demand(actor, "identity.clearance.set")
    account = lock_account(account_id)
    reasons = []
    if clearance not in range(5):
        reasons.append(Reason("identity.clearance_unknown", {"clearance": clearance}))
    if account.id == actor.account_id:
        reasons.append(Reason("identity.not_oneself"))
    if reasons:
        raise CannotChange(*reasons)
    before, account.clearance = account.clearance, clearance
    account.save(update_fields=["clearance"])
    data = {"username": account.username, "before": before, "after": clearance}
    audit.record(actor=actor, act="identity.clearance.set", subject=account, at=now, data=data)


# ── first start ───────────────────────────────────────────────────────────────────────────────────────────────────

FIRST_ADMINISTRATORS = (
    ("sysadmin", "系统管理员", Role.SYSTEM_ADMIN),
    ("secadmin", "安全管理员", Role.SECURITY_ADMIN),
    ("auditadmin", "审计管理员", Role.AUDIT_ADMIN),
)


class FirstAdministrator(NamedTuple):
    """One of the three, with the one-time password that is shown now and never again."""

    username: str
    role: str
    password: str


@transaction.atomic
def make_first_administrators(*, archive_name: str, now: datetime) -> list[FirstAdministrator]:
    """Make the archive's organisation and the three administrators of an empty installation.

    Raises:
        CannotRegister: there are accounts already.
    """
    if Account.objects.exists():
        raise CannotRegister(Reason("identity.not_empty"))
    archive = register_organisation(actor=SYSTEM, name=archive_name, kind=OrganisationKind.ARCHIVE, now=now)
    made = []
    for username, name, role in FIRST_ADMINISTRATORS:
        password = one_time_password()
        account_id = create_account(actor=SYSTEM, username=username, name=name, password=password, now=now)
        grant_role(actor=SYSTEM, account_id=account_id, role=role, organisation_id=archive, now=now)
        made.append(FirstAdministrator(username, role, password))
    return made
