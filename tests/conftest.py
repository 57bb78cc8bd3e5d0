"""One throw-away PostgreSQL a session: migrated as the owner, used as the application role.

Tests with `django_db` are rolled back. The fixture `committed_db` gives a fresh clone with real commits.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import django
import pytest
from hypothesis import settings

_DATA = Path(tempfile.mkdtemp(prefix="zhudang-test-"))
_DATA.chmod(0o755)
os.environ["ZHUDANG_DATA"] = str(_DATA)
os.environ["ZHUDANG_DEMO"] = "0"
os.environ["ZHUDANG_POOL"] = "4"
os.environ.pop("DATABASE_URL", None)
# Named here and not in pyproject: pytest-django would load the settings before this folder is set.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
django.setup()
# A busy machine is no fault of a rule: time limits of single examples only make tests flicker.
settings.register_profile("zhudang", deadline=None)
settings.load_profile("zhudang")

from django.conf import settings as _settings  # noqa: E402

from databases import SHARED, STARTED, TEMPLATE, create_database, use_database  # noqa: E402
from prepared import Prepared  # noqa: E402

# It reads the whole built front end for every test client, and meets a build in mid-air.
_settings.MIDDLEWARE = [name for name in _settings.MIDDLEWARE if not name.startswith("whitenoise.")]

_FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=60"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Processes beside this one must not load the settings before they have named a folder of their own."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Where nothing may be skipped (.ci/run), a skipped test fails the run."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and os.environ.get("ZHUDANG_TEST_NO_SKIP") == "1":
        terminalreporter.write_line(f"skipped, though nothing may be skipped here: {len(skipped)}", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("ZHUDANG_TEST_NO_SKIP") == "1" and reporter and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = 1


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_DATA, ignore_errors=True)


@pytest.fixture(autouse=True)
def _language_of_the_site() -> Iterator[None]:
    """A page asked for in English leaves its language behind in the thread: the next test starts without it."""
    from django.utils import translation

    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """The session's own PostgreSQL server."""
    from zhudang.site.cluster import Cluster

    server = Cluster(_DATA, "superuser-of-the-tests", options=_FAST)
    server.start()
    yield server
    server.stop()
    for folder in (server.home.run, server.home.data):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(cluster: Any, django_db_blocker: Any, django_test_environment: None) -> Iterator[None]:
    """Migrate a template database as the owner, grant the application its rights, use it."""
    import psycopg
    from django.core.management import call_command

    from zhudang.site import environment, roles

    passwords = {role: environment.secret(f"database_{role}") for role in roles.ROLES}
    roles.ensure_roles(cluster.superuser_dsn("postgres"), passwords, database=TEMPLATE)
    with django_db_blocker.unblock():
        use_database(cluster, TEMPLATE)
        call_command("migrate", database="owner", verbosity=0)
        from django.db import connections

        connections["owner"].close()
        dsn = f"host={cluster.address['host']} port=5432 user=zhudang_owner password={passwords['owner']} dbname={TEMPLATE}"
        with psycopg.connect(dsn) as owner:
            roles.grant(owner)
        create_database(cluster, STARTED, TEMPLATE)
        use_database(cluster, STARTED)
        _load_rule_data()
        connections["default"].close()
        with psycopg.connect(cluster.superuser_dsn(STARTED)) as superuser:
            # Tests begin with an empty log, as they always did: nobody seals in them, and what waits too long is a fault.
            superuser.execute("SET session_replication_role = replica")
            superuser.execute("TRUNCATE audit_entry, audit_unsealed")
        create_database(cluster, SHARED, STARTED)
        use_database(cluster, SHARED)
    yield
    with django_db_blocker.unblock():
        for connection in connections.all():
            connection.close()


def _load_rule_data() -> None:
    from filing.filing_support import NOW
    from zhudang.filing import operations as filing

    filing.load_scope_lists(now=NOW)


@pytest.fixture(scope="session")
def prepared(cluster: Any, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Starting points that are made once and begun from often."""
    return Prepared(cluster, tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def committed_db(cluster: Any, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A fresh database cloned from the template, with real commits; yields its name."""
    import psycopg
    from django.db import connections

    name = f"zhudang_{uuid4().hex[:12]}"
    create_database(cluster, name, TEMPLATE)
    with django_db_blocker.unblock():
        use_database(cluster, name)
        try:
            yield name
        finally:
            for connection in connections.all():
                connection.close()
            use_database(cluster, SHARED)
            with psycopg.connect(cluster.superuser_dsn("postgres"), autocommit=True) as superuser:
                superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def superuser_connection(cluster: Any) -> Iterator[Callable[[str], Any]]:
    """Open a superuser's connection to a database by name: for tests in which somebody tampers."""
    import psycopg

    opened: list[Any] = []

    def connect(database: str) -> Any:
        opened.append(psycopg.connect(cluster.superuser_dsn(database), autocommit=True))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def run_jobs() -> Callable[[], int]:
    """Run every deferred job now, in this process and connection, until none is left; give how many ran."""

    def run() -> int:
        from django.db import connection
        from procrastinate.contrib.django import app

        ran = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE procrastinate_jobs SET status = 'doing' WHERE id = (SELECT id FROM procrastinate_jobs"
                    " WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()) ORDER BY priority DESC, id LIMIT 1)"
                    " RETURNING id, task_name, args"
                )
                row = cursor.fetchone()
            if row is None:
                return ran
            job_id, task_name, args = row
            app.tasks[task_name].func(**(json.loads(args) if isinstance(args, str) else args))
            with connection.cursor() as cursor:
                cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [job_id])
            ran += 1

    return run
