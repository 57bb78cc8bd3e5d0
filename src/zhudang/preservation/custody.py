"""A removable set passes from hand to hand: one gives, another signs, each by their own account."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.events import operations as events
from zhudang.identity import queries as identity
from zhudang.identity.rights import Actor, demand
from zhudang.preservation.domain.site_facts import Kind
from zhudang.preservation.domain.states import Condition
from zhudang.preservation.models import Custody, Site
from zhudang.shared.refusals import NotFound, Reason, Refusal


class CannotHandOver(Refusal):
    """The set cannot pass to this person now."""


class CannotSign(Refusal):
    """This handing over is not this person's to sign or to take back, or no longer open."""


@transaction.atomic
def hand_over(
    *, actor: Actor, site_id: UUID, to_account_id: UUID | None, bound_for: str, condition: str, note: str, now: datetime
) -> UUID:
    """Offer a set to the next keeper; it counts as handed over once that person has signed. Gives the row's id.

    Raises:
        Forbidden, NotFound.
        CannotHandOver: with every reason.
    """
    demand(actor, "preservation.custody.sign")
    site = Site.objects.select_for_update(no_key=True).filter(pk=site_id).first()
    if site is None:
        raise NotFound
    taker = identity.actor_of(to_account_id) if to_account_id else None
    if reasons := _why_not(actor, site, taker, bound_for=bound_for, condition=condition):
        raise CannotHandOver(*reasons)
    assert taker is not None
    row = Custody.objects.create(
        site=site, gave=actor.username, gave_name=actor.name, gave_at=now, took=taker.username, took_name=taker.name,
        bound_for=bound_for.strip(), condition=condition, note=note.strip(),
    )  # fmt: skip
    audit.record(
        actor=actor, act="preservation.custody.offered", subject=row, at=now,
        data={"site": site.code, "to": taker.username, "bound_for": row.bound_for, "condition": condition},
    )  # fmt: skip
    events.tell(
        kind="preservation.custody.offered", at=now, account_id=taker.account_id,
        data={"site": site.name, "name": actor.name}, link=f"/preservation/sites/{site.pk}/",
    )  # fmt: skip
    return row.pk


@transaction.atomic
def sign(*, actor: Actor, custody_id: UUID, now: datetime) -> UUID:
    """Sign for a set as the one who takes it; gives the site's id.

    Raises:
        Forbidden, NotFound.
        CannotSign: it was offered to somebody else, or is signed or withdrawn already.
    """
    row = _open(actor, custody_id)
    if row.took != actor.username:
        raise CannotSign(Reason("preservation.custody_not_yours", {"name": row.took_name}))
    row.took_at = now
    row.save(update_fields=["took_at"])
    audit.record(actor=actor, act="preservation.custody.signed", subject=row, at=now, data={"site": row.site.code})
    return row.site_id


@transaction.atomic
def withdraw(*, actor: Actor, custody_id: UUID, now: datetime) -> UUID:
    """Take an offer back (who gave), or refuse it (who was to take); gives the site's id.

    Raises:
        Forbidden, NotFound.
        CannotSign: it is somebody else's, or closed already.
    """
    row = _open(actor, custody_id)
    if actor.username not in {row.gave, row.took}:
        raise CannotSign(Reason("preservation.custody_not_yours", {"name": row.took_name}))
    row.withdrawn_at = now
    row.save(update_fields=["withdrawn_at"])
    audit.record(actor=actor, act="preservation.custody.withdrawn", subject=row, at=now, data={"site": row.site.code})
    return row.site_id


def _open(actor: Actor, custody_id: UUID) -> Custody:
    demand(actor, "preservation.custody.sign")
    row = Custody.objects.select_for_update(no_key=True).select_related("site").filter(pk=custody_id).first()
    if row is None:
        raise NotFound
    if row.took_at or row.withdrawn_at:
        raise CannotSign(Reason("preservation.custody_closed"))
    return row


def _why_not(actor: Actor, site: Site, taker: Actor | None, *, bound_for: str, condition: str) -> list[Reason]:
    reasons = []
    if site.kind != Kind.REMOVABLE:
        reasons.append(Reason("preservation.custody_no_set", {"site": site.name}))
    signed = Custody.objects.filter(site=site, took_at__isnull=False).first()
    if Custody.objects.filter(site=site, took_at=None, withdrawn_at=None).exists():
        reasons.append(Reason("preservation.custody_open"))
    # Whose account is closed can hand nothing over any more: then any keeper may.
    if signed and signed.took != actor.username and identity.actor_by_username(signed.took).authenticated:
        reasons.append(Reason("preservation.custody_not_in_your_hands", {"name": signed.took_name}))
    if taker is None or not taker.may("preservation.custody.sign"):
        reasons.append(Reason("preservation.custody_no_taker"))
    elif taker.username == actor.username:
        reasons.append(Reason("preservation.custody_to_oneself"))
    if not bound_for.strip():
        reasons.append(Reason("preservation.custody_nowhere"))
    if condition not in set(Condition):
        reasons.append(Reason("preservation.custody_condition"))
    return reasons
