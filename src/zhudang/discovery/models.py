"""Tables of finding: one row a record that is indexed, one row a page of text. All of it can be made again."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from zhudang.shared.ids import new_id


class Entry(models.Model):
    """What of a record is in the index: which revision of its description, which files, with what outcome."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    record = models.OneToOneField("filing.Record", on_delete=models.PROTECT, related_name="+")
    revision = models.IntegerField()
    files = models.JSONField(default=dict)
    """file id -> pages with text, or the reason why none could be read (`unreadable`, `no_text`)."""
    year = models.SmallIntegerField(null=True)
    indexed_at = models.DateTimeField()


class PageText(models.Model):
    """The folded text of one page (or part of a long one) of one file; page 0 is the description itself.

    `lexemes` are the pairs of the text, and for a description the marks of `folding.marks`.
    """

    id = models.BigAutoField(primary_key=True)
    # No index of its own: the planner would take it for the smaller one and sort the pages of every record.
    record = models.ForeignKey("filing.Record", on_delete=models.PROTECT, related_name="+", db_index=False)
    file_id = models.UUIDField(null=True)
    page = models.IntegerField()
    part = models.SmallIntegerField(default=0)
    text = models.TextField()
    lexemes = SearchVectorField()
    newest = models.DateField(null=True)
    """Of a description: the date its record is ordered by when it was indexed."""

    class Meta:
        indexes = [
            GinIndex(fields=["lexemes"], name="discovery_page_lexemes", fastupdate=False),
            models.Index(fields=["record", "page"], name="discovery_page_record"),
        ]
