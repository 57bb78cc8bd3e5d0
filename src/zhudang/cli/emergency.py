"""`zhudang emergency-serve`: the archive from one copy alone, on a laptop, for looking. Decision 0025."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from zhudang.cli.children import Child
from zhudang.cli.serve import _why_not_bind, is_ready
from zhudang.preservation.keys import of_copy
from zhudang.preservation.ocfl.sealing import Identity
from zhudang.shared.refusals import Refusal
from zhudang.site import environment, logs, roles
from zhudang.site.cluster import Cluster, ClusterFailed

EXIT_NO_COPY, EXIT_PORT_TAKEN, EXIT_CANNOT, EXIT_NO_KEYS = 2, 4, 3, 5
_PRIVATE = ("content", "derivatives", "copy", "work", "log")
_FOR_AN_HOUR = (
    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0",
    "shared_buffers=256MB", "max_wal_size=4GB", "checkpoint_timeout=60min", "maintenance_work_mem=256MB", "jit=off",
    "random_page_cost=1.1", "work_mem=16MB", "max_connections=60", "logging_collector=off",
)  # fmt: skip
"""The database lives as long as the service and can be made again from the copy: nothing in it has to survive a crash."""


@dataclass(frozen=True)
class Plan:
    """What to serve and to whom.

    Attributes:
        copy: a site's folder, or a storage root.
        level: highest secrecy level (0 to 4) shown; ZHUDANG_NETWORK_CEILING cuts it.
        log: where looks are written down; empty: a fresh file in the data folder's `log/`.
        keys: the working key that opens what is sealed, or the folder it lies in; empty: the installation's own, if any.
        shares: ask for the custodians' shares on the console instead.
    """

    copy: Path
    host: str
    port: int
    level: int
    log: Path | None
    keys: Path | None = None
    shares: bool = False


def run(plan: Plan) -> int:
    """Serve the copy until stopped; give the exit code. What was made for it is removed at the end, the log stays."""
    copy = plan.copy.absolute()
    if told := _why_no_copy(copy):
        print(told, file=sys.stderr)
        return EXIT_NO_COPY
    if told := _why_not_bind(plan.host, plan.port):
        print(told, file=sys.stderr)
        return EXIT_PORT_TAKEN
    opened = _opened_keys(plan, copy)
    if opened is None:
        return EXIT_NO_KEYS
    log = (plan.log or _fresh_log()).absolute()
    try:
        log.touch(mode=0o600)
    except OSError as problem:
        print(
            f"查看记录写不进 {log}（{problem.strerror}），没有启动：请用 --log 另指一处\n"
            f"Looks cannot be written down in {log}: nothing was started; name another file with --log",
            file=sys.stderr,
        )
        return EXIT_CANNOT
    folder = _working_folder()
    of_copy.leave(folder, opened)
    service = _Service(plan, copy, folder, log)
    try:
        return service.run()
    except ClusterFailed as failure:
        print(f"数据库无法启动 / the database cannot start:\n{failure}", file=sys.stderr)
        return EXIT_CANNOT
    finally:
        service.close()


def _why_no_copy(copy: Path) -> str:
    """Why a folder cannot be served: no storage root, or one that this account may not read, or that the medium does not give."""
    from zhudang.preservation.ocfl.layout import ROOT_DECLARATION

    for store in (copy, copy / "store"):
        try:
            (store / ROOT_DECLARATION).read_bytes()
            next(store.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as problem:
            return (
                f"{problem.filename or store} 读不了（{problem.strerror}）。请以这份副本的所有者运行，或请他给读的权限；介质读不出的，换一份副本。\n"
                f"{problem.filename or store} cannot be read ({problem.strerror}): run this as the copy's owner, or have the "
                "right to read it given to you; where the medium fails, take another copy."
            )
        return ""
    return (
        f"{copy} 里没有保存库（找不到 {ROOT_DECLARATION}）。请指到存储地的文件夹，或其中的 store。\n"
        f"No storage root at {copy}: name a site's folder, or the store in it."
    )


def _opened_keys(plan: Plan, copy: Path) -> list[Identity] | None:
    """Open the class keys of the copy; empty where it has none, or where there is no key and none was asked for.

    None when keys were given and do not open all: that is told, and nothing is served by half.
    """
    from zhudang.preservation.ocfl.layout import ROOT_DECLARATION

    store = copy if (copy / ROOT_DECLARATION).is_file() else copy / "store"
    if not of_copy.bears_keys(store):
        return []
    try:
        opener = _opener(plan)
    except (OSError, ValueError, Refusal) as problem:
        told = "；".join(_sentences(problem)) if isinstance(problem, Refusal) else problem
        print(f"密钥用不了 / the key cannot be used: {told}", file=sys.stderr)
        return None
    found, closed = of_copy.open_class_keys(store, opener)
    if not found and not plan.keys and not plan.shares:
        print(
            "这份副本里有加密的档案，这里没有密钥：只看得到明文部分。用 --keys 或 --shares 可打开。\n"
            "Some holdings of this copy are encrypted and no key is here: only what is plain is shown. Use --keys or --shares.",
            file=sys.stderr,
        )
        return []
    if closed or not found:
        names = ", ".join(closed) or "keys.json"
        print(f"这把密钥打不开副本里的 {names} / this key does not open {names} of the copy", file=sys.stderr)
        return None
    return found


def _sentences(refusal: Refusal) -> list[str]:
    """Every reason in words; only here Django is loaded, whose settings ask no database."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    django.setup()
    from zhudang.preservation import words
    from zhudang.shared.both_languages import in_both

    return [in_both(partial(words.sentence, reason), " / ") for reason in refusal.reasons]


def _opener(plan: Plan) -> list[Identity]:
    if plan.shares:
        print(
            "逐份输入保管人的份额，一行一份，空行结束 / type the shares, one a line, an empty line ends:",
            file=sys.stderr,
        )
        return of_copy.opener_by_shares(list(iter(lambda: sys.stdin.readline().strip(), "")))
    if plan.keys:
        return of_copy.opener_from(plan.keys)
    with suppress(OSError, ValueError):
        return of_copy.opener_from(environment.data_folder() / "keys")
    return []


def _fresh_log() -> Path:
    folder = environment.data_folder() / "log"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"emergency-{datetime.now(UTC):%Y%m%d-%H%M%S}.jsonl"


def _working_folder() -> Path:
    """A folder of its own: the database's account must reach it, nobody else what comes from the copy."""
    folder = Path(tempfile.mkdtemp(prefix="zhudang-emergency-"))
    folder.chmod(0o755 if os.geteuid() == 0 else 0o700)
    for name in _PRIVATE:
        (folder / name).mkdir(mode=0o700)
    return folder


class _Service:
    def __init__(self, plan: Plan, copy: Path, folder: Path, log: Path) -> None:
        self.plan, self.folder, self.log = plan, folder, log
        self.stopping = False
        self.url = f"http://{plan.host}:{plan.port}"
        self.env = {
            **os.environ,
            "ZHUDANG_DATA": str(folder),
            "ZHUDANG_EMERGENCY": json.dumps({"copy": str(copy), "log": str(log)}),
            "ZHUDANG_PUBLIC_URL": self.url,
            "ZHUDANG_HOSTS": ",".join({"127.0.0.1", "localhost", "[::1]", plan.host}),
            "ZHUDANG_DEMO": "0",
            "DJANGO_SETTINGS_MODULE": "zhudang.site.settings",
        }
        # The archive's own database, where the environment names one, is not touched.
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_READER_URL", "ZHUDANG_SITES"):
            self.env.pop(name, None)
        self.cluster: Cluster | None = None
        self.children: list[Child] = []

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        os.environ.clear()
        os.environ.update(self.env)
        logs.configure({"debug": False})
        print(f"正在准备 / preparing {self.url} …", flush=True)
        self._start_database()
        if self.stopping:
            return 0
        web, loader = self.children = self._children()
        loader.start()  # it looks over the copy while the tables are made
        told = subprocess.run(
            [sys.executable, "-m", "zhudang", "emergency-prepare", "--level", str(self.plan.level)],
            stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if told.returncode:
            return EXIT_CANNOT
        web.start()
        self._watch(self._say_where(told.stdout.strip().splitlines()[-1]))
        return 0

    def _stop(self, _number: int, _frame: object) -> None:
        self.stopping = True

    def _start_database(self) -> None:
        self.cluster = Cluster(self.folder, environment.secret("database_postgres"), options=_FOR_AN_HOUR)
        self.cluster.start()
        passwords = {role: environment.secret(f"database_{role}") for role in roles.ROLES}
        roles.ensure_roles(self.cluster.superuser_dsn("postgres"), passwords)

    def _children(self) -> list[Child]:
        run_folder = self.folder / "run"
        web = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", self.plan.host, "--port", str(self.plan.port),
            "--workers", "1", "--blocking-threads", "16", "--no-ws", "--respawn-failed-workers",
            "--workers-kill-timeout", "10", "--log-level", "error", "zhudang.site.wsgi:application",
        ]  # fmt: skip
        loader = [sys.executable, "-m", "zhudang", "emergency-load"]
        return [Child("web", web, run_folder), Child("loader", loader, run_folder)]

    def _say_where(self, credentials: str) -> Callable[[], None]:
        username, password = json.loads(credentials)

        def say() -> None:
            print(
                f"应急只读服务 / emergency read-only service: {self.url}\n"
                f"  账号 login     {username}\n"
                f"  口令 password  {password}   （只显示这一次，随服务结束而失效 / shown once, ends with the service）\n"
                f"  查看记录 looks are written down in {self.log}\n"
                "目录正在装入，页首写着进度。按 Ctrl-C 结束，副本不受任何改动。\n"
                "The catalogue is being read; every page says how far it came. Ctrl-C ends it; the copy stays as it is.",
                flush=True,
            )

        return say

    def _watch(self, say: Callable[[], None]) -> None:
        web, loader = self.children
        said = False
        while not self.stopping:
            if self.cluster is not None and not self.cluster.alive():
                raise ClusterFailed(self.cluster.last_words())
            web.keep()
            # The loader ends when all is read; killed, it begins again and finds what is there.
            if not loader.alive and loader.process is not None and loader.process.returncode != 0:
                loader.keep()
            if not said and is_ready(self.url):
                said = True
                say()
            time.sleep(0.2)

    def close(self) -> None:
        """End every process of ours and remove what was made."""
        for child in reversed(self.children):
            child.stop()
        if self.cluster is not None:
            self.cluster.stop()
            for folder in (self.cluster.home.data, self.cluster.home.run):
                shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
