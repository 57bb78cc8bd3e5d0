"""Who takes part in a project, who replaced whom, and who answers for its archive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from zhudang.identity.models import Organisation
from zhudang.identity.rights import Actor
from zhudang.registry import facts
from zhudang.registry.domain.projects import DUTIES, why_not_change, why_not_party, why_not_replace
from zhudang.registry.models import Party, PartyRole, PartyUnit, Project, Responsibility, UnitWork
from zhudang.registry.operations.projects import CannotChange, CannotRegister, _tell
from zhudang.shared.refusals import NotFound, Reason


@transaction.atomic
def add_party(
    *,
    actor: Actor,
    project_id: UUID,
    organisation_id: UUID,
    role: str,
    now: datetime,
    since: date | None = None,
    unit_work_ids: Sequence[UUID] = (),
) -> UUID:
    """Let an organisation take part in a project.

    Args:
        unit_work_ids: the unit works it works on; none means all of them.
    """
    project = facts.lock_project(actor, "registry.party.add", project_id)
    since = since or facts.today_of(now)
    reasons = why_not_party(
        role=role,
        status=project.status,
        since=since,
        already=Party.objects.filter(
            project=project, organisation_id=organisation_id, role=role, until__isnull=True
        ).exists(),
        foreign_units=_foreign(project, unit_work_ids),
        is_client=organisation_id == project.client_id,
    )
    if not Organisation.objects.filter(pk=organisation_id).exists():
        reasons.append(Reason("registry.organisation_unknown", {}))
    if reasons:
        raise CannotRegister(*reasons)
    party = Party.objects.create(project=project, organisation_id=organisation_id, role=role, since=since)
    PartyUnit.objects.bulk_create(PartyUnit(party=party, unit_work_id=unit) for unit in set(unit_work_ids))
    _tell(
        actor,
        "registry.party.added",
        f"registry.party:{party.pk}",
        now,
        project,
        {"party_id": str(party.pk), "organisation_id": str(organisation_id), "role": role},
    )
    return party.pk


@transaction.atomic
def replace_party(
    *,
    actor: Actor,
    party_id: UUID,
    organisation_id: UUID,
    since: date,
    now: datetime,
    reason: str = "",
) -> UUID:
    """Let another organisation take a party's place from `since` on; the former one keeps its row.

    A new client takes over the project itself: applications and transfers are the new client's.
    """
    found = Party.objects.filter(pk=party_id).values_list("project_id", flat=True).first()
    if found is None:
        raise NotFound
    project = facts.lock_project(actor, "registry.party.replace", found)
    party = Party.objects.select_for_update(no_key=True).get(pk=party_id)
    reasons = why_not_replace(
        status=project.status,
        ended=party.until is not None,
        since=since,
        party_since=party.since,
        same=party.organisation_id == organisation_id,
    )
    if since > facts.today_of(now):
        reasons.append(Reason("registry.replaced_in_future", {"day": since}))
    if not Organisation.objects.filter(pk=organisation_id).exists():
        reasons.append(Reason("registry.organisation_unknown", {}))
    if (
        Party.objects.filter(project=project, organisation_id=organisation_id, role=party.role, until__isnull=True)
        .exclude(pk=party.pk)
        .exists()
    ):
        reasons.append(Reason("registry.party_already", {}))
    if reasons:
        raise CannotChange(*reasons)
    party.until = since
    party.save(update_fields=["until"])
    successor = Party.objects.create(
        project=project,
        organisation_id=organisation_id,
        role=party.role,
        since=since,
        replaces=party,
        reason=reason.strip(),
    )
    PartyUnit.objects.bulk_create(
        PartyUnit(party=successor, unit_work_id=unit) for unit in party.units.values_list("unit_work_id", flat=True)
    )
    if party.role == PartyRole.CLIENT:
        project.client_id = organisation_id
        facts.touch(project, actor, now, ["client"])
    _tell(
        actor,
        "registry.party.replaced",
        f"registry.party:{successor.pk}",
        now,
        project,
        {
            "party_id": str(successor.pk),
            "replaces": str(party.pk),
            "role": party.role,
            "former_organisation_id": str(party.organisation_id),
            "organisation_id": str(organisation_id),
        },
    )
    return successor.pk


@transaction.atomic
def record_responsibility(
    *,
    actor: Actor,
    project_id: UUID,
    duty: str,
    now: datetime,
    person: str = "",
    phone: str = "",
    organisation_id: UUID | None = None,
    note: str = "",
    since: date | None = None,
) -> UUID:
    """Record who answers for what in a project's archive; whoever did before is kept with an end.

    The archive clauses of several contracts stand side by side, one for each organisation.
    """
    project = facts.lock_project(actor, "registry.responsibility.record", project_id)
    since = since or facts.today_of(now)
    reasons = why_not_change(project.status)
    if duty not in DUTIES:
        reasons.append(Reason("registry.duty_unknown", {"value": duty}))
    if duty in {"leader", "archive_person"} and not person.strip():
        reasons.append(Reason("registry.person_missing", {}))
    if duty == "contract_clause" and not note.strip():
        reasons.append(Reason("registry.clause_missing", {}))
    if organisation_id is not None and not Organisation.objects.filter(pk=organisation_id).exists():
        reasons.append(Reason("registry.organisation_unknown", {}))
    if reasons:
        raise CannotRegister(*reasons)
    present = Responsibility.objects.select_for_update(no_key=True).filter(
        project=project, duty=duty, until__isnull=True
    )
    if duty in {"contract_clause", "as_built", "archive_person"}:
        same = Q(organisation_id=organisation_id) if organisation_id else Q(organisation__isnull=True)
        present = present.filter(same)
    present.update(until=since)
    row = Responsibility.objects.create(
        project=project,
        duty=duty,
        organisation_id=organisation_id,
        person=person.strip(),
        phone=phone.strip(),
        note=note.strip(),
        since=since,
    )
    _tell(
        actor,
        "registry.responsibility.recorded",
        f"registry.responsibility:{row.pk}",
        now,
        project,
        {"duty": duty, "person": row.person},
    )
    return row.pk


def _foreign(project: Project, unit_work_ids: Sequence[UUID]) -> bool:
    wanted = set(unit_work_ids)
    own = UnitWork.objects.filter(pk__in=wanted, phase__project=project).count()
    return own != len(wanted)
