"""Finish the documents whose log entry had to be chained first."""

from uuid import UUID

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from zhudang.audit.proofs import seal_tail, sign_head
from zhudang.documents import operations, queries


@app.task(name="documents.finish_document", retry=RetryStrategy(max_attempts=30, wait=2, linear_wait=2))
def finish_document(*, document_id: str) -> None:
    """Chain the log's tail and sign the tree's root over it, then print and seal the document with its proof."""
    now = timezone.now()
    seal_tail(now)
    sign_head(now)
    operations.finish(document_id=UUID(document_id), now=now)


@app.periodic(cron="*/5 * * * *")
@app.task(name="documents.finish_waiting")
def finish_waiting(timestamp: int = 0) -> None:
    """Every five minutes: finish what was issued and never sealed, because a worker died or the fonts were missing."""
    for document_id in queries.waiting_to_be_sealed():
        finish_document(document_id=str(document_id))
