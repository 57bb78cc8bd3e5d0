"""The databases of the tests. Never import `conftest` for them: it would run again, and name the session another data folder."""

from typing import Any

TEMPLATE = "zhudang_template"


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
