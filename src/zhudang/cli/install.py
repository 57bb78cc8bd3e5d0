"""Bring an installation to the state this version needs (`prepare`), and make an empty archive (`init`)."""

import contextlib
import ipaddress
import os
import socket
import subprocess
import sys
from datetime import datetime

import structlog

log = structlog.get_logger("zhudang.install")


def prepare(host: str = "127.0.0.1") -> int:
    """Migrate as the owner, grant the three roles their rights, load rule data. Safe to run at every start.

    Args:
        host: where the web tier is to serve; with demo accounts only a loopback address is allowed.
    """
    from zhudang.shared.standing import leave_what_stands

    leave_what_stands()
    migrate()
    load_rule_data()
    return _why_not_serve(host)


def migrate() -> None:
    """Bring the tables to what this version needs, as the owner; give the other roles their rights on them."""
    from django.core.management import call_command
    from django.db import connections

    from zhudang.site import roles

    call_command("migrate", database="owner", verbosity=0)
    owner = connections["owner"]
    owner.ensure_connection()
    names = {alias: connections[alias].settings_dict["USER"] for alias in ("default", "reader")}
    if names["default"] != owner.settings_dict["USER"]:
        roles.grant(owner.connection, app=names["default"], reader=names["reader"])
        owner.connection.commit()
    owner.close()


def _why_not_serve(host: str) -> int:
    """Demo accounts have a printed password: they are served to this machine only."""
    from zhudang.identity import queries

    if ipaddress.ip_address(socket.gethostbyname(host)).is_loopback or not queries.demo_accounts():
        return 0
    print(
        f"本馆有演示账号（口令公开），不能在 {host} 上对外服务。请另建数据目录后 zhudang init。\n"
        f"There are demo accounts with a public password: not served on {host}. Make a new data folder with zhudang init.",
        file=sys.stderr,
    )
    return 1


def load_rule_data() -> None:
    """Scope lists, calendar, preservation sites: versioned data that a city may replace."""
    from django.utils import timezone

    from zhudang.filing import operations as filing
    from zhudang.preservation import sites
    from zhudang.registry import operations as registry

    now = timezone.now()
    filing.load_scope_lists()
    for year in range(now.year - 4, now.year + 2):
        with contextlib.suppress(registry.YearNotPublished):
            registry.import_calendar(year, now=now)
    sites.places(now)


def init(archive_name: str) -> int:
    """Make an empty archive: start the database, prepare it, make the three administrators.

    Their one-time passwords are printed once and kept nowhere. Refuses when accounts exist already.
    """
    from zhudang.site import environment, roles
    from zhudang.site.cluster import Cluster

    cluster = None
    if not os.environ.get("DATABASE_URL"):
        cluster = Cluster(environment.data_folder(), environment.secret("database_postgres"))
        cluster.start()
        passwords = {role: environment.secret(f"database_{role}") for role in roles.ROLES}
        roles.ensure_roles(cluster.superuser_dsn("postgres"), passwords)
    try:
        code = subprocess.run([sys.executable, "-m", "zhudang", "prepare"], check=False).returncode
        return code or _make_administrators(archive_name)
    finally:
        if cluster is not None:
            cluster.stop()


def _make_administrators(archive_name: str) -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    django.setup()
    from django.conf import settings
    from django.utils import timezone

    from zhudang.identity import operations as identity
    from zhudang.shared.refusals import Refusal

    now: datetime = timezone.now()
    try:
        made = identity.make_first_administrators(archive_name=archive_name or "城建档案馆", now=now)
    except Refusal:
        print("本馆已有账号，不再建立。/ There are accounts already; nothing was changed.", file=sys.stderr)
        return 1
    if archive_name:
        (settings.DATA / "archive-name").write_text(archive_name, encoding="utf-8")
    print("空馆已建立。三员账号与一次性口令（只显示这一次，首次登录须更改）：")
    print("Empty archive made. The three administrators and their one-time passwords (shown only now):")
    for one in made:
        print(f"  {one.username:<12} {one.role:<16} {one.password}")
    print("下一步 / next: zhudang serve")
    return 0
