"""Two who press the same button at once take their turn: the second then finds what the first wrote."""

from django.db import connection


def take_turn(what: str) -> None:
    """Wait until nobody else is about the same thing, and hold it until the transaction ends.

    Args:
        what: the thing in words of its own, such as a kind of work and its subject.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])
