"""One way for every form of the registry: show, try the act, tell all reasons or go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from zhudang.registry import words
from zhudang.registry.web.forms import give_errors
from zhudang.shared.refusals import Conflict, Forbidden, Reason, Refusal


@dataclass(frozen=True)
class FormPage:
    """What stands around a form.

    Args:
        crumbs: (text, address) pairs; an empty address is where the person is.
        rows: names of fields to stand side by side; what is not named stands alone below.
        note: what follows from the act, in a sentence.
    """

    title: str
    crumbs: tuple[tuple[str, str], ...]
    button: str
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    subject: str = ""
    back: str = ""


def run_form(
    request: HttpRequest,
    page: FormPage,
    form: forms.Form,
    act: Callable[[dict[str, Any]], str],
    done: str,
    also: Callable[[dict[str, Any]], list[Reason]] | None = None,
) -> HttpResponse:
    """Show a form, or try its act.

    Args:
        also: what the rules say of the fields that can be read, asked when others cannot: all reasons at once.
        act: takes the cleaned values, does the act, gives the address to go to.
        done: what to say once it is done.
    """
    conflict = None
    status = 200
    if request.method == "POST":
        status = 422
        if not form.is_valid():
            give_errors(form, also(form.cleaned_data) if also else [], only_sound=True)
        else:
            try:
                target = act(form.cleaned_data)
            except Forbidden:
                raise
            except Conflict as refused:
                conflict, status = _conflict(form, refused), 409
            except Refusal as refused:
                give_errors(form, refused.reasons)
                status = 409
            else:
                messages.success(request, done)
                return redirect(target)
    context = {"page": page, "form": form, "lines": _lines(form, page.rows), "conflict": conflict}
    return render(request, "registry/form.html", context, status=status)


def _lines(form: forms.Form, rows: tuple[tuple[str, ...], ...]) -> list[list[forms.BoundField]]:
    named = {name for row in rows for name in row}
    lines = [[form[name] for name in row if name in form.fields] for row in rows]
    visible = [field for field in form.visible_fields() if field.name not in named]
    return [line for line in [*lines, *([field] for field in visible)] if line]


def _conflict(form: forms.Form, refused: Conflict) -> dict[str, Any]:
    """Lay old and new side by side, and let the form go on from the newer revision."""
    reason = refused.reasons[0]
    sent = QueryDict(mutable=True)
    sent.update(form.data)  # type: ignore[arg-type]
    sent["revision"] = str(reason.data["revision"])
    form.data = sent
    return {
        "sentence": words.sentence(reason),
        "rows": [
            (
                words.field_name(change["field"]),
                words.value_of(change["field"], change["theirs"]),
                words.value_of(change["field"], change["yours"]),
            )
            for change in reason.data["differences"]
        ],
    }
