"""A person at a browser without scripts: cookies, forms with their CSRF token, tus uploads. No private door.

The smoke run and the acceptance scripts walk the product with it.
"""

import base64
import hashlib
import http.client
import json
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from lxml import html

CHUNK_BYTES = 8 * 1024 * 1024


class Refused(Exception):
    """The product said no; the text carries what it said to the person."""

    def __init__(self, what: str, status: int, said: str) -> None:
        self.what, self.status, self.said = what, status, said
        super().__init__(f"{what}: HTTP {status}: {said}")


@dataclass
class Answer:
    """One answer of the server."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    @property
    def tree(self) -> Any:
        return html.fromstring(self.text, base_url=self.url)

    def json(self) -> Any:
        return json.loads(self.body)

    def said(self) -> str:
        """What a person reads as messages, refusals and field errors on this page."""
        if "html" not in self.headers.get("content-type", ""):
            return self.text[:500]
        found = self.tree.xpath(
            "//*[@role='alert' or @role='status' or contains(concat(' ', @class, ' '), ' refusal ') or "
            "contains(concat(' ', @class, ' '), ' messages ') or contains(concat(' ', @class, ' '), ' errorlist ') or "
            "contains(concat(' ', @class, ' '), ' form-error ') or contains(concat(' ', @class, ' '), ' error ')]"
        )
        told = dict.fromkeys(" ".join(element.text_content().split()) for element in found)
        return "；".join(text for text in told if text) or (self.tree.xpath("string(//h1)") or "").strip()

    def links(self, part: str) -> list[str]:
        """Addresses on the page that hold `part`, in order, each once."""
        return list(dict.fromkeys(str(href) for href in self.tree.xpath("//a/@href") if part in href))


class Visitor:
    """One browser session of one person."""

    def __init__(self, base: str, *, language: str = "zh-hans") -> None:
        parts = urllib.parse.urlsplit(base)
        self.host, self.port, self.base = parts.hostname or "127.0.0.1", parts.port or 80, base.rstrip("/")
        self.cookies: dict[str, str] = {"django_language": language}
        self.username = ""
        self._link: http.client.HTTPConnection | None = None

    # ── plain requests ────────────────────────────────────────────────────────────────────────────────────────────

    def request(self, method: str, path: str, *, body: bytes | BinaryIO | None = None, headers: Mapping[str, str] | None = None,
                follow: bool = True, timeout: float = 120) -> Answer:  # fmt: skip
        """Send one request and follow redirects; a link the server closed in between is opened again once."""
        sent = {
            "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
            "Accept-Language": self.cookies["django_language"],
            **(headers or {}),
        }
        if method not in {"GET", "HEAD"}:
            sent.setdefault("X-CSRFToken", self.cookies.get("csrftoken", ""))
            sent.setdefault("Referer", self.base + "/")
        answer = self._send(method, path, body, sent, timeout)
        if follow and answer.status in {301, 302, 303} and "location" in answer.headers:
            return self.request("GET", urllib.parse.urljoin(path, answer.headers["location"]))
        return answer

    def _send(self, method: str, path: str, body: Any, headers: Mapping[str, str], timeout: float) -> Answer:
        for attempt in (1, 2):
            if self._link is None:
                self._link = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
            try:
                self._link.request(
                    method, urllib.parse.quote(path, safe="/?&=%+:#,;@!$'()*~"), body=body, headers=dict(headers)
                )
                response = self._link.getresponse()
                data = response.read()
                break
            except (
                http.client.RemoteDisconnected,
                ConnectionResetError,
                BrokenPipeError,
                http.client.CannotSendRequest,
            ):
                self.close()
                if attempt == 2 or hasattr(body, "read"):
                    raise
            except OSError:
                self.close()
                raise
        for value in response.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(value).items():
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
        return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, data, path)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def get(self, path: str, **query: str) -> Answer:
        return self.request("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def page(self, path: str, **query: str) -> Answer:
        """A page that must be there.

        Raises:
            Refused: any status but 200.
        """
        answer = self.get(path, **query)
        if answer.status != 200:
            raise Refused(f"GET {path}", answer.status, answer.said())
        return answer

    # ── forms ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, page: Answer, action: str, values: Mapping[str, Any] | None = None, *, button: str = "",
               files: Mapping[str, tuple[str, bytes]] | None = None, pick: Callable[[Any], bool] | None = None) -> Answer:  # fmt: skip
        """Fill in and send the form of `page` whose action holds `action`, with everything it already holds.

        Args:
            values: field -> value, or a list of values; a value of None leaves the field out.
            button: name=value of the pressed button, when the form has several.
            files: field -> (file name, bytes).
            pick: chooses among several forms with the same action.

        Raises:
            Refused: no such form on the page, or the server answered with an error status.
        """
        form = next(
            (
                f
                for f in page.tree.xpath("//form")
                if action in (f.get("action") or page.url) and (pick is None or pick(f))
            ),
            None,
        )
        if form is None:
            raise Refused(f"form {action!r} on {page.url}", 0, "no such form on the page")
        fields: list[tuple[str, str]] = []
        for name, value in form.form_values():
            if values is None or name not in values:
                fields.append((name, value))
        for name, value in (values or {}).items():
            if value is not None:
                fields += [(name, str(v)) for v in (value if isinstance(value, list | tuple) else [value])]
        if button:
            name, _, value = button.partition("=")
            fields.append((name, value))
        target = urllib.parse.urljoin(page.url, form.get("action") or page.url)
        if (form.get("method") or "get").lower() == "get":
            return self.page(target.split("?")[0] + "?" + urllib.parse.urlencode(fields))
        if files or "multipart" in (form.get("enctype") or ""):
            body, kind = _multipart(fields, files or {})
        else:
            body, kind = urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded"
        answer = self.request("POST", target, body=body, headers={"Content-Type": kind})
        if answer.status >= 400:
            raise Refused(f"POST {target}", answer.status, answer.said())
        return answer

    def login(self, username: str, password: str) -> "Visitor":
        """Sign in with the form on the login page.

        Raises:
            Refused: the name or the password is wrong, the account is locked, …
        """
        answer = self.submit(self.page("/login/"), "login", {"username": username, "password": password})
        if "sessionid" not in self.cookies:
            raise Refused("login", answer.status, answer.said())
        self.username = username
        return self

    # ── uploads ───────────────────────────────────────────────────────────────────────────────────────────────────

    def upload(
        self, stream: BinaryIO, size: int, *, endpoint: str = "/files/tus/", chunk: int = CHUNK_BYTES, **meta: str
    ) -> str:
        """Upload one file by tus 1.0 with a checksum on every piece; give the address of the upload."""
        address = self.create_upload(size, endpoint=endpoint, **meta)
        offset = 0
        while offset < size:
            piece = stream.read(min(chunk, size - offset))
            answer = self.patch(address, offset, piece)
            if answer.status != 204:
                raise Refused(f"PATCH {address}", answer.status, answer.text[:500])
            offset = int(answer.headers["upload-offset"])
        return address

    def create_upload(self, size: int, *, endpoint: str = "/files/tus/", **meta: str) -> str:
        encoded = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in meta.items())
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(size),
            "Upload-Metadata": encoded,
            "Content-Length": "0",
        }
        answer = self.request("POST", endpoint, headers=headers, follow=False)
        if answer.status != 201:
            raise Refused(f"POST {endpoint}", answer.status, answer.text[:500])
        return urllib.parse.urlsplit(answer.headers["location"]).path

    def patch(self, address: str, offset: int, piece: bytes) -> Answer:
        digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        headers = {
            "Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream",
            "Upload-Checksum": f"sha256 {digest}", "Content-Length": str(len(piece)),
        }  # fmt: skip
        return self.request("PATCH", address, body=piece, headers=headers, follow=False)

    def upload_offset(self, address: str) -> int | None:
        """How much the server has counted; None when the upload is gone."""
        answer = self.request("HEAD", address, headers={"Tus-Resumable": "1.0.0"}, follow=False)
        return int(answer.headers["upload-offset"]) if answer.status == 200 else None

    def upload_path(self, path: Path, **meta: str) -> str:
        with path.open("rb") as stream:
            return self.upload(stream, path.stat().st_size, **({"filename": path.name} | meta))


def _multipart(fields: list[tuple[str, str]], files: Mapping[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    mark = uuid4().hex
    out = bytearray()
    for name, value in fields:
        if name not in files:
            out += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, (filename, data) in files.items():
        out += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode()
        out += data + b"\r\n"
    out += f"--{mark}--\r\n".encode()
    return bytes(out), f"multipart/form-data; boundary={mark}"
