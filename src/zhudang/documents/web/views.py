"""The public check of our documents: by number and check code, by the QR code's address, by the PDF itself."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from zhudang.documents import queries, words
from zhudang.documents.city import letterhead
from zhudang.documents.queries import Answer, Check, Verdict
from zhudang.shared.web import wording

TRIES_A_MINUTE = 30


def _too_often(request: HttpRequest) -> bool:
    """Count the checks of one address in this minute; simple on purpose, per web process."""
    minute = int(timezone.now().timestamp() // 60)
    key = f"documents.verify.{request.META.get('REMOTE_ADDR', '')}.{minute}"
    cache.add(key, 0, timeout=120)
    return bool(cache.incr(key) > TRIES_A_MINUTE)


def _written(data: dict[str, Any]) -> dict[str, str]:
    return {
        key: wording.write_datetime(value, "second")
        if key == "at"
        else wording.write_date(value)
        if key == "until"
        else str(value)
        for key, value in data.items()
    }


def _line(check: Check) -> dict[str, Any]:
    """One line of «what was checked», in words."""
    heading, sentence = words.CHECKS[check.code]
    filled = _written(check.data)
    text = words.OUTCOMES.get((check.code, check.outcome), sentence)
    aside = words.ASIDES.get((check.code, check.outcome), "")
    state = {"ok": "ok", "fail": "fail"}.get(check.outcome, "unchecked")
    return {"heading": heading, "text": str(text) % filled, "aside": str(aside) % filled, "state": state}


def _page(request: HttpRequest, answer: Answer | None, *, problem: str = "", status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "answer": answer, "problem": problem, "number": request.POST.get("number", ""), "code": request.POST.get("code", ""),
        "keys": queries.published_keys(),
    }  # fmt: skip
    if answer:
        context |= {
            "verdict": words.VERDICTS[answer.verdict],
            "explained": str(words.EXPLAINED[answer.verdict]) % {"reason": answer.void_reason},
            "lines": [_line(check) for check in answer.checks],
            "agreed": sum(1 for check in answer.checks if check.outcome == "ok"),
            "mark": {"valid": "ok", "registered": "ok", "pending": "unchecked", "unknown": "none"}.get(
                answer.verdict, "fail"
            ),
        }
    in_page = request.headers.get("X-Answer-Only") == "yes"  # asked by the page that has looked at the file itself
    return render(request, f"documents/{'register_answer' if in_page else 'verify'}.html", context, status=status)


def verify(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: fields `number` and `code`, or a file field `pdf` (at most 40 MB, compared and thrown away)."""
    if request.method != "POST":
        return _page(request, None)
    if _too_often(request):
        return _page(request, None, problem=str(words.REASONS["documents.too_often"]), status=429)
    now = timezone.now()
    if given := request.FILES.get("pdf"):
        if given.size is None or given.size > queries.MOST_BYTES:
            return _page(request, None, problem=str(words.REASONS["documents.too_large"]), status=413)
        return _page(request, queries.answer_for_pdf(pdf=given.read(), now=now))
    number, code = request.POST.get("number", "").strip()[:120], request.POST.get("code", "").strip()[:40]
    if not number or not code:
        return _page(request, None, problem=str(words.REASONS["documents.nothing_given"]), status=400)
    return _page(request, queries.answer_for_number(number=number, code=code, now=now))


def offline(request: HttpRequest) -> HttpResponse:
    """The check as one file that needs no server: script, styles and the archive's public keys are in it."""
    try:
        script, style = (_built(name) for name in ("offline-check.js", "zhudang.css"))
    except FileNotFoundError as lacking:
        raise Http404(str(lacking)) from lacking
    context = {
        "keys": queries.published_keys(), "issuer": letterhead().archive, "now": timezone.now(),
        "style": format_html("<style>{}</style>", mark_safe(style)),
        "script": format_html('<script type="module">{}</script>', mark_safe(script.replace("</script", "<\\/script"))),
    }  # fmt: skip
    answer = render(request, "documents/offline.html", context)
    name = quote(f"{_('离线核对文书')}.html")
    answer["Content-Disposition"] = f"attachment; filename=\"offline-check.html\"; filename*=UTF-8''{name}"
    return answer


def _built(name: str) -> str:
    found = finders.find(f"built/{name}")
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    return Path(found).read_text(encoding="utf-8")


def verify_code(request: HttpRequest, check_code: str) -> HttpResponse:
    """The address in the QR code; an unknown code answers like every unknown document."""
    if _too_often(request):
        return _page(request, None, problem=str(words.REASONS["documents.too_often"]), status=429)
    answer = queries.answer_for_code(code=check_code[:40], now=timezone.now())
    return _page(request, answer, status=404 if answer.verdict is Verdict.UNKNOWN else 200)
