"""The forms by which people record what happens in a project: parties, permits, steps, acceptance, responsibility."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from zhudang.registry import operations, queries, words
from zhudang.registry.web import forms
from zhudang.registry.web.acts import run_form
from zhudang.registry.web.pages import (
    actor_of,
    address_of,
    around,
    identifiers_in,
    known_page,
    shown_and_sent,
    unit_choices,
)


@shown_and_sent
def milestones(request: HttpRequest, unit_work_id: UUID) -> HttpResponse:
    """Record a step of building of a unit work."""
    known = known_page(request, queries.project_of_unit_work(unit_work_id), "registry.milestone.record")
    unit = next(u for phase in known.phases for u in phase.units if u.unit_work_id == unit_work_id)
    first = {"kind": request.GET.get("kind") or (unit.next_step.code if unit.next_step else "")}
    form = forms.MilestoneForm(request.POST or None, unit_kind=unit.kind, initial=first)

    def act(values: dict[str, Any]) -> str:
        operations.record_milestone(
            actor=actor_of(request),
            unit_work_id=unit_work_id,
            kind=values["kind"],
            planned_on=values["planned_on"],
            happened_on=values["happened_on"],
            now=timezone.now(),
        )
        return address_of(known.project_id, "steps")

    page = around(
        known,
        _("登记节点：%(unit)s") % {"unit": unit.name},
        _("登记"),
        rows=(("kind",), ("planned_on", "happened_on")),
        note=_("节点发生后，清单里相应文件的建议归档时间随之更新。没写的一栏保持原样。"),
    )
    return run_form(request, page, form, act, _("节点已登记。"))


@shown_and_sent
def party_new(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Let an organisation take part."""
    known = known_page(request, project_id, "registry.party.add")
    form = forms.PartyForm(request.POST or None, units=unit_choices(known))

    def act(values: dict[str, Any]) -> str:
        operations.add_party(
            actor=actor_of(request),
            project_id=project_id,
            organisation_id=values["organisation"],
            role=values["role"],
            since=values["since"],
            unit_work_ids=identifiers_in(values["units"]),
            now=timezone.now(),
        )
        return address_of(project_id, "parties")

    page = around(known, _("添加参建单位"), _("添加"), rows=(("organisation",), ("role", "since"), ("units",)))
    return run_form(request, page, form, act, _("参建单位已添加。"))


@shown_and_sent
def party_replace(request: HttpRequest, party_id: UUID) -> HttpResponse:
    """Let another organisation take a party's place."""
    known = known_page(request, queries.project_of_party(party_id), "registry.party.replace")
    party = next(p for p in known.parties if p.party_id == party_id)
    form = forms.ReplaceForm(request.POST or None)

    def act(values: dict[str, Any]) -> str:
        operations.replace_party(actor=actor_of(request), party_id=party_id, now=timezone.now(), **values)
        still = queries.is_visible(actor_of(request), known.project_id)
        return address_of(known.project_id, "parties") if still else reverse("registry:project_list")

    title = _("更换%(role)s：%(name)s") % {"role": words.ROLES[party.role], "name": party.organisation_name}
    note = _("原单位的参建期到接替之日止，它已归档的文件不变。")
    page = around(known, title, _("更换"), note=note, rows=(("organisation", "since"), ("reason",)))
    return run_form(request, page, form, act, _("参建单位已更换。"))


@shown_and_sent
def permit_new(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Record a permit."""
    known = known_page(request, project_id, "registry.permit.record")
    form = forms.PermitForm(request.POST or None, units=unit_choices(known))

    def act(values: dict[str, Any]) -> str:
        operations.record_permit(
            actor=actor_of(request),
            project_id=project_id,
            kind=values["kind"],
            number=values["number"],
            issued_on=values["issued_on"],
            issuer=values["issuer"],
            unit_work_ids=identifiers_in(values["units"]),
            now=timezone.now(),
        )
        return address_of(project_id, "permits")

    page = around(
        known,
        _("登记许可证"),
        _("登记"),
        rows=(("kind", "number"), ("issued_on", "issuer"), ("units",)),
        note=_("第一张规划或施工许可证开出归档告知书，以后的许可证只开补充告知。"),
    )
    return run_form(request, page, form, act, _("许可证已登记。"))


@shown_and_sent
def acceptance(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Record the completion acceptance."""
    known = known_page(request, project_id, "registry.acceptance.record")
    form = forms.AcceptanceForm(request.POST or None, initial={
        "accepted_on": known.accepted_on, "revision": known.revision,
    })  # fmt: skip

    def act(values: dict[str, Any]) -> str:
        operations.record_completion_acceptance(
            actor=actor_of(request),
            project_id=project_id,
            accepted_on=values["accepted_on"],
            revision=values["revision"],
            now=timezone.now(),
        )
        return address_of(project_id)

    return run_form(request, around(known, _("登记竣工验收"), _("登记")), form, act, _("竣工验收日期已登记。"))


@shown_and_sent
def responsibility_new(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Record who answers for what."""
    known = known_page(request, project_id, "registry.responsibility.record")
    form = forms.ResponsibilityForm(request.POST or None)

    def act(values: dict[str, Any]) -> str:
        organisation = values.pop("organisation")
        operations.record_responsibility(
            actor=actor_of(request), project_id=project_id, organisation_id=organisation, now=timezone.now(), **values
        )
        return address_of(project_id, "duties")

    page = around(
        known, _("登记责任"), _("登记"), rows=(("duty", "organisation"), ("person", "phone"), ("note",), ("since",))
    )
    return run_form(request, page, form, act, _("责任已登记。"))
