"""A class's plan of remedy, and the places it goes to: entered by people, kept with all that was entered before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from zhudang.audit import operations as audit
from zhudang.identity.rights import Actor, demand
from zhudang.preservation import sites
from zhudang.preservation.domain.copy_policy import Need
from zhudang.preservation.domain.placing import Plan, why_not_place
from zhudang.preservation.models import Placement, RemedyPlan, Site
from zhudang.preservation.policy_file import policy
from zhudang.shared.refusals import NotFound, Reason, Refusal
from zhudang.shared.turns import take_turn


class CannotPlan(Refusal):
    """The plan does not say what a plan must."""


class CannotPlace(Refusal):
    """These places do not give the class what it needs, and no plan of remedy covers that."""


@dataclass(frozen=True)
class Remedy:
    """What a plan says: what is missing, what will be done, by whom, by when, curing which requirements."""

    requirements: Collection[str]
    missing: str
    remedy: str
    responsible: str
    until: date | None


@transaction.atomic
def enter_plan(*, actor: Actor, class_code: str, plan: Remedy, today: date, now: datetime) -> UUID:
    """Enter a class's plan of remedy; the one before it stays in the history. Gives the entry's id.

    A plan that says what the standing one says is that one: it is not entered again.

    Raises:
        Forbidden, NotFound: no such class.
        CannotPlan: with every reason.
    """
    demand(actor, "preservation.plan.enter")
    need = _need(class_code)
    reasons = []
    if not plan.requirements or not all(need.asks_for(name) for name in plan.requirements):
        reasons.append(Reason("preservation.plan_requirements"))
    if not (plan.missing.strip() and plan.remedy.strip() and plan.responsible.strip()):
        reasons.append(Reason("preservation.plan_blank"))
    if plan.until is None or plan.until <= today:
        reasons.append(Reason("preservation.plan_until"))
    if reasons:
        raise CannotPlan(*reasons)
    said = {
        "requirements": sorted(plan.requirements), "missing": plan.missing.strip(), "remedy": plan.remedy.strip(),
        "responsible": plan.responsible.strip(), "until": plan.until,
    }  # fmt: skip
    take_turn(f"preservation.plan {class_code}")
    standing = standing_plan(class_code)
    if standing is not None and all(getattr(standing, name) == value for name, value in said.items()):
        return standing.pk
    row = RemedyPlan.objects.create(class_code=class_code, entered_at=now, entered_by=actor.username, **said)
    audit.record(actor=actor, act="preservation.plan.entered", subject=row, at=now, data={"class": class_code, **said})
    return row.pk


@transaction.atomic
def end_plan(*, actor: Actor, class_code: str, how: str, now: datetime) -> UUID:
    """End a class's plan, carried out or given up; gives the entry's id.

    Raises:
        Forbidden, NotFound.
        CannotPlan: there is none, or it was not said how it ended.
    """
    demand(actor, "preservation.plan.enter")
    _need(class_code)
    standing = standing_plan(class_code)
    if standing is None:
        raise CannotPlan(Reason("preservation.plan_none"))
    if not how.strip():
        raise CannotPlan(Reason("preservation.plan_how"))
    row = RemedyPlan.objects.create(
        class_code=class_code, requirements=standing.requirements, missing=standing.missing, remedy=how.strip(),
        responsible=standing.responsible, until=standing.until, ended=True, entered_at=now, entered_by=actor.username,
    )  # fmt: skip
    audit.record(
        actor=actor, act="preservation.plan.ended", subject=row, at=now, data={"class": class_code, "how": row.remedy}
    )
    return row.pk


@transaction.atomic
def choose_places(*, actor: Actor, class_code: str, codes: Collection[str], today: date, now: datetime) -> UUID:
    """Say which places a class goes to from now on; what lies elsewhere stays there. Gives the placement's id.

    Where it goes to these places already, under the same plan, nothing is chosen again.

    Raises:
        Forbidden, NotFound.
        CannotPlace: with everything that breaks the policy and no standing plan of remedy covers.
    """
    demand(actor, "preservation.placement.choose")
    need = _need(class_code)
    in_use = {site.code: sites.facts_of_row(site) for site in Site.objects.filter(in_use=True)}
    if unknown := sorted(set(codes) - in_use.keys()):
        raise CannotPlace(*(Reason("preservation.no_such_site", {"site": code}) for code in unknown))
    row = standing_plan(class_code)
    standing = row if row is not None and not plan_of(row).is_overdue(today) else None
    planned = standing.requirements if standing else ()
    chosen = [in_use[code] for code in sorted(set(codes))]
    if reasons := why_not_place(need, chosen, planned=planned):
        raise CannotPlace(*reasons)
    leans_on_plan = bool(why_not_place(need, chosen))
    plan = standing if leans_on_plan else None
    take_turn(f"preservation.placement {class_code}")
    newest = Placement.objects.filter(class_code=class_code).first()
    if newest is not None and (newest.sites, newest.plan) == ([site.code for site in chosen], plan):
        return newest.pk
    placed = Placement.objects.create(
        class_code=class_code, sites=[site.code for site in chosen], chosen_at=now, chosen_by=actor.username, plan=plan
    )
    audit.record(
        actor=actor, act="preservation.placement.chosen", subject=placed, at=now,
        data={"class": class_code, "sites": placed.sites, "plan": placed.plan_id},
    )  # fmt: skip
    return placed.pk


def standing_plan(class_code: str) -> RemedyPlan | None:
    """The plan that counts for a class: its newest entry, unless that one ends it."""
    newest = RemedyPlan.objects.filter(class_code=class_code).first()
    return None if newest is None or newest.ended else newest


def plan_of(row: RemedyPlan) -> Plan:
    """A plan as the rules know it."""
    return Plan(frozenset(row.requirements), row.until)


def _need(class_code: str) -> Need:
    need = policy().need(class_code)
    if need is None:
        raise NotFound
    return need
