"""A granian server of its own over a database with real commits, and a client that speaks raw HTTP to it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from content_support import Site
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.utils import timezone

from zhudang.content.domain import tus
from zhudang.identity.rights import Actor

HERE = Path(__file__).parent
TOKEN = "a" * 32


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_of(site: Site) -> dict[str, str]:
    """What a process of its own needs to work on the test's database and data folder."""
    place, database = site.place, connections["default"].settings_dict
    return {
        **os.environ,
        "PYTHONPATH": f"{HERE}:{HERE.parents[1] / 'src'}:{os.environ.get('PYTHONPATH', '')}",
        "LIVE_PLACE": f"{place.project_id},{place.client_id},{next(iter(place.party_ids))}",
        "DATABASE_URL": f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}"
        f"?host={database['HOST']}&port={database['PORT']}",
        "ZHUDANG_DATA": str(settings.DATA),
    }


class LiveServer:
    """Granian as `zhudang serve` runs it, on a free port."""

    def __init__(self, site: Site, **environment: str) -> None:
        self.port = free_port()
        self.site = site
        self.app = "live_site:application"
        self.environment = {**environment_of(site), **environment}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        command += [
            "--workers",
            "1",
            "--blocking-threads",
            "8",
            "--no-ws",
            "--log-level",
            "warning",
            self.app,
        ]
        self.process = subprocess.Popen(command, env=self.environment, start_new_session=True)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with suppress(OSError, http.client.HTTPException):
                self.ask("OPTIONS", "/files/tus/", {})
                return
            time.sleep(0.05)
        raise RuntimeError("granian did not start")

    def kill(self) -> None:
        """End it as a power cut would: no farewell."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
            # Its worker processes may outlive it by a moment and still hold the port.
            with suppress(OSError):
                while True:
                    socket.create_connection(("127.0.0.1", self.port), 1).close()
                    time.sleep(0.02)

    def memory_bytes(self) -> int:
        """Resident size of the server and its workers."""
        import psutil

        assert self.process
        root = psutil.Process(self.process.pid)
        return sum(each.memory_info().rss for each in [root, *root.children(recursive=True)])

    def sign_in(self, actor: Actor) -> dict[str, str]:
        """The headers of a signed-in person, as a browser sends them."""
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model

        account = get_user_model().objects.get(id=actor.account_id)
        session = SessionStore()
        session[SESSION_KEY] = str(account.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = account.get_session_auth_hash()
        session.set_expiry(timezone.now() + timedelta(hours=1))
        session.save()
        cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; csrftoken={TOKEN}"
        return {"Cookie": cookie, "X-CSRFToken": TOKEN, "Tus-Resumable": "1.0.0"}

    def ask(self, method: str, url: str, headers: dict[str, str], body: Any = None) -> http.client.HTTPResponse:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.request(method, url, body=body, headers=headers)
        answer = line.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        line.close()
        return answer

    def create(self, headers: dict[str, str], length: int, name: str = "大文件.bin", body: bytes = b"") -> str:
        told = {"filename": name, "project": str(self.site.place.project_id)}
        more = {
            "Upload-Length": str(length),
            "Upload-Metadata": tus.write_metadata(told),
            "Content-Type": tus.CONTENT_TYPE,
        }
        answer = self.ask("POST", "/files/tus/", {**headers, **more}, body)
        assert answer.status == 201, answer.body  # type: ignore[attr-defined]
        return str(answer.getheader("Location"))

    def patch(self, headers: dict[str, str], url: str, offset: int, body: Any, length: int | None = None) -> Any:
        more = {"Upload-Offset": str(offset), "Content-Type": tus.CONTENT_TYPE}
        if length is not None:
            more["Content-Length"] = str(length)
        return self.ask("PATCH", url, {**headers, **more}, body)

    def offset(self, headers: dict[str, str], url: str) -> int:
        return int(self.ask("HEAD", url, headers).getheader("Upload-Offset") or -1)

    @contextmanager
    def hanging(self, headers: dict[str, str], url: str, announced: int, body: bytes) -> Iterator[None]:
        """Announce many bytes, send some, and keep silent."""
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            told = {**headers, "Host": "127.0.0.1", "Upload-Offset": "0", "Content-Type": tus.CONTENT_TYPE}
            told["Content-Length"] = str(announced)
            head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
            line.sendall(f"PATCH {url} HTTP/1.1\r\n{head}\r\n".encode() + body)
            time.sleep(0.3)
            yield

    def send_and_break_off(self, headers: dict[str, str], url: str, announced: int, body: bytes) -> None:
        """Announce many bytes, send some, and tear the connection."""
        with self.hanging(headers, url, announced, body):
            pass
