"""The emergency read-only service (应急只读服务): the product's own pages over one copy, every act of change refused.

How far loading came stands in `emergency.json` of the service's working folder; who looked at what is written line by
line to a log outside of it, which stays when the service has ended.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.translation import gettext as _

STATE_FILE = "emergency.json"
MOST_LACKING = 100
"""Damaged files the page names; their number is told."""
LOOKED_AT = frozenset(
    {
        "site:home", "site:emergency", "site:language", "site:live", "site:ready", "identity:login", "identity:logout",
        "discovery:search", "discovery:record", "discovery:structure",
        "registry:project_list", "registry:project", "registry:structure_list", "filing:volume", "filing:volumes",
        "filing:contents_xlsx", "content:file", "content:page", "content:tiles", "content:tile", "content:report",
        "content:report_json",
    }
)  # fmt: skip
"""The pages that are served; all others answer that they are not."""
CHANGED = frozenset({"identity:login", "identity:logout", "site:language"})
"""What takes a POST: signing in and out, and the language of the pages. Nothing of the archive."""
OPEN = frozenset({"identity:login", "site:language", "site:live", "site:ready"})


@dataclass(frozen=True)
class State:
    """How far loading came.

    Attributes:
        step: scanning, foundation, records, files, rest, text, done, failed.
        as_of: when the newest version in the copy was written.
        projects, records, files, texts: how many so far; `_total` where it is known, else 0.
        closed: objects that are sealed and for which no key is here.
        unreadable: objects of the copy that cannot be read; `damaged` the projects whose catalogue is not as written.
    """

    copy: str = ""
    step: str = "scanning"
    began_at: str = ""
    searchable_after_s: float = 0.0
    as_of: str = ""
    projects: int = 0
    projects_total: int = 0
    records: int = 0
    files: int = 0
    texts: int = 0
    unreadable: tuple[str, ...] = ()
    closed: int = 0
    damaged: tuple[str, ...] = ()
    cut_links: tuple[str, ...] = ()

    @property
    def all_records(self) -> bool:
        """Whether every record of the copy can be found by its description."""
        return self.step in {"files", "rest", "text", "done"}

    @property
    def all_files(self) -> bool:
        """Whether every file of the copy is listed."""
        return self.step in {"rest", "text", "done"}

    @property
    def catalogue_percent(self) -> int:
        """How much of the catalogue can be searched. Numbers of records would count what the person may not know of."""
        return 100 * self.projects // self.projects_total if self.projects_total else 0

    @property
    def text_percent(self) -> int:
        """Of how many records out of a hundred the files were read."""
        return min(100 * self.texts // self.records, 100) if self.records else 0

    @property
    def as_of_time(self) -> datetime | None:
        return datetime.fromisoformat(self.as_of) if self.as_of else None


def read_state(data: Path) -> State:
    """What the loader last wrote."""
    try:
        told = json.loads((data / STATE_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return State(copy=settings.EMERGENCY["copy"])
    lists = {name: tuple(told[name]) for name in ("unreadable", "damaged", "cut_links")}
    return State(**{**told, **lists})


def write_state(data: Path, state: dict[str, Any]) -> None:
    """Write how far loading came, in one step."""
    draft = data / f"{STATE_FILE}.new"
    draft.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    draft.replace(data / STATE_FILE)


def banner() -> dict[str, Any] | None:
    """What stands at the top of every page while this is an emergency service; None while it is not."""
    if not settings.EMERGENCY:
        return None
    from zhudang.preservation import emergency

    state = read_state(Path(settings.DATA))
    return {"state": state, "lacking": len(emergency.damaged_files())}


class ReadOnly:
    """Serve what is for looking, to the one officer, and write down every look."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.log = Path(settings.EMERGENCY["log"])

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._answer(request)
        if not request.path.startswith((settings.STATIC_URL, "/health/")):
            self._note(request, response.status_code)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(settings.STATIC_URL):
            return self.get_response(request)
        try:
            name = resolve(request.path_info).view_name
        except Resolver404:
            return self.get_response(request)
        if request.method not in {"GET", "HEAD", "OPTIONS"} and name not in CHANGED:
            return self._refuse(request, _("这是应急只读服务：只能查看，任何改动都不受理。"))
        if name not in OPEN and not request.actor.authenticated:  # type: ignore[attr-defined]
            return redirect(f"/login/?{urlencode({'next': request.get_full_path()})}")
        if name not in LOOKED_AT:
            return self._refuse(
                request, _("应急只读服务没有这个页面：只能检索、查看案卷与文件、查看建（构）筑物和项目的档案。")
            )
        return redirect("discovery:search") if name == "site:home" else self.get_response(request)

    @staticmethod
    def _refuse(request: HttpRequest, sentence: str) -> HttpResponse:
        return render(request, "403.html", {"reasons": [sentence]}, status=403)

    def _note(self, request: HttpRequest, status: int) -> None:
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "who": request.actor.username,  # type: ignore[attr-defined]
            "from": request.META.get("REMOTE_ADDR", ""),
            "method": request.method,
            "address": request.get_full_path(),
            "status": status,
        }
        # One write of one line in append mode: lines of several threads and processes do not mix.
        handle = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, (json.dumps(line, ensure_ascii=False) + "\n").encode())
        finally:
            os.close(handle)


def page(request: HttpRequest) -> HttpResponse:
    """What is here, since when, how far loading came, and what is not here."""
    from zhudang.content import queries as content
    from zhudang.preservation import emergency

    lacking = emergency.damaged_files()
    shown = lacking[:MOST_LACKING]
    named = content.named_by_bytes(request.actor, shown)  # type: ignore[attr-defined]
    context = {
        "state": read_state(Path(settings.DATA)),
        "lacking": lacking,
        "shown": [(digest, named.get(digest, [])) for digest in shown],
        "log": settings.EMERGENCY["log"],
        "english": translation.get_language() == "en",
    }
    return render(request, "site/emergency.html", context)
