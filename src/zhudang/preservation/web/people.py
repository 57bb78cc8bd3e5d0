"""Names for the user names in the rows of pages: who asked, who chose, who signed."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from zhudang.identity import queries as identity


def names(usernames: Iterable[str]) -> dict[str, str]:
    """The names of these people by user name; what no person did is the system's."""
    return {"system": _("系统")} | identity.names_of(list(usernames))
