"""The log's tables. Entries, seals and heads are only ever added; triggers and grants hold that (see grants.py)."""

from typing import ClassVar

from django.db import models

from zhudang.shared.ids import new_id


class Entry(models.Model):
    """One act, written in the act's own transaction. `subject` is a plain identifier, never a foreign key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField()
    actor = models.CharField(max_length=64)
    account_id = models.UUIDField(null=True)
    act = models.CharField(max_length=80)
    subject = models.CharField(max_length=120)
    data = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["at", "id"]),
            models.Index(fields=["subject", "at"]),
            models.Index(fields=["actor", "at"]),
            models.Index(fields=["act", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.subject}"


class Unsealed(models.Model):
    """The tail: entries committed and not yet chained. A row goes when its entry is sealed, and only then."""

    entry_id = models.UUIDField(primary_key=True)

    def __str__(self) -> str:
        return str(self.entry_id)


class Seal(models.Model):
    """An entry's place in the chain. `number` counts from 1 without gaps; people quote it."""

    number = models.BigIntegerField(primary_key=True)
    entry_id = models.UUIDField(unique=True)
    leaf = models.CharField(max_length=64)
    chain = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return str(self.number)


class Head(models.Model):
    """The chain's head after one pass of the sealer; what the witnesses outside the database are given."""

    last = models.BigIntegerField(primary_key=True)
    first = models.BigIntegerField()
    chain = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["last"]

    def __str__(self) -> str:
        return f"{self.first}–{self.last}"
