"""The supervisor behind `zhudang serve`: PostgreSQL, web and worker are started, watched, restarted, stopped.

It is itself kept by a guardian (`serve.py`), so that after `kill -9` of any of them the system comes back alone.
"""

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import structlog

from zhudang.cli.children import Child, end_leftovers
from zhudang.site import environment, logs, roles
from zhudang.site.cluster import Cluster, ClusterFailed

log = structlog.get_logger("zhudang.supervisor")
EXIT_CANNOT = 3  # the guardian does not try again: it would only fail the same way


@dataclass(frozen=True)
class Plan:
    """What to run: address of the web tier, how many of each, and whether the demo city is loaded."""

    host: str
    port: int
    web_processes: int
    worker_processes: int
    demo: bool


class Supervisor:
    """Keeps everything of one installation running until told to stop."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.data = environment.data_folder()
        self.run_folder = self.data / "run"
        self.run_folder.mkdir(parents=True, exist_ok=True)
        self.cluster: Cluster | None = None
        self.children: list[Child] = []
        self._stopping = False

    def run(self) -> int:
        """Start everything, watch, stop; give the exit code."""
        signal.signal(signal.SIGTERM, self._stop_soon)
        signal.signal(signal.SIGINT, self._stop_soon)
        end_leftovers(self.run_folder)
        try:
            self._start_database()
            if not self._prepare():
                return EXIT_CANNOT
            self._start_children()
            self._watch()
        except ClusterFailed as failure:
            log.error("database cannot start", said=str(failure))
            print(f"数据库无法启动 / the database cannot start:\n{failure}", file=sys.stderr)
            return EXIT_CANNOT
        finally:
            self._stop_everything()
        return 0

    def _stop_soon(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _start_database(self) -> None:
        if os.environ.get("DATABASE_URL"):
            return
        self.cluster = Cluster(self.data, environment.secret("database_postgres"), options=_server_options())
        self.cluster.start()
        passwords = {role: environment.secret(f"database_{role}") for role in roles.ROLES}
        roles.ensure_roles(self.cluster.superuser_dsn("postgres"), passwords)

    def _prepare(self) -> bool:
        """Migrate as the owner, grant, load rule data: in a process of its own, which gives its memory back."""
        import subprocess

        command = [sys.executable, "-m", "zhudang", "prepare", "--host", self.plan.host]
        return self._stopping or subprocess.run(command, check=False).returncode == 0

    def _start_children(self) -> None:
        if self._stopping:
            return
        python, plan = sys.executable, self.plan
        web = [
            python, "-m", "granian", "--interface", "wsgi", "--host", plan.host, "--port", str(plan.port),
            "--workers", str(plan.web_processes), "--blocking-threads", "32", "--backlog", "512", "--no-ws",
            "--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "error",
            "zhudang.site.wsgi:application",
        ]  # fmt: skip
        self.children = [Child("web", web, self.run_folder)]
        for number in range(plan.worker_processes):
            self.children.append(Child(f"worker-{number}", [python, "-m", "zhudang", "worker"], self.run_folder))
        for child in self.children:
            child.start()

    def _watch(self) -> None:
        while not self._stopping:
            if self.cluster is not None and not self.cluster.alive():
                log.warning("database died, starting it again")
                self.cluster.start()
            for child in self.children:
                child.keep()
            self._write_status()
            time.sleep(0.2)

    def _write_status(self) -> None:
        status = {
            "supervisor": os.getpid(),
            "guardian": os.getppid(),
            "postgres": self.cluster.process.pid if self.cluster and self.cluster.process else None,
            "children": {child.name: child.process.pid if child.process else None for child in self.children},
            "restarts": {child.name: child.restarts for child in self.children},
        }
        text = json.dumps(status)
        path = self.run_folder / "status.json"
        if not path.exists() or path.read_text() != text:
            draft = path.with_suffix(".new")
            draft.write_text(text)
            draft.replace(path)

    def _stop_everything(self) -> None:
        for child in reversed(self.children):
            child.stop()
        if self.cluster is not None:
            self.cluster.stop()
        (self.run_folder / "status.json").unlink(missing_ok=True)


def _server_options() -> list[str]:
    return [
        "shared_buffers=256MB",
        "max_connections=100",
        "max_wal_size=2GB",
        "checkpoint_timeout=15min",
        "random_page_cost=1.1",
        "work_mem=16MB",
        "jit=off",
        "logging_collector=off",
        "log_min_duration_statement=2000",
    ]


def supervise(plan: Plan) -> int:
    logs.configure({"debug": False})
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    return Supervisor(plan).run()


def main(arguments: list[str]) -> int:
    """Entry of the supervised process: one JSON object says what to run."""
    return supervise(Plan(**json.loads(arguments[0])))


def status(data: Path) -> dict[str, object] | None:
    """What the running supervisor last wrote about its children, or nothing when none runs."""
    path = data / "run" / "status.json"
    return json.loads(path.read_text()) if path.exists() else None
