"""The log's tables. Entries, seals, heads, tiles, tree heads and search blocks are only ever added; triggers and grants hold that (see grants.py)."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
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


class TreeTile(models.Model):
    """The root over a whole part of the log's Merkle tree, kept for the heights 8, 16, 24, …: one row per 256 below.

    With them a proof out of a hundred million entries reads some thousand rows; the parts between are computed.
    """

    height = models.SmallIntegerField()
    index = models.BigIntegerField()
    """Counted from 0 among the parts of this height: it is over leaves `index * 2^height` and as many."""
    digest = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["height", "index"], name="audit_one_tile_a_part")]

    def __str__(self) -> str:
        return f"{self.height}/{self.index}"


class TreeHead(models.Model):
    """The root over all entries up to a number, signed; given to the witnesses outside the database."""

    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    at = models.DateTimeField()
    key = models.CharField(max_length=64)
    """The public key it is signed with (Ed25519, 32 bytes as hex)."""
    signature = models.CharField(max_length=128)

    class Meta:
        ordering: ClassVar = ["size"]

    def __str__(self) -> str:
        return str(self.size)


class SearchBlock(models.Model):
    """Which words stand in a whole stretch of the log, and between which moments it was written; the rows can all be made again.

    Nothing is proved by it: whatever it points to is compared with the entries themselves.
    """

    index = models.BigIntegerField(primary_key=True)
    """Counted from 0: it is over the numbers after `index * search_blocks.WIDTH`, and as many."""
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    grams = ArrayField(models.IntegerField())

    class Meta:
        ordering: ClassVar = ["index"]
        indexes: ClassVar = [GinIndex(fields=["grams"], name="audit_search_grams", fastupdate=False)]

    def __str__(self) -> str:
        return str(self.index)
