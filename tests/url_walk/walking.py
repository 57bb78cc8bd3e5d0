"""Ask an address and bring the answer into a form in which two answers can be compared."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.test import Client
from django.test.client import ClientHandler
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from url_walk.world import MemberOf, World
from zhudang.identity import queries
from zhudang.identity.models import Account
from zhudang.identity.rights import ANONYMOUS, Actor, ThingFacts, may_know_of

ANYONE = "anonymous"


def addresses() -> dict[str, list[str]]:
    """Every address of the site by name, with the arguments it takes."""
    found: dict[str, list[str]] = {}
    for namespace, pattern in _patterns(get_resolver().url_patterns):
        name = f"{namespace}:{pattern.name}" if namespace else str(pattern.name)
        found[name] = list(pattern.pattern.converters) or list(getattr(pattern.pattern, "regex").groupindex)  # noqa: B009
    return found


def _patterns(patterns: Any, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _patterns(one.url_patterns, one.namespace or namespace)
        else:
            yield namespace, one


_HANDLER = ClientHandler(enforce_csrf_checks=False)
"""One for all: its middleware is built once."""


@dataclass(frozen=True)
class Answer:
    """What came back, without what differs every time."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...]


class Walker:
    """One person (or nobody) with a browser."""

    def __init__(self, role: str, account: Account | None) -> None:
        self.role = role
        self.client = Client(raise_request_exception=False, SERVER_NAME="testserver")
        self.client.handler = _HANDLER
        self.actor: Actor = ANONYMOUS
        if account:
            self.client.force_login(account)
            self.actor = queries.actor_from(account)

    def knows(self, facts: ThingFacts | None) -> bool:
        """Whether the thing exists for this person."""
        if isinstance(facts, MemberOf):
            return facts.holder_id in self.actor.organisation_ids
        return facts is not None and may_know_of(self.actor, facts)

    def ask(self, name: str, arguments: Mapping[str, Any], method: str, query: str = "") -> Answer:
        path = reverse(name, kwargs=dict(arguments)) + query
        extra = {"data": {}} if method == "post" else {}
        if method == "patch":
            extra = {"data": b"x", "content_type": "application/offset+octet-stream"}
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
        answer = getattr(self.client, method)(path, headers=headers, **extra)
        return _plain(answer, path, arguments)


def _plain(answer: Any, path: str, arguments: Mapping[str, Any]) -> Answer:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = {key: answer.headers.get(key, "") for key in ("Location", "Content-Type", "Allow", "HX-Redirect")}
    text = body.decode("utf-8", "replace")
    swaps = [quote(path), quote(path, safe=""), *(str(value) for value in arguments.values())]
    for swap in sorted(swaps, key=len, reverse=True):
        text = text.replace(swap, "·")
        headers = {key: value.replace(swap, "·") for key, value in headers.items()}
    text = re.sub(r'(csrfmiddlewaretoken" value="|csrf-token" content=")[^"]+', r"\1·", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "·", text)
    text = re.sub(r"(剩余|free) [\d.]+ \wB", r"\1 ·", text)
    return Answer(answer.status_code, text, tuple(headers.items()))


def walkers(world: World) -> list[Walker]:
    """Everybody: one of each role, and nobody."""
    return [Walker(ANYONE, None), *(Walker(role, account) for role, account in world.people.items())]
