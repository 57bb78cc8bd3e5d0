"""Values on their way to and from PostgreSQL where they come by the thousand: lists of ids, moments.

Django asks for each id of a list by a parameter of its own and reads each moment through a regular expression: some
4 µs an id and 6 µs a moment, which is much of the time of whatever handles many records.
"""

from __future__ import annotations

from collections.abc import Sized
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from django.db.models import ForeignKey, UUIDField
from django.db.models.fields.related_lookups import RelatedIn
from django.db.models.lookups import In

_ARRAY = "(%s::uuid[])"
FEW = 8
"""Fewer ids go Django's way: one alone is an equality to the planner, which walks an index in order for it, and an array
of one is not."""


class _AnyOf(In):
    """`id__in=[…]` as one array: `id = ANY ('{…}'::uuid[])`, the same rows as `IN (…)` by the same plan.

    What is not a plain list of UUIDs (a query, expressions, text, None among them), and a short list, go Django's own way.
    """

    def get_prep_lookup(self) -> Any:
        if isinstance(self.rhs, Sized) and self._only_ids(self.rhs):
            return list(self.rhs)  # type: ignore[call-overload]
        return super().get_prep_lookup()

    def process_rhs(self, compiler: Any, connection: Any) -> Any:
        if isinstance(self.rhs, list) and len(self.rhs) >= FEW and self._only_ids(self.rhs):
            return _ARRAY, ["{" + ",".join(map(str, dict.fromkeys(self.rhs))) + "}"]
        return super().process_rhs(compiler, connection)

    def get_rhs_op(self, connection: Any, rhs: Any) -> str:
        return f"= ANY {rhs}" if rhs == _ARRAY else super().get_rhs_op(connection, rhs)

    def _only_ids(self, values: Any) -> bool:
        field = self.lhs.output_field
        if not isinstance(getattr(field, "target_field", field), UUIDField) or hasattr(values, "resolve_expression"):
            return False
        return all(type(value) is UUID for value in values)


class _RelatedAnyOf(_AnyOf, RelatedIn):
    """The same for a foreign key to a row whose key is a UUID."""


class _Moments(BaseTzLoader):  # type: ignore[misc]  # Django has no types
    """`timestamptz` as PostgreSQL writes it in ISO style, which Python reads itself; anything else Django's own way."""

    timezone = UTC

    def load(self, data: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(bytes(data).decode())
        except ValueError:
            return super().load(data)  # type: ignore[no-any-return]
        return moment if moment.tzinfo is UTC else super().load(data)


def _read_moments_faster(*, connection: Any, **_: Any) -> None:
    if connection.vendor == "postgresql" and connection.timezone is UTC:
        connection.connection.adapters.register_loader("timestamptz", _Moments)


def install() -> None:
    """Use these ways in every model and connection of this process."""
    from django.db.backends.signals import connection_created

    UUIDField.register_lookup(_AnyOf)
    ForeignKey.register_lookup(_RelatedAnyOf)
    connection_created.connect(_read_moments_faster, dispatch_uid="zhudang.moments")
