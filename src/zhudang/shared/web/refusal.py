"""A no, told whole: every reason in words, at once, on the page that comes next.

Codes live in the plain rules, sentences in each context's `words.py`. The context a code
names (`filing.empty` -> filing) explains it, through the first of these its `words` offers:
a function `sentence(reason)`, or a mapping `REASONS` (or `BLOCKERS`) from code to a sentence
with `%(name)s` places for the reason's data.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from zhudang.shared.both_languages import in_both
from zhudang.shared.refusals import Reason, Refusal

_taught: dict[str, Any] = {}


def teach(sentences_by_code: Mapping[str, Any]) -> None:
    """Give the sentences of codes that belong to no app, such as those of the shared rules; or functions of a reason."""
    _taught.update(sentences_by_code)


def _words_of(code: str) -> Any:
    label = code.split(".", 1)[0]
    if label not in {config.label for config in apps.get_app_configs()}:
        return None
    name = f"{apps.get_app_config(label).name}.words"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def sentence(reason: Reason) -> str:
    """Write one reason in the reader's language; a code without words is shown as it is."""
    words = _words_of(reason.code)
    if words is not None and hasattr(words, "sentence"):
        return str(words.sentence(reason))
    known: dict[str, Any] = dict(_taught)
    for name in ("REASONS", "BLOCKERS"):
        known.update({str(getattr(key, "value", key)): text for key, text in getattr(words, name, {}).items()})
    if reason.code not in known:
        return reason.code
    if callable(known[reason.code]):
        return str(known[reason.code](reason))
    text = str(known[reason.code])
    return text % dict(reason.data) if reason.data and "%(" in text else text


def sentences(refusal: Refusal) -> list[str]:
    """Write every reason of a refusal, in its order."""
    return [sentence(reason) for reason in refusal.reasons]


def print_refusal(refusal: Refusal | Iterable[Reason]) -> None:
    """Tell every reason at the console, in Chinese and English, where errors go."""
    for reason in refusal.reasons if isinstance(refusal, Refusal) else refusal:
        print(in_both(partial(sentence, reason)), file=sys.stderr)


def heading_of(number: int) -> str:
    """What stands above so many reasons. One is often no lack: a wrong password, a step that is over."""
    return _("现在还办不了，差 %(count)s 样：") % {"count": number} if number > 1 else _("现在办不了：")


def tell(request: HttpRequest, refusal: Refusal | Iterable[Any], heading: str = "") -> None:
    """Show a refusal on the next page: one note with all reasons.

    Args:
        refusal: a Refusal, or reasons already in words: text, or (text, address of its cure).
        heading: what cannot be done; left out, the note counts the reasons itself.
    """
    told: list[Any] = list(sentences(refusal)) if isinstance(refusal, Refusal) else list(refusal)
    reasons = [one if isinstance(one, tuple) else (str(one), "") for one in told]
    note = render_to_string(
        "partials/_refusal.html", {"heading": heading or heading_of(len(reasons)), "reasons": reasons}
    )
    messages.add_message(request, messages.ERROR, note, extra_tags="refusal")
