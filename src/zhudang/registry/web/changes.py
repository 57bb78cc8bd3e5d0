"""The forms by which people enter and change projects and what belongs to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.identity.web.decorators import actor_required
from zhudang.registry import operations, queries, words
from zhudang.registry.domain.special import items_for
from zhudang.registry.queries.projects import ProjectPage
from zhudang.registry.web import forms
from zhudang.registry.web.acts import FormPage, run_form


def shown_and_sent(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A form's view: shown with GET, sent with POST, for people who have signed in."""
    return require_http_methods(["GET", "HEAD", "POST"])(actor_required(view))


_POSITION = ("system", "zone"), ("first", "second")


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined, no-any-return]


def _known(request: HttpRequest, project_id: UUID, act: str) -> ProjectPage:
    """Give the project's page to whoever may do `act` to it."""
    rights.demand(_actor(request), act, queries.project_facts(project_id))
    return queries.project_page(_actor(request), project_id)


def _address(project_id: UUID, part: str = "") -> str:
    return reverse("registry:project", args=[project_id]) + (f"#{part}" if part else "")


def _around(page: ProjectPage, title: str, button: str, **more: Any) -> FormPage:
    crumbs = ((_("项目"), reverse("registry:project_list")), (page.name, _address(page.project_id)), (title, ""))
    return FormPage(
        title=title, crumbs=crumbs, button=button, subject=page.name, back=_address(page.project_id), **more
    )


def _units(page: ProjectPage) -> list[tuple[str, str]]:
    return [(str(unit.unit_work_id), unit.name) for phase in page.phases for unit in phase.units]


def _ids(values: list[str]) -> list[UUID]:
    return [UUID(value) for value in values]


@shown_and_sent
def project_new(request: HttpRequest) -> HttpResponse:
    """Enter a project."""
    actor = _actor(request)
    rights.demand(actor, "registry.project.create")
    own = "" if actor.of_archive or actor.of_department else actor.organisation_name
    form = forms.ProjectForm(request.POST or None, initial={"client": own})

    def act(values: dict[str, Any]) -> str:
        project_id = operations.register_project(
            actor=actor, code=values["code"], name=values["name"], kind=values["kind"], client_id=values["client"],
            address=values["address"], area_code=values["area_code"], level=values["level"], lon=form.lon,
            lat=form.lat, started_on=values["started_on"], completed_on=values["completed_on"],
            long_works=values["long_works"], now=timezone.now(),
        )
        return _address(project_id)

    page = FormPage(
        title=_("报建登记"),
        crumbs=((_("项目"), reverse("registry:project_list")), (_("报建登记"), "")),
        button=_("登记项目"), back=reverse("registry:project_list"),
        note=_("登记后请补工程、单位工程、参建单位；规划或施工许可一登记，归档告知书就开出。"),
        rows=(("name",), ("code", "area_code"), ("kind", "level"), ("client", "address"),
              ("started_on", "completed_on"), *_POSITION),
    )
    return run_form(request, page, form, act, _("项目已登记。"))


@shown_and_sent
def project_edit(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Change what is registered of a project."""
    known = _known(request, project_id, "registry.project.describe")
    form = forms.DescribeForm(request.POST or None, initial={
        "kind": known.kind, "address": known.address, "area_code": known.area_code, "first": known.lon,
        "second": known.lat, "started_on": known.started_on, "completed_on": known.completed_on,
        "long_works": known.long_works, "revision": known.revision,
    })  # fmt: skip

    def act(values: dict[str, Any]) -> str:
        operations.describe_project(
            actor=_actor(request), project_id=project_id, now=timezone.now(), revision=values["revision"],
            kind=values["kind"], address=values["address"], area_code=values["area_code"], lon=form.lon,
            lat=form.lat, started_on=values["started_on"], completed_on=values["completed_on"],
            long_works=values["long_works"],
        )
        return _address(project_id)

    rows = (("kind", "area_code"), ("address",), ("started_on", "completed_on"), *_POSITION)
    return run_form(request, _around(known, _("更改登记"), _("保存"), rows=rows), form, act, _("登记已更改。"))


@shown_and_sent
def project_rename(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Give a project another name."""
    known = _known(request, project_id, "registry.project.rename")
    form = forms.RenameForm(request.POST or None, initial={"name": known.name, "revision": known.revision})

    def act(values: dict[str, Any]) -> str:
        operations.rename_project(actor=_actor(request), project_id=project_id, now=timezone.now(), **values)
        return _address(project_id)

    page = _around(known, _("更名"), _("更名"), note=_("旧名仍可查到，已开出的文书不变。"))
    return run_form(request, page, form, act, _("项目已更名。"))


@shown_and_sent
def project_classify(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Set a project's secrecy level."""
    known = _known(request, project_id, "registry.project.classify")
    form = forms.ClassifyForm(request.POST or None, initial={
        "level": known.level, "is_open": known.is_open, "revision": known.revision,
    })  # fmt: skip

    def act(values: dict[str, Any]) -> str:
        operations.classify_project(actor=_actor(request), project_id=project_id, now=timezone.now(), **values)
        still = queries.is_visible(_actor(request), project_id)
        return _address(project_id) if still else reverse("registry:project_list")

    note = _("定为高于本网许可的密级后，本网内不再显示这个项目。")
    return run_form(request, _around(known, _("定密与开放"), _("保存"), note=note), form, act, _("密级已更改。"))


@shown_and_sent
def project_standing(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Suspend, resume, cancel, merge or split a project."""
    known = _known(request, project_id, "registry.project.suspend")
    phases = [(str(phase.phase_id), f"{phase.name}（{phase.code}）") for phase in known.phases]
    form = forms.StandingForm(request.POST or None, phases=phases, initial={"revision": known.revision})

    def act(values: dict[str, Any]) -> str:
        _change_standing(_actor(request), project_id, values)
        return _address(project_id)

    note = _("并入填“并入项目的代码”；拆分填拆出部分的代码、名称，并选工程。已收集的文件都随工程走。")
    page = _around(known, _("停缓建、撤销、合并、拆分"), _("办理"), note=note, rows=(("act",), ("reason",), ("into",), ("code", "name")))
    return run_form(request, page, form, act, _("已办理。"))


def _change_standing(actor: Actor, project_id: UUID, values: dict[str, Any]) -> None:
    common = {"actor": actor, "project_id": project_id, "reason": values["reason"], "now": timezone.now()}
    match values["act"]:
        case "suspend":
            operations.suspend_project(**common, revision=values["revision"])
        case "resume":
            operations.resume_project(**common, revision=values["revision"])
        case "cancel":
            operations.cancel_project(**common, revision=values["revision"])
        case "merge":
            operations.merge_projects(**common, into_id=queries.project_by_code(actor, values["into"]))
        case "split":
            operations.split_project(
                **common, code=values["code"], name=values["name"], phase_ids=_ids(values["phases"])
            )


@shown_and_sent
def phase_new(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Add a phase."""
    known = _known(request, project_id, "registry.phase.add")
    form = forms.PhaseForm(request.POST or None, initial={
        "code": f"{known.code}-{len(known.phases) + 1:03d}", "name": known.name,
    })  # fmt: skip

    def act(values: dict[str, Any]) -> str:
        operations.add_phase(actor=_actor(request), project_id=project_id, now=timezone.now(), **values)
        return _address(project_id, "units")

    return run_form(request, _around(known, _("添加工程"), _("添加"), rows=(("code", "name"),)), form, act, _("工程已添加。"))


@shown_and_sent
def unit_new(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Add a unit work."""
    known = _known(request, project_id, "registry.unit_work.add")
    form = forms.UnitForm(
        request.POST or None,
        phases=[(str(phase.phase_id), f"{phase.name}（{phase.code}）") for phase in known.phases],
        structures=_structures(request),
        initial={"kind": known.kind, "code": f"{known.unit_count + 1:02d}"},
    )

    def act(values: dict[str, Any]) -> str:
        operations.add_unit_work(
            actor=_actor(request), phase_id=UUID(values["phase"]), code=values["code"], name=values["name"],
            kind=values["kind"], nature=values["nature"], now=timezone.now(),
            structure_id=UUID(values["structure"]) if values["structure"] else None,
        )
        return _address(project_id, "units")

    note = "" if known.phases else _("项目还没有工程，请先添加工程。")
    page = _around(
        known, _("添加单位工程"), _("添加"), note=note,
        rows=(("phase",), ("code", "name"), ("kind", "nature"), ("structure",)),
    )
    return run_form(request, page, form, act, _("单位工程已添加。"))


@shown_and_sent
def unit_edit(request: HttpRequest, unit_work_id: UUID) -> HttpResponse:
    """Change a unit work."""
    known = _known(request, queries.project_of_unit_work(unit_work_id), "registry.unit_work.add")
    unit = next(u for phase in known.phases for u in phase.units if u.unit_work_id == unit_work_id)
    items = [f"special_{item.code}" for item in items_for(unit.kind)]
    form = forms.UnitDescribeForm(
        request.POST or None, structures=_structures(request, unit.kind), unit_kind=unit.kind, initial={
            "name": unit.name, "nature": unit.nature, "structure": unit.structure_id or "",
            "revision": unit.revision, **{f"special_{code}": value for code, value in unit.special.items()},
        },
    )  # fmt: skip

    def act(values: dict[str, Any]) -> str:
        operations.describe_unit_work(
            actor=_actor(request), unit_work_id=unit_work_id, name=values["name"], nature=values["nature"],
            structure_id=UUID(values["structure"]) if values["structure"] else None,
            special=form.special, now=timezone.now(), revision=values["revision"],
        )
        return _address(known.project_id, "units")

    pairs = tuple(tuple(items[start : start + 2]) for start in range(0, len(items), 2))
    page = _around(
        known, _("更改单位工程"), _("保存"), rows=(("name", "nature"), ("structure",), *pairs),
        note=_("专业记载的条目取自两套实际的城建档案系统，GB/T 50323 原文未见，可由各馆增删。"),
    )
    return run_form(request, page, form, act, _("单位工程已更改。"))


def _structures(request: HttpRequest, kind: str = "") -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in queries.structures_to_choose(_actor(request), kind)]


@shown_and_sent
def milestones(request: HttpRequest, unit_work_id: UUID) -> HttpResponse:
    """Record a step of building of a unit work."""
    known = _known(request, queries.project_of_unit_work(unit_work_id), "registry.milestone.record")
    unit = next(u for phase in known.phases for u in phase.units if u.unit_work_id == unit_work_id)
    first = {"kind": request.GET.get("kind") or (unit.next_step.code if unit.next_step else "")}
    form = forms.MilestoneForm(request.POST or None, unit_kind=unit.kind, initial=first)

    def act(values: dict[str, Any]) -> str:
        operations.record_milestone(
            actor=_actor(request), unit_work_id=unit_work_id, kind=values["kind"], planned_on=values["planned_on"],
            happened_on=values["happened_on"], now=timezone.now(),
        )
        return _address(known.project_id, "steps")

    page = _around(
        known, _("登记节点：%(unit)s") % {"unit": unit.name}, _("登记"), rows=(("kind",), ("planned_on", "happened_on")),
        note=_("节点发生后，清单里相应文件的建议归档时间随之更新。没写的一栏保持原样。"),
    )
    return run_form(request, page, form, act, _("节点已登记。"))


@shown_and_sent
def party_new(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Let an organisation take part."""
    known = _known(request, project_id, "registry.party.add")
    form = forms.PartyForm(request.POST or None, units=_units(known))

    def act(values: dict[str, Any]) -> str:
        operations.add_party(
            actor=_actor(request), project_id=project_id, organisation_id=values["organisation"],
            role=values["role"], since=values["since"], unit_work_ids=_ids(values["units"]), now=timezone.now(),
        )
        return _address(project_id, "parties")

    page = _around(known, _("添加参建单位"), _("添加"), rows=(("organisation",), ("role", "since"), ("units",)))
    return run_form(request, page, form, act, _("参建单位已添加。"))


@shown_and_sent
def party_replace(request: HttpRequest, party_id: UUID) -> HttpResponse:
    """Let another organisation take a party's place."""
    known = _known(request, queries.project_of_party(party_id), "registry.party.replace")
    party = next(p for p in known.parties if p.party_id == party_id)
    form = forms.ReplaceForm(request.POST or None)

    def act(values: dict[str, Any]) -> str:
        operations.replace_party(actor=_actor(request), party_id=party_id, now=timezone.now(), **values)
        still = queries.is_visible(_actor(request), known.project_id)
        return _address(known.project_id, "parties") if still else reverse("registry:project_list")

    title = _("更换%(role)s：%(name)s") % {"role": words.ROLES[party.role], "name": party.organisation_name}
    note = _("原单位的参建期到接替之日止，它已归档的文件不变。")
    page = _around(known, title, _("更换"), note=note, rows=(("organisation", "since"), ("reason",)))
    return run_form(request, page, form, act, _("参建单位已更换。"))


@shown_and_sent
def permit_new(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Record a permit."""
    known = _known(request, project_id, "registry.permit.record")
    form = forms.PermitForm(request.POST or None, units=_units(known))

    def act(values: dict[str, Any]) -> str:
        operations.record_permit(
            actor=_actor(request), project_id=project_id, kind=values["kind"], number=values["number"],
            issued_on=values["issued_on"], issuer=values["issuer"], unit_work_ids=_ids(values["units"]),
            now=timezone.now(),
        )
        return _address(project_id, "permits")

    page = _around(
        known, _("登记许可证"), _("登记"), rows=(("kind", "number"), ("issued_on", "issuer"), ("units",)),
        note=_("第一张规划或施工许可证开出归档告知书，以后的许可证只开补充告知。"),
    )
    return run_form(request, page, form, act, _("许可证已登记。"))


@shown_and_sent
def acceptance(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Record the completion acceptance."""
    known = _known(request, project_id, "registry.acceptance.record")
    form = forms.AcceptanceForm(request.POST or None, initial={
        "accepted_on": known.accepted_on, "revision": known.revision,
    })  # fmt: skip

    def act(values: dict[str, Any]) -> str:
        operations.record_completion_acceptance(
            actor=_actor(request), project_id=project_id, accepted_on=values["accepted_on"],
            revision=values["revision"], now=timezone.now(),
        )
        return _address(project_id)

    return run_form(request, _around(known, _("登记竣工验收"), _("登记")), form, act, _("竣工验收日期已登记。"))


@shown_and_sent
def responsibility_new(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Record who answers for what."""
    known = _known(request, project_id, "registry.responsibility.record")
    form = forms.ResponsibilityForm(request.POST or None)

    def act(values: dict[str, Any]) -> str:
        organisation = values.pop("organisation")
        operations.record_responsibility(
            actor=_actor(request), project_id=project_id, organisation_id=organisation, now=timezone.now(), **values
        )
        return _address(project_id, "duties")

    page = _around(
        known, _("登记责任"), _("登记"), rows=(("duty", "organisation"), ("person", "phone"), ("note",), ("since",))
    )
    return run_form(request, page, form, act, _("责任已登记。"))
