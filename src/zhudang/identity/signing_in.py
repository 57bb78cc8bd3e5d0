"""Coming in and going out: passwords, lock-out, one-time codes, sessions."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from zhudang.audit import operations as audit
from zhudang.identity import rights
from zhudang.identity.domain import passwords
from zhudang.identity.domain.passwords import LockState, lock_state, why_not_password
from zhudang.identity.models import Account, FormerPassword, LoginFailure, ResetCode, SignIn
from zhudang.identity.operations import lock_account
from zhudang.identity.rights import Actor
from zhudang.shared.refusals import NotFound, Reason, Refusal


class CannotSignIn(Refusal):
    """Wrong login or password, or locked; never tells whether the account exists."""


class CannotSetPassword(Refusal):
    """The new password, the old one, or the code is not acceptable."""


@dataclass(frozen=True)
class Visitor:
    """Where a request comes from, as the log keeps it."""

    address: str = ""
    browser: str = ""


@cache
def _nobody() -> str:
    """A check against this takes as long as against a real one: time tells nothing about whether a login exists."""
    return make_password("nobody has this password")


def check_credentials(*, username: str, password: str, visitor: Visitor, now: datetime) -> Account:
    """The account these credentials open. Failures count per login as typed, whether it exists or not.

    Raises:
        CannotSignIn: `identity.login_wrong` with the tries left, or `identity.login_locked` with the minutes.
    """
    username = username.strip().lower()[:64]
    with transaction.atomic():
        state = _lock_state(username, now)
        if state.is_locked:
            raise CannotSignIn(_locked(state, now))
        account = Account.objects.filter(username=username).first()
        right = check_password(password, account.password if account else _nobody())
        if account and right and account.is_active:
            _clear_failures(username, now)
            _ask_for_a_new_password_in_time(account, now)
            return account
        state = _note_failure(username, account, visitor, now)
    if state.is_locked:
        raise CannotSignIn(_locked(state, now))
    raise CannotSignIn(Reason("identity.login_wrong", {"left": state.left, "minutes": _minutes()}))


def _ask_for_a_new_password_in_time(account: Account, now: datetime) -> None:
    days = int(getattr(settings, "PASSWORD_DAYS", passwords.GOOD_FOR_DAYS))
    set_at = account.password_changed_at or account.created_at
    if not account.is_demo and passwords.has_expired(set_at, now, days=days):
        account.must_change_password = True
        account.save(update_fields=["must_change_password"])


def _lock_state(username: str, now: datetime) -> LockState:
    """Where this login stands; whoever tries the same login at the same moment waits here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"login:{username}"])
    since = now - passwords.LOCKED_FOR
    failures = LoginFailure.objects.filter(username=username, cleared_at__isnull=True, failed_at__gt=since)
    return lock_state(list(failures.values_list("failed_at", flat=True)), now)


def _note_failure(username: str, account: Account | None, visitor: Visitor, now: datetime) -> LockState:
    LoginFailure.objects.create(username=username, address=visitor.address[:45], failed_at=now)
    state = _lock_state(username, now)
    audit.record(
        actor=username if account else "",
        act="identity.login.locked" if state.is_locked else "identity.login.failed",
        subject=account if account else "identity.account:",
        at=now,
        data={"address": visitor.address, "failures": state.failures},
    )
    return state


def _locked(state: LockState, now: datetime) -> Reason:
    seconds = (state.locked_until - now).total_seconds() if state.locked_until else 0
    return Reason("identity.login_locked", {"minutes": max(1, -(-int(seconds) // 60))})


def _minutes() -> int:
    return int(passwords.LOCKED_FOR.total_seconds() // 60)


def _clear_failures(username: str, now: datetime) -> int:
    return LoginFailure.objects.filter(username=username, cleared_at__isnull=True).update(cleared_at=now)


@transaction.atomic
def note_sign_in(*, account: Account, session_key: str, visitor: Visitor, now: datetime) -> None:
    """Write down that a session began."""
    SignIn.objects.create(
        account=account,
        session_key=session_key,
        address=visitor.address[:45],
        browser=visitor.browser[:200],
        started_at=now,
        seen_at=now,
    )
    audit.record(
        actor=account.username, act="identity.login.done", subject=account, at=now, data={"address": visitor.address}
    )


@transaction.atomic
def note_sign_out(*, session_key: str, reason: str, now: datetime) -> None:
    """Write down that a session ended: `left` by the person, `idle` by the clock."""
    sign_in = SignIn.objects.select_related("account").filter(session_key=session_key, ended_at__isnull=True).first()
    if sign_in is None:
        return
    sign_in.ended_at, sign_in.end_reason = now, reason
    sign_in.save(update_fields=["ended_at", "end_reason"])
    audit.record(
        actor=sign_in.account.username,
        act="identity.logout.done",
        subject=sign_in.account,
        at=now,
        data={"reason": reason},
    )


def note_seen(*, session_key: str, now: datetime) -> None:
    """Note that the session is in use; called at most once a minute."""
    SignIn.objects.filter(session_key=session_key, ended_at__isnull=True).update(seen_at=now)


def end_sessions(account_id: UUID, *, reason: str, now: datetime, keep: str = "") -> int:
    """End all sessions of an account but `keep`; gives how many."""
    open_ones = SignIn.objects.filter(account_id=account_id, ended_at__isnull=True).exclude(session_key=keep)
    Session.objects.filter(session_key__in=list(open_ones.values_list("session_key", flat=True))).delete()
    return open_ones.update(ended_at=now, end_reason=reason)


@transaction.atomic
def end_own_session(*, actor: Actor, sign_in_id: UUID, now: datetime) -> None:
    """End one of one's own sessions, on another machine perhaps."""
    own = SignIn.objects.filter(account_id=actor.account_id) if actor.account_id else SignIn.objects.none()
    sign_in = own.filter(id=sign_in_id, ended_at__isnull=True).first()
    if sign_in is None:
        raise NotFound
    Session.objects.filter(session_key=sign_in.session_key).delete()
    sign_in.ended_at, sign_in.end_reason = now, "ended"
    sign_in.save(update_fields=["ended_at", "end_reason"])
    audit.record(actor=actor, act="identity.session.ended", subject=sign_in, at=now)


# ── passwords ─────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def change_password(*, actor: Actor, old: str, new: str, again: str, session_key: str, now: datetime) -> Account:
    """Change one's own password; sessions elsewhere end. Gives the account, for the session to go on with.

    Raises:
        CannotSetPassword: with every reason.
    """
    if actor.account_id is None:
        raise NotFound
    account = lock_account(actor.account_id)
    reasons = [] if check_password(old, account.password) else [Reason("identity.password_old_wrong")]
    reasons += _why_not_new(account, new, again)
    if reasons:
        raise CannotSetPassword(*reasons)
    _set_password(account, new, now)
    end_sessions(account.id, reason="password", now=now, keep=session_key)
    audit.record(actor=actor, act="identity.password.changed", subject=account, at=now)
    return account


def _why_not_new(account: Account, new: str, again: str) -> list[Reason]:
    reasons = why_not_password(new, username=account.username)
    if new != again:
        reasons.append(Reason("identity.password_not_repeated"))
    former = account.former_passwords.order_by("-replaced_at", "-id").values_list("password", flat=True)
    if any(check_password(new, used) for used in [account.password, *former[: passwords.NOT_REUSED - 1]]):
        reasons.append(Reason("identity.password_used_before", {"count": passwords.NOT_REUSED}))
    return reasons


def _set_password(account: Account, new: str, now: datetime) -> None:
    if account.has_usable_password():
        FormerPassword.objects.create(account=account, password=account.password, replaced_at=now)
    account.password = make_password(new)
    account.password_changed_at, account.must_change_password = now, False
    account.save(update_fields=["password", "password_changed_at", "must_change_password"])


@transaction.atomic
def issue_reset_code(*, actor: Actor, account_id: UUID, now: datetime) -> str:
    """Give a one-time code with which the person sets a new password; shown once, valid for a day.

    Earlier codes become void. The old password stays valid until the code is used.
    """
    rights.demand(actor, "identity.password.reset")
    account = lock_account(account_id)
    if not account.is_active:
        raise CannotSetPassword(Reason("identity.account_disabled"))
    account.reset_codes.filter(used_at__isnull=True, voided_at__isnull=True).update(voided_at=now)
    code = passwords.one_time_password()
    issuer = actor.account_id
    row = ResetCode.objects.create(
        account=account,
        code=make_password(code),
        issued_by_id=issuer,
        issued_at=now,
        expires_at=now + passwords.RESET_CODE_LASTS,
    )
    data = {"username": account.username, "expires_at": row.expires_at}
    audit.record(actor=actor, act="identity.password.reset_code_issued", subject=account, at=now, data=data)
    return code


def redeem_reset_code(*, username: str, code: str, new: str, again: str, visitor: Visitor, now: datetime) -> None:
    """Set a new password with a one-time code. A wrong code counts as a wrong password.

    Raises:
        CannotSignIn: login and code do not belong together, or the login is locked.
        CannotSetPassword: the code is right, the password is not acceptable; the code stays valid.
    """
    username = username.strip().lower()[:64]
    with transaction.atomic():
        state = _lock_state(username, now)
        if state.is_locked:
            raise CannotSignIn(_locked(state, now))
        account = Account.objects.select_for_update(no_key=True).filter(username=username, is_active=True).first()
        row = (
            account.reset_codes.filter(used_at__isnull=True, voided_at__isnull=True, expires_at__gt=now).first()
            if account
            else None
        )
        right = check_password(code.strip(), row.code if row else _nobody())
        if account and row and right:
            if reasons := _why_not_new(account, new, again):
                raise CannotSetPassword(*reasons)
            _set_password(account, new, now)
            row.used_at = now
            row.save(update_fields=["used_at"])
            _clear_failures(username, now)
            end_sessions(account.id, reason="password", now=now)
            audit.record(actor=account.username, act="identity.password.reset", subject=account, at=now)
            return
        state = _note_failure(username, account, visitor, now)
    if state.is_locked:
        raise CannotSignIn(_locked(state, now))
    raise CannotSignIn(Reason("identity.code_wrong", {"left": state.left, "minutes": _minutes()}))


@transaction.atomic
def unlock(*, actor: Actor, account_id: UUID, now: datetime) -> None:
    """Clear the failures of a login before its half hour is over."""
    rights.demand(actor, "identity.account.unlock")
    account = lock_account(account_id)
    cleared = _clear_failures(account.username, now)
    audit.record(actor=actor, act="identity.account.unlocked", subject=account, at=now, data={"failures": cleared})


def follow_session(*, before: str, after: str) -> None:
    """The session goes on under another key."""
    SignIn.objects.filter(session_key=before, ended_at__isnull=True).update(session_key=after)
