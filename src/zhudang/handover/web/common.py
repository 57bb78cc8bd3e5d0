"""What the views of handover share: the actor, an act with its refusal, a printed document as an answer."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header

from zhudang.content import operations as content
from zhudang.documents.queries import DocumentCard
from zhudang.handover import words
from zhudang.identity.rights import Actor
from zhudang.shared.refusals import Forbidden, Refusal
from zhudang.shared.web import refusal as refusals


def actor_of(request: HttpRequest) -> Actor:
    """Who asks."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def try_act(
    request: HttpRequest, act: Callable[[], Any], done: str, then: str, *args: Any, otherwise: str = ""
) -> HttpResponse:
    """Do one act; go to `then`, with a word that it was done or with every reason why not.

    Args:
        then: URL name or address to go to.
        otherwise: address for a refusal; left out, the same page.
    """
    try:
        act()
    except Forbidden:
        raise
    except Refusal as refusal:
        refusals.tell(request, refusal)
        return redirect(otherwise) if otherwise else redirect(then, *args)
    messages.success(request, done)
    return redirect(then, *args)


def identifier(text: str) -> UUID | None:
    """Read an identifier from a form; None when it is none."""
    try:
        return UUID(text)
    except (ValueError, AttributeError):
        return None


def identifiers(values: list[str]) -> list[UUID]:
    """Read identifiers from a form, leaving out what is none."""
    return [found for found in map(identifier, values) if found]


def whole(text: str) -> int | None:
    """Read a whole number from a form; None when it is none."""
    text = (text or "").strip()
    return int(text) if text.lstrip("-").isdigit() and len(text) < 9 else None


def day(text: str) -> date | None:
    """Read a day (2026-06-17) from a form; None when it is none."""
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        return None


def send_paper(card: DocumentCard, *, download: bool) -> FileResponse:
    """Answer with a sealed document's bytes, to be shown or saved."""
    assert card.file_id is not None
    answer = FileResponse(content.open_file(card.file_id), content_type="application/pdf")
    answer["Content-Disposition"] = (
        content_disposition_header(download, f"{card.title} {card.number}.pdf") or "attachment"
    )
    answer["Cache-Control"] = "private, no-store"
    return answer


def choices(mapping: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Codes and words for a select."""
    return [(code, str(word)) for code, word in mapping.items()]


def change_words(changes: list[dict[str, Any]]) -> list[str]:
    """What changed since the last round, in words."""
    told = []
    for change in changes:
        values = {key: _shown(value) for key, value in change.items()}
        if change["what"] == "field":
            values["field"] = words.FIELDS.get(change["field"], change["field"])
        told.append(str(words.CHANGES[change["what"]]) % values)
    return told


def _shown(value: Any) -> Any:
    """A value of a description as people read it: yes and no in words, nothing as a dash."""
    if isinstance(value, bool):
        return words.YES if value else words.NO
    return "—" if value in (None, "") else value
