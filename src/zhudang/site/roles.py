"""Three database roles: the owner migrates, the application works, the reader reads.

The application may only INSERT and SELECT on the log (domain: 三员分立, GB/T 22239 8.1.4.3: an audit trail
nobody can edit), whatever a program running as it tries.
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from zhudang.audit import grants as audit
from zhudang.preservation import grants as preservation

ROLES = ("owner", "app", "reader")


def ensure_roles(superuser_dsn: str, passwords: Mapping[str, str], *, database: str = "zhudang") -> None:
    """Make the three roles and the database if they are missing; passwords: role -> password."""
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        for role in ROLES:
            name = f"zhudang_{role}"
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
            verb = "ALTER" if exists else "CREATE"
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                    sql.SQL(verb), sql.Identifier(name), sql.Literal(passwords[role])
                )
            )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER zhudang_owner").format(sql.Identifier(database)))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
            connection.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO zhudang_app, zhudang_reader").format(
                    sql.Identifier(database)
                )
            )


def grant(
    owner: "psycopg.Connection[tuple[object, ...]]", *, app: str = "zhudang_app", reader: str = "zhudang_reader"
) -> None:
    """Give the application and the reader what they need on the tables that exist now (run after migrating)."""
    app_id, reader_id = sql.Identifier(app), sql.Identifier(reader)
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {app}, {reader}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app}",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {app}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}",
    ):
        owner.execute(sql.SQL(statement).format(app=app_id, reader=reader_id))
    for table in (*audit.APPEND_ONLY, *preservation.APPEND_ONLY):
        if owner.execute("SELECT to_regclass(%s)", [table]).fetchone() != (None,):
            owner.execute(
                sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(table), app_id)
            )
    for table in preservation.NEVER_DELETED:
        if owner.execute("SELECT to_regclass(%s)", [table]).fetchone() != (None,):
            owner.execute(sql.SQL("REVOKE DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(table), app_id))
