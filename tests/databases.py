"""The databases of the tests. Never import `conftest` for them: it would run again, and name the session another data folder."""

from typing import Any

TEMPLATE = "zhudang_template"
"""Migrated and empty."""
STARTED = "zhudang_started"
"""With the rule data that every installation loads at its start, so that no test makes it anew."""
SHARED = "zhudang_shared"
"""In which tests with `django_db` run."""


def create_database(cluster: Any, name: str, template: str) -> None:
    """Make a database as another is, which nobody may be connected to."""
    import psycopg

    with psycopg.connect(cluster.superuser_dsn("postgres"), autocommit=True) as superuser:
        superuser.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER zhudang_owner")


def use_database(cluster: Any, name: str) -> None:
    """Point both Django aliases at database `name`."""
    from django.db import connections

    for alias in connections:
        connection = connections[alias]
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
        connection.settings_dict.update(
            NAME=name,
            HOST=cluster.address["host"],
            PORT=cluster.address["port"],
            OPTIONS={"application_name": f"test-{alias}"},
        )
