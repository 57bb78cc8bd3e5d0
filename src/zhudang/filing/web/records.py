"""The records of a project, the description of one, and what is done with them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhudang.filing import operations, queries, words
from zhudang.filing.web.acts import actor_of, carry_out, ids_in, next_of
from zhudang.filing.web.forms import DescriptionForm
from zhudang.identity.web.decorators import actor_required
from zhudang.registry import queries as registry
from zhudang.shared.refusals import Conflict, Forbidden, NotFound, Reason, Refusal
from zhudang.shared.web import exports, lists
from zhudang.shared.web.refusal import sentence, tell
from zhudang.shared.web.wording import write_date

_ORDER = {
    "code": ("part", "order_key", "id"), "title": ("title", "id"), "formed": ("formed_on", "id"),
    "state": ("state", "part", "order_key", "id"), "pages": ("pages", "id"),
}  # fmt: skip


@require_safe
@actor_required
def record_list(request: HttpRequest, project_id: UUID) -> HttpResponseBase:
    """The records of a project that exist for the person; filter, sort, page, file."""
    actor = actor_of(request)
    state = lists.read_state(request, filters=("state", "unit"))
    try:
        unit = UUID(state.filters["unit"]) if state.filters.get("unit") else None
    except ValueError:
        unit = None
    rows = queries.project_records(actor, project_id, state=state.filters.get("state", ""), q=state.q, unit=unit)
    rows = rows.order_by(*state.order(_ORDER, ("part", "order_key", "id")))
    name = registry.visible_projects(actor).filter(id=project_id).values_list("name", flat=True).first() or ""
    if wanted := exports.wanted_format(request):
        heads = [
            _("代码"), _("题名"), _("文（图）号"), _("责任者"), _("形成日期"), _("页数"), _("单位工程"), _("形成单位"),
            _("载体"), _("来源"), _("状态"), _("退回原因"),
        ]  # fmt: skip
        return exports.list_file(
            wanted, f"{name} {_('文件')}", heads, (_as_row(r) for r in rows.iterator(chunk_size=500))
        )
    counts = queries.record_counts(actor, project_id)
    chips: list[tuple[str, Any, int, str]] = [("", _("全部"), sum(counts.values()), "")]
    chips += [
        (code, word, counts[code], words.STATE_MARKS[code]) for code, word in words.STATES.items() if counts.get(code)
    ]
    context = {
        "page": lists.take_page(rows, state, lambda r: (r, words.STATE_MARKS[r.state], words.STATES[r.state])),
        "state": state, "chips": chips, "project_id": project_id, "project_name": name, "words": words,
        "mine": actor.organisation_ids,
    }  # fmt: skip
    return render(request, "filing/records.html", context)


def _as_row(r: Any) -> tuple[Any, ...]:
    return (
        r.code, r.title, r.document_no, r.responsible, r.formed_on, r.pages, r.unit_work.name if r.unit_work else "",
        r.organisation.name, str(words.CARRIERS.get(r.carrier, r.carrier)), str(words.ORIGINS.get(r.origin, r.origin)),
        str(words.STATES[r.state]), r.returned_reason,
    )  # fmt: skip


@require_POST
@actor_required
def act_on_many(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """One act on every ticked record: confirm pencil, file, take back, withdraw."""
    ids = ids_in(request, "record")
    actor, now, knowingly = actor_of(request), timezone.now(), request.POST.get("knowingly") == "1"
    acts = {
        "describe": (lambda: operations.accept_pencil(actor=actor, record_ids=ids, now=now), _("已确认 %(n)s 件的著录。"), _("没有确认著录：")),
        "file": (
            lambda: operations.file_many(actor=actor, record_ids=ids, now=now, knowingly=knowingly),
            _("已归档 %(n)s 件。"), _("没有归档任何一件："),
        ),
        "undo": (lambda: operations.take_back(actor=actor, record_ids=ids, now=now), _("已撤回 %(n)s 件。"), _("没有撤回：")),
        "withdraw": (
            lambda: operations.withdraw_records(actor=actor, record_ids=ids, now=now),
            _("已退回待归类 %(n)s 件。"), _("没有退回待归类："),
        ),
    }  # fmt: skip
    back = reverse("filing:records", args=[project_id])
    chosen = acts.get(request.POST.get("act", ""))
    if chosen is None or not ids:
        queries.project_records(actor, project_id)
        tell(request, Refusal(Reason("filing.nothing_chosen")), _("还没有做："))
        return redirect(next_of(request, back))
    act, done, cannot = chosen
    return carry_out(request, act, done=done, cannot=cannot, back=back)


@require_http_methods(["GET", "HEAD", "POST"])
@actor_required
def record_edit(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """The description of one record: ink, pencil, files, and what keeps it from being filed."""
    page = queries.record_page(actor_of(request), record_id)
    form: DescriptionForm | None = None
    conflict: tuple[Any, ...] = ()
    status = 200
    if request.method == "POST":
        if not page.may_describe:
            raise Forbidden(Reason("rights.not_for_this_organisation"))
        form = DescriptionForm(request.POST)
        if form.is_valid():
            try:
                operations.describe(
                    actor=actor_of(request), record_id=record_id, description=form.description(),
                    revision=form.cleaned_data["revision"], now=timezone.now(),
                )  # fmt: skip
                return _after_saving(request, record_id)
            except Conflict as met:
                conflict, status = _sides(met), 409
            except operations.CannotDescribe as refusal:
                status = 409
                for reason in refusal.reasons:
                    form.add_error(None, sentence(reason))
        else:
            status = 409
    if form is None:
        form = DescriptionForm.filled(
            page.description,
            page.sketch,
            page.record.revision,
            pencil_in=page.record.filed_at is None and not page.description.title,
        )
    return render(request, "filing/record_edit.html", _record_context(page, form, conflict), status=status)


def _after_saving(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Saved; file it at once when the button says so."""
    back = reverse("filing:record_edit", args=[record_id])
    if request.POST.get("then") != "file":
        return carry_out(request, lambda: 1, done=_("著录已保存。"), cannot="", back=back)
    return carry_out(
        request,
        lambda: operations.file_record(actor=actor_of(request), record_id=record_id, now=timezone.now()),
        done=_("已归档。"),
        cannot=_("著录已保存，但还不能归档："),
        back=back,
    )


def _sides(met: Conflict) -> tuple[Any, ...]:
    """Who and when, and old and new side by side."""
    [reason] = met.reasons
    rows = []
    for name, stored, typed in reason.data["differences"]:
        rows.append((words.FIELDS.get(name, name), _value(name, stored), _value(name, typed)))
    return reason.data["who"], reason.data["when"], rows


def _value(name: str, value: Any) -> Any:
    tables: dict[str, Any] = {
        "level": words.LEVELS, "origin": words.ORIGINS, "carrier": words.CARRIERS, "retention": words.RETENTIONS,
        "manuscript": words.MANUSCRIPTS, "copy_kind": words.COPY_KINDS,
    }  # fmt: skip
    if isinstance(value, date):
        return write_date(value)
    return tables[name].get(value, value) if name in tables else value


def _record_context(page: Any, form: DescriptionForm, conflict: tuple[Any, ...]) -> dict[str, Any]:
    sketched = [
        (words.FIELDS.get(name, name), _value(name, value), words.BASES.get(basis, basis))
        for name, (value, basis) in page.sketch.values.items()
    ]
    return {
        "page": page, "form": form, "conflict": conflict, "words": words, "sketched": sketched,
        "against": [sentence(r) for r in page.against],
        "softly": bool(page.against) and all(r.code in _SOFT for r in page.against),
        "passed_on": [sentence(Reason(code, data)) for code, data in page.blockers],
        "state_mark": words.STATE_MARKS[page.record.state], "state_word": words.STATES[page.record.state],
    }  # fmt: skip


_SOFT = frozenset({"filing.finding_blocks", "filing.native_needs_rendition", "filing.check_could_not_run"})


def _back(record_id: UUID) -> str:
    return reverse("filing:record_edit", args=[record_id])


@require_POST
@actor_required
def file_one(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """File one record."""
    knowingly = request.POST.get("knowingly") == "1"
    return carry_out(
        request,
        lambda: operations.file_record(
            actor=actor_of(request), record_id=record_id, now=timezone.now(), knowingly=knowingly
        ),
        done=_("已归档。"),
        cannot=_("还不能归档："),
        back=_back(record_id),
    )


@require_POST
@actor_required
def undo(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Take filing back before delivery."""
    return carry_out(
        request,
        lambda: operations.take_back(actor=actor_of(request), record_ids=[record_id], now=timezone.now()),
        done=_("已撤回归档，可以再改。"),
        cannot=_("撤不回："),
        back=_back(record_id),
    )


@require_POST
@actor_required
def replace(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Put an uploaded file in the place of an old one, or beside it."""
    old, new = ids_in(request, "old"), ids_in(request, "file")
    if len(new) != 1:
        queries.record_page(actor_of(request), record_id)
        tell(request, Refusal(Reason("filing.nothing_chosen")), _("文件没有替换："))
        return redirect(_back(record_id))
    return carry_out(
        request,
        lambda: operations.replace_file(
            actor=actor_of(request), record_id=record_id, old_file_id=old[0] if old else None, file_id=new[0],
            why=request.POST.get("why", ""), now=timezone.now(),
        ),
        done=_("文件已替换，原来的版本保留。"),
        cannot=_("文件没有替换："),
        back=_back(record_id),
    )  # fmt: skip


@require_POST
@actor_required
def cured(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Say how a returned record was cured without a new file."""
    return carry_out(
        request,
        lambda: operations.note_cured(
            actor=actor_of(request), record_id=record_id, how=request.POST.get("how", ""), now=timezone.now()
        ),
        done=_("已记下怎样改好的，可以再次归档。"),
        cannot=_("没有记下："),
        back=_back(record_id),
    )


@require_POST
@actor_required
def withdraw(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Take a record out; its file goes back to the inbox."""
    page = queries.record_page(actor_of(request), record_id)
    if page is None:
        raise NotFound
    return carry_out(
        request,
        lambda: operations.withdraw_records(actor=actor_of(request), record_ids=[record_id], now=timezone.now()),
        done=_("已撤出，文件回到待归类。"),
        cannot=_("撤不出："),
        back=reverse("filing:records", args=[page.record.project_id]),
    )
