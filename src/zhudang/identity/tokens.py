"""Keys other systems sign in with: issued for an account, shown once, kept as a digest, with an end."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from zhudang.audit import operations as audit
from zhudang.identity import queries, rights
from zhudang.identity.models import AccessToken
from zhudang.identity.operations import CannotChange, lock_account
from zhudang.identity.rights import Actor
from zhudang.shared.refusals import NotFound, Reason

LASTS = timedelta(days=365)
_MARK = "zd_"


@dataclass(frozen=True)
class NewToken:
    """A token just made; `secret` is shown now and never again."""

    id: UUID
    secret: str
    expires_at: datetime


@transaction.atomic
def issue_token(*, actor: Actor, account_id: UUID, name: str, now: datetime, lasts: timedelta = LASTS) -> NewToken:
    """Issue a key to an account; `name` says for which system."""
    rights.demand(actor, "identity.token.issue")
    account = lock_account(account_id)
    reasons = [] if name.strip() else [Reason("identity.name_missing")]
    if not account.is_active:
        reasons.append(Reason("identity.account_disabled"))
    if reasons:
        raise CannotChange(*reasons)
    secret = _MARK + secrets.token_urlsafe(32)
    token = AccessToken.objects.create(
        account=account, name=name.strip(), digest=_digest(secret), issued_at=now, expires_at=now + lasts
    )
    data = {"username": account.username, "name": token.name, "expires_at": token.expires_at}
    audit.record(actor=actor, act="identity.token.issued", subject=token, at=now, data=data)
    return NewToken(token.id, secret, token.expires_at)


@transaction.atomic
def revoke_token(*, actor: Actor, account_id: UUID, token_id: UUID, now: datetime) -> None:
    """Make a key useless from now on."""
    rights.demand(actor, "identity.token.revoke")
    token = (
        AccessToken.objects.select_for_update(no_key=True)
        .filter(id=token_id, account_id=account_id, revoked_at__isnull=True)
        .first()
    )
    if token is None:
        raise NotFound
    token.revoked_at = now
    token.save(update_fields=["revoked_at"])
    audit.record(actor=actor, act="identity.token.revoked", subject=token, at=now, data={"name": token.name})


def revoke_all(account_id: UUID, *, now: datetime) -> int:
    """Make all keys of an account useless; part of closing it."""
    return AccessToken.objects.filter(account_id=account_id, revoked_at__isnull=True).update(revoked_at=now)


def actor_of_token(secret: str, now: datetime) -> Actor | None:
    """Whoever holds this key; None when there is no such key, or it has ended."""
    token = AccessToken.objects.filter(
        digest=_digest(secret), revoked_at__isnull=True, expires_at__gt=now, account__is_active=True
    ).first()
    if token is None:
        return None
    minute_ago = now - timedelta(minutes=1)
    AccessToken.objects.filter(id=token.id).filter(_not_used_since(minute_ago)).update(used_at=now)
    return queries.actor_of(token.account_id)


def _not_used_since(moment: datetime) -> Q:
    return Q(used_at__isnull=True) | Q(used_at__lt=moment)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
