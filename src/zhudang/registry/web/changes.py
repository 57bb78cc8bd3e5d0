"""The forms by which people enter and change projects, phases and unit works."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from zhudang.identity import rights
from zhudang.identity.rights import Actor
from zhudang.registry import operations, queries
from zhudang.registry.domain.projects import ProjectDraft
from zhudang.registry.domain.special import items_for
from zhudang.registry.web import forms
from zhudang.registry.web.acts import FormPage, run_form
from zhudang.registry.web.pages import actor_of, address_of, around, identifiers_in, known_page, shown_and_sent
from zhudang.shared.refusals import Reason

_POSITION = ("system", "zone"), ("first", "second")


@shown_and_sent
def project_new(request: HttpRequest) -> HttpResponse:
    """Enter a project."""
    actor = actor_of(request)
    rights.demand(actor, "registry.project.create")
    own = "" if actor.of_archive or actor.of_department else actor.organisation_name
    form = forms.ProjectForm(request.POST or None, initial={"client": own})

    def act(values: dict[str, Any]) -> str:
        project_id = operations.register_project(
            actor=actor,
            code=values["code"],
            name=values["name"],
            kind=values["kind"],
            client_id=values["client"],
            address=values["address"],
            area_code=values["area_code"],
            level=values["level"],
            lon=form.lon,
            lat=form.lat,
            started_on=values["started_on"],
            completed_on=values["completed_on"],
            long_works=values["long_works"],
            now=timezone.now(),
        )
        return address_of(project_id)

    def also(read: dict[str, Any]) -> list[Reason]:
        draft = ProjectDraft(
            read.get("code", ""), read.get("name", ""), read.get("kind", ""), read.get("address", ""),
            read.get("area_code", ""), read.get("level", 1), form.lon, form.lat, read.get("started_on"),
            read.get("completed_on"),
        )  # fmt: skip
        return operations.why_not_register(draft, now=timezone.now())

    page = FormPage(
        title=_("报建登记"),
        crumbs=((_("项目"), reverse("registry:project_list")), (_("报建登记"), "")),
        button=_("登记项目"),
        back=reverse("registry:project_list"),
        note=_("登记后请补工程、单位工程、参建单位；规划或施工许可一登记，归档告知书就开出。"),
        rows=(
            ("name",),
            ("code", "area_code"),
            ("kind", "level"),
            ("client", "address"),
            ("started_on", "completed_on"),
            *_POSITION,
        ),
    )
    return run_form(request, page, form, act, _("项目已登记。"), also)


@shown_and_sent
def project_edit(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Change what is registered of a project."""
    known = known_page(request, project_id, "registry.project.describe")
    form = forms.DescribeForm(request.POST or None, initial={
        "kind": known.kind, "address": known.address, "area_code": known.area_code, "first": known.lon,
        "second": known.lat, "started_on": known.started_on, "completed_on": known.completed_on,
        "long_works": known.long_works, "revision": known.revision,
    })  # fmt: skip

    def act(values: dict[str, Any]) -> str:
        operations.describe_project(
            actor=actor_of(request),
            project_id=project_id,
            now=timezone.now(),
            revision=values["revision"],
            kind=values["kind"],
            address=values["address"],
            area_code=values["area_code"],
            lon=form.lon,
            lat=form.lat,
            started_on=values["started_on"],
            completed_on=values["completed_on"],
            long_works=values["long_works"],
        )
        return address_of(project_id)

    rows = (("kind", "area_code"), ("address",), ("started_on", "completed_on"), *_POSITION)
    return run_form(request, around(known, _("更改登记"), _("保存"), rows=rows), form, act, _("登记已更改。"))


@shown_and_sent
def project_rename(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Give a project another name."""
    known = known_page(request, project_id, "registry.project.rename")
    form = forms.RenameForm(request.POST or None, initial={"name": known.name, "revision": known.revision})

    def act(values: dict[str, Any]) -> str:
        operations.rename_project(actor=actor_of(request), project_id=project_id, now=timezone.now(), **values)
        return address_of(project_id)

    page = around(known, _("更名"), _("更名"), note=_("旧名仍可查到，已开出的文书不变。"))
    return run_form(request, page, form, act, _("项目已更名。"))


@shown_and_sent
def project_classify(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Set a project's secrecy level."""
    known = known_page(request, project_id, "registry.project.classify")
    form = forms.ClassifyForm(request.POST or None, initial={
        "level": known.level, "is_open": known.is_open, "revision": known.revision,
    })  # fmt: skip

    def act(values: dict[str, Any]) -> str:
        operations.classify_project(actor=actor_of(request), project_id=project_id, now=timezone.now(), **values)
        still = queries.is_visible(actor_of(request), project_id)
        return address_of(project_id) if still else reverse("registry:project_list")

    note = _("定为高于本网许可的密级后，本网内不再显示这个项目。")
    return run_form(request, around(known, _("定密与开放"), _("保存"), note=note), form, act, _("密级已更改。"))


@shown_and_sent
def project_standing(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Suspend, resume, cancel, merge or split a project."""
    known = known_page(request, project_id, "registry.project.suspend")
    phases = [(str(phase.phase_id), f"{phase.name}（{phase.code}）") for phase in known.phases]
    form = forms.StandingForm(request.POST or None, phases=phases, initial={"revision": known.revision})

    def act(values: dict[str, Any]) -> str:
        _change_standing(actor_of(request), project_id, values)
        return address_of(project_id)

    note = _("并入填“并入项目的代码”；拆分填拆出部分的代码、名称，并选工程。已收集的文件都随工程走。")
    page = around(
        known,
        _("停缓建、撤销、合并、拆分"),
        _("办理"),
        note=note,
        rows=(("act",), ("reason",), ("into",), ("code", "name")),
    )
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
                **common, code=values["code"], name=values["name"], phase_ids=identifiers_in(values["phases"])
            )


@shown_and_sent
def phase_new(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Add a phase."""
    known = known_page(request, project_id, "registry.phase.add")
    form = forms.PhaseForm(request.POST or None, initial={
        "code": f"{known.code}-{len(known.phases) + 1:03d}", "name": known.name,
    })  # fmt: skip

    def act(values: dict[str, Any]) -> str:
        operations.add_phase(actor=actor_of(request), project_id=project_id, now=timezone.now(), **values)
        return address_of(project_id, "units")

    return run_form(
        request, around(known, _("添加工程"), _("添加"), rows=(("code", "name"),)), form, act, _("工程已添加。")
    )


@shown_and_sent
def unit_new(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Add a unit work."""
    known = known_page(request, project_id, "registry.unit_work.add")
    form = forms.UnitForm(
        request.POST or None,
        phases=[(str(phase.phase_id), f"{phase.name}（{phase.code}）") for phase in known.phases],
        structures=_structures(request),
        initial={"kind": known.kind, "code": f"{known.unit_count + 1:02d}"},
    )

    def act(values: dict[str, Any]) -> str:
        operations.add_unit_work(
            actor=actor_of(request),
            phase_id=UUID(values["phase"]),
            code=values["code"],
            name=values["name"],
            kind=values["kind"],
            nature=values["nature"],
            now=timezone.now(),
            structure_id=UUID(values["structure"]) if values["structure"] else None,
        )
        return address_of(project_id, "units")

    note = "" if known.phases else _("项目还没有工程，请先添加工程。")
    page = around(
        known,
        _("添加单位工程"),
        _("添加"),
        note=note,
        rows=(("phase",), ("code", "name"), ("kind", "nature"), ("structure",)),
    )
    return run_form(request, page, form, act, _("单位工程已添加。"))


@shown_and_sent
def unit_edit(request: HttpRequest, unit_work_id: UUID) -> HttpResponse:
    """Change a unit work."""
    known = known_page(request, queries.project_of_unit_work(unit_work_id), "registry.unit_work.add")
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
            actor=actor_of(request),
            unit_work_id=unit_work_id,
            name=values["name"],
            nature=values["nature"],
            structure_id=UUID(values["structure"]) if values["structure"] else None,
            special=form.special,
            now=timezone.now(),
            revision=values["revision"],
        )
        return address_of(known.project_id, "units")

    pairs = tuple(tuple(items[start : start + 2]) for start in range(0, len(items), 2))
    page = around(
        known,
        _("更改单位工程"),
        _("保存"),
        rows=(("name", "nature"), ("structure",), *pairs),
        note=_("专业记载的条目取自两套实际的城建档案系统，GB/T 50323 原文未见，可由各馆增删。"),
    )
    return run_form(request, page, form, act, _("单位工程已更改。"))


def _structures(request: HttpRequest, kind: str = "") -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in queries.structures_to_choose(actor_of(request), kind)]
